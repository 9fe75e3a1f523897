/* SPDX-License-Identifier: ISC */
/*
 * conn.c - connections: reading, writing, time-outs, and the end of a turn.
 */
#include "net/conn_struct.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/uring.h"

#define TOGETHER     4 /* connections to write to, from which on one system call for many pays */
#define AHEAD        2 /* connections fetched into the cache before they are written to */
#define OFFERS       64 /* a turn: many that pull from the log at once share the loop with the rest */
#define LINGER_BYTES (256 * 1024) /* dropped after our end; beyond, a reset is what the peer gets */

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
	TAILQ_INIT(&net->fresh);
	TAILQ_INIT(&net->known);
	TAILQ_INIT(&net->closed);
	for (int i = 0; i < WAIT_KINDS; i++)
		TAILQ_INIT(&net->waits[i]);
	net->uring = uring_new();
	net->turn = loop_later_new(loop, on_turn, net);
	net->again = loop_timer_new(loop, on_again, net);
	net->timer = loop_timer_new(loop, on_timer, net);
	net->timer_at = INT64_MAX;
	return net;
}

static void
free_kept(struct conn *c)
{
	if (c->in != NULL)
		buf_clear(c->in);
	free(c->in);
	c->in = NULL;
}

static void
free_closed(struct net *net)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&net->closed)) != NULL) {
		TAILQ_REMOVE(&net->closed, c, link);
		free_kept(c);
		free(c);
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
	while (net->n_conns > 0) /* the end of one can be that of others */
		net_each(net, close_each, NULL);
	free_closed(net);
	uring_free(net->uring);
	loop_later_free(net->turn);
	loop_timer_free(net->again);
	loop_timer_free(net->timer);
	free(net->dirty);
	free(net->offered);
	free(net);
}

bool
net_is_full(const struct net *net)
{
	return net->n_conns >= net->options.max_connections;
}

size_t
net_connections(const struct net *net)
{
	return net->n_conns;
}

void
net_trim_fresh(struct net *net)
{
	struct conn *c;

	while (net->options.max_fresh > 0 && net->n_fresh > net->options.max_fresh) {
		c = TAILQ_FIRST(&net->fresh);
		log_debug("conn %u: closed: too many without an identity", c->number);
		conn_close(c, "too many without an identity");
	}
}

void
net_want_turn(struct net *net)
{
	loop_later_want(net->turn);
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
	list_each(&net->fresh, each, arg);
}

/* ---- time-outs: a list a kind, in order of deadlines; one timer for the first of all ---- */

static void
arm_timer(struct net *net, int64_t at, int64_t now)
{
	if (at >= net->timer_at)
		return;
	net->timer_at = at;
	loop_timer_set_us(net->timer, (at - now) * 1000);
}

static void
set_wait(struct conn *c, enum conn_wait wait)
{
	struct net *net = c->net;

	if (wait == WAIT_NOTHING && c->wait == WAIT_NOTHING)
		return;
	if (c->wait != WAIT_NOTHING)
		TAILQ_REMOVE(&net->waits[c->wait], c, waiting);
	c->wait = wait;
	if (wait == WAIT_NOTHING)
		return;
	int64_t now = clock_mono_ms();
	c->deadline = now + wait_ms[wait];
	TAILQ_INSERT_TAIL(&net->waits[wait], c, waiting);
	arm_timer(net, c->deadline, now);
}

void
conn_wait(struct conn *c, enum conn_wait wait)
{
	if (!conn_is_closing(c)) /* its end has waits of its own */
		set_wait(c, wait);
}

enum conn_wait
conn_wait_kind(const struct conn *c)
{
	return c->wait;
}

static void
on_timer(void *arg)
{
	struct net *net = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;
	struct conn *c;

	net->timer_at = INT64_MAX;
	for (enum conn_wait kind = WAIT_NOTHING + 1; kind < WAIT_KINDS; kind++) {
		while ((c = TAILQ_FIRST(&net->waits[kind])) != NULL && c->deadline <= now) {
			set_wait(c, WAIT_NOTHING);
			if (c->finish_why != NULL)
				conn_close(c, c->finish_why);
			else
				c->protocol->on_timeout(c, kind);
		}
	}
	for (int i = 0; i < WAIT_KINDS; i++) {
		if ((c = TAILQ_FIRST(&net->waits[i])) != NULL && c->deadline < next)
			next = c->deadline;
	}
	if (next != INT64_MAX)
		arm_timer(net, next, now);
}

