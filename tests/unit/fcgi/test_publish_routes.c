/* SPDX-License-Identifier: ISC */
/*
 * test_publish_routes.c - what the platform publishes by REST with its service keys.
 */
#include "unit/rest_world.h"

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

static bool
on_row(const struct eventlog_row *r, void *arg)
{
	struct buf *out = arg;

	buf_str(out, out->len > 0 ? "\n" : "");
	buf_span(out, r->topic);
	buf_addc(out, ' ');
	buf_span(out, r->event);
	buf_addc(out, ' ');
	buf_span(out, r->data);
	buf_str(out, r->durable ? "" : " ephemeral");
	return true;
}

struct rows {
	int64_t after;
	struct buf text;
};

static void
run_rows(struct store *st, void *arg)
{
	struct rows *rows = arg;

	eventlog_after(st, rows->after, 1000, on_row, &rows->text);
}

/* Returns the rows after a position, each as a line in the form of last_row(). The caller frees. */
static char *
rows_after(struct world *w, int64_t after)
{
	struct rows rows = {.after = after};

	assert_int_equal(store_read(w->rest.store, PATIENT_MS, run_rows, &rows), STORE_OK);
	return buf_steal(&rows.text);
}

static void
run_head(struct store *st, void *arg)
{
	*(int64_t *)arg = eventlog_newest(st);
}

static void
run_last(struct store *st, void *arg)
{
	eventlog_after(st, eventlog_newest(st) - 1, 1, on_row, arg);
}

/* Returns the newest row of the log as "TOPIC EVENT DATA". The caller frees. */
static char *
last_row(struct world *w)
{
	struct buf text = {0};

	assert_int_equal(store_read(w->rest.store, PATIENT_MS, run_last, &text), STORE_OK);
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

/* ---- lists ---- */

#define NDJSON "application/x-ndjson"

static int64_t
head_of(struct world *w)
{
	int64_t head = 0;

	assert_int_equal(store_read(w->rest.store, PATIENT_MS, run_head, &head), STORE_OK);
	return head;
}

static int
publish_as(struct world *w, const char *body, const char *type)
{
	return ask_with(w, "POST", "/api/publish", body, type, (const char *[]){PLATFORM, NULL});
}

static void
a_list_goes_to_rooms_and_users_in_order(void **state)
{
	static const char *const items[] = {
	    "{\"topic\":\"escrow_42\",\"event\":\"a\",\"data\":{ \"n\" : 1 }}",
	    "{\"escrowId\":42,\"event\":\"b\",\"data\":{},\"durable\":false}",
	    "{\"walletAddress\":\"0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD\",\"event\":\"c\","
	    "\"data\":{}}"};
	struct world *w = *state;
	char body[1024];
	int64_t head = head_of(w);
	char *rows;

	snprintf(body, sizeof(body), "[%s, %s,%s]", items[0], items[1], items[2]);
	assert_int_equal(publish_as(w, body, NULL), 202);
	assert_int_equal(number(member(w, "count")), 3);
	assert_int_equal(json_type(member(w, "cursor")), JSON_STRING);
	rows = rows_after(w, head);
	assert_string_equal(rows, "escrow_42 a {\"n\":1}\nescrow_42 b {} ephemeral\n"
				  "user:0xabcdefabcdefabcdefabcdefabcdefabcdefabcd c {}");
	snprintf(body, sizeof(body), "%s\r\n\n%s\n  \n%s", items[0], items[1], items[2]);
	head = head_of(w);
	assert_int_equal(publish_as(w, body, NDJSON), 202);
	assert_int_equal(number(member(w, "count")), 3);
	char *again = rows_after(w, head);
	assert_string_equal(again, rows);
	free(again);
	free(rows);
}

static void
one_bad_item_is_named_and_nothing_is_published(void **state)
{
	static const char *const bad[] = {"7", "[]", "null", "{\"event\":\"a\",\"data\":{}}",
	    "{\"topic\":\"escrow_1\",\"escrowId\":1,\"event\":\"a\",\"data\":{}}",
	    "{\"topic\":\"members:42\",\"event\":\"a\",\"data\":{}}",
	    "{\"topic\":7,\"event\":\"a\",\"data\":{}}",
	    "{\"escrowId\":\"a/b\",\"event\":\"a\",\"data\":{}}",
	    "{\"walletAddress\":\"b b\",\"event\":\"a\",\"data\":{}}",
	    "{\"walletAddress\":\"bob\",\"event\":\"notification\",\"data\":{}}",
	    "{\"escrowId\":1,\"event\":\"chat_message\",\"data\":{}}",
	    "{\"escrowId\":1,\"data\":{}}", "{\"escrowId\":1,\"event\":\"a\"}",
	    "{\"escrowId\":1,\"event\":\"a\",\"data\":[]}",
	    "{\"escrowId\":1,\"event\":\"a\",\"data\":{},\"durable\":1}"};
	static const char good[] = "{\"escrowId\":1,\"event\":\"a\",\"data\":{}}";
	struct world *w = *state;
	int64_t head = head_of(w);
	char body[512];

	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		bool is_lines = i % 2;

		snprintf(body, sizeof(body), is_lines ? "%s\n%s\n%s" : "[%s,%s,%s]", good,
		    bad[i / 2], good);
		publish_as(w, body, is_lines ? NDJSON : NULL);
		assert_refused(w, 400, "bad_request");
		assert_int_equal(number(member(w, "index")), 1);
		assert_non_null(strstr(buf_cstr(&w->out), "\"error\":\"Item 1: "));
	}
	publish_as(w, "{\"escrowId\":1,\"event\":\"a\",\"data\":{}}\n{\"escrowId\":", NDJSON);
	assert_refused(w, 400, "bad_request");
	assert_int_equal(number(member(w, "index")), 1);
	assert_int_equal(head_of(w), head);
}

