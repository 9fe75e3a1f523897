/* SPDX-License-Identifier: ISC */
/*
 * test_store.c - statements and their indexes, transactions and their errors, two connections.
 */
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "store/tables/escrows.h"
#include "store/tables/messages.h"
#include "unit/store_rows.h"

/* Tables of a few rows, sub-queries, the log from its start under a limit, and what a start of the
 * daemon sweeps once. */
static bool
may_scan(const char *detail)
{
	static const char *const fine[] = {"SCAN sqlite_sequence", "SCAN incarnations",
	    "SCAN newest", "SCAN CONSTANT ROW", "SCAN t", "SCAN log", "SCAN log_rows",
	    "SCAN kept_sessions", "SCAN of", "SCAN mark", "SCAN s", "SCAN u",
	    "SCAN s VIRTUAL TABLE INDEX 192:M2><" /* MATCH, rowid > ?, rowid < ? */};

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (strcmp(detail, fine[i]) == 0)
			return true;
	return false;
}

static void
every_statement_finds_its_rows_by_an_index(void **state)
{
	struct tmp *t = *state;

	for (int id = 0; id < SQL_COUNT; id++) {
		char text[4096];
		sqlite3_stmt *stmt;

		if (sql_texts[id].is_once || strstr(sql_texts[id].text, "PRAGMA") != NULL)
			continue;
		snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql_texts[id].text);
		assert_int_equal(sqlite3_prepare_v2(t->st->db, text, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(stmt, 3);

			if (strncmp(detail, "SCAN", 4) == 0 && !may_scan(detail))
				fail_msg("%s: %s", sql_texts[id].name, detail);
			if (id == SQL_EVENTLOG_IDS)
				assert_non_null(strstr(detail,
				    "INDEX log_by_topic (topic=? AND rowid>? AND rowid<?)"));
			if (strstr(detail, "TEMP B-TREE FOR ORDER BY") != NULL &&
			    id != SQL_UNREAD && id != SQL_UNREAD_SENDERS &&
			    id != SQL_PARTICIPATIONS_BY_ACTIVITY)
				fail_msg("%s: %s", sql_texts[id].name, detail);
		}
		sqlite3_finalize(stmt);
	}
}

static void
ids_of_a_topic_are_read_from_the_index_alone(void **state)
{
	struct tmp *t = *state;
	char text[4096];
	sqlite3_stmt *stmt;
	int steps = 0;

	snprintf(text, sizeof(text), "EXPLAIN %s", sql_texts[SQL_EVENTLOG_IDS].text);
	assert_int_equal(sqlite3_prepare_v2(t->st->db, text, -1, &stmt, NULL), SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; steps++)
		assert_string_not_equal((const char *)sqlite3_column_text(stmt, 1), "Column");
	sqlite3_finalize(stmt);
	assert_true(steps > 5);
}

/* ---- transactions ---- */

static bool
append_and_refuse(struct store *st, void *arg)
{
	append(st, "escrow_1");
	return false;
}

static void
a_transaction_that_says_no_is_rolled_back(void **state)
{
	struct tmp *t = *state;

	assert_int_equal(store_write(t->st, append_and_refuse, NULL), STORE_REFUSED);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
	assert_int_equal(sql_int(t->foreign,
			     "SELECT count(*) FROM sqlite_sequence WHERE name = 'log' AND seq > 0"),
	    0);
}

static bool
keep_trying(struct store *st, void *arg)
{
	int *later = arg;

	append(st, "escrow_1");
	append(st, "escrow_1"); /* fails */
	*later = store_error(st) == STORE_FULL && append(st, "escrow_1") == 0 &&
		 eventlog_newest(st) == 0;
	return true;
}

static void
the_first_error_sticks_and_rolls_back(void **state)
{
	struct tmp *t = *state;
	int64_t position;
	int later = 0;

	store_fail_at(t->st, 3, STORE_FULL); /* BEGIN is the first */
	assert_int_equal(store_write(t->st, keep_trying, &later), STORE_FULL);
	assert_true(later);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_int_equal(position, 1);
}

static bool
make_a_world(struct store *st, void *arg)
{
	struct message m = {.nonce = 7,
	    .at = 5000,
	    .sender = SPAN("alice"),
	    .sender_role = ROLE_CLIENT,
	    .content = SPAN("hello")};
	int64_t escrow = escrow_insert(st, SPAN("42"), SPAN("Logo"), SPAN("FUNDED"), 1000);

	participant_put(st, escrow, SPAN("alice"), SPAN("Alice"), ROLE_CLIENT);
	participant_put(st, escrow, SPAN("bob"), SPAN("Bob"), ROLE_FREELANCER);
	m.escrow = escrow;
	message_insert(st, &m);
	append(st, "escrow_42");
	mark_one(st, escrow, SPAN("bob"), 5000, true);
	escrow_update(st, escrow, SPAN("Logo 2"), SPAN("DONE"), 2000);
	eventlog_trim(st, 1 << 30, 0, 0, 1);
	incarnation_begin(st, 3000);
	return true;
}

