/* SPDX-License-Identifier: ISC */
/*
 * ws-echo.c - echoes WebSocket messages at any path, for outside suites: the wire without the chat.
 * ws-echo --listen HOST:PORT [--deflate]
 */
#include "echo/echo.h"
#include "http/websocket.h"
#include "proto/deflate.h"

#define MESSAGE_MAX (64 * 1024 * 1024)

struct ws_echo {
	struct echo echo;
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

static const struct websocket_ops ops = {
    .on_message = on_message, .on_closed = on_closed, .pings = true};

static void
handle(struct web_request *req, void *own)
{
	const struct ws_echo *w = own;

	websocket_accept(req, &(struct websocket_options){
				  .ops = &ops, .max_message = MESSAGE_MAX, .deflate = w->deflate});
}

int
main(int argc, char **argv)
{
	static const struct web_route any = {NULL, handle, 0};
	struct ws_echo w = {.echo = {.name = "ws-echo", .web = {.parts = {{&any, 1, &w}}}}};
	int status;

	if (echo_begin(&w.echo, argc, argv, "--deflate"))
		w.deflate = deflate_new();
	status = echo_run(&w.echo);
	net_free(w.echo.net);
	loop_free(w.echo.loop);
	deflate_free(w.deflate);
	return status;
}
