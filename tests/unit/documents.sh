#!/bin/sh
# SPDX-License-Identifier: ISC
# documents.sh - proves that the documents that are made from tables say what the tables say, that
# sql/schema.sql is the schema of a new database, and that a table that is not whole makes nothing.
# `documents.sh write` (make documents) writes the documents. SRCDIR is the source tree, BUILDDIR
# the build's, AWK the awk to use; the proof is repeated with each awk that is there.
set -u

build=$(cd "${BUILDDIR:-.}" && pwd) || exit 1
cd "${SRCDIR:-$(dirname "$0")/../..}" || exit 1
export LC_ALL=C
: "${AWK:=awk}"
new=$(mktemp) && schema=$(mktemp) || exit 1
trap 'rm -f "$new" "$schema"' EXIT
failures=0

config=src/config/config.table

# make_document DOCUMENT: prints the document as its table has it, with $AWK.
make_document() {
	case $1 in
	contrib/doc/configuration.md) $AWK -v part=md -f src/config/config.awk $config "$1" ;;
	contrib/escrowchat.conf) $AWK -v part=conf -f src/config/config.awk $config "$1" ;;
	sql/schema.sql) $AWK -f sql/schema.awk sql/schema.table "$schema" ;;
	esac
}

complain() {
	echo "$1" >&2
	failures=$((failures + 1))
}

write() {
	make_document "$1" >"$new" && [ -s "$new" ] || { complain "$1: not made"; return; }
	cmp -s "$new" "$1" || { cat "$new" >"$1" && echo "$1 is new"; }
}

check() {
	if ! make_document "$1" >"$new"; then
		complain "$1: $AWK does not make it"
	elif ! diff -u "$1" "$new" >&2; then
		complain "$1: not what its table says with $AWK: run make documents"
	fi
}

# refuses WORDS SED: the table changed by the sed program makes no C, and the error has the words.
refuses() {
	sed "$2" $config >"$new"
	if said=$($AWK -v part=c -f src/config/config.awk "$new" 2>&1 >/dev/null); then
		complain "$config with '$2' is accepted by $AWK"
	elif ! echo "$said" | grep -q "^$new:[0-9]*: $1\$"; then
		complain "$config with '$2': $AWK says: $said (wanted: $1)"
	fi
}

# A key that is not described, or not whole, does not build.
check_refusals() {
	refuses 'the key max_rooms has no line "help"' '/^key max_rooms/,/^$/ { /help/d; }'
	refuses 'the key log_level has no line "help"' '/^key log_level/,$ { /help/d; }'
	refuses 'nothing behind "help"' '/^key max_rooms/,/^$/ s/help .*/help/'
	refuses 'the key max_rooms has no line "for"' '/^key max_rooms/,/^$/ { /	for /d; }'
	refuses 'the key max_rooms has no line "unit"' '/^key max_rooms/,/^$/ { /unit/d; }'
	refuses 'the key max_rooms has no line "range"' '/^key max_rooms/,/^$/ { /range/d; }'
	refuses 'the key max_rooms has no line "default"' '/^key max_rooms/,/^$/ { /default/d; }'
	refuses 'the key recovery has the range 0 1y: 1y is no duration' 's/range 0 1d/range 0 1y/'
	refuses 'the key auth has a default that is none of its words' 's/default wallet/default purse/'
	refuses 'the key max_rooms was given before' 's/^key max_header/key max_rooms/'
	refuses '"defalt" is unknown' 's/default wallet/defalt wallet/'
	refuses 'a word, its value in C, and its meaning with a full stop' 's/\(word full [A-Z_]*\).*/\1/'
}

# A database that is made by sql/schema.sql has the objects that sql/schema.sql shows.
check_schema_runs() {
	"$build/tests/unit/schema_dump" sql/schema.sql >"$new.dump" &&
		$AWK -f sql/schema.awk sql/schema.table "$new.dump" >"$new" || complain 'sql/schema.sql does not run'
	rm -f "$new.dump"
	# The file does not set the version.
	sed 's/^\(-- whose newest is number\) [0-9]*/\1 0/' sql/schema.sql | diff -u - "$new" >&2 ||
		complain 'sql/schema.sql makes other objects than it shows'
}

# An object or a column without a description, and a description of nothing, make no sql/schema.sql.
check_schema_refusals() {
	for change in '/^table tallies/,/^$/d' 's/^	column nonce 64/	column once 64/' '/column nonce 64/d' \
		's/^index tokens_by_wallet/view tokens_by_wallet/'; do
		sed "$change" sql/schema.table >"$new"
		if $AWK -f sql/schema.awk "$new" "$schema" >/dev/null 2>&1; then
			complain "sql/schema.table with '$change' is accepted by $AWK"
		fi
	done
}

# Two routes with a path in common, of which nothing says which one serves it, make nothing.
check_route_refusals() {
	for row in 'GET /api/{escrowId}/chat/history' 'GET /api/chat/unread'; do
		{ cat fcgi/routes/routes.table && printf '\nroute %s\n' "$row"; } >"$new"
		said=$($AWK -v part=c -f fcgi/routes/routes.awk -f fcgi/routes/openapi.awk -f fcgi/routes/docs.awk "$new" 2>&1 >/dev/null) &&
			complain "routes.table with $row is accepted by $AWK"
		echo "$said" | grep -q 'have paths in common$' || complain "routes.table with $row: $AWK says: $said"
	done
}

documents='contrib/doc/configuration.md contrib/escrowchat.conf sql/schema.sql'
"$build/tests/unit/schema_dump" >"$schema" || { echo "make tests/unit/schema_dump first, and set BUILDDIR" >&2; exit 1; }

if [ "${1:-check}" = write ]; then
	for document in $documents; do
		write $document
	done
	exit $((failures > 0))
fi
for AWK in "$AWK" mawk gawk original-awk; do
	command -v "$AWK" >/dev/null || continue
	for document in $documents; do
		check $document
	done
	check_refusals
	check_schema_refusals
	check_schema_runs
	check_route_refusals
done
echo "$failures failures"
exit $((failures > 0))
