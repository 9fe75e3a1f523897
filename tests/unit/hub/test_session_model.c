/* SPDX-License-Identifier: ISC */
/*
 * test_session_model.c - one session against a sequential model: random events in random writes,
 * while others write, the ring is full and the store fails. Same answers in the same order, no
 * event twice, none missing, in the rooms that the last word says. HUB_MODEL_STEPS and
 * HUB_MODEL_SEED: more of it, or the same again.
 */
#include "unit/recoverable_world.h"

#define ROOMS       4 /* alice is a participant of all but the last, where she comes and goes */
#define ROOMS_AT    2 /* the session may be in so many at once */
#define STEPS       6000
#define PENDING_MAX 64
#define NOTHING     (-1)

enum verb {
	SUBSCRIBE,
	UNSUBSCRIBE,
	MESSAGE,
	BLANK,
	HISTORY,
	PRESENCE,
	TYPE,
	STOP,
	MARK,
	NONSENSE,
	N_VERBS
};

static const char *const verb_names[N_VERBS] = {[SUBSCRIBE] = "subscribe_escrow",
    [UNSUBSCRIBE] = "unsubscribe_escrow",
    [MESSAGE] = "chat_message",
    [BLANK] = "chat_message",
    [HISTORY] = "history",
    [PRESENCE] = "presence",
    [TYPE] = "typing_start",
    [STOP] = "typing_stop",
    [MARK] = "message_read",
    [NONSENSE] = "nonsense"};

struct sent { /* an event that the client has sent, and that is not known to be answered */
	enum verb verb;
	int room, number; /* number 0: without ack */
	int64_t cursor;   /* of a subscribe_escrow; NOTHING: it came without a good one */
	char last[16];    /* of history: the own message in the room before it; or "" */
};

struct arrival {        /* of which the model takes note at the end of a round */
	int number;     /* an acknowledgement; 0: none */
	int room;       /* NOTHING: the own topic */
	int64_t cursor; /* NOTHING: none */
	char event[24], code[24];
	char *data;
};

struct stay { /* of the session in a room, as the model has it */
	bool is_in, is_member;
	bool is_vague; /* entered or left without ack in this round: nobody can tell where */
	int next;      /* of the room's log: the event that comes next; NOTHING: any */
	int64_t *log;  /* positions of the durable events */
	int n_log;
	char last[16]; /* the own message that was acknowledged last */
};

static struct model {
	struct house *h;
	struct client *c;
	unsigned dice, seed;
	bool is_recoverable, has_faults;
	int numbers, texts;
	struct stay rooms[ROOMS];
	struct sent pending[PENDING_MAX];
	int n_pending;
	struct arrival *arrivals;
	size_t n_arrivals;
	int64_t log_read, offset; /* the last event that was heard */
	int notified, to_notify;
} m;

#define expect(condition, ...)                                         \
	do {                                                           \
		if (!(condition)) {                                    \
			print_error("HUB_MODEL_SEED=%u%s%s: ", m.seed, \
			    m.is_recoverable ? " recoverable" : "",    \
			    m.has_faults ? " with faults" : "");       \
			fail_msg(__VA_ARGS__);                         \
		}                                                      \
	} while (0)

static int
roll(int sides)
{
	m.dice = m.dice * 1103515245u + 12345u;
	return (int)((m.dice >> 16) % (unsigned)sides);
}

/* ---- what arrives ---- */

static int64_t
position_of(const struct json *cursor)
{
	struct span text;
	const char *dash;

	if (!json_string(cursor, &text) || (dash = memchr(text.p, '-', text.n)) == NULL)
		return NOTHING;
	return atoll(dash + 1);
}

static void
copy_string(char *to, size_t size, const struct json *from)
{
	struct span text = SPAN("");

	json_string(from, &text);
	snprintf(to, size, "%.*s", (int)text.n, text.p);
}

