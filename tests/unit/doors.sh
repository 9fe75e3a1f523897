#!/bin/sh
# SPDX-License-Identifier: ISC
# doors.sh - checks the includes: each file includes its own and lower floors alone, each library's header
# stands behind its one door, each module of the hub includes only modules that stand before it in the list of
# src/hub/core.h, and no folder has more than 14 files *.c. Prints every offence; SRCDIR is the source tree.
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
function module_of(file) {
	sub(/^.*\//, "", file)
	if (file != "hub.h" && file != "hub.c")
		sub(/(_job)?\.[ch]$/, "", file)
	return file
}

floor == "hub" && FNR == 1 {
	modules[module_of(FILENAME)] = FILENAME
}

floor == "hub" && /^#include "hub\// && module_of(FILENAME) != module_of(name) {
	n_uses++
	use_place[n_uses] = FILENAME ":" FNR
	user[n_uses] = module_of(FILENAME)
	used[n_uses] = module_of(name)
}

# The list: in each line the modules, two spaces or more, and a description.
FILENAME == "src/hub/core.h" && /^ \*   [a-z]/ {
	line = substr($0, 6)
	sub(/  .*$/, "", line)
	n_listed = split(line, listed, " ")
	for (i = 1; i <= n_listed; i++) {
		module = listed[i] == "hub" ? "hub.c" : listed[i]
		if (module in rank)
			complain(module " stands twice in the list of modules")
		rank[module] = ++n_ranks
	}
}

# Where all includes lead to earlier modules, none are in a circle.
function check_order(  module, i) {
	for (module in rank) {
		if (!(module in modules)) {
			print "src/hub/core.h: the list has " module ", but there is no such module"
			offences++
		}
	}
	for (module in modules) {
		if (!(module in rank)) {
			print modules[module] ": " module " is not in the list of src/hub/core.h"
			offences++
		}
	}
	for (i = 1; i <= n_uses; i++) {
		if (used[i] in rank && user[i] in rank && rank[used[i]] >= rank[user[i]]) {
			print use_place[i] ": " used[i] " does not stand before " user[i] " in the list of src/hub/core.h"
			offences++
		}
	}
	if (n_ranks < 20 || n_uses < 20) {
		print n_ranks + 0 " modules and " n_uses + 0 " includes of the hub were found: too few to check anything"
		offences++
	}
}

END {
	check_order()
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
