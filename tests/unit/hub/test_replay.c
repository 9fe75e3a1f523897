/* SPDX-License-Identifier: ISC */
/*
 * test_replay.c - the events that a client missed while it was away: they come in order, once, or a
 * gap comes.
 */
#include "unit/replay_world.h"

/* ---- cursors ---- */

static void
without_a_cursor_nothing_from_before_is_given(void **state)
{
	struct house *h = *state;
	struct client *c;

	post(h, "42", "before");
	turn(h);
	c = connect_as(h, "carol");
	say(c, "1", "subscribe_escrow", "\"42\"");
	post(h, "42", "after");
	turn(h);
	assert_string_equal(heard(c), "ack 1 ok, chat_message after, notification 42");
}

static void
missed_events_come_first_then_the_answer_then_live_ones(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	post(h, "43", "elsewhere");
	post(h, "42", "two");
	turn(h);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", cursor);
	post(h, "42", "three");
	turn(h);
	assert_string_equal(heard(c),
	    "chat_message one, chat_message two, ack 1 ok, chat_message three, notification 42");
}

static void
the_answers_cursor_is_the_seam(void **state)
{
	struct house *h = *state;
	struct client *c;
	char seam[CURSOR_SIZE];

	post(h, "42", "one");
	turn(h);
	c = connect_as(h, "carol");
	say(c, "1", "subscribe_escrow", "\"42\"");
	snprintf(seam, sizeof(seam), "%s", cursor_of(c, "42"));
	post(h, "42", "two");
	turn(h);
	client_close(c, SESSION_LOST);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", seam);
	assert_string_equal(heard(c), "chat_message two, ack 1 ok");
}

static void
each_event_carries_the_cursor_that_resumes_behind_it(void **state)
{
	struct house *h = *state;
	struct client *c = enter(h, "carol", "42");
	char cursor[CURSOR_SIZE];

	for (int i = 0; i < 3; i++) {
		post(h, "42", "seen");
		turn(h);
		snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, "42"));
		client_close(c, SESSION_LOST);
		c = connect_as(h, "carol");
		subscribe_from(c, "1", "42", cursor);
		assert_string_equal(heard(c), "ack 1 ok");
	}
}

static void
a_second_subscription_changes_nothing_whatever_its_cursor(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	turn(h);
	c = enter(h, "carol", "42");
	subscribe_from(c, "1", "42", cursor);
	subscribe_from(c, "2", "42", "0123456789abcdef-1");
	turn(h);
	assert_string_equal(heard(c), "ack 1 ok, ack 2 ok");
}

static void
a_second_answer_during_replay_comes_behind_the_first(void **state)
{
	struct house *h = *state;
	struct client *c = back_without_room(h, "one");

	say(c, "2", "subscribe_escrow", "\"42\"");
	assert_string_equal(heard(c), "");
	c->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(c), "chat_message one, ack 1 ok, ack 2 ok");
}

static void
a_second_answer_to_a_slow_reader_does_not_promise_what_is_not_given_yet(void **state)
{
	struct house *h = *state;
	struct client *c = enter(h, "carol", "42");
	char seam[CURSOR_SIZE];

	c->room = 0;
	post(h, "42", "one");
	turn(h);
	say(c, "2", "subscribe_escrow", "\"42\"");
	assert_string_equal(heard(c), "ack 2 ok");
	snprintf(seam, sizeof(seam), "%s", cursor_of(c, "42"));
	client_close(c, SESSION_LOST);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", seam);
	assert_string_equal(heard(c), "chat_message one, ack 1 ok");
}

static void
a_cursor_of_another_log_is_a_gap_and_then_live(void **state)
{
	struct house *h = *state;
	struct client *c = connect_as(h, "carol");

	subscribe_from(c, "1", "42", "0123456789abcdef-1");
	post(h, "42", "live");
	turn(h);
	assert_string_equal(heard(c), "gap 42, ack 1 ok gap, chat_message live, notification 42");
}

static void
a_cursor_ahead_of_the_log_is_a_gap(void **state)
{
	struct house *h = *state;
	struct client *c = connect_as(h, "carol");
	char cursor[CURSOR_SIZE];

	hub_cursor(h->hub, cursor, world_head(h->w) + 1);
	subscribe_from(c, "1", "42", cursor);
	post(h, "42", "live");
	turn(h);
	assert_string_equal(heard(c), "gap 42, ack 1 ok gap, chat_message live, notification 42");
}

static void
a_cursor_ahead_of_the_tail_gives_nothing_twice(void **state)
{
	struct house *h = *state;
	struct client *c = connect_as(h, "carol");
	char cursor[CURSOR_SIZE];

	post(h, "42",
	    "known from REST"); /* and its notification: two rows that the tail has not seen */
	hub_cursor(h->hub, cursor, world_head(h->w));
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(cursor_of(c, "42"), cursor);
	post(h, "42", "live");
	turn(h);
	assert_string_equal(
	    heard(c), "ack 1 ok, notification 42, chat_message live, notification 42");
}

static void
a_cursor_survives_a_restart_of_the_daemon(void **state)
{
	struct house *h = *state;
	struct client *c;
	char cursor[CURSOR_SIZE];

	snprintf(cursor, sizeof(cursor), "%s", away(h));
	post(h, "42", "one");
	house_stop(h);
	house_start(h);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(heard(c), "chat_message one, ack 1 ok");
}

/* ---- gaps ---- */

