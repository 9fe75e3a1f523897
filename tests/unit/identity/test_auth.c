/* SPDX-License-Identifier: ISC */
/*
 * test_auth.c - auth = open and its conditions, origins, service keys.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/auth.h"
#include "unit/skips.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define SECRET_A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define SECRET_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char vite[] = "http://localhost:5173", app[] = "https://app.example";
static char *frontends[] = {vite, app};

static struct config
open_config(void)
{
	return (struct config){.auth = AUTH_OPEN, .frontend_url = {frontends, 2}};
}

static struct auth *
open_auth(void)
{
	struct config c = open_config();
	struct buf err = {0};
	struct auth *auth = auth_new(&c, &err);

	assert_non_null(auth);
	buf_clear(&err);
	return auth;
}

static struct auth_request
local_request(void)
{
	return (struct auth_request){
	    .peer = SPAN("127.0.0.1"),
	    .host = SPAN("localhost:3001"),
	    .claimed_wallet = SPAN("alice"),
	};
}

/* ---- identity ---- */

static void
only_a_mode_with_a_verifier_starts(void **state)
{
	struct config c = {.auth = AUTH_UNSET};
	struct buf err = {0};

	assert_null(auth_new(&c, &err));
	assert_non_null(strstr(buf_cstr(&err), "wallet"));
	buf_clear(&err);
	auth_free(NULL);
}

static void
open_believes_a_claim_that_is_a_wallet(void **state)
{
	struct auth *auth = open_auth();
	struct auth_request r = local_request();
	struct user u;

	r.claimed_wallet = SPAN("0xABCDEF0123456789abcdef0123456789abcdef01");
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_NONE);
	assert_string_equal(u.key, "0xabcdef0123456789abcdef0123456789abcdef01");
	assert_string_equal(u.name, "0xABCDEF0123456789abcdef0123456789abcdef01");
	r.claimed_wallet = SPAN("");
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_UNAUTHORIZED);
	r.claimed_wallet = SPAN("not a wallet");
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_UNAUTHORIZED);
	auth_free(auth);
}

static void
open_listens_on_loopback_only(void **state)
{
	struct auth *auth = open_auth();

	assert_true(auth_is_open(auth));
	assert_null(auth_listener_refusal(auth, (struct auth_listener){true, false}));
	assert_non_null(auth_listener_refusal(auth, (struct auth_listener){false, false}));
	auth_free(auth);
}

/* ---- open is local ---- */

enum field { PEER, HOST, FORWARDED_FOR, FORWARDED, REAL_IP };

