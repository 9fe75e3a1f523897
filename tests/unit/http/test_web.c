/* SPDX-License-Identifier: ISC */
/*
 * test_web.c - HTTP on a connection: the answers, their order, and when the connection ends.
 */
#include "unit/web_world.h"

#include "unit/date_line.h"

/* ---- requests ---- */

static void
a_request_is_answered_and_the_connection_kept(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, HELLO);
	assert_string_equal(without_date(&w->answer),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
	    "5\r\nX-Content-Type-Options: nosniff\r\nX-Request-ID: r-1\r\n\r\nhello");
	assert_false(w->has_ended);
	ask(w, HELLO);
	assert_int_equal(count(w, "hello"), 2);
}

static void
a_target_in_absolute_form_is_its_path(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "GET http://example.org/hello?x HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(status(w), 200);
	assert_int_equal(s->hellos, 1);
}

static void
a_head_that_drips_is_one_request(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);
	char byte[2] = "";

	for (const char *p = HELLO; *p != '\0'; p++) {
		assert_int_equal(s->hellos, 0);
		byte[0] = *p;
		ask(w, byte);
	}
	assert_int_equal(s->hellos, 1);
	assert_int_equal(count(w, "hello"), 1);
}

struct kind {
	enum conn_wait wait;
};

static void
see_wait(struct conn *c, void *arg)
{
	((struct kind *)arg)->wait = conn_wait_kind(c);
}

static enum conn_wait
wait_of(struct wires *w)
{
	struct kind k = {WAIT_KINDS};

	net_each(w->net, see_wait, &k);
	return k.wait;
}

static void
each_part_of_a_request_has_its_own_time_out(void **state)
{
	struct wires *w = *state;

	serve(w);
	assert_int_equal(wait_of(w), WAIT_HEAD);
	ask(w, HELLO);
	assert_int_equal(wait_of(w), WAIT_IDLE);
	ask(w, "POST /echo HTTP/1.1\r\n");
	assert_int_equal(wait_of(w), WAIT_HEAD);
	ask(w, HOST "Content-Length: 3\r\n\r\n");
	assert_int_equal(wait_of(w), WAIT_BODY);
	ask(w, "ab");
	assert_int_equal(wait_of(w), WAIT_BODY);
	ask(w, "c");
	assert_int_equal(wait_of(w), WAIT_IDLE);
}

static void
requests_in_a_row_are_answered_in_their_order(void **state)
{
	struct wires *w = *state;
	const char *answer;

	serve(w);
	answer = ask(w, HELLO "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" HELLO);
	assert_int_equal(count(w, "200 OK"), 3);
	assert_true(strstr(answer, "hello") < strstr(answer, "abc"));
	assert_non_null(strstr(strstr(answer, "abc"), "hello"));
}

static void
answers_that_are_not_read_hold_up_the_requests_behind_them(void **state)
{
	struct wires *w = *state;
	struct site *s;
	size_t sent = 0;

	small_buffer(w->near);
	s = serve(w);
	for (int i = 0; i < 3; i++)
		put_text(w, "GET /much HTTP/1.1\r\n" HOST "\r\n");
	turns(w);
	/* However much is sent now, the server neither reads nor answers it. */
	for (int i = 0; i < 100000; i++) {
		size_t n = put(w, HELLO, strlen(HELLO));
		if (n < strlen(HELLO))
			break;
		sent++;
	}
	turns(w);
	assert_int_equal(s->hellos, 0);
	for (int i = 0; i < 100000 && s->hellos < (int)sent; i++) {
		get(w);
		turns(w);
	}
	ask(w, "");
	assert_int_equal(s->hellos, sent);
	assert_int_equal(count(w, "200 OK"), 3 + sent);
}

static void
many_requests_at_once_are_taken_in_slices_and_all_are_answered(void **state)
{
	enum { MANY = 600 };
	struct wires *w = *state;
	struct site *s = serve(w);
	struct buf all = {0};
	int before;

	for (int i = 0; i < MANY; i++)
		buf_str(&all, HELLO);
	assert_int_equal(put(w, all.p, all.len), all.len);
	shutdown(w->far, SHUT_WR);
	do {
		before = s->hellos;
		one_turn(w);
		get(w);
		assert_true(s->hellos - before <= 4 * SLICE_EVENTS);
	} while (!w->has_ended);
	assert_int_equal(s->hellos, MANY);
	buf_clear(&all);
}

