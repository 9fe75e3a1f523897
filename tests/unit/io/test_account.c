/* SPDX-License-Identifier: ISC */
/*
 * test_account.c - bytes that wait to be read: over a ceiling the largest consumer is cut, at the
 * end of the turn, and nobody else. A connection for which no bytes wait has no account. The test
 * sets the clock forward.
 */
#define clock_mono_us true_mono_us
#include "base/clock.c"
#undef clock_mono_us

int64_t clock_mono_us(void);

#include "unit/net_world.h"

#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "io/account.h"

enum { MANY = 6, FRAME = 200000 };

struct hall { /* connections of two wallets whose peers read nothing */
	struct wires *w;
	struct accounts *accounts;
	struct net *net;
	struct conn *conns[MANY];
	int far[MANY];
	const char *why[MANY];
	bool is_overrun[MANY];
	const char *wallets[MANY]; /* which the protocol `telling` tells; NULL: not known */
};

static struct hall hall;
static int64_t forward_us; /* how far the clock was set forward */

int64_t
clock_mono_us(void)
{
	return true_mono_us() + forward_us;
}

/* The loop waits by the kernel's clock. */
int
timerfd_settime(int fd, int flags, const struct itimerspec *its, struct itimerspec *old)
{
	int64_t us = (int64_t)its->it_value.tv_sec * 1000000 + its->it_value.tv_nsec / 1000;
	struct itimerspec true_its = {0};

	us = us > forward_us ? us - forward_us : 1;
	true_its.it_value = (struct timespec){us / 1000000, us % 1000000 * 1000};
	return (int)syscall(SYS_timerfd_settime, fd, flags, &true_its, old);
}

static int
index_of(const struct conn *c)
{
	int i = 0;

	while (hall.conns[i] != c)
		i++;
	return i;
}

static void
on_input(struct conn *c, struct buf *in)
{
	buf_drop(in, in->len);
}

static void
on_end(struct conn *c)
{
	conn_close(c, "end");
}

static void
on_timeout(struct conn *c, enum conn_wait wait)
{
}

static void
on_writable(struct conn *c)
{
}

static void
on_closed(struct conn *c, const char *why)
{
	hall.why[index_of(c)] = why;
}

static void
on_overrun(struct conn *c)
{
	hall.is_overrun[index_of(c)] = true;
	conn_send_bytes(c, SPAN("over"));
	conn_finish(c, ACCOUNT_OVERRUN);
}

static const struct protocol silent = {
    on_input, on_end, on_timeout, on_writable, on_end, on_closed, on_overrun};

static struct span
wallet(const struct conn *c)
{
	const char *known = hall.wallets[index_of(c)];

	return span_of(known != NULL ? known : "");
}

static const struct protocol telling = {
    on_input, on_end, on_timeout, on_writable, on_end, on_closed, on_overrun, wallet};

static const char *
wallet_of(int i)
{
	return i % 2 == 0 ? "even" : "odd";
}

static void
open_hall_of(const struct protocol *protocol, struct wires *w, size_t per_wallet, size_t in_all)
{
	int fds[2];

	hall = (struct hall){.w = w,
	    .accounts = accounts_new(w->loop, &(struct account_limits){per_wallet, in_all})};
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	hall.net = net_new(
	    w->loop, &(struct net_options){.max_connections = MANY, .accounts = hall.accounts});
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		small_buffer(fds[0]);
		hall.far[i] = fds[1];
		hall.wallets[i] = wallet_of(i);
		hall.conns[i] = conn_new(hall.net, fds[0], protocol, NULL);
		if (protocol->wallet == NULL)
			conn_set_wallet(hall.conns[i], span_of(wallet_of(i)));
	}
}

static void
open_hall(struct wires *w, size_t per_wallet, size_t in_all)
{
	open_hall_of(&silent, w, per_wallet, in_all);
}

static void
close_hall(void)
{
	net_free(hall.net);
	accounts_free(hall.accounts);
	assert_int_equal(frame_live_bytes(), 0);
	for (int i = 0; i < MANY; i++)
		close(hall.far[i]);
}

static void
send_to(int i, int frames)
{
	static char bytes[FRAME];

	while (frames-- > 0)
		conn_send_bytes(hall.conns[i], (struct span){bytes, sizeof(bytes)});
}

/* Reads until nothing comes any more. */
static void
read_all(int i)
{
	static char got[65536];
	size_t n;

	do {
		ssize_t more;

		for (n = 0; (more = recv(hall.far[i], got, sizeof(got), 0)) > 0;)
			n += (size_t)more;
		turns(hall.w);
	} while (n > 0);
}

static bool
is_cut(int i)
{
	return hall.is_overrun[i] || hall.why[i] != NULL;
}

static void
a_wallet_over_its_ceiling_loses_its_largest_consumer_alone(void **state)
{
	open_hall(*state, 4 * FRAME, 0);
	send_to(0, 1);
	send_to(1, 3); /* of the other wallet */
	send_to(2, 3);
	send_to(4, 1);
	assert_false(is_cut(2)); /* a send never cuts */
	turns(hall.w);
	assert_true(is_cut(2));
	assert_false(is_cut(0) || is_cut(1) || is_cut(4));
	turns(hall.w);
	assert_false(is_cut(0) || is_cut(1) || is_cut(4));
	close_hall();
}

