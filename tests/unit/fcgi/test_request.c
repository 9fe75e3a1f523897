/* SPDX-License-Identifier: ISC */
/*
 * test_request.c - a web server's request is cut into path, query and body; also those of hostile
 * servers and clients.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fcgi/request.h"

#define EVM_UPPER "0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD"
#define EVM_LOWER "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd"

/* A body that arrives in pieces, and then ends as the test says. */
struct pieces {
	struct span left;
	size_t most;
	ssize_t end;
	size_t reads;
};

static ssize_t
read_pieces(void *arg, char *p, size_t n)
{
	struct pieces *b = arg;

	b->reads++;
	if (b->left.n == 0)
		return b->end;
	n = n < b->most ? n : b->most;
	n = n < b->left.n ? n : b->left.n;
	memcpy(p, b->left.p, n);
	b->left = (struct span){b->left.p + n, b->left.n - n};
	return (ssize_t)n;
}

static enum request_verdict
init(struct request *r, const char *uri, const char *prefix)
{
	struct buf line = {0};
	const char *why = NULL;
	static char method[] = "REQUEST_METHOD=GET";
	char *params[3] = {method};
	enum request_verdict verdict;
	static char kept[16384];

	buf_printf(&line, "REQUEST_URI=%s", uri);
	assert_true(line.len < sizeof(kept));
	memcpy(kept, buf_cstr(&line), line.len + 1);
	buf_clear(&line);
	params[1] = kept;
	verdict = request_init(r, params, prefix, &why);
	assert_true(why != NULL || verdict == REQUEST_OK || verdict == REQUEST_NO_ROUTE);
	return verdict;
}

static void
assert_span(struct span got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

/* ---- paths ---- */

static void
a_path_is_cut_into_segments_raw_and_decoded(void **state)
{
	struct request r;

	assert_int_equal(init(&r, "/api/chat/a%2Fb%20c/history?x=1", NULL), REQUEST_OK);
	assert_int_equal(r.n_segments, 4);
	assert_span(r.segments[0].raw, "api");
	assert_span(r.segments[2].raw, "a%2Fb%20c");
	assert_span(r.segments[2].text, "a/b c");
	assert_span(r.segments[3].text, "history");
	assert_span(r.path, "/api/chat/a%2Fb%20c/history");
	request_clear(&r);
}

static void
another_spelling_of_a_path_is_no_route(void **state)
{
	static const char *const uris[] = {"/api//chat", "/api/./chat", "/api/../chat",
	    "/%61pi/chat", "/api/%2e%2e/chat", "*", "api", "", "/a/b/c/d/e/f/g/h/i"};

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct request r;
		enum request_verdict verdict = init(&r, uris[i], NULL);

		assert_int_equal(verdict, uris[i][0] ? REQUEST_NO_ROUTE : REQUEST_MALFORMED);
		request_clear(&r);
	}
}

static void
the_prefix_is_cut_and_what_is_not_under_it_is_no_route(void **state)
{
	struct request r;

	assert_int_equal(init(&r, "/shop/api/health", "/shop"), REQUEST_OK);
	assert_span(r.path, "/api/health");
	request_clear(&r);
	assert_int_equal(init(&r, "/shopping/api", "/shop"), REQUEST_NO_ROUTE);
	request_clear(&r);
	assert_int_equal(init(&r, "/api/health", "/shop"), REQUEST_NO_ROUTE);
	request_clear(&r);
	assert_int_equal(init(&r, "/shop", "/shop"), REQUEST_NO_ROUTE);
	request_clear(&r);
}

static void
the_absolute_form_is_its_path(void **state)
{
	struct request r;

	assert_int_equal(init(&r, "HTTP://example.org:80/api/health?a=b", NULL), REQUEST_OK);
	assert_span(r.path, "/api/health");
	assert_int_equal(r.n_pairs, 1);
	request_clear(&r);
}

static void
a_target_too_long_is_told_apart(void **state)
{
	static char uri[REQUEST_TARGET_MAX + 2];
	struct request r;

	memset(uri, 'a', sizeof(uri) - 1);
	uri[0] = '/';
	assert_int_equal(init(&r, uri, NULL), REQUEST_TOO_LONG);
	request_clear(&r);
}

/* ---- queries ---- */

static void
a_query_is_decoded(void **state)
{
	struct request r;
	struct span value;
	bool twice = false;

	assert_int_equal(init(&r, "/x?limit=%32&a=b+c&&empty&name%3D=v%26w", NULL), REQUEST_OK);
	assert_true(request_query(&r, "limit", &value, &twice));
	assert_span(value, "2");
	assert_true(request_query(&r, "a", &value, &twice));
	assert_span(value, "b c");
	assert_true(request_query(&r, "empty", &value, &twice));
	assert_span(value, "");
	assert_true(request_query(&r, "name=", &value, &twice));
	assert_span(value, "v&w");
	assert_false(request_query(&r, "b", &value, &twice));
	assert_false(twice);
	request_clear(&r);
}

