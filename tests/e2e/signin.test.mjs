// SPDX-License-Identifier: ISC
// signin.test.mjs - signing in by a wallet's signature: the text, the signatures that are accepted,
// and all those that must be refused.

import assert from 'node:assert/strict';
import http from 'node:http';

import { request } from './lib/http.mjs';
import { load } from './lib/modules.mjs';
import { until } from './lib/wait.mjs';
import { base58, bearer, challenge, newWallet, post, signIn } from './lib/wallets.mjs';
import { promise } from './lib/world.mjs';

const PAGE = 'https://app.example.com', OTHER = 'https://admin.example.com:8443';
const WEB = { web: true, daemon: false, config: { auth: 'wallet', frontend_url: `${PAGE}, ${OTHER}`, chain_id: 137 } };
const KEYS = 1000;

const verify = (w, body, headers) => post(w.web, '/api/auth/verify', body, headers);

function refused(answer, status, code, what = '') {
	assert.equal(answer.status, status, `${what} ${answer.body}`);
	assert.deepEqual({ ...answer.json, error: '' }, { success: false, error: '', code }, what);
	assert.ok(answer.json.error.length > 0, what);
	assert.equal(answer.headers['cache-control'], 'no-store');
}

/** The user of a token: the sender of a message that is sent with it. */
async function owner(w, token) {
	const sent = await request(w.web, { method: 'POST', path: '/api/chat/42/send', body: { content: 'me' }, headers: bearer(token) });
	assert.equal(sent.status, 201, sent.body);
	return sent.json.message.senderId;
}

const ISO = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
const layout = (domain, kind, address, uri, chain = 137) => new RegExp(`^${domain.replaceAll('.', '\\.')} wants you to sign in with your ${kind} account:\n${address}\n\n[^\n]+\n\nURI: ${uri.replaceAll('.', '\\.')}\nVersion: 1\nChain ID: ${chain}\nNonce: [0-9A-Za-z]{60,}\nIssued At: (${ISO})\nExpiration Time: (${ISO})$`);

promise('the text has the layout of EIP-4361, for the page that asked or the first one', WEB, async (w) => {
	const evm = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359', solana = newWallet().address;
	const cases = [
		[evm.toLowerCase(), {}, layout('app.example.com', 'Ethereum', evm, PAGE)],
		[`0x${evm.slice(2).toUpperCase()}`, { Origin: PAGE }, layout('app.example.com', 'Ethereum', evm, PAGE)],
		[evm, { Origin: OTHER }, layout('admin.example.com:8443', 'Ethereum', evm, OTHER)],
		[solana, { Origin: OTHER }, layout('admin.example.com:8443', 'Solana', solana, OTHER)],
		// The request's own origin may write, but what a Host says is no page's name.
		[evm, { Host: 'evil.example', Origin: 'http://evil.example' }, layout('app.example.com', 'Ethereum', evm, PAGE)],
	];
	for (const [address, headers, pattern] of cases) {
		const begun = Date.now(), text = await challenge(w.web, address, headers);
		const [, issued, expires] = pattern.exec(text) ?? assert.fail(text);
		assert.equal(new Date(expires) - new Date(issued), 300000);
		assert.ok(new Date(issued) > begun - 1000 && new Date(issued) <= Date.now(), issued);
	}
	refused(await post(w.web, '/api/auth/challenge', { walletAddress: evm }, { Origin: 'https://evil.example' }), 403, 'forbidden');
	assert.notEqual(await challenge(w.web, evm), await challenge(w.web, evm));
	assert.equal(await w.sqlite('SELECT (SELECT count(*) FROM tokens) + (SELECT count(*) FROM used_nonces);'), '0', 'a challenge stores nothing');
});

