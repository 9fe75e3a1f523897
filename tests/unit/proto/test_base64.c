/* SPDX-License-Identifier: ISC */
/*
 * test_base64.c - what proto/base64.h promises.
 */
#include "proto/base64.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"

static const struct {
	const char *plain, *standard, *url;
} vectors[] = {
    /* RFC 4648, section 10, and what tells the alphabets apart */
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
};

static void
the_vectors_are_met_both_ways(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct buf b = {0};

		base64_encode(&b, span_of(vectors[i].plain));
		assert_string_equal(buf_cstr(&b), vectors[i].standard);
		b.len = 0;
		base64url_encode(&b, span_of(vectors[i].plain));
		assert_string_equal(buf_cstr(&b), vectors[i].url);
		b.len = 0;
		assert_true(base64_decode(&b, span_of(vectors[i].standard)));
		assert_string_equal(buf_cstr(&b), vectors[i].plain);
		b.len = 0;
		assert_true(base64url_decode(&b, span_of(vectors[i].url)));
		assert_string_equal(buf_cstr(&b), vectors[i].plain);
		buf_clear(&b);
	}
}

static void
whatever_is_encoded_comes_back(void **state)
{
	char data[100];

	for (size_t n = 0; n <= sizeof(data); n++) {
		struct buf text = {0}, back = {0};
		char *exact;

		for (size_t i = 0; i < n; i++)
			data[i] = (char)(i * 37 + n);
		exact = mem_dup(data, n);
		base64_encode(&text, (struct span){exact, n});
		assert_true(base64_decode(&back, buf_as_span(&text)));
		text.len = 0;
		base64url_encode(&text, (struct span){exact, n});
		assert_true(base64url_decode(&back, buf_as_span(&text)));
		assert_int_equal(back.len, 2 * n);
		assert_memory_equal(buf_cstr(&back), data, n);
		assert_memory_equal(back.p + n, data, n);
		free(exact);
		buf_clear(&text);
		buf_clear(&back);
	}
}

static void
another_spelling_is_refused_and_leaves_the_buffer(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8",
	    "Zm8==", "=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9\n", "-__-", "Zm9v\n", "Zm\x80v"};
	static const char *const bad_url[] = {"Z", "Zg==", "Zh", "Zm9", "+//+", "Zm9v\n", "Zm8="};
	struct buf b = {0};

	buf_str(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(base64_decode(&b, span_of(bad[i])));
	for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++)
		assert_false(base64url_decode(&b, span_of(bad_url[i])));
	assert_string_equal(buf_cstr(&b), "kept");
	assert_int_equal(b.len, 4);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_are_met_both_ways),
	    cmocka_unit_test(whatever_is_encoded_comes_back),
	    cmocka_unit_test(another_spelling_is_refused_and_leaves_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
