/* SPDX-License-Identifier: ISC */
/*
 * test_hub.c - sessions, rooms, writes and their acknowledgements.
 */
#include "unit/recoverable_world.h"

#include "crypto/digest.h"
#include "identity/tokens.h"
#include "store/tables/kept_sessions.h"

#define MESSAGE(text) "{\"escrowId\":\"42\",\"content\":\"" text "\"}"

/* ---- connecting ---- */

static void
hello_has_the_name_that_the_user_came_with_and_the_position_of_the_log(void **state)
{
	struct house *h = *state;
	struct client *c = connect_at(h, "alice", "");
	char cursor[CURSOR_SIZE];

	assert_string_equal(heard(c), "hello");
	hub_cursor(h->hub, cursor, world_head(h->w));
	assert_string_equal(cursor_of(c, ""), cursor);
	assert_non_null(strstr(buf_cstr(&c->last), "\"walletAddress\":\"alice\""));
	assert_non_null(strstr(buf_cstr(&c->last), "\"refused\":[]"));
}

static void
figures_count_sessions_and_rooms(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	struct buf list = {0};

	enter(h, "bob", "42");
	assert_int_equal(hub_figures(h->hub).sessions, 2);
	assert_int_equal(hub_figures(h->hub).rooms, 1);
	hub_connections(h->hub, &list);
	assert_non_null(strstr(buf_cstr(&list), "\"escrowRooms\":1,\"transport\":\"fake\""));
	buf_clear(&list);
	client_close(a, SESSION_LEFT);
	assert_int_equal(hub_figures(h->hub).sessions, 1);
}

/* ---- messages ---- */

static void
a_message_reaches_the_room_and_then_its_sender_is_answered(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "7", "chat_message", MESSAGE("hi"));
	turn(h);
	assert_string_equal(heard(a), "chat_message hi, ack 7 ok");
	assert_string_equal(heard(b), "chat_message hi, notification 42");
}

static void
nothing_is_answered_before_the_tail_has_passed_it(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	assert_true(
	    world_publish(h->w, "escrow_42", "x", "{}", true)); /* the tail has to read it */
	say(a, "7", "chat_message", MESSAGE("hi"));
	collect(h);
	assert_string_equal(heard(a), "");
	tail(h);
	assert_string_equal(heard(a), "x, chat_message hi, ack 7 ok");
}

static void
sending_needs_membership_and_no_subscription(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = enter(h, "bob", "42"),
		      *m = connect_as(h, "mallory");

	say(a, "1", "chat_message", MESSAGE("hi"));
	say(m, "1", "chat_message", MESSAGE("spam"));
	say(m, "", "chat_message", MESSAGE("spam"));
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok");
	assert_string_equal(heard(b), "chat_message hi, notification 42");
	assert_string_equal(
	    heard(m), "ack 1 not_participant, chat_error chat_message not_participant");
}

static void
a_user_without_the_right_to_write_writes_nothing(void **state)
{
	struct house *h = *state;
	struct client *o = enter(h, "olga", "42"), *a = enter(h, "alice", "42");

	forget(h);
	say(o, "1", "chat_message", MESSAGE("hi"));
	say(o, "2", "typing_start", "{\"escrowId\":\"42\"}");
	turn(h);
	assert_string_equal(heard(o), "ack 1 forbidden, ack 2 forbidden");
	assert_string_equal(heard(a), "");
}

static void
writes_of_one_turn_are_answered_in_their_order(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	say(a, "1", "chat_message", MESSAGE("one"));
	say(a, "2", "chat_message", MESSAGE(" "));
	say(a, "3", "chat_message", MESSAGE("three"));
	turn(h);
	assert_string_equal(
	    heard(a), "chat_message one, ack 1 ok, ack 2 empty, chat_message three, ack 3 ok");
}

static void
a_repeat_is_answered_and_tells_nobody(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "1", "chat_message",
	    "{\"escrowId\":\"42\",\"content\":\"hi\",\"clientMsgId\":\"x\"}");
	turn(h);
	say(a, "2", "chat_message",
	    "{\"escrowId\":\"42\",\"content\":\"hi\",\"clientMsgId\":\"x\"}");
	say(a, "3", "chat_message",
	    "{\"escrowId\":\"42\",\"content\":\"other\",\"clientMsgId\":\"x\"}");
	turn(h);
	assert_string_equal(
	    heard(a), "chat_message hi, ack 1 ok, ack 2 ok, ack 3 idempotency_mismatch");
	assert_string_equal(heard(b), "chat_message hi, notification 42");
}

