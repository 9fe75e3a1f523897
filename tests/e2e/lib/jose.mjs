// SPDX-License-Identifier: ISC
// jose.mjs - tokens as a platform's back end makes them, and as nobody should.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A key: {jwk: what the server is given, sign(data)}. */
export const makers = {
	HS256: (kid) => {
		const secret = randomBytes(32);
		return { kid, alg: 'HS256', jwk: { kty: 'oct', kid, k: secret.toString('base64url') }, sign: (data) => createHmac('sha256', secret).update(data).digest() };
	},
	EdDSA: (kid) => pair(kid, 'EdDSA', generateKeyPairSync('ed25519'), (key) => (data) => sign(null, Buffer.from(data), key)),
	RS256: (kid) => pair(kid, 'RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }), (key) => (data) => sign('sha256', Buffer.from(data), key)),
	ES256: (kid) => pair(kid, 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), (key) => (data) => sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' })),
};

function pair(kid, alg, { publicKey, privateKey }, signer) {
	return { kid, alg, jwk: { ...publicKey.export({ format: 'jwk' }), kid }, publicKey, sign: signer(privateKey) };
}

export const now = () => Math.floor(Date.now() / 1000);

/** Claims that are good for five minutes, changed or, where undefined, without. */
export function claims(wallet, more = {}) {
	return { sub: wallet, iss: 'platform', aud: 'chat', iat: now(), exp: now() + 300, ...more };
}

/** A token; header: changed likewise. Both may be text. */
export function token(key, payload, header = {}) {
	const head = typeof header === 'string' ? header : { typ: 'JWT', alg: key.alg, kid: key.kid, ...header };
	const data = `${encode(head)}.${encode(payload)}`;
	return `${data}.${key.sign(data).toString('base64url')}`;
}

/** A world's configuration with those keys. */
export function useKeys(world, keys, more = {}) {
	const file = world.file('platform.jwks', JSON.stringify({ keys: keys.map((k) => k.jwk) }));
	world.configure({ auth: 'jwt', jwt_keys: file, jwt_issuer: 'platform', jwt_audience: 'chat', ...more });
}

export const bearer = (text) => ({ Authorization: `Bearer ${text}` });
