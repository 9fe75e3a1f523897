/* SPDX-License-Identifier: ISC */
/*
 * engine.c - Engine.IO 4 sessions. One transport at a time has a session's packets: polling, until the client says on its
 * WebSocket that it has upgraded. What waits between two polls is the session's ring.
 */
#include "net/engine.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/websocket.h"
#include "proto/eio.h"

#define SID_CHARS   32 /* of 5 random bits each */
#define RING_BYTES  (256 * 1024)
#define RING_FRAMES 1024
#define CLOG_BYTES  (64 * 1024)
#define PARTING_MS  100

enum ending {      /* how a session ends, as its client sees it */
	END_CLOSE, /* we say so: '1' to a held poll, a close frame */
	END_NOOP,  /* the client said so: its held poll is released */
	END_GONE   /* nobody is there */
};

struct engine_session {
	struct map_node node; /* by sid */
	struct engine *engine;
	void *own;
	TAILQ_ENTRY(engine_session) fresh, heartbeat, dirty;
	int64_t deadline;        /* mono ms: of the next ping, or of its answer */
	struct websocket *ws;    /* its transport; NULL: polling */
	struct websocket *probe; /* wants to become it */
	struct web_conn *poll;   /* the GET that is held */
	struct web_conn *post;   /* the POST that is held, because the owner is busy */
	struct buf post_body;
	struct eio_payload post_rest; /* points into post_body */
	struct frame **queue;         /* what waits for a poll */
	uint32_t n_queue, cap_queue, event_bytes, control_bytes;
	uint32_t conn_number;
	bool awaits_pong, is_fresh, is_dirty, is_closed, is_parting, wants_room;
	bool in_post; /* its packets are being taken: who does so answers it */
	char sid[SID_CHARS + 1];
};

TAILQ_HEAD(session_list, engine_session);

struct engine {
	struct engine_options options;
	struct map sessions;
	struct session_list fresh, pings, pongs, parting, dirty, closed;
	size_t n_fresh;
	struct loop_timer *timer;
	struct loop_later *turn;
	int64_t timer_at;
};

static void on_timer(void *arg);
static void on_turn(void *arg);
static void end_session(struct engine_session *, const char *why, enum ending, bool is_left);
static void part_end(struct engine_session *);

struct engine *
engine_new(struct loop *loop, const struct engine_options *options)
{
	struct engine *e = mem_zalloc(sizeof(*e));

	e->options = *options;
	TAILQ_INIT(&e->fresh);
	TAILQ_INIT(&e->pings);
	TAILQ_INIT(&e->pongs);
	TAILQ_INIT(&e->parting);
	TAILQ_INIT(&e->dirty);
	TAILQ_INIT(&e->closed);
	e->timer = loop_timer_new(loop, on_timer, e);
	e->timer_at = INT64_MAX;
	e->turn = loop_later_new(loop, on_turn, e);
	return e;
}

static void
free_closed(struct engine *e)
{
	struct engine_session *s;

	while ((s = TAILQ_FIRST(&e->closed)) != NULL) {
		TAILQ_REMOVE(&e->closed, s, dirty);
		buf_clear(&s->post_body);
		free(s);
	}
}

void
engine_free(struct engine *e)
{
	struct map_node *n;

	if (e == NULL)
		return;
	while (!TAILQ_EMPTY(&e->parting))
		part_end(TAILQ_FIRST(&e->parting));
	while ((n = map_next(&e->sessions, NULL)) != NULL)
		end_session(
		    MAP_ENTRY(n, struct engine_session, node), "shutdown", END_CLOSE, false);
	free_closed(e);
	map_clear(&e->sessions);
	loop_timer_free(e->timer);
	loop_later_free(e->turn);
	free(e);
}

void *
engine_own(const struct engine_session *s)
{
	return s->own;
}

uint32_t
engine_conn_number(const struct engine_session *s)
{
	return s->conn_number;
}

const char *
engine_transport(const struct engine_session *s)
{
	return s->ws != NULL ? "websocket" : "polling";
}

void
engine_confirm(struct engine_session *s)
{
	if (!s->is_fresh)
		return;
	s->is_fresh = false;
	s->engine->n_fresh--;
	TAILQ_REMOVE(&s->engine->fresh, s, fresh);
}

/* ---- heartbeat: lists of constant length, one timer ---- */

