/* SPDX-License-Identifier: ISC */
/*
 * test_queue.c - the log: its public table in plain SQL, reading after a position, merging and gaps
 * against a naive model, trimming, incarnations.
 */
#include "store/queue.h"

#include <ctype.h>

#include "base/ids.h"
#include "store/escrows.h"
#include "tmp_store.h"

static int64_t
append(struct store *st, const char *topic, const char *actor, bool durable, int64_t at)
{
	return queue_append(st, span_of(topic), SPAN("e"), SPAN("{}"), span_of(actor), durable, at);
}

static bool
note_position(const struct queue_row *row, void *arg)
{
	buf_printf(arg, "%d ", (int)row->position);
	return true;
}

static bool
note_two(const struct queue_row *row, void *arg)
{
	struct buf *b = arg;

	note_position(row, arg);
	return b->len < 4;
}

/* ---- the public face ---- */

#define INTO "INSERT INTO broadcast_queue(topic, event, data) VALUES"

static void
a_plain_insert_is_a_durable_row_with_id_and_time_of_ours(void **state)
{
	struct tmp *t = *state;

	sql(t->foreign, INTO "('escrow_42', 'escrow:update', '{\"status\":\"FUNDED\"}')");
	assert_string_equal(
	    sql_text(t->foreign,
		"SELECT id || topic || event || data || durable || ifnull(actor, 'none') FROM log"),
	    "1escrow_42escrow:update{\"status\":\"FUNDED\"}1none");
	assert_string_equal(
	    sql_text(t->foreign, "SELECT abs(at - unixepoch('now') * 1000) < 3000 FROM log"), "1");
	sql(t->foreign, "INSERT INTO broadcast_queue(topic, event, data, durable) "
			"VALUES('user:bob', 'a', '{}', 0)");
	sql(t->foreign, "INSERT INTO broadcast_queue VALUES('user:bob', 'a', '{}', NULL)");
	assert_string_equal(
	    sql_text(t->foreign, "SELECT group_concat(id || ':' || durable) FROM log"),
	    "1:1,2:0,3:1");
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM broadcast_queue"), 3);
}

static void
the_publishers_last_insert_rowid_is_its_own(void **state)
{
	struct tmp *t = *state;

	sql(t->foreign,
	    "CREATE TEMP TABLE mine(id INTEGER PRIMARY KEY); INSERT INTO mine VALUES(77)");
	sql(t->foreign, INTO "('escrow_42', 'a', '{}')");
	assert_int_equal(sqlite3_last_insert_rowid(t->foreign), 77);
}

static void
names_in_topics_are_brought_to_their_normal_form(void **state)
{
	static const struct {
		const char *given, *kept;
	} cases[] = {
	    {"user:0xABCDEF0123456789abcdef0123456789ABCDEF01",
		"user:0xabcdef0123456789abcdef0123456789abcdef01"},
	    {"user:DRpbCBMxVnDK7maPM5tGv6MvB3v1sRMC86PZ8okm21hy",
		"user:DRpbCBMxVnDK7maPM5tGv6MvB3v1sRMC86PZ8okm21hy"},
	    {"user:0xABCDEF0123456789abcdef0123456789ABCDEF0G",
		"user:0xABCDEF0123456789abcdef0123456789ABCDEF0G"},
	    {"user:0xABC", "user:0xABC"},
	    {"escrow_0xABCDEF0123456789abcdef0123456789ABCDEF01",
		"escrow_0xABCDEF0123456789abcdef0123456789ABCDEF01"},
	    {"escrow_a b", "escrow_a b"},
	    {"escrow_...", "escrow_..."},
	    {"escrow_*", "escrow_*"},
	    {"escrow_]-[^", "escrow_]-[^"},
	    {"escrow_\xf0\x9f\x98\x80", "escrow_\xf0\x9f\x98\x80"},
	    {"user:a._~@:|+=-Z9", "user:a._~@:|+=-Z9"},
	};
	struct tmp *t = *state;
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), INTO "('%s', 'a', '{}')", cases[i].given);
		sql(t->foreign, text);
		assert_string_equal(
		    sql_text(t->foreign, "SELECT topic FROM log ORDER BY id DESC LIMIT 1"),
		    cases[i].kept);
	}
}

