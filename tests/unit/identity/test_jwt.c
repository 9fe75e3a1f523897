/* SPDX-License-Identifier: ISC */
/*
 * test_jwt.c - what identity/jwt.h promises.
 */
#include "identity/jwt.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "unit/jose.h"

#define COUNT(a)  (sizeof(a) / sizeof(*(a)))
#define NOW       INT64_C(1700000000000)
#define HS256     "{\"alg\":\"HS256\"}"
#define SET(keys) "{\"keys\":[" keys "]}"
#define GOOD      "{\"sub\":\"alice\",\"exp\":1700000100}"
#define JWK_OCT_A "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" JOSE_K "\"}"
#define JWK_RSA_B "{\"kty\":\"RSA\",\"kid\":\"b\",\"n\":\"" JOSE_N "\",\"e\":\"AQAB\"}"
#define JWK_OKP_C "{\"kty\":\"OKP\",\"kid\":\"c\",\"crv\":\"Ed25519\",\"x\":\"" JOSE_ED_X "\"}"

static const struct jwt_rules any = {"any", "any", "sub"};

static struct jwt *
load(const char *json, const struct jwt_rules *rules, struct buf *err)
{
	char *path = jose_key_file(json);
	struct jwt *jwt = jwt_load(path, rules, err);

	unlink(path);
	free(path);
	return jwt;
}

static struct jwt *
good(const char *json, const struct jwt_rules *rules)
{
	struct buf err = {0};
	struct jwt *jwt = load(json, rules, &err);

	if (jwt == NULL)
		fail_msg("%s", buf_cstr(&err));
	return jwt;
}

/* Returns the verdict on a token of this header and these claims, signed with the published
 * secret. */
static const char *
verdict(const struct jwt *jwt, const char *header, const char *claims, struct jwt_claims *out)
{
	char *token = jose_token(header, claims, false);
	struct jwt_claims scratch;
	const char *why = jwt_verify(jwt, span_of(token), NOW, out ? out : &scratch);

	free(token);
	return why;
}

/* ---- the published tokens ---- */

static void
the_published_tokens_are_valid_until_they_expire(void **state)
{
	static const struct {
		const char *jwk, *token;
	} vectors[] = {
	    {JOSE_JWK_OCT, JOSE_HS256}, {JOSE_JWK_RSA, JOSE_RS256}, {JOSE_JWK_EC, JOSE_ES256}};
	static const struct jwt_rules rules = {"joe", "any", "iss"};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct buf set = {0};
		struct jwt_claims claims;
		struct span token = span_of(vectors[i].token);
		struct jwt *jwt;

		buf_printf(&set, SET("%s"), vectors[i].jwk);
		jwt = good(buf_cstr(&set), &rules);
		assert_null(jwt_verify(jwt, token, JOSE_EXP_MS, &claims));
		assert_string_equal(claims.user.key, "joe");
		assert_int_equal(claims.until_ms, JOSE_EXP_MS + JWT_SKEW_MS);
		assert_ptr_equal(claims.signed_part.p, token.p);
		assert_int_equal(claims.signed_part.n, strrchr(token.p, '.') - token.p);
		assert_null(jwt_verify(jwt, token, JOSE_EXP_MS + JWT_SKEW_MS - 1, &claims));
		assert_string_equal(
		    jwt_verify(jwt, token, JOSE_EXP_MS + JWT_SKEW_MS, &claims), "it has expired");
		jwt_free(jwt);
		buf_clear(&set);
	}
}

static void
an_eddsa_token_is_valid(void **state)
{
	struct jwt *jwt = good(SET(JOSE_JWK_OKP), &any);
	char *token = jose_token("{\"alg\":\"EdDSA\"}", GOOD, true);
	struct jwt_claims claims;

	assert_null(jwt_verify(jwt, span_of(token), NOW, &claims));
	/* The token of RFC 8037 has a good signature, but its payload is no object. */
	assert_string_equal(
	    jwt_verify(jwt, SPAN(JOSE_EDDSA_DATA "." JOSE_EDDSA_SIGNATURE), NOW, &claims),
	    "a part is no JSON object");
	free(token);
	jwt_free(jwt);
}

