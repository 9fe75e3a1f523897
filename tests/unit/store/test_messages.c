/* SPDX-License-Identifier: ISC */
/*
 * test_messages.c - messages and their ids; unread and read against a naive model.
 */
#include "store/tables/messages.h"

#include "base/ids.h"
#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

/* ---- the id ---- */

static void
an_id_comes_back_from_its_text(void **state)
{
	static const int64_t ids[] = {1, 31, 32, 1023, 1024, INT64_MAX};
	char text[MESSAGE_ID_SIZE];
	uint64_t nonce;
	int64_t id;

	for (size_t i = 0; i < 1000; i++) {
		int64_t want = i < 6 ? ids[i] : (int64_t)(ids_u64() >> (1 + i % 62)) + 1;
		uint64_t want_nonce = i == 0 ? 0 : i == 1 ? UINT64_MAX : ids_u64();

		message_id_format(text, want, want_nonce);
		assert_null(strchr(text, ':'));
		assert_true(message_id_parse(span_of(text), &id, &nonce));
		assert_int_equal(id, want);
		assert_true(nonce == want_nonce);
	}
}

static void
an_id_has_one_spelling(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "-",
	    "1",
	    "1-",
	    "-0000000000000",
	    "0-0000000000000",          /* there is no message 0 */
	    "01-0000000000000",         /* leading zero */
	    "1-000000000000",           /* short */
	    "1-00000000000000",         /* long */
	    "1-g000000000000",          /* over 64 bits */
	    "80000000000000-000000000", /* long */
	    "8000000000000-0000000000000",
	    "zzzzzzzzzzzzz-0000000000000",
	    "1-000000000000A",
	    "1-000000000000i",
	    "A-0000000000000",
	    "1_0000000000000",
	    "1-000000-000000",
	    " 1-0000000000000",
	};
	struct span nul = {"1-000000000000\0", 15};
	uint64_t nonce;
	int64_t id;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (message_id_parse(span_of(wrong[i]), &id, &nonce))
			fail_msg("accepted: %s", wrong[i]);
	assert_false(message_id_parse(nul, &id, &nonce));
	assert_true(message_id_parse(SPAN("1-0000000000000"), &id, &nonce));
	assert_true(message_id_parse(SPAN("7zzzzzzzzzzzz-fzzzzzzzzzzzz"), &id, &nonce));
	assert_true(id == INT64_MAX && nonce == UINT64_MAX);
}

/* ---- messages ---- */

#define NONCES 0xf000000000000000

static struct message
message_of(int64_t escrow, int64_t at, const char *sender)
{
	return (struct message){.nonce = NONCES + (uint64_t)at * TALLY_EVERY,
	    .escrow = escrow,
	    .at = at,
	    .sender = span_of(sender),
	    .sender_name = span_of(sender),
	    .content = SPAN("content")};
}

/* A tally follows the message if rest is 0. */
static int64_t
put_nonce(struct store *st, int64_t escrow, int64_t at, const char *sender, unsigned rest)
{
	struct message m = message_of(escrow, at, sender);

	m.nonce += rest;
	message_insert(st, &m);
	return m.id;
}

static int64_t
put(struct store *st, int64_t escrow, int64_t at, const char *sender)
{
	return put_nonce(st, escrow, at, sender, 0);
}

static int64_t
put_escrow(struct store *st, const char *name)
{
	return escrow_insert(st, span_of(name), SPAN("Title"), SPAN(""), 1);
}

struct copy {
	struct message m;
	struct buf text; /* the spans, joined */
};

static bool
copy_message(const struct message *m, void *arg)
{
	struct copy *c = arg;

	c->m = *m;
	c->text.len = 0;
	buf_printf(&c->text, "%.*s|%.*s|%.*s|", (int)m->sender.n, m->sender.p,
	    (int)m->sender_name.n, m->sender_name.p, (int)m->client_msg_id.n, m->client_msg_id.p);
	buf_span(&c->text, m->content);
	return true;
}

