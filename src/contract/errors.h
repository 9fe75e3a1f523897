/* SPDX-License-Identifier: ISC */
/*
 * errors.h - the refusals that clients see: each has an error code, an HTTP status, and a sentence
 * for people. All functions can be called on any thread.
 */
#ifndef CONTRACT_ERRORS_H
#define CONTRACT_ERRORS_H

#include <stddef.h>

/* The reasons for a refusal: the error codes that clients see. */
enum error {
	ERROR_NONE,
	ERROR_BAD_REQUEST,
	ERROR_BAD_FRAME,
	ERROR_UNAUTHORIZED,
	ERROR_WALLET_MISMATCH,
	ERROR_OPEN_IS_LOCAL,
	ERROR_FORBIDDEN,
	ERROR_NOT_PARTICIPANT,
	ERROR_NOT_FOUND,
	ERROR_REMOVED,
	ERROR_EMPTY,
	ERROR_TOO_LONG,
	ERROR_RATE_LIMITED,
	ERROR_CONFLICT,
	ERROR_IDEMPOTENCY_MISMATCH,
	ERROR_OFFCHAIN_ENVELOPE, /* this and the next: of a sign-in */
	ERROR_CONTRACT_WALLET,
	ERROR_UNAVAILABLE
};
const char *error_code(enum error); /* like "not_participant"; static */
const char *error_text(enum error); /* a sentence for people; static */
int error_status(enum error);       /* of HTTP */
/* The error of a refusal that HTTP itself makes, by its status; most are ERROR_BAD_REQUEST. */
enum error error_of_status(int status);

/* Writes the sentence of ERROR_RATE_LIMITED for a wallet that has reached its limit of connections;
 * returns out. */
#define ERROR_FULL_SIZE 112
const char *error_full_text(char out[ERROR_FULL_SIZE], size_t limit);

#endif