static void
a_transaction_is_all_or_nothing_under_faults(void **state)
{
	static const char all_rows[] =
	    "SELECT (SELECT count(*) FROM escrows) + (SELECT count(*) FROM participants)"
	    " + (SELECT count(*) FROM messages) + (SELECT count(*) FROM log) + (SELECT count(*) "
	    "FROM trimmed)"
	    " + (SELECT count(*) FROM reads) + (SELECT count(*) FROM read_marks) + (SELECT "
	    "count(*) FROM incarnations)";
	static const enum store_err kinds[] = {
	    STORE_BUSY, STORE_FULL, STORE_READONLY, STORE_BROKEN};
	struct tmp *t = *state;
	int failed = 0;

	for (int nth = 1;; nth++) {
		enum store_err kind = kinds[nth % 4], err;

		store_fail_at(t->st, nth, kind);
		err = store_write(t->st, make_a_world, NULL);
		if (err == STORE_OK)
			break;
		failed++;
		assert_int_equal(err, kind);
		assert_int_equal(sql_int(t->foreign, all_rows), 1); /* the first incarnation */
		assert_int_equal(sqlite3_get_autocommit(t->st->db), 1);
	}
	store_fail_at(t->st, 0, STORE_OK);
	assert_true(failed > 15);
	assert_int_equal(sql_int(t->foreign, all_rows), 1 + 2 + 1 + 2 + 1 + 1 + 0 + 2);
	assert_string_equal(sql_text(t->foreign, "PRAGMA integrity_check"), "ok");
}

static void
change_in_read(struct store *st, void *arg)
{
	append(st, "escrow_1");
}

