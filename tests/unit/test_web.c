/* SPDX-License-Identifier: ISC */
/*
 * test_web.c - HTTP on a connection: the answers, their order, and when the connection ends.
 */
#include "net_world.h"

#include "net/admission.h"
#include "net/web.h"

#define HOST  "Host: localhost\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: r-1\r\n\r\n"

struct site {
	int hellos, gone;
	struct buf taken; /* what the protocol after an upgrade was given */
	struct web_conn *held;
	bool is_taken_closed;
	struct gate gate; /* of who() */
};

/* ---- the routes ---- */

static void
say_hello(struct web_request *req, void *own)
{
	((struct site *)own)->hellos++;
	web_reply(
	    req, &(struct web_reply){.status = 200, .type = "text/plain", .body = SPAN("hello")});
}

static void
echo(struct web_request *req, void *own)
{
	web_reply(req, &(struct web_reply){.status = 200, .type = "text/plain", .body = req->body});
}

static void
say_much(struct web_request *req, void *own)
{
	static char much[100000];

	memset(much, 'm', sizeof(much));
	web_reply(req,
	    &(struct web_reply){.status = 200, .type = "text/plain", .body = {much, sizeof(much)}});
}

static void
on_gone(void *arg)
{
	struct site *s = arg;

	s->gone++;
	s->held = NULL;
}

static void
hold(struct web_request *req, void *own)
{
	struct site *s = own;

	s->held = web_hold(req, SPAN("X-Held: yes\r\n"), on_gone, s);
}

static void
on_taken_input(struct conn *c, struct buf *in)
{
	struct site *s = conn_own(c);

	buf_add(&s->taken, in->p, in->len);
	buf_drop(in, in->len);
}

static void
on_taken_end(struct conn *c)
{
	conn_close(c, "end");
}

static void
on_taken_closed(struct conn *c, const char *why)
{
	((struct site *)conn_own(c))->is_taken_closed = true;
}

static const struct protocol taken = {
    .on_input = on_taken_input, .on_end = on_taken_end, .on_closed = on_taken_closed};

static void
take(struct web_request *req, void *own)
{
	web_take_over(req, &taken, own);
	conn_send_bytes(req->conn, SPAN("taken"));
}

static void
take_and_close(struct web_request *req, void *own)
{
	web_take_over(req, &taken, own);
	conn_close(req->conn, "test");
}

static void
close_at_once(struct web_request *req, void *own)
{
	conn_close(req->conn, "test");
}

static void
get_only(struct web_request *req, void *own)
{
	if (req->http->method != METHOD_GET)
		web_refuse_status(req, 405, "GET");
	else
		web_refuse(req, CHAT_FORBIDDEN, "because");
}

static void
say_who(struct web_request *req, struct admission *a)
{
	web_reply(req, &(struct web_reply){.status = 200, .body = span_of(a->user.name)});
}

static void
who(struct web_request *req, void *own)
{
	admission_of_request(admission_new(&((struct site *)own)->gate, NULL), req, say_who, NULL);
}

static const struct web_route routes[] = {
    {"/hello", say_hello, 0},
    {"/echo", echo, 0},
    {"/much", say_much, 0},
    {"/hold", hold, 0},
    {"/take", take, 0},
    {"/take-and-close", take_and_close, 0},
    {"/close", close_at_once, 0},
    {"/get-only", get_only, 0},
    {"/who", who, 0},
};
static struct web web = {routes, sizeof(routes) / sizeof(*routes), NULL};

static struct site *
serve(struct wires *w)
{
	struct site *s = calloc(1, sizeof(*s));

	w->own = s;
	web.arg = s;
	web_accept(&web, w->net, w->near, "127.0.0.1");
	return s;
}

/* Counts a text in the bytes that the client has read. */
static int
count(const struct wires *w, const char *text)
{
	struct span rest = buf_as_span(&w->answer);
	const char *p;
	int n = 0;

	while ((p = memmem(rest.p, rest.n, text, strlen(text))) != NULL) {
		n++;
		rest = (struct span){p + 1, (size_t)(rest.p + rest.n - (p + 1))};
	}
	return n;
}

static int
status(const struct wires *w)
{
	return w->answer.len > 12 && memcmp(w->answer.p, "HTTP/1.1 ", 9) == 0
		   ? atoi(w->answer.p + 9)
		   : 0;
}

