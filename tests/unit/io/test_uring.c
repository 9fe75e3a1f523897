/* SPDX-License-Identifier: ISC */
/*
 * test_uring.c - many sockets are written to with one call: all bytes arrive in order, and a ring
 * that cannot be written is left as it was.
 */
#include "io/uring.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit/skips.h"

enum { MANY = 150 };

struct pipe {
	int near, far;
	struct ring ring;
};

static struct uring *uring;

static void
pipe_open(struct pipe *p)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	*p = (struct pipe){.near = fds[0], .far = fds[1]};
}

static void
pipe_close(struct pipe *p)
{
	ring_clear(&p->ring);
	close(p->near);
	if (p->far >= 0)
		close(p->far);
}

static void
put(struct pipe *p, const char *text, size_t n)
{
	struct frame *f = frame_new(FRAME_EVENT, (struct span){text, n});

	ring_add(&p->ring, f);
	frame_unref(f);
}

/* Nothing is promised where the kernel lets us have none. */
static void
need_uring(void)
{
	if (uring == NULL)
		skip_test("this kernel lets us have no io_uring; ring_write writes all");
}

static void
all_arrives_whole_and_in_order(void **state)
{
	static struct pipe pipes[MANY];
	char want[64], got[64];

	need_uring();
	for (int i = 0; i < MANY; i++) {
		pipe_open(&pipes[i]);
		for (int k = 0; k <= i % 5; k++) {
			snprintf(want, sizeof(want), "%d.%d ", i, k);
			put(&pipes[i], want, strlen(want));
		}
	}
	for (int i = 0; i < MANY;) {
		for (; i < MANY && !uring_is_full(uring); i++)
			uring_add(uring, pipes[i].near, &pipes[i].ring);
		uring_write(uring);
	}
	for (int i = 0; i < MANY; i++) {
		size_t n = 0;

		for (int k = 0; k <= i % 5; k++)
			n += (size_t)sprintf(want + n, "%d.%d ", i, k);
		assert_int_equal(pipes[i].ring.count, 0);
		assert_int_equal(recv(pipes[i].far, got, sizeof(got), 0), n);
		assert_memory_equal(got, want, n);
		pipe_close(&pipes[i]);
	}
	uring_write(uring); /* nothing is queued: nothing happens */
}

static void
what_does_not_fit_is_left_and_goes_on_where_it_ended(void **state)
{
	static char big[1000000], got[sizeof(big)];
	struct pipe p, other;
	size_t n = 0;

	need_uring();
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	pipe_open(&p);
	pipe_open(&other);
	put(&p, big, sizeof(big));
	put(&other, "x", 1);
	while (n < sizeof(big)) {
		ssize_t more;

		if (p.ring.count > 0)
			uring_add(uring, p.near, &p.ring);
		if (other.ring.count > 0)
			uring_add(uring, other.near, &other.ring);
		uring_write(uring);
		assert_int_equal(other.ring.count, 0);
		more = recv(p.far, got + n, sizeof(got) - n, 0);
		assert_true(more > 0);
		n += (size_t)more;
	}
	assert_int_equal(p.ring.count, 0);
	assert_memory_equal(got, big, sizeof(big));
	pipe_close(&p);
	pipe_close(&other);
}

static void
a_peer_that_is_gone_and_a_full_socket_take_nothing_and_harm_nobody(void **state)
{
	struct pipe gone, full, fine;
	char c;

	need_uring();
	pipe_open(&gone);
	pipe_open(&full);
	pipe_open(&fine);
	close(gone.far);
	gone.far = -1;
	while (send(full.near, "........", 8, 0) > 0)
		;
	put(&gone, "a", 1);
	put(&full, "b", 1);
	put(&fine, "c", 1);
	uring_add(uring, gone.near, &gone.ring);
	uring_add(uring, full.near, &full.ring);
	uring_add(uring, fine.near, &fine.ring);
	uring_write(uring);
	assert_int_equal(ring_write(&gone.ring, gone.near), RING_FAILED);
	assert_int_equal(ring_write(&full.ring, full.near), RING_BLOCKED);
	assert_int_equal(ring_write(&fine.ring, fine.near), RING_EMPTY);
	assert_int_equal(recv(fine.far, &c, 1, 0), 1);
	assert_int_equal(c, 'c');
	pipe_close(&gone);
	pipe_close(&full);
	pipe_close(&fine);
}

