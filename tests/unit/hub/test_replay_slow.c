/* SPDX-License-Identifier: ISC */
/*
 * test_replay_slow.c - the events that a client missed because it read too slowly, and those that
 * it missed with one cursor for all topics.
 */
#include "unit/replay_world.h"

static void
a_slow_reader_gets_everything_in_order_and_once(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");
	char text[16];

	forget(h);
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		assert_int_equal(world_send(h->w, "alice", "42", text), ERROR_NONE);
		b->room = i % 3; /* takes some, refuses some */
		turn(h);
	}
	b->room = ROOM_FOR_ALL;
	b->wants_writable = true;
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
	assert_int_equal(world_send(h->w, "carol", "42", "trimmed"),
	    ERROR_NONE); /* no notification for herself */
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
	struct client *c = back_without_room(h, "one");

	say(c, "2", "unsubscribe_escrow", "\"42\"");
	c->room = ROOM_FOR_ALL;
	give_room(h);
	post(h, "42", "two");
	turn(h);
	assert_string_equal(heard(c), "chat_message one, ack 1 ok, ack 2 ok, notification 42");
}

static void
who_was_removed_before_the_replay_is_given_none(void **state)
{
	struct house *h = *state;
	struct client *c = back_without_room(h, "one");

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
	struct client *c = back_without_room(h, "before");

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
		c->wants_writable = true;
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

/* Olga is in 42 and 43 with one cursor for all topics. An observer is sent no notifications. */
static struct client *
observer_of_both(struct house *h)
{
	struct client *c;

	h->transport = &merged_transport;
	c = connect_as(h, "olga");
	say(c, "", "subscribe_escrow", "\"42\"");
	world_put(h->w, "43", "alice client, bob freelancer, olga observer");
	turn(h);
	say(c, "", "subscribe_escrow", "\"43\"");
	return c;
}

static void
one_cursor_for_all_topics_has_all_in_log_order(void **state)
{
	struct house *h = *state;
	struct client *b = observer_of_both(h);

	b->room = 0;
	post(h, "42", "one");
	turn(h);
	b->room = 1; /* not offered: 43 must not overtake 42 */
	b->wants_writable = false;
	post(h, "43", "two");
	turn(h);
	assert_string_equal(heard(b), "");
	b->wants_writable = true;
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
	struct client *b = observer_of_both(h);

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
	b->wants_writable = false;
	post(h, "42", "three");
	turn(h);
	assert_string_equal(heard(b), "");
	b->room = ROOM_FOR_ALL;
	b->wants_writable = true;
	give_room(h);
	assert_string_equal(heard(b), "chat_message two, chat_message three");
}

static void
one_cursor_never_goes_past_what_is_not_given_yet_even_by_a_gap(void **state)
{
	struct house *h = *state;
	struct client *b = observer_of_both(h);
	int64_t before;

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(a_slow_reader_gets_everything_in_order_and_once),
	    house_test(a_replay_that_finds_no_room_goes_on_where_it_stopped),
	    house_test(an_acknowledgement_waits_for_the_own_broadcast_of_a_slow_reader),
	    house_test(what_is_sent_behind_an_acknowledgement_held_so_waits_for_it),
	    house_test(an_acknowledgement_held_so_is_given_when_its_user_is_removed),
	    house_test(an_acknowledgement_held_so_ends_with_its_session),
	    house_test(a_slow_reader_of_trimmed_events_has_a_gap),
	    house_test(leaving_during_the_replay_waits_for_its_end),
	    house_test(who_was_removed_before_the_replay_is_given_none),
	    house_test(a_replay_from_memory_goes_no_further_than_the_removal),
	    house_test(a_removed_one_is_not_notified_of_what_was_before_even_from_memory),
	    house_test(what_was_trimmed_is_given_from_memory_where_it_is_there),
	    house_test(a_log_that_cannot_be_read_is_asked_again_in_a_moment),
	    house_test(one_cursor_for_all_topics_has_all_in_log_order),
	    house_test(nor_does_a_gap_in_one_topic_let_it_overtake_the_others),
	    house_test(one_cursor_never_goes_past_what_is_not_given_yet_even_by_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