static bool
model_send(struct session *s, struct frame *f)
{
	struct client *c = session_owner(s);
	struct arrival a = {.room = NOTHING};
	struct json *v;
	int64_t number;
	char room[16];

	if (f->kind != FRAME_CONTROL && c->room != ROOM_FOR_ALL && c->room-- <= 0) {
		c->room = 0;
		c->wants_writable = true;
		return false;
	}
	v = json_parse(frame_payload(f), NULL);
	assert_non_null(v);
	const struct json *data = json_get(v, "data");
	if (json_int(json_get(v, "ack"), &number))
		a.number = (int)number;
	copy_string(a.event, sizeof(a.event), json_get(v, "event"));
	copy_string(a.code, sizeof(a.code), json_get(data, "code"));
	copy_string(room, sizeof(room), json_get(v, a.number ? "none" : "escrowId"));
	if (room[0] == '\0')
		copy_string(room, sizeof(room), json_get(data, "escrowId"));
	if (room[0] == 'r' && strcmp(a.event, "notification") != 0)
		a.room = room[1] - '0';
	a.cursor = position_of(json_get(a.number ? data : v, "cursor"));
	a.data = strndup(frame_payload(f).p, frame_payload(f).n);
	json_free(v);
	m.arrivals = realloc(m.arrivals, (m.n_arrivals + 1) * sizeof(a));
	m.arrivals[m.n_arrivals++] = a;
	return true;
}

static const struct transport model_transport = {
    .name = "model", .encoding = ENCODING_WS, .send = model_send, .resume = client_resume};
static const struct transport merged_model_transport = {.name = "merged",
    .encoding = ENCODING_WS,
    .send = model_send,
    .resume = client_resume,
    .is_merged = true};

/* The session pulls and reads at once, from within the call of the hub. */
static void
resume_at_once(struct session *s)
{
	struct client *c = session_owner(s);

	client_resume(s);
	if (c->room > 0 && session_is_behind(s))
		session_pull(s, c->house->now);
	client_read(c);
}

static const struct transport eager_model_transport = {
    .name = "eager", .encoding = ENCODING_WS, .send = model_send, .resume = resume_at_once};

/* ---- the log, as it is ---- */

static bool
note_row(const struct eventlog_row *row, void *arg)
{
	struct stay *room;

	m.log_read = row->position;
	if (!row->durable || row->topic.n != strlen("escrow_r0") ||
	    memcmp(row->topic.p, "escrow_r", 8) != 0)
		return true;
	room = &m.rooms[row->topic.p[8] - '0'];
	room->log = realloc(room->log, (size_t)(room->n_log + 1) * sizeof(*room->log));
	room->log[room->n_log++] = row->position;
	return true;
}

static void
run_note(struct store *st, void *arg)
{
	eventlog_after(st, m.log_read, 1000000, note_row, NULL);
}

/* Returns the index of the first of a room's events behind a position. */
static int
behind(const struct stay *room, int64_t position)
{
	int i = 0;

	while (i < room->n_log && room->log[i] <= position)
		i++;
	return i;
}

/* ---- the model ---- */

static int
rooms_in(void)
{
	int n = 0;

	for (int i = 0; i < ROOMS; i++)
		n += m.rooms[i].is_in;
	return n;
}

/* Returns the code of the answer that an event gets now: "" for ok. */
static const char *
verdict(const struct sent *e)
{
	const struct stay *room = &m.rooms[e->room];

	if (e->verb == NONSENSE)
		return "bad_request";
	if (e->verb == UNSUBSCRIBE)
		return "";
	if (!room->is_member)
		return "not_participant";
	if (e->verb == BLANK)
		return "empty";
	if (e->verb == MARK)
		return "not_found";
	return e->verb == SUBSCRIBE && !room->is_in && rooms_in() >= ROOMS_AT ? "rate_limited" : "";
}

static void
begin_stay(struct stay *room, const struct sent *e)
{
	if (room->is_in)
		return;
	room->is_in = true;
	room->next = e->cursor == NOTHING ? NOTHING : behind(room, e->cursor);
}

static void
assert_answer(const struct sent *e, const struct arrival *a)
{
	struct stay *room = &m.rooms[e->room];

	if (e->verb == HISTORY && e->last[0] != '\0')
		expect(strstr(a->data, e->last) != NULL, "history lacks %s", e->last);
	if (e->verb == PRESENCE)
		expect((strstr(a->data, "\"alice\"") != NULL) == room->is_in, "presence in r%d",
		    e->room);
	if (e->verb != SUBSCRIBE || room->is_vague)
		return;
	if (room->next == NOTHING)
		room->next = behind(room, a->cursor);
	expect(room->next == behind(room, a->cursor), "r%d: the answer's cursor is no seam: %s",
	    e->room, a->data);
}

/* The first pending event took effect. a: its acknowledgement, or NULL. */
static void
take_effect(const struct arrival *a)
{
	struct sent e = m.pending[0];
	struct stay *room = &m.rooms[e.room];

	memmove(m.pending, m.pending + 1, sizeof(e) * (size_t)--m.n_pending);
	if (e.verb == SUBSCRIBE)
		begin_stay(room, &e);
	if (e.verb == UNSUBSCRIBE)
		room->is_in = false;
	if (e.verb == MESSAGE)
		snprintf(room->last, sizeof(room->last), "%s", e.last);
	if (a != NULL)
		assert_answer(&e, a);
}

