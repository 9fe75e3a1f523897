/* SPDX-License-Identifier: ISC */
/*
 * test_http.c - what proto/http.h promises.
 */
#include "proto/http.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "unit/date_line.h"

/* Parses every prefix, each in its own allocation, then the whole: a prefix of a good head is
 * "need more" or, if wrong, wrong early. */
static ssize_t
parse(struct http_request *r, struct span text, char **copy)
{
	*copy = NULL;
	for (size_t n = text.n > 2000 ? text.n : 0; n <= text.n; n++) {
		ssize_t used;

		free(*copy);
		*copy = mem_dup(text.p, n);
		used = http_parse(r, *copy, n);
		if (used != 0)
			return used;
	}
	return 0;
}

static int
status_of(struct span text)
{
	struct http_request r;
	char *copy;
	ssize_t used = parse(&r, text, &copy);

	free(copy);
	assert_true(used < 0 ? r.status != 0 : r.status == 0);
	return used < 0 ? r.status : used > 0 ? 200 : 0;
}

#define REQUEST(fields) "GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"

static void
assert_span(struct span got, const char *want)
{
	assert_non_null(got.p);
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void
a_request_is_read_wherever_it_is_split(void **state)
{
	struct span text =
	    SPAN("POST /a/b?c=d?e HTTP/1.1\r\nHost: example.org:80\r\ncontent-LENGTH:5\r\n"
		 "X-Other: \t a b \t\r\nEmpty:\r\nOrigin: http://a\r\n\r\nhello");
	struct http_request r;
	char *copy;

	assert_int_equal(parse(&r, text, &copy), text.n - 5);
	assert_int_equal(r.method, METHOD_POST);
	assert_span(r.method_name, "POST");
	assert_span(r.target, "/a/b?c=d?e");
	assert_span(r.path, "/a/b");
	assert_span(r.query, "c=d?e");
	assert_int_equal(r.minor, 1);
	assert_int_equal(r.n_fields, 5);
	assert_span(r.known[HTTP_HOST], "example.org:80");
	assert_span(r.known[HTTP_ORIGIN], "http://a");
	assert_null(r.known[HTTP_COOKIE].p);
	assert_span(r.fields[2].name, "X-Other");
	assert_span(r.fields[2].value, "a b");
	assert_int_equal(r.fields[2].field, HTTP_UNKNOWN);
	assert_span(r.fields[3].value, "");
	assert_true(r.has_length && !r.is_chunked && r.keep_alive && !r.expect_continue);
	assert_int_equal(r.content_length, 5);
	free(copy);
}

static void
a_target_may_be_in_absolute_form(void **state)
{
	static const struct {
		const char *target, *host, *path, *query;
	} cases[] = {
	    {"http://b/c/d?e=f", "b", "/c/d", "e=f"},
	    {"HTTPS://[::1]:80/c", "[::1]:80", "/c", NULL},
	    {"http://b", "b", "/", NULL},
	    {"http://b:81?e", "b:81", "/", "e"},
	};
	struct http_request r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};
		char *copy;

		buf_printf(&b, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].target);
		assert_int_equal(parse(&r, buf_as_span(&b), &copy), b.len);
		assert_span(r.target, cases[i].target);
		assert_span(r.path, cases[i].path);
		assert_true((r.query.p == NULL) == (cases[i].query == NULL));
		if (r.query.p != NULL)
			assert_span(r.query, cases[i].query);
		assert_span(r.known[HTTP_HOST], cases[i].host);
		assert_span(r.fields[0].value, "a");
		free(copy);
		buf_clear(&b);
	}
	/* The field is still needed, and valid. */
	assert_int_equal(status_of(SPAN("GET http://a/ HTTP/1.1\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET http://a/ HTTP/1.1\r\nHost: /\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET http://a/ HTTP/1.0\r\n\r\n")), 200);
}

