/* SPDX-License-Identifier: ISC */
/*
 * keyring.c - keys behind a read-write lock: many threads read, and sometimes one replaces the
 * keys.
 */
#include "identity/keyring.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

struct keyring {
	pthread_rwlock_t lock;
	struct keys *keys; /* NULL: none */
	struct jwt *jwt;   /* NULL: another mode */
	/* where the keys come from */
	char *keys_path, *jwt_path, *issuer, *audience, *claim;
};

static char *
copy(const char *s)
{
	return s != NULL ? mem_strdup(s) : NULL;
}

/* True if the keys were loaded, or none are configured. */
static bool
load_keys(const struct keyring *ring, struct keys **out, struct buf *err)
{
	*out = ring->keys_path != NULL ? keys_load(ring->keys_path, err) : NULL;
	return *out != NULL || ring->keys_path == NULL;
}

static bool
load_jwt(const struct keyring *ring, struct jwt **out, struct buf *err)
{
	struct jwt_rules rules = {ring->issuer, ring->audience, ring->claim};

	*out = ring->jwt_path != NULL ? jwt_load(ring->jwt_path, &rules, err) : NULL;
	return *out != NULL || ring->jwt_path == NULL;
}

struct keyring *
keyring_new(const struct config *c, struct buf *err)
{
	struct keyring *ring = mem_zalloc(sizeof(*ring));

	pthread_rwlock_init(&ring->lock, NULL);
	ring->keys_path = copy(c->service_keys);
	if (c->auth == AUTH_JWT) {
		ring->jwt_path = copy(c->jwt_keys);
		ring->issuer = copy(c->jwt_issuer);
		ring->audience = copy(c->jwt_audience);
		ring->claim = copy(c->jwt_claim);
	}
	if (load_keys(ring, &ring->keys, err) && load_jwt(ring, &ring->jwt, err))
		return ring;
	keyring_free(ring);
	return NULL;
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	keys_free(ring->keys);
	jwt_free(ring->jwt);
	free(ring->keys_path);
	free(ring->jwt_path);
	free(ring->issuer);
	free(ring->audience);
	free(ring->claim);
	pthread_rwlock_destroy(&ring->lock);
	free(ring);
}

bool
keyring_reload(struct keyring *ring, struct buf *err)
{
	struct keys *keys, *old_keys = NULL;
	struct jwt *jwt, *old_jwt = NULL;
	struct buf more = {0};
	bool has_keys = load_keys(ring, &keys, err), has_jwt = load_jwt(ring, &jwt, &more);

	buf_printf(err, "%s%s", !has_keys && !has_jwt ? "; " : "", buf_cstr(&more));
	buf_clear(&more);
	pthread_rwlock_wrlock(&ring->lock);
	if (has_keys) {
		old_keys = ring->keys;
		ring->keys = keys;
	}
	if (has_jwt) {
		old_jwt = ring->jwt;
		ring->jwt = jwt;
	}
	pthread_rwlock_unlock(&ring->lock);
	keys_free(old_keys);
	jwt_free(old_jwt);
	return has_keys && has_jwt;
}

unsigned
keyring_scopes(struct keyring *ring, struct span secret, char name[KEY_NAME_SIZE])
{
	unsigned scopes;

	pthread_rwlock_rdlock(&ring->lock);
	scopes = keys_scopes(ring->keys, secret, name);
	pthread_rwlock_unlock(&ring->lock);
	return scopes;
}

const char *
keyring_verify(struct keyring *ring, struct span token, int64_t now_ms, struct jwt_claims *out)
{
	const char *why;

	pthread_rwlock_rdlock(&ring->lock);
	why = ring->jwt != NULL ? jwt_verify(ring->jwt, token, now_ms, out) : "no keys are loaded";
	pthread_rwlock_unlock(&ring->lock);
	return why;
}
