/* SPDX-License-Identifier: ISC */
/*
 * test_websocket.c - RFC 6455 on a connection: messages in order, heartbeats, and a close handshake
 * that always ends.
 */
#include "unit/net_world.h"

#include "http/websocket.h"
#include "io/account.h"

#define UPGRADE                                                                                \
	"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

struct peer { /* the server's side */
	struct wires *wires;
	struct websocket *ws;
	struct buf got; /* "opcode:message," */
	int messages;
	int busy_after; /* so many messages; 0: never */
	bool is_busy, is_closed, echoes, has_room;
	const char *why;
	size_t at; /* of the client: what it has read of the answer */
};

static void
on_message(struct websocket *ws, enum ws_opcode opcode, struct span message)
{
	struct peer *p = websocket_owner(ws);

	buf_printf(&p->got, "%d:%.*s,", (int)opcode, (int)message.n, message.p);
	p->messages++;
	if (p->busy_after > 0 && p->messages % p->busy_after == 0)
		p->is_busy = true;
	if (p->echoes)
		websocket_send_message(ws, opcode, message);
}

static bool
is_busy(struct websocket *ws)
{
	return ((struct peer *)websocket_owner(ws))->is_busy;
}

static void
on_writable(struct websocket *ws)
{
	((struct peer *)websocket_owner(ws))->has_room = true;
}

static void
on_closed(struct websocket *ws, const char *why)
{
	struct peer *p = websocket_owner(ws);

	p->is_closed = true;
	p->why = why;
	buf_clear(&p->got);
}

static struct span
wallet(const struct websocket *ws)
{
	return SPAN("greedy");
}

static const struct websocket_ops ops = {on_message, is_busy, on_writable, on_closed, true, wallet};

static void
handle(struct web_request *req, void *own)
{
	struct peer *p = own;

	p->ws = websocket_accept(
	    req, &(struct websocket_options){
		     .ops = &ops, .owner = p, .max_message = 1000, .subprotocol = "escrowchat.v1"});
}

static const struct web_route route = {NULL, handle, 0};
static struct web web = {.parts = {{&route, 1, NULL}}};

static struct peer *
serve(struct wires *w)
{
	struct peer *p = calloc(1, sizeof(*p));

	w->own = p;
	p->wires = w;
	web.parts[0].arg = p;
	web_accept(&web, w->net, w->near, "127.0.0.1");
	return p;
}

/* The client sends the handshake, and reads its answer. */
static struct peer *
open_ws(struct wires *w)
{
	struct peer *p = serve(w);

	ask(w, UPGRADE "\r\n");
	assert_non_null(p->ws);
	p->at = w->answer.len;
	return p;
}

/* ---- the client ---- */

#define FIN 0x80

static void
frame(struct buf *out, int first, struct span payload)
{
	static const char mask[4] = {0x12, 0x34, 0x56, 0x78};

	buf_addc(out, (char)first);
	if (payload.n < 126) {
		buf_addc(out, (char)(0x80 | payload.n));
	} else {
		buf_addc(out, (char)(0x80 | 126));
		buf_addc(out, (char)(payload.n >> 8));
		buf_addc(out, (char)payload.n);
	}
	buf_add(out, mask, 4);
	for (size_t i = 0; i < payload.n; i++)
		buf_addc(out, (char)(payload.p[i] ^ mask[i % 4]));
}

static void
put_frame(struct wires *w, int first, const char *payload)
{
	struct buf b = {0};

	frame(&b, first, span_of(payload));
	assert_int_equal(put(w, b.p, b.len), b.len);
	buf_clear(&b);
	turns(w);
	get(w);
}

static void
put_close(struct wires *w, int code)
{
	struct buf b = {0};
	char bytes[2] = {(char)(code >> 8), (char)code};

	frame(&b, FIN | WS_CLOSE, (struct span){bytes, code != 0 ? 2 : 0});
	put(w, b.p, b.len);
	buf_clear(&b);
	turns(w);
	get(w);
}

/* Takes the next frame that the server sent (short ones only). -1: there is none. */
static int
next_frame(struct peer *p, struct span *payload)
{
	const struct buf *in = &p->wires->answer;
	size_t n;

	if (in->len < p->at + 2)
		return -1;
	n = (uint8_t)in->p[p->at + 1];
	assert_in_range(n, 0, 125); /* and not masked */
	*payload = (struct span){in->p + p->at + 2, n};
	p->at += 2 + n;
	assert_true(p->at <= in->len);
	return (uint8_t)in->p[p->at - n - 2];
}

