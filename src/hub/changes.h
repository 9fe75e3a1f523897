/* SPDX-License-Identifier: ISC */
/*
 * changes.h - the changes of rights that the tail has passed lately: memberships, and tokens that
 * were ended. A look-up runs on the reader's thread and takes effect later on the loop's thread;
 * this tells whether its result has changed meanwhile. All functions belong to the loop's thread.
 */
#ifndef HUB_CHANGES_H
#define HUB_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* An empty list of changes, which the caller frees. */
struct changes *changes_new(void);
void changes_free(struct changes *);

/* The tail has passed a row that changes what a user may do in an escrow or (escrow_id n 0) whether
 * their tokens count. */
void changes_note(struct changes *, struct span wallet, struct span escrow_id, int64_t position);

/* True if such a row was passed behind a position, or where that is not known any more: the caller
 * looks up again. */
bool
changes_since(const struct changes *, struct span wallet, struct span escrow_id, int64_t position);

#endif
