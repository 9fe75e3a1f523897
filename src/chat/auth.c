/* SPDX-License-Identifier: ISC */
/*
 * auth.c - the one place where identities come in: who is asking, and what a service key may do.
 * Each mode of authentication is one row of a table: what it demands, and its one verifier.
 */
#include "chat/auth.h"

#include <stdlib.h>

#include "base/mem.h"
#include "chat/keys.h"
#include "chat/local.h"

struct auth_mode {
	enum config_auth mode;
	bool is_local; /* serves loopback only */
	enum chat_err (*verify)(const struct auth *, const struct auth_request *, struct user *out);
};

struct auth {
	const struct auth_mode *mode;
	struct keys *keys; /* NULL: none */
	char **origins;
	size_t n_origins;
};

/* auth = open: believes what is claimed. */
static enum chat_err
verify_claim(const struct auth *auth, const struct auth_request *r, struct user *out)
{
	return name_wallet(r->claimed_wallet, out) ? CHAT_OK : CHAT_UNAUTHORIZED;
}

static const struct auth_mode modes[] = {
    {AUTH_OPEN, true, verify_claim},
};

struct auth *
auth_new(const struct config *c, struct buf *err)
{
	const struct auth_mode *mode = NULL;
	struct keys *keys = NULL;
	struct auth *auth;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (modes[i].mode == c->auth)
			mode = &modes[i];
	}
	if (!mode) {
		buf_str(err, "auth: open is accepted");
		return NULL;
	}
	if (c->service_keys && !(keys = keys_load(c->service_keys, err)))
		return NULL;
	auth = mem_zalloc(sizeof(*auth));
	auth->mode = mode;
	auth->keys = keys;
	auth->n_origins = c->frontend_url.n;
	auth->origins = mem_zalloc(auth->n_origins * sizeof(*auth->origins));
	for (size_t i = 0; i < auth->n_origins; i++)
		auth->origins[i] = mem_strdup(c->frontend_url.v[i]);
	return auth;
}

void
auth_free(struct auth *auth)
{
	if (!auth)
		return;
	for (size_t i = 0; i < auth->n_origins; i++)
		free(auth->origins[i]);
	free(auth->origins);
	keys_free(auth->keys);
	free(auth);
}

/* Pages of the same origin, scheme://Host, whatever name they were reached by. */
static bool
is_own_origin(const struct auth_request *r)
{
	struct span scheme = r->is_secure ? SPAN("https://") : SPAN("http://");
	struct span o = r->origin;

	if (r->host.n == 0 || o.n != scheme.n + r->host.n)
		return false;
	return span_eq_nocase((struct span){o.p, scheme.n}, scheme) &&
	       span_eq_nocase((struct span){o.p + scheme.n, r->host.n}, r->host);
}

/* "null" is what sandboxed frames and files send: nobody's origin, even if it is configured. */
static bool
is_origin_allowed(const struct auth *auth, const struct auth_request *r)
{
	if (r->origin.n == 0 || span_eq_nocase(r->origin, SPAN("null")))
		return false;
	for (size_t i = 0; i < auth->n_origins; i++) {
		if (span_eq_nocase(r->origin, span_of(auth->origins[i])))
			return true;
	}
	return is_own_origin(r);
}

/* A foreign page whose name resolves to loopback reaches us through its visitor's browser, so Host
 * is checked too; the addresses that proxies name tell who is behind a loopback peer. */
static bool
is_local_request(const struct auth_request *r)
{
	return local_host(r->host) && (r->peer.n == 0 || local_address(r->peer)) &&
	       (r->x_forwarded_for.n == 0 || local_list(r->x_forwarded_for)) &&
	       (r->forwarded.n == 0 || local_forwarded(r->forwarded)) &&
	       (r->x_real_ip.n == 0 || local_list(r->x_real_ip));
}

enum chat_err
auth_conditions(const struct auth *auth, const struct auth_request *r)
{
	if (auth->mode->is_local && !is_local_request(r))
		return CHAT_OPEN_IS_LOCAL;
	if (r->is_browser_write && r->origin.n > 0 && !is_origin_allowed(auth, r))
		return CHAT_FORBIDDEN;
	return CHAT_OK;
}

struct span
auth_cors_origin(const struct auth *auth, const struct auth_request *r)
{
	return is_origin_allowed(auth, r) ? r->origin : (struct span){"", 0};
}

enum chat_err
auth_user(const struct auth *auth, const struct auth_request *r, struct user *out)
{
	return auth->mode->verify(auth, r, out);
}

enum chat_err
auth_service(
    const struct auth *auth, const struct auth_request *r, enum scope scope, const char **name)
{
	unsigned scopes;

	if (r->service_key.n == 0)
		return CHAT_UNAUTHORIZED;
	if (r->origin.n > 0)
		return CHAT_FORBIDDEN;
	scopes = keys_scopes(auth->keys, r->service_key, name);
	if (scopes == 0)
		return CHAT_UNAUTHORIZED;
	return scopes & scope ? CHAT_OK : CHAT_FORBIDDEN;
}

bool
auth_listener_allowed(const struct auth *auth, bool is_loopback)
{
	return is_loopback || !auth->mode->is_local;
}

bool
auth_is_open(const struct auth *auth)
{
	return auth->mode->is_local;
}