static void
a_read_transaction_changes_nothing(void **state)
{
	struct tmp *t = *state;

	assert_int_equal(store_read(t->st, PATIENT_MS, change_in_read, NULL), STORE_BROKEN);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static void
head_in_read(struct store *st, void *arg)
{
	*(int64_t *)arg = eventlog_newest(st);
}

static void
see_one_state(struct store *st, void *arg)
{
	sqlite3 *foreign = arg;
	int64_t head = eventlog_newest(st), inner = -1;

	sql(foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'a', '{}')");
	assert_int_equal(store_read(st, PATIENT_MS, head_in_read, &inner), STORE_OK);
	assert_int_equal(inner, head);
	assert_int_equal(eventlog_newest(st), head);
}

static void
a_read_transaction_sees_one_state_and_nested_ones_join_it(void **state)
{
	struct tmp *t = *state;
	int64_t head = -1;

	assert_int_equal(store_read(t->st, PATIENT_MS, see_one_state, t->foreign), STORE_OK);
	assert_int_equal(store_read(t->st, PATIENT_MS, head_in_read, &head), STORE_OK);
	assert_int_equal(head, 1);
}

static bool
write_in_write(struct store *st, void *arg)
{
	int64_t position;

	append(st, "escrow_1");
	*(enum store_err *)arg = store_write(st, append_one, &position);
	return true;
}

static void
a_write_inside_another_is_a_defect_that_undoes_both(void **state)
{
	struct tmp *t = *state;
	enum store_err inner = STORE_OK;

	assert_int_equal(store_write(t->st, write_in_write, &inner), STORE_BROKEN);
	assert_int_equal(inner, STORE_BROKEN);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static void
a_statement_outside_a_transaction_does_nothing(void **state)
{
	struct tmp *t = *state;

	assert_int_equal(append(t->st, "escrow_1"), 0);
	assert_int_equal(store_error(t->st), STORE_BROKEN);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static bool
again_inside(const struct eventlog_row *row, void *arg)
{
	eventlog_after(arg, 0, 10, again_inside, arg);
	return true;
}

static void
loop_inside_itself(struct store *st, void *arg)
{
	eventlog_after(st, 0, 10, again_inside, st);
}

static void
a_statement_used_inside_its_own_loop_is_a_defect_not_an_endless_loop(void **state)
{
	struct tmp *t = *state;
	int64_t position;

	store_write(t->st, append_one, &position);
	store_write(t->st, append_one, &position);
	assert_int_equal(store_read(t->st, PATIENT_MS, loop_inside_itself, NULL), STORE_BROKEN);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
}

static bool
ignore_row(const struct eventlog_row *row, void *arg)
{
	return true;
}

static void
read_past_the_deadline(struct store *st, void *arg)
{
	int64_t end = clock_mono_us() + 3000;

	while (clock_mono_us() < end)
		;
	eventlog_after(st, 0, 100000, ignore_row, NULL);
}

static void
a_read_ends_at_its_deadline_and_the_next_one_has_its_own(void **state)
{
	struct tmp *t = *state;
	int64_t head = 0;

	begin_write(t->st);
	for (int i = 0; i < 2000; i++)
		append(t->st, "escrow_1");
	commit(t->st);
	assert_int_equal(store_read(t->st, 1, read_past_the_deadline, NULL), STORE_DEADLINE);
	assert_int_equal(store_read(t->st, PATIENT_MS, head_in_read, &head), STORE_OK);
	assert_int_equal(head, 2000);
	assert_int_equal(store_write(t->st, append_one, &head), STORE_OK);
}

static void
a_lock_is_waited_for_until_the_deadline_and_then_it_works_again(void **state)
{
	struct tmp *t = *state;
	int64_t position, start;

	t->st->busy_ms = 20;
	sql(t->foreign, "BEGIN IMMEDIATE");
	start = clock_mono_ms();
	assert_int_equal(store_write(t->st, append_one, &position), STORE_BUSY);
	assert_true(clock_mono_ms() - start >= 19);
	sql(t->foreign, "COMMIT");
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
}

static void
a_full_disk_is_told_and_once_there_is_room_it_works_again(void **state)
{
	struct tmp *t = *state;
	struct rlimit old, low;
	enum store_err err;
	int64_t position;
	int rows = 40;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = 1000000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	err = store_write(t->st, append_much, &rows);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, STORE_FULL);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_int_equal(position, 1);
}

/* ---- two connections ---- */

struct rival {
	struct tmp *t;
	const char *topic;
	int failures;
};

static bool
append_for_rival(struct store *st, void *arg)
{
	struct rival *r = arg;

	append(st, r->topic);
	append(st, r->topic);
	return true;
}

static void *
rival_main(void *arg)
{
	struct rival *r = arg;
	struct buf err = {0};
	struct store *st = store_open(&r->t->options, &err);

	for (int i = 0; st != NULL && i < 300; i++)
		r->failures += store_write(st, append_for_rival, r) != STORE_OK;
	r->failures += st == NULL;
	store_close(st);
	buf_clear(&err);
	return NULL;
}

static void
two_connections_that_write_at_once_both_get_through_and_leave_no_gap(void **state)
{
	struct tmp *t = *state;
	struct rival rivals[] = {{t, "escrow_1", 0}, {t, "escrow_2", 0}};
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, rival_main, &rivals[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(rivals[0].failures + rivals[1].failures, 0);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 1200);
	assert_int_equal(sql_int(t->foreign, "SELECT max(id) FROM log"), 1200);
	assert_int_equal(/* a transaction's two rows stand together */
	    sql_int(t->foreign, "SELECT count(*) FROM log a JOIN log b ON b.id = a.id + 1 WHERE "
				"a.id % 2 = 1 AND a.topic = b.topic"),
	    600);
}

static void
commits_of_others_are_noticed_and_own_ones_are_not(void **state)
{
	struct tmp *t = *state;
	int64_t position;

	assert_false(store_changed(t->st));
	store_write(t->st, append_one, &position);
	assert_false(store_changed(t->st));
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'a', '{}')");
	assert_true(store_changed(t->st));
	assert_false(store_changed(t->st));
}

static void
each_error_has_a_sentence(void **state)
{
	for (int err = STORE_OK; err <= STORE_BROKEN; err++)
		assert_true(strlen(store_err_text((enum store_err)err)) > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(every_statement_finds_its_rows_by_an_index),
	    tmp_test(ids_of_a_topic_are_read_from_the_index_alone),
	    tmp_test(a_transaction_that_says_no_is_rolled_back),
	    tmp_test(the_first_error_sticks_and_rolls_back),
	    tmp_test(a_transaction_is_all_or_nothing_under_faults),
	    tmp_test(a_read_transaction_changes_nothing),
	    tmp_test(a_read_transaction_sees_one_state_and_nested_ones_join_it),
	    tmp_test(a_write_inside_another_is_a_defect_that_undoes_both),
	    tmp_test(a_statement_outside_a_transaction_does_nothing),
	    tmp_test(a_statement_used_inside_its_own_loop_is_a_defect_not_an_endless_loop),
	    tmp_test(a_read_ends_at_its_deadline_and_the_next_one_has_its_own),
	    tmp_test(a_lock_is_waited_for_until_the_deadline_and_then_it_works_again),
	    tmp_test(a_full_disk_is_told_and_once_there_is_room_it_works_again),
	    tmp_test(two_connections_that_write_at_once_both_get_through_and_leave_no_gap),
	    tmp_test(commits_of_others_are_noticed_and_own_ones_are_not),
	    cmocka_unit_test(each_error_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
