/* SPDX-License-Identifier: ISC */
/*
 * hub_world.h - a hub over a fresh database, with clients that write down what they hear: for the
 * tests of the hub. Time stands still unless a test moves it; what other processes do is done with
 * the verbs of chat_world.h.
 */
#ifndef HUB_WORLD_H
#define HUB_WORLD_H

#include <limits.h>

#include "unit/chat_world.h"

#include "base/json_slice.h"

#include "hub/recovery/recoverable.h"
#include "hub/replay/recent.h"
#include "hub/replay/tail.h"
#include "hub/session/call.h"
#include "hub/session/session_lookup.h"

#define CLIENTS_MAX  512
#define INPUT_MAX    128
#define ROOM_FOR_ALL INT_MAX

struct input { /* an event that a client has sent */
	char ack[16], event[24];
	char *data; /* NULL: none */
};

struct client {
	struct house *house;
	struct session *session;
	int room;            /* so many more frames are taken of those that may be refused */
	bool wants_writable; /* is to be offered some */
	bool only_counts;    /* frames, and does not look at them */
	int frames, resumes;
	struct buf heard; /* since it was looked at */
	struct {
		char escrow_id[16], cursor[CURSOR_SIZE]; /* "" : the own topic */
	} cursors[4];
	struct buf last; /* the data of the last frame */
	struct input inputs[INPUT_MAX];
	size_t n_inputs,
	    n_read; /* sent; read by the hub's side, which does not while the session is busy */
};

struct house {
	struct world *w; /* w->st is another process's connection */
	struct reads *reads;
	struct writer *writer;
	struct store *reading,
	    *writing; /* of the threads: a test may make one fail while no job of it is under way */
	struct hub *hub;
	struct hub_time now;
	int done[2];                       /* a pipe: a thread has finished jobs */
	const struct transport *transport; /* of those who connect */
	struct client *clients[CLIENTS_MAX];
	size_t n_clients;
};

/* ---- what a client writes down: "chat_message hi, ack 1 ok, …" ---- */

static inline void
client_note(struct client *c, struct span word)
{
	buf_str(&c->heard, c->heard.len > 0 ? ", " : "");
	buf_span(&c->heard, word);
}

static inline void
client_note_member(struct client *c, const struct json *data, const char *name)
{
	struct span text;
	bool yes;

	if (json_string(json_get(data, name), &text)) {
		buf_addc(&c->heard, ' ');
		buf_span(&c->heard, text);
	} else if (json_bool(json_get(data, name), &yes)) {
		buf_str(&c->heard, yes ? " true" : " false");
	}
}

/* A client notes the name of each event and, of these events, these members of the data. */
static const struct {
	const char *event, *members[3];
} client_notes[] = {
    {"chat_message", {"content"}},
    {"user_typing", {"walletAddress", "isTyping"}},
    {"user_joined", {"walletAddress"}},
    {"user_left", {"walletAddress"}},
    {"message_read", {"readerId"}},
    {"notification", {"escrowId"}},
    {"chat_error", {"event", "code"}},
    {"gap", {"escrowId"}},
};

static inline void
client_keep_cursor(struct client *c, const struct json *escrow_id, const struct json *cursor)
{
	struct span id = SPAN(""), text;

	json_string(escrow_id, &id);
	if (!json_string(cursor, &text))
		return;
	for (size_t i = 0; i < 4; i++) {
		char *at = c->cursors[i].escrow_id;

		if (!span_is(id, at) && c->cursors[i].cursor[0] != '\0')
			continue;
		snprintf(at, sizeof(c->cursors[i].escrow_id), "%.*s", (int)id.n, id.p);
		snprintf(c->cursors[i].cursor, CURSOR_SIZE, "%.*s", (int)text.n, text.p);
		return;
	}
}

static inline void
client_hear(struct client *c, struct span frame)
{
	struct json *v = json_parse(frame, NULL);
	const struct json *data = json_get(v, "data"), *ack = json_get(v, "ack");
	struct span event;
	bool is_ok = false;

	assert_non_null(data);
	c->last.len = 0;
	json_write(&c->last, data);
	if (ack != NULL) {
		client_note(c, SPAN("ack "));
		json_write(&c->heard, ack);
		json_bool(json_get(data, "ok"), &is_ok);
		buf_str(&c->heard, is_ok ? " ok" : "");
		client_note_member(c, data, "code");
		if (json_get(data, "gap") != NULL)
			buf_str(&c->heard, " gap");
		client_keep_cursor(c, json_get(data, "escrowId"), json_get(data, "cursor"));
	} else {
		assert_true(json_string(json_get(v, "event"), &event));
		client_note(c, event);
		for (size_t i = 0; i < sizeof(client_notes) / sizeof(*client_notes); i++) {
			if (!span_is(event, client_notes[i].event))
				continue;
			for (int k = 0; client_notes[i].members[k] != NULL; k++)
				client_note_member(c, data, client_notes[i].members[k]);
		}
		client_keep_cursor(c, json_get(v, "escrowId"), json_get(v, "cursor"));
	}
	json_free(v);
}

