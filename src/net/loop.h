/* SPDX-License-Identifier: ISC */
/*
 * loop.h - the event loop without its library: timers, signals, descriptors, and the end of a turn.
 * What main and the echo programs know of libevent.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct buf;

/* NULL: the system gives no event loop; err holds one line (NULL: no matter). */
struct loop *loop_new(struct buf *err);
void loop_free(struct loop *);

/* Runs until loop_stop. */
void loop_run(struct loop *);
void loop_stop(struct loop *);

/* The next turn begins us from now, or when a descriptor can be read, or a timer is due: what comes from others meanwhile
 * comes together. */
void loop_pace(struct loop *, int64_t us, int urgent_fd);

/* Work on input is counted, so that many connections with much input share a turn: true when this
 * turn has spent its time on it. */
void loop_spend_us(struct loop *, int64_t us);
bool loop_is_spent(const struct loop *);

typedef void loop_cb(void *arg);

/* A timer that fires once after each loop_timer_set_us, in the next turn at the soonest. */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *, loop_cb *, void *arg);
void loop_timer_set_us(struct loop_timer *, int64_t us);
void loop_timer_stop(struct loop_timer *);
void loop_timer_free(struct loop_timer *); /* NULL is fine */

/* Calls back whenever the descriptor can be read, until freed. The descriptor stays the caller's.
 * NULL: it cannot be watched; errno says why. */
struct loop_watch;
struct loop_watch *loop_watch_new(struct loop *, int fd, loop_cb *, void *arg);
void loop_watch_free(struct loop_watch *); /* NULL is fine */

/* Calls back for each arrival of a signal. Lives as long as the loop. False: it cannot be watched. */
bool loop_on_signal(struct loop *, int signo, loop_cb *, void *arg);

/* Something to run once at the end of the turn in which it is wanted, after all that was ready. */
struct loop_later;
struct loop_later *loop_later_new(struct loop *, loop_cb *, void *arg);
void loop_later_want(struct loop_later *); /* again while wanted: nothing */
void loop_later_free(struct loop_later *); /* NULL is fine */

#endif
