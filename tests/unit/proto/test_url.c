/* SPDX-License-Identifier: ISC */
/*
 * test_url.c - what proto/url.h promises.
 */
#include "proto/url.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void
assert_span(struct span got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void
percent_encoding_is_undone(void **state)
{
	struct buf b = {0};

	assert_true(url_decode(&b, SPAN("a%20b+c%2fd%2Fe%c3%A9")));
	assert_string_equal(buf_cstr(&b), "a b+c/d/e\xc3\xa9");
	b.len = 0;
	assert_true(url_decode_form(&b, SPAN("a%20b+c%2B%00d")));
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.p, "a b c+\0d", 8);
	b.len = 0;
	assert_true(url_decode(&b, SPAN("")));
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
a_percent_sign_without_two_digits_is_refused_and_leaves_the_buffer(void **state)
{
	static const char *const bad[] = {
	    "%", "%1", "a%", "a%2", "%zz", "%1g", "%g1", "%%20", "%-1", "% 1", "%u0041"};
	struct buf b = {0};

	buf_str(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(url_decode(&b, span_of(bad[i])));
		assert_false(url_decode_form(&b, span_of(bad[i])));
	}
	assert_int_equal(b.len, 4);
	buf_clear(&b);
}

static void
what_is_encoded_is_decoded_to_the_same(void **state)
{
	struct buf all = {0}, text = {0}, back = {0};

	for (int c = 0; c < 256; c++)
		buf_addc(&all, (char)c);
	url_encode(&text, buf_as_span(&all));
	assert_true(url_decode(&back, buf_as_span(&text)));
	assert_true(span_eq(buf_as_span(&all), buf_as_span(&back)));
	assert_int_equal(text.len, 66 + 190 * 3);
	buf_clear(&all);
	buf_clear(&text);
	buf_clear(&back);
}

static void
a_path_has_one_spelling(void **state)
{
	static const char *const good[] = {"/", "/a", "/a/", "/a/b", "/%20", "/a%2Fb", "/a%2fb",
	    "/...", "/.a", "/a.", "/~a", "/a;b=c", "/%c3%a9", "/socket.io/", "/..a/"};
	static const char *const bad[] = {"", "a", "//", "/a//b", "/a//", "/.", "/..", "/./a",
	    "/a/..", "/a/../b", "/%61", "/%2e", "/%2E%2e/", "/%7e", "/%5F", "/%2d", "/%30", "/%00",
	    "/a%", "/a%2", "/%zz", "/a%2/b", "*"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(url_path_is_canonical(span_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(url_path_is_canonical(span_of(bad[i])));
}

static void
a_query_is_walked_in_order(void **state)
{
	struct span rest = SPAN("&a=1&&b&c=&=d&e=f=g&"), name, value;
	static const struct {
		const char *name, *value;
	} want[] = {{"a", "1"}, {"b", NULL}, {"c", ""}, {"", "d"}, {"e", "f=g"}};

	for (size_t i = 0; i < 5; i++) {
		assert_true(url_query_next(&rest, &name, &value));
		assert_span(name, want[i].name);
		if (want[i].value)
			assert_span(value, want[i].value);
		else
			assert_null(value.p);
	}
	assert_false(url_query_next(&rest, &name, &value));
	rest = (struct span){NULL, 0};
	assert_false(url_query_next(&rest, &name, &value));
}

static void
a_name_in_a_query_is_counted_and_its_first_value_given(void **state)
{
	struct span query = SPAN("sid=x&EIO=4&sid=y"), value;

	assert_int_equal(url_query_get(query, "EIO", &value), 1);
	assert_span(value, "4");
	assert_int_equal(url_query_get(query, "sid", &value), 2);
	assert_span(value, "x");
	assert_int_equal(url_query_get(query, "si", &value), 0);
	assert_int_equal(url_query_get((struct span){NULL, 0}, "a", &value), 0);
}

static void
a_host_is_split(void **state)
{
	static const struct {
		const char *host, *name;
		int port;
	} good[] = {{"a", "a", -1}, {"a:1", "a", 1}, {"a:", "a", -1},
	    {"ex-am.ple:65535", "ex-am.ple", 65535}, {"[::1]", "[::1]", -1},
	    {"[2001:db8::1]:80", "[2001:db8::1]", 80}, {"127.0.0.1:0", "127.0.0.1", 0}};
	static const char *const bad[] = {"", ":80", "a:b", "a:65536", "a:+1", "a:1:2", "a b", "a/",
	    "a@b", "[::1", "[]", "[::1]x", "[1.2.3.4]", "::1", "a:000001", "[::1%25eth0]", "a,b"};
	struct span name;
	int port;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(url_host_split(span_of(good[i].host), &name, &port));
		assert_span(name, good[i].name);
		assert_int_equal(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(url_host_split(span_of(bad[i]), &name, &port));
}

static void
loopback_names_are_these_and_no_others(void **state)
{
	static const char *const good[] = {"localhost", "LOCALHOST:80", "localhost:3001",
	    "127.0.0.1", "127.255.1.2:1", "[::1]", "[::1]:3001"};
	static const char *const bad[] = {"", "localhost.", "a.localhost", "localhost.evil.example",
	    "127.0.0.1.evil.example", "127.1", "0127.0.0.1", "2130706433", "0x7f.0.0.1",
	    "128.0.0.1", "[::2]", "::1", "0.0.0.0", "localhost:x", "127.0.0.256", "1270.0.0.1"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(url_host_is_loopback(span_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(url_host_is_loopback(span_of(bad[i])));
}

static void
origins_are_equal_if_scheme_host_and_port_are(void **state)
{
	static const struct {
		const char *a, *b;
		bool are_equal;
	} cases[] = {
	    {"http://localhost:5173", "HTTP://LocalHost:5173", true},
	    {"http://a", "http://a:80", true},
	    {"https://a:443", "https://a", true},
	    {"ws://a", "ws://a:80", true},
	    {"wss://a", "wss://a:443", true},
	    {"ws://a", "http://a", false},
	    {"http://a", "https://a", false},
	    {"http://a:443", "https://a:443", false},
	    {"http://a", "http://a:8080", false},
	    {"http://a", "http://ab", false},
	    {"chrome-extension://abc", "chrome-extension://abc", true},
	    {"http://[::1]:80", "http://[::1]", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct url_origin a, b;

		assert_true(url_origin_parse(&a, span_of(cases[i].a)));
		assert_true(url_origin_parse(&b, span_of(cases[i].b)));
		assert_int_equal(url_origin_equal(&a, &b), cases[i].are_equal);
	}
}

static void
what_is_no_origin_is_refused(void **state)
{
	static const char *const bad[] = {"", "null", "http:", "http:/a", "http://", "http://a/",
	    "http://a?b", "http://u@a", "://a", "1http://a", "a", "http//a", "http://a:99999",
	    "http://a b", "http://a, http://b"};
	struct url_origin o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(url_origin_parse(&o, span_of(bad[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(percent_encoding_is_undone),
	    cmocka_unit_test(a_percent_sign_without_two_digits_is_refused_and_leaves_the_buffer),
	    cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
	    cmocka_unit_test(a_path_has_one_spelling),
	    cmocka_unit_test(a_query_is_walked_in_order),
	    cmocka_unit_test(a_name_in_a_query_is_counted_and_its_first_value_given),
	    cmocka_unit_test(a_host_is_split),
	    cmocka_unit_test(loopback_names_are_these_and_no_others),
	    cmocka_unit_test(origins_are_equal_if_scheme_host_and_port_are),
	    cmocka_unit_test(what_is_no_origin_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
