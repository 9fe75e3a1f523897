/* SPDX-License-Identifier: ISC */
/*
 * tmp_store.h - for the tests of the store: a database in its own directory, and a foreign
 * connection to it.
 */
#ifndef TMP_STORE_H
#define TMP_STORE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/db.h"
#include "unit/patience.h"

struct tmp {
	char directory[64];
	char path[96];
	struct store_options options;
	struct store *st;
	sqlite3 *foreign; /* as the sqlite3 shell would have it */
};

static inline struct store *
tmp_open(struct tmp *t)
{
	struct buf err = {0};
	struct store *st = store_open(&t->options, &err);

	if (st == NULL)
		fail_msg("%s", buf_cstr(&err));
	buf_clear(&err);
	return st;
}

static inline int
tmp_directory_only(void **state)
{
	struct tmp *t = mem_zalloc(sizeof(*t));

	strcpy(t->directory, "/tmp/escrowchat-test-XXXXXX");
	if (mkdtemp(t->directory) == NULL)
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/chat.db", t->directory);
	t->options = (struct store_options){.path = t->path, .mode = 0660, .busy_ms = PATIENT_MS};
	*state = t;
	return 0;
}

static inline int
tmp_setup(void **state)
{
	struct tmp *t;

	if (tmp_directory_only(state) != 0)
		return -1;
	t = *state;
	t->st = tmp_open(t);
	return sqlite3_open(t->path, &t->foreign) == SQLITE_OK ? 0 : -1;
}

static inline int
tmp_teardown(void **state)
{
	struct tmp *t = *state;
	DIR *d;

	store_close(t->st);
	sqlite3_close(t->foreign);
	d = opendir(t->directory);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(t->directory);
	free(t);
	return 0;
}

/* ---- plain SQL ---- */

/* Runs a text of SQL. Returns NULL, or SQLite's error message (valid until the next call). */
static inline const char *
sql_error(sqlite3 *db, const char *text)
{
	return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? NULL : sqlite3_errmsg(db);
}

static inline void
sql(sqlite3 *db, const char *text)
{
	const char *why = sql_error(db, text);

	if (why != NULL)
		fail_msg("%s: %s", why, text);
}

/* Returns the first column of the first row as text, "" if there is no row. Valid until the next
 * call. */
static inline const char *
sql_text(sqlite3 *db, const char *text)
{
	static char result[256];
	sqlite3_stmt *stmt = NULL;

	result[0] = '\0';
	if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sqlite3_errmsg(db), text);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL)
		snprintf(result, sizeof(result), "%s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return result;
}

static inline int64_t
sql_int(sqlite3 *db, const char *text)
{
	return strtoll(sql_text(db, text), NULL, 10);
}

/* ---- transactions around a test's own lines ---- */

static inline void
begin_write(struct store *st)
{
	assert_int_equal(tx_begin(st, SQL_BEGIN_WRITE), STORE_OK);
}

static inline void
begin_read(struct store *st)
{
	assert_int_equal(tx_begin(st, SQL_BEGIN_READ), STORE_OK);
}

static inline void
commit(struct store *st)
{
	assert_int_equal(store_error(st), STORE_OK);
	assert_int_equal(tx_commit(st), STORE_OK);
}

#define tmp_test(f)       cmocka_unit_test_setup_teardown(f, tmp_setup, tmp_teardown)
#define directory_test(f) cmocka_unit_test_setup_teardown(f, tmp_directory_only, tmp_teardown)

#endif
