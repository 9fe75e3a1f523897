/* SPDX-License-Identifier: ISC */
/*
 * main.c - escrowchatctl: the table of its commands, and the choice of one.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "ctl/commands.h"

#define PLACE  "config database"
#define SERVER "url key-file key"

static const struct command commands[] = {
    {"doctor", "URL", "Tells what a deployment's web server does wrong, and which line to change.",
	"Looks from outside; exits 1 where something is wrong. Streams and polls take a user:\n"
	"with auth = open there is one, else --token-file names one's token.",
	"token-file wallet server hold wait", 1, 1, doctor},
    {"publish", "EVENT DATA", "Publishes an event, with DATA as its JSON object.",
	"Into a room or to a user; by the database, or with --url by a server. Prints the cursor.",
	"room user ephemeral " PLACE " " SERVER, 2, 2, publish},
    {"tail", "", "Follows the log of durable events; each is a line of JSON.", "",
	"topic from last count " PLACE, 0, 0, tail},
    {"stats", "", "Figures of the database, or with --url of the daemon.",
	"The daemon wants a service key with scope stats.", "json " PLACE " " SERVER, 0, 0, stats},
    {"token", "issue WALLET | list | revoke ID | revoke --wallet WALLET --all",
	"Makes, shows and ends tokens of users (auth = wallet).",
	"issue prints a new one; list shows those that are valid, with their ids; revoke ends one, "
	"or all\n"
	"of a wallet, at once on every connection.",
	"wallet lifetime all " PLACE, 1, 2, token},
    {"key", "NAME SCOPE,SCOPE", "Prints a line for the file of service keys, with a new secret.",
	"Scopes: publish, escrows, stats, sessions.", "", 2, 2, key},
    {"check-db", "", "Tells whether the database is whole, and what state it is in.",
	"Changes nothing. Exits 1 where something is wrong, or the schema is newer than this "
	"program.",
	"quick " PLACE, 0, 0, check_db},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int
help(void)
{
	puts("usage: escrowchatctl COMMAND [OPTION...] [ARGUMENT...]\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\nescrowchatctl COMMAND --help says more of each.");
	return EXIT_GOOD;
}

int
main(int argc, char **argv)
{
	struct options o;
	int status;

	umask(007);
	signal(SIGPIPE, SIG_IGN);
	log_setup("escrowchatctl", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
	if (argc < 2)
		return fail_usage("a command is needed; --help lists them");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("escrowchatctl " PACKAGE_VERSION);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (options_read(&o, &commands[i], argc - 2, argv + 2, &status))
			status = commands[i].run(&o);
		return fflush(stdout) == 0 ? status : fail("standard output cannot be written");
	}
	return fail_usage("no command is called %s; --help lists them", argv[1]);
}
