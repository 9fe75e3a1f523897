/* SPDX-License-Identifier: ISC */
/*
 * wallet.h - the keys that addresses stand for, and signatures by these keys: EVM (secp256k1,
 * EIP-191) and Solana (ed25519). The address alone decides the kind of key.
 */
#ifndef IDENTITY_WALLET_H
#define IDENTITY_WALLET_H

#include "base/span.h"
#include "contract/errors.h"
#include "crypto/recover.h"

#define WALLET_KEY_SIZE  32
#define WALLET_NAME_SIZE 45 /* an address as it is shown, and its NUL */

enum wallet_kind {
	WALLET_OTHER, /* an opaque name: nobody can sign for it */
	WALLET_EVM,
	WALLET_SOLANA
};

struct wallet {
	enum wallet_kind kind;
	/* The zero address, or an ed25519 key that anybody can sign for or that has a non-canonical
	 * encoding. */
	bool is_unsafe;
	uint8_t key[WALLET_KEY_SIZE]; /* EVM: the 20 bytes of the address; Solana: the public key */
	char name[WALLET_NAME_SIZE]; /* EVM with the capitals of EIP-55, Solana as it is; else "" */
};

/* Reads an address; any other text gives WALLET_OTHER. */
void wallet_read(struct wallet *, struct span address);

/* True if text begins like the off-chain envelope that some Solana wallets sign instead of the
 * text: with the byte 0xFF (in JSON: U+00FF). */
bool wallet_is_envelope(struct span text);

/* ERROR_NONE if the wallet's key signed text. ERROR_BAD_REQUEST: the signature does not have the
 * form for such a key, or the wallet is WALLET_OTHER or unsafe. ERROR_CONTRACT_WALLET: the
 * signature is longer than one of a key, as those of contracts are. ERROR_OFFCHAIN_ENVELOPE: text
 * is an envelope (Solana). ERROR_UNAUTHORIZED: the signature is not this wallet's. */
enum error wallet_check(
    const struct wallet *, const struct recover *, struct span text, struct span signature);

#endif
