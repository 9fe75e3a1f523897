/* SPDX-License-Identifier: ISC */
/*
 * test_chat_routes.c - what users ask by REST: history, sending, marking as read.
 */
#include "unit/rest_world.h"

static void
what_is_sent_is_in_the_history_of_the_other(void **state)
{
	struct world *w = *state;
	const struct json *first;
	char id[64];

	sent(w, ALICE, "  hello\t", id);
	assert_int_equal(ASK(w, "GET", HISTORY, NULL, BOB), 200);
	assert_int_equal(number(member(w, "count")), 1);
	assert_false(truth(member(w, "hasMore")));
	assert_int_equal(json_type(member(w, "cursor")), JSON_STRING);
	first = json_at(member(w, "messages"), 0);
	assert_text(json_get(first, "id"), id);
	assert_text(json_get(first, "content"), "hello");
	assert_text(json_get(first, "senderId"), "alice");
	assert_text(json_get(first, "senderRole"), "client");
	assert_false(truth(json_get(first, "read")));
}

static void
head_is_get_without_a_body(void **state)
{
	struct world *w = *state;

	ASK(w, "HEAD", HISTORY, NULL, ALICE);
	assert_int_equal(w->status, 200);
	assert_null(w->json);
	assert_true(has_header(w, "\r\nContent-Length: "));
	assert_int_equal(ASK(w, "HEAD", HISTORY, NULL, EVE), 403);
	assert_null(w->json);
}

static void
a_foreign_and_an_unknown_escrow_look_the_same(void **state)
{
	static const char *const uris[][2] = {
	    {HISTORY, "/api/chat/43/history"}, {"/api/escrows/42", "/api/escrows/43"}};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct buf foreign = {0};

		ASK(w, "GET", uris[i][0], NULL, EVE);
		assert_refused(w, 403, "not_participant");
		buf_span(&foreign, buf_as_span(&w->out));
		ASK(w, "GET", uris[i][1], NULL, EVE);
		assert_true(span_eq(buf_as_span(&foreign), buf_as_span(&w->out)));
		buf_clear(&foreign);
	}
}

static void
a_history_query_is_checked(void **state)
{
	static const char *const queries[] = {"limit=0", "limit=201", "limit=x",
	    "limit=", "limit=1&limit=2",
	    "before=2026-11-24T01:02:03.456Z&after=2026-11-24T01:02:03.456Z", "before=a:b"};
	struct world *w = *state;
	char uri[160];

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		snprintf(uri, sizeof(uri), HISTORY "?%s", queries[i]);
		ASK(w, "GET", uri, NULL, ALICE);
		assert_refused(w, 400, "bad_request");
	}
	ASK(w, "GET", HISTORY "?before=0123456789abc-0123456789abc", NULL, ALICE);
	assert_refused(w, 404, "not_found");
}

static void
a_page_has_1_to_200_rows_on_every_route(void **state)
{
	static const char *const paths[] = {
	    HISTORY "?limit=", "/api/chat/search?q=x&limit=", "/api/escrows?limit="};
	static const char *const bad[] = {"0", "201", "-1", "-2147483648", "%2B1", "1e2",
	    "2147483648", "4294967297", "18446744073709551617", "99999999999999999999"};
	struct world *w = *state;
	char uri[160];

	for (size_t r = 0; r < sizeof(paths) / sizeof(paths[0]); r++) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			snprintf(uri, sizeof(uri), "%s%s", paths[r], bad[i]);
			ASK(w, "GET", uri, NULL, ALICE);
			assert_refused(w, 400, "bad_request");
		}
		snprintf(uri, sizeof(uri), "%s1", paths[r]);
		assert_int_equal(ASK(w, "GET", uri, NULL, ALICE), 200);
		snprintf(uri, sizeof(uri), "%s200", paths[r]);
		assert_int_equal(ASK(w, "GET", uri, NULL, ALICE), 200);
	}
}

static void
pages_are_linked_in_both_directions(void **state)
{
	struct world *w = *state;
	char ids[3][64], uri[160], line[160];

	for (size_t i = 0; i < 3; i++)
		sent(w, ALICE, "text {\"id\":\"fake\"", ids[i]);
	ASK(w, "GET", HISTORY "?limit=1", NULL, BOB);
	snprintf(line, sizeof(line), "\r\nLink: <" HISTORY "?limit=1&before=%s>; rel=\"prev\"\r\n",
	    ids[2]);
	assert_true(truth(member(w, "hasMore")));
	assert_true(has_header(w, line));
	snprintf(uri, sizeof(uri), HISTORY "?limit=2&before=%s", ids[2]);
	ASK(w, "GET", uri, NULL, BOB);
	snprintf(line, sizeof(line), "\r\nLink: <" HISTORY "?limit=2&after=%s>; rel=\"next\"\r\n",
	    ids[1]);
	assert_int_equal(number(member(w, "count")), 2);
	assert_true(has_header(w, line));
	ASK(w, "GET", HISTORY, NULL, BOB);
	assert_false(has_header(w, "\r\nLink:"));
}