static void
what_is_no_publishable_row_is_refused_and_leaves_nothing(void **state)
{
	static const char *const wrong[] = {
	    /* topics */
	    "('escrow_', 'a', '{}')",
	    "('user:', 'a', '{}')",
	    "('', 'a', '{}')",
	    "('room', 'a', '{}')",
	    "(NULL, 'a', '{}')",
	    "(x'657363726f775f34', 'a', '{}')",
	    "('Escrow_4', 'a', '{}')",
	    "('members:4', 'a', '{}')",
	    "('membership:4', 'a', '{}')",
	    "('escrow_.', 'a', '{}')",
	    "('escrow_..', 'a', '{}')",
	    "('escrow_a/b', 'a', '{}')",
	    "('escrow_a' || char(0), 'a', '{}')",
	    "('escrow_' || char(0) || '/', 'a', '{}')",
	    "('escrow_a' || char(10), 'a', '{}')",
	    "('escrow_' || char(1), 'a', '{}')",
	    "('escrow_' || char(31) || 'b', 'a', '{}')",
	    "('escrow_' || char(127), 'a', '{}')",
	    "('escrow_' || char(128), 'a', '{}')",
	    "('escrow_' || char(159), 'a', '{}')",
	    "('escrow_' || char(0x61c), 'a', '{}')",
	    "('escrow_' || char(0x200e), 'a', '{}')",
	    "('escrow_' || char(0x200f), 'a', '{}')",
	    "('escrow_' || char(0x2028), 'a', '{}')",
	    "('escrow_' || char(0x2029), 'a', '{}')",
	    "('escrow_' || char(0x202a), 'a', '{}')",
	    "('escrow_' || char(0x202e), 'a', '{}')",
	    "('escrow_' || char(0x2066), 'a', '{}')",
	    "('escrow_' || char(0x2069), 'a', '{}')",
	    "('escrow_' || printf('%.129c', 'x'), 'a', '{}')",
	    "('escrow_' || printf('%.64c', 'x') || replace(printf('%.33c', 'x'), 'x', 'é'), 'a', "
	    "'{}')",
	    "('user:a b', 'a', '{}')",
	    "('user:a/b', 'a', '{}')",
	    "('user:é', 'a', '{}')",
	    "('user:' || printf('%.129c', 'x'), 'a', '{}')",
	    "('user:a' || char(0) || ' ', 'a', '{}')",
	    /* events */
	    "('escrow_4', '', '{}')",
	    "('escrow_4', NULL, '{}')",
	    "('escrow_4', '1a', '{}')",
	    "('escrow_4', ':a', '{}')",
	    "('escrow_4', 'a b', '{}')",
	    "('escrow_4', 'é', '{}')",
	    "('escrow_4', 'a' || char(0), '{}')",
	    "('escrow_4', printf('%.65c', 'x'), '{}')",
	    "('escrow_4', x'61', '{}')",
	    "('escrow_4', 5, '{}')",
	    "('escrow_4', 'hello', '{}')",
	    "('escrow_4', 'chat_message', '{}')",
	    "('escrow_4', 'message_read', '{}')",
	    "('escrow_4', 'notification', '{}')",
	    "('escrow_4', 'user_typing', '{}')",
	    "('escrow_4', 'user_joined', '{}')",
	    "('escrow_4', 'user_left', '{}')",
	    "('escrow_4', 'gap', '{}')",
	    "('escrow_4', 'token_expiring', '{}')",
	    "('escrow_4', 'chat_error', '{}')",
	    "('escrow_4', 'connect', '{}')",
	    "('escrow_4', 'connect_error', '{}')",
	    "('escrow_4', 'disconnect', '{}')",
	    "('escrow_4', 'disconnecting', '{}')",
	    "('escrow_4', 'newListener', '{}')",
	    "('escrow_4', 'removeListener', '{}')",
	    "('escrow_4', 'error', '{}')",
	    "('escrow_4', 'open', '{}')",
	    "('escrow_4', 'message', '{}')",
	    /* data */
	    "('escrow_4', 'a', NULL)",
	    "('escrow_4', 'a', '')",
	    "('escrow_4', 'a', '[]')",
	    "('escrow_4', 'a', '5')",
	    "('escrow_4', 'a', 'null')",
	    "('escrow_4', 'a', '\"x\"')",
	    "('escrow_4', 'a', '{')",
	    "('escrow_4', 'a', '{}x')",
	    "('escrow_4', 'a', '{a:1}')",
	    "('escrow_4', 'a', x'7b7d')",
	    "('escrow_4', 'a', '{}' || char(0) || 'x')",
	    "('escrow_4', 'a', '{\"a\":\"' || printf('%.65600c', 'x') || '\"}')",
	};
	struct tmp *t = *state;
	char text[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *why;

		snprintf(text, sizeof(text), "%s%s", INTO, wrong[i]);
		why = sql_error(t->foreign, text);
		if (why == NULL)
			fail_msg("accepted: %s", wrong[i]);
		if (strstr(why, "accepted") == NULL)
			fail_msg("%s: %s", wrong[i], why);
	}
	assert_non_null(
	    sql_error(t->foreign, "INSERT INTO broadcast_queue VALUES('escrow_4', 'a', '{}', 2)"));
	assert_non_null(sql_error(
	    t->foreign, "INSERT INTO broadcast_queue VALUES('escrow_4', 'a', '{}', 'yes')"));
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static void
what_is_just_within_the_limits_is_accepted(void **state)
{
	struct tmp *t = *state;

	sql(t->foreign, INTO "('escrow_' || printf('%.128c', 'x'), printf('%.64c', 'x'), '{}')");
	sql(t->foreign, INTO "('user:' || printf('%.128c', 'x'), 'A9_.:-', ' {\"a\":[1]} ')");
	sql(t->foreign,
	    INTO "('escrow_' || char(0xa0), 'a', '{\"a\":\"' || printf('%.65528c', 'x') || '\"}')");
	assert_int_equal(sql_int(t->foreign, "SELECT length(data) FROM log WHERE id = 3"), 65536);
}

static void
published_rows_are_not_changed_or_deleted_through_the_public_face(void **state)
{
	struct tmp *t = *state;

	sql(t->foreign, INTO "('escrow_4', 'a', '{}')");
	assert_non_null(
	    strstr(sql_error(t->foreign, "UPDATE broadcast_queue SET data = '{\"a\":1}'"),
		"never changed"));
	assert_non_null(
	    strstr(sql_error(t->foreign, "DELETE FROM broadcast_queue"), "trimmed by the daemon"));
	assert_string_equal(sql_text(t->foreign, "SELECT data FROM log"), "{}");
}

static void
a_membership_row_is_json(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	participant_put(t->st, escrow_insert(t->st, SPAN("1"), SPAN("T"), SPAN(""), 1), SPAN("bob"),
	    SPAN("bob"), ROLE_CLIENT);
	commit(t->st);
	assert_int_equal(sql_int(t->foreign, "SELECT json_valid(data) FROM log"), 1);
}

/* ---- appending and reading on ---- */

static bool
check_row(const struct queue_row *row, void *arg)
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
	assert_int_equal(queue_append(st, SPAN("escrow_1"), SPAN("chat_message"), SPAN("{\"a\":1}"),
			     SPAN("bob"), false, 99),
	    1);
	queue_after(st, 0, 10, check_row, &n);
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
	queue_after(st, 4, 3, note_position, &text);
	queue_after(st, 8, 3, note_position, &text);
	queue_after(st, 9, 3, note_position, &text);
	assert_string_equal(buf_cstr(&text), "5 6 7 9 ");
	text.len = 0;
	queue_after(st, 0, 9, note_two, &text);
	assert_string_equal(buf_cstr(&text), "1 2 ");
	commit(st);
	buf_clear(&text);
}

