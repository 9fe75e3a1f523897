/* SPDX-License-Identifier: ISC */
/*
 * test_recovery.c - the store and the hub agree on the rooms of a session that can be recovered,
 * whatever is under way when its connection ends.
 */
#include "recoverable_world.h"

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

	h->hub->options.max_kept = 1;
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_lost_session_that_makes_room_is_forgotten_after_its_own_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
