/* SPDX-License-Identifier: ISC */
/*
 * listen.h - the program's own listening sockets, with a mode that the web server can use.
 * libfcgi's own helper makes Unix sockets 0755: nobody else can connect.
 */
#ifndef FCGI_LISTEN_H
#define FCGI_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"

struct listener {
	int fd;           /* non-blocking, close-on-exec */
	bool is_ours;     /* opened here, not inherited */
	bool is_loopback; /* a loopback address or a Unix socket */
	bool is_unix;
	char *path;       /* owned; of a Unix socket that we made, else NULL */
	struct stat made; /* what stood at path then */
	char name[128];   /* where it listens, for the log: a free port is named here */
};

/* Opens HOST:PORT (port 0: a free one), unix:PATH (with mode; a stale socket is replaced) or
 * fd:N. False: err holds one line. */
bool listen_open(struct listener *, const char *address, int mode, struct buf *err);

/* Takes over a descriptor. False: it is no listening stream socket. */
bool listen_take(struct listener *, int fd);

/* Nobody finds a Unix socket of ours any more; who has connected already can still be accepted. Other
 * sockets are left as they are: of an address nobody can be turned away without resetting those who
 * wait, and an inherited socket may be shared with other processes. */
void listen_stop(const struct listener *);

/* Closes, and unlinks the Unix socket if it is still ours. */
void listen_close(struct listener *);

#endif
