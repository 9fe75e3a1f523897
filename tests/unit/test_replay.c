/* SPDX-License-Identifier: ISC */
/*
 * test_replay.c - the events that a client missed while it was away or too slow: they come in
 * order, once, or a gap comes.
 */
#include "hub_world.h"

static void
post(struct house *h, const char *escrow, const char *text)
{
	assert_int_equal(world_send(h->w, "alice", escrow, text), CHAT_OK);
}

/* A cursor of carol's in 42; she is away again. */
static const char *
away(struct house *h)
{
	static char cursor[CURSOR_SIZE];
	struct client *c = enter(h, "carol", "42");

	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, "42"));
	client_close(c, SESSION_LEFT);
	return cursor;
}

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
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	turn(h);
	c = connect_as(h, "carol");
	c->room = 0;
	subscribe_from(c, "1", "42", cursor);
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
	assert_int_equal(world_send(h->w, "carol", "42", "by herself"), CHAT_OK);
	world_sent(h->w, "carol", "42", "more", id);
	post(h, "42", "one");
	assert_int_equal(world_mark(h->w, "alice", "42", id, true), CHAT_OK);
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

static enum chat_err
verdict_on(struct house *h, const char *cursor)
{
	struct look_job j = {.user = world_user("carol"), .look = {.cursor = span_of(cursor)}};

	look_up(h, &j);
	return session_look_verdict(&j.look);
}

static void
what_is_no_cursor_is_refused_and_a_lost_one_is_not(void **state)
{
	assert_int_equal(verdict_on(*state, "nonsense"), CHAT_BAD_REQUEST);
	assert_int_equal(verdict_on(*state, "0123456789abcdef-1"), CHAT_OK);
	assert_int_equal(verdict_on(*state, ""), CHAT_OK);
}

/* ---- slow readers ---- */

static void
a_slow_reader_gets_everything_in_order_and_once(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");
	char text[16];

	forget(h);
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		assert_int_equal(world_send(h->w, "alice", "42", text), CHAT_OK);
		b->room = i % 3; /* takes some, refuses some */
		turn(h);
	}
	b->room = ROOM_FOR_ALL;
	b->wants_room = true;
	turn(h);
	/* The own topic is another topic: each of the two is in order. */
	int n_messages = 0, n_notifications = 0;
	struct span rest = buf_as_span(&b->heard);
	while (rest.p != NULL) {
		struct span word = span_trim(span_cut(&rest, ','));
		if (span_is(word, "notification 42")) {
			n_notifications++;
			continue;
		}
		snprintf(text, sizeof(text), "m%d", n_messages++);
		assert_true(span_is((struct span){word.p + strlen("chat_message "),
					word.n - strlen("chat_message ")},
		    text));
	}
	assert_int_equal(n_messages, 300);
	assert_int_equal(n_notifications, 300);
	b->heard.len = 0;
}

static void
a_replay_that_finds_no_room_goes_on_where_it_stopped(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	post(h, "42", "two");
	post(h, "42", "three");
	turn(h);
	c = connect_as(h, "carol");
	c->room = 1;
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(heard(c), "chat_message one");
	post(h, "42", "four");
	turn(h);
	c->room = 2;
	give_room(h);
	c->room = ROOM_FOR_ALL;
	give_room(h);
	turn(h);
	const char *told = heard(c);
	assert_non_null(strstr(told, "chat_message two"));
	assert_non_null(strstr(told, "chat_message three"));
	assert_non_null(strstr(told, "chat_message four"));
	assert_true(strstr(told, "two") < strstr(told, "three") &&
		    strstr(told, "three") < strstr(told, "four"));
	assert_true(strstr(told, "four") < strstr(told, "ack 1 ok"));
}

static void
an_acknowledgement_waits_for_the_own_broadcast_of_a_slow_reader(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	a->room = 0;
	say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\"}");
	say(a, "2", "chat_message", "{\"escrowId\":\"42\",\"content\":\"ho\"}");
	turn(h);
	assert_string_equal(heard(a), "");
	assert_true(hub_owes_answers(h->hub));
	a->room = 1;
	give_room(h);
	assert_string_equal(heard(a), "chat_message hi, ack 1 ok");
	assert_true(hub_owes_answers(h->hub));
	a->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(a), "chat_message ho, ack 2 ok");
	assert_false(hub_owes_answers(h->hub));
}

static void
what_is_sent_behind_an_acknowledgement_held_so_waits_for_it(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	a->room = 0;
	say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\"}");
	turn(h);
	say(a, "2", "unsubscribe_escrow", "\"42\"");
	assert_string_equal(heard(a), "");
	a->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(a), "chat_message hi, ack 1 ok, ack 2 ok");
}

