/* SPDX-License-Identifier: ISC */
/*
 * test_cursor.c - cursors of this log, of others, of before; what was missed since, against a
 * naive model.
 */
#include "unit/chat_world.h"

#include "chat/feed.h"

#define ROWS_MAX 4000
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- cursors ---- */

struct resolved {
	const char *text;
	int64_t position;
	enum cursor_state state;
};

static void
run_resolve(struct store *st, void *arg)
{
	struct resolved *r = arg;

	r->state = cursor_resolve(st, span_of(r->text), &r->position);
}

static enum cursor_state
resolve(struct world *w, const char *text, int64_t *position)
{
	struct resolved r = {.text = text};

	assert_int_equal(store_read(w->st, PATIENT_MS, run_resolve, &r), STORE_OK);
	*position = r.position;
	return r.state;
}

static void
run_now(struct store *st, void *arg)
{
	cursor_now(st, arg);
}

static bool
run_begin(struct store *st, void *arg)
{
	incarnation_begin(st, ((struct world *)arg)->now_ms);
	return true;
}

static bool
run_publish_ten(struct store *st, void *arg)
{
	for (int i = 0; i < 10; i++)
		eventlog_append(st, SPAN("escrow_1"), SPAN("e"), SPAN("{}"), SPAN(""), true, 1);
	return true;
}

static void
a_cursor_is_read_as_it_was_written(void **state)
{
	struct world *w = *state;
	char text[CURSOR_SIZE], again[CURSOR_SIZE];
	int64_t position = -1;

	store_read(w->st, PATIENT_MS, run_now, text);
	assert_int_equal(resolve(w, text, &position), CURSOR_GOOD);
	assert_int_equal(position, 0);
	store_write(w->st, run_publish_ten, NULL);
	store_read(w->st, PATIENT_MS, run_now, text);
	assert_int_equal(resolve(w, text, &position), CURSOR_GOOD);
	assert_int_equal(position, 10);
	text[16] = '\0';
	assert_int_equal(resolve(w, cursor_format(again, text, 3), &position), CURSOR_GOOD);
	assert_int_equal(position, 3);
}

static void
a_cursor_ahead_of_the_log_or_of_another_is_lost(void **state)
{
	struct world *w = *state;
	char name[CURSOR_SIZE], text[CURSOR_SIZE];
	int64_t position;

	store_write(w->st, run_publish_ten, NULL);
	store_read(w->st, PATIENT_MS, run_now, name);
	name[16] = '\0';
	assert_int_equal(resolve(w, cursor_format(text, name, 10), &position), CURSOR_GOOD);
	assert_int_equal(resolve(w, cursor_format(text, name, 11), &position), CURSOR_LOST);
	assert_int_equal(resolve(w, cursor_format(text, name, INT64_MAX), &position), CURSOR_LOST);
	name[0] = name[0] == 'a' ? 'b' : 'a';
	assert_int_equal(resolve(w, cursor_format(text, name, 1), &position), CURSOR_LOST);
}

static void
an_incarnation_s_cursors_end_where_its_successor_begins(void **state)
{
	struct world *w = *state;
	char old[CURSOR_SIZE], text[CURSOR_SIZE];
	int64_t position;

	store_write(w->st, run_publish_ten, NULL);
	store_read(w->st, PATIENT_MS, run_now, old);
	store_write(w->st, run_begin, w);
	store_write(w->st, run_publish_ten, NULL);
	assert_int_equal(resolve(w, old, &position), CURSOR_GOOD);
	assert_int_equal(position, 10);
	old[16] = '\0';
	assert_int_equal(resolve(w, cursor_format(text, old, 11), &position), CURSOR_LOST);
	store_read(w->st, PATIENT_MS, run_now, text);
	assert_int_equal(strncmp(text, old, 16) == 0, 0);
	assert_int_equal(resolve(w, text, &position), CURSOR_GOOD);
	assert_int_equal(position, 20);
}

