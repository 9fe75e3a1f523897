/* SPDX-License-Identifier: ISC */
/*
 * net.c - the set of connections: its members, their time-outs, and the end of a turn.
 */
#include "io/conn_struct.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/uring.h"

#define SPARE_FILES 64 /* descriptors that are not connections */
#define TOGETHER    4  /* for so many connections one system call for all is cheaper */
#define AHEAD       2  /* so many connections ahead are fetched into the cache */
/* So many connections are offered input or room in one turn, so that those which pull from the log
 * leave time for all others. */
#define OFFERS 64

static const int64_t wait_ms[WAIT_KINDS] = {
    [WAIT_HEAD] = 10000,
    [WAIT_BODY] = 30000,
    [WAIT_IDLE] = 75000,
    [WAIT_PING] = 25000,
    [WAIT_PONG] = 60000,
    [WAIT_HEARTBEAT] = 15000,
    [WAIT_CLOSE] = 5000,
    [WAIT_PROBE] = 10000,
    [WAIT_FLUSH] = 30000,
    [WAIT_LINGER] = 2000,
};

static void on_turn(void *arg);
static void on_again(void *arg);
static void on_timer(void *arg);

struct net *
net_new(struct loop *loop, const struct net_options *options)
{
	struct net *net = mem_zalloc(sizeof(*net));

	net->loop = loop;
	net->options = *options;
	TAILQ_INIT(&net->strangers);
	TAILQ_INIT(&net->known);
	TAILQ_INIT(&net->closed);
	for (int i = 0; i < WAIT_KINDS; i++)
		timer_list_init(&net->waits[i]);
	net->uring = uring_new();
	net->turn = loop_later_new(loop, on_turn, net);
	net->again = loop_timer_new(loop, on_again, net);
	net->timer = loop_timer_new(loop, on_timer, net);
	net->timer_at = INT64_MAX;
	net->source = (struct account_source){net_largest_behind, conn_cut, net_queued, net};
	if (options->accounts != NULL)
		accounts_add_source(options->accounts, &net->source);
	return net;
}

static void
free_closed(struct net *net)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&net->closed)) != NULL) {
		TAILQ_REMOVE(&net->closed, c, link);
		conn_free(c);
	}
}

static void
close_each(struct conn *c, void *arg)
{
	conn_close(c, "shutdown");
}

void
net_free(struct net *net)
{
	if (net == NULL)
		return;
	while (net_connections(net) > 0) /* the end of a connection can end or change others */
		net_each(net, close_each, NULL);
	free_closed(net);
	uring_free(net->uring);
	loop_later_free(net->turn);
	loop_timer_free(net->again);
	loop_timer_free(net->timer);
	if (net->options.accounts != NULL)
		accounts_remove_source(net->options.accounts, &net->source);
	free(net->dirty);
	free(net->behind);
	free(net->offered);
	free(net);
}

/* ---- the connections in the set ---- */

size_t
net_connections(const struct net *net)
{
	return net->n_strangers + net->n_known;
}

bool
net_is_full(const struct net *net)
{
	return net_connections(net) >= net->options.max_connections;
}

bool
net_drop_oldest_stranger(struct net *net)
{
	struct conn *c = TAILQ_FIRST(&net->strangers);

	if (c == NULL)
		return false;
	log_debug("conn %u: closed: too many without an identity", c->number);
	conn_close(c, "too many without an identity");
	return true;
}

void
net_trim_strangers(struct net *net)
{
	size_t most = net->options.max_strangers;

	while (most > 0 && net->n_strangers > most)
		net_drop_oldest_stranger(net);
}

size_t
net_stranger_share(size_t max_connections)
{
	struct rlimit rl;
	size_t room = max_connections;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < max_connections + SPARE_FILES)
		room = rl.rlim_cur > SPARE_FILES ? (size_t)rl.rlim_cur - SPARE_FILES : 0;
	return room < 20 ? 2 : room / 10;
}

static void
list_each(struct conn_list *list, void (*each)(struct conn *, void *), void *arg)
{
	for (struct conn *next, *c = TAILQ_FIRST(list); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		each(c, arg);
	}
}

void
net_each(struct net *net, void (*each)(struct conn *, void *), void *arg)
{
	list_each(&net->known, each, arg);
	list_each(&net->strangers, each, arg);
}