/* Calls without ack that come before the one that was answered have succeeded. */
static void
pass_silent(void)
{
	while (m.n_pending > 0 && m.pending[0].number == 0 && verdict(&m.pending[0])[0] == '\0')
		take_effect(NULL);
}

static void
hear_answer(const struct arrival *a)
{
	const struct sent *e = &m.pending[0];
	const char *expected;

	pass_silent();
	expect(m.n_pending > 0 && e->number == a->number, "not an answer to what comes next: %s",
	    a->data);
	if (a->number == 0)
		expect(strstr(a->data, verb_names[e->verb]) != NULL, "not its error: %s", a->data);
	expected = verdict(e);
	if (strcmp(a->code, expected) != 0) {
		expect(m.has_faults && strcmp(a->code, "unavailable") == 0, "%s r%d: not '%s': %s",
		    verb_names[e->verb], e->room, expected, a->data);
		expected = a->code;
	}
	if (expected[0] == '\0')
		take_effect(a);
	else
		memmove(m.pending, m.pending + 1, sizeof(*e) * (size_t)--m.n_pending);
}

static void
hear_event(const struct arrival *a)
{
	struct stay *room = &m.rooms[a->room];

	if (room->is_vague)
		return;
	if (!room->is_in) { /* it is missed by a subscribe_escrow that is answered next */
		pass_silent();
		expect(m.n_pending > 0 && m.pending[0].verb == SUBSCRIBE &&
			   m.pending[0].room == a->room,
		    "an event of a room that it is not in: %s", a->data);
		begin_stay(room, &m.pending[0]);
	}
	if (room->next == NOTHING)
		room->next = behind(room, a->cursor - 1);
	expect(room->next < room->n_log && room->log[room->next] == a->cursor,
	    "r%d: %lld comes next: %s", a->room,
	    room->next < room->n_log ? (long long)room->log[room->next] : -1LL, a->data);
	room->next++;
}

static void
hear(const struct arrival *a)
{
	if (a->number > 0)
		hear_answer(a);
	else if (strcmp(a->event, "chat_error") == 0 && strcmp(a->code, "removed") == 0)
		m.rooms[a->room].is_in = false;
	else if (strcmp(a->event, "chat_error") == 0)
		hear_answer(a);
	else if (strcmp(a->event, "notification") == 0)
		m.notified++;
	else if (a->room != NOTHING && a->cursor != NOTHING && strcmp(a->event, "gap") != 0)
		hear_event(a);
	if (a->number == 0 && a->cursor > m.offset && strcmp(a->event, "gap") != 0)
		m.offset = a->cursor;
}

/* The end of a round: all is done, and the session has caught up. */
static void
assert_round(void)
{
	assert_int_equal(store_read(m.h->w->st, 600000, run_note, NULL), STORE_OK);
	for (size_t i = 0; i < m.n_arrivals; i++) {
		hear(&m.arrivals[i]);
		free(m.arrivals[i].data);
	}
	m.n_arrivals = 0;
	pass_silent();
	expect(m.n_pending == 0, "%s %d is not answered", verb_names[m.pending[0].verb],
	    m.pending[0].number);
	for (int i = 0; i < ROOMS; i++) {
		struct stay *room = &m.rooms[i];
		const char name[] = {'r', (char)('0' + i), '\0'};
		struct subscription *sub = subscription_find(m.c->session, span_of(name));

		expect((sub != NULL) == room->is_in, "r%d: is %sin it", i, sub ? "" : "not ");
		if (room->is_vague || room->next == NOTHING)
			room->next = room->n_log;
		expect(!room->is_in || room->next == room->n_log, "r%d: missed %lld", i,
		    (long long)room->log[room->next]);
		room->is_vague = false;
	}
	expect(
	    m.notified == m.to_notify, "%d notifications instead of %d", m.notified, m.to_notify);
}

/* ---- what is done ---- */

