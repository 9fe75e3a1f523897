/* SPDX-License-Identifier: ISC */
/*
 * test_modes.c - auth = jwt and auth = proxy; keys that are read anew while they are used; the rate
 * of sign-ins.
 */
#include "unit/tmp_store.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "identity/auth.h"
#include "identity/keyring.h"
#include "identity/signin.h"
#include "store/tables/token_rows.h"
#include "unit/jose.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define NOW      INT64_C(1700000000000)
#define CLAIMS                                                                                 \
	"{\"sub\":\"alice\",\"iss\":\"platform\",\"aud\":\"chat\",\"iat\":1699999000,\"exp\":" \
	"1700000100}"
#define SET(key) "{\"keys\":[" key "]}"

static struct config
jwt_config(char *path)
{
	static char issuer[] = "platform", audience[] = "chat", claim[] = "sub";

	return (struct config){.auth = AUTH_JWT,
	    .jwt_keys = path,
	    .jwt_issuer = issuer,
	    .jwt_audience = audience,
	    .jwt_claim = claim};
}

struct world {
	struct tmp *tmp;
	char *path; /* of the keys */
	struct auth *auth;
	char *token;
	struct buf header;
	struct auth_request request;
};

static struct world
jwt_world(void **state)
{
	struct world w = {.tmp = *state, .path = jose_key_file(SET(JOSE_JWK_OCT))};
	struct config c = jwt_config(w.path);
	struct buf err = {0};

	log_setup("test", LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	w.auth = auth_new(&c, &err);
	if (w.auth == NULL)
		fail_msg("%s", buf_cstr(&err));
	w.token = jose_token("{\"alg\":\"HS256\"}", CLAIMS, false);
	buf_printf(&w.header, "Bearer %s", w.token);
	w.request.authorization = buf_as_span(&w.header);
	return w;
}

static void
world_clear(struct world *w)
{
	auth_free(w->auth);
	unlink(w->path);
	free(w->path);
	free(w->token);
	buf_clear(&w->header);
}

static enum error
ask(struct world *w, struct user *out)
{
	return auth_user(w->auth, w->tmp->st, &w->request, NOW, out);
}

static void
write_keys(const char *path, const char *json)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(json, f);
	fclose(f);
}

/* ---- auth = jwt ---- */

static void
a_token_of_the_platform_is_an_identity(void **state)
{
	struct world w = jwt_world(state);
	struct user u;

	assert_true(auth_has_tokens(w.auth));
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	assert_string_equal(u.key, "alice");
	assert_int_equal(u.proof.issued_ms, INT64_C(1699999000000));
	assert_int_equal(u.proof.expires_ms, INT64_C(1700000100000));
	assert_int_equal(
	    auth_user(w.auth, w.tmp->st, &w.request, INT64_C(1700000100000), &u), ERROR_NONE);
	assert_int_equal(u.proof.expires_ms, INT64_C(1700000100000) + JWT_SKEW_MS);
	assert_int_equal(strlen(u.proof.hash), 64);
	w.request.claimed_wallet = SPAN("bob");
	assert_int_equal(ask(&w, &u), ERROR_WALLET_MISMATCH);
	w.request.claimed_wallet = SPAN("alice");
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	w.request.authorization = SPAN("");
	assert_int_equal(ask(&w, &u), ERROR_UNAUTHORIZED);
	w.request.token = span_of(w.token);
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	w.request.token = (struct span){w.token, strlen(w.token) - 1};
	assert_int_equal(ask(&w, &u), ERROR_UNAUTHORIZED);
	world_clear(&w);
}

static bool
end_token(struct store *st, void *arg)
{
	const struct user *u = arg;

	token_row_end(st, span_of(u->proof.hash), span_of(u->key), u->proof.expires_ms);
	return true;
}

static bool
end_wallet(struct store *st, void *arg)
{
	token_rows_end(st, SPAN("alice"), *(int64_t *)arg);
	return true;
}

static void
a_token_that_was_ended_is_none_however_its_signature_is_spelt(void **state)
{
	struct world w = jwt_world(state);
	struct user u;

	assert_int_equal(ask(&w, &u), ERROR_NONE);
	assert_int_equal(store_write(w.tmp->st, end_token, &u), STORE_OK);
	assert_int_equal(ask(&w, &u), ERROR_UNAUTHORIZED);
	world_clear(&w);
}

