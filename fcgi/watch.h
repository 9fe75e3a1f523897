/* SPDX-License-Identifier: ISC */
/*
 * watch.h - a deadline on a connection on which another thread is blocked: when it has passed, the
 * socket is shut down. libfcgi's reads and writes block, so only this ends a connection whose peer
 * sends nothing, or never stops.
 */
#ifndef FCGI_WATCH_H
#define FCGI_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
	pthread_mutex_t lock;
	int fd;  /* a duplicate, so that the number cannot become another connection's; -1: none */
	int how; /* of shutdown(2) */
	int64_t deadline_ms; /* monotonic, or WATCH_NEVER */
};

enum { WATCH_NEVER = 0 };

void watch_init(struct watch *);

/* For the connection's thread, which begins and ends the watch with the connection. It may set
 * deadline_ms (monotonic, or WATCH_NEVER) and how (SHUT_RD, SHUT_RDWR) at any time. watch_begin
 * returns false if there is no descriptor left. The fd stays the caller's. */
bool watch_begin(struct watch *, int fd);
void watch_set(struct watch *, int64_t deadline_ms, int how);
void watch_end(struct watch *);

/* For the other thread: shuts the connection down if its deadline has passed. */
void watch_check(struct watch *, int64_t now_ms);

#endif
