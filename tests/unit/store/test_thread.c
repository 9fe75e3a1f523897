/* SPDX-License-Identifier: ISC */
/*
 * test_thread.c - a thread's role is its own, and the loop's thread cannot call the store (in
 * builds with CHECKS_ALL).
 */
#include "base/thread.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/check.h"
#include "unit/tmp_store.h"

static void *
tell_role(void *arg)
{
	enum thread_role *roles = arg;

	roles[0] = thread_role();
	thread_is(THREAD_WRITER);
	roles[1] = thread_role();
	return NULL;
}

static void
a_role_is_of_one_thread_alone(void **state)
{
	enum thread_role roles[2];
	pthread_t thread;
	int error;

	(void)state;
	thread_is(THREAD_READER);
	assert_true(thread_start(&thread, tell_role, roles, &error));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(roles[0], THREAD_ANY);
	assert_int_equal(roles[1], THREAD_WRITER);
	assert_int_equal(thread_role(), THREAD_READER);
	thread_is(THREAD_ANY);
}

static void
nothing_at_all(struct store *st, void *arg)
{
	(void)st;
	(void)arg;
}

static bool
nothing_to_write(struct store *st, void *arg)
{
	(void)st;
	(void)arg;
	return true;
}

static void
call_store(struct store *st, int entry)
{
	if (entry == 0)
		store_read(st, 1000, nothing_at_all, NULL);
	else if (entry == 1)
		store_write(st, nothing_to_write, NULL);
	else if (entry == 2)
		store_try_write(st, nothing_to_write, NULL);
	else
		store_changed(st);
}

/* Returns the signal that ends a process which calls the store with that role; 0: none. */
static int
end_of_caller(struct tmp *t, enum thread_role role, int entry)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct store *st = tmp_open(t);

		thread_is(role);
		call_store(st, entry);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
the_loop_s_thread_cannot_call_the_store_in_builds_with_checks(void **state)
{
	struct tmp *t = *state;
	int end = CHECKS_ALL ? SIGABRT : 0; /* other builds do not look at the role */

	for (int entry = 0; entry < 4; entry++) {
		assert_int_equal(end_of_caller(t, THREAD_LOOP, entry), end);
		assert_int_equal(end_of_caller(t, THREAD_WRITER, entry), 0);
		assert_int_equal(end_of_caller(t, THREAD_ANY, entry), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_role_is_of_one_thread_alone),
	    cmocka_unit_test_setup_teardown(
		the_loop_s_thread_cannot_call_the_store_in_builds_with_checks, tmp_setup,
		tmp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
