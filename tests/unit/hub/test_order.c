/* SPDX-License-Identifier: ISC */
/*
 * test_order.c - the events of one session take effect, and are answered, in the order in which
 * they were sent, however many come in one write.
 */
#include "unit/recoverable_world.h"

#define ROOM          "{\"escrowId\":\"42\"}"
#define MESSAGE(text) "{\"escrowId\":\"42\",\"content\":\"" text "\"}"

/* A session that can be recovered enters and leaves rooms by jobs of the writer, another one by
 * jobs of the reader or at once. */
static bool is_recoverable;

static int
recoverable_setup(void **state)
{
	is_recoverable = true;
	return house_setup(state);
}

static int
recoverable_teardown(void **state)
{
	is_recoverable = false;
	return house_teardown(state);
}

static struct client *
connect_recoverable(struct house *h, const char *wallet)
{
	struct client *c;

	connect_kept(h, &c, wallet);
	turn(h);
	assert_non_null(c->session);
	return c;
}

static struct client *
connect_either(struct house *h, const char *wallet)
{
	return is_recoverable ? connect_recoverable(h, wallet) : connect_as(h, wallet);
}

/* Each promise is kept to both kinds of sessions. */
#define both_kinds(f)                                                               \
	cmocka_unit_test_setup_teardown(f, house_setup, house_teardown),            \
	{                                                                           \
		#f "_recoverable", f, recoverable_setup, recoverable_teardown, NULL \
	}

/* ---- rooms ---- */

static void
leaving_and_entering_in_one_write_ends_in_the_room(void **state)
{
	struct house *h = *state;
	struct client *a = connect_either(h, "alice");

	say_now(a, "1", "subscribe_escrow", ROOM);
	turn(h);
	say_now(a, "2", "unsubscribe_escrow", ROOM);
	say_now(a, "3", "subscribe_escrow", ROOM);
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok, ack 2 ok, ack 3 ok");
	assert_int_equal(a->session->n_rooms, 1);
	assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	turn(h);
	assert_string_equal(heard(a), "x");
}

static int
count(const char *told, const char *word)
{
	int n = 0;

	while ((told = strstr(told, word)) != NULL) {
		n++;
		told += strlen(word);
	}
	return n;
}

static void
entering_leaving_and_entering_gives_each_event_once(void **state)
{
	struct house *h = *state;
	struct client *a = connect_either(h, "alice");
	char cursor[CURSOR_SIZE];

	for (int i = 0; i < 30; i++) {
		hub_cursor(h->hub, cursor, world_head(h->w));
		say_now(a, "1", "subscribe_escrow", room_from("42", cursor));
		hub_flush_writes(h->hub);
		hub_flush_reads(h->hub);
		assert_true(world_publish(h->w, "escrow_42", "between", "{}", true));
		say_now(a, "2", "unsubscribe_escrow", ROOM);
		say_now(a, "3", "subscribe_escrow", room_from("42", cursor));
		hub_check_log(h->hub, true);
		turn(h);
		assert_true(world_publish(h->w, "escrow_42", "after", "{}", true));
		turn(h);
		say_now(a, "4", "unsubscribe_escrow", ROOM);
		turn(h);
		/* A client that asks again with the same cursor is given the same events again. */
		const char *told = heard(a), *again = strstr(told, "ack 2 ok");
		assert_non_null(again);
		assert_int_equal(count(again, "between"), 1);
		assert_in_range(count(told, "between"), 1, 2);
		assert_int_equal(count(told, "after"), 1);
		assert_true(strstr(again, "between") < strstr(again, "after, ack 4 ok"));
	}
}

/* A client that may be in one room asks for a second one, then leaves the first and asks again. */
static void
exchange_rooms(struct house *h, struct client *a)
{
	say_now(a, "1", "subscribe_escrow", ROOM);
	turn(h);
	say_now(a, "2", "subscribe_escrow", "\"43\"");
	say_now(a, "3", "unsubscribe_escrow", ROOM);
	say_now(a, "4", "subscribe_escrow", "\"43\"");
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok, ack 2 rate_limited, ack 3 ok, ack 4 ok");
}

static void
one_room_is_left_for_another_at_the_limit(void **state)
{
	struct house *h = *state;
	struct client *a;

	h->hub->options.max_rooms = 1;
	a = connect_either(h, "alice");
	exchange_rooms(h, a);
	assert_non_null(subscription_find(a->session, SPAN("43")));
}

