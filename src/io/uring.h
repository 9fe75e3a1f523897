/* SPDX-License-Identifier: ISC */
/*
 * uring.h - writes to many connections with one system call (io_uring), if the kernel allows it.
 * That saves the cost of a system call for each connection. Nothing depends on it: ring_write
 * writes the frames that this does not write. All functions belong to the loop's thread.
 */
#ifndef IO_URING_H
#define IO_URING_H

#include <stdbool.h>

#include "io/ring.h"

struct uring;

/* A new queue, which uring_free frees. NULL: the kernel is too old, or does not allow io_uring
 * (sysctl kernel.io_uring_disabled, the filter of a container). */
struct uring *uring_new(void);
void uring_free(struct uring *); /* NULL is fine */

bool uring_is_full(const struct uring *);
bool uring_is_empty(const struct uring *);
/* Queues a write of the first frames of a ring, which is not empty, in one piece. The ring does not
 * change until uring_write. False: the write was not queued, since there is no room to join the
 * frames. uring_write makes room again; if uring_is_empty, the frames are too large. */
bool uring_add(struct uring *, int fd, struct ring *);
/* Writes the bytes that are queued, without waiting, and takes out of each ring those that the
 * kernel took. */
void uring_write(struct uring *);

#endif
