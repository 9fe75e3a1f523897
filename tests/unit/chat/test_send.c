/* SPDX-License-Identifier: ISC */
/*
 * test_send.c - sending: rights, content, repeats, rate, and all or nothing.
 */
#include "unit/chat_world.h"

#define ALICE            "0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ALICE_KEY        "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ALICE_AS_CLAIMED "0xaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaA"

static const char people[] = ALICE " client, bob freelancer, eve observer";

/* ---- what one message makes ---- */

static void
a_message_makes_its_row_in_the_room_and_one_notification(void **state)
{
	struct world *w = *state;
	struct buf want = {0};
	char id[64];
	int64_t head = world_put(w, "42", people);

	world_sent(w, ALICE_AS_CLAIMED, "42", "  hi\n", id);
	buf_printf(&want,
	    "escrow_42 chat_message by " ALICE_KEY " {\"id\":\"%s\",\"escrowId\":\"42\","
	    "\"senderId\":\"" ALICE "\",\"senderRole\":\"client\",\"content\":\"hi\","
	    "\"timestamp\":\"2025-11-24T16:00:00.000Z\",\"read\":false}\n"
	    "members:42 notification by " ALICE_KEY
	    " {\"type\":\"message_received\",\"title\":\"New Message\","
	    "\"message\":\"New message in escrow: A title\",\"escrowId\":\"42\","
	    "\"timestamp\":\"2025-11-24T16:00:00.000Z\"}\n",
	    id);
	assert_string_equal(world_log(w, head), buf_cstr(&want));
	assert_int_equal(w->send.position, head + 1);
	assert_false(w->send.repeated);
	buf_clear(&want);
}

static void
history_and_log_and_answer_show_the_same(void **state)
{
	struct world *w = *state;
	int64_t head = world_put(w, "42", people);

	assert_int_equal(world_send_as(w, "bob", SPAN("42"),
			     SPAN("a\0b \"\xe2\x80\xa8\xf0\x9f\x98\x80"), SPAN("c-1")),
	    ERROR_NONE);
	assert_non_null(strstr(world_log(w, head), buf_cstr(&w->send.message)));
	assert_int_equal(world_history(w, ALICE, "42", "", "", 50), ERROR_NONE);
	assert_int_equal(w->history.messages.len, w->send.message.len + 2);
	assert_non_null(strstr(buf_cstr(&w->history.messages), buf_cstr(&w->send.message)));
}

static void
nobody_is_notified_where_nobody_would_be_told(void **state)
{
	struct world *w = *state;
	int64_t head = world_put(w, "42", "bob freelancer, eve observer");

	assert_int_equal(world_send(w, "bob", "42", "alone"), ERROR_NONE);
	assert_null(strstr(world_log(w, head), "notification"));
	assert_int_equal(world_head(w), head + 1);
}

static void
time_grows_within_a_room_even_if_the_clock_does_not(void **state)
{
	struct world *w = *state;
	char at[256];

	world_put(w, "42", people);
	assert_int_equal(world_send(w, "bob", "42", "1"), ERROR_NONE);
	assert_int_equal(world_send(w, "bob", "42", "2"), ERROR_NONE);
	assert_string_equal(
	    world_member(&w->send.message, "timestamp", at), "2025-11-24T16:00:00.001Z");
	w->now_ms -= 3600000;
	assert_int_equal(world_send(w, ALICE, "42", "3"), ERROR_NONE);
	assert_string_equal(
	    world_member(&w->send.message, "timestamp", at), "2025-11-24T16:00:00.002Z");
	w->now_ms = WORLD_NOW + 1000;
	assert_int_equal(world_send(w, ALICE, "42", "4"), ERROR_NONE);
	assert_string_equal(
	    world_member(&w->send.message, "timestamp", at), "2025-11-24T16:00:01.000Z");
}

/* ---- rights ---- */

static void
rights_come_first_and_an_unknown_escrow_is_as_a_foreign_one(void **state)
{
	struct world *w = *state;
	int64_t head = world_put(w, "42", people);

	assert_int_equal(world_send(w, "mallory", "42", ""), ERROR_NOT_PARTICIPANT);
	assert_int_equal(world_send(w, "mallory", "43", ""), ERROR_NOT_PARTICIPANT);
	assert_int_equal(world_send(w, "eve", "42", ""), ERROR_FORBIDDEN);
	assert_int_equal(world_send(w, "bob", "a/b", "hi"), ERROR_BAD_REQUEST);
	assert_int_equal(world_head(w), head);
	assert_int_equal(w->send.position, 0);
	assert_int_equal(w->send.message.len, 0);
}

