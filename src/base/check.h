/* SPDX-License-Identifier: ISC */
/*
 * check.h - checks of invariants: an invariant is a statement about the program's own state that no
 * input can make false.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/log.h"

#include <stdlib.h>

/* Ends the process (SIGABRT) with one error line if the condition is false. A process whose state
 * contradicts itself must not acknowledge anything; the supervisor starts a new one, and clients
 * come back with their cursors. The check runs in every build, so the condition must cost next to
 * nothing. */
#define check(condition)                                                                      \
	do {                                                                                  \
		if (__builtin_expect(!(condition), 0)) {                                      \
			log_error("check failed: %s:%d: %s", __FILE__, __LINE__, #condition); \
			abort();                                                              \
		}                                                                             \
	} while (0)

/* True in builds with a sanitizer (--enable-debug, --enable-tsan, --enable-fuzzing). In these
 * builds the walkers, which recount all counters and lists, run after each turn. */
#ifdef CHECK_ALL
#define CHECKS_ALL 1
#else
#define CHECKS_ALL 0
#endif

#endif