/* ---- messages ---- */

static void
history_has_the_message_that_was_sent_before_it(void **state)
{
	struct house *h = *state;
	struct client *a = connect_either(h, "alice");

	say_now(a, "1", "chat_message", MESSAGE("hi"));
	say_now(a, "2", "history", ROOM);
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok, ack 2 ok");
	assert_non_null(strstr(buf_cstr(&a->last), "\"content\":\"hi\""));
	say_now(a, "3", "history", ROOM);
	say_now(a, "4", "chat_message", MESSAGE("late"));
	turn(h);
	assert_string_equal(heard(a), "ack 3 ok, ack 4 ok");
}

static void
typing_that_began_after_a_message_goes_on(void **state)
{
	struct house *h = *state;
	struct client *a = connect_either(h, "alice"), *b = enter(h, "bob", "43");

	say(b, "0", "subscribe_escrow", ROOM);
	for (int i = 0; i < 2; i++) { /* outside of the room, and in it */
		forget(h);
		say_now(a, "1", "chat_message", MESSAGE("hi"));
		say_now(a, "2", "typing_start", ROOM);
		turn(h);
		assert_string_equal(
		    heard(b), i == 0 ? "chat_message hi, notification 42, user_typing alice true"
				     : "chat_message hi, user_typing alice true, notification 42");
		say_now(a, "3", "typing_stop", ROOM);
		say_now(a, "4", "subscribe_escrow", ROOM);
		turn(h);
	}
}

static void
a_user_who_enters_is_in_the_list_they_ask_for_next(void **state)
{
	struct house *h = *state;
	struct client *a = connect_either(h, "alice");

	say_now(a, "1", "subscribe_escrow", ROOM);
	say_now(a, "2", "presence", ROOM);
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok, ack 2 ok");
	assert_non_null(strstr(buf_cstr(&a->last), "\"present\":[\"alice\"]"));
	say_now(a, "3", "unsubscribe_escrow", ROOM);
	say_now(a, "4", "presence", ROOM);
	turn(h);
	assert_non_null(strstr(buf_cstr(&a->last), "\"present\":[]"));
}

static void
a_burst_of_messages_is_one_chain_of_jobs(void **state)
{
	struct house *h = *state;
	struct client *a = connect_either(h, "alice");

	for (int i = 0; i < 50; i++)
		say_now(a, "1", "chat_message", MESSAGE("hi"));
	assert_int_equal(a->session->n_calls, 50);
	assert_int_equal(a->session->n_waiting, 0);
	hub_flush_writes(h->hub);
	assert_int_equal(writer_pending(h->writer), 50);
	turn(h);
	assert_int_equal(a->session->n_calls, 0);
}

static void
refusals_come_in_their_place(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice");

	say_now(a, "1", "chat_message", MESSAGE("hi"));
	say_now(a, "2", "nonsense", "{}");
	say_now(a, "", "nonsense", "{}");
	say_now(a, "3", "history", ROOM);
	session_refuse_event(
	    a->session, SPAN(""), SPAN(""), ERROR_BAD_FRAME, "no JSON"); /* although it is busy */
	session_refuse_event(a->session, SPAN("x"), SPAN("4"), ERROR_BAD_REQUEST, "no");
	session_event(a->session, SPAN("presence"), SPAN(ROOM), SPAN("5"), h->now);
	session_event(a->session, SPAN("chat_message"), SPAN(MESSAGE("ho")), SPAN("6"), h->now);
	assert_true(session_is_busy(a->session));
	turn(h);
	assert_string_equal(heard(a),
	    "ack 1 ok, ack 2 bad_request, chat_error nonsense bad_request, ack 3 ok, "
	    "chat_error  bad_frame, ack 4 bad_request, ack 5 ok, ack 6 ok");
}

static void
an_event_whose_only_effect_is_an_answer_does_nothing_without_one(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice");

	say_now(a, "", "history", ROOM);
	say_now(a, "", "presence", ROOM);
	turn(h);
	assert_string_equal(heard(a), "");
	say(a, "", "history", "{\"escrowId\":\"nowhere\"}");
	assert_string_equal(heard(a), "chat_error history not_participant");
}

/* ---- the end, with jobs under way ---- */

