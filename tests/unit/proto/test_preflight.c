/* SPDX-License-Identifier: ISC */
/*
 * test_preflight.c - the names that a preflight asks for: those that are safe come back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "proto/preflight.h"

static void
asked(struct span requested, const char *names, size_t n)
{
	struct buf out = {0};

	assert_int_equal(preflight_names(&out, requested), n);
	assert_string_equal(buf_cstr(&out), names);
	buf_clear(&out);
}

static void
the_names_that_were_asked_for_come_back_as_they_were_written(void **state)
{
	asked(SPAN("last-event-id"), "last-event-id", 1);
	asked(SPAN("content-type,if-none-match,traceparent,x-tenant"),
	    "content-type, if-none-match, traceparent, x-tenant", 4);
	asked(SPAN("X-Requested-With ,\tX-Wallet-Signature"),
	    "X-Requested-With, X-Wallet-Signature", 2);
	asked(SPAN("!#$%&'*+-.^_`|~09azAZ"), "!#$%&'*+-.^_`|~09azAZ", 1);
}

static void
names_that_are_not_safe_are_left_out_alone(void **state)
{
	const struct span wrong[] = {SPAN(""), SPAN(" "), SPAN("*"), SPAN("x y"), SPAN("x:y"),
	    SPAN("x\r\nSet-Cookie: a=b"), SPAN("x\0y"), SPAN("\"x\""), SPAN("x\xc3\xa9"),
	    SPAN("x(y)"), SPAN("x/y"), SPAN("x;y"), SPAN("x=y"), SPAN("x@y"), SPAN("x\x7f")};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf requested = {0};

		asked(wrong[i], "", 0);
		buf_str(&requested, "a, ");
		buf_span(&requested, wrong[i]);
		buf_str(&requested, ", b");
		asked(buf_as_span(&requested), "a, b", 2);
		buf_clear(&requested);
	}
}

static void
nothing_asked_is_nothing_appended(void **state)
{
	asked((struct span){NULL, 0}, "", 0);
	asked(SPAN(",, ,"), "", 0);
}

static void
a_name_has_at_most_64_bytes(void **state)
{
	char name[PREFLIGHT_NAME_MAX_BYTES + 2];

	memset(name, 'x', sizeof(name));
	name[PREFLIGHT_NAME_MAX_BYTES] = '\0';
	asked(span_of(name), name, 1);
	name[PREFLIGHT_NAME_MAX_BYTES] = 'x';
	name[PREFLIGHT_NAME_MAX_BYTES + 1] = '\0';
	asked(span_of(name), "", 0);
}

static void
the_first_32_names_come_back(void **state)
{
	struct buf requested = {0}, first = {0};

	for (int i = 0; i < 1000; i++) {
		buf_printf(&requested, "%sx-%d, ?", i > 0 ? "," : "", i);
		if (i < PREFLIGHT_NAMES_MAX)
			buf_printf(&first, "%sx-%d", i > 0 ? ", " : "", i);
	}
	asked(buf_as_span(&requested), buf_cstr(&first), PREFLIGHT_NAMES_MAX);
	buf_clear(&requested);
	buf_clear(&first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_names_that_were_asked_for_come_back_as_they_were_written),
	    cmocka_unit_test(names_that_are_not_safe_are_left_out_alone),
	    cmocka_unit_test(nothing_asked_is_nothing_appended),
	    cmocka_unit_test(a_name_has_at_most_64_bytes),
	    cmocka_unit_test(the_first_32_names_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
