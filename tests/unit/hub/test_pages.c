/* SPDX-License-Identifier: ISC */
/*
 * test_pages.c - catching up in pages that are read while the session, its rooms and the log go on.
 */
#include "unit/recoverable_world.h"

#define ROOM "{\"escrowId\":\"42\"}"

static void
publish(struct house *h, const char *escrow, int from, int to)
{
	char topic[24], event[16];

	snprintf(topic, sizeof(topic), "escrow_%s", escrow);
	for (int i = from; i < to; i++) {
		snprintf(event, sizeof(event), "e%d", i);
		assert_true(world_publish(h->w, topic, event, "{}", true));
	}
}

/* The client has heard e<from> to e<to - 1>, in order and once, and this number of other events. */
static void
assert_heard(struct client *c, int from, int to, int others)
{
	struct span rest = buf_as_span(&c->heard);
	char expected[16];

	for (; rest.p != NULL; others--) {
		struct span word = span_trim(span_cut(&rest, ','));

		snprintf(expected, sizeof(expected), "e%d", from);
		if (!span_is(word, expected))
			continue;
		from++;
		others++;
	}
	assert_int_equal(from, to);
	assert_int_equal(others, 0);
	c->heard.len = 0;
}

/* Connects a client with a cursor that stands before so many rows in 42. None of them is in memory,
 * and a page of them is being read. */
static struct client *
reading(struct house *h, const char *wallet, int rows)
{
	struct client *c;
	char cursor[CURSOR_SIZE];

	hub_cursor(h->hub, cursor, world_head(h->w));
	publish(h, "42", 0, rows);
	tail(h);
	forget_recent(h);
	c = connect_as(h, wallet);
	say_now(c, "1", "subscribe_escrow", room_from("42", cursor));
	finish(h);
	hub_collect(h->hub, h->now);
	offer_room(h);
	assert_true(session_is_pulling(c->session));
	return c;
}

/* The client takes none of these events, and they are not in memory; then it has room again. */
static void
fall_behind(struct house *h, struct client *c, int from, int to)
{
	c->room = 0;
	publish(h, "42", from, to);
	turn(h);
	forget_recent(h);
	c->room = ROOM_FOR_ALL;
}

static void
a_session_that_ends_while_a_page_is_read_is_given_nothing(void **state)
{
	struct house *h = *state;

	for (int i = 0; i < 2; i++) {
		struct client *c = reading(h, "alice", 300);

		if (i > 0)
			finish(h);
		client_close(c, SESSION_LOST);
		turn(h);
		assert_string_equal(heard(c), "");
		assert_false(hub_owes_answers(h->hub));
	}
}

static void
a_removal_while_a_page_is_read_ends_the_replay(void **state)
{
	struct house *h = *state;
	struct client *c = reading(h, "carol", 300);

	finish(h);
	world_put(h->w, "42", "alice client");
	world_put(h->w, "42", "alice client, carol arbiter");
	hub_check_log(h->hub, true);
	settle(h, false);
	assert_non_null(strstr(heard(c), "chat_error subscribe_escrow removed"));
	say(c, "2", "subscribe_escrow", ROOM);
	publish(h, "42", 0, 1);
	turn(h);
	assert_string_equal(heard(c), "ack 2 ok, e0");
}

/* The page was read for the earlier seat: the new seat is owed other rows. */
static void
a_room_that_is_left_and_entered_again_while_a_page_is_read_is_another(void **state)
{
	struct house *h = *state;
	struct client *c = enter(h, "alice", "42");

	fall_behind(h, c, 0, 10);
	offer_room(h);
	assert_true(session_is_pulling(c->session));
	finish(h); /* the page is there */
	session_leave(c->session, SPAN("42"), h->now);
	session_event(c->session, SPAN("subscribe_escrow"), SPAN("\"42\""), SPAN("1"), h->now);
	settle(h, false);
	assert_string_equal(heard(c), "ack 1 ok");
	publish(h, "42", 10, 11);
	turn(h);
	assert_heard(c, 10, 11, 0);
	assert_false(session_is_behind(c->session));
}

