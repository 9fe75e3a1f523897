# SPDX-License-Identifier: ISC
# lib.sh - sourced by run.sh and guard.sh: the servers of a benchmark, in a directory of their own.
# Sets dir, and server_pids: of what is running, in the order it was started.

: "${BUILDDIR:=$PWD}" "${DURABILITY:=normal}" "${LOG_LEVEL:=warn}"
bench=$BUILDDIR/tests/bench
PATH=$PATH:/usr/sbin:/sbin

dir=$(mktemp -d)
chmod 700 "$dir"
server_pids=

need_programs() {
	for program in "$BUILDDIR/escrowchatd" "$BUILDDIR/escrowchat.fcgi" "$bench/bench-floor" "$bench/bench-load"; do
		[ -x "$program" ] || { echo "$program is not built: make all bench" >&2; exit 1; }
	done
}

stop_servers() {
	for pid in $server_pids; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $server_pids; do
		wait "$pid" 2>/dev/null || :
	done
	server_pids=
}

# until_true WHAT COMMAND...: asks ten times a second, for 10 s.
until_true() {
	what=$1 tries=0
	shift
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "$what did not happen:" >&2; cat "$dir"/*.log >&2; exit 1; }
		sleep 0.1
	done
}

fresh_database() {
	rm -rf "$dir/db"
	mkdir -m 700 "$dir/db"
}

# The daemon at a Unix socket or a port: start_daemon LISTEN [COMMAND...], the command being what it runs under.
start_daemon() {
	at=$1
	shift
	"$@" "$BUILDDIR/escrowchatd" --listen "$at" --database "$dir/db/bench.db" --auth open --rooms open \
		--durability "$DURABILITY" --log-level "$LOG_LEVEL" >"$dir/daemon.log" 2>&1 &
	server_pids="$server_pids $!"
}

# A port that was free a moment ago; who then does not get it asks again: some_port TRY.
some_port() {
	echo $((20000 + ($$ * 7 + $(date +%s) + $1 * 101) % 10000))
}

# The REST program behind lighttpd: start_rest [COMMAND...]; sets rest_address, and rest_pids of both.
start_rest() {
	rm -f "$dir/fcgi.socket" "$dir/lighttpd.log"
	"$@" "$BUILDDIR/escrowchat.fcgi" --listen "unix:$dir/fcgi.socket" --database "$dir/db/bench.db" --auth open \
		--rooms open --durability "$DURABILITY" --log-level "$LOG_LEVEL" >"$dir/fcgi.log" 2>&1 &
	rest_pids=$!
	server_pids="$server_pids $!"
	until_true "escrowchat.fcgi's socket" test -S "$dir/fcgi.socket"
	for try in 1 2 3 4 5; do
		port=$(some_port $try)
		cat >"$dir/lighttpd.conf" <<-END
			server.modules = ("mod_fastcgi")
			server.document-root = "$dir"
			server.bind = "127.0.0.1"
			server.port = $port
			server.errorlog = "$dir/lighttpd.log"
			server.max-keep-alive-requests = 1000000
			server.stream-response-body = 1
			fastcgi.server = ("/api/" => (("socket" => "$dir/fcgi.socket", "check-local" => "disable")))
		END
		lighttpd -D -f "$dir/lighttpd.conf" >"$dir/lighttpd.out" 2>&1 &
		pid=$!
		until_true 'a word of lighttpd' grep -qs 'server started\|bind' "$dir/lighttpd.log"
		! grep -q 'server started' "$dir/lighttpd.log" || break
		rm "$dir/lighttpd.log"
	done
	rest_address=127.0.0.1:$port
	rest_pids=$rest_pids,$pid
	server_pids="$server_pids $pid"
}
