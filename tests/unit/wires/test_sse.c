/* SPDX-License-Identifier: ISC */
/*
 * test_sse.c - how long a stream lasts, by a clock that the test sets; which stream makes room for
 * another; and a refusal that passes.
 */
#include "unit/set_clock.h"

#include "unit/hub_world.h"
#include "unit/net_world.h"

#include "wires/streams/stream.h"

#define HEARTBEAT_MS 15000
#define MINUTE       INT64_C(60000)
#define STREAMS      8
#define PLACES       16 /* streams of one wallet */

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

struct stage { /* a daemon that serves streams of a hub */
	struct house *house;
	struct wires *w;
	struct auth *auth;
	struct gate gate;
	int far[PLACES + 1]; /* the clients' ends of many streams */
	size_t n;
};

static struct stage *
stage_set(struct house *h)
{
	struct stage *s = calloc(1, sizeof(*s));
	void *wires;

	wires_setup(&wires);
	s->house = h;
	s->w = wires;
	s->auth = auth_new(&(struct config){.auth = AUTH_OPEN}, &(struct buf){0});
	s->gate = (struct gate){s->auth, h->hub};
	net_free(s->w->net);
	s->w->net = net_new(s->w->loop, &(struct net_options){.max_connections = 2 * PLACES});
	streams_wire.begin(&daemon_.streams,
	    &(struct wires_options){.loop = s->w->loop, .hub = h->hub, .gate = &s->gate});
	return s;
}

static void
stage_strike(struct stage *s)
{
	void *wires = s->w;

	streams_wire.end(&daemon_.streams);
	for (size_t i = 1; i < s->n; i++)
		close(s->far[i]);
	wires_teardown(&wires);
	auth_free(s->auth);
	free(s);
}

static void
a_stream_ends_by_itself_after_half_an_hour_and_not_all_at_once(void **state)
{
	struct stage *s = stage_set(*state);
	struct wires *w = s->w;
	int64_t first = 0, differ = 0;

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
	stage_strike(s);
}

/* ---- room for one more ---- */

/* Asks for a stream on a connection of its own, and returns what came. */
static const char *
ask_stream(struct stage *s, const char *query)
{
	struct wires *w = s->w;
	char text[256];

	if (s->n > 0)
		wires_connect(w, SOCK_STREAM);
	small_buffer(w->near);
	s->far[s->n++] = w->far;
	web_accept(&web, w->net, w->near, "127.0.0.1");
	w->answer.len = 0;
	snprintf(text, sizeof(text),
	    "GET /events?walletAddress=alice%s HTTP/1.1\r\nHost: localhost\r\n\r\n", query);
	return ask(w, text);
}

static void
fill_places(struct stage *s, bool are_named)
{
	char query[32] = "";

	for (size_t i = 0; i < PLACES; i++) {
		if (are_named)
			snprintf(query, sizeof(query), "&client=c%zu", i);
		assert_non_null(strstr(ask_stream(s, query), "event: hello"));
	}
}

/* Reads what has come on a stream. True: the stream has ended. */
static bool
is_over(struct stage *s, size_t at)
{
	s->w->far = s->far[at];
	s->w->has_ended = false;
	s->w->answer.len = 0;
	get(s->w);
	return s->w->has_ended;
}

static struct stream *
stream_at(uint64_t number)
{
	struct stream *s;

	TAILQ_FOREACH (s, &daemon_.streams.all, link) {
		if (s->number == number)
			break;
	}
	return s;
}

/* Events come until the client at a place, which does not read, has stalled; the others read. */
static void
stall(struct stage *s, size_t place)
{
	struct stream *stream = stream_at(place);

	for (int i = 0; !stream->is_stalled(stream); i++) {
		assert_true(i < 10000);
		assert_int_equal(world_send(s->house->w, "bob", "42", "hi"), ERROR_NONE);
		turn(s->house);
		turns(s->w);
		for (size_t at = 0; at < s->n; at++)
			assert_true(at == place || !is_over(s, at));
	}
}