static void
an_acknowledgement_held_so_is_given_when_its_user_is_removed(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	a->room = 0;
	say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\"}");
	turn(h);
	world_put(h->w, "42", "bob freelancer");
	turn(h);
	assert_string_equal(heard(a), "chat_error subscribe_escrow removed, ack 1 ok");
}

static void
an_acknowledgement_held_so_ends_with_its_session(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	a->room = 0;
	say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\"}");
	turn(h);
	client_close(a, SESSION_LOST);
	assert_string_equal(heard(a), "");
	assert_false(hub_owes_answers(h->hub));
}

static void
a_slow_reader_of_trimmed_events_has_a_gap(void **state)
{
	struct house *h = *state;
	struct client *c = enter(h, "carol", "42");

	c->room = 0;
	assert_int_equal(
	    world_send(h->w, "carol", "42", "trimmed"), CHAT_OK); /* no notification for herself */
	turn(h);
	trim_all(h);
	c->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(c), "gap 42");
	say(c, "1", "subscribe_escrow", "\"42\"");
	assert_string_equal(heard(c), "ack 1 ok");
}

static void
leaving_during_the_replay_waits_for_its_end(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	turn(h);
	c = connect_as(h, "carol");
	c->room = 0;
	subscribe_from(c, "1", "42", cursor);
	say(c, "2", "unsubscribe_escrow", "\"42\"");
	c->room = ROOM_FOR_ALL;
	give_room(h);
	post(h, "42", "two");
	turn(h);
	assert_string_equal(heard(c), "chat_message one, ack 1 ok, ack 2 ok, notification 42");
}

static void
who_was_removed_before_his_replay_is_given_none(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	turn(h);
	c = connect_as(h, "carol");
	c->room = 0;
	subscribe_from(c, "1", "42", cursor);
	world_put(h->w, "42", "alice client");
	forget_recent(h);
	c->room = ROOM_FOR_ALL;
	give_room(h); /* before the tail has seen it */
	assert_string_equal(heard(c), "chat_error subscribe_escrow removed, ack 1 not_participant");
	turn(h);
	assert_string_equal(heard(c), "");
}

static void
a_replay_from_memory_goes_no_further_than_the_removal(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "before");
	turn(h);
	c = connect_as(h, "carol");
	c->room = 0;
	subscribe_from(c, "1", "42", cursor);
	world_put(h->w, "42", "alice client");
	post(h, "42", "after");
	c->room = ROOM_FOR_ALL;
	give_room(h);
	turn(h);
	assert_string_equal(
	    heard(c), "chat_message before, ack 1 ok, chat_error subscribe_escrow removed");
}

static void
a_removed_one_is_not_notified_of_what_was_before_even_from_memory(void **state)
{
	struct house *h = *state;
	struct client *c = connect_as(h, "carol");

	c->room = 0;
	post(h, "42", "one");
	post(h, "42", "two");
	turn(h);
	world_put(h->w, "42", "alice client");
	assert_true(world_publish(h->w, "user:carol", "ai:thinking", "{}", true));
	turn(h);
	c->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(c), "ai:thinking");
	assert_false(session_is_behind(c->session));
}

static void
what_was_trimmed_is_given_from_memory_where_it_is_there(void **state)
{
	struct house *h = *state;
	const char *cursor = away(h);
	struct client *c;

	post(h, "42", "one");
	turn(h);
	assert_int_equal(store_write(h->w->st, run_trim, NULL), STORE_OK);
	c = connect_as(h, "carol");
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(heard(c), "chat_message one, ack 1 ok");
}

static void
a_log_that_cannot_be_read_is_asked_again_in_a_moment(void **state)
{
	struct house *h = *state;
	struct client *c;
	char cursor[CURSOR_SIZE];

	snprintf(cursor, sizeof(cursor), "%s", away(h));
	for (int nth = 1; nth < 12; nth++) {
		post(h, "42", "one");
		post(h, "42", "two");
		turn(h);
		c = connect_as(h, "carol");
		c->room = 0;
		subscribe_from(c, "1", "42", cursor);
		forget_recent(h);
		c->room = ROOM_FOR_ALL;
		c->wants_room = true;
		store_fail_at(h->reading, nth, STORE_BUSY);
		give_room(h);
		store_fail_at(h->reading, 0, STORE_OK);
		pass(h, 200);
		const char *told = heard(c);
		assert_non_null(strstr(told, "chat_message one, chat_message two"));
		assert_int_equal(session_is_behind(c->session), false);
		snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, "42"));
		client_close(c, SESSION_LEFT);
	}
}

