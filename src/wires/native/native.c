/* SPDX-License-Identifier: ISC */
/*
 * native.c - the native transport: each text frame from the client is {"event","data","ack"?}, each
 * frame to it an event or an acknowledgement.
 */
#include "wires/native/native.h"

#include "base/json_slice.h"
#include "base/log.h"
#include "http/websocket.h"
#include "proto/url.h"
#include "wires/admission.h"
#include "wires/time_now.h"

#define CLOSE_UNAUTHORIZED 4401
#define SUBPROTOCOL        "escrowchat.v1"
#define ACK_MAX            64 /* bytes of a string that names an acknowledgement */
#define EVENT_NAME_MAX     64 /* bytes of a name that a refusal repeats */

struct native {
	struct hub *hub;
	const struct gate *gate;
	uint32_t max_message; /* bytes */
};

/* ---- frames down ---- */

static bool
send_frame(struct session *s, struct frame *f)
{
	return websocket_send_frame(session_owner(s), f);
}

static void
resume(struct session *s)
{
	struct websocket *ws = session_owner(s);

	if (session_is_behind(s))
		conn_want_writable(websocket_conn(ws));
	if (!session_is_busy(s))
		websocket_resume(ws);
}

static void
dismiss(struct session *s, enum dismissal why)
{
	websocket_close(session_owner(s), CLOSE_UNAUTHORIZED, "the token has expired or was ended");
}

static const struct transport transport = {
    .name = "websocket",
    .encoding = ENCODING_WS,
    .send = send_frame,
    .resume = resume,
    .dismiss = dismiss,
    .says_hello = true,
};

/* ---- messages up ---- */

/* The peer's own value for an acknowledgement, written anew: a whole number or a short string. */
static bool
read_ack(struct span ack, struct buf *out)
{
	struct buf decoded = {0};
	struct span text;
	int64_t n;
	bool is_good = true;

	if (json_slice_int(ack, &n)) {
		json_put_int(out, n);
	} else if (json_slice_string(ack, &decoded, &text)) {
		is_good = text.n <= ACK_MAX;
		json_put_string(out, text);
	} else {
		is_good = json_slice_type(ack) == JSON_NULL;
	}
	buf_clear(&decoded);
	return is_good;
}

static void
bad_frame(struct session *s, struct span ack, const char *why)
{
	session_refuse_event(s, SPAN(""), ack, ERROR_BAD_FRAME, why);
}

/* Takes one text frame that is JSON. */
static void
on_json(struct session *s, struct span text)
{
	static const char *const names[] = {"event", "data", "ack"};
	struct span values[3], event;
	struct buf decoded = {0}, ack = {0};

	json_slice_members(json_slice(text), names, values, 3);
	if (!read_ack(values[2], &ack))
		bad_frame(
		    s, SPAN(""), "ack: a whole number or a string of at most 64 bytes is accepted");
	else if (!json_slice_string(values[0], &decoded, &event))
		bad_frame(s, buf_as_span(&ack), "an object with an event's name is needed");
	else
		session_event(s, event, values[1], buf_as_span(&ack), time_now());
	buf_clear(&decoded);
	buf_clear(&ack);
}

/* Answers a text that cannot be taken, by its acknowledgement if it names one. */
static void
refuse_text(struct session *s, struct span text, enum error err, const char *why)
{
	static const char *const names[] = {"event", "ack"};
	struct span values[2], event = {"", 0};
	struct buf decoded = {0}, ack = {0};

	json_scan_members(text, names, values, 2);
	json_slice_string(values[0], &decoded, &event);
	if (event.n > EVENT_NAME_MAX)
		event = SPAN("");
	if (!read_ack(values[1], &ack))
		ack.len = 0;
	session_refuse_event(s, event, buf_as_span(&ack), err, why);
	buf_clear(&decoded);
	buf_clear(&ack);
}

