/* SPDX-License-Identifier: ISC */
/*
 * server.h - FastCGI: threads that accept connections, each serve one request at a time, and stop
 * on a signal.
 */
#ifndef FCGI_SERVER_H
#define FCGI_SERVER_H

#include <stddef.h>

#include "fcgi/listen.h"
#include "fcgi/routes.h"

struct server_options {
	const struct config *config;
	const struct auth *auth;
	struct listener *listeners; /* borrowed; server_run calls listen_stop, not listen_close */
	size_t n_listeners;
};

/* Serves until SIGTERM, SIGINT or SIGUSR1, then finishes the requests under way. Returns the exit
 * code: 0, or 1 with a line in err if the database, descriptors or threads cannot be had. Every
 * request has deadlines, so the stop has one too. SIGHUP reads the keys again. */
int server_run(const struct server_options *, struct buf *err);

#endif
