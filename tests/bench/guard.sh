#!/bin/sh
# SPDX-License-Identifier: ISC
# guard.sh - instructions per delivered message and per REST request, counted by callgrind: a number of the code, not of the machine.
# Each workload runs twice with different counts of messages; the difference is what one costs, without start and set-up.
#   guard.sh            compares with guard.baseline, fails where something got dearer by more than TOLERANCE per cent
#   guard.sh --update   writes guard.baseline anew; what it has is to be explained in the commit
# Environment: BUILDDIR (programs built with -O2), SRCDIR, TOLERANCE (20 %).
set -eu

: "${SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOLERANCE:=20}"
. "$SRCDIR/tests/bench/lib.sh"
trap 'stop_servers; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
need_programs
command -v valgrind >/dev/null || { echo 'valgrind is needed' >&2; exit 1; }

callgrind="valgrind --tool=callgrind --callgrind-out-file=$dir/counted"

# name | a unit of it | units in a message | messages; the second time four times as many | what the users do
workloads() {
	cat <<-'END'
	websocket-pairs   |message |1  |200|--wire websocket --connections 20 --room-size 2 --senders 2
	websocket-room    |delivery|100|100|--wire websocket --connections 100
	socketio-pairs    |message |1  |200|--wire socketio --connections 20 --room-size 2 --senders 2
	socketio-room     |delivery|100|100|--wire socketio --connections 100
	sse-room          |delivery|100|100|--wire sse --connections 100
	poll-room         |delivery|100|30 |--wire poll --connections 100
	rest-send         |request |1  |60 |--wire rest-send --connections 1
	rest-history      |request |1  |30 |--wire rest-history --connections 1
	END
}

# One run: run_once MESSAGES USERS...; sets counted, its instructions.
run_once() {
	count=$1
	shift
	case $* in
	*rest-*)
		start_rest $callgrind
		to=$rest_address pid=${rest_pids%,*}
		;;
	*)
		fresh_database
		start_daemon unix $callgrind
		to=$address pid=$daemon_pid
		;;
	esac
	"$bench/bench-load" "$@" --connect "$to" --pid "$pid" --window 1 --messages "$count" --seconds 3600 >"$dir/out" &&
		grep -qx "messages $count" "$dir/out" || { cat "$dir/out" "$dir"/*.log >&2; exit 1; }
	stop_servers
	counted=$(sed -n 's/^totals: \([0-9]*\).*/\1/p' "$dir/counted")
}

measure() { # measure NAME UNIT UNITS MESSAGES USERS...
	name=$1 unit=$2 units=$3 messages=$4
	shift 4
	run_once "$messages" "$@"
	few=$counted
	run_once $((messages * 4)) "$@"
	echo "$name $unit $(((counted - few) / (messages * 3 * units)))"
}

# A room with enough messages for a page, written once.
fill() {
	fresh_database
	start_rest
	"$bench/bench-load" --wire rest-send --connections 1 --connect "$rest_address" --pid "$rest_pids" \
		--window 1 --messages 60 >"$dir/out"
	stop_servers
}

workloads >"$dir/workloads"
while IFS='|' read -r name unit units messages users <&3; do
	[ "${name%% *}" != rest-send ] || fill
	measure ${name} ${unit} ${units} ${messages} ${users}
done 3<"$dir/workloads" >"$dir/found"

baseline=$SRCDIR/tests/bench/guard.baseline
if [ "${1:-}" = --update ]; then
	{ echo '# Instructions by callgrind, see guard.sh.'; cat "$dir/found"; } >"$baseline"
fi
awk -v tolerance="$TOLERANCE" '
	/^#/ { next }
	NR == FNR { was[$1] = $3; n++; next }
	{
		change = was[$1] > 0 ? ($3 / was[$1] - 1) * 100 : 999
		verdict = change > tolerance ? "DEARER" : change < -tolerance ? "cheaper: update the baseline" : "ok"
		printf "%-16s %8d instructions a %-8s  baseline %8d  %+6.1f %%  %s\n", $1, $3, $2, was[$1], change, verdict
		bad += verdict == "DEARER"
		delete was[$1]
	}
	END {
		for (name in was) { print name " was not measured"; bad++ }
		exit bad > 0
	}' "$baseline" "$dir/found"
