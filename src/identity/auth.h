/* SPDX-License-Identifier: ISC */
/*
 * auth.h - the only place that decides which user sent a request, and what a service key may do.
 * origin.h decides for it which Origin is allowed. The programs hand over the fields of the
 * request; nothing here reads a socket.
 */
#ifndef IDENTITY_AUTH_H
#define IDENTITY_AUTH_H

#include "config/config.h"
#include "contract/errors.h"
#include "contract/names.h"
#include "crypto/recover.h"
#include "identity/keys.h"

enum scope { SCOPE_PUBLISH = 1, SCOPE_ESCROWS = 2, SCOPE_STATS = 4, SCOPE_SESSIONS = 8 };

struct auth; /* keys and settings; threads may share it */

/* Loads the files of keys; the configuration is copied. NULL: err holds one line. */
struct auth *auth_new(const struct config *, struct buf *err);
void auth_free(struct auth *); /* NULL is fine */
/* Loads the files again while other threads use the keys. False: err says in one line which file is
 * wrong; the keys of that file stay as they were. */
bool auth_reload(const struct auth *, struct buf *err);

/* The fields of a request or handshake, borrowed. n 0: absent. */
struct auth_request {
	struct span peer; /* the peer's address as text; "" for a Unix socket */
	struct span host, origin;
	struct span x_forwarded_for, forwarded, x_real_ip;
	/* X-Wallet-Address, walletAddress= or Socket.IO's auth.walletAddress */
	struct span claimed_wallet;
	struct span service_key; /* X-Service-Key */
	/* A token may be in each of these, as they came: Authorization, Sec-WebSocket-Protocol
	 * (bearer.TOKEN), Socket.IO's auth.token, Cookie. */
	struct span authorization, protocols, token, cookie;
	struct span sec_fetch_site;
	struct span remote_user; /* the user whom the web server names (auth = proxy) */
	bool is_secure;          /* the request came by https, as the web server says */
	bool is_browser_write;   /* a WebSocket handshake or a writing request */
};

/* Sets claimed_wallet from the header X-Wallet-Address and from the parameter walletAddress= of the
 * query, which is there n_queries times; an empty value counts as absent. ERROR_BAD_REQUEST: the
 * parameter is there twice. ERROR_WALLET_MISMATCH: header and parameter name different wallets. */
enum error
auth_claim(struct auth_request *, struct span header, struct span query, size_t n_queries);

/* Checks the conditions that do not depend on the identity. ERROR_OPEN_IS_LOCAL: with auth = open,
 * Host is no loopback name, or an address in X-Forwarded-For, Forwarded or X-Real-IP, or the
 * peer's, is not loopback. ERROR_FORBIDDEN: the Origin of a browser's write is not allowed. */
enum error auth_conditions(const struct auth *, const struct auth_request *);

/* The origin for Access-Control-Allow-Origin: the request's own if it is allowed, else empty. */
struct span auth_cors_origin(const struct auth *, const struct auth_request *);

/* Finds the user who sent the request. If the mode has tokens, this is a read transaction of its
 * own; store NULL means that the database could not be opened. ERROR_UNAUTHORIZED: the credential
 * is absent, invalid, ended or ambiguous. ERROR_WALLET_MISMATCH: another wallet is claimed.
 * ERROR_FORBIDDEN: a cookie came where cookies do not count. ERROR_UNAVAILABLE: the store
 * failed. */
enum error auth_user(const struct auth *, struct store *, const struct auth_request *,
    int64_t now_ms, struct user *out);

/* True if the mode has tokens and the request has a token, valid or not, or several that differ. */
bool auth_has_token(const struct auth *, const struct auth_request *);

/* ERROR_NONE if the service key has the scope. ERROR_UNAUTHORIZED: there is no key, or it is
 * unknown. ERROR_FORBIDDEN: the key lacks the scope, or the request has an Origin. name (may be
 * NULL) gets the key's name for log lines; "" if the key is unknown or was not looked up. */
enum error auth_service(
    const struct auth *, const struct auth_request *, enum scope, char name[KEY_NAME_SIZE]);

struct auth_listener {
	bool is_loopback; /* or a Unix socket */
	bool is_identity; /* a client of this listener is believed which user it names */
};
/* NULL: the mode may be served there. Else the reason, static: auth = open needs loopback or a Unix
 * socket; auth = proxy needs a listener with identity, and no other mode may have one. */
const char *auth_listener_refusal(const struct auth *, struct auth_listener);
/* The name of the header that names the user (auth = proxy), borrowed. NULL: another mode. */
const char *auth_identity_header(const struct auth *);

/* ---- signing in ---- */

/* The context for wallet_check, borrowed; NULL in all modes but auth = wallet. */
const struct recover *auth_recover(const struct auth *);

/* The origin that stands in the signed text: the request's Origin if it is configured, else the
 * first configured one, else http://localhost. The request's Host is never used: otherwise the page
 * of a foreign host could sign in as its visitors. */
struct span auth_page(const struct auth *, const struct auth_request *);

/* The request's token, unverified, borrowed from the request. n 0: there is none, or several that
 * differ, or one that is malformed. */
struct span auth_token(const struct auth *, const struct auth_request *);

/* True if that token came only in the cookie. */
bool auth_is_by_cookie(const struct auth *, const struct auth_request *);

/* Appends the value of Set-Cookie (RFC 6265) for a token; token n 0 deletes the cookie. False: the
 * token has other characters than a token may have, or is too long for a cookie. */
bool auth_cookie(const struct auth *, struct span token, int64_t lasts_ms, struct buf *out);

/* True if users prove their identity with tokens, ours (auth = wallet) or the platform's (jwt). */
bool auth_has_tokens(const struct auth *);

/* True if the token itself names the wallet, so that clients need not name it (auth = jwt). */
bool auth_is_wallet_in_token(const struct auth *);

/* The mode's name as in the configuration; static. */
const char *auth_name(const struct auth *);

/* True in auth = open. */
bool auth_is_open(const struct auth *);

#endif