/* The list that a connection is in, and the counter of that list (NULL: it has none). */
static struct conn_list *
list_of(struct conn *c, size_t **n)
{
	struct net *net = c->net;

	*n = NULL;
	if (c->state == CONN_CLOSED)
		return &net->closed;
	*n = c->is_stranger ? &net->n_strangers : &net->n_known;
	return c->is_stranger ? &net->strangers : &net->known;
}

static void
enter_list(struct conn *c)
{
	size_t *n;
	struct conn_list *list = list_of(c, &n);

	TAILQ_INSERT_TAIL(list, c, link);
	if (n != NULL)
		++*n;
}

static void
leave_list(struct conn *c)
{
	size_t *n;
	struct conn_list *list = list_of(c, &n);

	TAILQ_REMOVE(list, c, link);
	--*n; /* never NULL: net_move moves no closed connection */
}

void
net_add(struct conn *c)
{
	c->number = ++c->net->next_number;
	c->state = CONN_OPEN;
	c->is_stranger = true;
	enter_list(c);
}

static void clear_dirty(struct conn *);
static void clear_offered(struct conn *);

void
net_move(struct conn *c, enum conn_state state, bool is_stranger)
{
	static const enum conn_wait waits[] = {
	    [CONN_FINISHING] = WAIT_FLUSH,
	    [CONN_LINGERING] = WAIT_LINGER,
	    [CONN_CLOSED] = WAIT_NOTHING,
	};
	bool is_other_list = state == CONN_CLOSED || c->is_stranger != is_stranger;

	check(state >= c->state && c->state != CONN_CLOSED);
	if (state != c->state)
		net_set_wait(c, waits[state]);
	if (c->state == CONN_OPEN && state != CONN_OPEN)
		clear_offered(c); /* leaves 0 for lingered, which has the same place */
	if (state == CONN_CLOSED) {
		clear_dirty(c);
		loop_later_want(c->net->turn);
	}
	if (is_other_list)
		leave_list(c);
	c->state = state;
	c->is_stranger = is_stranger;
	if (is_other_list)
		enter_list(c);
}

/* ---- time-outs: one list for each kind; one timer of the loop for all lists ---- */

/* The timer may fire too early, since stopping a time-out does not set it later. */
static void
arm_timer(struct net *net, int64_t at)
{
	if (at >= net->timer_at)
		return;
	net->timer_at = at;
	loop_timer_set_at(net->timer, at);
}

static_assert(WAIT_KINDS <= 16, "conn's wait has four bits");

void
net_set_wait(struct conn *c, enum conn_wait wait)
{
	struct net *net = c->net;

	timer_stop(&net->waits[c->wait], &c->waiting);
	c->wait = wait;
	if (wait == WAIT_NOTHING)
		return;
	timer_start(&net->waits[wait], &c->waiting, clock_mono_ms() + wait_ms[wait]);
	arm_timer(net, c->waiting.at);
}

static void
on_timer(void *arg)
{
	struct net *net = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;
	struct timer *due;

	net->timer_at = INT64_MAX;
	for (enum conn_wait kind = WAIT_NOTHING + 1; kind < WAIT_KINDS; kind++) {
		while ((due = timer_list_due(&net->waits[kind], now)) != NULL)
			conn_time_out(TIMER_OWNER(due, struct conn, waiting), kind);
		if (timer_list_next(&net->waits[kind]) < next)
			next = timer_list_next(&net->waits[kind]);
	}
	arm_timer(net, next);
}

/* ---- marks: dirty for the end of this turn, offered for the next turn ---- */

void
net_mark_dirty(struct conn *c)
{
	struct net *net = c->net;

	if (c->dirty_at > 0 || c->state == CONN_CLOSED)
		return;
	if (net->n_dirty == net->cap_dirty) {
		net->cap_dirty = net->cap_dirty ? net->cap_dirty * 2 : 64;
		net->dirty = mem_realloc(net->dirty, net->cap_dirty, sizeof(struct conn *));
	}
	net->dirty[net->n_dirty++] = c;
	c->dirty_at = (uint32_t)net->n_dirty;
	loop_later_want(net->turn);
}

