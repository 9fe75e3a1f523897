/* SPDX-License-Identifier: ISC */
/*
 * net_world.h - an event loop and the two ends of a socket pair, for the tests of connections and
 * their protocols.
 */
#ifndef NET_WORLD_H
#define NET_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/conn.h"
#include "io/slice.h"

struct wires {
	struct loop *loop;
	struct net *net;
	struct loop_timer *clock;
	int turns_left;
	int near,
	    far; /* near: the server's end, until a connection takes it over; far: the client's */
	struct buf answer; /* all that the client has read */
	bool has_ended;    /* the client has read the end */
	void *own;         /* the test's, from malloc() */
};

static inline void
on_clock(void *arg)
{
	struct wires *w = arg;

	if (--w->turns_left <= 0)
		loop_stop(w->loop);
	else
		loop_timer_set_us(w->clock, 0);
}

/* The loop turns a few times: all that can be done without more input is done. */
static inline void
turns(struct wires *w)
{
	w->turns_left = 20;
	loop_timer_set_us(w->clock, 0);
	loop_run(w->loop);
}

/* The loop turns once, to the end of the turn, and begins another. */
static inline void
one_turn(struct wires *w)
{
	w->turns_left = 2;
	loop_timer_set_us(w->clock, 0);
	loop_run(w->loop);
}

static inline void
wires_connect(struct wires *w, int type)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	w->near = fds[0];
	w->far = fds[1];
}

static inline int
wires_setup(void **state)
{
	struct wires *w = calloc(1, sizeof(*w));

	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	w->loop = loop_new(NULL);
	w->net = net_new(w->loop, &(struct net_options){.max_connections = 2});
	w->clock = loop_timer_new(w->loop, on_clock, w);
	wires_connect(w, SOCK_STREAM);
	*state = w;
	return 0;
}

static inline int
wires_teardown(void **state)
{
	struct wires *w = *state;

	net_free(w->net);
	loop_timer_free(w->clock);
	loop_free(w->loop);
	close(w->far);
	buf_clear(&w->answer);
	free(w->own);
	free(w);
	return 0;
}

/* ---- the client's end ---- */

/* Writes the bytes that the kernel takes at once; returns their number. */
static inline size_t
put(struct wires *w, const void *bytes, size_t n)
{
	ssize_t written = send(w->far, bytes, n, MSG_NOSIGNAL);

	return written > 0 ? (size_t)written : 0;
}

static inline void
put_text(struct wires *w, const char *text)
{
	assert_int_equal(put(w, text, strlen(text)), strlen(text));
}

/* Reads all bytes that are there, and appends them to the answer. */
static inline void
get(struct wires *w)
{
	ssize_t n;

	while ((n = recv(w->far, buf_reserve(&w->answer, 65536), 65536, 0)) > 0)
		w->answer.len += (size_t)n;
	w->has_ended = w->has_ended || n == 0 || errno == ECONNRESET;
}

/* Sends a text, lets the loop turn, and reads until nothing more comes. Returns the whole
 * answer. */
static inline const char *
ask(struct wires *w, const char *text)
{
	size_t before;

	put_text(w, text);
	do {
		before = w->answer.len;
		turns(w);
		get(w);
	} while (w->answer.len > before);
	return buf_cstr(&w->answer);
}

static inline void
small_buffer(int fd)
{
	int size = 4096;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

#define wires_test(f) cmocka_unit_test_setup_teardown(f, wires_setup, wires_teardown)

#endif