static inline bool
client_send(struct session *s, struct frame *f)
{
	struct client *c = session_owner(s);

	if (f->kind != FRAME_CONTROL && c->room == 0) {
		c->wants_writable = true;
		return false;
	}
	if (f->kind != FRAME_CONTROL && c->room != ROOM_FOR_ALL)
		c->room--;
	c->frames++;
	if (!c->only_counts)
		client_hear(c, frame_payload(f));
	return true;
}

/* Gives the session the events that the client has sent, while the session is not busy: as a
 * connection does. */
static inline void
client_read(struct client *c)
{
	struct input *in;

	while (c->session != NULL && c->n_read < c->n_inputs && !session_is_busy(c->session)) {
		in = &c->inputs[c->n_read++];
		session_event(c->session, span_of(in->event), json_slice(span_of(in->data)),
		    span_of(in->ack), c->house->now);
		free(in->data);
		in->data = NULL;
	}
	if (c->n_read == c->n_inputs)
		c->n_read = c->n_inputs = 0;
}

static inline void
client_resume(struct session *s)
{
	struct client *c = session_owner(s);

	c->resumes++;
	if (session_is_behind(s))
		c->wants_writable = true;
}

static const struct transport client_transport = {
    .name = "fake",
    .encoding = ENCODING_WS,
    .send = client_send,
    .resume = client_resume,
    .says_hello = true,
};
/* A transport whose client keeps one cursor for all topics. */
static const struct transport merged_transport = {
    .name = "merged",
    .encoding = ENCODING_WS,
    .send = client_send,
    .resume = client_resume,
    .is_merged = true,
};

/* ---- the house ---- */

static inline void
on_jobs_done(void *arg)
{
	struct house *h = arg;

	assert_int_equal(write(h->done[1], "", 1), 1);
}

static inline bool
begin_incarnation(struct store *st, void *arg)
{
	incarnation_begin(st, WORLD_NOW);
	return true;
}

static inline struct store *
house_store(struct house *h)
{
	struct store_options options = {
	    .path = h->w->path, .mode = 0600, .auth_open = true, .busy_ms = 20};
	struct buf err = {0};
	struct store *st = store_open(&options, &err);

	if (st == NULL)
		fail_msg("%s", buf_cstr(&err));
	return st;
}

static inline void
read_start(struct store *st, void *arg)
{
	hub_start_read(st, arg);
}

#define HOUSE_READ_MS 600000 /* however slow the machine is */

/* The daemon starts: a new incarnation of the log. */
static inline void
house_start(struct house *h)
{
	struct hub_options o = {.rules = h->w->rules, .presence_grace_ms = 2000, .version = "1"};
	struct hub_start start;
	struct buf err = {0};

	assert_int_equal(store_write(h->w->st, begin_incarnation, NULL), STORE_OK);
	assert_int_equal(store_read(h->w->st, 1000, read_start, &start), STORE_OK);
	h->reading = house_store(h);
	h->reads = reads_start(h->reading, HOUSE_READ_MS, on_jobs_done, h, &err);
	assert_non_null(h->reads);
	h->writing = house_store(h);
	h->writer = writer_start(h->writing, 0, on_jobs_done, h, &err);
	assert_non_null(h->writer);
	h->hub = hub_new(&o, &start, h->reads, h->writer);
}

/* The inputs that the hub has not read yet are lost. */
static inline void
client_close(struct client *c, enum session_end end)
{
	while (c->n_read < c->n_inputs)
		free(c->inputs[c->n_read++].data);
	c->n_read = c->n_inputs = 0;
	if (c->session != NULL)
		session_close(c->session, end, c->house->now);
	c->session = NULL;
}

static inline void
house_stop(struct house *h)
{
	for (size_t i = 0; i < h->n_clients; i++) {
		client_close(h->clients[i], SESSION_LOST);
		buf_clear(&h->clients[i]->heard);
		buf_clear(&h->clients[i]->last);
		free(h->clients[i]);
	}
	h->n_clients = 0;
	hub_flush_writes(h->hub);
	hub_flush_reads(h->hub);
	writer_stop(h->writer);
	reads_stop(h->reads);
	hub_collect(h->hub, h->now);
	hub_free(h->hub);
	writer_free(h->writer);
	reads_free(h->reads);
}