static void
an_unchanged_history_is_304_for_participants_only(void **state)
{
	struct world *w = *state;
	char header[80], *tag, *end;

	ASK(w, "GET", HISTORY, NULL, ALICE);
	tag = strstr(buf_cstr(&w->out), "\r\nETag: ");
	assert_non_null(tag);
	end = strchr(tag + 2, '\r');
	snprintf(header, sizeof(header), "HTTP_IF_NONE_MATCH=%.*s", (int)(end - tag - 8), tag + 8);
	assert_int_equal(ASK(w, "GET", HISTORY, NULL, ALICE, header), 304);
	assert_null(w->json);
	assert_int_equal(ASK(w, "GET", HISTORY, NULL, EVE, header), 403);
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE);
	assert_int_equal(ASK(w, "GET", HISTORY, NULL, ALICE, header), 200);
}

static void
a_repeat_gives_the_first_message_and_stores_nothing(void **state)
{
	struct world *w = *state;
	struct buf first = {0}, again = {0};

	assert_int_equal(
	    ASK(w, "POST", SEND, "{\"content\":\"x\",\"clientMsgId\":\"c-1\"}", ALICE), 201);
	json_write(&first, member(w, "message"));
	assert_int_equal(
	    ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE, "HTTP_IDEMPOTENCY_KEY=c-1"), 200);
	json_write(&again, member(w, "message"));
	assert_true(span_eq(buf_as_span(&first), buf_as_span(&again)));
	ASK(w, "POST", SEND, "{\"content\":\"y\",\"clientMsgId\":\"c-1\"}", ALICE);
	assert_refused(w, 422, "idempotency_mismatch");
	ASK(w, "GET", HISTORY, NULL, ALICE);
	assert_int_equal(number(member(w, "count")), 1);
	buf_clear(&first);
	buf_clear(&again);
}

static void
both_names_of_the_idempotency_key_must_agree(void **state)
{
	static const char body[] = "{\"content\":\"x\",\"clientMsgId\":\"c-1\"}";
	struct world *w = *state;

	ASK(w, "POST", SEND, body, ALICE, "HTTP_IDEMPOTENCY_KEY=c-2");
	assert_refused(w, 400, "bad_request");
	assert_int_equal(ASK(w, "POST", SEND, body, ALICE, "HTTP_IDEMPOTENCY_KEY=c-1"), 201);
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE, "HTTP_IDEMPOTENCY_KEY=c d");
	assert_refused(w, 400, "bad_request");
	ASK(w, "POST", SEND, "{\"content\":\"x\",\"clientMsgId\":\"\"}", ALICE);
	assert_refused(w, 400, "bad_request");
	ASK(w, "POST", SEND, "{\"content\":\"x\",\"clientMsgId\":7}", ALICE);
	assert_refused(w, 400, "bad_request");
}

static void
a_message_that_breaks_a_rule_has_its_code(void **state)
{
	struct world *w = *state;
	struct buf body = {0};

	ASK(w, "POST", SEND, "{\"content\":\" \\n \"}", ALICE);
	assert_refused(w, 400, "empty");
	ASK(w, "POST", SEND, "{}", ALICE);
	assert_refused(w, 400, "bad_request");
	ASK(w, "POST", SEND, "{\"content\":[]}", ALICE);
	assert_refused(w, 400, "bad_request");
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", EVE);
	assert_refused(w, 403, "not_participant");
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", OLGA);
	assert_refused(w, 403, "forbidden");
	buf_str(&body, "{\"content\":\"");
	for (int i = 0; i < CONTENT_MAX + 1; i++)
		buf_str(&body, "\xc3\xa9");
	buf_str(&body, "\"}");
	ASK(w, "POST", SEND, buf_cstr(&body), ALICE);
	assert_refused(w, 413, "too_long");
	buf_clear(&body);
}

static void
too_many_messages_are_429_with_retry_after(void **state)
{
	struct world *w = *state;

	w->rest.rules.message_rate = 1;
	assert_int_equal(ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE), 201);
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE);
	assert_refused(w, 429, "rate_limited");
	assert_true(has_header(w, "\r\nRetry-After: 1\r\n"));
}

static void
an_invalid_escrow_is_created_by_nobody(void **state)
{
	static const char *const uris[] = {
	    "/api/chat/a%2Fb/send", "/api/chat/%0a/send", "/api/chat/%ff/send"};
	struct world *w = *state;

	w->rest.rules.rooms = ROOMS_OPEN;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		ASK(w, "POST", uris[i], "{\"content\":\"x\"}", ALICE);
		assert_refused(w, 400, "bad_request");
	}
	assert_int_equal(
	    ASK(w, "POST", "/api/chat/n%C3%A9w/send", "{\"content\":\"x\"}", EVE), 201);
}

