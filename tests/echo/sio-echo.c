/* SPDX-License-Identifier: ISC */
/*
 * sio-echo.c - sends Socket.IO events back, for outside suites: Socket.IO without the chat.
 * sio-echo --listen HOST:PORT; namespaces / and /custom.
 */
#include "base/ids.h"
#include "base/json_slice.h"
#include "base/mem.h"
#include "echo/echo.h"
#include "wires/socketio/socketio.h"

struct sio_echo {
	struct echo echo;
	struct socketio *socketio;
};

/* The event that tells a client the payload with which it connected. It is sent a moment after the
 * answer, in a write of its own: the suites wait for one message at a time, and lose the second of
 * two that arrive together. */
struct greeting {
	struct socketio_socket *socket;
	struct loop_timer *timer;
	struct buf args;
};

#define GREETING_US 20000

static void
greet(void *arg)
{
	struct greeting *g = arg;
	struct buf packet = {0};

	sio_put_event(
	    &packet, span_of(socketio_namespace(g->socket)), SPAN("auth"), buf_as_span(&g->args));
	socketio_send(g->socket, buf_as_span(&packet));
	buf_clear(&packet);
}

static void
on_connect(void *arg, struct socketio_socket *s, struct span auth)
{
	struct sio_echo *echo = arg;
	struct json *parsed;
	struct greeting *g = mem_zalloc(sizeof(*g));
	char sid[21];

	socketio_set_owner(s, g);
	g->socket = s;
	g->timer = loop_timer_new(echo->echo.loop, greet, g);
	parsed = json_parse(auth.n > 0 ? auth : SPAN("{}"), NULL);
	json_write(&g->args, parsed);
	json_free(parsed);
	ids_token(sid, 20);
	socketio_accept(s, sid, NULL);
	loop_timer_set_us(g->timer, GREETING_US);
}

/* The packet, and behind it the attachments it came with. */
static void
send_back(struct socketio_socket *s, struct sio_packet *p, const struct sio_assembly *attachments)
{
	struct buf packet = {0};

	p->nsp = span_of(socketio_namespace(s));
	p->attachments = attachments != NULL ? attachments->have : 0;
	sio_put(&packet, p);
	socketio_send(s, buf_as_span(&packet));
	for (unsigned i = 0; i < p->attachments; i++)
		socketio_send_binary(s, sio_assembly_at(attachments, i));
	buf_clear(&packet);
}

static void
on_event(struct socketio_socket *s, const struct socketio_event *ev)
{
	struct sio_packet p = {0};
	struct buf data = {0}, decoded = {0};
	struct span name = {"", 0};

	json_slice_string(json_slice_at(ev->args, 0), &decoded, &name);
	buf_addc(&data, '[');
	if (span_is(name, "message")) {
		p.type = ev->is_binary ? SIO_BINARY_EVENT : SIO_EVENT;
		buf_str(&data, "\"message-back\"");
		if (json_slice_at(ev->args, 1).n > 0)
			buf_addc(&data, ',');
	} else if (span_is(name, "message-with-ack") && ev->has_id) {
		p.type = ev->is_binary ? SIO_BINARY_ACK : SIO_ACK;
		p.has_id = true;
		p.id = ev->id;
	}
	socketio_put_args(&data, ev->args, 1);
	buf_addc(&data, ']');
	p.data = buf_as_span(&data);
	if (p.type != SIO_CONNECT)
		send_back(s, &p, ev->attachments);
	buf_clear(&decoded);
	buf_clear(&data);
}

static void
on_disconnect(struct socketio_socket *s, const char *why, enum socketio_end end)
{
	struct greeting *g = socketio_owner(s);

	loop_timer_free(g->timer);
	buf_clear(&g->args);
	free(g);
}

static const struct socketio_ops ops = {
    .on_connect = on_connect, .on_event = on_event, .on_disconnect = on_disconnect};

int
main(int argc, char **argv)
{
	static const char *const namespaces[] = {"/", "/custom", NULL};
	static const struct web_route routes[] = {
	    {"/socket.io/", socketio_handle, offsetof(struct sio_echo, socketio)}};
	struct sio_echo s = {.echo = {.name = "sio-echo", .web = {.parts = {{routes, 1, &s}}}}};
	int status;

	echo_begin(&s.echo, argc, argv, NULL);
	s.socketio = socketio_new(s.echo.loop, &(struct socketio_options){.ops = &ops,
						   .arg = &s,
						   .namespaces = namespaces,
						   .takes_binary = true,
						   .connect_timeout_ms = 1000,
						   .ping_interval_ms = 300,
						   .ping_timeout_ms = 200,
						   .max_payload = 1000000,
						   .max_strangers = 1000});
	status = echo_run(&s.echo);
	socketio_free(s.socketio);
	net_free(s.echo.net);
	loop_free(s.echo.loop);
	return status;
}
