/* SPDX-License-Identifier: ISC */
/*
 * test_recovery.c - the store and the hub agree on the rooms of a session that can be recovered,
 * whatever is under way when its connection ends.
 */
#include "unit/recoverable_world.h"

#include "store/db.h"

#define ROOM    "{\"escrowId\":\"42\"}"
#define ROOM_43 "{\"escrowId\":\"43\"}"

static struct client *
connect_recoverable(struct house *h, const char *wallet)
{
	struct client *c;

	connect_kept(h, &c, wallet);
	turn(h);
	assert_non_null(c->session);
	return c;
}

static void
count_one(void *arg)
{
	++*(int *)arg;
}

/* If it were forgotten first, its calls would put rooms of no session into the store, and the whole
 * batch would be rolled back. */
static void
a_lost_session_that_makes_room_is_forgotten_after_its_own_calls(void **state)
{
	struct house *h = *state;
	struct client *b;
	int rollbacks = 0;

	h->hub->options.max_recoverable = 1;
	connect_recoverable(h, "alice");
	b = connect_recoverable(h, "bob");
	sqlite3_rollback_hook(h->writing->db, count_one, &rollbacks);
	say_now(b, "1", "subscribe_escrow", ROOM);
	say_now(b, "2", "subscribe_escrow", ROOM_43);
	client_close(b, SESSION_LOST);
	turn(h);
	assert_int_equal(rollbacks, 0);
	sqlite3_rollback_hook(h->writing->db, NULL, NULL);
}

/* ---- a client that comes back while calls of its old connection are under way ---- */

static size_t
rooms_stored(struct house *h)
{
	sqlite3_stmt *stmt;
	size_t n;

	sqlite3_prepare_v2(h->w->st->db, "SELECT count(*) FROM kept_rooms", -1, &stmt, NULL);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = (size_t)sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

/* Bob's old connection sends the event after their new one has asked for the session. */
static void
take_over(struct house *h, const char *event, const char *data, bool is_lost, size_t n_rooms)
{
	struct client *b = connect_recoverable(h, "bob"), *again;

	say_now(b, "1", "subscribe_escrow", ROOM_43);
	turn(h);
	come_back(h, &again, "bob", last_pid);
	say_now(b, "2", event, data);
	if (is_lost)
		client_close(b, SESSION_LOST);
	turn(h);
	assert_string_equal(heard(again), "recovered");
	assert_int_equal(again->session->n_rooms, n_rooms);
	assert_int_equal(rooms_stored(h), n_rooms);
}

static void
a_room_that_the_old_connection_enters_too_late_is_not_stored(void **state)
{
	take_over(*state, "subscribe_escrow", ROOM, false, 1);
}

static void
a_room_that_a_lost_connection_enters_too_late_is_not_stored(void **state)
{
	take_over(*state, "subscribe_escrow", ROOM, true, 1);
}

static void
a_room_that_the_old_connection_leaves_too_late_stays_stored(void **state)
{
	take_over(*state, "unsubscribe_escrow", ROOM_43, false, 1);
}

static void
a_room_that_a_lost_connection_leaves_too_late_stays_stored(void **state)
{
	take_over(*state, "unsubscribe_escrow", ROOM_43, true, 1);
}

/* The old connection ends for good, so the store forgets the session that the new one takes. */
static void
a_session_that_was_ended_while_its_client_came_back_stores_nothing(void **state)
{
	struct house *h = *state;
	struct client *b = connect_recoverable(h, "bob"), *again;
	int rollbacks = 0;

	say_now(b, "1", "subscribe_escrow", ROOM_43);
	turn(h);
	sqlite3_rollback_hook(h->writing->db, count_one, &rollbacks);
	come_back(h, &again, "bob", last_pid);
	client_close(b, SESSION_ENDED);
	turn(h);
	assert_int_equal(rollbacks, 0);
	assert_int_equal(rooms_stored(h), 0);
	sqlite3_rollback_hook(h->writing->db, NULL, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_lost_session_that_makes_room_is_forgotten_after_its_own_calls),
	    TEST(a_room_that_the_old_connection_enters_too_late_is_not_stored),
	    TEST(a_room_that_a_lost_connection_enters_too_late_is_not_stored),
	    TEST(a_room_that_the_old_connection_leaves_too_late_stays_stored),
	    TEST(a_room_that_a_lost_connection_leaves_too_late_stays_stored),
	    TEST(a_session_that_was_ended_while_its_client_came_back_stores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
