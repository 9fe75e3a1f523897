#!/bin/sh
# SPDX-License-Identifier: ISC
# escrowchat.sh - starts escrowchat.fcgi by spawn-fcgi(1), which opens its socket and gives it to the web server's group; for machines
# without systemd. It stays in the foreground, for a supervisor to watch; spawn-fcgi and the program share one process.
set -eu

# Not ESCROWCHAT_...: those are the program's own.
: "${FCGI_PROGRAM:=/usr/local/libexec/escrowchat/escrowchat.fcgi}"
: "${FCGI_CONFIG:=/etc/escrowchat.conf}"
: "${FCGI_SOCKET:=/run/escrowchat/fcgi.sock}"
: "${FCGI_USER=escrowchat}"   # who the program runs as; empty: who starts this
: "${FCGI_GROUP=www-data}"    # who may connect; empty: that user's group

set -- -- "$FCGI_PROGRAM" --config "$FCGI_CONFIG"
[ -z "$FCGI_USER" ] || set -- -u "$FCGI_USER" "$@"
[ -z "$FCGI_GROUP" ] || set -- -G "$FCGI_GROUP" "$@"
exec spawn-fcgi -n -s "$FCGI_SOCKET" -M 0660 "$@"
