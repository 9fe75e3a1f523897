/* SPDX-License-Identifier: ISC */
/*
 * websocket.c - RFC 6455 on a connection.
 */
#include "http/websocket.h"

#include <stdlib.h>

#include "base/mem.h"
#include "io/account.h"
#include "proto/deflate.h"

#define COMPRESS_MIN 128 /* bytes; smaller messages gain nothing */

struct websocket {
	struct conn *conn;
	const struct websocket_ops *ops;
	void *owner;
	bool has_sent_close; /* nothing more is sent, and messages are passed over */
	uint8_t window_bits;
	uint32_t mark; /* of conn_take_progress */
	struct ws_reader reader;
};

void *
websocket_owner(const struct websocket *ws)
{
	return ws->owner;
}

void
websocket_set_owner(struct websocket *ws, void *owner)
{
	ws->owner = owner;
}

struct conn *
websocket_conn(const struct websocket *ws)
{
	return ws->conn;
}

bool
websocket_take_progress(struct websocket *ws)
{
	return conn_take_progress(ws->conn, &ws->mark);
}

void
websocket_set_max_message(struct websocket *ws, uint32_t max_bytes)
{
	ws->reader.max_bytes = max_bytes;
}

void
websocket_send_message(struct websocket *ws, enum ws_opcode opcode, struct span message)
{
	struct buf compressed = {0};
	struct frame *f;

	if (ws->has_sent_close)
		return;
	if (ws->reader.deflate != NULL && message.n >= COMPRESS_MIN) {
		deflate_message(ws->reader.deflate, ws->window_bits, message, &compressed);
		f = frame_new_ws(FRAME_CONTROL, opcode | WS_COMPRESSED, buf_as_span(&compressed));
	} else {
		f = frame_new_ws(FRAME_CONTROL, opcode, message);
	}
	conn_send(ws->conn, f);
	frame_unref(f);
	buf_clear(&compressed);
}

bool
websocket_send_frame(struct websocket *ws, struct frame *f)
{
	return ws->has_sent_close || conn_send(ws->conn, f);
}

static void
send_control(struct websocket *ws, enum ws_opcode opcode, struct span payload)
{
	struct frame *f;

	if (ws->has_sent_close)
		return;
	f = frame_new_ws(FRAME_CONTROL, opcode, payload);
	conn_send(ws->conn, f);
	frame_unref(f);
}

static void
send_close(struct websocket *ws, int code, struct span reason)
{
	uint8_t payload[WS_CONTROL_MAX_BYTES];
	size_t n = ws_close_payload(payload, code, reason);

	send_control(ws, WS_CLOSE, (struct span){(const char *)payload, n});
	ws->has_sent_close = true;
}

void
websocket_close(struct websocket *ws, uint16_t code, const char *reason)
{
	if (ws->has_sent_close)
		return;
	send_close(ws, code, span_of(reason));
	conn_replay_input(ws->conn);
	conn_wait(ws->conn, WAIT_CLOSE);
}

/* ---- input ---- */

static void
take_event(struct websocket *ws, enum ws_event event, const struct ws_message *m)
{
	switch (event) {
	case WS_MESSAGE:
		if (!ws->has_sent_close)
			ws->ops->on_message(ws, m->opcode, m->data);
		break;
	case WS_PINGED:
		send_control(ws, WS_PONG, m->data);
		break;
	case WS_PONGED:
		if (ws->ops->pings && !ws->has_sent_close && conn_wait_kind(ws->conn) == WAIT_PONG)
			conn_wait(ws->conn, WAIT_PING);
		break;
	case WS_CLOSED:
		send_close(ws, m->code, (struct span){"", 0});
		conn_finish(ws->conn, "closed by the client");
		break;
	case WS_BROKEN:
		send_close(ws, m->code, m->data);
		conn_finish(
		    ws->conn, m->code == WS_TOO_BIG ? "message too big" : "protocol broken");
		break;
	case WS_MORE:
		break;
	}
}

/* True: too much is under way, and the peer is not read from until there is less. */
static bool
must_wait(struct websocket *ws)
{
	if (ws->has_sent_close)
		return false;
	if (conn_is_clogged(ws->conn))
		conn_want_writable(ws->conn);
	else if (ws->ops->is_busy == NULL || !ws->ops->is_busy(ws))
		return false;
	conn_pause(ws->conn);
	return true;
}

