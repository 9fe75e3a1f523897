/* SPDX-License-Identifier: ISC */
/*
 * recovery_job.h - the part of a Socket.IO CONNECT that runs on other threads: it decides whether
 * the client may come back, and to which rooms. From job_write or job_read until done is called, a
 * struct belongs to the thread that runs the job, else to the loop's thread.
 */
#ifndef HUB_RECOVERY_RECOVERY_JOB_H
#define HUB_RECOVERY_RECOVERY_JOB_H

#include "crypto/digest.h"
#include "hub/job.h"
#include "store/tables/kept_sessions.h"

/* A pid is the secret with which a client comes back. Each character has 5 bits: first the time, so
 * that the index of the table grows at its end, then 160 random bits. The store has the time itself
 * and a hash of the whole pid. */
#define PID_TIME_CHARS 8
#define PID_CHARS      (PID_TIME_CHARS + 32)
#define PID_HASH_SIZE  (PID_TIME_CHARS + 2 * DIGEST_SHA256_SIZE + 1)
#define SID_CHARS      20

struct kept_room {
	char escrow_id[STORE_NAME_SIZE];
	int64_t began;  /* position behind which its events can be recovered */
	enum error err; /* ERROR_NONE: the user may be in the room now */
	struct standing standing;
};

struct recovery_lookup {
	struct hub_job job; /* first */
	/* The loop's thread sets these. */
	struct user user;
	/* The pid can be that of a session that is connected, that is lost and waited for, or that
	 * an earlier daemon has left. */
	bool may_recover;
	char offset[CURSOR_SIZE];
	char old_hash[PID_HASH_SIZE];
	char hash[PID_HASH_SIZE]; /* of the new pid */
	/* The job sets these. */
	bool is_recovered;
	bool was_made; /* the job has put a new session into the store */
	struct kept_session kept;
	int64_t checked, from; /* the log's head when this was read; the position of offset */
	struct kept_room *rooms;
	size_t n_rooms;
};
static_assert(offsetof(struct recovery_lookup, job) == 0, "a recovery_lookup is cast from its job");

struct forget_job {
	struct hub_job job; /* first */
	int64_t id;         /* of the session, in the store; 0: all sessions of earlier daemons */
};
static_assert(offsetof(struct forget_job, job) == 0, "a forget_job is cast from its job");

struct rooms_job {
	struct hub_job job;      /* first */
	int64_t id;              /* of the session, in the store */
	struct kept_room *rooms; /* owned; those whose err is ERROR_NONE count */
	size_t n_rooms;
};
static_assert(offsetof(struct rooms_job, job) == 0, "a rooms_job is cast from its job");

/* On the writer's thread: takes the session that the client comes back to, or makes a new one.
 * job.err is ERROR_UNAUTHORIZED where the user's token was ended. */
bool recovery_run_connect(struct store *, struct writer_job *);
/* On the reader's thread: reads the rights of the user again. job.err as above. */
void recovery_run_again(struct store *, struct read_job *);
/* On the writer's thread: deletes the session or the sessions of a forget_job. */
bool recovery_run_forget(struct store *, struct writer_job *);
/* On the writer's thread: the session of a rooms_job has its rooms from now on, and no others. */
bool recovery_run_put_rooms(struct store *, struct writer_job *);

#endif
