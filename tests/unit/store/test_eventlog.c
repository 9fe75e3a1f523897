/* SPDX-License-Identifier: ISC */
/*
 * test_eventlog.c - the log: appending and reading after a position, messages as rows of it, older
 * databases, trimming, incarnations.
 */
#include "store/tables/eventlog.h"

#include <ctype.h>

#include "store/tables/escrows.h"
#include "unit/queue_rows.h"

/* ---- appending and reading on ---- */

static bool
check_row(const struct eventlog_row *row, void *arg)
{
	assert_int_equal(row->position, 1);
	assert_int_equal(row->at, 99);
	assert_true(span_is(row->topic, "escrow_1"));
	assert_true(span_is(row->event, "chat_message"));
	assert_true(span_is(row->data, "{\"a\":1}"));
	assert_true(span_is(row->actor, "bob"));
	assert_false(row->durable);
	++*(int *)arg;
	return true;
}

static void
a_row_is_read_as_it_was_appended(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	int n = 0;

	begin_write(st);
	assert_int_equal(eventlog_append(st, SPAN("escrow_1"), SPAN("chat_message"),
			     SPAN("{\"a\":1}"), SPAN("bob"), false, 99),
	    1);
	eventlog_after(st, 0, 10, check_row, &n);
	commit(st);
	assert_int_equal(n, 1);
}

static void
rows_come_in_order_from_a_position_on_until_limit_or_stop(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	struct buf text = {0};

	begin_write(st);
	for (int i = 0; i < 9; i++)
		append(st, i % 2 ? "escrow_1" : "membership:1", "", i % 3, 1);
	eventlog_after(st, 4, 3, note_position, &text);
	eventlog_after(st, 8, 3, note_position, &text);
	eventlog_after(st, 9, 3, note_position, &text);
	assert_string_equal(buf_cstr(&text), "5 6 7 9 ");
	text.len = 0;
	eventlog_after(st, 0, 9, note_two, &text);
	assert_string_equal(buf_cstr(&text), "1 2 ");
	commit(st);
	buf_clear(&text);
}

static void
head_and_oldest_are_right_in_a_new_a_full_and_an_emptied_log(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	assert_int_equal(eventlog_newest(st), 0);
	assert_int_equal(eventlog_oldest(st), 1);
	assert_int_equal(eventlog_count(st), 0);
	for (int i = 0; i < 5; i++)
		append(st, "escrow_1", "", true, 1);
	assert_int_equal(eventlog_newest(st), 5);
	assert_int_equal(eventlog_oldest(st), 1);
	assert_int_equal(eventlog_count(st), 5);
	assert_int_equal(eventlog_trim(st, 1000, 10, 0, 100), 5);
	assert_int_equal(eventlog_newest(st), 5);
	assert_int_equal(eventlog_oldest(st), 6);
	assert_int_equal(eventlog_count(st), 0);
	assert_int_equal(append(st, "escrow_1", "", true, 1), 6); /* ids are never used again */
	commit(st);
}

/* ---- messages, which are rows of it themselves ---- */

static bool
note_row(const struct eventlog_row *row, void *arg)
{
	struct buf *b = arg;

	buf_printf(b, "%d %.*s %.*s %.*s%s", (int)row->position, (int)row->topic.n, row->topic.p,
	    (int)row->event.n, row->event.p, (int)row->actor.n, row->actor.p,
	    row->durable ? "" : "!");
	if (row->message != NULL) {
		assert_int_equal(row->data.n, 0);
		assert_int_equal(row->message->id, row->position);
		assert_int_equal(row->message->at, row->at);
		buf_printf(b, " %.*s %.*s %.*s %s %d", (int)row->message->sender_name.n,
		    row->message->sender_name.p, (int)row->message->content.n,
		    row->message->content.p, (int)row->message->client_msg_id.n,
		    row->message->client_msg_id.p, role_name(row->message->sender_role),
		    (int)(row->message->nonce - 0xf000000000000000));
	}
	buf_addc(b, '\n');
	return true;
}

