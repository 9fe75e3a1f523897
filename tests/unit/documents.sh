#!/bin/sh
# SPDX-License-Identifier: ISC
# documents.sh - proves that the documents that are made from tables say what the tables say, and that
# a table that is not whole makes nothing. `documents.sh write` (make documents) writes the documents.
# SRCDIR is the source tree, AWK the awk to use; the proof is repeated with each awk that is there.
set -u

cd "${SRCDIR:-$(dirname "$0")/../..}" || exit 1
export LC_ALL=C
: "${AWK:=awk}"
new=$(mktemp) || exit 1
trap 'rm -f "$new"' EXIT
failures=0

config=src/base/config.table

# make_document DOCUMENT: prints the document as its table has it, with $AWK.
make_document() {
	case $1 in
	contrib/doc/configuration.md) $AWK -v part=md -f src/base/config.awk $config "$1" ;;
	contrib/escrowchat.conf) $AWK -v part=conf -f src/base/config.awk $config "$1" ;;
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
	if said=$($AWK -v part=c -f src/base/config.awk "$new" 2>&1 >/dev/null); then
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

documents='contrib/doc/configuration.md contrib/escrowchat.conf'

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
done
echo "$failures failures"
exit $((failures > 0))