static void
reading_is_seen_by_all_and_counted(void **state)
{
	struct world *w = *state;
	char id[64], uri[100];

	sent(w, ALICE, "x", id);
	ASK(w, "GET", "/api/chat/unread/count", NULL, BOB);
	assert_int_equal(number(member(w, "count")), 1);
	snprintf(uri, sizeof(uri), "/api/chat/%s/read", id);
	assert_int_equal(ask(w, "PUT", uri, NULL, (const char *[]){BOB, NULL}), 200);
	assert_text(json_get(member(w, "message"), "id"), id);
	assert_true(truth(json_get(member(w, "message"), "read")));
	assert_int_equal(ASK(w, "PUT", uri, "{}", BOB), 200);
	ASK(w, "GET", "/api/chat/unread/count", NULL, BOB);
	assert_int_equal(number(member(w, "count")), 0);
}

static void
marking_is_refused_where_it_means_nothing(void **state)
{
	struct world *w = *state;
	char id[64], uri[100];

	sent(w, ALICE, "x", id);
	snprintf(uri, sizeof(uri), "/api/chat/%s/read", id);
	ASK(w, "PUT", uri, "{}", ALICE);
	assert_refused(w, 400, "bad_request");
	ASK(w, "PUT", uri, "{}", EVE);
	assert_refused(w, 404, "not_found");
	ASK(w, "PUT", "/api/chat/nothing/read", "{}", BOB);
	assert_refused(w, 404, "not_found");
	ASK(w, "PUT", uri, "{\"walletAddress\":\"alice\"}", BOB);
	assert_refused(w, 401, "wallet_mismatch");
}

static void
read_up_to_marks_all_before(void **state)
{
	struct world *w = *state;
	char ids[3][64], body[100];

	for (size_t i = 0; i < 3; i++)
		sent(w, ALICE, "x", ids[i]);
	snprintf(body, sizeof(body), "{\"messageId\":\"%s\"}", ids[1]);
	assert_int_equal(ASK(w, "PUT", "/api/chat/42/read-up-to", body, BOB), 200);
	assert_int_equal(number(member(w, "unread")), 1);
	ASK(w, "PUT", "/api/chat/42/read-up-to", "{}", BOB);
	assert_refused(w, 400, "bad_request");
	ASK(w, "PUT", "/api/chat/42/read-up-to", body, EVE);
	assert_refused(w, 403, "not_participant");
}

static void
unread_is_told_by_escrow(void **state)
{
	struct world *w = *state;
	char id[64];

	sent(w, ALICE, "hello", id);
	assert_int_equal(ASK(w, "GET", "/api/chat/unread", NULL, BOB), 200);
	assert_int_equal(number(member(w, "count")), 1);
	assert_text(json_get(json_at(member(w, "escrows"), 0), "escrowId"), "42");
	assert_int_equal(number(json_get(json_at(member(w, "escrows"), 0), "count")), 1);
	assert_text(json_get(json_get(json_at(member(w, "escrows"), 0), "lastMessage"), "id"), id);
	assert_int_equal(ASK(w, "GET", "/api/chat/unread", NULL, ALICE), 200);
	assert_int_equal(number(member(w, "count")), 0);
	assert_int_equal(json_length(member(w, "escrows")), 0);
	store_fail_at(w->rest.store, 2, STORE_BROKEN);
	ASK(w, "GET", "/api/chat/unread", NULL, BOB);
	assert_refused(w, 503, "unavailable");
	assert_null(member(w, "escrows"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_sent_is_in_the_history_of_the_other),
	    TEST(head_is_get_without_a_body),
	    TEST(a_foreign_and_an_unknown_escrow_look_the_same),
	    TEST(a_history_query_is_checked),
	    TEST(a_page_has_1_to_200_rows_on_every_route),
	    TEST(pages_are_linked_in_both_directions),
	    TEST(an_unchanged_history_is_304_for_participants_only),
	    TEST(a_repeat_gives_the_first_message_and_stores_nothing),
	    TEST(both_names_of_the_idempotency_key_must_agree),
	    TEST(a_message_that_breaks_a_rule_has_its_code),
	    TEST(too_many_messages_are_429_with_retry_after),
	    TEST(an_invalid_escrow_is_created_by_nobody),
	    TEST(reading_is_seen_by_all_and_counted),
	    TEST(marking_is_refused_where_it_means_nothing),
	    TEST(read_up_to_marks_all_before),
	    TEST(unread_is_told_by_escrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
