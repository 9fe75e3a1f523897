/* SPDX-License-Identifier: ISC */
/*
 * listen.h - the program's own listening sockets. libfcgi's helper makes Unix sockets with mode
 * 0755, to which a web server under another user cannot connect.
 */
#ifndef FCGI_LISTEN_H
#define FCGI_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"

struct listener {
	int fd;           /* non-blocking, close-on-exec */
	bool is_ours;     /* the program opened it: it was not inherited */
	bool is_loopback; /* a loopback address or a Unix socket */
	bool is_unix;
	char *path;       /* owned; of a Unix socket that the program made, else NULL */
	struct stat made; /* the file at path when it was made */
	char name[128];   /* where it listens, for log lines, with the port that port 0 got */
};

/* Opens HOST:PORT (port 0: the system chooses one), unix:PATH (with mode; a stale socket file is
 * replaced) or fd:N. False: err holds one line. */
bool listen_open(struct listener *, const char *address, int mode, struct buf *err);

/* Takes over a descriptor. False: it is no listening stream socket; it stays the caller's. */
bool listen_take(struct listener *, int fd);

/* Unlinks a Unix socket of ours: new clients do not find it, and clients that wait can still be
 * accepted. Other sockets are left as they are: to close a TCP socket would reset the clients that
 * wait, and an inherited socket may be shared with other processes. */
void listen_stop(const struct listener *);

/* Closes the socket, and unlinks its file if it is still the one that we made. */
void listen_close(struct listener *);

#endif
