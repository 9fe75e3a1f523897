/* SPDX-License-Identifier: ISC */
/*
 * ring.c - a ring of counted frames, and its writes.
 */
#include "io/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/sys.h"

#define IOV_COUNT 64
#define JOIN_MAX  4096 /* bytes */

static struct frame *
frame_at(const struct ring *r, uint32_t i)
{
	struct frame *const *frames = r->cap > RING_FEW ? r->many : r->few;

	return frames[(r->head + i) & (r->cap - 1)];
}

bool
ring_is_clogged(const struct ring *r)
{
	return r->control_bytes > RING_CLOG_BYTES;
}

static uint32_t *
bytes_of(struct ring *r, const struct frame *f)
{
	return f->kind == FRAME_CONTROL ? &r->control_bytes : &r->event_bytes;
}

/* Gives its memory back. */
static void
release(struct ring *r)
{
	if (r->cap > RING_FEW)
		free(r->many);
	r->cap = r->head = 0;
}

static void
grow(struct ring *r)
{
	uint32_t cap = r->cap == 0 ? RING_FEW : r->cap * 2;
	struct frame **many;

	if (cap > RING_FEW) {
		many = mem_realloc(NULL, cap, sizeof(*many));
		for (uint32_t i = 0; i < r->count; i++)
			many[i] = frame_at(r, i);
		release(r);
		r->many = many;
	}
	r->cap = cap;
}

void
ring_add(struct ring *r, struct frame *f)
{
	if (r->count == r->cap)
		grow(r);
	struct frame **frames = r->cap > RING_FEW ? r->many : r->few;
	frames[(r->head + r->count++) & (r->cap - 1)] = frame_ref(f);
	*bytes_of(r, f) += (uint32_t)frame_size(f);
}

static void
drop_first(struct ring *r)
{
	struct frame *f = frame_at(r, 0);

	*bytes_of(r, f) -= (uint32_t)frame_size(f);
	frame_unref(f);
	r->head = (r->head + 1) & (r->cap - 1);
	r->count--;
}

void
ring_give_up(struct ring *r)
{
	uint32_t kept = r->sent > 0;

	while (r->count > kept) {
		struct frame *f = frame_at(r, --r->count);

		*bytes_of(r, f) -= (uint32_t)frame_size(f);
		frame_unref(f);
	}
}

void
ring_clear(struct ring *r)
{
	while (r->count > 0)
		drop_first(r);
	release(r);
	r->sent = 0;
}

void
ring_advance(struct ring *r, size_t written)
{
	while (written > 0) {
		size_t left = frame_size(frame_at(r, 0)) - r->sent;

		if (written < left) {
			r->sent += (uint32_t)written;
			return;
		}
		written -= left;
		r->sent = 0;
		drop_first(r);
	}
}

void
ring_check(const struct ring *r)
{
	size_t event_bytes = 0, control_bytes = 0;

	check(r->count <= r->cap && (r->cap & (r->cap - 1)) == 0);
	check(r->count == 0 ? r->sent == 0 : r->sent < frame_size(frame_at(r, 0)));
	for (uint32_t i = 0; i < r->count; i++) {
		const struct frame *f = frame_at(r, i);

		check(f->refs > 0 && frame_size(f) > 0);
		*(f->kind == FRAME_CONTROL ? &control_bytes : &event_bytes) += frame_size(f);
	}
	check(event_bytes == r->event_bytes && control_bytes == r->control_bytes);
}

/* The first frames, at most IOV_COUNT: how many, and their bytes. */
static size_t
gather(const struct ring *r, struct iovec iov[IOV_COUNT], size_t *bytes)
{
	size_t n = 0;

	for (*bytes = 0; n < r->count && n < IOV_COUNT; n++) {
		struct frame *f = frame_at(r, (uint32_t)n);
		size_t skip = n == 0 ? r->sent : 0;

		iov[n] = (struct iovec){f->bytes + f->start + skip, frame_size(f) - skip};
		*bytes += iov[n].iov_len;
	}
	return n;
}

static struct span
join(const struct iovec *iov, size_t n, char *joined)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(joined + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	return (struct span){joined, at};
}

struct span
ring_front(const struct ring *r, char *room, size_t size)
{
	struct iovec iov[IOV_COUNT];
	size_t bytes, n = gather(r, iov, &bytes);

	if (n == 1)
		return (struct span){iov[0].iov_base, iov[0].iov_len};
	if (bytes <= JOIN_MAX && bytes <= size)
		return join(iov, n, room);
	return (struct span){"", 0};
}

bool
ring_has_same_front(const struct ring *a, const struct ring *b)
{
	if (a->count != b->count || a->count > IOV_COUNT || a->sent > 0 || b->sent > 0)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (frame_at(a, i) != frame_at(b, i))
			return false;
	}
	return true;
}

/* One system call. send costs the kernel less than sendmsg, also with a copy. */
static ssize_t
write_some(const struct ring *r, int fd)
{
	char joined[JOIN_MAX];
	struct iovec iov[IOV_COUNT];
	size_t bytes, n = gather(r, iov, &bytes);
	struct span all;

	if (n == 1)
		return sys_send(fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL);
	if (bytes > JOIN_MAX)
		return sys_sendmsg(
		    fd, &(struct msghdr){.msg_iov = iov, .msg_iovlen = n}, MSG_NOSIGNAL);
	all = join(iov, n, joined);
	return sys_send(fd, all.p, all.n, MSG_NOSIGNAL);
}

enum ring_state
ring_write(struct ring *r, int fd)
{
	while (r->count > 0) {
		ssize_t n = write_some(r, fd);

		if (n >= 0)
			ring_advance(r, (size_t)n);
		else if (errno == EAGAIN)
			return RING_BLOCKED;
		else if (errno != EINTR)
			return RING_FAILED;
	}
	release(r);
	return RING_EMPTY;
}
