/* SPDX-License-Identifier: ISC */
/*
 * test_tokens.c - tokens: how they are made, where a request may carry them, and all the ways in
 * which they end.
 */
#include "unit/chat_world.h"

#include "identity/auth.h"
#include "identity/signin.h"

#define MINUTE  INT64_C(60000)
#define DAY     (24 * 60 * MINUTE)
#define WEEK    (7 * DAY)
#define TOKEN_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TOKEN_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define PAGE    "https://app.example"

struct change { /* one transaction of a test's */
	enum { GIVE, TOUCH, END_TOKEN, END_WALLET, SWEEP } what;
	const char *token, *wallet;
	int64_t now_ms;
};

static bool
run_change(struct store *st, void *arg)
{
	const struct change *c = arg;
	char hash[TOKEN_HASH_SIZE];

	token_hash(hash, span_of(c->token));
	if (c->what == GIVE)
		token_row_insert(st, span_of(hash), span_of(c->wallet), span_of(c->wallet),
		    c->now_ms, c->now_ms + WEEK);
	else if (c->what == TOUCH)
		token_row_touch(st, span_of(hash), c->now_ms, TOKEN_TOUCH_MS);
	else if (c->what == END_TOKEN)
		token_row_end(st, span_of(hash), span_of(c->wallet), c->now_ms + WEEK);
	else if (c->what == END_WALLET)
		token_rows_end(st, span_of(c->wallet), c->now_ms);
	else
		token_rows_sweep(st, c->now_ms);
	return true;
}

static void
change(struct world *w, int what, const char *token, const char *wallet)
{
	struct change c = {what, token, wallet, w->now_ms};

	assert_int_equal(store_write(w->st, run_change, &c), STORE_OK);
}

static struct auth *
wallet_auth(const char *page)
{
	char *pages[] = {(char *)(uintptr_t)page};
	struct config c = {.auth = AUTH_WALLET, .token_idle_ms = DAY, .frontend_url = {pages, 1}};
	struct buf err = {0};
	struct auth *auth = auth_new(&c, &err);

	assert_non_null(auth);
	return auth;
}

static enum error
who(struct world *w, struct auth *auth, struct auth_request r, struct user *out)
{
	return auth_user(auth, w->st, &r, w->now_ms, out);
}

static struct auth_request
with_bearer(void)
{
	return (struct auth_request){.authorization = SPAN("Bearer " TOKEN_A)};
}

/* ---- where a token may stand ---- */

#define COOKIE(t) SPAN("__Host-escrowchat=" t)

