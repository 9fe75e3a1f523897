/* SPDX-License-Identifier: ISC */
/*
 * keys.h - the file of service keys: reading it, and finding a key by its secret.
 * Of a secret, only its SHA-256 is kept.
 */
#ifndef IDENTITY_KEYS_H
#define IDENTITY_KEYS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

#define KEY_NAME_SIZE 65

struct keys;

/* Reads lines `name secret scope,scope`; empty lines and lines that begin with # are ignored.
 * secret_read says which files are accepted. NULL: err holds one line. */
struct keys *keys_load(const char *path, struct buf *err);
void keys_free(struct keys *); /* NULL is fine */

/* NULL: the line would be accepted in such a file. Else the reason, static. */
const char *keys_line_refusal(struct span line);

/* The scopes (enum scope, or-ed) of the key with that secret; 0: there is no such key. keys may be
 * NULL: no keys. name (may be NULL) gets the key's name, or "". The time that it takes does not
 * depend on which key matches. */
unsigned keys_scopes(const struct keys *, struct span secret, char name[KEY_NAME_SIZE]);

#endif
