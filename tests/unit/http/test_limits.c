/* SPDX-License-Identifier: ISC */
/*
 * test_limits.c - how many connections an address may have, and how many may be nobody's.
 */
#include "unit/net_world.h"

#include "config/config.h"
#include "http/limits.h"
#include "http/web.h"
#include "identity/address.h"
#include "io/quotas.h"

#define HOST "Host: localhost\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST "\r\n"

/* ---- places ---- */

struct takers {
	struct proxies *proxies;
	struct limits *limits;
};

static struct takers
takers(size_t per_address)
{
	static char proxy[] = "10.0.0.0/8", unix_proxy[] = "unix";
	static char *list[] = {proxy, unix_proxy};
	struct takers t;

	t.proxies = proxies_new(&(struct config_list){list, 2});
	t.limits = limits_new(t.proxies, per_address);
	return t;
}

static void
takers_clear(struct takers *t)
{
	limits_free(t->limits);
	proxies_free(t->proxies);
}

static bool
take(struct takers *t, const char *peer, const char *forwarded_for, struct quota **out)
{
	return limits_take(t->limits, span_of(peer), span_of(forwarded_for), out);
}

static void
an_address_has_so_many_places_and_gets_them_back(void **state)
{
	struct takers t = takers(2);
	struct quota *a, *b, *c;

	assert_true(take(&t, "192.0.2.1", "", &a) && take(&t, "192.0.2.1", "203.0.113.1", &b));
	assert_false(take(&t, "192.0.2.1", "", &c));
	assert_null(c);
	assert_true(take(&t, "192.0.2.2", "", &c));
	quota_give_back(c);
	quota_give_back(a);
	assert_true(take(&t, "::ffff:192.0.2.1", "", &a));
	quota_give_back(a);
	quota_give_back(b);
	quota_give_back(NULL);
	takers_clear(&t);
}

static void
ipv6_shares_the_places_of_its_64(void **state)
{
	struct takers t = takers(1);
	struct quota *a, *b;

	assert_true(take(&t, "2001:db8::1", "", &a));
	assert_false(take(&t, "2001:db8::ffff:2", "", &b));
	assert_true(take(&t, "2001:db8:0:1::1", "", &b));
	quota_give_back(a);
	quota_give_back(b);
	takers_clear(&t);
}

static void
behind_a_trusted_peer_each_client_has_his_own(void **state)
{
	struct takers t = takers(1);
	struct quota *a, *b, *c;

	assert_true(limits_trust(t.limits, SPAN("10.1.1.1")));
	assert_true(limits_trust(t.limits, SPAN("")));
	assert_false(limits_trust(t.limits, SPAN("192.0.2.1")));
	assert_true(take(&t, "10.1.1.1", "192.0.2.1", &a));
	assert_true(take(&t, "", "192.0.2.2", &b));
	/* An address that the client put in front itself does not count. */
	assert_false(take(&t, "10.1.1.1", "203.0.113.5, 192.0.2.1", &c));
	assert_false(take(&t, "192.0.2.1", "", &c));
	quota_give_back(a);
	quota_give_back(b);
	takers_clear(&t);
}

static void
loopback_unix_and_no_limit_are_not_counted(void **state)
{
	struct takers t = takers(1), none = takers(0);
	struct quota *p;

	for (int i = 0; i < 3; i++) {
		assert_true(take(&t, "127.0.0.1", "203.0.113.5", &p) && p == NULL);
		assert_true(take(&t, "::1", "", &p) && p == NULL);
		assert_true(take(&t, "", "", &p) && p == NULL);
		assert_true(take(&none, "192.0.2.1", "", &p) && p == NULL);
	}
	assert_false(limits_trust(none.limits, SPAN("10.1.1.1")));
	takers_clear(&t);
	takers_clear(&none);
}

/* ---- connections ---- */

#define CLIENTS 6

struct crowd {
	struct wires wires; /* its loop and clock */
	struct takers takers;
	struct web web;
	struct net *net;
	int far[CLIENTS];
	struct conn *conns[CLIENTS]; /* of those that asked */
	size_t n;
	struct web_conn *held;
};

static void
answer(struct web_request *req, void *own)
{
	struct crowd *c = own;

	c->conns[c->n - 1] = req->conn;
	web_reply(req, &(struct web_reply){.status = 200, .body = SPAN("{}")});
}

static void
answer_known(struct web_request *req, void *own)
{
	conn_confirm(req->conn);
	answer(req, own);
}

static void
on_gone(void *arg)
{
	((struct crowd *)arg)->held = NULL;
}

static void
hold(struct web_request *req, void *own)
{
	struct crowd *c = own;

	c->held = web_hold(req, SPAN(""), on_gone, c);
}

static const struct web_route routes[] = {
    {"/", answer, 0}, {"/known", answer_known, 0}, {"/hold", hold, 0}};

static int
crowd_setup(void **state)
{
	struct crowd *c = calloc(1, sizeof(*c));

	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	c->wires.loop = loop_new(NULL);
	c->wires.clock = loop_timer_new(c->wires.loop, on_clock, &c->wires);
	c->net = net_new(
	    c->wires.loop, &(struct net_options){.max_connections = 100, .max_strangers = 2});
	c->takers = takers(2);
	c->web = (struct web){.parts = {{routes, 3, c}}, .limits = c->takers.limits};
	*state = c;
	return 0;
}

