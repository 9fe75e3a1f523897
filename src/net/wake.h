/* SPDX-License-Identifier: ISC */
/*
 * wake.h - how another thread wakes the loop, so that no wake-up is ever lost: a ring that the
 * kernel did not pass on is found within a second.
 */
#ifndef NET_WAKE_H
#define NET_WAKE_H

#include "net/loop.h"

struct wake;

/* Calls back on the loop's thread, soon after each ring; one call may stand for several rings.
 * NULL: the system gives no descriptor, or the loop cannot watch it; errno says why. */
struct wake *wake_new(struct loop *, loop_cb *, void *arg);
void wake_free(struct wake *); /* when nobody rings any more; NULL is fine */

/* From any thread. The callback sees everything that was done before the ring. */
void wake_ring(struct wake *);

/* A descriptor that can be read while a ring is unheard; for loop_pace. */
int wake_fd(const struct wake *);

#endif
