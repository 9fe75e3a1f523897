/* SPDX-License-Identifier: ISC */
/*
 * fetch.h - the only door to libcurl: one HTTP request at a time, and one WebSocket's beginning. HTTP/1.1, no redirects followed.
 */
#ifndef CTL_FETCH_H
#define CTL_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define FETCH_HEADERS 6

enum fetch_end {
	FETCH_WHOLE,  /* the answer came whole */
	FETCH_ENOUGH, /* on_body had enough */
	FETCH_LATE,   /* timeout_ms passed first */
	FETCH_CUT,    /* the connection broke while the answer was due or came */
	FETCH_FAILED  /* no connection, no HTTP, no URL; why says it */
};

struct fetch {
	const char *base, *path;            /* the URL is both, with one '/' between them */
	const char *method;                 /* NULL: GET, or POST with a body */
	struct span body;                   /* JSON */
	const char *headers[FETCH_HEADERS]; /* whole lines, without CRLF; NULL ends them */
	int64_t timeout_ms;
	bool (*on_body)(struct fetch *); /* body has grown; false: enough. NULL: all is wanted */
	void *arg;

	/* results; fetch_clear frees */
	enum fetch_end end;
	int status;      /* 0: no answer */
	struct buf head; /* of the last answer, line by line */
	struct buf got;  /* the body so far, at most 1 MiB */
	int64_t took_ms;
	char why[256];
};

/* Asks; the end is the result too. */
enum fetch_end fetch(struct fetch *);

/* Asks for the upgrade to a WebSocket. FETCH_WHOLE: any whole head has come, status tells which; with 101 got is the first text message. */
enum fetch_end fetch_websocket(struct fetch *);

void fetch_clear(struct fetch *);

/* The value of a header of the answer; n 0: there is none. */
struct span fetch_header(const struct fetch *, const char *name);

#endif
