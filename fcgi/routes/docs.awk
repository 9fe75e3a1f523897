# docs.awk - makes the page /api/docs of what routes.awk has read: docs.html with the routes, failures and types in
# the places of its lines @contents, @routes, @failures and @types. It works without any script.
# The program puts its version at \001 and the front of all paths at \002.

function html(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

# A text of the table: `NAME` is a name of programs.
function prose(text) {
	text = html(text)
	while (sub(/`/, "<code>", text))
		sub(/`/, "</code>", text)
	return text
}

function say(text) {
	out = out text "\n"
}

# ---- JSON, as a reader likes it ----

# Cuts the text into tok[1..n_tok]; partner[i] is the end of the object or list that begins at i.
function cut_json(text, depth, open) {
	for (n_tok = 0; text != ""; text = substr(text, RLENGTH + 1)) {
		if (match(text, /^[ \t]+/))
			continue
		if (!match(text, /^"([^"\\]|\\.)*"/) && !match(text, /^[-+.0-9a-z]+/) && !match(text, /^[][{}:,]/))
			die_late("this is no JSON: " text)
		tok[++n_tok] = substr(text, 1, RLENGTH)
		if (tok[n_tok] ~ /^[[{]/)
			open[++depth] = n_tok
		if (tok[n_tok] ~ /^[]}]/)
			partner[open[depth--]] = n_tok
	}
}

function width(from, to, sum) {
	for (sum = 0; from <= to; from++)
		sum += length(tok[from]) + (tok[from] ~ /^[:,]$/)
	return sum
}

# One token with its colour: names and strings differ, and a mark has none.
function coloured(i) {
	if (tok[i] ~ /^"/)
		return tok[i + 1] == ":" ? "<b>" html(tok[i]) "</b>" : "<i>" html(tok[i]) "</i>"
	return tok[i] ~ /^[-0-9a-z]/ ? "<u>" tok[i] "</u>" : tok[i] (tok[i] ~ /^[:,]$/ ? " " : "")
}

function spaces(n, text) {
	while (n-- > 0)
		text = text " "
	return text
}

# The value that begins at tok[at], in one line if it fits; at moves behind it. The first line has that many columns
# less.
function print_json(indent, less, until, text) {
	until = at
	if (tok[at] ~ /^[[{]/)
		until = partner[at]
	if (indent + less + width(at, until) <= 56 || until <= at + 1) {
		for (; at <= until; at++)
			text = text coloured(at)
		return text
	}
	text = tok[at++] "\n"
	while (at < until) {
		text = text spaces(indent + 2)
		if (tok[at + 1] == ":") {
			text = text coloured(at) ": "
			at += 2
		}
		text = text print_json(indent + 2, 0)
		if (tok[at] == ",") {
			text = text ","
			at++
		}
		text = text "\n"
	}
	at++
	return text spaces(indent) tok[until]
}

function pretty(json, less) {
	cut_json(json)
	tok[n_tok + 1] = ""
	at = 1
	return print_json(0, less)
}

# ---- types ----

# An expression of a type, with links to the types that it names.
function linked(text, result, name) {
	while (match(text, /[A-Z][A-Za-z]+/)) {
		name = substr(text, RSTART, RLENGTH)
		result = result html(substr(text, 1, RSTART - 1)) (name in type_text ? "<a href=\"#type-" name "\">" name "</a>" : name)
		text = substr(text, RSTART + RLENGTH)
	}
	return result html(text)
}

# The members of {name: TYPE, ...} one below another if they are many.
function members_of(source, text, n, i, piece) {
	if (length(source) <= 64 || source !~ /^[{][a-z]/)
		return linked(source)
	n = split(substr(source, 2, length(source) - 2), piece, /, /)
	for (i = 1; i <= n; i++)
		text = text "  " linked(piece[i]) (i < n && depth_of(piece[i]) == 0 ? ",\n" : i < n ? ", " : "\n")
	return "{\n" text "}"
}

function depth_of(text) {
	return gsub(/[{]/, "", text) - gsub(/[}]/, "", text)
}

# A raw JSON Schema, in words.
function schema_text(source, text, low, high) {
	if (match(source, /"enum": \[[^]]*\]/)) {
		text = substr(source, RSTART + 9, RLENGTH - 10)
		gsub(/, /, " | ", text)
		return html(text)
	}
	if (match(source, /"const": [a-z]+/))
		return substr(source, RSTART + 9, RLENGTH - 9)
	if (match(source, /"pattern": "[^"]*"/))
		return "string matching " html(substr(source, RSTART + 12, RLENGTH - 13))
	if (match(source, /"format": "[^"]*"/))
		return "string, " substr(source, RSTART + 11, RLENGTH - 12)
	text = source ~ /"array"/ ? "[int, int]" : source ~ /"integer"/ ? "int" : "string"
	low = number_of(source, "(minLength|minimum)")
	high = number_of(source, "(maxLength|maximum)")
	if (low != "")
		text = text ", " low " to " high (text == "string" ? " characters" : "")
	low = number_of(source, "default")
	return text (low != "" ? ", default " low : "")
}

function number_of(source, name) {
	if (!match(source, "\"" name "\": [0-9]+"))
		return ""
	source = substr(source, RSTART, RLENGTH)
	sub(/.* /, "", source)
	return source
}

# ---- one route ----

# A path with the name in braces set off, and places to break it.
function path_html(text) {
	text = html(text)
	gsub(/[{][A-Za-z]+[}]/, "<em>&</em>", text)
	gsub(/\//, "/<wbr>", text)
	sub(/^\/<wbr>/, "/", text)
	gsub(/<\/<wbr>em>/, "</em>", text)
	return text
}

function slug(text) {
	text = tolower(text)
	gsub(/ /, "-", text)
	return "tag-" text
}

function say_parameter(name, in_what) {
	say("<dt><code>" name "</code> <span>" in_what (is_required(in_what, name) ? ", required" : "") " &middot; " \
		linked(parameter_source[name]) "</span></dt>")
	say("<dd>" prose(of_parameter[name, "text"]) "</dd>")
}

function say_parameters(i, n, k, word) {
	if (!path_parameter(i) && !row[i, "query"] && !row[i, "header"])
		return
	say("<h4>Parameters</h4>\n<dl>")
	if (path_parameter(i))
		say_parameter(path_parameter(i), "path")
	n = split(row[i, "query"], word, " ")
	for (k = 1; k <= n; k++)
		say_parameter(word[k], "query")
	n = split(row[i, "header"], word, " ")
	for (k = 1; k <= n; k++)
		say_parameter(word[k], "header")
	say("</dl>")
}

function say_body(i) {
	if (!row[i, "body"])
		return
	say("<h4>Body" (row[i, "body"] ~ /^maybe/ ? " <span>may be absent</span>" : "") "</h4>")
	say("<pre class=\"type\">" members_of(body_source[i]) "</pre>")
}

function say_answers(i, n, k, word, links) {
	say("<h4>Answers</h4>\n<pre class=\"type\">" members_of(answer_source[i]) "</pre>\n<dl class=\"answers\">")
	n = split(first_word(row[i, "gives"]), word, ",")
	for (k = 1; k <= n; k++)
		say("<dt class=\"good\">" word[k] "</dt><dd>" prose(row[i, "means " word[k]]) "</dd>")
	if (row[i, "with"] ~ /etag/)
		say("<dt class=\"good\">304</dt><dd>The answer has not changed: its <code>ETag</code> is one of" \
			" <code>If-None-Match</code>.</dd>")
	n = split(fails(i), word, " ")
	for (k = 1; k <= n; k++)
		links = links (k > 1 ? " " : "") "<a href=\"#fail-" word[k] "\">" word[k] "</a>"
	say("</dl>\n<p class=\"fails\">Refusals: " links "</p>")
}

# Who may ask, as a header of curl.
function identity_of(i, word) {
	split(row[i, "who"], word, " ")
	if (word[1] == "anyone")
		return row[i, "does"] == "auth_post_cookie" ? "Authorization: Bearer $TOKEN" : ""
	return word[1] == "service" ? "X-Service-Key: $KEY" : "Authorization: Bearer $TOKEN"
}

function unquoted(json) {
	return json ~ /^"/ ? substr(json, 2, length(json) - 2) : json
}

function say_request(i, text, path, name) {
	path = pattern[i]
	name = path_parameter(i)
	if (name)
		sub(/[{].*[}]/, unquoted(parameter_example(name)), path)
	if (row[i, "query"] ~ /^q /)
		path = path "?q=" unquoted(parameter_example("q"))
	text = "curl " (method[i] == "GET" ? "" : "-X " method[i] " ") "\"$URL" path "\""
	if (identity_of(i))
		text = text " \\\n  -H \"" identity_of(i) "\""
	text = html(text)
	if (row[i, "body"])
		text = text " \\\n  -H \"Content-Type: application/json\" \\\n  -d '" \
			pretty(expand(row[i, "example body"]), 6) "'"
	say("<figure><figcaption>Request</figcaption><pre>" text "</pre></figure>")
}

function say_answer_example(i, word) {
	split(row[i, "gives"], word, /[ ,]/)
	say("<figure><figcaption>Answer <span>" word[1] " " html(first_word(media(i))) "</span></figcaption><pre>" \
		pretty(answer_example(i)) "</pre></figure>")
}

function badge(i) {
	return "<strong class=\"method " tolower(method[i]) "\">" method[i] "</strong>"
}

function say_route(i) {
	say("<article id=\"" operation_id(i) "\" aria-labelledby=\"h-" operation_id(i) "\">")
	say("<h3 id=\"h-" operation_id(i) "\"><a href=\"#" operation_id(i) "\">" html(row[i, "title"]) "</a></h3>")
	say("<p class=\"route\">" badge(i) " <code>" path_html(pattern[i]) "</code></p>")
	say("<div class=\"pair\"><div>")
	say("<p>" prose(row[i, "text"]) "</p>")
	say("<p class=\"who\">" who_text(i) "</p>")
	say_parameters(i)
	say_body(i)
	say_answers(i)
	say("</div><div class=\"examples\">")
	say_request(i)
	say_answer_example(i)
	say("</div></div>\n</article>")
}

# ---- the page ----

function say_contents(t, i) {
	for (t = 1; t <= tags; t++) {
		say("<li><a href=\"#" slug(tag_name[t]) "\">" html(tag_name[t]) "</a>\n<ul>")
		for (i = 1; i <= routes; i++)
			if (row[i, "under"] == tag_name[t])
				say("<li><a href=\"#" operation_id(i) "\">" html(row[i, "title"]) "</a></li>")
		say("</ul></li>")
	}
}

function say_routes(t, i) {
	for (t = 1; t <= tags; t++) {
		say("<section aria-labelledby=\"" slug(tag_name[t]) "\">")
		say("<h2 id=\"" slug(tag_name[t]) "\">" html(tag_name[t]) "</h2>")
		say("<p class=\"lead\">" prose(of_tag[tag_name[t], "text"]) "</p>")
		for (i = 1; i <= routes; i++)
			if (row[i, "under"] == tag_name[t])
				say_route(i)
		say("</section>")
	}
}

function say_failures(status, codes) {
	for (status = 400; status < 600; status++) {
		if (!((status, "text") in of_fail))
			continue
		codes = of_fail[status, "codes"]
		gsub(/ /, "</code> <code>", codes)
		say("<dt id=\"fail-" status "\" class=\"bad\">" status "</dt>")
		say("<dd>" prose(of_fail[status, "text"]) " <span><code>" codes "</code></span></dd>")
	}
}

function say_types(i, name, source) {
	for (i = 1; i <= types; i++) {
		name = type_name[i]
		source = type_source[name]
		say("<article id=\"type-" name "\" class=\"card\"><h3><a href=\"#type-" name "\">" name "</a></h3>")
		say("<p>" prose(of_type[name, "text"]) "</p>")
		say("<pre class=\"type\">" (source ~ /^[{]"/ ? schema_text(source) : members_of(source)) "</pre>")
		say("<pre class=\"sample\">" pretty(expand(of_type[name, "example"])) "</pre></article>")
	}
}

function write_page(i) {
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * page.c - made from docs.html and routes.table: the page that describes all routes.\n */"
	print "#include \"fcgi/routes.h\"\n"
	for (i = 1; i <= lines; i++) {
		if (page[i] == "@contents")
			say_contents()
		else if (page[i] == "@routes")
			say_routes()
		else if (page[i] == "@failures")
			say_failures()
		else if (page[i] == "@types")
			say_types()
		else if (page[i] == "@style") {
			write_literal("docs_head", substr(out, 1, length(out) - 1)) # <style> without a new line: it would be style
			out = ""
		} else if (page[i] == "@body") {
			write_literal("docs_style", out)
			out = ""
		} else {
			sub(/@version/, "\001", page[i])
			sub(/@base/, "\002", page[i])
			say(page[i])
		}
	}
	write_literal("docs_body", out)
}
