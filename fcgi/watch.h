/* SPDX-License-Identifier: ISC */
/*
 * watch.h - a deadline on a connection that another thread is blocked on: past it, the socket is
 * shut down. libfcgi reads and writes blocking; this is what ends a peer that says nothing, or
 * never stops.
 */
#ifndef FCGI_WATCH_H
#define FCGI_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
	pthread_mutex_t lock;
	int fd; /* our own duplicate, so that its number is never another connection's; -1: none */
	int how;
	int64_t deadline_ms;
};

enum { WATCH_NEVER = 0 };

void watch_init(struct watch *);

/* The connection's thread: begins and ends with a connection; deadline_ms (monotonic, or
 * WATCH_NEVER) and how (SHUT_RD, SHUT_RDWR) may be set anew at any time. watch_begin: false if
 * there is no descriptor left. */
bool watch_begin(struct watch *, int fd);
void watch_set(struct watch *, int64_t deadline_ms, int how);
void watch_end(struct watch *);

/* The other thread: shuts down what is late. */
void watch_check(struct watch *, int64_t now_ms);

#endif
