#!/bin/sh
# SPDX-License-Identifier: ISC
# events.sh - checks that the blocks which events.table makes stand in the source tree as the table
# has them, that the browser client listens to each event of the server, and that each path of a
# wire is known to AsyncAPI, the documents and the web servers. Prints every difference; SRCDIR is
# the source tree.
set -eu

cd "${SRCDIR:-$(dirname "$0")/../..}"
export LC_ALL=C
table=src/contract/events.table
made=$(mktemp "${TMPDIR:-/tmp}/escrowchat-events.XXXXXX")
trap 'rm -f "$made"' EXIT
offences=0

# Every awk that is here makes the same.
for awk in awk mawk gawk original-awk; do
	command -v $awk >/dev/null 2>&1 || continue
	for file in contrib/client/escrowchat.d.ts contrib/doc/protocol.md; do
		$awk -v part=blocks -f src/contract/types.awk -f src/contract/events.awk $table $file >"$made"
		diff "$file" "$made" || { echo "$file is not as $table has it ($awk): make events"; offences=1; }
	done
done

# An EventSource hears only the names that it listens to.
names=$(awk '/var NAMES = /,/split/' contrib/client/escrowchat.js | grep -o "[a-z_]*[a-z:_]*[a-z]" | sort)
for name in $(awk '$1 == "server" || $1 == "platform" { $1 = ""; print }' $table); do
	echo "$names" | grep -qx -- "$name" || { echo "escrowchat.js: NAMES lacks $name"; offences=1; }
done

# A path of a wire that is missing in one of these files is not served, or not described.
paths=$(grep -oh '{"/[^"]*", [a-z_]*handle' src/wires/*/*.c | cut -d'"' -f2 | sort -u)
[ "$(echo "$paths" | wc -l)" -ge 5 ] || { echo "the paths of the wires are not found: $paths"; offences=1; }
for path in $paths; do
	for file in src/contract/events.awk contrib/doc/protocol.md contrib/doc/deployment.md contrib/man/escrowchatd.8 \
		contrib/nginx/escrowchat.conf contrib/lighttpd/escrowchat.conf contrib/apache/escrowchat.conf; do
		name=$(echo "$path" | tr -d /)
		tr -d '\\/' <"$file" | grep -qE "(^|[^a-z])$name([^a-z]|\$)" || { echo "$file does not know $path"; offences=1; }
	done
done
exit $offences
