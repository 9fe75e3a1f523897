/* SPDX-License-Identifier: ISC */
/*
 * options.h - the commands of escrowchatctl and their options: one table of each, and --help made of both.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/span.h"

#define OPTIONS_ARGS 3

enum { EXIT_GOOD, EXIT_WRONG, EXIT_USAGE };

struct options { /* borrowed from argv; NULL: not given */
	const char *config, *database;
	const char *url, *key_file, *key, *token_file, *wallet, *server;
	const char *room, *user, *topic, *from;
	int64_t hold_s, wait_s, lifetime_s, count, last;
	bool is_ephemeral, is_json, is_quick, is_all;
	const char *args[OPTIONS_ARGS];
	size_t n_args;
};

struct command {
	const char *name;
	const char *arguments; /* as --help shows them */
	const char *summary;   /* one sentence */
	const char *more;      /* what else --help says, or "" */
	const char *takes;     /* names of options, a blank between them */
	size_t min_args, max_args;
	int (*run)(const struct options *); /* the exit status */
};

/* Reads what stands behind a command's name. EXIT_GOOD: run it; else *status is what to exit with: help went to stdout (0), or one line to
 * stderr (2). */
bool
options_read(struct options *, const struct command *, int argc, char *const *argv, int *status);

/* Appends the manual of one command. */
void options_help(const struct command *, struct buf *out);

/* What others have said, for a terminal: control characters become question marks. */
void put_plain(FILE *, struct span);

/* One line to stderr, "escrowchatctl: " before it; returns EXIT_WRONG, or what it is named after. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int fail_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
