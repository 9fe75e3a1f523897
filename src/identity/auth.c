/* SPDX-License-Identifier: ISC */
/*
 * auth.c - the only place that decides which user sent a request, and what a service key may do.
 * Each mode of authentication is one row of a table: its conditions and its verifier.
 */
#include "identity/auth.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/keccak.h"
#include "identity/keyring.h"
#include "identity/local.h"
#include "identity/origin.h"
#include "identity/tokens.h"
#include "proto/http.h"
#include "proto/url.h"

#define READ_MS    100
#define TOKEN_MAX  4096 /* bytes */
#define COOKIE_MAX 4000 /* bytes of its value: browsers drop a larger one */

struct evidence {
	const struct auth_request *request;
	struct span token; /* if the mode has_tokens; out->proof.hash is its hash */
	int64_t now_ms;
};

struct auth_mode {
	enum config_auth mode;
	const char *name;
	bool is_local;    /* serves loopback only */
	bool has_tokens;  /* it verifies in a read transaction; other modes get no store */
	bool is_named;    /* the web server names the user */
	bool is_in_token; /* the token alone says who the user is: no wallet needs to be claimed */
	/* Fills *out: key and name by name_wallet, and the known members of proof. */
	enum error (*verify)(
	    const struct auth *, struct store *, const struct evidence *, struct user *out);
};

struct auth {
	const struct auth_mode *mode;
	struct keyring *ring;
	char *identity_header; /* NULL: the mode has none */
	int64_t token_idle_ms;
	struct recover *recover; /* NULL: nobody signs in */
	const char *cookie;      /* its name */
	bool is_cookie_secure;
	struct origin_list origins;
};

/* auth = open: believes the claimed wallet. */
static enum error
verify_claim(const struct auth *auth, struct store *st, const struct evidence *e, struct user *out)
{
	return name_wallet(e->request->claimed_wallet, out) ? ERROR_NONE : ERROR_UNAUTHORIZED;
}

/* auth = wallet: a token of ours, made for a signature. */
static enum error
verify_token(const struct auth *auth, struct store *st, const struct evidence *e, struct user *out)
{
	return token_verify(st, auth->token_idle_ms, e->now_ms, out);
}

/* auth = jwt: a token of the platform. The hash is that of the signed part, since some signatures
 * can be spelt in more than one way. */
static enum error
verify_jwt(const struct auth *auth, struct store *st, const struct evidence *e, struct user *out)
{
	struct jwt_claims claims = {0};
	int64_t expires_ms;
	const char *why = keyring_verify(auth->ring, e->token, e->now_ms, &claims);

	if (why)
		log_info("jwt: refused: %s", why);
	if (why && !claims.is_early)
		return ERROR_UNAUTHORIZED;
	*out = claims.user;
	out->proof.issued_ms = claims.issued_ms;
	if (!why && token_is_news(st, claims.issued_ms - e->now_ms, e->now_ms))
		out->proof.ahead_ms = claims.issued_ms - e->now_ms;
	/* A connection ends when its token expires. If the token was accepted within the skew after
	 * that, the connection ends with the skew. */
	expires_ms = claims.until_ms - JWT_SKEW_MS;
	out->proof.expires_ms = e->now_ms < expires_ms ? expires_ms : claims.until_ms;
	token_hash(out->proof.hash, claims.signed_part);
	return why ? ERROR_UNAUTHORIZED : ERROR_NONE;
}

/* auth = proxy: the user whom the web server names, on a listener that only it can reach. */
static enum error
verify_named(const struct auth *auth, struct store *st, const struct evidence *e, struct user *out)
{
	return name_wallet(e->request->remote_user, out) ? ERROR_NONE : ERROR_UNAUTHORIZED;
}