static void
one_empty_line_before_a_request_is_passed_over(void **state)
{
	struct http_request r;

	assert_int_equal(http_parse(&r, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 29), 29);
	assert_int_equal(status_of(SPAN("\r\n" REQUEST(""))), 200);
	assert_int_equal(status_of(SPAN("\r\n\r\n" REQUEST(""))), 400);
	assert_int_equal(status_of(SPAN("\n" REQUEST(""))), 400);
	assert_int_equal(status_of(SPAN("\r\r" REQUEST(""))), 400);
}

static void
methods_are_named_and_unknown_ones_taken(void **state)
{
	static const struct {
		const char *line;
		enum http_method method;
	} cases[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST},
	    {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE},
	    {"OPTIONS", METHOD_OPTIONS}, {"get", METHOD_OTHER}, {"BREW", METHOD_OTHER}};
	struct http_request r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		buf_printf(&b, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].line);
		assert_int_equal(http_parse(&r, b.p, b.len), b.len);
		assert_int_equal(r.method, cases[i].method);
		assert_span(r.method_name, cases[i].line);
		buf_clear(&b);
	}
}

static void
malformed_heads_are_400(void **state)
{
	static const struct span bad[] = {
	    /* lines */
	    {"GET / HTTP/1.1\nHost: a\n\n", 24},
	    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 26},
	    {"GET / HTTP/1.1\r\nHost: a\r\n\n", 26},
	    {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 30},
	    {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 29},
	    /* request lines */
	    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 29},
	    {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	    {"GET /\r\nHost: a\r\n\r\n", 18},
	    {"GET\r\nHost: a\r\n\r\n", 16},
	    {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 28},
	    {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 28},
	    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 28},
	    {"GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", 33},
	    {"GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", 35},
	    {"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 33},
	    {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 37},
	    {"GET http://a:x/ HTTP/1.1\r\nHost: a\r\n\r\n", 37},
	    {"GET http://a/\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 36},
	    {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 35},
	    {"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 30},
	    {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	    {"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	    {"GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	    {"GET / http/1.1\r\nHost: a\r\n\r\n", 28},
	    {"GET / HTTP/1.x\r\nHost: a\r\n\r\n", 28},
	    {"GET / HTTP/11\r\nHost: a\r\n\r\n", 27},
	    {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 29},
	    {"GET / HTTP/ 1.1\r\nHost: a\r\n\r\n", 29},
	    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
	    /* fields */
	    {REQUEST(" X: y\r\n"), 34},
	    {REQUEST("X : y\r\n"), 34},
	    {REQUEST("X: a\r\n b\r\n"), 37},
	    {REQUEST(": y\r\n"), 32},
	    {REQUEST("X\r\n"), 30},
	    {REQUEST("X: a\0b\r\n"), 35},
	    {REQUEST("X: a\x01\r\n"), 34},
	    {REQUEST("X: a\x7f\r\n"), 34},
	    {REQUEST("X(: a\r\n"), 34},
	    {REQUEST("X\x80: a\r\n"), 34},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (status_of(bad[i]) != 400)
			fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
	}
}

static void
host_is_there_exactly_once_and_valid(void **state)
{
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\nHost:\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.0\r\nHost: /\r\n\r\n")), 400);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.0\r\n\r\n")), 200);
	assert_int_equal(status_of(SPAN("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")), 200);
}

static void
fields_that_must_be_single_are_refused_twice(void **state)
{
	static const char *const once[] = {"Authorization", "Content-Length", "Content-Type",
	    "Cookie", "Idempotency-Key", "Last-Event-ID", "Origin", "Sec-WebSocket-Key",
	    "Sec-WebSocket-Version", "Upgrade", "X-Real-IP", "X-Service-Key", "x-wallet-address"};
	static const char *const often[] = {"Accept", "Connection", "X-Forwarded-For", "Forwarded",
	    "Sec-WebSocket-Protocol", "X-Any"};
	struct buf b = {0};

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		b.len = 0;
		buf_printf(&b, REQUEST("%s: 1\r\nA: b\r\n%s: 1\r\n"), once[i], once[i]);
		assert_int_equal(status_of(buf_as_span(&b)), 400);
	}
	for (size_t i = 0; i < sizeof(often) / sizeof(often[0]); i++) {
		b.len = 0;
		buf_printf(&b, REQUEST("%s: 1\r\n%s: 1\r\n"), often[i], often[i]);
		assert_int_equal(status_of(buf_as_span(&b)), 200);
	}
	buf_clear(&b);
}

