/* SPDX-License-Identifier: ISC */
/*
 * time_now.h - the time for the hub's functions, which read no clock themselves.
 */
#ifndef WIRES_TIME_NOW_H
#define WIRES_TIME_NOW_H

#include "base/clock.h"
#include "hub/transport.h"

static inline struct hub_time
time_now(void)
{
	return (struct hub_time){clock_mono_ms(), clock_wall_ms()};
}

#endif
