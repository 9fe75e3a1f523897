/* SPDX-License-Identifier: ISC */
/*
 * reply.h - one answer: status, headers, a JSON body; and how refusals become statuses.
 * Written in CGI's form (RFC 3875, section 6), which FastCGI shares.
 */
#ifndef FCGI_REPLY_H
#define FCGI_REPLY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "chat/chat.h"
#include "store/store.h"

/* All zero is a valid reply that nobody has filled yet. */
struct reply {
	int status;
	const char *code;   /* of a failure, for the log; else NULL */
	int retry_after_s;  /* 0: no such header */
	bool no_store;      /* Cache-Control: no-store instead of private, no-cache */
	const char *media;  /* Content-Type; NULL: JSON */
	bool is_stream;     /* of unknown length: its head is out, or it has no length in it */
	bool is_broken;     /* it ends where it must not: the reader is to notice */
	const char *policy; /* of Content-Security-Policy; NULL: that of JSON */
	struct buf headers; /* whole lines, with CRLF */
	struct buf body;
};

void reply_clear(struct reply *);

/* Begins {"success":true and returns the body, to which the caller adds members; reply_close()
 * ends it. */
struct buf *reply_open(struct reply *, int status);
void reply_close(struct reply *);

/* Takes back the end of a closed body: members can be added to it before another reply_close(). */
void reply_reopen(struct reply *);

/* {"success":false, error, code}, with the code's own status and sentence, or with those given
 * (status 0, why NULL: the code's own). What was in the body before is gone. */
void reply_failure(struct reply *, enum chat_err, int status, const char *why);

/* What the store could not do: 503 and Retry-After. */
void reply_store_failure(struct reply *, enum store_err);

/* Adds a header; a value with anything but printable ASCII is dropped whole. */
void reply_header(struct reply *, const char *name, struct span value);

/* Adds an ETag over the body of a 200; where if_none_match names it, the reply becomes 304.
 * After reply_close(). */
void reply_etag(struct reply *, struct span if_none_match);

/* The whole answer as a CGI program writes it; with is_head, all but the body. */
void reply_format(const struct reply *, bool is_head, struct buf *out);

#endif
