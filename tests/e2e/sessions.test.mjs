// SPDX-License-Identifier: ISC
// sessions.test.mjs - tokens on every transport: how they come, how they are refused, and that they
// end everywhere at once.

import assert from 'node:assert/strict';

import { Client, SUBPROTOCOL } from './lib/client.mjs';
import { Polling } from './lib/engineio.mjs';
import { request } from './lib/http.mjs';
import { SocketClient, TRANSPORTS } from './lib/socketio.mjs';
import { EventStream, StreamRefused, emit, heldPoll, poll, url } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { bearer, newWallet, post, signIn } from './lib/wallets.mjs';
import { promise } from './lib/world.mjs';
import { Refused, WebSocket } from './lib/ws.mjs';

const PAGE = 'https://app.example.com', EVIL = 'https://evil.example';
const WEB = { web: true, config: { auth: 'wallet', frontend_url: PAGE } };
const ROOM = '42';

/** A user who has signed in and takes part in the room: {address, token}. */
async function user(w, role = 'client') {
	const wallet = newWallet();
	w.roles = { ...w.roles, [wallet.address]: role };
	await w.escrow(ROOM, w.roles);
	const { token } = await signIn(w.web, wallet);
	return { ...wallet, token };
}

const socket = (w, address, token, options = {}) => new SocketClient(w, address, { auth: token === undefined ? {} : { token }, ...options });

/** A native WebSocket with this token as its second sub-protocol: a Client that has seen hello. */
async function native(w, token, options = {}) {
	const client = await Client.open(w.target, '', { protocols: [SUBPROTOCOL, ...(token ? [`bearer.${token}`] : [])], query: options.query, headers: options.headers });
	w.clients.push(client);
	client.mayFail = true;
	return client;
}

const refusal = (promise) => promise.then(() => assert.fail('it was not refused'), (error) => (error instanceof Refused || error instanceof StreamRefused ? error : Promise.reject(error)));

/** Every way in, live, each with its own word for what it is when its token ends: [name, over()],
 * over() until it has ended. */
async function everywhere(w, { address, token }) {
	const ws = await native(w, token);
	await ws.subscribe(ROOM);
	const stream = await EventStream.hello(w.target, '', { rooms: [ROOM] }, { headers: bearer(token) });
	const sockets = {};
	for (const [name, transports] of Object.entries(TRANSPORTS)) {
		const client = socket(w, address, token, { transports, reconnection: false });
		await client.connected();
		await client.subscribe(ROOM);
		sockets[name] = client;
	}
	const { json } = await poll(w.target, '', { rooms: [ROOM], client: 'p' }, { headers: bearer(token) });
	const held = request(w.target, { path: url('/poll', '', { rooms: [ROOM], client: 'p', cursor: json.cursor, timeout: 60 }), headers: bearer(token) });
	await w.connections(6);
	const ends = [
		['ws', async () => assert.equal((await within(ws.ws.closed.promise, 'the close of /ws')).code, 4401)],
		['sse', async () => assert.deepEqual(await stream.over(), { isWhole: true })],
		['poll', async () => {
			await within(held, 'the held poll');
			assert.equal((await poll(w.target, '', { rooms: [ROOM], client: 'p', cursor: json.cursor }, { headers: bearer(token) })).status, 401);
		}],
		...Object.entries(sockets).map(([name, client]) => [`socket.io ${name}`, async () => assert.equal(await client.disconnected(), 'io server disconnect')]),
	];
	return { ends, ws, stream, sockets };
}

async function allEnd(ends, what) {
	for (const [name, over] of ends)
		await within(over(), `${name} to end: ${what}`);
}

