/* SPDX-License-Identifier: ISC */
/*
 * quotas.h - how many connections may have one key (a client's address): a connection takes a place
 * and gives it back. All functions belong to the loop's thread.
 */
#ifndef IO_QUOTAS_H
#define IO_QUOTAS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct quotas;
struct quota; /* all places of one key, counted */

struct quotas *quotas_new(size_t per_key); /* at least 1 */
/* After the last place was given back. NULL is fine. */
void quotas_free(struct quotas *);

/* Takes a place of the key. NULL: the key has all the places it may have. */
struct quota *quota_take(struct quotas *, struct span key);
void quota_give_back(struct quota *); /* NULL is fine */

/* For net_check: ends the process (check) if a place is not found by its key, is taken more often
 * than is allowed, or is taken less often than connections hold it. */
void quota_check(const struct quota *, size_t held);

#endif
