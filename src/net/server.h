/* SPDX-License-Identifier: ISC */
/*
 * server.h - the daemon put together: database, writer, hub, listeners, and its orderly end.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/buf.h"
#include "base/config.h"

struct server;

/* Opens everything and listens. The configuration is borrowed. NULL: err holds one line for the operator. */
struct server *server_new(const struct config *, struct buf *err);

/* Serves until SIGTERM or SIGINT, then drains: stops accepting, finishes the writer's queue, closes with 1001. */
void server_run(struct server *);

/* Checkpoints and releases all. NULL is fine. */
void server_free(struct server *);

#endif
