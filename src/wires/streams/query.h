/* SPDX-License-Identifier: ISC */
/*
 * query.h - the query of the requests to /events, /poll and /emit. The function belongs to the
 * loop's thread.
 */
#ifndef WIRES_STREAMS_QUERY_H
#define WIRES_STREAMS_QUERY_H

struct http_request;
struct stream_request;

/* Puts the parameters escrow, cursor (also called lastEventId, and Last-Event-ID in any case),
 * client and timeout, and the header line Last-Event-ID, into the request and its admission. The
 * header line is preferred to a cursor in the query; other parameters are passed over. The spans
 * point into the request's text, or into the header lines. NULL: fine; else the reason to refuse
 * the query, a constant. */
const char *query_read(struct stream_request *, const struct http_request *);

#endif