/* Many rings have the same frames, and some rings have one frame more. */
static void
members_of_a_room_get_the_same_bytes_and_a_sender_gets_its_own_too(void **state)
{
	static struct pipe pipes[MANY];
	struct frame *frames[3] = {frame_new(FRAME_EVENT, SPAN("one ")),
	    frame_new(FRAME_EVENT, SPAN("two ")), frame_new(FRAME_CONTROL, SPAN("ack "))};
	char got[64];

	need_uring();
	for (int i = 0; i < MANY; i++) {
		pipe_open(&pipes[i]);
		for (int k = 0; k < (i % 7 == 3 ? 3 : 2); k++)
			ring_add(&pipes[i].ring, frames[k]);
	}
	for (int i = 0; i < MANY;) {
		for (; i < MANY && !uring_is_full(uring); i++)
			assert_true(uring_add(uring, pipes[i].near, &pipes[i].ring));
		uring_write(uring);
	}
	for (int i = 0; i < MANY; i++) {
		const char *want = i % 7 == 3 ? "one two ack " : "one two ";
		ssize_t n = recv(pipes[i].far, got, sizeof(got), 0);

		assert_int_equal(n, strlen(want));
		assert_memory_equal(got, want, n);
		assert_int_equal(pipes[i].ring.count, 0);
		pipe_close(&pipes[i]);
	}
	for (int k = 0; k < 3; k++)
		frame_unref(frames[k]);
}

/* The room to join frames in is used up before all have had their turn. */
static void
a_ring_without_room_to_join_its_frames_waits_for_the_next_call(void **state)
{
	static struct pipe pipes[32];
	char part[1500], got[3000];
	int i, n = 0;

	need_uring();
	for (i = 0; i < 32; i++) {
		pipe_open(&pipes[i]);
		memset(part, 'a' + i, sizeof(part));
		put(&pipes[i], part, sizeof(part));
		put(&pipes[i], part, sizeof(part));
	}
	while (n < 32 && uring_add(uring, pipes[n].near, &pipes[n].ring))
		n++;
	assert_in_range(n, 1, 31);
	assert_false(uring_is_empty(uring));
	uring_write(uring);
	assert_true(uring_add(uring, pipes[n].near, &pipes[n].ring));
	uring_write(uring);
	for (i = 0; i <= n; i++)
		assert_int_equal(recv(pipes[i].far, got, sizeof(got), 0), sizeof(got));
	for (i = 0; i < 32; i++)
		pipe_close(&pipes[i]);
}

static void
frames_that_are_too_long_together_are_left_to_another_call(void **state)
{
	char part[3000], got[9000];
	struct pipe p;

	need_uring();
	pipe_open(&p);
	for (int i = 0; i < 3; i++) {
		memset(part, 'a' + i, sizeof(part));
		put(&p, part, sizeof(part));
	}
	assert_false(uring_add(uring, p.near, &p.ring));
	assert_true(uring_is_empty(uring));
	assert_int_equal(ring_write(&p.ring, p.near), RING_EMPTY);
	assert_int_equal(recv(p.far, got, sizeof(got), 0), sizeof(got));
	for (size_t i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], 'a' + i / sizeof(part));
	pipe_close(&p);
}

static int
setup(void **state)
{
	uring = uring_new();
	return 0;
}

static int
teardown(void **state)
{
	uring_free(uring);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_arrives_whole_and_in_order),
	    cmocka_unit_test(what_does_not_fit_is_left_and_goes_on_where_it_ended),
	    cmocka_unit_test(a_peer_that_is_gone_and_a_full_socket_take_nothing_and_harm_nobody),
	    cmocka_unit_test(members_of_a_room_get_the_same_bytes_and_a_sender_gets_its_own_too),
	    cmocka_unit_test(a_ring_without_room_to_join_its_frames_waits_for_the_next_call),
	    cmocka_unit_test(frames_that_are_too_long_together_are_left_to_another_call),
	};

	return skips_status(cmocka_run_group_tests(tests, setup, teardown));
}
