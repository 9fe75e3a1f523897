# embed.awk - makes C of the SQL under sql/: awk -v part=h|c -f embed.awk inspect.sql open.sql queries.sql schema/*.sql
# A block of a file other than schema/'s begins with "-- name: some_name"; a file of schema/ is one migration, whose number
# becomes user_version. Other lines that begin with "--" are comments and are left out of the blocks.

function die(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

function quoted(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	gsub(/\t/, "\\t", line)
	return "\t \"" line "\\n\"\n"
}

FNR == 1 {
	base = FILENAME
	sub(/.*\//, "", base)
	is_migration = FILENAME ~ /(^|\/)schema\//
	has_block = 0
	if (is_migration) {
		number = base + 0
		if (number != ++migrations)
			die("migrations are numbered 1, 2, 3 ... without a hole, and named in that order")
		migration_name[migrations] = base
	}
}

is_migration {
	migration_text[migrations] = migration_text[migrations] quoted($0)
	next
}

/^-- name: / {
	name = $3
	if (NF != 3 || name !~ /^[a-z][a-z0-9_]*$/)
		die("-- name: one_lower_case_name")
	if (name in seen)
		die("the name " name " was given before")
	seen[name] = 1
	block_name[++blocks] = name
	block_once[blocks] = base == "queries.sql" ? "false" : "true"
	has_block = 1
	next
}

/^--/ || /^[ \t]*$/ { next }

{
	if (!has_block)
		die("a statement before the first -- name:")
	block_text[blocks] = block_text[blocks] quoted($0)
}

function write_header(i) {
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * sql.h - made by sql/embed.awk of the files under sql/: every statement, and the migrations.\n */"
	print "#ifndef STORE_SQL_H\n#define STORE_SQL_H\n\n#include <stdbool.h>\n"
	print "enum sql_id {"
	for (i = 1; i <= blocks; i++)
		print "\tSQL_" toupper(block_name[i]) ","
	print "\tSQL_COUNT\n};\n"
	print "#define SQL_MIGRATIONS " migrations " /* the newest user_version */\n"
	print "struct sql_text {\n\tconst char *name;\n\tconst char *text;\n\tbool is_once; /* not kept prepared */\n};"
	print "extern const struct sql_text sql_texts[SQL_COUNT];\n"
	print "struct sql_migration {\n\tconst char *name;\n\tconst char *text;\n};"
	print "extern const struct sql_migration sql_migrations[SQL_MIGRATIONS]; /* [0] makes user_version 1 */\n\n#endif"
}

function write_tables(i) {
	print "/* SPDX-License-Identifier: ISC */"
	print "/*\n * sql.c - made by sql/embed.awk of the files under sql/.\n */"
	print "#include \"store/sql.h\"\n"
	print "const struct sql_text sql_texts[SQL_COUNT] = {"
	for (i = 1; i <= blocks; i++)
		printf "\t{\"%s\",\n%s\t , %s},\n", block_name[i], block_text[i], block_once[i]
	print "};\n\nconst struct sql_migration sql_migrations[SQL_MIGRATIONS] = {"
	for (i = 1; i <= migrations; i++)
		printf "\t{\"%s\",\n%s%s\t},\n", migration_name[i], migration_text[i], \
			quoted("PRAGMA user_version = " i ";")
	print "};"
}

END {
	if (failed)
		exit 1
	for (i = 1; i <= blocks; i++)
		if (block_text[i] == "") {
			printf "%s: no statement\n", block_name[i] > "/dev/stderr"
			exit 1
		}
	if (part == "h")
		write_header()
	else
		write_tables()
}
