/* SPDX-License-Identifier: ISC */
/*
 * test_memo.c - what store/memo.h promises: what is remembered is what would be read.
 */
#include "store/memo.h"

#include "store/tables/escrows.h"
#include "store/tables/eventlog.h"
#include "unit/tmp_store.h"

static int
set_up(void **state)
{
	int rc = tmp_setup(state);

	((struct tmp *)*state)->st->remembers = true;
	return rc;
}

static int64_t *
memo(struct store *st)
{
	return memo_find(st, SPAN("key"), sizeof(int64_t));
}

/* Remembers 7, in a transaction of its own. */
static void
remember(struct store *st)
{
	begin_write(st);
	*memo(st) = 7;
	commit(st);
}

static void
assert_remembered(struct store *st, int64_t value)
{
	begin_write(st);
	assert_int_equal(*memo(st), value);
	commit(st);
}

static void
it_is_kept_over_transactions(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	remember(st);
	for (int i = 0; i < 3; i++) {
		begin_write(st);
		assert_int_equal(*memo(st), 7);
		eventlog_append(st, SPAN("escrow_1"), SPAN("e"), SPAN("{}"), SPAN(""), true, 1);
		commit(st);
	}
}

static void
a_commit_of_another_makes_it_void(void **state)
{
	struct tmp *t = *state;

	remember(t->st);
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'e', '{}')");
	assert_remembered(t->st, 0);
	remember(t->st);
	assert_remembered(t->st, 7);
}

static void
a_commit_of_another_is_not_missed_behind_a_read_of_ours(void **state)
{
	struct tmp *t = *state;

	remember(t->st);
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'e', '{}')");
	begin_read(t->st);
	assert_int_equal(eventlog_newest(t->st), 1);
	commit(t->st);
	assert_remembered(t->st, 0);
}

static void
a_commit_of_another_is_not_missed_after_a_checkpoint(void **state)
{
	struct tmp *t = *state;

	remember(t->st);
	store_checkpoint(t->st);
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'e', '{}')");
	assert_remembered(t->st, 0);
	remember(t->st);
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'e', '{}')");
	sql(t->foreign, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_remembered(t->st, 0);
}

static void
a_rollback_makes_it_void(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	*memo(st) = 7;
	tx_rollback(st);
	assert_remembered(st, 0);
	remember(st);
	begin_write(st);
	tx_rollback(st);
	assert_remembered(st, 0);
}

static void
changes_of_escrows_and_participants_make_it_void(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	int64_t escrow;

	remember(st);
	begin_write(st);
	escrow = escrow_insert(st, SPAN("1"), SPAN("title"), SPAN(""), 1);
	assert_int_equal(*memo(st), 0);
	*memo(st) = 7;
	escrow_update(st, escrow, SPAN("title"), SPAN(""), 1);
	assert_int_equal(*memo(st), 0);
	*memo(st) = 7;
	participant_put(st, escrow, SPAN("alice"), SPAN("alice"), ROLE_CLIENT);
	assert_int_equal(*memo(st), 0);
	*memo(st) = 7;
	participant_delete(st, escrow, SPAN("alice"));
	assert_int_equal(*memo(st), 0);
	commit(st);
}

static void
nothing_is_remembered_for_readers_or_other_programs(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	remember(st);
	begin_read(st);
	assert_null(memo(st));
	commit(st);
	st->remembers = false;
	begin_write(st);
	assert_null(memo(st));
	commit(st);
}

static void
keys_are_apart_and_their_number_is_bounded(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20000; i++) {
			int64_t *value = memo_find(
			    st, (struct span){(const char *)&i, sizeof(i)}, sizeof(*value));
			assert_true(*value == 0 || *value == i + 1);
			*value = i + 1;
		}
	}
	assert_true(st->memo.entries.count <= 4096);
	commit(st);
}

static void
assert_kept(struct store *st, const char *text)
{
	struct span value = SPAN("");

	assert_int_equal(memo_look(st, SPAN("text"), &value), text != NULL);
	assert_true(text == NULL || span_is(value, text));
}

static void
values_of_any_length_are_kept_until_something_changes(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;

	begin_write(st);
	assert_kept(st, NULL);
	memo_keep(st, SPAN("text"), SPAN("a"));
	memo_keep(st, SPAN("text"), SPAN("a longer one"));
	commit(st);
	begin_write(st);
	assert_kept(st, "a longer one");
	memo_keep(st, SPAN("text"), SPAN(""));
	assert_kept(st, "");
	memo_forget(st);
	assert_kept(st, NULL);
	memo_keep(st, SPAN("text"), SPAN("b"));
	assert_kept(st, "b");
	tx_rollback(st);
	begin_write(st);
	assert_kept(st, NULL);
	commit(st);
}

static void
the_bytes_of_such_values_are_bounded(void **state)
{
	struct store *st = ((struct tmp *)*state)->st;
	char *large = mem_zalloc(1000000);

	begin_write(st);
	for (int i = 0; i < 1000; i++) {
		struct span key = {(const char *)&i, sizeof(i)}, value;

		memo_keep(st, key, (struct span){large, 100000});
		assert_true(memo_look(st, key, &value));
		assert_int_equal(value.n, 100000);
		assert_true(st->memo.bytes <= 8388608);
	}
	memo_keep(st, SPAN("text"), (struct span){large, 1000000}); /* too large for it */
	assert_kept(st, NULL);
	commit(st);
	free(large);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tmp_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_kept_over_transactions),
	    TEST(a_commit_of_another_makes_it_void),
	    TEST(a_commit_of_another_is_not_missed_behind_a_read_of_ours),
	    TEST(a_commit_of_another_is_not_missed_after_a_checkpoint),
	    TEST(a_rollback_makes_it_void),
	    TEST(changes_of_escrows_and_participants_make_it_void),
	    TEST(nothing_is_remembered_for_readers_or_other_programs),
	    TEST(values_of_any_length_are_kept_until_something_changes),
	    TEST(the_bytes_of_such_values_are_bounded),
	    TEST(keys_are_apart_and_their_number_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