static void
every_known_field_is_found_by_its_index(void **state)
{
	static const char *const names[HTTP_FIELD_COUNT] = {
	    [HTTP_ACCEPT] = "Accept",
	    [HTTP_ACCEPT_ENCODING] = "Accept-Encoding",
	    [HTTP_ACCESS_CONTROL_REQUEST_HEADERS] = "Access-Control-Request-Headers",
	    [HTTP_ACCESS_CONTROL_REQUEST_METHOD] = "Access-Control-Request-Method",
	    [HTTP_AUTHORIZATION] = "Authorization",
	    [HTTP_CONNECTION] = "Connection",
	    [HTTP_CONTENT_LENGTH] = "Content-Length",
	    [HTTP_CONTENT_TYPE] = "Content-Type",
	    [HTTP_COOKIE] = "Cookie",
	    [HTTP_EXPECT] = "Expect",
	    [HTTP_FORWARDED] = "Forwarded",
	    [HTTP_IDEMPOTENCY_KEY] = "Idempotency-Key",
	    [HTTP_IF_NONE_MATCH] = "If-None-Match",
	    [HTTP_LAST_EVENT_ID] = "Last-Event-ID",
	    [HTTP_ORIGIN] = "Origin",
	    [HTTP_SEC_FETCH_SITE] = "Sec-Fetch-Site",
	    [HTTP_SEC_WEBSOCKET_EXTENSIONS] = "Sec-WebSocket-Extensions",
	    [HTTP_SEC_WEBSOCKET_KEY] = "Sec-WebSocket-Key",
	    [HTTP_SEC_WEBSOCKET_PROTOCOL] = "Sec-WebSocket-Protocol",
	    [HTTP_SEC_WEBSOCKET_VERSION] = "Sec-WebSocket-Version",
	    [HTTP_UPGRADE] = "Upgrade",
	    [HTTP_USER_AGENT] = "User-Agent",
	    [HTTP_X_FORWARDED_FOR] = "X-Forwarded-For",
	    [HTTP_X_FORWARDED_HOST] = "X-Forwarded-Host",
	    [HTTP_X_FORWARDED_PROTO] = "X-Forwarded-Proto",
	    [HTTP_X_REAL_IP] = "X-Real-IP",
	    [HTTP_X_REQUEST_ID] = "X-Request-ID",
	    [HTTP_X_SERVICE_KEY] = "X-Service-Key",
	    [HTTP_X_WALLET_ADDRESS] = "X-Wallet-Address",
	};
	struct http_request r;
	struct buf b = {0};

	buf_str(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int f = 1; f < HTTP_FIELD_COUNT; f++) {
		if (names[f])
			buf_printf(&b, "%s: %d\r\n", names[f], f);
	}
	buf_str(&b, "\r\n");
	assert_int_equal(http_parse(&r, b.p, b.len), b.len);
	for (int f = 1; f < HTTP_FIELD_COUNT; f++) {
		char value[12];

		snprintf(value, sizeof(value), "%d", f);
		if (names[f])
			assert_span(r.known[f], value);
		else
			assert_true(f == HTTP_HOST || f == HTTP_TRANSFER_ENCODING);
	}
	buf_clear(&b);
}

