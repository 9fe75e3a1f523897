/* SPDX-License-Identifier: ISC */
/*
 * db.h - for the store's own files: the connection, its prepared statements, and the steps of a
 * transaction. A statement function calls use, binds parameters by name, calls step or run, then
 * done. After the first error of a transaction, none of these does anything. The header is
 * long, since all of these work on one struct.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "store/memo.h"
#include "store/sql.h"
#include "store/store.h"

#define QUERY_PARAMETERS_MAX 12
#define BUSY_MS_OPENING      5000 /* at least: another program may be creating the database */

struct query {
	struct store *st;
	sqlite3_stmt *stmt;
	/* With the ':'. These are copies: SQLite frees its own when it prepares a statement
	 * again. */
	char *names[QUERY_PARAMETERS_MAX];
	int n_names;
	int next;       /* the parameter that is probably bound next */
	bool is_writer; /* the statement may change the database */
	/* use calls it first; NULL: there is nothing to do before. */
	void (*before)(struct store *);
};

struct store {
	sqlite3 *db;
	char *path;
	char *group;
	int mode;
	int busy_ms;
	bool is_checkpointer;
	struct query queries[SQL_COUNT];

	/* the open transaction */
	int depth; /* 0: none */
	bool is_writing;
	enum store_err err;    /* sticks until the next transaction */
	int64_t deadline_us;   /* monotonic; 0: none */
	int64_t busy_until_us; /* monotonic: when the wait for a lock ends */

	bool is_trying; /* do not wait for the lock */

	bool is_daemons; /* this is the connection of the daemon's writer, which fills appended */
	struct buf appended; /* rows of the log that this transaction has appended (packed.h) */

	bool remembers; /* this connection writes often, and fills memo */
	struct memo memo;

	int64_t head; /* the newest position; -1: it has to be read */
	/* Messages have taken positions that sqlite_sequence does not have yet. */
	bool is_head_ahead;
	/* The first and the last message that the transaction has inserted; 0: none. */
	int64_t first_message, last_message;
	struct tokenizer {
		fts5_tokenizer methods;
		Fts5Tokenizer *it; /* NULL: not made yet */
	} tokenizers[2];           /* for words, for trigrams (tables/search.c) */

	unsigned told;   /* a bit for each store_err that has a log line already */
	unsigned jitter; /* state of the busy handler's random sleeps */

	/* tables/rates.c; [1] is for the buckets of a day, [0] for the others */
	unsigned rate_takes[2]; /* how often rate_take was called */
	/* The bucket at which the last sweep ended; "": the next one begins at the first. */
	char rates_swept[2][STORE_NAME_SIZE + 64];

	int64_t seen_version; /* PRAGMA data_version */
	int wal_pages;        /* pages in the WAL after our last commit */
	int checkpoint_at_pages;
	/* For tests: the number of steps until one fails; 0: none fails. A test may set it while
	 * another thread calls step. */
	atomic_int fail_countdown;
	_Atomic enum store_err fail_err;
};

/* ---- statements (store.c) ---- */

/* Resets a statement and returns it. Bind every parameter each time. */
struct query *use(struct store *, enum sql_id);
void bind_int(struct query *, const char *name, int64_t);
void bind_text(struct query *, const char *name, struct span);         /* borrows it until done */
void bind_text_or_null(struct query *, const char *name, struct span); /* n 0: NULL */

/* True: there is a row. False: there are no more rows, or there is an error (which sticks); the
 * statement is reset. */
bool step(struct query *);
/* For statements without rows. False on an error. */
bool run(struct query *);
/* Resets a statement whose rows were not all read. */
void done(struct query *);

int64_t column_int(const struct query *, int column);
/* Valid until the next step; n is 0 for NULL. */
struct span column_text(const struct query *, int column);
/* Copies a text and terminates it. A text that does not fit is cut between two characters. */
void column_copy(const struct query *, int column, char *out, size_t size);

/* Runs a statement whose parameters are bound, and returns the integer in the first column of its
 * first row. If there is no row or it is NULL, or on an error, returns otherwise. */
int64_t single_int(struct query *, int64_t otherwise);

/* ---- transactions (tx.c): for store_write and the threads ---- */
enum store_err tx_begin(struct store *, enum sql_id begin);
enum store_err tx_commit(struct store *);
void tx_rollback(struct store *);

/* SQLite calls on_busy while it waits for a lock, and on_progress while a statement runs; arg is
 * the store. */
int on_busy(void *arg, int count);
int on_progress(void *arg);

/* Records an error, which sticks; only the first one counts. rc is the code that SQLite gave. */
void store_fail(struct store *, int rc);
/* Records a defect of our own code as such an error; what describes it in a few words. */
void store_defect(struct store *, const char *what);
/* Called after each commit: the next error of a kind gets a log line again. A full disk or a lack
 * of permission is over only if the transaction has_written. */
void store_works(struct store *, bool has_written);

/* ---- positions in the log (positions.c) ---- */
/* Takes the position of the row that is appended next. If that row is a message, positions_settle
 * writes the position to sqlite_sequence later. */
int64_t position_take(struct store *);
/* Writes the positions that messages have taken to sqlite_sequence. Called before any other
 * statement that can make rows of the log, and before the commit. */
void positions_settle(struct store *);
/* Called when a statement was prepared: sees to it that positions_settle is called before it where
 * it can make rows of the log. */
void positions_watch(struct query *, enum sql_id);

/* ---- the index of messages (tables/search.c) ---- */
void search_close(struct store *); /* frees what it has made */

/* ---- the WAL (wal.c) ---- */
/* Registers the VFS through which databases are opened, and returns its name. Call it once in a
 * process. */
const char *wal_layer(void);
/* Say that a COMMIT begins (true) or has ended (false). */
void wal_join(struct store *, bool is_joining);

/* ---- checkpoints (checkpoint.c) ---- */
void checkpoint_init(struct store *); /* sets the WAL hook; call it after the settings */
void checkpoint_after_commit(struct store *);

#endif
