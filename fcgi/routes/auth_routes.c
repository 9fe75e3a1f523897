/* SPDX-License-Identifier: ISC */
/*
 * auth_routes.c - signing in and out: challenges, tokens, the cookie, and the end of tokens.
 */
#include "base/clock.h"
#include "fcgi/routes.h"
#include "identity/jwt.h"
#include "identity/signin.h"
#include "identity/tokens.h"

/* ---- signing in ---- */

/* Reads the parts of the request that both steps of signing in need. False: refused. */
static bool
begin(struct exchange *c, struct signin *in)
{
	const struct auth *auth = c->rest->auth;
	enum error err = auth_conditions(auth, &c->request->auth);
	int has_wallet;

	c->reply->no_store = true;
	if (err != ERROR_NONE) {
		exchange_refuse(c, err, NULL);
		return false;
	}
	if (!auth_recover(auth)) {
		exchange_refuse(
		    c, ERROR_CONFLICT, "Nobody signs in here: identity comes from elsewhere.");
		return false;
	}
	has_wallet = exchange_string(c, "walletAddress", &in->wallet);
	if (has_wallet == 0)
		exchange_refuse(c, ERROR_BAD_REQUEST, "walletAddress: a string is needed.");
	in->origin = auth_page(auth, &c->request->auth);
	in->chain_id = c->rest->config->chain_id;
	in->now_ms = clock_wall_ms();
	return has_wallet == 1;
}

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

void
auth_post_challenge(struct exchange *c)
{
	struct signin_challenge j = {0};
	struct buf *b;

	if (!begin(c, &j.in) || !exchange_read(c, run_challenge, &j))
		return;
	if (j.lacks_key &&
	    (!exchange_write(c, run_key, NULL) || !exchange_read(c, run_challenge, &j)))
		return;
	if (j.in.err != ERROR_NONE) {
		exchange_refuse(c, j.in.err, j.in.why);
	} else {
		b = reply_open(c->reply, 200);
		json_member_string(b, "message", buf_as_span(&j.text));
		json_member_time(b, "expiresAt", j.in.expires_ms);
		reply_close(c->reply);
	}
	buf_clear(&j.text);
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

/* Sign-ins are counted by address and never by wallet, so nobody can keep a user out. */
struct knock {
	struct span address;
	int64_t rate, wait_ms;
};

static bool
run_knock(struct store *st, void *arg)
{
	struct knock *k = arg;

	k->wait_ms = signin_spend(st, k->address, k->rate, clock_mono_us());
	return k->wait_ms == 0;
}

/* False: refused. */
static bool
may_sign_in(struct exchange *c)
{
	const struct auth_request *a = &c->request->auth;
	struct knock k = {.rate = c->rest->config->sign_in_rate};
	char address[ADDRESS_SIZE];

	if (k.rate == 0 || !c->rest->proxies)
		return true;
	k.address = address_of_client(c->rest->proxies, a->peer, a->x_forwarded_for, address);
	if (k.address.n == 0)
		return true;
	if (!exchange_write(c, run_knock, &k))
		return false;
	if (k.wait_ms > 0) {
		c->reply->retry_after_s = (int)((k.wait_ms + 999) / 1000);
		exchange_refuse(c, ERROR_RATE_LIMITED, "Too many sign-ins from this address.");
	}
	return k.wait_ms == 0;
}

void
auth_post_verify(struct exchange *c)
{
	struct signin_verify j = {.recover = auth_recover(c->rest->auth),
	    .lifetime_ms = c->rest->config->token_lifetime_ms};
	int has_text, has_signature;
	struct buf *b;

	if (!begin(c, &j.in) || (has_text = exchange_string(c, "message", &j.text)) < 0 ||
	    (has_signature = exchange_string(c, "signature", &j.signature)) < 0)
		return;
	if (!has_text || !has_signature) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "message, signature: strings are needed.");
		return;
	}
	if (!may_sign_in(c) || !exchange_read(c, run_verify, &j) ||
	    (j.in.err == ERROR_NONE && !exchange_write(c, run_commit, &j)))
		return;
	if (j.in.err != ERROR_NONE) {
		exchange_refuse(c, j.in.err, j.in.why);
		return;
	}
	c->user = j.user;
	c->event = "sign_in";
	b = reply_open(c->reply, 200);
	json_member_cstr(b, "token", j.token);
	json_member_cstr(b, "walletAddress", j.user.name);
	json_member_time(b, "expiresAt", j.in.expires_ms);
	reply_close(c->reply);
}

/* ---- the cookie, and the end ---- */

/* The token of the request's own cookie does not count: it may be an older one, which the new
 * cookie replaces. */
