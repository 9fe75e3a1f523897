/* SPDX-License-Identifier: ISC */
/*
 * admission.h - decides who is let in. The reader's thread looks up the user and the session that
 * they ask for (admission_job.h). Then admission_verdict decides for /ws, SSE and long-poll; for
 * Socket.IO chatio.c and hub/recovery/recovery.c decide. All functions belong to the loop's thread.
 */
#ifndef WIRES_ADMISSION_H
#define WIRES_ADMISSION_H

#include "wires/admission_job.h"

/* A new admission. Its owner sets lookup.cursor and the rooms and, for a request, carried
 * (gate_read or gate_read_cors, and no refusal); then it calls admission_of_request or
 * admission_of_handshake. cursor and rooms are borrowed until that call returns. The admission then
 * frees itself; the owner frees it with admission_free only if neither was called. */
struct admission *admission_new(const struct gate *, void *owner);
void admission_free(struct admission *);
/* Adds a room to the question (borrowed). False: the question has STREAM_ROOMS_MAX already. */
bool admission_add_room(struct admission *, struct span escrow_id);

/* Looks up the user who sends a request and the rest of the question, and calls go_on: within this
 * call if no look-up is needed, else when the look-up is done. go_on is not called if the identity
 * is not good (the request is refused), if serve_now has served the request, or if the client has
 * left. In any case clear (may be NULL) frees owner before the admission is freed. */
void admission_of_request(struct admission *, struct web_request *,
    void (*go_on)(struct web_request *, struct admission *), void (*clear)(void *owner));

/* Refuses a request: with refuse of the admission, or else with web_refuse. */
void admission_refuse(const struct admission *, struct web_request *, enum error, const char *why);

/* Looks up a user who is named after the handshake (Socket.IO CONNECT), and the rest of the
 * question. done is called once, with err set, unless the admission is cancelled before. True: done
 * is called later. False: done was called within this call. */
bool admission_of_handshake(
    struct admission *, const struct handshake *, struct later *, void (*done)(struct admission *));
/* From now on done is not called. The admission still frees itself. */
void admission_cancel(struct admission *);

/* ERROR_NONE: a session may be opened. Otherwise the result is the reason for the refusal, and *why
 * is a sentence or NULL. A wallet with too many sessions is ERROR_RATE_LIMITED; leaving (may be
 * NULL) is a session of the user that is about to end, and is not counted. */
enum error admission_verdict(
    struct admission *, const struct session *leaving, struct hub_time, const char **why);

#endif
