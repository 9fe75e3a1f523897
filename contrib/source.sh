#!/bin/sh
# SPDX-License-Identifier: ISC
# source.sh - sourced by demo.sh and check.sh: a copy of the source tree, for where the tree itself cannot be built from.

# copy_source FROM TO: without what was built in it, or beside it.
copy_source() {
	mkdir -p "$2" && (cd "$1" && tar cf - --exclude=./build-check --exclude=./build-demo .) | (cd "$2" && tar xf -) &&
		chmod -R u+w "$2" || return 1
	[ ! -e "$2/config.status" ] || (cd "$2" && make -s distclean >/dev/null 2>&1 && [ ! -e config.status ])
}
