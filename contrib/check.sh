#!/bin/sh
# SPDX-License-Identifier: ISC
# check.sh - installs what the tests need (Debian, root) and runs all of them: the style, the floors, units and whole programs
# under the sanitizers, what a delivery costs, the distribution, the ledgers in full size, the thread sanitizer, the fuzz targets, the demo.
# Ends with 'N passed, N failed'; a test that was skipped counts as failed. CHECK_STAGES: names of stages to run (default: all).
set -u

top=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
. "$top/contrib/packages.sh"
. "$top/contrib/source.sh"

FUZZ_SECONDS=${FUZZ_SECONDS:-20}
CLANG_FORMAT=clang-format-19 # one version, of those that Debian 12 and 13 both have: the verdict is the same on both
JOBS=$(nproc)
passed=0 failed=0 begun=$(date +%s)

# If the tree is not writable, or was configured in place, the check builds from a copy.
build=$top/build-check
[ -w "$top" ] || build=$(mktemp -d "${TMPDIR:-/tmp}/escrowchat-check.XXXXXX")
mkdir -p "$build"
if [ ! -w "$top" ] || [ -e "$top/config.status" ]; then
	rm -rf "$build/source"
	copy_source "$top" "$build/source" || exit 1
	top=$build/source
fi

# ---- the stages: each is a function that fails where anything is wrong ----

stage_packages() {
	install_packages $BUILD_PACKAGES libcmocka-dev sqlite3 clang $CLANG_FORMAT xz-utils util-linux valgrind groff-base &&
		install_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" &&
		install_tool lighttpd lighttpd && install_tool nginx nginx-light && install_tool spawn-fcgi spawn-fcgi &&
		install_packages apache2-bin libapache2-mod-fcgid perl-base &&
		install_tool node nodejs && install_tool npm npm && install_tool curl curl && install_tool chromium chromium &&
		install_tool firefox-esr firefox-esr &&
		install_packages python3-socketio python3-aiohttp
}

# Installs the npm modules of the end-to-end tests: once, for every build.
E2E_MODULES=$build/modules
export E2E_MODULES
stage_modules() {
	mkdir -p "$E2E_MODULES" && cp "$top"/tests/e2e/package*.json "$E2E_MODULES" && cd "$E2E_MODULES" && npm ci --ignore-scripts
}