static const struct auth_mode modes[] = {
    {AUTH_OPEN, "open", .is_local = true, .verify = verify_claim},
    {AUTH_WALLET, "wallet", .has_tokens = true, .verify = verify_token},
    {AUTH_JWT, "jwt", .has_tokens = true, .is_in_token = true, .verify = verify_jwt},
    {AUTH_PROXY, "proxy", .is_named = true, .verify = verify_named},
};

/* True if every page is on this machine and comes by http. Then a cookie cannot be Secure, and so
 * cannot have the prefix __Host-, which demands it. */
static bool
is_plain_local(const struct config *c)
{
	for (size_t i = 0; i < c->frontend_url.n; i++) {
		struct url_origin o;

		if (!url_origin_parse(&o, span_of(c->frontend_url.v[i])) ||
		    !span_eq_nocase(o.scheme, SPAN("http")) || !url_host_is_loopback(o.host))
			return false;
	}
	return c->frontend_url.n > 0;
}

struct auth *
auth_new(const struct config *c, struct buf *err)
{
	const struct auth_mode *mode = NULL;
	struct keyring *ring;
	struct auth *auth;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (modes[i].mode == c->auth)
			mode = &modes[i];
	}
	if (!mode) {
		buf_str(err, "auth: wallet, open, jwt and proxy are accepted");
		return NULL;
	}
	if (c->auth == AUTH_WALLET && !keccak_works()) {
		buf_str(err, "auth: libnettle's Keccak gives wrong results");
		return NULL;
	}
	if (!(ring = keyring_new(c, err)))
		return NULL;
	auth = mem_zalloc(sizeof(*auth));
	auth->mode = mode;
	auth->ring = ring;
	auth->identity_header = mode->is_named ? mem_strdup(c->proxy_header) : NULL;
	auth->token_idle_ms = c->token_idle_ms;
	auth->is_cookie_secure = !is_plain_local(c);
	auth->cookie = auth->is_cookie_secure ? "__Host-escrowchat" : "escrowchat";
	if (c->auth == AUTH_WALLET)
		auth->recover = recover_new();
	origin_list_init(&auth->origins, &c->frontend_url);
	return auth;
}

void
auth_free(struct auth *auth)
{
	if (!auth)
		return;
	origin_list_clear(&auth->origins);
	keyring_free(auth->ring);
	free(auth->identity_header);
	recover_free(auth->recover);
	free(auth);
}

bool
auth_reload(const struct auth *auth, struct buf *err)
{
	return keyring_reload(auth->ring, err);
}

/* Host is checked too, since a foreign page whose name resolves to loopback reaches us through its
 * visitor's browser (DNS rebinding). The addresses that proxies name show whether the client behind
 * a loopback peer is on this machine. */
static bool
is_local_request(const struct auth_request *r)
{
	return local_host(r->host) && (r->peer.n == 0 || local_address(r->peer)) &&
	       (r->x_forwarded_for.n == 0 || local_list(r->x_forwarded_for)) &&
	       (r->forwarded.n == 0 || local_forwarded(r->forwarded)) &&
	       (r->x_real_ip.n == 0 || local_list(r->x_real_ip));
}

enum error
auth_claim(struct auth_request *r, struct span header, struct span query, size_t n_queries)
{
	if (n_queries > 1)
		return ERROR_BAD_REQUEST;
	r->claimed_wallet = query.n > 0 ? query : header;
	return header.n == 0 || name_is_same_wallet(header, r->claimed_wallet)
		   ? ERROR_NONE
		   : ERROR_WALLET_MISMATCH;
}

enum error
auth_conditions(const struct auth *auth, const struct auth_request *r)
{
	if (auth->mode->is_local && !is_local_request(r))
		return ERROR_OPEN_IS_LOCAL;
	if (r->is_browser_write && r->origin.n > 0 && !origin_is_allowed(&auth->origins, r))
		return ERROR_FORBIDDEN;
	return ERROR_NONE;
}

struct span
auth_cors_origin(const struct auth *auth, const struct auth_request *r)
{
	return origin_is_allowed(&auth->origins, r) ? r->origin : (struct span){"", 0};
}