static int
crowd_teardown(void **state)
{
	struct crowd *c = *state;

	net_free(c->net);
	for (size_t i = 0; i < c->n; i++)
		close(c->far[i]);
	loop_timer_free(c->wires.clock);
	loop_free(c->wires.loop);
	takers_clear(&c->takers);
	free(c);
	return 0;
}

/* Connects one more client; returns its number. */
static size_t
come(struct crowd *c, const char *peer)
{
	wires_connect(&c->wires, SOCK_STREAM);
	c->far[c->n] = c->wires.far;
	web_accept(&c->web, c->net, c->wires.near, peer);
	turns(&c->wires);
	return c->n++;
}

/* Sends text, and returns the bytes that come back. "": none came; "end": only the end of the
 * stream came. */
static const char *
say(struct crowd *c, size_t client, const char *text)
{
	static char in[4096];
	ssize_t n;

	assert_true(send(c->far[client], text, strlen(text), MSG_NOSIGNAL) >= 0 || errno == EPIPE);
	turns(&c->wires);
	n = recv(c->far[client], in, sizeof(in) - 1, 0);
	in[n > 0 ? n : 0] = '\0';
	return n == 0 || (n < 0 && errno == ECONNRESET) ? "end" : in;
}

#define assert_status(answer, status) \
	assert_int_equal(strncmp(answer, "HTTP/1.1 " status, strlen("HTTP/1.1 " status)), 0)

static void
of_those_that_are_nobodys_the_oldest_goes_first(void **state)
{
	struct crowd *c = *state;
	size_t a = come(c, "127.0.0.1"), b, d;

	assert_status(say(c, a, "GET /known HTTP/1.1\r\n" HOST "\r\n"), "200");
	b = come(c, "127.0.0.1");
	assert_status(say(c, b, GET), "200"); /* answered, and still nobody's */
	come(c, "127.0.0.1");
	assert_int_equal(net_connections(c->net), 3);
	d = come(c, "127.0.0.1");
	assert_int_equal(net_connections(c->net), 3);
	assert_string_equal(say(c, b, ""), "end");
	assert_status(say(c, a, GET), "200");
	assert_status(say(c, d, GET), "200");
}

static void
too_many_of_an_address_are_429_and_an_end(void **state)
{
	struct crowd *c = *state;
	const char *refusal;
	size_t a = come(c, "192.0.2.1"), b;

	assert_status(say(c, a, "GET /known HTTP/1.1\r\n" HOST "\r\n"), "200");
	b = come(c, "192.0.2.1");
	refusal = say(c, come(c, "192.0.2.1"), "");
	assert_status(refusal, "429");
	assert_non_null(strstr(refusal, "Retry-After: 1\r\n"));
	assert_non_null(strstr(refusal, "\"code\":\"rate_limited\""));
	assert_non_null(strstr(refusal, "Connection: close\r\n"));
	assert_status(say(c, come(c, "192.0.2.9"), GET), "200");
	/* A client that leaves makes room. */
	close(c->far[b]);
	c->far[b] = dup(c->far[a]);
	turns(&c->wires);
	assert_status(say(c, come(c, "192.0.2.1"), GET), "200");
}

#define BEHIND(path, client) \
	"GET " path " HTTP/1.1\r\n" HOST "X-Forwarded-For: 203.0.113.77, " client "\r\n\r\n"

static void
behind_a_proxy_a_request_counts_as_long_as_it_is_open(void **state)
{
	struct crowd *c = *state;
	size_t a = come(c, "10.0.0.1"), b = come(c, "10.0.0.1"), d;
	struct web_conn *first;

	/* A connection that the proxy keeps open belongs to no client. */
	for (int i = 0; i < 4; i++) {
		assert_status(say(c, a, BEHIND("/known", "192.0.2.1")), "200");
		assert_status(say(c, b, BEHIND("/known", "192.0.2.1")), "200");
	}
	assert_string_equal(say(c, a, BEHIND("/hold", "192.0.2.1")), "");
	first = c->held;
	assert_string_equal(say(c, b, BEHIND("/hold", "192.0.2.1")), "");
	d = come(c, "10.0.0.1");
	assert_status(say(c, d, BEHIND("/", "192.0.2.1")), "429");
	web_reply_held(first, &(struct web_reply){.status = 200, .body = SPAN("{}")});
	d = come(c, "10.0.0.1");
	assert_status(say(c, d, BEHIND("/", "192.0.2.1")), "200");
	assert_status(say(c, d, BEHIND("/", "192.0.2.8")), "200");
}

#define crowd_test(f) cmocka_unit_test_setup_teardown(f, crowd_setup, crowd_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_has_so_many_places_and_gets_them_back),
	    cmocka_unit_test(ipv6_shares_the_places_of_its_64),
	    cmocka_unit_test(behind_a_trusted_peer_each_client_has_his_own),
	    cmocka_unit_test(loopback_unix_and_no_limit_are_not_counted),
	    crowd_test(of_those_that_are_nobodys_the_oldest_goes_first),
	    crowd_test(too_many_of_an_address_are_429_and_an_end),
	    crowd_test(behind_a_proxy_a_request_counts_as_long_as_it_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
