/* SPDX-License-Identifier: ISC */
/*
 * stream.c - requests for streams, and the clients they belong to.
 */
#include "wires/streams/stream.h"

#include <stdlib.h>

#include "base/mem.h"
#include "wires/streams/query.h"
#include "wires/time_now.h"

#define CLIENT_KEY_SIZE (STORE_NAME_SIZE + CLIENT_ID_SIZE)

#define CLIENTS_MAX 16 /* live clients of one wallet */

/* ---- requests ---- */

static void
request_clear(void *owner)
{
	struct stream_request *r = owner;

	buf_clear(&r->text);
	buf_clear(&r->fields);
	free(r);
}

static void
go_on(struct web_request *req, struct admission *a)
{
	struct stream_request *r = a->owner;

	req->fields = buf_as_span(&r->fields);
	if (r->why != NULL)
		web_refuse(req, ERROR_BAD_REQUEST, r->why);
	else
		r->route->serve(r, req);
}

static bool
serve_now(struct web_request *req, struct admission *a)
{
	struct stream_request *r = a->owner;

	return r->why == NULL && r->route->serve_now(r, req);
}

/* False: refused or, for OPTIONS, answered. */
static bool
check_method(struct stream_request *r, struct web_request *req, const char *methods)
{
	if (!gate_read_cors(r->streams->gate, req, &r->admission->carried, &r->fields))
		return false;
	req->fields = buf_as_span(&r->fields);
	if (req->http->method == METHOD_OPTIONS) {
		web_reply(req, &(struct web_reply){.status = 204, .fields = req->fields});
		return false;
	}
	if (!span_is(req->http->method_name, methods)) {
		web_refuse_status(req, 405, methods);
		return false;
	}
	return true;
}

void
stream_handle(struct streams *st, struct web_request *req, const struct stream_route *route)
{
	struct stream_request *r = mem_zalloc(sizeof(*r));

	r->streams = st;
	r->route = route;
	r->admission = admission_new(st->gate, r);
	buf_span(&r->fields, route->fields);
	if (!check_method(r, req, route->methods)) {
		admission_free(r->admission);
		request_clear(r);
		return;
	}
	r->admission->serve_now = route->serve_now != NULL ? serve_now : NULL;
	r->admission->refuse = route->refuse;
	r->admission->lookup.takes_any_cursor = route->takes_any_cursor;
	r->why = query_read(r, req->http);
	if (r->why != NULL) { /* the identity is what is refused first */
		r->admission->lookup.n_rooms = 0;
		r->admission->lookup.cursor = (struct span){"", 0};
	}
	admission_of_request(r->admission, req, go_on, request_clear);
}

/* ---- clients ---- */

static struct span
client_key(char out[CLIENT_KEY_SIZE], const struct user *user, struct span client)
{
	size_t n = strlen(user->key);

	/* Neither part can hold a '/'. */
	memcpy(out, user->key, n);
	out[n] = '/';
	memcpy(out + n + 1, client.p, client.n);
	return (struct span){out, n + 1 + client.n};
}

struct stream *
stream_find(struct streams *st, const struct user *user, struct span client)
{
	char key[CLIENT_KEY_SIZE];
	struct map_node *n = map_find(&st->clients, client_key(key, user, client));

	return n != NULL ? MAP_ENTRY(n, struct stream, node) : NULL;
}

/* The present holder of the name, if this request is to take over from it. */
static struct stream *
predecessor(const struct stream_request *r)
{
	struct stream *s = stream_find(r->streams, &r->admission->user, r->client);

	return s != NULL && (r->client.n > 0 || s->is_idle) ? s : NULL;
}

/* Gives the stream its name, unless another stream has it. */
static void
give_name(struct stream *s, struct span key)
{
	struct map *clients = &s->streams->clients;

	if (map_find(clients, key) != NULL)
		return;
	s->key = mem_dup(key.p, key.n);
	map_insert(clients, &s->node, (struct span){s->key, key.n});
}

/* Returns one of the streams that makes room for another, or NULL: the oldest one whose client does
 * not read, or else the oldest one without a name. The client of a stream with a name would take
 * the room back at once. */