promise('a signature gives a token, which is who its wallet is', WEB, async (w) => {
	const { Wallet } = load('ethers');
	const made = Wallet.createRandom();
	const evm = { address: made.address, sign: (text) => made.signMessage(text) }, solana = newWallet();
	await w.escrow('42', { [evm.address]: 'client', [solana.address]: 'freelancer' });
	for (const wallet of [evm, solana]) {
		const begun = Date.now(), { token, walletAddress, expiresAt } = await signIn(w.web, wallet);
		assert.match(token, /^[A-Za-z0-9_-]{43}$/);
		assert.equal(walletAddress, wallet.address);
		const issued = new Date(expiresAt) - 7 * 86400000;
		assert.ok(issued > begun - 1000 && issued <= Date.now(), expiresAt);
		assert.equal(await owner(w, token), wallet.address);
		assert.equal(await w.sqlite(`SELECT count(*) FROM tokens WHERE hash = '${token}' OR hash LIKE '%${token}%';`), '0', 'stored hashed');
	}
	const lower = { address: evm.address.toLowerCase(), sign: evm.sign };
	assert.equal(await owner(w, (await signIn(w.web, lower)).token), evm.address);
});

/** Signs in many times, a few at once, on connections that are kept. */
async function signInAll(w, make) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
	const ask = (path, body) => request(w.web, { method: 'POST', path, body, agent });
	let left = KEYS;
	const work = async () => {
		while (left-- > 0) {
			const wallet = make();
			const asked = await ask('/api/auth/challenge', { walletAddress: wallet.address });
			const message = asked.json?.message ?? assert.fail(asked.body);
			const answer = await ask('/api/auth/verify', { walletAddress: wallet.address, message, signature: await wallet.sign(message) });
			assert.equal(answer.status, 200, `${wallet.address} ${message} ${answer.body}`);
			assert.equal(answer.json.walletAddress, wallet.address);
		}
	};
	await Promise.all([work(), work(), work(), work()]);
	agent.destroy();
	assert.equal(await w.sqlite('SELECT count(*) FROM tokens;'), String(KEYS));
}

promise(`${KEYS} random keys of ethers sign in`, WEB, async (w) => {
	const { Wallet, hexlify, randomBytes } = load('ethers');
	await signInAll(w, () => {
		const wallet = new Wallet(hexlify(randomBytes(32)));
		return { address: wallet.address, sign: (text) => wallet.signMessage(text) };
	});
});

promise(`${KEYS} random keys of Solana sign in`, WEB, async (w) => {
	const { Keypair } = load('@solana/web3.js'), nacl = load('tweetnacl'), bs58 = load('bs58');
	await signInAll(w, () => {
		const pair = Keypair.generate();
		return { address: pair.publicKey.toBase58(), sign: (text) => bs58.encode(nacl.sign.detached(Buffer.from(text), pair.secretKey)) };
	});
});

promise('a challenge makes one token, however many ask at once', WEB, async (w) => {
	for (let i = 0; i < 10; i++) {
		const wallet = newWallet(), message = await challenge(w.web, wallet.address);
		const body = { walletAddress: wallet.address, message, signature: wallet.sign(message) };
		const answers = await Promise.all(Array.from({ length: 6 }, () => verify(w, body)));
		assert.deepEqual(answers.map((a) => a.status).sort(), [200, 401, 401, 401, 401, 401]);
		refused(await verify(w, body), 401, 'unauthorized', 'replayed');
	}
});

