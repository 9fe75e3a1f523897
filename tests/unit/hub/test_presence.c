/* SPDX-License-Identifier: ISC */
/*
 * test_presence.c - who is in a room: per user, with a grace for those who were lost.
 */
#include "unit/hub_world.h"

static void
others_are_told_of_a_join_and_an_explicit_leave_at_once(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	assert_string_equal(heard(a), "user_joined bob");
	assert_string_equal(heard(b), "");
	say(b, "1", "unsubscribe_escrow", "\"42\"");
	assert_string_equal(heard(a), "user_left bob");
	assert_string_equal(heard(b), "ack 1 ok");
}

static void
who_is_outside_the_room_is_told_nothing(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "43"), *c = connect_as(h, "carol");

	enter(h, "bob", "42");
	assert_string_equal(heard(a), "");
	assert_string_equal(heard(c), "");
}

static void
an_event_of_presence_has_room_user_and_time(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	enter(h, "bob", "42");
	assert_string_equal(buf_cstr(&a->last), "{\"escrowId\":\"42\",\"walletAddress\":\"bob\","
						"\"timestamp\":\"2025-11-24T16:00:00.000Z\"}");
}

static void
a_lost_connection_shows_when_its_grace_is_over(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	client_close(b, SESSION_LOST);
	assert_int_equal(hub_next_deadline(h->hub), h->now.mono_ms + 2000);
	pass(h, 1999);
	assert_string_equal(heard(a), "");
	pass(h, 1);
	assert_string_equal(heard(a), "user_left bob");
	assert_int_equal(hub_next_deadline(h->hub), INT64_MAX);
}

static void
who_comes_back_within_the_grace_has_not_left(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	client_close(b, SESSION_LOST);
	pass(h, 1999);
	b = enter(h, "bob", "42");
	pass(h, 10000);
	assert_string_equal(heard(a), "");
	client_close(b, SESSION_LOST);
	pass(h, 2000);
	assert_string_equal(heard(a), "user_left bob");
}

static void
a_goodbye_needs_no_grace(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	client_close(b, SESSION_LEFT);
	assert_string_equal(heard(a), "user_left bob");
	pass(h, 10000);
	assert_string_equal(heard(a), "");
}

static void
two_tabs_are_one_user(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42"),
		      *b2 = enter(h, "bob", "42");

	assert_string_equal(heard(a), "user_joined bob");
	assert_string_equal(heard(b), "");
	say(b, "1", "unsubscribe_escrow", "\"42\"");
	assert_string_equal(heard(a), "");
	client_close(b2, SESSION_LOST);
	assert_string_equal(heard(a), "");
	pass(h, 2000);
	assert_string_equal(heard(a), "user_left bob");
}

static void
subscribing_again_changes_nothing(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(b, "1", "subscribe_escrow", "\"42\"");
	assert_string_equal(heard(a), "");
	assert_string_equal(heard(b), "ack 1 ok");
	say(b, "2", "unsubscribe_escrow", "\"42\"");
	assert_string_equal(heard(a), "user_left bob");
}

static void
the_answer_lists_who_is_present(void **state)
{
	struct house *h = *state;
	struct client *a, *b;

	enter(h, "alice", "42");
	a = enter(h, "alice", "42");
	assert_non_null(strstr(buf_cstr(&a->last), "\"present\":[\"alice\"],\"presentCount\":1"));
	b = enter(h, "bob", "42");
	assert_non_null(strstr(buf_cstr(&b->last), "\"presentCount\":2"));
	assert_non_null(strstr(buf_cstr(&b->last), "\"bob\""));
	client_close(b, SESSION_LOST);
	say(a, "1", "presence", "{\"escrowId\":\"42\"}");
	assert_non_null(strstr(buf_cstr(&a->last), "\"presentCount\":2"));
	pass(h, 2000);
	say(a, "2", "presence", "{\"escrowId\":\"42\"}");
	assert_string_equal(
	    buf_cstr(&a->last), "{\"ok\":true,\"present\":[\"alice\"],\"presentCount\":1}");
}

static struct client *
enter_open(struct house *h, int i)
{
	char wallet[16];
	struct client *c;

	snprintf(wallet, sizeof(wallet), "w%d", i);
	c = connect_as(h, wallet);
	say(c, "1", "subscribe_escrow", "\"big\"");
	return c;
}

