#!/bin/sh
# SPDX-License-Identifier: ISC
# doors.sh - checks the includes: each file includes its own and lower floors alone, each library's header
# stands behind its one door, and no circle leads through the modules of the hub. Prints every offence;
# SRCDIR is the source tree.
set -eu

cd "${SRCDIR:-$(dirname "$0")/../..}"
export LC_ALL=C

find src fcgi -name '*.[ch]' -type f | sort | xargs awk '
BEGIN {
	# Floor: what it may include.
	may["base"] = "base"
	may["proto"] = "base proto"
	may["contract"] = "base contract"
	may["store"] = "base store"
	may["chat"] = "base proto contract store chat"
	may["hub"] = "base proto contract store chat hub"
	may["net"] = "base proto contract store chat hub net"
	may["ctl"] = "base proto contract store chat ctl"
	may["fcgi"] = "base proto contract store chat fcgi"
	may["main"] = "base proto contract store chat hub net"

	# Header of a library: the one file or directory that may include it.
	door["event2/"] = door["event.h"] = door["evhttp.h"] = "src/net/"
	door["sqlite3.h"] = door["sqlite3ext.h"] = "src/store/"
	door["fcgiapp.h"] = door["fcgi_stdio.h"] = door["fcgios.h"] = door["fcgi_config.h"] = "fcgi/"
	door["json-c/"] = door["json.h"] = "src/base/json.c"
	door["curl/"] = "src/ctl/fetch.c"
	door["openssl/"] = "src/base/"
	door["nettle/sha3.h"] = "src/base/keccak.c"
	door["secp256k1.h"] = door["secp256k1_recovery.h"] = "src/base/recover.c"
	door["linux/io_uring.h"] = "src/net/uring.c"
	door["zlib.h"] = "src/proto/deflate.c"
	door["cmocka.h"] = "tests/"
}

function complain(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	offences++
}

FNR == 1 {
	files++
	n = split(FILENAME, path, "/")
	floor = path[1] == "fcgi" ? "fcgi" : n == 2 ? "main" : path[2]
	if (!(floor in may))
		complain("no floor is called " floor)
}

/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
	name = $0
	sub(/^[^<"]*[<"]/, "", name)
	sub(/[>"].*$/, "", name)
	for (header in door) {
		is_it = header ~ /\/$/ ? index(name, header) == 1 : name == header
		if (is_it && index(FILENAME, door[header]) != 1)
			complain("<" name "> belongs behind " door[header])
		if (is_it && floor == "main")
			complain("main.c includes no library")
	}
	if ($0 ~ /"/ && index(name, "/") > 0) {
		other = substr(name, 1, index(name, "/") - 1)
		if (index(" " may[floor] " ", " " other " ") == 0)
			complain(floor " may not include " name)
	}
}

# A module is NAME.h, NAME.c, NAME_job.h and NAME_job.c together. hub.h is the interface of the whole
# floor, so hub.c, which puts the floor together, is a module of its own.
floor == "hub" && /^#include "hub\// {
	module = path[3]
	sub(/(_job)?\.[ch]$/, "", module)
	sub(/^hub\//, "", name)
	sub(/(_job)?\.h$/, "", name)
	if (path[3] == "hub.c")
		module = "hub.c"
	if (name != module)
		includes[module] = includes[module] " " name
}

# A module stays when another that stays is included by it: those that stay in the end are a circle or
# include one.
function find_circle(  changed, module, others, n, i, stays) {
	do {
		changed = 0
		for (module in includes) {
			n = split(includes[module], others, " ")
			stays = 0
			for (i = 1; i <= n; i++)
				stays = stays || others[i] in includes
			if (!stays) {
				delete includes[module]
				changed = 1
				break
			}
		}
	} while (changed)
	for (module in includes) {
		print "src/hub: " module " is in a circle, or includes one:" includes[module]
		offences++
	}
}

END {
	find_circle()
	if (files < 20) {
		print "only " files " files were found: this checks nothing"
		exit 1
	}
	printf "%d files, %d offences\n", files, offences
	exit offences > 0
}'