static void
a_client_that_has_ended_its_side_still_gets_every_answer(void **state)
{
	struct wires *w = *state;

	small_buffer(w->near);
	serve(w);
	for (int i = 0; i < 5; i++)
		put_text(w, "GET /much HTTP/1.1\r\n" HOST "\r\n");
	shutdown(w->far, SHUT_WR);
	for (int i = 0; i < 10000 && !w->has_ended; i++) {
		turns(w);
		get(w);
	}
	assert_true(w->has_ended);
	assert_int_equal(count(w, "200 OK"), 5);
	assert_true(w->answer.len > 500000);
	assert_int_equal(net_connections(w->net), 0);
}

static void
the_last_request_ends_the_connection(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" HELLO);
	assert_int_equal(count(w, "hello"), 1);
	assert_int_equal(count(w, "Connection: close\r\n"), 1);
	assert_true(w->has_ended);
}

static void
a_client_of_1_0_is_kept_on_demand_alone(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_int_equal(count(w, "Connection: keep-alive\r\n"), 1);
	assert_false(w->has_ended);
	ask(w, "GET /hello HTTP/1.0\r\n\r\n");
	assert_int_equal(count(w, "Connection: close\r\n"), 1);
	assert_true(w->has_ended);
}

static void
head_is_answered_without_a_body(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(count(w, "Content-Length: 5\r\n"), 1);
	assert_int_equal(count(w, "hello"), 0);
	ask(w, HELLO);
	assert_int_equal(count(w, "hello"), 1);
}

static void
options_of_the_whole_server_are_its_methods(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n" HELLO);
	assert_int_equal(status(w), 204);
	assert_int_equal(count(w, "Allow: GET, HEAD, POST, OPTIONS\r\n"), 1);
	assert_int_equal(count(w, "hello"), 1);
}

/* ---- bodies ---- */

static void
a_body_may_come_in_pieces(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nab");
	assert_int_equal(w->answer.len, 0);
	ask(w, "cd");
	ask(w, "ef");
	assert_int_equal(count(w, "\r\n\r\nabcdef"), 1);
	ask(w, HELLO);
	assert_int_equal(count(w, "hello"), 1);
}

static void
a_chunked_body_is_put_together_split_anywhere(void **state)
{
	static const char request[] =
	    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n";
	struct wires *w = *state;
	char byte[2] = "";

	serve(w);
	for (const char *p = request; *p != '\0'; p++) {
		byte[0] = *p;
		ask(w, byte);
	}
	assert_int_equal(count(w, "\r\n\r\nabc0123456789"), 1);
	ask(w, HELLO);
	assert_int_equal(count(w, "hello"), 1);
}

static void
who_waits_for_100_gets_it_first(void **state)
{
	struct wires *w = *state;

	serve(w);
	assert_string_equal(ask(w, "POST /echo HTTP/1.1\r\n" HOST
				   "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"),
	    "HTTP/1.1 100 Continue\r\n\r\n");
	ask(w, "hi");
	assert_int_equal(count(w, "200 OK"), 1);
}

static void
no_100_is_sent_without_a_body_or_to_1_0(void **state)
{
	struct wires *w = *state;

	serve(w);
	ask(w, "GET /hello HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n");
	assert_int_equal(status(w), 200);
	ask(w, "POST /echo HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi");
	assert_int_equal(count(w, "HTTP/1.1 200"), 2);
	assert_int_equal(count(w, "HTTP/1.1"), 2);
}

/* ---- held requests ---- */

static void
a_held_request_is_answered_later_and_the_next_one_after_it(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "GET /hold HTTP/1.1\r\n" HOST "\r\n" HELLO);
	assert_int_equal(w->answer.len, 0);
	assert_int_equal(s->hellos, 0);
	assert_int_equal(wait_of(w), WAIT_NOTHING);
	web_reply_held(s->held,
	    &(struct web_reply){.status = 200, .type = "text/plain", .body = SPAN("held")});
	ask(w, "");
	assert_int_equal(count(w, "X-Held: yes\r\n\r\nheld"), 1);
	assert_int_equal(count(w, "\r\n\r\nhello"), 1);
	assert_int_equal(s->gone, 0);
}

static void
who_leaves_a_held_request_is_noticed_at_once(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(s->held);
	close(w->far);
	turns(w);
	assert_int_equal(s->gone, 1);
	w->far = -1;
}