static void
over_the_ceiling_of_all_the_largest_consumer_is_cut_and_its_frames_are_freed(void **state)
{
	open_hall(*state, 0, 8 * FRAME);
	for (int i = 0; i < MANY; i++)
		send_to(i, i == 3 ? 3 : 1);
	turns(hall.w);
	assert_true(is_cut(3));
	assert_true(frame_live_bytes() <= 8 * FRAME);
	close_hall();
}

static void
a_client_that_was_told_and_still_reads_nothing_is_closed(void **state)
{
	open_hall(*state, FRAME / 2, 0);
	send_to(0, 1); /* begun, so that it cannot be given up */
	turns(hall.w);
	assert_true(hall.is_overrun[0]);
	assert_string_equal(hall.why[0], ACCOUNT_OVERRUN);
	close_hall();
}

static void
without_ceilings_nobody_is_cut_and_a_client_that_reads_is_not_counted(void **state)
{
	static char got[65536];

	open_hall(*state, 0, 0);
	for (int i = 0; i < MANY; i++)
		send_to(i, 4);
	turns(hall.w);
	for (int i = 0; i < MANY; i++)
		assert_false(is_cut(i));
	close_hall();
	open_hall(*state, 3 * FRAME, 0);
	for (int round = 0; round < 10; round++) {
		send_to(0, 2);
		turns(hall.w);
		for (size_t n = 0; n < 2 * FRAME; turns(hall.w)) {
			ssize_t more;

			while ((more = recv(hall.far[0], got, sizeof(got), 0)) > 0)
				n += (size_t)more;
		}
	}
	assert_false(is_cut(0));
	close_hall();
}

static void
an_idle_connection_has_no_account_and_a_slow_one_has_it_until_its_bytes_are_read(void **state)
{
	open_hall_of(&telling, *state, 0, 0);
	for (int i = 0; i < MANY; i++)
		conn_send_bytes(hall.conns[i], SPAN("short"));
	turns(hall.w);
	assert_int_equal(accounts_count(hall.accounts), 0);
	send_to(0, 1);
	send_to(2, 1); /* of the same wallet */
	turns(hall.w);
	assert_int_equal(accounts_count(hall.accounts), 1);
	read_all(0);
	assert_int_equal(accounts_count(hall.accounts), 1);
	read_all(2);
	assert_int_equal(accounts_count(hall.accounts), 0);
	close_hall();
}

static void
a_wallet_that_is_told_late_has_its_ceiling_as_well(void **state)
{
	open_hall_of(&telling, *state, 4 * FRAME, 0);
	hall.wallets[0] = hall.wallets[2] = NULL;
	send_to(0, 4);
	send_to(2, 2);
	turns(hall.w);
	assert_int_equal(accounts_count(hall.accounts), 0);
	hall.wallets[0] = hall.wallets[2] = "even";
	conn_send_bytes(hall.conns[0], SPAN("more"));
	conn_send_bytes(hall.conns[2], SPAN("more"));
	turns(hall.w);
	assert_true(is_cut(0));
	assert_false(is_cut(2));
	close_hall();
}

static void
a_protocol_that_tells_the_wallet_gives_back_the_account_of_the_one_before(void **state)
{
	open_hall(*state, 0, 0);
	send_to(0, 1);
	turns(hall.w);
	assert_int_equal(accounts_count(hall.accounts), 2);
	for (int i = 0; i < MANY; i++)
		conn_set_protocol(hall.conns[i], &telling, NULL);
	assert_int_equal(accounts_count(hall.accounts), 1); /* bytes wait for connection 0 */
	read_all(0);
	assert_int_equal(accounts_count(hall.accounts), 0);
	close_hall();
}

static void
an_account_that_was_cut_is_kept_until_a_cut_more_than_a_minute_later(void **state)
{
	open_hall_of(&telling, *state, FRAME / 2, 0);
	send_to(0, 1);
	turns(hall.w);
	assert_non_null(hall.why[0]);
	assert_int_equal(accounts_count(hall.accounts), 1);
	forward_us += 50000000;
	send_to(1, 1);
	turns(hall.w);
	assert_non_null(hall.why[1]);
	assert_int_equal(accounts_count(hall.accounts), 2);
	forward_us += 50000000;
	send_to(3, 1); /* of the other wallet, whose episode goes on */
	turns(hall.w);
	assert_non_null(hall.why[3]);
	assert_int_equal(accounts_count(hall.accounts), 1);
	close_hall();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(a_wallet_over_its_ceiling_loses_its_largest_consumer_alone),
	    wires_test(
		over_the_ceiling_of_all_the_largest_consumer_is_cut_and_its_frames_are_freed),
	    wires_test(a_client_that_was_told_and_still_reads_nothing_is_closed),
	    wires_test(without_ceilings_nobody_is_cut_and_a_client_that_reads_is_not_counted),
	    wires_test(
		an_idle_connection_has_no_account_and_a_slow_one_has_it_until_its_bytes_are_read),
	    wires_test(a_wallet_that_is_told_late_has_its_ceiling_as_well),
	    wires_test(a_protocol_that_tells_the_wallet_gives_back_the_account_of_the_one_before),
	    wires_test(an_account_that_was_cut_is_kept_until_a_cut_more_than_a_minute_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
