/* SPDX-License-Identifier: ISC */
/*
 * address.c - sockets of the benchmarks.
 */
#include "tests/bench/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_un un;
	};
	socklen_t len;
};

static int
parse(const char *spec, struct address *a)
{
	char host[64];
	const char *colon = strrchr(spec, ':');

	*a = (struct address){.len = sizeof(a->in)};
	errno = EINVAL;
	if (strncmp(spec, "unix:", 5) == 0) {
		if (strlen(spec + 5) >= sizeof(a->un.sun_path))
			return -1;
		a->un.sun_family = AF_UNIX;
		strcpy(a->un.sun_path, spec + 5);
		a->len = sizeof(a->un);
		return 0;
	}
	if (colon == NULL || (size_t)(colon - spec) >= sizeof(host))
		return -1;
	memcpy(host, spec, (size_t)(colon - spec));
	host[colon - spec] = '\0';
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons((uint16_t)atoi(colon + 1));
	return inet_pton(AF_INET, host, &a->in.sin_addr) == 1 ? 0 : -1;
}

static int
fail(int fd, const char **why, const char *what)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	*why = what;
	return -1;
}

int
address_listen(const char *spec, char name[ADDRESS_NAME_SIZE], const char **why)
{
	struct address a;
	char host[INET_ADDRSTRLEN];
	int fd, on = 1;

	if (parse(spec, &a) != 0)
		return fail(-1, why, "address");
	if (a.sa.sa_family == AF_UNIX)
		unlink(a.un.sun_path);
	if ((fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return fail(fd, why, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a.sa, a.len) != 0)
		return fail(fd, why, "bind");
	if (listen(fd, 1024) != 0)
		return fail(fd, why, "listen");
	snprintf(name, ADDRESS_NAME_SIZE, "%s", spec);
	if (a.sa.sa_family == AF_INET) {
		getsockname(fd, &a.sa, &a.len);
		snprintf(name, ADDRESS_NAME_SIZE, "%s:%u",
		    inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host)), ntohs(a.in.sin_port));
	}
	return fd;
}

/* The port is chosen by connect(): only the pair of both ends must be unique. */
static int
bind_source(int fd, unsigned from)
{
	struct sockaddr_in in = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + from)};
	int on = 1;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&in, sizeof(in));
}

int
address_connect(const char *spec, unsigned from, const char **why)
{
	struct address a;
	int fd;

	if (parse(spec, &a) != 0)
		return fail(-1, why, "address");
	if ((fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return fail(fd, why, "socket");
	if (from > 0 && a.sa.sa_family == AF_INET && bind_source(fd, from) != 0)
		return fail(fd, why, "bind");
	if (connect(fd, &a.sa, a.len) != 0)
		return fail(fd, why, "connect");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	address_no_delay(fd);
	return fd;
}

void
address_no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)); /* fails on a Unix socket, where it means nothing */
}

void
address_allow_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}
