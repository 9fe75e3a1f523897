/* SPDX-License-Identifier: ISC */
/*
 * account.c - accounts of waiting bytes by wallet, and their ceilings.
 */
#include "io/account.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "proto/frame.h"

#define EPISODE_US 60000000

struct account {
	struct map_node node;
	struct accounts *accounts;
	size_t refs;
	size_t queued;
	int64_t cut_us; /* mono: when one of its consumers was cut last; 0: no episode lasts */
	TAILQ_ENTRY(account) cut;  /* in accounts->cut, while cut_us > 0 */
	TAILQ_ENTRY(account) over; /* in accounts->over, while is_marked */
	bool is_marked;
	char wallet[];
};

struct accounts {
	struct account_limits limits;
	struct map wallets;
	SLIST_HEAD(, account_source) sources;
	TAILQ_HEAD(, account) over; /* accounts over their ceiling, for the end of the turn */
	TAILQ_HEAD(, account) cut;  /* in the order of cut_us; has a reference to each */
	struct loop_later *settle;
	size_t unshared; /* bytes that wait and are not in frames */
	int64_t cut_us;  /* mono: when the ceiling in all was passed last */
};

static void on_settle(void *arg);
static void end_episodes(struct accounts *, int64_t until_us);

struct accounts *
accounts_new(struct loop *loop, const struct account_limits *limits)
{
	struct accounts *as = mem_zalloc(sizeof(*as));

	as->limits = *limits;
	SLIST_INIT(&as->sources);
	TAILQ_INIT(&as->over);
	TAILQ_INIT(&as->cut);
	as->settle = loop_later_new(loop, on_settle, as);
	return as;
}

void
accounts_free(struct accounts *as)
{
	if (as == NULL)
		return;
	end_episodes(as, INT64_MAX);
	check(as->wallets.count == 0);
	map_clear(&as->wallets);
	loop_later_free(as->settle);
	free(as);
}

void
accounts_add_source(struct accounts *as, struct account_source *source)
{
	SLIST_INSERT_HEAD(&as->sources, source, link);
}

void
accounts_remove_source(struct accounts *as, struct account_source *source)
{
	SLIST_REMOVE(&as->sources, source, account_source, link);
}

/* ---- accounts ---- */

struct account *
account_open(struct accounts *as, struct span wallet)
{
	struct map_node *node = map_find(&as->wallets, wallet);
	struct account *a;

	if (node != NULL) {
		a = MAP_ENTRY(node, struct account, node);
	} else {
		a = mem_zalloc(sizeof(*a) + wallet.n + 1);
		a->accounts = as;
		memcpy(a->wallet, wallet.p, wallet.n);
		map_insert(&as->wallets, &a->node, (struct span){a->wallet, wallet.n});
	}
	a->refs++;
	return a;
}

struct account *
account_ref(struct account *a)
{
	if (a != NULL)
		a->refs++;
	return a;
}

bool
account_is_of(const struct account *a, struct span wallet)
{
	return a != NULL && span_eq(map_key(&a->node), wallet);
}

void
account_give_back(struct account *a)
{
	if (a == NULL || --a->refs > 0)
		return;
	check(a->queued == 0);
	if (a->is_marked)
		TAILQ_REMOVE(&a->accounts->over, a, over);
	map_remove(&a->accounts->wallets, &a->node);
	free(a);
}

size_t
accounts_count(const struct accounts *as)
{
	return as->wallets.count;
}

size_t
account_queued(const struct account *a)
{
	return a->queued;
}

static bool
is_over(size_t bytes, size_t limit)
{
	return limit > 0 && bytes > limit;
}

static bool
is_over_in_all(const struct accounts *as)
{
	return is_over(frame_live_bytes() + as->unshared, as->limits.max_in_all);
}

void
account_charge(struct accounts *as, struct account *a, int64_t bytes, bool is_shared)
{
	if (!is_shared)
		as->unshared += (size_t)bytes;
	if (a != NULL) {
		a->queued += (size_t)bytes;
		check(a->queued <= SIZE_MAX / 2);
		if (!a->is_marked && is_over(a->queued, as->limits.max_per_wallet)) {
			a->is_marked = true;
			TAILQ_INSERT_TAIL(&as->over, a, over);
			loop_later_want(as->settle);
		}
	}
	if (bytes > 0 && is_over_in_all(as))
		loop_later_want(as->settle);
}