static bool
while_locked(struct store *st, void *arg)
{
	struct house *h = arg;

	eventlog_append(st, SPAN("escrow_42"), SPAN("x"), SPAN("{}"), SPAN(""), true, 1);
	turn(h);
	return false;
}

static void
a_locked_database_is_unavailable_and_recovers_by_itself(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	say(a, "1", "chat_message", MESSAGE("early"));
	say(a, "", "chat_message", MESSAGE("early"));
	assert_int_equal(store_write(h->w->st, while_locked, h), STORE_REFUSED);
	assert_string_equal(heard(a), "ack 1 unavailable, chat_error chat_message unavailable");
	say(a, "2", "chat_message", MESSAGE("late"));
	turn(h);
	assert_string_equal(heard(a), "chat_message late, ack 2 ok");
}

/* ---- who is told ---- */

static void
a_message_notifies_the_participants_but_the_sender_and_observers(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = connect_as(h, "bob"),
		      *b2 = connect_as(h, "bob");
	struct client *c = connect_as(h, "carol"), *o = connect_as(h, "olga"),
		      *m = connect_as(h, "mallory");

	assert_int_equal(world_send(h->w, "alice", "42", "by REST"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(a), "");
	assert_string_equal(heard(b), "notification 42");
	assert_string_equal(heard(b2), "notification 42");
	assert_string_equal(heard(c), "notification 42");
	assert_string_equal(heard(o), "");
	assert_string_equal(heard(m), "");
	assert_null(strstr(buf_cstr(&c->last), "by REST"));
}

static void
a_user_who_was_added_later_is_not_notified_of_earlier_messages(void **state)
{
	struct house *h = *state;
	struct client *d = connect_as(h, "dave");

	assert_int_equal(world_send(h->w, "alice", "42", "before"), ERROR_NONE);
	world_put(h->w, "42", "alice client, bob freelancer, dave arbiter");
	turn(h);
	assert_string_equal(heard(d), "");
	assert_int_equal(world_send(h->w, "alice", "42", "after"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(d), "notification 42");
}

static void
a_mark_tells_the_sender_and_every_tab_of_the_reader(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = connect_as(h, "bob"),
		      *b2 = connect_as(h, "bob");
	char id[64];

	world_sent(h->w, "alice", "42", "hi", id);
	turn(h);
	forget(h);
	sayf(b, "1", "message_read", "{\"escrowId\":\"42\",\"messageId\":\"%s\"}", id);
	turn(h);
	assert_string_equal(heard(a), "message_read bob");
	assert_string_equal(heard(b), "message_read bob, ack 1 ok");
	assert_string_equal(heard(b2), "message_read bob");
	sayf(b, "2", "message_read", "{\"escrowId\":\"42\",\"upTo\":\"%s\"}", id);
	turn(h);
	assert_string_equal(heard(a), "");
	assert_string_equal(heard(b), "ack 2 ok");
	assert_string_equal(heard(b2), "");
}

static void
history_and_presence_are_answered_to_participants_alone(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *m = connect_as(h, "mallory");

	assert_int_equal(world_send(h->w, "alice", "42", "hi"), ERROR_NONE);
	say(a, "1", "history", "{\"escrowId\":\"42\"}");
	assert_non_null(strstr(buf_cstr(&a->last), "\"content\":\"hi\""));
	say(a, "2", "history", "{\"escrowId\":\"42\",\"limit\":201}");
	say(a, "3", "presence", "{\"escrowId\":\"42\"}");
	assert_string_equal(buf_cstr(&a->last), "{\"ok\":true,\"present\":[],\"presentCount\":0}");
	say(m, "1", "history", "{\"escrowId\":\"42\"}");
	say(m, "2", "presence", "{\"escrowId\":\"42\"}");
	assert_string_equal(heard(a), "ack 1 ok, ack 2 bad_request, ack 3 ok");
	assert_string_equal(heard(m), "ack 1 not_participant, ack 2 not_participant");
}

/* ---- refusals ---- */

static void
every_event_is_answered_or_refused_aloud(void **state)
{
	static const struct {
		const char *event, *data;
	} bad[] = {
	    {"nonsense", "{}"},
	    {"chat_message", NULL},
	    {"chat_message", "[]"},
	    {"chat_message", "\"42\""},
	    {"chat_message", "{\"content\":\"hi\"}"},
	    {"chat_message", "{\"escrowId\":\"a/b\",\"content\":\"hi\"}"},
	    {"chat_message", "{\"escrowId\":\"42\"}"},
	    {"chat_message", "{\"escrowId\":\"42\",\"content\":7}"},
	    {"chat_message", "{\"escrowId\":\"42\",\"content\":\"hi\",\"clientMsgId\":\"a b\"}"},
	    {"subscribe_escrow", NULL},
	    {"subscribe_escrow", "1.5"},
	    {"subscribe_escrow", "{\"escrowId\":\"42\",\"cursor\":\"nonsense\"}"},
	    {"subscribe_escrow", "{\"escrowId\":\"42\",\"cursor\":7}"},
	    {"message_read", "{\"escrowId\":\"42\"}"},
	    {"message_read", "{\"escrowId\":\"42\",\"messageId\":\"a\",\"upTo\":\"a\"}"},
	    {"history", "{\"escrowId\":\"42\",\"limit\":0}"},
	};
	struct house *h = *state;
	struct client *a = connect_as(h, "alice");
	char told[80];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		say(a, "\"x\"", bad[i].event, bad[i].data);
		turn(h);
		assert_string_equal(heard(a), "ack \"x\" bad_request");
		say(a, "", bad[i].event, bad[i].data);
		turn(h);
		snprintf(told, sizeof(told), "chat_error %s bad_request", bad[i].event);
		assert_string_equal(heard(a), told);
	}
	session_refuse_event(a->session, SPAN(""), SPAN(""), ERROR_BAD_FRAME, "no JSON");
	assert_string_equal(heard(a), "chat_error  bad_frame");
}

static void
the_longest_name_of_an_acknowledgement_comes_back_whole(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	struct buf ack = {0};

	buf_addc(&ack, '"');
	for (int i = 0; i < 64; i++)
		buf_str(&ack, "\\u0001");
	buf_addc(&ack, '"');
	say(a, buf_cstr(&ack), "chat_message", MESSAGE("hi"));
	turn(h);
	assert_non_null(strstr(heard(a), buf_cstr(&ack)));
	buf_clear(&ack);
}

/* ---- rooms ---- */

static void
a_bare_id_and_a_number_name_a_room_too(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = connect_as(h, "bob");

	say(a, "1", "subscribe_escrow", "\"42\"");
	say(b, "1", "subscribe_escrow", "42");
	assert_non_null(strstr(buf_cstr(&b->last), "\"escrowId\":\"42\""));
	say(a, "2", "unsubscribe_escrow", "42");
	assert_string_equal(heard(a), "ack 1 ok, user_joined bob, ack 2 ok");
}

static void
the_room_is_closed_to_others(void **state)
{
	struct house *h = *state;
	struct client *m = connect_as(h, "mallory");

	say(m, "1", "subscribe_escrow", "\"42\"");
	say(m, "2", "subscribe_escrow", "\"no such\"");
	assert_int_equal(world_send(h->w, "alice", "42", "secret"), ERROR_NONE);
	turn(h);
	assert_string_equal(heard(m), "ack 1 not_participant, ack 2 not_participant");
}

static void
nothing_of_a_room_follows_the_answer_to_leaving_it(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	assert_int_equal(world_send(h->w, "carol", "42", "missed"), ERROR_NONE);
	say(a, "1", "unsubscribe_escrow", "\"42\"");
	turn(h);
	assert_string_equal(heard(a), "ack 1 ok, notification 42");
	assert_string_equal(heard(b), "user_left alice, chat_message missed, notification 42");
	say(a, "2", "unsubscribe_escrow", "\"42\"");
	assert_string_equal(heard(a), "ack 2 ok");
}

static void
a_connection_can_be_in_200_rooms(void **state)
{
	struct house *h = *state;
	struct client *a;
	char id[16];

	h->w->rules.rooms = ROOMS_OPEN;
	house_stop(h);
	house_start(h);
	a = connect_as(h, "zoe");
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "\"r%d\"", i);
		say(a, "1", "subscribe_escrow", id);
		assert_string_equal(heard(a), "ack 1 ok");
	}
	say(a, "1", "subscribe_escrow", "\"r200\"");
	assert_string_equal(heard(a), "ack 1 rate_limited");
	say(a, "1", "subscribe_escrow", "\"r7\"");
	assert_string_equal(heard(a), "ack 1 ok");
	say(a, "1", "unsubscribe_escrow", "\"r7\"");
	say(a, "2", "subscribe_escrow", "\"r200\"");
	assert_string_equal(heard(a), "ack 1 ok, ack 2 ok");
}

