/* SPDX-License-Identifier: ISC */
/*
 * tx.c - transactions: their steps in order, with all that belongs to a commit, and waiting for the
 * lock of the database.
 */
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"
#include "store/db.h"
#include "store/tables/search.h"

/* ---- waiting ---- */

/* Short random sleeps and one deadline. With SQLite's own busy handler, a program could wait for
 * seconds beside another one that writes without a pause. */
int
on_busy(void *arg, int count)
{
	struct store *st = arg;
	struct timespec nap = {0};

	if (clock_mono_us() >= st->busy_until_us)
		return 0;
	st->jitter = st->jitter * 1664525 + 1013904223;
	nap.tv_nsec = 50000 + (st->jitter >> 8) % 50000;
	nanosleep(&nap, NULL);
	return 1;
}

int
on_progress(void *arg)
{
	const struct store *st = arg;

	return st->deadline_us != 0 && clock_mono_us() > st->deadline_us;
}

/* ---- the steps ---- */

enum store_err
tx_begin(struct store *st, enum sql_id begin)
{
	thread_check_store();
	if (st->depth > 0) {
		store_defect(st, "a transaction inside another");
		return st->err;
	}
	st->err = STORE_OK;
	st->busy_until_us = st->is_trying ? 0 : clock_mono_us() + (int64_t)st->busy_ms * 1000;
	if (!sqlite3_get_autocommit(st->db)) /* an earlier rollback has failed */
		tx_rollback(st);
	st->depth = 1;
	st->is_writing = begin == SQL_BEGIN_WRITE;
	st->appended.len = 0;
	st->first_message = 0;
	st->is_head_ahead = false;
	if (!st->remembers) /* else memo_begin sees whether another connection has committed */
		st->head = -1;
	if (!run(use(st, begin)))
		tx_rollback(st);
	else if (st->is_writing)
		memo_begin(st);
	return st->err;
}

void
tx_rollback(struct store *st)
{
	sqlite3_stmt *rollback = st->queries[SQL_ROLLBACK].stmt;

	if (!sqlite3_get_autocommit(st->db)) {
		sqlite3_step(rollback);
		sqlite3_reset(rollback);
	}
	st->depth = 0;
	st->is_writing = false;
	st->deadline_us = 0;
	st->appended.len = 0;
	st->is_head_ahead = false;
	memo_forget(st);
}

/* Writes what the rows of this transaction have left to its end. */
static void
write_what_is_left(struct store *st)
{
	if (st->first_message > 0)
		search_add(st, st->first_message, st->last_message);
	positions_settle(st);
}

enum store_err
tx_commit(struct store *st)
{
	bool was_writing = st->is_writing, is_committed;

	write_what_is_left(st);
	if (was_writing)
		wal_join(st, true);
	is_committed = run(use(st, SQL_COMMIT));
	if (was_writing)
		wal_join(st, false);
	if (!is_committed) {
		tx_rollback(st);
		return st->err;
	}
	st->depth = 0;
	st->is_writing = false;
	st->deadline_us = 0;
	store_works(st, was_writing);
	if (was_writing) {
		memo_commit(st);
		if (!st->is_daemons) /* the daemon's writer calls it when its jobs are done */
			checkpoint_after_commit(st);
	}
	return STORE_OK;
}

/* ---- a whole transaction ---- */

enum store_err
store_write(struct store *st, bool (*run_in)(struct store *, void *), void *arg)
{
	bool agreed;

	if (tx_begin(st, SQL_BEGIN_WRITE) != STORE_OK)
		return st->err;
	agreed = run_in(st, arg);
	if (agreed && st->err == STORE_OK)
		return tx_commit(st);
	tx_rollback(st);
	return st->err != STORE_OK ? st->err : STORE_REFUSED;
}

enum store_err
store_try_write(struct store *st, bool (*run_in)(struct store *, void *), void *arg)
{
	enum store_err err;

	st->is_trying = true;
	err = store_write(st, run_in, arg);
	st->is_trying = false;
	return err;
}

enum store_err
store_read(struct store *st, int deadline_ms, void (*run_in)(struct store *, void *), void *arg)
{
	int64_t deadline_us = clock_mono_us() + (int64_t)deadline_ms * 1000;

	if (st->depth > 0) {
		run_in(st, arg);
		return st->err;
	}
	st->deadline_us = deadline_us;
	if (tx_begin(st, SQL_BEGIN_READ) != STORE_OK)
		return st->err;
	if (deadline_us < st->busy_until_us)
		st->busy_until_us = deadline_us;
	run_in(st, arg);
	if (st->err == STORE_OK)
		return tx_commit(st);
	tx_rollback(st);
	return st->err;
}
