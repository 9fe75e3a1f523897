#!/bin/sh
# SPDX-License-Identifier: ISC
# rest.sh - two REST routes behind lighttpd: escrowchat.fcgi, and the same in Express with better-sqlite3, in turn. CPU time of the web
# server and the program together for each request, and requests in a second; bench-load checks every answer.
# Environment: BUILDDIR, SRCDIR, ROUNDS (3), SECONDS_EACH (5), DURABILITY (normal).
set -eu

: "${SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${ROUNDS:=3}" "${SECONDS_EACH:=5}"
. "$SRCDIR/tests/bench/lib.sh"
trap 'stop_servers; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
on_server=
need_programs
for tool in node npm lighttpd; do
	command -v $tool >/dev/null || { echo "$tool is needed" >&2; exit 1; }
done
mkdir -p "$bench/modules"
cp "$SRCDIR"/tests/bench/peers/* "$bench/modules"
[ -d "$bench/modules/node_modules/express" ] || (cd "$bench/modules" && npm ci --no-audit --no-fund) || exit 1

# As start_rest: sets rest_address, and rest_pids of both.
start_express() {
	start_node express.mjs "$dir/db/express.db"
	rest_pids=$server_pids
	for try in 1 2 3 4 5; do
		port=$(some_port $try)
		cat >"$dir/lighttpd.conf" <<-END
			server.modules = ("mod_proxy")
			server.document-root = "$dir"
			server.bind = "127.0.0.1"
			server.port = $port
			server.errorlog = "$dir/lighttpd.log"
			server.max-keep-alive-requests = 65535
			server.stream-response-body = 1
			proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${address#*:})))
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

# One figure a line of what bench-load prints: figure NAME.
figure() {
	sed -n "s/^$1 \(.*\)/\1/p" "$dir/out"
}

round=1
while [ $round -le "$ROUNDS" ]; do
	for system in escrowchat express; do
		for wire in rest-send rest-history; do
			fresh_database
			case $system in
			escrowchat) start_rest ;;
			express) start_express ;;
			esac
			set -- --connections 8 --window 8 --connect "$rest_address" --pid "$rest_pids"
			"$bench/bench-load" --wire rest-send "$@" --messages 800 >/dev/null
			"$bench/bench-load" --wire $wire "$@" --seconds "$SECONDS_EACH" >"$dir/out" || { cat "$dir/out" >&2; exit 1; }
			echo "$wire $system $(figure cpu_us_per_delivery) $(figure messages_per_second) $(figure latency_p99_us)"
			stop_servers
		done
	done
	round=$((round + 1))
done >"$dir/figures"

awk '
	function median(list, n,    i, k, t) {
		for (i = 2; i <= n; i++)
			for (k = i; k > 1 && list[k - 1] > list[k]; k--) { t = list[k]; list[k] = list[k - 1]; list[k - 1] = t }
		return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	}
	function of(key, column,    i, list) {
		for (i = 1; i <= n[key]; i++) list[i] = v[key, column, i] + 0
		return median(list, n[key])
	}
	{ key = $1 " " $2; n[key]++; for (c = 3; c <= 5; c++) v[key, c, n[key]] = $c }
	END {
		print "| route | program | CPU us a request | requests/s | p99 us | CPU of Express over it |\n|---|---|---|---|---|---|"
		split("rest-send rest-history", wires, " ")
		for (w = 1; w <= 2; w++) {
			ours = of(wires[w] " escrowchat", 3); theirs = of(wires[w] " express", 3)
			printf "| %s | escrowchat.fcgi | %.1f | %d | %d | **%.1f** |\n", wires[w], ours, of(wires[w] " escrowchat", 4), of(wires[w] " escrowchat", 5), theirs / ours
			printf "| %s | Express, better-sqlite3 | %.1f | %d | %d | 1 |\n", wires[w], theirs, of(wires[w] " express", 4), of(wires[w] " express", 5)
		}
	}' "$dir/figures"
