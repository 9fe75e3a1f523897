# routes.awk - reads routes.table, and makes what -v part= names:
#   c    the rows of the table and the OpenAPI document, as C (with openapi.awk)
#   page the page /api/docs, as C (with openapi.awk and docs.awk); docs.html follows the table
#   man  the manual page; escrowchat.fcgi.8.in follows the table, and its line ".\" routes" becomes the list
# Always give all three: awk -v part=... -f routes.awk -f openapi.awk -f docs.awk routes.table [FILE]

function die(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

# Complains after the last line, when a line cannot be named any more.
function die_late(why) {
	printf "routes.table: %s\n", why > "/dev/stderr"
	failed = 1
	exit 1
}

# Returns the rest of the line behind its first n words.
function behind(n, i, rest) {
	rest = logical
	for (i = 0; i < n; i++)
		sub(/^[ \t]*[^ \t]+/, "", rest)
	sub(/^[ \t]+/, "", rest)
	return rest
}

function json_string(text) {
	gsub(/[\\"]/, "\\\\&", text)
	return "\"" text "\""
}

# ---- types ----

# The words and marks of a type, one at a time.
function next_token() {
	sub(/^[ \t]+/, "", left)
	if (left == "")
		token = ""
	else if (match(left, /^[A-Za-z][A-Za-z0-9]*/))
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

function members(properties, required, name, is_optional, n) {
	while (token != "}") {
		if (n++)
			expect(",")
		name = token
		next_token()
		is_optional = token == "?"
		if (is_optional)
			next_token()
		expect(":")
		properties = properties (properties ? "," : "") "\"" name "\":" one_type()
		if (!is_optional)
			required = required (required ? "," : "") "\"" name "\""
	}
	next_token()
	return "{\"type\":\"object\"" (required ? ",\"required\":[" required "]" : "") \
		",\"properties\":{" properties "}}"
}

function one_type(word, inner) {
	word = token
	next_token()
	if (word == "[") {
		inner = any_type()
		expect("]")
		return "{\"type\":\"array\",\"items\":" inner "}"
	}
	if (word == "{")
		return members()
	if (word in plain)
		return plain[word]
	if (word !~ /^[A-Z]/)
		die("\"" word "\" is no type")
	if (!(word in used))
		used[word] = FNR
	return "{\"$ref\":\"#/components/schemas/" word "\"}"
}

function any_type(all, n) {
	all = one_type()
	for (n = 1; token == "&"; n++) {
		next_token()
		all = all "," one_type()
	}
	return n > 1 ? "{\"allOf\":[" all "]}" : all
}

function schema(text, result) {
	left = text
	next_token()
	result = any_type()
	if (token != "")
		die("\"" token "\" is too much")
	return result
}

# ---- examples ----

# The text with the example of each <Name> in its place.
function expand(text, n, name) {
	while (match(text, /<[A-Z][A-Za-z]*>/)) {
		name = substr(text, RSTART + 1, RLENGTH - 2)
		if (!((name, "example") in of_type) || ++n > 200)
			die_late("the example of the type " name " is missing, or contains itself")
		text = substr(text, 1, RSTART - 1) of_type[name, "example"] substr(text, RSTART + RLENGTH)
	}
	return text
}

function is_bare(i, word) {
	split(row[i, "gives"], word, " ")
	return word[2] == "bare"
}

function answer_example(i, text) {
	text = expand(row[i, "example answer"])
	return is_bare(i) ? text : "{\"success\": true" (text == "{}" ? "" : ", ") substr(text, 2)
}

function parameter_example(name) {
	if ((name, "example") in of_parameter)
		return expand(of_parameter[name, "example"])
	if (!((parameter_source[name], "example") in of_type))
		die_late("the parameter " name " has no example")
	return expand(of_type[parameter_source[name], "example"])
}

# ---- reading ----

function know(block, names, word, n) {
	n = split(names, word, " ")
	while (n)
		known[block, word[n--]] = 1
}

BEGIN {
	plain["string"] = "{\"type\":\"string\"}"
	plain["int"] = "{\"type\":\"integer\"}"
	plain["bool"] = "{\"type\":\"boolean\"}"
	plain["object"] = "{\"type\":\"object\"}"
	know("tag", "text")
	know("route", "does under who body query header gives as with fails title text means example")
	know("parameter", "text example")
	know("type", "text example")
	know("fail", "codes error text")
}

# A line without a tab before it: it begins a block.
function take_block(word, name) {
	block = word[1]
	name = word[2]
	if (block == "tag")
		tag_name[++tags] = name = behind(1)
	else if (block == "route") {
		method[++routes] = word[2]
		pattern[routes] = word[3]
	} else if (block == "parameter") {
		parameter_type[name] = schema(word[3])
		parameter_source[name] = word[3]
	} else if (block == "type") {
		type_name[++types] = name
		type_source[name] = behind(2)
		type_text[name] = word[3] ~ /^[{]"/ ? behind(2) : schema(behind(2))
	} else if (block != "fail")
		die("\"" block "\" is unknown")
	block_name = name
}

function take_detail(word, key) {
	key = word[1]
	if (!((block, key) in known))
		die("\"" key "\" does not belong to " (block ? block : "nothing"))
	if (block == "tag")
		of_tag[block_name, key] = behind(1)
	else if (block == "parameter")
		of_parameter[block_name, key] = behind(1)
	else if (block == "type")
		of_type[block_name, key] = behind(1)
	else if (block == "fail")
		of_fail[block_name, key] = behind(1)
	else if (key == "means" || key == "example")
		row[routes, key " " word[2]] = behind(2)
	else
		row[routes, key] = behind(1)
	if (key == "body" && word[3])
		body_source[routes] = behind(2)
	if (key == "body" && word[3])
		body_type[routes] = schema(behind(2))
	if (key == "gives")
		take_answer(word)
}

function take_answer(word) {
	answer_source[routes] = word[3] == "bare" ? behind(3) : \
		"{success: Yes" (word[3] == "{}" ? "" : ", ") substr(behind(2), 2)
	answer_type[routes] = schema(answer_source[routes])
}

# A line with those that go on with it.
function take(word) {
	if (logical == "")
		return
	split(logical, word, " ")
	if (logical ~ /^\t/)
		take_detail(word)
	else
		take_block(word)
	logical = ""
}

FNR == 1 {
	take()
	is_page = ++files > 1
}

is_page {
	page[++lines] = $0
	next
}

/^#/ || /^[ \t]*$/ { next }

/^\t\t/ {
	sub(/^\t+/, "")
	logical = logical " " $0
	next
}

{
	take()
	logical = $0
}

# ---- the rows ----

# WHO and SCOPE of a row, as C.
function who_of(i, word) {
	split(row[i, "who"], word, " ")
	sub(/-/, "_", word[1])
	sub(/-/, "_", word[1])
	return "WHO_" toupper(word[1]) ", " (word[2] ? "SCOPE_" toupper(word[2]) : "0")
}

function first_word(text) {
	sub(/ .*/, "", text)
	return text
}

function media(i) {
	return row[i, "as"] ? row[i, "as"] : "application/json"
}

function write_rows(i) {
	print "const struct route routes[] = {"
	for (i = 1; i <= routes; i++)
		printf "    {\"%s\", \"%s\", %s, BODY_%s, \"%s\", %s},\n", method[i], pattern[i], who_of(i),
			toupper(row[i, "body"] ? first_word(row[i, "body"]) : "none"), media(i), row[i, "does"]
	print "};\nconst size_t n_routes = " routes ";\n"
}

# ---- the manual page ----

function who_text(i, word) {
	split(row[i, "who"], word, " ")
	if (word[1] == "service")
		return "A service key with the scope " word[2] "."
	if (word[1] == "user-or-service")
		return "A user, or a service key with the scope " word[2] "."
	return word[1] == "user" ? "A user." : "Anyone."
}

function without_marks(text) {
	gsub(/`/, "", text)
	return text
}

function write_list(i, k, n, word) {
	print ".Bl -tag -width Ds"
	for (i = 1; i <= routes; i++) {
		print ".It Ic " method[i] " Pa " pattern[i]
		print without_marks(row[i, "text"])
		print who_text(i)
		n = split(row[i, "query"], word, " ")
		for (k = 1; k <= n; k++)
			print (k == 1 ? "Query:\n" : "") ".Ar " word[k] (k < n ? " ," : " .")
	}
	print ".El"
}

function write_manual(i) {
	for (i = 1; i <= lines; i++)
		if (page[i] == ".\\\" routes")
			write_list()
		else
			print page[i]
}

# ---- all is there ----

function need(i, key) {
	if (!((i, key) in row))
		die_late(method[i] " " pattern[i] " has no line \"" key "\"")
}

function check_route(i, n, k, word) {
	n = split("does under who gives title text example_answer" (row[i, "body"] ? " example_body" : ""), word, " ")
	for (k = 1; k <= n; k++) {
		sub(/_/, " ", word[k])
		need(i, word[k])
	}
	n = split(first_word(row[i, "gives"]), word, ",")
	for (k = 1; k <= n; k++)
		need(i, "means " word[k])
	if (!((row[i, "under"], "text") in of_tag))
		die_late("the tag " row[i, "under"] " is not described")
}

# True if some path has both patterns.
function overlap(a, b, in_a, in_b, n, k) {
	n = split(a, in_a, "/")
	if (split(b, in_b, "/") != n)
		return 0
	for (k = 2; k <= n; k++)
		if (in_a[k] != in_b[k] && in_a[k] !~ /^\{/ && in_b[k] !~ /^\{/)
			return 0
	return 1
}

# Of two patterns with the same path, the one without {...} serves it. Else nothing says which one does.
function check_patterns(i, k) {
	for (i = 1; i <= routes; i++)
		for (k = 1; k < i; k++)
			if (pattern[i] != pattern[k] ? (pattern[i] ~ /\{/ && pattern[k] ~ /\{/ && overlap(pattern[i], pattern[k])) : \
				method[i] == method[k])
				die_late(method[i] " " pattern[i] " and " method[k] " " pattern[k] " have paths in common")
}

function check_all(i, name) {
	check_patterns()
	for (i = 1; i <= routes; i++)
		check_route(i)
	for (i = 1; i <= types; i++)
		if (!((type_name[i], "text") in of_type) || !((type_name[i], "example") in of_type))
			die_late("the type " type_name[i] " has no text, or no example")
	for (name in used)
		if (!(name in type_text))
			die_late("the type " name " is not described")
	for (name in parameter_type)
		if (!((name, "text") in of_parameter))
			die_late("the parameter " name " has no text")
}

END {
	if (failed)
		exit 1
	take()
	check_all()
	if (part == "man")
		write_manual()
	else if (part == "page")
		write_page()
	else {
		print "/* SPDX-License-Identifier: ISC */"
		print "/*\n * table.c - made from routes.table: the rows, and the document that describes them.\n */"
		print "#include \"fcgi/routes.h\"\n"
		write_rows()
		make_document()
		write_literal("openapi_text", document)
	}
}
