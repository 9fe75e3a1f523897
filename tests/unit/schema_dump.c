/* SPDX-License-Identifier: ISC */
/*
 * schema_dump.c - prints the statements that made the objects of a database: of a new one that the
 * store creates, or of an empty one in which a file of SQL was run. For documents.sh.
 * usage: schema_dump [FILE.sql]
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/store.h"

static const char objects_query[] =
    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
    "AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY name";

static bool
complain(const char *path, const char *why)
{
	fprintf(stderr, "schema_dump: %s: %s\n", path, why);
	return false;
}

static bool
print_objects(sqlite3 *db, const char *path)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		printf("@ version %d\n", sqlite3_column_int(stmt, 0));
	sqlite3_finalize(stmt);
	rc = sqlite3_prepare_v2(db, objects_query, -1, &stmt, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		printf("@ %s %s\n%s\n", (const char *)sqlite3_column_text(stmt, 0),
		    (const char *)sqlite3_column_text(stmt, 1),
		    (const char *)sqlite3_column_text(stmt, 2));
		rc = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE || complain(path, sqlite3_errmsg(db));
}

static bool
print_database(const char *path)
{
	sqlite3 *db = NULL;
	bool is_good = sqlite3_open(path, &db) == SQLITE_OK;

	is_good = is_good ? print_objects(db, path) : complain(path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return is_good;
}

/* Creates a database in an empty directory, and removes both in the end. */
static bool
print_new_database(void)
{
	char directory[] = "/tmp/escrowchat-schema-XXXXXX", path[64];
	struct store_options options = {.path = path, .mode = 0600};
	struct buf err = {0};
	struct store *st;
	bool is_good;

	if (mkdtemp(directory) == NULL)
		return complain(directory, "cannot be made");
	snprintf(path, sizeof(path), "%s/new.db", directory);
	st = store_open(&options, &err);
	is_good = st != NULL ? print_database(path) : complain(path, buf_cstr(&err));
	store_close(st);
	unlink(path);
	rmdir(directory);
	buf_clear(&err);
	return is_good;
}

static bool
run_file(sqlite3 *db, const char *path)
{
	FILE *f = fopen(path, "re");
	struct buf text = {0};
	bool is_good;

	if (f == NULL)
		return complain(path, "cannot be read");
	for (int c; (c = getc(f)) != EOF;)
		buf_addc(&text, (char)c);
	fclose(f);
	is_good = sqlite3_exec(db, buf_cstr(&text), NULL, NULL, NULL) == SQLITE_OK ||
		  complain(path, sqlite3_errmsg(db));
	buf_clear(&text);
	return is_good;
}

static bool
print_file(const char *path)
{
	sqlite3 *db = NULL;
	bool is_good = sqlite3_open(":memory:", &db) == SQLITE_OK && run_file(db, path) &&
		       print_objects(db, path);

	sqlite3_close(db);
	return is_good;
}

int
main(int argc, char **argv)
{
	bool is_good = argc > 1 ? print_file(argv[1]) : print_new_database();

	return is_good && fflush(stdout) == 0 ? 0 : 1;
}
