/* SPDX-License-Identifier: ISC */
/*
 * test_typing.c - typing: it lasts 3 s from the last typing_start, is relayed at most once a
 * second, and ends once.
 */
#include "unit/hub_world.h"

#define ROOM "{\"escrowId\":\"42\"}"

static void
typing_is_shown_to_the_others_and_ends_by_itself_after_3_s(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *a2 = enter(h, "alice", "42"),
		      *b = enter(h, "bob", "42");

	forget(h);
	say(a, "1", "typing_start", ROOM);
	assert_string_equal(heard(b), "user_typing alice true");
	assert_string_equal(buf_cstr(&b->last),
	    "{\"escrowId\":\"42\",\"walletAddress\":\"alice\",\"isTyping\":true}");
	assert_int_equal(hub_next_deadline(h->hub), h->now.mono_ms + 3000);
	pass(h, 2999);
	assert_string_equal(heard(b), "");
	pass(h, 1);
	assert_string_equal(heard(b), "user_typing alice false");
	assert_string_equal(heard(a), "ack 1 ok");
	assert_string_equal(heard(a2), "");
}

static void
the_3_s_count_from_the_last_start(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	pass(h, 500);
	say(a, "", "typing_start", ROOM);
	pass(h, 2999);
	assert_string_equal(heard(b), "user_typing alice true");
	pass(h, 1);
	assert_string_equal(heard(b), "user_typing alice false");
}

static void
a_repeated_start_is_relayed_once_a_second_at_most(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	for (int i = 0; i < 25; i++) {
		say(a, "", "typing_start", ROOM);
		pass(h, 100);
	}
	assert_string_equal(
	    heard(b), "user_typing alice true, user_typing alice true, user_typing alice true");
}

static void
an_explicit_stop_is_told_once_and_only_where_there_was_a_start(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "1", "typing_stop", ROOM);
	assert_string_equal(heard(b), "");
	say(a, "", "typing_start", ROOM);
	say(a, "", "typing_stop", ROOM);
	say(a, "2", "typing_stop", ROOM);
	pass(h, 5000);
	assert_string_equal(heard(b), "user_typing alice true, user_typing alice false");
	assert_string_equal(heard(a), "ack 1 ok, ack 2 ok");
}

static void
a_new_start_after_a_stop_is_shown_at_once(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	say(a, "", "typing_stop", ROOM);
	say(a, "", "typing_start", ROOM);
	assert_string_equal(
	    heard(b), "user_typing alice true, user_typing alice false, user_typing alice true");
}

static void
a_message_ends_typing_after_it_was_shown_from_whichever_side_it_came(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	say(a, "", "chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\"}");
	turn(h);
	assert_string_equal(heard(b),
	    "user_typing alice true, chat_message hi, user_typing alice false, notification 42");
	say(a, "", "typing_start", ROOM);
	assert_int_equal(world_send(h->w, "alice", "42", "by REST"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(b), "user_typing alice true, chat_message by REST, user_typing "
				      "alice false, notification 42");
	pass(h, 5000);
	assert_string_equal(heard(b), "");
}

static void
anothers_message_ends_nothing(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	assert_int_equal(world_send(h->w, "carol", "42", "hi"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(b), "user_typing alice true, chat_message hi, notification 42");
}

static void
leaving_ends_typing_first(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	say(a, "1", "unsubscribe_escrow", "\"42\"");
	assert_string_equal(
	    heard(b), "user_typing alice true, user_typing alice false, user_left alice");
}

static void
the_loss_of_the_last_connection_ends_typing_at_once(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *a2 = enter(h, "alice", "42"),
		      *b = enter(h, "bob", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	client_close(a, SESSION_LOST);
	assert_string_equal(heard(b), "user_typing alice true");
	client_close(a2, SESSION_LOST);
	assert_string_equal(heard(b), "user_typing alice false");
	pass(h, 2000);
	assert_string_equal(heard(b), "user_left alice");
}

static void
who_types_from_outside_the_room_stops_with_his_last_connection_too(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = enter(h, "bob", "42"),
		      *b3 = enter(h, "bob", "43");

	say(a, "1", "typing_start", ROOM);
	say(a, "2", "typing_start", "{\"escrowId\":\"43\"}");
	assert_string_equal(heard(b), "user_typing alice true");
	assert_string_equal(heard(b3), "user_typing alice true");
	client_close(a, SESSION_LOST);
	assert_string_equal(heard(b), "user_typing alice false");
	assert_string_equal(heard(b3), "user_typing alice false");
	assert_int_equal(hub_next_deadline(h->hub), INT64_MAX);
}

static void
typing_is_for_members(void **state)
{
	struct house *h = *state;
	struct client *m = connect_as(h, "mallory"), *b = enter(h, "bob", "42");

	say(m, "1", "typing_start", ROOM);
	say(m, "2", "typing_stop", ROOM);
	assert_string_equal(heard(m), "ack 1 not_participant, ack 2 not_participant");
	assert_string_equal(heard(b), "");
	assert_int_equal(hub_figures(h->hub).rooms, 1);
}

static void
the_removal_of_one_who_types_from_outside_ends_it(void **state)
{
	struct house *h = *state;
	struct client *b = connect_as(h, "bob");

	say(b, "1", "typing_start", ROOM);
	assert_int_equal(hub_figures(h->hub).rooms, 1);
	world_put(h->w, "42", "alice client");
	turn(h);
	assert_int_equal(hub_figures(h->hub).rooms, 0);
	assert_int_equal(hub_next_deadline(h->hub), INT64_MAX);
}

static void
a_slow_reader_is_told_how_it_stands_in_the_end(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42"),
		      *c = enter(h, "carol", "42");

	forget(h);
	say(a, "", "typing_start", ROOM);
	assert_string_equal(heard(b), "user_typing alice true");
	b->room = 0;
	say(a, "", "typing_stop", ROOM);
	say(c, "", "typing_start", ROOM);
	assert_string_equal(heard(b), "");
	b->room = ROOM_FOR_ALL;
	offer_room(h);
	const char *told = heard(b);
	assert_non_null(strstr(told, "user_typing alice false"));
	assert_non_null(strstr(told, "user_typing carol true"));
	assert_int_equal(strlen(told), strlen("user_typing alice false, user_typing carol true"));
	pass(h, 3000);
	assert_string_equal(heard(b), "user_typing carol false");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(typing_is_shown_to_the_others_and_ends_by_itself_after_3_s),
	    house_test(the_3_s_count_from_the_last_start),
	    house_test(a_repeated_start_is_relayed_once_a_second_at_most),
	    house_test(an_explicit_stop_is_told_once_and_only_where_there_was_a_start),
	    house_test(a_new_start_after_a_stop_is_shown_at_once),
	    house_test(a_message_ends_typing_after_it_was_shown_from_whichever_side_it_came),
	    house_test(anothers_message_ends_nothing),
	    house_test(leaving_ends_typing_first),
	    house_test(the_loss_of_the_last_connection_ends_typing_at_once),
	    house_test(who_types_from_outside_the_room_stops_with_his_last_connection_too),
	    house_test(typing_is_for_members),
	    house_test(the_removal_of_one_who_types_from_outside_ends_it),
	    house_test(a_slow_reader_is_told_how_it_stands_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
