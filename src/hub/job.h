/* SPDX-License-Identifier: ISC */
/*
 * job.h - work for the writer's and the reader's thread: jobs are gathered in a turn, handed over
 * together at its end, and collected later. So the loop's thread never calls the store. All
 * functions belong to the loop's thread, unless their comment says otherwise.
 */
#ifndef HUB_JOB_H
#define HUB_JOB_H

#include <assert.h>

#include "hub/core.h"
#include "store/threads/reads.h"
#include "store/threads/writer.h"

/* A job, embedded first in its owner's struct. The run function works on the writer's or the
 * reader's thread; it uses only the owner's struct and hub->options, which never change. */
struct hub_job {
	union {
		struct writer_job write;
		struct read_job read;
	};
	STAILQ_ENTRY(hub_job) link;
	struct hub *hub;
	int64_t position; /* of a write: done is called when the tail has passed it */
	/* ERROR_NONE, the error that run has set, or ERROR_UNAVAILABLE where the store failed */
	enum error err;
	/* Called on the loop's thread when the job is done; frees the job or keeps it. */
	void (*done)(struct hub_job *, struct hub_time);
};
static_assert(offsetof(struct hub_job, write) == 0, "a job is cast from the writer's");
static_assert(offsetof(struct hub_job, read) == 0, "a job is cast from the reader's");

STAILQ_HEAD(hub_job_list, hub_job);

#define WRITER_MAX 10000 /* writes under way; while there are more, clients wait */

/* The jobs of a hub, which the caller frees; borrows both threads. */
struct jobs *jobs_new(struct reads *, struct writer *);
void jobs_free(struct jobs *); /* jobs that are left fail as if the store had failed */

/* Gathers a write, which runs inside the transaction of a batch, or a read. Writes of one wallet
 * run in order, and so do its reads. An empty wallet stands for the server itself. */
void
job_write(struct hub_job *, struct span wallet, bool (*run)(struct store *, struct writer_job *));
/* job_write for a caller that has only the number of the wallet's lane (lane_of). */
void
job_write_in(struct hub_job *, uint32_t lane, bool (*run)(struct store *, struct writer_job *));
void job_read(struct hub_job *, struct span wallet, void (*run)(struct store *, struct read_job *));

/* Hands the gathered jobs over to their threads. */
void jobs_flush_writes(struct jobs *);
void jobs_flush_reads(struct jobs *);
bool jobs_has_writes(const struct jobs *);    /* True if gathered writes are not handed over. */
bool jobs_is_overloaded(const struct jobs *); /* True if the writer has over WRITER_MAX jobs. */
/* True while jobs are gathered or under way, or wait for the tail. */
bool jobs_are_pending(const struct jobs *);

/* Takes back the jobs that the threads have finished, and appends to the list the rows that the
 * writer has added to the log. Calls done of the reads; a write waits for jobs_release. */
void jobs_collect(struct hub *, struct packed_list *, struct hub_time);
/* jobs_begun (any thread): how many batches the writer has begun. jobs_collected: how many of these
 * batches jobs_collect has taken back, with all of their jobs. */
uint64_t jobs_begun(const struct jobs *);
uint64_t jobs_collected(const struct jobs *);
/* Calls done of the writes whose position the tail has passed, in commit order. */
void jobs_release(struct hub *, struct hub_time);
/* True if a write waits for a row that the tail has not passed. */
bool jobs_wait(const struct hub *);

/* For hub_check: recounts the jobs that were gathered. */
void jobs_check(const struct jobs *);

#endif
