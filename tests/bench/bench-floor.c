/* SPDX-License-Identifier: ISC */
/*
 * bench-floor.c - the kernel's own cost of the same deliveries: a bare epoll loop that accepts and
 * sends, and does nothing else. It frames like the server (RFC 6455, no mask), so that bench-load
 * reads and checks both with the same code. The first two inputs of a connection stand for
 * handshake and subscription: each is answered by one frame. Then:
 *   tick    sends messages by its own schedule, one send() for each subscriber (--join: due frames
 *           in one)
 *   relay   sends a message of one client to all clients of its room: the closed loop
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/ws.h"
#include "tests/bench/address.h"
#include "tests/bench/payload.h"

#define EVENTS 256
#define SETTLE_US \
	1500000 /* from the last connection to the first message; bench-load reads clocks then */
#define READ_SIZE 65536

#define ANSWERS 2 /* to a connection's first inputs */

struct peer {
	int fd;
	int answers; /* still to be given */
};

struct floor {
	bool is_relay;
	const char *listen;
	uint32_t n_conns, room_size;
	double rate;    /* messages a second */
	uint32_t burst; /* messages due at the same time */
	double seconds;
	size_t frame_bytes;
	int64_t tick_us; /* least time between two wakes; what is due meanwhile waits */
	bool join;

	int epoll, listener;
	struct peer *peers; /* a room is room_size neighbours */
	struct buf frame;
	size_t content_at; /* in it */
	uint32_t n_accepted;
	int64_t start_us; /* of message 0 */
	uint64_t sent, total;
};

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

static void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "bench-floor: ");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* A blocked reader waits for nobody here: the floor is measured below saturation. */
static void
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			continue;
		if (sent < 0)
			die("send: %s", strerror(errno));
		p += sent;
		n -= (size_t)sent;
	}
}

/* ---- tick ---- */

static int64_t
due_us(const struct floor *f, uint64_t message)
{
	return f->start_us + (int64_t)((double)(message / f->burst * f->burst) * 1e6 / f->rate);
}

/* The frame of every message: only the content in it changes. */
static void
make_frame(struct floor *f)
{
	struct buf text = {0};
	size_t head = f->frame_bytes < 126 + 2 ? 2 : 4;

	buf_str(&text, "{\"event\":\"chat_message\",\"data\":{\"content\":\"");
	f->content_at = text.len + head;
	for (int i = 0; i < PAYLOAD_MIN; i++)
		buf_addc(&text, ' ');
	buf_str(&text, "\"},\"x\":\"");
	while (text.len + head + 2 < f->frame_bytes)
		buf_addc(&text, 'x');
	buf_str(&text, "\"}");
	ws_put(&f->frame, WS_TEXT, buf_as_span(&text));
	buf_clear(&text);
}

static void
send_to_room(const struct floor *f, uint64_t message, struct span bytes)
{
	uint32_t rooms = f->n_conns / f->room_size;
	uint32_t first = (uint32_t)(message % rooms) * f->room_size;

	for (uint32_t i = first; i < first + f->room_size; i++)
		send_all(f->peers[i].fd, bytes.p, bytes.n);
}

/* Sends what is due; the time of the next wake, or -1 after the last. */
static int64_t
send_due(struct floor *f)
{
	int64_t now = clock_mono_us();
	struct buf frames = {0};
	uint64_t first = f->sent;

	while (f->sent < f->total && due_us(f, f->sent) <= now) {
		payload_write(f->frame.p + f->content_at, PAYLOAD_MIN, f->sent, due_us(f, f->sent));
		if (f->join)
			buf_span(&frames, buf_as_span(&f->frame));
		else
			send_to_room(f, f->sent, buf_as_span(&f->frame));
		f->sent++;
	}
	if (frames.len > 0)
		send_to_room(f, first, buf_as_span(&frames));
	buf_clear(&frames);
	if (f->sent == f->total)
		return -1;
	int64_t next = due_us(f, f->sent);
	return next < now + f->tick_us ? now + f->tick_us : next;
}

/* ---- input ---- */