static void
expect(struct peer *p, int first, const char *text)
{
	struct span payload = {0};

	assert_int_equal(next_frame(p, &payload), first);
	if (!span_is(payload, text))
		fail_msg("%.*s is not %s", (int)payload.n, payload.p, text);
}

/* 0: a close frame without a code. */
static void
expect_close(struct peer *p, int code)
{
	struct span payload = {0};

	assert_int_equal(next_frame(p, &payload), FIN | WS_CLOSE);
	assert_int_equal(
	    payload.n < 2 ? 0 : (uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1], code);
}

static void
expect_nothing(struct peer *p)
{
	assert_int_equal(p->wires->answer.len, p->at);
}

/* ---- the handshake ---- */

static void
a_handshake_is_answered_as_the_rfc_has_it(void **state)
{
	struct wires *w = *state;
	const char *answer;

	serve(w);
	answer = ask(w, UPGRADE "\r\n");
	assert_memory_equal(answer, "HTTP/1.1 101 Switching Protocols\r\n", 34);
	assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_non_null(strstr(answer, "Sec-WebSocket-Protocol: escrowchat.v1\r\n"));
	assert_null(strstr(answer, "Connection: close"));
	assert_false(w->has_ended);
}

static void
a_bad_handshake_is_refused_and_its_connection_ended(void **state)
{
	static const struct {
		const char *status, *request;
	} bad[] = {
	    {"426", "GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n"},
	    {"405", "POST /ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nUpgrade: "
		    "websocket\r\nConnection: Upgrade\r\n\r\n"},
	    {"400", "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
		    "Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n"},
	    {"426",
		"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
		"Upgrade\r\n"
		"Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		void *fresh;

		wires_setup(&fresh);
		struct wires *w = fresh;
		struct peer *p = serve(w);
		assert_memory_equal(ask(w, bad[i].request) + strlen("HTTP/1.1 "), bad[i].status, 3);
		/* Only where no WebSocket was asked for, what follows is surely a request. */
		bool is_asked = strstr(bad[i].request, "Upgrade: ") != NULL;
		assert_int_equal(
		    strstr(buf_cstr(&w->answer), "Connection: close\r\n") != NULL, is_asked);
		assert_int_equal(w->has_ended, is_asked);
		assert_int_equal(strstr(buf_cstr(&w->answer),
				     "\r\nUpgrade: websocket\r\nConnection: upgrade\r\n") != NULL,
		    strcmp(bad[i].status, "426") == 0);
		assert_null(p->ws);
		wires_teardown(&fresh);
	}
}

static void
frames_right_behind_the_handshake_are_messages(void **state)
{
	struct wires *w = *state;
	struct peer *p = serve(w);
	struct buf all = {0};

	buf_str(&all, UPGRADE "\r\n");
	frame(&all, FIN | WS_TEXT, SPAN("early"));
	assert_int_equal(put(w, all.p, all.len), all.len);
	turns(w);
	assert_string_equal(buf_cstr(&p->got), "1:early,");
	buf_clear(&all);
}

/* ---- messages ---- */

static void
messages_are_given_whole_in_order_with_their_kind(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	p->echoes = true;
	put_frame(w, FIN | WS_TEXT, "one");
	put_frame(w, FIN | WS_BINARY, "two");
	put_frame(w, FIN | WS_TEXT, "");
	assert_string_equal(buf_cstr(&p->got), "1:one,2:two,1:,");
	expect(p, FIN | WS_TEXT, "one");
	expect(p, FIN | WS_BINARY, "two");
	expect(p, FIN | WS_TEXT, "");
	expect_nothing(p);
}

static void
fragments_are_one_message_with_control_frames_between(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	put_frame(w, WS_TEXT, "Hel");
	put_frame(w, FIN | WS_PING, "alive?");
	put_frame(w, WS_CONTINUATION, "");
	put_frame(w, FIN | WS_CONTINUATION, "lo");
	assert_string_equal(buf_cstr(&p->got), "1:Hello,");
	expect(p, FIN | WS_PONG, "alive?");
	expect_nothing(p);
}

static void
a_stream_split_at_every_byte_is_the_same_messages(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);
	struct buf all = {0};
	char long_text[300];

	memset(long_text, 'l', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	frame(&all, WS_TEXT, SPAN("a"));
	frame(&all, FIN | WS_PING, SPAN("p"));
	frame(&all, FIN | WS_CONTINUATION, SPAN("\xc3\xa4"));
	frame(&all, FIN | WS_TEXT, span_of(long_text));
	frame(&all, FIN | WS_TEXT, SPAN("z"));
	for (size_t i = 0; i < all.len; i++) {
		assert_int_equal(put(w, all.p + i, 1), 1);
		turns(w);
	}
	assert_memory_equal(buf_cstr(&p->got), "1:a\xc3\xa4,1:lll", 11);
	assert_int_equal(p->messages, 3);
	get(w);
	expect(p, FIN | WS_PONG, "p");
	buf_clear(&all);
}

static void
many_messages_at_once_are_taken_in_slices_and_none_is_lost(void **state)
{
	enum { MANY = 1000 };
	struct wires *w = *state;
	struct peer *p = open_ws(w);
	struct buf all = {0};
	int before;

	for (int i = 0; i < MANY; i++)
		frame(&all, FIN | WS_TEXT, SPAN("x"));
	assert_int_equal(put(w, all.p, all.len), all.len);
	do {
		before = p->messages;
		one_turn(w);
		assert_true(p->messages - before <= 4 * SLICE_EVENTS);
	} while (p->messages < MANY);
	turns(w);
	assert_int_equal(p->messages, MANY);
	buf_clear(&all);
}

static void
who_lets_too_much_wait_is_told_so_with_1013(void **state)
{
	enum { MANY = 500 };
	static const char text[101] = {[0 ... 99] = 'x'};
	struct wires *w = *state;
	struct accounts *accounts =
	    accounts_new(w->loop, &(struct account_limits){.max_per_wallet = 20000});
	struct span payload;
	struct peer *p;
	int first;

	net_free(w->net);
	w->net =
	    net_new(w->loop, &(struct net_options){.max_connections = 2, .accounts = accounts});
	small_buffer(w->near);
	p = open_ws(w);
	for (int i = 0; i < MANY; i++)
		websocket_send_message(p->ws, WS_TEXT, (struct span){text, 100});
	assert_false(p->is_closed);
	turns(w);
	for (size_t before = 0; w->answer.len > before || before == 0; turns(w)) {
		before = w->answer.len;
		get(w);
	}
	assert_true(w->answer.len - p->at < MANY * 100);
	while ((first = next_frame(p, &payload)) == (FIN | WS_TEXT))
		;
	assert_int_equal(first, FIN | WS_CLOSE);
	assert_int_equal((uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1], WS_TRY_AGAIN);
	net_free(w->net);
	w->net = NULL;
	assert_true(p->is_closed);
	accounts_free(accounts);
}

/* ---- heartbeat ---- */

static void
see_wait(struct conn *c, void *arg)
{
	*(enum conn_wait *)arg = conn_wait_kind(c);
}

static enum conn_wait
wait_of(struct wires *w)
{
	enum conn_wait wait = WAIT_KINDS;

	net_each(w->net, see_wait, &wait);
	return wait;
}

static void
a_pong_nobody_asked_for_is_fine(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	assert_int_equal(wait_of(w), WAIT_PING);
	put_frame(w, FIN | WS_PONG, "hm");
	assert_int_equal(wait_of(w), WAIT_PING);
	expect_nothing(p);
	assert_false(p->is_closed);
}

/* ---- the end ---- */

static void
a_close_frame_is_answered_with_its_code_and_an_end(void **state)
{
	static const int codes[][2] = {{1000, 1000}, {1001, 1001}, {0, 0}, {3000, 3000},
	    {4999, 4999}, {1005, 1002}, {1006, 1002}, {999, 1002}, {2999, 1002}, {5000, 1002}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		void *fresh;

		wires_setup(&fresh);
		struct wires *w = fresh;
		struct peer *p = open_ws(w);
		put_close(w, codes[i][0]);
		expect_close(p, codes[i][1]);
		expect_nothing(p);
		assert_true(w->has_ended);
		wires_teardown(&fresh);
	}
}

static void
broken_frames_end_with_the_code_of_the_rfc(void **state)
{
	static const struct {
		int code;
		const char *bytes;
		size_t n;
	} broken[] = {
	    {1002, "\x81\x01x", 3},                         /* not masked */
	    {1002, "\xc1\x80\0\0\0\0", 6},                  /* a reserved bit */
	    {1002, "\x83\x80\0\0\0\0", 6},                  /* a reserved opcode */
	    {1002, "\x80\x80\0\0\0\0", 6},                  /* nothing to continue */
	    {1002, "\x09\x80\0\0\0\0", 6},                  /* a fragmented ping */
	    {1002, "\x89\xfe\x00\x7e\0\0\0\0", 8},          /* a long one */
	    {1002, "\x88\x81\0\0\0\0x", 7},                 /* half a code */
	    {1007, "\x81\x81\0\0\0\0\xff", 7},              /* no UTF-8 */
	    {1009, "\x81\xfe\x03\xe9\0\0\0\0", 8},          /* 1001 bytes */
	    {1009, "\x81\xff\0\0\0\1\0\0\0\0\0\0\0\0", 14}, /* 4 GiB */
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		void *fresh;

		wires_setup(&fresh);
		struct wires *w = fresh;
		struct peer *p = open_ws(w);
		put(w, broken[i].bytes, broken[i].n);
		ask(w, "");
		expect_close(p, broken[i].code);
		expect_nothing(p);
		assert_int_equal(p->messages, 0);
		assert_true(w->has_ended);
		wires_teardown(&fresh);
	}
}

static void
what_comes_after_the_peers_close_is_passed_over(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);
	struct buf all = {0};

	frame(&all, FIN | WS_TEXT, SPAN("before"));
	frame(&all, FIN | WS_CLOSE, SPAN("\x03\xe8"));
	frame(&all, FIN | WS_TEXT, SPAN("after"));
	frame(&all, FIN | WS_PING, SPAN("after"));
	put(w, all.p, all.len);
	ask(w, "");
	assert_string_equal(buf_cstr(&p->got), "1:before,");
	expect_close(p, 1000);
	expect_nothing(p);
	buf_clear(&all);
}

