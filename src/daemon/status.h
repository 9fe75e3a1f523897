/* SPDX-License-Identifier: ISC */
/*
 * status.h - GET /health for anyone, GET /api/websocket/stats and /metrics for the platform. All
 * functions belong to the loop's thread.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "http/gate.h"
#include "http/web.h"
#include "hub/hub.h"

struct status {
	struct hub *hub;
	const struct gate *gate;
	struct net *net;
	int64_t started_ms;  /* mono */
	int64_t drain_until; /* mono; 0: not stopping */
};

/* Handlers of their routes; owner is a struct status. */
void status_health(struct web_request *, void *owner);
void status_stats(struct web_request *, void *owner);
void status_metrics(struct web_request *, void *owner);

#endif
