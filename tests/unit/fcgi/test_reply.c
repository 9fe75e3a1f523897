/* SPDX-License-Identifier: ISC */
/*
 * test_reply.c - answers as a web server reads them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "fcgi/reply.h"

static bool
has(const struct buf *b, const char *text)
{
	return memmem(b->p, b->len, text, strlen(text)) != NULL;
}

static void
ends_with(const struct buf *b, const char *text)
{
	size_t n = strlen(text);

	assert_true(b->len >= n);
	assert_memory_equal(b->p + b->len - n, text, n);
}

static void
an_answer_is_status_headers_body(void **state)
{
	struct reply r = {0};
	struct buf out = {0};

	json_member_int(reply_open(&r, 201), "count", 3);
	reply_close(&r);
	reply_format(&r, false, &out);
	assert_memory_equal(out.p, "Status: 201 Created\r\n", 21);
	assert_true(has(&out, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
	assert_true(has(&out, "\r\nContent-Length: 26\r\n"));
	assert_true(has(&out, "\r\nCache-Control: private, no-cache\r\n"));
	assert_true(has(&out, "\r\nVary: Authorization, Cookie, Origin\r\n"));
	assert_true(has(&out, "\r\nX-Content-Type-Options: nosniff\r\n"));
	ends_with(&out, "\r\n\r\n{\"success\":true,\"count\":3}");
	buf_clear(&out);
	reply_clear(&r);
}

static void
head_has_the_headers_of_get_and_no_body(void **state)
{
	struct reply r = {0};
	struct buf get = {0}, head = {0};

	reply_open(&r, 200);
	reply_close(&r);
	reply_format(&r, false, &get);
	reply_format(&r, true, &head);
	assert_int_equal(head.len + r.body.len, get.len);
	assert_memory_equal(head.p, get.p, head.len);
	ends_with(&head, "\r\n\r\n");
	buf_clear(&get);
	buf_clear(&head);
	reply_clear(&r);
}

static void
a_refusal_has_the_status_of_its_code(void **state)
{
	static const struct {
		enum error err;
		int status;
	} cases[] = {{ERROR_BAD_REQUEST, 400}, {ERROR_UNAUTHORIZED, 401},
	    {ERROR_WALLET_MISMATCH, 401}, {ERROR_OPEN_IS_LOCAL, 403}, {ERROR_FORBIDDEN, 403},
	    {ERROR_NOT_PARTICIPANT, 403}, {ERROR_NOT_FOUND, 404}, {ERROR_EMPTY, 400},
	    {ERROR_TOO_LONG, 413}, {ERROR_RATE_LIMITED, 429}, {ERROR_CONFLICT, 409},
	    {ERROR_IDEMPOTENCY_MISMATCH, 422}, {ERROR_UNAVAILABLE, 503}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply r = {0};
		struct json *json;
		struct span code;
		bool success = true;

		json_member_int(reply_open(&r, 200), "half", 1);
		reply_failure(&r, cases[i].err, 0, NULL);
		json = json_parse(buf_as_span(&r.body), NULL);
		assert_int_equal(r.status, cases[i].status);
		assert_true(json_bool(json_get(json, "success"), &success));
		assert_false(success);
		assert_true(json_string(json_get(json, "code"), &code));
		assert_true(span_is(code, error_code(cases[i].err)));
		assert_int_equal(json_members(json), 3);
		json_free(json);
		reply_clear(&r);
	}
}

static void
a_closed_body_can_be_added_to(void **state)
{
	struct reply r = {0};

	reply_open(&r, 200);
	reply_close(&r);
	reply_reopen(&r);
	json_member_int(&r.body, "count", 1);
	reply_close(&r);
	assert_string_equal(buf_cstr(&r.body), "{\"success\":true,\"count\":1}");
	reply_clear(&r);
}

static void
what_passes_by_itself_says_when_to_come_again(void **state)
{
	static const struct {
		enum store_err err;
		const char *line;
	} cases[] = {{STORE_BUSY, "\r\nRetry-After: 1\r\n"}, {STORE_FULL, "\r\nRetry-After: 2\r\n"},
	    {STORE_READONLY, "\r\nRetry-After: 1\r\n"}, {STORE_DEADLINE, "\r\nRetry-After: 1\r\n"},
	    {STORE_BROKEN, "\r\nRetry-After: 1\r\n"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply r = {0};
		struct buf out = {0};

		reply_store_failure(&r, cases[i].err);
		reply_format(&r, false, &out);
		assert_int_equal(r.status, 503);
		assert_true(has(&out, cases[i].line));
		buf_clear(&out);
		reply_clear(&r);
	}
}

static void
a_header_cannot_be_smuggled_in_a_value(void **state)
{
	struct reply r = {0};

	reply_header(&r, "A", SPAN("b\r\nSet-Cookie: c"));
	reply_header(&r, "A", SPAN("b\x7f"));
	reply_header(&r, "A", SPAN("b\xc3\xa9"));
	assert_int_equal(r.headers.len, 0);
	reply_header(&r, "A", SPAN("b c"));
	ends_with(&r.headers, "A: b c\r\n");
	reply_clear(&r);
}

/* Returns the value of the reply's ETag. */
static struct span
etag_of(const struct reply *r)
{
	const char *p = memmem(r->headers.p, r->headers.len, "ETag: ", 6);
	struct span rest;

	assert_non_null(p);
	rest = (struct span){p + 6, r->headers.len - (size_t)(p + 6 - r->headers.p)};
	return span_cut(&rest, '\r');
}

