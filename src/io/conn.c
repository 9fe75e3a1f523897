/* SPDX-License-Identifier: ISC */
/*
 * conn.c - one connection: its reading, its frames, its life.
 */
#include "io/conn_struct.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "io/tcp.h"

/* So much input is dropped after our side has ended; if the peer sends more, it gets a reset. */
#define LINGER_BYTES (256 * 1024)

/* An idle connection costs this struct and that of its protocol; malloc rounds up to 16 bytes. */
static_assert(sizeof(void *) != 8 || sizeof(struct conn) <= 280, "an idle connection has grown");

/* ---- reading ---- */

static void on_ready(evutil_socket_t fd, short what, void *arg);

/* Watches for the events that are wanted now. READING_AGAIN leaves it unchanged whether the
 * descriptor is watched for input: that saves two system calls. */
static void
update_events(struct conn *c)
{
	short have = event_get_events(&c->ev) & (EV_READ | EV_WRITE);
	short read = c->has_ended || c->reading == READING_PAUSED ? 0
		     : c->reading == READING_ON                   ? EV_READ
								  : have & EV_READ;
	short want = read | (c->is_blocked ? EV_WRITE : 0);

	if (want == have)
		return;
	event_del(&c->ev);
	event_assign(&c->ev, loop_base(c->net->loop), c->fd, want | EV_PERSIST, on_ready, c);
	if (want == 0 || loop_event_add(&c->ev))
		return;
	log_warn("conn %u: closed: its events cannot be watched: %s", c->number, strerror(errno));
	c->is_unwatched = true;
	net_mark_dirty(c); /* conn_flush closes it: no caller expects a close here */
}

static void
set_reading(struct conn *c, enum conn_reading reading)
{
	c->reading = reading;
	if (reading == READING_AGAIN)
		net_mark_offered(c);
	update_events(c);
}

/* Gives input to the protocol. If the protocol is exchanged within the call, the new protocol gets
 * the rest. */
static void
offer_input(struct conn *c, struct buf *in)
{
	const struct protocol *p;

	slice_begin(&c->net->slice, c->net->loop);
	c->in_protocol = true;
	do {
		p = c->protocol;
		p->on_input(c, in);
	} while (!conn_is_closing(c) && c->protocol != p && in->len > 0);
	c->in_protocol = false;
	slice_end(&c->net->slice);
}

bool
conn_turn_is_spent(struct conn *c)
{
	return slice_is_spent(&c->net->slice);
}

static void
free_buffer(struct buf *in)
{
	if (in != NULL)
		buf_clear(in);
	free(in);
}

/* Gives the kept input to the protocol; frees the buffer when it is empty. */
static void
offer_kept(struct conn *c)
{
	struct buf *in = c->in;

	c->in = NULL; /* in and why share a union, and a close in offer_input sets why */
	offer_input(c, in);
	if (c->state == CONN_OPEN && in->len > 0)
		c->in = in;
	else
		free_buffer(in);
}

/* The peer has ended its side. */
static void
take_end(struct conn *c)
{
	if (c->state == CONN_LINGERING) {
		conn_close(c, c->why);
		return;
	}
	c->has_ended = true;
	if (c->state == CONN_OPEN)
		c->protocol->on_end(c);
}

