#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - runs end-to-end tests: the files named, or all of them. Exits 77 with a reason where a tool is missing.
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
for program in escrowchatd escrowchat.fcgi; do
	[ -x "$BUILDDIR/$program" ] || { echo "$BUILDDIR/$program is not built" >&2; exit 1; }
done

[ $# -gt 0 ] || set -- "$here"/*.test.mjs
failed=0 skipped=0
for file; do
	echo "== ${file##*/}"
	node "$file" && continue
	[ $? = 77 ] && skipped=1 || failed=1
done
[ $failed = 0 ] || exit 1
[ $skipped = 0 ] || exit 77
