/* SPDX-License-Identifier: ISC */
/*
 * uring.h - writes to many connections with one system call (io_uring), where the kernel allows it:
 * this saves the part of each send that is not the work of the network. Nothing depends on it:
 * ring_write writes what this does not. All functions belong to the loop's thread.
 */
#ifndef NET_URING_H
#define NET_URING_H

#include <stdbool.h>

#include "net/ring.h"

struct uring;

/* NULL: the kernel is too old, or does not allow it (sysctl kernel.io_uring_disabled, the filter of
 * a container). */
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