static void
a_session_that_ends_with_all_kinds_of_jobs_under_way_leaves_nothing_behind(void **state)
{
	static const char *const first[] = {
	    "chat_message", "history", "subscribe_escrow", "typing_start", "presence"};
	struct house *h = *state;

	for (size_t i = 0; i < 4 * sizeof(first) / sizeof(*first); i++) {
		struct client *a = i % 2 ? connect_recoverable(h, "alice") : connect_as(h, "alice");

		say_now(a, "1", first[i / 4], MESSAGE("hi"));
		say_now(a, "2", "unsubscribe_escrow", ROOM);
		if (i / 2 % 2)
			finish(h); /* done, and not collected */
		client_close(a, SESSION_ENDED);
		turn(h);
		turn(h);
		assert_string_equal(heard(a), "");
		assert_false(hub_owes_answers(h->hub));
		assert_int_equal(hub_figures(h->hub).rooms, 0);
		assert_int_equal(hub_figures(h->hub).sessions, 0);
	}
}

static void
a_session_that_ends_before_its_replay_begins_ends_all_the_same(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = enter(h, "bob", "42");

	assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	tail(h);
	forget(h);
	say_now(a, "1", "subscribe_escrow", room_from("42", cursor_of(a, "")));
	client_close(a, SESSION_LEFT);
	turn(h);
	assert_string_equal(heard(b), "");
	assert_int_equal(hub_figures(h->hub).sessions, 1);
}

static void
jobs_that_are_left_at_the_end_of_the_hub_are_dropped(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b;

	say_now(a, "1", "chat_message", MESSAGE("hi"));
	say_now(a, "2", "history", ROOM);
	connect_kept(h, &b, "bob");
	hub_check_log(h->hub, true);
	client_close(a, SESSION_LOST);
	house_restart_at_once(h);
}

/* ---- rights that change between the look-up and the effect ---- */

/* Connects carol. The effects of carol's further calls wait behind a subscribe_escrow, whose replay
 * is not taken. */
static struct client *
held_up(struct house *h)
{
	struct client *c = enter(h, "carol", "42");
	char cursor[CURSOR_SIZE];

	world_put(h->w, "43", "alice client, carol freelancer");
	snprintf(cursor, sizeof(cursor), "%s", cursor_of(c, "42"));
	client_close(c, SESSION_LEFT);
	assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	turn(h);
	c = connect_as(h, "carol");
	c->room = 0;
	subscribe_from(c, "1", "42", cursor);
	assert_string_equal(heard(c), "");
	return c;
}

/* The calls of a held-up carol are looked up. Then carol is removed from 43, and the calls take
 * effect. Alice, who is in 43, is told nothing. */
static void
remove_then_go_on(struct house *h, struct client *c, struct client *a)
{
	settle(h, false);
	world_put(h->w, "43", "alice client");
	turn(h);
	assert_string_equal(heard(c), "");
	c->room = ROOM_FOR_ALL;
	give_room(h);
	assert_string_equal(heard(c), "x, ack 1 ok, ack 2 not_participant, ack 3 not_participant");
	assert_string_equal(heard(a), "");
}

static void
a_removal_between_look_up_and_effect_counts(void **state)
{
	struct house *h = *state;
	struct client *c = held_up(h), *a = enter(h, "alice", "43");

	say_now(c, "2", "subscribe_escrow", "\"43\"");
	say_now(c, "3", "typing_start", "{\"escrowId\":\"43\"}");
	remove_then_go_on(h, c, a);
	assert_int_equal(c->session->n_rooms, 1);
}

static void
a_removal_before_typing_from_outside_takes_effect_shows_nothing(void **state)
{
	struct house *h = *state;
	struct client *c = held_up(h), *a = enter(h, "alice", "43");

	say_now(c, "2", "typing_start", "{\"escrowId\":\"43\"}");
	say_now(c, "3", "presence", "{\"escrowId\":\"43\"}");
	remove_then_go_on(h, c, a);
}

static void
a_change_of_role_between_look_up_and_effect_counts(void **state)
{
	struct house *h = *state;
	struct client *c = held_up(h);

	say_now(c, "2", "subscribe_escrow", "\"43\"");
	settle(h, false);
	world_put(h->w, "43", "alice client, carol observer");
	turn(h);
	c->room = ROOM_FOR_ALL;
	give_room(h);
	say(c, "3", "typing_start", "{\"escrowId\":\"43\"}");
	assert_string_equal(heard(c), "x, ack 1 ok, ack 2 ok, ack 3 forbidden");
}

