/* SPDX-License-Identifier: ISC */
/*
 * link.c - the sockets of bench-load: one recv() for the bytes that are there, one send() for the
 * bytes that a turn queued.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "tests/bench/address.h"
#include "tests/bench/load.h"

#define EVENTS    512
#define READ_SIZE (256 * 1024)

#define CLIENTS_PER_ADDRESS 10000 /* ports run out */

static void
watch(struct link *l, int op)
{
	struct epoll_event ev = {.events = EPOLLIN | (l->is_blocked ? EPOLLOUT : 0), .data.ptr = l};

	epoll_ctl(l->client->load->epoll, op, l->fd, &ev);
}

struct link *
link_open(struct client *c, int which, const struct wire *wire)
{
	struct link *l = &c->links[which];
	const char *to = which == 0 ? c->load->o.connect : c->load->o.up_connect, *why;

	l->client = c;
	l->wire = wire;
	STAILQ_INIT(&l->questions);
	if (wire->connect != NULL)
		l->fd = wire->connect(to);
	else if ((l->fd = address_connect(to, c->number / CLIENTS_PER_ADDRESS, &why)) < 0)
		load_die("%s: %s: %s", to, why, strerror(errno));
	watch(l, EPOLL_CTL_ADD);
	return l;
}

struct link *
link_up(struct client *c)
{
	struct link *l = &c->links[1];

	return l->fd >= 0 ? l : link_open(c, 1, c->load->o.up);
}

void
link_want_send(struct link *l)
{
	if (l->is_dirty || l->is_blocked)
		return;
	l->is_dirty = true;
	TAILQ_INSERT_TAIL(&l->client->load->dirty, l, dirty);
}

static void
flush(struct link *l)
{
	bool was_blocked = l->is_blocked;
	ssize_t n = send(l->fd, l->out.p, l->out.len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		load_die("client %u: send: %s", l->client->number, strerror(errno));
	if (n > 0)
		buf_drop(&l->out, (size_t)n);
	l->is_blocked = l->out.len > 0;
	if (l->out.len == 0)
		buf_clear(&l->out);
	if (l->is_blocked != was_blocked)
		watch(l, EPOLL_CTL_MOD);
}

static void
flush_all(struct load *load)
{
	struct link *l;

	while ((l = TAILQ_FIRST(&load->dirty)) != NULL) {
		TAILQ_REMOVE(&load->dirty, l, dirty);
		l->is_dirty = false;
		flush(l);
	}
}

/* Only what is an incomplete unit is kept: idle clients hold no memory. */
static void
receive(struct link *l)
{
	static char scratch[READ_SIZE];
	struct client *c = l->client;
	size_t kept = l->in.len, used;
	ssize_t n;

	if (kept > sizeof(scratch) / 2)
		load_die("client %u: a unit that has no end", c->number);
	if (kept > 0)
		memcpy(scratch, l->in.p, kept);
	n = recv(l->fd, scratch + kept, sizeof(scratch) - kept, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		load_die("client %u: %s", c->number,
		    n == 0 ? "the server closed the connection" : strerror(errno));
	used = l->wire->input(c, l, scratch, kept + (size_t)n);
	buf_clear(&l->in);
	if (used < kept + (size_t)n)
		buf_add(&l->in, scratch + used, kept + (size_t)n - used);
}

void
links_turn(struct load *load, int64_t deadline_us)
{
	struct epoll_event events[EVENTS];
	int64_t left;
	struct timespec ts;
	int n;

	flush_all(load);
	left = deadline_us - clock_mono_us();
	ts = (struct timespec){left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 * 1000 : 0};
	n = epoll_pwait2(load->epoll, events, EVENTS, &ts, NULL);
	for (int i = 0; i < n; i++) {
		struct link *l = events[i].data.ptr;

		if (events[i].events & EPOLLOUT)
			flush(l);
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			receive(l);
	}
	flush_all(load);
}