static void
a_name_given_twice_is_noticed(void **state)
{
	struct request r;
	struct span value;
	bool twice = false;

	assert_int_equal(init(&r, "/x?limit=1&limit=1", NULL), REQUEST_OK);
	assert_true(request_query(&r, "limit", &value, &twice));
	assert_true(twice);
	request_clear(&r);
}

static void
a_bad_escape_or_too_many_parts_are_malformed(void **state)
{
	static const char *const uris[] = {
	    "/x?a=%4", "/api/%4", "/api/%zz", "/api/%", "/api/a%00b"};
	struct buf uri = {0};
	struct request r;

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		assert_int_equal(init(&r, uris[i], NULL), REQUEST_MALFORMED);
		request_clear(&r);
	}
	buf_str(&uri, "/x?");
	for (int i = 0; i < REQUEST_PAIRS; i++)
		buf_printf(&uri, "p%d=1&", i);
	assert_int_equal(init(&r, buf_cstr(&uri), NULL), REQUEST_OK);
	request_clear(&r);
	buf_str(&uri, "more=1");
	assert_int_equal(init(&r, buf_cstr(&uri), NULL), REQUEST_MALFORMED);
	request_clear(&r);
	buf_clear(&uri);
}

/* ---- parameters ---- */

static enum request_verdict
init_with(struct request *r, char **params)
{
	const char *why = NULL;

	return request_init(r, params, NULL, &why);
}

#define PARAMS(...) ((char *[]){__VA_ARGS__, NULL})

static void
header_parameters_are_counted_as_lines(void **state)
{
	char method[] = "REQUEST_METHOD=POST", uri[] = "REQUEST_URI=/x",
	     host[] = "HTTP_HOST=localhost",
	     unknown[] = "HTTP_X_ANY=", type[] = "CONTENT_TYPE=text/plain",
	     length[] = "CONTENT_LENGTH=", other[] = "SERVER_NAME=localhost";
	struct request r;

	assert_int_equal(init_with(&r, PARAMS(method, uri, other, length)), REQUEST_OK);
	assert_int_equal(r.header_bytes, 0);
	request_clear(&r);
	assert_int_equal(init_with(&r, PARAMS(method, uri, host, unknown, type)), REQUEST_OK);
	assert_int_equal(r.header_bytes, strlen("Host: localhost\r\n"
						"X-Any: \r\n"
						"Content-Type: text/plain\r\n"));
	request_clear(&r);
}

static void
a_parameter_that_matters_may_not_come_twice(void **state)
{
	char method[] = "REQUEST_METHOD=GET", uri[] = "REQUEST_URI=/x",
	     host[] = "HTTP_HOST=localhost", other[] = "HTTP_HOST=example.org",
	     agent[] = "HTTP_USER_AGENT=a";
	struct request r;

	assert_int_equal(init_with(&r, PARAMS(method, uri, host, other)), REQUEST_MALFORMED);
	request_clear(&r);
	assert_int_equal(init_with(&r, PARAMS(method, uri, host, agent, agent)), REQUEST_OK);
	assert_span(r.auth.host, "localhost");
	request_clear(&r);
}

static void
without_method_or_uri_a_request_is_malformed(void **state)
{
	char method[] = "REQUEST_METHOD=GET", uri[] = "REQUEST_URI=/x", junk[] = "no equals sign";
	struct request r;

	assert_int_equal(init_with(&r, PARAMS(method, junk)), REQUEST_MALFORMED);
	request_clear(&r);
	assert_int_equal(init_with(&r, PARAMS(uri)), REQUEST_MALFORMED);
	request_clear(&r);
	assert_int_equal(init_with(&r, NULL), REQUEST_MALFORMED);
	request_clear(&r);
}

