/* SPDX-License-Identifier: ISC */
/*
 * keyring.h - the keys of the platform: service keys, and the keys of its tokens. The files can be
 * read again while threads use the keys.
 */
#ifndef IDENTITY_KEYRING_H
#define IDENTITY_KEYRING_H

#include "config/config.h"
#include "identity/jwt.h"
#include "identity/keys.h"

struct keyring;

/* Reads the files that the configuration names; jwt_keys only with auth = jwt. NULL: err holds one
 * line. */
struct keyring *keyring_new(const struct config *, struct buf *err);
void keyring_free(struct keyring *); /* NULL is fine */

/* Reads the files again. False: err says in one line which file is wrong; the keys of that file
 * stay as they were. */
bool keyring_reload(struct keyring *, struct buf *err);

/* Call keys_scopes and jwt_verify with the keys that are loaded now. */
unsigned keyring_scopes(struct keyring *, struct span secret, char name[KEY_NAME_SIZE]);
const char *
keyring_verify(struct keyring *, struct span token, int64_t now_ms, struct jwt_claims *out);

#endif
