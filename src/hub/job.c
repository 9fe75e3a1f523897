/* SPDX-License-Identifier: ISC */
/*
 * job.c - jobs on their way to the other threads and back.
 */
#include "hub/job.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/threads/lanes.h"

struct jobs {
	struct reads *reads;
	struct writer *writer;
	struct writer_job *writes_first, *writes_last; /* gathered in this turn */
	struct read_job *reads_first, *reads_last;
	size_t n_writes, n_reads;
	/* writes that are committed, or have failed, in commit order */
	struct hub_job_list waiting;
	uint64_t collected;       /* batches of the writer */
	struct hub_job_list read; /* reads that are done */
};

struct jobs *
jobs_new(struct reads *reads, struct writer *writer)
{
	struct jobs *j = mem_zalloc(sizeof(*j));

	j->reads = reads;
	j->writer = writer;
	STAILQ_INIT(&j->waiting);
	STAILQ_INIT(&j->read);
	return j;
}

static void
drop(struct hub_job *job)
{
	job->err = ERROR_UNAVAILABLE;
	job->done(job, (struct hub_time){0, 0});
}

static void
drop_list(struct hub_job_list *list)
{
	struct hub_job *job;

	while ((job = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		drop(job);
	}
}

static void
drop_gathered(struct jobs *j)
{
	struct hub_job *job;

	while ((job = (struct hub_job *)j->writes_first) != NULL) {
		j->writes_first = job->write.next;
		j->writes_last = j->writes_first != NULL ? j->writes_last : NULL;
		drop(job);
	}
	while ((job = (struct hub_job *)j->reads_first) != NULL) {
		j->reads_first = job->read.next;
		j->reads_last = j->reads_first != NULL ? j->reads_last : NULL;
		drop(job);
	}
}

void
jobs_free(struct jobs *j)
{
	if (j == NULL)
		return;
	drop_list(&j->waiting);
	drop_list(&j->read);
	while (
	    j->writes_first != NULL || j->reads_first != NULL) /* dropping one may gather another */
		drop_gathered(j);
	free(j);
}

/* ---- gathering ---- */

static void
on_written(struct writer_job *write, void *context)
{
	struct hub_job *job = (struct hub_job *)write;
	struct jobs *j = context;

	if (write->err != STORE_OK) { /* rolled back: there is no row to wait for */
		job->position = 0;
		if (write->err != STORE_REFUSED)
			job->err = ERROR_UNAVAILABLE;
	}
	STAILQ_INSERT_TAIL(&j->waiting, job, link);
}

void
job_write(struct hub_job *job, struct span wallet, bool (*run)(struct store *, struct writer_job *))
{
	job_write_in(job, lane_of(wallet), run);
}

void
job_write_in(struct hub_job *job, uint32_t lane, bool (*run)(struct store *, struct writer_job *))
{
	struct jobs *j = job->hub->jobs;

	job->write = (struct writer_job){.run = run, .done = on_written, .lane = lane};
	if (j->writes_last != NULL)
		j->writes_last->next = &job->write;
	else
		j->writes_first = &job->write;
	j->writes_last = &job->write;
	j->n_writes++;
}

static void
on_read(struct read_job *read, void *context)
{
	struct hub_job *job = (struct hub_job *)read;
	struct jobs *j = context;

	if (read->err != STORE_OK)
		job->err = ERROR_UNAVAILABLE;
	STAILQ_INSERT_TAIL(&j->read, job, link);
}

void
job_read(struct hub_job *job, struct span wallet, void (*run)(struct store *, struct read_job *))
{
	struct jobs *j = job->hub->jobs;

	job->read = (struct read_job){.run = run, .done = on_read, .lane = lane_of(wallet)};
	if (j->reads_last != NULL)
		j->reads_last->next = &job->read;
	else
		j->reads_first = &job->read;
	j->reads_last = &job->read;
	j->n_reads++;
}

void
jobs_flush_writes(struct jobs *j)
{
	if (j->n_writes == 0)
		return;
	writer_submit(j->writer, j->writes_first, j->writes_last, j->n_writes);
	j->writes_first = j->writes_last = NULL;
	j->n_writes = 0;
}

void
jobs_flush_reads(struct jobs *j)
{
	if (j->n_reads == 0)
		return;
	reads_submit(j->reads, j->reads_first, j->reads_last, j->n_reads);
	j->reads_first = j->reads_last = NULL;
	j->n_reads = 0;
}

bool
jobs_has_writes(const struct jobs *j)
{
	return j->n_writes > 0;
}

bool
jobs_is_overloaded(const struct jobs *j)
{
	return writer_pending(j->writer) > WRITER_MAX;
}

bool
jobs_are_pending(const struct jobs *j)
{
	return j->n_writes > 0 || j->n_reads > 0 || !STAILQ_EMPTY(&j->waiting) ||
	       writer_pending(j->writer) > 0 || reads_pending(j->reads) > 0;
}

/* ---- collecting ---- */

void
jobs_collect(struct hub *hub, struct packed_list *rows, struct hub_time now)
{
	struct jobs *j = hub->jobs;
	uint64_t collected;
	struct hub_job *job;

	/* A page of the log may show rows of a batch whose jobs are not here yet: reads first. */
	reads_collect(j->reads, j);
	collected = writer_handed_back(j->writer);
	writer_collect(j->writer, j, rows);
	j->collected = collected;
	while ((job = STAILQ_FIRST(&j->read)) != NULL) {
		STAILQ_REMOVE_HEAD(&j->read, link);
		job->done(job, now);
	}
}

uint64_t
jobs_begun(const struct jobs *j)
{
	return writer_begun(j->writer);
}

uint64_t
jobs_collected(const struct jobs *j)
{
	return j->collected;
}

void
jobs_release(struct hub *hub, struct hub_time now)
{
	struct jobs *j = hub->jobs;
	struct hub_job *job;

	while ((job = STAILQ_FIRST(&j->waiting)) != NULL && job->position <= hub->position) {
		STAILQ_REMOVE_HEAD(&j->waiting, link);
		job->done(job, now);
	}
}

bool
jobs_wait(const struct hub *hub)
{
	const struct hub_job *first = STAILQ_FIRST(&hub->jobs->waiting);

	return first != NULL && first->position > hub->position;
}

void
jobs_check(const struct jobs *j)
{
	size_t n_writes = 0, n_reads = 0;

	for (const struct writer_job *job = j->writes_first; job != NULL; job = job->next) {
		n_writes++;
		check(job->next != NULL || job == j->writes_last);
	}
	for (const struct read_job *job = j->reads_first; job != NULL; job = job->next) {
		n_reads++;
		check(job->next != NULL || job == j->reads_last);
	}
	check(n_writes == j->n_writes && n_reads == j->n_reads);
	check((j->writes_first == NULL) == (j->writes_last == NULL));
	check((j->reads_first == NULL) == (j->reads_last == NULL));
}
