#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - the daemon and the bare floor in turn, workload by workload: medians, spreads, and the ratio of CPU time per delivery.
#   run.sh [WORKLOAD ...]     all of them without a name; run.sh -l lists them
# Environment: BUILDDIR (where escrowchatd and tests/bench/ are built), ROUNDS (3), SECONDS_EACH (5), DURABILITY (normal),
#   LOG_LEVEL (warn), PIN (1: the server on one CPU, the load on another), RAW (a file that gets every figure of every round).
# The build should be optimised: ./configure CFLAGS=-O2. Nothing else should run on the machine.
set -eu

: "${BUILDDIR:=$PWD}" "${ROUNDS:=3}" "${SECONDS_EACH:=5}" "${DURABILITY:=normal}" "${LOG_LEVEL:=warn}" "${PIN:=0}"
bench=$BUILDDIR/tests/bench

# name | listen | what the users do | what the floor does ("-": no floor) | its wire, and what else differs for its users
workloads() {
	cat <<-'END'
	room-1000                  |tcp  |--connections 1000 --rate 20                                              |--connections 1000 --rate 20 |bare
	room-1000-mute             |tcp  |--connections 1000 --rate 20                                              |--connections 1000 --rate 20 |bare-mute
	room-1000-socketio         |tcp  |--wire socketio --connections 1000 --rate 20                              |--connections 1000 --rate 20 |bare
	room-1000-sse              |tcp  |--wire sse --connections 1000 --rate 20                                   |--connections 1000 --rate 20 |bare
	room-1000-poll             |tcp  |--wire poll --connections 1000 --rate 20                                  |--connections 1000 --rate 20 |bare
	room-1000-poll-asked       |tcp  |--wire poll --connections 1000 --rate 20                                  |--connections 1000 --rate 20 |bare-poll
	room-5000                  |tcp  |--connections 5000 --rate 6                                               |--connections 5000 --rate 6 |bare
	room-1000-burst8           |tcp  |--connections 1000 --rate 80 --burst 8                                    |--connections 1000 --rate 80 --burst 8 |bare
	room-1000-senders8         |tcp  |--connections 1000 --rate 80 --burst 8 --senders 8                        |--connections 1000 --rate 80 --burst 8 |bare
	room-1000-joined8          |tcp  |--connections 1000 --rate 80 --burst 8                                    |--connections 1000 --rate 80 --burst 8 --join |bare
	room-1000-window8          |tcp  |--connections 1000 --window 8                                             |--connections 1000 --rate 80 --burst 8 |bare --rate 80
	pairs                      |tcp  |--connections 2000 --room-size 2 --senders 2 --rate 5000                  |--connections 2000 --room-size 2 --rate 5000 --tick-us 1000 |bare
	pairs-no-acks              |tcp  |--connections 2000 --room-size 2 --senders 2 --rate 5000 --no-acks        |--connections 2000 --room-size 2 --rate 5000 --tick-us 1000 |bare
	pairs-relay                |tcp  |--connections 2000 --room-size 2 --senders 2 --rate 5000                  |--connections 2000 --room-size 2 --relay |bare-relay
	pairs-socketio             |tcp  |--wire socketio --connections 2000 --room-size 2 --senders 2 --rate 5000  |--connections 2000 --room-size 2 --rate 5000 --tick-us 1000 |bare
	pairs-relay-socketio       |tcp  |--wire socketio --connections 2000 --room-size 2 --senders 2 --rate 5000  |--connections 2000 --room-size 2 --relay |bare-relay
	pairs-closed               |tcp  |--connections 2000 --room-size 2 --senders 2 --window 100                 |--connections 2000 --room-size 2 --relay |bare-relay
	pairs-closed-socketio      |tcp  |--wire socketio --connections 2000 --room-size 2 --senders 2 --window 100 |--connections 2000 --room-size 2 --relay |bare-relay
	pairs-closed-unix          |unix |--connections 2000 --room-size 2 --senders 2 --window 100                 |--connections 2000 --room-size 2 --relay |bare-relay
	pairs-closed-unix-socketio |unix |--wire socketio --connections 2000 --room-size 2 --senders 2 --window 100 |--connections 2000 --room-size 2 --relay |bare-relay
	setup                      |tcp  |--connections 5000 --room-size 2                                          |--connections 5000 |bare
	setup-socketio             |tcp  |--wire socketio --connections 5000 --room-size 2                          |--connections 5000 |bare
	idle                       |tcp  |--connections 10000 --room-size 2                                         |- |-
	idle-socketio              |tcp  |--wire socketio --connections 10000 --room-size 2                         |- |-
	idle-sse                   |tcp  |--wire sse --connections 10000 --room-size 2                              |- |-
	idle-poll                  |tcp  |--wire poll --connections 10000 --room-size 2                             |- |-
	END
}

[ "${1:-}" != -l ] || { workloads | sed 's/ *|.*//'; exit 0; }
for program in "$BUILDDIR/escrowchatd" "$bench/bench-floor" "$bench/bench-load"; do
	[ -x "$program" ] || { echo "$program is not built: make escrowchatd bench" >&2; exit 1; }
done

server=
dir=$(mktemp -d)
chmod 700 "$dir"
stop_server() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || :
	server=
}
trap 'stop_server; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
figures=${RAW:-$dir/figures}
: >>"$figures"

on_cpu() { # on_cpu N COMMAND...
	cpu=$1
	shift
	[ "$PIN" = 0 ] || set -- taskset -c "$cpu" "$@"
	exec "$@"
}

