/* SPDX-License-Identifier: ISC */
/*
 * wakeup.h - when to look at the log: the doorbell, inotify on the -wal file, and a poll that needs neither.
 */
#ifndef NET_WAKEUP_H
#define NET_WAKEUP_H

#include "net/loop.h"
#include "store/bell.h"

struct wakeup;

/* Another process has committed (is_certain), or may have. */
typedef void wakeup_look(void *arg, bool is_certain);

/* Calls look whenever that is so; borrowed: bell, database. */
struct wakeup *
wakeup_new(struct loop *, struct bell *, const char *database, wakeup_look *look, void *arg);
/* This process has just committed, and looked: what inotify says next is mostly its own. */
void wakeup_note_commit(struct wakeup *);
void wakeup_free(struct wakeup *); /* NULL is fine */

#endif
