/* SPDX-License-Identifier: ISC */
/*
 * test_keccak.c - what crypto/keccak.h promises.
 */
#include "crypto/keccak.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "crypto/digest.h"

/* The texts are so many letters a: lengths around the ends of blocks of 136 bytes. */
static const struct {
	size_t n;
	const char *hash;
} lengths[] = {
    {0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
    {1, "3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb"},
    {135, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"},
    {136, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"},
    {137, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"},
    {272, "cf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8"},
    {300, "5b7e0e47a96f32a88b4f14ca177982790807c40e1a105742ba0fc1babe1ef826"},
};

static void
every_length_is_padded_as_ethereum_does_it(void **state)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint8_t hash[KECCAK_SIZE];
		char text[2 * KECCAK_SIZE + 1], *data = malloc(lengths[i].n + 1);

		memset(data, 'a', lengths[i].n);
		keccak256(hash, (struct span){data, lengths[i].n});
		digest_hex(text, hash, sizeof(hash));
		assert_string_equal(text, lengths[i].hash);
		free(data);
	}
}

static void
the_self_test_is_met(void **state)
{
	assert_true(keccak_works());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_is_padded_as_ethereum_does_it),
	    cmocka_unit_test(the_self_test_is_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