static void
on_input(struct floor *f, uint32_t number)
{
	static char in[READ_SIZE];
	struct peer *p = &f->peers[number];
	ssize_t n = recv(p->fd, in, sizeof(in), 0);

	if (n <= 0) {
		epoll_ctl(f->epoll, EPOLL_CTL_DEL, p->fd, NULL);
		return;
	}
	if (p->answers > 0) {
		p->answers--;
		send_all(p->fd, f->frame.p, f->frame.len);
	} else if (f->is_relay) {
		send_to_room(f, number / f->room_size, (struct span){in, (size_t)n});
	}
}

static void
on_accept(struct floor *f)
{
	int fd;

	while ((fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (f->n_accepted == f->n_conns) {
			close(fd);
			continue;
		}
		address_no_delay(fd);
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = f->n_accepted};
		epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ev);
		f->peers[f->n_accepted++] = (struct peer){fd, ANSWERS};
		if (f->n_accepted == f->n_conns)
			f->start_us = clock_mono_us() + SETTLE_US;
	}
}

static void
run(struct floor *f)
{
	struct epoll_event events[EVENTS], ev = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
	int64_t wake = -1;

	epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->listener, &ev);
	for (;;) {
		int64_t left = wake < 0 ? -1 : wake - clock_mono_us();
		struct timespec ts = {
		    left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 * 1000 : 0};
		int n = epoll_pwait2(f->epoll, events, EVENTS, wake < 0 ? NULL : &ts, NULL);

		for (int i = 0; i < n; i++) {
			if (events[i].data.u32 == UINT32_MAX)
				on_accept(f);
			else
				on_input(f, events[i].data.u32);
		}
		if (!f->is_relay && f->start_us > 0)
			wake = clock_mono_us() < f->start_us ? f->start_us : send_due(f);
	}
}

/* ---- options ---- */

static const struct option options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"connections", required_argument, NULL, 'n'},
    {"room-size", required_argument, NULL, 's'},
    {"rate", required_argument, NULL, 'r'},
    {"burst", required_argument, NULL, 'b'},
    {"seconds", required_argument, NULL, 'd'},
    {"frame-bytes", required_argument, NULL, 'f'},
    {"tick-us", required_argument, NULL, 't'},
    {"join", no_argument, NULL, 'j'},
    {"relay", no_argument, NULL, 'R'},
    {0},
};

static void
parse_options(struct floor *f, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			f->listen = optarg;
			break;
		case 'n':
			f->n_conns = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 's':
			f->room_size = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			f->rate = strtod(optarg, NULL);
			break;
		case 'b':
			f->burst = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'd':
			f->seconds = strtod(optarg, NULL);
			break;
		case 'f':
			f->frame_bytes = strtoul(optarg, NULL, 10);
			break;
		case 't':
			f->tick_us = strtoll(optarg, NULL, 10);
			break;
		case 'j':
			f->join = true;
			break;
		case 'R':
			f->is_relay = true;
			break;
		default:
			exit(2);
		}
	}
	if (f->room_size == 0)
		f->room_size = f->n_conns;
	if (f->n_conns == 0 || f->burst == 0 || f->rate <= 0 || f->n_conns % f->room_size != 0)
		die("--connections must be a multiple of --room-size; --rate and --burst are "
		    "greater than 0");
	if (f->frame_bytes < PAYLOAD_MIN + 80 || f->frame_bytes > READ_SIZE)
		die("--frame-bytes: %d to %d is accepted", PAYLOAD_MIN + 80, READ_SIZE);
	if (f->join && f->room_size != f->n_conns)
		die("--join: for one room");
}

int
main(int argc, char **argv)
{
	struct floor f = {.listen = "127.0.0.1:0",
	    .rate = 1,
	    .burst = 1,
	    .seconds = 5,
	    .frame_bytes = 300,
	    .n_conns = 1};
	char name[ADDRESS_NAME_SIZE];
	const char *why;

	parse_options(&f, argc, argv);
	f.total = (uint64_t)(f.rate * f.seconds);
	make_frame(&f);
	address_allow_files();
	f.peers = mem_zalloc(f.n_conns * sizeof(*f.peers));
	f.epoll = epoll_create1(EPOLL_CLOEXEC);
	if ((f.listener = address_listen(f.listen, name, &why)) < 0)
		die("%s: %s: %s", f.listen, why, strerror(errno));
	fcntl(f.listener, F_SETFL, O_NONBLOCK);
	printf("listening on %s\n", name);
	fflush(stdout);
	run(&f);
}
