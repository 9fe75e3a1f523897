/* SPDX-License-Identifier: ISC */
/*
 * test_platform_routes.c - what the platform asks by REST with its service keys.
 */
#include "rest_world.h"

static void
a_service_key_has_its_scopes_and_is_no_user(void **state)
{
	struct world *w = *state;
	const char *body = "{\"title\":\"T\",\"participants\":[]}";

	ASK(w, "PUT", "/api/escrows/7", body, ALICE);
	assert_refused(w, 401, "unauthorized");
	ASK(w, "PUT", "/api/escrows/7", body, "HTTP_X_SERVICE_KEY=guess");
	assert_refused(w, 401, "unauthorized");
	ASK(w, "PUT", "/api/escrows/7", body, WATCHER);
	assert_refused(w, 403, "forbidden");
	ASK(w, "PUT", "/api/escrows/7", body, PLATFORM, "HTTP_ORIGIN=" FRONTEND);
	assert_refused(w, 403, "forbidden");
	ASK(w, "POST", SEND, "{\"content\":\"x\"}", PLATFORM);
	assert_refused(w, 401, "unauthorized");
}

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

static bool
on_row(const struct queue_row *r, void *arg)
{
	struct buf *out = arg;

	out->len = 0;
	buf_span(out, r->topic);
	buf_addc(out, ' ');
	buf_span(out, r->event);
	buf_addc(out, ' ');
	buf_span(out, r->data);
	buf_str(out, r->durable ? "" : " ephemeral");
	return true;
}

static void
run_last(struct store *st, void *arg)
{
	queue_after(st, queue_head(st) - 1, 1, on_row, arg);
}

/* The newest row of the log as "TOPIC EVENT DATA". The caller frees. */
static char *
last_row(struct world *w)
{
	struct buf text = {0};

	assert_int_equal(store_read(w->rest.store, 1000, run_last, &text), STORE_OK);
	return buf_steal(&text);
}

static void
an_event_is_a_row_of_the_log_and_its_cursor(void **state)
{
	struct world *w = *state;
	char *row;

	ASK(w, "POST", "/api/escrows/42/events",
	    "{\"event\":\"escrow:update\",\"data\":{ \"status\" : \"FUNDED\" },\"durable\":false}",
	    PLATFORM);
	assert_int_equal(w->status, 202);
	assert_int_equal(json_type(member(w, "cursor")), JSON_STRING);
	row = last_row(w);
	assert_string_equal(row, "escrow_42 escrow:update {\"status\":\"FUNDED\"} ephemeral");
	free(row);
}

static void
an_event_of_the_servers_own_or_without_an_object_is_refused(void **state)
{
	static const char *const bodies[] = {"{\"event\":\"chat_message\",\"data\":{}}",
	    "{\"event\":\"notification\",\"data\":{}}", "{\"event\":\"disconnect\",\"data\":{}}",
	    "{\"event\":\"x y\",\"data\":{}}", "{\"data\":{}}", "{\"event\":7,\"data\":{}}",
	    "{\"event\":\"a\"}", "{\"event\":\"a\",\"data\":[]}",
	    "{\"event\":\"a\",\"data\":{},\"durable\":1}"};
	struct world *w = *state;
	char *before = last_row(w), *after;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		ASK(w, "POST", "/api/escrows/42/events", bodies[i], PLATFORM);
		assert_refused(w, 400, "bad_request");
	}
	after = last_row(w);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void
data_is_measured_as_it_is_stored(void **state)
{
	struct world *w = *state;

	for (int over = 0; over < 2; over++) {
		struct buf body = {0};

		buf_str(&body, "{\"event\":\"a\",\"data\":{\"k\":    \"");
		for (int i = 0; i < DATA_MAX - 8 + over; i++)
			buf_addc(&body, 'x');
		buf_str(&body, "\"}}");
		ASK(w, "POST", "/api/escrows/42/events", buf_cstr(&body), PLATFORM);
		assert_int_equal(w->status, over ? 413 : 202);
		buf_clear(&body);
	}
}

static void
a_notification_gets_a_time_unless_it_has_one(void **state)
{
	static const char with[] =
	    "{\"type\":\"a\",\"title\":\"b\",\"message\":\"c\",\"n\":{},\"timestamp\":\"t\"}",
			  without[] = "{\"type\":\"a\",\"title\":\"b\",\"message\":\"c\"}";
	struct world *w = *state;
	struct json *json;
	char *row;

	assert_int_equal(
	    ASK(w, "POST", "/api/users/0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD/notifications",
		with, PLATFORM),
	    202);
	row = last_row(w);
	assert_string_equal(row,
	    "user:0xabcdefabcdefabcdefabcdefabcdefabcdefabcd notification "
	    "{\"type\":\"a\",\"title\":\"b\",\"message\":\"c\",\"n\":{},\"timestamp\":\"t\"}");
	free(row);
	assert_int_equal(ASK(w, "POST", "/api/users/bob/notifications", without, PLATFORM), 202);
	row = last_row(w);
	assert_memory_equal(row, "user:bob notification {", 23);
	json = json_parse(span_of(row + 22), NULL);
	assert_int_equal(json_members(json), 4);
	assert_int_equal(json_type(json_get(json, "timestamp")), JSON_STRING);
	json_free(json);
	free(row);
}

static void
a_notification_needs_its_three_strings_and_a_wallet(void **state)
{
	static const char *const bodies[] = {"{\"type\":\"a\",\"title\":\"b\"}",
	    "{\"type\":1,\"title\":\"b\",\"message\":\"c\"}",
	    "{\"type\":\"a\",\"title\":null,\"message\":\"c\"}"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		ASK(w, "POST", "/api/users/bob/notifications", bodies[i], PLATFORM);
		assert_refused(w, 400, "bad_request");
	}
	ASK(w, "POST", "/api/users/b%20b/notifications",
	    "{\"type\":\"a\",\"title\":\"b\",\"message\":\"c\"}", PLATFORM);
	assert_refused(w, 400, "bad_request");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_service_key_has_its_scopes_and_is_no_user),
	    TEST(an_escrow_is_created_then_replaced),
	    TEST(a_bad_escrow_is_refused_with_a_reason),
	    TEST(an_event_is_a_row_of_the_log_and_its_cursor),
	    TEST(an_event_of_the_servers_own_or_without_an_object_is_refused),
	    TEST(data_is_measured_as_it_is_stored),
	    TEST(a_notification_gets_a_time_unless_it_has_one),
	    TEST(a_notification_needs_its_three_strings_and_a_wallet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