static void
one_cursor_for_all_topics_has_all_in_log_order(void **state)
{
	struct house *h = *state;
	struct client *b;

	h->transport = &merged_transport;
	b = connect_as(h, "olga"); /* an observer: no notifications */
	say(b, "", "subscribe_escrow", "\"42\"");
	world_put(h->w, "43", "alice client, bob freelancer, olga observer");
	turn(h);
	say(b, "", "subscribe_escrow", "\"43\"");
	b->room = 0;
	post(h, "42", "one");
	turn(h);
	b->room = 1; /* not offered: 43 must not overtake 42 */
	b->wants_room = false;
	post(h, "43", "two");
	turn(h);
	assert_string_equal(heard(b), "");
	b->wants_room = true;
	give_room(h);
	assert_string_equal(heard(b), "chat_message one");
	b->room = ROOM_FOR_ALL;
	post(h, "42", "three");
	turn(h);
	assert_string_equal(heard(b), "chat_message two, chat_message three");
	post(h, "43", "live");
	turn(h);
	assert_string_equal(heard(b), "chat_message live");
	assert_false(session_is_behind(b->session));
}

static void
nor_does_a_gap_in_one_topic_let_it_overtake_the_others(void **state)
{
	struct house *h = *state;
	struct client *b;

	h->transport = &merged_transport;
	b = connect_as(h, "olga");
	say(b, "", "subscribe_escrow", "\"42\"");
	world_put(h->w, "43", "alice client, bob freelancer, olga observer");
	turn(h);
	say(b, "", "subscribe_escrow", "\"43\"");
	b->room = 0;
	post(h, "42", "trimmed");
	turn(h);
	trim_all(h);
	post(h, "43", "one");
	post(h, "43", "two");
	turn(h);
	b->room = 1;
	give_room(h);
	assert_string_equal(heard(b), "gap 42, chat_message one");
	b->room = 1;
	b->wants_room = false;
	post(h, "42", "three");
	turn(h);
	assert_string_equal(heard(b), "");
	b->room = ROOM_FOR_ALL;
	b->wants_room = true;
	give_room(h);
	assert_string_equal(heard(b), "chat_message two, chat_message three");
}

static void
one_cursor_never_goes_past_what_is_not_given_yet_even_by_a_gap(void **state)
{
	struct house *h = *state;
	struct client *b;
	int64_t before;

	h->transport = &merged_transport;
	b = connect_as(h, "olga");
	say(b, "", "subscribe_escrow", "\"42\"");
	world_put(h->w, "43", "alice client, bob freelancer, olga observer");
	turn(h);
	say(b, "", "subscribe_escrow", "\"43\"");
	b->room = 0;
	post(h, "42", "trimmed");
	turn(h);
	trim_all(h);
	before = world_head(h->w);
	post(h, "43", "one");
	turn(h);
	session_pull(b->session, h->now);
	settle(h, false);
	assert_string_equal(heard(b), "gap 42");
	assert_true(atoll(strchr(cursor_of(b, "42"), '-') + 1) <= before);
	b->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(b), "chat_message one");
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
	    house_test(a_slow_reader_gets_everything_in_order_and_once),
	    house_test(a_replay_that_finds_no_room_goes_on_where_it_stopped),
	    house_test(an_acknowledgement_waits_for_the_own_broadcast_of_a_slow_reader),
	    house_test(what_is_sent_behind_an_acknowledgement_held_so_waits_for_it),
	    house_test(an_acknowledgement_held_so_is_given_when_its_user_is_removed),
	    house_test(an_acknowledgement_held_so_ends_with_its_session),
	    house_test(a_slow_reader_of_trimmed_events_has_a_gap),
	    house_test(leaving_during_the_replay_waits_for_its_end),
	    house_test(who_was_removed_before_his_replay_is_given_none),
	    house_test(a_replay_from_memory_goes_no_further_than_the_removal),
	    house_test(a_removed_one_is_not_notified_of_what_was_before_even_from_memory),
	    house_test(what_was_trimmed_is_given_from_memory_where_it_is_there),
	    house_test(a_log_that_cannot_be_read_is_asked_again_in_a_moment),
	    house_test(one_cursor_for_all_topics_has_all_in_log_order),
	    house_test(nor_does_a_gap_in_one_topic_let_it_overtake_the_others),
	    house_test(one_cursor_never_goes_past_what_is_not_given_yet_even_by_a_gap),
	    house_test(a_long_absence_is_replayed_page_by_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
