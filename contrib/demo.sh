#!/bin/sh
# SPDX-License-Identifier: ISC
# demo.sh - the whole system on one port of this machine: installs what is missing (Debian, root), builds, starts escrowchatd
# and escrowchat.fcgi under lighttpd with a fresh database and two escrows, and stops all of it at Ctrl-C.
# DEMO_BUILD: a build directory to use (default: the tree itself where it was built in place, else ./build-demo);
# DEMO_PORT: the first port to try (default 18080).
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
. "$top/contrib/packages.sh"
. "$top/contrib/source.sh"

say() {
	printf '%s\n' "$*"
}

# ---- programs ----

say 'step 1 of 5: looking for packages that are missing'
install_packages $BUILD_PACKAGES sqlite3 || exit 1
install_tool lighttpd lighttpd && install_tool curl curl && install_tool openssl openssl || exit 1

dir=$(mktemp -d "${TMPDIR:-/tmp}/escrowchat-demo.XXXXXX")
pids=

cleanup() {
	trap - EXIT INT TERM HUP
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $pids; do
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'say; say "stopping"; cleanup; exit 0' INT TERM HUP

# A tree that was configured in place cannot be built from another directory: it is built in place again.
if [ ! -w "$top" ] && [ -z "${DEMO_BUILD:-}" ]; then
	say 'copying the source, which is not writable'
	copy_source "$top" "$dir/source" || exit 1
	top=$dir/source
	build=$dir/build
elif [ -e "$top/config.status" ]; then
	build=${DEMO_BUILD:-$top}
else
	build=${DEMO_BUILD:-$top/build-demo}
fi
say 'step 2 of 5: making configure'
if [ ! -e "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ] || [ "$top/Makefile.am" -nt "$top/Makefile.in" ]; then
	(cd "$top" && autoreconf -fi >"$dir/autoreconf.log" 2>&1) || { cat "$dir/autoreconf.log"; exit 1; }
fi
mkdir -p "$build"
say "step 3 of 5: configuring in $build"
[ -e "$build/Makefile" ] || (cd "$build" && "$top/configure") >"$dir/build.log" 2>&1 || { tail -30 "$dir/build.log"; exit 1; }

# Of the lines of make's output: says how many of so many files are compiled, at each tenth of them.
progress='
	/^  CC / { if (all > 0 && ++n * 10 >= all * (tenths + 1)) { tenths = int(n * 10 / all); printf "  %d of %d files\n", n, all; fflush() } }'
say "step 4 of 5: compiling (make -j $(nproc); its output is in $dir/build.log)"
files=$(cd "$build" && make -n all 2>/dev/null | grep -c '^echo "  CC ') || :
{ (cd "$build" && make -j "$(nproc)" all V=0) 2>&1 && : >"$dir/built"; } | tee -a "$dir/build.log" | awk -v all="$files" "$progress"
[ -e "$dir/built" ] || { tail -30 "$dir/build.log"; exit 1; }

# ---- configuration ----

key=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
umask 077
printf 'demo %s escrows,publish,stats\n' "$key" >"$dir/service.keys"

# The pages that may sign in are named: what a wallet signs says for which one it is.
write_escrowchat_conf() {
	cat >"$dir/escrowchat.conf" <<END
database = $dir/chat.db
frontend_url = http://127.0.0.1:$1, http://localhost:$1
service_keys = $dir/service.keys
END
}

write_lighttpd_conf() {
	cat >"$dir/lighttpd.conf" <<END
server.modules = ("mod_redirect")
server.bind = "127.0.0.1"
server.port = $1
server.tag = "escrowchat-demo-$$"
server.document-root = "$top/contrib/client"
server.upload-dirs = ("$dir")
url.redirect = ("^/(\\?.*|)\$" => "/chat/\$1")
var.escrowchat_run = "$dir"
var.escrowchat_page = "$top/contrib/client/"
include "$top/contrib/lighttpd/by-socket.conf"
include "$top/contrib/lighttpd/escrowchat.conf"
include "$top/contrib/lighttpd/page.conf"
END
}

# ---- running ----

say 'step 5 of 5: starting lighttpd, escrowchatd and escrowchat.fcgi'

# start NAME COMMAND...: its output goes to NAME.log; $pid is its number.
start() {
	name=$1
	shift
	"$@" >"$dir/$name.log" 2>&1 </dev/null &
	pid=$!
	pids="$pid $pids"
}

# await WHAT COMMAND...: until the command succeeds; $pid must be alive meanwhile. Ten minutes are for what never happens.
await() {
	what=$1
	shift
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		kill -0 "$pid" 2>/dev/null && [ $tries -lt 12000 ] || { say "$what does not start:"; cat "$dir/$what.log"; return 1; }
		sleep 0.05
	done
}

port=${DEMO_PORT:-18080}
last=$((port + 100))
is_ours() {
	curl -sI "http://127.0.0.1:$port/" | grep -q "escrowchat-demo-$$"
}
while :; do
	write_lighttpd_conf "$port"
	start lighttpd lighttpd -D -f "$dir/lighttpd.conf"
	await lighttpd is_ours >"$dir/await.log" && break
	pids=${pids#"$pid "}
	port=$((port + 1))
	[ $port -lt $last ] || { cat "$dir/await.log"; exit 1; }
done
write_escrowchat_conf "$port"
start escrowchatd "$build/escrowchatd" --config "$dir/escrowchat.conf" --listen "unix:$dir/daemon.sock"
await escrowchatd grep -q 'daemon: ready' "$dir/escrowchatd.log" || exit 1
start escrowchat.fcgi "$build/escrowchat.fcgi" --config "$dir/escrowchat.conf" --listen "unix:$dir/fcgi.sock"
await escrowchat.fcgi grep -q 'listening on' "$dir/escrowchat.fcgi.log" || exit 1
url=http://127.0.0.1:$port

# ---- people and escrows ----

# Each user who signs in here takes part in both escrows: the first in the browser is the client, the second the freelancer.
sqlite3 "$dir/chat.db" "CREATE TRIGGER demo_newcomers AFTER INSERT ON tokens BEGIN
	INSERT OR IGNORE INTO participants(escrow, wallet, name, role)
	SELECT e.id, NEW.wallet, NEW.name,
		CASE WHEN NOT EXISTS(SELECT 1 FROM participants WHERE escrow = e.id AND role = 'client') THEN 'client'
			WHEN NOT EXISTS(SELECT 1 FROM participants WHERE escrow = e.id AND role = 'freelancer') THEN 'freelancer'
			ELSE 'arbiter' END
	FROM escrows e;
END"

# The shell signs in too: as the arbiter.
judge=$(sh "$top/contrib/signin.sh" "$url" "$dir/judge.pem") || exit 1
token=${judge#* } judge=${judge% *}

put_escrow() {
	curl -fsS -o /dev/null -X PUT "$url/api/escrows/$1" -H "X-Service-Key: $key" -H 'Content-Type: application/json' -d "{\"title\":\"$2\",
		\"status\":\"FUNDED\",\"participants\":[{\"walletAddress\":\"$judge\",\"role\":\"arbiter\"}]}"
}
put_escrow demo-1 'Logo for a bakery' && put_escrow demo-2 'Translation of a manual' || exit 1

cat <<END

escrowchat runs at $url - open these in two tabs. Each name is a key that the browser makes, and signs in with:

  $url/chat/?wallet=alice&escrow=demo-1
  $url/chat/?wallet=bob&escrow=demo-1

By REST, with the token of a wallet that has signed in (sh contrib/signin.sh $url KEYFILE makes another):
  curl $url/api/chat/demo-1/send -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' -d '{"content":"hello"}'
  curl '$url/api/chat/demo-1/history?limit=10' -H 'Authorization: Bearer $token'
  curl $url/health

By WebSocket (websocat, or wscat -s escrowchat.v1 -s bearer.$token -c):
  websocat --protocol 'escrowchat.v1, bearer.$token' ws://127.0.0.1:$port/ws
  {"event":"subscribe_escrow","data":{"escrowId":"demo-1"},"ack":1}
  {"event":"chat_message","data":{"escrowId":"demo-1","content":"hello"},"ack":2}

As the platform, by REST or by a row in the database:
  curl $url/api/escrows/demo-1/events -H 'X-Service-Key: $key' -H 'Content-Type: application/json' -d '{"event":"escrow:update","data":{"status":"RELEASED"}}'
  curl $url/api/escrows/demo-1/events -H 'X-Service-Key: $key' -H 'Content-Type: application/json' -d '{"event":"verification:progress","data":{"message":"Comparing the files with the brief","progress":60}}'
  curl $url/api/escrows/demo-1/events -H 'X-Service-Key: $key' -H 'Content-Type: application/json' -d '{"event":"ai:verification","data":{"verdict":"passed","summary":"all files are there"}}'
  sqlite3 $dir/chat.db "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_demo-1','escrow:update','{\"status\":\"RELEASED\"}')"

Logs are in $dir. Ctrl-C stops everything and removes it.
END

for pid in $pids; do
	wait "$pid" 2>/dev/null || :
done
say 'all programs have ended'
exit 1