static void
what_is_no_cursor_is_told_from_a_lost_one(void **state)
{
	static const char *const wrong[] = {"", "-", "1", "0123456789abcdef", "0123456789abcdef-",
	    "0123456789abcdef-x", "0123456789abcdef--1", "0123456789abcdef-+1",
	    "0123456789abcdef-01", "0123456789abcdef-1 ", " 0123456789abcdef-1",
	    "0123456789abcde-1", "0123456789abcdef0-1", "0123456789ABCDEF-1", "0123456789abcdeg-1",
	    "0123456789abcdef-9223372036854775808", "0123456789abcdef-99999999999999999999999",
	    "0123456789abcdef-1-2"};
	struct world *w = *state;
	int64_t position;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (resolve(w, wrong[i], &position) != CURSOR_BAD)
			fail_msg("'%s'", wrong[i]);
	}
	assert_int_equal(resolve(w, "0123456789abcdef-1", &position), CURSOR_LOST);
	assert_int_equal(resolve(w, "0123456789abcdef-0", &position), CURSOR_LOST);
}

/* ---- the feed ---- */

struct row {
	int64_t position;
	char topic[TOPIC_SIZE], actor[STORE_NAME_SIZE];
	bool durable;
};

struct rows {
	struct row *v;
	size_t n, stop_after; /* stop_after 0: never */
};

static bool
on_row(const struct eventlog_row *r, void *arg)
{
	struct rows *rows = arg;
	struct row *row = &rows->v[rows->n];

	assert_true(rows->n < ROWS_MAX);
	row->position = r->position;
	row->durable = r->durable;
	snprintf(row->topic, sizeof(row->topic), "%.*s", (int)r->topic.n, r->topic.p);
	snprintf(row->actor, sizeof(row->actor), "%.*s", (int)r->actor.n, r->actor.p);
	return ++rows->n != rows->stop_after;
}

static void
rows_new(struct rows *rows)
{
	*rows = (struct rows){.v = calloc(ROWS_MAX, sizeof(struct row))};
}

static void
run_all_rows(struct store *st, void *arg)
{
	eventlog_after(st, 0, ROWS_MAX, on_row, arg);
}

static const char *const wallets[] = {"alice", "bob", "carl", "eve"};
static const char *const escrows[] = {"1", "2", "3"};

static unsigned
dice(unsigned *seed, unsigned sides)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % sides;
}

/* Takes a random step: a user writes, the platform publishes, or memberships change. */
static void
step(struct world *w, unsigned *seed)
{
	static const char *const roles[] = {"client", "freelancer", "observer", NULL};
	const char *escrow = escrows[dice(seed, 3)];
	char topic[40], list[200] = "";

	switch (dice(seed, 8)) {
	case 0:
		for (size_t i = 0; i < COUNT(wallets); i++) {
			const char *role = roles[dice(seed, 4)];

			if (role)
				snprintf(list + strlen(list), sizeof(list) - strlen(list),
				    "%s%s %s", list[0] ? "," : "", wallets[i], role);
		}
		world_put(w, escrow, list);
		break;
	case 1:
		snprintf(topic, sizeof(topic), "user:%s", wallets[dice(seed, 4)]);
		assert_true(world_publish(w, topic, "notification", "{}", dice(seed, 4) > 0));
		break;
	case 2:
		snprintf(topic, sizeof(topic), "escrow_%s", escrow);
		assert_true(world_publish(w, topic, "escrow:update", "{}", dice(seed, 2)));
		break;
	default:
		world_send(w, wallets[dice(seed, 4)], escrow, "hi");
	}
}

struct feed {
	struct world *w;
	struct user user;
	struct feed_source *sources;
	int n, limit;
	int64_t until, whole;
	struct rows got;
};

static void
run_page(struct store *st, void *arg)
{
	struct feed *f = arg;

	f->whole = feed_page(
	    st, &f->w->rules, &f->user, f->sources, f->n, f->until, f->limit, on_row, &f->got);
}

struct model {
	struct feed *feed;
	const struct rows *log; /* all that was ever written */
	int64_t trimmed;        /* rows up to it are gone */
	struct rows want;
};

static bool
source_wants(struct store *st, struct feed *f, const struct feed_source *s, const struct row *r)
{
	struct span topic = span_of(r->topic), name;
	enum topic_kind kind = topic_parse(topic, &name);
	struct participant p;
	struct escrow e;

	if (!r->durable || r->position <= s->after || r->position > f->until)
		return false;
	if (!s->own)
		return kind == TOPIC_ESCROW && span_eq(name, s->name);
	if (kind == TOPIC_USER)
		return span_eq(name, s->name);
	if (kind != TOPIC_MEMBERS || strcmp(r->actor, f->user.key) == 0)
		return false;
	return escrow_find(st, name, &e) && participant_find(st, e.id, span_of(f->user.key), &p) &&
	       p.role != ROLE_OBSERVER && r->position > p.since_position;
}

