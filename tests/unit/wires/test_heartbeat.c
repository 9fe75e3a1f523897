/* SPDX-License-Identifier: ISC */
/*
 * test_heartbeat.c - a client that answers no ping is cut, unless it reads the bytes that wait for
 * it. The test sets the clock.
 */
#include "unit/set_clock.h"

#include "unit/net_world.h"

#include "http/websocket.h"
#include "wires/socketio/engine.h"

#define UPGRADE                                                            \
	"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define PING_MS  25000
#define PONG_MS  60000
#define FLUSH_MS 30000

struct server {
	struct engine *engine;
	struct websocket *ws;
	struct engine_session *session;
	bool is_closed;
};

static struct server server;

/* ---- a WebSocket of its own, which pings ---- */

static void
on_message(struct websocket *ws, enum ws_opcode opcode, struct span message)
{
}

static void
on_closed(struct websocket *ws, const char *why)
{
	server.is_closed = true;
}

static const struct websocket_ops ops = {
    .on_message = on_message, .on_closed = on_closed, .pings = true};

static void
handle_ws(struct web_request *req, void *own)
{
	server.ws =
	    websocket_accept(req, &(struct websocket_options){.ops = &ops, .max_message = 1000});
}

/* ---- a session of Engine.IO ---- */

static void *
on_open(void *arg, struct engine_session *s, struct web_request *req)
{
	server.session = s;
	return NULL;
}

static void
on_packet(struct engine_session *s, bool is_binary, struct span message)
{
}

static void
on_session_closed(struct engine_session *s, const char *why, bool is_left)
{
	server.is_closed = true;
}

static const struct engine_ops engine_ops = {
    .on_open = on_open, .on_message = on_packet, .on_closed = on_session_closed};

/* ---- an answer after which the connection ends ---- */

static void
handle_last(struct web_request *req, void *own)
{
	static char much[1000000];

	web_reply(
	    req, &(struct web_reply){.status = 200, .body = {much, sizeof(much)}, .is_last = true});
}

static const struct web_route routes[] = {
    {"/last", handle_last, 0},
    {"/ws", handle_ws, 0},
    {"/engine.io/", engine_handle, offsetof(struct server, engine)},
};
static struct web web = {.parts = {{routes, 3, &server}}};

/* ---- */

static void
pass(struct wires *w, int64_t ms)
{
	ahead_us += ms * 1000;
	turns(w);
}

/* The client reads a part of the bytes that wait for it, and sends nothing. */
static void
read_some(struct wires *w)
{
	static char bytes[100000];
	size_t n = 0;

	while (n < sizeof(bytes)) {
		ssize_t more = recv(w->far, bytes, sizeof(bytes) - n, 0);

		if (more > 0)
			n += (size_t)more;
		turns(w);
	}
}

static void
listen_to(struct wires *w)
{
	server = (struct server){
	    .engine = engine_new(w->loop, &(struct engine_options){.ops = &engine_ops,
					      .ping_interval_ms = PING_MS,
					      .ping_timeout_ms = PONG_MS,
					      .max_payload = 1000,
					      .max_strangers = 10})};
	small_buffer(w->near);
	web_accept(&web, w->net, w->near, "127.0.0.1");
}

static struct wires *
connected(void **state, const char *request)
{
	struct wires *w = *state;

	listen_to(w);
	ask(w, request);
	assert_true(server.ws != NULL || server.session != NULL);
	return w;
}

static void
send_much(void)
{
	static char much[1000000];

	if (server.ws != NULL)
		websocket_send_message(server.ws, WS_BINARY, (struct span){much, sizeof(much)});
	else
		engine_send_message(server.session, true, (struct span){much, sizeof(much)});
}

static void
read_for_a_while_and_stop(struct wires *w)
{
	for (int i = 0; i < 4; i++) {
		read_some(w);
		pass(w, PONG_MS + 10);
		assert_false(server.is_closed);
	}
	pass(w, PONG_MS + 10);
	assert_true(server.is_closed);
	engine_free(server.engine);
}

static void
expect_a_reader_to_live_and_another_to_die(struct wires *w)
{
	send_much();
	turns(w);
	pass(w, PING_MS + 10);
	read_for_a_while_and_stop(w);
}

static void
a_websocket_whose_peer_reads_what_waits_is_alive(void **state)
{
	expect_a_reader_to_live_and_another_to_die(
	    connected(state, "GET /ws HTTP/1.1\r\n" UPGRADE));
}

static void
so_is_a_session_of_engine_io_on_a_websocket(void **state)
{
	expect_a_reader_to_live_and_another_to_die(
	    connected(state, "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\n" UPGRADE));
}

#define GET_POLLING "GET /engine.io/?EIO=4&transport=polling"
#define GET_END     " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct wires *
polling(void **state)
{
	return connected(state, GET_POLLING GET_END);
}

static void
begin_poll(struct wires *w)
{
	const char *sid = strstr(buf_cstr(&w->answer), "\"sid\":\"") + 7;
	char request[200];

	snprintf(request, sizeof(request), GET_POLLING "&sid=%.32s" GET_END, sid);
	put_text(w, request);
	turns(w);
}

static void
so_is_a_session_of_engine_io_that_reads_the_answer_to_its_poll(void **state)
{
	struct wires *w = polling(state);

	begin_poll(w);
	expect_a_reader_to_live_and_another_to_die(w);
}

static void
so_is_one_that_reads_the_answer_with_the_ping_in_it(void **state)
{
	struct wires *w = polling(state);

	send_much();
	pass(w, PING_MS + 10);
	assert_false(server.is_closed);
	begin_poll(w);
	read_for_a_while_and_stop(w);
}

static void
a_last_answer_is_written_as_long_as_it_is_read(void **state)
{
	struct wires *w = *state;

	listen_to(w);
	put_text(w, "GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n");
	turns(w);
	for (int i = 0; i < 4; i++) {
		read_some(w);
		pass(w, FLUSH_MS - 10);
		assert_int_equal(net_connections(w->net), 1);
	}
	pass(w, 20);
	assert_int_equal(net_connections(w->net), 0);
	engine_free(server.engine);
}

static void
who_has_nothing_to_read_and_answers_no_ping_is_cut(void **state)
{
	struct wires *w = connected(state, "GET /ws HTTP/1.1\r\n" UPGRADE);

	pass(w, PING_MS + 10);
	assert_false(server.is_closed);
	pass(w, PONG_MS + 10);
	assert_true(server.is_closed);
	engine_free(server.engine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(a_websocket_whose_peer_reads_what_waits_is_alive),
	    wires_test(so_is_a_session_of_engine_io_on_a_websocket),
	    wires_test(so_is_a_session_of_engine_io_that_reads_the_answer_to_its_poll),
	    wires_test(so_is_one_that_reads_the_answer_with_the_ping_in_it),
	    wires_test(a_last_answer_is_written_as_long_as_it_is_read),
	    wires_test(who_has_nothing_to_read_and_answers_no_ping_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
