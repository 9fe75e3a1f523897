/* SPDX-License-Identifier: ISC */
/*
 * errors.h - the refusals that clients see: each has an error code, an HTTP status, and a sentence
 * for people. All functions can be called on any thread.
 */
#ifndef CONTRACT_ERRORS_H
#define CONTRACT_ERRORS_H

#include <stddef.h>

/* The reasons for a refusal: the error codes that clients see. */
enum chat_err {
	CHAT_OK,
	CHAT_BAD_REQUEST,
	CHAT_BAD_FRAME,
	CHAT_UNAUTHORIZED,
	CHAT_WALLET_MISMATCH,
	CHAT_OPEN_IS_LOCAL,
	CHAT_FORBIDDEN,
	CHAT_NOT_PARTICIPANT,
	CHAT_NOT_FOUND,
	CHAT_REMOVED,
	CHAT_EMPTY,
	CHAT_TOO_LONG,
	CHAT_RATE_LIMITED,
	CHAT_CONFLICT,
	CHAT_IDEMPOTENCY_MISMATCH,
	CHAT_OFFCHAIN_ENVELOPE, /* this and the next: of a sign-in */
	CHAT_CONTRACT_WALLET,
	CHAT_UNAVAILABLE
};
const char *chat_err_code(enum chat_err); /* like "not_participant"; static */
const char *chat_err_text(enum chat_err); /* a sentence for people; static */
int chat_err_status(enum chat_err);       /* of HTTP */

/* Writes the sentence of CHAT_RATE_LIMITED for a wallet that has reached its limit of connections;
 * returns out. */
#define CHAT_FULL_SIZE 112
const char *chat_full_text(char out[CHAT_FULL_SIZE], size_t limit);

#endif