static int64_t
insert(struct store *st, int64_t escrow, int64_t at, const char *content)
{
	struct message m = {.nonce = 0xf000000000000000 + (uint64_t)at,
	    .escrow = escrow,
	    .at = at,
	    .sender = SPAN("0xa"),
	    .sender_name = SPAN("0xA"),
	    .sender_role = ROLE_CLIENT,
	    .client_msg_id = SPAN("c-1"),
	    .content = span_of(content)};

	m.client_msg_id.n = at == 7 ? 3 : 0;
	message_insert(st, &m);
	return m.id;
}

static void
a_message_is_a_row_of_the_log_in_its_place(void **state)
{
	struct tmp *t = *state;
	struct buf text = {0};
	int64_t escrow;

	begin_write(t->st);
	escrow = escrow_insert(t->st, SPAN("42"), SPAN("T"), SPAN(""), 1);
	assert_int_equal(append(t->st, "escrow_42", "", true, 5), 1);
	assert_int_equal(insert(t->st, escrow, 7, "one"), 2);
	assert_int_equal(eventlog_newest(t->st), 2);
	participant_put(t->st, escrow, SPAN("ann"), SPAN("ann"), ROLE_CLIENT); /* a trigger's row */
	assert_int_equal(eventlog_newest(t->st), 3);
	assert_int_equal(insert(t->st, escrow, 8, "two"), 4);
	assert_int_equal(append(t->st, "user:bob", "bob", false, 9), 5);
	assert_int_equal(insert(t->st, escrow, 9, "three"), 6);
	commit(t->st);
	sql(t->foreign, INTO "('escrow_42', 'a', '{}')"); /* and another program's */
	begin_write(t->st);
	assert_int_equal(insert(t->st, escrow, 10, "four"), 8);
	eventlog_after(t->st, 1, 100, note_row, &text);
	assert_string_equal(buf_cstr(&text), "2 escrow_42 chat_message 0xa 0xA one c-1 client 7\n"
					     "3 membership:42 added ann\n"
					     "4 escrow_42 chat_message 0xa 0xA two  client 8\n"
					     "5 user:bob e bob!\n"
					     "6 escrow_42 chat_message 0xa 0xA three  client 9\n"
					     "7 escrow_42 a \n"
					     "8 escrow_42 chat_message 0xa 0xA four  client 10\n");
	commit(t->st);
	buf_clear(&text);
}

static void
what_was_rolled_back_leaves_its_positions_to_others(void **state)
{
	struct tmp *t = *state;
	int64_t escrow;

	begin_write(t->st);
	escrow = escrow_insert(t->st, SPAN("42"), SPAN("T"), SPAN(""), 1);
	assert_int_equal(insert(t->st, escrow, 7, "one"), 1);
	commit(t->st);
	begin_write(t->st);
	assert_int_equal(insert(t->st, escrow, 8, "two"), 2);
	tx_rollback(t->st);
	begin_write(t->st);
	assert_int_equal(append(t->st, "escrow_42", "", true, 9), 2);
	assert_int_equal(insert(t->st, escrow, 9, "three"), 3);
	commit(t->st);
	assert_int_equal(
	    sql_int(t->foreign, "SELECT seq FROM sqlite_sequence WHERE name = 'log'"), 3);
}

static void
trimmed_messages_stay_and_leave_the_log(void **state)
{
	struct tmp *t = *state;
	struct eventlog_source s = {.topic = SPAN("escrow_42"), .after = 1};
	struct buf text = {0};
	int64_t escrow;

	begin_write(t->st);
	escrow = escrow_insert(t->st, SPAN("42"), SPAN("T"), SPAN(""), 1);
	for (int at = 1; at <= 6; at++)
		insert(t->st, escrow, at, "x");
	assert_int_equal(eventlog_trim(t->st, 10, 6, 0, 100), 4);
	assert_int_equal(eventlog_oldest(t->st), 5);
	assert_int_equal(eventlog_count(t->st), 2);
	assert_true(eventlog_gap(t->st, &s));
	s.after = 4;
	assert_false(eventlog_gap(t->st, &s));
	eventlog_merge(t->st, &s, 1, 100, 100, note_position, &text);
	eventlog_after(t->st, 0, 100, note_position, &text);
	assert_string_equal(buf_cstr(&text), "5 6 5 6 ");
	commit(t->st);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM messages"), 6);
	buf_clear(&text);
}

