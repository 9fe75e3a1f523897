/* SPDX-License-Identifier: ISC */
/*
 * open.c - opens a database: which files are accepted, how a database is created, migrated and set
 * up. A file that is refused is not changed. While SQLite has the database open, this code never
 * opens and closes the file itself: close() would release SQLite's locks. So it reads the header
 * through SQLite's own file handle.
 */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/file.h"
#include "store/lock.h"
#include "store/tables/search.h"

#define APPLICATION_ID 1162045556 /* "ECht", as in the first migration */

/* Offsets in the file's header (SQLite's file format, section 1.3). */
#define HEADER_BYTES          100
#define HEADER_USER_VERSION   60
#define HEADER_APPLICATION_ID 68

/* ---- the files beside it ---- */

/* SQLite gives -wal and -shm the mode of the database, but the group of the process that creates
 * them. */
static void
adopt_companions(const struct store *st)
{
	static const char *const suffixes[] = {"-wal", "-shm"};
	struct buf name = {0};
	struct stat sb;
	unsigned gid;

	if (st->group == NULL || !group_find(st->group, &gid))
		return;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		name.len = 0;
		buf_printf(&name, "%s%s", st->path, suffixes[i]);
		if (stat(name.p, &sb) == 0 && sb.st_gid != gid &&
		    lchown(name.p, (uid_t)-1, gid) != 0)
			continue; /* another user's; a set-group-ID bit on the directory helps */
	}
	buf_clear(&name);
}

/* ---- the header of the file ---- */

static uint32_t
big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
say_newer(const char *path, int64_t version, struct buf *err)
{
	buf_printf(err,
	    "%s: its schema is version %lld, this program knows up to %d: it takes a newer program",
	    path, (long long)version, SQL_MIGRATIONS);
}