static void
all_tokens_of_a_wallet_end_up_to_a_time(void **state)
{
	struct world w = jwt_world(state);
	int64_t before = INT64_C(1699998999999), after = INT64_C(1699999000000);
	struct user u;

	assert_int_equal(store_write(w.tmp->st, end_wallet, &before), STORE_OK);
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	assert_int_equal(store_write(w.tmp->st, end_wallet, &after), STORE_OK);
	assert_int_equal(ask(&w, &u), ERROR_UNAUTHORIZED);
	world_clear(&w);
}

static void
es256_respelt_is_the_same_token(void **state)
{
	static const struct jwt_rules rules = {"joe", "any", "iss"};
	/* Replaces s by n - s: this is the other signature of the same text. */
	static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	char *path = jose_key_file(SET(JOSE_JWK_EC));
	struct jwt *jwt = jwt_load(path, &rules, &(struct buf){0});
	const char *dot = strrchr(JOSE_ES256, '.');
	struct span signature = jose_bytes(dot + 1);
	unsigned char *s = (unsigned char *)signature.p + 32;
	struct buf other = {0};
	struct jwt_claims a, b;
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int digit = order[i] - s[i] - borrow;

		borrow = digit < 0;
		s[i] = (unsigned char)(digit + borrow * 256);
	}
	buf_add(&other, JOSE_ES256, (size_t)(dot + 1 - JOSE_ES256));
	base64url_encode(&other, signature);
	assert_string_not_equal(buf_cstr(&other), JOSE_ES256);
	assert_null(jwt_verify(jwt, SPAN(JOSE_ES256), JOSE_EXP_MS, &a));
	assert_null(jwt_verify(jwt, buf_as_span(&other), JOSE_EXP_MS, &b));
	assert_true(span_eq(a.signed_part, b.signed_part));
	free((char *)signature.p);
	buf_clear(&other);
	jwt_free(jwt);
	unlink(path);
	free(path);
}

/* ---- keys that change ---- */

static void
keys_are_read_anew_and_stay_if_the_file_is_wrong(void **state)
{
	struct world w = jwt_world(state);
	struct buf err = {0};
	struct user u;

	write_keys(w.path, "{\"keys\":[");
	assert_false(auth_reload(w.auth, &err));
	assert_non_null(strstr(buf_cstr(&err), w.path));
	assert_null(strchr(buf_cstr(&err), '\n'));
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	write_keys(w.path, SET(JOSE_JWK_OKP));
	assert_true(auth_reload(w.auth, &err));
	assert_int_equal(ask(&w, &u), ERROR_UNAUTHORIZED);
	write_keys(w.path, SET(JOSE_JWK_OCT));
	assert_true(auth_reload(w.auth, &err));
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	chmod(w.path, 0644);
	assert_false(auth_reload(w.auth, &err));
	assert_int_equal(ask(&w, &u), ERROR_NONE);
	buf_clear(&err);
	world_clear(&w);
}

struct reader {
	struct keyring *ring;
	const char *token;
	atomic_bool *is_over;
	int verified;
};

static void *
verify_until_over(void *arg)
{
	struct reader *r = arg;
	struct jwt_claims claims;

	while (!*r->is_over) {
		if (keyring_verify(r->ring, span_of(r->token), NOW, &claims) == NULL)
			r->verified++;
	}
	return NULL;
}

static void
threads_verify_while_keys_are_replaced(void **state)
{
	struct world w = jwt_world(state);
	struct config c = jwt_config(w.path);
	struct buf err = {0};
	struct keyring *ring = keyring_new(&c, &err);
	atomic_bool is_over = false;
	struct reader readers[2] = {{ring, w.token, &is_over, 0}, {ring, w.token, &is_over, 0}};
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, verify_until_over, &readers[i]);
	for (int i = 0; i < 200; i++)
		assert_true(keyring_reload(ring, &err));
	is_over = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(err.len, 0);
	keyring_free(ring);
	buf_clear(&err);
	world_clear(&w);
}

/* ---- sign-ins ---- */

struct knock {
	const char *address;
	int64_t at_us, wait_ms;
};

static bool
knock(struct store *st, void *arg)
{
	struct knock *k = arg;

	k->wait_ms = signin_spend(st, span_of(k->address), 3, k->at_us);
	return true;
}

static int64_t
sign_in(struct tmp *t, const char *address, int64_t at_s)
{
	struct knock k = {address, 5000000000 + at_s * 1000000, -1};

	assert_int_equal(store_write(t->st, knock, &k), STORE_OK);
	return k.wait_ms;
}

