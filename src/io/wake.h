/* SPDX-License-Identifier: ISC */
/*
 * wake.h - another thread wakes the loop, and no wake-up is lost: if the kernel does not report
 * one, it is found within a second.
 */
#ifndef IO_WAKE_H
#define IO_WAKE_H

#include "io/loop.h"

struct wake;

/* Calls back on the loop's thread, soon after each ring; one call may stand for several rings.
 * NULL: the system gives no descriptor, or the loop cannot watch it; errno says why. */
struct wake *wake_new(struct loop *, loop_cb *, void *arg);
void wake_free(struct wake *); /* when nobody rings any more; NULL is fine */

/* Wakes the loop. Any thread. The callback sees everything that this thread did before the call. */
void wake_ring(struct wake *);

/* A descriptor that can be read while a wake-up waits for its callback; for loop_pace. */
int wake_fd(const struct wake *);

#endif
