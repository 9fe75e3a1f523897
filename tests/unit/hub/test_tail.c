/* SPDX-License-Identifier: ISC */
/*
 * test_tail.c - the tail of the log: it takes the rows of every process, gives them out in one
 * order, and passes no bad row on.
 */
#include "unit/hub_world.h"

static void
what_another_process_publishes_reaches_the_room(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "43");

	forget(h);
	assert_true(
	    world_publish(h->w, "escrow_42", "escrow:update", "{\"status\":\"FUNDED\"}", true));
	turn(h);
	assert_string_equal(heard(a), "escrow:update");
	assert_string_equal(buf_cstr(&a->last), "{\"status\":\"FUNDED\"}");
	assert_string_equal(heard(b), "");
}

static void
what_is_for_one_user_reaches_all_his_connections(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *a2 = connect_as(h, "alice"),
		      *b = connect_as(h, "bob");

	assert_true(world_publish(h->w, "user:alice", "ai:thinking", "{}", true));
	turn(h);
	assert_string_equal(heard(a), "ai:thinking");
	assert_string_equal(heard(a2), "ai:thinking");
	assert_string_equal(heard(b), "");
}

static void
all_see_one_order_whichever_process_wrote(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *o = enter(h, "olga", "42");

	forget(h);
	for (int i = 0; i < 5; i++) {
		say(a, "", "chat_message", "{\"escrowId\":\"42\",\"content\":\"socket\"}");
		hub_flush_writes(h->hub);
		assert_int_equal(world_send(h->w, "alice", "42", "REST"), ERROR_NONE);
		assert_true(world_publish(h->w, "escrow_42", "escrow:update", "{}", true));
	}
	turn(h);
	assert_true(a->heard.len > 15 * strlen("chat_message"));
	assert_string_equal(heard(a), heard(o));
}

static void
an_ephemeral_row_goes_to_those_connected_and_has_no_cursor(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	char before[CURSOR_SIZE];

	snprintf(before, sizeof(before), "%s", cursor_of(a, "42"));
	assert_true(world_publish(h->w, "escrow_42", "ai:thinking", "{}", false));
	turn(h);
	assert_string_equal(heard(a), "ai:thinking");
	assert_string_equal(cursor_of(a, "42"), before);
	client_close(a, SESSION_LOST);
	a = connect_as(h, "alice");
	subscribe_from(a, "1", "42", before);
	assert_string_equal(heard(a), "ack 1 ok");
}

static void
an_ephemeral_row_that_is_refused_is_not_given_later(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	a->room = 0;
	assert_true(world_publish(h->w, "escrow_42", "ai:thinking", "{}", false));
	turn(h);
	assert_false(session_is_behind(a->session));
	a->room = ROOM_FOR_ALL;
	offer_room(h);
	assert_string_equal(heard(a), "");
}

/* ---- bad rows ---- */

struct bad_row {
	const char *topic, *event, *data, *actor;
};

static bool
append_row(struct store *st, void *arg)
{
	const struct bad_row *r = arg;

	eventlog_append(st, span_of(r->topic), span_of(r->event), span_of(r->data),
	    span_of(r->actor), true, WORLD_NOW);
	return true;
}

/* A shell writes a message, although only the rules of chat should. */
static bool
insert_bad_message(struct store *st, void *arg)
{
	struct escrow escrow;
	struct message m = {
	    .sender = SPAN("alice"), .sender_name = SPAN("alice"), .content = SPAN("\xff")};

	assert_true(escrow_find(st, SPAN("42"), &escrow));
	m.escrow = escrow.id;
	message_insert(st, &m);
	return true;
}

static void
a_bad_row_is_counted_and_passed_over_live_and_in_replay(void **state)
{
	static const struct bad_row bad[] = {
	    {"escrow_42", "escrow:update", "no JSON", ""},
	    {"escrow_42", "escrow:update", "[1]", ""},
	    {"escrow_42", "escrow:update", "7", ""},
	    {"escrow_42", "chat_message", "{}", ""},
	    {"escrow_42", "no name", "{}", ""},
	    {"escrow_42", "chat_message", "{\"id\":", "alice"},
	    {"escrow_a/b", "escrow:update", "{}", ""},
	    {"nonsense", "escrow:update", "{}", ""},
	    {"", "", "", ""},
	};
	const size_t n = sizeof(bad) / sizeof(*bad);
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	char cursor[CURSOR_SIZE];

	snprintf(cursor, sizeof(cursor), "%s", cursor_of(a, "42"));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store_write(h->w->st, append_row, (void *)&bad[i]), STORE_OK);
	assert_int_equal(store_write(h->w->st, insert_bad_message, NULL), STORE_OK);
	assert_true(world_publish(h->w, "escrow_42", "escrow:update", "{}", true));
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	turn(h);
	assert_string_equal(heard(a), "escrow:update");
	assert_int_equal(hub_figures(h->hub).bad_rows, n + 1);
	client_close(a, SESSION_LOST);
	a = connect_as(h, "alice");
	subscribe_from(a, "1", "42", cursor);
	assert_string_equal(heard(a), "escrow:update, ack 1 ok");
}