static const struct {
	enum field field;
	bool is_local;
	const char *value;
} conditions[] = {
    {PEER, true, ""}, /* a Unix socket */
    {PEER, true, "127.0.0.1"},
    {PEER, true, "127.255.255.254"},
    {PEER, true, "::1"},
    {PEER, true, "::ffff:127.0.0.1"},
    {PEER, false, "128.0.0.1"},
    {PEER, false, "10.0.0.1"},
    {PEER, false, "::ffff:10.0.0.1"},
    {PEER, false, "::2"},
    {PEER, false, "fe80::1"},
    {PEER, false, "127.1"},
    {PEER, false, "0177.0.0.1"},
    {PEER, false, "localhost"},
    {PEER, false, "127.0.0.1.evil.example"},
    {PEER, false, "0.0.0.0"},

    {HOST, true, "localhost"},
    {HOST, true, "LocalHost:80"},
    {HOST, true, "127.0.0.1"},
    {HOST, true, "127.9.9.9:3001"},
    {HOST, true, "[::1]"},
    {HOST, true, "[::1]:3001"},
    {HOST, true, "[0:0::1]"},
    {HOST, true, "[::ffff:127.0.0.1]:80"},
    {HOST, false, "[::ffff:10.0.0.1]"},
    {HOST, false, "[::1]:"},
    {HOST, false, ""},
    {HOST, false, "example.org"},
    {HOST, false, "localhost.evil.example"},
    {HOST, false, "evil.example:127"},
    {HOST, false, "localhost:"},
    {HOST, false, "localhost:3001:1"},
    {HOST, false, "localhost:65536"},
    {HOST, false, "localhost:+1"},
    {HOST, false, "localhost@evil.example"},
    {HOST, false, "::1"},
    {HOST, false, "[::2]"},
    {HOST, false, "[::1"},
    {HOST, false, "[::1]x"},
    {HOST, false, "[]"},
    {HOST, false, "["},
    {HOST, false, "[127.0.0.1]"},
    {HOST, false, "0.0.0.0"},

    {FORWARDED_FOR, true, "127.0.0.1"},
    {FORWARDED_FOR, true, "127.0.0.1, ::1 ,127.0.0.2:99,[::1]:7,[::1]"},
    {FORWARDED_FOR, false, "10.0.0.1"},
    {FORWARDED_FOR, false, "localhost"},
    {FORWARDED_FOR, false, "127.0.0.1:"},
    {FORWARDED_FOR, false, "[::ffff:10.0.0.1]:1"},
    {FORWARDED_FOR, true, "[::ffff:127.0.0.1]:1"},
    {FORWARDED_FOR, false, "127.0.0.1, 10.0.0.1"},
    {FORWARDED_FOR, false, "10.0.0.1, 127.0.0.1"},
    {FORWARDED_FOR, false, "127.0.0.1, 10.0.0.1, 127.0.0.1"},
    {FORWARDED_FOR, false, "unknown"},
    {FORWARDED_FOR, false, "127.0.0.1,"},
    {FORWARDED_FOR, false, ","},
    {FORWARDED_FOR, false, "127.0.0.1 10.0.0.1"},
    {FORWARDED_FOR, false, "127.0.0.1:x"},

    {FORWARDED, true, "for=127.0.0.1"},
    {FORWARDED, true, "For=127.0.0.1;proto=http;by=203.0.113.43"},
    {FORWARDED, true, "for=\"[::1]:4711\""},
    {FORWARDED, true, "for=\"127.0.0.1:80\", for=127.0.0.2"},
    {FORWARDED, true, "proto=http;for=127.0.0.1;host=\"a,b;for=10.0.0.1\""},
    {FORWARDED, true, "proto=http"},
    {FORWARDED, false, "for=10.0.0.1"},
    {FORWARDED, false, "FOR=10.0.0.1"},
    {FORWARDED, false, "for=\"10.0.0.1\""},
    {FORWARDED, false, "for=127.0.0.1, for=10.0.0.1"},
    {FORWARDED, false, "for=10.0.0.1, for=127.0.0.1"},
    {FORWARDED, false, "for=127.0.0.1;for=10.0.0.1"},
    {FORWARDED, false, "proto=http ; for=10.0.0.1"},
    {FORWARDED, false, "for=unknown"},
    {FORWARDED, false, "for=_hidden"},
    {FORWARDED, false, "for=\"_SEVKISEK\""},
    {FORWARDED, false, "for=\"[2001:db8::17]:4711\""},
    {FORWARDED, false, "for=\"127.0.0.1"},
    {FORWARDED, false, "for=\"127.0.0.\\1\""},
    {FORWARDED, false, "host=\"a\\\";for=10.0.0.1\""},
    {FORWARDED, false, "for"},
    {FORWARDED, false, "for="},
    {FORWARDED, false, "127.0.0.1"},
    {FORWARDED, false, "for=127.0.0.1 for=10.0.0.1"},
    {FORWARDED, false, "=127.0.0.1"},
    {FORWARDED, false, "for =10.0.0.1"},
    {FORWARDED, false, ",for=127.0.0.1"},

    {REAL_IP, true, "127.0.0.1"},
    {REAL_IP, true, "::1"},
    {REAL_IP, false, "192.168.0.1"},
    {REAL_IP, false, "unknown"},
};

static void
set_field(struct auth_request *r, enum field f, struct span value)
{
	struct span *fields[] = {
	    &r->peer, &r->host, &r->x_forwarded_for, &r->forwarded, &r->x_real_ip};

	*fields[f] = value;
}

