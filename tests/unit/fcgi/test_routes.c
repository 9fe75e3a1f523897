/* SPDX-License-Identifier: ISC */
/*
 * test_routes.c - the order in which a request is decided, and the answers when the database fails.
 */
#include "unit/rest_world.h"

#include <ctype.h>

#include "store/db.h"
#include "store/tables/token_rows.h"
#include "unit/jose.h"

static void
an_unknown_path_is_404_in_every_method(void **state)
{
	static const char *const methods[] = {"GET", "POST", "OPTIONS", "BREW", "HEAD"};
	static const char *const uris[] = {"/", "/api", "/api/chat", "/api/chat/42/history/",
	    "/api/chat//history", "/api/%63hat/42/history", "/api/chat/42/History",
	    "/api/chat/../chat/42/history"};
	struct world *w = *state;

	for (size_t m = 0; m < 5; m++) {
		for (size_t u = 0; u < 8; u++)
			assert_int_equal(ASK(w, methods[m], uris[u], NULL, ALICE), 404);
	}
	assert_true(has_header(w, "\r\nX-Content-Type-Options: nosniff\r\n"));
}

static void
header_fields_may_have_max_header_bytes(void **state)
{
	struct world *w = *state;
	char field[] = "HTTP_X=.....................................................";

	assert_int_equal(strlen(field), strlen("HTTP_X=") + 53);
	w->config.max_header = 100; /* with "Host: localhost:8080" and "X-Request-ID: test" */
	assert_int_equal(ASK(w, "GET", "/api/nothing", NULL, field), 404);
	w->config.max_header--;
	assert_int_equal(ASK(w, "GET", "/api/nothing", NULL, field), 431);
	w->config.max_header = 0;
}

static void
a_known_path_names_its_methods(void **state)
{
	struct world *w = *state;

	ASK(w, "DELETE", "/api/escrows/42", NULL, ALICE);
	assert_refused(w, 405, "bad_request");
	assert_true(has_header(w, "\r\nAllow: GET, HEAD, PUT, OPTIONS\r\n"));
	ASK(w, "GET", SEND, NULL, ALICE);
	assert_refused(w, 405, "bad_request");
	assert_true(has_header(w, "\r\nAllow: POST, OPTIONS\r\n"));
	assert_int_equal(ASK(w, "get", HISTORY, NULL, ALICE), 405);
}

/* Makes a path of the row's pattern: a text stands in place of each name in braces. */
static void
uri_of(const struct route *r, char *out, size_t size)
{
	struct span rest = span_of(r->pattern), before = span_cut(&rest, '{');

	if (rest.p)
		span_cut(&rest, '}');
	snprintf(out, size, "%.*s%s%.*s", (int)before.n, before.p, rest.p ? "42" : "",
	    rest.p ? (int)rest.n : 0, rest.p ? rest.p : "");
}

static void
each_row_is_found_and_its_path_names_its_method(void **state)
{
	struct world *w = *state;
	char uri[100], want[20];

	for (size_t i = 0; i < n_routes; i++) {
		uri_of(&routes[i], uri, sizeof(uri));
		snprintf(want, sizeof(want), " %s, ", routes[i].method);
		assert_int_equal(ASK_BARE(w, "OPTIONS", uri), 204);
		assert_true(has_header(w, want));
		assert_int_equal(ASK_BARE(w, "BREW", uri), 405);
		assert_true(has_header(w, want));
		ASK_BARE(w, routes[i].method, uri);
		assert_true(w->status != 404 && w->status != 405);
	}
}

/* The order of OpenAPI: a path without a parameter is before one with it. */
static void
a_pattern_without_a_parameter_is_before_one_with_it(void **state)
{
	static const struct route with = {.method = "GET", .pattern = "/api/{escrowId}/count"},
				  put = {.method = "PUT", .pattern = "/api/{escrowId}/count"},
				  without = {.method = "GET", .pattern = "/api/unread/count"};
	const struct route orders[2][3] = {{with, put, without}, {without, with, put}};
	struct request literal = {.method = SPAN("GET"),
			   .segments = {{.raw = SPAN("api")}, {.raw = SPAN("unread")},
			       {.raw = SPAN("count")}},
			   .n_segments = 3},
		       other = literal;
	struct span param = {NULL, 0};
	struct buf allow = {0};

	other.segments[1] = (struct request_segment){.raw = SPAN("42"), .text = SPAN("42")};
	for (int i = 0; i < 2; i++) {
		const struct route *row = route_find(orders[i], 3, &literal, &param, &allow);

		assert_string_equal(row->pattern, without.pattern);
		assert_string_equal(buf_cstr(&allow), "GET, HEAD, OPTIONS");
		allow.len = 0;
		literal.method = SPAN("PUT");
		assert_null(route_find(orders[i], 3, &literal, &param, &allow));
		literal.method = SPAN("GET");
		allow.len = 0;
		row = route_find(orders[i], 3, &other, &param, &allow);
		assert_string_equal(row->pattern, with.pattern);
		assert_true(span_is(param, "42"));
		assert_string_equal(buf_cstr(&allow), "GET, HEAD, PUT, OPTIONS");
		allow.len = 0;
	}
	buf_clear(&allow);
}

