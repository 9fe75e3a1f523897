/* SPDX-License-Identifier: ISC */
/*
 * test_web_refusals.c - HTTP on a connection: which refusals end the connection, and which do not.
 */
#include "unit/set_clock.h"
#include "unit/web_world.h"

#define PAGE "http://localhost:5173"
#define TEN  "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "x" /* 101 bytes */

static void
what_is_wrong_is_refused_with_its_status_and_an_end(void **state)
{
	static const struct {
		int status;
		const char *request;
	} wrong[] = {
	    {400, "GET /hello HTTP/1.1\r\n\r\n"},
	    {400, "GET /hello HTTP/1.1\nHost: localhost\n\n"},
	    {400, "nonsense\r\n\r\n"},
	    {400, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
	    {400, "POST /echo HTTP/1.1\r\n" HOST
		  "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
	    {400, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
	    {404, "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\n"},
	    {403, "GET /get-only HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n"},
	    {411, "POST /echo HTTP/1.1\r\n" HOST "\r\n"},
	    {413, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000001\r\n\r\n"},
	    {417, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: miracles\r\n\r\n"},
	    {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
	    {501, "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n"},
	    {501, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"},
	    {505, "GET /hello HTTP/2.0\r\n" HOST "\r\n"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		void *fresh;
		struct wires *w;

		wires_setup(&fresh);
		w = fresh;
		struct site *s = serve(w);
		put_text(w, wrong[i].request);
		ask(w, HELLO); /* is not answered */
		assert_int_equal(status(w), wrong[i].status);
		assert_int_equal(count(w, "Connection: close\r\n"), 1);
		assert_int_equal(count(w, "\"success\":false"), 1);
		assert_int_equal(count(w, "\r\nDate: "), 1);
		assert_int_equal(count(w, "HTTP/1.1"), 1);
		assert_true(w->has_ended);
		assert_int_equal(s->hellos, 0);
		wires_teardown(&fresh);
	}
}

static void
a_refusal_of_a_whole_request_keeps_the_connection(void **state)
{
	static const struct {
		int status;
		const char *request;
	} whole[] = {
	    {404, "GET /nowhere HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"},
	    {404, "POST /nowhere HTTP/1.1\r\n" HOST
		  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
	    {404, "GET //hello HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "GET /x/../hello HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "GET /%68ello HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "HEAD /nowhere HTTP/1.1\r\n" HOST "\r\n"},
	    {405, "DELETE /get-only HTTP/1.1\r\n" HOST "\r\n"},
	    {403, "GET /get-only HTTP/1.1\r\n" HOST "\r\n"},
	    {501, "BREW /hello HTTP/1.1\r\n" HOST "\r\n"},
	    {501, "TRACE /nowhere HTTP/1.1\r\n" HOST "\r\n"},
	};
	struct wires *w = *state;
	struct site *s = serve(w);

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
		w->answer.len = 0;
		put_text(w, whole[i].request);
		ask(w, HELLO);
		assert_int_equal(status(w), whole[i].status);
		assert_int_equal(count(w, "Allow: GET\r\n"), whole[i].status == 405);
		assert_int_equal(count(w, "Connection:"), 0);
		assert_int_equal(count(w, "\r\n\r\nhello"), 1);
		assert_int_equal(s->hellos, i + 1);
	}
	assert_false(w->has_ended);
	ask(w, "GET /nowhere HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_true(w->has_ended);
}

static void
ask_long(struct wires *w, const char *before, size_t n, const char *after)
{
	struct buf request = {0};

	serve(w);
	buf_str(&request, before);
	for (size_t i = 0; i < n; i++)
		buf_addc(&request, 'a');
	buf_str(&request, after);
	put(w, request.p, request.len);
	ask(w, "");
	buf_clear(&request);
}

static void
a_target_too_long_is_414(void **state)
{
	struct wires *w = *state;

	ask_long(w, "GET /", 8200, " HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(status(w), 414);
	assert_true(w->has_ended);
}

static void
a_head_too_long_is_431_however_it_ends(void **state)
{
	struct wires *w = *state;

	ask_long(w, "GET /hello HTTP/1.1\r\n" HOST "X: ", 17000, "");
	assert_int_equal(status(w), 431);
	assert_true(w->has_ended);
}

static void
a_chunked_body_too_long_is_413_before_it_is_whole(void **state)
{
	struct wires *w = *state;
	static char bytes[50000];

	serve(w);
	ask(w, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n200000\r\n");
	for (int i = 0; i < 40 && status(w) == 0; i++) {
		put(w, bytes, sizeof(bytes));
		ask(w, "");
	}
	assert_int_equal(status(w), 413);
}

static void
more_connections_than_allowed_are_503(void **state)
{
	struct wires *w = *state;
	int first[2][2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, first[i]), 0);
		web_accept(&web, w->net, first[i][0], "");
	}
	serve(w);
	ask(w, "");
	assert_int_equal(status(w), 503);
	assert_int_equal(count(w, "Retry-After: 1\r\n"), 1);
	assert_true(w->has_ended);
	close(first[0][1]);
	close(first[1][1]);
}

static void
sizes_and_underscores_are_the_webs_to_refuse(void **state)
{
	struct wires *w = *state;

	web.max_body = 10;
	web.max_header = 100;
	serve(w);
	ask(w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789");
	assert_int_equal(count(w, "HTTP/1.1 200"), 1);
	ask(w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n0123456789a");
	assert_int_equal(count(w, "HTTP/1.1 413"), 1);
	for (int i = 0; i < 2; i++) {
		char request[200] = "GET /hello HTTP/1.1\r\n" HOST "X: ";
		void *state_of_its_own = NULL;
		size_t n = strlen(request);

		/* The limit holds to the byte: a head of 100 bytes is accepted, a head of 101
		 * bytes is not. */
		memset(request + n, 'x', (size_t)(96 + i) - n);
		strcpy(request + 96 + i, "\r\n\r\n");
		wires_setup(&state_of_its_own);
		serve(state_of_its_own);
		ask(state_of_its_own, request);
		assert_int_equal(count(state_of_its_own, "HTTP/1.1 200"), i == 0);
		assert_int_equal(count(state_of_its_own, "HTTP/1.1 431"), i == 1);
		wires_teardown(&state_of_its_own);
	}
	web.max_body = web.max_header = 0;
	web.refuses_underscores = true;
	for (int i = 0; i < 2; i++) {
		void *state_of_its_own = NULL;

		wires_setup(&state_of_its_own);
		serve(state_of_its_own);
		ask(state_of_its_own, i == 0 ? "GET /hello HTTP/1.1\r\n" HOST
					       "X-Remote-User: a\r\n\r\n"
					     : "GET /hello HTTP/1.1\r\n" HOST "X_Y: a\r\n\r\n");
		assert_int_equal(count(state_of_its_own, "HTTP/1.1 200"), i == 0);
		assert_int_equal(count(state_of_its_own, "HTTP/1.1 400"), i == 1);
		wires_teardown(&state_of_its_own);
	}
	web.refuses_underscores = false;
}

/* ---- refusals that a page may read ---- */

/* One request on a connection of its own, to a daemon whose pages are those of PAGE. */
struct visit {
	struct wires *wires;
	struct auth *auth;
	struct gate gate;
};

static void
visit_begin(struct visit *v)
{
	char page[] = PAGE, *pages[] = {page};
	struct config config = {.auth = AUTH_OPEN, .frontend_url = {pages, 1}};
	void *fresh;

	wires_setup(&fresh);
	v->wires = fresh;
	v->auth = auth_new(&config, &(struct buf){0});
	v->gate = (struct gate){v->auth, NULL};
	web.gate = &v->gate;
	serve(v->wires);
}

static void
visit_end(struct visit *v)
{
	void *fresh = v->wires;

	wires_teardown(&fresh);
	web.gate = NULL;
	auth_free(v->auth);
}

/* Asserts how often the answer names the page, and that a cache knows why. */
static void
assert_named(const struct wires *w, int n)
{
	assert_int_equal(count(w, "Access-Control-Allow-Origin: " PAGE "\r\n"), n);
	assert_int_equal(count(w, "Access-Control-"), 3 * n);
	assert_int_equal(count(w, "Vary: Origin\r\n"), 1);
}

static void
a_page_may_read_the_refusal_of_each_head_that_is_known(void **state)
{
	static const struct {
		int status;
		const char *line, *rest;
	} wrong[] = {
	    {404, "GET /nowhere", ""},
	    {404, "POST /nowhere", "Content-Length: 3\r\n\r\nx"},
	    {404, "GET //hello", ""},
	    {405, "DELETE /get-only", ""},
	    {403, "GET /get-only", ""},
	    {400, "POST /echo", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
	    {411, "POST /echo", ""},
	    {413, "POST /echo", "Content-Length: 101\r\n"},
	    {413, "POST /echo", "Transfer-Encoding: chunked\r\n\r\n65\r\n" LONG "\r\n0\r\n"},
	    {417, "POST /echo", "Content-Length: 1\r\nExpect: miracles\r\n"},
	    {431, "GET /hello", "X: " LONG LONG "\r\n"},
	};
	static const char *const origins[] = {PAGE, "https://evil.example", "null"};

	web.max_body = 100;
	web.max_header = 250;
	for (size_t i = 0; i < 3 * sizeof(wrong) / sizeof(*wrong); i++) {
		char request[1000];
		struct visit v;

		snprintf(request, sizeof(request), "%s HTTP/1.1\r\n" HOST "Origin: %s\r\n%s\r\n",
		    wrong[i / 3].line, origins[i % 3], wrong[i / 3].rest);
		visit_begin(&v);
		ask(v.wires, request);
		assert_int_equal(status(v.wires), wrong[i / 3].status);
		assert_named(v.wires, i % 3 == 0);
		visit_end(&v);
	}
	web.max_body = web.max_header = 0;
}

static void
a_page_may_read_that_its_body_came_too_late(void **state)
{
	struct visit v;

	visit_begin(&v);
	ask(v.wires,
	    "POST /echo HTTP/1.1\r\n" HOST "Origin: " PAGE "\r\nContent-Length: 2\r\n\r\nx");
	ahead_us += 3600000000;
	ask(v.wires, "");
	assert_int_equal(status(v.wires), 408);
	assert_named(v.wires, 1);
	visit_end(&v);
}

static void
a_head_that_cannot_be_read_has_no_page(void **state)
{
	static const char *const wrong[] = {
	    "GET /hello HTTP/2.0\r\n" HOST "Origin: " PAGE "\r\n\r\n",
	    "GET /hello HTTP/1.1\r\n" HOST "Origin: " PAGE "\r\nOrigin: " PAGE "\r\n\r\n",
	    "GET /hello HTTP/1.1\r\nOrigin: " PAGE "\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct visit v;

		visit_begin(&v);
		ask(v.wires, wrong[i]);
		assert_true(status(v.wires) >= 400);
		assert_int_equal(count(v.wires, "Access-Control-"), 0);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(what_is_wrong_is_refused_with_its_status_and_an_end),
	    wires_test(a_refusal_of_a_whole_request_keeps_the_connection),
	    wires_test(a_target_too_long_is_414),
	    wires_test(a_head_too_long_is_431_however_it_ends),
	    wires_test(a_chunked_body_too_long_is_413_before_it_is_whole),
	    wires_test(more_connections_than_allowed_are_503),
	    wires_test(sizes_and_underscores_are_the_webs_to_refuse),
	    cmocka_unit_test(a_page_may_read_the_refusal_of_each_head_that_is_known),
	    cmocka_unit_test(a_page_may_read_that_its_body_came_too_late),
	    cmocka_unit_test(a_head_that_cannot_be_read_has_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
