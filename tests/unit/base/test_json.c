/* SPDX-License-Identifier: ISC */
/*
 * test_json.c - what base/json.h promises.
 */
#include "base/json.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const good[] = {"null", "true", "false", "0", "-1", "42", "1.5", "-0.0", "1e5",
    "1E+5", "1e-5", "0e0", "0.000", "9223372036854775807", "-9223372036854775808",
    "18446744073709551615", "1.7976931348623157e308", "17976931348623157e292",
    "1e-999999999999999999", "0e999999999999999999", "0.00001e313", "-0", "[-0]",
    "18446744073709551616", "-9223372036854775809", "99999999999999999999999999", "1e309", "-1e309",
    "1.8e308", "0.1e310", "10000000000e300", "1e999999999999999999999", "\"\\ud83d\"",
    "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\ud83dx\"", "\"\\ud83d\\ud83d\"",
    "{\"\\ud83d\":\"\\ude00\\ud83d\"}", "\"\"", "\"plain\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\\u00e9\\uD83D\\ude00\"",
    "\"\x7f\xc2\x80\xe2\x80\xa8\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"", "[]", "{}",
    " [ 1 , 2 ] ", "\t{ \"a\" : { } , \"b\" : [ ] }\r\n", "[[],{},[{}]]", "{\"a\":1,\"a\":2}",
    "{\"\":1}", "[1,-2,3.5,\"x\",null,true,false]"};

/* Some of these C strings hold bytes that JSON may not have. */
static const char *const bad[] = {"", " ", "nul", "nulll", "True", "NaN", "Infinity", "-Infinity",
    "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "0x10", "1 2", "-", "--1", "1e+-1",
    "9223372036854775808e", "1.e1", "00", "'a'", "\"", "\"a", "\"\\\"", "\"\\", "\"\\a\"",
    "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\\u12\"", "\"\n\"", "\"\x1f\"", "\"\x80\"", "\"\xc3\"",
    "\"\xc0\x80\"", "\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"", "\"\xed\xa0\x80\"",
    "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xe2\x80\"",
    "\"\xe2\x80", "\"\xff\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[}", "{", "}", "{]",
    "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{,}", "{\"a\"=1}",
    "{\"a\\u0000b\":1}", "{\"a\n\":1}", "/**/1", "1//", "\v1",
    ("\xef\xbb\xbf"
     "1"),
    "[]]", "{}{}", "[\"\x01\"]", ":", ",", "[:]", "{\"a\":1:2}"};

static char *
exact_copy(const char *s, size_t n)
{
	return mem_dup(s, n); /* without a terminator: a sanitizer sees one byte too far */
}

static void
every_good_text_is_accepted_and_parsed(void **state)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		char *copy = exact_copy(good[i], strlen(good[i]));
		const char *why = "";
		struct json *v = json_parse((struct span){copy, strlen(good[i])}, &why);

		if (why != NULL)
			fail_msg("%s: %s", good[i], why);
		assert_int_equal(v == NULL, strcmp(good[i], "null") == 0);
		json_free(v);
		free(copy);
	}
}

static void
every_bad_text_is_refused_with_a_reason(void **state)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *copy = exact_copy(bad[i], strlen(bad[i]));
		const char *why = NULL;

		if (json_check((struct span){copy, strlen(bad[i])}, &why) || why == NULL)
			fail_msg("%s was taken", bad[i]);
		assert_false(json_check((struct span){copy, strlen(bad[i])}, NULL));
		assert_null(json_parse((struct span){copy, strlen(bad[i])}, &why));
		free(copy);
	}
	assert_false(json_check(SPAN("1\0"), NULL));
	assert_false(json_check(SPAN("\"a\0b\""), NULL));
	assert_false(json_check((struct span){NULL, 0}, NULL));
}

static void
an_object_cut_anywhere_is_refused(void **state)
{
	static const char whole[] = "{\"name\":[1,2.5e3,\"text longer than sixteen bytes "
				    "\xc3\xa9\\ud83d\\ude00\",true,{}]}";
	size_t n = sizeof(whole) - 1;

	assert_true(json_check((struct span){whole, n}, NULL));
	for (size_t cut = 0; cut < n; cut++) {
		char *copy = exact_copy(whole, cut);

		assert_false(json_check((struct span){copy, cut}, NULL));
		free(copy);
	}
}