/** Asserts that a token is refused on every way in; each way says the reason in its own words. */
async function refusedEverywhere(w, { address, token }) {
	const headers = bearer(token);
	assert.equal((await refusal(native(w, token))).status, 401, '/ws');
	assert.equal((await refusal(EventStream.open(w.target, '', { rooms: [ROOM] }, { headers }))).status, 401, '/events');
	assert.equal((await poll(w.target, '', { rooms: [ROOM] }, { headers })).status, 401, '/poll');
	assert.equal((await emit(w.target, '', 'chat_message', { escrowId: ROOM, content: 'x' }, { headers })).status, 401, '/emit');
	assert.equal((await request(w.web, { path: `/api/chat/${ROOM}/history`, headers })).status, 401, 'REST');
	assert.equal((await post(w.web, '/api/auth/cookie', undefined, { Origin: PAGE, ...headers })).status, 401, 'the cookie');
	assert.equal((await post(w.web, '/api/auth/logout', undefined, headers)).status, 401, 'logout');
	for (const transports of Object.values(TRANSPORTS)) {
		const client = socket(w, address, token, { transports, reconnection: false });
		assert.equal(await client.connectError(), 'Authentication failed: token not valid');
	}
}

promise('a token is who somebody is, on every transport, and never echoed', WEB, async (w) => {
	const alice = await user(w), { address, token } = alice;
	const ws = await WebSocket.connect(w.target, { path: '/ws', protocols: [SUBPROTOCOL, `bearer.${token}`] });
	assert.equal(ws.protocol, SUBPROTOCOL);
	ws.destroy();
	for (const protocols of [[`bearer.${token}`], [`bearer.${token}`, 'x-foreign']]) {
		const other = await Client.open(w.target, '', { protocols });
		assert.deepEqual([other.hello.walletAddress, other.ws.protocol], [address, ''], `${protocols.length}`);
		await other.close();
	}
	const client = await native(w, token);
	assert.equal(client.hello.walletAddress, address);
	await client.subscribe(ROOM);
	const sent = await client.send(ROOM, 'from /ws');
	assert.equal(sent.message.senderId, address);
	const byHeader = await native(w, null, { headers: bearer(token) });
	assert.equal(byHeader.hello.walletAddress, address);
	const stream = await EventStream.hello(w.target, '', { rooms: [ROOM] }, { headers: bearer(token) });
	assert.equal(stream.hello.data.walletAddress, address);
	const acknowledged = await emit(w.target, '', 'chat_message', { escrowId: ROOM, content: 'from /emit' }, { headers: bearer(token) });
	assert.equal(acknowledged.json.message.senderId, address);
	await stream.message('from /emit');
	await stream.close();
	for (const transports of Object.values(TRANSPORTS)) {
		const io = socket(w, address, token, { transports });
		await io.connected();
		assert.equal((await io.send(ROOM, 'from socket.io')).message.senderId, address);
		const silent = socket(w, null, token, { transports });
		await silent.connected();
		assert.equal((await silent.send(ROOM, 'without saying who')).message.senderId, address);
	}
	assert.ok(!w.daemon.lines.some((l) => l.includes(token)) && !w.fcgi.lines.some((l) => l.includes(token)), 'no token in a log');
});

promise('a claim is no identity, a token in a URL is none, and both are told so', WEB, async (w) => {
	const alice = await user(w), bob = await user(w);
	const { address, token } = alice;
	for (const query of ['', `walletAddress=${address}`, `walletAddress=${address}&token=${token}`, `token=${token}`, `access_token=${token}`]) {
		const error = await refusal(WebSocket.connect(w.target, { path: `/ws?${query}`, protocols: [SUBPROTOCOL] }));
		assert.deepEqual([error.status, error.headers['www-authenticate']], [401, 'Bearer'], query);
		assert.equal((await request(w.target, { path: `/poll?escrow=${ROOM}&${query}` })).status, 401, query);
		assert.equal((await request(w.web, { path: `/api/chat/${ROOM}/history?${query}`, headers: { 'X-Wallet-Address': address } })).headers['www-authenticate'], 'Bearer', query);
	}
	const mismatch = [
		await refusal(native(w, token, { query: { walletAddress: bob.address } })),
		await poll(w.target, bob.address, { rooms: [ROOM] }, { headers: bearer(token) }),
		await request(w.web, { path: `/api/chat/${ROOM}/history`, headers: { ...bearer(token), 'X-Wallet-Address': bob.address } }),
		await request(w.web, { method: 'POST', path: `/api/chat/${ROOM}/send`, body: { content: 'x', walletAddress: bob.address }, headers: bearer(token) }),
	];
	for (const answer of mismatch) {
		assert.equal(answer.status, 401);
		assert.equal((answer.json ?? JSON.parse(answer.body)).code, 'wallet_mismatch');
	}
	const words = [[null, undefined, 'Authentication required: wallet address missing'], [address, undefined, 'Authentication required: token missing'],
		[address, '', 'Authentication required: token missing'], [address, 'x', 'Authentication failed: token not valid'], [bob.address, token, "Authentication failed: the token is another wallet's"]];
	for (const transports of Object.values(TRANSPORTS)) {
		for (const [claimed, shown, want] of words) {
			const client = socket(w, claimed, shown, { transports, reconnection: false });
			assert.equal(await client.connectError(), want);
			client.leave();
		}
	}
	for (const pair of [`bearer.${token}, bearer.${bob.token}`, `bearer.${token}, bearer.`, `bearer.${token}x`])
		assert.equal((await refusal(WebSocket.connect(w.target, { path: '/ws', protocols: [SUBPROTOCOL, pair] }))).status, 401, pair);
});