/* ---- reading ---- */

static void on_ready(evutil_socket_t fd, short what, void *arg);

/* Watches for what is wanted now. */
static void
update_events(struct conn *c)
{
	short want = (c->is_paused ? 0 : EV_READ) | (c->is_blocked ? EV_WRITE : 0);
	short have = event_get_events(&c->ev) & (EV_READ | EV_WRITE);

	if (want == have)
		return;
	event_del(&c->ev);
	event_assign(&c->ev, loop_base(c->net->loop), c->fd, want | EV_PERSIST, on_ready, c);
	if (want != 0)
		event_add(&c->ev, NULL);
}

static void
mark_dirty(struct conn *c)
{
	struct net *net = c->net;

	if (c->dirty_at > 0 || c->is_closed)
		return;
	if (net->n_dirty == net->cap_dirty) {
		net->cap_dirty = net->cap_dirty ? net->cap_dirty * 2 : 64;
		net->dirty = mem_realloc(net->dirty, net->cap_dirty, sizeof(struct conn *));
	}
	net->dirty[net->n_dirty++] = c;
	c->dirty_at = (uint32_t)net->n_dirty;
	loop_later_want(net->turn);
}

static void
clear_dirty(struct conn *c)
{
	if (c->dirty_at > 0)
		c->net->dirty[c->dirty_at - 1] = NULL;
	c->dirty_at = 0;
}

/* Those who had their turn leave room in front. */
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

/* For the next turn: no connection keeps the loop to itself. */
static void
mark_offered(struct conn *c)
{
	struct net *net = c->net;

	if (c->offered_at > 0 || c->is_closed)
		return;
	if (net->first_offered == net->n_offered)
		loop_timer_set_us(net->again, 0);
	if (net->n_offered == net->cap_offered)
		make_room(net);
	net->offered[net->n_offered++] = c;
	c->offered_at = (uint32_t)net->n_offered;
}

static void
clear_offered(struct conn *c)
{
	if (c->offered_at > 0)
		c->net->offered[c->offered_at - 1] = NULL;
	c->offered_at = 0;
}

/* Hands input to the protocol, to the new one too if it changed on the way. */
static void
offer_input(struct conn *c, struct buf *in)
{
	const struct protocol *p;

	c->in_protocol = true;
	do {
		p = c->protocol;
		p->on_input(c, in);
	} while (!conn_is_closing(c) && c->protocol != p && in->len > 0);
	c->in_protocol = false;
}

/* The same with what was kept; the memory is kept no longer than anything is in it. */
static void
offer_kept(struct conn *c)
{
	offer_input(c, c->in);
	if (c->in->len == 0 || conn_is_closing(c))
		free_kept(c);
}

static void
read_some(struct conn *c)
{
	struct net *net = c->net;
	struct buf in = {net->scratch, 0, sizeof(net->scratch)};
	bool is_kept = c->in != NULL;
	char *to = is_kept ? buf_reserve(c->in, NET_READ_SIZE / 4) : net->scratch;
	ssize_t n;

	__builtin_prefetch(c->own); /* is on its way while the kernel copies */
	n = recv(c->fd, to, is_kept ? NET_READ_SIZE / 4 : NET_READ_SIZE, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n == 0 && c->finish_why != NULL && c->ring.count == 0)) {
		conn_close(c, c->finish_why != NULL ? c->finish_why : "connection lost");
		return;
	}
	if (n == 0) {
		c->has_ended = true;
		c->is_paused = true;
		if (c->finish_why == NULL)
			c->protocol->on_end(c);
		return;
	}
	if (c->finish_why != NULL) {
		/* Our side is ended: what still comes is read away, so that our last words are not lost to a reset. */
		if ((c->lingered += (uint32_t)n) > LINGER_BYTES)
			conn_close(c, c->finish_why);
		return;
	}
	loop_later_want(net->turn);
	if (is_kept) {
		c->in->len += (size_t)n;
		offer_kept(c);
		return;
	}
	in.len = (size_t)n;
	offer_input(c, &in);
	if (conn_is_closing(c) || in.len == 0)
		return;
	c->in = mem_zalloc(sizeof(*c->in));
	buf_span(c->in, buf_as_span(&in));
}

