/* SPDX-License-Identifier: ISC */
/*
 * test_deflate.c - what proto/deflate.h promises.
 */
#include "proto/deflate.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"

static void
assert_inflates(struct deflate *d, struct span payload, struct span want)
{
	char *copy = mem_dup(payload.p, payload.n);
	struct buf out = {0};

	buf_str(&out, "before ");
	assert_int_equal(
	    inflate_message(d, (struct span){copy, payload.n}, want.n, &out), INFLATE_OK);
	assert_int_equal(out.len, 7 + want.n);
	assert_memory_equal(out.p + 7, want.p, want.n);
	buf_clear(&out);
	free(copy);
}

/* Makes text, which compresses, or noise, which does not. */
static void
fill(struct buf *b, size_t n, bool is_noise)
{
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		buf_addc(b, is_noise ? (char)(x >> 24) : (char)('a' + (x >> 24) % 3));
	}
}

static void
what_is_compressed_comes_back_with_every_window(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 100, 4096, 65535, 65536, 300000};
	struct deflate *d = deflate_new();

	for (int bits = 9; bits <= 15; bits++) {
		for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct buf plain = {0}, z = {0};

			fill(&plain, sizes[i / 2], i % 2);
			buf_str(&z, "head");
			deflate_message(d, bits, buf_as_span(&plain), &z);
			assert_memory_equal(z.p, "head", 4);
			assert_inflates(d, (struct span){z.p + 4, z.len - 4}, buf_as_span(&plain));
			buf_clear(&plain);
			buf_clear(&z);
		}
	}
	deflate_free(d);
}

static void
messages_do_not_depend_on_each_other(void **state)
{
	struct deflate *d = deflate_new();
	struct buf a = {0}, b = {0};

	deflate_message(d, DEFLATE_BITS, SPAN("the same text"), &a);
	deflate_message(d, DEFLATE_BITS, SPAN("the same text"), &b);
	assert_true(span_eq(buf_as_span(&a), buf_as_span(&b)));
	assert_inflates(d, buf_as_span(&b), SPAN("the same text"));
	buf_clear(&a);
	buf_clear(&b);
	deflate_free(d);
}