for (const [how, end] of [
	['log-out', (w, { token }) => post(w.web, '/api/auth/logout', undefined, bearer(token))],
	["the platform's revocation of the token", (w, { token }) => post(w.web, '/api/auth/revoke', { token }, { 'X-Service-Key': w.sessionsKey })],
	["the platform's revocation of the wallet", (w, { address }) => post(w.web, '/api/auth/revoke', { walletAddress: address }, { 'X-Service-Key': w.sessionsKey })],
]) {
	promise(`${how} closes everything within a second, and the token is nobody's then`, WEB, async (w) => {
		const alice = await user(w), bob = await user(w);
		const all = await everywhere(w, alice);
		const other = await native(w, bob.token);
		await other.subscribe(ROOM);
		const answer = await end(w, alice);
		assert.equal(answer.status, 200, answer.body);
		assert.equal(answer.headers['cache-control'], 'no-store');
		await allEnd(all.ends, how);
		await other.send(ROOM, 'who is left');
		await other.message('who is left');
		await refusedEverywhere(w, alice);
		const again = { ...alice, ...(await signIn(w.web, alice)) };
		const back = await native(w, again.token);
		assert.equal(back.hello.walletAddress, alice.address);
	});
}

promise('one token of a wallet ends and its other goes on', WEB, async (w) => {
	const alice = await user(w), second = (await signIn(w.web, alice)).token;
	const stays = await native(w, second), goes = await native(w, alice.token);
	await post(w.web, '/api/auth/logout', undefined, bearer(alice.token));
	assert.equal((await within(goes.ws.closed.promise, 'the close')).code, 4401);
	await stays.subscribe(ROOM);
	assert.equal((await stays.send(ROOM, 'still here')).ok, true);
});

promise('a write that is on its way when its token ends is refused inside its transaction', WEB, async (w) => {
	const alice = await user(w);
	const client = await native(w, alice.token);
	await client.subscribe(ROOM);
	const lock = await w.lockDatabase();
	const answer = client.ask('chat_message', { escrowId: ROOM, content: 'late' });
	answer.catch(() => {});
	lock.release = undefined;
	const shell = w.processes.find((p) => p.name === 'sqlite3' && !p.end);
	shell.mayExit = true;
	shell.child.stdin.end(`INSERT INTO ended_wallets(wallet, until) VALUES('${alice.address}', ${Date.now()});\nCOMMIT;\n`);
	await shell.exited;
	assert.equal((await within(client.ws.closed.promise, 'the close')).code, 4401);
	assert.equal(await w.sqlite("SELECT count(*) FROM messages WHERE content = 'late';"), '0');
});

/** Changes the time at which a token ends. */
const expiresIn = (w, ms) => w.sqlite(`UPDATE tokens SET expires_at = ${Date.now() + ms};`);

const LIFE_MS = 8000; // what is left of a token: time enough to connect everywhere
promise('a token that expires is said a minute before, and ends everything', { ...WEB, brief: LIFE_MS }, async (w) => {
	const alice = await user(w);
	await expiresIn(w, LIFE_MS);
	const all = await everywhere(w, alice);
	assert.ok(new Date((await all.ws.event('token_expiring')).data.expiresAt) > Date.now());
	await all.stream.event('token_expiring');
	for (const client of Object.values(all.sockets))
		await client.event('token_expiring');
	await allEnd(all.ends, 'expiry');
	assert.equal(all.ws.all('token_expiring').length, 1);
	await refusedEverywhere(w, alice);
});