static void
head_and_oldest_are_right_in_a_new_a_full_and_an_emptied_log(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	assert_int_equal(queue_head(st), 0);
	assert_int_equal(queue_oldest(st), 1);
	assert_int_equal(queue_count(st), 0);
	for (int i = 0; i < 5; i++)
		append(st, "escrow_1", "", true, 1);
	assert_int_equal(queue_head(st), 5);
	assert_int_equal(queue_oldest(st), 1);
	assert_int_equal(queue_count(st), 5);
	assert_int_equal(queue_trim(st, 1000, 10, 0, 100), 5);
	assert_int_equal(queue_head(st), 5);
	assert_int_equal(queue_oldest(st), 6);
	assert_int_equal(queue_count(st), 0);
	assert_int_equal(append(st, "escrow_1", "", true, 1), 6); /* ids are never used again */
	commit(st);
}

/* ---- messages, which are rows of it themselves ---- */

static bool
note_row(const struct queue_row *row, void *arg)
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
	assert_int_equal(queue_head(t->st), 2);
	participant_put(t->st, escrow, SPAN("ann"), SPAN("ann"), ROLE_CLIENT); /* a trigger's row */
	assert_int_equal(queue_head(t->st), 3);
	assert_int_equal(insert(t->st, escrow, 8, "two"), 4);
	assert_int_equal(append(t->st, "user:bob", "bob", false, 9), 5);
	assert_int_equal(insert(t->st, escrow, 9, "three"), 6);
	commit(t->st);
	sql(t->foreign, INTO "('escrow_42', 'a', '{}')"); /* and another program's */
	begin_write(t->st);
	assert_int_equal(insert(t->st, escrow, 10, "four"), 8);
	queue_after(t->st, 1, 100, note_row, &text);
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
	struct queue_source s = {.topic = SPAN("escrow_42"), .after = 1};
	struct buf text = {0};
	int64_t escrow;

	begin_write(t->st);
	escrow = escrow_insert(t->st, SPAN("42"), SPAN("T"), SPAN(""), 1);
	for (int at = 1; at <= 6; at++)
		insert(t->st, escrow, at, "x");
	assert_int_equal(queue_trim(t->st, 10, 6, 0, 100), 4);
	assert_int_equal(queue_oldest(t->st), 5);
	assert_int_equal(queue_count(t->st), 2);
	assert_true(queue_gap(t->st, &s));
	s.after = 4;
	assert_false(queue_gap(t->st, &s));
	queue_merge(t->st, &s, 1, 100, 100, note_position, &text);
	queue_after(t->st, 0, 100, note_position, &text);
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
	struct queue_source s = {.topic = SPAN("escrow_42"), .after = 2};
	struct buf text = {0};

	make_an_older_database(t, 2);
	begin_write(t->st);
	assert_int_equal(insert(t->st, 1, 7, "c"), 4);
	queue_merge(t->st, &s, 1, 1000, 100, note_position, &text);
	queue_after(t->st, 1, 100, note_position, &text);
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

