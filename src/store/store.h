/* SPDX-License-Identifier: ISC */
/*
 * store.h - the database: opening it, transactions, and how its errors are told.
 * The floor is the only door to SQLite. A struct store is one connection, used by one thread at a
 * time.
 *
 * The first error inside a transaction sticks: every later statement function finds nothing and
 * changes nothing, and the transaction is rolled back. So the rules above carry no error branches.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct store;

enum store_err {
	STORE_OK,
	STORE_REFUSED,  /* the transaction's own function said no: rolled back, nothing is wrong */
	STORE_BUSY,     /* locked longer than busy_ms */
	STORE_FULL,     /* disk or quota */
	STORE_READONLY, /* by permission or by file system */
	STORE_DEADLINE, /* a read ran into its deadline */
	STORE_BROKEN    /* corrupt, I/O error, or a defect: logged once with SQLite's words */
};

struct store_options {
	const char *path;
	int mode;             /* of database, -wal, -shm: 0660 */
	const char *group;    /* or NULL */
	bool full_sync;       /* durability = full */
	bool auth_open;       /* auth = open; must be the class the database was created in */
	int busy_ms;          /* total deadline of the busy handler */
	const char *search;   /* "words" or "trigram": the index is to be of it; NULL: as it is */
	bool must_exist;      /* a tool's: it is not created, and of either class */
	bool is_checkpointer; /* the daemon's writer: PASSIVE checkpoints after its own commits */
};

/* Opens, creates (with mode and group) and migrates. NULL: err holds one line for the operator, the
 * file is untouched if it is no database of ours, a newer one, or one of the other auth class.
 * Refuses a directory that others can write to. */
struct store *store_open(const struct store_options *, struct buf *err);
void store_close(struct store *); /* NULL is fine */

/* One write transaction (BEGIN IMMEDIATE): run, then commit. run returns false to roll back
 * (STORE_REFUSED); it may be run a second time, alone, by the writer thread, so it sets all its
 * results anew. */
enum store_err store_write(struct store *, bool (*run)(struct store *, void *arg), void *arg);

/* The same if the lock can be had at once, else STORE_BUSY, of which nothing is logged. */
enum store_err store_try_write(struct store *, bool (*run)(struct store *, void *arg), void *arg);

/* From now on what write transactions read again and again is kept between them (memo.h): for a connection that writes often. */
void store_remember(struct store *);

/* One read transaction, at most deadline_ms long; sees one state of the database. Nested calls join
 * the outer one. */
enum store_err
store_read(struct store *, int deadline_ms, void (*run)(struct store *, void *arg), void *arg);

/* The error that sticks in the transaction under way, or STORE_OK. */
enum store_err store_error(const struct store *);

/* A sentence for a log or an answer. */
const char *store_err_text(enum store_err);

/* True if any other connection committed since the last call (PRAGMA data_version). */
bool store_changed(struct store *);

/* Checkpoints and truncates the log file: at the end of the daemon. */
void store_checkpoint(struct store *);

/* The FastCGI program after its commits: while no daemon holds the lock and the -wal file exceeds
 * 10,000 pages, checkpoints with RESTART under that lock. Cheap when there is nothing to do. */
void store_checkpoint_if_alone(struct store *);

/* Whether it is time for that. */
bool store_is_checkpoint_due(const struct store *);

/* NULL, or one line for the operator if SQLite's version has the WAL-reset bug (before 3.51.3,
 * 3.50.7, 3.44.6). */
const char *store_library_warning(void);

/* Tests: the nth statement step from now on fails (1 is the next; 0 none) with that error.
 * From any thread. */
void store_fail_at(struct store *, int nth, enum store_err);

#endif