static void
the_document_describes_each_row_and_nothing_else(void **state)
{
	struct world *w = *state;
	const struct json *paths;
	char name[8];
	size_t n = 0;

	assert_int_equal(ASK_BARE(w, "GET", "/api/openapi.json"), 200);
	assert_text(member(w, "openapi"), "3.1.0");
	paths = member(w, "paths");
	for (size_t i = 0; i < n_routes; i++) {
		for (size_t k = 0; k <= strlen(routes[i].method); k++)
			name[k] = (char)tolower((unsigned char)routes[i].method[k]);
		assert_non_null(json_get(json_get(paths, routes[i].pattern), name));
		n += i == 0 || strcmp(routes[i].pattern, routes[i - 1].pattern) != 0;
	}
	assert_int_equal(json_members(paths), n);
}

static void
the_page_names_the_version_and_where_the_paths_begin(void **state)
{
	struct world *w = *state;
	char prefix[] = "/chat&more";

	w->config.url_prefix = prefix;
	assert_int_equal(ASK_BARE(w, "GET", "/chat&more/api/docs"), 200);
	assert_true(has_header(w, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
	assert_true(has_header(w, "https://chat.example.com/chat&#38;more<"));
	assert_true(has_header(w, "Version " PACKAGE_VERSION));
	assert_int_equal(ASK_BARE(w, "HEAD", "/chat&more/api/docs"), 200);
	assert_false(has_header(w, "<html"));
}

static void
the_document_names_where_the_paths_begin(void **state)
{
	struct world *w = *state;
	char prefix[] = "/chat";

	w->config.url_prefix = prefix;
	assert_int_equal(ASK_BARE(w, "GET", "/chat/api/openapi.json"), 200);
	assert_text(json_get(json_at(member(w, "servers"), 0), "url"), "/chat");
}

static void
the_conditions_of_the_mode_go_before_identity(void **state)
{
	struct world *w = *state;

	ASK(w, "GET", HISTORY, NULL, "HTTP_X_FORWARDED_FOR=127.0.0.1, 203.0.113.9");
	assert_refused(w, 403, "open_is_local");
	ASK(w, "GET", HISTORY, NULL, ALICE, "HTTP_X_REAL_IP=203.0.113.9");
	assert_refused(w, 403, "open_is_local");
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE, "HTTP_ORIGIN=https://evil.example");
	assert_refused(w, 403, "forbidden");
}

static void
without_an_identity_it_is_401_before_the_body(void **state)
{
	struct world *w = *state;

	ASK_BARE(w, "GET", HISTORY);
	assert_refused(w, 401, "unauthorized");
	ASK(w, "POST", SEND, "not json", "HTTP_X_WALLET_ADDRESS=not a wallet");
	assert_refused(w, 401, "unauthorized");
	ASK(w, "GET", HISTORY, NULL, PLATFORM);
	assert_refused(w, 401, "unauthorized");
}

static void
two_different_wallets_are_a_mismatch(void **state)
{
	struct world *w = *state;

	ASK(w, "GET", HISTORY "?walletAddress=bob", NULL, ALICE);
	assert_refused(w, 401, "wallet_mismatch");
	assert_int_equal(ASK(w, "GET", HISTORY "?walletAddress=alice", NULL, ALICE), 200);
	ASK(w, "POST", SEND, "{\"content\":\"x\",\"senderId\":\"bob\"}", ALICE);
	assert_refused(w, 401, "wallet_mismatch");
	ASK(w, "POST", SEND, "{\"content\":\"x\",\"walletAddress\":7}", ALICE);
	assert_refused(w, 401, "wallet_mismatch");
	assert_int_equal(
	    ASK(w, "POST", SEND,
		"{\"content\":\"x\",\"walletAddress\":\"alice\",\"senderId\":\"alice\"}", ALICE),
	    201);
}

static void
an_accept_that_cannot_be_met_is_406_and_changes_nothing(void **state)
{
	struct world *w = *state;

	ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE, "HTTP_ACCEPT=text/html");
	assert_refused(w, 406, "bad_request");
	ASK(w, "GET", HISTORY, NULL, ALICE, "HTTP_ACCEPT=application/json;q=0, */*");
	assert_refused(w, 406, "bad_request");
	ASK(w, "GET", HISTORY, NULL, "HTTP_ACCEPT=text/html");
	assert_refused(w, 401, "unauthorized");
	ASK(w, "GET", HISTORY, NULL, ALICE, "HTTP_ACCEPT=application/json, text/plain, */*");
	assert_int_equal(w->status, 200);
	assert_int_equal(number(member(w, "count")), 0);
}

