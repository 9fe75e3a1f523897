/* SPDX-License-Identifier: ISC */
/*
 * web_world.h - a site on one connection, for the tests of HTTP: its routes reply at once, later,
 * with much, or hand the connection over.
 */
#ifndef WEB_WORLD_H
#define WEB_WORLD_H

#include "unit/net_world.h"

#include "http/web.h"
#include "wires/admission.h"

#define HOST  "Host: localhost\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: r-1\r\n\r\n"

struct site {
	int hellos, gone;
	struct buf taken; /* what the protocol after an upgrade was given */
	struct web_conn *held;
	bool is_taken_closed;
	struct gate gate; /* of who() */
};

/* ---- the routes ---- */

static inline void
say_hello(struct web_request *req, void *own)
{
	((struct site *)own)->hellos++;
	web_reply(
	    req, &(struct web_reply){.status = 200, .type = "text/plain", .body = SPAN("hello")});
}

static inline void
echo(struct web_request *req, void *own)
{
	web_reply(req, &(struct web_reply){.status = 200, .type = "text/plain", .body = req->body});
}

static inline void
say_much(struct web_request *req, void *own)
{
	static char much[100000];

	memset(much, 'm', sizeof(much));
	web_reply(req,
	    &(struct web_reply){.status = 200, .type = "text/plain", .body = {much, sizeof(much)}});
}

static inline void
on_gone(void *arg)
{
	struct site *s = arg;

	s->gone++;
	s->held = NULL;
}

static inline void
hold(struct web_request *req, void *own)
{
	struct site *s = own;

	s->held = web_hold(req, SPAN("X-Held: yes\r\n"), on_gone, s);
}

static inline void
on_taken_input(struct conn *c, struct buf *in)
{
	struct site *s = conn_owner(c);

	buf_add(&s->taken, in->p, in->len);
	buf_drop(in, in->len);
}

static inline void
on_taken_end(struct conn *c)
{
	conn_close(c, "end");
}

static inline void
on_taken_closed(struct conn *c, const char *why)
{
	((struct site *)conn_owner(c))->is_taken_closed = true;
}

static const struct protocol taken = {
    .on_input = on_taken_input, .on_end = on_taken_end, .on_closed = on_taken_closed};

static inline void
take(struct web_request *req, void *own)
{
	web_take_over(req, &taken, own);
	conn_send_bytes(req->conn, SPAN("taken"));
}

static inline void
take_and_close(struct web_request *req, void *own)
{
	web_take_over(req, &taken, own);
	conn_close(req->conn, "test");
}

static inline void
close_at_once(struct web_request *req, void *own)
{
	conn_close(req->conn, "test");
}

static inline void
get_only(struct web_request *req, void *own)
{
	if (req->http->method != METHOD_GET)
		web_refuse_status(req, 405, "GET");
	else
		web_refuse(req, ERROR_FORBIDDEN, "because");
}

static inline void
say_who(struct web_request *req, struct admission *a)
{
	web_reply(req, &(struct web_reply){.status = 200, .body = span_of(a->user.name)});
}

static inline void
who(struct web_request *req, void *own)
{
	admission_of_request(admission_new(&((struct site *)own)->gate, NULL), req, say_who, NULL);
}

static const struct web_route routes[] = {
    {"/hello", say_hello, 0},
    {"/echo", echo, 0},
    {"/much", say_much, 0},
    {"/hold", hold, 0},
    {"/hold-on", hold, 0, NULL, true},
    {"/take", take, 0},
    {"/take-and-close", take_and_close, 0},
    {"/close", close_at_once, 0},
    {"/get-only", get_only, 0},
    {"/who", who, 0},
};
static struct web web = {.parts = {{routes, sizeof(routes) / sizeof(*routes), NULL}}};

static inline struct site *
serve(struct wires *w)
{
	struct site *s = calloc(1, sizeof(*s));

	w->own = s;
	web.parts[0].arg = s;
	web_accept(&web, w->net, w->near, "127.0.0.1");
	return s;
}

/* Counts a text in the bytes that the client has read. */
static inline int
count(const struct wires *w, const char *text)
{
	struct span rest = buf_as_span(&w->answer);
	const char *p;
	int n = 0;

	while ((p = memmem(rest.p, rest.n, text, strlen(text))) != NULL) {
		n++;
		rest = (struct span){p + 1, (size_t)(rest.p + rest.n - (p + 1))};
	}
	return n;
}

static inline int
status(const struct wires *w)
{
	return w->answer.len > 12 && memcmp(w->answer.p, "HTTP/1.1 ", 9) == 0
		   ? atoi(w->answer.p + 9)
		   : 0;
}

#endif
