#!/bin/sh
# SPDX-License-Identifier: ISC
# bare.sh - runs demo.sh and check.sh on a Debian that has nothing else: in a fresh tree of a release, made by debootstrap.
# Usage: contrib/bare.sh bookworm|trixie [COMMAND]; COMMAND is run by sh in a clean clone of this repository. Needs Debian and root.
# BARE_DIR: where the trees are (default: escrowchat-bare in TMPDIR or /tmp). BARE_AGAIN=1: uses the tree of an earlier run,
# with a new clone. BARE_MIRROR: the archive (default http://deb.debian.org/debian).
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
. "$top/contrib/packages.sh"

release=${1:-}
case $release in
bookworm | trixie) shift ;;
*) sed -n '4,6s/^# //p' "$0" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo 'making a tree takes root' >&2; exit 1; }

tree=${BARE_DIR:-${TMPDIR:-/tmp}/escrowchat-bare}/$release
case $tree in
"$top" | "$top"/*) echo "$tree is inside the source tree" >&2; exit 1 ;;
esac

both='
	log=/root/demo.out
	sh contrib/demo.sh >$log 2>&1 &
	demo=$!
	until grep -q "Ctrl-C stops" $log; do
		kill -0 $demo 2>/dev/null || { cat $log; exit 1; }
		sleep 1
	done
	kill $demo
	wait $demo || { cat $log; exit 1; }
	echo "contrib/demo.sh ran"
	sh contrib/check.sh'
command=${*:-$both}

install_tool debootstrap debootstrap && install_tool git git && install_tool unshare util-linux || exit 1

# make_tree: the smallest Debian of the release. Certificates that this machine was told to trust are trusted there too.
make_tree() {
	rm -rf "$tree"
	mkdir -p "$tree"
	debootstrap --variant=minbase "$release" "$tree" "${BARE_MIRROR:-http://deb.debian.org/debian}" >"$tree.log" 2>&1 ||
		{ tail -20 "$tree.log"; return 1; }
	cp /etc/resolv.conf "$tree/etc/resolv.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"
	if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
		mkdir -p "$tree/usr/local/share/ca-certificates"
		cp /usr/local/share/ca-certificates/*.crt "$tree/usr/local/share/ca-certificates/"
		cat "$tree"/usr/local/share/ca-certificates/*.crt >"$tree/etc/trusted-here.pem"
	fi
	: >"$tree/etc/bare-tree"
}

if [ -z "${BARE_AGAIN:-}" ] || [ ! -e "$tree/etc/bare-tree" ]; then
	echo "making $tree"
	make_tree || exit 1
fi
rm -rf "$tree/root/escrowchat"
git clone --quiet "$top" "$tree/root/escrowchat"

# The namespaces end with the command: no mount and no process outlives this script.
echo "running in $tree"
export tree command
unshare --mount --pid --fork --kill-child sh -c '
	mount -t proc proc "$tree/proc" && mount --rbind /sys "$tree/sys" && mount --rbind /dev "$tree/dev" || exit 1
	trust=
	[ ! -e "$tree/etc/trusted-here.pem" ] || trust=NODE_EXTRA_CA_CERTS=/etc/trusted-here.pem
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root $trust chroot "$tree" sh -c "cd /root/escrowchat && $command"' &
pid=$!
trap 'kill -KILL $pid' INT TERM HUP # unshare itself would wait for its child
wait $pid
