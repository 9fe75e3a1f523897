/* SPDX-License-Identifier: ISC */
/*
 * test_store_open.c - opening a database: a new one, those that are refused, and its settings.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>

#include "store/lock.h"
#include "unit/skips.h"
#include "unit/store_rows.h"

static struct buf
slurp(const char *path)
{
	struct buf b = {0};
	char block[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_add(&b, block, (size_t)n);
	close(fd);
	return b;
}

static void
spill(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static int
mode_of(const struct tmp *t, const char *suffix)
{
	char path[128];
	struct stat sb;

	snprintf(path, sizeof(path), "%s%s", t->path, suffix);
	assert_int_equal(stat(path, &sb), 0);
	return sb.st_mode & 07777;
}

/* Opening fails with a line that holds the word, and the file has the same bytes as before. */
static void
assert_refused_untouched(struct tmp *t, const char *word)
{
	struct buf before = slurp(t->path), after, err = {0};

	assert_null(store_open(&t->options, &err));
	assert_non_null(strstr(buf_cstr(&err), word));
	assert_null(strchr(err.p, '\n'));
	after = slurp(t->path);
	assert_int_equal(before.len, after.len);
	if (before.len > 0)
		assert_memory_equal(before.p, after.p, before.len);
	buf_clear(&before);
	buf_clear(&after);
	buf_clear(&err);
}

/* ---- opening ---- */

static void
a_new_database_gets_its_mode_whatever_the_umask_and_its_companions_follow(void **state)
{
	struct tmp *t = *state;
	mode_t old = umask(0177);
	int64_t position;

	t->options.mode = 0664;
	t->st = tmp_open(t);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	umask(old);
	assert_int_equal(mode_of(t, ""), 0664);
	assert_int_equal(mode_of(t, "-wal"), 0664);
	assert_int_equal(mode_of(t, "-shm"), 0664);
}

static void
a_new_database_its_companions_and_the_lock_get_the_group(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	struct tmp *t = *state;
	struct group *group = getgrgid(geteuid() == 0 ? 1 : getegid());
	struct buf err = {0};
	struct stat sb;
	char path[128];
	int lock;

	if (group == NULL)
		skip_test("the running user's group has no name");
	t->options.group = group->gr_name;
	t->st = tmp_open(t);
	lock = lock_as_daemon(t->path, 0660, group->gr_name, &err);
	assert_true(lock >= 0);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", t->path, suffixes[i]);
		assert_int_equal(stat(path, &sb), 0);
		assert_int_equal(sb.st_gid, group->gr_gid);
		assert_int_equal(sb.st_mode & 07777, 0660);
	}
	lock_release(lock);
	buf_clear(&err);
}

static void
an_unknown_group_is_a_line_and_leaves_no_file_behind(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};

	t->options.group = "no-such-group-here";
	assert_null(store_open(&t->options, &err));
	assert_non_null(strstr(buf_cstr(&err), "no-such-group-here"));
	assert_int_equal(size_of(t, ""), -1);
	buf_clear(&err);
}

static void
what_was_written_is_there_when_it_is_opened_again(void **state)
{
	struct tmp *t = *state;
	int64_t position;

	t->st = tmp_open(t);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	store_close(t->st);
	t->st = tmp_open(t);
	begin_read(t->st);
	assert_int_equal(eventlog_newest(t->st), position);
	commit(t->st);
}

static void
an_empty_file_becomes_a_database(void **state)
{
	struct tmp *t = *state;

	spill(t->path, "", 0);
	t->st = tmp_open(t);
}

static void
programs_that_create_it_at_the_same_time_all_succeed(void **state)
{
	struct tmp *t = *state;
	enum { N = 6 };
	pid_t child[N];
	int status, go[2];
	char byte;

	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < N; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			struct buf err = {0};
			struct store *st;
			int64_t position;

			close(go[1]);
			if (read(go[0], &byte, 1) != 0)
				_exit(3);
			st = store_open(&t->options, &err);
			_exit(st == NULL ? 1 : store_write(st, append_one, &position) != STORE_OK);
		}
	}
	close(go[0]);
	close(go[1]); /* all start now */
	for (int i = 0; i < N; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	t->st = tmp_open(t);
	assert_int_equal(sql_int(t->st->db, "SELECT count(*) FROM incarnations"), 1);
	assert_int_equal(sql_int(t->st->db, "SELECT count(*) FROM log"), N);
	assert_int_equal(
	    sql_int(t->st->db, "SELECT count(*) FROM meta WHERE key = 'auth_class'"), 1);
}

