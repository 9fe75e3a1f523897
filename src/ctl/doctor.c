/* SPDX-License-Identifier: ISC */
/*
 * doctor.c - tests a deployment from outside, and says what is wrong and which line to change.
 */
#include "ctl/doctor.h"

#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/secret_file.h"
#include "ctl/site.h"

static int
prepare(struct doctor *d)
{
	const struct options *o = d->options;
	size_t n = 0;

	if (o->wallet)
		buf_printf(&d->wallet, "X-Wallet-Address: %s", o->wallet);
	if (o->token_file) {
		int status;

		buf_str(&d->token, "Authorization: Bearer ");
		status = secret_file_token(o->token_file, &d->token);
		if (status != EXIT_GOOD)
			return status;
		d->headers[n++] = buf_cstr(&d->token);
	} else if (!o->wallet) {
		buf_str(&d->wallet, "X-Wallet-Address: doctor");
	}
	if (d->wallet.len > 0)
		d->headers[n++] = buf_cstr(&d->wallet);
	return EXIT_GOOD;
}

/* True: the probe found no fault. */
static bool
report(const struct doctor *d, const struct probe *p, const struct finding *f)
{
	static const char *const words[] = {"ok", "WRONG", "-"};
	struct span server =
	    d->options->server ? span_of(d->options->server) : buf_as_span(&d->server);
	struct buf out = {0};

	printf("%-5s  %-13s  %s\n", words[f->verdict], p->name, f->text);
	if (f->verdict == FOUND_WRONG) {
		remedy(f->fault, server, &out);
		fputs(buf_cstr(&out), stdout);
	}
	fflush(stdout);
	buf_clear(&out);
	return f->verdict != FOUND_WRONG;
}

int
doctor(const struct options *o)
{
	struct doctor d = {.options = o};
	bool can_go_on;
	int status;

	if (strncmp(o->args[0], "http://", 7) != 0 && strncmp(o->args[0], "https://", 8) != 0)
		return fail_usage(
		    "doctor: %s: a URL that begins with http:// or https:// is accepted",
		    o->args[0]);
	status = prepare(&d);
	can_go_on = status == EXIT_GOOD;
	for (size_t i = 0; can_go_on && i < n_probes; i++) {
		struct finding f = {0};

		probes[i].run(&d, &f);
		if (report(&d, &probes[i], &f))
			continue;
		status = EXIT_WRONG;
		can_go_on = !probes[i].is_needed;
	}
	if (d.token.p)
		explicit_bzero(d.token.p, d.token.len);
	buf_clear(&d.token);
	buf_clear(&d.wallet);
	buf_clear(&d.server);
	return status;
}