static void
who_ends_their_side_still_gets_the_answer_where_the_route_has_it(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "POST /hold-on HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
	shutdown(w->far, SHUT_WR);
	turns(w);
	assert_int_equal(s->gone, 0);
	web_reply_held(s->held, &(struct web_reply){.status = 200, .body = SPAN("held")});
	turns(w);
	get(w);
	assert_int_equal(count(w, "Connection: close\r\n\r\nheld"), 1);
	assert_true(w->has_ended);
}

static void
who_is_gone_for_good_is_noticed_at_the_answer_at_the_latest(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "POST /hold-on HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
	close(w->far);
	turns(w);
	w->far = -1;
	if (s->held != NULL)
		web_reply_held(s->held, &(struct web_reply){.status = 200, .body = SPAN("held")});
	turns(w);
	assert_int_equal(net_connections(w->net), 0);
}

static void
what_waits_behind_a_held_request_is_bounded(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);
	size_t sent = 0, n;

	ask(w, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	while ((n = put(w, HELLO, strlen(HELLO))) == strlen(HELLO)) {
		sent += n;
		turns(w);
		if (sent > 2000000)
			fail_msg("all of it was taken");
	}
	/* The last request was cut, since the kernel had no more room. */
	web_reply_held(s->held,
	    &(struct web_reply){.status = 200, .type = "text/plain", .body = SPAN("held")});
	while (s->hellos < (int)(sent / strlen(HELLO))) {
		turns(w);
		get(w);
	}
	ask(w, HELLO + n);
	assert_int_equal(s->hellos, sent / strlen(HELLO) + 1);
}

/* ---- other protocols ---- */

static void
what_stands_behind_the_head_belongs_to_the_new_protocol(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	assert_string_equal(ask(w, "GET /take HTTP/1.1\r\n" HOST "\r\nfirst"), "taken");
	ask(w, "second");
	assert_string_equal(buf_cstr(&s->taken), "firstsecond");
	shutdown(w->far, SHUT_WR);
	turns(w);
	assert_true(s->is_taken_closed);
	buf_clear(&s->taken);
}

static void
what_stands_behind_a_body_does_too(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "POST /take HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbodyfirst");
	assert_string_equal(buf_cstr(&s->taken), "first");
	buf_clear(&s->taken);
}

static void
a_handler_may_close_the_connection(void **state)
{
	static const char *const paths[] = {"/close", "/take-and-close"};

	for (size_t i = 0; i < 2; i++) {
		char request[200];
		void *fresh;

		wires_setup(&fresh);
		struct wires *w = fresh;
		serve(w);
		snprintf(
		    request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST "\r\n" HELLO, paths[i]);
		ask(w, request);
		assert_true(w->has_ended);
		assert_int_equal(w->answer.len, 0);
		wires_teardown(&fresh);
		wires_setup(&fresh);
		w = fresh;
		serve(w);
		snprintf(request, sizeof(request),
		    "POST %s HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy", paths[i]);
		ask(w, request);
		assert_true(w->has_ended);
		wires_teardown(&fresh);
	}
}

static void
shut_down(struct conn *c, void *arg)
{
	conn_shut_down(c);
}

static void
the_end_of_the_process_ends_it_and_what_it_holds(void **state)
{
	struct wires *w = *state;
	struct site *s = serve(w);

	ask(w, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	net_each(w->net, shut_down, NULL);
	ask(w, "");
	assert_int_equal(s->gone, 1);
	assert_int_equal(status(w), 503);
	assert_int_equal(count(w, "X-Held: yes\r\n"), 1);
	assert_true(w->has_ended);
}

/* Copies the value of the last X-Request-ID that the client has read to out. */
static const char *
last_id(struct wires *w, char out[100])
{
	const char *at = NULL, *next = buf_cstr(&w->answer);

	while ((next = strstr(next, "X-Request-ID: ")) != NULL)
		at = next += strlen("X-Request-ID: ");
	assert_non_null(at);
	snprintf(out, 100, "%.*s", (int)strcspn(at, "\r"), at);
	return out;
}

static void
a_request_is_answered_under_its_name_if_that_is_a_plain_one(void **state)
{
	static const char *const wrong[] = {"", "X-Request-ID: a b\r\n", "X-Request-ID: a\"b\r\n",
	    "X-Request-ID:\r\n", "X-Request-ID: a\r\nX-Request-ID: b\r\n"};
	struct wires *w = *state;
	char id[100], other[100], request[400];

	serve(w);
	ask(w, "GET /hello HTTP/1.1\r\n" HOST "x-request-id: A.b_c-9\r\n\r\n");
	assert_string_equal(last_id(w, id), "A.b_c-9");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(
		    request, sizeof(request), "GET /hello HTTP/1.1\r\n" HOST "%s\r\n", wrong[i]);
		ask(w, request);
		assert_int_equal(strlen(last_id(w, id)), 20);
		ask(w, request);
		assert_string_not_equal(last_id(w, other), id);
	}
	/* A refusal that precedes the body has the id too, and so has a held answer. */
	ask(w, "GET /hold HTTP/1.1\r\n" HOST "X-Request-ID: held\r\n\r\n");
	web_reply_held(
	    ((struct site *)w->own)->held, &(struct web_reply){.status = 200, .body = SPAN("{}")});
	ask(w,
	    "POST /echo HTTP/1.1\r\n" HOST "X-Request-ID: long\r\nContent-Length: 1000001\r\n\r\n");
	assert_int_equal(count(w, "X-Request-ID: held\r\n"), 1);
	assert_string_equal(last_id(w, id), "long");
}

