/* SPDX-License-Identifier: ISC */
/*
 * query.c - reads the query of a request for a stream, and its Last-Event-ID.
 */
#include "wires/streams/query.h"

#include "proto/url.h"
#include "wires/streams/stream.h"

/* A time-out up to this number is in seconds, above it in milliseconds. It is also the longest. */
#define TIMEOUT_S 60

/* NULL: fine; else why it is refused. */
static const char *
take_room(struct stream_request *r, struct span room)
{
	struct admission *a = r->admission;

	if (!name_escrow(room))
		return "escrow: 1 to 128 bytes without / or control characters are accepted";
	for (size_t i = 0; i < a->lookup.n_rooms; i++) {
		if (span_eq(a->lookup.rooms[i].escrow_id, room))
			return NULL;
	}
	return admission_add_room(a, room) ? NULL : "at most 20 rooms can be named in one request";
}

static const char *
take_timeout(struct stream_request *r, struct span value)
{
	unsigned long long n;

	if (!span_u64(value, 1000000, &n))
		return "timeout: seconds up to 60, or milliseconds, are accepted";
	r->timeout_ms = n <= TIMEOUT_S ? (int64_t)n * 1000 : (int64_t)n;
	if (r->timeout_ms > TIMEOUT_S * 1000)
		r->timeout_ms = TIMEOUT_S * 1000;
	return NULL;
}

static const char *
take_parameter(struct stream_request *r, struct span name, struct span value)
{
	if (span_is(name, "escrow"))
		return take_room(r, value);
	if (span_is(name, "cursor") || span_is(name, "lastEventId") ||
	    span_eq_nocase(name, SPAN("Last-Event-ID"))) {
		r->admission->lookup.cursor = value;
	} else if (span_is(name, "client")) {
		r->client = value;
		if (!name_client_id(value))
			return "client: 1 to 64 of A-Z a-z 0-9 _ - are accepted";
	} else if (span_is(name, "timeout")) {
		return take_timeout(r, value);
	}
	return NULL; /* others are somebody else's: walletAddress, a cache buster */
}

const char *
query_read(struct stream_request *r, const struct http_request *http)
{
	struct span rest = http->query, name, value;
	const char *why = NULL;

	r->timeout_ms = -1;
	r->client = r->admission->lookup.cursor = (struct span){"", 0};
	buf_reserve(&r->text,
	    http->target.n + 1); /* decoding makes nothing longer: the spans stay where they are */
	while (why == NULL && http->query.p != NULL && url_query_next(&rest, &name, &value)) {
		size_t at = r->text.len;
		if (!url_decode_form(&r->text, value.p != NULL ? value : (struct span){"", 0}))
			return "the query is badly encoded";
		why = take_parameter(r, name, (struct span){r->text.p + at, r->text.len - at});
	}
	if (http->known[HTTP_LAST_EVENT_ID].n > 0)
		r->admission->lookup.cursor = http->known[HTTP_LAST_EVENT_ID];
	return why;
}
