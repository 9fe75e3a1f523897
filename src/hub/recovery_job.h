/* SPDX-License-Identifier: ISC */
/*
 * recovery_job.h - who may come back, and to which rooms: the part of a Socket.IO CONNECT that runs
 * on other threads. From job_write or job_read until done is called, these structs belong to the
 * thread that runs the job, else to the loop's thread.
 */
#ifndef HUB_RECOVERY_JOB_H
#define HUB_RECOVERY_JOB_H

#include "base/digest.h"
#include "hub/job.h"
#include "store/kept.h"

/* A pid is the secret to come back with, of 5 bits a character: the time, and 160 random bits. The
 * time is there so that the table's index grows at its end; the store has the time as it is, and a
 * hash of the whole. */
#define PID_TIME_CHARS 8
#define PID_CHARS      (PID_TIME_CHARS + 32)
#define PID_HASH_SIZE  (PID_TIME_CHARS + 2 * DIGEST_SHA256_SIZE + 1)
#define SID_CHARS      20

struct kept_room {
	char escrow_id[STORE_NAME_SIZE];
	int64_t began;
	enum chat_err err; /* of the standing: membership as it is now */
	struct standing standing;
};

struct recovery_look {
	struct hub_job job; /* first */
	/* The loop's thread sets these. */
	struct user user;
	/* the pid is of a session that is connected, was lost in time, or is of an earlier
	 * daemon */
	bool may_recover;
	char offset[CURSOR_SIZE];
	char old_hash[PID_HASH_SIZE];
	char hash[PID_HASH_SIZE]; /* of the new pid */
	/* The job sets these. */
	bool is_recovered;
	bool was_made; /* a new session stands in the store */
	struct kept_session kept;
	int64_t checked, from; /* the log's head; the offset's position */
	struct kept_room *rooms;
	size_t n_rooms;
};
static_assert(offsetof(struct recovery_look, job) == 0, "a recovery_look is cast from its job");

struct forget_job {
	struct hub_job job; /* first */
	int64_t id;         /* of the session, in the store; 0: all sessions of earlier daemons */
};
static_assert(offsetof(struct forget_job, job) == 0, "a forget_job is cast from its job");

/* On the writer's thread: takes the session that the client comes back to, or makes a new one.
 * job.err is CHAT_UNAUTHORIZED where the user's token was ended. */
bool recovery_run_connect(struct store *, struct writer_job *);
/* On the reader's thread: reads once more what the user may do. job.err as above. */
void recovery_run_again(struct store *, struct read_job *);
/* On the writer's thread: deletes the session or the sessions of a forget_job. */
bool recovery_run_forget(struct store *, struct writer_job *);

#endif
