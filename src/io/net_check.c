/* SPDX-License-Identifier: ISC */
/*
 * net_check.c - the walker of the set of connections: it recounts every list and counter, the
 * accounts of waiting bytes, and the places of keys, at the end of a turn.
 */
#include "io/conn_struct.h"

#include "base/check.h"

/* The counts of a walk over all connections. They are compared with the set's own lists and
 * counters. */
struct census {
	size_t conns, strangers, waiting, dirty, offered, behind;
};

static void
check_events(const struct conn *c)
{
	short have = event_pending(&c->ev, EV_READ | EV_WRITE, NULL) & (EV_READ | EV_WRITE);

	check(!(have & EV_WRITE) == !c->is_blocked);
	if (c->has_ended || c->reading == READING_PAUSED)
		check(!(have & EV_READ));
	else
		check(have & EV_READ || c->reading == READING_AGAIN);
	check(event_get_fd(&c->ev) == c->fd);
}

static void
check_output(const struct conn *c)
{
	ring_check(&c->ring);
	/* Frames are about to be written, or the kernel takes no more for now. */
	check(c->ring.count == 0 || c->dirty_at > 0 || c->is_blocked);
	check(
	    !c->wants_writable || c->ring.count > 0 || c->offered_at > 0 || c->state != CONN_OPEN);
	check(c->dirty_at == 0 || c->net->dirty[c->dirty_at - 1] == c);
}

static void
check_input(const struct conn *c)
{
	check(c->state != CONN_OPEN || c->in == NULL || c->in->len > 0);
	check(!c->in_protocol);
	check(c->reading != READING_AGAIN || c->offered_at > 0);
	check(
	    c->state != CONN_OPEN || c->offered_at == 0 || c->net->offered[c->offered_at - 1] == c);
}

/* All that waits when the turn is over is charged. */
static void
check_behind(const struct conn *c)
{
	const struct backlog *b = c->behind_at > 0 ? &c->net->behind[c->behind_at - 1] : NULL;

	check(c->is_behind == (b != NULL) && (b == NULL || (b->conn == c && b->bytes > 0)));
	if (c->dirty_at == 0)
		check((b != NULL ? b->bytes : 0) == ring_bytes(&c->ring));
}

static void
check_state(const struct conn *c)
{
	if (c->state == CONN_OPEN) {
		check(c->wait != WAIT_FLUSH && c->wait != WAIT_LINGER);
		return;
	}
	check(c->wait == (c->state == CONN_FINISHING ? WAIT_FLUSH : WAIT_LINGER));
	check(c->why != NULL && c->reading == READING_ON);
	check(c->ring.count > 0 || c->dirty_at > 0 || c->state == CONN_LINGERING);
}

#define FEW 64 /* connections: for each of them every other is looked at */

static size_t
count_holders(const struct net *net, const struct quota *place)
{
	const struct conn *c;
	size_t n = 0;

	TAILQ_FOREACH (c, &net->strangers, link)
		n += c->quota == place;
	TAILQ_FOREACH (c, &net->known, link)
		n += c->quota == place;
	return n;
}

static void
check_owners(const struct conn *c, const struct net *net)
{
	if (c->quota != NULL)
		quota_check(
		    c->quota, net_connections(net) <= FEW ? count_holders(net, c->quota) : 1);
	check(c->account == NULL || net->options.accounts != NULL);
	check(c->account == NULL || c->protocol->wallet == NULL || c->behind_at > 0);
}

static void
check_open(const struct conn *c, const struct net *net, bool is_stranger, struct census *census)
{
	check(c->net == net && c->state < CONN_CLOSED && c->is_stranger == is_stranger);
	check_events(c);
	check_output(c);
	check_input(c);
	check_state(c);
	check_behind(c);
	check_owners(c, net);
	census->conns++;
	census->strangers += is_stranger;
	census->waiting += c->wait != WAIT_NOTHING;
	census->dirty += c->dirty_at > 0;
	census->offered += c->state == CONN_OPEN && c->offered_at > 0;
	census->behind += c->behind_at > 0;
}

static size_t
check_waits(const struct net *net)
{
	const struct timer *t;
	size_t n = 0;

	check(TAILQ_EMPTY(&net->waits[WAIT_NOTHING]));
	for (enum conn_wait kind = WAIT_NOTHING + 1; kind < WAIT_KINDS; kind++) {
		n += timer_list_check(&net->waits[kind]);
		check(timer_list_next(&net->waits[kind]) >= net->timer_at);
		TAILQ_FOREACH (t, &net->waits[kind], link)
			check(TIMER_OWNER(t, struct conn, waiting)->wait == kind);
	}
	return n;
}

static size_t
count_places(struct conn *const *places, size_t from, size_t n)
{
	size_t taken = 0;

	for (size_t i = from; i < n; i++)
		taken += places[i] != NULL;
	return taken;
}

void
net_check(const struct net *net)
{
	struct census census = {0};
	const struct conn *c;

	TAILQ_FOREACH (c, &net->strangers, link)
		check_open(c, net, true, &census);
	TAILQ_FOREACH (c, &net->known, link)
		check_open(c, net, false, &census);
	TAILQ_FOREACH (c, &net->closed, link)
		check(c->state == CONN_CLOSED && c->dirty_at == 0 && c->behind_at == 0 &&
		      c->wait == WAIT_NOTHING && c->ring.count == 0 && c->quota == NULL);
	check(census.conns == net_connections(net) && census.strangers == net->n_strangers);
	check(census.waiting == check_waits(net));
	check(census.behind == net->n_behind);
	check(census.dirty == count_places(net->dirty, 0, net->n_dirty));
	check(census.offered == count_places(net->offered, net->first_offered, net->n_offered));
	if (net->options.accounts != NULL)
		accounts_check(net->options.accounts);
}
