/* SPDX-License-Identifier: ISC */
/*
 * server.h - makes the daemon of its parts (database, writer, reader, hub, listeners), and ends it
 * in good order. All functions belong to the loop's thread.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "base/buf.h"
#include "config/config.h"

struct server;

/* Opens everything and listens. Borrows the configuration. NULL: err holds one line for the
 * operator. */
struct server *server_new(const struct config *, struct buf *err);

/* Serves until SIGTERM or SIGINT. Then drains: stops accepting, finishes the jobs of the writer,
 * and closes the connections (WebSockets with code 1001). */
void server_run(struct server *);

/* Checkpoints and releases everything. NULL is fine. */
void server_free(struct server *);

#endif