static void
every_answer_keeps_browsers_from_using_it(void **state)
{
	static const char *const uris[] = {HISTORY, "/api/health", "/api/nothing", "/api/%"};
	struct world *w = *state;

	for (size_t i = 0; i < 4; i++) {
		ASK(w, "GET", uris[i], NULL, ALICE);
		assert_true(has_header(w, "\r\nX-Content-Type-Options: nosniff\r\n"));
		assert_true(has_header(w, "\r\nReferrer-Policy: no-referrer\r\n"));
		assert_true(has_header(w, "\r\nContent-Security-Policy: default-src 'none'; "
					  "frame-ancestors 'none'\r\n"));
	}
}

static void
bodies_are_judged_before_the_rules(void **state)
{
	struct world *w = *state;

	ASK(w, "POST", SEND, "{\"content\":", EVE);
	assert_refused(w, 400, "bad_request");
	ask(w, "POST", SEND, NULL, (const char *[]){EVE, NULL});
	assert_refused(w, 411, "bad_request");
	ASK(w, "POST", SEND, NULL, EVE, "CONTENT_LENGTH=262145", "CONTENT_TYPE=application/json");
	assert_refused(w, 413, "too_long");
	ASK(w, "POST", SEND, NULL, EVE, "CONTENT_LENGTH=2", "CONTENT_TYPE=text/plain");
	assert_refused(w, 415, "bad_request");
}

static void
every_answer_about_someone_is_private(void **state)
{
	static const char *const wallets[] = {ALICE, EVE, "HTTP_X_OTHER=1"};
	struct world *w = *state;

	for (size_t i = 0; i < 3; i++) {
		ASK(w, "GET", HISTORY, NULL, wallets[i]);
		assert_true(has_header(w, "\r\nCache-Control: private, no-cache\r\n"));
		assert_true(has_header(w, "\r\nVary: Authorization, Cookie, Origin\r\n"));
	}
}

static void
an_allowed_origin_is_named_and_no_other(void **state)
{
	struct world *w = *state;

	ASK(w, "GET", HISTORY, NULL, ALICE, "HTTP_ORIGIN=" FRONTEND);
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Origin: " FRONTEND "\r\n"));
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Credentials: true\r\n"));
	assert_true(has_header(w, "\r\nAccess-Control-Expose-Headers: Content-Disposition, ETag, "
				  "Link, Retry-After, X-Request-ID\r\n"));
	ASK(w, "GET", HISTORY, NULL, EVE, "HTTP_ORIGIN=" FRONTEND);
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Origin: " FRONTEND "\r\n"));
	ASK(w, "GET", HISTORY, NULL, ALICE, "HTTP_ORIGIN=https://evil.example");
	assert_false(has_header(w, "Access-Control"));
	ASK(w, "GET", HISTORY, NULL, ALICE, "HTTP_ORIGIN=null");
	assert_false(has_header(w, "Access-Control"));
}

static void
a_page_may_read_every_refusal(void **state)
{
	static const struct {
		int status;
		const char *method, *uri, *more;
	} cases[] = {
	    {200, "GET", "/api/health", "X=1"},
	    {404, "GET", "/api/nowhere", "X=1"},
	    {404, "GET", "/elsewhere/%41", "X=1"},
	    {400, "GET", "/api/chat/%zz/history", "X=1"},
	    {400, "GET", HISTORY, "REQUEST_METHOD=PUT"},
	    {405, "DELETE", SEND, "X=1"},
	    {411, "POST", SEND, "X=1"},
	    {413, "POST", SEND, "CONTENT_LENGTH=262145"},
	    {415, "POST", SEND, "CONTENT_LENGTH=2"},
	};
	struct world *w = *state;
	char long_uri[REQUEST_TARGET_MAX + 2];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASK(w, cases[i].method, cases[i].uri, NULL, ALICE, "HTTP_ORIGIN=" FRONTEND,
		    cases[i].more);
		assert_int_equal(w->status, cases[i].status);
		assert_true(has_header(w, "\r\nAccess-Control-Allow-Origin: " FRONTEND "\r\n"));
	}
	memset(long_uri, 'x', sizeof(long_uri));
	long_uri[0] = '/';
	long_uri[sizeof(long_uri) - 1] = '\0';
	ASK(w, "GET", long_uri, NULL, ALICE, "HTTP_ORIGIN=" FRONTEND);
	assert_int_equal(w->status, 414);
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Origin: " FRONTEND "\r\n"));
}