static void
arm_timer(struct engine *e)
{
	const struct engine_session *first[] = {
	    TAILQ_FIRST(&e->pings), TAILQ_FIRST(&e->pongs), TAILQ_FIRST(&e->parting)};
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		if (first[i] != NULL && first[i]->deadline < next)
			next = first[i]->deadline;
	}
	if (next == e->timer_at)
		return;
	e->timer_at = next;
	if (next == INT64_MAX)
		loop_timer_stop(e->timer);
	else
		loop_timer_set_us(e->timer, next * 1000 - clock_mono_us());
}

static void
heartbeat_stop(struct engine_session *s)
{
	struct engine *e = s->engine;

	if (s->awaits_pong)
		TAILQ_REMOVE(&e->pongs, s, heartbeat);
	else
		TAILQ_REMOVE(&e->pings, s, heartbeat);
}

static void
heartbeat_start(struct engine_session *s, bool awaits_pong)
{
	struct engine *e = s->engine;
	const struct engine_options *o = &e->options;
	int64_t now = clock_mono_ms();

	s->awaits_pong = awaits_pong;
	if (awaits_pong) {
		/* From when the ping was due, so that lateness does not add up; but there is time to answer it. */
		int64_t least = now + o->ping_timeout_ms / 2;
		s->deadline += o->ping_timeout_ms;
		if (s->deadline < least)
			s->deadline = least;
		TAILQ_INSERT_TAIL(&e->pongs, s, heartbeat);
	} else {
		s->deadline = now + o->ping_interval_ms;
		TAILQ_INSERT_TAIL(&e->pings, s, heartbeat);
	}
}

static void
send_packet(struct engine_session *s, enum eio_type type, struct span data)
{
	struct buf b = {0};
	struct frame *f;

	eio_put(&b, type, data);
	f = frame_new_ws(FRAME_CONTROL, WS_TEXT, buf_as_span(&b));
	engine_send(s, f);
	frame_unref(f);
	buf_clear(&b);
}

static void
on_timer(void *arg)
{
	struct engine *e = arg;
	int64_t now = clock_mono_ms();
	struct engine_session *s;

	e->timer_at = INT64_MAX;
	while ((s = TAILQ_FIRST(&e->pings)) != NULL && s->deadline <= now) {
		heartbeat_stop(s);
		heartbeat_start(s, true);
		send_packet(s, EIO_PING, (struct span){"", 0});
	}
	while ((s = TAILQ_FIRST(&e->pongs)) != NULL && s->deadline <= now)
		end_session(s, "ping timeout", END_CLOSE, false);
	while ((s = TAILQ_FIRST(&e->parting)) != NULL && s->deadline <= now)
		part_end(s);
	arm_timer(e);
}

/* ---- packets down ---- */

static void
mark_dirty(struct engine_session *s)
{
	loop_later_want(s->engine->turn);
	if (s->is_dirty || s->is_closed)
		return;
	s->is_dirty = true;
	TAILQ_INSERT_TAIL(&s->engine->dirty, s, dirty);
}

static void
queue_add(struct engine_session *s, struct frame *f)
{
	if (s->n_queue == s->cap_queue) {
		s->cap_queue = s->cap_queue ? s->cap_queue * 2 : 4;
		s->queue = mem_realloc(s->queue, s->cap_queue, sizeof(struct frame *));
	}
	s->queue[s->n_queue++] = frame_ref(f);
	*(f->kind == FRAME_CONTROL ? &s->control_bytes : &s->event_bytes) +=
	    (uint32_t)frame_size(f);
}

static void
queue_clear(struct engine_session *s)
{
	for (uint32_t i = 0; i < s->n_queue; i++)
		frame_unref(s->queue[i]);
	free(s->queue);
	s->queue = NULL;
	s->n_queue = s->cap_queue = s->event_bytes = s->control_bytes = 0;
}

bool
engine_send(struct engine_session *s, struct frame *f)
{
	uint32_t share = f->kind == FRAME_EPHEMERAL ? 2 : 1;

	if (s->is_closed)
		return true;
	if (s->ws != NULL)
		return websocket_send_frame(s->ws, f);
	if (f->kind != FRAME_CONTROL &&
	    (s->n_queue >= RING_FRAMES / share ||
		(s->event_bytes > 0 && s->event_bytes + frame_size(f) > RING_BYTES / share))) {
		s->wants_room = true;
		return false;
	}
	queue_add(s, f);
	if (s->poll != NULL)
		mark_dirty(s);
	return true;
}