/* ---- the token of a request ---- */

struct credential {
	struct span token; /* n 0: none */
	bool is_cookie;    /* it came only in the cookie */
};

/* Adds the token of one more place. False: it is empty, too long, or differs from the first one. */
static bool
add_token(struct credential *c, struct span token, bool is_cookie)
{
	if (token.n == 0 || token.n > TOKEN_MAX)
		return false;
	if (c->token.n > 0)
		return span_eq(c->token, token);
	*c = (struct credential){token, is_cookie};
	return true;
}

static bool
add_authorization(struct credential *c, struct span header)
{
	struct span rest = header, scheme = span_cut(&rest, ' ');

	return rest.p != NULL && span_eq_nocase(scheme, SPAN("Bearer")) &&
	       add_token(c, span_trim(rest), false);
}

/* Sec-WebSocket-Protocol is the only header that a page can set for a WebSocket. */
static bool
add_protocols(struct credential *c, struct span list)
{
	static const struct span prefix = {"bearer.", 7};

	while (list.p != NULL) {
		struct span one = span_trim(span_cut(&list, ','));

		if (one.n >= prefix.n && memcmp(one.p, prefix.p, prefix.n) == 0 &&
		    !add_token(c, (struct span){one.p + prefix.n, one.n - prefix.n}, false))
			return false;
	}
	return true;
}

/* All places must have the same token: a bad explicit token never falls back to the cookie, and if
 * there are two cookies, one is foreign. */
static bool
find_credential(const struct auth *auth, const struct auth_request *r, struct credential *out)
{
	struct span cookie = {"", 0};
	size_t n_cookies = http_cookie(r->cookie, auth->cookie, &cookie);

	*out = (struct credential){{"", 0}, false};
	return (r->authorization.n == 0 || add_authorization(out, r->authorization)) &&
	       add_protocols(out, r->protocols) &&
	       (r->token.n == 0 || add_token(out, r->token, false)) &&
	       (n_cookies == 0 || (n_cookies == 1 && add_token(out, cookie, true)));
}

bool
auth_has_token(const struct auth *auth, const struct auth_request *r)
{
	struct credential c;

	return auth->mode->has_tokens && (!find_credential(auth, r, &c) || c.token.n > 0);
}

/* Browsers add the cookie to requests of foreign pages too. So a write needs an allowed Origin, and
 * no request may come from another site. */
static bool
may_use_cookie(const struct auth *auth, const struct auth_request *r)
{
	return (!r->is_browser_write || origin_is_allowed(&auth->origins, r)) &&
	       !span_eq_nocase(r->sec_fetch_site, SPAN("cross-site"));
}

struct span
auth_token(const struct auth *auth, const struct auth_request *r)
{
	struct credential c;

	return find_credential(auth, r, &c) ? c.token : (struct span){"", 0};
}

bool
auth_is_by_cookie(const struct auth *auth, const struct auth_request *r)
{
	struct credential c;

	return auth->mode->has_tokens && find_credential(auth, r, &c) && c.is_cookie;
}

/* The characters of tokens; all of them are safe in a cookie. */
static bool
is_cookie_value(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_' && c != '.')
			return false;
	}
	return s.n <= COOKIE_MAX;
}

bool
auth_cookie(const struct auth *auth, struct span token, int64_t lasts_ms, struct buf *out)
{
	if (!is_cookie_value(token))
		return false;
	buf_printf(out, "%s=%.*s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Strict%s",
	    auth->cookie, (int)token.n, token.p, token.n > 0 && lasts_ms > 0 ? lasts_ms / 1000 : 0,
	    auth->is_cookie_secure ? "; Secure" : "");
	return true;
}

const struct recover *
auth_recover(const struct auth *auth)
{
	return auth->recover;
}

struct span
auth_page(const struct auth *auth, const struct auth_request *r)
{
	return origin_page(&auth->origins, r);
}

