/* SPDX-License-Identifier: ISC */
/*
 * rights.c - events that depend on what their user may do in an escrow: the loop's part of them.
 * rights_job.c has the reader's part.
 */
#include "hub/room/rights.h"

#include "hub/room/changes.h"

void
rights_read(struct rights_call *r)
{
	call_read(&r->call, rights_run);
}

static bool
apply_nothing(struct call *c, struct hub_time now)
{
	return true;
}

void
rights_only(const struct incoming *in)
{
	struct rights_call *r = call_new(in, sizeof(*r), apply_nothing);

	rights_read(r);
}

bool
rights_stand(struct rights_call *r)
{
	const struct call *c = &r->call;

	if (!changes_since(
		c->job.hub->changes, span_of(c->user.key), span_of(c->escrow_id), r->checked))
		return true;
	call_read_again(&r->call, rights_run);
	return false;
}
