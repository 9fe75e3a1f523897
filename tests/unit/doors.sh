#!/bin/sh
# SPDX-License-Identifier: ISC
# doors.sh - the police of the floors: each file includes its own and lower floors alone, and each library's header stands
# behind its one door. Prints every offence as FILE:LINE; SRCDIR is the source tree.
set -eu

cd "${SRCDIR:-$(dirname "$0")/../..}"
export LC_ALL=C

find src fcgi -name '*.[ch]' -type f | sort | xargs awk '
BEGIN {
	# Floor: what it may include.
	may["base"] = "base"
	may["proto"] = "base proto"
	may["store"] = "base store"
	may["chat"] = "base proto store chat"
	may["hub"] = "base proto store chat hub"
	may["net"] = "base proto store chat hub net"
	may["ctl"] = "base proto store chat ctl"
	may["fcgi"] = "base proto store chat fcgi"
	may["main"] = "base proto store chat hub net"

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

END {
	if (files < 20) {
		print "only " files " files were found: this checks nothing"
		exit 1
	}
	printf "%d files, %d offences\n", files, offences
	exit offences > 0
}'