void
engine_send_message(struct engine_session *s, bool is_binary, struct span message)
{
	struct frame *f;

	if (!is_binary) {
		send_packet(s, EIO_MESSAGE, message);
		return;
	}
	f = frame_new_ws(FRAME_CONTROL, WS_BINARY, message);
	engine_send(s, f);
	frame_unref(f);
}

static void
answer(struct web_conn **held, int status, const char *type, struct span body)
{
	struct web_conn *wc = *held;

	*held = NULL;
	if (wc != NULL)
		web_reply_held(
		    wc, &(struct web_reply){.status = status, .type = type, .body = body});
}

static void
answer_text(struct web_conn **held, struct span body)
{
	answer(held, 200, "text/plain; charset=UTF-8", body);
}

/* Everything that waits goes into one payload. */
static void
flush_poll(struct engine_session *s)
{
	struct buf payload = {0};

	if (s->poll == NULL || s->n_queue == 0)
		return;
	for (uint32_t i = 0; i < s->n_queue; i++) {
		struct span data = frame_payload(s->queue[i]);
		if (s->queue[i]->is_binary) {
			eio_payload_put(
			    &payload, &(struct eio_packet){
					  .type = EIO_MESSAGE, .form = EIO_BINARY, .data = data});
		} else {
			if (payload.len > 0)
				buf_addc(&payload, EIO_SEPARATOR);
			buf_span(&payload, data);
		}
	}
	queue_clear(s);
	answer_text(&s->poll, buf_as_span(&payload));
	buf_clear(&payload);
	if (s->post != NULL) /* it may have waited for that */
		mark_dirty(s);
}

void
engine_want_room(struct engine_session *s)
{
	if (s->ws != NULL) {
		conn_want_room(websocket_conn(s->ws));
		return;
	}
	s->wants_room = true;
	if (s->poll != NULL)
		mark_dirty(s);
}

/* ---- packets up ---- */

/* False: the packet breaks the protocol. */
static bool
take_packet(struct engine_session *s, const struct eio_packet *p)
{
	struct buf scratch = {0};
	struct span data;
	bool is_good = true;

	switch (p->type) {
	case EIO_MESSAGE:
		if (p->form == EIO_TEXT)
			s->engine->options.ops->on_message(s, false, p->data);
		else if ((is_good = eio_binary(p, &scratch, &data)))
			s->engine->options.ops->on_message(s, true, data);
		break;
	case EIO_PONG:
		heartbeat_stop(s);
		heartbeat_start(s, false);
		arm_timer(s->engine);
		break;
	case EIO_CLOSE:
		end_session(s, "closed by the client", END_NOOP, true);
		break;
	case EIO_PING: /* of Engine.IO 3: ours come from the server */
		is_good = false;
		break;
	case EIO_OPEN:
	case EIO_UPGRADE:
	case EIO_NOOP:
		break;
	}
	buf_clear(&scratch);
	return is_good;
}

static bool
is_busy(const struct engine_session *s)
{
	const struct engine_ops *ops = s->engine->options.ops;

	if (s->is_closed)
		return false;
	if (s->ws == NULL && s->control_bytes > CLOG_BYTES) /* until somebody polls */
		return true;
	return ops->is_busy != NULL && ops->is_busy((struct engine_session *)s);
}

/* As much of the held POST as the owner takes; answers it at its end. */
static void
take_post(struct engine_session *s)
{
	struct eio_packet p;
	int more = 1;

	s->in_post = true;
	while (!s->is_closed && !is_busy(s) && (more = eio_payload_next(&s->post_rest, &p)) > 0) {
		if (!take_packet(s, &p)) {
			more = -1;
			break;
		}
	}
	s->in_post = false;
	if (more > 0 && !s->is_closed)
		return;
	if (more < 0) {
		answer(&s->post, 400, NULL, eio_error_json(EIO_BAD_REQUEST));
		end_session(s, "bad packet", END_CLOSE, false);
	} else if (!s->is_parting) {
		answer(&s->post, 200, "text/html", SPAN("ok"));
	}
	buf_clear(&s->post_body);
}

