/* SPDX-License-Identifier: ISC */
/*
 * listen.c - opens the listening sockets.
 */
#include "fcgi/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/why.h"

#define BACKLOG 511

static bool
refuse(struct buf *err, const char *address, const char *why)
{
	buf_printf(err, "listen: %s: %s", address, why);
	return false;
}

static bool
refuse_errno(struct buf *err, const char *address, int errnum)
{
	buf_printf(err, "listen: %s: ", address);
	why_no_listen(err, address, errnum);
	return false;
}

/* ---- the address of a descriptor ---- */

static bool
is_loopback_v6(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static void
describe(struct listener *l, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_un *un = (const void *)ss;
	char text[INET6_ADDRSTRLEN] = "";

	switch (ss->ss_family) {
	case AF_INET:
		l->is_loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(l->name, sizeof(l->name), "%s:%u", text, ntohs(in->sin_port));
		break;
	case AF_INET6:
		l->is_loopback = is_loopback_v6(&in6->sin6_addr);
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(l->name, sizeof(l->name), "[%s]:%u", text, ntohs(in6->sin6_port));
		break;
	case AF_UNIX:
		l->is_loopback = l->is_unix = true;
		snprintf(
		    l->name, sizeof(l->name), "unix:%.*s", (int)sizeof(un->sun_path), un->sun_path);
		break;
	default:
		snprintf(l->name, sizeof(l->name), "fd:%d", l->fd);
	}
}

bool
listen_take(struct listener *l, int fd)
{
	struct sockaddr_storage ss = {0};
	socklen_t n = sizeof(int), ss_n = sizeof(ss);
	int is_listening = 0, type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &n) != 0 || !is_listening)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 || type != SOCK_STREAM)
		return false;
	if (getsockname(fd, (struct sockaddr *)&ss, &ss_n) != 0)
		return false;
	*l = (struct listener){.fd = fd};
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	describe(l, &ss);
	return true;
}

/* ---- opening ---- */

/* Removes a socket file that a killed process left behind: a connection to it is refused. Returns
 * 0 or an errno. */
static int
remove_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd;
	bool is_stale;

	if (lstat(un->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(st.st_mode))
		return EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	is_stale = fd >= 0 && connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
		   errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	if (!is_stale)
		return EADDRINUSE;
	return unlink(un->sun_path) == 0 ? 0 : errno;
}

/* bind() makes the file with mode 0, then chmod() sets the mode: nobody can connect before that. */
static int
bind_unix(const struct sockaddr_un *un, int mode)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask = umask(0777);
	bool is_good = fd >= 0 && bind(fd, (const struct sockaddr *)un, sizeof(*un)) == 0;

	umask(mask);
	if (is_good && chmod(un->sun_path, (mode_t)mode) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (is_good)
		unlink(un->sun_path);
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
open_unix(struct listener *l, const char *address, int mode, struct buf *err)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const char *path = address + 5;
	int fd, errnum;

	if (strlen(path) >= sizeof(un.sun_path))
		return refuse(err, address, "the path is too long for a socket");
	memcpy(un.sun_path, path, strlen(path));
	errnum = remove_stale(&un);
	if (errnum != 0)
		return refuse_errno(err, address, errnum);
	fd = bind_unix(&un, mode);
	if (fd < 0 || !listen_take(l, fd))
		return refuse_errno(err, address, errno);
	l->is_ours = true;
	l->path = mem_strdup(path);
	if (stat(path, &l->made) != 0)
		l->made = (struct stat){0};
	return true;
}

static int
bind_tcp(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
open_tcp(struct listener *l, const char *address, struct buf *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
	const char *colon = strrchr(address, ':');
	char host[256];
	size_t n = colon ? (size_t)(colon - address) : 0;
	int fd;

	if (n == 0 || n >= sizeof(host))
		return refuse(err, address, "HOST:PORT, unix:PATH, fd:N are accepted");
	snprintf(host, sizeof(host), "%.*s", (int)n, address);
	if (host[0] == '[' && host[n - 1] == ']') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
	}
	if (getaddrinfo(host, colon + 1, &hints, &list) != 0 || !list)
		return refuse(err, address, "no such address");
	fd = bind_tcp(list);
	freeaddrinfo(list);
	if (fd < 0 || !listen_take(l, fd))
		return refuse_errno(err, address, errno);
	l->is_ours = true;
	return true;
}

bool
listen_open(struct listener *l, const char *address, int mode, struct buf *err)
{
	unsigned long long fd;

	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(l, address, mode, err);
	if (strncmp(address, "fd:", 3) != 0)
		return open_tcp(l, address, err);
	if (!span_u64(span_of(address + 3), 1 << 20, &fd) || !listen_take(l, (int)fd))
		return refuse(err, address, "no listening socket");
	return true;
}

static void
unlink_own(const struct listener *l)
{
	struct stat st;

	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->made.st_dev &&
	    st.st_ino == l->made.st_ino)
		unlink(l->path);
}

void
listen_stop(const struct listener *l)
{
	if (l->is_ours)
		unlink_own(l);
}

void
listen_close(struct listener *l)
{
	if (l->fd < 0)
		return;
	unlink_own(l);
	close(l->fd);
	free(l->path);
	*l = (struct listener){.fd = -1};
}