static void
a_list_has_1_to_1000_items(void **state)
{
	static const char item[] = "{\"escrowId\":1,\"event\":\"a\",\"data\":{}}\n";
	static const char *const empty[][2] = {{"[]", NULL}, {"", NDJSON}, {" \n\r\n", NDJSON}};
	struct world *w = *state;
	int64_t head = head_of(w);
	struct buf lines = {0};

	for (size_t i = 0; i < 3; i++) {
		publish_as(w, empty[i][0], empty[i][1]);
		assert_refused(w, 400, "bad_request");
	}
	publish_as(w, "{}", NULL);
	assert_refused(w, 400, "bad_request");
	for (int i = 0; i < 1000; i++)
		buf_str(&lines, item);
	assert_int_equal(publish_as(w, buf_cstr(&lines), NDJSON), 202);
	assert_int_equal(number(member(w, "count")), 1000);
	assert_int_equal(head_of(w), head + 1000);
	buf_str(&lines, item);
	publish_as(w, buf_cstr(&lines), NDJSON);
	assert_refused(w, 413, "too_long");
	assert_int_equal(head_of(w), head + 1000);
	buf_clear(&lines);
}

static void
an_item_s_data_has_at_most_64_kib(void **state)
{
	struct world *w = *state;
	struct buf body = {0};

	buf_str(&body, "[{\"escrowId\":1,\"event\":\"a\",\"data\":{\"k\":\"");
	for (int i = 0; i < DATA_MAX - 7; i++)
		buf_addc(&body, 'x');
	buf_str(&body, "\"}}]");
	publish_as(w, buf_cstr(&body), NULL);
	assert_refused(w, 413, "too_long");
	assert_int_equal(number(member(w, "index")), 0);
	buf_clear(&body);
}

static void
a_list_is_for_the_scope_publish(void **state)
{
	struct world *w = *state;

	ASK(w, "POST", "/api/publish", "[]", ALICE);
	assert_refused(w, 401, "unauthorized");
	ASK(w, "POST", "/api/publish", "[]", WATCHER);
	assert_refused(w, 403, "forbidden");
}

static void
a_list_is_all_or_nothing_whichever_statement_fails(void **state)
{
	static const char body[] = "[{\"escrowId\":1,\"event\":\"a\",\"data\":{}},"
				   "{\"escrowId\":1,\"event\":\"b\",\"data\":{}}]";
	struct world *w = *state;
	int64_t head = head_of(w);
	int nth = 1;

	for (; nth < 100; nth++) {
		store_fail_at(w->rest.store, nth, STORE_BROKEN);
		publish_as(w, body, NULL);
		store_fail_at(w->rest.store, 0, STORE_OK);
		if (w->status == 202)
			break;
		assert_refused(w, 503, "unavailable");
		assert_int_equal(head_of(w), head);
	}
	assert_true(nth > 3 && nth < 100);
	assert_int_equal(head_of(w), head + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_service_key_has_its_scopes_and_is_no_user),
	    TEST(an_event_is_a_row_of_the_log_and_its_cursor),
	    TEST(an_event_of_the_servers_own_or_without_an_object_is_refused),
	    TEST(data_is_measured_as_it_is_stored),
	    TEST(a_notification_gets_a_time_unless_it_has_one),
	    TEST(a_notification_needs_its_three_strings_and_a_wallet),
	    TEST(a_list_goes_to_rooms_and_users_in_order),
	    TEST(one_bad_item_is_named_and_nothing_is_published),
	    TEST(a_list_has_1_to_1000_items),
	    TEST(an_item_s_data_has_at_most_64_kib),
	    TEST(a_list_is_for_the_scope_publish),
	    TEST(a_list_is_all_or_nothing_whichever_statement_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
