/* SPDX-License-Identifier: ISC */
/*
 * test_json_slice.c - json_slice reads in place the same values that json.h reads from a tree.
 */
#include "base/json_slice.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const names[] = {
    "a", "b", "\"\\/\b\f\n\r\t", "\xc3\xa9\xf0\x9f\x98\x80", "\xdf\xbf\xef\xbf\xbf", ""};

static void
assert_same_scalar(struct span slice, const struct json *value)
{
	struct buf decoded = {0};
	struct span in_place, parsed;
	int64_t i, k;
	bool is_string = json_string(value, &parsed), is_int = json_int(value, &k);

	assert_int_equal(json_slice_type(slice), json_type(value));
	assert_int_equal(json_slice_string(slice, &decoded, &in_place), is_string);
	assert_true(!is_string || span_eq(in_place, parsed));
	assert_int_equal(json_slice_int(slice, &i), is_int);
	assert_true(!is_int || i == k);
	buf_clear(&decoded);
}

/* Both readers see the same values at every depth. A member that is not there is NULL for one
 * and none for the other. */
static void
assert_same(struct span slice, const struct json *value)
{
	struct span members[COUNT(names)];

	assert_same_scalar(slice, value);
	if (slice.n == 0)
		return;
	json_slice_members(slice, names, members, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_same(members[i], json_get(value, names[i]));
	for (size_t i = 0; i <= json_length(value); i++)
		assert_same(json_slice_at(slice, i), json_at(value, i));
}

static void
assert_text(const char *text)
{
	size_t n = strlen(text);
	char *copy = mem_dup(text, n); /* without a terminator: a sanitizer sees one byte too far */
	struct json *value = json_parse((struct span){copy, n}, NULL);

	assert_true(json_check((struct span){copy, n}, NULL));
	assert_same(json_slice((struct span){copy, n}), value);
	json_free(value);
	free(copy);
}

static void
a_slice_is_what_a_tree_has(void **state)
{
	static const char *const texts[] = {"null", "true", " false ", "0", "-1", "42", "1.5",
	    "1e5", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
	    "18446744073709551615", "\"\"", "\"plain\"", "\"]}\"", "[]", "{}", "\t[ ]\r\n", " { } ",
	    "[1,[2,[3]],\"x\",{\"a\":[]}]", "\t[ 1 , \"a\" , [ ] , { } ]\r\n",
	    "{\"a\":1,\"b\":{\"a\":[\"}\",\"]\"]},\"\":\"\"}",
	    " { \"b\" : [ { \"a\" : null } ] , \"a\" : true } ",
	    "[\"\\\"\",\"\\\\\",\"\\\\\\\"]\"]", "{\"x\":\"\\\\\",\"a\":\"\\\"}\"}",
	    "{\"a\":\"b\",\"b\":\"a\"}"};

	for (size_t i = 0; i < COUNT(texts); i++)
		assert_text(texts[i]);
}

static void
every_escape_is_decoded(void **state)
{
	assert_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"");
	assert_text(
	    "\"\\u0000\\u0041\\u007f\\u0080\\u07FF\\u0800\\ufFfF\\uD83D\\ude00\\uDBFF\\uDFFF\"");
	assert_text("\"before\\nbetween\\u00e9behind\"");
}

static void
a_name_with_escapes_is_found(void **state)
{
	assert_text("{\"\\u0061\":1,\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":2,\"\\u00e9\\ud83d\\ude00\":3,"
		    "\"\\u07ff\\uffff\":4}");
}

static void
a_name_twice_counts_where_it_is_last(void **state)
{
	assert_text("{\"a\":1,\"b\":2,\"a\":3}");
	assert_text("{\"a\":1,\"\\u0061\":{\"b\":2}}");
}

static void
decoded_strings_stay_while_there_is_room(void **state)
{
	struct span text = SPAN("[\"\\n1\",\"plain\",\"\\n2\"]"), s[3];
	struct buf decoded = {0};

	buf_reserve(&decoded, text.n);
	for (size_t i = 0; i < 3; i++)
		assert_true(json_slice_string(json_slice_at(text, i), &decoded, &s[i]));
	assert_true(span_is(s[0], "\n1") && span_is(s[1], "plain") && span_is(s[2], "\n2"));
	buf_clear(&decoded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_slice_is_what_a_tree_has),
	    cmocka_unit_test(every_escape_is_decoded),
	    cmocka_unit_test(a_name_with_escapes_is_found),
	    cmocka_unit_test(a_name_twice_counts_where_it_is_last),
	    cmocka_unit_test(decoded_strings_stay_while_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