static struct stream *
choose_giver(struct session *const *sessions, size_t n)
{
	struct stream *best = NULL;
	bool is_best_stalled = false;

	for (size_t i = 0; i < n; i++) {
		struct stream *s = session_owner(sessions[i]);
		bool is_stalled = s->make_room != NULL && s->is_stalled(s);

		if (s->make_room == NULL || (s->is_named && !is_stalled))
			continue;
		if (best != NULL &&
		    (is_stalled != is_best_stalled ? is_best_stalled : best->number < s->number))
			continue;
		best = s;
		is_best_stalled = is_stalled;
	}
	return best;
}

/* False: the wallet has too many streams. True: it has not, or *giver is to make room. */
static bool
has_room(const struct stream_request *r, struct stream **giver)
{
	struct session *sessions[CLIENTS_MAX];
	size_t n = hub_streams(r->streams->hub, &r->admission->user, sessions, CLIENTS_MAX);

	if (n < CLIENTS_MAX)
		return true;
	if (r->route->takes_room)
		*giver = choose_giver(sessions, CLIENTS_MAX);
	return *giver != NULL;
}

/* ERROR_NONE: a stream may be opened. *giver is the stream that then makes room, if one has to. */
static enum error
judge(const struct stream_request *r, const struct stream *before, struct stream **giver,
    const char **why)
{
	const struct stream *leaving;

	if (before == NULL && !has_room(r, giver)) {
		*why = "this wallet has 16 clients already";
		return ERROR_RATE_LIMITED;
	}
	leaving = before != NULL ? before : *giver;
	return admission_verdict(
	    r->admission, leaving != NULL ? leaving->session : NULL, time_now(), why);
}

bool
stream_open(struct stream *s, const struct stream_request *r, struct web_request *req,
    const struct transport *transport)
{
	struct streams *st = r->streams;
	struct admission *a = r->admission;
	struct stream *before = predecessor(r), *giver = NULL;
	struct session_options o = {.transport = transport,
	    .owner = s,
	    .user = &a->user,
	    .number = conn_number(req->conn),
	    .lookup = &a->lookup,
	    .predecessor = before != NULL ? before->session : NULL,
	    .now = time_now()};
	char key[CLIENT_KEY_SIZE];
	const char *why;
	enum error err = judge(r, before, &giver, &why);

	if (err != ERROR_NONE) {
		admission_refuse(a, req, err, why);
		return false;
	}
	s->streams = st;
	s->session = session_open_stream(st->hub, &o);
	if (before != NULL)
		before->end(before, "its client has come again");
	if (giver != NULL)
		giver->make_room(giver);
	s->number = st->n_opened++;
	s->is_named = r->client.n > 0;
	TAILQ_INSERT_TAIL(&st->all, s, link);
	give_name(s, client_key(key, &a->user, r->client));
	return true;
}

void
stream_close(struct stream *s, enum session_end end)
{
	if (s->key != NULL)
		map_remove(&s->streams->clients, &s->node);
	free(s->key);
	s->key = NULL;
	if (s->session == NULL)
		return;
	TAILQ_REMOVE(&s->streams->all, s, link);
	session_close(s->session, end, time_now());
	s->session = NULL;
}

/* ---- the wire ---- */

static void
begin(void *state, const struct wires_options *o)
{
	struct streams *st = state;

	*st = (struct streams){.hub = o->hub, .gate = o->gate, .loop = o->loop};
	TAILQ_INIT(&st->all);
	LIST_INIT(&st->emits);
}

static void
end(void *state)
{
	struct streams *st = state;
	struct stream *s;

	while ((s = TAILQ_FIRST(&st->all)) != NULL)
		s->end(s, "shutdown");
	map_clear(&st->clients);
	emit_clear(st);
}

const struct wire streams_wire = {
    .size = sizeof(struct streams),
    .begin = begin,
    .end = end,
    .routes = {{"/events", sse_handle, 0, web_little_body},
	{"/poll", poll_handle, 0, web_little_body}, {"/emit", emit_handle, 0, emit_max_body, true}},
};