/* The system's error text for the last call of SQLite that failed. */
static const char *
system_error(struct store *st)
{
	sqlite3_file *file = NULL;
	int number = 0;

	if (sqlite3_file_control(st->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	    file != NULL && file->pMethods != NULL)
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
	return strerror(number != 0 ? number : EIO);
}

/* Checks the header. It takes no lock, begins no transaction and reads no journal, so it can change
 * nothing. */
static bool
check_header(struct store *st, struct buf *err)
{
	unsigned char header[HEADER_BYTES] = {0};
	sqlite3_file *file = NULL;
	int rc = SQLITE_OK;
	struct stat sb;

	if (sqlite3_file_control(st->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL || stat(st->path, &sb) != 0) {
		buf_printf(err, "%s: cannot read", st->path);
		return false;
	}
	if (sb.st_size == 0) /* like a new file; xFileSize gives 0 for a file of one byte too */
		return true;
	if (sb.st_size >= HEADER_BYTES)
		rc = file->pMethods->xRead(file, header, HEADER_BYTES, 0);
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) {
		buf_printf(err, "%s: cannot read: %s", st->path, system_error(st));
		return false;
	}
	if (memcmp(header, "SQLite format 3", 16) != 0) {
		buf_printf(err, "%s: no SQLite database", st->path);
		return false;
	}
	if (big_endian(header + HEADER_APPLICATION_ID) != APPLICATION_ID) {
		buf_printf(err, "%s: a database, but not of this program", st->path);
		return false;
	}
	if (big_endian(header + HEADER_USER_VERSION) > SQL_MIGRATIONS) {
		say_newer(st->path, big_endian(header + HEADER_USER_VERSION), err);
		return false;
	}
	return true;
}

/* ---- statements that only open.c uses ---- */

static bool
say_sqlite(struct store *st, const char *what, struct buf *err)
{
	int rc = sqlite3_errcode(st->db) & 0xff, number = sqlite3_system_errno(st->db);

	buf_printf(err, "%s: %s: %s", st->path, what, sqlite3_errmsg(st->db));
	if ((rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN) && number != 0)
		buf_printf(err, " (%s)", strerror(number));
	return false;
}

static bool
once(struct store *st, enum sql_id id, struct buf *err)
{
	if (sqlite3_exec(st->db, sql_texts[id].text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return say_sqlite(st, sql_texts[id].name, err);
}

struct state {
	int64_t application_id, version, objects;
	char auth_class[16];
};

static bool
read_class(struct store *st, struct state *state, struct buf *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(st->db, sql_texts[SQL_OPEN_CLASS].text, -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(stmt, 0);

		strncat(state->auth_class, text ? (const char *)text : "",
		    sizeof(state->auth_class) - 1);
		rc = SQLITE_DONE;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? true : say_sqlite(st, "cannot read its settings", err);
}

static bool
read_state(struct store *st, struct state *state, struct buf *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(st->db, sql_texts[SQL_OPEN_STATE].text, -1, &stmt, NULL);

	*state = (struct state){0};
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		state->application_id = sqlite3_column_int64(stmt, 0);
		state->version = sqlite3_column_int64(stmt, 1);
		state->objects = sqlite3_column_int64(stmt, 2);
	}
	sqlite3_finalize(stmt);
	if (rc != SQLITE_ROW)
		return say_sqlite(st, "cannot read", err);
	return state->version == 0 || read_class(st, state, err);
}

static const char *
class_name(bool is_open)
{
	return is_open ? "open" : "closed";
}

static bool
check_state(
    struct store *st, const struct state *state, const struct store_options *o, struct buf *err)
{
	const char *wanted = class_name(o->auth_open);

	if (state->version == 0 && state->application_id == 0 && state->objects == 0) {
		if (o->must_exist)
			buf_printf(err, "%s: it is empty", st->path);
		return !o->must_exist;
	}
	if (state->application_id != APPLICATION_ID) {
		buf_printf(err, "%s: a database, but not of this program", st->path);
		return false;
	}
	if (state->version > SQL_MIGRATIONS) {
		say_newer(st->path, state->version, err);
		return false;
	}
	if (o->must_exist || strcmp(state->auth_class, wanted) == 0)
		return true;
	buf_printf(err,
	    "%s: created with auth %s open, and auth is %s: what is in it was written under other "
	    "rules; to convert it all the same, run sqlite3 '%s' and type: "
	    "UPDATE meta SET value = '%s' WHERE key = 'auth_class';",
	    st->path, strcmp(state->auth_class, "open") == 0 ? "=" : "other than",
	    o->auth_open ? "open" : "not open", st->path, wanted);
	return false;
}

static bool
set_class(struct store *st, bool auth_open, struct buf *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(st->db, sql_texts[SQL_OPEN_CLASS_SET].text, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(stmt, 1, class_name(auth_open), -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? true : say_sqlite(st, "cannot write its settings", err);
}

/* ---- migration ---- */

static bool
inspect_state(struct store *st, const struct store_options *o, struct state *state, struct buf *err)
{
	bool is_fine = once(st, SQL_OPEN_BEGIN_READ, err);

	is_fine = is_fine && read_state(st, state, err) && check_state(st, state, o, err);
	if (!sqlite3_get_autocommit(st->db))
		sqlite3_exec(st->db, sql_texts[SQL_OPEN_ROLLBACK].text, NULL, NULL, NULL);
	return is_fine;
}

/* Runs one migration in one transaction. It reads the state again under the write lock, because
 * another program may have migrated meanwhile. */
static bool
migrate_once(struct store *st, const struct store_options *o, struct state *state, struct buf *err)
{
	bool is_fine = once(st, SQL_OPEN_BEGIN_WRITE, err);

	is_fine = is_fine && read_state(st, state, err) && check_state(st, state, o, err);
	if (is_fine && state->version < SQL_MIGRATIONS) {
		const struct sql_migration *m = &sql_migrations[state->version];

		if (sqlite3_exec(st->db, m->text, NULL, NULL, NULL) != SQLITE_OK)
			is_fine = say_sqlite(st, m->name, err);
		if (is_fine && state->version == 0)
			is_fine = set_class(st, o->auth_open, err);
		state->version++;
	}
	is_fine = is_fine && once(st, SQL_OPEN_COMMIT, err);
	if (!sqlite3_get_autocommit(st->db))
		sqlite3_exec(st->db, sql_texts[SQL_OPEN_ROLLBACK].text, NULL, NULL, NULL);
	return is_fine;
}

/* Runs before the database gets a WAL, so that the header in the database file always has its
 * application id. */
static bool
migrate(struct store *st, const struct store_options *o, struct buf *err)
{
	struct state state;

	if (!inspect_state(st, o, &state, err))
		return false;
	while (state.version < SQL_MIGRATIONS)
		if (!migrate_once(st, o, &state, err))
			return false;
	return true;
}

/* ---- the connection ---- */

static void
busy_from_now(struct store *st)
{
	int ms = st->busy_ms > BUSY_MS_OPENING ? st->busy_ms : BUSY_MS_OPENING;

	st->busy_until_us = clock_mono_us() + (int64_t)ms * 1000;
}

/* A change of the journal mode needs an exclusive lock for a moment, and SQLite does not always
 * wait for it. */
static bool
switch_to_wal(struct store *st, struct buf *err)
{
	for (int count = 0;; count++) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(st->db, sql_texts[SQL_OPEN_WAL].text, -1, &stmt, NULL);
		bool is_wal = false;

		if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
			is_wal =
			    sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
		sqlite3_finalize(stmt);
		if (is_wal)
			return true;
		if ((rc & 0xff) != SQLITE_BUSY || !on_busy(st, count))
			return say_sqlite(st, "no WAL is possible here", err);
	}
}

static const char *layer;

/* Runs before SQLite is initialised. Turns its memory statistics off: nobody reads them, and they
 * cost a lock at each allocation of each thread. */
static void
configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	layer = wal_layer();
}

static bool
connect_file(struct store *st, struct buf *err)
{
	static pthread_once_t once_only = PTHREAD_ONCE_INIT;
	static const struct {
		int option, value;
	} switches[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0}, {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, /* until set_up accepts the database */
	};
	pthread_once(&once_only, configure_library);
	int rc = sqlite3_open_v2(st->path, &st->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, layer);

	if (rc != SQLITE_OK)
		return say_sqlite(st, "cannot open", err);
	if (sqlite3_db_readonly(st->db, "main") != 0) {
		buf_printf(err, "%s: this user cannot write to it", st->path);
		return false;
	}
	if (!check_header(st, err))
		return false;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		sqlite3_db_config(st->db, switches[i].option, switches[i].value, NULL);
	sqlite3_busy_handler(st->db, on_busy, st);
	return true;
}

static bool
prepare(struct store *st, enum sql_id id, struct buf *err)
{
	struct query *q = &st->queries[id];

	q->st = st;
	if (sqlite3_prepare_v3(st->db, sql_texts[id].text, -1, SQLITE_PREPARE_PERSISTENT, &q->stmt,
		NULL) != SQLITE_OK)
		return say_sqlite(st, sql_texts[id].name, err);
	q->n_names = sqlite3_bind_parameter_count(q->stmt);
	q->is_writer = !sqlite3_stmt_readonly(q->stmt);
	positions_watch(q, id);
	if (q->n_names > QUERY_PARAMETERS_MAX) {
		buf_printf(err, "%s: too many parameters", sql_texts[id].name);
		return false;
	}
	for (int i = 0; i < q->n_names; i++)
		q->names[i] = mem_strdup(sqlite3_bind_parameter_name(q->stmt, i + 1));
	return true;
}

static bool
prepare_all(struct store *st, struct buf *err)
{
	for (int id = 0; id < SQL_COUNT; id++)
		if (!sql_texts[id].is_once && !prepare(st, (enum sql_id)id, err))
			return false;
	return true;
}

static bool
set_up(struct store *st, const struct store_options *options, struct buf *err)
{
	if (!connect_file(st, err))
		return false;
	busy_from_now(st);
	if (!once(st, SQL_OPEN_SETTINGS, err) || !migrate(st, options, err))
		return false;
	busy_from_now(st);
	if (!switch_to_wal(st, err) || !once(st, SQL_OPEN_SORTING, err) ||
	    !once(st, options->full_sync ? SQL_OPEN_SYNC_FULL : SQL_OPEN_SYNC_NORMAL, err) ||
	    (options->search && !search_set_up(st, options->search, err)) || !prepare_all(st, err))
		return false;
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sqlite3_progress_handler(st->db, 2000, on_progress, st);
	checkpoint_init(st);
	store_changed(st);
	adopt_companions(st);
	return true;
}

/* For a database that is refused: the close makes no checkpoint, so the WAL keeps its content. Only
 * an empty WAL may be removed. */
static void
leave_untouched(struct store *st)
{
	struct buf name = {0};
	struct stat sb;

	buf_printf(&name, "%s-wal", st->path);
	if (stat(name.p, &sb) == 0 && sb.st_size == 0)
		sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	buf_clear(&name);
}

struct store *
store_open(const struct store_options *options, struct buf *err)
{
	bool exists;
	char *path = file_find(options->path, &exists, err);
	struct store *st;

	if (path == NULL)
		return NULL;
	if (!exists && options->must_exist) {
		buf_printf(err, "%s: there is no such database", path);
		free(path);
		return NULL;
	}
	if (!exists && !file_create(path, options->mode, options->group, err)) {
		free(path);
		return NULL;
	}
	st = mem_zalloc(sizeof(*st));
	st->path = path;
	st->group = options->group ? mem_strdup(options->group) : NULL;
	st->mode = options->mode;
	st->busy_ms = options->busy_ms;
	st->is_checkpointer = options->is_checkpointer;
	st->jitter = (unsigned)ids_u64();
	if (set_up(st, options, err))
		return st;
	if (st->db != NULL)
		leave_untouched(st);
	store_close(st);
	return NULL;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	search_close(st);
	for (int id = 0; id < SQL_COUNT; id++) {
		struct query *q = &st->queries[id];

		sqlite3_finalize(q->stmt);
		for (int i = 0; i < QUERY_PARAMETERS_MAX; i++)
			free(q->names[i]);
	}
	sqlite3_close(st->db);
	buf_clear(&st->appended);
	memo_clear(&st->memo);
	free(st->path);
	free(st->group);
	free(st);
}
