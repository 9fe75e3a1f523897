/* SPDX-License-Identifier: ISC */
/*
 * figures.h - the measurements: latencies in a histogram, and a process's CPU time and memory, seen
 * from outside.
 */
#ifndef TESTS_BENCH_FIGURES_H
#define TESTS_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts by value, each bucket 1/32 of its value wide: µs up to an hour. */
#define HISTOGRAM_SUB     32
#define HISTOGRAM_BUCKETS (28 * HISTOGRAM_SUB)

struct histogram {
	uint64_t count, max;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};
void histogram_add(struct histogram *, int64_t value); /* below 0: 0 */
/* The value that a share (0 to 1) of the counted does not exceed; 0 if there are none. */
uint64_t histogram_at(const struct histogram *, double share);

struct process {                               /* one look at the processes of a server */
	int64_t cpu_ns;                        /* of all its threads, since it began */
	int64_t user_ms, system_ms;            /* the same by /proc/PID/stat, in its coarse ticks */
	int64_t anonymous, private_dirty, rss; /* bytes, /proc/PID/smaps_rollup; 0: not readable */
	int64_t switches;                      /* of context, voluntary and not, all threads */
};
/* Adds one. False: there is no such process, or it is not ours to look at. */
bool process_add(int pid, struct process *);

#endif
