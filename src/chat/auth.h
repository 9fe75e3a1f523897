/* SPDX-License-Identifier: ISC */
/*
 * auth.h - the one place where identities come in: who is asking, and what a service key may do.
 * The programs hand over what a request carries; nothing here reads a socket.
 */
#ifndef CHAT_AUTH_H
#define CHAT_AUTH_H

#include "base/config.h"
#include "base/recover.h"
#include "chat/chat.h"
#include "chat/keys.h"

enum scope { SCOPE_PUBLISH = 1, SCOPE_ESCROWS = 2, SCOPE_STATS = 4, SCOPE_SESSIONS = 8 };

struct auth; /* keys and settings; threads may share it */

/* Loads the files of keys. NULL: err holds one line. */
struct auth *auth_new(const struct config *, struct buf *err);
void auth_free(struct auth *);
/* Loads them again, while other threads go on. False: err says in one line which is wrong; its keys stay. */
bool auth_reload(const struct auth *, struct buf *err);

/* What a request or handshake carries. n 0: absent. */
struct auth_request {
	struct span peer; /* the peer's address as text; "" for a Unix socket */
	struct span host, origin;
	struct span x_forwarded_for, forwarded, x_real_ip;
	struct span
	    claimed_wallet; /* X-Wallet-Address, walletAddress= or Socket.IO's auth.walletAddress */
	struct span service_key; /* X-Service-Key */
	/* Where a token may be: Authorization, Sec-WebSocket-Protocol (bearer.TOKEN), Socket.IO's auth.token, Cookie; as they came. */
	struct span authorization, protocols, token, cookie;
	struct span sec_fetch_site;
	struct span remote_user; /* whom the web server vouches for (auth = proxy) */
	bool is_secure;          /* the request came by https, as the web server says */
	bool is_browser_write;   /* a WebSocket handshake or a writing request */
};

/* What a request claims to be, by the header X-Wallet-Address and n_queries times by the query (one of them; an empty one is none), into
 * its claimed_wallet. CHAT_BAD_REQUEST: the query says it twice; CHAT_WALLET_MISMATCH: the two name different ones. */
enum chat_err
auth_claim(struct auth_request *, struct span header, struct span query, size_t n_queries);

/* Every condition of the mode that does not depend on the identity: in auth = open, that Host is a loopback name and every address in
 * X-Forwarded-For, Forwarded, X-Real-IP and the peer's is loopback (CHAT_OPEN_IS_LOCAL); an Origin that is not allowed (CHAT_FORBIDDEN). */
enum chat_err auth_conditions(const struct auth *, const struct auth_request *);

/* The Origin to name in CORS answers: the request's own if allowed, else empty. */
struct span auth_cors_origin(const struct auth *, const struct auth_request *);

/* Who asks: by the mode's one verifier, in a read transaction of its own where that needs the store (NULL: it could not be opened).
 * CHAT_UNAUTHORIZED: nothing given, not valid, ended, or ambiguous; CHAT_WALLET_MISMATCH: another wallet is claimed; CHAT_FORBIDDEN: a
 * cookie where it does not count; CHAT_UNAVAILABLE. */
enum chat_err auth_user(const struct auth *, struct store *, const struct auth_request *,
    int64_t now_ms, struct user *out);

/* True if the mode has tokens and something came with the request that is meant as one. */
bool auth_has_token(const struct auth *, const struct auth_request *);

/* CHAT_OK if the key has the scope; CHAT_UNAUTHORIZED: no or unknown key; CHAT_FORBIDDEN: no such scope, or an Origin came with it.
 * name (may be NULL) gets the key's name for the log, "" if it is unknown. */
enum chat_err auth_service(
    const struct auth *, const struct auth_request *, enum scope, char name[KEY_NAME_SIZE]);

struct auth_listener {
	bool is_loopback; /* or a Unix socket */
	bool is_identity; /* whoever connects to it is believed whom he names */
};
/* NULL: the mode may be served there. Else why not: auth = open needs loopback or a Unix socket, auth = proxy a listener of identity, which
 * no other mode has. */
const char *auth_listener_refusal(const struct auth *, struct auth_listener);
/* The header that names the user, and that a request has no underscore in any other's name; NULL: another mode. */
const char *auth_identity_header(const struct auth *);

/* ---- signing in ---- */

/* With what signatures are checked; NULL where nobody signs in here: in all modes but auth = wallet. */
const struct recover *auth_recover(const struct auth *);

/* The page that signs in, for the text that is signed: a configured origin, the request's own if it is one, else the first. Never what the
 * request's Host says: the page of a foreign host could sign for its visitors. */
struct span auth_page(const struct auth *, const struct auth_request *);

/* The one token that came, however it came, unverified; n 0: none, or several that differ. */
struct span auth_token(const struct auth *, const struct auth_request *);

/* True if that token came by the cookie alone. */
bool auth_is_by_cookie(const struct auth *, const struct auth_request *);

/* Set-Cookie's value for a token; token n 0: forgets it. False: what is no token, or too long for a cookie. */
bool auth_cookie(const struct auth *, struct span token, int64_t lasts_ms, struct buf *out);

/* True where identity is proved by tokens, whoever makes them. */
bool auth_has_tokens(const struct auth *);

/* True where clients bring a token and need not say whose it is (auth = jwt). */
bool auth_is_wallet_in_token(const struct auth *);

/* The mode's name, as the configuration has it. */
const char *auth_name(const struct auth *);

/* True in auth = open. */
bool auth_is_open(const struct auth *);

#endif
