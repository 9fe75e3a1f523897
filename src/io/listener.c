/* SPDX-License-Identifier: ISC */
/*
 * listener.c - listening and accepting.
 */
#include "io/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/sys.h"
#include "base/why.h"
#include "config/config.h"
#include "io/loop_event.h"
#include "io/tcp.h"

#define BACKLOG       1024
#define ACCEPT_BATCH  64
#define IDENTITY_MODE 0660
#define BACKOFF_US    100000   /* no descriptor left: others need this turn more */
#define CALM_US       10000000 /* without a shortage: then it is over */

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

struct listener {
	struct event ev;
	struct loop_timer *backoff;
	struct loop_timer *calm; /* is set in a shortage */
	listener_cb *cb;
	listener_relief_cb *relieve;
	void *arg;
	size_t n_relieved; /* in this shortage */
	bool is_short;
	bool has_warned; /* that a socket takes not all of its options */
	int fd;
	char *name;
	char *unlink_path; /* NULL: not ours to unlink */
	bool is_loopback, is_identity;
};

/* "127.0.0.1", "::1", or "" for a Unix socket; IPv4 in IPv6 is shown as IPv4. */
static const char *
address_text(const union address *a, char out[INET6_ADDRSTRLEN])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	out[0] = '\0';
	if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, out, INET6_ADDRSTRLEN);
	else if (a->sa.sa_family == AF_INET6 &&
		 memcmp(&a->in6.sin6_addr, mapped, sizeof(mapped)) == 0)
		inet_ntop(
		    AF_INET, a->in6.sin6_addr.s6_addr + sizeof(mapped), out, INET6_ADDRSTRLEN);
	else if (a->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, out, INET6_ADDRSTRLEN);
	return out;
}

/* Writes one log line at the beginning of a shortage of descriptors, and one at its end. */
static void
note_shortage(struct listener *l, int err)
{
	if (!l->is_short)
		log_warn("listener %s: no descriptor left (%s): the oldest strangers go", l->name,
		    strerror(err));
	l->is_short = true;
	loop_timer_set_us(l->calm, CALM_US);
}

static void
on_calm(void *arg)
{
	struct listener *l = arg;

	log_warn(
	    "listener %s: descriptors are left again; %zu strangers went", l->name, l->n_relieved);
	l->is_short = false;
	l->n_relieved = 0;
}

/* The kernel looks for a descriptor first: where there is none, accept fails even if no connection
 * waits. */
static bool
has_waiting(const struct listener *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* True: accept again. */
static bool
is_relieved(struct listener *l, int err)
{
	if (err == EINTR || err == ECONNABORTED)
		return true;
	if (err != EMFILE && err != ENFILE && err != ENOBUFS && err != ENOMEM)
		return false;
	if (!has_waiting(l))
		return false;
	note_shortage(l, err);
	if (l->relieve != NULL && l->relieve(l->arg)) {
		l->n_relieved++;
		return true;
	}
	event_del(&l->ev);
	loop_timer_set_us(l->backoff, BACKOFF_US);
	return false;
}

/* Writes one log line for all sockets of the listener: what one of them refuses, all refuse. */
static void
note_unprepared(struct listener *l, int err)
{
	if (!l->has_warned)
		log_warn("listener %s: a socket refuses an option (%s): a dead peer may be noticed "
			 "late",
		    l->name, strerror(err));
	l->has_warned = true;
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		union address peer;
		socklen_t len = sizeof(peer);
		char text[INET6_ADDRSTRLEN];
		int client = sys_accept(l->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0 && is_relieved(l, errno))
			continue;
		if (client < 0)
			return;
		if (peer.sa.sa_family != AF_UNIX && !tcp_prepare(client))
			note_unprepared(l, errno);
		l->cb(client, address_text(&peer, text), l->arg);
	}
}

static void
on_backoff(void *arg)
{
	struct listener *l = arg;

	if (!loop_event_add(&l->ev))
		loop_timer_set_us(l->backoff, BACKOFF_US);
}

void
listener_set_relief(struct listener *l, listener_relief_cb *relieve)
{
	l->relieve = relieve;
}

/* ---- opening ---- */

static int
fail(struct buf *err, const char *spec, const char *what)
{
	buf_printf(err, "listen: %s: %s: %s", spec, what, strerror(errno));
	return -1;
}

