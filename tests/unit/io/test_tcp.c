/* SPDX-License-Identifier: ISC */
/*
 * test_tcp.c - an accepted TCP socket notices a dead peer in less than two minutes, and the bytes
 * that a peer takes are seen, although the kernel has room for all of them.
 */
#include "unit/net_world.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "base/sys.h"
#include "io/listener.h"
#include "io/tcp.h"

#define HEARTBEAT_S 15 /* of a stream: so long may pass before anything is sent to a dead peer */
#define NAP_S       60 /* a phone sleeps for so long */
#define NOTICED_S   120

struct house {
	struct listener *listener;
	int accepted; /* -1: not yet */
};

static void
on_accept(int fd, const char *peer, void *arg)
{
	struct house *h = ((struct wires *)arg)->own;

	h->accepted = fd;
}

/* Connects a client to a new listener; w->far and w->near are the ends. */
static void
connect_tcp(struct wires *w, const char *spec)
{
	struct house *h = w->own = calloc(1, sizeof(*h));
	struct buf err = {0};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	h->accepted = -1;
	h->listener = listener_open(w->loop, spec, 0600, on_accept, w, &err);
	assert_non_null(h->listener);
	to.sin_port = htons((uint16_t)atoi(strrchr(listener_name(h->listener), ':') + 1));
	close(w->far);
	close(w->near);
	w->far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(w->far, (struct sockaddr *)&to, sizeof(to)), 0);
	while (h->accepted < 0)
		turns(w);
	fcntl(w->far, F_SETFL, O_NONBLOCK);
	w->near = h->accepted;
}

static void
leave(struct wires *w)
{
	listener_close(((struct house *)w->own)->listener);
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
a_dead_peer_is_noticed_in_less_than_two_minutes(void **state)
{
	struct wires *w = *state;

	connect_tcp(w, "127.0.0.1:0");
	int dead_ms = option(w->near, IPPROTO_TCP, TCP_USER_TIMEOUT);
	int idle_s = option(w->near, IPPROTO_TCP, TCP_KEEPIDLE);
	int step_s = option(w->near, IPPROTO_TCP, TCP_KEEPINTVL);
	int probes = option(w->near, IPPROTO_TCP, TCP_KEEPCNT);

	assert_int_equal(option(w->near, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(w->near, IPPROTO_TCP, TCP_NODELAY), 1);
	/* Bytes are on their way, at the latest those of the next heartbeat. */
	assert_true(dead_ms > NAP_S * 1000 && dead_ms + HEARTBEAT_S * 1000 < NOTICED_S * 1000);
	/* Nothing is on its way. The kernel looks at the time-out when it sends a probe. */
	assert_true(idle_s < NAP_S && idle_s + probes * step_s > NAP_S + step_s);
	assert_true(idle_s + probes * step_s < NOTICED_S && dead_ms / 1000 + step_s < NOTICED_S);
	close(w->near);
	leave(w);
}

static void
a_socket_that_refuses_an_option_has_the_others_and_is_served(void **state)
{
	struct wires *w = *state;

	connect_tcp(w, "127.0.0.1:0");
	sys_fail_nth(2, ENOPROTOOPT);
	assert_false(tcp_prepare(w->near));
	assert_int_equal(errno, ENOPROTOOPT);
	assert_true(sys_has_failed());
	assert_int_equal(option(w->near, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_true(tcp_prepare(w->near));
	close(w->near);
	leave(w);
}

/* ---- progress ---- */

static void
on_input(struct conn *c, struct buf *in)
{
}

static void
on_end(struct conn *c)
{
}

static void
on_closed(struct conn *c, const char *why)
{
}

static const struct protocol protocol = {
    .on_input = on_input, .on_end = on_end, .on_closed = on_closed};

/* Writes more than the peer's kernel takes, and no more than ours takes. */
static struct conn *
with_much_to_read(struct wires *w)
{
	static char much[200000];
	int little = 4096, large = 4 * (int)sizeof(much);
	struct conn *c;

	connect_tcp(w, "127.0.0.1:0");
	setsockopt(w->far, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	setsockopt(w->near, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	c = conn_new(w->net, w->near, &protocol, NULL);
	conn_send_bytes(c, (struct span){much, sizeof(much)});
	turns(w);
	assert_false(conn_is_behind(c));
	return c;
}

static void
what_the_peer_takes_is_seen_though_the_kernel_has_all(void **state)
{
	struct wires *w = *state;
	struct conn *c = with_much_to_read(w);
	uint32_t mark = 0, other = 0;

	assert_false(conn_take_progress(c, &mark));
	while (conn_take_progress(c, &mark)) /* until the peer's kernel is full */
		turns(w);
	assert_false(conn_take_progress(c, &other));
	do { /* the peer reads until its kernel says so */
		get(w);
		turns(w);
	} while (!conn_take_progress(c, &mark));
	assert_true(conn_take_progress(c, &other)); /* each asker has a mark of its own */
	leave(w);
}

static void
who_has_taken_all_made_progress_once(void **state)
{
	struct wires *w = *state;
	struct conn *c = with_much_to_read(w);
	uint32_t mark = 0;

	assert_false(conn_take_progress(c, &mark));
	while (w->answer.len < 200000 || tcp_unread(w->near) > 0) {
		get(w);
		turns(w);
	}
	assert_true(conn_take_progress(c, &mark));
	assert_false(conn_take_progress(c, &mark));
	leave(w);
}

static void
a_unix_socket_has_no_count_of_bytes_taken(void **state)
{
	struct wires *w = *state;
	uint32_t bytes;

	assert_false(tcp_taken(w->near, &bytes));
	assert_int_equal(tcp_unread(w->near), 0);
	assert_int_equal(send(w->near, "12345", 5, 0), 5);
	assert_true(tcp_unread(w->near) >= 5);
	close(w->near);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(a_dead_peer_is_noticed_in_less_than_two_minutes),
	    wires_test(a_socket_that_refuses_an_option_has_the_others_and_is_served),
	    wires_test(what_the_peer_takes_is_seen_though_the_kernel_has_all),
	    wires_test(who_has_taken_all_made_progress_once),
	    wires_test(a_unix_socket_has_no_count_of_bytes_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
