/* SPDX-License-Identifier: ISC */
/*
 * sse.c - server-sent events at /events (WHATWG HTML, section 9.2): one stream of the named rooms
 * and the user's own topic, in the order of the log.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/mem.h"
#include "contract/views.h"
#include "wires/streams/stream.h"
#include "wires/time_now.h"

/* A stream ends after this time and up to a tenth more: between two events, before a proxy cuts
 * it. */
#define LIFETIME_MS 1800000

#define TYPE          "text/event-stream"
#define CACHE_CONTROL "no-store, no-transform"

struct sse {
	struct stream stream; /* first */
	struct conn *conn;
	int64_t ends_ms;    /* mono */
	struct span fields; /* of the answer's head, until it is sent */
	bool is_chunked, has_head;
};
static_assert(offsetof(struct sse, stream) == 0, "an SSE stream is cast from its stream");

static struct sse *
sse_of(const struct session *s)
{
	return session_owner(s);
}

/* ---- events down ---- */

static void
send_text(struct sse *sse, struct span text)
{
	struct frame *f =
	    sse->is_chunked ? frame_new_chunk(FRAME_CONTROL, text) : frame_new(FRAME_CONTROL, text);

	conn_send(sse->conn, f);
	frame_unref(f);
}

static void
send_head(struct sse *sse)
{
	struct buf head = {0};

	sse->has_head = true;
	http_begin(&head, 200);
	http_put_str(&head, "Content-Type", TYPE);
	http_put_str(&head, "Cache-Control", CACHE_CONTROL);
	http_put_str(&head, "X-Accel-Buffering", "no");
	http_put_str(&head, "X-Content-Type-Options", "nosniff");
	buf_span(&head, sse->fields);
	if (sse->is_chunked)
		http_put_str(&head, "Transfer-Encoding", "chunked");
	http_put_str(&head, "Connection", "close");
	http_end(&head);
	conn_send_bytes(sse->conn, buf_as_span(&head));
	buf_clear(&head);
}

/* The first frame, hello, says that the request was not refused. */
static bool
send_frame(struct session *s, struct frame *f)
{
	struct sse *sse = sse_of(s);

	if (!sse->has_head)
		send_head(sse);
	return conn_send(sse->conn, f);
}

static void
resume(struct session *s)
{
	if (session_is_behind(s))
		conn_want_writable(sse_of(s)->conn);
}

static void
finish(struct sse *sse, const char *why)
{
	if (sse->is_chunked)
		conn_send_bytes(sse->conn, SPAN("0\r\n\r\n"));
	conn_finish(sse->conn, why);
}

static void
dismiss(struct session *s, enum dismissal why)
{
	struct sse *sse = sse_of(s);

	sse->stream.end(&sse->stream, "token expired or ended");
}

static const struct transport chunked = {.name = "sse",
    .encoding = ENCODING_SSE,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .says_hello = true,
    .is_merged = true};
static const struct transport plain = {.name = "sse",
    .encoding = WIRE_SSE_PLAIN,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .says_hello = true,
    .is_merged = true};

/* ---- the connection ---- */

static void
on_input(struct conn *c, struct buf *in)
{
	buf_drop(in, in->len); /* a stream's client has nothing more to say */
}

static void
on_end(struct conn *c)
{
	conn_close(c, "connection lost");
}

/* Sends a heartbeat: proxies and clients see that the stream lives, and the client's cursor keeps
 * up in a quiet room. It is an event, since some clients take each block for one. */
static void
on_timeout(struct conn *c, enum conn_wait wait)
{
	struct sse *sse = conn_owner(c);
	char cursor[CURSOR_SIZE];
	struct buf text = {0};

	if (conn_is_closing(c))
		return;
	if (clock_mono_ms() >= sse->ends_ms) {
		finish(sse, "end of its lifetime");
		return;
	}
	buf_printf(&text, "id: %s\nevent: heartbeat\ndata: {}\n\n",
	    session_cursor(sse->stream.session, cursor));
	send_text(sse, buf_as_span(&text));
	buf_clear(&text);
	conn_wait(c, WAIT_HEARTBEAT);
}

static void
on_writable(struct conn *c)
{
	struct session *s = ((struct sse *)conn_owner(c))->stream.session;

	if (s != NULL)
		session_pull(s, time_now());
}

static void
on_shutdown(struct conn *c)
{
	finish(conn_owner(c), "shutdown");
}

