/* SPDX-License-Identifier: ISC */
/*
 * test_expiry.c - sessions with a token: they are warned once and ended in time, and the token's
 * use is written down.
 */
#include "unit/hub_world.h"

#include "identity/tokens.h"

#define MINUTE INT64_C(60000)
#define WEEK   (7 * 24 * 60 * MINUTE)

static int n_dismissed; /* of the test under way */

/* Closes the session at once, as some transports do. */
static void
close_now(struct session *s, enum dismissal why)
{
	struct client *c = session_owner(s);

	assert_int_equal(why, DISMISS_VOID);
	n_dismissed++;
	client_close(c, SESSION_LEFT);
}

static const struct transport closing = {.name = "closing",
    .encoding = ENCODING_WS,
    .send = client_send,
    .resume = client_resume,
    .dismiss = close_now};

static bool is_deaf;

static bool
send_unless_deaf(struct session *s, struct frame *f)
{
	return !is_deaf && client_send(s, f);
}

static const struct transport parking = {.name = "parking",
    .encoding = ENCODING_WS,
    .send = send_unless_deaf,
    .resume = client_resume,
    .dismiss = close_now};

static void
hash_of(char out[TOKEN_HASH_SIZE], const char *token)
{
	token_hash(out, span_of(token));
}

static struct client *
connect_with(struct house *h, const char *wallet, const char *token, int64_t lasts_ms)
{
	struct client *c = calloc(1, sizeof(*c));
	struct user user = world_user(wallet);

	hash_of(user.proof.hash, token);
	user.proof.issued_ms = user.proof.used_ms = h->now.wall_ms;
	user.proof.expires_ms = h->now.wall_ms + lasts_ms;
	assert_true(h->n_clients < CLIENTS_MAX);
	h->clients[h->n_clients++] = c;
	c->house = h;
	c->room = ROOM_FOR_ALL;
	c->session = session_open(h->hub, &(struct session_options){.transport = h->transport,
					      .owner = c,
					      .user = &user,
					      .number = (uint32_t)h->n_clients,
					      .now = h->now});
	return c;
}

static void
it_is_warned_once_a_minute_before_and_put_out_in_time(void **state)
{
	struct house *h = *state;
	struct client *c;
	int64_t begun = h->now.mono_ms;

	n_dismissed = 0;
	h->transport = &closing;
	c = connect_with(h, "alice", "t", WEEK);
	assert_int_equal(hub_next_deadline(h->hub), begun + 5 * MINUTE); /* of its use */
	pass(h, WEEK - MINUTE - 1);
	assert_string_equal(heard(c), "");
	pass(h, 1);
	assert_string_equal(heard(c), "token_expiring");
	assert_string_equal(buf_cstr(&c->last), "{\"expiresAt\":\"2025-12-01T16:00:00.000Z\"}");
	pass(h, MINUTE - 1);
	assert_string_equal(heard(c), "");
	assert_int_equal(hub_next_deadline(h->hub), begun + WEEK);
	assert_int_equal(n_dismissed, 0);
	pass(h, 1);
	assert_int_equal(n_dismissed, 1);
	assert_null(c->session);
	assert_int_equal(hub_next_deadline(h->hub), INT64_MAX);
}

static void
one_that_has_less_than_a_minute_left_is_told_at_once(void **state)
{
	struct house *h = *state;
	struct client *c;

	n_dismissed = 0;
	h->transport = &closing;
	c = connect_with(h, "alice", "t", 500);
	assert_true(hub_next_deadline(h->hub) <= h->now.mono_ms);
	pass(h, 0);
	assert_string_equal(heard(c), "token_expiring");
	pass(h, 500);
	assert_int_equal(n_dismissed, 1);
}

static void
a_warning_that_nobody_heard_is_said_again(void **state)
{
	struct house *h = *state;
	struct client *c;

	is_deaf = true;
	h->transport = &parking;
	c = connect_with(h, "alice", "t", 2 * MINUTE);
	pass(h, MINUTE);
	is_deaf = false;
	assert_string_equal(heard(c), "");
	pass(h, 1000);
	assert_string_equal(heard(c), "token_expiring");
	pass(h, 10000);
	assert_string_equal(heard(c), "");
}

/* The wall clock decides whether a token has expired; the monotonic clock only wakes the hub. */
static void
a_clock_that_is_set_back_gives_no_token_less_and_forward_none_more(void **state)
{
	struct house *h = *state;
	struct client *c;

	n_dismissed = 0;
	h->transport = &closing;
	c = connect_with(h, "alice", "t", 10 * MINUTE);
	h->now.wall_ms -= 60 * MINUTE;
	pass(h, 10 * MINUTE);
	assert_int_equal(n_dismissed, 0);
	assert_string_equal(heard(c), "");
	h->now.wall_ms += 60 * MINUTE;
	pass(h, 60 * MINUTE);
	assert_int_equal(n_dismissed, 1);
}

