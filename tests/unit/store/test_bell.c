/* SPDX-License-Identifier: ISC */
/*
 * test_bell.c - one daemon a database, and the doorbell.
 */
#include "store/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "store/lock.h"
#include "unit/tmp_store.h"

static bool
is_ringing(struct bell *b)
{
	struct pollfd p = {.fd = bell_fd(b), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static struct bell *
hold(const struct tmp *t)
{
	struct buf err = {0};
	struct bell *b = bell_hold(t->path, 0660, NULL, &err);

	if (b == NULL)
		fail_msg("%s", buf_cstr(&err));
	buf_clear(&err);
	return b;
}

static void
assert_not_held(const struct tmp *t, const char *word)
{
	struct buf err = {0};

	assert_null(bell_hold(t->path, 0660, NULL, &err));
	if (strstr(buf_cstr(&err), word) == NULL)
		fail_msg("%s", err.p);
	assert_null(strchr(err.p, '\n'));
	buf_clear(&err);
}

static void
a_ring_arrives_and_is_drained(void **state)
{
	struct tmp *t = *state;
	struct bell *b = hold(t);
	struct ringer *r = ringer_new(t->path);

	assert_false(is_ringing(b));
	ringer_ring(r);
	assert_true(is_ringing(b));
	ringer_ring(r);
	bell_drain(b);
	assert_false(is_ringing(b));
	ringer_ring(r);
	assert_true(is_ringing(b));
	ringer_free(r);
	bell_release(b);
}

static void
ringing_never_blocks_however_often(void **state)
{
	struct tmp *t = *state;
	struct bell *b = hold(t);
	struct ringer *r = ringer_new(t->path);

	for (int i = 0; i < 10000; i++)
		ringer_ring(r);
	assert_true(is_ringing(b));
	bell_drain(b);
	assert_false(is_ringing(b));
	ringer_free(r);
	bell_release(b);
}

static void
a_ringer_outlives_the_daemon_and_finds_the_next_one(void **state)
{
	struct tmp *t = *state;
	struct ringer *r = ringer_new(t->path);
	struct bell *b;

	ringer_ring(r); /* none yet */
	b = hold(t);
	bell_release(b);
	ringer_ring(r); /* gone */
	b = hold(t);
	assert_false(is_ringing(b));
	ringer_ring(r);
	assert_true(is_ringing(b));
	bell_release(b);
	ringer_free(r);
}

static void
a_second_daemon_is_refused_and_told_the_process_and_harms_nothing(void **state)
{
	struct tmp *t = *state;
	struct bell *b = hold(t);
	struct ringer *r = ringer_new(t->path);
	char pid[32];

	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_not_held(t, pid);
	ringer_ring(r);
	assert_true(is_ringing(b));
	bell_release(b);
	b = hold(t);
	bell_release(b);
	ringer_free(r);
}

static void
what_a_killed_daemon_left_behind_is_in_nobodys_way(void **state)
{
	struct tmp *t = *state;
	int ready[2], status;
	struct ringer *r;
	struct bell *b;
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		hold(t);
		byte = 'x';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_not_held(t, "process ");
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	b = hold(t);
	r = ringer_new(t->path);
	ringer_ring(r);
	assert_true(is_ringing(b));
	ringer_free(r);
	bell_release(b);
	close(ready[0]);
	close(ready[1]);
}

static void
lock_and_bell_get_the_mode_whatever_the_umask_and_the_bell_goes_at_the_end(void **state)
{
	struct tmp *t = *state;
	char path[128];
	mode_t old = umask(0177);
	struct bell *b = hold(t);
	struct stat sb;

	umask(old);
	snprintf(path, sizeof(path), "%s.lock", t->path);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0660);
	snprintf(path, sizeof(path), "%s.bell", t->path);
	assert_int_equal(stat(path, &sb), 0);
	assert_true(S_ISSOCK(sb.st_mode));
	assert_int_equal(sb.st_mode & 07777, 0660);
	bell_release(b);
	assert_int_not_equal(stat(path, &sb), 0);
}

static void
a_path_too_long_for_a_socket_is_refused_before_anything_is_made(void **state)
{
	struct tmp *t = *state;
	char path[128];
	struct buf err = {0};
	struct stat sb;
	struct bell *b;
	struct ringer *r;

	memset(path, 'x', sizeof(path));
	memcpy(path, t->directory, strlen(t->directory));
	path[strlen(t->directory)] = '/';
	path[103] = '\0'; /* with .bell and its NUL: one byte too many */
	assert_null(bell_hold(path, 0660, NULL, &err));
	assert_non_null(strstr(buf_cstr(&err), "too long"));
	buf_clear(&err);
	r = ringer_new(path);
	ringer_ring(r); /* told in the log, harmless */
	ringer_free(r);
	strcat(path, ".lock");
	assert_int_not_equal(stat(path, &sb), 0);
	path[102] = '\0';
	b = bell_hold(path, 0660, NULL, &err);
	assert_non_null(b);
	bell_release(b);
}

static void
an_unknown_group_is_refused_with_its_name(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};

	assert_null(bell_hold(t->path, 0660, "no-such-group-here", &err));
	assert_non_null(strstr(buf_cstr(&err), "no-such-group-here"));
	buf_clear(&err);
}