static void
count_closed(void *arg)
{
	(*(int *)arg)++;
}

static void
the_caller_is_told_when_a_session_has_ended(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");
	int n = 0;

	h->hub->options.on_closed = count_closed;
	h->hub->options.arg = &n;
	client_close(a, SESSION_LOST);
	assert_int_equal(n, 1);
	assert_int_equal(hub_next_deadline(h->hub), h->now.mono_ms + 2000); /* the grace */
	h->hub->options.on_closed = NULL;
}

/* ---- sessions that are kept ---- */

static void
a_user_who_comes_back_to_a_lost_session_has_no_more_than_others(void **state)
{
	struct house *h = *state;
	struct client *lost, *b, *again;
	char pid[sizeof(last_pid)];

	h->hub->options.max_per_wallet = 1;
	connect_kept(h, &lost, "bob");
	turn(h);
	memcpy(pid, last_pid, sizeof(pid));
	client_close(lost, SESSION_LOST);
	connect_kept(h, &b, "bob");
	turn(h);
	assert_non_null(b->session);
	come_back(h, &again, "bob", pid);
	turn(h);
	assert_string_equal(heard(again), "rate_limited");
	client_close(b, SESSION_LOST);
	come_back(h, &again, "bob", pid); /* it waited on */
	turn(h);
	assert_string_equal(heard(again), "recovered");
	come_back(h, &b, "bob", pid); /* the lost session makes room */
	turn(h);
	assert_string_equal(heard(b), "recovered");
}