void
auth_post_cookie(struct exchange *c)
{
	struct auth_request r = c->request->auth;
	const struct auth *auth = c->rest->auth;
	int64_t now_ms = clock_wall_ms();
	struct buf cookie = {0};
	enum error err;

	c->reply->no_store = true;
	r.cookie = (struct span){"", 0};
	err = auth_conditions(auth, &r);
	if (err == ERROR_NONE && !auth_has_tokens(auth))
		err = ERROR_CONFLICT;
	if (err == ERROR_NONE && auth_cors_origin(auth, &r).n == 0)
		err = ERROR_FORBIDDEN;
	if (err == ERROR_NONE)
		err = auth_user(auth, c->rest->store, &r, now_ms, &c->user);
	if (err == ERROR_NONE &&
	    !auth_cookie(auth, auth_token(auth, &r), c->user.proof.expires_ms - now_ms, &cookie))
		err = ERROR_BAD_REQUEST;
	if (err != ERROR_NONE) {
		exchange_refuse(c, err,
		    err == ERROR_BAD_REQUEST ? "The token is too long for a cookie." : NULL);
	} else {
		reply_header(c->reply, "Set-Cookie", buf_as_span(&cookie));
		json_member_time(reply_open(c->reply, 200), "expiresAt", c->user.proof.expires_ms);
		reply_close(c->reply);
	}
	buf_clear(&cookie);
}

struct end_job {
	struct user user;
	int64_t now_ms;
};

/* If the platform makes the tokens, nobody signs in here, so expired rows are swept here too. */
static bool
run_logout(struct store *st, void *arg)
{
	const struct end_job *j = arg;
	const struct user *u = &j->user;

	/* A token of the platform is accepted until JWT_SKEW_MS after its end; the row that ends it
	 * must last as long. */
	token_row_end(
	    st, span_of(u->proof.hash), span_of(u->key), u->proof.expires_ms + JWT_SKEW_MS);
	token_rows_sweep(st, j->now_ms);
	return true;
}

/* False: refused, because in this mode there is no token that could be ended. */
static bool
has_tokens(struct exchange *c)
{
	c->reply->no_store = true;
	if (!auth_has_tokens(c->rest->auth))
		exchange_refuse(
		    c, ERROR_CONFLICT, "There are no tokens here: identity comes from elsewhere.");
	return auth_has_tokens(c->rest->auth);
}

void
auth_post_logout(struct exchange *c)
{
	const struct auth *auth = c->rest->auth;
	struct end_job j = {c->user, clock_wall_ms()};
	struct buf cookie = {0};

	if (!has_tokens(c))
		return;
	if (!exchange_write(c, run_logout, &j))
		return;
	c->event = "sign_out";
	if (c->request->auth.cookie.n > 0 && auth_cookie(auth, (struct span){"", 0}, 0, &cookie))
		reply_header(c->reply, "Set-Cookie", buf_as_span(&cookie));
	reply_open(c->reply, 200);
	reply_close(c->reply);
	buf_clear(&cookie);
}

/* ---- the platform's side ---- */

static bool
run_revoke_wallet(struct store *st, void *arg)
{
	const struct end_job *j = arg;

	tokens_end(st, span_of(j->user.key), j->now_ms);
	return true;
}

/* Ends what the job names. False: the store failed. */
static bool
revoke(struct exchange *c, bool (*run)(struct store *, void *), struct end_job *j)
{
	if (!exchange_write(c, run, j))
		return false;
	c->event = "revoked";
	return true;
}

/* A token that has expired, or that nobody issued (expires_ms is 0), needs no end, and the audit
 * trail shows none. One that is not valid yet does: its time would come. */
static bool
revoke_token(struct exchange *c, struct span token, struct end_job *j)
{
	struct auth_request r = {.token = token};
	enum error err = auth_user(c->rest->auth, c->rest->store, &r, j->now_ms, &j->user);

	if (err != ERROR_NONE && err != ERROR_UNAUTHORIZED) {
		exchange_refuse(c, err, NULL);
		return false;
	}
	return j->user.proof.expires_ms <= j->now_ms || revoke(c, run_logout, j);
}

void
auth_post_revoke(struct exchange *c)
{
	struct end_job j = {.now_ms = clock_wall_ms()};
	struct span wallet, token;
	int has_wallet = exchange_string(c, "walletAddress", &wallet), has_token;

	c->reply->no_store = true;
	if (has_wallet < 0 || (has_token = exchange_string(c, "token", &token)) < 0)
		return;
	if (has_wallet + has_token != 1 || (has_wallet && !name_wallet(wallet, &j.user))) {
		exchange_refuse(
		    c, ERROR_BAD_REQUEST, "A walletAddress or a token is needed, and not both.");
		return;
	}
	if (!has_tokens(c))
		return;
	if (has_wallet ? !revoke(c, run_revoke_wallet, &j) : !revoke_token(c, token, &j))
		return;
	c->user = j.user; /* whose tokens they were, for the audit trail */
	reply_open(c->reply, 200);
	reply_close(c->reply);
}