/* ---- who asks ---- */

#define EVM_LOWER "0xabcdef0123456789abcdef0123456789abcdef01"
#define EVM_UPPER "0xABCDEF0123456789ABCDEF0123456789ABCDEF01"

static void
the_header_and_the_query_may_spell_one_wallet_in_two_ways(void **state)
{
	static const struct {
		const char *query, *header, *name;
	} cases[] = {
	    {"?walletAddress=alice", "alice", "alice"},
	    {"?walletAddress=" EVM_UPPER, EVM_LOWER, EVM_UPPER},
	    {"?walletAddress=" EVM_LOWER, EVM_UPPER, EVM_LOWER},
	    {"?walletAddress=alice", "", "alice"},
	    {"?walletAddress=", "alice", "alice"}, /* it says nothing */
	    {"?walletAddress", "alice", "alice"},
	    {"?walletAddress=alice", "Alice", NULL},
	};
	struct wires *w = *state;
	struct auth *auth = auth_new(&(struct config){.auth = AUTH_OPEN}, &(struct buf){0});
	char text[256];

	assert_non_null(auth);
	serve(w)->gate.auth = auth;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
		    "GET /who%s HTTP/1.1\r\n" HOST "X-Wallet-Address: %s\r\n\r\n", cases[i].query,
		    cases[i].header);
		w->answer.len = 0;
		ask(w, text);
		assert_int_equal(status(w), cases[i].name != NULL ? 200 : 401);
		assert_int_equal(count(w, cases[i].name != NULL ? cases[i].name : "alice"),
		    cases[i].name != NULL);
	}
	auth_free(auth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    wires_test(a_request_is_answered_and_the_connection_kept),
	    wires_test(a_target_in_absolute_form_is_its_path),
	    wires_test(a_head_that_drips_is_one_request),
	    wires_test(each_part_of_a_request_has_its_own_time_out),
	    wires_test(requests_in_a_row_are_answered_in_their_order),
	    wires_test(many_requests_at_once_are_taken_in_slices_and_all_are_answered),
	    wires_test(answers_that_are_not_read_hold_up_the_requests_behind_them),
	    wires_test(a_client_that_has_ended_its_side_still_gets_every_answer),
	    wires_test(the_last_request_ends_the_connection),
	    wires_test(a_client_of_1_0_is_kept_on_demand_alone),
	    wires_test(head_is_answered_without_a_body),
	    wires_test(options_of_the_whole_server_are_its_methods),
	    wires_test(a_body_may_come_in_pieces),
	    wires_test(a_chunked_body_is_put_together_split_anywhere),
	    wires_test(who_waits_for_100_gets_it_first),
	    wires_test(no_100_is_sent_without_a_body_or_to_1_0),
	    wires_test(a_held_request_is_answered_later_and_the_next_one_after_it),
	    wires_test(who_leaves_a_held_request_is_noticed_at_once),
	    wires_test(who_ends_their_side_still_gets_the_answer_where_the_route_has_it),
	    wires_test(who_is_gone_for_good_is_noticed_at_the_answer_at_the_latest),
	    wires_test(what_waits_behind_a_held_request_is_bounded),
	    wires_test(what_stands_behind_the_head_belongs_to_the_new_protocol),
	    wires_test(what_stands_behind_a_body_does_too),
	    wires_test(a_handler_may_close_the_connection),
	    wires_test(a_request_is_answered_under_its_name_if_that_is_a_plain_one),
	    wires_test(the_header_and_the_query_may_spell_one_wallet_in_two_ways),
	    wires_test(the_end_of_the_process_ends_it_and_what_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
