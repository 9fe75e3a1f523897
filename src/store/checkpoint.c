/* SPDX-License-Identifier: ISC */
/*
 * checkpoint.c - who copies the pages of the WAL into the database, and when.
 * While a daemon runs, only its writer makes checkpoints: after its own commit, when it has handed
 * its jobs back, and never when idle. The reason is a race in SQLite before 3.51.3, between a
 * passive checkpoint and a writer of another process that resets the WAL.
 */
#include "store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/lock.h"

#define PASSIVE_PAGES \
	800 /* less than the 1,000 pages at which a sqlite3 shell makes a checkpoint by itself */
#define ALONE_PAGES 10000

static int
on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *st = arg;

	if (pages < st->wal_pages) /* the WAL was reset */
		st->checkpoint_at_pages = st->is_checkpointer ? PASSIVE_PAGES : ALONE_PAGES;
	st->wal_pages = pages;
	return SQLITE_OK;
}

void
checkpoint_init(struct store *st)
{
	st->checkpoint_at_pages = st->is_checkpointer ? PASSIVE_PAGES : ALONE_PAGES;
	sqlite3_wal_hook(st->db, on_commit, st);
}

/* A reader can prevent the reset of the WAL. Then the next checkpoint comes after PASSIVE_PAGES
 * more pages, not at each commit. */
void
checkpoint_after_commit(struct store *st)
{
	if (!st->is_checkpointer || st->wal_pages < st->checkpoint_at_pages)
		return;
	st->checkpoint_at_pages = st->wal_pages + PASSIVE_PAGES;
	sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

void
store_checkpoint(struct store *st)
{
	st->busy_until_us = clock_mono_us() + (int64_t)st->busy_ms * 1000;
	sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

bool
store_is_checkpoint_due(const struct store *st)
{
	return !st->is_checkpointer && st->wal_pages >= st->checkpoint_at_pages;
}

void
store_checkpoint_if_alone(struct store *st)
{
	int lock;

	if (!store_is_checkpoint_due(st))
		return;
	st->checkpoint_at_pages = st->wal_pages + PASSIVE_PAGES;
	lock = lock_without_daemon(st->path, st->mode, st->group);
	if (lock < 0)
		return;
	st->busy_until_us = clock_mono_us() + (int64_t)st->busy_ms * 1000;
	sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	close(lock);
}

const char *
store_library_warning(void)
{
	int v = sqlite3_libversion_number();

	if (v >= 3051003 || (v >= 3050007 && v < 3051000) || (v >= 3044006 && v < 3045000))
		return NULL;
	return "the SQLite library can lose a commit where another program's checkpoint meets a "
	       "writer that begins the WAL anew; "
	       "versions 3.51.3, 3.50.7 and 3.44.6 are right";
}