static void
a_preflight_is_answered_without_identity(void **state)
{
	struct world *w = *state;

	ASK(w, "OPTIONS", SEND, NULL, "HTTP_ORIGIN=" FRONTEND,
	    "HTTP_ACCESS_CONTROL_REQUEST_METHOD=POST");
	assert_int_equal(w->status, 204);
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Origin: " FRONTEND "\r\n"));
	assert_true(
	    has_header(w, "\r\nAccess-Control-Allow-Methods: GET, HEAD, POST, PUT, OPTIONS\r\n"));
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Headers: Content-Type, Authorization, "
				  "X-Wallet-Address, X-Service-Key, "
				  "Idempotency-Key, X-Request-ID\r\n"));
	assert_true(has_header(w, "\r\nVary: Access-Control-Request-Headers\r\n"));
	ASK(w, "OPTIONS", SEND, NULL, "HTTP_ORIGIN=https://evil.example",
	    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=x-tenant");
	assert_int_equal(w->status, 204);
	assert_false(has_header(w, "Access-Control-Allow"));
	assert_true(has_header(w, "\r\nVary: Access-Control-Request-Headers\r\n"));
}

static void
a_preflight_allows_the_names_that_it_asks_for(void **state)
{
	struct world *w = *state;

	ASK(w, "OPTIONS", SEND, NULL, "HTTP_ORIGIN=" FRONTEND,
	    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=x-tenant,x y,\"z\",if-none-match");
	assert_int_equal(w->status, 204);
	assert_true(has_header(w, "\r\nAccess-Control-Allow-Headers: x-tenant, if-none-match\r\n"));
}

/* ---- trouble ---- */

static void
health_is_for_anyone_and_never_stored(void **state)
{
	struct world *w = *state;

	ASK(w, "GET", "/api/health", NULL, "HTTP_X_FORWARDED_FOR=203.0.113.9");
	assert_int_equal(w->status, 200);
	assert_true(truth(member(w, "success")));
	assert_text(member(w, "status"), "healthy");
	assert_int_equal(json_type(member(w, "version")), JSON_STRING);
	assert_true(has_header(w, "\r\nCache-Control: no-store\r\n"));
}

static void
a_database_in_trouble_is_503_and_health_says_so(void **state)
{
	static const enum store_err errs[] = {STORE_BUSY, STORE_FULL, STORE_READONLY, STORE_BROKEN};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		store_fail_at(w->rest.store, 1, errs[i]);
		ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE);
		assert_refused(w, 503, "unavailable");
		assert_true(has_header(w,
		    errs[i] == STORE_FULL ? "\r\nRetry-After: 2\r\n" : "\r\nRetry-After: 1\r\n"));
		store_fail_at(w->rest.store, 1, errs[i]);
		ASK_BARE(w, "GET", "/api/health");
		assert_refused(w, 503, "unavailable");
		assert_text(member(w, "status"), "unhealthy");
		store_fail_at(w->rest.store, 0, STORE_OK);
	}
	assert_int_equal(ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE), 201);
}

static void
a_send_is_all_or_nothing_whichever_statement_fails(void **state)
{
	struct world *w = *state;
	int nth = 1;

	for (; nth < 100; nth++) {
		store_fail_at(w->rest.store, nth, STORE_BROKEN);
		ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE);
		store_fail_at(w->rest.store, 0, STORE_OK);
		if (w->status == 201)
			break;
		assert_refused(w, 503, "unavailable");
		ASK(w, "GET", HISTORY, NULL, BOB);
		assert_int_equal(number(member(w, "count")), 0);
	}
	assert_true(nth > 1 && nth < 100);
	ASK(w, "GET", HISTORY, NULL, BOB);
	assert_int_equal(number(member(w, "count")), 1);
}

static void
without_a_store_every_use_is_503(void **state)
{
	struct world *w = *state;
	struct rest_worker whole = w->rest;

	w->rest.store = NULL;
	ASK(w, "GET", HISTORY, NULL, ALICE);
	assert_refused(w, 503, "unavailable");
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", ALICE);
	assert_refused(w, 503, "unavailable");
	w->rest = whole;
}