/* The byte is found wherever the fast scan of 16 bytes begins and ends. */
static void
a_bad_byte_is_found_at_every_place_of_a_string(void **state)
{
	static const char wrong[] = {0, 0x1f, '\n', '"', '\\', (char)0x80, (char)0xff};
	char text[80];

	for (size_t n = 2; n < sizeof(text); n++) {
		for (size_t at = 1; at < n - 1; at++) {
			for (size_t w = 0; w < sizeof(wrong); w++) {
				char *copy;

				memset(text, 'x', n);
				text[0] = text[n - 1] = '"';
				assert_true(json_check((struct span){text, n}, NULL));
				text[at] = wrong[w];
				copy = exact_copy(text, n);
				assert_false(json_check((struct span){copy, n}, NULL));
				free(copy);
			}
		}
	}
}

/* Only what is JSON beyond a limit has this verdict: a client who sends it has not broken JSON. */
static void
a_text_beyond_a_limit_is_told_from_one_that_is_no_json(void **state)
{
	static const char inside[] = "\"]\\\"]\"";
	char deep[2 * (JSON_DEPTH_MAX + 1) + sizeof(inside)];
	size_t n = JSON_DEPTH_MAX + 1;
	const char *why;

	memset(deep, '[', n);
	memcpy(deep + n, inside, sizeof(inside) - 1);
	memset(deep + n + sizeof(inside) - 1, ']', n);
	n = 2 * n + sizeof(inside) - 1;
	assert_int_equal(json_judge((struct span){deep, n}, &why), JSON_BEYOND);
	assert_string_equal(why, "nested too deep");
	assert_int_equal(json_judge((struct span){deep, n - 1}, &why), JSON_BAD);
	deep[n] = ']';
	assert_int_equal(json_judge((struct span){deep, n + 1}, &why), JSON_BAD);
	assert_int_equal(json_judge(SPAN("{\"a\\u0000b\\\"\":[1]} "), &why), JSON_BEYOND);
	assert_string_equal(why, "U+0000 in a name");
	assert_int_equal(json_judge(SPAN("{\"a\\u0000b"), &why), JSON_BAD);
	assert_int_equal(json_judge(SPAN("{\"a\\u0000b\\"), &why), JSON_BAD);
	assert_int_equal(json_judge(SPAN("{\"a\":1"), &why), JSON_BAD);
	assert_int_equal(json_judge(SPAN("[1]"), &why), JSON_GOOD);
	assert_null(why);
}

static void
nesting_is_taken_to_its_limit_and_no_further(void **state)
{
	static char text[400000];

	for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		struct json *v;
		const char *why;

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		v = json_parse((struct span){text, 2 * (size_t)depth}, &why);
		assert_int_equal(v != NULL, depth == JSON_DEPTH_MAX);
		json_free(v);
	}
	memset(text, '[', sizeof(text));
	assert_false(json_check((struct span){text, sizeof(text)}, NULL));
	for (size_t i = 0; i + 5 <= sizeof(text); i += 5)
		memcpy(text + i, "{\"a\":", 5);
	assert_false(json_check((struct span){text, sizeof(text)}, NULL));
}

static void
getters_give_the_value_or_say_no(void **state)
{
	struct json *v = json_parse(SPAN("{\"i\":-5,\"d\":1.0,\"s\":\"a\\u0000b\",\"b\":true,\"n\":"
					 "null,\"a\":[1,[]],\"u\":18446744073709551615}"),
	    NULL);
	int64_t i = 0;
	bool b = false;
	struct span s;

	assert_int_equal(json_members(v), 7);
	assert_true(json_int(json_get(v, "i"), &i) && i == -5);
	assert_false(json_int(json_get(v, "d"), &i));
	assert_false(json_int(json_get(v, "u"), &i));
	assert_int_equal(json_type(json_get(v, "u")), JSON_INT);
	assert_int_equal(json_type(json_get(v, "d")), JSON_DOUBLE);
	assert_true(json_string(json_get(v, "s"), &s) && span_eq(s, SPAN("a\0b")));
	assert_false(json_string(json_get(v, "i"), &s));
	assert_true(json_bool(json_get(v, "b"), &b) && b);
	assert_false(json_bool(json_get(v, "i"), &b));
	assert_int_equal(json_type(json_get(v, "n")), JSON_NULL);
	assert_null(json_get(v, "absent"));
	assert_null(json_get(json_get(v, "a"), "x"));
	assert_int_equal(json_length(json_get(v, "a")), 2);
	assert_int_equal(json_type(json_at(json_get(v, "a"), 1)), JSON_ARRAY);
	assert_null(json_at(json_get(v, "a"), 2));
	assert_int_equal(json_length(v), 0);
	assert_int_equal(json_members(json_get(v, "a")), 0);
	json_free(v);
}

