/* SPDX-License-Identifier: ISC */
/*
 * changes.h - the latest changes of rights that the tail has passed: memberships, and tokens that
 * were ended. A look-up runs on the reader's thread, and its result takes effect later on the
 * loop's thread. This module tells whether the rights have changed in between. All functions belong
 * to the loop's thread.
 */
#ifndef HUB_ROOM_CHANGES_H
#define HUB_ROOM_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* An empty list of changes, which the caller frees. */
struct changes *changes_new(void);
void changes_free(struct changes *);

/* Notes a row that the tail has passed: it changes the rights of a user in an escrow or, if
 * escrow_id is empty, ends tokens of the user. */
void changes_note(struct changes *, struct span wallet, struct span escrow_id, int64_t position);

/* True if the tail has passed such a row after a position, or if that is not known any more. The
 * caller then looks up again. */
bool
changes_since(const struct changes *, struct span wallet, struct span escrow_id, int64_t position);

#endif
