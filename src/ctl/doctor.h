/* SPDX-License-Identifier: ISC */
/*
 * doctor.h - for the command doctor: the table of its probes, the faults that they find, and for
 * each web server the line of configuration that corrects a fault.
 */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include "ctl/fetch.h"
#include "ctl/options.h"

enum fault {
	FAULT_NONE,
	FAULT_NO_DAEMON, /* another program answers the daemon's paths, or none does */
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
	const char *headers[FETCH_HEADERS]; /* those that name the user, for streams */
	struct buf token;                   /* the line Authorization, if there is a token */
	struct buf wallet;                  /* the line X-Wallet-Address */
	struct buf server;                  /* the header Server of the answers */
};

struct finding {
	/* FOUND_NOTHING: the probe could not be made */
	enum { FOUND_GOOD, FOUND_WRONG, FOUND_NOTHING } verdict;
	enum fault fault; /* with FOUND_WRONG */
	char text[320];
};

struct probe {
	const char *name;
	void (*run)(struct doctor *, struct finding *);
	bool is_needed; /* if it finds a fault, the later probes cannot be made */
};
extern const struct probe probes[];
extern const size_t n_probes;

/* Appends a line "FILE: LINE OF CONFIGURATION" that corrects a fault. server is the header Server;
 * if it names no server that is known here, appends a line for each known server. */
void remedy(enum fault, struct span server, struct buf *out);

#endif