/* The daemon ends while jobs of the hub are under way, and starts again. */
static inline void
house_restart_at_once(struct house *h)
{
	writer_stop(h->writer);
	reads_stop(h->reads);
	hub_free(h->hub);
	writer_free(h->writer);
	reads_free(h->reads);
	house_start(h);
}

static inline int
house_setup(void **state)
{
	struct house *h = calloc(1, sizeof(*h));
	void *world;

	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	world_setup(&world);
	h->w = world;
	h->now = (struct hub_time){1000000, WORLD_NOW};
	h->transport = &client_transport;
	assert_int_equal(pipe(h->done), 0);
	world_put(h->w, "42", "alice client, bob freelancer, carol arbiter, olga observer");
	world_put(h->w, "43", "alice client, bob freelancer");
	house_start(h);
	*state = h;
	return 0;
}

static inline int
house_teardown(void **state)
{
	struct house *h = *state;
	void *world = h->w;

	house_stop(h);
	close(h->done[0]);
	close(h->done[1]);
	world_teardown(&world);
	free(h);
	return 0;
}

/* ---- what happens ---- */

/* Tells each client that wants room and has some, as a connection with an empty ring does, and
 * reads the events that the clients have sent. */
static inline void
offer_room(struct house *h)
{
	for (size_t i = 0; i < h->n_clients; i++) {
		struct client *c = h->clients[i];

		while (c->session != NULL && c->wants_writable && c->room > 0) {
			c->wants_writable = false;
			session_pull(c->session, h->now);
		}
		client_read(c);
	}
}

/* Waits until a thread has finished jobs. */
static inline void
await(struct house *h)
{
	char bytes[64];

	assert_true(read(h->done[0], bytes, sizeof(bytes)) > 0);
}

/* The writer finishes all submitted jobs, and the hub collects them. Nothing is handed to the
 * reader. */
static inline void
collect(struct house *h)
{
	hub_flush_writes(h->hub);
	while (writer_pending(h->writer) > 0) {
		await(h);
		hub_collect(h->hub, h->now);
		hub_check(h->hub);
	}
}

/* Both threads finish all submitted jobs. The hub has not acted upon them yet. */
static inline void
finish(struct house *h)
{
	hub_flush_writes(h->hub);
	hub_flush_reads(h->hub);
	while (writer_pending(h->writer) > 0 || reads_pending(h->reads) > 0) {
		await(h);
		writer_collect(h->writer, h->hub->jobs, tail_rows(h->hub->tail));
		reads_collect(h->reads, h->hub->jobs);
	}
}

/* Collects until no job is under way at the reader and, if all is set, at the writer. */
static inline void
settle(struct house *h, bool all)
{
	do {
		while (hub_collect(h->hub, h->now))
			;
		offer_room(h);
		hub_check(h->hub);
		if (all)
			hub_flush_writes(h->hub);
		hub_flush_reads(h->hub);
		if (reads_pending(h->reads) > 0 || (all && writer_pending(h->writer) > 0))
			await(h);
	} while (reads_pending(h->reads) > 0 ||
		 (all && (writer_pending(h->writer) > 0 || hub_has_writes(h->hub))));
}

/* Clients that wait for room get the events that they have missed. */
static inline void
give_room(struct house *h)
{
	offer_room(h);
	settle(h, false);
}

/* The tail goes on to the log's end. */
static inline void
tail(struct house *h)
{
	hub_check_log(h->hub, true);
	settle(h, false);
}

/* A turn: all jobs that are under way are done. */
static inline void
turn(struct house *h)
{
	settle(h, true);
	tail(h);
	settle(h, true); /* what the tail itself has submitted */
	tail(h);
}

static inline void
pass(struct house *h, int64_t ms)
{
	h->now.mono_ms += ms;
	h->now.wall_ms += ms;
	h->w->now_ms += ms;
	hub_tick(h->hub, h->now);
	offer_room(h);
	settle(h, false);
}

struct look_job {           /* what a transport looks up before it opens a session */
	struct hub_job job; /* first */
	struct user user;
	struct room_lookup rooms[2];
	struct session_lookup lookup;
	bool is_done;
};

static inline void
run_session_look(struct store *st, struct read_job *job)
{
	struct look_job *j = (struct look_job *)job;

	session_lookup_run(st, &j->job.hub->options.rules, &j->user, &j->lookup);
}

static inline void
on_session_look(struct hub_job *job, struct hub_time now)
{
	((struct look_job *)job)->is_done = true;
}

static inline void
look_up(struct house *h, struct look_job *j)
{
	j->job.hub = h->hub;
	j->job.done = on_session_look;
	j->is_done = false;
	job_read(&j->job, SPAN(""), run_session_look);
	while (!j->is_done)
		settle(h, false);
	assert_int_equal(j->job.err, ERROR_NONE);
}

