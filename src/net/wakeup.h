/* SPDX-License-Identifier: ISC */
/*
 * wakeup.h - when to look at the log: the doorbell, inotify on the -wal file, and a poll that needs neither.
 */
#ifndef NET_WAKEUP_H
#define NET_WAKEUP_H

#include "net/loop.h"
#include "store/bell.h"
#include "store/store.h"

struct wakeup;

/* Calls look whenever another process may have committed; borrowed: bell, store (this thread's), database. */
struct wakeup *wakeup_new(
    struct loop *, struct bell *, struct store *, const char *database, loop_cb *look, void *arg);
/* This process has just committed, and looked: what inotify says next is mostly its own. */
void wakeup_note_commit(struct wakeup *);
void wakeup_free(struct wakeup *); /* NULL is fine */

#endif
