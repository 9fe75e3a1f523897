/* SPDX-License-Identifier: ISC */
/*
 * test_buf.c - what base/buf.h and base/span.h promise.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"

static void
assert_contents(struct buf *b, const char *want)
{
	assert_int_equal(b->len, strlen(want));
	assert_string_equal(buf_cstr(b), want);
}

static void
all_zero_is_an_empty_buffer(void **state)
{
	struct buf b = {0};

	assert_int_equal(buf_as_span(&b).n, 0);
	assert_non_null(buf_as_span(&b).p);
	buf_add(&b, NULL, 0);
	buf_drop(&b, 10);
	assert_contents(&b, "");
	buf_clear(&b);
	buf_clear(&b);
}

static void
what_is_appended_stands_in_order(void **state)
{
	struct buf b = {0};

	buf_add(&b, "ab", 2);
	buf_addc(&b, 'c');
	buf_str(&b, "de");
	buf_span(&b, SPAN("f"));
	buf_printf(&b, "-%d", 42);
	assert_contents(&b, "abcdef-42");
	buf_clear(&b);
}

static void
numbers_have_all_their_digits_and_no_others(void **state)
{
	struct buf b = {0};

	buf_u64(&b, 0);
	buf_addc(&b, ' ');
	buf_u64(&b, 10);
	buf_addc(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	assert_contents(&b, "0 10 18446744073709551615");
	buf_clear(&b);
}

static void
growth_keeps_every_byte(void **state)
{
	struct buf b = {0};

	for (int i = 0; i < 100000; i++)
		buf_addc(&b, (char)(i % 251));
	for (int i = 0; i < 100000; i++)
		if (b.p[i] != (char)(i % 251))
			fail_msg("byte %d is wrong", i);
	assert_true(b.cap < 4 * b.len);
	buf_clear(&b);
	assert_null(b.p);
}

static void
a_reserve_leaves_the_length_and_gives_room(void **state)
{
	struct buf b = {0};

	buf_str(&b, "x");
	memset(buf_reserve(&b, 5000), 'y', 5000);
	assert_int_equal(b.len, 1);
	assert_true(b.cap >= 5001);
	buf_clear(&b);
}

static void
a_format_of_any_length_fits(void **state)
{
	struct buf b = {0};

	for (int n = 0; n < 300; n++) {
		b.len = 0;
		buf_printf(&b, "<%*s>", n, "");
		assert_int_equal(b.len, n + 2);
		assert_int_equal(b.p[n + 1], '>');
	}
	buf_clear(&b);
}

static void
a_drop_removes_from_the_front(void **state)
{
	struct buf b = {0};

	buf_str(&b, "abcdef");
	buf_drop(&b, 2);
	assert_contents(&b, "cdef");
	buf_drop(&b, 4);
	assert_contents(&b, "");
	buf_clear(&b);
}

static void
a_steal_hands_over_and_empties(void **state)
{
	struct buf b = {0};
	char *taken;

	buf_str(&b, "mine");
	taken = buf_steal(&b);
	assert_string_equal(taken, "mine");
	assert_null(b.p);
	assert_int_equal(b.len, 0);
	free(taken);
	taken = buf_steal(&b);
	assert_string_equal(taken, "");
	free(taken);
}

static void
spans_are_equal_by_their_bytes(void **state)
{
	assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
	assert_false(span_eq(SPAN("a"), SPAN("ab")));
	assert_true(span_eq(span_of(NULL), SPAN("")));
	assert_true(span_is(SPAN("abc"), "abc"));
	assert_false(span_is(SPAN("abc"), "ab"));
}

static void
only_ascii_letters_compare_without_case(void **state)
{
	assert_true(span_eq_nocase(SPAN("Content-LENGTH"), SPAN("content-length")));
	assert_false(span_eq_nocase(SPAN("["), SPAN("{")));
	assert_false(span_eq_nocase(SPAN("@"), SPAN("`")));
	assert_false(span_eq_nocase(SPAN("\xc4"), SPAN("\xe4")));
	assert_false(span_eq_nocase(SPAN("a"), SPAN("ab")));
}

static void
a_trim_cuts_blanks_at_both_ends_only(void **state)
{
	assert_true(span_is(span_trim(SPAN(" \t a b\t ")), "a b"));
	assert_true(span_is(span_trim(SPAN(" \t ")), ""));
	assert_true(span_is(span_trim(SPAN("\na\n")), "\na\n"));
}

static void
a_cut_leaves_the_rest_and_tells_when_there_was_none(void **state)
{
	struct span rest = SPAN("a,,b");

	assert_true(span_is(span_cut(&rest, ','), "a"));
	assert_true(span_is(span_cut(&rest, ','), ""));
	assert_true(span_is(span_cut(&rest, ','), "b"));
	assert_null(rest.p);
	rest = SPAN("x,");
	span_cut(&rest, ',');
	assert_non_null(rest.p);
	assert_int_equal(rest.n, 0);
}

static void
a_decimal_is_digits_within_a_limit(void **state)
{
	unsigned long long n = 7;

	assert_true(span_u64(SPAN("18446744073709551615"), UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_true(span_u64(SPAN("0007"), 7, &n));
	assert_true(n == 7);
	assert_false(span_u64(SPAN("18446744073709551616"), UINT64_MAX, &n));
	assert_false(span_u64(SPAN("8"), 7, &n));
	assert_false(span_u64(SPAN(""), 7, &n));
	assert_false(span_u64(SPAN("+1"), 7, &n));
	assert_false(span_u64(SPAN("1 "), 7, &n));
	assert_true(n == 7);
}

static void
copies_are_the_callers(void **state)
{
	char *whole = mem_strdup("hello"), *part = mem_strndup("hello", 2),
	     *all = mem_strndup("hi", 9);
	char *bytes = mem_dup("a\0b", 3), *zero = mem_zalloc(3), *none = mem_realloc(NULL, 0, 8);

	assert_string_equal(whole, "hello");
	assert_string_equal(part, "he");
	assert_string_equal(all, "hi");
	assert_memory_equal(bytes, "a\0b", 3);
	assert_memory_equal(zero, "\0\0\0", 3);
	assert_non_null(none);
	free(whole);
	free(part);
	free(all);
	free(bytes);
	free(zero);
	free(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_zero_is_an_empty_buffer),
	    cmocka_unit_test(what_is_appended_stands_in_order),
	    cmocka_unit_test(numbers_have_all_their_digits_and_no_others),
	    cmocka_unit_test(growth_keeps_every_byte),
	    cmocka_unit_test(a_reserve_leaves_the_length_and_gives_room),
	    cmocka_unit_test(a_format_of_any_length_fits),
	    cmocka_unit_test(a_drop_removes_from_the_front),
	    cmocka_unit_test(a_steal_hands_over_and_empties),
	    cmocka_unit_test(spans_are_equal_by_their_bytes),
	    cmocka_unit_test(only_ascii_letters_compare_without_case),
	    cmocka_unit_test(a_trim_cuts_blanks_at_both_ends_only),
	    cmocka_unit_test(a_cut_leaves_the_rest_and_tells_when_there_was_none),
	    cmocka_unit_test(a_decimal_is_digits_within_a_limit),
	    cmocka_unit_test(copies_are_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