static int
bind_and_listen(int fd, const union address *a, socklen_t len, const char *spec, struct buf *err)
{
	if (sys_bind(fd, &a->sa, len) != 0 || sys_listen(fd, BACKLOG) != 0) {
		buf_printf(err, "listen: %s: ", spec);
		why_no_listen(err, spec, errno);
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_tcp(const char *spec, struct buf *err)
{
	const char *colon = strrchr(spec, ':');
	size_t host_len = colon != NULL ? (size_t)(colon - spec) : 0;
	bool is_bracketed = host_len > 2 && spec[0] == '[' && spec[host_len - 1] == ']';
	char *host = mem_strndup(spec + is_bracketed, host_len - 2 * is_bracketed);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
			*ai = NULL;
	union address a = {0};
	int fd, on = 1;
	int rc =
	    colon == NULL ? EAI_NONAME : getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &ai);

	free(host);
	if (rc != 0) {
		buf_printf(err, "listen: %s: %s", spec, gai_strerror(rc));
		return -1;
	}
	socklen_t len = ai->ai_addrlen;
	memcpy(&a, ai->ai_addr, len);
	freeaddrinfo(ai);
	if ((fd = sys_socket(a.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return fail(err, spec, "no socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind_and_listen(fd, &a, len, spec, err);
}

/* Takes over a socket that a process left behind; one that still answers is not taken. */
static bool
is_stale(const union address *a, socklen_t len)
{
	struct stat st;

	if (lstat(a->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused = fd >= 0 && connect(fd, &a->sa, len) != 0 && errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return refused;
}

static int
open_unix(const char *spec, mode_t mode, struct buf *err)
{
	const char *path = spec + strlen("unix:");
	union address a = {.un = {.sun_family = AF_UNIX}};
	socklen_t len = sizeof(a.un);
	int fd;

	if (strlen(path) >= sizeof(a.un.sun_path)) {
		buf_printf(err, "listen: %s: a path of at most %zu bytes is accepted", spec,
		    sizeof(a.un.sun_path) - 1);
		return -1;
	}
	memcpy(a.un.sun_path, path, strlen(path) + 1);
	if (is_stale(&a, len))
		unlink(path);
	if ((fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return fail(err, spec, "no socket");
	/* Nobody can connect before the mode is set. */
	mode_t old = umask(0777);
	fd = bind_and_listen(fd, &a, len, spec, err);
	umask(old);
	if (fd >= 0 && chmod(path, mode) != 0) {
		close(fd);
		return fail(err, spec, "its mode cannot be set");
	}
	return fd;
}

static int
open_fd(const char *spec, struct buf *err)
{
	unsigned long long n = 0;
	int is_listening = 0;
	socklen_t len = sizeof(is_listening);

	if (!span_u64(span_of(spec + strlen("fd:")), 1 << 20, &n) ||
	    getsockopt((int)n, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) != 0 ||
	    !is_listening) {
		buf_printf(err, "listen: %s: no listening socket", spec);
		return -1;
	}
	evutil_make_socket_nonblocking((int)n);
	evutil_make_socket_closeonexec((int)n);
	return (int)n;
}

/* The name of the listener, now that its port is known. */
static void
name_listener(struct listener *l, const char *spec)
{
	union address a = {0};
	socklen_t len = sizeof(a);
	char text[INET6_ADDRSTRLEN];
	struct buf name = {0};

	getsockname(l->fd, &a.sa, &len);
	address_text(&a, text);
	if (a.sa.sa_family == AF_INET || a.sa.sa_family == AF_INET6) {
		bool is_v6 = a.sa.sa_family == AF_INET6;
		buf_printf(&name, is_v6 ? "[%s]:%u" : "%s:%u", text,
		    ntohs(is_v6 ? a.in6.sin6_port : a.in.sin_port));
		l->is_loopback = strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0;
	} else {
		buf_printf(&name, "unix:%s", a.un.sun_path);
		l->is_loopback = true;
		if (strncmp(spec, "unix:", 5) == 0)
			l->unlink_path = mem_strdup(spec + 5);
	}
	l->name = buf_steal(&name);
}

static int
open_spec(const char *spec, mode_t mode, struct buf *err)
{
	if (strncmp(spec, "unix:", 5) == 0)
		return open_unix(spec, mode, err);
	return strncmp(spec, "fd:", 3) == 0 ? open_fd(spec, err) : open_tcp(spec, err);
}

struct listener *
listener_open(
    struct loop *loop, const char *spec, mode_t mode, listener_cb *cb, void *arg, struct buf *err)
{
	bool is_identity = config_listen_is_identity(spec);
	struct span address = config_listen_address(spec);
	char *text = mem_strndup(address.p, address.n);
	int fd = open_spec(text, is_identity ? mode & IDENTITY_MODE : mode, err);
	struct listener *l;

	if (fd < 0) {
		free(text);
		return NULL;
	}
	l = mem_zalloc(sizeof(*l));
	l->fd = fd;
	l->cb = cb;
	l->arg = arg;
	l->is_identity = is_identity;
	name_listener(l, text);
	free(text);
	l->backoff = loop_timer_new(loop, on_backoff, l);
	l->calm = loop_timer_new(loop, on_calm, l);
	event_assign(&l->ev, loop_base(loop), fd, EV_READ | EV_PERSIST, on_acceptable, l);
	if (loop_event_add(&l->ev))
		return l;
	fail(err, l->name, "cannot be watched");
	listener_close(l);
	return NULL;
}

void
listener_close(struct listener *l)
{
	if (l == NULL)
		return;
	event_del(&l->ev);
	loop_timer_free(l->backoff);
	loop_timer_free(l->calm);
	close(l->fd);
	if (l->unlink_path != NULL)
		unlink(l->unlink_path);
	free(l->unlink_path);
	free(l->name);
	free(l);
}

const char *
listener_name(const struct listener *l)
{
	return l->name;
}

bool
listener_is_loopback(const struct listener *l)
{
	return l->is_loopback;
}

bool
listener_is_identity(const struct listener *l)
{
	return l->is_identity;
}
