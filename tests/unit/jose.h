/* SPDX-License-Identifier: ISC */
/*
 * jose.h - published keys and tokens (RFC 7515, appendix A; RFC 8037, appendix A), and a small
 * signer for the tests' own tokens.
 */
#ifndef UNIT_JOSE_H
#define UNIT_JOSE_H

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "proto/base64.h"

#define JOSE_K \
	"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define JOSE_N                                                       \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx" \
	"HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs" \
	"D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH" \
	"SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV" \
	"MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8" \
	"NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define JOSE_EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define JOSE_EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define JOSE_ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define JOSE_ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

/* {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true} */
#define JOSE_CLAIMS                                                                                \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"
#define JOSE_EXP_MS INT64_C(1300819380000)
#define JOSE_HS256                                              \
	"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOSE_CLAIMS \
	".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define JOSE_RS256                                                         \
	"eyJhbGciOiJSUzI1NiJ9." JOSE_CLAIMS "."                            \
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7" \
	"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" \
	"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K" \
	"0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" \
	"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB" \
	"p0igcN_IoypGlUPQGe77Rw"
#define JOSE_ES256                              \
	"eyJhbGciOiJFUzI1NiJ9." JOSE_CLAIMS "." \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define JOSE_EDDSA_DATA "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define JOSE_EDDSA_SIGNATURE \
	"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

#define JOSE_JWK_OCT "{\"kty\":\"oct\",\"k\":\"" JOSE_K "\"}"
#define JOSE_JWK_RSA "{\"kty\":\"RSA\",\"n\":\"" JOSE_N "\",\"e\":\"AQAB\"}"
#define JOSE_JWK_EC \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" JOSE_EC_X "\",\"y\":\"" JOSE_EC_Y "\"}"
#define JOSE_JWK_OKP "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" JOSE_ED_X "\"}"

/* Decodes base64url into an allocation of exactly that length, so that a read past its end is
 * seen. The caller frees. */
static inline struct span
jose_bytes(const char *text)
{
	struct buf b = {0};
	struct span out;
	char *exact;

	assert_true(base64url_decode(&b, span_of(text)));
	exact = malloc(b.len ? b.len : 1);
	memcpy(exact, b.p, b.len);
	out = (struct span){exact, b.len};
	buf_clear(&b);
	return out;
}

static inline void
jose_sign_hs256(struct span secret, struct span data, struct buf *out)
{
	unsigned char mac[32];
	unsigned n = sizeof(mac);

	HMAC(EVP_sha256(), secret.p, (int)secret.n, (const unsigned char *)data.p, data.n, mac, &n);
	base64url_encode(out, (struct span){(const char *)mac, n});
}

static inline void
jose_sign_eddsa(struct span secret, struct span data, struct buf *out)
{
	unsigned char signature[64];
	size_t n = sizeof(signature);
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, (const unsigned char *)secret.p, secret.n);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey), 1);
	assert_int_equal(
	    EVP_DigestSign(ctx, signature, &n, (const unsigned char *)data.p, data.n), 1);
	base64url_encode(out, (struct span){(const char *)signature, n});
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

/* Makes a token of two JSON texts, signed with the key that RFC 7515 or RFC 8037 publishes. */
static inline char *
jose_token(const char *header, const char *claims, bool is_eddsa)
{
	struct buf token = {0};
	struct span secret = jose_bytes(is_eddsa ? JOSE_ED_D : JOSE_K);
	struct buf signature = {0};

	base64url_encode(&token, span_of(header));
	buf_addc(&token, '.');
	base64url_encode(&token, span_of(claims));
	(is_eddsa ? jose_sign_eddsa : jose_sign_hs256)(secret, buf_as_span(&token), &signature);
	buf_addc(&token, '.');
	buf_span(&token, buf_as_span(&signature));
	buf_clear(&signature);
	free((char *)secret.p);
	return buf_steal(&token);
}

/* Writes a file of keys. Returns its new name, which the caller unlinks and frees. */
static inline char *
jose_key_file(const char *json)
{
	char path[] = "/tmp/escrowchat-jwk-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, json, strlen(json)), (ssize_t)strlen(json));
	close(fd);
	return strdup(path);
}

#endif
