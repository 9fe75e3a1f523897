/* SPDX-License-Identifier: ISC */
/*
 * request.h - one request as the web server passes it: parameters, path, query and body. It is the
 * same for FastCGI and plain CGI: the parameters are NAME=value strings (RFC 3875, section 4.1),
 * and a function reads the body.
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
#include "identity/auth.h"

#define REQUEST_BODY_MAX   (256 << 10) /* bytes */
#define REQUEST_LIST_MAX   (1 << 20)   /* bytes of a body that is a list */
#define REQUEST_BODY_MS    10000       /* ms; a body that takes longer is refused */
#define REQUEST_TARGET_MAX 8192        /* bytes of REQUEST_URI */
#define REQUEST_SEGMENTS   8           /* of a path; no route has more */
#define REQUEST_PAIRS      32          /* of a query */

enum { REQUEST_LATE = -2, REQUEST_BROKEN = -1, REQUEST_END = 0 };

/* Reads up to n bytes of the body into p and returns how many, or one of the values above. It
 * returns at the body's deadline at the latest. */
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
	struct span requested_headers; /* Access-Control-Request-Headers, of a preflight */
	struct span given_id;          /* X-Request-ID */
	char id[IDS_REQUEST_SIZE]; /* the request's id: given_id if that is a plain one, else new */
	size_t header_bytes; /* of all fields, as lines of HTTP; also of those that are not read */
	size_t max_body;     /* bytes; 0: REQUEST_LIST_MAX. The caller sets it */
	struct auth_request auth; /* claimed_wallet is from the header: see request_wallet */
	request_read *read;
	void *read_arg;
	/* of uri */
	struct span path; /* not decoded, without the prefix */
	struct request_segment segments[REQUEST_SEGMENTS];
	size_t n_segments;
	struct request_pair pairs[REQUEST_PAIRS];
	size_t n_pairs;
	/* owned */
	struct buf text; /* the decoded segments and pairs */
	struct buf body;
	struct json *json; /* the body; NULL before request_body, without a body, and for lines */
};

enum request_verdict {
	REQUEST_OK,
	/* 400: no method, no REQUEST_URI, a bad escape, an escaped NUL in the path, a query of too
	 * many pairs, or a parameter twice */
	REQUEST_MALFORMED,
	REQUEST_TOO_LONG,   /* 414: REQUEST_URI */
	REQUEST_LARGE_HEAD, /* 431: the caller finds that header_bytes are too many */
	REQUEST_NO_ROUTE /* 404: another spelling of a path, too many segments, or a wrong prefix */
};

/* Reads the parameters (borrowed) and cuts REQUEST_URI, without url_prefix (may be NULL), into
 * segments and query. *why is a static sentence if it is MALFORMED or TOO_LONG. After each verdict
 * the caller calls request_clear(). */
enum request_verdict
request_init(struct request *, char *const *params, const char *url_prefix, const char **why);
void request_clear(struct request *);

/* True for a safe method (RFC 9110, section 9.2.1): GET, HEAD, OPTIONS. */
bool request_is_safe(const struct request *);

/* Finds the query's value of that name. False: absent. *twice becomes true if there are two or
 * more, else it is not changed. */
bool request_query(const struct request *, const char *name, struct span *out, bool *twice);

/* Puts the wallet that the header or the query claims into auth.claimed_wallet; see auth_claim. */
enum error request_wallet(struct request *);

/* The body that a route takes. Its media type is application/json where nothing else is said. */
enum request_form {
	BODY_NONE,   /* it is not read */
	BODY_MAYBE,  /* as BODY_OBJECT, or no body at all */
	BODY_OBJECT, /* one JSON object of at most REQUEST_BODY_MAX and max_body bytes */
	BODY_LIST    /* at most max_body bytes: a JSON array; or application/x-ndjson, whose
		      * lines stay in body as they came */
};

/* Reads and parses the body, which must be exactly as long as CONTENT_LENGTH says. Returns 0, or
 * the status to answer (400, 408, 411, 413, 415) and a static sentence in *why. */
int request_body(struct request *, enum request_form, const char **why);

#endif
