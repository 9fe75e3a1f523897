# events.awk - makes of events.table, after types.awk:
#     awk -v part=h|c|asyncapi -f types.awk -f events.awk events.table    C
#     awk -v part=blocks -f types.awk -f events.awk events.table FILE  FILE, its blocks made anew
# A block of FILE is between a line with "events.table: NAME" and one with "events.table: end".

function die(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

# The text behind the first n words of the line.
function behind(n, i, rest) {
	rest = $0
	for (i = 0; i < n; i++)
		sub(/^[ \t]*[^ \t]+/, "", rest)
	sub(/^[ \t]+/, "", rest)
	return rest
}

# ---- reading ----

BEGIN {
	split("data answer beside to durable publish wires see text example answers", words, " ")
	for (i in words)
		known[words[i]] = 1
	split("client platform server", words, " ")
	for (i in words)
		is_kind[words[i]] = 1
}

FNR == 1 { is_page = ++files > 1 }

is_page {
	page[++lines] = $0
	next
}

/^#/ || /^[ \t]*$/ { next }

$1 in is_kind {
	if (($1, $2) in seen)
		die($2 " is there already")
	seen[$1, $2] = 1
	kind[++events] = $1
	name[events] = $2
	names[events] = behind(1)
	if ($1 == "server")
		reserved[++n_reserved] = $2
	next
}

$1 == "reserved" {
	for (i = 2; i <= NF; i++)
		reserved[++n_reserved] = foreign[++n_foreign] = $i
	next
}

$1 == "type" {
	type_name[++types] = $2
	if ($3 ~ /^[{]"/)
		type_raw[$2] = behind(2)
	else
		type_record[$2] = behind(2)
	next
}

$1 in known {
	if (events == 0)
		die("\"" $1 "\" before the first event")
	row[events, $1] = behind(1)
	next
}

{ die("\"" $1 "\" is unknown") }

# Every event has the lines of its kind: a row that is not complete makes nothing.
function check(i, k, n, word) {
	for (i = 1; i <= events; i++) {
		n = split(kind[i] == "client" ? "data answer wires see text example answers" : \
			"data beside to durable publish wires see text example", word, " ")
		for (k = 1; k <= n; k++)
			if (!((i, word[k]) in row))
				die(name[i] ": the line \"" word[k] "\" is missing")
		if (kind[i] != "client" && (kind[i] == "platform") != (row[i, "publish"] ~ /SQL/))
			die(name[i] ": SQL publishes the events of the platform, and no others")
	}
}

# ---- C ----

function write_h(i) {
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * events.h - made by events.awk of events.table: the events that clients send, and the reserved names.\n */"
	print "#ifndef CONTRACT_EVENTS_H\n#define CONTRACT_EVENTS_H\n\n#include <stdbool.h>\n#include <stddef.h>\n"
	print "/* The events that a client sends on a connection of its own (/ws, Socket.IO). */"
	print "enum client_event {"
	for (i = 1; i <= events; i++)
		if (is_verb(i))
			print "\tEVENT_" toupper(name[i]) ","
	print "\tN_CLIENT_EVENTS\n};\n"
	print "struct client_event_row {\n\tconst char *name;\n\tbool takes_bare_id; /* data may be the escrowId itself */\n};"
	print "extern const struct client_event_row client_events[N_CLIENT_EVENTS];\n"
	print "/* The names that no publisher can use, except notification by REST. */"
	print "extern const char *const reserved_events[];\nextern const size_t n_reserved_events;\n"
	print "/* The names of the events that the server sends, and examples of those of the platform. */"
	print "extern const char *const server_events[];\nextern const size_t n_server_events;\n"
	print "/* The members of the AsyncAPI document that follow info. */\nextern const char asyncapi_text[];\n\n#endif"
}

function is_verb(i) {
	return kind[i] == "client" && has_wire(i, "native")
}

function has_wire(i, wire) {
	return index(" " row[i, "wires"] " ", " " wire " ") > 0
}

function write_names(i, k, n, word) {
	print "const struct client_event_row client_events[N_CLIENT_EVENTS] = {"
	for (i = 1; i <= events; i++)
		if (is_verb(i))
			print "    [EVENT_" toupper(name[i]) "] = {\"" name[i] "\", " (row[i, "data"] ~ /^EscrowRef/ ? "true" : "false") "},"
	print "};\n\nconst char *const reserved_events[] = {"
	for (i = 1; i <= n_reserved; i++)
		print "    \"" reserved[i] "\","
	print "};\nconst size_t n_reserved_events = " n_reserved ";\n\nconst char *const server_events[] = {"
	for (i = 1; i <= events; i++) {
		n = kind[i] == "client" ? 0 : split(names[i], word, " ")
		for (k = 1; k <= n; k++)
			print "    \"" word[k] "\","
	}
	print "};\nconst size_t n_server_events = sizeof(server_events) / sizeof(server_events[0]);"
}

function write_c(what) {
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * " what ".c - made by events.awk of events.table.\n */"
	print "#include \"contract/events.h\"\n"
}

# ---- AsyncAPI: every string is made whole, and written in lines at the end ----

function json_string(text) {
	gsub(/[\\"]/, "\\\\&", text)
	return "\"" text "\""
}

# Adds a member or an element to a list.
function add(list, text) {
	return list (list == "" ? "" : ",") text
}

function ref(path) {
	return "{\"$ref\":\"#/" path "\"}"
}

function constant(text) {
	return "{\"type\":\"string\",\"const\":\"" text "\"}"
}

# The name of a row's schemas and messages. Many names of the platform are one message.
function key(i) {
	return kind[i] == "platform" ? "platform_event" : kind[i] "_" name[i]
}

function data_schema(i, n, k, word, all) {
	n = split(row[i, "data"], word, /[ \t]*[|][ \t]*/)
	for (k = 1; k <= n; k++)
		all = add(all, type_in("schema", word[k]))
	return n > 1 ? "{\"oneOf\":[" all "]}" : all
}

function answer_schema(i, members) {
	members = substr(row[i, "answer"], 2)
	return type_in("schema", "{ok: Yes" (members == "}" ? "" : ", ") members)
}

# {event, data, ...}: the object that the native WebSocket, /poll and /emit carry.
function frame_schema(i, n, k, word, required, properties, member) {
	required = "\"event\",\"data\""
	properties = "\"event\":" (kind[i] == "platform" ? type_in("schema", "EventName") : constant(name[i])) \
		",\"data\":" ref("components/schemas/" key(i))
	n = split(row[i, "beside"], word, " ")
	for (k = 1; k <= n; k++) {
		member = word[k]
		if (!sub(/[?]$/, "", member))
			required = required ",\"" member "\""
		properties = properties ",\"" member "\":" type_in("schema", member == "cursor" ? "Cursor" : "EscrowId")
	}
	return "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
}

# Returns the schema of what a client sends: an event and its data. member: ack, or nothing.
function request_schema(i, member) {
	return "{\"type\":\"object\",\"required\":[\"event\",\"data\"],\"properties\":{\"event\":" constant(name[i]) \
		",\"data\":" ref("components/schemas/" key(i)) (member ? ",\"ack\":" type_in("schema", "AckId") : "") "}}"
}

function schemas(i, list) {
	for (i = 1; i <= events; i++) {
		list = add(list, "\"" key(i) "\":" data_schema(i))
		if (kind[i] == "client")
			list = add(list, "\"answer_" name[i] "\":" answer_schema(i))
		else
			list = add(list, "\"frame_" key(i) "\":" frame_schema(i))
	}
	for (i = 1; i <= types; i++)
		list = add(list, "\"" type_name[i] "\":" (type_name[i] in type_raw ? type_raw[type_name[i]] : \
			type_in("schema", type_record[type_name[i]])))
	return list
}

function message(title, i, payload, example) {
	return "{\"name\":" json_string(title) ",\"title\":" json_string(title) ",\"summary\":" json_string(row[i, "text"]) \
		",\"contentType\":\"application/json\",\"payload\":" payload ",\"examples\":[{\"payload\":" example "}]}"
}

# An example of {event, data} with the members beside them.
function frame_example(i, more) {
	if (row[i, "beside"] ~ /cursor/)
		more = ",\"cursor\":\"719260c3279acf94-4\""
	if (row[i, "beside"] ~ /escrowId/)
		more = more ",\"escrowId\":\"42\""
	return "{\"event\":\"" name[i] "\",\"data\":" row[i, "example"] more "}"
}

# How a wire carries the data of an event: in an object with its name and more, or alone.
function sent_message(i, wire) {
	if (wire == "native")
		return message(name[i], i, ref("components/schemas/frame_" key(i)), frame_example(i))
	return message(name[i], i, ref("components/schemas/" key(i)), row[i, "example"])
}

function received_message(i, wire) {
	if (wire == "native")
		return message(name[i], i, request_schema(i, "ack"), "{\"event\":\"" name[i] "\",\"data\":" row[i, "example"] ",\"ack\":7}")
	if (wire == "emit")
		return message(name[i], i, request_schema(i, ""), "{\"event\":\"" name[i] "\",\"data\":" row[i, "example"] "}")
	return message(name[i], i, ref("components/schemas/" key(i)), row[i, "example"])
}

function answer_message(i, wire, either) {
	either = "{\"oneOf\":[" ref("components/schemas/answer_" name[i]) "," ref("components/schemas/Refusal") "]}"
	if (wire == "native")
		return message("answer to " name[i], i, "{\"type\":\"object\",\"required\":[\"ack\",\"data\"],\"properties\":{\"ack\":" \
			type_in("schema", "AckId") ",\"data\":" either "}}", "{\"ack\":7,\"data\":" row[i, "answers"] "}")
	return message("answer to " name[i], i, either, row[i, "answers"])
}

# The messages of a channel, and the operations beside them.
function channel(wire, i, list, sent) {
	for (i = 1; i <= events; i++) {
		if (!has_wire(i, wire))
			continue
		if (kind[i] != "client") {
			list = add(list, "\"" key(i) "\":" sent_message(i, wire))
			sent = add(sent, ref("channels/" wire "/messages/" key(i)))
			continue
		}
		list = add(list, "\"" key(i) "\":" received_message(i, wire))
		list = add(list, "\"answer_" name[i] "\":" answer_message(i, wire))
		operations = add(operations, "\"" wire "_" name[i] "\":{\"action\":\"receive\",\"summary\":" json_string(row[i, "text"]) \
			",\"channel\":" ref("channels/" wire) ",\"messages\":[" ref("channels/" wire "/messages/" key(i)) \
			"],\"reply\":{\"channel\":" ref("channels/" wire) ",\"messages\":[" \
			ref("channels/" wire "/messages/answer_" name[i]) "]}}")
	}
	if (sent)
		operations = add(operations, "\"" wire "_events\":{\"action\":\"send\",\"summary\":\"The server sends an event.\"" \
			",\"channel\":" ref("channels/" wire) ",\"messages\":[" sent "]}")
	return list
}

function poll_channel(i, list) {
	for (i = 1; i <= events; i++)
		if (kind[i] != "client" && has_wire(i, "poll"))
			list = add(list, ref("components/schemas/frame_" key(i)))
	operations = add(operations, "\"poll_events\":{\"action\":\"send\",\"summary\":\"The server answers a poll.\",\"channel\":" \
		ref("channels/poll") ",\"messages\":[" ref("channels/poll/messages/answer") "]}")
	return "\"answer\":{\"name\":\"answer\",\"title\":\"answer to a poll\",\"summary\":\"The events after the cursor of the request.\"" \
		",\"contentType\":\"application/json\",\"payload\":{\"type\":\"object\",\"required\":[\"cursor\",\"events\"]," \
		"\"properties\":{\"cursor\":" type_in("schema", "Cursor") ",\"events\":{\"type\":\"array\",\"items\":{\"anyOf\":[" list \
		"]}},\"more\":{\"type\":\"boolean\"},\"refused\":" type_in("schema", "[EscrowId]") "}}," \
		"\"examples\":[{\"payload\":{\"cursor\":\"719260c3279acf94-10\",\"events\":[]}}]}"
}

function one_channel(wire, address, text, messages) {
	return "\"" wire "\":{\"address\":\"" address "\",\"title\":\"" address "\",\"description\":" json_string(text) \
		",\"messages\":{" messages "}}"
}

# As string literals, a line for each piece.
function write_text(text) {
	print "const char asyncapi_text[] ="
	for (; text != ""; text = substr(text, 101)) {
		piece = substr(text, 1, 100)
		gsub(/[\\"]/, "\\\\&", piece)
		print "    \"" piece "\""
	}
	print "    ;"
}

function write_asyncapi(channels) {
	channels = one_channel("native", "/ws", "Native WebSocket. One text frame is one event or one acknowledgement.", \
		channel("native"))
	channels = channels "," one_channel("socketio", "/socket.io/", "Socket.IO 4. The payload is the first argument of " \
		"the event; with recovery, the cursor of a durable event is the last argument. The reply is the acknowledgement.", \
		channel("socketio"))
	channels = channels "," one_channel("events", "/events", "Server-sent events. The line event: has the name, data: has " \
		"the payload, id: has the cursor.", channel("events"))
	channels = channels "," one_channel("poll", "/poll", "Long-poll. A GET is answered with events.", poll_channel())
	channels = channels "," one_channel("emit", "/emit", "A POST carries one event of a client of /events or /poll; the " \
		"answer is the acknowledgement.", channel("emit"))
	write_text("\"defaultContentType\":\"application/json\",\"channels\":{" channels "},\"operations\":{" operations \
		"},\"components\":{\"schemas\":{" schemas() "}}}")
}

# ---- the documents ----

function doc_of(type) {
	type = type in type_record ? type_record[type] : type
	type = type_in("doc", type)
	return type ~ /^[{]/ ? "`" type "`" : type
}

# The alternatives that differ for people.
function doc_data(i, n, k, word, all, one) {
	n = split(row[i, "data"], word, /[ \t]*[|][ \t]*/)
	for (k = 1; k <= n; k++) {
		one = word[k] == "EscrowRef" ? "escrowId" : word[k] == "{}" ? "none" : doc_of(word[k])
		all = all (k > 1 ? ", or " : "") one
	}
	return all
}

function doc_members(text) {
	text = type_in("doc", text)
	return text == "{}" ? "none" : "`" substr(text, 2, length(text) - 2) "`"
}

function block_client(i) {
	print "| event | data | members of the acknowledgement beside `ok` | section |\n|---|---|---|---|"
	for (i = 1; i <= events; i++)
		if (kind[i] == "client")
			print "| `" name[i] "` | " doc_data(i) " | " doc_members(row[i, "answer"]) " | " row[i, "see"] " |"
}

function block_server(i) {
	print "| event | data | receivers | durable | the platform publishes it | section |\n|---|---|---|---|---|---|"
	for (i = 1; i <= events; i++)
		if (kind[i] != "client")
			print "| " (kind[i] == "platform" ? "names of the platform" : "`" name[i] "`") " | " doc_data(i) " | " \
				row[i, "to"] " | " row[i, "durable"] " | " row[i, "publish"] " | " row[i, "see"] " |"
}

# One item of a list, folded at 118 columns.
function print_item(text, list, n, k, word, line) {
	n = split(text " " list, word, " ")
	line = "-"
	for (k = 1; k <= n; k++) {
		if (length(line " " word[k]) > 118) {
			print line
			line = " "
		}
		line = line " " word[k]
	}
	print line
}

function block_reserved(i, made, objects) {
	for (i = 1; i <= n_reserved; i++)
		if (i <= n_reserved - n_foreign)
			made = made (made ? " " : "") "`" reserved[i] "`"
		else
			objects = objects (objects ? " " : "") "`" reserved[i] "`"
	print_item("names of events that the server makes:", made ";")
	print_item("names of the objects in browsers and in Socket.IO:", objects ".")
}

# ---- escrowchat.d.ts ----

function ts_data(i, n, k, word, all) {
	n = split(row[i, "data"], word, /[ \t]*[|][ \t]*/)
	for (k = 1; k <= n; k++)
		all = all (k > 1 ? " | " : "") type_in("ts", word[k])
	return all
}

function ts_member(name) {
	return name ~ /^[a-z_]+$/ ? name : "'" name "'"
}

# An enumeration as a union, a record as an interface with a line for each member.
function ts_type(name, text) {
	if (name in type_record) {
		text = type_in("ts", type_record[name])
		gsub(/; /, ";\n\t", text)
		sub(/^[{] /, "{\n\t", text)
		sub(/ [}]$/, ";\n}", text)
		print "export interface " name " " text "\n"
	} else if (type_raw[name] ~ /"enum"/) {
		text = type_raw[name]
		sub(/.*"enum": *\[/, "", text)
		sub(/\].*/, "", text)
		gsub(/"/, "'", text)
		gsub(/, */, " | ", text)
		print "export type " name " = " text ";\n"
	}
}

function block_types(i, k, n, word, answer) {
	for (i = 1; i <= types; i++)
		ts_type(type_name[i])
	print "/** The events that the server sends. */\nexport interface ServerEvents {"
	for (i = 1; i <= events; i++) {
		n = kind[i] == "client" ? 0 : split(names[i], word, " ")
		for (k = 1; k <= n; k++)
			print (k == 1 ? "\t/** " row[i, "text"] " */\n" : "") "\t" ts_member(word[k]) ": " ts_data(i) ";"
	}
	print "}\n\n/** The events that clients send, and their acknowledgements. */\nexport interface ClientEvents {"
	for (i = 1; i <= events; i++) {
		if (kind[i] != "client")
			continue
		answer = row[i, "answer"] == "{}" ? "{ ok: true }" : "{ ok: true; " substr(type_in("ts", row[i, "answer"]), 3)
		print "\t/** " row[i, "text"] " */\n\t" name[i] ": {\n\t\tdata: " ts_data(i) ";\n\t\tanswer: " answer ";\n\t};"
	}
	print "}"
}

function write_page(i, block, blocks) {
	for (i = 1; i <= lines; i++) {
		if (page[i] ~ /events[.]table: end/)
			block = ""
		if (block == "")
			print page[i]
		if (page[i] !~ /events[.]table: [a-z]+/ || page[i] ~ /events[.]table: end/)
			continue
		block = page[i]
		sub(/.*events[.]table: /, "", block)
		sub(/[^a-z].*/, "", block)
		blocks++
		if (block == "client")
			block_client()
		else if (block == "server")
			block_server()
		else if (block == "reserved")
			block_reserved()
		else if (block == "types")
			block_types()
		else
			die("no block is called " block)
	}
	if (block != "" || blocks == 0)
		die("a block has no end, or there is none")
}

END {
	if (failed)
		exit 1
	check()
	if (part == "h")
		write_h()
	else if (part == "c") {
		write_c("events")
		write_names()
	} else if (part == "asyncapi") {
		write_c("asyncapi")
		write_asyncapi()
	} else
		write_page()
}