static void
a_message_is_found_as_it_was_put_whatever_its_content(void **state)
{
	static const char content[] = "a\0b'\"\\ \xf0\x9f\x98\x80 ;--";
	struct store *st = ((struct tmp *)*state)->st;
	struct copy c = {0};

	begin_write(st);
	int64_t escrow = put_escrow(st, "42");
	struct message m = {.nonce = UINT64_MAX - 1,
	    .escrow = escrow,
	    .at = 5,
	    .sender = SPAN("0xabc"),
	    .sender_name = SPAN("0xABC"),
	    .sender_role = ROLE_ARBITER,
	    .client_msg_id = SPAN("c-1"),
	    .content = {content, sizeof(content) - 1}};
	message_insert(st, &m);
	assert_true(m.id > 0);
	assert_true(message_find(st, escrow, m.id, m.nonce, copy_message, &c));
	assert_int_equal(c.m.id, m.id);
	assert_true(c.m.nonce == m.nonce);
	assert_int_equal(c.m.at, 5);
	assert_int_equal(c.m.sender_role, ROLE_ARBITER);
	assert_false(c.m.read);
	assert_int_equal(c.text.len, strlen("0xabc|0xABC|c-1|") + sizeof(content) - 1);
	assert_memory_equal(c.text.p, "0xabc|0xABC|c-1|a\0b", 19);

	assert_false(message_find(st, escrow, m.id, m.nonce + 1, copy_message, &c));
	assert_false(message_find(st, escrow + 1, m.id, m.nonce, copy_message, &c));
	assert_false(message_find(st, escrow, m.id + 1, m.nonce, copy_message, &c));
	commit(st);
	buf_clear(&c.text);
}

static void
a_sender_without_role_or_other_name_is_told_plainly(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct copy c = {0};

	begin_write(st);
	int64_t escrow = put_escrow(st, "42"), id = put(st, escrow, 5, "bob");
	assert_true(message_find(st, escrow, id, NONCES + 5 * TALLY_EVERY, copy_message, &c));
	assert_int_equal(c.m.sender_role, ROLE_NONE);
	assert_string_equal(buf_cstr(&c.text), "bob|bob||content");
	commit(st);
	buf_clear(&c.text);
}

static void
each_message_of_an_escrow_is_later_than_its_predecessor(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	int64_t escrow = put_escrow(st, "42");
	assert_int_equal(message_last_at(st, escrow), 0);
	put(st, escrow, 10, "bob");
	assert_int_equal(message_last_at(st, escrow), 10);
	for (int64_t at = 9; at <= 11; at++) { /* a clock that went back, one that stood still */
		int64_t before = message_last_at(st, escrow);
		put(st, escrow, at, "bob");
		assert_int_equal(message_last_at(st, escrow), before + 1);
	}
	int64_t other = put_escrow(st, "43"); /* each room has its own order */
	put(st, other, 5, "bob");
	assert_int_equal(message_last_at(st, other), 5);
	commit(st);
}

static void
a_client_msg_id_is_one_per_sender_and_escrow(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct message m;
	struct copy c = {0};

	begin_write(st);
	int64_t a = put_escrow(st, "a"), b = put_escrow(st, "b");
	for (int i = 0; i < 3; i++) {
		m = message_of(i == 2 ? b : a, 10 + i, i == 1 ? "bob" : "ann");
		m.client_msg_id = SPAN("k");
		message_insert(st, &m);
		assert_true(m.id > 0);
	}
	assert_true(message_find_by_client_id(st, a, SPAN("bob"), SPAN("k"), copy_message, &c));
	assert_int_equal(c.m.at, 11);
	assert_false(message_find_by_client_id(st, b, SPAN("bob"), SPAN("k"), copy_message, &c));
	assert_false(message_find_by_client_id(st, a, SPAN("bob"), SPAN("K"), copy_message, &c));
	commit(st);
	begin_write(st);
	m = message_of(a, 20, "ann");
	m.client_msg_id = SPAN("k");
	message_insert(st, &m);
	assert_int_equal(store_error(st), STORE_BROKEN);
	tx_rollback(st);
	buf_clear(&c.text);
}

static void
a_message_is_placed_by_its_id_alone(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct message_place place;

	begin_write(st);
	int64_t escrow = put_escrow(st, "room"), id = put(st, escrow, 7, "bob");
	assert_true(message_place(st, id, NONCES + 7 * TALLY_EVERY, &place));
	assert_int_equal(place.escrow, escrow);
	assert_int_equal(place.at, 7);
	assert_string_equal(place.escrow_id, "room");
	assert_string_equal(place.sender, "bob");
	assert_false(message_place(st, id, 7, &place));
	assert_false(message_place(st, id + 1, NONCES + 7 * TALLY_EVERY, &place));
	commit(st);
}

