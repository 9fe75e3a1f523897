/* SPDX-License-Identifier: ISC */
/*
 * test_export_routes.c - exports as answers: their form and headers, how many at once, and what
 * ends them early.
 */
#include "store/lock.h"
#include "unit/rest_world.h"

#define EXPORT "/api/chat/42/export"

static void
it_is_a_file_that_no_browser_opens(void **state)
{
	struct world *w = *state;

	assert_int_equal(ASK(w, "GET", EXPORT, NULL, ALICE), 200);
	assert_true(
	    has_header(w, "\r\nContent-Disposition: attachment; filename=\"escrow-42.json\"\r\n"));
	assert_true(has_header(w, "\r\nContent-Security-Policy: default-src 'none'; sandbox\r\n"));
	assert_true(has_header(w, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_true(has_header(w, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
	assert_false(has_header(w, "\r\nContent-Length: "));
	assert_int_equal(json_type(member(w, "sha256")), JSON_STRING);
}

static void
its_name_is_ascii_whatever_the_escrow_is_called(void **state)
{
	struct world *w = *state;

	assert_int_equal(ASK(w, "PUT", "/api/escrows/%C3%A9%20%22%3B%5C",
			     "{\"title\":\"T\",\"participants\":[{\"walletAddress\":\"alice\","
			     "\"role\":\"client\"}]}",
			     PLATFORM),
	    201);
	assert_int_equal(
	    ASK(w, "GET", "/api/chat/%C3%A9%20%22%3B%5C/export?format=json", NULL, ALICE), 200);
	assert_true(has_header(
	    w, "\r\nContent-Disposition: attachment; filename=\"escrow-______.json\"\r\n"));
}

static void
the_format_is_what_is_asked_for_else_what_accept_wants(void **state)
{
	static const struct {
		const char *uri, *accept;
		int status;
		const char *header;
	} cases[] = {
	    {EXPORT, "*/*", 200, "application/json;"},
	    {EXPORT "?format=json", "text/html", 406, NULL},
	    {EXPORT "?format=json", "text/html, */*;q=0.1", 200, "application/json;"},
	    {EXPORT "?format=pdf", "*/*", 400, NULL},
	    {EXPORT "?format=", "*/*", 400, NULL},
	    {EXPORT "?format=json&format=json", "*/*", 400, NULL},
	    {EXPORT, "image/png", 406, NULL},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char accept[80];

		snprintf(accept, sizeof(accept), "HTTP_ACCEPT=%s", cases[i].accept);
		assert_int_equal(ASK(w, "GET", cases[i].uri, NULL, ALICE, accept), cases[i].status);
		assert_true(!cases[i].header || has_header(w, cases[i].header));
	}
}

static void
rights_are_those_of_history(void **state)
{
	struct world *w = *state;

	ASK(w, "GET", EXPORT, NULL, EVE);
	assert_refused(w, 403, "not_participant");
	ASK(w, "GET", "/api/chat/no-such/export", NULL, ALICE);
	assert_refused(w, 403, "not_participant");
	ASK(w, "GET", EXPORT, NULL, PLATFORM);
	assert_refused(w, 401, "unauthorized");
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, OLGA), 200);
}

static void
a_wallet_has_one_at_a_time(void **state)
{
	struct world *w = *state;
	int lock = lock_export(w->database, 0660, NULL, SPAN("alice"));

	assert_true(lock >= 0);
	assert_int_equal(lock_export(w->database, 0660, NULL, SPAN("alice")), -1);
	ASK(w, "GET", EXPORT, NULL, ALICE);
	assert_refused(w, 429, "rate_limited");
	assert_true(has_header(w, "\r\nRetry-After: 5\r\n"));
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, BOB), 200);
	close(lock);
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, ALICE), 200);
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, ALICE), 200);
}

/* ---- while one is under way ---- */

#define PARAMETER(text) ((char[]){text})
static char *const alice_asks[] = {PARAMETER("REQUEST_METHOD=GET"),
    PARAMETER("REQUEST_URI=" EXPORT), PARAMETER("REMOTE_ADDR=127.0.0.1"),
    PARAMETER("HTTP_HOST=localhost"), PARAMETER(ALICE), NULL};