promise('foreign, altered and expired challenges are refused', WEB, async (w) => {
	const alice = newWallet(), eve = newWallet();
	const signed = async (message, by = alice, address = alice.address, headers = {}) =>
		verify(w, { walletAddress: address, message, signature: by.sign(message) }, headers);
	const text = await challenge(w.web, alice.address);
	refused(await signed(text, eve), 401, 'unauthorized', 'signed by another');
	refused(await signed(text, eve, eve.address), 401, 'unauthorized', "another's challenge");
	refused(await signed(text, alice, alice.address, { Origin: OTHER }), 401, 'unauthorized', 'of another page');
	const later = (s) => s.replace(/T(\d\d):(\d\d)/g, (all, h, m) => `T${h}:${String((Number(m) + 1) % 60).padStart(2, '0')}`);
	const nonce = /Nonce: (\w+)/.exec(text)[1];
	const altered = [text + '\n', text.slice(0, -1), ` ${text}`, text.replace(/\n/g, '\r\n'), text.replace(PAGE, OTHER), text.replace('137', '1'), later(text),
		text.replace(nonce, nonce.toUpperCase()), text.replace(nonce, nonce.replace(/.$/, (c) => (c === '0' ? '1' : '0'))),
		text.replace(nonce, nonce.replace(/^.{12}/, (Date.now() + 1).toString(16).padStart(12, '0'))), text.replace(alice.address, eve.address),
		text + '\nResources:\n- https://evil.example', text.replace('Expiration', 'Not Before'), '', 'hello', 'x'.repeat(100000)];
	for (const one of altered)
		refused(await signed(one), 401, 'unauthorized', JSON.stringify(one.slice(0, 400)));
	assert.equal((await signed(text)).status, 200, 'what was refused has used nothing up');
	// The key of another database, another log, and a time that is over: each with a text that
	// was good.
	const second = await challenge(w.web, alice.address);
	const key = await w.sqlite("SELECT value FROM meta WHERE key = 'challenge_key';");
	await w.sqlite(`UPDATE meta SET value = '${'0'.repeat(64)}' WHERE key = 'challenge_key';`);
	refused(await signed(second), 401, 'unauthorized', 'of another key');
	await w.sqlite(`UPDATE meta SET value = '${key}' WHERE key = 'challenge_key'; INSERT INTO incarnations(name, first, at) VALUES('0123456789abcdef', 1, 0);`);
	refused(await signed(second), 401, 'unauthorized', 'of another log');
	await w.sqlite("DELETE FROM incarnations WHERE name = '0123456789abcdef';");
	assert.equal((await signed(second)).status, 200);
});

promise('signatures are of one form: length, v, s', WEB, async (w) => {
	const { Wallet, Signature } = load('ethers');
	const wallet = Wallet.createRandom();
	const message = await challenge(w.web, wallet.address);
	const signature = await wallet.signMessage(message);
	const { r, s, v } = Signature.from(signature);
	const hex = (n) => n.toString(16).padStart(2, '0');
	const send = (one) => verify(w, { walletAddress: wallet.address, message, signature: one });
	const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
	const flipped = r + hex(N - BigInt(s)).padStart(64, '0') + hex(v === 27 ? 28 : 27);
	refused(await send(flipped), 401, 'unauthorized', 'the high s, whose recovered key is the same');
	for (const wrong of [2, 3, 4, 26, 29, 31, 34, 35, 37, 127, 128, 255])
		refused(await send(signature.slice(0, -2) + hex(wrong)), 400, 'bad_request', `v = ${wrong}`);
	refused(await send(signature.slice(0, -2) + hex(v === 27 ? 28 : 27)), 401, 'unauthorized', "the other key's v");
	for (const zero of ['0x' + '00'.repeat(64) + '1b', `0x${'00'.repeat(32)}${s.slice(2)}1b`, `${r}${'00'.repeat(32)}1b`, `0x${'ff'.repeat(64)}1b`])
		refused(await send(zero), 401, 'unauthorized', zero);
	for (const form of ['', '0x', signature.slice(2), signature.slice(0, -2), signature.toUpperCase(), `${signature.slice(0, -1)}g`, `${signature}0`, ` ${signature}`, Signature.from(signature).compactSerialized])
		refused(await send(form), 400, 'bad_request', form);
	for (const contract of [`${signature}00`, `0x${'ab'.repeat(200)}${'6492'.repeat(16)}`])
		refused(await send(contract), 400, 'contract_wallet', contract);
	assert.equal((await send(signature.slice(0, -2) + hex(v - 27))).status, 200, 'v as 0 or 1');

	const solana = newWallet(), text = await challenge(w.web, solana.address);
	const good = solana.sign(text);
	const sendTo = (one, body = text) => verify(w, { walletAddress: solana.address, message: body, signature: one });
	for (const form of ['', good.slice(8), `1${good}`, `${good}1`, good.replace(/.$/, '0'), `0x${'ab'.repeat(65)}`, 'l'.repeat(88)])
		refused(await sendTo(form), 400, 'bad_request', form);
	refused(await sendTo(base58(Buffer.alloc(64, 7))), 401, 'unauthorized');
	for (const envelope of [`\u00ffsolana offchain\0\0${text}`, '\u00ff'])
		refused(await sendTo(solana.sign(envelope), envelope), 400, 'offchain_envelope');
	assert.equal((await sendTo(good)).status, 200);
});