static void
on_closed(struct conn *c, const char *why)
{
	struct sse *sse = conn_owner(c);

	if (sse->stream.session != NULL)
		log_info("conn %u: disconnected: %s", conn_number(c), why);
	stream_close(&sse->stream, SESSION_LOST);
	free(sse);
}

static struct span
wallet(const struct conn *c)
{
	const struct sse *sse = conn_owner(c);

	if (sse->stream.session == NULL) /* it has ended, and its last frames are written */
		return (struct span){"", 0};
	return session_wallet(sse->stream.session);
}

static const struct protocol sse_protocol = {
    .on_input = on_input,
    .on_end = on_end,
    .on_timeout = on_timeout,
    .on_writable = on_writable,
    .on_shutdown = on_shutdown,
    .on_closed = on_closed,
    .wallet = wallet,
};

/* The session ends here; the connection ends when it has written the frames that are queued. */
static void
end(struct stream *s, const char *why)
{
	struct sse *sse = (struct sse *)s;

	stream_close(s, SESSION_LEFT);
	finish(sse, why);
}

static bool
is_stalled(const struct stream *s)
{
	return conn_is_behind(((const struct sse *)s)->conn);
}

/* A client that does not read gets no last chunk: it would only keep the memory. */
static void
make_room(struct stream *s)
{
	static const char why[] = "made room for another stream of its wallet";
	struct sse *sse = (struct sse *)s;

	if (is_stalled(s)) {
		conn_close(sse->conn, why);
		return;
	}
	stream_close(s, SESSION_LOST);
	finish(sse, why);
}

static void
open_stream(struct stream_request *r, struct web_request *req)
{
	struct sse *sse = mem_zalloc(sizeof(*sse));

	http_put_str(&r->fields, "X-Request-ID", web_request_id(req));
	sse->conn = req->conn;
	sse->is_chunked = req->http->minor > 0;
	sse->ends_ms = clock_mono_ms() + LIFETIME_MS + (int64_t)(ids_u64() % (LIFETIME_MS / 10));
	sse->stream.end = end;
	sse->stream.is_stalled = is_stalled;
	sse->stream.make_room = make_room;
	sse->fields = buf_as_span(&r->fields);
	if (!stream_open(&sse->stream, r, req, sse->is_chunked ? &chunked : &plain)) {
		free(sse);
		return;
	}
	web_take_over(req, &sse_protocol, sse);
	conn_wait(req->conn, WAIT_HEARTBEAT);
	resume(sse->stream.session);
}

/* ---- refusals that pass ---- */

/* An id for a stream that begins with no events: the client comes back with the cursor that it has.
 * A string that cannot stand in a line becomes another one that is no cursor. */
static struct span
id_of(struct span cursor)
{
	for (size_t i = 0; i < cursor.n; i++) {
		if (cursor.p[i] <= ' ' || cursor.p[i] > '~')
			return SPAN("none");
	}
	return cursor.n < CURSOR_SIZE ? cursor : SPAN("none");
}

/* A stream that says why, and ends. */
static void
put_refusal(struct buf *b, struct span cursor, enum error err, const char *why)
{
	buf_str(b, SSE_RETRY);
	if (cursor.n > 0) {
		buf_str(b, "id: ");
		buf_span(b, id_of(cursor));
		buf_addc(b, '\n');
	}
	buf_str(b, "event: chat_error\ndata: ");
	view_chat_error(b, SPAN(""), err, why, SPAN(""));
	buf_str(b, "\n\n");
}

/* An EventSource comes back by itself after a stream that ends, and never after another status than
 * 200. So only what does not change by itself is refused with a status. */
static void
refuse(struct web_request *req, const struct admission *a, enum error err, const char *why)
{
	struct buf body = {0}, fields = {0};

	if (err != ERROR_RATE_LIMITED && err != ERROR_UNAVAILABLE) {
		web_refuse(req, err, why);
		return;
	}
	put_refusal(&body, a->lookup.cursor, err, why);
	buf_span(&fields, req->fields);
	http_put_str(&fields, "Cache-Control", CACHE_CONTROL);
	web_refuse_with(req, err,
	    &(struct web_reply){.status = 200,
		.type = TYPE,
		.body = buf_as_span(&body),
		.fields = buf_as_span(&fields),
		.is_last = true});
	buf_clear(&body);
	buf_clear(&fields);
}

void
sse_handle(struct web_request *req, void *owner)
{
	static const struct stream_route route = {.methods = "GET",
	    .fields = {"", 0},
	    .takes_any_cursor = true,
	    .takes_room = true,
	    .refuse = refuse,
	    .serve = open_stream};

	stream_handle(owner, req, &route);
}