static void
a_file_that_is_no_database_is_refused_untouched(void **state)
{
	struct tmp *t = *state;
	char page[4096];

	memset(page, 'x', sizeof(page));
	for (size_t n = 1; n <= sizeof(page); n = n * 4) {
		spill(t->path, page, n);
		assert_refused_untouched(t, "no SQLite database");
	}
	assert_int_equal(size_of(t, "-wal"), -1);
	assert_int_equal(size_of(t, "-shm"), -1);
}

static int reads_left; /* of SQLite's; the next one fails, and those after it */

static ssize_t
pread_fails(int fd, void *to, size_t n, off_t at)
{
	if (reads_left-- > 0)
		return pread(fd, to, n, at);
	errno = EIO;
	return -1;
}

static void
a_disk_that_cannot_be_read_is_told_as_one(void **state)
{
	static const char *const calls[] = {"pread", "pread64"};
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
	struct tmp *t = *state;
	struct buf err = {0};

	store_close(tmp_open(t));
	for (int n = 0; n < 3; n++) {
		reads_left = n;
		for (size_t i = 0; i < 2; i++)
			vfs->xSetSystemCall(vfs, calls[i], (sqlite3_syscall_ptr)pread_fails);
		assert_null(store_open(&t->options, &err));
		for (size_t i = 0; i < 2; i++)
			vfs->xSetSystemCall(vfs, calls[i], NULL);
		if (strstr(buf_cstr(&err), "Input/output error") == NULL)
			fail_msg("read %d: %s", n, err.p);
		err.len = 0;
	}
	buf_clear(&err);
	t->st = tmp_open(t);
}

static void
a_database_that_cannot_be_looked_at_is_not_told_as_missing(void **state)
{
	enum { OTHER_USER = 12345 };
	struct tmp *t = *state;
	struct buf err = {0};
	bool is_root = geteuid() == 0;

	store_close(tmp_open(t));
	chmod(t->directory, 0);
	if (is_root)
		assert_int_equal(seteuid(OTHER_USER), 0);
	assert_null(store_open(&t->options, &err));
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	chmod(t->directory, 0700);
	assert_non_null(strstr(buf_cstr(&err), "cannot look at it: user "));
	assert_non_null(strstr(err.p, "may not look into /tmp/"));
	buf_clear(&err);
}

static void
a_database_of_another_program_is_refused_untouched(void **state)
{
	struct tmp *t = *state;

	sqlite3_open(t->path, &t->foreign);
	sql(t->foreign, "CREATE TABLE bookmarks(url); INSERT INTO bookmarks VALUES('x')");
	assert_refused_untouched(t, "not of this program");
	sql(t->foreign, "PRAGMA application_id = 7; PRAGMA journal_mode = WAL; INSERT INTO "
			"bookmarks VALUES('y')");
	assert_refused_untouched(t, "not of this program");
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM bookmarks"), 2);
}

