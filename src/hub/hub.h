/* SPDX-License-Identifier: ISC */
/*
 * hub.h - the hub as the daemon uses it: its life, its turns and its figures. The hub knows no
 * sockets and no SQL. Its sessions are in transport.h and connect.h. Time is an argument, and the
 * hub names its next deadline, for which the caller arms a timer.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "hub/session/connect.h"
#include "hub/transport.h"
#include "store/threads/writer.h"

struct reads;

struct hub_options {
	struct rules rules;
	int64_t presence_grace_ms;
	int64_t recovery_ms; /* how long a lost Socket.IO session can be recovered; 0: never */
	const char *version;
	size_t max_per_wallet; /* sessions; 0: no limit */
	size_t max_rooms;      /* of a session; 0: 200 */
	/* Recoverable sessions, connected and lost; beyond, the oldest lost ones are forgotten.
	 * 0: no limit. */
	size_t max_recoverable;
	/* Events per second: of a session, and of all requests to /emit of one wallet. 0: no
	 * limit. */
	int64_t event_rate;
	int64_t replay_rate; /* bytes per wallet and second; 0: no limit */
	/* A session has ended, within a turn or between two turns. The caller may have jobs to
	 * flush and a deadline to arm. NULL: the caller does both without being told. */
	void (*on_closed)(void *arg);
	void *arg;
};

/* The state of the log when a daemon starts. It is read once, before the loop runs. */
struct hub_start {
	char incarnation[INCARNATION_SIZE];
	int64_t position; /* the log's head */
};
/* On any thread, inside a read transaction, after the incarnation was recorded. */
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

/* Asks the reader's thread for rows that other processes may have added to the log. is_certain:
 * there are such rows; else the reader checks first whether anybody has committed. The caller calls
 * this from time to time: after the log could not be read, nothing else asks again. */
void hub_check_log(struct hub *, bool is_certain);
/* Takes back the jobs that the threads have finished, delivers the new rows of the log, and sends
 * the acknowledgements that waited for these rows. True: there are more rows to deliver; the caller
 * calls again in the next turn. */
bool hub_collect(struct hub *, struct hub_time);
/* End of the caller's turn: hands the jobs that were gathered to the writer's and the reader's
 * thread. */
void hub_flush_writes(struct hub *);
void hub_flush_reads(struct hub *);
bool hub_has_writes(const struct hub *); /* True if writes are gathered and not handed over. */
/* True while an acknowledgement has not gone out, or a job is under way. */
bool hub_owes_answers(const struct hub *);
/* Serves all deadlines that have passed: of grace periods, typing, tokens, recovery, and of replays
 * that were put off. */
void hub_tick(struct hub *, struct hub_time);
int64_t hub_next_deadline(const struct hub *); /* mono ms; INT64_MAX: none */

struct hub_figures {
	uint64_t sessions;            /* without those whose client is gone */
	uint64_t rooms;               /* all that the hub holds */
	uint64_t delivered, bad_rows; /* since the start: events sent, rows that were not valid */
	int64_t position;             /* of the last row of the log that the tail has taken */
	bool is_healthy;              /* the log could be read the last time */
};
struct hub_figures hub_figures(const struct hub *);
/* Appends [{walletAddress:"0x123456...", escrowRooms, transport, connectedAt}], at most 1,000 of
 * them. */
void hub_connections(const struct hub *, struct buf *out);

#endif
