/* SPDX-License-Identifier: ISC */
/*
 * server.h - FastCGI: threads that take connections, serve one request at a time each, and stop
 * when told.
 */
#ifndef FCGI_SERVER_H
#define FCGI_SERVER_H

#include <stddef.h>

#include "fcgi/listen.h"
#include "fcgi/routes.h"

struct server_options {
	const struct config *config;
	const struct auth *auth;
	struct listener *listeners; /* stopped, not closed, when server_run is told to stop */
	size_t n_listeners;
};

/* Serves until SIGTERM, SIGINT or SIGUSR1, finishes the requests under way, returns the exit code:
 * 0, or 1 with a line in err when the database cannot be opened. Every request ends by a deadline,
 * so the stop does too. SIGHUP reads the keys anew. */
int server_run(const struct server_options *, struct buf *err);

#endif