/* ---- requests ---- */

static void
a_request_is_answered_and_the_connection_kept(void **state)
{
	struct wires *w = *state;

	serve(w);
	assert_string_equal(ask(w, HELLO),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
	    "5\r\nX-Content-Type-Options: nosniff\r\nX-Request-ID: r-1\r\n\r\nhello");
	assert_false(w->has_ended);
	ask(w, HELLO);
	assert_int_equal(count(w, "hello"), 2);
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

/* ---- refusals: each is answered, and ends the connection ---- */

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
	    {404, "GET /nowhere HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "GET //hello HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "GET /x/../hello HTTP/1.1\r\n" HOST "\r\n"},
	    {404, "GET /%68ello HTTP/1.1\r\n" HOST "\r\n"},
	    {405, "DELETE /get-only HTTP/1.1\r\n" HOST "\r\n"},
	    {403, "GET /get-only HTTP/1.1\r\n" HOST "\r\n"},
	    {411, "POST /echo HTTP/1.1\r\n" HOST "\r\n"},
	    {413, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000001\r\n\r\n"},
	    {417, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: miracles\r\n\r\n"},
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
		assert_int_equal(count(w, "HTTP/1.1"), 1);
		assert_int_equal(count(w, "Allow: GET\r\n"), wrong[i].status == 405);
		assert_true(w->has_ended);
		assert_int_equal(s->hellos, 0);
		wires_teardown(&fresh);
	}
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
	/* The last one was cut where the kernel had no more room. */
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
	assert_true(w->has_ended);
}

/* The value of the last X-Request-ID that was read; terminated. */
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
	/* A refusal before the body too, and one that is held. */
	ask(w, "GET /hold HTTP/1.1\r\n" HOST "X-Request-ID: held\r\n\r\n");
	web_reply_held(
	    ((struct site *)w->own)->held, &(struct web_reply){.status = 200, .body = SPAN("{}")});
	ask(w,
	    "POST /echo HTTP/1.1\r\n" HOST "X-Request-ID: long\r\nContent-Length: 1000001\r\n\r\n");
	assert_int_equal(count(w, "X-Request-ID: held\r\n"), 1);
	assert_string_equal(last_id(w, id), "long");
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

		/* To the byte: 100 are accepted, 101 not, be they whole or not. */
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
	    {"?walletAddress=alice", "Alice", NULL}, /* a refusal ends the connection */
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
	    wires_test(a_head_that_drips_is_one_request),
	    wires_test(each_part_of_a_request_has_its_own_time_out),
	    wires_test(requests_in_a_row_are_answered_in_their_order),
	    wires_test(many_requests_at_once_are_taken_in_slices_and_all_are_answered),
	    wires_test(answers_that_are_not_read_hold_up_the_requests_behind_them),
	    wires_test(a_client_that_has_ended_its_side_still_gets_every_answer),
	    wires_test(the_last_request_ends_the_connection),
	    wires_test(a_client_of_1_0_is_kept_on_demand_alone),
	    wires_test(head_is_answered_without_a_body),
	    wires_test(a_body_may_come_in_pieces),
	    wires_test(a_chunked_body_is_put_together_split_anywhere),
	    wires_test(who_waits_for_100_gets_it_first),
	    wires_test(what_is_wrong_is_refused_with_its_status_and_an_end),
	    wires_test(a_target_too_long_is_414),
	    wires_test(a_head_too_long_is_431_however_it_ends),
	    wires_test(a_chunked_body_too_long_is_413_before_it_is_whole),
	    wires_test(more_connections_than_allowed_are_503),
	    wires_test(a_held_request_is_answered_later_and_the_next_one_after_it),
	    wires_test(who_leaves_a_held_request_is_noticed_at_once),
	    wires_test(what_waits_behind_a_held_request_is_bounded),
	    wires_test(what_stands_behind_the_head_belongs_to_the_new_protocol),
	    wires_test(what_stands_behind_a_body_does_too),
	    wires_test(a_handler_may_close_the_connection),
	    wires_test(a_request_is_answered_under_its_name_if_that_is_a_plain_one),
	    wires_test(sizes_and_underscores_are_the_webs_to_refuse),
	    wires_test(the_header_and_the_query_may_spell_one_wallet_in_two_ways),
	    wires_test(the_end_of_the_process_ends_it_and_what_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
