/* SPDX-License-Identifier: ISC */
/*
 * replay_page.c - one page of the log for a session that is behind, on the loop's thread.
 */
#include "hub/replay/replay_page.h"

#include <stdlib.h>

#include "base/mem.h"

void
replay_page_fill(struct replay_page *p, const struct session *s)
{
	p->user = session_user(s);
	p->until = s->hub->position;
	p->sources = mem_zalloc(s->n_behind * sizeof(*p->sources));
	p->serials = mem_zalloc(s->n_behind * sizeof(*p->serials));
	p->names = mem_zalloc(s->n_behind * sizeof(*p->names));
	p->n = 0;
	p->has_gap = false;
	for (struct subscription *sub = s->subscriptions; sub != NULL; sub = sub->next) {
		bool is_own = sub->topic->room == NULL;
		struct span name = is_own ? topic_wallet(sub->topic) : topic_escrow(sub->topic);

		if (!subscription_is_behind(sub))
			continue;
		memcpy(p->names[p->n], name.p, name.n);
		p->serials[p->n] = is_own ? 0 : subscription_seat(sub)->serial;
		p->sources[p->n] = (struct feed_source){
		    .name = {p->names[p->n], name.n}, .own = is_own, .after = sub->position};
		p->n++;
	}
}

void
replay_page_clear(struct replay_page *p)
{
	free(p->sources);
	free(p->serials);
	free(p->names);
	buf_clear(&p->rows);
	p->sources = NULL;
	p->serials = NULL;
	p->names = NULL;
	p->n = 0;
	p->has_gap = false;
}

bool
replay_page_has(const struct replay_page *p, struct subscription *sub)
{
	bool is_own = sub->topic->room == NULL;

	for (int i = 0; i < p->n; i++) {
		if (p->sources[i].own == is_own &&
		    (is_own || p->serials[i] == subscription_seat(sub)->serial))
			return true;
	}
	return false;
}
