# config.awk - makes documents and C of config.table, the table of the configuration keys:
#	awk -v part=c    -f config.awk config.table                       the rows of the programs
#	awk -v part=md   -f config.awk config.table configuration.md      the page with its keys anew
#	awk -v part=conf -f config.awk config.table escrowchat.conf       the example with its keys anew
#	awk -v part=man  -f config.awk config.table escrowchat.conf.5.in  the manual page
# The second file is printed again. Behind the line that begins with the MARK of the part, the keys
# take the place of the old lines, up to the END_MARK or, if the part has none, the end of the file.
# A key that is not described, or not whole, is an error.

function die(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

BEGIN {
	MARK["md"] = "<!-- The keys are made from"
	MARK["conf"] = "# The keys are made from"
	MARK["man"] = ".\\\" keys"
	END_MARK["md"] = "<!-- end of the keys -->"
	if (part != "c" && !(part in MARK))
		die("part is c, md, conf or man")

	argument_of["number"] = "N"
	argument_of["mode"] = "MODE"
	argument_of["duration"] = "TIME"
	argument_of["size"] = "SIZE"
	argument_of["word"] = "WORD"
	unit_of["mode"] = "octal mode"
	unit_of["duration"] = "time"
	unit_of["size"] = "bytes"
	value_of["number"] = "^[0-9]+$"
	value_of["mode"] = "^0[0-7][0-7][0-7]$"
	value_of["duration"] = "^(0|[0-9]+(ms|s|m|h|d))$"
	value_of["size"] = "^[0-9]+[km]?$"
	factor["ms"] = "1"
	factor["s"] = "1000"
	factor["m"] = "60000"
	factor["h"] = "3600000"
	factor["d"] = "86400000"
	who["daemon"] = "`escrowchatd`"
	who["fcgi"] = "`escrowchat.fcgi`"
	who["both"] = "both programs"
	n = split("for default range unit accepted normal suffix sighup example help", names, " ")
	for (i = 1; i <= n; i++)
		is_property[names[i]] = 1
	keys = sections = files = 0
}

# ---- reading ----

# The line behind its first n words.
function behind(n, i, rest) {
	rest = $0
	for (i = 0; i < n; i++)
		sub(/^[ \t]*[^ \t]+/, "", rest)
	sub(/^[ \t]+/, "", rest)
	return rest
}

# An error of the key before this line.
function die_of_key(why) {
	printf "%s: the key %s %s\n", place[keys], key[keys], why > "/dev/stderr"
	failed = 1
	exit 1
}

function needs(name) {
	if (!((keys, name) in row))
		die_of_key("has no line \"" name "\"")
}

function check_words(i) {
	if (words[keys] == 0)
		die_of_key("has no line \"word\"")
	for (i = 1; i <= words[keys]; i++)
		if (word[keys, i] == row[keys, "default"])
			return
	die_of_key("has a default that is none of its words")
}

function check_range(bound, i) {
	if (split(row[keys, "range"], bound, " ") != 2)
		die_of_key("has no two ends of its range")
	for (i = 1; i <= 2; i++)
		if (bound[i] !~ value_of[kind[keys]])
			die_of_key("has the range " row[keys, "range"] ": " bound[i] " is no " kind[keys])
}

# The key before this line is whole, and described.
function end_key() {
	if (keys == 0 || is_checked[keys])
		return
	is_checked[keys] = 1
	if (kind[keys] == "")
		die_of_key("has no line \"type\"")
	needs("help")
	needs("for")
	if (!(row[keys, "for"] in who))
		die_of_key("is for daemon, fcgi or both")
	if (argument[keys] == "")
		die_of_key("has no ARGUMENT in its line \"type\"")
	if (row[keys, "help"] ~ /[.]$/)
		die_of_key("has a help that ends with a full stop")
	if (key_text[keys] != "" && key_text[keys] !~ /[.]$/)
		die_of_key("has a text that does not end with a full stop")
	if (kind[keys] == "string" || kind[keys] == "list")
		needs("accepted")
	else
		needs("default")
	if (kind[keys] in value_of) {
		needs("range")
		check_range()
	}
	if (kind[keys] == "number")
		needs("unit")
	if (kind[keys] == "word")
		check_words()
}

function begin_key(name) {
	end_key()
	if (sections == 0)
		die("a key before the first section")
	if (name !~ /^[a-z][a-z_]*$/ || NF != 2)
		die("key one_lower_case_name")
	if (name in seen)
		die("the key " name " was given before")
	seen[name] = 1
	key[++keys] = name
	place[keys] = FILENAME ":" FNR
	section_of[keys] = sections
	words[keys] = 0
}

FNR == 1 && ++files == 2 { end_key() }

files > 1 {
	page[++lines] = $0
	next
}

/^#/ || /^[ \t]*$/ { next }

/\\/ { die("a backslash") }

$1 == "section" {
	end_key()
	section[++sections] = behind(1)
	section_begins = 1
	next
}

$1 == "text" && section_begins {
	section_text[sections] = section_text[sections] (section_text[sections] ? " " : "") behind(1)
	next
}

$1 == "key" {
	begin_key($2)
	section_begins = 0
	next
}

keys == 0 || section_begins { die("\"" $1 "\" before a key") }

NF < 2 { die("nothing behind \"" $1 "\"") }

$1 == "text" {
	key_text[keys] = key_text[keys] (key_text[keys] ? " " : "") behind(1)
	next
}

$1 == "type" {
	if ($2 != "string" && $2 != "list" && $2 != "word" && !($2 in value_of))
		die("\"" $2 "\" is no kind of value")
	kind[keys] = $2
	argument[keys] = NF > 2 ? $3 : argument_of[$2]
	next
}

$1 == "word" {
	if (NF < 4 || $0 !~ /[.]$/)
		die("a word, its value in C, and its meaning with a full stop")
	word[keys, ++words[keys]] = $2
	constant[keys, words[keys]] = $3
	meaning[keys, words[keys]] = behind(3)
	next
}

$1 in is_property {
	if ((keys, $1) in row)
		die("\"" $1 "\" is given twice")
	row[keys, $1] = behind(1)
	next
}

{ die("\"" $1 "\" is unknown") }

# ---- the rows, as C ----

function c_string(text) {
	gsub(/`/, "", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}

# A number of the table in C, in the unit of its field: milliseconds, bytes.
function c_number(i, text, digits, unit) {
	if (kind[i] == "mode")
		return text
	digits = unit = text
	sub(/[a-z]+$/, "", digits)
	sub(/^[0-9]+/, "", unit)
	if (unit == "")
		return "INT64_C(" digits ")"
	if (kind[i] == "duration")
		return "INT64_C(" digits ") * " factor[unit]
	return "INT64_C(" digits ") * " (unit == "k" ? "1024" : "1048576")
}

function write_words(i, k) {
	print "static const struct config_word " key[i] "_words[] = {"
	for (k = 1; k <= words[i]; k++)
		printf "    {\"%s\", %s},\n", word[i, k], constant[i, k]
	print "    {NULL},\n};"
}

function write_member(i, name, property) {
	if ((i, property) in row)
		printf "\t.%s = %s,\n", name, c_string(row[i, property])
}

function write_row(i, program, field, bound) {
	program["daemon"] = "PROGRAM_DAEMON"
	program["fcgi"] = "PROGRAM_FCGI"
	program["both"] = "PROGRAM_BOTH"
	field = key[i] (kind[i] == "duration" ? "_ms" : "")
	printf "    {\"%s\", KIND_%s, %s, FIELD(%s),\n", key[i], toupper(kind[i]), program[row[i, "for"]], field
	write_member(i, "initial", "default")
	if (kind[i] in value_of) {
		split(row[i, "range"], bound, " ")
		printf "\t.min = %s,\n\t.max = %s,\n", c_number(i, bound[1]), c_number(i, bound[2])
	}
	if (kind[i] == "word")
		printf "\t.words = %s_words,\n", key[i]
	if ((i, "normal") in row)
		printf "\t.normal = %s,\n", row[i, "normal"]
	if ((i, "suffix") in row)
		printf "\t.suffix = %s,\n", c_string(" " row[i, "suffix"])
	write_member(i, "accepted", "accepted")
	printf "\t.argument = %s,\n\t.help = %s},\n", c_string(argument[i]), c_string(help_of(i))
}

# The phrase of --help, which says nothing of values: the program adds them.
function help_of(i) {
	return row[i, "help"] (kind[i] == "list" ? "; repeatable" : "") \
		((i, "sighup") in row ? "; SIGHUP " row[i, "sighup"] : "")
}

function write_rows(i) {
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * config_table.c - made by config.awk of config.table: the rows of the configuration keys.\n */"
	print "#include \"config/config.h\"\n#include \"config/config_value.h\"\n"
	print "#define FIELD(name) offsetof(struct config, name), sizeof(((struct config *)NULL)->name)\n"
	for (i = 1; i <= keys; i++)
		if (kind[i] == "word")
			write_words(i)
	print "\nconst struct config_row config_rows[] = {"
	for (i = 1; i <= keys; i++)
		write_row(i)
	print "};\n\nconst size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);"
}

# ---- the sentences of the documents ----

# The description of a key: sentences, with code between backticks.
function description(i, text, k) {
	text = toupper(substr(row[i, "help"], 1, 1)) substr(row[i, "help"], 2) "."
	for (k = 1; k <= words[i]; k++)
		text = text " `" word[i, k] "`: " meaning[i, k]
	return text (key_text[i] ? " " key_text[i] : "")
}

# The facts of a key: values, default, programs, SIGHUP.
function facts(i, text, k, bound) {
	text = "Accepted: "
	if (kind[i] == "word")
		for (k = 1; k <= words[i]; k++)
			text = text (k > 1 ? ", " : "") "`" word[i, k] "`"
	else if (kind[i] in value_of) {
		split(row[i, "range"], bound, " ")
		text = text "`" bound[1] "` to `" bound[2] "` (" \
			((i, "unit") in row ? row[i, "unit"] : unit_of[kind[i]]) ")"
	} else
		text = text row[i, "accepted"] (kind[i] == "list" ? "; repeatable" : "")
	text = text ". Default: " ((i, "default") in row ? "`" row[i, "default"] "`" : "none")
	text = text ". Used by: " who[row[i, "for"]]
	return text ". SIGHUP: " ((i, "sighup") in row ? row[i, "sighup"] : "no") "."
}

# Prints text in lines of at most width columns. Code between backticks stays in one line.
function wrap(text, first, other, width, n, piece, k, line, unit, marks) {
	n = split(text, piece, " ")
	line = first
	unit = ""
	for (k = 1; k <= n; k++) {
		unit = unit (unit == "" ? "" : " ") piece[k]
		marks = unit
		if (gsub(/`/, "", marks) % 2 == 1)
			continue
		if (line != first && line != other && length(line " " unit) > width) {
			print line
			line = other unit
		} else
			line = line (line == first || line == other ? "" : " ") unit
		unit = ""
	}
	print line
}