static void
in_a_room_of_more_than_200_joins_and_leaves_are_counted_and_not_announced(void **state)
{
	struct house *h = *state;
	struct client *first, *c = NULL;
	struct json *v;
	int64_t n;

	h->w->rules.rooms = ROOMS_OPEN;
	house_stop(h);
	house_start(h);
	first = enter_open(h, 0);
	for (int i = 1; i < 200; i++) {
		c = enter_open(h, i);
		assert_memory_equal(
		    heard(first) + (i == 1 ? strlen("ack 1 ok, ") : 0), "user_joined w", 13);
	}
	c = enter_open(h, 200);
	v = json_parse(buf_as_span(&c->last), NULL);
	assert_int_equal(json_length(json_get(v, "present")), 200);
	assert_true(json_int(json_get(v, "presentCount"), &n));
	assert_int_equal(n, 201);
	json_free(v);
	assert_string_equal(heard(first), "");
	client_close(c, SESSION_LEFT);
	assert_string_equal(heard(first), "");
	client_close(h->clients[h->n_clients - 2], SESSION_LEFT);
	assert_string_equal(heard(first), "user_left w199");
}

static void
a_room_ends_with_its_last_user(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	client_close(a, SESSION_LOST);
	assert_int_equal(hub_figures(h->hub).rooms, 1);
	pass(h, 2000);
	assert_int_equal(hub_figures(h->hub).rooms, 0);
}

/* ---- slow readers ---- */

static void
a_slow_reader_is_told_the_latest_of_each_user_it_missed(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42"), *c;

	forget(h);
	a->room = 0;
	c = enter(h, "carol", "42");
	client_close(b, SESSION_LEFT);
	client_close(c, SESSION_LEFT);
	c = enter(h, "carol", "42");
	assert_string_equal(heard(a), "");
	a->room = ROOM_FOR_ALL;
	offer_room(h);
	const char *told = heard(a);
	assert_non_null(strstr(told, "user_left bob"));
	assert_non_null(strstr(told, "user_joined carol"));
	assert_int_equal(strlen(told), strlen("user_left bob, user_joined carol"));
	client_close(c, SESSION_LEFT);
	assert_string_equal(heard(a), "user_left carol");
}

static void
what_was_missed_is_told_where_the_counter_of_changes_wraps(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b;

	topic_find_room(h->hub, SPAN("42"))->room->changes = UINT32_MAX - 3;
	b = enter(h, "bob", "42");
	say(b, "", "typing_start", "{\"escrowId\":\"42\"}");
	forget(h);
	a->room = 0;
	say(b, "", "typing_stop", "{\"escrowId\":\"42\"}"); /* the last change before the wrap */
	enter(h, "carol", "42");
	a->room = ROOM_FOR_ALL;
	offer_room(h);
	const char *told = heard(a);
	assert_non_null(strstr(told, "user_typing bob false"));
	assert_non_null(strstr(told, "user_joined carol"));
	assert_null(strstr(told, "user_joined bob")); /* was told before */
}

static void
until_then_nothing_newer_overtakes_it(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	a->room = 0;
	enter(h, "bob", "42");
	a->room = ROOM_FOR_ALL;
	a->wants_writable = false; /* there is some, but it was not offered yet */
	enter(h, "carol", "42");
	assert_string_equal(heard(a), "");
	a->wants_writable = true;
	offer_room(h);
	const char *told = heard(a);
	assert_non_null(strstr(told, "user_joined bob"));
	assert_non_null(strstr(told, "user_joined carol"));
	assert_int_equal(strlen(told), strlen("user_joined bob, user_joined carol"));
}

static void
what_was_missed_is_told_whole_however_little_room_there_is(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b;

	a->room = 0;
	b = enter(h, "bob", "42");
	enter(h, "carol", "42");
	say(b, "", "typing_start", "{\"escrowId\":\"42\"}");
	forget(h);
	a->room = 1; /* of those that may be refused */
	offer_room(h);
	const char *told = heard(a);
	assert_non_null(strstr(told, "user_joined bob"));
	assert_non_null(strstr(told, "user_joined carol"));
	assert_non_null(strstr(told, "user_typing bob true"));
}

static void
of_every_room_in_turn(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b;

	say(a, "", "subscribe_escrow", "\"43\"");
	a->room = 0;
	b = enter(h, "bob", "42");
	say(b, "", "subscribe_escrow", "\"43\"");
	a->wants_writable = false;
	a->room = ROOM_FOR_ALL;
	forget(h);
	session_pull(a->session, h->now);
	assert_string_equal(heard(a), "user_joined bob");
	assert_true(session_is_behind(a->session));
	session_pull(a->session, h->now);
	assert_string_equal(heard(a), "user_joined bob");
	assert_false(session_is_behind(a->session));
}

static void
who_left_is_not_remembered_when_nobody_needs_it(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b;

	a->room = 0;
	b = enter(h, "bob", "42");
	client_close(b, SESSION_LEFT);
	client_close(a, SESSION_LEFT);
	assert_int_equal(hub_figures(h->hub).rooms, 0);
}