static void
nothing_is_null_for_every_getter(void **state)
{
	struct span s;
	int64_t i;
	bool b;

	assert_int_equal(json_type(NULL), JSON_NULL);
	assert_null(json_get(NULL, "a"));
	assert_null(json_at(NULL, 0));
	assert_false(json_string(NULL, &s) || json_int(NULL, &i) || json_bool(NULL, &b));
	assert_int_equal(json_length(NULL) + json_members(NULL), 0);
	json_free(NULL);
}

static void
a_name_twice_keeps_the_last_value(void **state)
{
	struct json *v = json_parse(SPAN("{\"a\":1,\"a\":2}"), NULL);
	int64_t i;

	assert_true(json_int(json_get(v, "a"), &i) && i == 2);
	json_free(v);
}

static void
assert_rewritten(const char *text, const char *want)
{
	struct buf b = {0};
	const char *why;
	struct json *v = json_parse(span_of(text), &why);

	assert_null(why);
	json_write(&b, v);
	assert_string_equal(buf_cstr(&b), want);
	json_free(v);
	buf_clear(&b);
}

static void
a_value_written_anew_is_compact_and_in_order(void **state)
{
	assert_rewritten(
	    " { \"z\" : [ 1 , { } , [ ] ] , \"a\" : null } ", "{\"z\":[1,{},[]],\"a\":null}");
	assert_rewritten(
	    "{\"{\":1,\"[\":[\"[\",\"{\"],\"\":\"\"}", "{\"{\":1,\"[\":[\"[\",\"{\"],\"\":\"\"}");
	assert_rewritten("null", "null");
	assert_rewritten("[true,false]", "[true,false]");
	assert_rewritten("\"\\u0041\\/\\ud83d\\ude00\"", "\"A/\xf0\x9f\x98\x80\"");
	assert_rewritten("[\"a\\ud836\\uDC00b\\\\ud836\",\"\\ud836\\udfff\\n\"]",
	    "[\"a\xf0\x9d\xa0\x80"
	    "b\\\\ud836\",\"\xf0\x9d\xaf\xbf\\n\"]");
}

static void
numbers_keep_their_value(void **state)
{
	assert_rewritten("-9223372036854775808", "-9223372036854775808");
	assert_rewritten("9223372036854775807", "9223372036854775807");
	assert_rewritten("18446744073709551615", "18446744073709551615");
	assert_rewritten("0", "0");
	assert_rewritten("0.1", "0.1");
	assert_rewritten("0.30000000000000004", "0.30000000000000004");
	assert_rewritten("1.7976931348623157e308", "1.7976931348623157e+308");
	assert_rewritten("5e-324", "4.94065645841247e-324");
	assert_rewritten("1.50", "1.5");
	assert_rewritten("-0.0", "-0.0");
	assert_rewritten("[4e4999,-1e400]", "[1e999,-1e999]");
}

static void
assert_string_written(struct span s, const char *want)
{
	struct buf b = {0};

	json_put_string(&b, s);
	assert_string_equal(buf_cstr(&b), want);
	assert_true(json_check(buf_as_span(&b), NULL));
	buf_clear(&b);
}