void
engine_resume(struct engine_session *s)
{
	if (s->ws != NULL)
		websocket_resume(s->ws);
	if (s->post != NULL)
		mark_dirty(s);
}

/* ---- the end of a turn ---- */

static void
on_turn(void *arg)
{
	struct engine *e = arg;
	struct engine_session *s;

	while ((s = TAILQ_FIRST(&e->dirty)) != NULL) {
		s->is_dirty = false;
		TAILQ_REMOVE(&e->dirty, s, dirty);
		if (s->post != NULL)
			take_post(s);
		if (!s->is_closed && s->wants_room && s->poll != NULL && s->n_queue == 0) {
			s->wants_room = false;
			if (e->options.ops->on_room != NULL)
				e->options.ops->on_room(s);
		}
		if (!s->is_closed)
			flush_poll(s);
	}
	free_closed(e);
}

/* ---- life ---- */

static void
on_poll_gone(void *arg)
{
	struct engine_session *s = arg;

	s->poll = NULL;
	end_session(s, "poll cancelled", END_GONE, false);
}

static void
on_post_gone(void *arg)
{
	struct engine_session *s = arg;

	s->post = NULL;
	end_session(s, "post cancelled", END_GONE, false);
}

static struct engine_session *
session_new(struct engine *e, struct web_request *req)
{
	struct engine_session *s = mem_zalloc(sizeof(*s));

	s->engine = e;
	s->conn_number = conn_number(req->conn);
	ids_token(s->sid, SID_CHARS);
	map_insert(&e->sessions, &s->node, (struct span){s->sid, SID_CHARS});
	s->is_fresh = true;
	TAILQ_INSERT_TAIL(&e->fresh, s, fresh);
	if (++e->n_fresh > e->options.max_fresh && TAILQ_FIRST(&e->fresh) != s)
		end_session(
		    TAILQ_FIRST(&e->fresh), "too many without an identity", END_CLOSE, false);
	heartbeat_start(s, false);
	arm_timer(e);
	return s;
}

static void
close_websocket(struct websocket **ws)
{
	if (*ws == NULL)
		return;
	websocket_set_own(*ws, NULL);
	websocket_close(*ws, WS_NORMAL, "");
	*ws = NULL;
}

static void
bury(struct engine_session *s)
{
	map_remove(&s->engine->sessions, &s->node);
	TAILQ_INSERT_TAIL(&s->engine->closed, s, dirty);
	loop_later_want(s->engine->turn);
}

/* A close packet may overtake the poll that was sent before it, on another connection. So that the poll is released as a held one
 * would be, the sid is known, and the packet not answered, until it has come; at most for PARTING_MS. */
static void
part_begin(struct engine_session *s)
{
	s->is_parting = true;
	s->deadline = clock_mono_ms() + PARTING_MS;
	TAILQ_INSERT_TAIL(&s->engine->parting, s, heartbeat);
}

static void
part_end(struct engine_session *s)
{
	TAILQ_REMOVE(&s->engine->parting, s, heartbeat);
	answer(&s->post, 200, "text/html", SPAN("ok"));
	bury(s);
}

static void
end_session(struct engine_session *s, const char *why, enum ending ending, bool is_left)
{
	struct engine *e = s->engine;

	if (s->is_closed)
		return;
	engine_confirm(s);
	if (ending == END_CLOSE && s->ws == NULL && s->poll != NULL) {
		send_packet(s, EIO_CLOSE, (struct span){"", 0});
		flush_poll(s);
	}
	s->is_closed = true;
	heartbeat_stop(s);
	if (s->is_dirty)
		TAILQ_REMOVE(&e->dirty, s, dirty);
	if (ending == END_NOOP && s->in_post && s->poll == NULL)
		part_begin(s);
	else
		bury(s);
	arm_timer(e);
	answer_text(&s->poll, ending == END_NOOP ? SPAN("6") : SPAN("1"));
	if (!s->in_post)
		answer(&s->post, 400, NULL, eio_error_json(EIO_UNKNOWN_SID));
	close_websocket(&s->ws);
	close_websocket(&s->probe);
	queue_clear(s);
	e->options.ops->on_closed(s, why, is_left);
}

void
engine_close(struct engine_session *s, const char *why)
{
	end_session(s, why, END_CLOSE, false);
}

