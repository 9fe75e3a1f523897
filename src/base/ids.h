/* SPDX-License-Identifier: ISC */
/*
 * ids.h - random bytes from the kernel and identifiers made of them.
 */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Fills out from getrandom(2); ends the process if that fails. Small requests use a pool of the
 * thread. Any thread. */
void ids_random(void *out, size_t n);

/* 64 random bits. */
uint64_t ids_u64(void);

/* Writes that many random characters and terminates them: out has room for chars + 1 bytes. Each is
 * one of [0-9a-z] without i, l, o, u (Crockford's base32, lower case) and has 5 random bits. */
void ids_token(char *out, size_t chars);

#define IDS_REQUEST_SIZE 65

/* The name of a request in log lines and in its answer: the given one, if it has 1 to 64 characters
 * of [A-Za-z0-9._-], else a new one. Returns out. */
const char *ids_request(char out[IDS_REQUEST_SIZE], struct span given);

#endif
