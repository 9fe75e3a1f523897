/* SPDX-License-Identifier: ISC */
/*
 * test_log.c - what base/log.h promises.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

/* Standard error goes to a file of its own between begin() and end(). */
static int saved_stderr;
static FILE *captured;
static char text[1 << 18];

static void
begin(enum log_format format, enum log_level level)
{
	captured = tmpfile();
	assert_non_null(captured);
	saved_stderr = dup(STDERR_FILENO);
	dup2(fileno(captured), STDERR_FILENO);
	log_setup("tester", LOG_TARGET_STDERR, format, level);
}

static const char *
end(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	rewind(captured);
	text[fread(text, 1, sizeof(text) - 1, captured)] = '\0';
	fclose(captured);
	return text;
}

static void
a_text_line_is_time_level_message(void **state)
{
	int64_t ms, before = clock_wall_ms();
	const char *line;

	begin(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_info("conn %d: connected", 3);
	line = end();
	assert_true(clock_parse_iso((struct span){line, 24}, &ms));
	assert_in_range(ms, before, clock_wall_ms());
	assert_string_equal(line + 24, " info conn 3: connected\n");
}

static void
a_json_line_is_an_object_of_four(void **state)
{
	const char *line, *why;
	struct json *value;
	struct span s;

	begin(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_warn("say \"hi\" \\ \x01");
	line = end();
	value = json_parse((struct span){line, strlen(line) - 1}, &why);
	assert_non_null(value);
	assert_int_equal(json_members(value), 4);
	assert_true(json_string(json_get(value, "time"), &s) && s.n == 24);
	assert_true(json_string(json_get(value, "level"), &s) && span_is(s, "warn"));
	assert_true(json_string(json_get(value, "program"), &s) && span_is(s, "tester"));
	assert_true(json_string(json_get(value, "message"), &s));
	assert_true(span_is(s, "say \"hi\" \\\\ \\x01"));
	json_free(value);
}

static void
lines_below_the_level_are_not_written(void **state)
{
	begin(LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
	log_debug("debug");
	log_info("info");
	log_warn("warn");
	log_error("error");
	assert_false(log_enabled(LOG_LEVEL_INFO));
	assert_true(log_enabled(LOG_LEVEL_WARN));
	end();
	assert_null(strstr(text, "info"));
	assert_null(strstr(text, "debug"));
	assert_non_null(strstr(text, " warn warn\n"));
	assert_non_null(strstr(text, " error error\n"));
}

static void
arguments_of_an_unwritten_debug_line_are_not_made(void **state)
{
	int made = 0;

	begin(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_debug("%d", ++made);
	end();
	assert_int_equal(made, 0);
}

static void
no_input_makes_a_second_line_or_a_control_character(void **state)
{
	char all[256];

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	begin(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_info("%s", all);
	end();
	for (const char *c = text; *c != '\0'; c++)
		assert_true((*c >= ' ' && *c <= '~') || (*c == '\n' && c[1] == '\0'));
	assert_non_null(strstr(text, "\\x01\\x02"));
	assert_non_null(strstr(text, "\\x0a"));
	assert_non_null(strstr(text, "\\xff\n"));
	assert_non_null(strstr(text, "[\\\\]"));
	assert_non_null(strstr(text, "!\\\"#"));
}

static void
an_audit_line_is_fields_that_feign_no_other(void **state)
{
	const struct log_field fields[] = {{"wallet", SPAN("0x123456...")}, {"none", SPAN("")},
	    {"path", SPAN("/a b\n\"\\ key=x")}, {"bytes", {"a\0b", 3}}};
	struct json *value;
	struct span s;

	begin(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_audit("sign_in", fields, 4);
	assert_string_equal(end() + 24, " info audit: sign_in wallet=0x123456... "
					"path=/a\\x20b\\x0a\\\"\\\\\\x20key=x bytes=a\\x00b\n");
	begin(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_audit("sign_in", fields, 4);
	end();
	value = json_parse((struct span){text, strlen(text) - 1}, NULL);
	assert_non_null(value);
	assert_int_equal(json_members(value), 8);
	assert_true(json_string(json_get(value, "message"), &s) && span_is(s, "audit"));
	assert_true(json_string(json_get(value, "event"), &s) && span_is(s, "sign_in"));
	assert_true(json_string(json_get(value, "path"), &s));
	assert_true(span_is(s, "/a b\\x0a\"\\\\ key=x"));
	json_free(value);
}

static void
the_audit_trail_does_not_depend_on_the_level(void **state)
{
	const struct log_field field = {"wallet", SPAN("0x123456...")};

	for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
		begin(LOG_FORMAT_TEXT, (enum log_level)level);
		log_audit("sign_in", &field, 1);
		assert_string_equal(end() + 24, " info audit: sign_in wallet=0x123456...\n");
	}
}

static void
a_line_is_cut_at_2000_bytes_and_stays_whole(void **state)
{
	static char longer[6000];

	memset(longer, '\n', sizeof(longer) - 1); /* each becomes an escape of 4 */
	for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
		for (int shift = 0; shift < 6; shift++) {
			size_t n;

			begin((enum log_format)format, LOG_LEVEL_INFO);
			log_info("%.*s%s", shift, "xxxxxx", longer);
			n = strlen(end());
			assert_in_range(n, 1990, 2000);
			if (format == LOG_FORMAT_JSON)
				assert_true(json_check((struct span){text, n - 1}, NULL));
			else
				assert_string_equal(text + n - 5, "\\x0a\n");
		}
	}
}

static void *
write_many(void *letter)
{
	for (int i = 0; i < 300; i++)
		log_info(
		    "%s%s%s%s", (char *)letter, (char *)letter, (char *)letter, (char *)letter);
	return NULL;
}

static void
lines_of_threads_are_never_mixed(void **state)
{
	static char as[] = "aaaaaaaa", bs[] = "bbbbbbbb";
	pthread_t threads[2];
	int lines = 0;
	char *rest = text, *line;

	begin(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	pthread_create(&threads[0], NULL, write_many, as);
	pthread_create(&threads[1], NULL, write_many, bs);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	end();
	for (; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; lines++) {
		assert_int_equal(strlen(line), 24 + strlen(" info ") + 32);
		assert_int_equal(strspn(line + 30, line[30] == 'a' ? "a" : "b"), 32);
	}
	assert_int_equal(lines, 600);
}

static void
errno_survives_a_line(void **state)
{
	begin(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	close(STDERR_FILENO);
	errno = ENOENT;
	log_info("into nothing");
	assert_int_equal(errno, ENOENT);
	end();
}

static void
a_wallet_is_shortened_to_eight(void **state)
{
	char out[16];

	assert_string_equal(log_wallet(out, SPAN("0x1234567890abcdef")), "0x123456...");
	assert_string_equal(log_wallet(out, SPAN("bob")), "bob...");
	assert_string_equal(log_wallet(out, SPAN("")), "...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_text_line_is_time_level_message),
	    cmocka_unit_test(a_json_line_is_an_object_of_four),
	    cmocka_unit_test(lines_below_the_level_are_not_written),
	    cmocka_unit_test(arguments_of_an_unwritten_debug_line_are_not_made),
	    cmocka_unit_test(no_input_makes_a_second_line_or_a_control_character),
	    cmocka_unit_test(an_audit_line_is_fields_that_feign_no_other),
	    cmocka_unit_test(the_audit_trail_does_not_depend_on_the_level),
	    cmocka_unit_test(a_line_is_cut_at_2000_bytes_and_stays_whole),
	    cmocka_unit_test(lines_of_threads_are_never_mixed),
	    cmocka_unit_test(errno_survives_a_line),
	    cmocka_unit_test(a_wallet_is_shortened_to_eight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
