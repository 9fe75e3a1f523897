/* SPDX-License-Identifier: ISC */
/*
 * skips.h - a test that this machine cannot run. cmocka counts it, but its program would end with
 * 0; with status 77 `make check` shows the skip, and contrib/check.sh counts it as failed.
 */
#ifndef TESTS_SKIPS_H
#define TESTS_SKIPS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static int n_skipped;

/* Ends the test that calls it. */
static inline void
skip_test(const char *why)
{
	print_message("skipped: %s\n", why);
	n_skipped++;
	skip();
}

/* The program's exit status. n_failed: the result of cmocka_run_group_tests. */
static inline int
skips_status(int n_failed)
{
	return n_failed != 0 ? 1 : n_skipped > 0 ? 77 : 0;
}

#endif