static const struct {
	enum error err;
	struct auth_request request;
} places[] = {
    {ERROR_NONE, {.authorization = {"Bearer " TOKEN_A, 50}}},
    {ERROR_NONE, {.authorization = {"bearer  " TOKEN_A, 51}}},
    {ERROR_NONE, {.protocols = {"escrowchat.v1, bearer." TOKEN_A, 65}}},
    {ERROR_NONE, {.protocols = {"bearer." TOKEN_A ",escrowchat.v1", 64}}},
    {ERROR_NONE, {.token = {TOKEN_A, 43}}},
    {ERROR_NONE, {.cookie = {"a=b; __Host-escrowchat=" TOKEN_A "; c=d", 71}}},
    {ERROR_NONE, {.token = {TOKEN_A, 43}, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_NONE, {.token = {TOKEN_A, 43}, .cookie = {"escrowchat=" TOKEN_B, 54}}},
    /* nothing, or nothing that is one */
    {ERROR_UNAUTHORIZED, {.claimed_wallet = {"alice", 5}}},
    {ERROR_UNAUTHORIZED, {.protocols = {"escrowchat.v1", 13}}},
    {ERROR_UNAUTHORIZED, {.cookie = {"escrowchat=" TOKEN_A, 54}}},
    {ERROR_UNAUTHORIZED, {.authorization = {"Bearer", 6}}},
    {ERROR_UNAUTHORIZED, {.authorization = {"Bearer ", 7}}},
    {ERROR_UNAUTHORIZED, {.authorization = {"Basic " TOKEN_A, 49}}},
    {ERROR_UNAUTHORIZED, {.authorization = {"Bearer " TOKEN_A "x", 51}}},
    {ERROR_UNAUTHORIZED, {.authorization = {"Bearer " TOKEN_B, 50}}},
    {ERROR_UNAUTHORIZED, {.protocols = {"bearer.", 7}}},
    /* a bad one never falls back to the cookie, and what differs is nobody */
    {ERROR_UNAUTHORIZED,
	{.authorization = {"Bearer x", 8}, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_UNAUTHORIZED,
	{.authorization = {"Basic x", 7}, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_UNAUTHORIZED,
	{.protocols = {"bearer.", 7}, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_UNAUTHORIZED, {.token = {TOKEN_A, 43}, .cookie = {"__Host-escrowchat=" TOKEN_B, 61}}},
    {ERROR_UNAUTHORIZED, {.token = {TOKEN_A, 43}, .authorization = {"Bearer " TOKEN_B, 50}}},
    {ERROR_UNAUTHORIZED, {.protocols = {"bearer." TOKEN_A ", bearer." TOKEN_B, 102}}},
    {ERROR_UNAUTHORIZED,
	{.cookie = {"__Host-escrowchat=" TOKEN_A "; __Host-escrowchat=" TOKEN_A, 124}}},
    {ERROR_UNAUTHORIZED, {.token = {TOKEN_A, 43},
			     .cookie = {"__Host-escrowchat=" TOKEN_A "; __Host-escrowchat=x", 82}}},
    {ERROR_UNAUTHORIZED, {.cookie = {"__Host-escrowchat=", 18}}},
    /* where a cookie does not count */
    {ERROR_FORBIDDEN, {.is_browser_write = true, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_FORBIDDEN, {.is_browser_write = true,
			  .origin = {"https://evil.example", 20},
			  .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_FORBIDDEN, {.is_browser_write = true,
			  .origin = {"null", 4},
			  .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_NONE, {.is_browser_write = true,
		     .origin = {PAGE, 19},
		     .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_NONE, {.is_browser_write = true, .authorization = {"Bearer " TOKEN_A, 50}}},
    {ERROR_FORBIDDEN,
	{.sec_fetch_site = {"cross-site", 10}, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_NONE,
	{.sec_fetch_site = {"same-origin", 11}, .cookie = {"__Host-escrowchat=" TOKEN_A, 61}}},
    {ERROR_NONE, {.sec_fetch_site = {"cross-site", 10}, .authorization = {"Bearer " TOKEN_A, 50}}},
    /* what is claimed besides */
    {ERROR_NONE, {.token = {TOKEN_A, 43}, .claimed_wallet = {"alice", 5}}},
    {ERROR_WALLET_MISMATCH, {.token = {TOKEN_A, 43}, .claimed_wallet = {"bob", 3}}},
    {ERROR_WALLET_MISMATCH, {.token = {TOKEN_A, 43}, .claimed_wallet = {"not a wallet", 12}}},
};

static void
a_token_stands_where_it_may_and_nowhere_else(void **state)
{
	struct world *w = *state;
	struct auth *auth = wallet_auth(PAGE);

	change(w, GIVE, TOKEN_A, "alice");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct user u;
		enum error err = who(w, auth, places[i].request, &u);

		if (err != places[i].err)
			fail_msg("place %zu: %s", i, error_code(err));
		if (err == ERROR_NONE)
			assert_string_equal(u.key, "alice");
	}
	auth_free(auth);
}

static void
pages_of_this_machine_alone_have_a_plain_cookie(void **state)
{
	static const struct {
		const char *page, *cookie;
	} cases[] = {
	    {"http://localhost:5173",
		"escrowchat=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"},
	    {"http://127.0.0.1", "escrowchat=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"},
	    {"https://localhost",
		"__Host-escrowchat=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"},
	    {"http://app.example",
		"__Host-escrowchat=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct auth *auth = wallet_auth(cases[i].page);
		struct buf out = {0};

		assert_true(auth_cookie(auth, SPAN("t"), MINUTE, &out));
		assert_string_equal(buf_cstr(&out), cases[i].cookie);
		assert_false(auth_cookie(auth, SPAN("t; Domain=example"), MINUTE, &out));
		buf_clear(&out);
		auth_free(auth);
	}
}

/* ---- the ways in which they end ---- */

static void
a_token_lasts_a_week_and_a_day_unused(void **state)
{
	struct world *w = *state;
	struct auth *auth = wallet_auth(PAGE);
	int64_t begun = w->now_ms;
	struct user u;

	change(w, GIVE, TOKEN_A, "alice");
	w->now_ms = begun + DAY - 1;
	assert_int_equal(who(w, auth, with_bearer(), &u), ERROR_NONE);
	assert_int_equal(u.proof.issued_ms, begun);
	assert_int_equal(u.proof.expires_ms, begun + WEEK);
	assert_int_equal(u.proof.used_ms, begun);
	w->now_ms++;
	assert_int_equal(who(w, auth, with_bearer(), &u), ERROR_UNAUTHORIZED);
	w->now_ms = begun;
	for (int day = 1; day < 7; day++) {
		w->now_ms = begun + day * (DAY - 1);
		change(w, TOUCH, TOKEN_A, "");
		assert_int_equal(who(w, auth, with_bearer(), &u), ERROR_NONE);
	}
	w->now_ms = begun + WEEK - MINUTE;
	change(w, TOUCH, TOKEN_A, "");
	w->now_ms = begun + WEEK - 1;
	assert_int_equal(who(w, auth, with_bearer(), &u), ERROR_NONE);
	w->now_ms++;
	assert_int_equal(who(w, auth, with_bearer(), &u), ERROR_UNAUTHORIZED);
	auth_free(auth);
}

/* The user sends a message with the proof with which they came. */
static enum error
send_with(struct world *w, struct user *u)
{
	w->send = (struct chat_send){.user = u,
	    .escrow_id = SPAN("42"),
	    .content = SPAN("hi"),
	    .now_ms = w->now_ms++,
	    .mono_us = w->mono_us};
	enum store_err err = store_write(w->st, world_run_send, w);

	buf_clear(&w->send.message);
	return world_answer(err, w->send.err);
}

static int
log_rows(struct world *w, const char *topic)
{
	int n = 0;

	for (const char *at = world_log(w, 0); (at = strstr(at, topic)); at++)
		n++;
	return n;
}

static void
an_ended_token_is_void_inside_a_write_too(void **state)
{
	struct world *w = *state;
	struct auth *auth = wallet_auth(PAGE);
	struct user a, b;

	world_put(w, "42", "alice client");
	change(w, GIVE, TOKEN_A, "alice");
	change(w, GIVE, TOKEN_B, "alice");
	assert_int_equal(who(w, auth, with_bearer(), &a), ERROR_NONE);
	assert_int_equal(
	    who(w, auth, (struct auth_request){.token = SPAN(TOKEN_B)}, &b), ERROR_NONE);
	assert_int_equal(send_with(w, &a), ERROR_NONE);
	change(w, END_TOKEN, TOKEN_A, "alice");
	assert_int_equal(send_with(w, &a), ERROR_UNAUTHORIZED);
	assert_int_equal(send_with(w, &b), ERROR_NONE);
	assert_int_equal(who(w, auth, with_bearer(), &a), ERROR_UNAUTHORIZED);
	assert_int_equal(log_rows(w, "session:"), 1);
	change(w, END_TOKEN, TOKEN_A, "alice");
	assert_int_equal(log_rows(w, "session:"), 1);
	auth_free(auth);
}

static void
all_tokens_of_a_wallet_end_at_once_and_later_ones_are_good(void **state)
{
	struct world *w = *state;
	struct auth *auth = wallet_auth(PAGE);
	struct user a, unknown, later;

	world_put(w, "42", "alice client");
	change(w, GIVE, TOKEN_A, "alice");
	assert_int_equal(who(w, auth, with_bearer(), &a), ERROR_NONE);
	unknown = later = a;
	unknown.proof.issued_ms = 0; /* a platform's token that does not say */
	later.proof.issued_ms = w->now_ms + 1;
	change(w, END_WALLET, "", "alice");
	assert_int_equal(send_with(w, &a), ERROR_UNAUTHORIZED);
	assert_int_equal(send_with(w, &unknown), ERROR_UNAUTHORIZED);
	assert_int_equal(send_with(w, &later), ERROR_NONE);
	assert_int_equal(who(w, auth, with_bearer(), &a), ERROR_UNAUTHORIZED);
	assert_int_equal(log_rows(w, "sessions:"), 1);
	w->now_ms += MINUTE;
	change(w, END_WALLET, "", "alice");
	assert_int_equal(log_rows(w, "sessions:"), 2);
	assert_int_equal(send_with(w, &later), ERROR_UNAUTHORIZED);
	auth_free(auth);
}

#define MANY 10050

static bool
run_many(struct store *st, void *arg)
{
	struct world *w = arg;
	char hash[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(hash, sizeof(hash), "%08d", i);
		token_row_insert(
		    st, span_of(hash), SPAN("alice"), SPAN("alice"), w->now_ms, w->now_ms + WEEK);
	}
	return true;
}

static void
on_one_of_many(const char *hash, const struct token_row *t, void *arg)
{
	++*(int *)arg;
}

struct counting {
	int64_t now_ms;
	int n;
};

static void
run_count(struct store *st, void *arg)
{
	struct counting *c = arg;

	c->n = 0;
	token_rows_each(st, SPAN(""), c->now_ms, on_one_of_many, &c->n);
}

/* The list is whole, so that a user who wants to end one of their tokens finds it. */
static void
a_list_of_tokens_is_whole(void **state)
{
	struct world *w = *state;
	struct counting c = {.now_ms = w->now_ms};

	assert_int_equal(store_write(w->st, run_many, w), STORE_OK);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_count, &c), STORE_OK);
	assert_int_equal(c.n, MANY);
}

static void
without_a_database_nobody_is_known(void **state)
{
	struct auth *auth = wallet_auth(PAGE);
	struct auth_request r = with_bearer();
	struct user u;

	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_UNAVAILABLE);
	auth_free(auth);
}

static void
what_the_store_cannot_tell_is_refused(void **state)
{
	struct world *w = *state;
	struct auth *auth = wallet_auth(PAGE);
	struct user u;
	int failed = 0;

	world_put(w, "42", "alice client");
	change(w, GIVE, TOKEN_A, "alice");
	for (int nth = 1; nth < 20; nth++) {
		store_fail_at(w->st, nth, STORE_BROKEN);
		enum error err = who(w, auth, with_bearer(), &u);
		store_fail_at(w->st, 0, STORE_OK);
		if (err == ERROR_NONE)
			break;
		assert_int_equal(err, ERROR_UNAVAILABLE);
		failed++;
	}
	assert_in_range(failed, 3, 10);
	auth_free(auth);
}

/* ---- signing in, by the clock ---- */

static void
run_challenge(struct store *st, void *arg)
{
	signin_challenge(st, arg);
}

static bool
run_key(struct store *st, void *arg)
{
	signin_key(st);
	return true;
}

static void
run_verify(struct store *st, void *arg)
{
	signin_verify(st, arg);
}

static bool
run_commit(struct store *st, void *arg)
{
	return signin_commit(st, arg);
}

#define SIGNER "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"

static void
a_challenge_needs_a_key_which_is_made_once(void **state)
{
	struct world *w = *state;
	struct signin_challenge c = {
	    .in = {.wallet = SPAN(SIGNER), .origin = SPAN(PAGE), .now_ms = w->now_ms}};
	char first[80], second[80];

	assert_int_equal(store_read(w->st, PATIENT_MS, run_challenge, &c), STORE_OK);
	assert_true(c.lacks_key);
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_write(w->st, run_key, NULL), STORE_OK);
	assert_int_equal(store_read(w->st, PATIENT_MS, run_challenge, &c), STORE_OK);
	assert_false(c.lacks_key);
	assert_int_equal(c.in.err, ERROR_NONE);
	assert_int_equal(c.in.expires_ms, w->now_ms + 5 * MINUTE);
	memcpy(first, c.text.p, sizeof(first));
	assert_int_equal(store_read(w->st, PATIENT_MS, run_challenge, &c), STORE_OK);
	memcpy(second, c.text.p, sizeof(second));
	assert_memory_equal(first, second, sizeof(first));
	buf_clear(&c.text);
}

/* The text is checked before the signature: only a bad signature over a text in time tells the two
 * errors apart here. */
static void
a_challenge_that_has_expired_is_refused(void **state)
{
	struct world *w = *state;
	struct recover *r = recover_new();
	struct signin in = {.wallet = SPAN(SIGNER), .origin = SPAN(PAGE), .now_ms = w->now_ms};
	struct signin_challenge c = {.in = in};
	struct signin_verify v = {.in = in, .recover = r, .signature = SPAN("0x")};

	store_write(w->st, run_key, NULL);
	store_read(w->st, PATIENT_MS, run_challenge, &c);
	v.text = buf_as_span(&c.text);
	v.in.now_ms = w->now_ms + 5 * MINUTE - 1;
	store_read(w->st, PATIENT_MS, run_verify, &v);
	assert_int_equal(v.in.err, ERROR_BAD_REQUEST);
	v.in.now_ms++;
	store_read(w->st, PATIENT_MS, run_verify, &v);
	assert_int_equal(v.in.err, ERROR_UNAUTHORIZED);
	buf_clear(&c.text);
	recover_free(r);
}

static void
a_nonce_is_used_once_and_a_token_is_newer_than_every_end(void **state)
{
	struct world *w = *state;
	struct auth *auth = wallet_auth(PAGE);
	struct signin_verify v = {.in = {.now_ms = w->now_ms},
	    .nonce = "n",
	    .lifetime_ms = WEEK,
	    .user = world_user("alice")};
	char first[TOKEN_SIZE];
	struct user u;

	v.challenge_expires_ms = w->now_ms + MINUTE;
	change(w, END_WALLET, "", "alice");
	assert_int_equal(store_write(w->st, run_commit, &v), STORE_OK);
	memcpy(first, v.token, sizeof(first));
	assert_int_equal(
	    who(w, auth, (struct auth_request){.token = span_of(v.token)}, &u), ERROR_NONE);
	assert_int_equal(store_write(w->st, run_commit, &v), STORE_REFUSED);
	assert_int_equal(v.in.err, ERROR_UNAUTHORIZED);
	/* When the challenge has expired, its nonce may be forgotten: the challenge itself names
	 * its time. */
	w->now_ms += MINUTE;
	change(w, SWEEP, "", "");
	assert_int_equal(store_write(w->st, run_commit, &v), STORE_OK);
	assert_string_not_equal(first, v.token);
	auth_free(auth);
}

/* ---- the platform's clock ---- */

struct ahead {
	int64_t shown_ms, now_ms; /* shown 0: only looks */
	int64_t known_ms;
};

static bool
run_ahead(struct store *st, void *arg)
{
	struct ahead *a = arg;

	token_use(st, &(struct proof){.hash = "h", .ahead_ms = a->shown_ms}, a->now_ms);
	a->known_ms = token_ahead(st, a->now_ms);
	return true;
}

static int64_t
ahead(struct world *w, int64_t shown_ms)
{
	struct ahead a = {shown_ms, w->now_ms, 0};

	assert_int_equal(store_write(w->st, run_ahead, &a), STORE_OK);
	return a.known_ms;
}

static void
a_clock_is_as_far_ahead_as_tokens_of_the_last_day_have_shown(void **state)
{
	struct world *w = *state;

	assert_int_equal(ahead(w, 0), 0);
	assert_int_equal(ahead(w, 5000), 5000);
	assert_int_equal(ahead(w, 30000), 30000);
	assert_int_equal(ahead(w, 20000), 30000);
	w->now_ms += DAY - MINUTE - 1;
	assert_int_equal(ahead(w, 20000), 30000);
	w->now_ms++; /* what would be forgotten before this token's iat has come */
	assert_int_equal(ahead(w, 20000), 20000);
	w->now_ms += DAY - 1;
	assert_int_equal(ahead(w, 0), 20000);
	w->now_ms++;
	assert_int_equal(ahead(w, 0), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_token_stands_where_it_may_and_nowhere_else),
	    TEST(pages_of_this_machine_alone_have_a_plain_cookie),
	    TEST(a_token_lasts_a_week_and_a_day_unused),
	    TEST(an_ended_token_is_void_inside_a_write_too),
	    TEST(a_list_of_tokens_is_whole),
	    TEST(all_tokens_of_a_wallet_end_at_once_and_later_ones_are_good),
	    TEST(without_a_database_nobody_is_known),
	    TEST(what_the_store_cannot_tell_is_refused),
	    TEST(a_challenge_needs_a_key_which_is_made_once),
	    TEST(a_challenge_that_has_expired_is_refused),
	    TEST(a_nonce_is_used_once_and_a_token_is_newer_than_every_end),
	    TEST(a_clock_is_as_far_ahead_as_tokens_of_the_last_day_have_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