static void
open_serves_its_own_machine_only(void **state)
{
	struct auth *auth = open_auth();

	for (size_t i = 0; i < COUNT(conditions); i++) {
		struct auth_request r = local_request();
		enum error want = conditions[i].is_local ? ERROR_NONE : ERROR_OPEN_IS_LOCAL;
		size_t n = strlen(conditions[i].value);
		char *exact = malloc(n + 1); /* so that a read beyond the value is seen */

		memcpy(exact, conditions[i].value, n);
		exact = realloc(exact, n ? n : 1);
		set_field(&r, conditions[i].field, (struct span){exact, n});
		if (auth_conditions(auth, &r) != want)
			fail_msg("field %d: '%s'", conditions[i].field, conditions[i].value);
		free(exact);
	}
	auth_free(auth);
}

static void
a_nul_in_an_address_is_no_address(void **state)
{
	struct auth *auth = open_auth();
	struct auth_request r = local_request();

	r.x_forwarded_for = SPAN("127.0.0.1\0.evil");
	assert_int_equal(auth_conditions(auth, &r), ERROR_OPEN_IS_LOCAL);
	r = local_request();
	r.host = SPAN("[::1\0]");
	assert_int_equal(auth_conditions(auth, &r), ERROR_OPEN_IS_LOCAL);
	auth_free(auth);
}

/* ---- origins ---- */

static const struct {
	const char *origin, *host;
	bool is_secure, is_allowed;
} origins[] = {
    {"http://localhost:5173", "localhost:3001", false, true},
    {"https://app.example", "localhost:3001", false, true},
    {"HTTPS://App.Example", "localhost:3001", false, true},
    {"http://localhost:3001", "localhost:3001", false, true},
    {"https://localhost:3001", "localhost:3001", true, true},
    {"https://localhost:3001", "localhost:3001", false, false},
    {"http://localhost:3001", "localhost:3001", true, false},
    {"http://localhost", "localhost:3001", false, false},
    {"http://localhost:30011", "localhost:3001", false, false},
    {"http://localhost:5174", "localhost:3001", false, false},
    {"http://app.example", "localhost:3001", false, false},
    {"https://app.example.evil", "localhost:3001", false, false},
    {"null", "localhost:3001", false, false},
    {"ws://localhost:3001", "localhost:3001", false, true},
    {"WS://LocalHost:3001", "localhost:3001", false, true},
    {"wss://localhost:3001", "localhost:3001", true, true},
    {"wss://localhost:3001", "localhost:3001", false, false},
    {"ws://localhost:3001", "localhost:3001", true, false},
    {"ws://localhost", "localhost", false, true},
    {"ws://localhost:80", "localhost", false, true},
    {"http://localhost", "localhost:80", false, true},
    {"wss://localhost:443", "localhost", true, true},
    {"wss://localhost", "localhost:443", true, true},
    {"wss://localhost:80", "localhost", true, false},
    {"ws://[::1]:3001", "[::1]:3001", false, true},
    {"ws://localhost", "localhost:3001", false, false},
    {"ws://localhost:5173", "localhost:3001", false, false},
    {"wss://app.example", "localhost:3001", false, false},
    {"ws://evil.example:3001", "localhost:3001", false, false},
    {"ws://localhost:3001/", "localhost:3001", false, false},
    {"ftp://localhost:3001", "localhost:3001", false, false},
    {"ws://", "localhost:3001", false, false},
    {"http://", "localhost:3001", false, false},
    {"*", "localhost:3001", false, false},
};

static void
an_origin_is_a_front_end_s_or_our_own(void **state)
{
	struct auth *auth = open_auth();

	for (size_t i = 0; i < COUNT(origins); i++) {
		struct auth_request r = local_request();
		bool is_allowed = origins[i].is_allowed;

		r.origin = span_of(origins[i].origin);
		r.host = span_of(origins[i].host);
		r.is_secure = origins[i].is_secure;
		assert_int_equal(auth_conditions(auth, &r), ERROR_NONE);
		r.is_browser_write = true;
		if (auth_conditions(auth, &r) != (is_allowed ? ERROR_NONE : ERROR_FORBIDDEN))
			fail_msg("%s", origins[i].origin);
		assert_int_equal(auth_cors_origin(auth, &r).n, is_allowed ? r.origin.n : 0);
	}
	auth_free(auth);
}

