/* SPDX-License-Identifier: ISC */
/*
 * keys.h - the file of service keys: reading it, and finding a key by its secret.
 * Secrets are kept as SHA-256 only.
 */
#ifndef CHAT_KEYS_H
#define CHAT_KEYS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

#define KEY_NAME_SIZE 65

struct keys;

/* Reads lines `name secret scope,scope` (empty ones and those that begin with # are passed over). Refused: a file that is no plain file,
 * whose owner is neither root nor the running user, or that group or others can read or write. NULL: err holds one line. */
struct keys *keys_load(const char *path, struct buf *err);
void keys_free(struct keys *); /* NULL is fine */

/* NULL: the line would be taken from such a file; else why not, static. */
const char *keys_line_refusal(struct span line);

/* The scopes (enum scope, or-ed) of the key with that secret, 0 if there is none; NULL has no keys. name (may be NULL) gets its name, ""
 * if there is none. Takes the same time whichever key it is. */
unsigned keys_scopes(const struct keys *, struct span secret, char name[KEY_NAME_SIZE]);

#endif