static bool
write_while_bob_asks(void *arg, struct span piece)
{
	struct world *w = arg;

	(void)piece;
	ASK(w, "GET", EXPORT, NULL, BOB);
	assert_refused(w, 503, "unavailable");
	assert_true(has_header(w, "\r\nRetry-After: 5\r\n"));
	assert_int_equal(ASK(w, "GET", HISTORY, NULL, BOB), 200);
	return true;
}

static void
all_together_have_a_quarter_of_the_threads(void **state)
{
	struct world *w = *state;
	struct channel channel = {read_text, write_while_bob_asks, w};
	struct rest_worker other;
	struct buf err = {0};

	w->config.threads = 7;
	assert_true(rest_open(&other, &w->config, w->auth, &err));
	assert_true(rest_answer(&other, alice_asks, &channel));
	rest_close(&other);
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, BOB), 200);
}

static void
an_answer_that_is_not_taken_is_not_whole_and_gives_its_place_back(void **state)
{
	struct world *w = *state;
	char id[64];

	for (int i = 0; i < 600; i++)
		sent(w, ALICE, "x", id);
	for (size_t pieces = 1; pieces < 3; pieces++) {
		struct text_body body = {.left = {"", 0}, .pieces_max = pieces};

		assert_false(answer(w, alice_asks, &body));
		assert_null(strstr(buf_cstr(&w->out), "sha256"));
	}
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, ALICE), 200);
	assert_int_equal(json_length(member(w, "messages")), 600);
}

static bool
write_and_be_late(void *arg, struct span piece)
{
	struct world *w = arg;

	buf_span(&w->out, piece);
	store_fail_at(w->rest.store, 3, STORE_DEADLINE);
	return true;
}

static bool
write_and_fail_later(void *arg, struct span piece)
{
	struct world *w = arg;

	buf_span(&w->out, piece);
	w->rest.store = NULL;
	return true;
}

static void
a_page_that_was_late_is_tried_again(void **state)
{
	struct world *w = *state;
	struct channel channel = {read_text, write_and_be_late, w};
	char id[64];

	for (int i = 0; i < 600; i++)
		sent(w, ALICE, "x", id);
	w->out.len = 0;
	assert_true(rest_answer(&w->rest, alice_asks, &channel));
	store_fail_at(w->rest.store, 0, STORE_OK);
	assert_int_equal(take_answer(w), 200);
	assert_int_equal(json_length(member(w, "messages")), 600);
}

static void
a_first_page_that_was_late_leaves_nothing_in_the_answer(void **state)
{
	struct world *w = *state;

	store_fail_at(w->rest.store, 3, STORE_DEADLINE);
	assert_int_equal(ASK(w, "GET", EXPORT, NULL, ALICE), 200);
	assert_non_null(member(w, "sha256"));
	assert_null(strstr(buf_cstr(&w->out), "\"success\":false"));
	assert_false(has_header(w, "\r\nRetry-After: "));
}

static void
a_database_that_fails_meanwhile_cuts_it_off(void **state)
{
	struct world *w = *state;
	struct channel channel = {read_text, write_and_fail_later, w};
	struct store *store = w->rest.store;
	char id[64];

	for (int i = 0; i < 600; i++)
		sent(w, ALICE, "x", id);
	w->out.len = 0;
	assert_false(rest_answer(&w->rest, alice_asks, &channel));
	w->rest.store = store;
	assert_null(strstr(buf_cstr(&w->out), "sha256"));
	assert_null(strstr(buf_cstr(&w->out), "\"success\":false"));
}

static void
head_has_the_headers_alone(void **state)
{
	struct world *w = *state;

	ASK(w, "HEAD", EXPORT, NULL, ALICE);
	assert_int_equal(w->status, 200);
	assert_true(has_header(w, "filename=\"escrow-42.json\""));
	assert_null(strstr(buf_cstr(&w->out), "sha256"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_a_file_that_no_browser_opens),
	    TEST(its_name_is_ascii_whatever_the_escrow_is_called),
	    TEST(the_format_is_what_is_asked_for_else_what_accept_wants),
	    TEST(rights_are_those_of_history),
	    TEST(a_wallet_has_one_at_a_time),
	    TEST(all_together_have_a_quarter_of_the_threads),
	    TEST(an_answer_that_is_not_taken_is_not_whole_and_gives_its_place_back),
	    TEST(a_page_that_was_late_is_tried_again),
	    TEST(a_first_page_that_was_late_leaves_nothing_in_the_answer),
	    TEST(a_database_that_fails_meanwhile_cuts_it_off),
	    TEST(head_has_the_headers_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
