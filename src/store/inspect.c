/* SPDX-License-Identifier: ISC */
/*
 * inspect.c - examines a database, on a connection that changes nothing.
 */
#include "store/inspect.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "store/db.h"
#include "store/lock.h"

#define APPLICATION_ID 1162045556
#define BUSY_MS        5000

static bool
say(sqlite3 *db, const char *path, struct buf *err)
{
	buf_printf(err, "%s: %s", path, sqlite3_errmsg(db));
	return false;
}

/* Gives each row of a statement to the callback. False: an error of SQLite. */
static bool
each(sqlite3 *db, enum sql_id id, void (*row)(sqlite3_stmt *, struct inspection *),
    struct inspection *in)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql_texts[id].text, -1, &stmt, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		row(stmt, in);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE;
}

static const char *
text_of(sqlite3_stmt *stmt)
{
	const unsigned char *text = sqlite3_column_text(stmt, 0);

	return text ? (const char *)text : "";
}

static void
on_version(sqlite3_stmt *stmt, struct inspection *in)
{
	if (sqlite3_column_int64(stmt, 0) == APPLICATION_ID)
		in->version = sqlite3_column_int64(stmt, 1);
}

static void
on_class(sqlite3_stmt *stmt, struct inspection *in)
{
	in->auth_class[0] = '\0';
	strncat(in->auth_class, text_of(stmt), sizeof(in->auth_class) - 1);
}

static void
on_fault(sqlite3_stmt *stmt, struct inspection *in)
{
	if (strcmp(text_of(stmt), "ok") != 0)
		buf_printf(&in->faults, "%s\n", text_of(stmt));
}

static void
on_figure(sqlite3_stmt *stmt, struct inspection *in)
{
	in->figure(text_of(stmt), sqlite3_column_int64(stmt, 1), in->arg);
}

static int64_t
size_of(const char *path, const char *suffix)
{
	struct buf name = {0};
	struct stat sb;
	int64_t size = 0;

	buf_printf(&name, "%s%s", path, suffix);
	if (stat(buf_cstr(&name), &sb) == 0)
		size = (int64_t)sb.st_size;
	buf_clear(&name);
	return size;
}

static bool
inspect_db(
    sqlite3 *db, const char *path, enum inspect_depth depth, struct inspection *in, struct buf *err)
{
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (sqlite3_exec(db, sql_texts[SQL_INSPECT_SETTINGS].text, NULL, NULL, NULL) != SQLITE_OK ||
	    !each(db, SQL_INSPECT_VERSION, on_version, in))
		return say(db, path, err);
	if (in->version == 0) {
		buf_printf(err, "%s: no database of this program", path);
		return false;
	}
	if (!each(db, SQL_INSPECT_CLASS, on_class, in))
		return say(db, path, err);
	if (depth != INSPECT_FIGURES &&
	    (!each(db, depth == INSPECT_QUICK ? SQL_INSPECT_QUICK : SQL_INSPECT_WHOLE, on_fault,
		 in) ||
		!each(db, SQL_INSPECT_REFERENCES, on_fault, in)))
		return say(db, path, err);
	if (in->version == in->newest && !each(db, SQL_INSPECT_FIGURES, on_figure, in))
		return say(db, path, err);
	return true;
}

bool
inspect(const char *path, enum inspect_depth depth, struct inspection *in, struct buf *err)
{
	char *real = database_real(path);
	sqlite3 *db = NULL;
	bool is_fine;

	in->newest = SQL_MIGRATIONS;
	in->bytes = size_of(real, "");
	in->wal_bytes = size_of(real, "-wal");
	is_fine = sqlite3_open_v2(real, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
			  SQLITE_OK
		      ? inspect_db(db, path, depth, in, err)
		      : say(db, path, err);
	sqlite3_close(db);
	free(real);
	return is_fine;
}
