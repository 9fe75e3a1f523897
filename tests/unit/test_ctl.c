/* SPDX-License-Identifier: ISC */
/*
 * test_ctl.c - escrowchatctl: how its options are read, and that doctor knows a remedy for each
 * fault at each web server.
 */
#include "ctl/doctor.h"
#include "ctl/options.h"

/* cmocka needs these before it, and calls a macro what we call a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct command command = {.name = "some",
    .arguments = "ONE",
    .summary = "Does something.",
    .more = "",
    .takes = "url hold json",
    .min_args = 1,
    .max_args = 2};

static bool
reads(struct options *o, int *status, int argc, const char *const *argv)
{
	return options_read(o, &command, argc, (char *const *)argv, status);
}

static void
options_stand_anywhere_and_take_their_value_in_two_ways(void **state)
{
	struct options o;
	int status;

	assert_true(reads(&o, &status, 6,
	    (const char *const[]){"--url=http://a?b=c", "one", "--hold", "7", "two", "--json"}));
	assert_string_equal(o.url, "http://a?b=c");
	assert_int_equal(o.hold_s, 7);
	assert_true(o.is_json);
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "one");
	assert_string_equal(o.args[1], "two");
}

static void
what_is_not_given_has_its_default(void **state)
{
	struct options o;
	int status;

	assert_true(reads(&o, &status, 1, (const char *const[]){"one"}));
	assert_null(o.url);
	assert_int_equal(o.hold_s, 60);
	assert_int_equal(o.wait_s, 5);
	assert_false(o.is_json);
}

static void
behind_two_dashes_nothing_is_an_option(void **state)
{
	struct options o;
	int status;

	assert_true(reads(&o, &status, 3, (const char *const[]){"--", "--json", "--help"}));
	assert_false(o.is_json);
	assert_string_equal(o.args[0], "--json");
	assert_string_equal(o.args[1], "--help");
}

static void
what_is_wrong_is_exit_2(void **state)
{
	static const char *const wrong[][4] = {
	    {NULL},                 /* an argument is missing */
	    {"a", "b", "c"},        /* one too many */
	    {"a", "--room", "x"},   /* another command's */
	    {"a", "--url"},         /* without its value */
	    {"a", "--url="},        /* empty */
	    {"a", "--json=yes"},    /* a flag has none */
	    {"a", "--hold", "61"},  /* too much */
	    {"a", "--hold", "-1"},  /* no number */
	    {"a", "--hold", "1e1"}, /* likewise */
	    {"a", "--nonsense"},    /* nobody's */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct options o;
		int status = 77, n = 0;

		while (n < 4 && wrong[i][n] != NULL)
			n++;
		assert_false(reads(&o, &status, n, wrong[i]));
		assert_int_equal(status, EXIT_USAGE);
	}
}

static size_t
lines(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->p[i] == '\n';
	return n;
}

static void
each_fault_has_a_remedy_for_each_server_and_for_all_where_none_is_known(void **state)
{
	static const char *const servers[] = {
	    "lighttpd/1.4.69", "nginx", "Apache/2.4.62 (Debian)", "APACHE"};
	struct buf out = {0};

	for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
		for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
			out.len = 0;
			remedy((enum fault)fault, span_of(servers[i]), &out);
			assert_int_equal(lines(&out), 1);
			assert_memory_equal(out.p, "       ", 7);
		}
		out.len = 0;
		remedy((enum fault)fault, SPAN("cloudflare"), &out);
		assert_int_equal(lines(&out), 3);
	}
	out.len = 0;
	remedy(FAULT_NONE, SPAN("nginx"), &out);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_stand_anywhere_and_take_their_value_in_two_ways),
	    cmocka_unit_test(what_is_not_given_has_its_default),
	    cmocka_unit_test(behind_two_dashes_nothing_is_an_option),
	    cmocka_unit_test(what_is_wrong_is_exit_2),
	    cmocka_unit_test(
		each_fault_has_a_remedy_for_each_server_and_for_all_where_none_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