static void
a_removal_while_the_writer_lets_a_user_in_counts(void **state)
{
	struct house *h = *state;
	struct client *b;

	for (int i = 0; i < 2; i++) {
		b = connect_recoverable(h, "bob");
		say_now(b, "1", "subscribe_escrow", ROOM);
		finish(h);
		world_put(h->w, "42", i == 0 ? "alice client" : "alice client, bob observer");
		hub_check_log(h->hub, true);
		finish(h); /* the tail passes the removal before the call takes effect */
		turn(h);
		say(b, "2", "typing_start", ROOM);
		assert_string_equal(heard(b),
		    i == 0 ? "ack 1 ok, chat_error subscribe_escrow removed, ack 2 not_participant"
			   : "ack 1 ok, ack 2 forbidden");
		world_put(h->w, "42", "alice client, bob freelancer, carol arbiter");
		client_close(b, SESSION_ENDED);
		turn(h);
	}
}

/* ---- what the store has of the rooms ---- */

/* The client is lost and comes back. Returns the number of rooms that it is in again. */
static size_t
rooms_recovered(struct house *h, struct client *c, const char *wallet)
{
	struct client *again;
	char pid[sizeof(last_pid)];

	memcpy(pid, last_pid, sizeof(pid));
	client_close(c, SESSION_LOST);
	turn(h);
	come_back(h, &again, wallet, pid);
	turn(h);
	assert_non_null(again->session);
	return again->session->n_rooms;
}

static void
a_refusal_does_not_take_a_later_entry_out_of_the_store(void **state)
{
	struct house *h = *state;
	struct client *a;

	h->hub->options.max_rooms = 1;
	a = connect_recoverable(h, "alice");
	exchange_rooms(h, a);
	assert_int_equal(rooms_recovered(h, a, "alice"), 1);
}

static void
a_refused_room_is_not_recovered(void **state)
{
	struct house *h = *state;
	struct client *a;

	h->hub->options.max_rooms = 1;
	a = connect_recoverable(h, "alice");
	say_now(a, "1", "subscribe_escrow", ROOM);
	say_now(a, "2", "subscribe_escrow", "\"43\"");
	say_now(a, "3", "subscribe_escrow", "\"43\"");
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok, ack 2 rate_limited, ack 3 rate_limited");
	h->hub->options.max_rooms = 200;
	assert_int_equal(rooms_recovered(h, a, "alice"), 1);
}

static void
an_entry_behind_a_removal_is_recovered(void **state)
{
	struct house *h = *state;
	struct client *b = connect_recoverable(h, "bob");

	say_now(b, "1", "subscribe_escrow", ROOM);
	turn(h);
	world_put(h->w, "42", "alice client");
	world_put(h->w, "42", "alice client, bob freelancer");
	say_now(b, "2", "subscribe_escrow", ROOM);
	finish(h); /* the store has the room */
	hub_check_log(h->hub, true);
	finish(h);
	turn(h);
	assert_string_equal(heard(b), "ack 1 ok, chat_error subscribe_escrow removed, ack 2 ok");
	assert_int_equal(rooms_recovered(h, b, "bob"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    both_kinds(leaving_and_entering_in_one_write_ends_in_the_room),
	    both_kinds(entering_leaving_and_entering_gives_each_event_once),
	    both_kinds(one_room_is_left_for_another_at_the_limit),
	    both_kinds(history_has_the_message_that_was_sent_before_it),
	    both_kinds(typing_that_began_after_a_message_goes_on),
	    both_kinds(a_user_who_enters_is_in_the_list_they_ask_for_next),
	    both_kinds(a_burst_of_messages_is_one_chain_of_jobs),
	    house_test(refusals_come_in_their_place),
	    house_test(an_event_whose_only_effect_is_an_answer_does_nothing_without_one),
	    house_test(a_session_that_ends_with_all_kinds_of_jobs_under_way_leaves_nothing_behind),
	    house_test(a_session_that_ends_before_its_replay_begins_ends_all_the_same),
	    house_test(jobs_that_are_left_at_the_end_of_the_hub_are_dropped),
	    house_test(a_removal_between_look_up_and_effect_counts),
	    house_test(a_removal_before_typing_from_outside_takes_effect_shows_nothing),
	    house_test(a_change_of_role_between_look_up_and_effect_counts),
	    house_test(a_removal_while_the_writer_lets_a_user_in_counts),
	    house_test(a_refusal_does_not_take_a_later_entry_out_of_the_store),
	    house_test(a_refused_room_is_not_recovered),
	    house_test(an_entry_behind_a_removal_is_recovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