static bool
note_at(const struct message *m, void *arg)
{
	buf_printf(arg, "%d ", (int)m->at);
	return m->at != 77;
}

static void
pages_go_back_newest_first_and_on_oldest_first(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct buf text = {0};

	begin_write(st);
	int64_t escrow = put_escrow(st, "a"), other = put_escrow(st, "b");
	for (int at = 10; at <= 100; at += 10) {
		put(st, escrow, at, "bob");
		put(st, other, at + 1, "bob");
	}
	messages_before(st, escrow, 50, 3, note_at, &text);
	messages_before(st, escrow, 10, 3, note_at, &text);
	messages_before(st, escrow, INT64_MAX, 1, note_at, &text);
	messages_after(st, escrow, 50, 3, note_at, &text);
	messages_after(st, escrow, 0, 1, note_at, &text);
	messages_after(st, escrow, 100, 9, note_at, &text);
	assert_string_equal(buf_cstr(&text), "40 30 20 100 60 70 80 10 ");
	commit(st);
	buf_clear(&text);
}

static void
a_page_ends_where_the_caller_says(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct buf text = {0};

	begin_write(st);
	int64_t escrow = put_escrow(st, "a");
	for (int at = 75; at < 90; at++)
		put(st, escrow, at, "bob");
	messages_after(st, escrow, 0, 10, note_at, &text);
	messages_after(st, escrow, 78, 1, note_at, &text);
	assert_string_equal(buf_cstr(&text), "75 76 77 79 ");
	commit(st);
	buf_clear(&text);
}

/* ---- reading, against a model that keeps every mark of every message ---- */

enum { WALLETS = 4, MESSAGES = 60, ROUNDS = 25, STEPS = 120 };
static const char *const wallets[WALLETS] = {"ann", "joann", "cyd", "e"}; /* two of one tag */

struct model {
	int n;
	int64_t at[MESSAGES];
	int sender[MESSAGES];
	bool marked[WALLETS][MESSAGES], shown[WALLETS][MESSAGES];
	int64_t since; /* all take part */
	int tallied;   /* 0: no message, 1: about every fourth, 2: each */
};

static void
model_mark(struct model *md, int w, int i, bool shown)
{
	if (md->sender[i] == w)
		return;
	md->marked[w][i] = true;
	if (shown)
		md->shown[w][i] = true;
}

static int
model_unread(const struct model *md, int w)
{
	int n = 0;

	for (int i = 0; i < md->n; i++)
		n += md->at[i] > md->since && md->sender[i] != w && !md->marked[w][i];
	return n;
}

static bool
model_read(const struct model *md, int i)
{
	for (int w = 0; w < WALLETS; w++)
		if (md->shown[w][i])
			return true;
	return false;
}

static void
model_senders(const struct model *md, int w, int upto, bool single, struct buf *out)
{
	int newest[WALLETS] = {-1, -1, -1, -1};

	for (int i = single ? upto : 0; i <= upto; i++)
		if (md->sender[i] != w && !md->marked[w][i])
			newest[md->sender[i]] = i;
	for (int i = 0; i <= upto; i++)
		if (newest[md->sender[i]] == i)
			buf_printf(out, "%s@%d ", wallets[md->sender[i]], (int)md->at[i]);
}

static bool
note_sender(struct span sender, int64_t id, uint64_t nonce, void *arg)
{
	buf_printf(arg, "%.*s@%d ", (int)sender.n, sender.p, (int)((nonce - NONCES) / TALLY_EVERY));
	assert_true(id > 0);
	return true;
}

static bool
compare_read(const struct message *m, void *arg)
{
	const struct model *md = arg;
	int i = 0;

	while (md->at[i] != m->at)
		i++;
	if (m->read != model_read(md, i))
		fail_msg("message %d: read is %d", i, m->read);
	return true;
}

