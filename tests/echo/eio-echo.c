/* SPDX-License-Identifier: ISC */
/*
 * eio-echo.c - sends every Engine.IO message back, for outside suites: Engine.IO without Socket.IO.
 * eio-echo --listen HOST:PORT
 */
#include "echo/echo.h"
#include "wires/socketio/engine.h"

struct eio_echo {
	struct echo echo;
	struct engine *engine;
};

static void *
on_open(void *arg, struct engine_session *s, struct web_request *req)
{
	engine_confirm(s);
	return NULL;
}

static void
on_message(struct engine_session *s, bool is_binary, struct span message)
{
	engine_send_message(s, is_binary, message);
}

static void
on_closed(struct engine_session *s, const char *why, bool is_left)
{
}

static const struct engine_ops ops = {
    .on_open = on_open, .on_message = on_message, .on_closed = on_closed};

int
main(int argc, char **argv)
{
	static const struct web_route routes[] = {
	    {"/engine.io/", engine_handle, offsetof(struct eio_echo, engine)}};
	struct eio_echo e = {.echo = {.name = "eio-echo", .web = {.parts = {{routes, 1, &e}}}}};
	int status;

	echo_begin(&e.echo, argc, argv, NULL);
	e.engine = engine_new(e.echo.loop, &(struct engine_options){.ops = &ops,
					       .ping_interval_ms = 300,
					       .ping_timeout_ms = 200,
					       .max_payload = 1000000,
					       .max_strangers = 1000});
	status = echo_run(&e.echo);
	engine_free(e.engine);
	net_free(e.echo.net);
	loop_free(e.echo.loop);
	return status;
}
