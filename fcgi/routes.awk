# routes.awk - makes of routes.table: awk -v part=c   the rows and the OpenAPI document, as C
#                                     awk -v part=man the manual page, whose line ".\" routes" becomes the table
# For the page: awk -v part=man -f routes.awk routes.table escrowchat.fcgi.8.in

function die(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

# Returns the rest of the line behind its first n words.
function behind(n, i, rest) {
	rest = $0
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

# ---- reading ----

BEGIN {
	plain["string"] = "{\"type\":\"string\"}"
	plain["int"] = "{\"type\":\"integer\"}"
	plain["bool"] = "{\"type\":\"boolean\"}"
	plain["object"] = "{\"type\":\"object\"}"
	split("who body query header gives as with fails text does", names, " ")
	for (i in names)
		known[names[i]] = 1
}

FNR == 1 { is_page = ++files > 1 }

is_page {
	page[++lines] = $0
	next
}

/^#/ || /^[ \t]*$/ { next }

$1 == "route" {
	method[++routes] = $2
	pattern[routes] = $3
	next
}

$1 == "parameter" {
	parameter_type[$2] = schema($3)
	parameter_text[$2] = behind(3)
	next
}

$1 == "type" {
	type_name[++types] = $2
	type_text[$2] = $3 ~ /^[{]"/ ? behind(2) : schema(behind(2))
	next
}

$1 == "fail" {
	fail_text[$2] = behind(2)
	next
}

$1 in known {
	if (routes == 0)
		die("\"" $1 "\" before the first route")
	row[routes, $1] = behind(1)
	if ($1 == "body" && NF > 2)
		body_type[routes] = schema(behind(2))
	if ($1 == "gives")
		answer_type[routes] = schema($3 == "bare" ? behind(3) : "{success: Yes" ($3 == "{}" ? "" : ", ") substr(behind(2), 2))
	next
}

{ die("\"" $1 "\" is unknown") }

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

# ---- the document ----

# A member of an object under way, with its comma.
function put(text) {
	document = document (document ~ /[{[]$/ ? "" : ",") text
}

function put_parameters(i, in_what, list, n, k, word) {
	n = split(list, word, " ")
	for (k = 1; k <= n; k++) {
		if (!(word[k] in parameter_type))
			die("the parameter " word[k] " is not described")
		put("{\"name\":\"" word[k] "\",\"in\":\"" in_what "\",\"required\":" \
			(in_what == "path" || word[k] == "q" ? "true" : "false") \
			",\"description\":" json_string(parameter_text[word[k]]) ",\"schema\":" parameter_type[word[k]] "}")
	}
}

function put_body(i, form) {
	form = first_word(row[i, "body"])
	if (!form)
		return
	put("\"requestBody\":{\"required\":" (form == "maybe" ? "false" : "true") \
		",\"content\":{\"application/json\":{\"schema\":" body_type[i] "}" \
		(form == "list" ? ",\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}}" : "") "}}")
}

# The statuses of failures: what who may ask and what comes with the request make possible, and the row's own.
function fails(i, list) {
	list = "400 406 414 " row[i, "fails"]
	if (row[i, "who"] != "anyone")
		list = list " 401 403 503"
	if (row[i, "body"])
		list = list " 408 413 415"
	return row[i, "body"] && row[i, "body"] !~ /^maybe/ ? list " 411" : list
}

function header_of(name, text) {
	return "\"" name "\":{\"description\":" json_string(text) ",\"schema\":{\"type\":\"string\"}}"
}

function put_success(i, status, n, k, word, content, headers) {
	n = split(media(i), word, " ")
	for (k = 1; k <= n; k++)
		content = content (k > 1 ? "," : "") "\"" word[k] "\":{\"schema\":" \
			(word[k] == "application/json" ? answer_type[i] : "{\"type\":\"string\"}") "}"
	if (row[i, "with"] ~ /etag/)
		headers = header_of("ETag", "A strong tag of the answer, for If-None-Match.")
	if (row[i, "with"] ~ /link/)
		headers = headers (headers ? "," : "") \
			header_of("Link", "rel=prev: the page before, of what is older; rel=next: of what is newer.")
	put("\"" status "\":{\"description\":" json_string(row[i, "text"]) \
		(headers ? ",\"headers\":{" headers "}" : "") ",\"content\":{" content "}}")
}

function put_responses(i, n, k, word) {
	put("\"responses\":{")
	n = split(first_word(row[i, "gives"]), word, ",")
	for (k = 1; k <= n; k++)
		put_success(i, word[k])
	if (row[i, "with"] ~ /etag/)
		put("\"304\":{\"description\":\"What If-None-Match names is still so.\"}")
	n = split(fails(i), word, " ")
	for (k = 1; k <= n; k++) {
		if (!(word[k] in fail_text))
			die("the failure " word[k] " is not described")
		put("\"" word[k] "\":{\"$ref\":\"#/components/responses/" word[k] "\"}")
	}
	document = document "}"
}

function put_security(i, word) {
	split(row[i, "who"], word, " ")
	if (word[1] == "anyone")
		put("\"security\":[]")
	if (word[1] == "user")
		put("\"security\":[{\"bearer\":[]},{\"cookie\":[]},{\"wallet\":[]}]")
	if (word[1] == "service")
		put("\"security\":[{\"serviceKey\":[\"" word[2] "\"]}]")
	if (word[1] == "user-or-service")
		put("\"security\":[{\"bearer\":[]},{\"cookie\":[]},{\"wallet\":[]},{\"serviceKey\":[\"" word[2] "\"]}]")
}

# chat_get_history: chatGetHistory
function operation_id(i, name, out, n, k, word) {
	n = split(row[i, "does"], word, "_")
	out = word[1]
	for (k = 2; k <= n; k++)
		out = out toupper(substr(word[k], 1, 1)) substr(word[k], 2)
	return out
}

function put_operation(i, name) {
	put("\"" tolower(method[i]) "\":{\"operationId\":\"" operation_id(i) "\"")
	put("\"summary\":" json_string(row[i, "text"]))
	put_security(i)
	put("\"parameters\":[")
	if (match(pattern[i], /[{][A-Za-z]+[}]/))
		put_parameters(i, "path", substr(pattern[i], RSTART + 1, RLENGTH - 2))
	put_parameters(i, "query", row[i, "query"])
	put_parameters(i, "header", row[i, "header"])
	document = document "]"
	put_body(i)
	put_responses(i)
	document = document "}"
}

# Each pattern once, with all its methods.
function put_paths(i, k) {
	put("\"paths\":{")
	for (i = 1; i <= routes; i++) {
		if (pattern[i] in done_with)
			continue
		done_with[pattern[i]] = 1
		put("\"" pattern[i] "\":{")
		for (k = i; k <= routes; k++)
			if (pattern[k] == pattern[i])
				put_operation(k)
		document = document "}"
	}
	document = document "}"
}

function put_components(i, status, retry) {
	put("\"components\":{\"schemas\":{")
	for (i = 1; i <= types; i++)
		put("\"" type_name[i] "\":" type_text[type_name[i]])
	document = document "},\"responses\":{"
	for (status = 400; status < 600; status++) {
		if (!(status in fail_text))
			continue
		retry = status == 429 || status == 503
		put("\"" status "\":{\"description\":" json_string(fail_text[status]) \
			(retry ? ",\"headers\":{" header_of("Retry-After", "Seconds.") "}" : "") \
			",\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Failure\"}}}}")
	}
	document = document "},\"securitySchemes\":{"
	put("\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A token of this server, or of the platform.\"}")
	put("\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-escrowchat\"}")
	put("\"wallet\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Wallet-Address\"," \
		"\"description\":\"With auth = open alone: the claimed address is believed.\"}")
	put("\"serviceKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Service-Key\"," \
		"\"description\":\"A key of the platform, with the scope that is named.\"}")
	document = document "}}"
}

# As string literals, with a line for each piece: the version is the program's to say.
function write_document(piece) {
	document = "{"
	put_paths()
	put_components()
	document = substr(document, 2) "}"
	print "const char openapi_text[] ="
	while (document != "") {
		piece = substr(document, 1, 100)
		document = substr(document, 101)
		gsub(/[\\"]/, "\\\\&", piece)
		print "    \"" piece "\""
	}
	print "    ;"
}

# ---- the page ----

function who_text(i, word) {
	split(row[i, "who"], word, " ")
	if (word[1] == "service")
		return "A service key with the scope " word[2] "."
	if (word[1] == "user-or-service")
		return "A user, or a service key with the scope " word[2] "."
	return word[1] == "user" ? "A user." : "Anyone."
}

function write_table(i, k, n, word) {
	print ".Bl -tag -width Ds"
	for (i = 1; i <= routes; i++) {
		print ".It Ic " method[i] " Pa " pattern[i]
		print row[i, "text"]
		print who_text(i)
		n = split(row[i, "query"], word, " ")
		for (k = 1; k <= n; k++)
			print (k == 1 ? "Query:\n" : "") ".Ar " word[k] (k < n ? " ," : " .")
	}
	print ".El"
}

END {
	if (failed)
		exit 1
	for (name in used)
		if (!(name in type_text)) {
			printf "the type %s is not described\n", name > "/dev/stderr"
			exit 1
		}
	if (part == "man") {
		for (i = 1; i <= lines; i++)
			if (page[i] == ".\\\" routes")
				write_table()
			else
				print page[i]
		exit 0
	}
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * table.c - made by routes.awk of routes.table: the rows, and the document that describes them.\n */"
	print "#include \"fcgi/routes.h\"\n"
	write_rows()
	write_document()
}
