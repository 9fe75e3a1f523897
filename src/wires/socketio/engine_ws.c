/* SPDX-License-Identifier: ISC */
/*
 * engine_ws.c - the WebSockets of Engine.IO: the transport of a session from its start, or a probe
 * that takes over from polling.
 */
#include "wires/socketio/engine_session.h"

void
engine_ws_close(struct websocket **ws)
{
	if (*ws == NULL)
		return;
	websocket_set_owner(*ws, NULL);
	websocket_close(*ws, WS_NORMAL, "");
	*ws = NULL;
}

void
engine_put_open(const struct engine_session *s, bool may_upgrade, struct buf *out)
{
	const struct engine_options *o = &s->engine->options;

	eio_put_open(out, &(struct eio_handshake){.sid = span_of(s->sid),
			      .may_upgrade = may_upgrade,
			      .ping_interval_ms = (unsigned)o->ping_interval_ms,
			      .ping_timeout_ms = (unsigned)o->ping_timeout_ms,
			      .max_payload_bytes = o->max_payload});
}

/* The client has upgraded: packets that waited go first. */
static void
upgrade(struct engine_session *s)
{
	struct conn *c = websocket_conn(s->probe);

	s->ws = s->probe;
	s->probe = NULL;
	conn_wait(c, WAIT_NOTHING);
	for (uint32_t i = 0; i < s->n_queue; i++)
		conn_put(c, s->queue[i]);
	engine_session_unqueue(s);
	engine_forget_wallet(s);
	if (s->post != NULL)
		engine_session_dirty(s);
	engine_answer_poll(s, SPAN("6"));
	if (s->wants_writable)
		conn_want_writable(c);
	s->wants_writable = false;
}

static void
take_probe(struct engine_session *s, const struct eio_packet *p)
{
	if (p->type == EIO_PING && span_is(p->data, "probe")) {
		websocket_send_message(s->probe, WS_TEXT, SPAN("3probe"));
		/* The client waits for its poll to end before it goes on. */
		engine_flush_poll(s);
		engine_answer_poll(s, SPAN("6"));
	} else if (p->type == EIO_UPGRADE) {
		upgrade(s);
	} else {
		engine_ws_close(&s->probe);
	}
}

static void
on_ws_message(struct websocket *ws, enum ws_opcode opcode, struct span message)
{
	struct engine_session *s = websocket_owner(ws);
	struct eio_packet p = {.type = EIO_MESSAGE, .form = EIO_BINARY, .data = message};
	bool is_packet = opcode == WS_BINARY || eio_decode(&p, message);

	if (s == NULL)
		return;
	if (ws == s->probe && is_packet)
		take_probe(s, &p);
	else if (ws == s->probe)
		engine_ws_close(&s->probe);
	else if (!is_packet || !engine_session_take(s, &p))
		engine_session_end(s, "bad packet", END_CLOSE, false);
}

static bool
on_ws_busy(struct websocket *ws)
{
	struct engine_session *s = websocket_owner(ws);

	return s != NULL && ws == s->ws && engine_session_is_busy(s);
}

static void
on_ws_room(struct websocket *ws)
{
	struct engine_session *s = websocket_owner(ws);

	if (s != NULL && ws == s->ws && s->engine->options.ops->on_writable != NULL)
		s->engine->options.ops->on_writable(s);
}

static void
on_ws_closed(struct websocket *ws, const char *why)
{
	struct engine_session *s = websocket_owner(ws);

	if (s == NULL)
		return;
	if (ws == s->probe) {
		s->probe = NULL;
		return;
	}
	s->ws = NULL;
	engine_session_end(s, why, END_GONE, false);
}

/* A session that has ended has let go of its WebSocket, which then belongs to nobody. */
static struct span
ws_wallet(const struct websocket *ws)
{
	const struct engine_session *s = websocket_owner(ws);

	if (s == NULL || s->owner == NULL || s->engine->options.ops->wallet == NULL)
		return (struct span){"", 0};
	return s->engine->options.ops->wallet(s);
}

static const struct websocket_ops ws_ops = {
    .on_message = on_ws_message,
    .is_busy = on_ws_busy,
    .on_writable = on_ws_room,
    .on_closed = on_ws_closed,
    .pings = false,
    .wallet = ws_wallet,
};

/* A WebSocket too many is accepted and closed. */
void
engine_ws_begin(struct engine *e, struct web_request *req, struct engine_session *s)
{
	struct websocket *ws =
	    websocket_accept(req, &(struct websocket_options){.ops = &ws_ops,
				      .max_message = (uint32_t)engine_session_max_payload(e, s)});
	struct buf open = {0};
	bool has_origin = req->http->known[HTTP_ORIGIN].n > 0;

	if (ws == NULL)
		return;
	if (s != NULL && s->ws == NULL && s->probe == NULL) {
		s->probe = ws;
		websocket_set_owner(ws, s);
		conn_wait(websocket_conn(ws), WAIT_PROBE);
		return;
	}
	if (s != NULL) {
		websocket_close(ws, WS_NORMAL, "");
		return;
	}
	s = engine_session_new(e, req);
	s->has_origin = has_origin;
	s->ws = ws;
	websocket_set_owner(ws, s);
	engine_put_open(s, false, &open);
	websocket_send_message(ws, WS_TEXT, buf_as_span(&open));
	buf_clear(&open);
	s->owner = e->options.ops->on_open(e->options.arg, s, req);
}
