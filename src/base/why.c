/* SPDX-License-Identifier: ISC */
/*
 * why.c - explains system errors to an operator.
 */
#include "base/why.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"

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

/* The inode of a socket that listens on a TCP port, from a table of /proc/net; 0: there is none. */
static unsigned long
listening_socket(const char *table, unsigned long long port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode, found = 0;
	unsigned at, state;
	char line[256];

	while (f != NULL && found == 0 && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &at, &state,
			&inode) == 3 &&
		    at == port && state == TCP_LISTEN)
			found = inode;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

/* The number of a process with that socket; 0: none that this user may look at. */
static long
socket_holder(unsigned long inode)
{
	glob_t fds = {0};
	char want[32], link[32];
	int n = snprintf(want, sizeof(want), "socket:[%lu]", inode);
	long pid = 0;

	glob("/proc/[0-9]*/fd/*", GLOB_NOSORT, NULL, &fds);
	for (size_t i = 0; pid == 0 && i < fds.gl_pathc; i++) {
		if (readlink(fds.gl_pathv[i], link, sizeof(link)) == n &&
		    memcmp(link, want, (size_t)n) == 0)
			pid = atol(fds.gl_pathv[i] + strlen("/proc/"));
	}
	globfree(&fds);
	return pid;
}

static void
say_port_in_use(struct buf *out, const char *spec)
{
	const char *colon = strrchr(spec, ':');
	unsigned long long port = 0;
	unsigned long inode = 0;
	long pid;

	if (colon != NULL && span_u64(span_of(colon + 1), 65535, &port) &&
	    (inode = listening_socket("/proc/net/tcp", port)) == 0)
		inode = listening_socket("/proc/net/tcp6", port);
	if (inode != 0 && (pid = socket_holder(inode)) > 0)
		buf_printf(out, "another program listens on this port (process %ld)", pid);
	else
		buf_str(out, "another program listens there; ss -ltnp, as root, shows which");
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
		say_port_in_use(out, spec);
	else if (err == EADDRNOTAVAIL)
		buf_str(out, "no interface of this machine has this address");
	else if (err == EACCES)
		buf_printf(out, "user %ld may not listen on a port below 1024", (long)geteuid());
	else
		buf_str(out, strerror(err));
}
