# SPDX-License-Identifier: ISC
# lib.sh - sourced by run.sh and guard.sh, which set SRCDIR: the servers of a benchmark, in a directory of their own.
# Sets dir, and server_pids: the processes that are running, in the order of their start.

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

# give_up WHAT: ends the benchmark, and shows the logs of the servers.
give_up() {
	echo "$1 did not happen:" >&2
	cat "$dir"/*.log "$dir"/*.out >&2 2>/dev/null
	exit 1
}

# until_true WHAT COMMAND...: asks ten times a second; the limit of ten minutes is for what never happens.
until_true() {
	what=$1 tries=0
	shift
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 6000 ] || give_up "$what"
		sleep 0.1
	done
}

fresh_database() {
	rm -rf "$dir/db"
	mkdir -m 700 "$dir/db"
}

# A port that was free a moment ago; who then does not get it asks again: some_port TRY.
some_port() {
	echo $((20000 + ($$ * 7 + $(date +%s) + $1 * 101) % 10000))
}

# True when a server listens there, or pid has ended.
is_listening() { # is_listening ADDRESS PID
	[ -d "/proc/$2" ] || return 0
	case $1 in
	unix:*) test -S "${1#unix:}" ;;
	*) grep -q ":$(printf %04X "${1#*:}") 00000000:0000 0A" /proc/net/tcp ;;
	esac
}

# Waits for "listening on ADDRESS" in a server's log; sets address.
wait_for_address() {
	until_true 'a listening server' grep -qs 'listening on ' "$1"
	address=$(sed -n 's/.*listening on \([^ ]*\).*/\1/p' "$1" | head -n 1)
}

# A benchmark sends faster than any wallet may.
no_limits='--message-rate 0 --message-bytes 0'

# The daemon: start_daemon unix|… [COMMAND...], the command being what it runs under; sets address and daemon_pid. Below level info it
# does not say which port it got, so it is given one; a taken one is tried again.
start_daemon() {
	family=$1 address=unix:$dir/daemon.socket
	shift
	rm -f "$dir/daemon.socket"
	for try in 1 2 3 4 5; do
		[ "$family" = unix ] || address=127.0.0.1:$(some_port $try)
		"$@" "$BUILDDIR/escrowchatd" --listen "$address" --database "$dir/db/bench.db" --auth open --rooms open \
			--durability "$DURABILITY" --log-level "$LOG_LEVEL" \
			$no_limits --event-rate 0 --max-per-wallet 0 >"$dir/daemon.log" 2>&1 &
		daemon_pid=$!
		until_true 'the daemon starting' is_listening "$address" $daemon_pid
		! kill -0 $daemon_pid 2>/dev/null || break
		[ $try -lt 5 ] || give_up 'the daemon starting'
	done
	server_pids="$server_pids $daemon_pid"
}

# The bare loop: start_floor unix|… [COMMAND...] -- OPTIONS...; sets address.
start_floor() {
	at=127.0.0.1:0
	[ "$1" != unix ] || at=unix:$dir/floor.socket
	shift
	under=
	while [ "$1" != -- ]; do
		under="$under $1"
		shift
	done
	shift
	rm -f "$dir/floor.log"
	$under "$bench/bench-floor" --listen "$at" "$@" >"$dir/floor.log" 2>&1 &
	server_pids=$!
	wait_for_address "$dir/floor.log"
}

# The REST program behind lighttpd: start_rest [COMMAND...]; sets rest_address, and rest_pids of both.
start_rest() {
	rm -f "$dir/fcgi.socket"
	"$@" "$BUILDDIR/escrowchat.fcgi" --listen "unix:$dir/fcgi.socket" --database "$dir/db/bench.db" --auth open \
		--rooms open --durability "$DURABILITY" --log-level "$LOG_LEVEL" $no_limits >"$dir/fcgi.log" 2>&1 &
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
			server.max-keep-alive-requests = 65535
			server.stream-response-body = 1
			fastcgi.server = ("/api/" => (("socket" => "$dir/fcgi.socket", "check-local" => "disable")))
		END
		lighttpd -D -f "$dir/lighttpd.conf" >"$dir/lighttpd.out" 2>&1 &
		pid=$!
		until_true 'lighttpd starting' is_listening "127.0.0.1:$port" $pid
		! kill -0 $pid 2>/dev/null || break
		[ $try -lt 5 ] || give_up 'lighttpd starting'
	done
	rest_address=127.0.0.1:$port
	rest_pids=$rest_pids,$pid
	server_pids="$server_pids $pid"
}

# ---- other servers: each sets address and server_pids ----

install_peers() {
	. "$SRCDIR/contrib/packages.sh"
	install_packages nginx-light libnginx-mod-nchan nats-server && install_tool node nodejs && install_tool npm npm || exit 1
	mkdir -p "$bench/modules"
	cp "$SRCDIR"/tests/bench/peers/* "$bench/modules"
	[ -d "$bench/modules/node_modules/better-sqlite3" ] || (cd "$bench/modules" && npm ci --no-audit --no-fund) || exit 1
}

start_node() { # start_node PROGRAM [DATABASE]
	rm -f "$dir/peer.log"
	program=$1
	shift
	$on_server node "$bench/modules/$program" "$@" >"$dir/peer.log" 2>&1 &
	server_pids=$!
	wait_for_address "$dir/peer.log"
}

start_nchan() {
	address=127.0.0.1:$(some_port 1)
	cat >"$dir/nginx.conf" <<-END
		load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
		daemon off;
		master_process off;
		pid $dir/nginx.pid;
		error_log $dir/peer.log notice;
		worker_rlimit_nofile 20000;
		events { worker_connections 19000; }
		http {
			access_log off;
			keepalive_requests 1000000;
			client_body_temp_path $dir;
			server {
				listen $address backlog=1024;
				location ~ ^/pubsub/(.+)\$ { nchan_pubsub websocket; nchan_channel_id \$1; nchan_subscriber_first_message newest; }
				location ~ ^/sub/(.+)\$ { nchan_subscriber eventsource longpoll; nchan_channel_id \$1; nchan_subscriber_first_message newest; }
				location ~ ^/pub/(.+)\$ { nchan_publisher; nchan_channel_id \$1; }
			}
		}
	END
	$on_server nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/peer.log" &
	server_pids=$!
	until_true 'nginx starting' is_listening "$address" $server_pids
}

start_nats() {
	address=127.0.0.1:$(some_port 1)
	$on_server nats-server -a 127.0.0.1 -p "${address#*:}" -l "$dir/peer.log" &
	server_pids=$!
	until_true 'nats-server starting' is_listening "$address" $server_pids
}
