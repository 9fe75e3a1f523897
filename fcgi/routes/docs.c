/* SPDX-License-Identifier: ISC */
/*
 * docs.c - the page that describes all routes. It may load nothing and run nothing: its policy
 * allows its own style alone, by its hash.
 */
#include <pthread.h>
#include <stdio.h>

#include "crypto/digest.h"
#include "fcgi/routes.h"
#include "proto/base64.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char policy[200];

static void
make_policy(void)
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	struct buf hash = {0};

	digest_sha256(digest, span_of(docs_style));
	base64_encode(&hash, (struct span){(const char *)digest, sizeof(digest)});
	snprintf(policy, sizeof(policy),
	    "default-src 'none'; style-src 'sha256-%s'; img-src data:; base-uri 'none'; "
	    "form-action 'none'; frame-ancestors 'none'",
	    buf_cstr(&hash));
	buf_clear(&hash);
}

/* Appends a path as text of HTML. */
static void
put_path(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (strchr("<>&\"'", *path))
			buf_printf(b, "&#%d;", *path);
		else
			buf_addc(b, *path);
	}
}

static void
put_body(struct buf *b, const char *url_prefix)
{
	const char *p = docs_body;

	for (;;) {
		size_t n = strcspn(p, "\001\002");

		buf_add(b, p, n);
		if (p[n] == '\0')
			return;
		if (p[n] == '\001')
			buf_str(b, PACKAGE_VERSION);
		else if (url_prefix)
			put_path(b, url_prefix);
		p += n + 1;
	}
}

void
docs_get(struct exchange *c)
{
	struct reply *r = c->reply;

	pthread_once(&once, make_policy);
	r->status = 200;
	r->media = "text/html";
	r->policy = policy;
	buf_str(&r->body, docs_head);
	buf_str(&r->body, docs_style);
	put_body(&r->body, c->rest->config->url_prefix);
	reply_etag(r, c->request->if_none_match);
}
