/* SPDX-License-Identifier: ISC */
/*
 * socketio.c - clients (one Engine.IO session each) and their sockets (one namespace each).
 * A packet that breaks the protocol closes the session it came on, and no other.
 */
#include "wires/socketio/socketio.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/json_slice.h"
#include "base/mem.h"
#include "base/timers.h"

enum socket_state {
	SOCKET_ASKED, /* waits for the owner's answer */
	SOCKET_CONNECTED
};

struct socketio_socket {
	struct client *client;
	struct socketio_socket *next;
	const char *nsp;
	void *owner;
	enum socket_state state;
};

struct client {
	struct socketio *sio;
	struct engine_session *session;
	struct socketio_socket *sockets;
	struct sio_assembly *assembly; /* of a binary packet under way; NULL: none is */
	unsigned to_skip;              /* attachments that are not taken */
	void *handshake;               /* what the owner keeps of it */
	struct timer waiting;          /* for its first CONNECT; mono ms */
};

struct socketio {
	struct socketio_options options;
	struct engine *engine;
	struct timer_list waiting; /* clients */
	struct loop_timer *timer;
};

/* ---- clients without a namespace: they have connect_timeout_ms ---- */

static void
arm_timer(struct socketio *sio)
{
	loop_timer_set_at(sio->timer, timer_list_next(&sio->waiting));
}

static void
on_timer(void *arg)
{
	struct socketio *sio = arg;
	int64_t now = clock_mono_ms();
	struct timer *due;

	while ((due = timer_list_due(&sio->waiting, now)) != NULL)
		engine_close(
		    TIMER_OWNER(due, struct client, waiting)->session, "no CONNECT in time");
	arm_timer(sio);
}

static void
start_waiting(struct client *c)
{
	struct socketio *sio = c->sio;

	timer_start(&sio->waiting, &c->waiting, clock_mono_ms() + sio->options.connect_timeout_ms);
	arm_timer(sio);
}

static void
stop_waiting(struct client *c)
{
	timer_stop(&c->sio->waiting, &c->waiting);
}

/* ---- sockets ---- */

static struct socketio_socket *
find_socket(const struct client *c, struct span nsp)
{
	struct socketio_socket *s = c->sockets;

	while (s != NULL && !span_is(nsp, s->nsp))
		s = s->next;
	return s;
}

