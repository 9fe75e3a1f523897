#!/bin/sh
# SPDX-License-Identifier: ISC
# scale.sh - history, unread list and search with ever more messages: scale.sh [MESSAGES ...] (10000 1000000 10000000).
# Builds each database (10 million messages: some minutes, 3 GB), starts escrowchat.fcgi on it and asks it by scale.mjs.
# Environment: BUILDDIR, SRCDIR, KEEP (a directory where the databases stay for another time).
set -eu

: "${SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
. "$SRCDIR/tests/bench/lib.sh"
trap 'stop_servers; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
: "${KEEP:=$dir}"
for program in "$BUILDDIR/escrowchat.fcgi" "$bench/bench-fill"; do
	[ -x "$program" ] || { echo "$program is not built: make all bench" >&2; exit 1; }
done

[ $# -gt 0 ] || set -- 10000 1000000 10000000
echo '|   messages | what                                     | first ms |   p50 ms |   p99 ms |   max ms |   count |'
echo '|---|---|---|---|---|---|---|'
for messages; do
	database=$KEEP/$messages.db
	[ -e "$database" ] || "$bench/bench-fill" "$database" "$messages"
	rm -f "$dir/fcgi.socket"
	"$BUILDDIR/escrowchat.fcgi" --listen "unix:$dir/fcgi.socket" --database "$database" --auth open --log-level "$LOG_LEVEL" \
		>"$dir/fcgi.log" 2>&1 &
	server_pids=$!
	until_true "escrowchat.fcgi's socket" test -S "$dir/fcgi.socket"
	node "$SRCDIR/tests/bench/scale.mjs" "$dir/fcgi.socket" "$messages"
	stop_servers
done
