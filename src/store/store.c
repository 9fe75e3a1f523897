/* SPDX-License-Identifier: ISC */
/*
 * store.c - statements, and the mapping of SQLite's errors to enum store_err.
 * The first error of a transaction sticks: later statements find nothing and change nothing.
 */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/thread.h"
#include "store/db.h"

static const struct {
	enum log_level level;
	const char *text;
} errors[] = {
    [STORE_OK] = {LOG_LEVEL_DEBUG, "no error"},
    [STORE_REFUSED] = {LOG_LEVEL_DEBUG, "refused"},
    [STORE_BUSY] = {LOG_LEVEL_WARN, "the database is locked for too long"},
    [STORE_FULL] = {LOG_LEVEL_ERROR, "no space is left for the database"},
    [STORE_READONLY] = {LOG_LEVEL_ERROR, "the database cannot be written to"},
    [STORE_DEADLINE] = {LOG_LEVEL_WARN, "the database took too long"},
    [STORE_BROKEN] = {LOG_LEVEL_ERROR, "the database failed"},
};

#define STAYS_UNTIL_A_COMMIT (1u << STORE_FULL | 1u << STORE_READONLY)

const char *
store_err_text(enum store_err err)
{
	return errors[err].text;
}

enum store_err
store_error(const struct store *st)
{
	return st->err;
}

void
store_fail_at(struct store *st, int nth, enum store_err err)
{
	st->fail_err = err; /* first: another thread may count down */
	st->fail_countdown = nth;
}

/* Reads the reason from errno, because SQLite's own code does not have it, and
 * sqlite3_system_errno() does not cover the WAL. */
static enum store_err
of_io_error(int rc)
{
	if (rc == SQLITE_IOERR_SHMSIZE)
		return STORE_FULL;
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return STORE_FULL;
	case EROFS:
		return STORE_READONLY;
	default:
		return STORE_BROKEN;
	}
}

/* errno must be that of the step that failed. */
static enum store_err
store_err_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return STORE_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return STORE_BUSY;
	case SQLITE_FULL:
		return STORE_FULL;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return STORE_READONLY;
	case SQLITE_INTERRUPT:
		return STORE_DEADLINE;
	case SQLITE_IOERR:
		return of_io_error(rc);
	default:
		return STORE_BROKEN;
	}
}

/* Writes one log line for each kind of error until the database works again: a full disk fails
 * every transaction. */
static void
stick(struct store *st, enum store_err err, const char *why)
{
	if (st->err != STORE_OK)
		return;
	st->err = err;
	if (st->told & 1u << err || (st->is_trying && err == STORE_BUSY))
		return;
	st->told |= 1u << err;
	log_line(errors[err].level, "database: %s: %s", errors[err].text, why);
}

void
store_fail(struct store *st, int rc)
{
	stick(st, store_err_of(rc), sqlite3_errmsg(st->db));
}

void
store_defect(struct store *st, const char *what)
{
	stick(st, STORE_BROKEN, what);
}

void
store_works(struct store *st, bool has_written)
{
	unsigned keep = has_written ? 0 : STAYS_UNTIL_A_COMMIT;

	if ((st->told & ~keep) == 0)
		return;
	st->told &= keep;
	log_info("database: works again");
}

/* ---- statements ---- */

struct query *
use(struct store *st, enum sql_id id)
{
	struct query *q = &st->queries[id];

	thread_check_store();
	if (q->before != NULL)
		q->before(st);
	q->next = 0;
	if (sqlite3_stmt_busy(q->stmt)) {
		store_defect(st, "a statement is used inside its own loop");
		return q;
	}
	sqlite3_reset(q->stmt);
	return q;
}

/* Parameters are nearly always bound in the order in which they appear. */
static int
parameter(struct query *q, const char *name)
{
	for (int i = 0; i < q->n_names; i++) {
		int at = (q->next + i) % q->n_names;

		if (strcmp(q->names[at], name) == 0) {
			q->next = at + 1;
			return at + 1;
		}
	}
	store_defect(q->st, "a parameter has no such name");
	return 0;
}

void
bind_int(struct query *q, const char *name, int64_t value)
{
	int at = parameter(q, name);

	if (at > 0 && q->st->err == STORE_OK)
		sqlite3_bind_int64(q->stmt, at, value);
}

void
bind_text(struct query *q, const char *name, struct span text)
{
	int at = parameter(q, name), rc;

	if (at == 0 || q->st->err != STORE_OK)
		return;
	rc = sqlite3_bind_text64(
	    q->stmt, at, text.p ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
	if (rc != SQLITE_OK)
		store_fail(q->st, rc);
}

void
bind_text_or_null(struct query *q, const char *name, struct span text)
{
	int at;

	if (text.n > 0) {
		bind_text(q, name, text);
		return;
	}
	at = parameter(q, name);
	if (at > 0 && q->st->err == STORE_OK)
		sqlite3_bind_null(q->stmt, at);
}

static bool
may_step(struct query *q)
{
	struct store *st = q->st;

	if (st->err != STORE_OK)
		return false;
	if (st->depth == 0) {
		store_defect(st, "a statement outside a transaction");
		return false;
	}
	if (q->is_writer && !st->is_writing) {
		store_defect(st, "a change inside a read transaction");
		return false;
	}
	if (st->fail_countdown > 0 && --st->fail_countdown == 0) {
		stick(st, st->fail_err, "a test said so");
		return false;
	}
	return true;
}

bool
step(struct query *q)
{
	int rc;

	if (!may_step(q)) {
		sqlite3_reset(q->stmt);
		return false;
	}
	errno = 0;
	rc = sqlite3_step(q->stmt);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		store_fail(q->st, rc);
	sqlite3_reset(q->stmt);
	return false;
}

bool
run(struct query *q)
{
	if (step(q))
		sqlite3_reset(q->stmt);
	return q->st->err == STORE_OK;
}

void
done(struct query *q)
{
	sqlite3_reset(q->stmt);
}

int64_t
column_int(const struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

struct span
column_text(const struct query *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q->stmt, column);

	if (text == NULL)
		return SPAN("");
	return (struct span){(const char *)text, (size_t)sqlite3_column_bytes(q->stmt, column)};
}

void
column_copy(const struct query *q, int column, char *out, size_t size)
{
	struct span text = column_text(q, column);
	size_t n = text.n;

	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text.p, n);
	out[n] = '\0';
}

int64_t
single_int(struct query *q, int64_t otherwise)
{
	int64_t value = otherwise;

	if (!step(q))
		return otherwise;
	if (sqlite3_column_type(q->stmt, 0) != SQLITE_NULL)
		value = column_int(q, 0);
	done(q);
	return value;
}

/* ---- the database ---- */

bool
store_changed(struct store *st)
{
	sqlite3_stmt *stmt = st->queries[SQL_DATA_VERSION].stmt;
	int64_t version = -1; /* on an error, the caller's next read reports it */
	bool is_other;

	thread_check_store();
	if (sqlite3_step(stmt) == SQLITE_ROW)
		version = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	is_other = version != st->seen_version || version < 0;
	st->seen_version = version;
	return is_other;
}