/* ---- keys and algorithms ---- */

static void
the_algorithm_is_the_keys_and_never_the_tokens(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
	    "{\"alg\":\"hs256\"}", "{\"alg\":\"HS384\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"\"}",
	    "{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "{\"alg\":256}", "{}", "{\"typ\":\"JWT\"}",
	    "{\"alg\":\"HS256\\u0000\"}", "{\"alg\":\"HS256 \"}"};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &any);

	assert_null(verdict(jwt, HS256, GOOD, NULL));
	for (size_t i = 0; i < COUNT(headers); i++)
		assert_string_equal(verdict(jwt, headers[i], GOOD, NULL), "alg is not the key's");
	jwt_free(jwt);
}

/* Everyone knows the public key: an HMAC with it as the secret must not pass for a signature of its
 * owner. */
static void
a_public_key_is_no_secret(void **state)
{
	struct jwt *jwt = good(SET(JWK_RSA_B), &any);
	struct span n = jose_bytes(JOSE_N);
	static const struct span forms[] = {
	    {JOSE_N, sizeof(JOSE_N) - 1}, {JWK_RSA_B, sizeof(JWK_RSA_B) - 1}};
	static const char *const headers[] = {
	    HS256, "{\"alg\":\"HS256\",\"kid\":\"b\"}", "{\"alg\":\"RS256\",\"kid\":\"b\"}"};

	for (size_t h = 0; h < COUNT(headers); h++) {
		for (size_t f = 0; f <= COUNT(forms); f++) {
			struct buf token = {0}, mac = {0};
			struct jwt_claims claims;

			base64url_encode(&token, span_of(headers[h]));
			buf_addc(&token, '.');
			base64url_encode(&token, SPAN(GOOD));
			jose_sign_hs256(f < COUNT(forms) ? forms[f] : n, buf_as_span(&token), &mac);
			buf_addc(&token, '.');
			buf_span(&token, buf_as_span(&mac));
			assert_non_null(jwt_verify(jwt, buf_as_span(&token), NOW, &claims));
			buf_clear(&token);
			buf_clear(&mac);
		}
	}
	free((char *)n.p);
	jwt_free(jwt);
}

static void
kid_only_selects_among_the_keys_of_the_file(void **state)
{
	static const char *const unknown[] = {"{\"alg\":\"HS256\"}",
	    "{\"alg\":\"HS256\",\"kid\":\"\"}", "{\"alg\":\"HS256\",\"kid\":\"A\"}",
	    "{\"alg\":\"HS256\",\"kid\":\"a\\u0000\"}", "{\"alg\":\"HS256\",\"kid\":\"/dev/null\"}",
	    "{\"alg\":\"HS256\",\"kid\":\"../../etc/hostname\"}",
	    "{\"alg\":\"HS256\",\"kid\":\"' OR 1=1 --\"}"};
	struct jwt *jwt = good(SET(JWK_OCT_A "," JWK_RSA_B "," JWK_OKP_C), &any);
	struct jwt *one = good(SET(JWK_OCT_A), &any);
	char *token;
	struct jwt_claims claims;

	assert_null(verdict(jwt, "{\"alg\":\"HS256\",\"kid\":\"a\"}", GOOD, NULL));
	token = jose_token("{\"alg\":\"EdDSA\",\"kid\":\"c\"}", GOOD, true);
	assert_null(jwt_verify(jwt, span_of(token), NOW, &claims));
	free(token);
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_string_equal(verdict(jwt, unknown[i], GOOD, NULL), "no such key");
	assert_string_equal(
	    verdict(jwt, "{\"alg\":\"HS256\",\"kid\":\"b\"}", GOOD, NULL), "alg is not the key's");
	assert_string_equal(
	    verdict(jwt, "{\"alg\":\"HS256\",\"kid\":7}", GOOD, NULL), "kid is no string");
	/* If there is a single key, kid may be left out. If it is given, it must be right. */
	assert_null(verdict(one, HS256, GOOD, NULL));
	assert_string_equal(
	    verdict(one, "{\"alg\":\"HS256\",\"kid\":\"b\"}", GOOD, NULL), "no such key");
	jwt_free(jwt);
	jwt_free(one);
}

