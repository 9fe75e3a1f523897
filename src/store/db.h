/* SPDX-License-Identifier: ISC */
/*
 * db.h - inside the store floor: the connection, its prepared statements, and the transaction's
 * steps. A statement function is: use, bind by name, step or run, done. After the first error all
 * of these do nothing.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "store/escrows.h"
#include "store/memo.h"
#include "store/sql.h"
#include "store/store.h"

#define QUERY_PARAMETERS_MAX 12
#define BUSY_MS_OPENING      5000 /* at least: another program may be creating the database */

struct query {
	struct store *st;
	sqlite3_stmt *stmt;
	char *
	    names[QUERY_PARAMETERS_MAX]; /* ':' included; ours: SQLite's go when it prepares anew */
	int n_names;
	int next;       /* the parameter that is probably bound next */
	bool is_writer; /* it may change something */
};

struct store {
	sqlite3 *db;
	char *path;
	char *group;
	int mode;
	int busy_ms;
	bool is_checkpointer;
	struct query queries[SQL_COUNT];

	/* the transaction under way */
	int depth; /* 0: none */
	bool is_writing;
	enum store_err err;    /* sticks until the next transaction */
	int64_t deadline_us;   /* monotonic; 0: none */
	int64_t busy_until_us; /* monotonic: when waiting for a lock ends */

	bool is_trying; /* the lock is not waited for */

	bool is_daemons;  /* it is the writer of a daemon, which keeps the following */
	struct buf fresh; /* rows of the log that it has appended (fresh.h) */

	bool remembers; /* it writes often, and keeps the following */
	struct memo memo;

	int64_t head;                        /* the newest position; -1: has to be read */
	bool is_head_ahead;                  /* of sqlite_sequence: messages have taken positions */
	int64_t first_message, last_message; /* that the transaction inserted; 0: none */
	struct tokenizer {
		fts5_tokenizer methods;
		Fts5Tokenizer *it; /* NULL: not made yet */
	} tokenizers[2];           /* of words, of trigrams (search.c) */

	unsigned told;                             /* bit per store_err: it is in the log already */
	unsigned jitter;                           /* state of the busy handler's random sleeps */
	unsigned rate_takes[2];                    /* rates.c: of buckets of a day: [1] */
	char rates_swept[2][STORE_NAME_SIZE + 64]; /* up to which bucket; "": from the first */
	int64_t seen_version;                      /* PRAGMA data_version */
	int wal_pages;                             /* in the log file after our last commit */
	int checkpoint_at_pages;
	atomic_int fail_countdown; /* tests: 0: none; they set it while another thread steps */
	_Atomic enum store_err fail_err;
};

/* ---- statements (store.c) ---- */

/* The statement, reset. Every parameter has to be bound each time. */
struct query *use(struct store *, enum sql_id);
void bind_int(struct query *, const char *name, int64_t);
void bind_text(struct query *, const char *name, struct span);         /* borrowed until done */
void bind_text_or_null(struct query *, const char *name, struct span); /* n 0: NULL */

/* True: there is a row. False: there are no more, or an error (which sticks); the statement is
 * reset. */
bool step(struct query *);
/* For statements without rows. False on an error. */
bool run(struct query *);
/* Resets a statement whose rows were not all read. */
void done(struct query *);

int64_t column_int(const struct query *, int column);
struct span
column_text(const struct query *, int column); /* lives until the next step; NULL: n 0 */
/* Copies a text, terminated; a text that does not fit is cut between two characters. */
void column_copy(const struct query *, int column, char *out, size_t size);

/* The one integer of the first row of a statement, whose parameters are bound; or otherwise, where
 * there is no row. */
int64_t single_int(struct query *, int64_t otherwise);

/* ---- transactions (store.c): what store_write and the writer thread are made of ---- */
enum store_err tx_begin(struct store *, enum sql_id begin);
enum store_err tx_commit(struct store *);
void tx_rollback(struct store *);

/* SQLite's callbacks while a lock is waited for and while a statement runs; arg is the store. */
int on_busy(void *arg, int count);
int on_progress(void *arg);

/* Notes an error, which sticks; the first one counts. rc: the code that SQLite gave. */
void store_fail(struct store *, int rc);
/* The same for a defect of our own, which what describes in a few words. */
void store_defect(struct store *, const char *what);

/* ---- positions in the log (queue.c) ---- */
/* The position of the row that is appended next. Where that row is a message, positions_settle
 * notes the position. */
int64_t position_take(struct store *);
/* Notes in sqlite_sequence the positions that messages have taken: before anything else makes rows
 * of the log, and before the commit. */
void positions_settle(struct store *);

/* ---- the index of messages (search.c) ---- */
void search_close(struct store *); /* frees what it has made */

/* ---- the log file (wal.c) ---- */
/* The name of the layer through which databases are opened; registers it, once in a process. */
const char *wal_layer(void);
/* A COMMIT begins, or has ended. */
void wal_join(struct store *, bool is_joining);

/* ---- checkpoints (checkpoint.c) ---- */
void checkpoint_init(struct store *); /* hooks on; after the settings */
void checkpoint_after_commit(struct store *);

#endif