static void
nothing_is_sent_behind_our_close_and_nothing_taken(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);
	struct frame *f = frame_new_ws(FRAME_CONTROL, WS_TEXT, SPAN("late"));

	websocket_close(p->ws, 1003, "no");
	websocket_close(p->ws, 1000, "again");
	websocket_send_message(p->ws, WS_TEXT, SPAN("late"));
	assert_true(websocket_send_frame(p->ws, f));
	frame_unref(f);
	put_frame(w, FIN | WS_TEXT, "late");
	put_frame(w, FIN | WS_PING, "late");
	expect_close(p, 1003);
	expect_nothing(p);
	assert_int_equal(p->messages, 0);
	assert_int_equal(wait_of(w), WAIT_CLOSE);
	assert_false(w->has_ended);
	put_close(w, 1003);
	expect_nothing(p);
	assert_true(w->has_ended);
}

static void
a_lost_connection_is_told_once(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	shutdown(w->far, SHUT_WR);
	turns(w);
	assert_true(p->is_closed);
	assert_string_equal(p->why, "connection lost");
	assert_int_equal(net_connections(w->net), 0);
}

static void
shut_down(struct conn *c, void *arg)
{
	conn_shut_down(c);
}

static void
the_end_of_the_process_is_1001(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	net_each(w->net, shut_down, NULL);
	ask(w, "");
	expect_close(p, 1001);
	put_close(w, 1001);
	assert_true(w->has_ended);
}

