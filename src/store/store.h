/* SPDX-License-Identifier: ISC */
/*
 * store.h - the database: opening it, transactions and errors. This floor is the only door to
 * SQLite. A struct store is one connection, used by one thread at a time.
 *
 * The first error inside a transaction sticks: every later statement function finds nothing and
 * changes nothing, and the transaction is rolled back. So the code of chat needs no branches for
 * errors.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define STORE_NAME_SIZE 129 /* an escrowId or a wallet, and its NUL */

struct store;

enum store_err {
	STORE_OK,
	STORE_REFUSED,  /* the transaction's function returned false: rolled back, no fault */
	STORE_BUSY,     /* locked longer than busy_ms */
	STORE_FULL,     /* disk or quota */
	STORE_READONLY, /* by permission or by file system */
	STORE_DEADLINE, /* a read took longer than its deadline */
	STORE_BROKEN    /* corruption, an I/O error, or a defect of this program */
};

struct store_options {
	const char *path;
	int mode;             /* of database, -wal, -shm: 0660 */
	const char *group;    /* or NULL */
	bool full_sync;       /* durability = full */
	bool auth_open;       /* auth = open; must be the class the database was created in */
	int busy_ms;          /* how long a transaction waits for locks, in all */
	const char *search;   /* kind of the index, "words" or "trigram"; NULL: it stays as it is */
	bool must_exist;      /* for tools: do not create the database, and accept either class */
	bool is_checkpointer; /* the daemon's writer: PASSIVE checkpoints after its own commits */
};

/* Opens the database; creates it (with mode and group) and migrates it where needed. NULL: err
 * holds one line for the operator. A file that is no database of ours, has a newer schema or is of
 * the other auth class is not changed. Refuses a directory that others can write to. */
struct store *store_open(const struct store_options *, struct buf *err);
void store_close(struct store *); /* NULL is fine */

/* One write transaction (BEGIN IMMEDIATE): calls run, then commits. run returns false to roll back
 * (STORE_REFUSED). The writer thread may call such a function a second time, in a transaction of
 * its own; so each call must set all its results anew. */
enum store_err store_write(struct store *, bool (*run)(struct store *, void *arg), void *arg);

/* A write transaction that does not wait for the lock: it returns STORE_BUSY, without a log line,
 * if another connection holds the lock. */
enum store_err store_try_write(struct store *, bool (*run)(struct store *, void *arg), void *arg);

/* For a connection that writes often: from now on it remembers values between its write
 * transactions (memo.h). */
void store_remember(struct store *);

/* One read transaction of at most deadline_ms, which sees one state of the database. A call inside
 * another transaction joins that one. */
enum store_err
store_read(struct store *, int deadline_ms, void (*run)(struct store *, void *arg), void *arg);

/* The error that sticks in the open transaction, or STORE_OK. */
enum store_err store_error(const struct store *);

/* A static text for a log line or an answer. */
const char *store_err_text(enum store_err);

/* True if another connection has committed since the last call (PRAGMA data_version), or on an
 * error. */
bool store_changed(struct store *);

/* Checkpoints and truncates the WAL; the daemon calls it at its end. */
void store_checkpoint(struct store *);

/* Called by the FastCGI program after its commits: if the WAL has 10,000 pages or more and no
 * daemon runs, makes a RESTART checkpoint under the checkpointers' lock (lock.h). */
void store_checkpoint_if_alone(struct store *);

/* True if store_checkpoint_if_alone would try. */
bool store_is_checkpoint_due(const struct store *);

/* NULL, or one line for the operator if SQLite's version has the WAL-reset bug (before 3.51.3,
 * 3.50.7, 3.44.6). */
const char *store_library_warning(void);

/* For tests: the nth step of a statement from now on (1 is the next; 0: none) fails with err. Any
 * thread. */
void store_fail_at(struct store *, int nth, enum store_err);

#endif
