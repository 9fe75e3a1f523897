/* SPDX-License-Identifier: ISC */
/*
 * token.c - tokens of users: makes one without a signature, lists the valid ones, and ends them.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "chat/chat.h"
#include "ctl/commands.h"
#include "ctl/site.h"
#include "identity/tokens.h"

#define TOKEN_CHARS 52 /* of 5 random bits each */
#define ID_CHARS    16 /* of a token's hash: the id that list shows */

struct job {
	const struct options *options;
	struct user user;
	struct span id;
	int64_t now_ms, expires_ms;
	char hash[TOKEN_HASH_SIZE]; /* of the token that issue made, or the id found */
	struct token_row found;
	int n_found;
};

/* ---- issue ---- */

static bool
run_issue(struct store *st, void *arg)
{
	struct job *j = arg;

	token_row_insert(st, span_of(j->hash), span_of(j->user.key), span_of(j->user.name),
	    j->now_ms, j->expires_ms);
	return store_error(st) == STORE_OK;
}

static int
issue(struct site *p, struct job *j)
{
	int64_t lifetime_ms = j->options->lifetime_s > 0 ? j->options->lifetime_s * 1000
							 : p->config.token_lifetime_ms;
	char token[TOKEN_CHARS + 1];
	int status;

	if (p->config.auth != AUTH_WALLET)
		return fail("token issue: tokens of this server are for auth = wallet");
	ids_token(token, TOKEN_CHARS);
	token_hash(j->hash, span_of(token));
	j->expires_ms = j->now_ms + lifetime_ms;
	status = site_write(p, run_issue, j);
	if (status == EXIT_GOOD)
		puts(token);
	explicit_bzero(token, sizeof(token));
	return status;
}

/* ---- list ---- */

static void
on_token(const char *hash, const struct token_row *t, void *arg)
{
	char created[CLOCK_ISO_SIZE], expires[CLOCK_ISO_SIZE], used[CLOCK_ISO_SIZE];

	printf("%.*s  %s  issued %s  expires %s  used %s\n", ID_CHARS, hash, t->name,
	    clock_iso(created, t->created_at), clock_iso(expires, t->expires_at),
	    clock_iso(used, t->used_at));
}

static void
run_list(struct store *st, void *arg)
{
	struct job *j = arg;

	token_rows_each(st, span_of(j->user.key), j->now_ms, on_token, j);
}

/* ---- revoke ---- */

static void
on_candidate(const char *hash, const struct token_row *t, void *arg)
{
	struct job *j = arg;

	if (memcmp(hash, j->id.p, j->id.n) != 0)
		return;
	memcpy(j->hash, hash, sizeof(j->hash));
	j->found = *t;
	j->n_found++;
}

static bool
run_revoke(struct store *st, void *arg)
{
	struct job *j = arg;

	j->n_found = 0;
	if (j->options->is_all) {
		tokens_end(st, span_of(j->user.key), j->now_ms);
		return store_error(st) == STORE_OK;
	}
	token_rows_each(st, span_of(j->user.key), j->now_ms, on_candidate, j);
	if (j->n_found != 1)
		return false;
	token_row_end(st, span_of(j->hash), span_of(j->found.wallet), j->found.expires_at);
	return store_error(st) == STORE_OK;
}

static int
revoke(struct site *p, struct job *j)
{
	int status = site_write(p, run_revoke, j);

	if (status != EXIT_GOOD || j->options->is_all || j->n_found == 1)
		return status;
	return fail("token revoke: %s: %s", j->id.p,
	    j->n_found == 0 ? "no valid token has this id" : "more than one token has this id");
}

/* ---- the subcommands ---- */

static int
list(struct site *p, struct job *j)
{
	return site_read(p, run_list, j);
}

/* Each checks the arguments of a subcommand. NULL: they are right; else the end of an error
 * line. */
static const char *
judge_issue(const struct options *o)
{
	return o->n_args == 2 && !o->wallet && !o->is_all ? NULL : "one WALLET is accepted";
}

static const char *
judge_list(const struct options *o)
{
	return o->n_args == 1 && !o->is_all ? NULL : "nothing but --wallet is accepted";
}

static const char *
judge_revoke(const struct options *o)
{
	size_t n = o->n_args == 2 ? strlen(o->args[1]) : 0;

	if (o->is_all)
		return o->n_args == 1 && o->wallet ? NULL : "--all goes with --wallet alone";
	return n >= ID_CHARS && n < TOKEN_HASH_SIZE && !o->wallet
		   ? NULL
		   : "the id that list shows, or --wallet and --all, is accepted";
}

static const struct verb {
	const char *name;
	const char *(*judge)(const struct options *);
	int (*run)(struct site *, struct job *);
} verbs[] = {
    {"issue", judge_issue, issue},
    {"list", judge_list, list},
    {"revoke", judge_revoke, revoke},
};

static int
run_verb(const struct verb *v, struct job *j)
{
	const struct options *o = j->options;
	const char *second = o->n_args == 2 ? o->args[1] : NULL, *why = v->judge(o);
	const char *wallet = v->run == issue ? second : o->wallet;
	struct site p;
	int status;

	if (why != NULL)
		return fail_usage("token %s: %s", v->name, why);
	if (wallet && !name_wallet(span_of(wallet), &j->user))
		return fail_usage("token %s: %s: no walletAddress", v->name, wallet);
	j->id = span_of(second);
	status = site_open(&p, o);
	if (status == EXIT_GOOD)
		status = v->run(&p, j);
	site_close(&p);
	return status;
}

int
token(const struct options *o)
{
	struct job j = {.options = o, .now_ms = clock_wall_ms()};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(o->args[0], verbs[i].name) == 0)
			return run_verb(&verbs[i], &j);
	}
	return fail_usage("token: issue, list and revoke are accepted");
}