static void
nothing_in_a_header_brings_a_key_or_an_extension(void **state)
{
	static const char *const ignored[] = {
	    "{\"alg\":\"HS256\",\"jku\":\"https://evil.example/keys\"}",
	    "{\"alg\":\"HS256\",\"x5u\":\"file:///etc/passwd\"}",
	    "{\"alg\":\"HS256\",\"x5c\":[\"AAAA\"],\"typ\":\"at+jwt\"}"};
	static const char *const refused[] = {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
	    "{\"alg\":\"HS256\",\"crit\":[]}", "{\"alg\":\"HS256\",\"b64\":false}",
	    "{\"alg\":\"HS256\",\"b64\":true,\"crit\":[\"b64\"]}"};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &any), *other = good(SET(JWK_OKP_C), &any);
	char *token;
	struct jwt_claims claims;

	for (size_t i = 0; i < COUNT(ignored); i++)
		assert_null(verdict(jwt, ignored[i], GOOD, NULL));
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_string_equal(
		    verdict(jwt, refused[i], GOOD, NULL), "it demands an extension");
	/* The token carries the key that it is signed with. */
	token = jose_token("{\"alg\":\"HS256\",\"jwk\":" JOSE_JWK_OCT "}", GOOD, false);
	assert_non_null(jwt_verify(other, span_of(token), NOW, &claims));
	free(token);
	jwt_free(jwt);
	jwt_free(other);
}

/* ---- the form ---- */

static void
only_one_spelling_of_three_parts_is_a_token(void **state)
{
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &any);
	char *token = jose_token(HS256, GOOD, false);
	const char *first = strchr(token, '.'), *last = strrchr(token, '.');
	const char *const wrong[] = {
	    "%s.", ".%s", "%s=", "%s.x", " %s", "%s\n", "%s ", "Bearer %s"};
	struct jwt_claims claims;
	struct buf b = {0};

	assert_null(jwt_verify(jwt, span_of(token), NOW, &claims));
	for (size_t i = 0; i < COUNT(wrong); i++) {
		b.len = 0;
		for (const char *c = wrong[i]; *c != '\0'; c++) {
			if (c[0] == '%')
				buf_str(&b, token);
			else if (c == wrong[i] || c[-1] != '%')
				buf_addc(&b, *c);
		}
		assert_non_null(jwt_verify(jwt, buf_as_span(&b), NOW, &claims));
	}
	/* The token is cut at every byte, in an allocation of exactly that length: no byte
	 * behind it is read. */
	for (size_t n = 0; n < strlen(token); n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, token, n);
		assert_non_null(jwt_verify(jwt, (struct span){exact, n}, NOW, &claims));
		free(exact);
	}
	/* A token without a signature is refused, whatever its header says. */
	b.len = 0;
	buf_add(&b, token, (size_t)(last + 1 - token));
	assert_non_null(jwt_verify(jwt, buf_as_span(&b), NOW, &claims));
	b.len = 0;
	base64url_encode(&b, SPAN("{\"alg\":\"none\"}"));
	buf_add(&b, first, (size_t)(last + 1 - first));
	assert_non_null(jwt_verify(jwt, buf_as_span(&b), NOW, &claims));
	/* Each other byte of the signature's last digit has bits that must be zero. */
	for (int c = 0; c < 256; c++) {
		char old = token[strlen(token) - 1];

		if ((char)c == old)
			continue;
		b.len = 0;
		buf_str(&b, token);
		b.p[b.len - 1] = (char)c;
		assert_non_null(jwt_verify(jwt, buf_as_span(&b), NOW, &claims));
	}
	buf_clear(&b);
	free(token);
	jwt_free(jwt);
}

static void
headers_and_claims_that_are_no_objects_are_refused(void **state)
{
	static const char *const texts[] = {"[]", "\"alg\"", "null", "1", "{\"alg\":\"HS256\"",
	    "{'alg':'HS256'}", "{\"a\":NaN}", "\xff"};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &any);

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_string_equal(verdict(jwt, texts[i], GOOD, NULL), "a part is no JSON object");
		assert_string_equal(
		    verdict(jwt, HS256, texts[i], NULL), "a part is no JSON object");
	}
	jwt_free(jwt);
}

