# schema.awk - makes schema.sql: awk -f schema.awk schema.table DUMP
# DUMP is the output of tests/unit/schema_dump: "@ version N", and for each object of a database
# "@ TYPE NAME" and the lines of its statement. An object without a description is an error, and a
# description without an object.

function die(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

# The line behind its first n words.
function behind(n, i, rest) {
	rest = $0
	for (i = 0; i < n; i++)
		sub(/^[ \t]*[^ \t]+/, "", rest)
	sub(/^[ \t]+/, "", rest)
	return rest
}

BEGIN {
	WIDTH_MAX = 50 # of a declaration; the description of a longer one stands above it
	objects = files = failed = 0
}

FNR == 1 { files++ }

# ---- the database ----

files > 1 && $1 == "@" && $2 == "version" {
	version = $3
	next
}

files > 1 && $1 == "@" {
	current = $3
	if (!(current in type))
		die("the " $2 " " current " is not described in schema.table")
	if (type[current] != $2)
		die("schema.table takes the " $2 " " current " for a " type[current])
	is_there[current] = 1
	lines[current] = 0
	next
}

files > 1 {
	line[current, ++lines[current]] = $0
	next
}

# ---- the descriptions ----

/^#/ || /^[ \t]*$/ { next }

$1 == "part" {
	title = behind(1)
	next
}

$1 == "table" || $1 == "view" || $1 == "index" || $1 == "trigger" {
	if (NF != 2 || ($2 in type))
		die($1 " and a name that was not given before")
	name[++objects] = $2
	type[$2] = $1
	part[$2] = title
	title = ""
	next
}

objects == 0 || NF < 2 { die("\"" $1 "\" before an object, or with nothing behind it") }

$1 == "text" {
	texts[name[objects]]++
	text[name[objects], texts[name[objects]]] = behind(1)
	next
}

$1 == "column" && type[name[objects]] == "table" && NF > 2 {
	column[name[objects], $2] = behind(2)
	next
}

{ die("\"" $1 "\" is unknown") }

# ---- the file ----

# Sentences in lines of at most 100 columns. A line of its own begins with a full stop.
function write_text(of, i, n, k, word, out) {
	out = ""
	for (i = 1; i <= texts[of]; i++) {
		if (text[of, i] ~ /^[.] /) {
			if (out != "")
				print "--" out
			out = ""
			print "--" substr(text[of, i], 2)
			continue
		}
		n = split(text[of, i], word, " ")
		for (k = 1; k <= n; k++) {
			if (length(out " " word[k]) > 98) {
				print "--" out
				out = ""
			}
			out = out " " word[k]
		}
	}
	if (out != "")
		print "--" out
}

# The name of the column that a line of CREATE TABLE declares, or "".
function column_of(one, part) {
	if (one !~ /^\t[a-z_]+ +[A-Z]/)
		return ""
	split(substr(one, 2), part, " ")
	return part[1]
}

# The statement without the migration's comments, and with a description of each column.
function write_table(of, i, one, width, declared) {
	width = 0
	for (i = 1; i <= lines[of]; i++) {
		one = line[of, i]
		sub(/[ \t]*-- .*$/, "", one)
		if (i == 1)
			gsub(/"/, "", one) # a table that was renamed
		line[of, i] = one
		if (column_of(one) != "" && length(one) > width && length(one) <= WIDTH_MAX)
			width = length(one)
	}
	for (i = 1; i <= lines[of]; i++) {
		one = line[of, i]
		declared = column_of(one)
		if (declared != "") {
			if (!((of, declared) in column)) {
				printf "schema.table: the column %s of %s is not described\n", declared, of > "/dev/stderr"
				failed = 1
			}
			if (length(one) > WIDTH_MAX)
				print "\t-- " column[of, declared]
			else
				one = sprintf("%-" width "s -- %s", one, column[of, declared])
			delete column[of, declared]
		}
		if (one != "")
			print one (i == lines[of] ? ";" : "")
	}
}

function write_object(of, i) {
	if (part[of] != "")
		print "\n-- ---- " part[of] " ----"
	print ""
	write_text(of)
	if (type[of] == "table") {
		write_table(of)
		return
	}
	for (i = 1; i <= lines[of]; i++)
		print line[of, i] (i == lines[of] ? ";" : "")
}

END {
	if (failed)
		exit 1
	print "-- schema.sql - the schema of today, for reading: `make documents` makes it from a new database and"
	print "-- from schema.table. The programs do not read this file: they run the migrations under schema/,"
	print "-- whose newest is number " version ". The tables of SQLite and of its full-text index are not shown."
	for (i = 1; i <= objects; i++)
		if (name[i] in is_there)
			write_object(name[i])
		else {
			printf "schema.table: there is no %s %s\n", type[name[i]], name[i] > "/dev/stderr"
			failed = 1
		}
	for (left in column) {
		split(left, pair, SUBSEP)
		printf "schema.table: there is no column %s of %s\n", pair[2], pair[1] > "/dev/stderr"
		failed = 1
	}
	exit failed
}