promise('a poll is told once that its token expires', { ...WEB, brief: 50000 }, async (w) => {
	const alice = await user(w);
	const headers = bearer(alice.token);
	await expiresIn(w, 55000);
	let { cursor } = (await poll(w.target, '', { rooms: [ROOM], client: 'p' }, { headers })).json;
	const first = (await poll(w.target, '', { rooms: [ROOM], client: 'p', cursor, timeout: 20 }, { headers })).json;
	assert.deepEqual(first.events.map((e) => e.event), ['token_expiring']);
	const second = (await poll(w.target, '', { rooms: [ROOM], client: 'p', cursor: first.cursor, timeout: 1 }, { headers })).json;
	assert.deepEqual(second.events, []);
});

promise('a poll by another token goes on without what rests on the first', WEB, async (w) => {
	const alice = await user(w), second = (await signIn(w.web, alice)).token;
	const first = (await poll(w.target, '', { rooms: [ROOM], client: 'p' }, { headers: bearer(alice.token) })).json;
	const held = request(w.target, { path: url('/poll', '', { rooms: [ROOM], client: 'p', cursor: first.cursor, timeout: 60 }), headers: bearer(second) });
	await post(w.web, '/api/auth/logout', undefined, bearer(alice.token));
	await request(w.web, { method: 'POST', path: `/api/chat/${ROOM}/send`, body: { content: 'goes on' }, headers: bearer(second) });
	assert.ok((await held).json.events.some((e) => e.data.content === 'goes on'));
});

promise('an open connection is use: written now and then, and not more often', WEB, async (w) => {
	const alice = await user(w);
	const used = async () => Number(await w.sqlite('SELECT used_at FROM tokens;'));
	const before = await used();
	const first = await native(w, alice.token);
	await first.subscribe(ROOM);
	assert.equal(await used(), before, 'used a moment ago');
	const old = Date.now() - 10 * 60000;
	await w.sqlite(`UPDATE tokens SET used_at = ${old};`);
	const second = await native(w, alice.token);
	await until('the use to be written', async () => (await used()) > old);
	await second.close();
	await w.sqlite(`UPDATE tokens SET used_at = ${old};`);
	assert.equal((await request(w.web, { path: `/api/chat/${ROOM}/history`, headers: bearer(alice.token) })).status, 200);
	assert.ok((await used()) > old, 'by REST too');
	await w.sqlite(`UPDATE tokens SET used_at = ${Date.now() - 25 * 3600000};`);
	assert.equal((await request(w.web, { path: `/api/chat/${ROOM}/history`, headers: bearer(alice.token) })).status, 401, 'a day without use');
});

/* ---- the cookie ---- */

const NAME = '__Host-escrowchat';

async function cookieOf(w, token) {
	const answer = await post(w.web, '/api/auth/cookie', undefined, { Origin: PAGE, ...bearer(token) });
	assert.equal(answer.status, 200, answer.body);
	assert.equal(answer.headers['access-control-allow-origin'], PAGE);
	assert.match(answer.headers['set-cookie'][0], new RegExp(`^${NAME}=[A-Za-z0-9_-]{43}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Strict; Secure$`));
	return answer.headers['set-cookie'][0].split(';')[0];
}

promise('the cookie is set by a bearer for an allowed page, and taken back at log-out', WEB, async (w) => {
	const { token } = await user(w);
	const cookie = await cookieOf(w, token);
	assert.equal(cookie, `${NAME}=${token}`);
	const ask = (headers) => post(w.web, '/api/auth/cookie', undefined, headers);
	for (const [headers, status] of [[bearer(token), 403], [{ Origin: EVIL, ...bearer(token) }, 403], [{ Origin: 'null', ...bearer(token) }, 403], [{ Origin: PAGE }, 401],
		[{ Origin: PAGE, Cookie: cookie }, 401], [{ Origin: PAGE, ...bearer('x') }, 401], [{ Origin: PAGE, ...bearer('x'), Cookie: cookie }, 401]])
		assert.equal((await ask(headers)).status, status, JSON.stringify(headers));
	// One that is there already, of before, does not stand in the way.
	assert.equal((await ask({ Origin: PAGE, ...bearer(token), Cookie: `${NAME}=old` })).status, 200);
	const out = await post(w.web, '/api/auth/logout', undefined, { Origin: PAGE, Cookie: cookie });
	assert.equal(out.status, 200, out.body);
	assert.match(out.headers['set-cookie'][0], new RegExp(`^${NAME}=; Path=/; Max-Age=0; `));
	assert.equal((await request(w.web, { path: `/api/chat/${ROOM}/history`, headers: { Cookie: cookie } })).status, 401);
});

