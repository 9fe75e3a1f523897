/* SPDX-License-Identifier: ISC */
/*
 * test_broadcast_queue.c - the log's public table in plain SQL, and the rows that triggers make.
 */
#include "store/tables/escrows.h"
#include "unit/queue_rows.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(a_plain_insert_is_a_durable_row_with_id_and_time_of_ours),
	    tmp_test(the_publishers_last_insert_rowid_is_its_own),
	    tmp_test(names_in_topics_are_brought_to_their_normal_form),
	    tmp_test(what_is_no_publishable_row_is_refused_and_leaves_nothing),
	    tmp_test(what_is_just_within_the_limits_is_accepted),
	    tmp_test(published_rows_are_not_changed_or_deleted_through_the_public_face),
	    tmp_test(a_membership_row_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
