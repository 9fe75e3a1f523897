/* SPDX-License-Identifier: ISC */
/*
 * test_engine.c - what an owner of Engine.IO sessions may count on that no client sees.
 */
#include "unit/net_world.h"

#include "wires/socketio/engine.h"

#define MANY 1000

struct house {
	struct engine *engine;
	struct engine_session *session;
	int offers;   /* of room */
	int messages; /* taken */
	char sid[64];
};

static struct house house;

static void *
on_open(void *arg, struct engine_session *s, struct web_request *req)
{
	house.session = s;
	return NULL;
}

static void
on_message(struct engine_session *s, bool is_binary, struct span message)
{
	house.messages++;
}

/* The session stays behind and is given nothing; after many turns the test gives up. */
static void
on_writable(struct engine_session *s)
{
	if (++house.offers < MANY)
		engine_want_writable(s);
}

static void
on_closed(struct engine_session *s, const char *why, bool is_left)
{
	house.session = NULL;
}

static const struct engine_ops ops = {.on_open = on_open,
    .on_message = on_message,
    .on_writable = on_writable,
    .on_closed = on_closed};
static const struct web_route routes[] = {
    {"/engine.io/", engine_handle, offsetof(struct house, engine)}};
static struct web web = {.parts = {{routes, 1, &house}}};

static struct wires *
set_up_session(void **state)
{
	struct wires *w = *state;
	const char *at;

	house = (struct house){.engine = engine_new(w->loop, &(struct engine_options){.ops = &ops,
								 .ping_interval_ms = 25000,
								 .ping_timeout_ms = 20000,
								 .max_payload = 100000,
								 .max_strangers = 10})};
	web_accept(&web, w->net, w->near, "127.0.0.1");
	at = strstr(ask(w, "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: h\r\n\r\n"),
	    "\"sid\":\"");
	assert_non_null(at);
	snprintf(house.sid, sizeof(house.sid), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
	return w;
}

static void
who_is_behind_on_polling_is_offered_room_once_a_turn(void **state)
{
	struct wires *w = set_up_session(state);
	char poll[256];

	snprintf(poll, sizeof(poll),
	    "GET /engine.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: h\r\n\r\n",
	    house.sid);
	ask(w, poll);
	engine_want_writable(house.session);
	turns(w);
	assert_in_range(house.offers, 5, MANY / 2); /* a few turns for each of turns() */
	engine_free(house.engine);
}

static void
many_packets_of_one_post_are_taken_in_slices_and_the_post_is_answered_once(void **state)
{
	enum { PACKETS = 400 };
	struct wires *w = set_up_session(state);
	struct buf body = {0}, post = {0};
	int before;

	for (int i = 0; i < PACKETS; i++)
		buf_str(&body, i > 0 ? "\x1e"
				       "4x"
				     : "4x");
	buf_printf(&post,
	    "POST /engine.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    house.sid, body.len);
	buf_span(&post, buf_as_span(&body));
	buf_clear(&w->answer);
	assert_int_equal(put(w, post.p, post.len), post.len);
	do {
		before = house.messages;
		one_turn(w);
		assert_true(house.messages - before <= 4 * SLICE_EVENTS);
	} while (house.messages < PACKETS);
	turns(w);
	get(w);
	assert_int_equal(house.messages, PACKETS);
	assert_memory_equal(buf_cstr(&w->answer), "HTTP/1.1 200 OK", 15);
	assert_null(strstr(buf_cstr(&w->answer) + 15, "HTTP/1.1"));
	engine_free(house.engine);
	buf_clear(&body);
	buf_clear(&post);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		who_is_behind_on_polling_is_offered_room_once_a_turn, wires_setup, wires_teardown),
	    wires_test(many_packets_of_one_post_are_taken_in_slices_and_the_post_is_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
