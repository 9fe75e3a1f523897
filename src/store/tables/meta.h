/* SPDX-License-Identifier: ISC */
/*
 * meta.h - the table meta: a few values of the whole database, by name. Inside a transaction only.
 */
#ifndef STORE_META_H
#define STORE_META_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "store/store.h"

/* A value of the table meta, as text. False: there is none with this key. */
bool meta_find(struct store *, const char *key, char *out, size_t size);
void meta_put(struct store *, const char *key, struct span value);
/* Puts a value only if the key has none yet. */
void meta_put_once(struct store *, const char *key, struct span value);

#endif
