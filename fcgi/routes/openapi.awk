# openapi.awk - makes the OpenAPI document of what routes.awk has read: all members but those that only the running
# program knows, which openapi.c puts before them.

# A member of an object under way, with its comma.
function put(text) {
	document = document (document ~ /[{[]$/ ? "" : ",") text
}

function put_parameters(in_what, list, n, k, word) {
	n = split(list, word, " ")
	for (k = 1; k <= n; k++) {
		if (!(word[k] in parameter_type))
			die_late("the parameter " word[k] " is not described")
		put("{\"name\":\"" word[k] "\",\"in\":\"" in_what "\",\"required\":" \
			(is_required(in_what, word[k]) ? "true" : "false") \
			",\"description\":" json_string(of_parameter[word[k], "text"]) \
			",\"example\":" parameter_example(word[k]) ",\"schema\":" parameter_type[word[k]] "}")
	}
}

function is_required(in_what, name) {
	return in_what == "path" || name == "q"
}

function put_body(i, form) {
	form = first_word(row[i, "body"] "")
	if (!form)
		return
	put("\"requestBody\":{\"required\":" (form == "maybe" ? "false" : "true") \
		",\"content\":{\"application/json\":{\"schema\":" body_type[i] \
		",\"example\":" expand(row[i, "example body"]) "}" \
		(form == "list" ? ",\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}}" : "") "}}")
}

# The statuses of failures in their order: those that follow from who may ask and from the body, and the row's own.
function fails(i, list, status, sorted) {
	list = " 400 406 414 431 " row[i, "fails"] " "
	if (row[i, "who"] != "anyone")
		list = list "401 403 503 "
	if (row[i, "body"])
		list = list "408 413 415 "
	if (row[i, "body"] && row[i, "body"] !~ /^maybe/)
		list = list "411 "
	for (status = 400; status < 600; status++)
		if (index(list, " " status " "))
			sorted = sorted (sorted ? " " : "") status
	return sorted
}

function header_of(name, text, example) {
	return "\"" name "\":{\"description\":" json_string(text) ",\"schema\":{\"type\":\"string\"}" \
		",\"example\":" json_string(example) "}"
}

function put_success(i, status, n, k, word, content, headers) {
	n = split(media(i), word, " ")
	for (k = 1; k <= n; k++)
		content = content (k > 1 ? "," : "") "\"" word[k] "\":{\"schema\":" \
			(word[k] == "application/json" ? answer_type[i] : "{\"type\":\"string\"}") \
			(k == 1 ? ",\"example\":" answer_example(i) : "") "}"
	if (row[i, "with"] ~ /etag/)
		headers = header_of("ETag", "A strong tag of the answer, for If-None-Match.", "\"4f0c2a9d81b7e365a09c1d2e3f405162\"")
	if (row[i, "with"] ~ /link/)
		headers = headers (headers ? "," : "") header_of("Link", \
			"With rel=prev the address of the page with older messages, with rel=next of that with newer ones.", \
			"</api/chat/42/history?limit=50&before=4-0akdwmg5qmexe>; rel=\"prev\"")
	put("\"" status "\":{\"description\":" json_string(row[i, "means " status]) \
		(headers ? ",\"headers\":{" headers "}" : "") ",\"content\":{" content "}}")
}

function put_responses(i, n, k, word) {
	put("\"responses\":{")
	n = split(first_word(row[i, "gives"]), word, ",")
	for (k = 1; k <= n; k++)
		put_success(i, word[k])
	if (row[i, "with"] ~ /etag/)
		put("\"304\":{\"description\":\"The answer has not changed: its tag is one of If-None-Match.\"}")
	n = split(fails(i), word, " ")
	for (k = 1; k <= n; k++) {
		if (!((word[k], "text") in of_fail))
			die_late("the failure " word[k] " is not described")
		put("\"" word[k] "\":{\"$ref\":\"#/components/responses/" word[k] "\"}")
	}
	document = document "}"
}

# The scope of a service key is no scope of OAuth: it has a member of its own, beside the sentence in the description.
function put_security(i, word, user, key) {
	split(row[i, "who"], word, " ")
	user = "{\"bearer\":[]},{\"cookie\":[]},{\"wallet\":[]}"
	key = "{\"serviceKey\":[]}"
	if (word[1] == "anyone")
		put("\"security\":[]")
	else
		put("\"security\":[" (word[1] == "user" ? user : word[1] == "service" ? key : user "," key) "]")
	if (word[2])
		put("\"x-service-scope\":\"" word[2] "\"")
}

# chat_get_history: chatGetHistory
function operation_id(i, out, n, k, word) {
	n = split(row[i, "does"], word, "_")
	out = word[1]
	for (k = 2; k <= n; k++)
		out = out toupper(substr(word[k], 1, 1)) substr(word[k], 2)
	return out
}

# A sentence that names the scope; "": no service key is of use.
function scope_text(i, word) {
	split(row[i, "who"], word, " ")
	if (word[1] == "service")
		return " The caller needs a service key with the scope " word[2] "."
	return word[2] ? " The caller is a user, or has a service key with the scope " word[2] "." : ""
}

# The name in the braces of a pattern, or "".
function path_parameter(i) {
	return match(pattern[i], /[{][A-Za-z]+[}]/) ? substr(pattern[i], RSTART + 1, RLENGTH - 2) : ""
}

# gawk 5.2 goes wrong if an absent element of an array is an argument: with "" it is a text.
function put_operation(i) {
	put("\"" tolower(method[i]) "\":{\"operationId\":\"" operation_id(i) "\"")
	put("\"tags\":[" json_string(row[i, "under"]) "]")
	put("\"summary\":" json_string(row[i, "title"]))
	put("\"description\":" json_string(row[i, "text"] scope_text(i)))
	put_security(i)
	put("\"parameters\":[")
	put_parameters("path", path_parameter(i))
	put_parameters("query", row[i, "query"] "")
	put_parameters("header", row[i, "header"] "")
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

function put_tags(i) {
	put("\"tags\":[")
	for (i = 1; i <= tags; i++)
		put("{\"name\":" json_string(tag_name[i]) ",\"description\":" json_string(of_tag[tag_name[i], "text"]) "}")
	document = document "]"
}

function put_types(i, name) {
	put("\"schemas\":{")
	for (i = 1; i <= types; i++) {
		name = type_name[i]
		put("\"" name "\":{\"description\":" json_string(of_type[name, "text"]) \
			",\"examples\":[" expand(of_type[name, "example"]) "]," substr(type_text[name], 2))
	}
	document = document "}"
}

function fail_example(status, word) {
	split(of_fail[status, "codes"], word, " ")
	return "{\"success\": false, \"error\": " json_string(of_fail[status, "error"]) ", \"code\": \"" word[1] "\"}"
}

function put_fail(status, codes) {
	codes = of_fail[status, "codes"]
	gsub(/ /, "\",\"", codes)
	put("\"" status "\":{\"description\":" json_string(of_fail[status, "text"]) \
		(status == 429 || status == 503 ? ",\"headers\":{" header_of("Retry-After", "A number of seconds.", "1") "}" : "") \
		",\"content\":{\"application/json\":{\"schema\":{\"allOf\":[{\"$ref\":\"#/components/schemas/Failure\"}" \
		",{\"type\":\"object\",\"properties\":{\"code\":{\"enum\":[\"" codes "\"]}}}]}" \
		",\"example\":" fail_example(status) "}}}")
}

function put_components(status) {
	put("\"components\":{")
	put_types()
	put("\"responses\":{")
	for (status = 400; status < 600; status++)
		if ((status, "text") in of_fail)
			put_fail(status)
	document = document "}"
	put("\"securitySchemes\":{")
	put("\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A token of this server, or of the platform.\"}")
	put("\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-escrowchat\"," \
		"\"description\":\"The cookie that POST /api/auth/cookie sets.\"}")
	put("\"wallet\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Wallet-Address\"," \
		"\"description\":\"With auth = open alone: the server believes the claimed address.\"}")
	put("\"serviceKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Service-Key\"," \
		"\"description\":\"A key of the platform. x-service-scope of an operation names the scope that the key needs.\"}")
	document = document "}}"
}

function make_document() {
	document = "{"
	put_tags()
	put_paths()
	put_components()
	document = substr(document, 2) "}"
}

# A text as string literals, a line of C for each piece of a line.
function write_literal(name, text, piece) {
	print "const char " name "[] ="
	while (text != "") {
		piece = substr(text, 1, 100)
		if (index(piece, "\n"))
			piece = substr(piece, 1, index(piece, "\n"))
		text = substr(text, length(piece) + 1)
		gsub(/[\\"]/, "\\\\&", piece)
		sub(/\n$/, "\\n", piece)
		gsub(/\001/, "\\001", piece)
		gsub(/\002/, "\\002", piece)
		print "    \"" piece "\""
	}
	print "    ;"
}
