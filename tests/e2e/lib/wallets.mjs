// SPDX-License-Identifier: ISC
// wallets.mjs - keys that sign in: of node's own crypto, which every test can have, and those of
// the libraries that wallets use.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';

import { request } from './http.mjs';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Bytes in base58, each leading zero byte a '1'. */
export function base58(bytes) {
	let text = '';
	for (let n = BigInt(`0x${Buffer.from(bytes).toString('hex') || 0}`); n > 0n; n /= 58n)
		text = ALPHABET[Number(n % 58n)] + text;
	for (const byte of bytes) {
		if (byte !== 0)
			break;
		text = '1' + text;
	}
	return text;
}

/** A new ed25519 key, as Solana's wallets have them: {address, sign(text)}. */
export function newWallet() {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519');
	const address = base58(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
	return { address, sign: (text) => base58(sign(null, Buffer.from(text), privateKey)) };
}

export const post = (target, path, body, headers = {}) => request(target, { method: 'POST', path, body, headers });

/** A challenge's text. */
export async function challenge(target, address, headers) {
	const answer = await post(target, '/api/auth/challenge', { walletAddress: address }, headers);
	assert.equal(answer.status, 200, answer.body);
	return answer.json.message;
}

/** Signs in at the web server of this world: the answer, with the token. */
export async function signIn(target, wallet, headers) {
	const message = await challenge(target, wallet.address, headers);
	const answer = await post(target, '/api/auth/verify', { walletAddress: wallet.address, message, signature: await wallet.sign(message) }, headers);
	assert.equal(answer.status, 200, answer.body);
	return answer.json;
}

export const bearer = (token) => ({ Authorization: `Bearer ${token}` });