static void
a_trimmed_event_of_the_room_is_a_gap_and_nothing_is_given_in_part(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "trimmed");
	turn(h);
	trim_all(h);
	post(h, "42", "kept");
	turn(h);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(heard(c), "gap 42, ack 1 ok gap");
	post(h, "42", "live");
	turn(h);
	assert_string_equal(heard(c), "chat_message live, notification 42");
}

static void
trimming_another_room_is_no_gap(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "43", "trimmed");
	turn(h);
	trim_all(h);
	post(h, "42", "kept");
	turn(h);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(heard(c), "chat_message kept, ack 1 ok");
}

static void
a_gap_says_where_it_goes_on(void **state)
{
	struct house *h = *state;
	struct client *c;
	char cursor[CURSOR_SIZE];

	post(h, "42", "one");
	turn(h);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", "0123456789abcdef-1");
	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, "42"));
	hub_cursor(h->hub, cursor, world_head(h->w));
	assert_string_equal(cursor_of(c, "42"), cursor);
	say(c, "2", "subscribe_escrow", "\"42\"");
	assert_string_equal(heard(c), "gap 42, ack 1 ok gap, ack 2 ok");
}

/* ---- the own topic ---- */

static void
the_own_topic_resumes_with_its_notifications(void **state)
{
	struct house *h = *state;
	struct client *c = connect_at(h, "carol", "");
	char cursor[CURSOR_SIZE], id[64];

	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, ""));
	client_close(c, SESSION_LOST);
	assert_int_equal(world_send(h->w, "carol", "42", "by herself"), ERROR_NONE);
	world_sent(h->w, "carol", "42", "more", id);
	post(h, "42", "one");
	assert_int_equal(world_mark(h->w, "alice", "42", id, true), ERROR_NONE);
	assert_true(world_publish(h->w, "user:carol", "ai:thinking", "{}", true));
	post(h, "43", "not hers");
	turn(h);
	c = connect_at(h, "carol", cursor);
	assert_string_equal(heard(c), "hello, notification 42, message_read alice, ai:thinking");
}

static void
hello_does_not_promise_what_is_not_given_yet(void **state)
{
	struct house *h = *state;
	struct client *c = connect_at(h, "carol", "");
	char cursor[CURSOR_SIZE];

	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, ""));
	client_close(c, SESSION_LOST);
	post(h, "42", "one");
	turn(h);
	c = connect_taking(h, "carol", cursor, 0);
	assert_string_equal(heard(c), "hello");
	assert_string_equal(cursor_of(c, ""), cursor);
}

static void
a_lost_own_cursor_is_a_gap_of_no_room(void **state)
{
	struct house *h = *state;
	struct client *c = connect_at(h, "carol", "0123456789abcdef-1");

	assert_string_equal(heard(c), "hello, gap");
	assert_null(strstr(buf_cstr(&c->last), "escrowId"));
}

static enum error
verdict_on(struct house *h, const char *cursor)
{
	struct look_job j = {.user = world_user("carol"), .lookup = {.cursor = span_of(cursor)}};

	look_up(h, &j);
	return session_lookup_verdict(&j.lookup);
}

static void
what_is_no_cursor_is_refused_and_a_lost_one_is_not(void **state)
{
	assert_int_equal(verdict_on(*state, "nonsense"), ERROR_BAD_REQUEST);
	assert_int_equal(verdict_on(*state, "0123456789abcdef-1"), ERROR_NONE);
	assert_int_equal(verdict_on(*state, ""), ERROR_NONE);
}

static void
a_long_absence_is_replayed_page_by_page(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;
	int n = 0;

	for (int i = 0; i < 700; i++)
		assert_true(world_publish(h->w, "escrow_42", "escrow:update", "{}", true));
	turn(h);
	c = connect_as(h, "carol");
	forget_recent(h);
	subscribe_from(c, "1", "42", cursor);
	for (struct span rest = buf_as_span(&c->heard); rest.p != NULL; n++)
		span_cut(&rest, ',');
	assert_int_equal(n, 701);
	assert_string_equal(buf_cstr(&c->heard) + c->heard.len - strlen("ack 1 ok"), "ack 1 ok");
	c->heard.len = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(without_a_cursor_nothing_from_before_is_given),
	    house_test(missed_events_come_first_then_the_answer_then_live_ones),
	    house_test(the_answers_cursor_is_the_seam),
	    house_test(each_event_carries_the_cursor_that_resumes_behind_it),
	    house_test(a_second_subscription_changes_nothing_whatever_its_cursor),
	    house_test(a_second_answer_during_replay_comes_behind_the_first),
	    house_test(a_second_answer_to_a_slow_reader_does_not_promise_what_is_not_given_yet),
	    house_test(a_cursor_of_another_log_is_a_gap_and_then_live),
	    house_test(a_cursor_ahead_of_the_log_is_a_gap),
	    house_test(a_cursor_ahead_of_the_tail_gives_nothing_twice),
	    house_test(a_cursor_survives_a_restart_of_the_daemon),
	    house_test(a_trimmed_event_of_the_room_is_a_gap_and_nothing_is_given_in_part),
	    house_test(trimming_another_room_is_no_gap),
	    house_test(a_gap_says_where_it_goes_on),
	    house_test(the_own_topic_resumes_with_its_notifications),
	    house_test(hello_does_not_promise_what_is_not_given_yet),
	    house_test(a_lost_own_cursor_is_a_gap_of_no_room),
	    house_test(what_is_no_cursor_is_refused_and_a_lost_one_is_not),
	    house_test(a_long_absence_is_replayed_page_by_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
