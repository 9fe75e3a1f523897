/* SPDX-License-Identifier: ISC */
/*
 * why.c - explains system errors to an operator.
 */
#include "base/why.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

static void
say_no_permission(struct buf *out, const char *path, const char *directory)
{
	struct stat sb;

	buf_printf(out, "user %ld may not ", (long)geteuid());
	if (lstat(path, &sb) == 0)
		buf_str(out, "read and write it");
	else if (errno == ENOENT)
		buf_printf(out, "create files in %s", directory);
	else
		buf_printf(out, "look into %s", directory);
}

void
why_no_file(struct buf *out, const char *path, int err)
{
	char *copy = mem_strdup(path), *directory = dirname(copy);
	struct stat sb;

	if (err == EACCES)
		say_no_permission(out, path, directory);
	else if (err == ENOENT && stat(directory, &sb) != 0 && errno == ENOENT)
		buf_printf(out, "the directory %s does not exist", directory);
	else if (err == ELOOP)
		buf_str(out, "it is a symbolic link, which is not followed here");
	else
		buf_str(out, strerror(err));
	free(copy);
}

/* The pid of the process that listens on a Unix socket; 0: there is none, or it is not known. */
static long
listening_process(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ucred peer = {0};
	socklen_t n = sizeof(peer);
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return 0;
	memcpy(un.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		peer.pid = 0;
	close(fd);
	return (long)peer.pid;
}

static void
say_path_in_use(struct buf *out, const char *path)
{
	long pid = listening_process(path);
	struct stat sb;

	if (lstat(path, &sb) == 0 && !S_ISSOCK(sb.st_mode))
		buf_str(out, "a file that is no socket has this name");
	else if (pid > 0)
		buf_printf(out, "another program listens there (process %ld)", pid);
	else
		buf_str(out, "another program holds this socket");
}

void
why_no_listen(struct buf *out, const char *spec, int err)
{
	bool is_path = strncmp(spec, "unix:", 5) == 0;

	if (is_path && err == EADDRINUSE)
		say_path_in_use(out, spec + 5);
	else if (is_path)
		why_no_file(out, spec + 5, err);
	else if (err == EADDRINUSE)
		buf_str(out, "another program listens there; ss -ltnp, as root, shows which");
	else if (err == EADDRNOTAVAIL)
		buf_str(out, "no interface of this machine has this address");
	else if (err == EACCES)
		buf_printf(out, "user %ld may not listen on a port below 1024", (long)geteuid());
	else
		buf_str(out, strerror(err));
}