# ---- configuration.md ----

function write_md(i, at) {
	for (i = 1; i <= keys; i++) {
		if (section_of[i] != at) {
			at = section_of[i]
			print "\n### " section[at] "\n"
			if (section_text[at]) {
				wrap(section_text[at], "", "", 118)
				print ""
			}
		}
		wrap("`" key[i] "`: " description(i), "- ", "  ", 118)
		wrap(facts(i), "  - ", "    ", 118)
	}
	print ""
}

# ---- escrowchat.conf ----

function quoted(text) {
	gsub(/`/, "\"", text)
	return text
}

function plain(text) {
	gsub(/`/, "", text)
	return text
}

function write_conf(i, at) {
	for (i = 1; i <= keys; i++) {
		if (section_of[i] != at) {
			at = section_of[i]
			print "\n# ---- " section[at] " ----"
			if (section_text[at])
				wrap(quoted(section_text[at]), "# ", "# ", 100)
		}
		print ""
		wrap(quoted(description(i)), "# ", "# ", 100)
		wrap(plain(facts(i)), "# ", "# ", 100)
		if ((i, "default") in row)
			print "#" key[i] " = " row[i, "default"]
		else if (!((i, "example") in row))
			print "#" key[i] " ="
		if ((i, "example") in row)
			print "#" key[i] " = " row[i, "example"] "  # example"
	}
}

