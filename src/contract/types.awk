# types.awk - reads the TYPEs of events.table, and writes each in one of three languages: "schema"
# is JSON Schema, "ts" is TypeScript, "doc" is a list of members for people. The script that comes
# after this one keeps the rows type_raw[NAME] (JSON Schema as text) and type_record[NAME] (a TYPE),
# and has die(why).

# The words and marks of a type, one at a time.
function next_token() {
	sub(/^[ \t]+/, "", left)
	if (match(left, /^[A-Za-z][A-Za-z0-9]*/) || match(left, /^[.][.][.]/))
		token = substr(left, 1, RLENGTH)
	else
		token = substr(left, 1, 1)
	left = substr(left, length(token) + 1)
}

function expect(mark) {
	if (token != mark)
		die("\"" mark "\" is expected where \"" token "\" stands")
	next_token()
}

# The members of a record whose brace was read, as list, required and is_open of the language.
function record(language, name, mark, list, required, is_open, is_first, value) {
	is_first = 1
	while (token != "}") {
		if (!is_first)
			expect(",")
		is_first = 0
		if (token == "...") {
			is_open = 1
			next_token()
			break
		}
		name = token
		next_token()
		mark = token == "?" ? "?" : ""
		if (mark)
			next_token()
		expect(":")
		value = one_type(language)
		if (language == "schema") {
			list = list (list ? "," : "") "\"" name "\":" value
			if (!mark)
				required = required (required ? "," : "") "\"" name "\""
		} else if (language == "ts")
			list = list (list ? "; " : "") name mark ": " value
		else
			list = list (list ? ", " : "") name mark
	}
	expect("}")
	if (language == "schema")
		return "{\"type\":\"object\"" (required ? ",\"required\":[" required "]" : "") \
			",\"properties\":{" list "}" (is_open ? ",\"additionalProperties\":true" : "") "}"
	if (is_open)
		list = list (language == "ts" ? "; [more: string]: unknown" : ", ...")
	return language == "ts" ? "{ " list (list ? " " : "") "}" : "{" list "}"
}

# The TypeScript of a type that is written as JSON Schema; an enumeration has its own name there.
function ts_of_raw(name, text) {
	text = type_raw[name]
	if (text ~ /"enum"/)
		return name
	if (text ~ /"const"/)
		return text ~ /true/ ? "true" : "false"
	if (text ~ /"type": *\["string", *"integer"\]/)
		return "string | number"
	return text ~ /"type": *"integer"/ ? "number" : "string"
}

function named_type(language, name) {
	if (!(name in type_raw) && !(name in type_record))
		die("the type " name " is not described")
	if (language == "schema")
		return "{\"$ref\":\"#/components/schemas/" name "\"}"
	if (language == "ts")
		return name in type_raw ? ts_of_raw(name) : name
	return tolower(substr(name, 1, 1)) substr(name, 2)
}

function one_type(language, word, inner) {
	word = token
	next_token()
	if (word == "[") {
		inner = one_type(language)
		expect("]")
		if (language == "schema")
			return "{\"type\":\"array\",\"items\":" inner "}"
		return language == "ts" ? inner "[]" : "[" inner "]"
	}
	if (word == "{")
		return record(language)
	if ((language, word) in plain)
		return plain[language, word]
	if (word !~ /^[A-Z]/)
		die("\"" word "\" is no type")
	return named_type(language, word)
}

# A TYPE in that language.
function type_in(language, text, result) {
	left = text
	next_token()
	result = one_type(language)
	if (token != "")
		die("\"" token "\" is too much")
	return result
}

BEGIN {
	plain["schema", "string"] = "{\"type\":\"string\"}"
	plain["schema", "int"] = "{\"type\":\"integer\"}"
	plain["schema", "bool"] = "{\"type\":\"boolean\"}"
	plain["schema", "object"] = "{\"type\":\"object\",\"additionalProperties\":true}"
	plain["ts", "string"] = "string"
	plain["ts", "int"] = "number"
	plain["ts", "bool"] = "boolean"
	plain["ts", "object"] = "{ [name: string]: any }"
	plain["doc", "string"] = plain["doc", "int"] = plain["doc", "bool"] = "value"
	plain["doc", "object"] = "one object"
}