static void
a_link_in_the_place_of_the_lock_is_not_followed(void **state)
{
	struct tmp *t = *state;
	char path[128], target[128];
	struct stat sb;

	snprintf(path, sizeof(path), "%s.lock", t->path);
	snprintf(target, sizeof(target), "%s/elsewhere", t->directory);
	assert_int_equal(symlink(target, path), 0);
	assert_not_held(t, "cannot open: it is a symbolic link");
	assert_int_not_equal(stat(target, &sb), 0);
}

static void
a_missing_directory_is_named(void **state)
{
	struct tmp t = {.path = "/nonexistent/chat.db"};

	assert_not_held(&t, "/nonexistent/chat.db.lock: cannot create: the directory /nonexistent");
}

static void
only_a_held_lock_is_told_as_another_daemon(void **state)
{
	struct tmp *t = *state;

	sys_fail_nth(1, EAGAIN);
	assert_not_held(t, "another daemon serves it");
	sys_fail_nth(1, ENOLCK);
	assert_not_held(t, "cannot lock: No locks available: its file system gives no locks");
	sys_fail_nth(1, EIO);
	assert_not_held(t, "cannot lock: Input/output error");
	bell_release(hold(t));
}

static void
through_a_link_to_the_database_it_is_the_same_daemon(void **state)
{
	struct tmp *t = *state;
	struct buf err = {0};
	struct bell *b;
	char path[128];

	store_close(tmp_open(t));
	snprintf(path, sizeof(path), "%s/link.db", t->directory);
	assert_int_equal(symlink(t->path, path), 0);
	b = hold(t);
	assert_null(bell_hold(path, 0660, NULL, &err));
	struct ringer *r = ringer_new(path);
	ringer_ring(r);
	assert_true(is_ringing(b));
	ringer_free(r);
	bell_release(b);
	buf_clear(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    directory_test(a_ring_arrives_and_is_drained),
	    directory_test(ringing_never_blocks_however_often),
	    directory_test(a_ringer_outlives_the_daemon_and_finds_the_next_one),
	    directory_test(a_second_daemon_is_refused_and_told_the_process_and_harms_nothing),
	    directory_test(what_a_killed_daemon_left_behind_is_in_nobodys_way),
	    directory_test(
		lock_and_bell_get_the_mode_whatever_the_umask_and_the_bell_goes_at_the_end),
	    directory_test(a_path_too_long_for_a_socket_is_refused_before_anything_is_made),
	    directory_test(an_unknown_group_is_refused_with_its_name),
	    directory_test(a_link_in_the_place_of_the_lock_is_not_followed),
	    directory_test(a_missing_directory_is_named),
	    directory_test(only_a_held_lock_is_told_as_another_daemon),
	    directory_test(through_a_link_to_the_database_it_is_the_same_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
