/* SPDX-License-Identifier: ISC */
/*
 * test_checkpoint.c - checkpoints: of the daemon's writer, and of a program without a daemon.
 */
#include "store/lock.h"
#include "unit/store_rows.h"

static void
the_checkpointer_keeps_the_log_file_short_and_others_leave_it_alone(void **state)
{
	struct tmp *t = *state;
	struct store *writer;
	int rows = 20; /* some 300 pages */
	off_t largest = 0;

	t->options.is_checkpointer = true;
	writer = tmp_open(t);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(store_write(writer, append_much, &rows), STORE_OK);
		if (size_of(t, "-wal") > largest)
			largest = size_of(t, "-wal");
	}
	store_close(writer);
	assert_true(largest < 1500 * 4120);
	for (int i = 0; i < 10; i++)
		assert_int_equal(store_write(t->st, append_much, &rows), STORE_OK);
	assert_true(size_of(t, "-wal") > 2500 * 4120);
	store_checkpoint(t->st);
	assert_int_equal(size_of(t, "-wal"), 0);
}

static void
a_reader_that_holds_the_log_file_does_not_make_every_commit_a_checkpoint(void **state)
{
	struct tmp *t = *state;
	struct store *writer;
	int rows = 60;
	int64_t position;

	t->options.is_checkpointer = true;
	writer = tmp_open(t);
	sql(t->foreign, "BEGIN; SELECT count(*) FROM log");
	assert_int_equal(store_write(writer, append_much, &rows), STORE_OK);
	assert_int_equal(writer->checkpoint_at_pages, writer->wal_pages + 800);
	assert_int_equal(store_write(writer, append_one, &position), STORE_OK);
	assert_true(writer->checkpoint_at_pages > writer->wal_pages);
	sql(t->foreign, "COMMIT");
	store_close(writer);
}

static void
without_a_daemon_a_long_log_file_is_checkpointed_and_with_one_it_is_left(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	int64_t position;
	int rows = 700; /* over 10,000 pages */
	int lock = lock_as_daemon(t->path, 0660, NULL, &err);
	off_t before;

	assert_true(lock >= 0);
	assert_int_equal(store_write(t->st, append_much, &rows), STORE_OK);
	before = size_of(t, "-wal");
	assert_true(before > 10000 * 4096);
	store_checkpoint_if_alone(t->st);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_true(t->st->wal_pages > 10000); /* the log file goes on */
	lock_release(lock);
	rows = 60;
	assert_int_equal(store_write(t->st, append_much, &rows), STORE_OK);
	store_checkpoint_if_alone(t->st);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_true(t->st->wal_pages < 100); /* it was begun anew */
	buf_clear(&err);
}

static void
a_checkpoint_without_a_daemon_does_not_keep_one_from_starting(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	int alone = lock_without_daemon(t->path, 0660, NULL), daemon;

	assert_true(alone >= 0);
	assert_int_equal(lock_without_daemon(t->path, 0660, NULL), -1);
	daemon = lock_as_daemon(t->path, 0660, NULL, &err);
	assert_true(daemon >= 0);
	close(alone);
	assert_int_equal(lock_without_daemon(t->path, 0660, NULL), -1);
	lock_release(daemon);
	buf_clear(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(the_checkpointer_keeps_the_log_file_short_and_others_leave_it_alone),
	    tmp_test(a_reader_that_holds_the_log_file_does_not_make_every_commit_a_checkpoint),
	    tmp_test(without_a_daemon_a_long_log_file_is_checkpointed_and_with_one_it_is_left),
	    tmp_test(a_checkpoint_without_a_daemon_does_not_keep_one_from_starting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