static void
where_there_are_no_tokens_nothing_is_said_to_be_ended(void **state)
{
	struct world *w = *state;

	ASK(w, "POST", "/api/auth/logout", "{}", ALICE);
	assert_refused(w, 409, "conflict");
	ASK(w, "POST", "/api/auth/revoke", "{\"token\":\"x\"}", WARDEN);
	assert_refused(w, 409, "conflict");
	ASK(w, "POST", "/api/auth/revoke", "{\"walletAddress\":\"alice\"}", WARDEN);
	assert_refused(w, 409, "conflict");
	ASK(w, "POST", "/api/auth/revoke", "{\"walletAddress\":\"alice\"}", PLATFORM);
	assert_refused(w, 403, "forbidden");
}

static bool
run_old_end(struct store *st, void *arg)
{
	token_row_end(st, SPAN("of old"), SPAN("alice"), 1);
	return true;
}

static int64_t
ended_tokens(struct world *w)
{
	sqlite3_stmt *stmt;
	int64_t n;

	sqlite3_prepare_v2(w->rest.store->db, "SELECT count(*) FROM ended_tokens", -1, &stmt, NULL);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

/* If the platform makes the tokens, nobody signs in here. */
static void
a_log_out_forgets_ends_that_are_over(void **state)
{
	static char any[] = "any", claim[] = "sub";
	struct world *w = *state;
	struct config jwt = {.auth = AUTH_JWT,
	    .jwt_keys = jose_key_file("{\"keys\":[" JOSE_JWK_OCT "]}"),
	    .jwt_issuer = any,
	    .jwt_audience = any,
	    .jwt_claim = claim};
	char *token =
	    jose_token("{\"alg\":\"HS256\"}", "{\"sub\":\"alice\",\"exp\":99999999999}", false);
	const struct auth *open = w->rest.auth;
	struct auth *auth = auth_new(&jwt, &(struct buf){0});
	char bearer[512];

	assert_non_null(auth);
	w->rest.auth = auth;
	snprintf(bearer, sizeof(bearer), "HTTP_AUTHORIZATION=Bearer %s", token);
	assert_int_equal(store_write(w->rest.store, run_old_end, NULL), STORE_OK);
	assert_int_equal(ASK(w, "POST", "/api/auth/logout", "{}", bearer), 200);
	assert_int_equal(ended_tokens(w), 1);
	assert_int_equal(ASK(w, "POST", "/api/auth/logout", "{}", bearer), 401);
	w->rest.auth = open;
	auth_free(auth);
	unlink(jwt.jwt_keys);
	free(jwt.jwt_keys);
	free(token);
}

static void
no_parameters_at_all_are_answered(void **state)
{
	struct world *w = *state;
	char *none[] = {NULL};
	struct text_body body = {.left = {"", 0}};

	assert_true(answer(w, none, &body));
	take_answer(w);
	assert_refused(w, 400, "bad_request");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_unknown_path_is_404_in_every_method),
	    TEST(header_fields_may_have_max_header_bytes),
	    TEST(a_known_path_names_its_methods),
	    TEST(each_row_is_found_and_its_path_names_its_method),
	    TEST(a_pattern_without_a_parameter_is_before_one_with_it),
	    TEST(the_document_describes_each_row_and_nothing_else),
	    TEST(the_page_names_the_version_and_where_the_paths_begin),
	    TEST(the_document_names_where_the_paths_begin),
	    TEST(the_conditions_of_the_mode_go_before_identity),
	    TEST(without_an_identity_it_is_401_before_the_body),
	    TEST(two_different_wallets_are_a_mismatch),
	    TEST(an_accept_that_cannot_be_met_is_406_and_changes_nothing),
	    TEST(every_answer_keeps_browsers_from_using_it),
	    TEST(bodies_are_judged_before_the_rules),
	    TEST(every_answer_about_someone_is_private),
	    TEST(an_allowed_origin_is_named_and_no_other),
	    TEST(a_page_may_read_every_refusal),
	    TEST(a_preflight_is_answered_without_identity),
	    TEST(a_preflight_allows_the_names_that_it_asks_for),
	    TEST(health_is_for_anyone_and_never_stored),
	    TEST(a_database_in_trouble_is_503_and_health_says_so),
	    TEST(a_send_is_all_or_nothing_whichever_statement_fails),
	    TEST(without_a_store_every_use_is_503),
	    TEST(where_there_are_no_tokens_nothing_is_said_to_be_ended),
	    TEST(a_log_out_forgets_ends_that_are_over),
	    TEST(no_parameters_at_all_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
