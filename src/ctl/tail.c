/* SPDX-License-Identifier: ISC */
/*
 * tail.c - follows the log: prints a line of JSON for each durable event, until a signal comes.
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "contract/cursor.h"
#include "contract/names.h"
#include "contract/views.h"
#include "ctl/commands.h"
#include "ctl/site.h"

#define PAGE    500
#define POLL_MS 100

static volatile sig_atomic_t is_told;

struct job {
	const struct options *options;
	char topic_text[TOPIC_SIZE];
	struct span topic; /* n 0: all topics */
	char incarnation[INCARNATION_SIZE];
	int64_t position, printed;
	int rows; /* the number of rows of the last page */
	struct buf out;
	bool is_lost; /* the cursor of --from is not valid for this log */
};

static void
on_signal(int number)
{
	is_told = 1;
}

/* Finds the position to begin at. */
static void
run_begin(struct store *st, void *arg)
{
	struct job *j = arg;
	const struct options *o = j->options;

	incarnation_current(st, j->incarnation);
	j->position = eventlog_newest(st);
	if (o->from)
		j->is_lost = cursor_resolve(st, span_of(o->from), &j->position) != CURSOR_GOOD;
	else if (o->last > 0)
		j->position = j->position > o->last ? j->position - o->last : 0;
}

static bool
on_row(const struct eventlog_row *row, void *arg)
{
	struct job *j = arg;
	char cursor[CURSOR_SIZE];
	struct buf data = {0};

	if (j->options->count > 0 && j->printed == j->options->count)
		return false;
	j->position = row->position;
	j->rows++;
	if (!row->durable || (j->topic.n > 0 && !span_eq(j->topic, row->topic)))
		return true;
	json_open(&j->out, '{');
	json_member_cstr(&j->out, "cursor", cursor_format(cursor, j->incarnation, row->position));
	json_member_time(&j->out, "at", row->at);
	json_member_string(&j->out, "topic", row->topic);
	json_member_string(&j->out, "event", row->event);
	view_row(&data, row);
	json_member_raw(&j->out, "data", buf_as_span(&data));
	buf_clear(&data);
	if (row->actor.n > 0)
		json_member_string(&j->out, "actor", row->actor);
	json_close(&j->out, '}');
	buf_addc(&j->out, '\n');
	j->printed++;
	return true;
}

static void
run_page(struct store *st, void *arg)
{
	struct job *j = arg;

	j->rows = 0;
	incarnation_current(st, j->incarnation);
	eventlog_after(st, j->position, PAGE, on_row, j);
}

static bool
is_enough(const struct job *j)
{
	return is_told || (j->options->count > 0 && j->printed >= j->options->count);
}

static int
follow(struct site *p, struct job *j)
{
	int status = EXIT_GOOD;

	while (status == EXIT_GOOD && !is_enough(j)) {
		status = site_read(p, run_page, j);
		fwrite(buf_as_span(&j->out).p, 1, j->out.len, stdout);
		j->out.len = 0;
		if (fflush(stdout) != 0)
			return fail("standard output cannot be written");
		while (j->rows < PAGE && !is_enough(j) && !store_changed(p->store))
			nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
	}
	return status;
}

int
tail(const struct options *o)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct job j = {.options = o};
	struct site p;
	int status;

	if (o->topic && !topic_normal(j.topic_text, span_of(o->topic), &j.topic))
		return fail_usage("tail: --topic: escrow_ID or user:WALLET is accepted");
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	status = site_open(&p, o);
	if (status == EXIT_GOOD)
		status = site_read(&p, run_begin, &j);
	if (status == EXIT_GOOD && j.is_lost)
		status = fail("%s: no position of this log", o->from);
	if (status == EXIT_GOOD)
		status = follow(&p, &j);
	buf_clear(&j.out);
	site_close(&p);
	return status;
}