static void
many_are_put_out_each_in_its_turn(void **state)
{
	struct house *h = *state;
	unsigned seed = 1;

	n_dismissed = 0;
	h->transport = &closing;
	for (int i = 0; i < 300; i++) {
		seed = seed * 1103515245 + 12345;
		connect_with(h, "alice", "t", (2 + seed / 65536 % 1000) * MINUTE);
	}
	for (int i = 0; i < 300; i += 3) /* from anywhere among them */
		client_close(h->clients[(i * 7) % 300], SESSION_LOST);
	for (int minute = 1; minute <= 1002; minute++) {
		int due = 0, left = 0;

		for (size_t i = 0; i < h->n_clients; i++) {
			const struct session *s = h->clients[i]->session;

			due += s && session_proof(s).expires_ms <= h->now.wall_ms + MINUTE;
			left += s != NULL;
		}
		n_dismissed = 0;
		pass(h, MINUTE);
		collect(h);
		assert_int_equal(n_dismissed, due);
		assert_int_equal(hub_figures(h->hub).sessions, left - due);
	}
	assert_int_equal(hub_next_deadline(h->hub), INT64_MAX);
}

struct ending {
	const char *token, *wallet;
	int64_t until_ms;
};

static bool
run_ending(struct store *st, void *arg)
{
	const struct ending *e = arg;
	char hash[TOKEN_HASH_SIZE];

	if (e->token) {
		hash_of(hash, e->token);
		token_row_end(st, span_of(hash), span_of(e->wallet), WORLD_NOW + WEEK);
	} else {
		token_rows_end(st, span_of(e->wallet), e->until_ms);
	}
	return true;
}

static void
end_it(struct house *h, const char *token, const char *wallet, int64_t until_ms)
{
	struct ending e = {token, wallet, until_ms};

	assert_int_equal(store_write(h->w->st, run_ending, &e), STORE_OK);
	tail(h);
}

static void
a_row_of_the_log_puts_out_whom_it_names_and_nobody_else(void **state)
{
	struct house *h = *state;
	struct client *a, *again, *other, *bob;

	n_dismissed = 0;
	h->transport = &closing;
	a = connect_with(h, "alice", "one", WEEK);
	again = connect_with(h, "alice", "one", WEEK);
	other = connect_with(h, "alice", "two", WEEK);
	bob = connect_with(h, "bob", "three", WEEK);
	connect_as(h, "alice"); /* rests on nothing */
	end_it(h, "three", "alice", 0);
	assert_int_equal(n_dismissed, 0);
	end_it(h, "one", "alice", 0);
	assert_int_equal(n_dismissed, 2);
	assert_null(a->session);
	assert_null(again->session);
	h->now.wall_ms += 5;
	connect_with(h, "alice", "later", WEEK);
	end_it(h, NULL, "alice", h->now.wall_ms - 1);
	assert_int_equal(n_dismissed, 3);
	assert_null(other->session);
	assert_non_null(bob->session);
	end_it(h, NULL, "alice", h->now.wall_ms);
	assert_int_equal(n_dismissed, 4);
}

struct looked {
	const char *token;
	struct token_row found;
};

static void
run_look(struct store *st, void *arg)
{
	struct looked *l = arg;
	char hash[TOKEN_HASH_SIZE];

	hash_of(hash, l->token);
	assert_true(token_row_find(st, span_of(hash), &l->found));
}

static int64_t
used_at(struct house *h, const char *token)
{
	struct looked l = {.token = token};

	assert_int_equal(store_read(h->w->st, PATIENT_MS, run_look, &l), STORE_OK);
	return l.found.used_at;
}

static bool
run_give(struct store *st, void *arg)
{
	char hash[TOKEN_HASH_SIZE];

	hash_of(hash, arg);
	token_row_insert(
	    st, span_of(hash), SPAN("alice"), SPAN("alice"), WORLD_NOW, WORLD_NOW + WEEK);
	return true;
}

static void
an_open_connection_is_use_written_every_five_minutes(void **state)
{
	struct house *h = *state;
	char token[] = "t";

	h->transport = &closing;
	assert_int_equal(store_write(h->w->st, run_give, token), STORE_OK);
	connect_with(h, "alice", token, WEEK);
	turn(h);
	for (int i = 0; i < 3; i++) {
		int64_t before = used_at(h, token);

		pass(h, 5 * MINUTE - 1);
		turn(h);
		assert_int_equal(used_at(h, token), before);
		pass(h, 1);
		turn(h);
		assert_int_equal(used_at(h, token), h->now.wall_ms);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(it_is_warned_once_a_minute_before_and_put_out_in_time),
	    house_test(one_that_has_less_than_a_minute_left_is_told_at_once),
	    house_test(a_warning_that_nobody_heard_is_said_again),
	    house_test(a_clock_that_is_set_back_gives_no_token_less_and_forward_none_more),
	    house_test(many_are_put_out_each_in_its_turn),
	    house_test(a_row_of_the_log_puts_out_whom_it_names_and_nobody_else),
	    house_test(an_open_connection_is_use_written_every_five_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