static void
put_data(char *out, size_t size, struct sent *e)
{
	char cursor[CURSOR_SIZE] = "0123456789abcdef-1"; /* of another log */

	e->cursor = NOTHING;
	if (e->verb == SUBSCRIBE && roll(3) == 0) {
		snprintf(out, size, "{\"escrowId\":\"r%d\",\"cursor\":\"%s\"}", e->room, cursor);
	} else if (e->verb == SUBSCRIBE && roll(2) == 0) {
		e->cursor = m.offset > 0 ? m.offset : 1;
		e->cursor -= roll((int)(e->cursor < 40 ? e->cursor : 40));
		hub_cursor(m.h->hub, cursor, e->cursor);
		snprintf(out, size, "{\"escrowId\":\"r%d\",\"cursor\":\"%s\"}", e->room, cursor);
	} else if (e->verb == MESSAGE || e->verb == BLANK) {
		snprintf(e->last, sizeof(e->last), e->verb == BLANK ? " " : "t%d.", ++m.texts);
		snprintf(out, size, "{\"escrowId\":\"r%d\",\"content\":\"%s\"}", e->room, e->last);
	} else {
		snprintf(out, size, "{\"escrowId\":\"r%d\",\"messageId\":\"none\",\"limit\":200}",
		    e->room);
	}
}

/* Returns the own message that a call of history has to see. */
static const char *
last_message(int room)
{
	for (int i = m.n_pending; i-- > 0;) {
		if (m.pending[i].verb == MESSAGE && m.pending[i].room == room)
			return m.has_faults ? "" : m.pending[i].last;
	}
	return m.rooms[room].last;
}

static void
client_says(void)
{
	struct sent e = {.verb = (enum verb)roll(N_VERBS), .room = roll(ROOMS)};
	bool only_answers = e.verb == HISTORY || e.verb == PRESENCE;
	char data[200], ack[12] = "";

	if (roll(3) == 0)
		e.verb = (enum verb)roll(2);
	if (m.has_faults || only_answers || roll(4) > 0)
		snprintf(ack, sizeof(ack), "%d", e.number = ++m.numbers);
	if (e.verb <= UNSUBSCRIBE && e.number == 0)
		m.rooms[e.room].is_vague = true;
	put_data(data, sizeof(data), &e);
	if (e.verb == HISTORY)
		snprintf(e.last, sizeof(e.last), "%s",
		    m.rooms[e.room].is_member ? last_message(e.room) : "");
	m.pending[m.n_pending++] = e;
	say_now(m.c, ack, verb_names[e.verb], data);
}

static void
others_write(void)
{
	char room[] = {'r', (char)('0' + roll(ROOMS)), '\0'}, topic[16], text[16];

	snprintf(text, sizeof(text), "o%d", ++m.texts);
	if (roll(2)) {
		snprintf(topic, sizeof(topic), "escrow_%s", room);
		assert_true(world_publish(m.h->w, topic, text, "{}", roll(8) > 0));
		return;
	}
	assert_int_equal(world_send(m.h->w, "bob", room, text), ERROR_NONE);
	m.to_notify += m.rooms[room[1] - '0'].is_member;
}

/* The threads do a random part of their work. */
static void
get_on(void)
{
	switch (roll(8)) {
	case 0:
		hub_check_log(m.h->hub, roll(2));
		break;
	case 1:
		hub_flush_writes(m.h->hub);
		break;
	case 2:
		hub_flush_reads(m.h->hub);
		break;
	case 3:
		finish(m.h);
		break;
	case 4:
	case 5:
	case 6:
		m.c->room = m.c->room == ROOM_FOR_ALL ? roll(3) : m.c->room + roll(3);
		offer_room(m.h);
		break;
	default:
		hub_collect(m.h->hub, m.h->now);
		offer_room(m.h);
	}
	hub_check(m.h->hub);
}

static void
catch_up(void)
{
	for (int i = 0; i < 3; i++)
		turn(m.h);
	store_fail_at(m.h->reading, 0, STORE_OK);
	store_fail_at(m.h->writing, 0, STORE_OK);
	m.c->room = ROOM_FOR_ALL;
	m.c->wants_writable = true;
	for (int i = 0; i < 5; i++) {
		turn(m.h);
		pass(m.h, 200);
	}
	expect(!session_is_behind(m.c->session), "it does not catch up");
	expect(!hub_owes_answers(m.h->hub), "it is not answered");
}

static void
come_and_go(void)
{
	struct stay *room = &m.rooms[ROOMS - 1];

	room->is_member = !room->is_member;
	world_put(m.h->w, "r3", room->is_member ? "bob client, alice freelancer" : "bob client");
	turn(m.h);
}

