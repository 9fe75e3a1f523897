/* SPDX-License-Identifier: ISC */
/*
 * stream.c - requests for streams, and the clients they belong to.
 */
#include "net/stream.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/identity.h"
#include "proto/url.h"

#define CLIENT_KEY_SIZE (STORE_NAME_SIZE + CLIENT_ID_SIZE)

#define CLIENTS_MAX 16 /* live ones of one wallet */
#define TIMEOUT_S   60 /* a time-out up to here is seconds, above it milliseconds; at most so long */

static struct hub_time
time_now(void)
{
	return (struct hub_time){clock_mono_ms(), clock_wall_ms()};
}

void
streams_init(struct streams *st, struct hub *hub, const struct gate *gate, struct loop *loop)
{
	*st = (struct streams){.hub = hub, .gate = gate, .loop = loop};
	TAILQ_INIT(&st->all);
	LIST_INIT(&st->emits);
}

void
streams_clear(struct streams *st)
{
	struct stream *s;

	while ((s = TAILQ_FIRST(&st->all)) != NULL)
		s->end(s, "shutdown");
	map_clear(&st->clients);
	emit_clear(st);
}

/* ---- the query ---- */

/* NULL: fine; else why it is refused. */
static const char *
take_room(struct stream_query *q, struct span room)
{
	if (!name_escrow(room))
		return "escrow: 1 to 128 bytes without / or control characters are accepted";
	for (size_t i = 0; i < q->n_rooms; i++) {
		if (span_eq(q->rooms[i], room))
			return NULL;
	}
	if (q->n_rooms == STREAM_ROOMS_MAX)
		return "at most 20 rooms can be named in one request";
	q->rooms[q->n_rooms++] = room;
	return NULL;
}

static const char *
take_timeout(struct stream_query *q, struct span value)
{
	unsigned long long n;

	if (!span_u64(value, 1000000, &n))
		return "timeout: seconds up to 60, or milliseconds, are accepted";
	q->timeout_ms = n <= TIMEOUT_S ? (int64_t)n * 1000 : (int64_t)n;
	if (q->timeout_ms > TIMEOUT_S * 1000)
		q->timeout_ms = TIMEOUT_S * 1000;
	return NULL;
}

static const char *
take_parameter(struct stream_query *q, struct span name, struct span value)
{
	if (span_is(name, "escrow"))
		return take_room(q, value);
	if (span_is(name, "cursor") || span_is(name, "lastEventId")) {
		q->cursor = value;
	} else if (span_is(name, "client")) {
		q->client = value;
		if (!name_client_id(value))
			return "client: 1 to 64 of A-Z a-z 0-9 _ - are accepted";
	} else if (span_is(name, "timeout")) {
		return take_timeout(q, value);
	}
	return NULL; /* others are somebody else's: walletAddress, a cache buster */
}

static const char *
read_query(struct stream_query *q, const struct http_request *http)
{
	struct span rest = http->query, name, value;
	const char *why = NULL;

	q->timeout_ms = -1;
	q->cursor = q->client = (struct span){"", 0};
	buf_reserve(&q->text,
	    http->target.n + 1); /* decoding makes nothing longer: the spans stay where they are */
	while (why == NULL && http->query.p != NULL && url_query_next(&rest, &name, &value)) {
		size_t at = q->text.len;
		if (!url_decode_form(&q->text, value.p != NULL ? value : (struct span){"", 0}))
			return "the query is badly encoded";
		why = take_parameter(q, name, (struct span){q->text.p + at, q->text.len - at});
	}
	if (http->known[HTTP_LAST_EVENT_ID].n > 0)
		q->cursor = http->known[HTTP_LAST_EVENT_ID];
	return why;
}

void
stream_query_clear(struct stream_query *q)
{
	buf_clear(&q->text);
}

bool
stream_begin(struct streams *st, struct web_request *req, const char *methods, struct buf *fields,
    struct stream_query *q, struct user *out)
{
	const char *why;

	if (!identity_conditions(st->gate, req, fields))
		return false;
	if (req->http->method == METHOD_OPTIONS) {
		web_reply(req, &(struct web_reply){.status = 204, .fields = buf_as_span(fields)});
		return false;
	}
	req->fields = buf_as_span(fields);
	if (!span_is(req->http->method_name, methods)) {
		web_refuse_status(req, 405, methods);
		return false;
	}
	if (!identity_user(st->gate, req, out))
		return false;
	conn_set_wallet(req->conn, span_of(out->key));
	if ((why = read_query(q, req->http)) != NULL) {
		web_refuse(req, CHAT_BAD_REQUEST, why);
		return false;
	}
	return true;
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

/* The name's present holder, if this request is to take over from it. */
static struct stream *
predecessor(struct streams *st, const struct stream_query *q, const struct user *user)
{
	struct stream *s = stream_find(st, user, q->client);

	return s != NULL && (q->client.n > 0 || s->is_idle) ? s : NULL;
}

/* Unless another has it. */
static void
give_name(struct stream *s, struct span key)
{
	struct map *clients = &s->streams->clients;

	if (map_find(clients, key) != NULL)
		return;
	s->key = mem_dup(key.p, key.n);
	map_insert(clients, &s->node, (struct span){s->key, key.n});
}

bool
stream_open(struct stream *s, struct streams *st, struct web_request *req,
    const struct stream_query *q, const struct user *user, const struct transport *transport,
    enum chat_err verdicts[STREAM_ROOMS_MAX])
{
	struct stream *before = predecessor(st, q, user);
	struct stream_options o = {.rooms = q->rooms,
	    .n_rooms = q->n_rooms,
	    .now = time_now(),
	    .predecessor = before != NULL ? before->session : NULL,
	    .session = {.transport = transport,
		.owner = s,
		.user = user,
		.number = conn_number(req->conn),
		.cursor = q->cursor,
		.now = time_now()}};
	enum chat_err err;
	char key[CLIENT_KEY_SIZE];

	if (before == NULL && hub_count_streams(st->hub, user) >= CLIENTS_MAX) {
		web_refuse(req, CHAT_RATE_LIMITED, "this wallet has 16 clients already");
		return false;
	}
	if (hub_user_is_full(st->hub, user, o.predecessor)) {
		web_refuse(req, CHAT_RATE_LIMITED, "this wallet has too many connections already");
		return false;
	}
	if (q->cursor.n > 0 && hub_replay_is_spent(st->hub, user, o.now)) {
		web_refuse(req, CHAT_RATE_LIMITED, "cursor: too much was replayed lately");
		return false;
	}
	s->streams = st;
	s->session = session_open_stream(st->hub, &o, verdicts, &err);
	if (s->session == NULL) {
		web_refuse(req, err, NULL);
		return false;
	}
	if (before != NULL)
		before->end(before, "its client has come again");
	TAILQ_INSERT_TAIL(&st->all, s, link);
	give_name(s, client_key(key, user, q->client));
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
