# SPDX-License-Identifier: ISC
# packages.sh - sourced by demo.sh and check.sh: installs Debian packages that are missing, and starts no service of theirs.

BUILD_PACKAGES='gcc libc6-dev make autoconf automake pkg-config libevent-dev libjson-c-dev libsqlite3-dev libssl-dev
	libsecp256k1-dev nettle-dev zlib1g-dev libfcgi-dev libcurl4-openssl-dev'

POLICY=/usr/sbin/policy-rc.d
made_policy=

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A web server's package would start the server: not while this file says no.
forbid_services() {
	[ ! -e $POLICY ] || return 0
	printf '#!/bin/sh\nexit 101\n' >$POLICY
	chmod 755 $POLICY
	made_policy=yes
}

allow_services() {
	[ -z "$made_policy" ] || rm -f $POLICY
	made_policy=
}

# Installs those of the named packages that are missing; does nothing, and asks for no network, if none is.
install_packages() {
	missing=
	for package; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		echo "these packages are needed, and installing them takes root on Debian:$missing" >&2
		return 1
	fi
	echo "installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	trap allow_services EXIT
	forbid_services
	apt-get -q update && apt-get -q -y --no-install-recommends install $missing
	status=$?
	allow_services
	trap - EXIT
	return $status
}

# A tool that another package may have brought already: install_tool COMMAND PACKAGE.
install_tool() {
	command -v "$1" >/dev/null || install_packages "$2"
}
