/* SPDX-License-Identifier: ISC */
/*
 * test_wal.c - the writes of store/wal.c: few for a commit, and none that another connection
 * misses.
 */
#include <errno.h>

#include "store/tables/escrows.h"
#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

#define ROWS      100
#define ROW_BYTES 2000

/* ---- the system call under SQLite, counted and made to fail ---- */

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int n_writes, fail_at; /* the first that fails, from 1; 0: none */

static ssize_t
counted_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (++n_writes == fail_at) {
		errno = ENOSPC;
		return -1;
	}
	return real_pwrite(fd, p, n, at);
}

static int
count_writes(void **state)
{
	sqlite3_vfs *unix_layer = sqlite3_vfs_find("unix");
	const char *name =
	    unix_layer->xGetSystemCall(unix_layer, "pwrite64") != NULL ? "pwrite64" : "pwrite";
	union {
		sqlite3_syscall_ptr call;
		ssize_t (*pwrite)(int, const void *, size_t, off_t);
	} real = {unix_layer->xGetSystemCall(unix_layer, name)}, ours = {.pwrite = counted_pwrite};

	real_pwrite = real.pwrite;
	n_writes = fail_at = 0;
	return unix_layer->xSetSystemCall(unix_layer, name, ours.call);
}

static int
set_up(void **state)
{
	return tmp_setup(state) == 0 && count_writes(state) == SQLITE_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	sqlite3_vfs *unix_layer = sqlite3_vfs_find("unix");

	unix_layer->xSetSystemCall(unix_layer, NULL, NULL);
	return tmp_teardown(state);
}

/* ---- what is written ---- */

static void
append_rows(struct store *st, int n)
{
	static char data[ROW_BYTES];

	memset(data, 'x', sizeof(data));
	for (int i = 0; i < n; i++)
		eventlog_append(st, SPAN("escrow_1"), SPAN("e"), (struct span){data, sizeof(data)},
		    SPAN(""), true, 1);
}

static int64_t
rows_seen(struct tmp *t)
{
	return sql_int(t->foreign, "SELECT count(*) FROM log");
}

static void
a_commit_of_many_pages_is_few_writes(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	append_rows(t->st, 1);
	commit(t->st); /* the log file has its head */
	n_writes = 0;
	begin_write(t->st);
	append_rows(t->st, ROWS);
	commit(t->st);
	assert_in_range(n_writes, 1, 4);
	assert_int_equal(rows_seen(t), ROWS + 1);
}

static void
what_is_committed_is_seen_by_others_at_once(void **state)
{
	struct tmp *t = *state;

	for (int i = 1; i <= ROWS; i++) {
		begin_write(t->st);
		append_rows(t->st, 1);
		commit(t->st);
		assert_int_equal(rows_seen(t), i);
	}
}

/* The cache is too small for it: pages go to the WAL before the commit, are read back, and go there
 * again. */
static void
a_transaction_larger_than_the_cache_is_whole(void **state)
{
	struct tmp *t = *state;

	sql(t->st->db, "PRAGMA cache_size = 10");
	begin_write(t->st);
	append_rows(t->st, ROWS);
	sql(t->st->db, "UPDATE log SET event = 'f'");
	append_rows(t->st, ROWS);
	assert_int_equal(rows_seen(t), 0);
	commit(t->st);
	assert_int_equal(rows_seen(t), 2 * ROWS);
	assert_string_equal(sql_text(t->foreign, "PRAGMA integrity_check"), "ok");
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log WHERE event = 'f'"), ROWS);
}

static void
a_transaction_that_is_rolled_back_leaves_the_log_file_to_others(void **state)
{
	struct tmp *t = *state;

	sql(t->st->db, "PRAGMA cache_size = 10");
	begin_write(t->st);
	append_rows(t->st, ROWS);
	tx_rollback(t->st);
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'g', '{}')");
	begin_write(t->st);
	append_rows(t->st, 1);
	commit(t->st);
	assert_int_equal(rows_seen(t), 2);
	assert_string_equal(sql_text(t->foreign, "PRAGMA integrity_check"), "ok");
}

static void
a_commit_is_all_or_nothing_whichever_write_fails(void **state)
{
	struct tmp *t = *state;
	int64_t rows = 0;
	bool has_failed = true;

	for (int nth = 1; has_failed; nth++) {
		begin_write(t->st);
		append_rows(t->st, ROWS);
		n_writes = 0;
		fail_at = nth;
		has_failed = tx_commit(t->st) != STORE_OK;
		fail_at = 0;
		assert_true(!has_failed || store_error(t->st) == STORE_FULL);
		rows += has_failed ? 0 : ROWS;
		assert_int_equal(rows_seen(t), rows);
		assert_true(nth < 10);
	}
	assert_string_equal(sql_text(t->foreign, "PRAGMA integrity_check"), "ok");
}

/* When a commit has returned, the kernel has all its pages: another process that reads the
 * database gets them. */
static void
what_is_committed_outlives_its_connection(void **state)
{
	struct tmp *t = *state;

	begin_write(t->st);
	append_rows(t->st, ROWS);
	commit(t->st);
	store_close(t->st);
	t->st = tmp_open(t);
	assert_int_equal(rows_seen(t), ROWS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_commit_of_many_pages_is_few_writes),
	    TEST(what_is_committed_is_seen_by_others_at_once),
	    TEST(a_transaction_larger_than_the_cache_is_whole),
	    TEST(a_transaction_that_is_rolled_back_leaves_the_log_file_to_others),
	    TEST(a_commit_is_all_or_nothing_whichever_write_fails),
	    TEST(what_is_committed_outlives_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