static void
null_is_nobody_s_origin_even_if_configured(void **state)
{
	char null[] = "null", *urls[] = {null};
	struct config c = {.auth = AUTH_OPEN, .frontend_url = {urls, 1}};
	struct buf err = {0};
	struct auth *auth = auth_new(&c, &err);
	struct auth_request r = local_request();

	r.origin = SPAN("null");
	r.is_browser_write = true;
	assert_int_equal(auth_conditions(auth, &r), ERROR_FORBIDDEN);
	assert_int_equal(auth_cors_origin(auth, &r).n, 0);
	auth_free(auth);
}

static void
no_origin_is_no_browser(void **state)
{
	struct auth *auth = open_auth();
	struct auth_request r = local_request();

	r.is_browser_write = true;
	assert_int_equal(auth_conditions(auth, &r), ERROR_NONE);
	assert_int_equal(auth_cors_origin(auth, &r).n, 0);
	auth_free(auth);
}

/* ---- service keys ---- */

/* Writes a key file and loads it. NULL: err has the log line. */
static struct auth *
auth_with_keys(const char *text, size_t n, mode_t mode, struct buf *err)
{
	char path[] = "/tmp/escrowchat-keys-XXXXXX";
	int fd = mkstemp(path);
	struct config c = open_config();
	struct auth *auth;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	c.service_keys = path;
	auth = auth_new(&c, err);
	unlink(path);
	return auth;
}

static void
a_key_does_what_its_scopes_say(void **state)
{
	static const char text[] = "# platform\n\n  backend " SECRET_A "\tpublish,escrows \r\n"
				   "monitor " SECRET_B " stats";
	struct buf err = {0};
	struct auth *auth = auth_with_keys(text, sizeof(text) - 1, 0600, &err);
	struct auth_request r = local_request();
	char name[KEY_NAME_SIZE];

	assert_non_null(auth);
	r.service_key = SPAN(SECRET_A);
	assert_int_equal(auth_service(auth, &r, SCOPE_PUBLISH, name), ERROR_NONE);
	assert_string_equal(name, "backend");
	assert_int_equal(auth_service(auth, &r, SCOPE_ESCROWS, NULL), ERROR_NONE);
	assert_int_equal(auth_service(auth, &r, SCOPE_STATS, NULL), ERROR_FORBIDDEN);
	assert_int_equal(auth_service(auth, &r, SCOPE_SESSIONS, NULL), ERROR_FORBIDDEN);
	r.service_key = SPAN(SECRET_B);
	assert_int_equal(auth_service(auth, &r, SCOPE_STATS, name), ERROR_NONE);
	assert_string_equal(name, "monitor");
	r.service_key = SPAN(SECRET_A "a");
	assert_int_equal(auth_service(auth, &r, SCOPE_PUBLISH, name), ERROR_UNAUTHORIZED);
	assert_string_equal(name, "");
	r.service_key = SPAN("");
	assert_int_equal(auth_service(auth, &r, SCOPE_PUBLISH, NULL), ERROR_UNAUTHORIZED);
	auth_free(auth);
}

static void
a_key_that_comes_from_a_browser_is_refused(void **state)
{
	static const char text[] = "backend " SECRET_A " publish\n";
	struct buf err = {0};
	struct auth *auth = auth_with_keys(text, sizeof(text) - 1, 0400, &err);
	struct auth_request r = local_request();

	r.service_key = SPAN(SECRET_A);
	r.origin = span_of(frontends[0]);
	assert_int_equal(auth_service(auth, &r, SCOPE_PUBLISH, NULL), ERROR_FORBIDDEN);
	auth_free(auth);
}

static void
without_a_key_file_no_key_is_known(void **state)
{
	struct auth *auth = open_auth();
	struct auth_request r = local_request();

	r.service_key = SPAN(SECRET_A);
	assert_int_equal(auth_service(auth, &r, SCOPE_PUBLISH, NULL), ERROR_UNAUTHORIZED);
	auth_free(auth);
}

