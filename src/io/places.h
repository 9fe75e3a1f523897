/* SPDX-License-Identifier: ISC */
/*
 * places.h - how many connections may have one key (a client's address): a connection takes a place
 * and gives it back. All functions belong to the loop's thread.
 */
#ifndef IO_PLACES_H
#define IO_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct places;
struct place; /* all places of one key, counted */

struct places *places_new(size_t per_key); /* at least 1 */
/* After the last place was given back. NULL is fine. */
void places_free(struct places *);

/* Takes a place of the key. NULL: the key has all the places it may have. */
struct place *place_take(struct places *, struct span key);
void place_give_back(struct place *); /* NULL is fine */

/* For net_check: ends the process (check) if a place is not found by its key, is taken more often
 * than is allowed, or is taken less often than connections hold it. */
void place_check(const struct place *, size_t held);

#endif
