#!/bin/sh
# SPDX-License-Identifier: ISC
# doors.sh - checks the includes: each file includes its own and lower floors alone, each library's header
# stands behind its one door, no circle leads through the modules of the hub, and no folder has more than
# 14 files *.c. Prints every offence;
# SRCDIR is the source tree.
set -eu

cd "${SRCDIR:-$(dirname "$0")/../..}"
export LC_ALL=C

find src fcgi -name '*.[ch]' -type f | sort | xargs awk '
BEGIN {
	# Floor: what it may include.
	may["base"] = "base"
	may["crypto"] = "base crypto"
	may["config"] = "base config"
	may["proto"] = "base crypto proto"
	may["store"] = "base crypto store"
	may["contract"] = "base proto store contract"
	may["identity"] = "base crypto config proto store contract identity"
	may["chat"] = may["identity"] " chat"
	may["hub"] = may["chat"] " hub"
	may["io"] = "base config proto io"
	may["http"] = "base crypto config proto contract identity io http"
	may["wires"] = may["hub"] " io http wires"
	may["daemon"] = may["wires"] " daemon"
	may["ctl"] = may["chat"] " ctl"
	may["fcgi"] = may["chat"] " fcgi"

	# Header of a library: the one file or directory that may include it.
	door["event2/"] = door["event.h"] = door["evhttp.h"] = "src/io/"
	door["sqlite3.h"] = door["sqlite3ext.h"] = "src/store/"
	door["fcgiapp.h"] = door["fcgi_stdio.h"] = door["fcgios.h"] = door["fcgi_config.h"] = "fcgi/"
	door["json-c/"] = door["json.h"] = "src/base/json.c"
	door["curl/"] = "src/ctl/fetch.c"
	door["openssl/"] = "src/crypto/"
	door["nettle/sha3.h"] = "src/crypto/keccak.c"
	door["secp256k1.h"] = door["secp256k1_recovery.h"] = "src/crypto/recover.c"
	door["linux/io_uring.h"] = "src/io/uring.c"
	door["zlib.h"] = "src/proto/deflate.c"
	door["cmocka.h"] = "tests/"
}

function complain(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	offences++
}

FNR == 1 {
	files++
	folder = FILENAME
	sub(/\/[^\/]*$/, "", folder)
	n_sources[folder] += FILENAME ~ /\.c$/
	n = split(FILENAME, path, "/")
	floor = path[1] == "fcgi" ? "fcgi" : path[2]
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
	module = path[n]
	sub(/(_job)?\.[ch]$/, "", module)
	sub(/^.*\//, "", name)
	sub(/(_job)?\.h$/, "", name)
	if (path[n] == "hub.c")
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
	for (folder in n_sources) {
		if (n_sources[folder] > 14) {
			print folder ": " n_sources[folder] " files *.c; at most 14 are easy to survey"
			offences++
		}
	}
	if (files < 20) {
		print "only " files " files were found: this checks nothing"
		exit 1
	}
	printf "%d files, %d offences\n", files, offences
	exit offences > 0
}'