/* ---- WebSockets: a session's own, or one that probes ---- */

/* The client has upgraded: what waited goes first. */
static void
upgrade(struct engine_session *s)
{
	struct conn *c = websocket_conn(s->probe);

	s->ws = s->probe;
	s->probe = NULL;
	conn_wait(c, WAIT_NOTHING);
	for (uint32_t i = 0; i < s->n_queue; i++)
		conn_put(c, s->queue[i]);
	queue_clear(s);
	if (s->post != NULL)
		mark_dirty(s);
	answer_text(&s->poll, SPAN("6"));
	if (s->wants_room)
		conn_want_room(c);
	s->wants_room = false;
}

static void
take_probe(struct engine_session *s, const struct eio_packet *p)
{
	if (p->type == EIO_PING && span_is(p->data, "probe")) {
		websocket_send_message(s->probe, WS_TEXT, SPAN("3probe"));
		/* The client waits for its poll to end before it goes on. */
		flush_poll(s);
		answer_text(&s->poll, SPAN("6"));
	} else if (p->type == EIO_UPGRADE) {
		upgrade(s);
	} else {
		close_websocket(&s->probe);
	}
}

static void
on_ws_message(struct websocket *ws, enum ws_opcode opcode, struct span message)
{
	struct engine_session *s = websocket_own(ws);
	struct eio_packet p = {.type = EIO_MESSAGE, .form = EIO_BINARY, .data = message};
	bool is_packet = opcode == WS_BINARY || eio_decode(&p, message);

	if (s == NULL)
		return;
	if (ws == s->probe && is_packet)
		take_probe(s, &p);
	else if (ws == s->probe)
		close_websocket(&s->probe);
	else if (!is_packet || !take_packet(s, &p))
		end_session(s, "bad packet", END_CLOSE, false);
}

static bool
on_ws_busy(struct websocket *ws)
{
	struct engine_session *s = websocket_own(ws);

	return s != NULL && ws == s->ws && is_busy(s);
}

static void
on_ws_room(struct websocket *ws)
{
	struct engine_session *s = websocket_own(ws);

	if (s != NULL && ws == s->ws && s->engine->options.ops->on_room != NULL)
		s->engine->options.ops->on_room(s);
}

static void
on_ws_closed(struct websocket *ws, const char *why)
{
	struct engine_session *s = websocket_own(ws);

	if (s == NULL)
		return;
	if (ws == s->probe) {
		s->probe = NULL;
		return;
	}
	s->ws = NULL;
	end_session(s, why, END_GONE, false);
}

static const struct websocket_ops ws_ops = {
    .on_message = on_ws_message,
    .is_busy = on_ws_busy,
    .on_room = on_ws_room,
    .on_closed = on_ws_closed,
    .pings = false,
};

/* ---- requests ---- */

static void
put_open(struct engine_session *s, bool may_upgrade, struct buf *out)
{
	const struct engine_options *o = &s->engine->options;

	eio_put_open(out, &(struct eio_handshake){.sid = span_of(s->sid),
			      .may_upgrade = may_upgrade,
			      .ping_interval_ms = (unsigned)o->ping_interval_ms,
			      .ping_timeout_ms = (unsigned)o->ping_timeout_ms,
			      .max_payload_bytes = o->max_payload});
}

static void
reply(struct web_request *req, int status, const char *type, struct span body, struct span fields)
{
	web_reply(req,
	    &(struct web_reply){.status = status, .type = type, .body = body, .fields = fields});
}

static void
refuse(struct web_request *req, enum eio_error error, struct span fields)
{
	web_reply(req, &(struct web_reply){.status = eio_error_status(error),
			   .body = eio_error_json(error),
			   .fields = fields,
			   .is_last = http_wants_ws(req->http)});
}

static void
begin_polling(struct engine *e, struct web_request *req, struct span fields)
{
	struct engine_session *s = session_new(e, req);
	struct buf open = {0};

	put_open(s, true, &open);
	reply(req, 200, "text/plain; charset=UTF-8", buf_as_span(&open), fields);
	buf_clear(&open);
	s->own = e->options.ops->on_open(e->options.arg, s, req);
}