static void flush(struct conn *c);

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (what & EV_WRITE) {
		c->is_blocked = false;
		flush(c);
	}
	if (!c->is_closed && (what & EV_READ))
		read_some(c);
	if (!c->is_closed)
		update_events(c);
}

/* ---- frames ---- */

void
conn_put(struct conn *c, struct frame *f)
{
	if (conn_is_closing(c) || frame_size(f) == 0)
		return;
	ring_add(&c->ring, f);
	mark_dirty(c);
}

bool
conn_send(struct conn *c, struct frame *f)
{
	if (!conn_is_closing(c) && !ring_has_room(&c->ring, f)) {
		c->wants_room = true;
		return false;
	}
	conn_put(c, f);
	return true;
}

void
conn_send_bytes(struct conn *c, struct span bytes)
{
	struct frame *f = frame_new(FRAME_CONTROL, bytes);

	conn_send(c, f);
	frame_unref(f);
}

void
conn_want_room(struct conn *c)
{
	c->wants_room = true;
	if (c->ring.count == 0)
		mark_offered(c);
}

bool
conn_is_clogged(const struct conn *c)
{
	return ring_is_clogged(&c->ring);
}

/* All is written that was queued: those who wait for that have their turn. */
static void
on_empty(struct conn *c)
{
	if (c->wants_room)
		mark_offered(c);
	if (c->finish_why == NULL || c->wait == WAIT_LINGER)
		return;
	shutdown(c->fd, SHUT_WR);
	if (c->has_ended)
		conn_close(c, c->finish_why);
	else
		set_wait(c, WAIT_LINGER);
}

/* Writes what the kernel takes; at its EAGAIN the rest waits for EV_WRITE. */
static void
flush(struct conn *c)
{
	if (c->is_blocked)
		return;
	switch (ring_write(&c->ring, c->fd)) {
	case RING_EMPTY:
		on_empty(c);
		break;
	case RING_BLOCKED:
		c->is_blocked = true;
		update_events(c);
		break;
	case RING_FAILED:
		conn_close(c, c->finish_why != NULL ? c->finish_why : "connection lost");
		break;
	}
}

/* ---- the end of a turn ---- */

/* Writes to as many of the dirty, from one of them on, as go with one system call. What that leaves is flush's. Returns the first that it
 * has not looked at. */
static size_t
write_together(struct net *net, size_t from)
{
	size_t i;

	for (i = from; i < net->n_dirty && !uring_is_full(net->uring); i++) {
		struct conn *c = net->dirty[i];

		if (i + AHEAD < net->n_dirty)
			__builtin_prefetch(net->dirty[i + AHEAD]);
		if (c != NULL && !c->is_blocked && c->ring.count > 0)
			uring_add(net->uring, c->fd, &c->ring);
	}
	uring_write(net->uring);
	return i;
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
	for (size_t i = 0; i < net->n_dirty; i++) { /* it may grow on the way */
		if (i == next)
			next = write_together(net, i);
		if (i + AHEAD < net->n_dirty)
			__builtin_prefetch(net->dirty[i + AHEAD]);
		if ((c = net->dirty[i]) == NULL)
			continue;
		clear_dirty(c);
		flush(c);
	}
	net->n_dirty = 0;
	free_closed(net);
	if (CHECKS_ALL)
		net_check(net);
}