/* ---- back-pressure ---- */

static void
who_is_busy_is_given_no_more_until_it_resumes(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);
	struct buf all = {0};

	p->busy_after = 2;
	for (char c = 'a'; c <= 'i'; c++)
		frame(&all, FIN | WS_TEXT, (struct span){&c, 1});
	put(w, all.p, all.len);
	turns(w);
	assert_string_equal(buf_cstr(&p->got), "1:a,1:b,");
	for (int i = 2; i <= 5; i++) {
		turns(w);
		assert_int_equal(p->messages, 2 * i - 2);
		p->is_busy = false;
		websocket_resume(p->ws);
		turns(w);
	}
	assert_string_equal(buf_cstr(&p->got), "1:a,1:b,1:c,1:d,1:e,1:f,1:g,1:h,1:i,");
	put_frame(w, FIN | WS_TEXT, "j");
	assert_int_equal(p->messages, 10);
	buf_clear(&all);
}

static void
who_is_busy_keeps_the_peer_from_sending_without_end(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);
	struct buf one = {0}, all = {0};
	size_t n, sent = 0, cut = 0;

	p->busy_after = 1;
	frame(&one, FIN | WS_TEXT, SPAN("0123456789"));
	for (int i = 0; i < 1000; i++)
		buf_add(&all, one.p, one.len);
	/* The server takes one message at a time, and keeps a bounded part of the others. */
	for (int i = 0; i < 2000; i++) {
		n = put(w, all.p + cut, all.len - cut);
		sent += n;
		cut = (cut + n) % all.len;
		p->is_busy = false;
		websocket_resume(p->ws);
		turns(w);
	}
	assert_true(sent > 0);
	assert_true(sent / one.len - (size_t)p->messages < 1000000 / one.len);
	p->busy_after = 0;
	p->is_busy = false;
	websocket_resume(p->ws);
	while ((size_t)p->messages < sent / one.len)
		turns(w);
	assert_int_equal(p->messages, sent / one.len);
	buf_clear(&one);
	buf_clear(&all);
}