static void
one_step(struct store *st, int64_t escrow, struct model *md)
{
	unsigned r = (unsigned)ids_u64();
	int w = (int)(r % WALLETS), i;
	bool single = r >> 8 & 1, shown = (r >> 9 & 3) != 0;
	struct span wallet = span_of(wallets[w]);
	struct buf got = {0}, want = {0};

	if (md->n == 0 || (md->n < MESSAGES && (r >> 12) % 3 == 0)) {
		md->at[md->n] = (md->n ? md->at[md->n - 1] : 0) + 1 + (r >> 16) % 3;
		md->sender[md->n] = w;
		put_nonce(st, escrow, md->at[md->n++], wallets[w],
		    md->tallied == 0   ? 1
		    : md->tallied == 1 ? r >> 24 & 3
				       : 0);
		return;
	}
	i = (int)((r >> 16) % (unsigned)md->n);
	mark_senders(st, escrow, wallet, md->at[i], single, note_sender, &got);
	model_senders(md, w, i, single, &want);
	assert_string_equal(buf_cstr(&got), buf_cstr(&want));
	if (single)
		mark_one(st, escrow, wallet, md->at[i], shown);
	else
		mark_up_to(st, escrow, wallet, md->at[i], shown);
	for (int k = single ? i : 0; k <= i; k++)
		model_mark(md, w, k, shown);
	buf_clear(&got);
	buf_clear(&want);
}

