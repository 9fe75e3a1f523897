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

static void
a_surrogate_that_stands_alone_is_read_as_u_fffd(void **state)
{
	static const char *const texts[] = {"\"\\ud83d\"", "\"\\ude00x\"", "\"\\ud83d\\u0041\"",
	    "\"\\ud83d\\ud83d\\ude00\"", "\"\\ude00\\ud83d\""};
	static const char *const want[] = {"\xef\xbf\xbd", "\xef\xbf\xbdx",
	    "\xef\xbf\xbd"
	    "A",
	    "\xef\xbf\xbd\xf0\x9f\x98\x80", "\xef\xbf\xbd\xef\xbf\xbd"};
	struct span text;

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf decoded = {0};

		assert_text(texts[i]);
		assert_true(json_slice_string(span_of(texts[i]), &decoded, &text));
		assert_true(span_is(text, want[i]));
		buf_clear(&decoded);
	}
}

static void
assert_copy(const char *text, const char *want)
{
	struct buf out = {0};

	assert_true(json_check(span_of(text), NULL));
	json_copy(&out, span_of(text));
	assert_string_equal(buf_cstr(&out), want);
	assert_true(json_check(buf_as_span(&out), NULL));
	buf_clear(&out);
}

/* Publishers count wei: no digit may change on the way. */
static void
a_copy_is_compact_and_keeps_every_digit(void **state)
{
	assert_copy("{ \"amount\" : 25000000000000000000 }", "{\"amount\":25000000000000000000}");
	assert_copy("[-0, 1.0 ,1.50,1e21,1E+400\t,-1e-999]", "[-0,1.0,1.50,1e21,1E+400,-1e-999]");
	assert_copy("\r\n[ ]\n", "[]");
	assert_copy(" {\"b\":[ { \"a\" : null } , true ],\"a\":1,\"a\":2}",
	    "{\"b\":[{\"a\":null},true],\"a\":1,\"a\":2}");
	assert_copy("[\"\\u0041\\/ \\ud83d\\ude00 ,]\",\"\\ud83d\"]",
	    "[\"A/ \xf0\x9f\x98\x80 ,]\",\"\xef\xbf\xbd\"]");
	assert_copy("\"\xe2\x80\xa8\\n\"", "\"\\u2028\\n\"");
}

static void
elements_come_one_after_the_other(void **state)
{
	struct span array = SPAN("[ 1,[2,3] ,\"x\"]"), element = {"", 0};

	assert_true(json_slice_next(array, &element) && span_is(element, "1"));
	assert_true(json_slice_next(array, &element) && span_is(element, "[2,3]"));
	assert_true(json_slice_next(array, &element) && span_is(element, "\"x\""));
	assert_false(json_slice_next(array, &element));
	element.n = 0;
	assert_false(json_slice_next(SPAN("[ ]"), &element));
	assert_false(json_slice_next(SPAN("{\"a\":1}"), &element));
}

/* An answer to a text that is refused needs its event and its ack, and must not read past it. */
static void
members_are_found_in_a_text_that_is_refused(void **state)
{
	static const char *const looked_for[] = {"event", "ack"};
	static const struct {
		const char *text, *event, *ack;
	} cases[] = {{"{\"event\":\"a\",\"data\":[[[{\"ack\":1}]]],\"ack\":7}", "\"a\"", "7"},
	    {"{\"ack\" : \"x\" , \"data\":{\"a\":nope}, \"event\" : \"b\"}", "\"b\"", "\"x\""},
	    {"{\"data\":\"\\\"ack\\\":3\",\"ack\":4,", "", "4"},
	    {"{\"ack\":5,\"data\":\"never closed", "", "5"}, {"{\"ack\":01}", "", ""},
	    {"{\"ack\":{}}", "", ""}, {"{\"ack\"", "", ""}, {"{\"ack\":", "", ""},
	    {"{\"ack", "", ""}, {"{\"\\", "", ""}, {"{", "", ""}, {"", "", ""},
	    {"[\"ack\",1]", "", ""}, {"{\"ack\":1}{\"ack\":2}", "", "1"}};
	struct span values[2];

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = strlen(cases[i].text);
		char *copy = mem_dup(cases[i].text, n);

		json_scan_members((struct span){copy, n}, looked_for, values, 2);
		assert_true(span_is(values[0], cases[i].event));
		assert_true(span_is(values[1], cases[i].ack));
		free(copy);
	}
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
	    cmocka_unit_test(a_surrogate_that_stands_alone_is_read_as_u_fffd),
	    cmocka_unit_test(a_copy_is_compact_and_keeps_every_digit),
	    cmocka_unit_test(elements_come_one_after_the_other),
	    cmocka_unit_test(members_are_found_in_a_text_that_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