/* ---- removal ---- */

static void
the_removed_is_told_and_the_others_see_him_leave(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42"),
		      *b2 = enter(h, "bob", "42");

	forget(h);
	world_put(h->w, "42", "alice client, carol arbiter, olga observer");
	assert_int_equal(world_send(h->w, "alice", "42", "secret"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(b), "chat_error subscribe_escrow removed");
	assert_string_equal(heard(b2), "chat_error subscribe_escrow removed");
	assert_string_equal(heard(a), "user_left bob, chat_message secret");
	pass(h, 5000);
	assert_string_equal(heard(a), "");
}

static void
the_removed_who_was_lost_is_gone_before_his_grace_is_over(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	client_close(b, SESSION_LOST);
	world_put(h->w, "42", "alice client");
	turn(h);
	assert_string_equal(heard(a), "user_left bob");
	pass(h, 5000);
	assert_string_equal(heard(a), "");
}

static void
what_was_under_way_before_the_removal_reaches_the_removed_and_nothing_after_it(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");

	assert_int_equal(world_send(h->w, "alice", "42", "before"), ERROR_NONE);
	world_put(h->w, "42", "alice client");
	assert_int_equal(world_send(h->w, "alice", "42", "between"), ERROR_NONE);
	world_put(h->w, "42", "alice client, bob freelancer");
	assert_int_equal(world_send(h->w, "alice", "42", "after"), ERROR_NONE);
	turn(h);
	assert_string_equal(
	    heard(b), "chat_message before, chat_error subscribe_escrow removed, notification 42");
	say(b, "1", "subscribe_escrow", "\"42\"");
	assert_int_equal(world_send(h->w, "alice", "42", "again"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(b), "ack 1 ok, chat_message again, notification 42");
}

static void
who_was_added_again_and_came_back_before_the_tail_saw_it_stays(void **state)
{
	struct house *h = *state;
	struct client *b;

	world_put(h->w, "42", "alice client");
	world_put(h->w, "42", "alice client, bob freelancer");
	b = connect_as(h, "bob");
	say(b, "1", "subscribe_escrow", "\"42\"");
	turn(h);
	assert_int_equal(world_send(h->w, "alice", "42", "hi"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(b), "ack 1 ok, chat_message hi, notification 42");
}

static void
a_removed_slow_reader_is_given_nothing_more(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");

	b->room = 0;
	assert_int_equal(world_send(h->w, "alice", "42", "missed"), ERROR_NONE);
	turn(h);
	world_put(h->w, "42", "alice client");
	turn(h);
	b->room = ROOM_FOR_ALL;
	offer_room(h);
	assert_string_equal(heard(b), "chat_error subscribe_escrow removed");
}

static void
a_changed_role_holds_at_once(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");

	world_put(h->w, "42", "alice client, bob observer");
	turn(h);
	say(b, "1", "typing_start", "{\"escrowId\":\"42\"}");
	assert_string_equal(heard(b), "ack 1 forbidden");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(others_are_told_of_a_join_and_an_explicit_leave_at_once),
	    house_test(who_is_outside_the_room_is_told_nothing),
	    house_test(an_event_of_presence_has_room_user_and_time),
	    house_test(a_lost_connection_shows_when_its_grace_is_over),
	    house_test(who_comes_back_within_the_grace_has_not_left),
	    house_test(a_goodbye_needs_no_grace),
	    house_test(two_tabs_are_one_user),
	    house_test(subscribing_again_changes_nothing),
	    house_test(the_answer_lists_who_is_present),
	    house_test(in_a_room_of_more_than_200_joins_and_leaves_are_counted_and_not_announced),
	    house_test(a_room_ends_with_its_last_user),
	    house_test(a_slow_reader_is_told_the_latest_of_each_user_it_missed),
	    house_test(what_was_missed_is_told_where_the_counter_of_changes_wraps),
	    house_test(until_then_nothing_newer_overtakes_it),
	    house_test(what_was_missed_is_told_whole_however_little_room_there_is),
	    house_test(of_every_room_in_turn),
	    house_test(who_left_is_not_remembered_when_nobody_needs_it),
	    house_test(the_removed_is_told_and_the_others_see_him_leave),
	    house_test(the_removed_who_was_lost_is_gone_before_his_grace_is_over),
	    house_test(
		what_was_under_way_before_the_removal_reaches_the_removed_and_nothing_after_it),
	    house_test(who_was_added_again_and_came_back_before_the_tail_saw_it_stays),
	    house_test(a_removed_slow_reader_is_given_nothing_more),
	    house_test(a_changed_role_holds_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