static void
offer(struct conn *c)
{
	if (c->replays_input && !conn_is_closing(c)) {
		/* The descriptor's turn comes when the buffer is used up, else it would grow with every pause. */
		c->replays_input = false;
		c->is_paused = c->has_ended;
		if (c->in != NULL)
			offer_kept(c);
		if (!c->is_closed)
			update_events(c);
	}
	if (conn_is_closing(c) || !c->wants_room || c->ring.count > 0)
		return;
	c->wants_room = false;
	c->protocol->on_room(c);
}

static void
on_again(void *arg)
{
	struct net *net = arg;
	struct conn *c;

	loop_later_want(net->turn);
	/* Those that are marked on the way are for the next turn. */
	for (size_t n = net->n_offered - net->first_offered, i = 0; i < n && i < OFFERS; i++) {
		if ((c = net->offered[net->first_offered++]) == NULL)
			continue;
		clear_offered(c);
		offer(c);
	}
	if (net->first_offered < net->n_offered)
		loop_timer_set_us(net->again, 0);
	else
		net->first_offered = net->n_offered = 0;
}

/* ---- life ---- */

struct conn *
conn_new(struct net *net, int fd, const struct protocol *protocol, void *own)
{
	struct conn *c = mem_zalloc(sizeof(*c));

	c->net = net;
	c->fd = fd;
	c->protocol = protocol;
	c->own = own;
	c->number = ++net->next_number;
	net->n_conns++;
	c->is_fresh = true;
	TAILQ_INSERT_TAIL(&net->fresh, c, link);
	net->n_fresh++;
	event_assign(&c->ev, loop_base(net->loop), fd, EV_READ | EV_PERSIST, on_ready, c);
	event_add(&c->ev, NULL);
	return c;
}

void
conn_set_protocol(struct conn *c, const struct protocol *protocol, void *own)
{
	c->protocol = protocol;
	c->own = own;
}

void *
conn_own(const struct conn *c)
{
	return c->own;
}

uint32_t
conn_number(const struct conn *c)
{
	return c->number;
}

struct net *
conn_net(const struct conn *c)
{
	return c->net;
}

void
conn_confirm(struct conn *c)
{
	if (!c->is_fresh)
		return;
	c->is_fresh = false;
	c->net->n_fresh--;
	TAILQ_REMOVE(&c->net->fresh, c, link);
	TAILQ_INSERT_TAIL(&c->net->known, c, link);
}

void
conn_set_place(struct conn *c, struct place *place)
{
	place_give_back(c->place);
	c->place = place;
}

void
conn_pause(struct conn *c, bool is_paused)
{
	if (c->is_closed || c->is_paused == is_paused)
		return;
	c->is_paused = is_paused;
	update_events(c);
}

void
conn_replay_input(struct conn *c)
{
	if (!c->is_paused && c->in == NULL && !c->in_protocol)
		return; /* there is none */
	c->replays_input = true;
	mark_offered(c);
}

bool
conn_is_closing(const struct conn *c)
{
	return c->is_closed || c->finish_why != NULL;
}

void
conn_finish(struct conn *c, const char *why)
{
	if (conn_is_closing(c))
		return;
	set_wait(c, WAIT_FLUSH);
	c->finish_why = why;
	if (!c->has_ended)
		conn_pause(c, false);
	mark_dirty(c);
}

void
conn_close(struct conn *c, const char *why)
{
	struct net *net = c->net;

	if (c->is_closed)
		return;
	set_wait(c, WAIT_NOTHING);
	conn_confirm(c);
	conn_set_place(c, NULL);
	c->is_closed = true;
	clear_dirty(c);
	clear_offered(c);
	event_del(&c->ev);
	close(c->fd);
	ring_clear(&c->ring);
	TAILQ_REMOVE(&net->known, c, link); /* where conn_confirm has put it */
	net->n_conns--;
	TAILQ_INSERT_TAIL(&net->closed, c, link);
	loop_later_want(net->turn);
	c->protocol->on_closed(c, why);
}

void
conn_shut_down(struct conn *c)
{
	if (conn_is_closing(c) || c->is_shut_down)
		return;
	c->is_shut_down = true;
	c->protocol->on_shutdown(c);
}

void
conn_put_off_shut_down(struct conn *c)
{
	c->is_shut_down = false;
}