/** Keys for which one constant signature is good for every text, in all their spellings, and others
 * that are not spelt as they should be. */
function badKeys() {
	const P = 2n ** 255n - 19n;
	const le = (n) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex').reverse();
	const orderEight = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05';
	const eight = BigInt(`0x${Buffer.from(orderEight, 'hex').reverse().toString('hex')}`);
	const ys = [0n, 1n, P - 1n, eight, P - eight];
	for (let y = P; y < 2n ** 255n; y++)
		ys.push(y);
	return ys.flatMap((y) => [le(y), le(y + 2n ** 255n)]);
}

promise('keys that anybody can sign for are refused at both ends, and as participants', WEB, async (w) => {
	const identity = Buffer.alloc(64);
	identity[0] = 1; // R is the neutral point, S is 0
	const keys = badKeys().map(base58);
	assert.ok(keys.includes('1'.repeat(32)));
	for (const address of [...keys, `0x${'0'.repeat(40)}`]) {
		refused(await post(w.web, '/api/auth/challenge', { walletAddress: address }), 400, 'bad_request', address);
		refused(await verify(w, { walletAddress: address, message: 'any', signature: base58(identity) }), 400, 'bad_request', address);
		const put = await w.service('PUT', '/api/escrows/42', { title: 't', participants: [{ walletAddress: address, role: 'client' }] });
		assert.equal(put.status, 400, address);
	}
	for (const address of ['alice', '0x1234', `0x${'g'.repeat(40)}`, 'O'.repeat(44), base58(Buffer.alloc(31, 9)), base58(Buffer.alloc(33, 9)), '', 'not a name'])
		refused(await post(w.web, '/api/auth/challenge', { walletAddress: address }), 400, 'bad_request', address);
	for (const body of [{}, { walletAddress: 1 }, { walletAddress: null }])
		refused(await post(w.web, '/api/auth/challenge', body), 400, 'bad_request');
});

promise('the use of a token is written down by a request that reads, which never waits for it', WEB, async (w) => {
	const wallet = newWallet();
	await w.escrow('42', { [wallet.address]: 'client' });
	const { token } = await signIn(w.web, wallet);
	const read = () => request(w.web, { path: '/api/chat/42/history', headers: bearer(token) });
	await w.sqlite('UPDATE tokens SET used_at = used_at - 3600000;');
	const before = await w.sqlite('SELECT used_at FROM tokens;');
	const lock = await w.lockDatabase();
	// A write waits for the lock, and is refused after a while; a read that waits as long never
	// overtakes a write begun before it.
	await until('a read to overtake a write', async () => {
		const write = post(w.web, '/api/chat/42/send', { content: 'x' }, bearer(token)).then(({ status }) => assert.equal(status, 503));
		const first = await Promise.race([write.then(() => 'write'), read().then(({ status }) => assert.equal(status, 200)).then(() => 'read')]);
		await write;
		return first === 'read';
	});
	await lock.release();
	assert.equal(await w.sqlite('SELECT used_at FROM tokens;'), before);
	assert.equal((await read()).status, 200);
	assert.ok(Number(await w.sqlite('SELECT used_at FROM tokens;')) > Number(before));
});

promise('nobody signs in where identity comes from elsewhere', { web: true, daemon: false }, async (w) => {
	const { address } = newWallet();
	refused(await post(w.web, '/api/auth/challenge', { walletAddress: address }), 409, 'conflict');
	refused(await verify(w, { walletAddress: address, message: '', signature: '' }), 409, 'conflict');
	refused(await post(w.web, '/api/auth/cookie', undefined, { Origin: 'http://localhost:5173' }), 409, 'conflict');
});