/* The database as migration 5 left it: a message had a separate row in the log, with another
 * number, and was indexed with 63 others. */
static void
make_an_older_database(struct tmp *t, int messages)
{
	char text[512];

	assert_int_equal(sqlite3_open(t->path, &t->foreign), SQLITE_OK);
	for (int i = 0; i < 5; i++)
		sql(t->foreign, sql_migrations[i].text);
	sql(t->foreign, "PRAGMA user_version = 5; INSERT INTO meta VALUES('auth_class', 'closed');"
			"INSERT INTO escrows VALUES(1, '42', 'T', NULL, 1, 1);"
			"INSERT INTO participants(escrow, wallet, name, role) VALUES(1, 'ann', "
			"'ann', 'client')");
	snprintf(text, sizeof(text),
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	    "INSERT INTO messages(nonce, escrow, at, sender, content) SELECT i, 1, i, 'ann', "
	    "'word' FROM n; "
	    "INSERT INTO log(at, topic, event, data, actor, durable) "
	    "SELECT at, 'escrow_42', 'chat_message', '{}', 'ann', 1 FROM messages; "
	    "INSERT INTO search(rowid, escrow, content) SELECT id, 'e', content FROM messages "
	    "WHERE id <= %d",
	    messages, messages / 64 * 64);
	sql(t->foreign, text);
	t->st = tmp_open(t);
}

static void
an_older_database_keeps_its_log(void **state)
{
	struct tmp *t = *state;
	struct eventlog_source s = {.topic = SPAN("escrow_42"), .after = 2};
	struct buf text = {0};

	make_an_older_database(t, 2);
	begin_write(t->st);
	assert_int_equal(insert(t->st, 1, 7, "c"), 4);
	eventlog_merge(t->st, &s, 1, 1000, 100, note_position, &text);
	eventlog_after(t->st, 1, 100, note_position, &text);
	assert_string_equal(buf_cstr(&text), "3 4 2 3 4 ");
	assert_int_equal(message_at_of_position(t->st, 1, 3), 2);
	commit(t->st);
	assert_string_equal(sql_text(t->foreign,
				"SELECT group_concat(id || sender || tag || content) FROM messages "
				"WHERE id <= 2"),
	    "1ann1816417word,2ann1816417word");
	buf_clear(&text);
}

static void
an_older_databases_messages_are_indexed_once_each(void **state)
{
	static const char found[] = "SELECT count(*) FROM search WHERE search MATCH 'word'";
	struct tmp *t = *state;

	make_an_older_database(t, 200);
	assert_int_equal(sql_int(t->st->db, found), 200);
	begin_write(t->st);
	for (int at = 201; at <= 300; at++)
		insert(t->st, 1, at, "word");
	commit(t->st);
	assert_int_equal(sql_int(t->st->db, "SELECT count(*) FROM messages WHERE id <= 256"), 255);
	assert_int_equal(sql_int(t->st->db, found), 255);
	sql(t->st->db, "INSERT INTO search(search) VALUES('optimize')");
	assert_int_equal(sql_int(t->st->db, found), 255);
}

/* The messages were imported by another program. */
static void
an_older_databases_head_is_not_behind_its_messages(void **state)
{
	struct tmp *t = *state;

	make_an_older_database(t, 2);
	store_close(t->st);
	sql(t->foreign, "DROP VIEW log_rows; DELETE FROM meta WHERE key IN('log_from', "
			"'search_from'); PRAGMA user_version = 6;"
			"UPDATE messages SET id = id + 1000");
	t->st = tmp_open(t);
	begin_write(t->st);
	assert_int_equal(insert(t->st, 1, 7, "c"), 1003);
	commit(t->st);
}

/* ---- trimming ---- */

static void
trimming_stops_at_the_first_young_row_even_if_older_ones_follow(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	append(st, "escrow_1", "", true, 100);
	append(st, "escrow_1", "", false, 200);
	append(st, "escrow_1", "", true, 900); /* a clock that jumped */
	append(st, "escrow_1", "", true, 100);
	assert_int_equal(eventlog_trim(st, 1000, 801, 0, 100), 2 - 1);
	assert_int_equal(eventlog_trim(st, 1000, 800, 0, 100), 1);
	assert_int_equal(eventlog_trim(st, 1000, 800, 0, 100), 0);
	assert_int_equal(eventlog_oldest(st), 3);
	assert_int_equal(eventlog_trim(st, 1000, 100, 0, 100), 2);
	commit(st);
}