/* A WebSocket: of a new session, to become the transport of one, or one too many, which is accepted and closed. */
static void
begin_websocket(struct engine *e, struct web_request *req, struct engine_session *s)
{
	struct websocket *ws = websocket_accept(req,
	    &(struct websocket_options){.ops = &ws_ops, .max_message = e->options.max_payload});
	struct buf open = {0};

	if (ws == NULL)
		return;
	if (s != NULL && s->ws == NULL && s->probe == NULL) {
		s->probe = ws;
		websocket_set_own(ws, s);
		conn_wait(websocket_conn(ws), WAIT_PROBE);
		return;
	}
	if (s != NULL) {
		websocket_close(ws, WS_NORMAL, "");
		return;
	}
	s = session_new(e, req);
	s->ws = ws;
	websocket_set_own(ws, s);
	put_open(s, false, &open);
	websocket_send_message(ws, WS_TEXT, buf_as_span(&open));
	buf_clear(&open);
	s->own = e->options.ops->on_open(e->options.arg, s, req);
}

static void
poll(struct engine_session *s, struct web_request *req, struct span fields)
{
	if (s->is_parting) {
		reply(req, 200, "text/plain; charset=UTF-8", SPAN("6"), fields);
		part_end(s);
		return;
	}
	if (s->poll != NULL) {
		end_session(s, "two polls at once", END_CLOSE, false);
		refuse(req, EIO_BAD_REQUEST, fields);
		return;
	}
	s->poll = web_hold(req, fields, on_poll_gone, s);
	if (s->probe != NULL && s->n_queue == 0)
		answer_text(&s->poll, SPAN("6"));
	else
		mark_dirty(s);
}

static void
post(struct engine_session *s, struct web_request *req, struct span fields)
{
	if (s->post != NULL) {
		end_session(s, "two posts at once", END_CLOSE, false);
		refuse(req, EIO_BAD_REQUEST, fields);
		return;
	}
	if (req->body.n > s->engine->options.max_payload) {
		reply(req, 413, NULL, eio_error_json(EIO_BAD_REQUEST), fields);
		return;
	}
	s->post = web_hold(req, fields, on_post_gone, s);
	buf_span(&s->post_body, req->body);
	eio_payload_init(&s->post_rest, buf_as_span(&s->post_body));
	take_post(s);
}

static struct engine_session *
find_session(struct engine *e, struct span sid, bool is_poll)
{
	struct map_node *n = map_find(&e->sessions, sid);
	struct engine_session *s = n != NULL ? MAP_ENTRY(n, struct engine_session, node) : NULL;

	if (s != NULL && s->is_parting)
		return is_poll ? s : NULL;
	/* The deadline is exact, whichever comes first: the timer or a request. */
	if (s != NULL && s->awaits_pong && s->deadline <= clock_mono_ms()) {
		end_session(s, "ping timeout", END_CLOSE, false);
		return NULL;
	}
	return s;
}

static void
serve(struct engine *e, struct web_request *req, struct span fields)
{
	const struct http_request *http = req->http;
	struct engine_session *s = NULL;
	struct eio_query q;

	eio_query_parse(&q, http->query.p != NULL ? http->query : (struct span){"", 0});
	if (q.sid.n > 0)
		s = find_session(
		    e, q.sid, q.transport == EIO_POLLING && http->method == METHOD_GET);
	enum eio_error error = eio_query_check(&q, http->method_name, http_wants_ws(http),
	    s == NULL       ? EIO_NO_TRANSPORT
	    : s->ws != NULL ? EIO_WEBSOCKET
			    : EIO_POLLING);
	if (error != EIO_OK)
		refuse(req, error, fields);
	else if (q.transport == EIO_WEBSOCKET)
		begin_websocket(e, req, s);
	else if (s == NULL)
		begin_polling(e, req, fields);
	else if (http->method == METHOD_GET)
		poll(s, req, fields);
	else
		post(s, req, fields);
}

void
engine_handle(struct web_request *req, void *own)
{
	struct engine *e = *(struct engine **)own;
	const struct engine_ops *ops = e->options.ops;
	struct buf fields = {0};

	if (ops->on_request == NULL || ops->on_request(e->options.arg, req, &fields)) {
		if (req->http->method == METHOD_OPTIONS)
			reply(req, 204, NULL, (struct span){"", 0}, buf_as_span(&fields));
		else
			serve(e, req, buf_as_span(&fields));
	}
	buf_clear(&fields);
}
