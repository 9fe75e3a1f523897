/* SPDX-License-Identifier: ISC */
/*
 * errors.c - each refusal: its HTTP status, its error code, and a sentence for people.
 */
#include "contract/errors.h"

#include <stdio.h>

static const struct {
	int status; /* of HTTP */
	const char *code, *text;
} errors[] = {
    [ERROR_NONE] = {200, "ok", "Done."},
    [ERROR_BAD_REQUEST] = {400, "bad_request", "The request is malformed."},
    [ERROR_BAD_FRAME] = {400, "bad_frame", "The frame is no event object."},
    [ERROR_UNAUTHORIZED] = {401, "unauthorized", "A valid identity is required."},
    [ERROR_WALLET_MISMATCH] = {401, "wallet_mismatch",
	"The wallet address differs from the credential's."},
    [ERROR_OPEN_IS_LOCAL] = {403, "open_is_local",
	"This server's mode of authentication serves its own machine only."},
    [ERROR_FORBIDDEN] = {403, "forbidden", "This is not allowed."},
    [ERROR_NOT_PARTICIPANT] = {403, "not_participant", "You are not a participant of this escrow."},
    [ERROR_NOT_FOUND] = {404, "not_found", "There is no such thing."},
    [ERROR_REMOVED] = {403, "removed", "You are no longer a participant of this escrow."},
    [ERROR_EMPTY] = {400, "empty", "The message is empty."},
    [ERROR_TOO_LONG] = {413, "too_long", "The message is longer than 5000 characters."},
    [ERROR_RATE_LIMITED] = {429, "rate_limited", "Too much at once; try again shortly."},
    [ERROR_CONFLICT] = {409, "conflict", "The request conflicts with the present state."},
    [ERROR_IDEMPOTENCY_MISMATCH] = {422, "idempotency_mismatch",
	"This clientMsgId was used for another message."},
    [ERROR_OFFCHAIN_ENVELOPE] = {400, "offchain_envelope",
	"The message must be signed as it is, not inside Solana's off-chain envelope."},
    [ERROR_CONTRACT_WALLET] = {400, "contract_wallet",
	"Signatures of contract wallets are not accepted, only those of a key."},
    [ERROR_UNAVAILABLE] = {503, "unavailable",
	"The database cannot be used at the moment; try again shortly."},
};

const char *
error_code(enum error err)
{
	return errors[err].code;
}

const char *
error_text(enum error err)
{
	return errors[err].text;
}

int
error_status(enum error err)
{
	return errors[err].status;
}

enum error
error_of_status(int status)
{
	switch (status) {
	case 404:
		return ERROR_NOT_FOUND;
	case 413:
	case 414:
		return ERROR_TOO_LONG;
	case 429:
		return ERROR_RATE_LIMITED;
	case 503:
		return ERROR_UNAVAILABLE;
	default:
		return ERROR_BAD_REQUEST;
	}
}

const char *
error_full_text(char out[ERROR_FULL_SIZE], size_t limit)
{
	snprintf(out, ERROR_FULL_SIZE,
	    "Too much at once: this wallet has %zu connections already, which is the limit.",
	    limit);
	return out;
}