/* The writer lets the session in while the page of the earlier seat is read. That page begins
 * behind the events that the new seat is owed. */
static void
a_page_of_the_seat_before_is_not_given_to_one_that_came_with_an_older_cursor(void **state)
{
	struct house *h = *state;
	struct client *c;
	char cursor[CURSOR_SIZE];

	connect_kept(h, &c, "alice");
	turn(h);
	say(c, "1", "subscribe_escrow", ROOM);
	turn(h);
	hub_cursor(h->hub, cursor, world_head(h->w));
	publish(h, "42", 0, 5);
	turn(h);
	c->heard.len = 0;
	fall_behind(h, c, 5, 10);
	offer_room(h);
	assert_true(session_is_pulling(c->session));
	say_now(c, "2", "unsubscribe_escrow", ROOM);
	say_now(c, "3", "subscribe_escrow", room_from("42", cursor));
	collect(h);
	assert_string_equal(heard(c), "ack 2 ok");
	assert_true(session_is_pulling(c->session));
	turn(h);
	assert_heard(c, 0, 10, 1);
}

static void
a_replay_reaches_the_tail_while_rows_keep_arriving(void **state)
{
	struct house *h = *state;
	struct client *c = reading(h, "alice", 1000);
	int n = 1000, rounds = 0;

	for (; session_is_behind(c->session); rounds++) {
		publish(h, "42", n, n + 100); /* a page is hardly more */
		n += 100;
		hub_check_log(h->hub, true);
		finish(h);
		hub_collect(h->hub, h->now);
		offer_room(h);
		hub_check(h->hub);
		assert_true(rounds < 100);
	}
	turn(h);
	assert_heard(c, 0, n, 1);
	publish(h, "42", 0, 1);
	turn(h);
	assert_heard(c, 0, 1, 0);
}

static void
a_ring_that_is_full_at_any_row_loses_none_and_doubles_none(void **state)
{
	struct house *h = *state;

	for (int room = 1; room < 140; room += 23) {
		struct client *c = reading(h, "alice", 300);
		int first = room % 2 ? room : 300 - room;

		c->room = first;
		settle(h, false);
		assert_int_equal(c->frames, 1 + first); /* hello */
		publish(h, "42", 300, 305);
		turn(h);
		assert_int_equal(c->frames, 1 + first);
		for (int i = 0; i < 5; i++) { /* the rest of a page, then pages, then memory */
			c->room = 40;
			give_room(h);
		}
		c->room = ROOM_FOR_ALL;
		give_room(h);
		assert_heard(c, 0, 305, 1);
		client_close(c, SESSION_LEFT);
		turn(h);
	}
}

static void
a_log_that_fails_is_read_again_when_the_timer_says_so(void **state)
{
	struct house *h = *state;
	struct client *c = reading(h, "alice", 300);

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	store_fail_at(h->reading, 2, STORE_BUSY);
	settle(h, false);
	store_fail_at(h->reading, 0, STORE_OK);
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	assert_string_equal(heard(c), "");
	assert_true(session_is_behind(c->session));
	assert_true(hub_next_deadline(h->hub) <= h->now.mono_ms + 200);
	pass(h, 200);
	assert_heard(c, 0, 300, 1);
}

static void
leaving_while_a_read_is_put_off_needs_it_no_more(void **state)
{
	struct house *h = *state;
	struct client *c = enter(h, "alice", "42");

	fall_behind(h, c, 0, 3);
	store_fail_at(h->reading, 2, STORE_BUSY);
	give_room(h);
	store_fail_at(h->reading, 0, STORE_OK);
	session_leave(c->session, SPAN("42"), h->now);
	assert_false(session_is_behind(c->session));
	pass(h, 200);
	assert_string_equal(heard(c), "");
	assert_int_equal(hub_next_deadline(h->hub), INT64_MAX);
}

