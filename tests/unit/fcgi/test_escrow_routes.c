/* SPDX-License-Identifier: ISC */
/*
 * test_escrow_routes.c - escrows by REST: the platform writes them, participants see them.
 */
#include "unit/rest_world.h"

static void
an_escrow_is_created_then_replaced(void **state)
{
	struct world *w = *state;
	const char *body = "{\"title\":\"T\",\"status\":\"FUNDED\",\"participants\":"
			   "[{\"walletAddress\":\"alice\",\"role\":\"arbiter\"}]}";

	assert_int_equal(ASK(w, "PUT", "/api/escrows/7", body, PLATFORM), 201);
	assert_int_equal(ASK(w, "PUT", "/api/escrows/7", body, PLATFORM), 200);
	assert_text(json_get(member(w, "escrow"), "escrowId"), "7");
	assert_int_equal(ASK(w, "GET", "/api/escrows/7", NULL, ALICE), 200);
	assert_text(json_get(member(w, "escrow"), "status"), "FUNDED");
	assert_int_equal(json_length(json_get(member(w, "escrow"), "participants")), 1);
	assert_int_equal(ASK(w, "GET", "/api/escrows/7", NULL, BOB), 403);
	assert_int_equal(ASK(w, "GET", "/api/escrows/7", NULL, PLATFORM), 200);
	ASK(w, "GET", "/api/escrows/8", NULL, PLATFORM);
	assert_refused(w, 404, "not_found");
}

static void
a_bad_escrow_is_refused_with_a_reason(void **state)
{
	static const char *const bodies[] = {"{}", "{\"title\":7,\"participants\":[]}",
	    "{\"title\":\"T\",\"participants\":{}}",
	    "{\"title\":\"T\",\"participants\":[{\"walletAddress\":\"a\",\"role\":\"king\"}]}"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		ASK(w, "PUT", "/api/escrows/7", bodies[i], PLATFORM);
		assert_refused(w, 400, "bad_request");
	}
	assert_int_equal(ASK(w, "GET", "/api/escrows/7", NULL, PLATFORM), 404);
}

static void
a_user_sees_more_of_an_escrow_than_a_service_key(void **state)
{
	struct world *w = *state;
	char id[64];

	sent(w, ALICE, "hello", id);
	assert_int_equal(ASK(w, "GET", "/api/escrows/42", NULL, BOB), 200);
	assert_text(json_get(member(w, "escrow"), "role"), "freelancer");
	assert_text(json_get(json_get(member(w, "escrow"), "lastMessage"), "id"), id);
	assert_int_equal(number(json_get(member(w, "escrow"), "unread")), 1);
	assert_int_equal(ASK(w, "GET", "/api/escrows/42", NULL, PLATFORM), 200);
	assert_null(json_get(member(w, "escrow"), "role"));
	assert_null(json_get(member(w, "escrow"), "lastMessage"));
	assert_null(json_get(member(w, "escrow"), "unread"));
}

static void
a_user_lists_his_escrows_in_pages(void **state)
{
	struct world *w = *state;
	struct span next;
	char uri[160];

	ASK(w, "PUT", "/api/escrows/7",
	    "{\"title\":\"T\",\"participants\":[{\"walletAddress\":\"bob\",\"role\":\"arbiter\"}]}",
	    PLATFORM);
	assert_int_equal(ASK(w, "GET", "/api/escrows?limit=1", NULL, BOB), 200);
	assert_int_equal(number(member(w, "count")), 1);
	assert_true(truth(member(w, "hasMore")));
	assert_true(json_string(member(w, "next"), &next));
	snprintf(uri, sizeof(uri), "/api/escrows?limit=1&before=%.*s", (int)next.n, next.p);
	assert_int_equal(ASK(w, "GET", uri, NULL, BOB), 200);
	assert_int_equal(number(member(w, "count")), 1);
	assert_false(truth(member(w, "hasMore")));
	assert_null(member(w, "next"));
	assert_true(has_header(w, "\r\nETag: \""));
	assert_int_equal(ASK(w, "GET", "/api/escrows", NULL, OLGA), 200);
	assert_text(json_get(json_at(member(w, "escrows"), 0), "escrowId"), "42");
	assert_text(json_get(json_at(member(w, "escrows"), 0), "role"), "observer");
	assert_int_equal(ASK(w, "GET", "/api/escrows", NULL, EVE), 200);
	assert_int_equal(json_length(member(w, "escrows")), 0);
}

static void
a_list_is_a_user_s_and_its_query_is_checked(void **state)
{
	static const char *const queries[] = {
	    "limit=0", "limit=201", "limit=1&limit=1", "before=x", "before=1-a&before=1-a"};
	struct world *w = *state;
	char uri[80];

	ASK(w, "GET", "/api/escrows", NULL, PLATFORM);
	assert_refused(w, 401, "unauthorized");
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		snprintf(uri, sizeof(uri), "/api/escrows?%s", queries[i]);
		ASK(w, "GET", uri, NULL, BOB);
		assert_refused(w, 400, "bad_request");
	}
	store_fail_at(w->rest.store, 1, STORE_BROKEN);
	ASK(w, "GET", "/api/escrows", NULL, BOB);
	assert_refused(w, 503, "unavailable");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_escrow_is_created_then_replaced),
	    TEST(a_bad_escrow_is_refused_with_a_reason),
	    TEST(a_user_sees_more_of_an_escrow_than_a_service_key),
	    TEST(a_user_lists_his_escrows_in_pages),
	    TEST(a_list_is_a_user_s_and_its_query_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
