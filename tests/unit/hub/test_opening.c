/* SPDX-License-Identifier: ISC */
/*
 * test_opening.c - sessions whose rooms are named in their request: looked up on the reader's
 * thread, opened on the loop's.
 */
#include "unit/hub_world.h"

static const struct transport stream_transport = {
    .name = "stream",
    .encoding = ENCODING_WS,
    .send = client_send,
    .resume = client_resume,
    .says_hello = true,
    .is_merged = true,
};

/* The look-up of a request for rooms; the spans live as long as the test. */
static void
look_at(struct house *h, struct look_job *j, const char *wallet, const char *cursor,
    const struct span *rooms, size_t n_rooms)
{
	*j = (struct look_job){.user = world_user(wallet),
	    .lookup = {.cursor = span_of(cursor), .rooms = j->rooms, .n_rooms = n_rooms}};
	for (size_t i = 0; i < n_rooms; i++)
		j->rooms[i].escrow_id = rooms[i];
	look_up(h, j);
}

static struct client *
open_stream(struct house *h, struct look_job *j, struct session *predecessor)
{
	struct client *c = client_new(h);

	c->session =
	    session_open_stream(h->hub, &(struct session_options){.transport = &stream_transport,
					    .owner = c,
					    .user = &j->user,
					    .number = (uint32_t)h->n_clients,
					    .lookup = &j->lookup,
					    .predecessor = predecessor,
					    .now = h->now});
	client_resume(c->session);
	settle(h, false);
	return c;
}

static const struct span both[] = {SPAN("42"), SPAN("43")};

