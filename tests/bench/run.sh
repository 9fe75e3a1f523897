#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - the daemon, the bare floor and, where asked, other servers in turn, workload by workload: medians, spreads, and CPU time over
# the floor's in the same round.
#   run.sh [--peers] [@GROUP | WORKLOAD ...]     without a name: all but @growth and @load, which take long
#   run.sh --list                                which there are
#   RAW=FIGURES run.sh @load; awk -f plot.awk FIGURES >load.svg     a picture of that
#   --peers   also Socket.IO and ws from npm (with and without better-sqlite3), nchan and nats-server: installs what is missing
# Environment: BUILDDIR (where the programs and tests/bench/ are built), SRCDIR, ROUNDS (3), SECONDS_EACH (5), DURABILITY (normal),
#   LOG_LEVEL (warn), PIN (1: the server on one CPU, the load on another), RAW (a file that gets every figure of every round).
# The build should be optimised: ./configure CFLAGS=-O2. Nothing else should run on the machine.
set -eu

: "${SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${ROUNDS:=3}" "${SECONDS_EACH:=5}" "${PIN:=0}"

# @group | name | server | wire | what the users do | what the floor does beyond that, by what wire it is read ("-": no floor)
workloads() {
	cat <<-'END'
	@rooms  |room-1000                 |tcp  |websocket       |--connections 1000 --rate 20                                      |bare
	@rooms  |room-1000-mute            |tcp  |websocket       |--connections 1000 --rate 20                                      |bare-mute
	@rooms  |room-1000-socketio        |tcp  |socketio        |--connections 1000 --rate 20                                      |bare
	@rooms  |room-5000                 |tcp  |websocket       |--connections 5000 --rate 6                                       |bare
	@rooms  |room-1000-senders8        |tcp  |websocket       |--connections 1000 --rate 80 --burst 8 --senders 8                |bare
	@rooms  |room-1000-joined8         |tcp  |websocket       |--connections 1000 --rate 80 --burst 8                            |bare --join
	@rooms  |room-1000-window8         |tcp  |websocket       |--connections 1000 --window 8                                     |bare --rate 80 --burst 8
	@streams|room-1000-sse             |tcp  |sse             |--connections 1000 --rate 20                                      |bare
	@streams|room-1000-poll            |tcp  |poll            |--connections 1000 --rate 20                                      |bare
	@streams|room-1000-poll-asked      |tcp  |poll            |--connections 1000 --rate 20                                      |bare-poll
	@streams|room-1000-polling         |tcp  |socketio-polling|--connections 1000 --rate 10                                      |bare
	@streams|pairs-sse                 |tcp  |sse             |--connections 2000 --room-size 2 --senders 2 --rate 2000          |bare --tick-us 1000
	@streams|pairs-poll                |tcp  |poll            |--connections 2000 --room-size 2 --senders 2 --rate 2000          |bare --tick-us 1000
	@pairs  |pairs                     |tcp  |websocket       |--connections 2000 --room-size 2 --senders 2 --rate 5000          |bare --tick-us 1000
	@pairs  |pairs-no-acks             |tcp  |websocket       |--connections 2000 --room-size 2 --senders 2 --rate 5000 --no-acks|bare --tick-us 1000
	@pairs  |pairs-relay               |tcp  |websocket       |--connections 2000 --room-size 2 --senders 2 --rate 5000          |bare-relay
	@pairs  |pairs-closed              |tcp  |websocket       |--connections 2000 --room-size 2 --senders 2 --window 100         |bare-relay
	@pairs  |pairs-socketio            |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 5000          |bare --tick-us 1000
	@pairs  |pairs-relay-socketio      |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 5000          |bare-relay
	@pairs  |pairs-closed-socketio     |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --window 100         |bare-relay
	@unix   |pairs-closed-unix         |unix |websocket       |--connections 2000 --room-size 2 --senders 2 --window 100         |bare-relay
	@unix   |pairs-closed-unix-socketio|unix |socketio        |--connections 2000 --room-size 2 --senders 2 --window 100         |bare-relay
	@setup  |setup                     |tcp  |websocket       |--connections 5000 --room-size 2                                  |bare
	@setup  |setup-socketio            |tcp  |socketio        |--connections 5000 --room-size 2                                  |bare
	@setup  |setup-sse                 |tcp  |sse             |--connections 5000 --room-size 2                                  |bare
	@setup  |setup-poll                |tcp  |poll            |--connections 5000 --room-size 2                                  |bare
	@idle   |idle                      |tcp  |websocket       |--connections 10000 --room-size 2                                 |-
	@idle   |idle-socketio             |tcp  |socketio        |--connections 10000 --room-size 2                                 |-
	@idle   |idle-sse                  |tcp  |sse             |--connections 10000 --room-size 2                                 |-
	@idle   |idle-poll                 |tcp  |poll            |--connections 10000 --room-size 2                                 |-
	@rest   |rest-history              |rest |rest-history    |--connections 8 --window 8                                        |-
	@rest   |rest-send                 |rest |rest-send       |--connections 8 --window 8                                        |-
	@commit |commit-rest               |both |websocket       |--connections 2 --rate 200 --up rest-send                         |-
	@commit |commit-insert             |shell|websocket       |--connections 2 --rate 200 --up insert                            |-
	@growth |growth-room-100           |tcp  |websocket       |--connections 100 --rate 200                                      |bare
	@growth |growth-room-1000          |tcp  |websocket       |--connections 1000 --rate 20                                      |bare
	@growth |growth-room-5000          |tcp  |websocket       |--connections 5000 --rate 4                                       |bare
	@growth |growth-room-15000         |tcp  |websocket       |--connections 15000 --rate 2                                      |bare
	@growth |growth-pairs-100          |tcp  |websocket       |--connections 100 --room-size 2 --senders 2 --rate 2000           |bare --tick-us 1000
	@growth |growth-pairs-1000         |tcp  |websocket       |--connections 1000 --room-size 2 --senders 2 --rate 2000          |bare --tick-us 1000
	@growth |growth-pairs-5000         |tcp  |websocket       |--connections 5000 --room-size 2 --senders 2 --rate 2000          |bare --tick-us 1000
	@growth |growth-pairs-15000        |tcp  |websocket       |--connections 15000 --room-size 2 --senders 2 --rate 2000         |bare --tick-us 1000
	@load   |load-500                  |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 500           |bare --tick-us 1000
	@load   |load-1000                 |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 1000          |bare --tick-us 1000
	@load   |load-2000                 |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 2000          |bare --tick-us 1000
	@load   |load-4000                 |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 4000          |bare --tick-us 1000
	@load   |load-8000                 |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 8000          |bare --tick-us 1000
	@load   |load-16000                |tcp  |socketio        |--connections 2000 --room-size 2 --senders 2 --rate 16000         |bare --tick-us 1000
	END
}

