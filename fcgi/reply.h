/* SPDX-License-Identifier: ISC */
/*
 * reply.h - one answer: status, headers and body; and the status of each refusal. It is written in
 * CGI's form (RFC 3875, section 6), which FastCGI shares.
 */
#ifndef FCGI_REPLY_H
#define FCGI_REPLY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "chat/chat.h"
#include "store/store.h"

/* All zero is a valid, empty reply. */
struct reply {
	int status;
	const char *code;   /* of a failure, for log lines; else NULL; static */
	int retry_after_s;  /* Retry-After, in seconds; 0: no such header */
	bool no_store;      /* Cache-Control: no-store instead of private, no-cache */
	const char *media;  /* Content-Type; NULL: JSON */
	bool is_stream;     /* the length is unknown: no Content-Length is sent */
	bool is_broken;     /* it ended too early: the connection must be cut */
	const char *policy; /* of Content-Security-Policy; NULL: the one for JSON */
	struct buf headers; /* whole lines, with CRLF */
	struct buf body;
};

void reply_clear(struct reply *);

/* Begins the object `{"success":true` in the body, and returns the body, to which the caller adds
 * members. It stays the
 * reply's. reply_close() ends it. */
struct buf *reply_open(struct reply *, int status);
void reply_close(struct reply *);

/* Opens a closed body again: the caller may add members, and calls reply_close() once more. */
void reply_reopen(struct reply *);

/* Replaces the body by {"success":false, error, code}. status 0: the code's own; why NULL: the
 * code's own sentence. */
void reply_failure(struct reply *, enum error, int status, const char *why);

/* The store failed: 503 and Retry-After. */
void reply_store_failure(struct reply *, enum store_err);

/* Adds a header field. If the value has a byte that is not printable ASCII, no field is added. */
void reply_header(struct reply *, const char *name, struct span value);

/* Adds an ETag of the body if the status is 200; if if_none_match names it, the reply becomes 304
 * (RFC 9110, sections 8.8.3 and 13.1.2). Call it when the body is complete. */
void reply_etag(struct reply *, struct span if_none_match);

/* Appends the answer to out as a CGI program writes it; with is_head, without the body. */
void reply_format(const struct reply *, bool is_head, struct buf *out);

#endif
