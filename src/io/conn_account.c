/* SPDX-License-Identifier: ISC */
/*
 * conn_account.c - connections whose peers read slowly: the bytes that wait in their rings, and the
 * accounts that are charged with them.
 */
#include "io/conn_struct.h"

#include "base/log.h"
#include "base/mem.h"

/* ---- the account of a connection ---- */

void
conn_set_account(struct conn *c, struct account *account)
{
	struct accounts *as = c->net->options.accounts;
	struct account *before = c->account;
	int64_t bytes = c->behind_at > 0 ? (int64_t)c->net->behind[c->behind_at - 1].bytes : 0;

	if (as == NULL || c->state == CONN_CLOSED || before == account)
		return;
	c->account = account_ref(account);
	account_charge(as, before, -bytes, true);
	account_charge(as, account, bytes, true);
	account_give_back(before);
}

void
conn_set_wallet(struct conn *c, struct span wallet)
{
	struct account *a;

	if (c->net->options.accounts == NULL || account_is_of(c->account, wallet))
		return;
	a = account_open(c->net->options.accounts, wallet);
	conn_set_account(c, a);
	account_give_back(a);
}

bool
conn_is_behind(const struct conn *c)
{
	return c->is_behind;
}

void
conn_forget_wallet(struct conn *c)
{
	if (c->behind_at > 0)
		return;
	account_give_back(c->account);
	c->account = NULL;
}

/* ---- connections whose ring is not empty ---- */

static struct backlog *
enter_behind(struct conn *c)
{
	struct net *net = c->net;

	if (net->n_behind == net->cap_behind) {
		net->cap_behind = net->cap_behind ? net->cap_behind * 2 : 64;
		net->behind = mem_realloc(net->behind, net->cap_behind, sizeof(struct backlog));
	}
	net->behind[net->n_behind++] = (struct backlog){c, 0};
	c->behind_at = (uint32_t)net->n_behind;
	c->is_behind = true;
	return &net->behind[net->n_behind - 1];
}

static void
leave_behind(struct conn *c)
{
	struct net *net = c->net;
	struct backlog *last = &net->behind[--net->n_behind];

	net->behind[c->behind_at - 1] = *last;
	last->conn->behind_at = c->behind_at;
	c->behind_at = 0;
	c->is_behind = false;
}

/* Opens the account of a connection, if its protocol knows the wallet. The bytes that wait already
 * are moved to it. */
static void
open_account(struct conn *c)
{
	struct span wallet = c->protocol->wallet(c);
	struct account *a;

	if (wallet.n == 0)
		return;
	a = account_open(c->net->options.accounts, wallet);
	conn_set_account(c, a);
	account_give_back(a);
}

void
net_count_behind(struct conn *c)
{
	struct accounts *as = c->net->options.accounts;
	struct backlog *b = c->behind_at > 0 ? &c->net->behind[c->behind_at - 1] : enter_behind(c);
	size_t bytes = ring_bytes(&c->ring);
	int64_t more = (int64_t)bytes - (int64_t)b->bytes;

	/* A user may become known while bytes wait. A connection that ends has bytes == 0. */
	if (bytes > 0 && as != NULL && c->account == NULL && c->protocol->wallet != NULL)
		open_account(c);
	b->bytes = bytes;
	if (more != 0 && as != NULL)
		account_charge(as, c->account, more, true);
	if (bytes > 0)
		return;
	leave_behind(c);
	if (c->protocol->wallet != NULL)
		conn_forget_wallet(c);
}

size_t
net_largest_behind(void *arg, const struct account *account, void **conn)
{
	const struct net *net = arg;
	size_t most = 0;

	for (size_t i = 0; i < net->n_behind; i++) {
		const struct backlog *b = &net->behind[i];

		if ((account == NULL || b->conn->account == account) && b->bytes > most) {
			most = b->bytes;
			*conn = b->conn;
		}
	}
	return most;
}

size_t
net_queued(void *arg, const struct account *account)
{
	const struct net *net = arg;
	size_t bytes = 0;

	for (size_t i = 0; i < net->n_behind; i++) {
		const struct backlog *b = &net->behind[i];
		bytes += b->conn->account == account ? b->bytes : 0;
	}
	return bytes;
}

void
conn_cut(void *net, void *conn)
{
	struct conn *c = conn;

	log_debug("conn %u: closed: " ACCOUNT_OVERRUN, c->number);
	if (c->state != CONN_OPEN || c->protocol->on_overrun == NULL) {
		conn_close(c, ACCOUNT_OVERRUN);
		return;
	}
	ring_give_up(&c->ring);
	c->protocol->on_overrun(c);
	if (c->state != CONN_CLOSED)
		net_count_behind(c);
}