stage_style() {
	(cd "$top" && find src fcgi tests -name '*.[ch]' -type f -exec $CLANG_FORMAT --dry-run -Werror {} + &&
		find src fcgi tests -name '*.[ch]' -type f -exec awk '
		length($0) > 100 && /\/\*|^[ \t]*\*/ {
			print FILENAME ":" FNR ": a comment of more than 100 columns"
			wide = 1
		}
		END { exit wide }' {} +)
}

stage_floors() {
	SRCDIR=$top sh "$top/tests/unit/doors.sh"
}

stage_configure() {
	cd "$top" && autoreconf -fi
}

# configure_in NAME OPTIONS...: a fresh build directory, which becomes the present one.
configure_in() {
	rm -rf "${build:?}/$1" && mkdir -p "$build/$1" && cd "$build/$1" && shift && "$top/configure" "$@"
}

stage_debug() {
	configure_in debug --enable-debug && make -j "$JOBS" && make -j "$JOBS" check VERBOSE=1
}

stage_plain() {
	configure_in plain CFLAGS='-O2 -g' && make -j "$JOBS"
}

stage_distcheck() {
	cd "$build/plain" && make -j "$JOBS" distcheck VERBOSE=1
}

# Instructions per delivery and per request, against the committed baseline.
stage_guard() {
	cd "$build/plain" && make bench && BUILDDIR=$build/plain SRCDIR=$top sh "$top/tests/bench/guard.sh"
}

stage_ledger() {
	cd "$build/plain" && E2E_LEDGER=20000 BUILDDIR=$build/plain SRCDIR=$top sh "$top/tests/e2e/run.sh" "$top/tests/e2e/ledger.test.mjs"
}

stage_streams() {
	cd "$build/plain" && E2E_STREAMS_LEDGER=30000 BUILDDIR=$build/plain SRCDIR=$top sh "$top/tests/e2e/run.sh" "$top/tests/e2e/streams-ledger.test.mjs"
}

stage_tsan() {
	# If addresses are laid out too randomly, the sanitizer cannot start.
	fixed=
	setarch "$(uname -m)" -R true 2>/dev/null && fixed="setarch $(uname -m) -R"
	configure_in tsan --enable-tsan && make -j "$JOBS" && $fixed make -j "$JOBS" check VERBOSE=1 'TESTS=$(unit_tests)' &&
		E2E_LEDGER=1000 BUILDDIR=$build/tsan SRCDIR=$top $fixed sh "$top/tests/e2e/run.sh" \
			"$top/tests/e2e/ledger.test.mjs" "$top/tests/e2e/drain.test.mjs" "$top/tests/e2e/rest.test.mjs"
}

# fuzz NAME: for a while; what it finds stays in the build directory.
fuzz() {
	seeds=$top/tests/fuzz/seeds/$1
	mkdir -p "corpus/$1"
	[ -d "$seeds" ] || seeds=
	"tests/fuzz/$1" -max_total_time="$FUZZ_SECONDS" -timeout=300 -print_final_stats=1 -artifact_prefix="$1-" "corpus/$1" $seeds
}

stage_fuzz() {
	targets=$(cd "$top/tests/fuzz" && echo fuzz_*.c | sed 's/\.c//g')
	configure_in fuzz CC=clang --enable-fuzzing &&
		make -j "$JOBS" $(for t in $targets; do echo "tests/fuzz/$t"; done) || return 1
	running= wrong=0
	for target in $targets; do
		fuzz "$target" >"$target.log" 2>&1 &
		running="$running $!"
		if [ "$(echo $running | wc -w)" -ge "$JOBS" ]; then
			for pid in $running; do
				wait "$pid" || wrong=1
			done
			running=
		fi
	done
	for pid in $running; do
		wait "$pid" || wrong=1
	done
	for target in $targets; do
		grep -q 'stat::number_of_executed_units' "$target.log" || { echo "$target:"; tail -40 "$target.log"; wrong=1; }
	done
	return $wrong
}

stage_demo() {
	log=$build/demo.out
	DEMO_BUILD=$build/plain sh "$top/contrib/demo.sh" >"$log" 2>&1 &
	demo=$! tries=0
	until grep -q 'Ctrl-C stops' "$log"; do
		tries=$((tries + 1))
		kill -0 $demo 2>/dev/null && [ $tries -lt 6000 ] || { cat "$log"; return 1; }
		sleep 0.1
	done
	url=$(sed -n 's/^escrowchat runs at \(http:[^ ]*\).*/\1/p' "$log")
	token=$(sed -n "s/.*Authorization: Bearer \([A-Za-z0-9_-]*\)'.*/\1/p" "$log" | head -n 1)
	curl -fsSL "$url/" | grep -q chat.js && curl -fsS "$url/chat/chat.css" "$url/chat/chat.js" >/dev/null &&
		curl -fsS "$url/health" | grep -q '"healthy"' &&
		curl -fsS "$url/api/chat/demo-1/send" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"content":"hello"}' &&
		curl -fsS "$url/api/chat/demo-1/history" -H "Authorization: Bearer $token" | grep -q '"hello"' &&
		[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/api/chat/demo-1/history" -H 'X-Wallet-Address: alice')" = 401 ]
	status=$?
	kill $demo
	wait $demo && [ $status = 0 ] || { cat "$log"; return 1; }
}

# ---- running them ----

# count NAME LOG: what the log of a stage that went well says beyond that; a skip is a failure.
count() {
	good=$(sed -n 's/^# PASS: *//p' "$2" | awk '{ n += $1 } END { print n + 0 }')
	cases=$(grep -acE '^(ok [0-9]+|✔ )' "$2")
	skips=$(sed -n 's/^# SKIP: *//p; s/^[#ℹ] skipped \([0-9]*\)$/\1/p' "$2" | awk '{ n += $1 } END { print n + 0 }')
	passed=$((passed + good + cases))
	[ "$skips" = 0 ] || { echo "$1: $skips skipped"; return 1; }
}

run_stage() {
	case " ${CHECK_STAGES:-$1} " in
	*" $1 "*) ;;
	*) return ;;
	esac
	log=$build/$1.log from=$(date +%s)
	if ("stage_$1") >"$log" 2>&1 && count "$1" "$log"; then
		passed=$((passed + 1)) verdict=passed
	else
		failed=$((failed + 1)) verdict=FAILED
		tail -n 200 "$log"
	fi
	printf '%-10s %-6s %4d s\n' "$1" $verdict $(($(date +%s) - from))
}

for stage in packages modules style floors configure debug plain guard distcheck ledger streams tsan fuzz demo; do
	verdict=
	run_stage $stage
	case $stage:$verdict in
	packages:FAILED | modules:FAILED | configure:FAILED) break ;; # nothing further can run
	esac
done

echo "all of it took $(($(date +%s) - begun)) s; logs are in $build"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