static void
a_token_of_more_than_4_kib_is_refused(void **state)
{
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &any);
	char *fitting = NULL;
	struct jwt_claims claims;

	for (int pad = 2900; pad < 3100; pad++) {
		struct buf claims_text = {0};
		char *token;
		bool is_fitting;

		buf_str(&claims_text, "{\"sub\":\"alice\",\"exp\":1700000100,\"pad\":\"");
		for (int i = 0; i < pad; i++)
			buf_addc(&claims_text, 'x');
		buf_str(&claims_text, "\"}");
		token = jose_token(HS256, buf_cstr(&claims_text), false);
		is_fitting = strlen(token) <= JWT_MAX;
		assert_int_equal(jwt_verify(jwt, span_of(token), NOW, &claims) == NULL, is_fitting);
		if (is_fitting) {
			free(fitting);
			fitting = token;
		} else {
			free(token);
		}
		buf_clear(&claims_text);
	}
	assert_true(fitting != NULL && strlen(fitting) >= JWT_MAX - 1);
	free(fitting);
	jwt_free(jwt);
}

/* ---- claims ---- */

static void
times_are_checked_with_a_minute_of_skew(void **state)
{
	static const struct {
		const char *claims, *why;
	} cases[] = {
	    {"{\"sub\":\"a\",\"exp\":1699999941}", NULL},
	    {"{\"sub\":\"a\",\"exp\":1699999940}", "it has expired"},
	    {"{\"sub\":\"a\",\"exp\":1699999940.5}", NULL},
	    {"{\"sub\":\"a\",\"exp\":1e300}", NULL},
	    {"{\"sub\":\"a\",\"exp\":18446744073709551615}", NULL},
	    {"{\"sub\":\"a\",\"exp\":0}", "it has expired"},
	    {"{\"sub\":\"a\"}", "exp is missing or no time"},
	    {"{\"sub\":\"a\",\"exp\":null}", "exp is missing or no time"},
	    {"{\"sub\":\"a\",\"exp\":\"1800000000\"}", "exp is missing or no time"},
	    {"{\"sub\":\"a\",\"exp\":-1}", "exp is missing or no time"},
	    {"{\"sub\":\"a\",\"exp\":true}", "exp is missing or no time"},
	    {"{\"sub\":\"a\",\"exp\":[1800000000]}", "exp is missing or no time"},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"nbf\":1700000060}", NULL},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"nbf\":1700000061}", "it is not valid yet"},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"nbf\":\"0\"}", "nbf is no time"},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"nbf\":-5}", "nbf is no time"},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"iat\":1700000060}", NULL},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"iat\":1700000061}", "it is not valid yet"},
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"iat\":\"now\"}", "iat is no time"},
	    /* The last of two is the one that counts. */
	    {"{\"sub\":\"a\",\"exp\":1800000000,\"exp\":1}", "it has expired"},
	};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &any);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why = verdict(jwt, HS256, cases[i].claims, NULL);

		if (cases[i].why == NULL)
			assert_null(why);
		else
			assert_string_equal(why, cases[i].why);
	}
	jwt_free(jwt);
}

static void
issuer_and_audience_must_be_ours(void **state)
{
#define TO "{\"sub\":\"a\",\"exp\":1800000000,"
	static const struct {
		const char *claims, *why;
	} cases[] = {
	    {TO "\"iss\":\"platform\",\"aud\":\"chat\"}", NULL},
	    {TO "\"iss\":\"platform\",\"aud\":[\"app\",\"chat\"]}", NULL},
	    {TO "\"iss\":\"Platform\",\"aud\":\"chat\"}", "iss is another"},
	    {TO "\"iss\":[\"platform\"],\"aud\":\"chat\"}", "iss is another"},
	    {TO "\"aud\":\"chat\"}", "iss is another"},
	    {TO "\"iss\":\"platform\"}", "aud is another"},
	    {TO "\"iss\":\"platform\",\"aud\":[]}", "aud is another"},
	    {TO "\"iss\":\"platform\",\"aud\":[[\"chat\"]]}", "aud is another"},
	    {TO "\"iss\":\"platform\",\"aud\":\"chat2\"}", "aud is another"},
	    {TO "\"iss\":\"platform\",\"aud\":{\"chat\":1}}", "aud is another"},
	};
	static const struct jwt_rules rules = {"platform", "chat", "sub"};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &rules);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why = verdict(jwt, HS256, cases[i].claims, NULL);

		if (cases[i].why == NULL)
			assert_null(why);
		else
			assert_string_equal(why, cases[i].why);
	}
	jwt_free(jwt);
}