static inline struct client *
client_new(struct house *h)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_true(h->n_clients < CLIENTS_MAX);
	h->clients[h->n_clients++] = c;
	c->house = h;
	c->room = ROOM_FOR_ALL;
	return c;
}

/* Connects a client that takes `room` frames at first. */
static inline struct client *
connect_taking(struct house *h, const char *wallet, const char *cursor, int room)
{
	struct client *c = client_new(h);
	struct look_job j = {.user = world_user(wallet), .lookup = {.cursor = span_of(cursor)}};

	look_up(h, &j);
	c->room = room;
	c->session = session_open(h->hub, &(struct session_options){.transport = h->transport,
					      .owner = c,
					      .user = &j.user,
					      .number = (uint32_t)h->n_clients,
					      .lookup = &j.lookup,
					      .now = h->now});
	client_resume(c->session);
	settle(h, false);
	return c;
}

static inline struct client *
connect_at(struct house *h, const char *wallet, const char *cursor)
{
	return connect_taking(h, wallet, cursor, ROOM_FOR_ALL);
}

static inline struct client *
connect_as(struct house *h, const char *wallet)
{
	struct client *c = connect_at(h, wallet, "");

	c->heard.len = 0; /* hello */
	return c;
}

/* Sends one event. ack "": without an acknowledgement; data NULL: without data. */
static inline void
say(struct client *c, const char *ack, const char *event, const char *data)
{
	session_event(
	    c->session, span_of(event), json_slice(span_of(data)), span_of(ack), c->house->now);
	settle(c->house, false);
}

/* Sends one event and does not wait: it comes together with the events before and behind it, as
 * if the client had sent them in one write. */
static inline void
say_now(struct client *c, const char *ack, const char *event, const char *data)
{
	struct input *in = &c->inputs[c->n_inputs++];

	assert_true(c->n_inputs <= INPUT_MAX);
	snprintf(in->ack, sizeof(in->ack), "%s", ack);
	snprintf(in->event, sizeof(in->event), "%s", event);
	in->data = data != NULL ? strdup(data) : NULL;
	client_read(c);
}

/* Sends one event as say does, with data that printf's format and arguments make. */
static inline void __attribute__((format(printf, 4, 5)))
sayf(struct client *c, const char *ack, const char *event, const char *format, ...)
{
	char data[8192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(data, sizeof(data), format, ap);
	va_end(ap);
	say(c, ack, event, data);
}

static inline struct client *
enter(struct house *h, const char *wallet, const char *escrow)
{
	struct client *c = connect_as(h, wallet);

	sayf(c, "0", "subscribe_escrow", "{\"escrowId\":\"%s\"}", escrow);
	turn(h);
	c->heard.len = 0;
	return c;
}

/* The notes of the frames that the client has got since the last call. */
static inline const char *
heard(struct client *c)
{
	static char text[4][16384];
	static int which;
	char *out = text[which++ % 4];

	snprintf(
	    out, sizeof(text[0]), "%.*s", (int)c->heard.len, c->heard.len > 0 ? c->heard.p : "");
	c->heard.len = 0;
	return out;
}

static inline void
forget(struct house *h)
{
	for (size_t i = 0; i < h->n_clients; i++)
		h->clients[i]->heard.len = 0;
}

static inline const char *
cursor_of(const struct client *c, const char *escrow_id)
{
	for (size_t i = 0; i < 4; i++) {
		if (strcmp(c->cursors[i].escrow_id, escrow_id) == 0 &&
		    c->cursors[i].cursor[0] != '\0')
			return c->cursors[i].cursor;
	}
	fail_msg("no cursor of %s", escrow_id);
	return "";
}

/* The data of a subscribe_escrow with a cursor. Valid until the next call. */
static inline const char *
room_from(const char *escrow_id, const char *cursor)
{
	static char data[256];

	snprintf(data, sizeof(data), "{\"escrowId\":\"%s\",\"cursor\":\"%s\"}", escrow_id, cursor);
	return data;
}

static inline void
subscribe_from(struct client *c, const char *ack, const char *escrow_id, const char *cursor)
{
	say(c, ack, "subscribe_escrow", room_from(escrow_id, cursor));
}

/* Empties the hub's memory of the log, so that earlier rows must be read. */
static inline void
forget_recent(struct house *h)
{
	recent_free(h->hub->recent);
	h->hub->recent = recent_new(h->hub->position);
}

static inline bool
run_trim(struct store *st, void *arg)
{
	eventlog_trim(st, INT64_MAX / 2, 0, 0, INT64_MAX / 2);
	return true;
}

/* Trims the whole log, and empties the hub's memory of it. */
static inline void
trim_all(struct house *h)
{
	assert_int_equal(store_write(h->w->st, run_trim, NULL), STORE_OK);
	forget_recent(h);
}

#define house_test(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

#endif