static void
a_stream_is_in_the_rooms_of_its_user_and_names_the_others(void **state)
{
	struct house *h = *state;
	struct session *found = NULL;
	struct look_job j;
	struct client *c;

	look_at(h, &j, "carol", "", both, 2);
	assert_int_equal(session_lookup_verdict(&j.lookup), ERROR_NONE);
	assert_true(session_lookup_stands(h->hub, &j.user, &j.lookup));
	c = open_stream(h, &j, NULL);
	assert_string_equal(heard(c), "hello");
	assert_non_null(strstr(buf_cstr(&c->last), "\"refused\":[\"43\"]"));
	assert_int_equal(c->session->n_rooms, 1);
	assert_int_equal(hub_streams(h->hub, &j.user, NULL, 0), 1);
	assert_int_equal(hub_streams(h->hub, &j.user, &found, 1), 1);
	assert_ptr_equal(found, c->session);
	assert_false(session_is_of(c->session, &j.user, &j.lookup));
	j.lookup.n_rooms = 1;
	assert_true(session_is_of(c->session, &j.user, &j.lookup));
	assert_int_equal(world_send(h->w, "alice", "42", "hi"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(c), "chat_message hi, notification 42");
}

static void
a_stream_that_may_be_in_none_of_its_rooms_is_refused(void **state)
{
	struct house *h = *state;
	struct look_job j;

	look_at(h, &j, "mallory", "", both, 2);
	assert_int_equal(session_lookup_verdict(&j.lookup), ERROR_NOT_PARTICIPANT);
	look_at(h, &j, "mallory", "", both, 0);
	assert_int_equal(session_lookup_verdict(&j.lookup), ERROR_NONE);
}

static void
a_change_that_the_tail_has_passed_since_the_look_up_asks_for_another(void **state)
{
	struct house *h = *state;
	struct look_job j;

	look_at(h, &j, "bob", "", both, 2);
	world_put(h->w, "43", "alice client");
	assert_true(session_lookup_stands(h->hub, &j.user, &j.lookup)); /* nobody knows yet */
	tail(h);
	assert_false(session_lookup_stands(h->hub, &j.user, &j.lookup));
	look_at(h, &j, "bob", "", both, 2);
	assert_true(session_lookup_stands(h->hub, &j.user, &j.lookup));
	assert_int_equal(j.rooms[1].verdict, ERROR_NOT_PARTICIPANT);
}

/* The stream opens before the tail passes the removal: it leaves when that is passed. */
static void
a_removal_that_the_tail_has_yet_to_pass_ends_the_room(void **state)
{
	struct house *h = *state;
	struct look_job j;
	struct client *c;

	look_at(h, &j, "carol", "", both, 1);
	world_put(h->w, "42", "alice client");
	c = open_stream(h, &j, NULL);
	assert_int_equal(world_send(h->w, "alice", "42", "secret"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(c), "hello, chat_error subscribe_escrow removed");
}

/* The other way round: the look-up sees the removal, and the stream opens before the tail passes
 * it. */
static void
an_old_removal_does_not_remove_a_user_who_was_added_again(void **state)
{
	struct house *h = *state;
	struct look_job j;
	struct client *c;

	world_put(h->w, "42", "alice client");
	world_put(h->w, "42", "alice client, carol arbiter");
	look_at(h, &j, "carol", "", both, 1);
	c = open_stream(h, &j, NULL);
	turn(h);
	assert_int_equal(world_send(h->w, "alice", "42", "hi"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(c), "hello, chat_message hi, notification 42");
}

static void
a_cursor_gives_missed_events_in_log_order_and_moves_behind_them(void **state)
{
	struct house *h = *state;
	struct look_job j;
	struct client *c;
	char cursor[CURSOR_SIZE], at[CURSOR_SIZE];

	for (int from_memory = 0; from_memory < 2; from_memory++) {
		hub_cursor(h->hub, cursor, world_head(h->w));
		assert_true(world_publish(h->w, "escrow_42", "one", "{}", true));
		assert_true(world_publish(h->w, "escrow_43", "two", "{}", true));
		assert_true(world_publish(h->w, "user:alice", "three", "{}", true));
		tail(h);
		if (!from_memory)
			forget_recent(h);
		look_at(h, &j, "alice", cursor, both, 2);
		c = open_stream(h, &j, NULL);
		assert_string_equal(heard(c), "hello, one, two, three");
		hub_cursor(h->hub, at, world_head(h->w));
		assert_string_equal(session_cursor(c->session, cursor), at);
		client_close(c, SESSION_LEFT);
	}
}

static void
a_lost_cursor_is_a_gap_of_each_topic(void **state)
{
	struct house *h = *state;
	struct look_job j;
	struct client *c;

	look_at(h, &j, "alice", "0123456789abcdef-1", both, 2);
	c = open_stream(h, &j, NULL);
	assert_string_equal(heard(c), "hello, gap 43, gap 42, gap");
	assert_true(world_publish(h->w, "escrow_43", "live", "{}", true));
	turn(h);
	assert_string_equal(heard(c), "live");
}

static void
presence_that_a_session_missed_is_told_to_its_successor(void **state)
{
	struct house *h = *state;
	struct look_job j;
	struct client *c, *next;

	look_at(h, &j, "alice", "", both, 1);
	c = open_stream(h, &j, NULL);
	c->heard.len = 0;
	c->room = 0;
	enter(h, "bob", "42");
	assert_string_equal(heard(c), "");
	look_at(h, &j, "alice", "", both, 1);
	next = open_stream(h, &j, c->session);
	client_close(c, SESSION_LOST);
	turn(h);
	assert_string_equal(heard(next), "hello, user_joined bob");
}

static void
a_user_has_so_many_sessions_and_no_more(void **state)
{
	struct house *h = *state;
	struct user alice = world_user("alice");
	struct client *a = connect_as(h, "alice");

	assert_false(hub_user_is_full(h->hub, &alice, NULL));
	h->hub->options.max_per_wallet = 2;
	assert_false(hub_user_is_full(h->hub, &alice, NULL));
	connect_as(h, "alice");
	connect_as(h, "bob");
	assert_true(hub_user_is_full(h->hub, &alice, NULL));
	assert_false(hub_user_is_full(h->hub, &alice, a->session));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(a_stream_is_in_the_rooms_of_its_user_and_names_the_others),
	    house_test(a_stream_that_may_be_in_none_of_its_rooms_is_refused),
	    house_test(a_change_that_the_tail_has_passed_since_the_look_up_asks_for_another),
	    house_test(a_removal_that_the_tail_has_yet_to_pass_ends_the_room),
	    house_test(an_old_removal_does_not_remove_a_user_who_was_added_again),
	    house_test(a_cursor_gives_missed_events_in_log_order_and_moves_behind_them),
	    house_test(a_lost_cursor_is_a_gap_of_each_topic),
	    house_test(presence_that_a_session_missed_is_told_to_its_successor),
	    house_test(a_user_has_so_many_sessions_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
