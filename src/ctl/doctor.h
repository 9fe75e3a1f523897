/* SPDX-License-Identifier: ISC */
/*
 * doctor.h - what doctor looks at: probes, each a row; what can be wrong; and for each web server the line that puts it right.
 */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include "ctl/fetch.h"
#include "ctl/options.h"

enum fault {
	FAULT_NONE,
	FAULT_NO_DAEMON, /* its paths are answered by somebody else, or by nobody */
	FAULT_NO_REST,
	FAULT_NO_AUTHORIZATION_DAEMON,
	FAULT_NO_AUTHORIZATION_REST,
	FAULT_NO_UPGRADE,
	FAULT_BUFFERED,
	FAULT_CUT,
	FAULT_FORGED,
	FAULT_COUNT
};

struct doctor {
	const struct options *options;
	const char *headers[FETCH_HEADERS]; /* who the user is, for streams */
	struct buf token;                   /* the line Authorization, if there is a token */
	struct buf wallet;                  /* the line X-Wallet-Address */
	struct buf server;                  /* what answers say that the web server is */
};

struct finding {
	enum {
		FOUND_GOOD,
		FOUND_WRONG,
		FOUND_NOTHING
	} verdict;        /* nothing: it could not be looked at */
	enum fault fault; /* with FOUND_WRONG */
	char text[320];
};

struct probe {
	const char *name;
	void (*look)(struct doctor *, struct finding *);
	bool is_needed; /* where it is wrong, nothing further can be looked at */
};
extern const struct probe probes[];
extern const size_t n_probes;

/* Appends "  FILE: LINE" for the server whose name server begins with, for each server if there is none of that name. */
void remedy(enum fault, struct span server, struct buf *out);

#endif
