/* SPDX-License-Identifier: ISC */
/*
 * loop_event.h - the loop's event base, for the files of this floor that own descriptors.
 */
#ifndef IO_LOOP_EVENT_H
#define IO_LOOP_EVENT_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "io/loop.h"

struct event_base *loop_base(struct loop *);

/* Watches for an event that was assigned, without a time-out. False: the system refuses; errno says
 * why. */
bool loop_event_add(struct event *);

#endif
