/* SPDX-License-Identifier: ISC */
/*
 * test_base58.c - what proto/base58.h promises.
 */
#include "proto/base58.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	struct span bytes;
	const char *text;
} vectors[] = {
    {{"", 0}, ""},
    {{"\0", 1}, "1"},
    {{"\0\0\0", 3}, "111"},
    {{"a", 1}, "2g"},
    {{"Hello World!", 12}, "2NEpo7TZRRrLZSi2U"},
    {{"\0\0\x28\x7f\xb4\xcd", 6}, "11233QC4"},
    {{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32},
	"11111111111111111111111111111111"},
};

static void
the_vectors_are_met_both_ways(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t out[BASE58_MAX_BYTES];
		struct buf b = {0};
		size_t n;

		assert_true(base58_encode(&b, vectors[i].bytes));
		assert_string_equal(buf_cstr(&b), vectors[i].text);
		assert_true(base58_decode(out, &n, span_of(vectors[i].text)));
		assert_int_equal(n, vectors[i].bytes.n);
		assert_memory_equal(out, vectors[i].bytes.p, n);
		buf_clear(&b);
	}
}

static void
up_to_64_bytes_come_back(void **state)
{
	for (size_t n = 0; n <= BASE58_MAX_BYTES; n++) {
		for (int fill = 0; fill < 256; fill += 51) {
			uint8_t in[BASE58_MAX_BYTES], out[BASE58_MAX_BYTES];
			struct buf b = {0};
			size_t got;

			memset(in, fill, sizeof(in));
			assert_true(base58_encode(&b, (struct span){(char *)in, n}));
			assert_true(base58_decode(out, &got, buf_as_span(&b)));
			assert_int_equal(got, n);
			assert_memory_equal(out, in, n);
			buf_clear(&b);
		}
	}
}

static void
more_than_64_bytes_are_refused(void **state)
{
	char ones[BASE58_MAX_BYTES + 1], zs[1000];
	uint8_t out[BASE58_MAX_BYTES];
	struct buf b = {0};
	size_t n;

	memset(ones, '1', sizeof(ones));
	memset(zs, 'z', sizeof(zs));
	assert_true(base58_decode(out, &n, (struct span){ones, BASE58_MAX_BYTES}));
	assert_false(base58_decode(out, &n, (struct span){ones, sizeof(ones)}));
	assert_true(base58_decode(out, &n, (struct span){zs, 87}));
	assert_false(base58_decode(out, &n, (struct span){zs, 88}));
	assert_false(base58_decode(out, &n, (struct span){zs, sizeof(zs)}));
	assert_false(base58_encode(&b, (struct span){zs, BASE58_MAX_BYTES + 1}));
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
characters_outside_the_alphabet_are_refused(void **state)
{
	uint8_t out[BASE58_MAX_BYTES];
	size_t n, good = 0;

	for (int c = 0; c < 256; c++) {
		char text[] = {'2', (char)c};

		good += base58_decode(out, &n, (struct span){text, 2});
	}
	assert_int_equal(good, 58);
	assert_false(base58_decode(out, &n, SPAN("0")));
	assert_false(base58_decode(out, &n, SPAN("l")));
	assert_false(base58_decode(out, &n, SPAN("\0")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_are_met_both_ways),
	    cmocka_unit_test(up_to_64_bytes_come_back),
	    cmocka_unit_test(more_than_64_bytes_are_refused),
	    cmocka_unit_test(characters_outside_the_alphabet_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