/* ---- the user ---- */

struct verification {
	const struct auth *auth;
	struct evidence evidence;
	struct user *out;
	enum error err;
};

static void
run_verify(struct store *st, void *arg)
{
	struct verification *v = arg;

	v->err = v->auth->mode->verify(v->auth, st, &v->evidence, v->out);
	if (v->err == ERROR_NONE && !user_stands(st, v->out))
		v->err = ERROR_UNAUTHORIZED;
}

static enum error
verify_with_token(const struct auth *auth, struct store *st, const struct auth_request *r,
    int64_t now_ms, struct user *out)
{
	struct verification v = {.auth = auth, .evidence = {.request = r, .now_ms = now_ms}};
	struct credential c;

	if (!find_credential(auth, r, &c) || c.token.n == 0)
		return ERROR_UNAUTHORIZED;
	if (c.is_cookie && !may_use_cookie(auth, r))
		return ERROR_FORBIDDEN;
	v.out = out;
	v.evidence.token = c.token;
	out->proof = (struct proof){0};
	token_hash(out->proof.hash, c.token);
	if (!st || store_read(st, READ_MS, run_verify, &v) != STORE_OK)
		return ERROR_UNAVAILABLE;
	return v.err;
}

/* A wallet that is claimed beside the credential must be the same one; its spelling becomes the
 * user's name. */
static enum error
check_claim(const struct auth_request *r, struct user *out)
{
	struct user claimed;

	if (r->claimed_wallet.n == 0)
		return ERROR_NONE;
	if (!name_wallet(r->claimed_wallet, &claimed) || strcmp(claimed.key, out->key) != 0)
		return ERROR_WALLET_MISMATCH;
	memcpy(out->name, claimed.name, sizeof(out->name));
	return ERROR_NONE;
}

enum error
auth_user(const struct auth *auth, struct store *st, const struct auth_request *r, int64_t now_ms,
    struct user *out)
{
	struct evidence e = {.request = r, .now_ms = now_ms};
	enum error err;

	*out = (struct user){0};
	err = auth->mode->has_tokens ? verify_with_token(auth, st, r, now_ms, out)
				     : auth->mode->verify(auth, NULL, &e, out);
	return err == ERROR_NONE ? check_claim(r, out) : err;
}

enum error
auth_service(const struct auth *auth, const struct auth_request *r, enum scope scope,
    char name[KEY_NAME_SIZE])
{
	unsigned scopes;

	if (name)
		name[0] = '\0';
	if (r->service_key.n == 0)
		return ERROR_UNAUTHORIZED;
	if (r->origin.n > 0)
		return ERROR_FORBIDDEN;
	scopes = keyring_scopes(auth->ring, r->service_key, name);
	if (scopes == 0)
		return ERROR_UNAUTHORIZED;
	return scopes & scope ? ERROR_NONE : ERROR_FORBIDDEN;
}

const char *
auth_listener_refusal(const struct auth *auth, struct auth_listener l)
{
	if (auth->mode->is_local && !l.is_loopback)
		return "auth = open listens on loopback addresses and Unix sockets only";
	if (auth->mode->is_named && !l.is_identity)
		return "auth = proxy listens on Unix sockets alone, given as unix:PATH identity";
	if (!auth->mode->is_named && l.is_identity)
		return "a listener with identity goes with auth = proxy only";
	return NULL;
}

const char *
auth_identity_header(const struct auth *auth)
{
	return auth->identity_header;
}

bool
auth_has_tokens(const struct auth *auth)
{
	return auth->mode->has_tokens;
}

bool
auth_is_wallet_in_token(const struct auth *auth)
{
	return auth->mode->is_in_token;
}

const char *
auth_name(const struct auth *auth)
{
	return auth->mode->name;
}

bool
auth_is_open(const struct auth *auth)
{
	return auth->mode->is_local;
}