static void
a_key_file_that_others_can_touch_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0620, 0604, 0602, 0660, 0666};
	static const char text[] = "backend " SECRET_A " publish\n";

	for (size_t i = 0; i < COUNT(modes); i++) {
		struct buf err = {0};

		assert_null(auth_with_keys(text, sizeof(text) - 1, modes[i], &err));
		assert_non_null(strstr(buf_cstr(&err), "0600"));
		buf_clear(&err);
	}
}

static void
a_key_file_of_another_user_is_refused(void **state)
{
	char path[] = "/tmp/escrowchat-keys-XXXXXX";
	struct config c = open_config();
	struct buf err = {0};
	int fd;

	if (geteuid() != 0)
		skip_test("only root can give a file away");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, 12345, 0), 0);
	close(fd);
	c.service_keys = path;
	assert_null(auth_new(&c, &err));
	unlink(path);
	assert_non_null(strstr(buf_cstr(&err), "owned"));
	buf_clear(&err);
}

static void
a_key_file_is_a_plain_file_that_exists(void **state)
{
	static const char *const paths[] = {"/nonexistent/keys", "/tmp", "/dev/null"};

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct config c = open_config();
		struct buf err = {0};

		c.service_keys = (char *)paths[i];
		assert_null(auth_new(&c, &err));
		assert_int_equal(strncmp(buf_cstr(&err), paths[i], strlen(paths[i])), 0);
		buf_clear(&err);
	}
}

static void
a_bad_line_is_named_by_its_number_and_never_shown(void **state)
{
	static const char *const lines[] = {"\n" SECRET_A "\n", "\nbackend " SECRET_A "\n",
	    "\nbackend short publish\n", "\nbackend " SECRET_A " publish more\n",
	    "\nbackend " SECRET_A " publish, escrows\n", "\nbackend " SECRET_A " publish,\n",
	    "\nbackend " SECRET_A " admin\n", "\nback\001end " SECRET_A " publish\n",
	    "a " SECRET_A " publish\nb " SECRET_A " stats\n"};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct buf err = {0};

		assert_null(auth_with_keys(lines[i], strlen(lines[i]), 0600, &err));
		if (!strstr(buf_cstr(&err), ":2: "))
			fail_msg("line %zu: %s", i, buf_cstr(&err));
		assert_null(strstr(buf_cstr(&err), SECRET_A));
		buf_clear(&err);
	}
}

static void
a_key_file_has_64_kib_at_most(void **state)
{
	char *text = malloc(65537);
	struct buf err = {0};
	struct auth *auth;

	memset(text, '\n', 65537);
	assert_null(auth_with_keys(text, 65537, 0600, &err));
	auth = auth_with_keys(text, 65536, 0600, &err);
	assert_non_null(auth);
	auth_free(auth);
	buf_clear(&err);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_a_mode_with_a_verifier_starts),
	    cmocka_unit_test(open_believes_a_claim_that_is_a_wallet),
	    cmocka_unit_test(open_listens_on_loopback_only),
	    cmocka_unit_test(open_serves_its_own_machine_only),
	    cmocka_unit_test(a_nul_in_an_address_is_no_address),
	    cmocka_unit_test(an_origin_is_a_front_end_s_or_our_own),
	    cmocka_unit_test(null_is_nobody_s_origin_even_if_configured),
	    cmocka_unit_test(no_origin_is_no_browser),
	    cmocka_unit_test(a_key_does_what_its_scopes_say),
	    cmocka_unit_test(a_key_that_comes_from_a_browser_is_refused),
	    cmocka_unit_test(without_a_key_file_no_key_is_known),
	    cmocka_unit_test(a_key_file_that_others_can_touch_is_refused),
	    cmocka_unit_test(a_key_file_of_another_user_is_refused),
	    cmocka_unit_test(a_key_file_is_a_plain_file_that_exists),
	    cmocka_unit_test(a_bad_line_is_named_by_its_number_and_never_shown),
	    cmocka_unit_test(a_key_file_has_64_kib_at_most),
	};

	return skips_status(cmocka_run_group_tests(tests, NULL, NULL));
}