static void
a_user_who_is_removed_while_they_subscribe_is_not_let_in(void **state)
{
	struct house *h = *state;
	struct client *b;

	assert_non_null(connect_kept(h, &b, "bob"));
	turn(h);
	b->heard.len = 0;
	sayf(b, "1", "subscribe_escrow", "{\"escrowId\":\"42\",\"cursor\":\"%0*d-1\"}",
	    INCARNATION_SIZE - 1, 0); /* of another log: it begins live */
	world_put(h->w, "42", "alice client");
	tail(h);
	turn(h);
	assert_string_equal(heard(b), "ack 1 not_participant");
	assert_true(world_publish(h->w, "escrow_42", "x", "{}", true));
	turn(h);
	assert_string_equal(heard(b), "");
}

static void
a_user_who_is_made_an_observer_while_they_come_back_does_not_type(void **state)
{
	struct house *h = *state;
	struct client *b, *again;

	connect_kept(h, &b, "bob");
	turn(h);
	say(b, "1", "subscribe_escrow", "{\"escrowId\":\"42\"}");
	turn(h);
	client_close(b, SESSION_LOST);
	come_back(h, &again, "bob", last_pid);
	finish(h); /* what they may do was read */
	world_put(h->w, "42", "alice client, bob observer");
	hub_check_log(h->hub, true);
	finish(h);
	turn(h);
	assert_string_equal(heard(again), "recovered");
	say(again, "1", "typing_start", "{\"escrowId\":\"42\"}");
	assert_string_equal(heard(again), "ack 1 forbidden");
}

static bool
run_end_token(struct store *st, void *arg)
{
	token_row_end(st, span_of(arg), SPAN("bob"), WORLD_NOW + 1000000);
	return true;
}

static bool
run_take(struct store *st, void *arg)
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	struct kept_session kept;
	char hash[8 + 65]; /* the time is first */

	digest_sha256(digest, span_of(arg));
	memcpy(hash, arg, 8);
	digest_hex(hash + 8, digest, sizeof(digest));
	return kept_session_take(st, span_of(hash), SPAN("bob"), &kept);
}

static void
secrets_to_return_with_begin_with_the_time_and_differ_in_the_rest(void **state)
{
	struct house *h = *state;
	struct client *b;
	char first[sizeof(last_pid)], second[sizeof(last_pid)];

	connect_kept(h, &b, "bob");
	turn(h);
	memcpy(first, last_pid, sizeof(first));
	connect_kept(h, &b, "bob");
	turn(h);
	memcpy(second, last_pid, sizeof(second));
	pass(h, 1000);
	connect_kept(h, &b, "bob");
	turn(h);
	assert_int_equal(strlen(first), 40);
	assert_memory_equal(first, second, 8);
	assert_memory_not_equal(first + 8, second + 8, 8);
	assert_true(memcmp(second, last_pid, 8) < 0);
}

