/* SPDX-License-Identifier: ISC */
/*
 * account.h - counts the queued bytes that clients have not read yet, for each wallet and in all.
 * If they exceed a ceiling, the largest consumer is cut: its bytes are given up and it is closed.
 * That happens at the end of the turn, never within the call that sends. All functions belong to
 * the loop's thread.
 */
#ifndef IO_ACCOUNT_H
#define IO_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/span.h"
#include "io/loop.h"

#define ACCOUNT_OVERRUN "too much is waiting to be read" /* why a consumer was cut */

struct accounts;
/* Of one wallet. It exists while somebody has opened it: as a rule, only while bytes wait. */
struct account;

struct account_limits { /* bytes; 0: no limit */
	size_t max_per_wallet, max_in_all;
};

/* A kind of consumer: connections, or polling sessions. Embedded in its owner. */
struct account_source {
	/* Finds the largest consumer of an account (NULL: of all); returns its bytes, 0: none. */
	size_t (*largest)(void *arg, const struct account *, void **consumer);
	/* Gives up the bytes that wait for a consumer, and ends it. */
	void (*cut)(void *arg, void *consumer);
	/* For accounts_check: how many bytes wait for the consumers of an account. */
	size_t (*queued)(void *arg, const struct account *);
	void *arg;
	SLIST_ENTRY(account_source) link;
};

/* New accounts with these ceilings; accounts_free frees them. */
struct accounts *accounts_new(struct loop *, const struct account_limits *);
/* How many accounts exist. An account whose consumer was cut is kept for at least a minute after
 * that. */
size_t accounts_count(const struct accounts *);
/* After all accounts were given back. NULL is fine. */
void accounts_free(struct accounts *);
/* Borrows the source until accounts_remove_source. */
void accounts_add_source(struct accounts *, struct account_source *);
void accounts_remove_source(struct accounts *, struct account_source *);

/* The account of a wallet, by its key. The caller gives the account back with account_give_back. */
struct account *account_open(struct accounts *, struct span wallet);
struct account *account_ref(struct account *);                  /* NULL is fine */
void account_give_back(struct account *);                       /* likewise */
bool account_is_of(const struct account *, struct span wallet); /* NULL: nobody's */

/* Adds bytes (or, if negative, subtracts them) to those that wait for an account (NULL: only in
 * all). is_shared: they are bytes of frames. Other consumers may wait for the same frames, so the
 * sum in all has the memory of each frame once (frame_live_bytes). A ceiling takes effect at the
 * end of the turn. */
void account_charge(struct accounts *, struct account *, int64_t bytes, bool is_shared);
/* The number of bytes that wait for the consumers of an account. */
size_t account_queued(const struct account *);

/* For net_check: recounts the bytes of each account, while there are few accounts; ends the process
 * (check) if they differ from the charged bytes. */
void accounts_check(const struct accounts *);

#endif