static void
data_is_written_anew_and_never_spliced_in(void **state)
{
	static const struct bad_row row = {
	    "escrow_42", "escrow:update", "{ \"a\" : \"\\u2028\" ,\n\"b\":1 }", ""};
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	assert_int_equal(store_write(h->w->st, append_row, (void *)&row), STORE_OK);
	turn(h);
	assert_string_equal(buf_cstr(&a->last), "{\"a\":\"\\u2028\",\"b\":1}");
	a->heard.len = 0;
}

/* ---- pages and faults ---- */

static void
a_long_log_is_handed_out_in_pages(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	int pages = 0, n = 1;

	for (int i = 0; i < 1100; i++)
		assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	hub_check_log(h->hub, true);
	for (; jobs_are_pending(h->hub->jobs); pages++) {
		finish(h);
		hub_collect(h->hub, h->now);
	}
	assert_int_equal(pages, 3);
	for (size_t i = 0; i < a->heard.len; i++)
		n += a->heard.p[i] == ',';
	assert_int_equal(n, 1100);
	a->heard.len = 0;
}

static void
a_large_room_makes_short_turns(void **state)
{
	struct house *h = *state;
	int turns = 1;

	for (int i = 0; i < 250; i++) {
		struct client *c = enter(h, "alice", "42");
		c->only_counts = true;
		c->frames = 0;
	}
	for (int i = 0; i < 100; i++)
		assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	hub_check_log(h->hub, true);
	finish(h);
	while (hub_collect(h->hub, h->now))
		turns++;
	assert_in_range(turns, 5, 6);
	for (size_t i = 0; i < h->n_clients; i++)
		assert_int_equal(h->clients[i]->frames, 100);
}

/* Makes the requested look while the nth call of the reader's store fails. True: that call
 * failed. */
static bool
look_with_fault(struct house *h, int nth)
{
	store_fail_at(h->reading, nth, STORE_BUSY);
	settle(h, false);
	store_fail_at(h->reading, 0, STORE_OK);
	return !hub_figures(h->hub).is_healthy;
}

static void
nothing_is_lost_or_given_twice_when_any_read_fails(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42"), *c = connect_as(h, "carol");
	bool has_failed = true;

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	for (int nth = 1; has_failed; nth++) {
		forget(h);
		assert_int_equal(world_send(h->w, "alice", "42", "one"), ERROR_NONE);
		assert_int_equal(world_send(h->w, "alice", "42", "two"), ERROR_NONE);
		hub_check_log(h->hub, true);
		has_failed = look_with_fault(h, nth);
		tail(h);
		assert_true(hub_figures(h->hub).is_healthy);
		assert_string_equal(heard(b),
		    "chat_message one, notification 42, chat_message two, notification 42");
		assert_string_equal(heard(c), "notification 42, notification 42");
	}
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
}

static void
a_change_of_membership_is_not_lost_when_any_read_fails(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");
	bool has_failed = true;

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	for (int nth = 1; has_failed; nth++) {
		world_put(h->w, "42",
		    nth % 2 ? "alice client, bob observer" : "alice client, bob freelancer");
		hub_check_log(h->hub, true);
		has_failed = look_with_fault(h, nth);
		tail(h);
		say(b, "1", "typing_start", "{\"escrowId\":\"42\"}");
		assert_string_equal(heard(b), nth % 2 ? "ack 1 forbidden" : "ack 1 ok");
	}
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
}

static void
an_acknowledgement_waits_for_a_log_that_cannot_be_read(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	assert_true(
	    world_publish(h->w, "escrow_42", "x", "{}", true)); /* the tail has to read it */
	say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\"}");
	collect(h);
	/* The first step behind BEGIN or, where an older snapshot had to end before, BEGIN. */
	assert_true(look_with_fault(h, 2));
	assert_string_equal(heard(a), "");
	settle(h, true);
	assert_string_equal(heard(a), ""); /* nobody asks again at once, and for ever */
	tail(h);
	assert_string_equal(heard(a), "x, chat_message hi, ack 1 ok");
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
}

/* ---- rows of this process's own writer ---- */