static void
the_oldest_stream_without_a_name_makes_room(void **state)
{
	struct stage *s = stage_set(*state);

	fill_places(s, false);
	assert_non_null(strstr(ask_stream(s, ""), "event: hello"));
	assert_true(is_over(s, 0));
	assert_string_equal(buf_cstr(&s->w->answer), "0\r\n\r\n");
	for (size_t i = 1; i < s->n; i++)
		assert_false(is_over(s, i));
	stage_strike(s);
}

static void
a_stream_that_stalls_makes_room_before_an_older_one(void **state)
{
	struct stage *s = stage_set(*state);

	fill_places(s, false);
	stall(s, 3);
	assert_non_null(strstr(ask_stream(s, ""), "event: hello"));
	for (size_t i = 0; i < s->n; i++)
		assert_int_equal(is_over(s, i), i == 3);
	stage_strike(s);
}

static void
a_stream_with_a_name_makes_room_only_if_it_stalls(void **state)
{
	struct stage *s = stage_set(*state);
	const char *answer;

	fill_places(s, true);
	answer = ask_stream(s, "&client=one-more");
	assert_non_null(strstr(answer, "\r\n\r\nretry: 2000\nevent: chat_error\ndata: {"));
	assert_non_null(strstr(answer, "\"rate_limited\""));
	assert_true(s->w->has_ended);
	s->w->has_ended = false;
	close(s->far[--s->n]);
	stall(s, 5);
	assert_non_null(strstr(ask_stream(s, "&client=one-more"), "event: hello"));
	for (size_t i = 0; i < s->n; i++)
		assert_int_equal(is_over(s, i), i == 5);
	stage_strike(s);
}

/* ---- a refusal that passes ---- */

/* Returns the answer to a request whose look-up fails. */
static const char *
ask_in_vain(struct stage *s, const char *query)
{
	turn(s->house); /* after it nobody else reads */
	ask_stream(s, query);
	/* The first step may be the end of the transaction before. */
	store_fail_at(s->house->reading, 2, STORE_BUSY);
	settle(s->house, false);
	store_fail_at(s->house->reading, 0, STORE_OK);
	return ask(s->w, "");
}

static void
a_store_that_fails_puts_a_stream_off_and_its_client_keeps_its_cursor(void **state)
{
	static const struct {
		const char *query, *id;
	} cases[] = {
	    {"&escrow=42", "retry: 2000\nevent: chat_error\n"},
	    {"&escrow=42&cursor=0123456789abcdef-7",
		"retry: 2000\nid: 0123456789abcdef-7\nevent: chat_error\n"},
	    {"&escrow=42&cursor=bad", "retry: 2000\nid: bad\nevent: chat_error\n"},
	    {"&escrow=42&cursor=a%0A%0Adata:b", "retry: 2000\nid: none\nevent: chat_error\n"},
	};
	struct stage *s = stage_set(*state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *answer = ask_in_vain(s, cases[i].query);

		assert_ptr_equal(strstr(answer, "HTTP/1.1 200 "), answer);
		assert_non_null(strstr(answer, "\r\nContent-Type: text/event-stream\r\n"));
		assert_non_null(strstr(answer, cases[i].id));
		assert_non_null(strstr(answer, "\"code\":\"unavailable\""));
		assert_true(s->w->has_ended);
		s->w->has_ended = false;
	}
	stage_strike(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    house_test(a_stream_ends_by_itself_after_half_an_hour_and_not_all_at_once),
	    house_test(the_oldest_stream_without_a_name_makes_room),
	    house_test(a_stream_that_stalls_makes_room_before_an_older_one),
	    house_test(a_stream_with_a_name_makes_room_only_if_it_stalls),
	    house_test(a_store_that_fails_puts_a_stream_off_and_its_client_keeps_its_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
