/* SPDX-License-Identifier: ISC */
/*
 * listener.h - sockets that are listened on: TCP addresses, Unix sockets, inherited descriptors.
 * All functions belong to the loop's thread.
 */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "io/loop.h"

struct listener;

/* A new connection: non-blocking, close-on-exec, with TCP_NODELAY; the callee owns fd. peer: its
 * address, "" for a Unix socket. */
typedef void listener_cb(int fd, const char *peer, void *arg);

/* Frees a descriptor for a connection that waits, when the process has none left. False: it has
 * none that it could free. */
typedef bool listener_relief_cb(void *arg);

/* Opens HOST:PORT, unix:PATH, "unix:PATH identity" or fd:N and accepts from the next turn on; port
 * 0 takes a free one. mode is the mode of a Unix socket; an identity socket is open to its owner
 * and group at most. listener_close frees it. NULL: err holds one line. */
struct listener *listener_open(
    struct loop *, const char *spec, mode_t mode, listener_cb *, void *arg, struct buf *err);

/* The callback that frees a descriptor, with the same arg, where the process has none left. NULL:
 * there is no such callback. */
void listener_set_relief(struct listener *, listener_relief_cb *);

/* Stops accepting and frees the listener; a Unix socket that it made is unlinked. NULL is fine. */
void listener_close(struct listener *);

const char *listener_name(const struct listener *); /* "127.0.0.1:3001", "unix:/run/…" */
bool listener_is_loopback(const struct listener *); /* or a Unix socket */
bool listener_is_identity(const struct listener *);

#endif
