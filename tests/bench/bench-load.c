/* SPDX-License-Identifier: ISC */
/*
 * bench-load.c - connects users to a server, lets them talk, checks every delivery, and prints the
 * cost to the server. Phases: set-up, (idle) memory, messages by a schedule (--rate) or in a closed
 * loop (--window). It prints one "name value" a line on stdout.
 * Exit 0: no delivery was lost, doubled, out of order or changed; 1: one was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/address.h"
#include "tests/bench/load.h"
#include "tests/bench/payload.h"

#define OPENING_MAX 64        /* clients that are being set up at once */
#define OPEN_US     120000000 /* for all of them: who was refused does not join */
#define SETTLE_US   500000    /* what set-up left behind: presence of others, timers */
#define DRAIN_US    5000000   /* without any delivery: what is not there is lost */

void
load_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "bench-load: ");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* ---- phases ---- */

static void
look(const struct load *l, struct process *p)
{
	memset(p, 0, sizeof(*p));
	for (const int *pid = l->o.pids; *pid > 0; pid++) {
		if (!process_add(*pid, p))
			load_die("--pid %d: no such process", *pid);
	}
}

static void
open_clients(struct load *l)
{
	int64_t end = clock_mono_us() + OPEN_US;

	while (l->n_ready < l->o.n_clients) {
		if (clock_mono_us() > end)
			load_die("only %u clients were let in", l->n_ready);
		while (l->n_opened < l->o.n_clients && l->n_opened - l->n_ready < OPENING_MAX)
			client_open(&l->clients[l->n_opened++]);
		links_turn(l, clock_mono_us() + DRAIN_US);
	}
}

static void
wait_until(struct load *l, int64_t at)
{
	while (clock_mono_us() < at)
		links_turn(l, at);
}

/* Message g is due with the others of its burst. */
static int64_t
due_us(const struct load *l, uint64_t message)
{
	return l->start_us +
	       (int64_t)((double)(message / l->o.burst * l->o.burst) * 1e6 / l->o.rate);
}

static void
send_by_schedule(struct load *l)
{
	uint64_t total = (uint64_t)(l->o.rate * l->o.seconds);

	while (l->n_sent < total) {
		int64_t now = clock_mono_us();
		while (l->n_sent < total && due_us(l, l->n_sent) <= now)
			load_send(l, due_us(l, l->n_sent));
		links_turn(l, l->n_sent < total ? due_us(l, l->n_sent) : now);
	}
}

/* The next message goes out when one was delivered to all of its room. */
static void
send_in_closed_loop(struct load *l)
{
	int64_t end = l->start_us + (int64_t)(l->o.seconds * 1e6), now;
	size_t total = l->o.messages > 0 ? l->o.messages : SIZE_MAX;

	while ((now = clock_mono_us()) < end && l->n_sent < total) {
		while (l->n_sent - l->n_done < l->o.window && l->n_sent < total)
			load_send(l, now);
		links_turn(l, end);
	}
}

static void
listen_only(struct load *l)
{
	uint64_t total = (uint64_t)(l->o.rate * l->o.seconds);

	l->last_delivery_us = clock_mono_us();
	while (l->n_done < total && clock_mono_us() - l->last_delivery_us < DRAIN_US)
		links_turn(l, clock_mono_us() + DRAIN_US);
}

static void
drain(struct load *l)
{
	l->last_delivery_us = clock_mono_us();
	while (l->n_done < l->n_sent || (l->o.wants_acks && l->acks + l->refused < l->n_sent)) {
		if (clock_mono_us() - l->last_delivery_us >= DRAIN_US)
			break;
		links_turn(l, clock_mono_us() + DRAIN_US);
	}
}

static void
exchange(struct load *l)
{
	l->start_us = clock_mono_us();
	if (l->o.wire->is_silent) {
		listen_only(l);
		return;
	}
	if (l->o.rate > 0)
		send_by_schedule(l);
	else
		send_in_closed_loop(l);
	drain(l);
}

/* ---- the verdict ---- */

/* Members of a room whose order differs from the first one's. */
static uint64_t
disagreements(const struct load *l)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < l->o.n_clients; i++) {
		const struct client *first = &l->clients[i / l->o.room_size * l->o.room_size];
		n += l->clients[i].digest != first->digest;
	}
	return n;
}

static void
print_latency(const char *name, const struct histogram *h)
{
	if (h->count == 0)
		return;
	printf("%s_p50_us %" PRIu64 "\n%s_p99_us %" PRIu64 "\n%s_max_us %" PRIu64 "\n", name,
	    histogram_at(h, 0.5), name, histogram_at(h, 0.99), name, h->max);
}

