/* SPDX-License-Identifier: ISC */
/*
 * ws-echo.c - echoes WebSocket messages at any path, for outside suites: the wire without the chat.
 * ws-echo --listen HOST:PORT [--deflate]; runs until SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "net/listener.h"
#include "net/websocket.h"
#include "proto/deflate.h"

#define MESSAGE_MAX (64 * 1024 * 1024)

struct echo {
	struct loop *loop;
	struct net *net;
	struct web web;
	struct deflate *deflate; /* NULL: not offered */
};

static void
on_message(struct websocket *ws, enum ws_opcode opcode, struct span message)
{
	websocket_send_message(ws, opcode, message);
}

static void
on_closed(struct websocket *ws, const char *why)
{
}

static const struct websocket_ops ops = {.on_message = on_message, .on_closed = on_closed, .pings = true};

static void
handle(struct web_request *req, void *own)
{
	const struct echo *echo = own;

	websocket_accept(req, &(struct websocket_options){.ops = &ops, .max_message = MESSAGE_MAX, .deflate = echo->deflate});
}

static void
on_accept(int fd, const char *peer, void *arg)
{
	struct echo *echo = arg;

	web_accept(&echo->web, echo->net, fd, peer);
}

static void
on_stop(void *arg)
{
	loop_stop(((struct echo *)arg)->loop);
}

int
main(int argc, char **argv)
{
	static const struct web_route any = {NULL, handle, 0};
	const char *listen = NULL;
	struct echo echo = {.web = {.routes = &any, .n_routes = 1, .arg = &echo}};
	struct buf err = {0};
	struct listener *listener;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--listen") == 0 && i + 1 < argc)
			listen = argv[++i];
		else if (strcmp(argv[i], "--deflate") == 0 && echo.deflate == NULL)
			echo.deflate = deflate_new();
	}
	if (listen == NULL) {
		fprintf(stderr, "usage: ws-echo --listen HOST:PORT [--deflate]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	echo.loop = loop_new();
	echo.net = net_new(echo.loop, &(struct net_options){.max_connections = 10000});
	if ((listener = listener_open(echo.loop, listen, 0600, on_accept, &echo, &err)) == NULL) {
		fprintf(stderr, "ws-echo: %s\n", buf_cstr(&err));
		return 1;
	}
	printf("listening on %s\n", listener_name(listener));
	fflush(stdout);
	loop_on_signal(echo.loop, SIGTERM, on_stop, &echo);
	loop_on_signal(echo.loop, SIGINT, on_stop, &echo);
	loop_run(echo.loop);
	listener_close(listener);
	net_free(echo.net);
	loop_free(echo.loop);
	deflate_free(echo.deflate);
	return 0;
}