# name | its wire for each of ours | how it is started
peers() {
	cat <<-'END'
	socketio-node       |socketio=socketio socketio-polling=socketio-polling         |start_node socketio.mjs
	socketio-node-sqlite|socketio=socketio socketio-polling=socketio-polling         |start_node socketio.mjs $dir/db/peer.db
	ws-node             |websocket=websocket                                         |start_node ws.mjs
	ws-node-sqlite      |websocket=websocket                                         |start_node ws.mjs $dir/db/peer.db
	nchan               |websocket=nchan-websocket sse=nchan-sse poll=nchan-poll     |start_nchan
	nats                |websocket=nats                                              |start_nats
	END
}

[ "${1:-}" != --list ] || { workloads | sed 's/ *|\([^ |]*\).*/ \1/'; exit 0; }
. "$SRCDIR/tests/bench/lib.sh"
trap 'stop_servers; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
need_programs
peers >"$dir/peers"
if [ "${1:-}" = --peers ]; then
	shift
	install_peers
else
	: >"$dir/peers"
fi
figures=${RAW:-$dir/figures}
: >>"$figures"

# The figures of one run, each line "workload system round name value": load WORKLOAD SYSTEM ROUND PIDS OPTIONS...
load() {
	workload=$1 system=$2 round=$3 pids=$4
	shift 4
	$on_load "$bench/bench-load" --pid "$pids" --seconds "$SECONDS_EACH" "$@" >"$dir/out" || {
		echo "$workload, $system, round $round: deliveries were not right" >&2
		cat "$dir/out" >&2
		bad=1
	}
	sed "s/^/$workload $system $round /" "$dir/out" >>"$figures"
}

