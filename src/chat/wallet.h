/* SPDX-License-Identifier: ISC */
/*
 * wallet.h - addresses that stand for keys, and signatures by these keys: EVM (secp256k1, EIP-191) and Solana (ed25519).
 * The kind of key follows from the address alone.
 */
#ifndef CHAT_WALLET_H
#define CHAT_WALLET_H

#include "base/recover.h"
#include "chat/chat.h"

#define WALLET_KEY_SIZE  32
#define WALLET_NAME_SIZE 45 /* an address as it is shown, and its NUL */

enum wallet_kind {
	WALLET_OTHER, /* an opaque name: nobody can sign for it */
	WALLET_EVM,
	WALLET_SOLANA
};

struct wallet {
	enum wallet_kind kind;
	bool
	    is_unsafe; /* the zero address; an ed25519 key that others can sign for, or that is not spelt as it should be */
	uint8_t key[WALLET_KEY_SIZE]; /* EVM: the 20 bytes of the address; Solana: the public key */
	char name
	    [WALLET_NAME_SIZE]; /* EVM with the capitals of EIP-55, Solana as it is; of the others: "" */
};

void wallet_read(struct wallet *, struct span address);

/* True for what some Solana wallets sign instead of a text: "solana offchain" behind the byte 0xFF (in JSON: U+00FF). */
bool wallet_is_envelope(struct span text);

/* Whether the wallet's key signed text. CHAT_OK; CHAT_BAD_REQUEST: this is no signature of such a key; CHAT_CONTRACT_WALLET: it looks
 * like one of a contract; CHAT_OFFCHAIN_ENVELOPE: text is not what was to be signed; CHAT_UNAUTHORIZED: it is another's. */
enum chat_err wallet_check(
    const struct wallet *, const struct recover *, struct span text, struct span signature);

#endif