static void
a_session_of_an_earlier_daemon_is_forgotten_though_an_ended_token_asked_for_it(void **state)
{
	struct house *h = *state;
	struct user bob = world_user("bob");
	struct client *b;
	char pid[sizeof(last_pid)];

	connect_kept(h, &b, "bob");
	turn(h);
	memcpy(pid, last_pid, sizeof(pid));
	house_stop(h);
	house_start(h);
	h->hub->options.recovery_ms = 60000;
	hub_start_recovery(h->hub, h->now);
	token_hash(bob.proof.hash, SPAN("t"));
	come_back_as(h, &b, bob, pid);
	assert_int_equal(store_write(h->w->st, run_end_token, bob.proof.hash), STORE_OK);
	turn(h);
	assert_string_equal(heard(b), "unauthorized");
	pass(h, 60000);
	turn(h);
	assert_int_equal(store_write(h->w->st, run_take, pid), STORE_REFUSED);
}

static void
a_session_that_is_cancelled_before_it_is_open_is_not_kept(void **state)
{
	struct house *h = *state;
	struct client *b;

	session_connect_cancel(connect_kept(h, &b, "bob"));
	collect(h);
	tail(h);
	assert_null(b->session);
	assert_true(hub_owes_answers(h->hub)); /* the store is to forget the session */
	house_restart_at_once(h);              /* the hub ends before that is done */
}

/* ---- jobs ---- */

static void
messages_of_a_session_that_has_closed_are_stored_all_the_same(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42"), *b = enter(h, "bob", "42");

	forget(h);
	say(a, "1", "chat_message", MESSAGE("last words"));
	client_close(a, SESSION_LOST);
	turn(h);
	assert_string_equal(heard(a), "");
	assert_string_equal(heard(b), "chat_message last words, notification 42");
}

static void
a_session_whose_client_is_gone_is_not_counted_while_its_last_message_is_written(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	say_now(a, "1", "chat_message", MESSAGE("last words"));
	assert_int_equal(hub_figures(h->hub).sessions, 1);
	client_close(a, SESSION_LOST);
	assert_int_equal(h->hub->n_sessions, 1);
	assert_int_equal(hub_figures(h->hub).sessions, 0);
	turn(h);
	assert_int_equal(h->hub->n_sessions, 0);
}

static void
a_session_with_too_many_writes_is_busy_until_one_is_done(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice");

	a->resumes = 0;
	for (int i = 0; i < 64; i++) {
		assert_false(session_is_busy(a->session));
		say(a, "1", "chat_message", MESSAGE("hi"));
	}
	assert_true(session_is_busy(a->session));
	assert_int_equal(a->resumes, 0);
	turn(h);
	assert_int_equal(a->resumes, 1);
	assert_false(session_is_busy(a->session));
}

static bool
run_nothing(struct store *st, struct writer_job *job)
{
	return true;
}

static void
on_nothing_done(struct writer_job *job, void *context)
{
	free(job);
}

static void
a_session_that_waits_for_a_full_writer_goes_on_when_there_is_room(void **state)
{
	struct house *h = *state;
	struct client *a = connect_as(h, "alice"), *b = connect_as(h, "bob");

	for (int i = 0; i <= WRITER_MAX; i++) {
		struct writer_job *job = calloc(1, sizeof(*job));
		job->run = run_nothing;
		job->done = on_nothing_done;
		writer_submit(h->writer, job, job, 1);
	}
	assert_false(session_is_busy(a->session));
	say_now(a, "1", "chat_message", MESSAGE("hi"));
	assert_true(session_is_busy(a->session));
	assert_false(session_is_busy(b->session));
	a->resumes = 0;
	turn(h);
	assert_int_equal(a->resumes, 1);
	assert_false(session_is_busy(a->session));
}

/* ---- what the writer remembers from one write to the next ---- */