static void
a_message_that_is_replayed_behind_the_look_up_counts_as_unread(void **state)
{
	struct house *h = *state;
	struct client *c = connect_as(h, "carol");
	char cursor[CURSOR_SIZE], heard_text[256];

	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, ""));
	assert_int_equal(world_send(h->w, "alice", "42", "before"), ERROR_NONE);
	tail(h);
	forget(h);
	c->room = 0; /* it is looked up, and waits */
	subscribe_from(c, "1", "42", cursor);
	assert_int_equal(world_send(h->w, "alice", "42", "between"), ERROR_NONE);
	tail(h);
	c->room = ROOM_FOR_ALL;
	give_room(h);
	snprintf(heard_text, sizeof(heard_text), "%s", heard(c));
	assert_non_null(strstr(heard_text, "chat_message before, "));
	assert_non_null(strstr(heard_text, "chat_message between, "));
	assert_non_null(strstr(heard_text, "ack 1 ok"));
	assert_non_null(strstr(buf_cstr(&c->last), "\"unread\":2")); /* the answer is last */
}

/* ---- one cursor for all topics ---- */

static void
merged_topics_keep_the_order_of_the_log_through_pages_and_memory(void **state)
{
	struct house *h = *state;
	struct client *c;

	h->transport = &merged_transport;
	c = enter(h, "alice", "42");
	say(c, "2", "subscribe_escrow", "\"43\"");
	c->heard.len = 0;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 30; i++)
			publish(h, i % 3 ? "42" : "43", round * 30 + i, round * 30 + i + 1);
		if (round % 3 == 0)
			c->room = round;
		hub_check_log(h->hub, true);
		settle(h, false);
		if (round % 4 == 0)
			forget_recent(h);
		if (round % 5 == 0) {
			c->room += 17;
			give_room(h);
		}
	}
	c->room = ROOM_FOR_ALL;
	give_room(h);
	assert_heard(c, 0, 600, 0);
	assert_false(session_is_behind(c->session));
}

static void
a_merged_session_that_enters_a_room_with_a_cursor_holds_the_others(void **state)
{
	struct house *h = *state;
	struct client *c;
	char cursor[CURSOR_SIZE];

	h->transport = &merged_transport;
	hub_cursor(h->hub, cursor, world_head(h->w));
	publish(h, "42", 0, 200);
	tail(h);
	c = enter(h, "alice", "43");
	c->room = 100;
	forget_recent(h);
	subscribe_from(c, "1", "42", cursor);
	publish(h, "43", 200, 201);
	turn(h);
	assert_heard(c, 0, 100, 0);
	assert_non_null(strchr(session_cursor(c->session, cursor), '-'));
	assert_true(atoll(strchr(cursor, '-') + 1) < world_head(h->w) - 100);
	c->room = ROOM_FOR_ALL;
	give_room(h);
	assert_heard(c, 100, 201, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(a_session_that_ends_while_a_page_is_read_is_given_nothing),
	    house_test(a_removal_while_a_page_is_read_ends_the_replay),
	    house_test(a_room_that_is_left_and_entered_again_while_a_page_is_read_is_another),
	    house_test(
		a_page_of_the_seat_before_is_not_given_to_one_that_came_with_an_older_cursor),
	    house_test(a_replay_reaches_the_tail_while_rows_keep_arriving),
	    house_test(a_ring_that_is_full_at_any_row_loses_none_and_doubles_none),
	    house_test(a_log_that_fails_is_read_again_when_the_timer_says_so),
	    house_test(leaving_while_a_read_is_put_off_needs_it_no_more),
	    house_test(a_message_that_is_replayed_behind_the_look_up_counts_as_unread),
	    house_test(merged_topics_keep_the_order_of_the_log_through_pages_and_memory),
	    house_test(a_merged_session_that_enters_a_room_with_a_cursor_holds_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