static void
only_a_token_that_is_right_otherwise_is_early(void **state)
{
#define SOON "{\"exp\":1800000000,\"nbf\":1700000061,"
	static const struct {
		const char *claims, *why;
	} cases[] = {
	    {SOON "\"sub\":\"a\",\"iss\":\"platform\",\"aud\":\"chat\"}", "it is not valid yet"},
	    {SOON "\"sub\":\"a\",\"iss\":\"another\",\"aud\":\"chat\"}", "iss is another"},
	    {SOON "\"sub\":\"a\",\"iss\":\"platform\",\"aud\":\"another\"}", "aud is another"},
	    {SOON "\"sub\":7,\"iss\":\"platform\",\"aud\":\"chat\"}",
		"the claim is missing or no wallet"},
	};
	static const struct jwt_rules rules = {"platform", "chat", "sub"};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &rules);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct jwt_claims claims = {0};

		assert_string_equal(verdict(jwt, HS256, cases[i].claims, &claims), cases[i].why);
		assert_int_equal(claims.is_early, i == 0);
	}
	jwt_free(jwt);
}

static void
the_wallet_is_in_the_one_claim_that_was_named(void **state)
{
	static const char *const wrong[] = {"{\"exp\":1800000000,\"sub\":\"a\"}",
	    "{\"exp\":1800000000,\"wallet\":7}", "{\"exp\":1800000000,\"wallet\":\"\"}",
	    "{\"exp\":1800000000,\"wallet\":[\"a\"]}", "{\"exp\":1800000000,\"wallet\":\"a b\"}",
	    "{\"exp\":1800000000,\"wallet\":\"a\\u0000\"}",
	    "{\"exp\":1800000000,\"Wallet\":\"a\"}"};
	static const struct jwt_rules rules = {"any", "any", "wallet"};
	struct jwt *jwt = good(SET(JOSE_JWK_OCT), &rules);
	struct jwt_claims claims;

	assert_null(verdict(jwt, HS256,
	    "{\"exp\":1800000000,\"sub\":\"other\",\"wallet\":"
	    "\"0xABCDEF0123456789abcdef0123456789abcdef01\"}",
	    &claims));
	assert_string_equal(claims.user.key, "0xabcdef0123456789abcdef0123456789abcdef01");
	assert_int_equal(claims.issued_ms, 0);
	assert_null(verdict(
	    jwt, HS256, "{\"exp\":1800000000,\"iat\":1699999999,\"wallet\":\"a\"}", &claims));
	assert_int_equal(claims.issued_ms, INT64_C(1699999999000));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_string_equal(
		    verdict(jwt, HS256, wrong[i], NULL), "the claim is missing or no wallet");
	jwt_free(jwt);
}

/* ---- the file ---- */