/* ---- the end of a turn ---- */

/* Notes a cut. True: a new episode begins, which gets one log line. An episode ends when EPISODE_US
 * have passed without a cut. */
static bool
begins_episode(int64_t *cut_us)
{
	int64_t now = clock_mono_us(), last = *cut_us;

	*cut_us = now;
	return last == 0 || now - last > EPISODE_US;
}

/* Gives back the accounts whose last cut was at until_us (mono) or before: their episodes are
 * over. */
static void
end_episodes(struct accounts *as, int64_t until_us)
{
	struct account *a;

	while ((a = TAILQ_FIRST(&as->cut)) != NULL && a->cut_us <= until_us) {
		TAILQ_REMOVE(&as->cut, a, cut);
		a->cut_us = 0;
		account_give_back(a);
	}
}

/* Notes a cut of an account, which is kept until a later cut, of any account, finds that its
 * episode is over. True: a new episode begins. */
static bool
note_cut(struct accounts *as, struct account *a)
{
	bool is_new;

	if (a->cut_us > 0)
		TAILQ_REMOVE(&as->cut, a, cut);
	else
		a->refs++;
	is_new = begins_episode(&a->cut_us);
	TAILQ_INSERT_TAIL(&as->cut, a, cut);
	end_episodes(as, a->cut_us - EPISODE_US - 1);
	return is_new;
}

/* Cuts the largest consumer of an account (NULL: of all). False: no bytes wait. */
static bool
cut_largest(struct accounts *as, const struct account *a)
{
	struct account_source *source, *of_largest = NULL;
	void *consumer, *largest = NULL;
	size_t bytes, most = 0;

	SLIST_FOREACH (source, &as->sources, link) {
		bytes = source->largest(source->arg, a, &consumer);
		if (bytes > most) {
			most = bytes;
			of_largest = source;
			largest = consumer;
		}
	}
	if (of_largest != NULL)
		of_largest->cut(of_largest->arg, largest);
	return of_largest != NULL;
}

static void
settle_wallet(struct accounts *as, struct account *a)
{
	char text[16];

	if (!is_over(a->queued, as->limits.max_per_wallet))
		return;
	if (note_cut(as, a))
		log_warn("wallet %s: %zu bytes wait to be read: its largest connections are closed",
		    log_wallet(text, map_key(&a->node)), a->queued);
	a->refs++; /* a cut may give back the last other reference */
	while (is_over(a->queued, as->limits.max_per_wallet) && cut_largest(as, a))
		;
	account_give_back(a);
}

static void
on_settle(void *arg)
{
	struct accounts *as = arg;
	struct account *a;

	while ((a = TAILQ_FIRST(&as->over)) != NULL) {
		TAILQ_REMOVE(&as->over, a, over);
		a->is_marked = false;
		settle_wallet(as, a);
	}
	if (!is_over_in_all(as))
		return;
	if (begins_episode(&as->cut_us))
		log_warn("memory: %zu bytes wait to be read: the largest connections are closed",
		    frame_live_bytes() + as->unshared);
	while (is_over_in_all(as) && cut_largest(as, NULL))
		;
}

/* ---- the walker ---- */

/* With more accounts than this, nothing is recounted: that visits all consumers for each
 * account. */
#define FEW 64

static size_t
recount(const struct accounts *as, const struct account *a)
{
	const struct account_source *source;
	size_t bytes = 0;

	SLIST_FOREACH (source, &as->sources, link)
		bytes += source->queued(source->arg, a);
	return bytes;
}

void
accounts_check(const struct accounts *as)
{
	const struct account *a;
	size_t marked = 0, cut = 0;
	int64_t last = 0;

	for (struct map_node *n = NULL; (n = map_next(&as->wallets, n)) != NULL;) {
		a = MAP_ENTRY(n, struct account, node);
		check(a->accounts == as && a->refs > 0);
		check(as->wallets.count > FEW || a->queued == recount(as, a));
		marked += a->is_marked;
		cut += a->cut_us > 0;
	}
	TAILQ_FOREACH (a, &as->over, over) {
		check(a->is_marked);
		marked--;
	}
	TAILQ_FOREACH (a, &as->cut, cut) {
		check(a->cut_us > 0 && a->cut_us >= last);
		last = a->cut_us;
		cut--;
	}
	check(marked == 0 && cut == 0);
}
