/* SPDX-License-Identifier: ISC */
/*
 * options.h - the commands of escrowchatctl and their options: a table of each. The text of --help
 * is made from both.
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

struct options { /* strings are borrowed from argv; NULL: not given */
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
	const char *more;      /* more text for --help, or "" */
	const char *takes;     /* names of its options, with blanks between them */
	size_t min_args, max_args;
	int (*run)(const struct options *); /* the exit status */
};

/* Reads the arguments after a command's name. True: run the command. False: exit with *status; help
 * went to stdout (EXIT_GOOD), or one line to stderr (EXIT_USAGE). */
bool
options_read(struct options *, const struct command *, int argc, char *const *argv, int *status);

/* Appends the manual of one command. */
void options_help(const struct command *, struct buf *out);

/* Writes text from others to a terminal: control characters become question marks. */
void put_plain(FILE *, struct span);

/* Each writes one line to stderr, with "escrowchatctl: " before it. fail returns EXIT_WRONG,
 * fail_usage returns EXIT_USAGE. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int fail_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Writes the line in err, without its newline, to stderr as fail or fail_usage does, and clears
 * err. Returns status. */
int fail_with(struct buf *err, int status);

#endif