static void
socket_free(struct socketio_socket *s)
{
	struct socketio_socket **at = &s->client->sockets;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

void *
socketio_owner(const struct socketio_socket *s)
{
	return s->owner;
}

void
socketio_set_owner(struct socketio_socket *s, void *owner)
{
	s->owner = owner;
}

const char *
socketio_namespace(const struct socketio_socket *s)
{
	return s->nsp;
}

void *
socketio_handshake_of(const struct socketio_socket *s)
{
	return s->client->handshake;
}

struct engine_session *
socketio_session(const struct socketio_socket *s)
{
	return s->client->session;
}

struct socketio_socket *
socketio_in(const struct engine_session *session, const char *nsp)
{
	return find_socket(engine_owner(session), span_of(nsp));
}

bool
socketio_is_connected(const struct socketio_socket *s)
{
	return s->state == SOCKET_CONNECTED;
}

static void
send_text(struct client *c, struct span packet)
{
	engine_send_message(c->session, false, packet);
}

void
socketio_send(struct socketio_socket *s, struct span packet)
{
	send_text(s->client, packet);
}

void
socketio_send_binary(struct socketio_socket *s, struct span bytes)
{
	engine_send_message(s->client->session, true, bytes);
}

void
socketio_accept(struct socketio_socket *s, const char *sid, const char *pid)
{
	struct buf b = {0};

	s->state = SOCKET_CONNECTED;
	stop_waiting(s->client);
	engine_confirm(s->client->session);
	sio_put_connect(&b, span_of(s->nsp), span_of(sid), span_of(pid));
	socketio_send(s, buf_as_span(&b));
	buf_clear(&b);
	engine_resume(s->client->session);
}

static void
send_connect_error(struct client *c, struct span nsp, const char *message)
{
	struct buf b = {0};

	sio_put_connect_error(&b, nsp, span_of(message));
	send_text(c, buf_as_span(&b));
	buf_clear(&b);
}

void
socketio_reject(struct socketio_socket *s, const char *message)
{
	struct client *c = s->client;

	send_connect_error(c, span_of(s->nsp), message);
	socket_free(s);
	engine_resume(c->session);
}

/* A client that is in no namespace any more is treated like one that has just come: it has as long
 * to connect, and counts among those without an identity. */
static void
socket_end(struct socketio_socket *s, const char *why)
{
	struct client *c = s->client;

	c->sio->options.ops->on_disconnect(s, why, SOCKETIO_DISCONNECTED);
	socket_free(s);
	if (c->sockets != NULL || timer_is_armed(&c->waiting))
		return;
	start_waiting(c);
	engine_doubt(c->session);
}

void
socketio_disconnect(struct socketio_socket *s, const char *why)
{
	struct buf b = {0};

	sio_put_disconnect(&b, span_of(s->nsp));
	socketio_send(s, buf_as_span(&b));
	buf_clear(&b);
	socket_end(s, why);
}

void
socketio_drop(struct socketio_socket *s, const char *why)
{
	engine_close(s->client->session, why);
}

void
socketio_put_args(struct buf *out, struct span args, size_t from)
{
	struct span array = json_slice(args), element = {"", 0};

	for (size_t i = 0; json_slice_next(array, &element); i++) {
		if (i > from)
			buf_addc(out, ',');
		if (i >= from)
			json_copy(out, element);
	}
}

/* ---- packets ---- */

static void
take_connect(struct client *c, const struct sio_packet *p)
{
	const struct socketio_options *o = &c->sio->options;
	struct socketio_socket *s;
	const char *const *nsp = o->namespaces;

	if (find_socket(c, p->nsp) != NULL) {
		engine_close(c->session, "a second CONNECT");
		return;
	}
	while (*nsp != NULL && !span_is(p->nsp, *nsp))
		nsp++;
	if (*nsp == NULL) {
		send_connect_error(c, p->nsp, "Invalid namespace");
		return;
	}
	s = mem_zalloc(sizeof(*s));
	s->client = c;
	s->nsp = *nsp;
	s->next = c->sockets;
	c->sockets = s;
	o->ops->on_connect(o->arg, s, json_slice(p->data));
}

/* Takes one whole packet. False: it breaks the protocol. */
static bool
take_packet(struct client *c, const struct sio_packet *p, const struct sio_assembly *attachments)
{
	struct socketio_socket *s = find_socket(c, p->nsp);
	const char *why = NULL;
	enum json_verdict verdict = sio_judge(p, &why);

	if (verdict == JSON_BAD)
		return false;
	bool is_good = p->type == SIO_CONNECT || (s != NULL && s->state == SOCKET_CONNECTED);
	if (is_good && p->type == SIO_CONNECT) {
		if (verdict == JSON_GOOD)
			take_connect(c, p);
		else
			send_connect_error(c, p->nsp, why);
	} else if (is_good && p->type == SIO_DISCONNECT) {
		socket_end(s, "left");
	} else if (is_good && (p->type == SIO_EVENT || p->type == SIO_BINARY_EVENT)) {
		c->sio->options.ops->on_event(
		    s, &(struct socketio_event){.args = why == NULL ? p->data : SPAN(""),
			   .refusal = why,
			   .has_id = p->has_id,
			   .id = p->id,
			   .is_binary = sio_is_binary(p),
			   .attachments = attachments});
	} /* acknowledgements: nothing of ours asks for one */
	return is_good;
}

static void
assembly_free(struct sio_assembly *a)
{
	if (a != NULL)
		sio_assembly_clear(a);
	free(a);
}

/* Takes the packet of the assembly, if all of its attachments are there. */
static bool
take_whole(struct client *c)
{
	struct sio_assembly *whole = c->assembly;

	if (!sio_assembly_is_whole(whole))
		return true;
	c->assembly = NULL; /* taking the packet may end the client */
	bool is_good = take_packet(c, &whole->packet, whole);
	assembly_free(whole);
	return is_good;
}

static bool
take_attachment(struct client *c, struct span bytes)
{
	if (c->to_skip > 0) {
		c->to_skip--;
		return true;
	}
	return c->assembly != NULL && sio_assembly_add(c->assembly, bytes, NULL) && take_whole(c);
}

static bool
begin_assembly(struct client *c, struct span text)
{
	c->assembly = mem_zalloc(sizeof(*c->assembly));
	return sio_assembly_begin(c->assembly, text, c->sio->options.max_payload, NULL) &&
	       take_whole(c);
}

static bool
take_text(struct client *c, struct span text)
{
	struct sio_packet p;

	if (c->assembly != NULL || c->to_skip > 0 || !sio_decode(&p, text, NULL))
		return false;
	if (!sio_is_binary(&p))
		return take_packet(c, &p, NULL);
	if (find_socket(c, p.nsp) == NULL)
		return false;
	if (!c->sio->options.takes_binary) {
		c->to_skip = p.attachments;
		return take_packet(c, &p, NULL);
	}
	return begin_assembly(c, text);
}

/* ---- the sessions underneath ---- */

static bool
on_request(void *arg, struct web_request *req, struct buf *fields)
{
	const struct socketio_options *o = &((struct socketio *)arg)->options;

	return o->ops->on_request == NULL || o->ops->on_request(o->arg, req, fields);
}

static void *
on_open(void *arg, struct engine_session *session, struct web_request *req)
{
	struct socketio *sio = arg;
	struct client *c = mem_zalloc(sizeof(*c));

	c->sio = sio;
	c->session = session;
	if (sio->options.ops->on_handshake != NULL)
		c->handshake = sio->options.ops->on_handshake(sio->options.arg, req);
	start_waiting(c);
	return c;
}

static void
on_message(struct engine_session *session, bool is_binary, struct span message)
{
	struct client *c = engine_owner(session);

	if (!(is_binary ? take_attachment(c, message) : take_text(c, message)))
		engine_close(session, "bad packet");
}

/* While one of a client's sockets waits for an answer, no more packets are taken from the client:
 * nothing is buffered here. */
static bool
is_busy(struct engine_session *session)
{
	struct client *c = engine_owner(session);
	const struct socketio_ops *ops = c->sio->options.ops;

	for (struct socketio_socket *s = c->sockets; s != NULL; s = s->next) {
		if (s->state == SOCKET_ASKED || (ops->is_busy != NULL && ops->is_busy(s)))
			return true;
	}
	return false;
}

static void
on_writable(struct engine_session *session)
{
	struct client *c = engine_owner(session);
	const struct socketio_ops *ops = c->sio->options.ops;

	if (ops->on_writable == NULL)
		return;
	for (struct socketio_socket *s = c->sockets; s != NULL; s = s->next) {
		if (s->state == SOCKET_CONNECTED)
			ops->on_writable(s);
	}
}

static void
on_closed(struct engine_session *session, const char *why, bool is_left)
{
	struct client *c = engine_owner(session);

	stop_waiting(c);
	while (c->sockets != NULL) {
		c->sio->options.ops->on_disconnect(
		    c->sockets, why, is_left ? SOCKETIO_CLOSED : SOCKETIO_LOST);
		socket_free(c->sockets);
	}
	assembly_free(c->assembly);
	free(c->handshake);
	free(c);
}

/* Of the first socket that is connected. */
static struct span
wallet(const struct engine_session *session)
{
	const struct client *c = engine_owner(session);

	for (const struct socketio_socket *s = c->sockets; s != NULL; s = s->next) {
		if (s->state == SOCKET_CONNECTED && c->sio->options.ops->wallet != NULL)
			return c->sio->options.ops->wallet(s);
	}
	return (struct span){"", 0};
}

static const struct engine_ops engine_ops = {
    .on_request = on_request,
    .on_open = on_open,
    .on_message = on_message,
    .is_busy = is_busy,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .wallet = wallet,
};

struct socketio *
socketio_new(struct loop *loop, const struct socketio_options *o)
{
	struct socketio *sio = mem_zalloc(sizeof(*sio));

	sio->options = *o;
	timer_list_init(&sio->waiting);
	sio->timer = loop_timer_new(loop, on_timer, sio);
	sio->engine = engine_new(loop, &(struct engine_options){.ops = &engine_ops,
					   .arg = sio,
					   .ping_interval_ms = o->ping_interval_ms,
					   .ping_timeout_ms = o->ping_timeout_ms,
					   .max_payload = o->max_payload,
					   .stranger_payload = o->stranger_payload,
					   .max_strangers = o->max_strangers,
					   .accounts = o->accounts});
	return sio;
}

void
socketio_free(struct socketio *sio)
{
	if (sio == NULL)
		return;
	engine_free(sio->engine);
	loop_timer_free(sio->timer);
	free(sio);
}

void
socketio_handle(struct web_request *req, void *owner)
{
	engine_handle(req, &(*(struct socketio **)owner)->engine);
}

size_t
socketio_max_body(const struct http_request *http, void *owner)
{
	return engine_max_body(http, &(*(struct socketio **)owner)->engine);
}
