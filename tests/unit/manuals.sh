#!/bin/sh
# SPDX-License-Identifier: ISC
# manuals.sh - proves that groff has no warning about the manual pages, and that escrowchat.conf(5)
# has every key. SRCDIR is the source tree, BUILDDIR the build's. Without groff the test is skipped
# (77).
set -u
export LC_ALL=C

if ! command -v groff >/dev/null; then
	echo 'groff is missing: apt-get install groff-base'
	exit 77
fi
source=${SRCDIR:-$(dirname "$0")/../..}
build=${BUILDDIR:-.}
failures=0

complain() {
	echo "$1" >&2
	failures=$((failures + 1))
}

for page in "$source"/contrib/man/*.[1-8] "$build/contrib/man/escrowchat.fcgi.8" "$build/contrib/man/escrowchat.conf.5"; do
	said=$(groff -mdoc -ww -Tutf8 -P -c "$page" 2>&1 >/dev/null) && [ -z "$said" ] || complain "$page: $said"
done

# The daemon has all keys in --help, its own and those of the other program.
keys=$("$build/escrowchatd" --help | sed -n 's/^  --\([a-z-]*\) [A-Z].*/\1/p' | tr - _ | sort)
described=$(sed -n 's/^\.It Ic \([a-z_]*\)$/\1/p' "$build/contrib/man/escrowchat.conf.5" | sort)
[ -n "$keys" ] && [ "$keys" = "$described" ] ||
	complain "in escrowchat.conf(5) or in --help alone: $(printf '%s\n' "$keys" "$described" | sort | uniq -u | tr '\n' ' ')"

echo "$failures failures"
exit $((failures > 0))
