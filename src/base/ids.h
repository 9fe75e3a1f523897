/* SPDX-License-Identifier: ISC */
/*
 * ids.h - random bytes from the kernel and identifiers made of them.
 */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Fills out from getrandom(2); ends the process where the kernel has none. Pools small requests; thread-safe. */
void ids_random(void *out, size_t n);

/* 64 random bits. */
uint64_t ids_u64(void);

/* chars characters of [0-9a-z] less i, l, o, u (Crockford's base32, lower case): 5 random bits each; terminates
 * out, which has room for chars + 1. */
void ids_token(char *out, size_t chars);

#define IDS_REQUEST_SIZE 65

/* What a request is called in the log and its answer: the name it came with, 1 to 64 of [A-Za-z0-9._-], else a new one. Returns out. */
const char *ids_request(char out[IDS_REQUEST_SIZE], struct span given);

#endif