promise('a cookie reads; it writes and opens WebSockets for allowed pages alone', WEB, async (w) => {
	const alice = await user(w), { token } = alice;
	const Cookie = await cookieOf(w, token);
	const history = (headers) => request(w.web, { path: `/api/chat/${ROOM}/history`, headers: { Cookie, ...headers } });
	const send = (headers) => request(w.web, { method: 'POST', path: `/api/chat/${ROOM}/send`, body: { content: 'x' }, headers: { Cookie, ...headers } });
	assert.equal((await history({})).status, 200);
	assert.equal((await history({ 'Sec-Fetch-Site': 'same-origin' })).status, 200);
	assert.equal((await history({ 'Sec-Fetch-Site': 'cross-site' })).status, 403);
	assert.equal((await send({ Origin: PAGE })).status, 201);
	for (const headers of [{}, { Origin: EVIL }, { Origin: 'null' }, { Origin: `${PAGE}.evil.example` }, { Origin: PAGE, 'Sec-Fetch-Site': 'cross-site' }])
		assert.equal((await send(headers)).status, 403, JSON.stringify(headers));
	// Credentials that differ, a bad one before a good one, two cookies of one name.
	const other = await user(w);
	for (const headers of [bearer(other.token), bearer('x'), { Authorization: 'Basic eDp5' }, { Cookie: `${Cookie}; ${Cookie}` }, { Cookie: `${Cookie}; ${NAME}=x` }, { Cookie: `escrowchat=${token}` }])
		assert.equal((await history(headers)).status, 401, JSON.stringify(headers));
	assert.equal((await history(bearer(token))).status, 200, 'the same twice');

	const open = async (headers, protocols = [SUBPROTOCOL]) => {
		const ws = await WebSocket.connect(w.target, { path: '/ws', protocols, headers: { Cookie, ...headers } });
		ws.destroy();
	};
	await open({ Origin: PAGE });
	for (const headers of [{}, { Origin: EVIL }, { Origin: 'null' }])
		assert.equal((await refusal(open(headers))).status, 403, JSON.stringify(headers));
	// The server's own pages, by the scheme that the web server names.
	const own = { Host: 'chat.example.com', Origin: 'https://chat.example.com' };
	assert.equal((await refusal(open(own))).status, 403);
	await open({ ...own, 'X-Forwarded-Proto': 'https' });
	await open({ ...own, Origin: 'wss://chat.example.com', 'X-Forwarded-Proto': 'https' });
	await open({ ...own, Origin: 'wss://chat.example.com:443', 'X-Forwarded-Proto': 'https' });
	assert.equal((await refusal(open({ ...own, Origin: 'ws://chat.example.com', 'X-Forwarded-Proto': 'https' }))).status, 403);
	assert.equal((await refusal(open({ ...own, Origin: 'http://chat.example.com', 'X-Forwarded-Proto': 'https' }))).status, 403);
	await open({}, [SUBPROTOCOL, `bearer.${token}`]);
	assert.equal((await refusal(open({ Origin: PAGE }, [SUBPROTOCOL, 'bearer.x']))).status, 401, 'no falling back');
	assert.equal((await refusal(open({ Origin: PAGE, Cookie: `${Cookie}; ${Cookie}` }))).status, 401);

	const stream = (headers) => EventStream.open(w.target, '', { rooms: [ROOM] }, { headers: { Cookie, ...headers } });
	await (await stream({})).close();
	await (await stream({ Origin: PAGE })).close();
	for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: EVIL }, { Origin: 'null' }]) {
		const error = await refusal(stream(headers));
		assert.equal(error.status, 403, JSON.stringify(headers));
		assert.equal(error.headers['access-control-allow-origin'], undefined);
		assert.equal((await poll(w.target, '', { rooms: [ROOM] }, { headers: { Cookie, ...headers } })).status, 403);
	}
	const up = (headers) => emit(w.target, '', 'typing_start', { escrowId: ROOM }, { headers: { Cookie, ...headers } });
	assert.equal((await up({ Origin: PAGE })).json.ok, true);
	for (const headers of [{}, { Origin: EVIL }])
		assert.equal((await up(headers)).status, 403, JSON.stringify(headers));
});