static struct reply
tagged(int count, struct span if_none_match)
{
	struct reply r = {0};

	json_member_int(reply_open(&r, 200), "count", count);
	reply_close(&r);
	reply_etag(&r, if_none_match);
	return r;
}

static void
a_tag_names_the_bytes_of_the_body(void **state)
{
	struct reply one = tagged(1, SPAN("")), same = tagged(1, SPAN("\"other\"")),
		     two = tagged(2, SPAN(""));

	assert_true(span_eq(etag_of(&one), etag_of(&same)));
	assert_false(span_eq(etag_of(&one), etag_of(&two)));
	assert_int_equal(same.status, 200);
	reply_clear(&one);
	reply_clear(&same);
	reply_clear(&two);
}

static void
a_known_tag_is_answered_304_without_a_body(void **state)
{
	static const char *const forms[] = {"%s", "W/%s", "\"x\", %s", "\"x\" ,W/%s, \"y\"", "*"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct reply first = tagged(1, SPAN("")), again;
		struct span tag = etag_of(&first);
		struct buf header = {0}, out = {0};
		const char *at = strstr(forms[i], "%s");

		buf_add(&header, forms[i], at ? (size_t)(at - forms[i]) : strlen(forms[i]));
		if (at) {
			buf_span(&header, tag);
			buf_str(&header, at + 2);
		}
		again = tagged(1, buf_as_span(&header));
		reply_format(&again, false, &out);
		assert_int_equal(again.status, 304);
		assert_true(has(&out, "\r\nETag: "));
		assert_false(has(&out, "\r\nContent-Type") || has(&out, "\r\nContent-Length"));
		ends_with(&out, "\r\n\r\n");
		buf_clear(&header);
		buf_clear(&out);
		reply_clear(&first);
		reply_clear(&again);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_is_status_headers_body),
	    cmocka_unit_test(head_has_the_headers_of_get_and_no_body),
	    cmocka_unit_test(a_refusal_has_the_status_of_its_code),
	    cmocka_unit_test(a_closed_body_can_be_added_to),
	    cmocka_unit_test(what_passes_by_itself_says_when_to_come_again),
	    cmocka_unit_test(a_header_cannot_be_smuggled_in_a_value),
	    cmocka_unit_test(a_tag_names_the_bytes_of_the_body),
	    cmocka_unit_test(a_known_tag_is_answered_304_without_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
