/* SPDX-License-Identifier: ISC */
/*
 * uring.h - writes to many connections with one system call (io_uring), where the kernel lets us: it saves what each send costs beyond
 * the network's own work.
 * Nothing depends on it: who has none, and what it did not write, is written by ring_write.
 */
#ifndef NET_URING_H
#define NET_URING_H

#include <stdbool.h>

#include "net/ring.h"

struct uring;

/* NULL: the kernel is too old, or does not let us (sysctl kernel.io_uring_disabled, a container's filter). */
struct uring *uring_new(void);
void uring_free(struct uring *); /* NULL is fine */

bool uring_is_full(const struct uring *);
bool uring_is_empty(const struct uring *);
/* Queues a write of the first frames of a ring that is not empty, in one piece. The ring is not
 * changed until uring_write. False, and not queued: there is no room to join them. There is again
 * after uring_write; if nothing was queued, they are too large for this way. */
bool uring_add(struct uring *, int fd, struct ring *);
/* Writes the bytes that are queued, without waiting, and takes out of each ring those that the
 * kernel took. */
void uring_write(struct uring *);

#endif