/* Makes room for one more: moves the elements to the front, or enlarges the array. */
static void
make_room(struct net *net)
{
	size_t had = net->first_offered;

	if (had == 0 || had < net->n_offered / 2) {
		net->cap_offered = net->cap_offered ? net->cap_offered * 2 : 64;
		net->offered = mem_realloc(net->offered, net->cap_offered, sizeof(struct conn *));
		return;
	}
	net->first_offered = 0;
	net->n_offered -= had;
	for (size_t i = 0; i < net->n_offered; i++) {
		net->offered[i] = net->offered[i + had];
		if (net->offered[i] != NULL)
			net->offered[i]->offered_at = (uint32_t)i + 1;
	}
}

void
net_mark_offered(struct conn *c)
{
	struct net *net = c->net;

	if (c->state != CONN_OPEN || c->offered_at > 0)
		return;
	if (net->first_offered == net->n_offered)
		loop_timer_set_us(net->again, 0);
	if (net->n_offered == net->cap_offered)
		make_room(net);
	net->offered[net->n_offered++] = c;
	c->offered_at = (uint32_t)net->n_offered;
}

static void
clear_dirty(struct conn *c)
{
	if (c->dirty_at > 0)
		c->net->dirty[c->dirty_at - 1] = NULL;
	c->dirty_at = 0;
}

static void
clear_offered(struct conn *c)
{
	if (c->offered_at > 0)
		c->net->offered[c->offered_at - 1] = NULL;
	c->offered_at = 0;
}

/* ---- the end of a turn, and the beginning of the next ---- */

void
net_want_turn(struct net *net)
{
	loop_later_want(net->turn);
}

/* Writes to as many dirty connections as one system call takes, beginning with the index from.
 * conn_flush writes the rest. Returns the index of the first connection that was not visited. */
static size_t
write_together(struct net *net, size_t from)
{
	size_t i;

	for (i = from; i < net->n_dirty && !uring_is_full(net->uring); i++) {
		struct conn *c = net->dirty[i];

		if (i + AHEAD < net->n_dirty)
			__builtin_prefetch(net->dirty[i + AHEAD]);
		if (c != NULL && !c->is_blocked && c->ring.count > 0 &&
		    !uring_add(net->uring, c->fd, &c->ring) && !uring_is_empty(net->uring))
			break;
	}
	uring_write(net->uring);
	return i;
}

/* True if write_together has written all frames, and nobody waits to hear of that. */
static bool
is_flushed(const struct conn *c)
{
	return ring_is_idle(&c->ring) && c->state == CONN_OPEN && !c->is_behind &&
	       !c->wants_writable && !c->is_unwatched;
}

static void
on_turn(void *arg)
{
	struct net *net = arg;
	struct conn *c;
	size_t next; /* of the dirty to be written to together */

	if (net->options.on_turn != NULL)
		net->options.on_turn(net->options.arg);
	next = net->uring != NULL && net->n_dirty >= TOGETHER ? 0 : SIZE_MAX;
	for (size_t i = 0; i < net->n_dirty; i++) { /* n_dirty may grow meanwhile */
		if (i == next)
			next = write_together(net, i);
		if (i + AHEAD < net->n_dirty)
			__builtin_prefetch(net->dirty[i + AHEAD]);
		if ((c = net->dirty[i]) == NULL)
			continue;
		net->dirty[i] = NULL;
		c->dirty_at = 0;
		if (!is_flushed(c))
			conn_flush(c);
	}
	net->n_dirty = 0;
	free_closed(net);
	if (CHECKS_ALL)
		net_check(net);
}

static void
on_again(void *arg)
{
	struct net *net = arg;
	struct conn *c;

	loop_later_want(net->turn);
	/* Connections that are marked within this loop have to wait for the next turn. */
	for (size_t n = net->n_offered - net->first_offered, i = 0; i < n && i < OFFERS; i++) {
		if (i >= SLICE_LEAST && loop_is_spent(net->loop))
			break;
		if ((c = net->offered[net->first_offered++]) == NULL)
			continue;
		clear_offered(c);
		conn_offer(c);
	}
	if (net->first_offered < net->n_offered)
		loop_timer_set_us(net->again, 0);
	else
		net->first_offered = net->n_offered = 0;
}
