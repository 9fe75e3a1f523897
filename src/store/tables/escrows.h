/* SPDX-License-Identifier: ISC */
/*
 * escrows.h - statements on escrows and their participants. Call them inside a transaction only.
 * Wallets are keys (see contract/names.h). The spans that a callback gets are valid during that
 * call.
 */
#ifndef STORE_ESCROWS_H
#define STORE_ESCROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/store.h"

enum role { ROLE_NONE, ROLE_CLIENT, ROLE_FREELANCER, ROLE_ARBITER, ROLE_OBSERVER };
const char *role_name(enum role);             /* NULL for ROLE_NONE */
bool role_parse(struct span, enum role *out); /* the four names */

struct escrow {
	int64_t id;
	int64_t created_at, updated_at; /* wall ms */
	char title[801];                /* UTF-8, at most 200 code points */
	char status[65];                /* "" when NULL */
};

struct participant {
	char wallet[STORE_NAME_SIZE]; /* the key */
	char name[STORE_NAME_SIZE];   /* as shown */
	enum role role;
	int64_t since_message;  /* messages.at of the newest message when they were added */
	int64_t since_position; /* the newest position when they were added */
};

bool escrow_find(struct store *, struct span escrow_id, struct escrow *out);
int64_t escrow_insert(
    struct store *, struct span escrow_id, struct span title, struct span status, int64_t now_ms);
void escrow_update(
    struct store *, int64_t escrow, struct span title, struct span status, int64_t now_ms);

bool participant_find(struct store *, int64_t escrow, struct span wallet, struct participant *out);
/* Inserts a participant or changes their name and role. */
void
participant_put(struct store *, int64_t escrow, struct span wallet, struct span name, enum role);
void participant_delete(struct store *, int64_t escrow, struct span wallet);

/* All participants of an escrow, ordered by wallet. The callback returns false to stop. */
void participants_each(
    struct store *, int64_t escrow, bool (*each)(const struct participant *, void *), void *arg);

/* An escrow of a wallet, and the wallet as its participant. */
struct participation {
	struct span escrow_id; /* valid during the call */
	struct escrow escrow;
	struct participant participant;
	/* Wall ms of the last change or message; only participations_by_activity sets it. */
	int64_t activity;
};
typedef bool participation_each(const struct participation *, void *arg); /* false stops */

/* All escrows of a wallet, ordered by escrowId. */
void participations_each(struct store *, struct span wallet, participation_each *, void *arg);

/* All escrows of a wallet, newest activity first; escrows of equal activity by descending escrowId.
 * Gives those that follow (activity, escrow_id) in this order, at most limit (-1: no limit).
 * INT64_MAX as activity stands before all escrows. */
void participations_by_activity(struct store *, struct span wallet, int64_t activity,
    struct span escrow_id, int limit, participation_each *, void *arg);

#endif