static void
on_message(struct websocket *ws, enum ws_opcode opcode, struct span text)
{
	struct session *s = websocket_owner(ws);
	const char *why = NULL;

	if (opcode != WS_TEXT) {
		websocket_close(ws, 1003, "text frames only");
		return;
	}
	if (text.n > EVENT_BYTES_MAX) {
		refuse_text(s, text, ERROR_TOO_LONG, "data: at most 65536 bytes are accepted");
		return;
	}
	switch (json_judge(text, &why)) {
	case JSON_GOOD:
		on_json(s, text);
		break;
	case JSON_BEYOND:
		refuse_text(s, text, ERROR_BAD_REQUEST, why);
		break;
	case JSON_BAD:
		refuse_text(s, text, ERROR_BAD_FRAME, why);
		break;
	}
}

static bool
is_busy(struct websocket *ws)
{
	return session_is_busy(websocket_owner(ws));
}

static void
on_writable(struct websocket *ws)
{
	struct session *s = websocket_owner(ws);

	session_pull(s, time_now());
}

static void
on_closed(struct websocket *ws, const char *why)
{
	struct session *s = websocket_owner(ws);

	log_info("conn %u: disconnected: %s", session_number(s), why);
	session_close(s, SESSION_LOST, time_now());
}

static struct span
wallet(const struct websocket *ws)
{
	return session_wallet(websocket_owner(ws));
}

static const struct websocket_ops ops = {
    .on_message = on_message,
    .is_busy = is_busy,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .pings = true,
    .wallet = wallet,
};

/* ---- the handshake ---- */

/* The query's cursor, decoded into scratch. False: more than one, or badly encoded. */
static bool
read_cursor(const struct http_request *http, struct buf *scratch)
{
	struct span raw = {NULL, 0};
	size_t n = http->query.p != NULL ? url_query_get(http->query, "cursor", &raw) : 0;

	return n == 0 || (n == 1 && raw.p != NULL && url_decode_form(scratch, raw));
}

static void
open_session(struct web_request *req, struct admission *a)
{
	const struct native *native = a->owner;
	struct websocket_options wo = {.ops = &ops, .max_message = native->max_message};
	struct hub_time now = time_now();
	const char *why;
	enum error err = admission_verdict(a, NULL, now, &why);
	struct websocket *ws;

	if (err != ERROR_NONE) {
		web_refuse(req, err, why);
		return;
	}
	if (http_has(req->http, HTTP_SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL))
		wo.subprotocol = SUBPROTOCOL;
	if ((ws = websocket_accept(req, &wo)) == NULL)
		return;
	websocket_set_owner(
	    ws, session_open(native->hub, &(struct session_options){.transport = &transport,
					      .owner = ws,
					      .user = &a->user,
					      .number = conn_number(req->conn),
					      .lookup = &a->lookup,
					      .now = now}));
	resume(websocket_owner(ws));
}

static void
handle(struct web_request *req, void *owner)
{
	const struct native *native = owner;
	struct admission *a = admission_new(native->gate, owner);
	struct buf cursor = {0};
	enum error err = gate_read(native->gate, req, &a->carried);

	if (!read_cursor(req->http, &cursor)) {
		web_refuse(req, ERROR_BAD_REQUEST, CURSOR_BAD_TEXT);
		admission_free(a);
	} else if (err != ERROR_NONE) {
		web_refuse(req, err, NULL);
		admission_free(a);
	} else {
		a->lookup.cursor = buf_as_span(&cursor);
		admission_of_request(a, req, open_session, NULL);
	}
	buf_clear(&cursor);
}

static void
begin(void *state, const struct wires_options *o)
{
	*(struct native *)state = (struct native){o->hub, o->gate, (uint32_t)o->max_message};
}

const struct wire native_wire = {
    .size = sizeof(struct native),
    .begin = begin,
    .routes = {{"/ws", handle, 0, web_little_body}},
};
