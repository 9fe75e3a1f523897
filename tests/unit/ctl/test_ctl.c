/* SPDX-License-Identifier: ISC */
/*
 * test_ctl.c - escrowchatctl: how its options and files with secrets are read, and that doctor
 * knows a remedy for each fault at each web server.
 */
#include "ctl/doctor.h"
#include "ctl/options.h"
#include "ctl/secret_file.h"
#include "ctl/site.h"

/* cmocka.h needs these headers before it, and has a macro with the name of one of our functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/skips.h"

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

/* ---- files with secrets ---- */

struct secret_file {
	char path[40];
	int fd;
};

static void
secret_file(struct secret_file *f, const char *text)
{
	strcpy(f->path, "/tmp/escrowchat-secret-XXXXXX");
	f->fd = mkstemp(f->path);
	assert_true(f->fd >= 0);
	assert_int_equal(write(f->fd, text, strlen(text)), strlen(text));
}

static void
secret_file_end(struct secret_file *f)
{
	close(f->fd);
	unlink(f->path);
}

static void
a_secret_is_appended_and_a_file_without_one_adds_nothing(void **state)
{
	static const struct {
		const char *text, *name, *key, *token; /* NULL: there is none */
	} cases[] = {
	    {"# keys\n\nfirst aaa publish\r\nsecond bbb stats\n", NULL, "aaa", NULL},
	    {"first aaa publish\nsecond bbb stats\n", "second", "bbb", NULL},
	    {"first aaa publish\n", "third", NULL, "first aaa publish"},
	    {" \r\n", NULL, NULL, NULL},
	    {"", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *key = cases[i].key, *token = cases[i].token;
		struct buf out = {0}, want = {0};
		struct secret_file f;

		secret_file(&f, cases[i].text);
		buf_str(&out, "x: ");
		assert_int_equal(
		    secret_file_key(f.path, cases[i].name, &out), key ? EXIT_GOOD : EXIT_WRONG);
		assert_int_equal(secret_file_token(f.path, &out), token ? EXIT_GOOD : EXIT_WRONG);
		buf_printf(&want, "x: %s%s", key ? key : "", token ? token : "");
		assert_string_equal(buf_cstr(&out), buf_cstr(&want));
		buf_clear(&want);
		buf_clear(&out);
		secret_file_end(&f);
	}
}

static void
assert_no_secret(const char *path)
{
	struct buf out = {0};

	assert_int_equal(secret_file_key(path, NULL, &out), EXIT_WRONG);
	assert_int_equal(secret_file_token(path, &out), EXIT_WRONG);
	assert_int_equal(out.len, 0);
}

static void
a_secret_that_others_can_touch_or_that_is_no_file_is_not_read(void **state)
{
	static const mode_t modes[] = {0640, 0620, 0604, 0602};
	struct secret_file f;

	secret_file(&f, "first aaa publish\n");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fchmod(f.fd, modes[i]);
		assert_no_secret(f.path);
	}
	secret_file_end(&f);
	assert_no_secret(f.path);
	assert_no_secret("/tmp");
	assert_no_secret("/dev/null");
}

static void
a_secret_of_another_user_is_not_read(void **state)
{
	struct secret_file f;

	if (geteuid() != 0)
		skip_test("only root can give a file away");
	secret_file(&f, "first aaa publish\n");
	assert_int_equal(fchown(f.fd, 12345, 0), 0);
	assert_no_secret(f.path);
	secret_file_end(&f);
}

/* ---- remedies ---- */

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
	    cmocka_unit_test(a_secret_is_appended_and_a_file_without_one_adds_nothing),
	    cmocka_unit_test(a_secret_that_others_can_touch_or_that_is_no_file_is_not_read),
	    cmocka_unit_test(a_secret_of_another_user_is_not_read),
	    cmocka_unit_test(options_stand_anywhere_and_take_their_value_in_two_ways),
	    cmocka_unit_test(what_is_not_given_has_its_default),
	    cmocka_unit_test(behind_two_dashes_nothing_is_an_option),
	    cmocka_unit_test(what_is_wrong_is_exit_2),
	    cmocka_unit_test(
		each_fault_has_a_remedy_for_each_server_and_for_all_where_none_is_known),
	};

	return skips_status(cmocka_run_group_tests(tests, NULL, NULL));
}
