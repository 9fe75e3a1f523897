/* SPDX-License-Identifier: ISC */
/*
 * loop.h - the event loop, without names of libevent: timers, signals, descriptors, and the end of
 * a turn. main and the echo programs use only this. All functions belong to the thread that runs
 * the loop.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct buf;

/* A new loop; loop_free frees it. NULL: the system gives no event loop; err holds one line (err
 * NULL: nobody reads it). */
struct loop *loop_new(struct buf *err);
void loop_free(struct loop *);

/* Runs until loop_stop. */
void loop_run(struct loop *);
void loop_stop(struct loop *);

/* Delays the next turn until us microseconds from now, until urgent_fd can be read, or until a
 * timer is due. Input that arrives meanwhile is worked off in one turn. */
void loop_pace(struct loop *, int64_t us, int urgent_fd);

/* loop_spend_us counts time that was spent on input; loop_is_spent is true when this turn has spent
 * all its time for input. So connections with much input share a turn. */
void loop_spend_us(struct loop *, int64_t us);
bool loop_is_spent(const struct loop *);

typedef void loop_cb(void *arg);

/* A timer that fires once after each loop_timer_set_us or loop_timer_set_at, in the next turn at
 * the soonest. */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *, loop_cb *, void *arg);
void loop_timer_set_us(struct loop_timer *, int64_t us); /* from now */
/* At a time of the monotonic clock, in ms; INT64_MAX stops the timer. */
void loop_timer_set_at(struct loop_timer *, int64_t at_ms);
void loop_timer_stop(struct loop_timer *);
void loop_timer_free(struct loop_timer *); /* NULL is fine */

/* Calls back whenever the descriptor can be read, until freed. The descriptor stays the caller's.
 * NULL: it cannot be watched; errno says why. */
struct loop_watch;
struct loop_watch *loop_watch_new(struct loop *, int fd, loop_cb *, void *arg);
void loop_watch_free(struct loop_watch *); /* NULL is fine */

/* Calls back for each arrival of a signal, as long as the loop lives. False: the signal cannot be
 * watched. */
bool loop_on_signal(struct loop *, int signo, loop_cb *, void *arg);

/* A function that runs once at the end of each turn in which loop_later_want was called, after all
 * callbacks of that turn. */
struct loop_later;
struct loop_later *loop_later_new(struct loop *, loop_cb *, void *arg);
void loop_later_want(struct loop_later *); /* again while wanted: nothing */
void loop_later_free(struct loop_later *); /* NULL is fine */

#endif
