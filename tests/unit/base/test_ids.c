/* SPDX-License-Identifier: ISC */
/*
 * test_ids.c - what base/ids.h promises.
 */
#include "base/ids.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
every_size_is_filled_and_not_a_byte_more(void **state)
{
	uint8_t bytes[301], seen[300];

	for (size_t n = 0; n <= 300; n += 13) {
		memset(seen, 0, sizeof(seen));
		for (int tries = 0; tries < 8; tries++) {
			memset(bytes, 0, sizeof(bytes));
			ids_random(bytes, n);
			assert_int_equal(bytes[n], 0);
			for (size_t i = 0; i < n; i++)
				seen[i] |= bytes[i];
		}
		for (size_t i = 0; i < n; i++)
			assert_int_not_equal(seen[i], 0);
	}
}

static void
numbers_do_not_repeat_and_use_every_bit(void **state)
{
	uint64_t numbers[1000], all = 0, none = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		numbers[i] = ids_u64();
		all |= numbers[i];
		none &= numbers[i];
		for (int k = 0; k < i; k++)
			assert_true(numbers[k] != numbers[i]);
	}
	assert_true(all == UINT64_MAX);
	assert_true(none == 0);
}

static void
a_token_has_its_length_and_alphabet(void **state)
{
	const char *alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
	char token[202];
	int met[256] = {0};

	for (size_t n = 0; n <= 200; n++) {
		memset(token, '!', sizeof(token));
		ids_token(token, n);
		assert_int_equal(strlen(token), n);
		assert_int_equal(strspn(token, alphabet), n);
		assert_int_equal(token[n + 1], '!');
		for (size_t i = 0; i < n; i++)
			met[(unsigned char)token[i]]++;
	}
	for (const char *c = alphabet; *c != '\0'; c++)
		assert_true(met[(unsigned char)*c] > 0);
}

static void *
on_thread(void *out)
{
	ids_token(out, 32);
	return NULL;
}

static void
threads_never_share_their_pool(void **state)
{
	char mine[33], theirs[33];
	pthread_t thread;

	ids_token(mine, 32);
	assert_int_equal(pthread_create(&thread, NULL, on_thread, theirs), 0);
	pthread_join(thread, NULL);
	assert_string_not_equal(mine, theirs);
}

static void
a_forked_child_draws_its_own(void **state)
{
	char mine[33], theirs[33] = "";
	int fds[2];
	pid_t child;

	ids_token(mine, 8); /* the pool is filled and begun */
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		ids_token(mine, 32);
		_exit(write(fds[1], mine, 33) == 33 ? 0 : 1);
	}
	ids_token(mine, 32);
	assert_int_equal(read(fds[0], theirs, 33), 33);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_string_not_equal(mine, theirs);
	close(fds[0]);
	close(fds[1]);
}

static void
a_request_keeps_its_name_if_it_is_a_plain_one(void **state)
{
	static const char *const good[] = {
	    "a", "A-z_0.9", "..", "550e8400-e29b-41d4-a716-446655440000"};
	static const char *const bad[] = {"", "a b", "a\n", "a\"", "a/b", "caf\xc3\xa9", "a,b"};
	char longest[66], out[IDS_REQUEST_SIZE], other[IDS_REQUEST_SIZE];

	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_string_equal(ids_request(out, span_of(good[i])), good[i]);
	assert_int_equal(strlen(ids_request(out, (struct span){longest, 64})), 64);
	assert_int_equal(strlen(ids_request(out, (struct span){longest, 65})), 20);
	assert_int_equal(strlen(ids_request(out, (struct span){"a\0b", 3})), 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ids_request(out, span_of(bad[i]));
		assert_int_equal(strlen(out), 20);
		assert_string_not_equal(out, ids_request(other, span_of(bad[i])));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_size_is_filled_and_not_a_byte_more),
	    cmocka_unit_test(numbers_do_not_repeat_and_use_every_bit),
	    cmocka_unit_test(a_token_has_its_length_and_alphabet),
	    cmocka_unit_test(threads_never_share_their_pool),
	    cmocka_unit_test(a_forked_child_draws_its_own),
	    cmocka_unit_test(a_request_keeps_its_name_if_it_is_a_plain_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