static void
rights_that_another_process_changed_count_for_the_next_write(void **state)
{
	struct house *h = *state;
	struct client *b = enter(h, "bob", "42");

	say(b, "1", "chat_message", MESSAGE("one"));
	turn(h);
	world_put(h->w, "42", "alice client, bob observer");
	say(b, "2", "chat_message", MESSAGE("two"));
	turn(h);
	world_put(h->w, "42", "alice client");
	say(b, "3", "chat_message", MESSAGE("three"));
	collect(h); /* before the tail removes the user */
	tail(h);
	assert_non_null(strstr(heard(b), "chat_message one"));
	assert_null(strstr(heard(b), "chat_message t"));
	world_put(h->w, "42", "alice client, bob client");
	b = enter(h, "bob", "42");
	say(b, "4", "chat_message", MESSAGE("four"));
	turn(h);
	assert_string_equal(heard(b), "chat_message four, ack 4 ok");
}

static void
a_message_of_another_process_has_its_place_in_the_rooms_order(void **state)
{
	struct house *h = *state;
	struct client *a = enter(h, "alice", "42");

	say(a, "", "chat_message", MESSAGE("one"));
	turn(h);
	assert_int_equal(world_send(h->w, "alice", "42", "two"), ERROR_NONE);
	say(a, "", "chat_message", MESSAGE("three"));
	turn(h);
	assert_string_equal(heard(a), "chat_message one, chat_message two, chat_message three");
	assert_non_null(strstr(buf_cstr(&a->last), "16:00:00.002Z"));
}

static void
a_user_who_joins_an_escrow_is_notified_of_the_next_message(void **state)
{
	struct house *h = *state;
	struct client *a, *b = connect_as(h, "bob");

	world_put(h->w, "44", "alice client");
	a = enter(h, "alice", "44");
	say(a, "", "chat_message", "{\"escrowId\":\"44\",\"content\":\"alone\"}");
	turn(h);
	assert_string_equal(heard(b), "");
	world_put(h->w, "44", "alice client, bob freelancer");
	say(a, "", "chat_message", "{\"escrowId\":\"44\",\"content\":\"two\"}");
	turn(h);
	assert_string_equal(heard(b), "notification 44");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(hello_has_the_name_that_the_user_came_with_and_the_position_of_the_log),
	    house_test(figures_count_sessions_and_rooms),
	    house_test(a_message_reaches_the_room_and_then_its_sender_is_answered),
	    house_test(nothing_is_answered_before_the_tail_has_passed_it),
	    house_test(sending_needs_membership_and_no_subscription),
	    house_test(a_user_without_the_right_to_write_writes_nothing),
	    house_test(writes_of_one_turn_are_answered_in_their_order),
	    house_test(a_repeat_is_answered_and_tells_nobody),
	    house_test(a_locked_database_is_unavailable_and_recovers_by_itself),
	    house_test(a_message_notifies_the_participants_but_the_sender_and_observers),
	    house_test(a_user_who_was_added_later_is_not_notified_of_earlier_messages),
	    house_test(a_mark_tells_the_sender_and_every_tab_of_the_reader),
	    house_test(history_and_presence_are_answered_to_participants_alone),
	    house_test(every_event_is_answered_or_refused_aloud),
	    house_test(the_longest_name_of_an_acknowledgement_comes_back_whole),
	    house_test(a_bare_id_and_a_number_name_a_room_too),
	    house_test(the_room_is_closed_to_others),
	    house_test(nothing_of_a_room_follows_the_answer_to_leaving_it),
	    house_test(a_connection_can_be_in_200_rooms),
	    house_test(the_caller_is_told_when_a_session_has_ended),
	    house_test(a_user_who_comes_back_to_a_lost_session_has_no_more_than_others),
	    house_test(a_user_who_is_removed_while_they_subscribe_is_not_let_in),
	    house_test(a_user_who_is_made_an_observer_while_they_come_back_does_not_type),
	    house_test(secrets_to_return_with_begin_with_the_time_and_differ_in_the_rest),
	    house_test(
		a_session_of_an_earlier_daemon_is_forgotten_though_an_ended_token_asked_for_it),
	    house_test(a_session_that_is_cancelled_before_it_is_open_is_not_kept),
	    house_test(messages_of_a_session_that_has_closed_are_stored_all_the_same),
	    house_test(
		a_session_whose_client_is_gone_is_not_counted_while_its_last_message_is_written),
	    house_test(a_session_with_too_many_writes_is_busy_until_one_is_done),
	    house_test(a_session_that_waits_for_a_full_writer_goes_on_when_there_is_room),
	    house_test(rights_that_another_process_changed_count_for_the_next_write),
	    house_test(a_message_of_another_process_has_its_place_in_the_rooms_order),
	    house_test(a_user_who_joins_an_escrow_is_notified_of_the_next_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