static void
trimming_takes_at_most_so_many_and_the_brake_trims_young_rows_too(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	for (int i = 0; i < 20; i++)
		append(st, "escrow_1", "", true, i < 10 ? 1 : 1000);
	assert_int_equal(eventlog_trim(st, 1000, 500, 0, 4), 4);
	assert_int_equal(eventlog_trim(st, 1000, 500, 0, 0), 0);
	assert_int_equal(
	    eventlog_trim(st, 1000, 500, 18, 100), 6); /* old ones, whatever the brake says */
	assert_int_equal(eventlog_trim(st, 1000, 500, 10, 100), 0);
	assert_int_equal(eventlog_trim(st, 1000, 500, 7, 2), 2);
	assert_int_equal(eventlog_trim(st, 1000, 500, 7, 100), 1);
	assert_int_equal(eventlog_count(st), 7);
	commit(st);
}

/* ---- incarnations ---- */

static void
an_incarnation_covers_positions_below_its_successor_and_not_ahead_of_the_log(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	char first[INCARNATION_SIZE], second[INCARNATION_SIZE];

	begin_write(st);
	incarnation_current(st, first);
	assert_int_equal(strlen(first), INCARNATION_SIZE - 1);
	for (int i = 0; first[i] != '\0'; i++)
		assert_true(isxdigit((unsigned char)first[i]) && !isupper((unsigned char)first[i]));
	for (int i = 0; i < 5; i++)
		append(st, "escrow_1", "", true, 1);
	assert_true(incarnation_covers(st, span_of(first), 0));
	assert_true(incarnation_covers(st, span_of(first), 5));
	assert_false(incarnation_covers(st, span_of(first), 6)); /* ahead */
	assert_false(incarnation_covers(st, span_of(first), -1));
	assert_false(incarnation_covers(st, SPAN("0123456789abcdef"), 3)); /* unknown */
	assert_false(incarnation_covers(st, SPAN(""), 3));

	incarnation_begin(st, 5000);
	incarnation_current(st, second);
	assert_string_not_equal(first, second);
	assert_true(incarnation_covers(st, span_of(first), 5));
	assert_true(incarnation_covers(st, span_of(second), 5));
	append(st, "escrow_1", "", true, 1);
	assert_false(incarnation_covers(st, span_of(first), 6)); /* the successor's */
	assert_true(incarnation_covers(st, span_of(second), 6));
	commit(st);
}

static void
a_new_database_has_an_incarnation_of_its_own(void **state)
{
	struct tmp *t = *state;
	char mine[INCARNATION_SIZE];
	struct tmp *other;
	void *other_state = NULL;

	begin_read(t->st);
	incarnation_current(t->st, mine);
	commit(t->st);
	assert_int_equal(tmp_setup(&other_state), 0);
	other = other_state;
	begin_read(other->st);
	assert_false(incarnation_covers(other->st, span_of(mine), 0));
	commit(other->st);
	tmp_teardown(&other_state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(a_row_is_read_as_it_was_appended),
	    tmp_test(rows_come_in_order_from_a_position_on_until_limit_or_stop),
	    tmp_test(head_and_oldest_are_right_in_a_new_a_full_and_an_emptied_log),
	    tmp_test(a_message_is_a_row_of_the_log_in_its_place),
	    tmp_test(what_was_rolled_back_leaves_its_positions_to_others),
	    tmp_test(trimmed_messages_stay_and_leave_the_log),
	    directory_test(an_older_database_keeps_its_log),
	    directory_test(an_older_databases_messages_are_indexed_once_each),
	    directory_test(an_older_databases_head_is_not_behind_its_messages),
	    tmp_test(trimming_stops_at_the_first_young_row_even_if_older_ones_follow),
	    tmp_test(trimming_takes_at_most_so_many_and_the_brake_trims_young_rows_too),
	    tmp_test(an_incarnation_covers_positions_below_its_successor_and_not_ahead_of_the_log),
	    tmp_test(a_new_database_has_an_incarnation_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