/* Fills want and the state of each source, in the slow way of the model. */
static void
run_model(struct store *st, void *arg)
{
	struct model *m = arg;
	struct feed *f = m->feed;
	struct participant p;
	struct escrow e;

	for (int k = 0; k < f->n; k++) {
		struct feed_source *s = &f->sources[k];

		s->state = FEED_OK;
		if (!s->own && f->w->rules.rooms == ROOMS_MEMBERS &&
		    (!escrow_find(st, s->name, &e) ||
			!participant_find(st, e.id, span_of(f->user.key), &p)))
			s->state = FEED_REMOVED;
		for (size_t i = 0; i < m->log->n && s->state == FEED_OK; i++) {
			if (m->log->v[i].position <= m->trimmed &&
			    source_wants(st, f, s, &m->log->v[i]))
				s->state = FEED_GAP;
		}
	}
	for (size_t i = 0; i < m->log->n; i++) {
		for (int k = 0; k < f->n; k++) {
			if (f->sources[k].state == FEED_OK &&
			    source_wants(st, f, &f->sources[k], &m->log->v[i])) {
				m->want.v[m->want.n++] = m->log->v[i];
				break;
			}
		}
	}
}

/* A user reads all missed events of all sources, page by page: they are those of the model. */
static void
assert_feed(struct world *w, const struct rows *log, int64_t trimmed, const char *wallet, int limit,
    unsigned *seed)
{
	struct feed_source start[4], sources[4];
	struct feed f = {.w = w, .user = world_user(wallet), .sources = sources, .limit = limit};
	struct model m = {.feed = &f, .log = log, .trimmed = trimmed};
	unsigned head = (unsigned)log->v[log->n - 1].position;

	rows_new(&f.got);
	rows_new(&m.want);
	for (int i = 0; i < 4; i++)
		start[i] = (struct feed_source){.name = span_of(i < 3 ? escrows[i] : f.user.key),
		    .own = i == 3,
		    .after = dice(seed, head + 1)};
	f.until = head - dice(seed, head / 8 + 1);
	f.n = 4;
	memcpy(sources, start, sizeof(start));
	assert_int_equal(store_read(w->st, PATIENT_MS, run_model, &m), STORE_OK);
	memcpy(start, sources, sizeof(start));
	do {
		size_t before = f.got.n;

		f.got.stop_after = dice(seed, 4) == 0 ? before + 1 : 0;
		assert_int_equal(store_read(w->st, PATIENT_MS, run_page, &f), STORE_OK);
		assert_in_range(f.got.n - before, 0, limit);
		assert_true(f.whole <= f.until);
		assert_true(f.whole == f.until || f.got.n > before);
	} while (f.whole < f.until);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(sources[i].state, start[i].state);
		if (start[i].state != FEED_OK || start[i].after > f.until)
			assert_int_equal(sources[i].after, start[i].after);
		else
			assert_int_equal(sources[i].after, f.until);
	}
	assert_int_equal(f.got.n, m.want.n);
	for (size_t i = 0; i < f.got.n; i++)
		assert_int_equal(f.got.v[i].position, m.want.v[i].position);
	free(f.got.v);
	free(m.want.v);
}

struct trim {
	int64_t rows, max;
};

static bool
run_trim(struct store *st, void *arg)
{
	struct trim *t = arg;

	eventlog_trim(st, WORLD_NOW, INT64_C(1) << 50, t->rows, t->max);
	return true;
}

static void
play(struct world *w, unsigned seed)
{
	struct rows log;
	int64_t trimmed = 0;

	for (size_t i = 0; i < COUNT(escrows); i++)
		world_put(
		    w, escrows[i], "alice client, bob freelancer, carl arbiter, eve observer");
	for (int i = 0; i < 150; i++)
		step(w, &seed);
	rows_new(&log);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_all_rows, &log), STORE_OK);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < COUNT(wallets); i++) {
			for (int limit = 1; limit < 40; limit += 6)
				assert_feed(w, &log, trimmed, wallets[i], limit, &seed);
		}
		trimmed += (int64_t)log.n / 4;
		assert_int_equal(
		    store_write(w->st, run_trim, &(struct trim){(int64_t)log.n - trimmed, 1000}),
		    STORE_OK);
	}
	free(log.v);
}

