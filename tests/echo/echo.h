/* SPDX-License-Identifier: ISC */
/*
 * echo.h - what the echo programs share: the command line, one listener, a loop until SIGTERM.
 */
#ifndef ECHO_H
#define ECHO_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/web.h"
#include "io/listener.h"

struct echo {
	const char *name, *listen;
	struct loop *loop;
	struct net *net;
	struct web web;
};

static inline void
echo_on_accept(int fd, const char *peer, void *arg)
{
	struct echo *e = arg;

	web_accept(&e->web, e->net, fd, peer);
}

static inline void
echo_on_stop(void *arg)
{
	loop_stop(((struct echo *)arg)->loop);
}

/* Reads the command line, NAME --listen HOST:PORT [flag], and ends the process with 2 for anything
 * else. True: the flag was given. */
static inline bool
echo_begin(struct echo *e, int argc, char **argv, const char *flag)
{
	bool has_flag = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--listen") == 0 && i + 1 < argc)
			e->listen = argv[++i];
		else if (flag != NULL && strcmp(argv[i], flag) == 0)
			has_flag = true;
		else
			e->listen = NULL, i = argc;
	}
	if (e->listen == NULL) {
		fprintf(stderr, "usage: %s --listen HOST:PORT%s%s\n", e->name,
		    flag != NULL ? " " : "", flag != NULL ? flag : "");
		exit(2);
	}
	signal(SIGPIPE, SIG_IGN);
	struct buf err = {0};
	if ((e->loop = loop_new(&err)) == NULL) {
		fprintf(stderr, "%s: %s\n", e->name, buf_cstr(&err));
		exit(1);
	}
	e->net = net_new(e->loop, &(struct net_options){.max_connections = 10000});
	return has_flag;
}

/* Serves the web's routes until SIGTERM. Returns the exit status. */
static inline int
echo_run(struct echo *e)
{
	struct buf err = {0};
	struct listener *l = listener_open(e->loop, e->listen, 0600, echo_on_accept, e, &err);

	if (l == NULL) {
		fprintf(stderr, "%s: %s\n", e->name, buf_cstr(&err));
		buf_clear(&err);
		return 1;
	}
	printf("listening on %s\n", listener_name(l));
	fflush(stdout);
	loop_on_signal(e->loop, SIGTERM, echo_on_stop, e);
	loop_on_signal(e->loop, SIGINT, echo_on_stop, e);
	loop_run(e->loop);
	listener_close(l);
	return 0;
}

#endif