# Waits for "listening on ADDRESS" in a file; sets address.
wait_for_address() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		address=$(sed -n 's/.*listening on \([^ ]*\).*/\1/p' "$1" | head -n 1)
		[ -z "$address" ] || return 0
		kill -0 "$server" 2>/dev/null || break
		sleep 0.2
	done
	echo "the floor did not start:" >&2
	cat "$1" >&2
	exit 1
}

# Below level info the daemon does not say which port it got, so it is given one; a taken one is tried again.
start_daemon() { # start_daemon LISTEN
	address=$1
	for try in 1 2 3 4 5; do
		[ "$1" != 127.0.0.1:0 ] || address=127.0.0.1:$((20000 + ($$ * 7 + $(date +%s) + try * 101) % 10000))
		rm -rf "$dir/db"
		mkdir -m 700 "$dir/db"
		on_cpu 0 "$BUILDDIR/escrowchatd" --listen "$address" --database "$dir/db/bench.db" --auth open --rooms open \
			--durability "$DURABILITY" --log-level "$LOG_LEVEL" >"$dir/log" 2>&1 &
		server=$!
		sleep 0.5
		! kill -0 "$server" 2>/dev/null || return 0
	done
	echo "the daemon did not start:" >&2
	cat "$dir/log" >&2
	exit 1
}

start_floor() { # start_floor LISTEN OPTIONS...
	on_cpu 0 "$bench/bench-floor" --listen "$@" >"$dir/log" &
	server=$!
	wait_for_address "$dir/log"
}

# The figures of one run, each line "workload system round name value".
load() { # load WORKLOAD SYSTEM ROUND OPTIONS...
	workload=$1 system=$2 round=$3
	shift 3
	(on_cpu 1 "$bench/bench-load" --connect "$address" --pid "$server" --seconds "$SECONDS_EACH" "$@") >"$dir/out" || {
		echo "$workload, $system, round $round: deliveries were not right" >&2
		cat "$dir/out" >&2
		bad=1
	}
	sed "s/^/$workload $system $round /" "$dir/out" >>"$figures"
	stop_server
}

bad=0
one_round() { # one_round ROUND NAME FAMILY LOAD FLOOR WIRE
	case $3 in
	unix) listen=unix:$dir/socket ;;
	*) listen=127.0.0.1:0 ;;
	esac
	start_daemon "$listen"
	# shellcheck disable=SC2086
	load "$2" daemon "$1" $4
	[ "${5%% *}" != - ] || return 0
	bytes=$(sed -n 's/^frame_bytes //p' "$dir/out")
	# shellcheck disable=SC2086
	start_floor "$listen" $5 --seconds "$SECONDS_EACH" --frame-bytes "${bytes:-250}"
	# shellcheck disable=SC2086
	load "$2" floor "$1" $4 --frame-bytes "${bytes:-280}" --wire $6
}

table() {
	awk '
	function sorted(list, n,    i, k, t) {
		for (i = 2; i <= n; i++)
			for (k = i; k > 1 && list[k - 1] > list[k]; k--) { t = list[k]; list[k] = list[k - 1]; list[k - 1] = t }
	}
	# Median, least and greatest of a figure over the rounds.
	function collect(w, s, name,    r, n) {
		n = 0
		for (r = 1; r <= rounds; r++)
			if ((w, s, r, name) in v) list[++n] = v[w, s, r, name]
		sorted(list, n)
		low = list[1]; high = list[n]; median = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
		return n
	}
	{
		if (!($1 in seen)) { seen[$1] = 1; order[++n_workloads] = $1 }
		v[$1, $2, $3, $4] = $5
		if ($3 > rounds) rounds = $3
	}
	function ratio(w, name,    r) {
		for (r = 1; r <= rounds; r++)
			if (v[w, "floor", r, name] > 0 && (w, "daemon", r, name) in v)
				v[w, "ratio", r, name] = v[w, "daemon", r, name] / v[w, "floor", r, name]
		return collect(w, "ratio", name)
	}
	function cell(w, s, name, format) { return collect(w, s, name) ? sprintf(format, median) : "-" }
	END {
		print "| workload | daemon, us | floor, us | ratio | least-greatest | messages/s | CPU % | p50 us | p99 us | bytes/idle |"
		print "|---|---|---|---|---|---|---|---|---|---|"
		for (i = 1; i <= n_workloads; i++) {
			w = order[i]
			is_setup = !((w, "daemon", 1, "cpu_us_per_delivery") in v)
			name = is_setup ? "setup_cpu_us_per_connection" : "cpu_us_per_delivery"
			late = is_setup ? "setup" : "latency"
			printf "| %s | %s | %s | ", w, cell(w, "daemon", name, "%.2f"), cell(w, "floor", name, "%.2f")
			if (ratio(w, name)) printf "**%.2f** | %.2f-%.2f | ", median, low, high; else printf "- | - | "
			printf "%s | %s | %s | %s | %s |\n", cell(w, "daemon", "messages_per_second", "%.0f"), cell(w, "daemon", "cpu_percent", "%.0f"),
				cell(w, "daemon", late "_p50_us", "%.0f"), cell(w, "daemon", late "_p99_us", "%.0f"),
				cell(w, "daemon", "anonymous_bytes_per_connection", "%.0f")
		}
	}' "$figures"
}

chosen=" $* "
workloads >"$dir/workloads"
round=1
while [ "$round" -le "$ROUNDS" ]; do
	while IFS='|' read -r name family users floor wire <&3; do
		name=${name%% *}
		case $chosen in
		"  " | *" $name "*) one_round "$round" "$name" "${family%% *}" "$users" "$floor" "$wire" ;;
		esac
	done 3<"$dir/workloads"
	round=$((round + 1))
done
table
exit $bad
