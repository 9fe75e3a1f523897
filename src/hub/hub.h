/* SPDX-License-Identifier: ISC */
/*
 * hub.h - what the program around it sees of the hub: its life, its turns and its figures. It knows
 * no sockets and no SQL. transport.h and connect.h have its sessions. Time comes in as an argument;
 * the hub names its next deadline for the caller to arm.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "hub/connect.h"
#include "hub/transport.h"
#include "store/writer.h"

struct reads;

struct hub_options {
	struct rules rules;
	int64_t presence_grace_ms;
	int64_t recovery_ms; /* how long a lost Socket.IO session can be recovered; 0: never */
	const char *version;
	size_t max_per_wallet; /* sessions; 0: no limit */
	size_t max_rooms;      /* of a session; 0: 200 */
	/* Sessions that can be recovered, connected or lost; where there are more, the oldest of
	 * those lost are forgotten. 0: no limit. */
	size_t max_kept;
	/* Events per session and second, and per wallet for single requests; 0: no limit. */
	int64_t event_rate;
	int64_t replay_rate; /* bytes per wallet and second; 0: no limit */
	/* A session has ended, in this turn or between two: there may be jobs to flush and a
	 * deadline to arm. NULL: the caller looks without being told. */
	void (*on_closed)(void *arg);
	void *arg;
};

/* Where the log stands when a daemon starts: read once, before the loop runs. */
struct hub_start {
	char incarnation[INCARNATION_SIZE];
	int64_t position; /* the log's head */
};
/* On any thread, inside a read transaction of the store, after the incarnation was recorded. */
void hub_start_read(struct store *, struct hub_start *);

/* A new hub that uses the two threads and owns neither; hub_free frees it. All other functions
 * belong to the loop's thread, and none calls the store. */
struct hub *
hub_new(const struct hub_options *, const struct hub_start *, struct reads *, struct writer *);
/* After all sessions were closed and both threads were stopped. NULL is fine. */
void hub_free(struct hub *);
/* Recounts every counter, list and state of the hub, and ends the process where one is wrong
 * (base/check.h). Builds with CHECKS_ALL call it after each turn. */
void hub_check(const struct hub *);

/* Other processes may have added rows to the log: asks the reader's thread for them. is_certain:
 * there are rows; else the reader looks first whether anybody has committed. The caller asks from
 * time to time, also because only this asks again after the log could not be read. */
void hub_look(struct hub *, bool is_certain);
/* The threads have finished jobs: takes the jobs back, hands the new rows of the log to their
 * subscribers, and sends the acknowledgements that waited for them. True: there is more to hand
 * out, call again in the next turn. */
bool hub_collect(struct hub *, struct hub_time);
/* End of the caller's turn: hands the jobs that were gathered to the writer's and the reader's
 * thread. */
void hub_flush_writes(struct hub *);
void hub_flush_reads(struct hub *);
bool hub_has_writes(const struct hub *); /* gathered, and not handed over */
/* True while an acknowledgement has not gone out, or a job is under way. */
bool hub_owes_answers(const struct hub *);
/* Runs what is due: grace periods, typing time-outs, tokens that expire or are used, sessions that
 * cannot be recovered any more. */
void hub_tick(struct hub *, struct hub_time);
int64_t hub_next_deadline(const struct hub *); /* mono ms; INT64_MAX: none */

struct hub_figures {
	uint64_t sessions, rooms;     /* sessions whose client is there */
	uint64_t delivered, bad_rows; /* since the start: events, and rows of the log */
	int64_t position;             /* the tail has passed it */
	bool is_healthy;              /* the log could be read the last time */
};
struct hub_figures hub_figures(const struct hub *);
/* Appends [{walletAddress:"0x123456...", escrowRooms, transport, connectedAt}], at most 1,000 of
 * them. */
void hub_connections(const struct hub *, struct buf *out);

#endif