static void
pages_give_exactly_what_was_missed(void **state)
{
	play(*state, 1);
}

static void
pages_give_exactly_what_was_missed_in_open_rooms(void **state)
{
	struct world *w = *state;

	w->rules.rooms = ROOMS_OPEN;
	play(w, 2);
}

static void
who_was_removed_gets_nothing_and_is_told_so(void **state)
{
	struct world *w = *state;
	struct feed_source source = {.name = SPAN("42")};
	struct feed f = {
	    .w = w, .user = world_user("bob"), .sources = &source, .n = 1, .limit = 100};

	rows_new(&f.got);
	world_put(w, "42", "alice client, bob freelancer");
	assert_int_equal(world_send(w, "alice", "42", "hi"), ERROR_NONE);
	world_put(w, "42", "alice client");
	f.until = world_head(w);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_page, &f), STORE_OK);
	assert_int_equal(source.state, FEED_REMOVED);
	assert_int_equal(f.got.n, 0);
	assert_int_equal(source.after, 0);
	assert_int_equal(f.whole, f.until);
	free(f.got.v);
}

static void
an_idle_source_has_no_gap(void **state)
{
	struct world *w = *state;
	struct feed_source sources[] = {{.name = SPAN("42")}, {.name = SPAN("bob"), .own = true}};
	struct feed f = {
	    .w = w, .user = world_user("bob"), .sources = sources, .n = 2, .limit = 100};

	rows_new(&f.got);
	world_put(w, "42", "bob freelancer");
	assert_int_equal(world_send(w, "bob", "42", "hi"), ERROR_NONE);
	sources[0].after = sources[1].after = world_head(w);
	for (int i = 0; i < 20; i++)
		assert_true(world_publish(w, "escrow_7", "e", "{}", true));
	assert_int_equal(store_write(w->st, run_trim, &(struct trim){1, 1000}), STORE_OK);
	f.until = world_head(w);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_page, &f), STORE_OK);
	assert_int_equal(sources[0].state, FEED_OK);
	assert_int_equal(sources[1].state, FEED_OK);
	assert_int_equal(f.whole, f.until);
	free(f.got.v);
}

static void
a_fault_advances_nothing_and_removes_nobody(void **state)
{
	struct world *w = *state;
	struct feed_source sources[] = {{.name = SPAN("42")}, {.name = SPAN("bob"), .own = true}};
	struct feed f = {
	    .w = w, .user = world_user("bob"), .sources = sources, .n = 2, .limit = 100};
	int faults = 0;

	rows_new(&f.got);
	world_put(w, "42", "alice client, bob freelancer");
	assert_int_equal(world_send(w, "alice", "42", "hi"), ERROR_NONE);
	f.until = world_head(w);
	for (;;) {
		enum store_err err;

		f.got.n = 0;
		f.whole = -1;
		sources[0].state = sources[1].state = FEED_OK;
		store_fail_at(w->st, faults + 1, STORE_DEADLINE);
		err = store_read(w->st, PATIENT_MS, run_page, &f);
		store_fail_at(w->st, 0, STORE_OK);
		if (err == STORE_OK)
			break;
		for (int i = 0; i < 2; i++) {
			assert_int_equal(sources[i].state, FEED_OK);
			/* the end of the transaction itself takes nothing back */
			assert_int_equal(sources[i].after, f.whole == -1 ? 0 : f.until);
			sources[i].after = 0;
		}
		assert_true(++faults < 100);
	}
	assert_true(faults >= 6);
	assert_int_equal(f.got.n, 2);
	assert_int_equal(f.whole, f.until);
	free(f.got.v);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_cursor_is_read_as_it_was_written),
	    TEST(a_cursor_ahead_of_the_log_or_of_another_is_lost),
	    TEST(an_incarnation_s_cursors_end_where_its_successor_begins),
	    TEST(what_is_no_cursor_is_told_from_a_lost_one),
	    TEST(pages_give_exactly_what_was_missed),
	    TEST(pages_give_exactly_what_was_missed_in_open_rooms),
	    TEST(who_was_removed_gets_nothing_and_is_told_so),
	    TEST(an_idle_source_has_no_gap),
	    TEST(a_fault_advances_nothing_and_removes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
