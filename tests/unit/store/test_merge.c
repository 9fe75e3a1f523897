/* SPDX-License-Identifier: ISC */
/*
 * test_merge.c - merging sources of the log, and gaps, against a naive model that keeps every row.
 */
#include "base/ids.h"
#include "store/tables/escrows.h"
#include "unit/queue_rows.h"

enum { ROWS = 400, TOPICS = 10, WALLETS = 3, ESCROWS = 3 };
static const char *const topics[TOPICS] = {"escrow_a", "escrow_b", "escrow_c", "user:ann",
    "user:bob", "user:cyd", "members:a", "members:b", "members:c", "membership:a"};
static const char *const wallets[WALLETS] = {"ann", "bob", "cyd"};
static const char *const escrow_names[ESCROWS] = {"a", "b", "c"};

struct kept {
	int64_t position;
	char topic[32], actor[16];
	bool durable, is_trimmed;
};

struct model {
	struct kept rows[ROWS * 2];
	int n;
	bool is_member[WALLETS][ESCROWS], is_observer[WALLETS][ESCROWS];
	int64_t since[WALLETS][ESCROWS];
};

static int
at_random(int n)
{
	return (int)(ids_u64() % (uint64_t)n);
}

static bool
keep_row(const struct eventlog_row *row, void *arg)
{
	struct model *md = arg;
	struct kept *k = &md->rows[md->n++];

	k->position = row->position;
	k->durable = row->durable;
	snprintf(k->topic, sizeof(k->topic), "%.*s", (int)row->topic.n, row->topic.p);
	snprintf(k->actor, sizeof(k->actor), "%.*s", (int)row->actor.n, row->actor.p);
	return true;
}

static void
change_membership(struct store *st, struct model *md, const int64_t *escrows)
{
	int w = at_random(WALLETS), e = at_random(ESCROWS);
	enum role role = at_random(3) ? ROLE_CLIENT : ROLE_OBSERVER;
	struct participant p;

	if (md->is_member[w][e] && at_random(3) == 0) {
		participant_delete(st, escrows[e], span_of(wallets[w]));
		md->is_member[w][e] = false;
		return;
	}
	participant_put(st, escrows[e], span_of(wallets[w]), span_of(wallets[w]), role);
	assert_true(participant_find(st, escrows[e], span_of(wallets[w]), &p));
	if (!md->is_member[w][e])
		md->since[w][e] = p.since_position;
	assert_int_equal(p.since_position, md->since[w][e]);
	md->is_member[w][e] = true;
	md->is_observer[w][e] = role == ROLE_OBSERVER;
}

/* Stores a message. The times of the messages go back, and several have the same time. */
static void
put_message(struct store *st, int64_t escrow, const char *sender)
{
	struct message m = {.nonce = ids_u64(),
	    .escrow = escrow,
	    .at = 1 + at_random(100000),
	    .sender = span_of(sender),
	    .sender_name = span_of(sender),
	    .content = SPAN("content")};

	message_insert(st, &m);
	assert_int_equal(m.id, eventlog_newest(st));
}

static void
fill(struct store *st, struct model *md, int rows)
{
	int64_t escrows[ESCROWS], before = eventlog_newest(st);
	struct escrow found;

	for (int e = 0; e < ESCROWS; e++) {
		struct span name = span_of(escrow_names[e]);

		escrows[e] = escrow_find(st, name, &found)
				 ? found.id
				 : escrow_insert(st, name, SPAN("T"), SPAN(""), 1);
	}
	for (int i = 0; md->n == 0 && i < 12; i++)
		change_membership(st, md, escrows);
	for (int i = 0; i < rows; i++) {
		int topic = at_random(TOPICS);

		if (at_random(20) == 0)
			change_membership(st, md, escrows);
		if (topic < ESCROWS && at_random(2) == 0)
			put_message(st, escrows[topic], wallets[at_random(WALLETS)]);
		else
			append(st, topics[topic], at_random(4) ? wallets[at_random(WALLETS)] : "",
			    topic >= 6 || at_random(5) > 0, 1);
	}
	eventlog_after(st, before, ROWS * 2, keep_row, md);
}

static bool
model_wants(const struct model *md, const struct kept *k, const struct eventlog_source *s)
{
	int w = 0, e = 0;

	if (!k->durable || k->position <= s->after)
		return false;
	if (!s->notifications)
		return span_is(s->topic, k->topic);
	while (!span_is(s->topic, wallets[w]))
		w++;
	if (strncmp(k->topic, "members:", 8) != 0)
		return false;
	while (strcmp(k->topic + 8, escrow_names[e]) != 0)
		e++;
	return md->is_member[w][e] && !md->is_observer[w][e] && k->position > md->since[w][e] &&
	       strcmp(k->actor, wallets[w]) != 0;
}