static void
a_wallet_in_header_and_query_must_be_the_same(void **state)
{
	static const struct {
		const char *header, *uri;
		enum error err;
		const char *claimed;
	} cases[] = {
	    {"", "/x", ERROR_NONE, ""},
	    {"alice", "/x", ERROR_NONE, "alice"},
	    {"", "/x?walletAddress=alice", ERROR_NONE, "alice"},
	    {"alice", "/x?walletAddress=alice", ERROR_NONE, "alice"},
	    {"alice", "/x?walletAddress=", ERROR_NONE, "alice"},
	    {"alice", "/x?walletAddress", ERROR_NONE, "alice"},
	    {"alice", "/x?walletAddress=bob", ERROR_WALLET_MISMATCH, NULL},
	    {"", "/x?walletAddress=alice&walletAddress=alice", ERROR_BAD_REQUEST, NULL},
	    {"alice", "/x?walletAddress=&walletAddress=alice", ERROR_BAD_REQUEST, NULL},
	    {EVM_UPPER, "/x?walletAddress=" EVM_LOWER, ERROR_NONE, EVM_LOWER},
	    {"not a wallet", "/x?walletAddress=alice", ERROR_WALLET_MISMATCH, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request r;

		assert_int_equal(init(&r, cases[i].uri, NULL), REQUEST_OK);
		r.auth.claimed_wallet = span_of(cases[i].header);
		assert_int_equal(request_wallet(&r), cases[i].err);
		if (cases[i].err == ERROR_NONE)
			assert_span(r.auth.claimed_wallet, cases[i].claimed);
		request_clear(&r);
	}
}

/* ---- bodies ---- */

static int
body_status(const char *length, const char *type, struct pieces *body, enum request_form form)
{
	struct request r;
	const char *why = NULL;
	int status;

	assert_int_equal(init(&r, "/x", NULL), REQUEST_OK);
	r.content_length = span_of(length);
	r.content_type = span_of(type);
	r.read = read_pieces;
	r.read_arg = body;
	status = request_body(&r, form, &why);
	assert_int_equal(status != 0, why != NULL);
	assert_true(status == 0 || r.json == NULL);
	request_clear(&r);
	return status;
}

static void
a_body_is_the_same_in_pieces_of_any_size(void **state)
{
	static const char text[] = "{\"content\":\"h\xc3\xa9llo\"}";

	for (size_t most = 1; most <= sizeof(text); most++) {
		struct pieces body = {span_of(text), most, REQUEST_END, 0};
		struct request r;
		struct span content;
		const char *why = NULL;
		char length[24];

		assert_int_equal(init(&r, "/x", NULL), REQUEST_OK);
		snprintf(length, sizeof(length), "%zu", strlen(text));
		r.content_length = span_of(length);
		r.content_type = SPAN("application/json");
		r.read = read_pieces;
		r.read_arg = &body;
		assert_int_equal(request_body(&r, BODY_OBJECT, &why), 0);
		assert_true(json_string(json_get(r.json, "content"), &content));
		assert_span(content, "h\xc3\xa9llo");
		request_clear(&r);
	}
}

static void
a_body_must_be_as_long_as_its_content_length_says(void **state)
{
	struct pieces shorter = {SPAN("{}"), 9, REQUEST_END, 0},
		      longer = {SPAN("{}   "), 9, REQUEST_END, 0},
		      broken = {SPAN("{"), 9, REQUEST_BROKEN, 0},
		      late = {SPAN("{"), 9, REQUEST_LATE, 0},
		      unended = {SPAN("{}"), 9, REQUEST_LATE, 0};

	assert_int_equal(body_status("3", "application/json", &shorter, BODY_OBJECT), 400);
	assert_int_equal(body_status("2", "application/json", &longer, BODY_OBJECT), 400);
	assert_int_equal(body_status("2", "application/json", &broken, BODY_OBJECT), 400);
	assert_int_equal(body_status("2", "application/json", &late, BODY_OBJECT), 408);
	assert_int_equal(body_status("2", "application/json", &unended, BODY_OBJECT), 408);
}

static void
an_announced_length_is_judged_before_anything_is_read(void **state)
{
	static const struct {
		const char *length;
		enum request_form form;
		int status;
	} cases[] = {{"", BODY_OBJECT, 411}, {"", BODY_MAYBE, 0}, {"0", BODY_MAYBE, 0},
	    {"-1", BODY_OBJECT, 400}, {"2x", BODY_OBJECT, 400}, {"0x2", BODY_OBJECT, 400},
	    {"262145", BODY_OBJECT, 413}, {"1048577", BODY_LIST, 413}, {"", BODY_LIST, 411},
	    {"18446744073709551615", BODY_OBJECT, 413}, {"99999999999999999999", BODY_MAYBE, 400}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pieces body = {SPAN("{}"), 9, REQUEST_END, 0};

		assert_int_equal(
		    body_status(cases[i].length, "application/json", &body, cases[i].form),
		    cases[i].status);
		assert_int_equal(body.reads, 0);
	}
}

static void
the_largest_body_is_taken(void **state)
{
	struct buf text = {0};
	struct pieces body = {.most = 5000};
	char length[24];

	buf_str(&text, "{\"a\":\"");
	while (text.len < REQUEST_BODY_MAX - 2)
		buf_addc(&text, 'x');
	buf_str(&text, "\"}");
	body.left = buf_as_span(&text);
	snprintf(length, sizeof(length), "%d", REQUEST_BODY_MAX);
	assert_int_equal(body_status(length, "application/json", &body, BODY_OBJECT), 0);
	buf_clear(&text);
}

static void
only_json_in_utf8_is_taken(void **state)
{
	static const struct {
		const char *type;
		int status;
	} cases[] = {{"application/json", 0}, {"Application/JSON ; Charset=UTF-8", 0},
	    {"application/json;charset=\"utf-8\"", 0}, {"application/json; charset=latin1", 415},
	    {"text/plain", 415}, {"application/json-patch+json", 415}, {"", 415},
	    {"application/x-www-form-urlencoded", 415}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pieces body = {SPAN("{}"), 9, REQUEST_END, 0};

		assert_int_equal(
		    body_status("2", cases[i].type, &body, BODY_OBJECT), cases[i].status);
	}
}

static void
a_body_that_is_no_json_object_is_refused(void **state)
{
	static const char *const texts[] = {"[]", "null", "1", "\"a\"", "{", "{}{}", "{'a':1}",
	    "{\"a\":NaN}", "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}", " "};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pieces body = {span_of(texts[i]), 99, REQUEST_END, 0};
		char length[24];

		snprintf(length, sizeof(length), "%zu", strlen(texts[i]));
		assert_int_equal(body_status(length, "application/json", &body, BODY_OBJECT), 400);
	}
}