static void
sign_ins_are_limited_by_address_and_minute(void **state)
{
	struct tmp *t = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(sign_in(t, "192.0.2.1", i), 0);
	assert_int_equal(sign_in(t, "192.0.2.1", 3), 17000);
	assert_int_equal(sign_in(t, "192.0.2.2", 3), 0);
	assert_int_equal(sign_in(t, "192.0.2.1", 20), 0);
	assert_int_equal(sign_in(t, "192.0.2.1", 20), 20000);
	for (int i = 0; i < 10; i++)
		assert_int_equal(sign_in(t, "", 20), 0);
	/* Other writers sweep the same table: a bucket that is not full again outlives it. */
	for (int i = 0; i < 600; i++) {
		char address[32];

		snprintf(address, sizeof(address), "198.51.%d.%d", i / 200, i % 200);
		assert_int_equal(sign_in(t, address, 21), 0);
	}
	assert_int_equal(sign_in(t, "192.0.2.1", 21), 19000);
}

/* ---- auth = proxy ---- */

static struct auth *
proxy_auth(void)
{
	static char header[] = "X-Remote-User";
	struct config c = {.auth = AUTH_PROXY, .proxy_header = header};
	struct buf err = {0};
	struct auth *auth = auth_new(&c, &err);

	assert_non_null(auth);
	buf_clear(&err);
	return auth;
}

static void
whom_the_web_server_names_is_who_asks(void **state)
{
	struct auth *auth = proxy_auth();
	struct auth_request r = {.remote_user = SPAN("0xABCDEF0123456789abcdef0123456789abcdef01")};
	struct user u;

	assert_string_equal(auth_identity_header(auth), "X-Remote-User");
	assert_false(auth_has_tokens(auth));
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_NONE);
	assert_string_equal(u.key, "0xabcdef0123456789abcdef0123456789abcdef01");
	r.claimed_wallet = SPAN("alice");
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_WALLET_MISMATCH);
	r.remote_user = SPAN("");
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_UNAUTHORIZED);
	r.remote_user = SPAN("alice smith");
	assert_int_equal(auth_user(auth, NULL, &r, 0, &u), ERROR_UNAUTHORIZED);
	auth_free(auth);
}

static void
each_mode_listens_where_it_is_safe(void **state)
{
	static char header[] = "X-Remote-User", *origins[] = {header};
	static const struct {
		enum config_auth mode;
		struct auth_listener listener;
		const char *refusal; /* a part of it */
	} cases[] = {
	    {AUTH_OPEN, {true, false}, NULL},
	    {AUTH_OPEN, {false, false}, "auth = open"},
	    {AUTH_OPEN, {true, true}, "auth = proxy only"},
	    {AUTH_WALLET, {false, false}, NULL},
	    {AUTH_WALLET, {true, true}, "auth = proxy only"},
	    {AUTH_PROXY, {true, true}, NULL},
	    {AUTH_PROXY, {true, false}, "unix:PATH identity"},
	    {AUTH_PROXY, {false, false}, "unix:PATH identity"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config c = {
		    .auth = cases[i].mode, .proxy_header = header, .frontend_url = {origins, 0}};
		struct buf err = {0};
		struct auth *auth = auth_new(&c, &err);
		const char *refusal = auth_listener_refusal(auth, cases[i].listener);

		if (cases[i].refusal == NULL)
			assert_null(refusal);
		else
			assert_non_null(strstr(refusal, cases[i].refusal));
		assert_int_equal(auth_identity_header(auth) != NULL, cases[i].mode == AUTH_PROXY);
		auth_free(auth);
		buf_clear(&err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    tmp_test(a_token_of_the_platform_is_an_identity),
	    tmp_test(a_token_that_was_ended_is_none_however_its_signature_is_spelt),
	    tmp_test(all_tokens_of_a_wallet_end_up_to_a_time),
	    cmocka_unit_test(es256_respelt_is_the_same_token),
	    tmp_test(keys_are_read_anew_and_stay_if_the_file_is_wrong),
	    tmp_test(threads_verify_while_keys_are_replaced),
	    tmp_test(sign_ins_are_limited_by_address_and_minute),
	    cmocka_unit_test(whom_the_web_server_names_is_who_asks),
	    cmocka_unit_test(each_mode_listens_where_it_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