static void
read_some(struct conn *c)
{
	struct net *net = c->net;
	struct buf in = {net->scratch, 0, sizeof(net->scratch)};
	struct buf *kept = c->state == CONN_OPEN ? c->in : NULL;
	char *to = kept != NULL ? buf_reserve(kept, NET_READ_SIZE / 4) : net->scratch;
	ssize_t n;

	__builtin_prefetch(c->owner); /* fetched while the kernel copies the input */
	n = sys_recv(c->fd, to, kept != NULL ? NET_READ_SIZE / 4 : NET_READ_SIZE, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		conn_close(c, conn_is_closing(c) ? c->why : "connection lost");
		return;
	}
	if (n == 0) {
		take_end(c);
		return;
	}
	if (conn_is_closing(c)) {
		/* Further input is read and dropped: unread input would cause a reset, and the
		 * peer could lose our last bytes. */
		if ((c->lingered += (uint32_t)n) > LINGER_BYTES)
			conn_close(c, c->why);
		return;
	}
	net_want_turn(net);
	if (kept != NULL) {
		kept->len += (size_t)n;
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

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (what & EV_WRITE) {
		c->is_blocked = false;
		c->n_unblocked++;
		if (c->state == CONN_FINISHING) /* a slow reader may read to the end */
			net_set_wait(c, WAIT_FLUSH);
		conn_flush(c);
	}
	if (c->state != CONN_CLOSED && (what & EV_READ) && c->reading == READING_ON)
		read_some(c);
	if (c->state != CONN_CLOSED)
		update_events(c);
}

bool
conn_take_progress(struct conn *c, uint32_t *mark)
{
	uint32_t before = *mark, taken;

	*mark = 0;
	if (c->ring.count == 0 && tcp_unread(c->fd) == 0)
		return before != 0;
	if (!tcp_taken(c->fd, &taken))
		taken = c->n_unblocked;
	*mark = taken == UINT32_MAX ? 1 : taken + 1; /* never 0 */
	return before != 0 && *mark != before;
}

void
conn_pause(struct conn *c)
{
	if (!conn_is_closing(c))
		set_reading(c, READING_PAUSED);
}

void
conn_replay_input(struct conn *c)
{
	if (conn_is_closing(c))
		return;
	if (c->reading == READING_ON && c->in == NULL && !c->in_protocol)
		return; /* there is no input to offer */
	set_reading(c, READING_AGAIN);
}

/* ---- frames ---- */

void
conn_put(struct conn *c, struct frame *f)
{
	if (conn_is_closing(c) || frame_size(f) == 0)
		return;
	ring_add(&c->ring, f);
	net_mark_dirty(c);
}

bool
conn_send(struct conn *c, struct frame *f)
{
	if (!conn_is_closing(c) && !ring_accepts(&c->ring, f)) {
		c->wants_writable = true;
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
conn_want_writable(struct conn *c)
{
	c->wants_writable = true;
	if (c->ring.count == 0)
		net_mark_offered(c);
}

bool
conn_is_clogged(const struct conn *c)
{
	return ring_is_clogged(&c->ring);
}

/* Called when all queued frames are written: a protocol that waits for this is called in the next
 * turn, and a connection that is finishing ends its side. */
static void
on_empty(struct conn *c)
{
	if (c->wants_writable)
		net_mark_offered(c);
	if (c->is_behind)
		net_count_behind(c);
	if (c->state != CONN_FINISHING)
		return;
	shutdown(c->fd, SHUT_WR);
	if (c->has_ended)
		conn_close(c, c->why);
	else
		net_move(c, CONN_LINGERING, c->is_stranger);
}

void
conn_flush(struct conn *c)
{
	if (c->is_unwatched) {
		conn_close(c, "its events cannot be watched");
		return;
	}
	if (c->is_blocked) {
		net_count_behind(c);
		return;
	}
	switch (ring_write(&c->ring, c->fd)) {
	case RING_EMPTY:
		on_empty(c);
		break;
	case RING_BLOCKED:
		c->is_blocked = true;
		update_events(c);
		net_count_behind(c);
		break;
	case RING_FAILED:
		conn_close(c, conn_is_closing(c) ? c->why : "connection lost");
		break;
	}
}

void
conn_offer(struct conn *c)
{
	if (c->reading == READING_AGAIN && !conn_is_closing(c)) {
		c->reading = READING_ON;
		if (c->in != NULL)
			offer_kept(c);
		if (c->state != CONN_CLOSED)
			update_events(c);
	}
	if (conn_is_closing(c) || !c->wants_writable || c->ring.count > 0)
		return;
	c->wants_writable = false;
	c->protocol->on_writable(c);
}

/* ---- life ---- */

struct conn *
conn_new(struct net *net, int fd, const struct protocol *protocol, void *owner)
{
	struct conn *c = mem_zalloc(sizeof(*c));

	c->net = net;
	c->fd = fd;
	c->protocol = protocol;
	c->owner = owner;
	event_assign(&c->ev, loop_base(net->loop), fd, EV_READ | EV_PERSIST, on_ready, c);
	if (!loop_event_add(&c->ev)) {
		log_warn("net: a connection cannot be watched: %s", strerror(errno));
		close(fd);
		free(c);
		return NULL;
	}
	net_add(c);
	return c;
}

void
conn_free(struct conn *c)
{
	free(c);
}

void
conn_set_protocol(struct conn *c, const struct protocol *protocol, void *owner)
{
	c->protocol = protocol;
	c->owner = owner;
	if (protocol->wallet != NULL)
		conn_forget_wallet(c);
}

void *
conn_owner(const struct conn *c)
{
	return c->owner;
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
	if (c->is_stranger && c->state != CONN_CLOSED)
		net_move(c, c->state, false);
}

void
conn_set_quota(struct conn *c, struct quota *place)
{
	quota_give_back(c->quota);
	c->quota = place;
}

void
conn_wait(struct conn *c, enum conn_wait wait)
{
	if (!conn_is_closing(c)) /* else net_move has set the wait */
		net_set_wait(c, wait);
}

enum conn_wait
conn_wait_kind(const struct conn *c)
{
	return c->wait;
}

void
conn_time_out(struct conn *c, enum conn_wait kind)
{
	net_set_wait(c, WAIT_NOTHING);
	if (c->state == CONN_OPEN)
		c->protocol->on_timeout(c, kind);
	else
		conn_close(c, c->why);
}

bool
conn_is_closing(const struct conn *c)
{
	return c->state != CONN_OPEN;
}

void
conn_finish(struct conn *c, const char *why)
{
	if (conn_is_closing(c))
		return;
	free_buffer(c->in);
	net_move(c, CONN_FINISHING, c->is_stranger);
	c->why = why;
	set_reading(c, READING_ON);
	net_mark_dirty(c);
}

void
conn_close(struct conn *c, const char *why)
{
	if (c->state == CONN_CLOSED)
		return;
	if (c->state == CONN_OPEN)
		free_buffer(c->in);
	net_move(c, CONN_CLOSED, false);
	c->why = why;
	conn_set_quota(c, NULL);
	event_del(&c->ev);
	close(c->fd);
	ring_clear(&c->ring);
	if (c->behind_at > 0)
		net_count_behind(c);
	account_give_back(c->account);
	c->account = NULL;
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