# A room with more than a page for each user of the REST program.
fill_rooms() { # fill_rooms USERS...
	"$bench/bench-load" --wire rest-send --connect "$rest_address" --pid "$rest_pids" "$@" --messages 800 >/dev/null
}

run_daemon() { # run_daemon ROUND NAME SERVER WIRE USERS...
	round=$1 name=$2 server=$3 wire=$4
	shift 4
	fresh_database
	case $server in
	rest)
		start_rest $on_server
		fill_rooms "$@"
		load "$name" daemon "$round" "$rest_pids" --connect "$rest_address" --wire "$wire" "$@"
		;;
	*)
		start_daemon "$server" $on_server
		set -- "$name" daemon "$round" "$daemon_pid" --connect "$address" --wire "$wire" "$@"
		case $server in
		both) start_rest $on_server && set -- "$@" --up-connect "$rest_address" ;;
		shell) set -- "$@" --up-connect "$dir/db/bench.db" ;;
		esac
		load "$@"
		;;
	esac
	stop_servers
}

# The floor's messages are as long as the daemon's were: run_floor ROUND NAME SERVER "USERS" WIRE OPTIONS...
run_floor() {
	round=$1 name=$2 server=$3 users=$4 wire=$5
	shift 5
	bytes=$(sed -n 's/^frame_bytes //p' "$dir/out")
	case $wire in
	bare-relay) set -- --relay "$@" ;;
	esac
	# Of what the users do, the floor knows the rooms and the schedule.
	rooms=$(echo "$users" | grep -oE -e '--(connections|room-size|rate|burst) [0-9]+' | tr '\n' ' ')
	# shellcheck disable=SC2086
	start_floor "$server" $on_server -- $rooms "$@" --seconds "$SECONDS_EACH" --frame-bytes "${bytes:-250}"
	case " $* " in
	*" --rate "*) users="$users --rate 80 --burst 8" ;;
	esac
	# shellcheck disable=SC2086
	load "$name" floor "$round" "$server_pids" --connect "$address" $users --wire "$wire" --frame-bytes "${bytes:-280}"
	stop_servers
}

run_peer() { # run_peer ROUND NAME "USERS" PEER WIRE COMMAND...
	round=$1 name=$2 users=$3 peer=$4 wire=$5
	shift 5
	fresh_database
	eval "$*"
	# shellcheck disable=SC2086
	load "$name" "$peer" "$round" "${server_pids# }" --connect "$address" $users --wire "$wire"
	stop_servers
}

one_round() { # one_round ROUND NAME SERVER WIRE "USERS" "FLOOR"
	# shellcheck disable=SC2086
	run_daemon "$1" "$2" "$3" "$4" $5
	# shellcheck disable=SC2086
	[ "$6" = - ] || run_floor "$1" "$2" "$3" "$5" $6
	[ "$3" = tcp ] || return 0
	while IFS='|' read -r peer its_wires command <&4; do
		its_wire=$(echo "$its_wires" | tr ' ' '\n' | sed -n "s/^$4=//p")
		[ -z "$its_wire" ] || run_peer "$1" "$2" "$5" ${peer} "$its_wire" "$command"
	done 4<"$dir/peers"
}

on_server= on_load= bad=0
[ "$PIN" = 0 ] || { on_server='taskset -c 0' on_load='taskset -c 1'; }
chosen=" ${*:-@rooms @streams @pairs @unix @setup @idle @rest @commit} "
workloads >"$dir/workloads"
round=1
while [ "$round" -le "$ROUNDS" ]; do
	while IFS='|' read -r group name server wire users floor <&3; do
		name=${name%% *}
		case $chosen in
		*" ${group%% *} "* | *" $name "*) one_round "$round" "$name" ${server} ${wire} "$users" "$floor" ;;
		esac
	done 3<"$dir/workloads"
	round=$((round + 1))
done
awk -f "$SRCDIR/tests/bench/table.awk" "$figures"
exit $bad
