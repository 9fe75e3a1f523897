/* SPDX-License-Identifier: ISC */
/*
 * uring.c - the two queues of io_uring (io_uring_setup(2), io_uring_enter(2)): sends go into one,
 * their results come out of the other. A send with MSG_DONTWAIT is done when the call that submits
 * it returns, so nothing is under way between two turns.
 */
#include "io/uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"

#define ENTRIES      64    /* a power of two */
#define JOINED_BYTES 32768 /* for the joined small frames of all rings */

struct uring {
	int fd;
	char *queues; /* shared with the kernel, like the requests */
	size_t queues_size;
	struct io_uring_sqe *requests;
	/* The kernel moves the head of the requests, and the tail of the results. */
	uint32_t *sq_head, *sq_tail;
	uint32_t *cq_head, *cq_tail;
	uint32_t cq_mask;
	struct io_uring_cqe *results;

	uint32_t n; /* queued */
	struct ring *rings[ENTRIES];
	struct span front; /* of the last ring */
	size_t n_joined;
	char joined[JOINED_BYTES];
};

static bool
map_queues(struct uring *u, const struct io_uring_params *p)
{
	size_t sq_size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	size_t cq_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	const int both = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;
	uint32_t *order;

	u->queues_size = sq_size > cq_size ? sq_size : cq_size;
	u->queues = mmap(NULL, u->queues_size, both, flags, u->fd, IORING_OFF_SQ_RING);
	u->requests =
	    mmap(NULL, ENTRIES * sizeof(*u->requests), both, flags, u->fd, IORING_OFF_SQES);
	if (u->queues == MAP_FAILED || (void *)u->requests == MAP_FAILED)
		return false;
	u->sq_head = (uint32_t *)(u->queues + p->sq_off.head);
	u->sq_tail = (uint32_t *)(u->queues + p->sq_off.tail);
	u->cq_head = (uint32_t *)(u->queues + p->cq_off.head);
	u->cq_tail = (uint32_t *)(u->queues + p->cq_off.tail);
	u->cq_mask = *(uint32_t *)(u->queues + p->cq_off.ring_mask);
	u->results = (struct io_uring_cqe *)(u->queues + p->cq_off.cqes);
	order = (uint32_t *)(u->queues + p->sq_off.array);
	for (uint32_t i = 0; i < ENTRIES; i++)
		order[i] = i;
	return true;
}

struct uring *
uring_new(void)
{
	/* One mapping for both queues, and no result is lost. A kernel that can poll by itself
	 * (Linux 5.7) also knows the send operation. */
	const uint32_t needed =
	    IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL;
	struct io_uring_params p = {0};
	struct uring *u = mem_zalloc(sizeof(*u));

	u->queues = MAP_FAILED;
	u->requests = MAP_FAILED;
	u->fd = sys_fails() ? -1 : (int)syscall(__NR_io_uring_setup, ENTRIES, &p);
	if (u->fd >= 0 && (p.features & needed) == needed && p.sq_entries == ENTRIES &&
	    map_queues(u, &p))
		return u;
	uring_free(u);
	return NULL;
}

void
uring_free(struct uring *u)
{
	if (u == NULL)
		return;
	if ((void *)u->requests != MAP_FAILED)
		munmap(u->requests, ENTRIES * sizeof(*u->requests));
	if (u->queues != MAP_FAILED)
		munmap(u->queues, u->queues_size);
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}

bool
uring_is_full(const struct uring *u)
{
	return u->n == ENTRIES;
}

bool
uring_is_empty(const struct uring *u)
{
	return u->n == 0;
}

/* The frames of a ring in one piece. Most members of a room get the same frames, so these are
 * joined only once. n 0: they must go by another call, or when there is room again. */
static struct span
front_of(struct uring *u, const struct ring *r)
{
	char *room = u->joined + u->n_joined;

	if (u->n > 0 && u->front.n > 0 && ring_has_same_front(r, u->rings[u->n - 1]))
		return u->front;
	u->front = ring_front(r, room, JOINED_BYTES - u->n_joined);
	u->n_joined += u->front.p == room ? u->front.n : 0;
	return u->front;
}

bool
uring_add(struct uring *u, int fd, struct ring *r)
{
	struct span bytes = front_of(u, r);
	uint32_t at = (*u->sq_tail + u->n) % ENTRIES;

	if (bytes.n == 0)
		return false;
	u->requests[at] = (struct io_uring_sqe){
	    .opcode = IORING_OP_SEND,
	    .fd = fd,
	    .addr = (uintptr_t)bytes.p,
	    .len = (uint32_t)bytes.n,
	    .msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT,
	    .user_data = u->n,
	};
	u->rings[u->n++] = r;
	return true;
}

/* Takes the results and returns how many there were. A failed send is not handled here: ring_write
 * meets the error again. */
static uint32_t
take_results(struct uring *u)
{
	uint32_t head = *u->cq_head, tail = __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE);

	for (uint32_t i = head; i != tail; i++) {
		const struct io_uring_cqe *result = &u->results[i & u->cq_mask];

		if (result->res > 0)
			ring_advance(u->rings[result->user_data], (size_t)result->res);
	}
	__atomic_store_n(u->cq_head, tail, __ATOMIC_RELEASE);
	return tail - head;
}

/* Takes back the requests that the kernel did not take; their bytes stay in the rings. */
static void
withdraw(struct uring *u, uint32_t begin)
{
	uint32_t head = __atomic_load_n(u->sq_head, __ATOMIC_ACQUIRE);

	__atomic_store_n(u->sq_tail, head, __ATOMIC_RELEASE);
	u->n = head - begin;
}

void
uring_write(struct uring *u)
{
	uint32_t begin = *u->sq_tail, taken = 0;

	__atomic_store_n(u->sq_tail, begin + u->n, __ATOMIC_RELEASE);
	while (taken < u->n) {
		uint32_t submitted = __atomic_load_n(u->sq_head, __ATOMIC_ACQUIRE) - begin;

		if ((sys_fails() || syscall(__NR_io_uring_enter, u->fd, u->n - submitted,
					u->n - taken, IORING_ENTER_GETEVENTS, NULL, 0) < 0) &&
		    errno != EINTR)
			withdraw(u, begin);
		taken += take_results(u);
	}
	u->n = 0;
	u->n_joined = 0;
	u->front.n = 0;
}
