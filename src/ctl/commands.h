/* SPDX-License-Identifier: ISC */
/*
 * commands.h - the commands of escrowchatctl. Each takes its options and returns the exit status.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/options.h"

int doctor(const struct options *);
int publish(const struct options *);
int tail(const struct options *);
int stats(const struct options *);
int token(const struct options *);
int key(const struct options *);
int check_db(const struct options *);

#endif
