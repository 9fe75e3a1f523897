/* SPDX-License-Identifier: ISC */
/*
 * bell.c - the daemon's lock and the doorbell, a datagram socket beside the database. Rings have no
 * content. If a ring is lost, the daemon finds the commit at its next poll.
 */
#include "store/bell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/lock.h"

#define DRAIN_MAX \
	1024 /* rings in one call, so that many rings do not block the loop; it is called again */

struct bell {
	int lock, fd;
	struct sockaddr_un address;
};

struct ringer {
	int fd; /* -1: cannot ring */
	bool is_told;
	struct sockaddr_un address;
};

static bool
bell_address(const char *database, struct sockaddr_un *out)
{
	char *real = database_real(database);
	size_t n = strlen(real);
	bool fits = n + sizeof(".bell") <= sizeof(out->sun_path);

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (fits) {
		memcpy(out->sun_path, real, n);
		memcpy(out->sun_path + n, ".bell", sizeof(".bell"));
	}
	free(real);
	return fits;
}

static int
bell_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Needs the daemon's lock: a socket that exists already is then one of a dead daemon. */
static bool
bell_bind(struct bell *b, int mode, const char *group, struct buf *err)
{
	const char *path = b->address.sun_path;
	unsigned gid;

	b->fd = bell_socket();
	if (b->fd < 0 || (unlink(path) != 0 && errno != ENOENT) ||
	    bind(b->fd, (struct sockaddr *)&b->address, sizeof(b->address)) != 0) {
		buf_printf(err, "%s: cannot make the doorbell: %s", path, strerror(errno));
		return false;
	}
	if (group != NULL && !group_find(group, &gid)) {
		buf_printf(err, "database_group: there is no group %s", group);
		return false;
	}
	if ((group != NULL && lchown(path, (uid_t)-1, gid) != 0) ||
	    chmod(path, (mode_t)mode) != 0) {
		buf_printf(err, "%s: cannot set mode or group: %s", path, strerror(errno));
		return false;
	}
	return true;
}

struct bell *
bell_hold(const char *database, int mode, const char *group, struct buf *err)
{
	struct bell *b = mem_zalloc(sizeof(*b));

	b->fd = b->lock = -1;
	if (!bell_address(database, &b->address)) {
		buf_printf(err, "%s: too long for the doorbell's socket: at most %zu bytes",
		    database, sizeof(b->address.sun_path) - sizeof(".bell"));
		free(b);
		return NULL;
	}
	b->lock = lock_as_daemon(database, mode, group, err);
	if (b->lock >= 0 && bell_bind(b, mode, group, err))
		return b;
	bell_release(b);
	return NULL;
}

int
bell_fd(const struct bell *b)
{
	return b->fd;
}

void
bell_drain(struct bell *b)
{
	char ring[8];

	for (int n = 0; n < DRAIN_MAX; n++)
		if (recv(b->fd, ring, sizeof(ring), 0) < 0 && errno != EINTR)
			return;
}

void
bell_release(struct bell *b)
{
	if (b == NULL)
		return;
	if (b->fd >= 0) {
		unlink(b->address.sun_path);
		close(b->fd);
	}
	if (b->lock >= 0)
		lock_release(b->lock);
	free(b);
}

/* ---- ringing ---- */

/* Writes one log line only: every later ring fails in the same way. */
static void
cannot_ring(struct ringer *r, const char *why)
{
	if (!r->is_told)
		log_warn("doorbell: cannot ring: %s; the daemon finds commits by polling", why);
	r->is_told = true;
}

struct ringer *
ringer_new(const char *database)
{
	struct ringer *r = mem_zalloc(sizeof(*r));

	r->fd = -1;
	if (!bell_address(database, &r->address)) {
		cannot_ring(r, "the database's path is too long for a socket");
		return r;
	}
	r->fd = bell_socket();
	if (r->fd < 0)
		cannot_ring(r, strerror(errno));
	return r;
}

void
ringer_ring(struct ringer *r)
{
	if (r->fd < 0)
		return;
	if (sendto(r->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&r->address,
		sizeof(r->address)) >= 0)
		return;
	/* These mean that there is no daemon, or that rings already wait for it. */
	if (errno != EAGAIN && errno != ENOENT && errno != ECONNREFUSED)
		cannot_ring(r, strerror(errno));
}

void
ringer_free(struct ringer *r)
{
	if (r == NULL)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}