static void
a_body_is_announced_in_one_way_only(void **state)
{
	static const struct {
		struct span fields;
		int status;
	} cases[] = {
	    {{REQUEST("Content-Length: 0\r\n"), 0}, 200},
	    {{REQUEST("Content-Length: 007\r\n"), 0}, 200},
	    {{REQUEST("Content-Length: 9223372036854775807\r\n"), 0}, 200},
	    {{REQUEST("Content-Length: 9223372036854775808\r\n"), 0}, 400},
	    {{REQUEST("Content-Length: +1\r\n"), 0}, 400},
	    {{REQUEST("Content-Length: -1\r\n"), 0}, 400},
	    {{REQUEST("Content-Length: 1, 1\r\n"), 0}, 400},
	    {{REQUEST("Content-Length: 0x1\r\n"), 0}, 400},
	    {{REQUEST("Content-Length: 1 1\r\n"), 0}, 400},
	    {{REQUEST("Content-Length:\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: chunked\r\n"), 0}, 200},
	    {{REQUEST("Transfer-Encoding: CHUNKED\r\n"), 0}, 200},
	    {{REQUEST("Transfer-Encoding: gzip\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: gzip, chunked\r\n"), 0}, 501},
	    {{REQUEST("Transfer-Encoding: gzip,Chunked\r\n"), 0}, 501},
	    {{REQUEST("Transfer-Encoding: gzip, chunked,\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: chunked, identity\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: xchunked\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding:\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: \vchunked\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 0}, 400},
	    {{REQUEST("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 0}, 400},
	    {{REQUEST("Content-Length: 1\r\nTransfer-Encoding: gzip\r\n"), 0}, 400},
	    {{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 0}, 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (status_of(span_of(cases[i].fields.p)) != cases[i].status)
			fail_msg("not %d: %s", cases[i].status, cases[i].fields.p);
	}
}

static void
other_major_versions_are_505(void **state)
{
	assert_int_equal(status_of(SPAN("GET / HTTP/2.0\r\nHost: a\r\n\r\n")), 505);
	assert_int_equal(status_of(SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), 505);
	assert_int_equal(status_of(SPAN("GET / HTTP/3.1\r\nHost: a\r\n\r\n")), 505);
	assert_int_equal(status_of(SPAN("GET / HTTP/0.9\r\nHost: a\r\n\r\n")), 505);
}

static void
later_minor_versions_are_read_as_1_1(void **state)
{
	static const char *const later[] = {"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
	    "GET / HTTP/1.9\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"};
	struct http_request r;

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		assert_int_equal(http_parse(&r, later[i], strlen(later[i])), strlen(later[i]));
		assert_int_equal(r.minor, 1);
		assert_true(r.keep_alive);
	}
	assert_int_equal(status_of(SPAN("GET / HTTP/1.2\r\n\r\n")), 400); /* Host is missing */
}

/* Makes a head of n bytes: "GET /aaa… HTTP/1.1", a Host, and one field that fills the rest. */
static void
make_big(struct buf *b, size_t target, size_t total)
{
	b->len = 0;
	buf_str(b, "GET /");
	for (size_t i = 1; i < target; i++)
		buf_addc(b, 'a');
	buf_str(b, " HTTP/1.1\r\nHost: a\r\nX: ");
	while (b->len + 4 < total)
		buf_addc(b, 'x');
	buf_str(b, "\r\n\r\n");
}

static void
a_target_may_have_8_kib(void **state)
{
	struct buf b = {0};

	make_big(&b, 8192, 0);
	assert_int_equal(status_of(buf_as_span(&b)), 200);
	make_big(&b, 8193, 0);
	assert_int_equal(status_of(buf_as_span(&b)), 414);
	make_big(&b, 12000, 0);
	assert_int_equal(status_of((struct span){b.p, 10000}), 414);
	assert_int_equal(status_of((struct span){b.p, 8000}), 0);
	buf_clear(&b);
}

static void
a_head_may_have_16_kib_and_100_fields(void **state)
{
	struct buf b = {0};

	make_big(&b, 1, 16384);
	assert_int_equal(b.len, 16384);
	assert_int_equal(status_of(buf_as_span(&b)), 200);
	assert_int_equal(status_of((struct span){b.p, b.len - 1}), 0);
	make_big(&b, 1, 16385);
	assert_int_equal(status_of(buf_as_span(&b)), 431);
	assert_int_equal(status_of((struct span){b.p, b.len - 1}), 431);
	for (int n = 99; n <= 100; n++) {
		b.len = 0;
		buf_str(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (int i = 0; i < n; i++)
			buf_str(&b, "X: y\r\n");
		buf_str(&b, "\r\n");
		assert_int_equal(status_of(buf_as_span(&b)), n == 99 ? 200 : 431);
	}
	buf_clear(&b);
}

static void
a_very_long_method_is_501(void **state)
{
	assert_int_equal(
	    status_of(SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
	assert_int_equal(
	    status_of(SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: a\r\n\r\n")),
	    501);
}

static void
connect_is_501_and_options_may_ask_about_all(void **state)
{
	struct http_request r;

	assert_int_equal(status_of(SPAN("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")), 501);
	assert_int_equal(http_parse(&r, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 31), 31);
	assert_span(r.path, "*");
	assert_null(r.query.p);
	assert_int_equal(status_of(SPAN("OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n")), 400);
}

static void
connections_are_kept_as_the_version_has_it(void **state)
{
	static const struct {
		const char *text;
		bool keep_alive;
	} cases[] = {
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
	    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n", false},
	    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
		false},
	    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\n\r\n", false},
	    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
	};
	struct http_request r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(http_parse(&r, cases[i].text, strlen(cases[i].text)) > 0);
		assert_int_equal(r.keep_alive, cases[i].keep_alive);
	}
}

static void
continue_is_expected_only_before_a_body_and_since_1_1(void **state)
{
	static const struct {
		const char *text;
		bool is_expected, is_more;
	} cases[] = {
	    {REQUEST("Expect: 100-Continue\r\nContent-Length: 3\r\n"), true, false},
	    {REQUEST("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), true, false},
	    {REQUEST("Expect: 100-continue\r\n"), false, false},
	    {REQUEST("Expect: 100-continue\r\nContent-Length: 0\r\n"), false, false},
	    {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", false, false},
	    {REQUEST("Expect: a miracle\r\nContent-Length: 3\r\n"), false, true},
	    {REQUEST("Expect:\r\n"), false, true},
	};
	struct http_request r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(http_parse(&r, cases[i].text, strlen(cases[i].text)) > 0);
		assert_int_equal(r.expect_continue, cases[i].is_expected);
		assert_int_equal(r.expects_more, cases[i].is_more);
	}
}

static void
lines_of_one_field_are_joined(void **state)
{
	struct span text = SPAN(REQUEST("X-Forwarded-For: a\r\nX-Real-IP: z\r\nX-Forwarded-For: b, "
					"c\r\nx-forwarded-for: d\r\n"));
	struct http_request r;
	struct buf scratch = {0};

	assert_true(http_parse(&r, text.p, text.n) > 0);
	assert_span(http_joined(&r, HTTP_X_FORWARDED_FOR, &scratch), "a, b, c, d");
	scratch.len = 0;
	assert_span(http_joined(&r, HTTP_X_REAL_IP, &scratch), "z");
	assert_null(http_joined(&r, HTTP_COOKIE, &scratch).p);
	assert_int_equal(scratch.len, 0);
	assert_true(http_has_field(&r, "x-forwarded-FOR"));
	assert_false(http_has_field(&r, "X-Forwarded"));
	assert_true(http_has(&r, HTTP_X_FORWARDED_FOR, "C"));
	assert_false(http_has(&r, HTTP_X_FORWARDED_FOR, "z"));
	buf_clear(&scratch);
}

static void
tokens_are_found_whole_and_without_case(void **state)
{
	assert_true(http_token_list_has(SPAN("keep-alive, Upgrade"), "upgrade"));
	assert_true(http_token_list_has(SPAN(",, a\t ,b"), "a"));
	assert_false(http_token_list_has(SPAN("upgrades, up"), "upgrade"));
	assert_false(http_token_list_has(SPAN(""), "a"));
}

static void
cookies_are_counted(void **state)
{
	struct span text = SPAN(REQUEST("Cookie: a=1; __Host-x=t=\"o\"k ;b;a=2; c=\r\n")), value;
	struct http_request r;

	assert_true(http_parse(&r, text.p, text.n) > 0);
	assert_int_equal(http_cookie(r.known[HTTP_COOKIE], "__Host-x", &value), 1);
	assert_span(value, "t=\"o\"k");
	assert_int_equal(http_cookie(r.known[HTTP_COOKIE], "a", &value), 2);
	assert_span(value, "1");
	assert_int_equal(http_cookie(r.known[HTTP_COOKIE], "c", &value), 1);
	assert_span(value, "");
	assert_int_equal(http_cookie(r.known[HTTP_COOKIE], "b", &value), 0);
	assert_int_equal(http_cookie(r.known[HTTP_COOKIE], "x", &value), 0);
}

/* ---- chunked ---- */

/* Decodes text that is split at two places, and appends the body to out. Returns the number of
 * used bytes; -1: the text is refused. */
static ssize_t
unchunk(struct span text, size_t i, size_t j, struct buf *body, bool *is_done)
{
	size_t ends[] = {i, j, text.n}, at = 0;
	struct http_chunked c = {0};

	for (size_t k = 0; k < 3; k++) {
		char *copy = mem_dup(text.p + at, ends[k] - at), *p = copy;
		size_t left = ends[k] - at;
		ssize_t used = 0;

		while (left > 0 && !http_chunked_is_done(&c)) {
			struct span data;

			used = http_chunked_read(&c, p, left, &data);
			if (used <= 0)
				break;
			buf_span(body, data);
			p += used;
			left -= (size_t)used;
			at += (size_t)used;
		}
		free(copy);
		if (used < 0)
			return -1;
	}
	*is_done = http_chunked_is_done(&c);
	return (ssize_t)at;
}

static void
chunks_are_read_wherever_they_are_split(void **state)
{
	struct span text = SPAN("5\r\nhello\r\n00A;x=\"y z\"\r\n, "
				"world...\r\n1\r\n!\r\n0\r\nTrailer: x\r\nB:\r\n\r\nnext");

	for (size_t i = 0; i <= text.n; i++) {
		for (size_t j = i; j <= text.n; j++) {
			struct buf body = {0};
			bool is_done;

			assert_int_equal(unchunk(text, i, j, &body, &is_done), text.n - 4);
			assert_true(is_done);
			assert_string_equal(buf_cstr(&body), "hello, world...!");
			buf_clear(&body);
		}
	}
}

static void
an_unfinished_body_is_not_done(void **state)
{
	struct span text = SPAN("5\r\nhello\r\n0\r\n\r\n");

	for (size_t n = 0; n < text.n; n++) {
		struct buf body = {0};
		bool is_done;

		assert_int_equal(unchunk((struct span){text.p, n}, 0, 0, &body, &is_done), n);
		assert_false(is_done);
		buf_clear(&body);
	}
}

static void
bad_chunks_are_refused(void **state)
{
	static const char *const bad[] = {"\r\n", ";\r\n", "g\r\n", "5 \r\nhello\r\n", " 5\r\n",
	    "5\nhello\r\n", "5\r\nhelloX\r\n", "5\r\nhello\n", "5\r\nhello\r0", "0x5\r\n", "-5\r\n",
	    "+5\r\n", "8000000000000000\r\n", "ffffffffffffffff\r\n", "00000000000000001\r\n",
	    "5;a\nb", "5;a\rb", "5;a\x01\r\n", "5;\r\n", "5;;\r\n", "5;=b\r\n", "5;a b\r\n",
	    "5;a \r\n", "5;a=\r\n", "5;a=b c\r\n", "5;a=b=c\r\n", "5;a=\"b\r\n", "5;a=\"b\"c\r\n",
	    "5;a=b\"c\"\r\n", "5;a=\"b\\\r\n", "5;a=\"\x01\"\r\n", "5;(\r\n", "5 ;a=b \r\n",
	    "0\r\n\n", "0\r\n\rx", "0\r\n: x\r\n", "0\r\nA b: x\r\n", "0\r\nA: x\n",
	    "0\r\nA: \x7f\r\n", "0\r\n A: x\r\n", "0\r\nA\r\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t at = 0; at <= strlen(bad[i]); at++) {
			struct buf body = {0};
			bool is_done;

			if (unchunk(span_of(bad[i]), at, at, &body, &is_done) != -1)
				fail_msg("taken: %s", bad[i]);
			buf_clear(&body);
		}
	}
}

static void
extensions_of_chunks_are_passed_over(void **state)
{
	static const char *const good[] = {"5;a\r\n", "5;a=b\r\n", "5;a=\"b c\"\r\n",
	    "5;a=\"\"\r\n", "5;a=\"\\\";\\\\\"\r\n", "5;a;b=c;d=\"e;\"\r\n",
	    "5 ;\ta = b ; c \t= \"d\" ;e\r\n", "5;a=\"\xff\"\r\n"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf text = {0}, body = {0};
		bool is_done;

		buf_printf(&text, "%shello\r\n0;last\r\n\r\n", good[i]);
		for (size_t at = 0; at <= text.len; at++) {
			body.len = 0;
			if (unchunk(buf_as_span(&text), at, at, &body, &is_done) < 0 || !is_done)
				fail_msg("refused: %s", good[i]);
			assert_string_equal(buf_cstr(&body), "hello");
		}
		buf_clear(&text);
		buf_clear(&body);
	}
}

static void
extensions_and_trailers_are_bounded_for_the_whole_body(void **state)
{
	struct buf text = {0}, body = {0};
	bool is_done;

	for (int i = 0; i < 100; i++)
		buf_str(&text, "1;0123456789012345678901234567890123456789\r\nx\r\n");
	assert_int_equal(unchunk(buf_as_span(&text), 0, 0, &body, &is_done), text.len);
	buf_str(&text, "1;0123456789012345678901234567890123456789\r\nx\r\n1;"
		       "01234567890123456789012345678901234567890123456789"
		       "01234567890123456789012345678901234567890\r\n");
	assert_int_equal(unchunk(buf_as_span(&text), 0, 0, &body, &is_done), -1);
	text.len = 0;
	buf_str(&text, "0\r\nA:");
	for (int i = 0; i < 5000; i++)
		buf_addc(&text, 'x');
	assert_int_equal(unchunk(buf_as_span(&text), 0, 0, &body, &is_done), -1);
	buf_clear(&text);
	buf_clear(&body);
}

/* ---- answers ---- */

static void
an_answer_has_no_line_that_a_value_brought(void **state)
{
	struct buf b = {0};

	http_begin(&b, 404);
	http_put_str(&b, "X-A", "a\r\nSet-Cookie: b\n\x7f");
	http_put(&b, "X-B", (struct span){"a\0b", 3});
	http_put_u64(&b, "Content-Length", UINT64_MAX);
	http_end(&b);
	assert_string_equal(without_date(&b),
	    "HTTP/1.1 404 Not Found\r\nX-A: a  Set-Cookie: b  \r\nX-B: a b\r\n"
	    "Content-Length: 18446744073709551615\r\n\r\n");
	buf_clear(&b);
}

static void
every_status_that_is_sent_has_a_reason(void **state)
{
	static const int all[] = {100, 101, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408,
	    409, 411, 413, 414, 415, 417, 421, 422, 426, 429, 431, 500, 501, 503, 505};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_string_not_equal(http_reason(all[i]), "Unknown");
	assert_string_equal(http_reason(299), "Unknown");
}

/* ---- the WebSocket handshake ---- */

static int
handshake(const char *text, char accept[HTTP_WS_ACCEPT_SIZE])
{
	struct http_request r;

	assert_true(http_parse(&r, text, strlen(text)) > 0);
	return http_ws_handshake(&r, accept);
}

#define WS_GET  "GET /ws HTTP/1.1\r\nHost: a\r\n"
#define WS_UP   "Upgrade: WebSocket\r\n"
#define WS_CONN "Connection: keep-alive, Upgrade\r\n"
#define WS_KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define WS_VER  "Sec-WebSocket-Version: 13\r\n"

static void
the_handshake_of_the_rfc_is_answered_as_there(void **state)
{
	char accept[HTTP_WS_ACCEPT_SIZE];
	struct buf b = {0};

	assert_int_equal(handshake(WS_GET WS_UP WS_CONN WS_KEY WS_VER "\r\n", accept), 101);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	http_put_101(&b, accept, SPAN("chat"), (struct span){"", 0});
	http_end(&b);
	assert_string_equal(without_date(&b),
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	    "Sec-WebSocket-Protocol: chat\r\n\r\n");
	buf_clear(&b);
}

static void
a_handshake_that_lacks_something_is_refused(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
	    {"POST /ws HTTP/1.1\r\nHost: a\r\n" WS_UP WS_CONN WS_KEY WS_VER "\r\n", 405},
	    {"GET /ws HTTP/1.0\r\nHost: a\r\n" WS_UP WS_CONN WS_KEY WS_VER "\r\n", 400},
	    {WS_GET "\r\n", 426},
	    {WS_GET "Upgrade: h2c\r\n" WS_CONN WS_KEY WS_VER "\r\n", 426},
	    {WS_GET WS_UP WS_KEY WS_VER "\r\n", 400},
	    {WS_GET WS_UP "Connection: close\r\n" WS_KEY WS_VER "\r\n", 400},
	    {WS_GET WS_UP WS_CONN WS_VER "\r\n", 400},
	    {WS_GET WS_UP WS_CONN WS_VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n\r\n", 400},
	    {WS_GET WS_UP WS_CONN WS_VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n", 400},
	    {WS_GET WS_UP WS_CONN WS_VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n\r\n",
		400},
	    {WS_GET WS_UP WS_CONN WS_VER "Sec-WebSocket-Key: !!!lIHNhbXBsZSBub25jZQ==\r\n\r\n",
		400},
	    {WS_GET WS_UP WS_CONN WS_KEY "\r\n", 426},
	    {WS_GET WS_UP WS_CONN WS_KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426},
	    {WS_GET WS_UP WS_CONN WS_KEY WS_VER "Content-Length: 2\r\n\r\n", 400},
	    {WS_GET WS_UP WS_CONN WS_KEY WS_VER "Transfer-Encoding: chunked\r\n\r\n", 400},
	};
	char accept[HTTP_WS_ACCEPT_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (handshake(cases[i].text, accept) != cases[i].status)
			fail_msg("not %d: %s", cases[i].status, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_is_read_wherever_it_is_split),
	    cmocka_unit_test(a_target_may_be_in_absolute_form),
	    cmocka_unit_test(one_empty_line_before_a_request_is_passed_over),
	    cmocka_unit_test(methods_are_named_and_unknown_ones_taken),
	    cmocka_unit_test(malformed_heads_are_400),
	    cmocka_unit_test(host_is_there_exactly_once_and_valid),
	    cmocka_unit_test(fields_that_must_be_single_are_refused_twice),
	    cmocka_unit_test(every_known_field_is_found_by_its_index),
	    cmocka_unit_test(a_body_is_announced_in_one_way_only),
	    cmocka_unit_test(other_major_versions_are_505),
	    cmocka_unit_test(later_minor_versions_are_read_as_1_1),
	    cmocka_unit_test(a_target_may_have_8_kib),
	    cmocka_unit_test(a_head_may_have_16_kib_and_100_fields),
	    cmocka_unit_test(a_very_long_method_is_501),
	    cmocka_unit_test(connect_is_501_and_options_may_ask_about_all),
	    cmocka_unit_test(connections_are_kept_as_the_version_has_it),
	    cmocka_unit_test(continue_is_expected_only_before_a_body_and_since_1_1),
	    cmocka_unit_test(lines_of_one_field_are_joined),
	    cmocka_unit_test(tokens_are_found_whole_and_without_case),
	    cmocka_unit_test(cookies_are_counted),
	    cmocka_unit_test(chunks_are_read_wherever_they_are_split),
	    cmocka_unit_test(an_unfinished_body_is_not_done),
	    cmocka_unit_test(bad_chunks_are_refused),
	    cmocka_unit_test(extensions_of_chunks_are_passed_over),
	    cmocka_unit_test(extensions_and_trailers_are_bounded_for_the_whole_body),
	    cmocka_unit_test(an_answer_has_no_line_that_a_value_brought),
	    cmocka_unit_test(every_status_that_is_sent_has_a_reason),
	    cmocka_unit_test(the_handshake_of_the_rfc_is_answered_as_there),
	    cmocka_unit_test(a_handshake_that_lacks_something_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
