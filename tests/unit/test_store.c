/* SPDX-License-Identifier: ISC */
/*
 * test_store.c - opening and refusing, transactions and their errors, two connections, checkpoints.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "store/escrows.h"
#include "store/lock.h"
#include "store/messages.h"
#include "store/queue.h"
#include "tmp_store.h"

/* ---- helpers ---- */

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

static off_t
size_of(const struct tmp *t, const char *suffix)
{
	char path[128];
	struct stat sb;

	snprintf(path, sizeof(path), "%s%s", t->path, suffix);
	return stat(path, &sb) == 0 ? sb.st_size : -1;
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

static int64_t
append(struct store *st, const char *topic)
{
	return queue_append(
	    st, span_of(topic), SPAN("escrow:update"), SPAN("{}"), SPAN(""), true, 1000);
}

static bool
append_one(struct store *st, void *arg)
{
	*(int64_t *)arg = append(st, "escrow_1");
	return true;
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
		skip();
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
	assert_int_equal(queue_head(t->st), position);
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

/* Tables of a few rows, sub-queries, the log from its start under a limit, and what a start of the
 * daemon sweeps once. */
static bool
may_scan(const char *detail)
{
	static const char *const fine[] = {"SCAN sqlite_sequence", "SCAN incarnations",
	    "SCAN newest", "SCAN CONSTANT ROW", "SCAN t", "SCAN log", "SCAN log_rows",
	    "SCAN kept_sessions", "SCAN of", "SCAN mark", "SCAN s", "SCAN u",
	    "SCAN s VIRTUAL TABLE INDEX 192:M2><" /* MATCH, rowid > ?, rowid < ? */};

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (strcmp(detail, fine[i]) == 0)
			return true;
	return false;
}

static void
every_statement_finds_its_rows_by_an_index(void **state)
{
	struct tmp *t = *state;

	for (int id = 0; id < SQL_COUNT; id++) {
		char text[4096];
		sqlite3_stmt *stmt;

		if (sql_texts[id].is_once || strstr(sql_texts[id].text, "PRAGMA") != NULL)
			continue;
		snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql_texts[id].text);
		assert_int_equal(sqlite3_prepare_v2(t->st->db, text, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(stmt, 3);

			if (strncmp(detail, "SCAN", 4) == 0 && !may_scan(detail))
				fail_msg("%s: %s", sql_texts[id].name, detail);
			if (id == SQL_QUEUE_IDS)
				assert_non_null(strstr(detail,
				    "INDEX log_by_topic (topic=? AND rowid>? AND rowid<?)"));
			if (strstr(detail, "TEMP B-TREE FOR ORDER BY") != NULL &&
			    id != SQL_UNREAD && id != SQL_UNREAD_SENDERS &&
			    id != SQL_PARTICIPATIONS_BY_ACTIVITY)
				fail_msg("%s: %s", sql_texts[id].name, detail);
		}
		sqlite3_finalize(stmt);
	}
}

static void
ids_of_a_topic_are_read_from_the_index_alone(void **state)
{
	struct tmp *t = *state;
	char text[4096];
	sqlite3_stmt *stmt;
	int steps = 0;

	snprintf(text, sizeof(text), "EXPLAIN %s", sql_texts[SQL_QUEUE_IDS].text);
	assert_int_equal(sqlite3_prepare_v2(t->st->db, text, -1, &stmt, NULL), SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; steps++)
		assert_string_not_equal((const char *)sqlite3_column_text(stmt, 1), "Column");
	sqlite3_finalize(stmt);
	assert_true(steps > 5);
}

/* ---- transactions ---- */

static bool
append_and_refuse(struct store *st, void *arg)
{
	append(st, "escrow_1");
	return false;
}

static void
a_transaction_that_says_no_is_rolled_back(void **state)
{
	struct tmp *t = *state;

	assert_int_equal(store_write(t->st, append_and_refuse, NULL), STORE_REFUSED);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
	assert_int_equal(sql_int(t->foreign,
			     "SELECT count(*) FROM sqlite_sequence WHERE name = 'log' AND seq > 0"),
	    0);
}

static bool
keep_trying(struct store *st, void *arg)
{
	int *later = arg;

	append(st, "escrow_1");
	append(st, "escrow_1"); /* fails */
	*later =
	    store_error(st) == STORE_FULL && append(st, "escrow_1") == 0 && queue_head(st) == 0;
	return true;
}

static void
the_first_error_sticks_and_rolls_back(void **state)
{
	struct tmp *t = *state;
	int64_t position;
	int later = 0;

	store_fail_at(t->st, 3, STORE_FULL); /* BEGIN is the first */
	assert_int_equal(store_write(t->st, keep_trying, &later), STORE_FULL);
	assert_true(later);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_int_equal(position, 1);
}

static bool
make_a_world(struct store *st, void *arg)
{
	struct message m = {.nonce = 7,
	    .at = 5000,
	    .sender = SPAN("alice"),
	    .sender_role = ROLE_CLIENT,
	    .content = SPAN("hello")};
	int64_t escrow = escrow_insert(st, SPAN("42"), SPAN("Logo"), SPAN("FUNDED"), 1000);

	participant_put(st, escrow, SPAN("alice"), SPAN("Alice"), ROLE_CLIENT);
	participant_put(st, escrow, SPAN("bob"), SPAN("Bob"), ROLE_FREELANCER);
	m.escrow = escrow;
	message_insert(st, &m);
	append(st, "escrow_42");
	mark_one(st, escrow, SPAN("bob"), 5000, true);
	escrow_update(st, escrow, SPAN("Logo 2"), SPAN("DONE"), 2000);
	queue_trim(st, 1 << 30, 0, 0, 1);
	incarnation_begin(st, 3000);
	return true;
}

static void
a_transaction_is_all_or_nothing_under_faults(void **state)
{
	static const char all_rows[] =
	    "SELECT (SELECT count(*) FROM escrows) + (SELECT count(*) FROM participants)"
	    " + (SELECT count(*) FROM messages) + (SELECT count(*) FROM log) + (SELECT count(*) "
	    "FROM trimmed)"
	    " + (SELECT count(*) FROM reads) + (SELECT count(*) FROM read_marks) + (SELECT "
	    "count(*) FROM incarnations)";
	static const enum store_err kinds[] = {
	    STORE_BUSY, STORE_FULL, STORE_READONLY, STORE_BROKEN};
	struct tmp *t = *state;
	int failed = 0;

	for (int nth = 1;; nth++) {
		enum store_err kind = kinds[nth % 4], err;

		store_fail_at(t->st, nth, kind);
		err = store_write(t->st, make_a_world, NULL);
		if (err == STORE_OK)
			break;
		failed++;
		assert_int_equal(err, kind);
		assert_int_equal(sql_int(t->foreign, all_rows), 1); /* the first incarnation */
		assert_int_equal(sqlite3_get_autocommit(t->st->db), 1);
	}
	store_fail_at(t->st, 0, STORE_OK);
	assert_true(failed > 15);
	assert_int_equal(sql_int(t->foreign, all_rows), 1 + 2 + 1 + 2 + 1 + 1 + 0 + 2);
	assert_string_equal(sql_text(t->foreign, "PRAGMA integrity_check"), "ok");
}

static void
change_in_read(struct store *st, void *arg)
{
	append(st, "escrow_1");
}

static void
a_read_transaction_changes_nothing(void **state)
{
	struct tmp *t = *state;

	assert_int_equal(store_read(t->st, PATIENT_MS, change_in_read, NULL), STORE_BROKEN);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static void
head_in_read(struct store *st, void *arg)
{
	*(int64_t *)arg = queue_head(st);
}

static void
see_one_state(struct store *st, void *arg)
{
	sqlite3 *foreign = arg;
	int64_t head = queue_head(st), inner = -1;

	sql(foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'a', '{}')");
	assert_int_equal(store_read(st, PATIENT_MS, head_in_read, &inner), STORE_OK);
	assert_int_equal(inner, head);
	assert_int_equal(queue_head(st), head);
}

static void
a_read_transaction_sees_one_state_and_nested_ones_join_it(void **state)
{
	struct tmp *t = *state;
	int64_t head = -1;

	assert_int_equal(store_read(t->st, PATIENT_MS, see_one_state, t->foreign), STORE_OK);
	assert_int_equal(store_read(t->st, PATIENT_MS, head_in_read, &head), STORE_OK);
	assert_int_equal(head, 1);
}

static bool
write_in_write(struct store *st, void *arg)
{
	int64_t position;

	append(st, "escrow_1");
	*(enum store_err *)arg = store_write(st, append_one, &position);
	return true;
}

static void
a_write_inside_another_is_a_defect_that_undoes_both(void **state)
{
	struct tmp *t = *state;
	enum store_err inner = STORE_OK;

	assert_int_equal(store_write(t->st, write_in_write, &inner), STORE_BROKEN);
	assert_int_equal(inner, STORE_BROKEN);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static void
a_statement_outside_a_transaction_does_nothing(void **state)
{
	struct tmp *t = *state;

	assert_int_equal(append(t->st, "escrow_1"), 0);
	assert_int_equal(store_error(t->st), STORE_BROKEN);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
}

static bool
again_inside(const struct queue_row *row, void *arg)
{
	queue_after(arg, 0, 10, again_inside, arg);
	return true;
}

static void
loop_inside_itself(struct store *st, void *arg)
{
	queue_after(st, 0, 10, again_inside, st);
}

static void
a_statement_used_inside_its_own_loop_is_a_defect_not_an_endless_loop(void **state)
{
	struct tmp *t = *state;
	int64_t position;

	store_write(t->st, append_one, &position);
	store_write(t->st, append_one, &position);
	assert_int_equal(store_read(t->st, PATIENT_MS, loop_inside_itself, NULL), STORE_BROKEN);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
}

static bool
ignore_row(const struct queue_row *row, void *arg)
{
	return true;
}

static void
read_past_the_deadline(struct store *st, void *arg)
{
	int64_t end = clock_mono_us() + 3000;

	while (clock_mono_us() < end)
		;
	queue_after(st, 0, 100000, ignore_row, NULL);
}

static void
a_read_ends_at_its_deadline_and_the_next_one_has_its_own(void **state)
{
	struct tmp *t = *state;
	int64_t head = 0;

	begin_write(t->st);
	for (int i = 0; i < 2000; i++)
		append(t->st, "escrow_1");
	commit(t->st);
	assert_int_equal(store_read(t->st, 1, read_past_the_deadline, NULL), STORE_DEADLINE);
	assert_int_equal(store_read(t->st, PATIENT_MS, head_in_read, &head), STORE_OK);
	assert_int_equal(head, 2000);
	assert_int_equal(store_write(t->st, append_one, &head), STORE_OK);
}

static void
a_lock_is_waited_for_until_the_deadline_and_then_it_works_again(void **state)
{
	struct tmp *t = *state;
	int64_t position, start;

	t->st->busy_ms = 20;
	sql(t->foreign, "BEGIN IMMEDIATE");
	start = clock_mono_ms();
	assert_int_equal(store_write(t->st, append_one, &position), STORE_BUSY);
	assert_true(clock_mono_ms() - start >= 19);
	sql(t->foreign, "COMMIT");
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
}

static bool
append_much(struct store *st, void *arg)
{
	static char data[60000];

	memset(data, ' ', sizeof(data));
	for (int i = 0; i < *(int *)arg; i++)
		queue_append(st, SPAN("escrow_1"), SPAN("a"), (struct span){data, sizeof(data)},
		    SPAN(""), true, 1);
	return true;
}

static void
a_full_disk_is_told_and_once_there_is_room_it_works_again(void **state)
{
	struct tmp *t = *state;
	struct rlimit old, low;
	enum store_err err;
	int64_t position;
	int rows = 40;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = 1000000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	err = store_write(t->st, append_much, &rows);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, STORE_FULL);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 0);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_int_equal(position, 1);
}

/* ---- two connections ---- */

struct rival {
	struct tmp *t;
	const char *topic;
	int failures;
};

static bool
append_for_rival(struct store *st, void *arg)
{
	struct rival *r = arg;

	append(st, r->topic);
	append(st, r->topic);
	return true;
}

static void *
rival_main(void *arg)
{
	struct rival *r = arg;
	struct buf err = {0};
	struct store *st = store_open(&r->t->options, &err);

	for (int i = 0; st != NULL && i < 300; i++)
		r->failures += store_write(st, append_for_rival, r) != STORE_OK;
	r->failures += st == NULL;
	store_close(st);
	buf_clear(&err);
	return NULL;
}

static void
two_connections_that_write_at_once_both_get_through_and_leave_no_gap(void **state)
{
	struct tmp *t = *state;
	struct rival rivals[] = {{t, "escrow_1", 0}, {t, "escrow_2", 0}};
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, rival_main, &rivals[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(rivals[0].failures + rivals[1].failures, 0);
	assert_int_equal(sql_int(t->foreign, "SELECT count(*) FROM log"), 1200);
	assert_int_equal(sql_int(t->foreign, "SELECT max(id) FROM log"), 1200);
	assert_int_equal(/* a transaction's two rows stand together */
	    sql_int(t->foreign, "SELECT count(*) FROM log a JOIN log b ON b.id = a.id + 1 WHERE "
				"a.id % 2 = 1 AND a.topic = b.topic"),
	    600);
}

static void
commits_of_others_are_noticed_and_own_ones_are_not(void **state)
{
	struct tmp *t = *state;
	int64_t position;

	assert_false(store_changed(t->st));
	store_write(t->st, append_one, &position);
	assert_false(store_changed(t->st));
	sql(t->foreign,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_1', 'a', '{}')");
	assert_true(store_changed(t->st));
	assert_false(store_changed(t->st));
}

/* ---- checkpoints ---- */

static void
the_checkpointer_keeps_the_log_file_short_and_others_leave_it_alone(void **state)
{
	struct tmp *t = *state;
	struct store *writer;
	int rows = 20; /* some 300 pages */
	off_t largest = 0;

	t->options.is_checkpointer = true;
	writer = tmp_open(t);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(store_write(writer, append_much, &rows), STORE_OK);
		if (size_of(t, "-wal") > largest)
			largest = size_of(t, "-wal");
	}
	store_close(writer);
	assert_true(largest < 1500 * 4120);
	for (int i = 0; i < 10; i++)
		assert_int_equal(store_write(t->st, append_much, &rows), STORE_OK);
	assert_true(size_of(t, "-wal") > 2500 * 4120);
	store_checkpoint(t->st);
	assert_int_equal(size_of(t, "-wal"), 0);
}

static void
a_reader_that_holds_the_log_file_does_not_make_every_commit_a_checkpoint(void **state)
{
	struct tmp *t = *state;
	struct store *writer;
	int rows = 60;
	int64_t position;

	t->options.is_checkpointer = true;
	writer = tmp_open(t);
	sql(t->foreign, "BEGIN; SELECT count(*) FROM log");
	assert_int_equal(store_write(writer, append_much, &rows), STORE_OK);
	assert_int_equal(writer->checkpoint_at_pages, writer->wal_pages + 800);
	assert_int_equal(store_write(writer, append_one, &position), STORE_OK);
	assert_true(writer->checkpoint_at_pages > writer->wal_pages);
	sql(t->foreign, "COMMIT");
	store_close(writer);
}

static void
without_a_daemon_a_long_log_file_is_checkpointed_and_with_one_it_is_left(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	int64_t position;
	int rows = 700; /* over 10,000 pages */
	int lock = lock_as_daemon(t->path, 0660, NULL, &err);
	off_t before;

	assert_true(lock >= 0);
	assert_int_equal(store_write(t->st, append_much, &rows), STORE_OK);
	before = size_of(t, "-wal");
	assert_true(before > 10000 * 4096);
	store_checkpoint_if_alone(t->st);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_true(t->st->wal_pages > 10000); /* the log file goes on */
	lock_release(lock);
	rows = 60;
	assert_int_equal(store_write(t->st, append_much, &rows), STORE_OK);
	store_checkpoint_if_alone(t->st);
	assert_int_equal(store_write(t->st, append_one, &position), STORE_OK);
	assert_true(t->st->wal_pages < 100); /* it was begun anew */
	buf_clear(&err);
}

static void
a_checkpoint_without_a_daemon_does_not_keep_one_from_starting(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	int alone = lock_without_daemon(t->path, 0660, NULL), daemon;

	assert_true(alone >= 0);
	assert_int_equal(lock_without_daemon(t->path, 0660, NULL), -1);
	daemon = lock_as_daemon(t->path, 0660, NULL, &err);
	assert_true(daemon >= 0);
	close(alone);
	assert_int_equal(lock_without_daemon(t->path, 0660, NULL), -1);
	lock_release(daemon);
	buf_clear(&err);
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

static void
each_error_has_a_sentence(void **state)
{
	for (int err = STORE_OK; err <= STORE_BROKEN; err++)
		assert_true(strlen(store_err_text((enum store_err)err)) > 3);
}

#define PLAIN(f)  cmocka_unit_test_setup_teardown(f, tmp_directory_only, tmp_teardown)
#define OPENED(f) cmocka_unit_test_setup_teardown(f, tmp_setup, tmp_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PLAIN(a_new_database_gets_its_mode_whatever_the_umask_and_its_companions_follow),
	    PLAIN(a_new_database_its_companions_and_the_lock_get_the_group),
	    PLAIN(an_unknown_group_is_a_line_and_leaves_no_file_behind),
	    PLAIN(what_was_written_is_there_when_it_is_opened_again),
	    PLAIN(an_empty_file_becomes_a_database),
	    PLAIN(programs_that_create_it_at_the_same_time_all_succeed),
	    PLAIN(a_file_that_is_no_database_is_refused_untouched),
	    PLAIN(a_disk_that_cannot_be_read_is_told_as_one),
	    PLAIN(a_database_that_cannot_be_looked_at_is_not_told_as_missing),
	    PLAIN(a_database_of_another_program_is_refused_untouched),
	    PLAIN(a_newer_database_is_refused_untouched),
	    PLAIN(a_newer_database_is_refused_untouched_where_only_its_log_file_says_so),
	    PLAIN(a_database_of_the_other_auth_class_is_refused_and_the_line_says_how_to_convert),
	    PLAIN(places_where_no_database_can_be_are_refused_with_one_line),
	    PLAIN(a_database_that_this_user_cannot_write_to_is_refused),
	    PLAIN(a_link_to_a_database_has_its_companions_beside_the_real_file),
	    OPENED(every_connection_has_the_settings_that_matter),
	    OPENED(every_statement_finds_its_rows_by_an_index),
	    OPENED(ids_of_a_topic_are_read_from_the_index_alone),
	    OPENED(a_transaction_that_says_no_is_rolled_back),
	    OPENED(the_first_error_sticks_and_rolls_back),
	    OPENED(a_transaction_is_all_or_nothing_under_faults),
	    OPENED(a_read_transaction_changes_nothing),
	    OPENED(a_read_transaction_sees_one_state_and_nested_ones_join_it),
	    OPENED(a_write_inside_another_is_a_defect_that_undoes_both),
	    OPENED(a_statement_outside_a_transaction_does_nothing),
	    OPENED(a_statement_used_inside_its_own_loop_is_a_defect_not_an_endless_loop),
	    OPENED(a_read_ends_at_its_deadline_and_the_next_one_has_its_own),
	    OPENED(a_lock_is_waited_for_until_the_deadline_and_then_it_works_again),
	    OPENED(a_full_disk_is_told_and_once_there_is_room_it_works_again),
	    OPENED(two_connections_that_write_at_once_both_get_through_and_leave_no_gap),
	    OPENED(commits_of_others_are_noticed_and_own_ones_are_not),
	    OPENED(the_checkpointer_keeps_the_log_file_short_and_others_leave_it_alone),
	    OPENED(a_reader_that_holds_the_log_file_does_not_make_every_commit_a_checkpoint),
	    OPENED(without_a_daemon_a_long_log_file_is_checkpointed_and_with_one_it_is_left),
	    OPENED(a_checkpoint_without_a_daemon_does_not_keep_one_from_starting),
	    cmocka_unit_test(the_warning_about_the_library_is_for_affected_versions),
	    cmocka_unit_test(each_error_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
