/* SPDX-License-Identifier: ISC */
/*
 * admission.h - decides who is let in. The reader's thread looks up who asks and what the store
 * knows of their session (admission_job.h); then one function gives the verdict, with one set of
 * sentences. All functions belong to the loop's thread.
 */
#ifndef NET_ADMISSION_H
#define NET_ADMISSION_H

#include "net/admission_job.h"

/* A new admission. Its owner sets look.cursor and the rooms (both borrowed until one of the two
 * functions below returns) before the look-up begins. The owner frees an admission with
 * admission_free only if the look-up was not begun; otherwise the admission frees itself. */
struct admission *admission_new(const struct gate *, void *own);
void admission_free(struct admission *);
/* Adds a room to ask for (borrowed). False: there are STREAM_ROOMS_MAX already. */
bool admission_add_room(struct admission *, struct span escrow_id);

/* Looks up who sends a request, and the rest of the question for that user, and calls go_on: within
 * this call if no look-up is needed, else when the look-up is done. go_on is not called where the
 * identity is not good (the request is refused) or the client has left. In any case clear (may be
 * NULL) frees own before the admission is freed. */
void admission_of_request(struct admission *, struct web_request *,
    void (*go_on)(struct web_request *, struct admission *), void (*clear)(void *own));

/* The same for a client that says who it is after its handshake. done is called once, with err set,
 * within this call or later, unless the admission is cancelled before. True: done is called
 * later. */
bool admission_of_handshake(
    struct admission *, const struct handshake *, struct later *, void (*done)(struct admission *));
/* done is not called any more. The admission frees itself. */
void admission_cancel(struct admission *);

/* CHAT_OK: a session may be opened. Otherwise the reason for the refusal, and *why is a sentence or
 * NULL. leaving: a session of the user that makes room, or NULL. */
enum chat_err admission_verdict(
    struct admission *, const struct session *leaving, struct hub_time, const char **why);

#endif