promise('Socket.IO takes the cookie of its handshake, from allowed pages alone', WEB, async (w) => {
	const { address, token } = await user(w);
	const Cookie = await cookieOf(w, token);
	for (const transports of Object.values(TRANSPORTS)) {
		const client = socket(w, address, undefined, { transports, extraHeaders: { Cookie, Origin: PAGE } });
		await client.connected();
		assert.equal((await client.send(ROOM, 'by cookie')).message.senderId, address);
		client.leave();
		for (const headers of [{ Cookie }, { Cookie, Origin: PAGE, 'Sec-Fetch-Site': 'cross-site' }, { Cookie: `${Cookie}; ${Cookie}`, Origin: PAGE }, { Cookie: `${Cookie}x`, Origin: PAGE }]) {
			const refused = socket(w, address, undefined, { transports, reconnection: false, extraHeaders: headers });
			assert.equal(await refused.connectError(), 'Authentication failed: token not valid', JSON.stringify(headers));
		}
		const bad = socket(w, address, 'x', { transports, reconnection: false, extraHeaders: { Cookie, Origin: PAGE } });
		assert.equal(await bad.connectError(), 'Authentication failed: token not valid', 'no falling back');
		const foreign = socket(w, address, token, { transports, reconnection: false, extraHeaders: { Origin: EVIL } });
		assert.notEqual(await foreign.connectError(), '');
	}
	// Later requests of a session by cookie name its page too.
	const headers = { Cookie };
	const wire = await Polling.open(w.target, { Cookie, Origin: PAGE });
	assert.equal((await wire.post('40{}', { ...headers, Origin: PAGE })).status, 200);
	assert.match(await wire.next(), /^40\{/);
	assert.equal((await wire.post('42["typing_start",{"escrowId":"42"}]', headers)).status, 403);
	assert.equal((await wire.post('42["typing_start",{"escrowId":"42"}]', { ...headers, Origin: EVIL })).status, 403);
	assert.equal((await wire.post('42["typing_start",{"escrowId":"42"}]', { ...headers, Origin: PAGE })).status, 200);
});

promise('pages of this machine have a cookie without Secure, under another name', { web: true, config: { auth: 'wallet' } }, async (w) => {
	const wallet = newWallet(), { token } = await signIn(w.web, wallet);
	const answer = await post(w.web, '/api/auth/cookie', undefined, { Origin: 'http://localhost:5173', ...bearer(token) });
	assert.match(answer.headers['set-cookie'][0], /^escrowchat=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
});

promise("another user's pid is of no use, and one's own only with a good token", WEB, async (w) => {
	const alice = await user(w), eve = await user(w);
	const mine = socket(w, alice.address, alice.token, { transports: ['websocket'], auth: { token: alice.token, recovery: true } });
	await mine.connected();
	await mine.subscribe(ROOM);
	await mine.send(ROOM, 'first');
	await mine.event('chat_message');
	const pid = mine.socket._pid, offset = mine.socket._lastOffset;
	const thief = new SocketClient(w, eve.address, { auth: { token: eve.token, recovery: true, pid, offset }, transports: ['websocket'] });
	assert.equal((await thief.connected()).recovered, false);
	assert.notEqual(thief.socket._pid, pid);
	await post(w.web, '/api/auth/logout', undefined, bearer(alice.token));
	assert.equal(await mine.disconnected(), 'io server disconnect');
	const late = new SocketClient(w, alice.address, { auth: { token: alice.token, recovery: true, pid, offset }, transports: ['websocket'], reconnection: false });
	assert.equal(await late.connectError(), 'Authentication failed: token not valid');
});
