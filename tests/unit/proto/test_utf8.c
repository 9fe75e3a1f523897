/* SPDX-License-Identifier: ISC */
/*
 * test_utf8.c - what proto/utf8.h promises.
 */
#include "proto/utf8.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* Puts the bytes into an allocation of exactly their length, so that a read past their end is
 * seen. */
static bool
is_valid(const char *text, size_t n)
{
	char *copy = mem_dup(text, n);
	bool is_good = utf8_valid((struct span){copy, n});

	free(copy);
	return is_good;
}

#define VALID(lit) is_valid(lit, sizeof(lit) - 1)

/* A second implementation, by the definition: it decodes a character, then looks at its number. */
static bool
is_scalar(const uint8_t *p, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t want = p[0] < 0x80   ? 1
		      : p[0] < 0xc0 ? 0
		      : p[0] < 0xe0 ? 2
		      : p[0] < 0xf0 ? 3
		      : p[0] < 0xf8 ? 4
				    : 0;
	uint32_t point;

	if (want != n)
		return false;
	point = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		point = point << 6 | (p[i] & 0x3f);
	}
	return point >= least[n] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

static void
every_sequence_of_up_to_four_bytes_is_judged_by_the_definition(void **state)
{
	static const uint8_t some[] = {
	    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
	size_t n_some = sizeof(some);

	for (unsigned a = 0; a < 256; a++) {
		uint8_t p[4] = {(uint8_t)a};

		assert_int_equal(utf8_valid((struct span){(char *)p, 1}), is_scalar(p, 1));
		for (unsigned b = 0x80; b < 0xc0; b++) {
			p[1] = (uint8_t)b;
			assert_int_equal(utf8_valid((struct span){(char *)p, 2}), is_scalar(p, 2));
			for (size_t c = 0; c < n_some; c++) {
				p[2] = some[c];
				if (p[0] < 0x80 || p[2] < 0x80)
					continue;
				assert_int_equal(
				    utf8_valid((struct span){(char *)p, 3}), is_scalar(p, 3));
				for (size_t d = 3; d < n_some && p[0] >= 0xe0; d++) {
					p[3] = some[d];
					assert_int_equal(utf8_valid((struct span){(char *)p, 4}),
					    is_scalar(p, 4));
				}
			}
		}
	}
}

static void
a_bad_byte_is_found_at_every_place(void **state)
{
	char text[70];

	for (size_t n = 1; n < sizeof(text); n++) {
		memset(text, 'a', n);
		assert_true(is_valid(text, n));
		for (size_t i = 0; i < n; i++) {
			text[i] = (char)0xff;
			assert_false(is_valid(text, n));
			text[i] = 'a';
		}
	}
}

static void
the_empty_text_and_nul_are_valid(void **state)
{
	assert_true(utf8_valid((struct span){NULL, 0}));
	assert_true(VALID("a\0b"));
	assert_true(VALID("\xef\xbf\xbf\xf4\x8f\xbf\xbf")); /* noncharacters are scalar values */
}

static void
a_text_that_ends_inside_a_character_is_not_valid(void **state)
{
	assert_false(VALID("abc\xc3"));
	assert_false(VALID("abc\xe2\x82"));
	assert_false(VALID("abc\xf0\x9f\x98"));
}

static void
pieces_say_the_same_as_the_whole_wherever_it_is_split(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 "
				   "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf and more ASCII";
	size_t n = sizeof(text) - 1;

	for (size_t i = 0; i <= n; i++) {
		for (size_t j = i; j <= n; j++) {
			struct utf8 u = {0};

			assert_true(utf8_feed(&u, (struct span){text, i}));
			assert_true(utf8_feed(&u, (struct span){text + i, j - i}));
			assert_true(utf8_feed(&u, (struct span){text + j, n - j}));
			assert_true(utf8_is_whole(&u));
		}
	}
}

static void
a_piece_is_refused_at_the_first_byte_that_cannot_become_valid(void **state)
{
	static const struct {
		const char *good, *bad;
	} cases[] = {
	    {"\xce\xba\xe1\xbd", "\xb9\xed\xa0"},
	    {"", "\xc0"},
	    {"", "\xc1"},
	    {"", "\xf5"},
	    {"", "\x80"},
	    {"\xe0", "\x9f"},
	    {"\xed", "\xa0"},
	    {"\xf0", "\x8f"},
	    {"\xf4", "\x90"},
	    {"\xf4\x8f\xbf", "x"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct utf8 u = {0};

		assert_true(utf8_feed(&u, span_of(cases[i].good)));
		assert_false(utf8_feed(&u, span_of(cases[i].bad)));
	}
}

static void
code_points_are_stepped_and_counted(void **state)
{
	static const uint32_t want[] = {'a', 0xe9, 0x20ac, 0x1f600, 0};
	struct span text = SPAN("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\0"), rest = text;
	uint32_t point;

	for (size_t i = 0; i < 5; i++) {
		assert_true(utf8_next(&rest, &point));
		assert_int_equal(point, want[i]);
	}
	assert_false(utf8_next(&rest, &point));
	assert_int_equal(utf8_length(text), 5);
	rest = SPAN("\xe2\x82");
	assert_false(utf8_next(&rest, &point));
	assert_int_equal(rest.n, 2);
}

static void
trimming_cuts_what_javascript_cuts(void **state)
{
	static const char *const spaces[] = {"\t", "\n", "\v", "\f", "\r", " ", "\xc2\xa0",
	    "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
	    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};
	static const char *const others[] = {"\x1c", "\xc2\x85", "\xe2\x80\x8b", "\xe1\xa0\x8e",
	    "\xe2\x81\xa0", "\xc3\xa0", "\xf0\x9f\x98\x80"};
	char text[32];

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		struct span got;

		snprintf(
		    text, sizeof(text), "%s%sx%sy%s", spaces[i], spaces[i], spaces[i], spaces[i]);
		got = utf8_trim(span_of(text));
		assert_int_equal(got.n, 2 + strlen(spaces[i]));
		assert_ptr_equal(got.p, text + 2 * strlen(spaces[i]));
		assert_int_equal(utf8_trim(span_of(spaces[i])).n, 0);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(utf8_trim(span_of(others[i])).n, strlen(others[i]));
	assert_int_equal(utf8_trim(SPAN("")).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_sequence_of_up_to_four_bytes_is_judged_by_the_definition),
	    cmocka_unit_test(a_bad_byte_is_found_at_every_place),
	    cmocka_unit_test(the_empty_text_and_nul_are_valid),
	    cmocka_unit_test(a_text_that_ends_inside_a_character_is_not_valid),
	    cmocka_unit_test(pieces_say_the_same_as_the_whole_wherever_it_is_split),
	    cmocka_unit_test(a_piece_is_refused_at_the_first_byte_that_cannot_become_valid),
	    cmocka_unit_test(code_points_are_stepped_and_counted),
	    cmocka_unit_test(trimming_cuts_what_javascript_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