static void
who_does_not_read_his_pongs_is_not_read_from(void **state)
{
	struct wires *w = *state;
	struct peer *p;
	struct buf pings = {0};
	size_t sent = 0, n, cut = 0;

	small_buffer(w->near);
	p = open_ws(w);
	for (int i = 0; i < 500; i++)
		frame(&pings, FIN | WS_PING, SPAN("0123456789012345678901234567890123456789"));
	do {
		n = put(w, pings.p + cut, pings.len - cut);
		cut = (cut + n) % pings.len;
		sent += n;
		turns(w);
		assert_true(sent < 5000000);
	} while (n > 0);
	/* The client reads: everything is answered. */
	size_t expected = sent / (pings.len / 500) * 42;
	while (w->answer.len - p->at < expected) {
		turns(w);
		get(w);
	}
	assert_int_equal(w->answer.len - p->at, expected);
	assert_false(p->is_closed);
	buf_clear(&pings);
}

static void
closing_while_busy_ends_the_pause(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	p->busy_after = 1;
	put_frame(w, FIN | WS_TEXT, "a");
	put_frame(w, FIN | WS_TEXT, "b");
	websocket_close(p->ws, 1013, "busy");
	turns(w);
	put_close(w, 1013);
	get(w);
	assert_int_equal(p->messages, 1);
	expect_close(p, 1013);
	assert_true(w->has_ended);
}

static void
room_is_offered_to_what_stands_above(void **state)
{
	struct wires *w = *state;
	struct peer *p = open_ws(w);

	conn_want_writable(websocket_conn(p->ws));
	turns(w);
	assert_true(p->has_room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(a_handshake_is_answered_as_the_rfc_has_it),
	    wires_test(a_bad_handshake_is_refused_and_its_connection_ended),
	    wires_test(frames_right_behind_the_handshake_are_messages),
	    wires_test(messages_are_given_whole_in_order_with_their_kind),
	    wires_test(fragments_are_one_message_with_control_frames_between),
	    wires_test(a_stream_split_at_every_byte_is_the_same_messages),
	    wires_test(who_lets_too_much_wait_is_told_so_with_1013),
	    wires_test(many_messages_at_once_are_taken_in_slices_and_none_is_lost),
	    wires_test(a_pong_nobody_asked_for_is_fine),
	    wires_test(a_close_frame_is_answered_with_its_code_and_an_end),
	    wires_test(broken_frames_end_with_the_code_of_the_rfc),
	    wires_test(what_comes_after_the_peers_close_is_passed_over),
	    wires_test(nothing_is_sent_behind_our_close_and_nothing_taken),
	    wires_test(a_lost_connection_is_told_once),
	    wires_test(the_end_of_the_process_is_1001),
	    wires_test(who_is_busy_is_given_no_more_until_it_resumes),
	    wires_test(who_is_busy_keeps_the_peer_from_sending_without_end),
	    wires_test(who_does_not_read_his_pongs_is_not_read_from),
	    wires_test(closing_while_busy_ends_the_pause),
	    wires_test(room_is_offered_to_what_stands_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