static void
who_was_removed_may_not_even_repeat(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	assert_int_equal(world_send_as(w, "bob", SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	world_put(w, "42", ALICE " client");
	assert_int_equal(
	    world_send_as(w, "bob", SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NOT_PARTICIPANT);
}

/* ---- content ---- */

static void
content_has_1_to_5000_code_points_after_trimming(void **state)
{
	struct world *w = *state;
	struct buf text = {0};

	world_put(w, "42", people);
	assert_int_equal(world_send(w, "bob", "42", ""), ERROR_EMPTY);
	assert_int_equal(
	    world_send(w, "bob", "42", " \t\r\n\xe3\x80\x80\xef\xbb\xbf"), ERROR_EMPTY);
	for (int i = 0; i < CONTENT_MAX; i++)
		buf_str(&text, "\xf0\x9f\x98\x80");
	buf_str(&text, "  ");
	assert_int_equal(world_send(w, "bob", "42", buf_cstr(&text)), ERROR_NONE);
	text.len -= 2;
	buf_addc(&text, 'x');
	assert_int_equal(world_send(w, "bob", "42", buf_cstr(&text)), ERROR_TOO_LONG);
	assert_int_equal(world_send(w, "bob", "42", "a\xff"), ERROR_BAD_REQUEST);
	assert_int_equal(
	    world_send_as(w, "bob", SPAN("42"), SPAN("a"), SPAN("not an id")), ERROR_BAD_REQUEST);
	buf_clear(&text);
}

/* ---- repeats ---- */

static void
a_repeat_gives_the_first_message_and_writes_nothing(void **state)
{
	struct world *w = *state;
	char first[256], again[256];
	char *before, *after;

	world_put(w, "42", people);
	w->rules.message_rate = 1;
	assert_int_equal(world_send_as(w, "bob", SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	world_member(&w->send.message, "id", first);
	before = world_snapshot(w, "bob", "42");
	w->now_ms += 5000;
	for (int i = 0; i < 5; i++) { /* nor does it cost of the rate */
		assert_int_equal(
		    world_send_as(w, "bob", SPAN("42"), SPAN(" hi "), SPAN("c1")), ERROR_NONE);
		assert_true(w->send.repeated);
		assert_int_equal(w->send.position, 0);
		assert_string_equal(world_member(&w->send.message, "id", again), first);
	}
	after = world_snapshot(w, "bob", "42");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void
other_content_under_the_same_id_is_a_mismatch(void **state)
{
	struct world *w = *state;
	int64_t head;

	world_put(w, "42", people);
	assert_int_equal(world_send_as(w, "bob", SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	head = world_head(w);
	assert_int_equal(world_send_as(w, "bob", SPAN("42"), SPAN("ho"), SPAN("c1")),
	    ERROR_IDEMPOTENCY_MISMATCH);
	assert_int_equal(w->send.message.len, 0);
	assert_int_equal(world_head(w), head);
}

static void
ids_of_other_senders_and_escrows_are_other_ids(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	world_put(w, "43", people);
	assert_int_equal(world_send_as(w, "bob", SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	assert_int_equal(world_send_as(w, ALICE, SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	assert_false(w->send.repeated);
	assert_int_equal(world_send_as(w, "bob", SPAN("43"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	assert_false(w->send.repeated);
	assert_int_equal(
	    world_send_as(w, ALICE_AS_CLAIMED, SPAN("42"), SPAN("hi"), SPAN("c1")), ERROR_NONE);
	assert_true(w->send.repeated);
}

/* ---- rate ---- */

static void
a_wallet_sends_so_many_a_second_over_all_its_escrows(void **state)
{
	struct world *w = *state;
	int64_t head;

	world_put(w, "42", people);
	world_put(w, "43", people);
	w->rules.message_rate = 2;
	assert_int_equal(world_send(w, "bob", "42", "1"), ERROR_NONE);
	assert_int_equal(world_send(w, "bob", "43", "2"), ERROR_NONE);
	head = world_head(w);
	assert_int_equal(world_send(w, "bob", "42", "3"), ERROR_RATE_LIMITED);
	assert_in_range(w->send.retry_ms, 1, 1000);
	assert_int_equal(world_head(w), head);
	assert_int_equal(world_send(w, ALICE, "42", "others may"), ERROR_NONE);
	w->mono_us += w->send.retry_ms * 1000 + 500000;
	assert_int_equal(world_send(w, "bob", "42", "3"), ERROR_NONE);
	assert_int_equal(w->send.retry_ms, 0);
}

static void
a_refused_message_costs_nothing_of_the_rate(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	w->rules.message_rate = 1;
	for (int i = 0; i < 5; i++)
		assert_int_equal(world_send(w, "bob", "42", " "), ERROR_EMPTY);
	assert_int_equal(world_send(w, "bob", "42", "1"), ERROR_NONE);
}

static void
a_wallet_sends_so_many_bytes_a_day_over_all_its_escrows(void **state)
{
	struct world *w = *state;
	int64_t head;

	world_put(w, "42", people);
	world_put(w, "43", people);
	w->rules.message_bytes = 10;
	assert_int_equal(world_send(w, "bob", "42", " 12345 "), ERROR_NONE); /* trimmed */
	assert_int_equal(world_send(w, "bob", "43", "67890"), ERROR_NONE);
	head = world_head(w);
	assert_int_equal(world_send(w, "bob", "42", "a"), ERROR_RATE_LIMITED);
	assert_int_equal(w->send.retry_ms, 8640000); /* a tenth of a day */
	assert_int_equal(world_head(w), head);
	assert_int_equal(world_send(w, ALICE, "42", "others may"), ERROR_NONE);
	w->now_ms += 8640000;
	assert_int_equal(world_send(w, "bob", "42", "a"), ERROR_NONE);
	assert_int_equal(world_send(w, "bob", "42", "a"), ERROR_RATE_LIMITED);
}

static void
what_one_limit_refuses_costs_nothing_of_the_other(void **state)
{
	struct world *w = *state;

	world_put(w, "42", people);
	w->rules.message_bytes = 10;
	w->rules.message_rate = 2;
	assert_int_equal(world_send(w, "bob", "42", "1234567890"), ERROR_NONE);
	for (int i = 0; i < 5; i++)
		assert_int_equal(world_send(w, "bob", "42", "a"), ERROR_RATE_LIMITED);
	w->now_ms += 86400000; /* the other clock stands still */
	assert_int_equal(world_send(w, "bob", "42", "a"), ERROR_NONE);
	assert_int_equal(world_send(w, "bob", "42", "a"), ERROR_RATE_LIMITED);
	assert_in_range(w->send.retry_ms, 1, 1000);
	w->mono_us += 1000000;
	assert_int_equal(world_send(w, "bob", "42", "123456789"), ERROR_NONE);
}

/* ---- rooms = open ---- */

static void
in_open_rooms_the_first_message_makes_the_escrow(void **state)
{
	struct world *w = *state;
	char text[256];

	w->rules.rooms = ROOMS_OPEN;
	assert_int_equal(world_send(w, ALICE_AS_CLAIMED, "new room", "hi"), ERROR_NONE);
	assert_string_equal(world_member(&w->send.message, "senderId", text), ALICE_AS_CLAIMED);
	assert_string_equal(world_member(&w->send.message, "senderRole", text), "");
	assert_int_equal(w->send.position, world_head(w));
	assert_int_equal(world_send(w, "bob", "new room", "ho"), ERROR_NONE);
	assert_int_equal(world_history(w, "zoe", "new room", "", "", 50), ERROR_NONE);
	assert_int_equal(w->history.count, 2);
	assert_null(strstr(world_log(w, 0), "notification"));
	assert_int_equal(world_put_as(w, SPAN("new room"), SPAN("t"), "[]"), ERROR_NONE);
	assert_false(w->put.created);
}

static void
in_open_rooms_a_refused_message_makes_no_escrow(void **state)
{
	struct world *w = *state;

	w->rules.rooms = ROOMS_OPEN;
	assert_int_equal(world_send(w, "bob", "r", " "), ERROR_EMPTY);
	assert_int_equal(world_send(w, "bob", "..", "hi"), ERROR_BAD_REQUEST);
	assert_int_equal(world_send(w, "bob", "a/b", "hi"), ERROR_BAD_REQUEST);
	assert_int_equal(world_put_as(w, SPAN("r"), SPAN("t"), "[]"), ERROR_NONE);
	assert_true(w->put.created);
}

static void
in_open_rooms_the_listed_keep_their_roles_and_are_notified(void **state)
{
	struct world *w = *state;
	char text[256];
	int64_t head;

	world_put(w, "42", people);
	w->rules.rooms = ROOMS_OPEN;
	head = world_head(w);
	assert_int_equal(world_send(w, "zoe", "42", "hi"), ERROR_NONE);
	assert_non_null(strstr(world_log(w, head), "members:42 notification by zoe "));
	assert_int_equal(world_send(w, "eve", "42", "hi"), ERROR_FORBIDDEN);
	assert_int_equal(world_send(w, "bob", "42", "hi"), ERROR_NONE);
	assert_string_equal(world_member(&w->send.message, "senderRole", text), "freelancer");
}

/* ---- faults ---- */

static void
a_message_is_all_or_nothing_under_faults(void **state)
{
	struct world *w = *state;
	char *before, *after;
	int faults = 0, unanswered = 0;

	world_put(w, "42", people);
	w->rules.message_rate = 1;
	w->rules.message_bytes = 1000;
	before = world_snapshot(w, "bob", "42");
	for (;;) {
		enum error err;

		w->send.err = ERROR_UNAVAILABLE;
		store_fail_at(w->st, faults + 1, STORE_FULL);
		err = world_send_as(w, "bob", SPAN("42"), SPAN("hi"), SPAN("c1"));
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		unanswered += w->send.err == ERROR_NONE;
		after = world_snapshot(w, "bob", "42");
		assert_string_equal(before, after);
		free(after);
		assert_true(++faults < 100);
	}
	/* two lookups, client id, rate, last_at, message, participants, two rows of the log */
	assert_true(faults >= 9);
	assert_true(unanswered <= 2); /* the index's and the commit's failures are not the verb's */
	assert_false(w->send.repeated);
	after = world_snapshot(w, "bob", "42");
	assert_non_null(strstr(after, "chat_message by bob"));
	assert_non_null(strstr(after, "notification by bob"));
	assert_int_equal(w->history.count, 1);
	free(before);
	free(after);
}

static void
the_first_message_of_an_open_room_is_all_or_nothing_under_faults(void **state)
{
	struct world *w = *state;
	int faults = 0;

	w->rules.rooms = ROOMS_OPEN;
	for (;;) {
		enum error err;

		store_fail_at(w->st, faults + 1, STORE_BUSY);
		err = world_send(w, "bob", "r", "hi");
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		assert_int_equal(world_head(w), 0);
		assert_int_equal(world_history(w, "bob", "r", "", "", 1), ERROR_NONE);
		assert_int_equal(w->history.count, 0);
		assert_true(++faults < 100);
	}
	assert_true(faults >= 6);
	assert_int_equal(world_history(w, "bob", "r", "", "", 1), ERROR_NONE);
	assert_int_equal(w->history.count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_message_makes_its_row_in_the_room_and_one_notification),
	    TEST(history_and_log_and_answer_show_the_same),
	    TEST(nobody_is_notified_where_nobody_would_be_told),
	    TEST(time_grows_within_a_room_even_if_the_clock_does_not),
	    TEST(rights_come_first_and_an_unknown_escrow_is_as_a_foreign_one),
	    TEST(who_was_removed_may_not_even_repeat),
	    TEST(content_has_1_to_5000_code_points_after_trimming),
	    TEST(a_repeat_gives_the_first_message_and_writes_nothing),
	    TEST(other_content_under_the_same_id_is_a_mismatch),
	    TEST(ids_of_other_senders_and_escrows_are_other_ids),
	    TEST(a_wallet_sends_so_many_a_second_over_all_its_escrows),
	    TEST(a_refused_message_costs_nothing_of_the_rate),
	    TEST(a_wallet_sends_so_many_bytes_a_day_over_all_its_escrows),
	    TEST(what_one_limit_refuses_costs_nothing_of_the_other),
	    TEST(in_open_rooms_the_first_message_makes_the_escrow),
	    TEST(in_open_rooms_a_refused_message_makes_no_escrow),
	    TEST(in_open_rooms_the_listed_keep_their_roles_and_are_notified),
	    TEST(a_message_is_all_or_nothing_under_faults),
	    TEST(the_first_message_of_an_open_room_is_all_or_nothing_under_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