static void
the_examples_of_the_rfc_are_inflated(void **state)
{
	struct deflate *d = deflate_new();

	assert_inflates(d, SPAN("\xf2\x48\xcd\xc9\xc9\x07\x00"), SPAN("Hello"));
	assert_inflates(d, SPAN("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), SPAN("Hello"));
	assert_inflates(d, SPAN("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), SPAN("Hello"));
	assert_inflates(
	    d, SPAN("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), SPAN("Hello"));
	assert_inflates(d, SPAN("\x00"), SPAN(""));
	assert_inflates(d, SPAN("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
	    SPAN("HelloHello"));
	deflate_free(d);
}

static void
bad_data_is_refused_and_leaves_the_buffer(void **state)
{
	static const struct span bad[] = {
	    {"", 0},
	    {"\xff", 1},
	    {"\xff\xff\xff\xff", 4},
	    {"\x06\x00", 2},                /* no such block */
	    {"\x00\x05\x00\xfa\xffHel", 8}, /* cut short: what is put behind becomes its data */
	    {"\x00\x05\x00\xfa\xfeHello\x00", 11}, /* lengths that do not agree */
	    {"\xf2\x48\xcd", 3},
	    {"\x03\x02\x00", 3},
	};
	struct deflate *d = deflate_new();
	struct buf out = {0};

	buf_str(&out, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(inflate_message(d, bad[i], 1000, &out), INFLATE_BAD);
		assert_int_equal(out.len, 4);
		assert_inflates(d, SPAN("\xf2\x48\xcd\xc9\xc9\x07\x00"), SPAN("Hello"));
	}
	buf_clear(&out);
	deflate_free(d);
}

static void
a_bomb_stops_at_the_limit(void **state)
{
	struct deflate *d = deflate_new();
	struct buf plain = {0}, z = {0}, out = {0};

	memset(buf_reserve(&plain, 10000000), 0, 10000000);
	plain.len = 10000000;
	deflate_message(d, DEFLATE_BITS, buf_as_span(&plain), &z);
	assert_int_equal(inflate_message(d, buf_as_span(&z), 9999999, &out), INFLATE_TOO_BIG);
	assert_int_equal(inflate_message(d, buf_as_span(&z), 1000, &out), INFLATE_TOO_BIG);
	assert_int_equal(inflate_message(d, buf_as_span(&z), 0, &out), INFLATE_TOO_BIG);
	assert_int_equal(out.len, 0);
	assert_inflates(d, buf_as_span(&z), buf_as_span(&plain));
	buf_clear(&plain);
	buf_clear(&z);
	buf_clear(&out);
	deflate_free(d);
}

#define BOTH "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static void
the_first_offer_that_can_be_met_is_taken(void **state)
{
	static const struct {
		const char *offers, *answer;
		int bits;
	} cases[] = {
	    {"permessage-deflate", BOTH, 15},
	    {"permessage-deflate; client_max_window_bits", BOTH, 15},
	    {" permessage-deflate ;client_max_window_bits = 10 ; server_no_context_takeover ", BOTH,
		15},
	    {"permessage-deflate; client_no_context_takeover; server_max_window_bits=9",
		BOTH "; server_max_window_bits=9", 9},
	    {"permessage-deflate; server_max_window_bits=\"1\\0\"",
		BOTH "; server_max_window_bits=10", 10},
	    {"permessage-deflate; server_max_window_bits=8, permessage-deflate; "
	     "server_max_window_bits=12",
		BOTH "; server_max_window_bits=12", 12},
	    {"x-webkit-deflate-frame, foo; bar=\"b,a;z\"; permessage-deflate, permessage-deflate",
		NULL, 0},
	    {"x-webkit-deflate-frame, foo; bar=baz; permessage-deflate, permessage-deflate", BOTH,
		15},
	    {"permessage-deflate; unknown, , permessage-deflate; client_max_window_bits=15", BOTH,
		15},
	    {"permessage-deflate, permessage-deflate; server_max_window_bits=9", BOTH, 15},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *copy = mem_dup(cases[i].offers, strlen(cases[i].offers));
		struct buf answer = {0};
		int bits = 0;
		bool is_taken =
		    deflate_negotiate((struct span){copy, strlen(cases[i].offers)}, &bits, &answer);

		assert_int_equal(is_taken, cases[i].answer != NULL);
		assert_string_equal(buf_cstr(&answer), cases[i].answer ? cases[i].answer : "");
		assert_int_equal(bits, cases[i].bits);
		buf_clear(&answer);
		free(copy);
	}
}

static void
offers_that_cannot_be_met_are_passed_over(void **state)
{
	static const char *const bad[] = {"", ",", "foo", "permessage-deflateX",
	    "permessage-deflate; foo", "permessage-deflate; server_max_window_bits",
	    "permessage-deflate; server_max_window_bits=8",
	    "permessage-deflate; server_max_window_bits=16",
	    "permessage-deflate; server_max_window_bits=09",
	    "permessage-deflate; server_max_window_bits=1000000000000000000000",
	    "permessage-deflate; server_max_window_bits=x",
	    "permessage-deflate; client_max_window_bits=7",
	    "permessage-deflate; client_max_window_bits=16",
	    "permessage-deflate; server_no_context_takeover=1",
	    "permessage-deflate; client_no_context_takeover=\"\\t\"",
	    "permessage-deflate; client_max_window_bits; client_max_window_bits",
	    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
	    "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
	    /* no list */
	    "permessage-deflate;", "permessage-deflate; ;", "permessage-deflate foo",
	    "permessage-deflate; a=", "permessage-deflate; a=\"", "permessage-deflate; a=\"b",
	    "permessage-deflate; a=\"b c\"", "permessage-deflate; a=\"\"", "permessage-deflate, (",
	    "=", "permessage-deflate; a=\"\\", "permessage-deflate, b; c=\"15 \""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *copy = mem_dup(bad[i], strlen(bad[i]));
		struct buf answer = {0};
		int bits;

		if (deflate_negotiate((struct span){copy, strlen(bad[i])}, &bits, &answer))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(answer.len, 0);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_compressed_comes_back_with_every_window),
	    cmocka_unit_test(messages_do_not_depend_on_each_other),
	    cmocka_unit_test(the_examples_of_the_rfc_are_inflated),
	    cmocka_unit_test(bad_data_is_refused_and_leaves_the_buffer),
	    cmocka_unit_test(a_bomb_stops_at_the_limit),
	    cmocka_unit_test(the_first_offer_that_can_be_met_is_taken),
	    cmocka_unit_test(offers_that_cannot_be_met_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
