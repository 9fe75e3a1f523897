/* SPDX-License-Identifier: ISC */
/*
 * hub_start_job.c - runs on the thread that starts the daemon, before the loop: reads where the log
 * stands.
 */
#include "hub/hub.h"

#include <string.h>

#include "store/tables/eventlog.h"

void
hub_start_read(struct store *st, struct hub_start *start)
{
	start->position = eventlog_newest(st);
	incarnation_current(st, start->incarnation);
}
