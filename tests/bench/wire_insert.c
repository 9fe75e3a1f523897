/* SPDX-License-Identifier: ISC */
/*
 * wire_insert.c - up only: a plain INSERT by another program, the sqlite3 shell. --up-connect is
 * the database. The answer comes when the statement has ended, after the commit.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/load.h"

static int
start_shell(const char *database)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		load_die("socketpair: %s", strerror(errno));
	switch (fork()) {
	case -1:
		load_die("fork: %s", strerror(errno));
	case 0:
		dup2(ends[1], STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		/* A line at a time comes out of it too. */
		execlp("stdbuf", "stdbuf", "-oL", "sqlite3", "-cmd", ".timeout 5000", "-cmd",
		    "PRAGMA synchronous = normal", database, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	return ends[0];
}

static void
insert(struct client *c, uint64_t message, struct span content)
{
	struct link *l = link_up(c);

	buf_printf(&l->out,
	    "INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_room-%u', "
	    "'escrow:update', "
	    "'{\"content\":\"%.*s\"}'); SELECT %" PRIu64 ";\n",
	    c->room, (int)content.n, content.p, message);
	link_want_send(l);
}

static size_t
input(struct client *c, struct link *l, char *in, size_t len)
{
	size_t at = 0;
	char *end;

	for (; (end = memchr(in + at, '\n', len - at)) != NULL; at = (size_t)(end + 1 - in)) {
		if (in[at] < '0' || in[at] > '9')
			load_die("sqlite3: %.*s", (int)(end - in - at), in + at);
		client_acknowledged(c, strtoull(in + at, NULL, 10), true);
	}
	return at;
}

const struct wire wire_insert = {
    .name = "insert",
    .what = "INSERT INTO broadcast_queue by the sqlite3 shell, only up",
    .connect = start_shell,
    .input = input,
    .send = insert,
};
