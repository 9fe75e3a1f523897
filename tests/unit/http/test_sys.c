/* SPDX-License-Identifier: ISC */
/*
 * test_sys.c - each system call of a start and of one message through the loop fails once, in turn:
 * the start says why it cannot be, or the message is served. Where no descriptor is left, that of a
 * stranger is freed.
 */
#include "unit/net_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "base/sys.h"
#include "http/web.h"
#include "io/listener.h"
#include "io/wake.h"

#define STEP_US 1000
#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

struct house { /* answers each request when another thread, so to say, has done its part */
	struct loop *loop;
	struct net *net;
	struct listener *listener;
	struct wake *wake;
	struct web web;
	struct web_conn *held;
	struct loop_timer *step; /* of the client */
	int client;              /* -1: to be opened */
	struct buf answer;
};

/* ---- the server ---- */

static void
on_wake(void *arg)
{
	struct house *h = arg;
	struct web_conn *held = h->held;

	h->held = NULL;
	if (held != NULL)
		web_reply_held(held, &(struct web_reply){.status = 200, .body = SPAN("served")});
}

static void
on_gone(void *arg)
{
	((struct house *)arg)->held = NULL;
}

static void
handle(struct web_request *req, void *own)
{
	struct house *h = own;

	if (h->held != NULL) {
		web_reply(req, &(struct web_reply){.status = 200, .body = SPAN("served")});
		return;
	}
	h->held = web_hold(req, SPAN(""), on_gone, h);
	wake_ring(h->wake);
}

static void
on_accept(int fd, const char *peer, void *arg)
{
	struct house *h = arg;

	web_accept(&h->web, h->net, fd, peer);
}

static bool
on_shortage(void *arg)
{
	return net_drop_oldest_stranger(((struct house *)arg)->net);
}

static bool
house_open(struct house *h, struct buf *err)
{
	static const struct web_route route = {NULL, handle, 0};

	*h = (struct house){.client = -1, .web = {.parts = {{&route, 1, h}}}};
	if ((h->loop = loop_new(err)) == NULL)
		return false;
	h->net = net_new(h->loop, &(struct net_options){.max_connections = 10});
	if ((h->wake = wake_new(h->loop, on_wake, h)) == NULL) {
		buf_str(err, "no wake-ups");
		return false;
	}
	h->listener = listener_open(h->loop, "127.0.0.1:0", 0600, on_accept, h, err);
	if (h->listener != NULL)
		listener_set_relief(h->listener, on_shortage);
	return h->listener != NULL;
}

static void
house_close(struct house *h)
{
	listener_close(h->listener);
	net_free(h->net);
	wake_free(h->wake);
	loop_timer_free(h->step);
	loop_free(h->loop);
	if (h->client >= 0)
		close(h->client);
	buf_clear(&h->answer);
}

/* ---- the client, whose calls never fail ---- */

static int
connect_to(const struct house *h)
{
	const char *colon = strrchr(listener_name(h->listener), ':');
	struct sockaddr_in in = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)atoi(colon + 1)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* Asks until the daemon answers; opens a connection that was lost again. */
static void
on_step(void *arg)
{
	struct house *h = arg;
	ssize_t n;

	loop_timer_set_us(h->step, STEP_US);
	if (h->client < 0) {
		h->client = connect_to(h);
		send(h->client, REQUEST, strlen(REQUEST), MSG_NOSIGNAL);
		return;
	}
	n = recv(h->client, buf_reserve(&h->answer, 4096), 4096, 0);
	if (n > 0)
		h->answer.len += (size_t)n;
	if (strstr(buf_cstr(&h->answer), "served") != NULL) {
		loop_stop(h->loop);
	} else if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(h->client);
		h->client = -1;
		buf_clear(&h->answer);
	}
}

static void
ask_until_served(struct house *h)
{
	h->step = loop_timer_new(h->loop, on_step, h);
	loop_timer_set_us(h->step, 0);
	loop_run(h->loop);
	assert_non_null(strstr(buf_cstr(&h->answer), "served"));
}

/* ---- */

static size_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
a_failing_call_is_a_start_refused_or_a_message_served(void **state)
{
	static const int errors[] = {EMFILE, ENOMEM, EIO, EAGAIN, EINTR};
	struct buf err = {0};
	struct house h;

	for (size_t e = 0; e < sizeof(errors) / sizeof(*errors); e++) {
		unsigned nth = 0, served = 0;
		bool has_failed = true;

		while (has_failed) {
			size_t before = count_descriptors();

			sys_fail_nth(++nth, errors[e]);
			if (house_open(&h, &err)) {
				ask_until_served(&h);
				served++;
			} else {
				assert_true(err.len > 0);
			}
			has_failed = sys_has_failed();
			sys_fail_nth(0, 0);
			house_close(&h);
			buf_clear(&err);
			assert_int_equal(count_descriptors(), before);
		}
		assert_true(nth > 15 && served > 5);
	}
}

static void
on_over(void *arg)
{
	loop_stop(((struct house *)arg)->loop);
}

static void
the_oldest_stranger_is_closed_at_once_where_no_descriptor_is_left(void **state)
{
	struct loop_timer *over;
	struct rlimit all, few;
	struct house h;
	int stranger;
	char c;

	assert_true(house_open(&h, NULL));
	over = loop_timer_new(h.loop, on_over, &h);
	stranger = connect_to(&h);
	while (net_connections(h.net) == 0) {
		loop_timer_set_us(over, STEP_US);
		loop_run(h.loop);
	}
	h.client = connect_to(&h);
	send(h.client, REQUEST, strlen(REQUEST), MSG_NOSIGNAL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = (rlim_t)dup(stranger); /* the least that is free */
	close((int)few.rlim_cur);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	ask_until_served(&h);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_int_equal(net_connections(h.net), 1);
	assert_int_equal(recv(stranger, &c, 1, 0), 0);
	close(stranger);
	loop_timer_free(over);
	house_close(&h);
}

static void
the_share_of_strangers_is_counted_from_the_descriptors(void **state)
{
	struct rlimit all, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = 264;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(net_stranger_share(100000), 20);
	assert_int_equal(net_stranger_share(100), 10);
	assert_int_equal(net_stranger_share(10), 2);
	few.rlim_cur = 50;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(net_stranger_share(100000), 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
}

/* ---- wake-ups ---- */

static void
on_heard(void *arg)
{
	struct house *h = arg;

	loop_stop(h->loop);
}

static void
a_wake_up_that_the_kernel_has_lost_is_heard_all_the_same(void **state)
{
	struct house h = {.loop = loop_new(NULL)};
	struct wake *wake = wake_new(h.loop, on_heard, &h);
	uint64_t n;

	wake_ring(wake);
	loop_run(h.loop);
	wake_ring(wake);
	assert_int_equal(read(wake_fd(wake), &n, sizeof(n)), sizeof(n)); /* lost */
	loop_run(h.loop);                                                /* ends */
	wake_ring(wake);
	wake_ring(wake);
	loop_run(h.loop);
	wake_free(wake);
	loop_free(h.loop);
}

static int
quiet(void **state)
{
	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failing_call_is_a_start_refused_or_a_message_served),
	    cmocka_unit_test(the_oldest_stranger_is_closed_at_once_where_no_descriptor_is_left),
	    cmocka_unit_test(the_share_of_strangers_is_counted_from_the_descriptors),
	    cmocka_unit_test(a_wake_up_that_the_kernel_has_lost_is_heard_all_the_same),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
