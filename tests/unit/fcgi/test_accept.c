/* SPDX-License-Identifier: ISC */
/*
 * test_accept.c - which form of an answer a client takes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fcgi/accept.h"

static void
the_most_specific_range_counts(void **state)
{
	static const struct {
		const char *field;
		int json, html;
	} cases[] = {
	    {"", 1000, 1000},
	    {"*/*", 1000, 1000},
	    {"application/json", 1000, 0},
	    {"APPLICATION/JSON", 1000, 0},
	    {"application/*", 1000, 0},
	    {"text/html, application/json;q=0.5", 500, 1000},
	    {"*/*;q=0.1,text/*;q=0.7,text/html;q=0.25", 100, 250},
	    {"text/html;q=0.25, text/*;q=0.7", 0, 250},
	    {"*/*, application/json;q=0", 0, 1000},
	    {"*/*, application/json;q=0.000", 0, 1000},
	    {"application/json; charset=utf-8 ; q=0.9", 900, 0},
	    {"application/json ;Q=1.000", 1000, 0},
	    {"application/jso", 0, 0},
	    {"application/jsonx", 0, 0},
	    {"text/plain, */*", 1000, 1000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span field = span_of(cases[i].field);

		assert_int_equal(accept_quality(field, SPAN("application/json")), cases[i].json);
		assert_int_equal(accept_quality(field, SPAN("text/html")), cases[i].html);
	}
}

static void
what_cannot_be_read_is_passed_over(void **state)
{
	static const char *const fields[] = {"garbage", ",", ";;,", "json;q=1", "*",
	    "text/html;q=2", "text/html;q=0.1234", "text/html;q=", "text/html;q",
	    "text/html;q=1.001", "text/html;q=.5", "text/html;q=-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_int_equal(
		    accept_quality(span_of(fields[i]), SPAN("application/json")), 1000);
	assert_int_equal(
	    accept_quality(SPAN("text/html;q=7, text/plain"), SPAN("application/json")), 0);
}

static void
the_best_is_the_most_wanted_and_of_equals_the_first(void **state)
{
	static const char types[] = "application/json text/html";

	(void)state;
	assert_true(span_is(accept_best(SPAN(""), types), "application/json"));
	assert_true(span_is(accept_best(SPAN("text/html, */*;q=0.8"), types), "text/html"));
	assert_true(span_is(accept_best(SPAN("*/*"), types), "application/json"));
	assert_int_equal(accept_best(SPAN("image/png"), types).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_most_specific_range_counts),
	    cmocka_unit_test(what_cannot_be_read_is_passed_over),
	    cmocka_unit_test(the_best_is_the_most_wanted_and_of_equals_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