static struct eventlog_source
source_at_random(int64_t head)
{
	struct eventlog_source s = {
	    .after = at_random((int)head + 2), .notifications = at_random(3) == 0};

	s.topic =
	    span_of(s.notifications ? wallets[at_random(WALLETS)] : topics[at_random(TOPICS)]);
	return s;
}

static int64_t
model_merge(const struct model *md, const struct eventlog_source *s, int n, int64_t until,
    int limit, struct buf *out)
{
	for (int i = 0; i < md->n && limit > 0; i++) {
		bool wants = false;

		for (int k = 0; k < n; k++)
			wants = wants || model_wants(md, &md->rows[i], &s[k]);
		if (!wants || md->rows[i].is_trimmed || md->rows[i].position > until)
			continue;
		buf_printf(out, "%d ", (int)md->rows[i].position);
		if (--limit == 0)
			return md->rows[i].position;
	}
	return until;
}

static void
a_merge_gives_exactly_what_a_naive_model_gives(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct model *md = mem_zalloc(sizeof(*md));
	struct buf got = {0}, want = {0};
	int given = 0;

	begin_write(st);
	fill(st, md, ROWS);
	for (int round = 0; round < 600; round++) {
		struct eventlog_source s[6];
		int n = at_random(7), limit = at_random(4) ? 1 + at_random(60) : ROWS;
		int64_t head = eventlog_newest(st),
			until = at_random(2) ? head : at_random((int)head + 5);

		for (int i = 0; i < n; i++)
			s[i] = source_at_random(head);
		got.len = want.len = 0;
		assert_int_equal(eventlog_merge(st, s, n, until, limit, note_position, &got),
		    model_merge(md, s, n, until, limit, &want));
		assert_string_equal(buf_cstr(&got), buf_cstr(&want));
		given += (int)got.len;
	}
	commit(st);
	assert_true(given > 10000);
	buf_clear(&got);
	buf_clear(&want);
	free(md);
}

static void
a_merge_goes_on_where_the_last_one_ended(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct model *md = mem_zalloc(sizeof(*md));
	struct eventlog_source s[2] = {
	    {.topic = SPAN("escrow_a")}, {.topic = SPAN("ann"), .notifications = true}};
	struct buf got = {0}, want = {0};
	int64_t head, position = 0;

	begin_write(st);
	fill(st, md, ROWS);
	head = eventlog_newest(st);
	while (position < head) {
		s[0].after = s[1].after = position;
		position = eventlog_merge(st, s, 2, head, 7, note_position, &got);
	}
	s[0].after = s[1].after = 0;
	model_merge(md, s, 2, head, ROWS * 2, &want);
	assert_string_equal(buf_cstr(&got), buf_cstr(&want));
	commit(st);
	buf_clear(&got);
	buf_clear(&want);
	free(md);
}

static void
a_merge_that_is_stopped_ends_at_that_row(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct eventlog_source s = {.topic = SPAN("escrow_1")};
	struct buf text = {0};

	begin_write(st);
	for (int i = 0; i < 9; i++)
		append(st, i % 2 ? "escrow_1" : "escrow_2", "", true, 1);
	assert_int_equal(eventlog_merge(st, &s, 1, 9, 100, note_two, &text), 4);
	assert_string_equal(buf_cstr(&text), "2 4 ");
	commit(st);
	buf_clear(&text);
}

static void
there_is_a_gap_exactly_where_a_row_of_the_source_was_trimmed(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct model *md = mem_zalloc(sizeof(*md));
	int gaps = 0, whole = 0;

	begin_write(st);
	for (int round = 0; round < 60; round++) {
		int64_t oldest, head;

		fill(st, md, ROWS / 40);
		eventlog_trim(st, INT64_MAX, 0, 0, at_random(12));
		oldest = eventlog_oldest(st);
		head = eventlog_newest(st);
		for (int i = 0; i < md->n; i++)
			md->rows[i].is_trimmed = md->rows[i].position < oldest;
		for (int i = 0; i < 100; i++) {
			struct eventlog_source s = source_at_random(head);
			bool want = false;

			for (int k = 0; k < md->n; k++)
				want = want || (md->rows[k].is_trimmed &&
						   model_wants(md, &md->rows[k], &s));
			assert_int_equal(eventlog_gap(st, &s), want);
			gaps += want;
			whole += !want && s.after < oldest;
		}
	}
	commit(st);
	if (gaps < 100 || whole < 100)
		fail_msg("%d gaps, %d without: the test says too little", gaps, whole);
	free(md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(a_merge_gives_exactly_what_a_naive_model_gives),
	    tmp_test(a_merge_goes_on_where_the_last_one_ended),
	    tmp_test(a_merge_that_is_stopped_ends_at_that_row),
	    tmp_test(there_is_a_gap_exactly_where_a_row_of_the_source_was_trimmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
