#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - runs end-to-end tests: the files named, or all of them. Exits 77 with a reason where a tool is missing or a test
# was skipped.
# BUILDDIR: where escrowchatd and escrowchat.fcgi are; SRCDIR: the source tree. Works from any directory.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${SRCDIR:=$(cd "$here/../.." && pwd)}"
: "${BUILDDIR:=$PWD}"
export SRCDIR BUILDDIR

skip() {
	echo "skipped: $1"
	exit 77
}

PATH=$PATH:/usr/sbin:/sbin
for tool in node lighttpd sqlite3 prlimit; do
	command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' ||
	skip "node 18 or newer is needed, this is $(node --version)"
for program in escrowchatd escrowchat.fcgi escrowchatctl; do
	[ -x "$BUILDDIR/$program" ] || { echo "$BUILDDIR/$program is not built" >&2; exit 1; }
done

[ $# -gt 0 ] || set -- "$here"/*.test.mjs
out=$(mktemp -d "${TMPDIR:-/tmp}/escrowchat-e2e.XXXXXX")
trap 'rm -rf "$out"' EXIT
trap 'exit 1' INT TERM HUP
skipped=0
: >"$out/failures"
for file; do
	echo "== ${file##*/}"
	{ status=0; node "$file" 2>&1 || status=$?; echo $status >"$out/status"; } | tee "$out/log"
	case $(cat "$out/status") in
	0) # a test may have called t.skip
		if grep -aqE '^(#|ℹ) skipped [1-9]' "$out/log"; then
			skipped=1
		fi
		;;
	77) skipped=1 ;;
	*)
		echo "== ${file##*/}" >>"$out/failures"
		awk '/^ *not ok /{ inside = 1 } /^ *(ok |# Subtest)/{ inside = 0 } inside && ++n <= 80' "$out/log" >>"$out/failures"
		;;
	esac
done
if [ -s "$out/failures" ]; then # said again where a reader looks first
	echo 'what failed:'
	cat "$out/failures"
	exit 1
fi
[ $skipped = 0 ] || exit 77