# ---- escrowchat.conf(5) ----

# Arguments of a macro that are printed as they are: no macro's name, no delimiter.
function man_words(text, n, piece, k, out) {
	gsub(/-/, "\\-", text)
	n = split(text, piece, " ")
	for (k = 1; k <= n; k++)
		out = out (k > 1 ? " " : "") (piece[k] ~ /^([A-Z%][A-Za-z]?[a-z]?|[][().,:;?!|])$/ ? "\\&" : "") piece[k]
	return out
}

function man_plain(text) {
	sub(/^ +/, "", text)
	sub(/ +$/, "", text)
	if (text != "")
		print ((text ~ /^[.']/) ? "\\&" : "") text
}

# One sentence. A mark that stands at code belongs to the macro that prints the code.
function man_sentence(text, n, piece, k, open, marks) {
	n = split(text, piece, "`")
	for (k = 1; k <= n; k++) {
		if (k % 2 == 1) {
			open = k < n && piece[k] ~ /[(]$/ ? "( " : ""
			sub(/[(]$/, "", piece[k])
			man_plain(piece[k])
			continue
		}
		marks = ""
		while (k < n && match(piece[k + 1], /^[.,:;)]/)) {
			marks = marks " " substr(piece[k + 1], 1, 1)
			piece[k + 1] = substr(piece[k + 1], 2)
		}
		print ".Ql " open man_words(piece[k]) marks
	}
}

# Each sentence begins a line.
function man_text(text, end) {
	while (match(text, /[.] [A-Z`]/)) {
		end = RSTART # before another match
		man_sentence(substr(text, 1, end))
		text = substr(text, end + 2)
	}
	man_sentence(text)
}

function write_man(i, at) {
	for (i = 1; i <= keys; i++) {
		if (section_of[i] != at) {
			if (at)
				print ".El"
			at = section_of[i]
			print ".Ss " section[at]
			if (section_text[at])
				man_text(section_text[at])
			print ".Bl -tag -width Ds"
		}
		print ".It Ic " key[i]
		man_text(description(i))
		print ".Pp"
		man_text(facts(i))
	}
	print ".El"
}

# ---- the whole ----

function write_page(i, is_old, found) {
	for (i = 1; i <= lines; i++) {
		if (part in END_MARK && page[i] == END_MARK[part])
			is_old = 0
		if (is_old)
			continue
		if (part != "man" || page[i] != MARK[part])
			print page[i]
		if (index(page[i], MARK[part]) != 1)
			continue
		found = 1
		is_old = part != "man"
		if (part == "md")
			write_md()
		else if (part == "conf")
			write_conf()
		else
			write_man()
	}
	if (!found) {
		print "no line begins with " MARK[part] > "/dev/stderr"
		exit 1
	}
}

END {
	if (failed)
		exit 1
	end_key()
	if (failed)
		exit 1
	if (part == "c")
		write_rows()
	else
		write_page()
}