/* All wallets take part, since the given message. */
static void
take_part(struct store *st, int64_t escrow, int64_t since)
{
	char sql[128];

	for (int w = 0; w < WALLETS; w++)
		participant_put(st, escrow, span_of(wallets[w]), span_of(wallets[w]), ROLE_CLIENT);
	snprintf(sql, sizeof(sql),
	    "UPDATE participants SET since_message = %lld WHERE escrow = %lld", (long long)since,
	    (long long)escrow);
	assert_int_equal(sqlite3_exec(st->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static bool
note_unread(const struct unread_escrow *u, void *arg)
{
	buf_printf(arg, "%.*s %d ", (int)u->escrow_id.n, u->escrow_id.p, (int)u->count);
	assert_true(u->escrow > 0);
	return true;
}

/* Rooms of equal activity come by name. */
static void
compare_list(struct store *st, const struct model *rooms, int n, int w)
{
	struct buf got = {0}, want = {0};

	for (int at = 3 * MESSAGES; at > 0; at--) {
		for (int i = n - 1; i >= 0; i--) {
			int unread = model_unread(&rooms[i], w);

			if (rooms[i].at[rooms[i].n - 1] == at && unread > 0)
				buf_printf(&want, "room%02d %d ", i, unread);
		}
	}
	unread_each(st, span_of(wallets[w]), note_unread, &got);
	assert_string_equal(buf_cstr(&got), buf_cstr(&want));
	buf_clear(&got);
	buf_clear(&want);
}

static void
unread_and_read_are_what_a_naive_model_says(void **state)
{
	static struct model rooms[ROUNDS];
	struct tmp *t = *state;

	for (int round = 0; round < ROUNDS; round++) {
		struct model *md = &rooms[round];
		char name[24];

		snprintf(name, sizeof(name), "room%02d", round);
		begin_write(t->st);
		int64_t escrow = put_escrow(t->st, name);
		*md = (struct model){.tallied = round % 3};
		for (int step_no = 0; step_no < STEPS; step_no++) {
			one_step(t->st, escrow, md);
			md->since = step_no % 2 ? md->at[step_no % md->n] : 0;
			take_part(t->st, escrow, md->since);
			for (int w = 0; w < WALLETS; w++)
				assert_int_equal(unread_count(t->st, escrow, span_of(wallets[w])),
				    model_unread(md, w));
			messages_after(t->st, escrow, 0, MESSAGES, compare_read, md);
		}
		for (int w = 0; w < WALLETS; w++)
			compare_list(t->st, rooms, round + 1, w);
		commit(t->st);
	}
	assert_true(sql_int(t->foreign, "SELECT count(*) FROM tallies WHERE sender = ''") > 100);
}

static void
an_older_database_is_tallied_as_it_would_have_been(void **state)
{
	static const char same[] =
	    "SELECT count(*) FROM tallies t JOIN kept k USING(escrow, sender, at, n)";
	struct tmp *t = *state;
	int64_t n;

	begin_write(t->st);
	int64_t rooms[] = {put_escrow(t->st, "a"), put_escrow(t->st, "b")};
	for (int at = 1; at <= 120; at++)
		put_nonce(
		    t->st, rooms[at % 5 == 0], at, at % 3 ? "ann" : "bob", at % 9 == 0 ? 0 : 1);
	commit(t->st);
	assert_int_equal(
	    sqlite3_exec(t->foreign,
		"CREATE TABLE kept AS SELECT * FROM tallies; DROP VIEW log_rows; "
		"DELETE FROM meta WHERE key IN('log_from', 'search_from'); PRAGMA user_version = 5",
		NULL, NULL, NULL),
	    SQLITE_OK);
	store_close(t->st);
	t->st = tmp_open(t);
	n = sql_int(t->foreign, "SELECT count(*) FROM kept");
	assert_true(n > 30);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM tallies"), n);
	assert_int_equal(sql_int(t->foreign, same), n);
}

static void
single_marks_without_a_hole_leave_no_rows_behind(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	int64_t escrow = put_escrow(t->st, "a");
	participant_put(t->st, escrow, SPAN("bob"), SPAN("bob"), ROLE_CLIENT);
	for (int at = 1; at <= 50; at++)
		put(t->st, escrow, at, at % 3 ? "ann" : "bob");
	for (int at = 50; at >= 1; at--)
		mark_one(t->st, escrow, SPAN("bob"), at, true);
	assert_int_equal(unread_count(t->st, escrow, SPAN("bob")), 0);
	commit(t->st);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM read_marks"), 0);
	assert_int_equal(sql_int(t->foreign, "SELECT up_to FROM reads"), 50);
	assert_int_equal(sql_int(t->foreign, "SELECT shown_to FROM reads"), 50);
}

static void
marks_never_go_back(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	int64_t escrow = put_escrow(t->st, "a");
	participant_put(t->st, escrow, SPAN("bob"), SPAN("bob"), ROLE_CLIENT);
	for (int at = 1; at <= 9; at++)
		put(t->st, escrow, at, "ann");
	mark_up_to(t->st, escrow, SPAN("bob"), 8, true);
	mark_up_to(t->st, escrow, SPAN("bob"), 3, true);
	mark_one(t->st, escrow, SPAN("bob"), 2, false);
	assert_int_equal(unread_count(t->st, escrow, SPAN("bob")), 1);
	commit(t->st);
	assert_int_equal(sql_int(t->foreign, "SELECT shown_to FROM reads"), 8);
}

static void
what_one_marks_is_his_alone_and_in_that_escrow_alone(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	int64_t a = put_escrow(st, "a"), b = put_escrow(st, "b");
	for (int i = 0; i < 3; i++) {
		participant_put(st, a, span_of(wallets[i]), span_of(wallets[i]), ROLE_CLIENT);
		participant_put(st, b, span_of(wallets[i]), span_of(wallets[i]), ROLE_CLIENT);
	}
	participant_put(st, b, SPAN("bob"), SPAN("bob"), ROLE_CLIENT);
	participant_put(st, a, SPAN("bob"), SPAN("bob"), ROLE_CLIENT);
	for (int at = 1; at <= 3; at++) {
		put(st, a, at, "ann");
		put(st, b, at, "ann");
	}
	mark_up_to(st, a, SPAN("bob"), 3, true);
	assert_int_equal(unread_count(st, a, SPAN("bob")), 0);
	assert_int_equal(unread_count(st, b, SPAN("bob")), 3);
	assert_int_equal(unread_count(st, a, SPAN("cyd")), 3);
	assert_int_equal(unread_count(st, a, SPAN("ann")), 0);
	assert_int_equal(unread_count(st, a, SPAN("zoe")), 0);
	commit(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_comes_back_from_its_text),
	    cmocka_unit_test(an_id_has_one_spelling),
	    tmp_test(a_message_is_found_as_it_was_put_whatever_its_content),
	    tmp_test(a_sender_without_role_or_other_name_is_told_plainly),
	    tmp_test(each_message_of_an_escrow_is_later_than_its_predecessor),
	    tmp_test(a_client_msg_id_is_one_per_sender_and_escrow),
	    tmp_test(a_message_is_placed_by_its_id_alone),
	    tmp_test(pages_go_back_newest_first_and_on_oldest_first),
	    tmp_test(a_page_ends_where_the_caller_says),
	    tmp_test(unread_and_read_are_what_a_naive_model_says),
	    tmp_test(an_older_database_is_tallied_as_it_would_have_been),
	    tmp_test(single_marks_without_a_hole_leave_no_rows_behind),
	    tmp_test(marks_never_go_back),
	    tmp_test(what_one_marks_is_his_alone_and_in_that_escrow_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