static void
strings_escape_what_they_must_and_nothing_else(void **state)
{
	assert_string_written(SPAN(""), "\"\"");
	assert_string_written(SPAN("\"\\/"), "\"\\\"\\\\/\"");
	assert_string_written(SPAN("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"");
	assert_string_written(SPAN("\0\1\v\x1f"), "\"\\u0000\\u0001\\u000b\\u001f\"");
	assert_string_written(
	    SPAN("\x7f\xc2\x80\xc2\x9f\xc2\xa0"), "\"\\u007f\\u0080\\u009f\xc2\xa0\"");
	assert_string_written(SPAN("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x82\xac"),
	    "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\xe2\x82\xac\"");
	assert_string_written(
	    SPAN("\xc3\xa9\xf0\x9f\x98\x80<>&'"), "\"\xc3\xa9\xf0\x9f\x98\x80<>&'\"");
}

static void
an_escape_is_made_at_every_place_of_a_string(void **state)
{
	static const char *const special[] = {
	    "\x01", "\"", "\\", "\x7f", "\xc2\x85", "\xe2\x80\xa8"};
	static const char *const escaped[] = {
	    "\\u0001", "\\\"", "\\\\", "\\u007f", "\\u0085", "\\u2028"};
	char text[64], want[64];

	for (int before = 0; before < 40; before++) {
		for (size_t i = 0; i < COUNT(special); i++) {
			int n = snprintf(text, sizeof(text), "%.*s%sz", before,
			    "0123456789012345678901234567890123456789", special[i]);
			char *copy = exact_copy(text, (size_t)n);

			snprintf(want, sizeof(want), "\"%.*s%sz\"", before,
			    "0123456789012345678901234567890123456789", escaped[i]);
			assert_string_written((struct span){copy, (size_t)n}, want);
			free(copy);
		}
	}
}

static void
runs_of_escapes_are_written_like_each_of_them_alone(void **state)
{
	for (int c = 0; c < 0x80; c++) {
		struct buf one = {0}, many = {0}, want = {0};
		char text[5000];

		memset(text, c, sizeof(text));
		json_put_string(&one, (struct span){text, 1});
		json_put_string(&many, (struct span){text, sizeof(text)});
		buf_addc(&want, '"');
		for (size_t i = 0; i < sizeof(text); i++)
			buf_add(&want, one.p + 1, one.len - 2);
		buf_addc(&want, '"');
		assert_int_equal(many.len, want.len);
		assert_memory_equal(many.p, want.p, want.len);
		buf_clear(&one);
		buf_clear(&many);
		buf_clear(&want);
	}
}

static void
commas_put_themselves(void **state)
{
	struct buf b = {0};

	buf_str(&b, "42");
	json_open(&b, '{');
	json_member_cstr(&b, "s", "{");
	json_member_int(&b, "i", INT64_MIN);
	json_member_bool(&b, "b", false);
	json_name(&b, "a");
	json_open(&b, '[');
	json_element(&b);
	json_put_string(&b, SPAN("["));
	json_element(&b);
	json_open(&b, '{');
	json_close(&b, '}');
	json_element(&b);
	json_put_int(&b, 0);
	json_close(&b, ']');
	json_member_raw(&b, "r", SPAN("{\"x\":[]}"));
	json_member_time(&b, "t", 0);
	json_member_string(&b, "e", SPAN(""));
	json_close(&b, '}');
	assert_string_equal(buf_cstr(&b),
	    "42{\"s\":\"{\",\"i\":-9223372036854775808,\"b\":false,\"a\":[\"[\",{},0],"
	    "\"r\":{\"x\":[]},\"t\":\"1970-01-01T00:00:00.000Z\",\"e\":\"\"}");
	buf_clear(&b);
}

static void *
parse_on_thread(void *arg)
{
	for (int i = 0; i < 200; i++)
		json_free(json_parse(SPAN("{\"a\":[1,2,3]}"), NULL));
	return NULL;
}

static void
each_thread_parses_by_itself_and_leaves_nothing(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, parse_on_thread, NULL), 0);
	parse_on_thread(NULL);
	pthread_join(thread, NULL);
}

static void
a_refused_text_spoils_nothing_for_the_next(void **state)
{
	static char large[200000];

	memset(large, 'x', sizeof(large));
	large[0] = large[sizeof(large) - 1] = '"';
	for (int i = 0; i < 3; i++) {
		struct json *v = json_parse((struct span){large, sizeof(large)}, NULL);
		struct span s;

		assert_true(json_string(v, &s) && s.n == sizeof(large) - 2);
		json_free(v);
		assert_null(json_parse(SPAN("[1,"), NULL));
		v = json_parse(SPAN("12"), NULL);
		assert_int_equal(json_type(v), JSON_INT);
		json_free(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_good_text_is_accepted_and_parsed),
	    cmocka_unit_test(every_bad_text_is_refused_with_a_reason),
	    cmocka_unit_test(an_object_cut_anywhere_is_refused),
	    cmocka_unit_test(a_bad_byte_is_found_at_every_place_of_a_string),
	    cmocka_unit_test(a_text_beyond_a_limit_is_told_from_one_that_is_no_json),
	    cmocka_unit_test(nesting_is_taken_to_its_limit_and_no_further),
	    cmocka_unit_test(getters_give_the_value_or_say_no),
	    cmocka_unit_test(nothing_is_null_for_every_getter),
	    cmocka_unit_test(a_name_twice_keeps_the_last_value),
	    cmocka_unit_test(a_value_written_anew_is_compact_and_in_order),
	    cmocka_unit_test(numbers_keep_their_value),
	    cmocka_unit_test(strings_escape_what_they_must_and_nothing_else),
	    cmocka_unit_test(an_escape_is_made_at_every_place_of_a_string),
	    cmocka_unit_test(runs_of_escapes_are_written_like_each_of_them_alone),
	    cmocka_unit_test(commas_put_themselves),
	    cmocka_unit_test(each_thread_parses_by_itself_and_leaves_nothing),
	    cmocka_unit_test(a_refused_text_spoils_nothing_for_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