static void
own_rows_are_handed_out_without_a_read(void **state)
{
	struct house *h = *state;
	struct client *a;

	world_put(h->w, "44", "alice client"); /* nobody is to be notified */
	tail(h);
	a = enter(h, "alice", "44");
	say(a, "1", "chat_message", "{\"escrowId\":\"44\",\"content\":\"one\"}");
	say(a, "2", "chat_message", "{\"escrowId\":\"44\",\"content\":\"two\"}");
	collect(h);
	assert_false(hub_owes_answers(h->hub));
	assert_string_equal(heard(a), "chat_message one, ack 1 ok, chat_message two, ack 2 ok");
}

static void
what_others_committed_between_own_rows_is_in_its_place(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	for (int i = 0; i < 3; i++) {
		assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
		say_now(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"own\"}");
		collect(h);
	}
	settle(h, false);
	assert_string_equal(heard(a),
	    "x, chat_message own, ack 1 ok, x, chat_message own, ack 1 ok, "
	    "x, chat_message own, ack 1 ok");
	tail(h);
	assert_string_equal(heard(a), "");
}

static void
a_page_of_others_behind_own_rows_is_not_the_end(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"one\"}");
	collect(h);
	for (int i = 0; i < 600; i++)
		assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	say(a, "2", "chat_message", "{\"escrowId\":\"42\",\"content\":\"two\"}");
	collect(h);
	settle(h, false);
	assert_non_null(strstr(heard(a), "chat_message two, ack 2 ok"));
}

static void
an_answer_that_depends_on_rows_of_others_waits_for_them(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	static const char data[] = "{\"escrowId\":\"42\",\"content\":\"hi\",\"clientMsgId\":\"c\"}";

	say(a, "1", "chat_message", data);
	turn(h);
	forget(h);
	assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	say(a, "2", "chat_message", data); /* a repeat has no row, but comes after what is there */
	collect(h);
	settle(h, false);
	assert_string_equal(heard(a), "x, ack 2 ok");
}

static void
no_own_row_is_lost_or_given_twice_when_any_read_fails(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");
	bool has_failed = true;

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	for (int nth = 1; has_failed; nth++) {
		forget(h);
		assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
		say(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"one\"}");
		say(a, "2", "chat_message", "{\"escrowId\":\"42\",\"content\":\"two\"}");
		collect(h);
		has_failed = look_with_fault(h, nth);
		tail(h);
		assert_string_equal(heard(b),
		    "x, chat_message one, notification 42, chat_message two, notification 42");
		a->heard.len = 0;
	}
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
}

static void
own_rows_do_not_pile_up_while_the_log_cannot_be_read(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	struct eventlog_row row;

	log_setup("test", LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	assert_true(
	    world_publish(h->w, "escrow_42", "x", "{}", true)); /* the tail has to read it */
	for (int i = 0; i < 5; i++) {
		say_now(a, "1", "chat_message", "{\"escrowId\":\"42\",\"content\":\"own\"}");
		collect(h);
		if (i > 0) /* at first it asks by itself */
			hub_check_log(h->hub, true);
		assert_true(look_with_fault(h, 2));
		assert_false(packed_next(tail_rows(h->hub->tail), &row));
	}
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	assert_string_equal(heard(a), "");
	tail(h);
	assert_string_equal(heard(a), "x, chat_message own, ack 1 ok, chat_message own, ack 1 ok, "
				      "chat_message own, ack 1 ok, chat_message own, ack 1 ok, "
				      "chat_message own, ack 1 ok");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(what_another_process_publishes_reaches_the_room),
	    house_test(what_is_for_one_user_reaches_all_his_connections),
	    house_test(all_see_one_order_whichever_process_wrote),
	    house_test(an_ephemeral_row_goes_to_those_connected_and_has_no_cursor),
	    house_test(an_ephemeral_row_that_is_refused_is_not_given_later),
	    house_test(a_bad_row_is_counted_and_passed_over_live_and_in_replay),
	    house_test(data_is_written_anew_and_never_spliced_in),
	    house_test(a_long_log_is_handed_out_in_pages),
	    house_test(a_large_room_makes_short_turns),
	    house_test(nothing_is_lost_or_given_twice_when_any_read_fails),
	    house_test(a_change_of_membership_is_not_lost_when_any_read_fails),
	    house_test(an_acknowledgement_waits_for_a_log_that_cannot_be_read),
	    house_test(own_rows_are_handed_out_without_a_read),
	    house_test(what_others_committed_between_own_rows_is_in_its_place),
	    house_test(a_page_of_others_behind_own_rows_is_not_the_end),
	    house_test(an_answer_that_depends_on_rows_of_others_waits_for_them),
	    house_test(no_own_row_is_lost_or_given_twice_when_any_read_fails),
	    house_test(own_rows_do_not_pile_up_while_the_log_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
