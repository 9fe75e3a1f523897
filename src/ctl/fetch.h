/* SPDX-License-Identifier: ISC */
/*
 * fetch.h - the only door to libcurl: makes one request with HTTP/1.1, or opens a WebSocket. It
 * follows no redirects.
 */
#ifndef CTL_FETCH_H
#define CTL_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define FETCH_HEADERS 6

enum fetch_end {
	FETCH_WHOLE,  /* the whole answer came */
	FETCH_ENOUGH, /* on_body returned false */
	FETCH_LATE,   /* timeout_ms passed first */
	FETCH_CUT,    /* the connection ended before the whole answer came */
	FETCH_FAILED  /* no connection, no HTTP, or no URL: see why */
};

struct fetch {
	const char *base, *path;            /* the URL is both, with one '/' between them */
	const char *method;                 /* NULL: GET, or POST with a body */
	struct span body;                   /* JSON */
	const char *headers[FETCH_HEADERS]; /* whole lines, without CRLF; NULL ends them */
	int64_t timeout_ms;
	bool (*on_body)(struct fetch *); /* got has grown; false: enough. NULL: read all */
	void *arg;

	/* results; fetch_clear frees */
	enum fetch_end end;
	int status;      /* 0: no answer */
	struct buf head; /* of the last answer, line by line */
	struct buf got;  /* the body so far, at most 1 MiB */
	int64_t took_ms;
	char why[256];
};

/* Makes the request; returns f->end. */
enum fetch_end fetch(struct fetch *);

/* Asks for the upgrade to a WebSocket (RFC 6455, section 4.1). FETCH_WHOLE: a whole head has come;
 * see status. If that is 101, got is the first text message. */
enum fetch_end fetch_websocket(struct fetch *);

void fetch_clear(struct fetch *);

/* The value of a header field of the answer; n 0: there is none. */
struct span fetch_header(const struct fetch *, const char *name);

#endif
