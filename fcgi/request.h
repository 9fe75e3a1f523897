/* SPDX-License-Identifier: ISC */
/*
 * request.h - one request as the web server hands it over: parameters, path, query and body. The
 * same for FastCGI and plain CGI: parameters are NAME=value strings, the body comes through a
 * function.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/span.h"
#include "chat/auth.h"

#define REQUEST_BODY_MAX   (256 << 10) /* bytes */
#define REQUEST_LIST_MAX   (1 << 20)   /* bytes of a body that is a list */
#define REQUEST_BODY_MS    10000       /* a body that takes longer is given up */
#define REQUEST_TARGET_MAX 8192        /* bytes of REQUEST_URI */
#define REQUEST_SEGMENTS   8           /* of a path; a longer one is no route's */
#define REQUEST_PAIRS      32          /* of a query */

enum { REQUEST_LATE = -2, REQUEST_BROKEN = -1, REQUEST_END = 0 };

/* Up to n bytes of the body into p: how many, or one of the above. It returns by the body's
 * deadline. */
typedef ssize_t request_read(void *arg, char *p, size_t n);

struct request_segment {
	struct span raw, text; /* as sent; decoded */
};

struct request_pair {
	struct span name, value; /* decoded */
};

struct request {
	struct span method, uri, content_type, content_length, idempotency_key, if_none_match,
	    accept;
	struct span given_id;      /* X-Request-ID */
	char id[IDS_REQUEST_SIZE]; /* what the request is called: that, if it is a plain one */
	size_t max_body;           /* bytes; 0: REQUEST_LIST_MAX. The caller's to set */
	struct auth_request auth;  /* claimed_wallet is the header's: see request_wallet */
	request_read *read;
	void *read_arg;
	/* of uri */
	struct span path; /* raw, less the prefix */
	struct request_segment segments[REQUEST_SEGMENTS];
	size_t n_segments;
	struct request_pair pairs[REQUEST_PAIRS];
	size_t n_pairs;
	/* owned */
	struct buf text; /* what was decoded */
	struct buf body;
	struct json *json; /* the body; NULL before request_body, without a body, and for lines */
};

enum request_verdict {
	REQUEST_OK,
	REQUEST_MALFORMED, /* no method, no REQUEST_URI, a bad escape, an escaped NUL in the path, a parameter
				* twice: 400 */
	REQUEST_TOO_LONG, /* REQUEST_URI: 414 */
	REQUEST_NO_ROUTE  /* another spelling of a path, or not under the prefix: 404 */
};

/* Takes the parameters (borrowed) and cuts REQUEST_URI, less url_prefix (may be NULL), into
 * segments and query. Whatever the verdict, the request is one that request_clear() frees; *why
 * is a sentence, static. */
enum request_verdict
request_init(struct request *, char *const *params, const char *url_prefix, const char **why);
void request_clear(struct request *);

/* True for a method that changes nothing: GET, HEAD, OPTIONS. */
bool request_is_safe(const struct request *);

/* The query's value of that name; false: absent. *twice is set if it is given twice, else left
 * alone. */
bool request_query(const struct request *, const char *name, struct span *out, bool *twice);

/* The wallet claimed by header or query into auth.claimed_wallet; see auth_claim. */
enum chat_err request_wallet(struct request *);

/* What body a route takes: its media type is application/json, or that of lines. */
enum request_form {
	BODY_NONE,   /* not looked at */
	BODY_MAYBE,  /* one JSON object, or no body at all */
	BODY_OBJECT, /* one JSON object of at most REQUEST_BODY_MAX bytes, and max_body */
	BODY_LIST    /* at most max_body bytes: a JSON array; or application/x-ndjson, whose
		      * lines are left in body as they came */
};

/* Reads the body, which must be exactly as long as CONTENT_LENGTH says, and parses it. 0, or the
 * status to answer (400, 408, 411, 413, 415) and *why, static. */
int request_body(struct request *, enum request_form, const char **why);

#endif
