/* SPDX-License-Identifier: ISC */
/*
 * test_sse.c - how long a stream lasts, by a clock that the test sets.
 */
#include "unit/set_clock.h"

#include "unit/hub_world.h"
#include "unit/net_world.h"

#include "wires/streams/stream.h"

#define HEARTBEAT_MS 15000
#define MINUTE       INT64_C(60000)
#define STREAMS      8

struct daemon {
	struct streams streams;
};

static struct daemon daemon_;
static const struct web_route routes[] = {
    {"/events", sse_handle, offsetof(struct daemon, streams)}};
static struct web web = {.parts = {{routes, 1, &daemon_}}};

/* Opens a stream, on which only heartbeats come, and returns the time until its end, in ms. */
static int64_t
lifetime(struct wires *w)
{
	int64_t ms = 0;

	web_accept(&web, w->net, w->near, "127.0.0.1");
	ask(w, "GET /events?walletAddress=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (!w->has_ended && ms < 60 * MINUTE) {
		assert_non_null(
		    strstr(buf_cstr(&w->answer), ms == 0 ? "event: hello" : "event: heartbeat"));
		w->answer.len = 0;
		ahead_us += HEARTBEAT_MS * 1000;
		ms += HEARTBEAT_MS;
		ask(w, "");
	}
	assert_string_equal(buf_cstr(&w->answer), "0\r\n\r\n"); /* in good order */
	return ms;
}

static void
a_stream_ends_by_itself_after_half_an_hour_and_not_all_at_once(void **state)
{
	struct house *h = *state;
	struct auth *auth = auth_new(&(struct config){.auth = AUTH_OPEN}, &(struct buf){0});
	struct gate gate = {auth, h->hub};
	int64_t first = 0, differ = 0;
	void *wires;

	wires_setup(&wires);
	struct wires *w = wires;
	streams_wire.begin(&daemon_.streams,
	    &(struct wires_options){.loop = w->loop, .hub = h->hub, .gate = &gate});
	for (int i = 0; i < STREAMS; i++) {
		int64_t ms = lifetime(w);

		assert_in_range(ms, 30 * MINUTE, 33 * MINUTE + HEARTBEAT_MS);
		first = i == 0 ? ms : first;
		differ += ms != first;
		close(w->far);
		turns(w);
		w->has_ended = false;
		w->answer.len = 0;
		wires_connect(w, SOCK_STREAM);
	}
	assert_true(differ > 0);
	close(w->near);
	streams_wire.end(&daemon_.streams);
	wires_teardown(&wires);
	auth_free(auth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(a_stream_ends_by_itself_after_half_an_hour_and_not_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