static void
a_wrong_file_of_keys_is_one_clear_line(void **state)
{
	static const struct {
		const char *json, *says;
	} cases[] = {
	    {"", "no JSON"},
	    {"{}", "1 to 32 keys"},
	    {"[]", "1 to 32 keys"},
	    {SET(""), "1 to 32 keys"},
	    {SET("7"), "key 1: kty"},
	    {SET("{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}"), "key 1: k: a secret of at least 32 bytes"},
	    {SET("{\"kty\":\"oct\",\"k\":\"" JOSE_K "=\"}"), "key 1: k:"},
	    {SET("{\"kty\":\"oct\"}"), "key 1: k:"},
	    {SET("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" JOSE_ED_X "\"}"), "key 1: kty"},
	    {SET("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}"), "key 1: kty"},
	    {SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" JOSE_EC_X "\",\"y\":\"" JOSE_EC_X
		 "\"}"),
		"key 1: x, y"},
	    {SET("{\"kty\":\"RSA\",\"n\":\"" JOSE_ED_X "\",\"e\":\"AQAB\"}"), "key 1: n, e"},
	    {SET("{\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":\"" JOSE_K "\"}"), "key 1: alg"},
	    {SET("{\"kty\":\"RSA\",\"alg\":\"HS256\",\"n\":\"" JOSE_N "\",\"e\":\"AQAB\"}"),
		"key 1: alg"},
	    {SET("{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"" JOSE_K "\"}"), "key 1: use"},
	    {SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" JOSE_ED_X "\",\"d\":\"" JOSE_ED_D
		 "\"}"),
		"private key"},
	    {SET(JWK_OCT_A "," JOSE_JWK_RSA), "key 2: kid: each of several"},
	    {SET(JWK_OCT_A "," JWK_OCT_A), "key 2: kid: it is another"},
	    {SET("{\"kty\":\"oct\",\"kid\":7,\"k\":\"" JOSE_K "\"}"), "key 1: kid"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf err = {0};

		assert_null(load(cases[i].json, &any, &err));
		if (strstr(buf_cstr(&err), cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].json, buf_cstr(&err));
		assert_null(strchr(buf_cstr(&err), '\n'));
		assert_null(strstr(buf_cstr(&err), JOSE_K));
		buf_clear(&err);
	}
	jwt_free(NULL);
}

static void
thirty_two_keys_are_taken_and_no_more(void **state)
{
	for (int n = JWT_KEYS_MAX; n <= JWT_KEYS_MAX + 1; n++) {
		struct buf set = {0}, err = {0};
		struct jwt *jwt;

		buf_str(&set, "{\"keys\":[");
		for (int i = 0; i < n; i++)
			buf_printf(&set, "%s{\"kty\":\"oct\",\"kid\":\"k%d\",\"k\":\"" JOSE_K "\"}",
			    i > 0 ? "," : "", i);
		buf_str(&set, "]}");
		jwt = load(buf_cstr(&set), &any, &err);
		assert_int_equal(jwt != NULL, n == JWT_KEYS_MAX);
		if (jwt != NULL)
			assert_null(
			    verdict(jwt, "{\"alg\":\"HS256\",\"kid\":\"k31\"}", GOOD, NULL));
		jwt_free(jwt);
		buf_clear(&set);
		buf_clear(&err);
	}
}

static void
a_file_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0620, 0604, 0602};

	for (size_t i = 0; i < COUNT(modes); i++) {
		char *path = jose_key_file(SET(JOSE_JWK_OCT));
		struct buf err = {0};

		assert_int_equal(chmod(path, modes[i]), 0);
		assert_null(jwt_load(path, &any, &err));
		assert_non_null(strstr(buf_cstr(&err), "0600"));
		unlink(path);
		free(path);
		buf_clear(&err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_tokens_are_valid_until_they_expire),
	    cmocka_unit_test(an_eddsa_token_is_valid),
	    cmocka_unit_test(the_algorithm_is_the_keys_and_never_the_tokens),
	    cmocka_unit_test(a_public_key_is_no_secret),
	    cmocka_unit_test(kid_only_selects_among_the_keys_of_the_file),
	    cmocka_unit_test(nothing_in_a_header_brings_a_key_or_an_extension),
	    cmocka_unit_test(only_one_spelling_of_three_parts_is_a_token),
	    cmocka_unit_test(headers_and_claims_that_are_no_objects_are_refused),
	    cmocka_unit_test(a_token_of_more_than_4_kib_is_refused),
	    cmocka_unit_test(times_are_checked_with_a_minute_of_skew),
	    cmocka_unit_test(issuer_and_audience_must_be_ours),
	    cmocka_unit_test(only_a_token_that_is_right_otherwise_is_early),
	    cmocka_unit_test(the_wallet_is_in_the_one_claim_that_was_named),
	    cmocka_unit_test(a_wrong_file_of_keys_is_one_clear_line),
	    cmocka_unit_test(thirty_two_keys_are_taken_and_no_more),
	    cmocka_unit_test(a_file_that_others_can_read_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