static void
a_newer_database_is_refused_untouched(void **state)
{
	struct tmp *t = *state;

	store_close(tmp_open(t));
	sqlite3_open(t->path, &t->foreign);
	sql(t->foreign, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 999");
	sqlite3_close(t->foreign);
	t->foreign = NULL;
	assert_refused_untouched(t, "999");
	assert_int_equal(size_of(t, "-wal"), -1);
}

static void
a_newer_database_is_refused_untouched_where_only_its_log_file_says_so(void **state)
{
	struct tmp *t = *state;
	char wal[128];
	struct buf before, after;

	store_close(tmp_open(t));
	sqlite3_open(t->path, &t->foreign);
	sql(t->foreign, "PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 999");
	sqlite3_db_config(t->foreign, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(t->foreign);
	t->foreign = NULL;
	snprintf(wal, sizeof(wal), "%s-wal", t->path);
	before = slurp(wal);
	assert_true(before.len > 0);
	assert_refused_untouched(t, "999");
	after = slurp(wal);
	assert_int_equal(after.len, before.len);
	assert_memory_equal(after.p, before.p, before.len);
	buf_clear(&before);
	buf_clear(&after);
}

static void
a_database_of_the_other_auth_class_is_refused_and_the_line_says_how_to_convert(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	char *command;

	store_close(tmp_open(t));
	t->options.auth_open = true;
	assert_refused_untouched(t, "auth");
	assert_int_equal(size_of(t, "-wal"), -1);
	assert_null(store_open(&t->options, &err));
	command = strstr(buf_cstr(&err), "UPDATE "); /* the rest of the line */
	assert_non_null(command);
	assert_null(strpbrk(err.p, "\"\\")); /* a log line escapes them: nobody could paste it */
	sqlite3_open(t->path, &t->foreign);
	sql(t->foreign, command);
	t->st = tmp_open(t);
	store_close(t->st);
	t->st = NULL;
	t->options.auth_open = false;
	assert_refused_untouched(t, "auth");
	buf_clear(&err);
}

static void
places_where_no_database_can_be_are_refused_with_one_line(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	char path[128];

	chmod(t->directory, 0703);
	assert_null(store_open(&t->options, &err));
	assert_non_null(strstr(buf_cstr(&err), "others can write"));
	assert_int_equal(size_of(t, ""), -1);
	chmod(t->directory, 0700);

	err.len = 0;
	snprintf(path, sizeof(path), "%s/nowhere/chat.db", t->directory);
	t->options.path = path;
	assert_null(store_open(&t->options, &err));
	assert_non_null(strstr(buf_cstr(&err), "nowhere"));

	err.len = 0;
	t->options.path = t->directory;
	assert_null(store_open(&t->options, &err));
	assert_non_null(strstr(buf_cstr(&err), "no regular file"));
	buf_clear(&err);
}

static void
a_database_that_this_user_cannot_write_to_is_refused(void **state)
{
	enum { OTHER_USER = 12345 };
	struct tmp *t = *state;
	struct buf err = {0};
	bool is_root = geteuid() == 0;

	store_close(tmp_open(t));
	chmod(t->path, 0440);
	if (is_root) { /* who may write to all: becomes a user who may not */
		assert_int_equal(chown(t->directory, OTHER_USER, (gid_t)-1), 0);
		assert_int_equal(chown(t->path, OTHER_USER, (gid_t)-1), 0);
		assert_int_equal(seteuid(OTHER_USER), 0);
	}
	assert_null(store_open(&t->options, &err));
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(buf_cstr(&err), "write"));
	buf_clear(&err);
}

static void
a_link_to_a_database_has_its_companions_beside_the_real_file(void **state)
{
	struct tmp *t = *state;
	char link_path[128];
	char *real;

	store_close(tmp_open(t));
	snprintf(link_path, sizeof(link_path), "%s/link.db", t->directory);
	assert_int_equal(symlink(t->path, link_path), 0);
	t->options.path = link_path;
	t->st = tmp_open(t);
	assert_true(size_of(t, "-shm") >= 0);
	real = database_real(link_path);
	assert_string_equal(real, t->path);
	free(real);
}

static void
every_connection_has_the_settings_that_matter(void **state)
{
	struct tmp *t = *state;
	sqlite3 *db = t->st->db;
	int on = -1;

	assert_string_equal(sql_text(db, "PRAGMA journal_mode"), "wal");
	assert_int_equal(sql_int(db, "PRAGMA synchronous"), 1);
	assert_int_equal(sql_int(db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(sql_int(db, "PRAGMA secure_delete"), 0);
	assert_int_equal(sql_int(db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(sql_int(db, "PRAGMA temp_store"), 2);
	assert_int_equal(sql_int(db, "PRAGMA mmap_size"), 0);
	assert_int_equal(sql_int(db, "PRAGMA user_version"), SQL_MIGRATIONS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
	assert_int_equal(on, 1);
	store_close(t->st);
	t->options.full_sync = true;
	t->st = tmp_open(t);
	assert_int_equal(sql_int(t->st->db, "PRAGMA synchronous"), 2);
}

static void
the_warning_about_the_library_is_for_affected_versions(void **state)
{
	int v = sqlite3_libversion_number();

	if (v >= 3051003)
		assert_null(store_library_warning());
	if (v < 3044006)
		assert_non_null(store_library_warning());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    directory_test(
		a_new_database_gets_its_mode_whatever_the_umask_and_its_companions_follow),
	    directory_test(a_new_database_its_companions_and_the_lock_get_the_group),
	    directory_test(an_unknown_group_is_a_line_and_leaves_no_file_behind),
	    directory_test(what_was_written_is_there_when_it_is_opened_again),
	    directory_test(an_empty_file_becomes_a_database),
	    directory_test(programs_that_create_it_at_the_same_time_all_succeed),
	    directory_test(a_file_that_is_no_database_is_refused_untouched),
	    directory_test(a_disk_that_cannot_be_read_is_told_as_one),
	    directory_test(a_database_that_cannot_be_looked_at_is_not_told_as_missing),
	    directory_test(a_database_of_another_program_is_refused_untouched),
	    directory_test(a_newer_database_is_refused_untouched),
	    directory_test(a_newer_database_is_refused_untouched_where_only_its_log_file_says_so),
	    directory_test(
		a_database_of_the_other_auth_class_is_refused_and_the_line_says_how_to_convert),
	    directory_test(places_where_no_database_can_be_are_refused_with_one_line),
	    directory_test(a_database_that_this_user_cannot_write_to_is_refused),
	    directory_test(a_link_to_a_database_has_its_companions_beside_the_real_file),
	    tmp_test(every_connection_has_the_settings_that_matter),
	    cmocka_unit_test(the_warning_about_the_library_is_for_affected_versions),
	};

	return skips_status(cmocka_run_group_tests(tests, NULL, NULL));
}