/* Messages that were imported, by other means than the program. */
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
	assert_int_equal(queue_trim(st, 1000, 801, 0, 100), 2 - 1);
	assert_int_equal(queue_trim(st, 1000, 800, 0, 100), 1);
	assert_int_equal(queue_trim(st, 1000, 800, 0, 100), 0);
	assert_int_equal(queue_oldest(st), 3);
	assert_int_equal(queue_trim(st, 1000, 100, 0, 100), 2);
	commit(st);
}

static void
trimming_takes_at_most_so_many_and_the_brake_trims_young_rows_too(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	for (int i = 0; i < 20; i++)
		append(st, "escrow_1", "", true, i < 10 ? 1 : 1000);
	assert_int_equal(queue_trim(st, 1000, 500, 0, 4), 4);
	assert_int_equal(queue_trim(st, 1000, 500, 0, 0), 0);
	assert_int_equal(
	    queue_trim(st, 1000, 500, 18, 100), 6); /* old ones, whatever the brake says */
	assert_int_equal(queue_trim(st, 1000, 500, 10, 100), 0);
	assert_int_equal(queue_trim(st, 1000, 500, 7, 2), 2);
	assert_int_equal(queue_trim(st, 1000, 500, 7, 100), 1);
	assert_int_equal(queue_count(st), 7);
	commit(st);
}

/* ---- merging and gaps, against a model that keeps every row ---- */

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
keep_row(const struct queue_row *row, void *arg)
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

/* Times that are the same for several, and go back. */
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
	assert_int_equal(m.id, queue_head(st));
}

static void
fill(struct store *st, struct model *md, int rows)
{
	int64_t escrows[ESCROWS], before = queue_head(st);
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
	queue_after(st, before, ROWS * 2, keep_row, md);
}

static bool
model_wants(const struct model *md, const struct kept *k, const struct queue_source *s)
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

static struct queue_source
source_at_random(int64_t head)
{
	struct queue_source s = {
	    .after = at_random((int)head + 2), .notifications = at_random(3) == 0};

	s.topic =
	    span_of(s.notifications ? wallets[at_random(WALLETS)] : topics[at_random(TOPICS)]);
	return s;
}