static void
on_input(struct conn *c, struct buf *in)
{
	struct websocket *ws = conn_owner(c);
	struct ws_message m;
	size_t at = 0, used;
	enum ws_event event;

	while (at == in->len ||
	       !must_wait(ws)) { /* what has come to its end has nothing that could wait */
		event = ws_read(&ws->reader, in->p + at, in->len - at, &used, &m);
		at += used;
		take_event(ws, event, &m);
		if (event == WS_MORE || conn_is_closing(c))
			break;
		if (at < in->len && conn_turn_is_spent(c)) {
			conn_replay_input(c);
			break;
		}
	}
	if (!conn_is_closing(c))
		buf_drop(in, at);
}

void
websocket_resume(struct websocket *ws)
{
	conn_replay_input(ws->conn);
}

static void
on_writable(struct conn *c)
{
	struct websocket *ws = conn_owner(c);

	if (ws->ops->is_busy == NULL || !ws->ops->is_busy(ws))
		websocket_resume(ws);
	if (ws->ops->on_writable != NULL && !ws->has_sent_close)
		ws->ops->on_writable(ws);
}

static void
on_end(struct conn *c)
{
	conn_close(c, "connection lost");
}

static void
on_timeout(struct conn *c, enum conn_wait wait)
{
	struct websocket *ws = conn_owner(c);

	if (wait == WAIT_PING) {
		websocket_take_progress(ws);
		send_control(ws, WS_PING, (struct span){"", 0});
		conn_wait(c, WAIT_PONG);
	} else if (wait == WAIT_PONG && websocket_take_progress(ws)) {
		conn_wait(c, WAIT_PONG); /* the ping itself may wait behind what is being read */
	} else {
		conn_close(c, wait == WAIT_PONG ? "ping time-out" : "close time-out");
	}
}

static void
on_overrun(struct conn *c)
{
	struct websocket *ws = conn_owner(c);

	send_close(ws, WS_TRY_AGAIN, SPAN(ACCOUNT_OVERRUN));
	conn_finish(c, ACCOUNT_OVERRUN);
}

static void
on_shutdown(struct conn *c)
{
	websocket_close(conn_owner(c), WS_GOING_AWAY, "the server is stopping");
}

static void
on_closed(struct conn *c, const char *why)
{
	struct websocket *ws = conn_owner(c);

	ws->ops->on_closed(ws, why);
	ws_reader_clear(&ws->reader);
	free(ws);
}

static struct span
wallet(const struct conn *c)
{
	const struct websocket *ws = conn_owner(c);

	return ws->ops->wallet != NULL ? ws->ops->wallet(ws) : (struct span){"", 0};
}

static const struct protocol websocket_protocol = {
    .on_input = on_input,
    .on_end = on_end,
    .on_timeout = on_timeout,
    .on_writable = on_writable,
    .on_overrun = on_overrun,
    .on_shutdown = on_shutdown,
    .on_closed = on_closed,
    .wallet = wallet,
};

/* ---- the handshake ---- */

struct websocket *
websocket_accept(struct web_request *req, const struct websocket_options *o)
{
	char accept[HTTP_WS_ACCEPT_SIZE];
	struct buf head = {0}, extensions = {0}, scratch = {0};
	int status = http_ws_handshake(req->http, accept), window_bits = 0;
	struct websocket *ws;
	struct frame *f;

	if (status != 101) {
		web_refuse_status(req, status, "GET");
		return NULL;
	}
	ws = mem_zalloc(sizeof(*ws));
	ws->conn = req->conn;
	ws->ops = o->ops;
	ws->owner = o->owner;
	bool has_deflate =
	    o->deflate != NULL &&
	    deflate_negotiate(http_joined(req->http, HTTP_SEC_WEBSOCKET_EXTENSIONS, &scratch),
		&window_bits, &extensions);
	ws->window_bits = (uint8_t)window_bits;
	ws_reader_init(&ws->reader, o->max_message, has_deflate ? o->deflate : NULL);
	frame_begin(&head, 340);
	http_put_101(&head, accept, span_of(o->subprotocol), buf_as_span(&extensions));
	http_put_str(&head, "X-Request-ID", web_request_id(req));
	http_end(&head);
	web_take_over(req, &websocket_protocol, ws);
	f = frame_end(&head, FRAME_CONTROL);
	conn_send(ws->conn, f);
	frame_unref(f);
	conn_wait(ws->conn, o->ops->pings ? WAIT_PING : WAIT_NOTHING);
	buf_clear(&extensions);
	buf_clear(&scratch);
	return ws;
}