static void
print_setup(const struct load *l, const struct process *before, const struct process *after)
{
	double n = l->o.n_clients;

	printf("connections %u\n", l->o.n_clients);
	printf("setup_cpu_us_per_connection %.2f\n",
	    (double)(after->cpu_ns - before->cpu_ns) / 1e3 / n);
	print_latency("setup", &l->setup);
	printf("anonymous_bytes_per_connection %.0f\n",
	    (double)(after->anonymous - before->anonymous) / n);
	printf("private_dirty_bytes_per_connection %.0f\n",
	    (double)(after->private_dirty - before->private_dirty) / n);
	printf("rss_bytes_per_connection %.0f\n", (double)(after->rss - before->rss) / n);
}

static int
print_exchange(
    const struct load *l, const struct process *before, const struct process *after, double seconds)
{
	uint64_t expected = (uint64_t)l->n_sent * (l->o.wire->is_request ? 1 : l->o.room_size),
		 lost = expected - l->deliveries;
	double cpu_us = (double)(after->cpu_ns - before->cpu_ns) / 1e3,
	       n = l->deliveries ? (double)l->deliveries : 1;
	uint64_t split = disagreements(l);
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	printf("messages %zu\ndeliveries %" PRIu64 "\nacknowledgements %" PRIu64 "\nseconds %.2f\n",
	    l->n_sent, l->deliveries, l->acks, seconds);
	printf("messages_per_second %.0f\n", (double)l->n_sent / seconds);
	printf("frame_bytes %.0f\n", (double)l->delivery_bytes / n);
	printf("cpu_us_per_delivery %.3f\n", cpu_us / n);
	printf("cpu_us_per_message %.3f\n", cpu_us / (l->n_sent ? (double)l->n_sent : 1));
	printf("cpu_percent %.1f\n", cpu_us / seconds / 1e4);
	printf("own_us_per_delivery %.2f\n", (double)(after->user_ms - before->user_ms) * 1e3 / n);
	printf("user_ms %" PRId64 "\nsystem_ms %" PRId64 "\n", after->user_ms - before->user_ms,
	    after->system_ms - before->system_ms);
	printf("switches_per_message %.2f\n",
	    (double)(after->switches - before->switches) / (l->n_sent ? (double)l->n_sent : 1));
	print_latency("latency", &l->latency);
	print_latency("ack", &l->ack);
	print_latency("after_ack", &l->after_ack);
	printf(
	    "load_cpu_s %.2f\n", (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
				     (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
	printf("lost %" PRIu64 "\ndoubled %" PRIu64 "\ndisordered %" PRIu64
	       "\ndisagreeing_members %" PRIu64 "\n",
	    lost, l->doubled, l->disordered, split);
	printf("misplaced %" PRIu64 "\nbad_content %" PRIu64 "\nrefused %" PRIu64
	       "\nearly_acknowledgements %" PRIu64 "\n",
	    l->misplaced, l->bad_content, l->refused, l->early_acks);
	return lost + l->doubled + l->disordered + split + l->misplaced + l->bad_content +
			   l->refused + l->early_acks ==
		       0
		   ? 0
		   : 1;
}

/* ---- the whole ---- */

static void
make_clients(struct load *l)
{
	l->n_rooms = l->o.n_clients / l->o.room_size;
	l->clients = mem_zalloc(l->o.n_clients * sizeof(*l->clients));
	for (uint32_t i = 0; i < l->o.n_clients; i++) {
		struct client *c = &l->clients[i];
		c->load = l;
		c->number = i;
		c->room = i / l->o.room_size;
		for (int k = 0; k < LINKS_MAX; k++)
			c->links[k].fd = -1;
	}
}

int
main(int argc, char **argv)
{
	static struct load l = {.o = {.wire = &wire_websocket,
				    .senders = 1,
				    .burst = 1,
				    .seconds = 5,
				    .content_bytes = 64,
				    .frame_bytes = 280,
				    .wants_acks = true}};
	struct process before, ready, after;

	options_parse(&l.o, argc, argv);
	address_allow_files();
	TAILQ_INIT(&l.dirty);
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	make_clients(&l);
	look(&l, &before);
	open_clients(&l);
	wait_until(&l, clock_mono_us() + SETTLE_US);
	look(&l, &ready);
	print_setup(&l, &before, &ready);
	if (l.o.rate <= 0 && l.o.window == 0)
		return 0;
	exchange(&l);
	int64_t end = clock_mono_us();
	look(&l, &after);
	return print_exchange(&l, &ready, &after, (double)(end - l.start_us) / 1e6);
}