static int64_t
model_merge(const struct model *md, const struct queue_source *s, int n, int64_t until, int limit,
    struct buf *out)
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
		struct queue_source s[6];
		int n = at_random(7), limit = at_random(4) ? 1 + at_random(60) : ROWS;
		int64_t head = queue_head(st),
			until = at_random(2) ? head : at_random((int)head + 5);

		for (int i = 0; i < n; i++)
			s[i] = source_at_random(head);
		got.len = want.len = 0;
		assert_int_equal(queue_merge(st, s, n, until, limit, note_position, &got),
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
	struct queue_source s[2] = {
	    {.topic = SPAN("escrow_a")}, {.topic = SPAN("ann"), .notifications = true}};
	struct buf got = {0}, want = {0};
	int64_t head, position = 0;

	begin_write(st);
	fill(st, md, ROWS);
	head = queue_head(st);
	while (position < head) {
		s[0].after = s[1].after = position;
		position = queue_merge(st, s, 2, head, 7, note_position, &got);
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
	struct queue_source s = {.topic = SPAN("escrow_1")};
	struct buf text = {0};

	begin_write(st);
	for (int i = 0; i < 9; i++)
		append(st, i % 2 ? "escrow_1" : "escrow_2", "", true, 1);
	assert_int_equal(queue_merge(st, &s, 1, 9, 100, note_two, &text), 4);
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
		queue_trim(st, INT64_MAX, 0, 0, at_random(12));
		oldest = queue_oldest(st);
		head = queue_head(st);
		for (int i = 0; i < md->n; i++)
			md->rows[i].is_trimmed = md->rows[i].position < oldest;
		for (int i = 0; i < 100; i++) {
			struct queue_source s = source_at_random(head);
			bool want = false;

			for (int k = 0; k < md->n; k++)
				want = want || (md->rows[k].is_trimmed &&
						   model_wants(md, &md->rows[k], &s));
			assert_int_equal(queue_gap(st, &s), want);
			gaps += want;
			whole += !want && s.after < oldest;
		}
	}
	commit(st);
	if (gaps < 100 || whole < 100)
		fail_msg("%d gaps, %d without: the test says too little", gaps, whole);
	free(md);
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

#define OPENED(f)   cmocka_unit_test_setup_teardown(f, tmp_setup, tmp_teardown)
#define UNOPENED(f) cmocka_unit_test_setup_teardown(f, tmp_directory_only, tmp_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OPENED(a_plain_insert_is_a_durable_row_with_id_and_time_of_ours),
	    OPENED(the_publishers_last_insert_rowid_is_its_own),
	    OPENED(names_in_topics_are_brought_to_their_normal_form),
	    OPENED(what_is_no_publishable_row_is_refused_and_leaves_nothing),
	    OPENED(what_is_just_within_the_limits_is_accepted),
	    OPENED(published_rows_are_not_changed_or_deleted_through_the_public_face),
	    OPENED(a_membership_row_is_json),
	    OPENED(a_row_is_read_as_it_was_appended),
	    OPENED(rows_come_in_order_from_a_position_on_until_limit_or_stop),
	    OPENED(head_and_oldest_are_right_in_a_new_a_full_and_an_emptied_log),
	    OPENED(a_message_is_a_row_of_the_log_in_its_place),
	    OPENED(what_was_rolled_back_leaves_its_positions_to_others),
	    OPENED(trimmed_messages_stay_and_leave_the_log),
	    UNOPENED(an_older_database_keeps_its_log),
	    UNOPENED(an_older_databases_messages_are_indexed_once_each),
	    UNOPENED(an_older_databases_head_is_not_behind_its_messages),
	    OPENED(trimming_stops_at_the_first_young_row_even_if_older_ones_follow),
	    OPENED(trimming_takes_at_most_so_many_and_the_brake_trims_young_rows_too),
	    OPENED(a_merge_gives_exactly_what_a_naive_model_gives),
	    OPENED(a_merge_goes_on_where_the_last_one_ended),
	    OPENED(a_merge_that_is_stopped_ends_at_that_row),
	    OPENED(there_is_a_gap_exactly_where_a_row_of_the_source_was_trimmed),
	    OPENED(an_incarnation_covers_positions_below_its_successor_and_not_ahead_of_the_log),
	    OPENED(a_new_database_has_an_incarnation_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