static void
be_lost_and_come_back(void)
{
	char offset[CURSOR_SIZE] = "", pid[sizeof(last_pid)];

	if (!m.is_recoverable || m.h->n_clients == CLIENTS_MAX)
		return;
	if (m.offset > 0)
		hub_cursor(m.h->hub, offset, m.offset);
	memcpy(pid, last_pid, sizeof(pid));
	client_close(m.c, SESSION_LOST);
	for (int i = roll(4); i > 0; i--)
		others_write();
	if (roll(2))
		forget_recent(m.h);
	come_back_at(m.h, &m.c, world_user("alice"), pid, offset);
	turn(m.h);
	expect(m.c->session != NULL && strcmp(heard(m.c), "recovered") == 0, "not recovered");
}

static void
play_round(void)
{
	int steps = 1 + roll(12);

	if (m.has_faults && roll(2))
		store_fail_at(m.h->reading, 1 + roll(40), STORE_BUSY);
	if (m.has_faults && roll(2))
		store_fail_at(m.h->writing, 1 + roll(40), STORE_BUSY);
	m.c->room = roll(2) ? ROOM_FOR_ALL : roll(6);
	for (int i = 0; i < steps; i++) {
		int what = roll(20);

		if (what < 9)
			client_says();
		else if (what < 14)
			others_write();
		else
			get_on();
		if (what == 19 && roll(2))
			forget_recent(m.h);
	}
	catch_up();
	assert_round();
	if (roll(5) == 0)
		come_and_go();
	if (roll(5) == 0)
		be_lost_and_come_back();
	catch_up();
	assert_round();
}

/* ---- the kinds ---- */

static int
number_of(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? atoi(text) : otherwise;
}

static void
play(struct house *h, const struct transport *transport, bool is_recoverable, bool has_faults)
{
	int rounds =
	    number_of("HUB_MODEL_STEPS", STEPS) / 8 / 7; /* eight kinds, seven steps a round */

	m = (struct model){.h = h, .is_recoverable = is_recoverable, .has_faults = has_faults};
	m.dice = m.seed = (unsigned)number_of("HUB_MODEL_SEED", 1);
	h->transport = transport;
	h->hub->options.max_rooms = ROOMS_AT;
	for (int i = 0; i < ROOMS; i++) {
		const char name[] = {'r', (char)('0' + i), '\0'};

		m.rooms[i].is_member = i < ROOMS - 1;
		world_put(
		    h->w, name, i < ROOMS - 1 ? "bob client, alice freelancer" : "bob client");
	}
	turn(h);
	if (is_recoverable)
		connect_kept(h, &m.c, "alice");
	else
		m.c = connect_as(h, "alice");
	turn(h);
	if (has_faults)
		log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	for (int i = 0; i < rounds; i++)
		play_round();
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	for (int i = 0; i < ROOMS; i++)
		free(m.rooms[i].log);
	free(m.arrivals);
}

static void
a_plain_session_behaves_as_the_model(void **state)
{
	play(*state, &model_transport, false, false);
}

static void
a_recoverable_session_behaves_as_the_model(void **state)
{
	play(*state, &model_transport, true, false);
}

static void
a_merged_session_behaves_as_the_model(void **state)
{
	play(*state, &merged_model_transport, false, false);
}

static void
a_plain_session_behaves_as_the_model_while_the_store_fails(void **state)
{
	play(*state, &model_transport, false, true);
}

static void
a_recoverable_session_behaves_as_the_model_while_the_store_fails(void **state)
{
	play(*state, &model_transport, true, true);
}

static void
a_merged_session_behaves_as_the_model_while_the_store_fails(void **state)
{
	play(*state, &merged_model_transport, false, true);
}

static void
a_session_whose_transport_goes_on_at_once_behaves_as_the_model(void **state)
{
	play(*state, &eager_model_transport, false, false);
}

static void
a_recoverable_one_whose_transport_goes_on_at_once_does_while_the_store_fails(void **state)
{
	play(*state, &eager_model_transport, true, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(a_plain_session_behaves_as_the_model),
	    house_test(a_recoverable_session_behaves_as_the_model),
	    house_test(a_merged_session_behaves_as_the_model),
	    house_test(a_plain_session_behaves_as_the_model_while_the_store_fails),
	    house_test(a_recoverable_session_behaves_as_the_model_while_the_store_fails),
	    house_test(a_merged_session_behaves_as_the_model_while_the_store_fails),
	    house_test(a_session_whose_transport_goes_on_at_once_behaves_as_the_model),
	    house_test(
		a_recoverable_one_whose_transport_goes_on_at_once_does_while_the_store_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