static void
a_list_is_an_array_or_lines_left_as_they_are(void **state)
{
	static const struct {
		const char *type, *text;
		int status;
		bool is_array;
	} cases[] = {
	    {"application/json", "[1,{}]", 0, true},
	    {"application/json; charset=utf-8", " [] ", 0, true},
	    {"application/x-ndjson", "{}\n{}\n", 0, false},
	    {"Application/X-NDJSON;charset=UTF-8", "not json", 0, false},
	    {"application/json", "{}", 400, false},
	    {"application/json", "[1", 400, false},
	    {"application/x-ndjson; charset=latin1", "{}", 415, false},
	    {"text/plain", "[]", 415, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pieces body = {span_of(cases[i].text), 1, REQUEST_END, 0};
		struct request r;
		const char *why = NULL;
		char length[24];

		assert_int_equal(init(&r, "/x", NULL), REQUEST_OK);
		snprintf(length, sizeof(length), "%zu", strlen(cases[i].text));
		r.content_length = span_of(length);
		r.content_type = span_of(cases[i].type);
		r.read = read_pieces;
		r.read_arg = &body;
		assert_int_equal(request_body(&r, BODY_LIST, &why), cases[i].status);
		assert_int_equal(cases[i].status != 0, why != NULL);
		assert_int_equal(json_type(r.json) == JSON_ARRAY, cases[i].is_array);
		if (cases[i].status == 0)
			assert_span(buf_as_span(&r.body), cases[i].text);
		request_clear(&r);
	}
}

static void
lines_are_for_lists_alone(void **state)
{
	struct pieces body = {SPAN("{}"), 9, REQUEST_END, 0};

	assert_int_equal(body_status("2", "application/x-ndjson", &body, BODY_OBJECT), 415);
	assert_int_equal(body_status("2", "application/x-ndjson", &body, BODY_MAYBE), 415);
	assert_int_equal(body.reads, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_is_cut_into_segments_raw_and_decoded),
	    cmocka_unit_test(another_spelling_of_a_path_is_no_route),
	    cmocka_unit_test(the_prefix_is_cut_and_what_is_not_under_it_is_no_route),
	    cmocka_unit_test(the_absolute_form_is_its_path),
	    cmocka_unit_test(a_target_too_long_is_told_apart),
	    cmocka_unit_test(a_query_is_decoded),
	    cmocka_unit_test(a_name_given_twice_is_noticed),
	    cmocka_unit_test(a_bad_escape_or_too_many_parts_are_malformed),
	    cmocka_unit_test(header_parameters_are_counted_as_lines),
	    cmocka_unit_test(a_parameter_that_matters_may_not_come_twice),
	    cmocka_unit_test(without_method_or_uri_a_request_is_malformed),
	    cmocka_unit_test(a_wallet_in_header_and_query_must_be_the_same),
	    cmocka_unit_test(a_body_is_the_same_in_pieces_of_any_size),
	    cmocka_unit_test(a_body_must_be_as_long_as_its_content_length_says),
	    cmocka_unit_test(an_announced_length_is_judged_before_anything_is_read),
	    cmocka_unit_test(the_largest_body_is_taken),
	    cmocka_unit_test(only_json_in_utf8_is_taken),
	    cmocka_unit_test(a_body_that_is_no_json_object_is_refused),
	    cmocka_unit_test(a_list_is_an_array_or_lines_left_as_they_are),
	    cmocka_unit_test(lines_are_for_lists_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
