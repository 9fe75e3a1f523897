// SPDX-License-Identifier: ISC
// http.test.mjs - HTTP at the daemon itself: malformed requests are refused and their connections
// closed; foreign origins are kept out.

import assert from 'node:assert/strict';
import { connect } from 'node:net';

import { answers, raw, request } from './lib/http.mjs';
import { until } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';
import { Refused, WebSocket } from './lib/ws.mjs';

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const get = (more = '', target = '/health', host = 'Host: localhost\r\n') => `GET ${target} HTTP/1.1\r\n${host}${more}\r\n`;
const post = (more, body = '') => `POST /health HTTP/1.1\r\nHost: localhost\r\n${more}\r\n${body}`;

/** Sends bytes, and reads the head of the answer. */
function head(target, bytes) {
	return new Promise((resolve, reject) => {
		const socket = connect(target.port, '127.0.0.1', () => socket.write(bytes));
		let said = '';
		socket.on('data', (d) => {
			said += d.toString('latin1');
			if (said.includes('\r\n\r\n'))
				socket.destroy();
		});
		socket.on('close', () => resolve(said));
		socket.on('error', reject);
	});
}

const MALFORMED = [
	['no Host', get('', '/health', ''), 400],
	['two Hosts', get('Host: localhost\r\n'), 400],
	['a Host with a path', get('', '/health', 'Host: localhost/x\r\n'), 400],
	['bare LF', 'GET /health HTTP/1.1\nHost: localhost\n\n', 400],
	['a folded line', get('X-A: 1\r\n 2\r\n'), 400],
	['a blank before the colon', get('X-A : 1\r\n'), 400],
	['no colon', get('nonsense\r\n'), 400],
	['an empty name', get(': 1\r\n'), 400],
	['NUL in a value', get('X-A: a\u0000b\r\n'), 400],
	['no target', 'GET  HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
	['a relative target', get('', 'health'), 400],
	['a target of another scheme', get('', 'ftp://localhost/health'), 400],
	['a target with a user', get('', 'http://alice@localhost/health'), 400],
	['a fragment', get('', '/health#x'), 400],
	['two blanks', 'GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
	['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
	['HTTP/0.9', 'GET /health\r\n\r\n', 400],
	['HTTP/2.0', 'GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n', 505],
	['two lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', 'a'), 400],
	['a list of lengths', post('Content-Length: 1, 1\r\n', 'a'), 400],
	['a signed length', post('Content-Length: +1\r\n', 'a'), 400],
	['a hexadecimal length', post('Content-Length: 0x1\r\n', 'a'), 400],
	['a length and chunks', post('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
	['an unknown coding', post('Transfer-Encoding: gzip\r\n'), 400],
	['a coding behind chunked', post('Transfer-Encoding: chunked, gzip\r\n'), 400],
	['a coding before chunked', post('Transfer-Encoding: gzip, chunked\r\n'), 501],
	['a bad chunk', post('Transfer-Encoding: chunked\r\n', 'xyz\r\n'), 400],
	['a body without a length', post(''), 411],
	['a body that is too large', post('Content-Length: 100000000\r\n'), 413],
	['an unknown expectation', post('Content-Length: 1\r\nExpect: a miracle\r\n'), 417],
	['a long target', get('', `/${'x'.repeat(9000)}`), 414],
	['a large head', get(`X-A: ${'x'.repeat(17000)}\r\n`), 431],
	['many fields', get('X-A: 1\r\n'.repeat(101)), 431],
	['a long method', `${'X'.repeat(40)} / HTTP/1.1\r\nHost: localhost\r\n\r\n`, 501],
	['two Origins', get('Origin: http://localhost:5173\r\nOrigin: http://localhost:5173\r\n'), 400],
	['two wallets', get('X-Wallet-Address: alice\r\nX-Wallet-Address: bob\r\n', '/ws'), 400],
	['two Upgrades', get(`${UPGRADE}Upgrade: websocket\r\n${KEY}`, '/ws?walletAddress=alice'), 400],
	['two keys', get(`${UPGRADE}${KEY}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`, '/ws?walletAddress=alice'), 400],
];

promise('malformed requests are refused with their status, and the connection is closed', async (w) => {
	for (const [what, bytes, status] of MALFORMED) {
		const [answer, ...more] = answers(await raw(w.target, Buffer.from(bytes, 'latin1')));
		assert.equal(answer.status, status, what);
		assert.equal(answer.headers.connection, 'close', what);
		assert.equal(answer.json?.success, false, `${what}: ${answer.body}`);
		assert.deepEqual(more, [], `${what}: one answer alone`);
	}
	assert.equal((await request(w.target, { path: '/health' })).status, 200);
});

promise('a malformed request is refused in the same way when it comes byte by byte', async (w) => {
	for (const [what, bytes, status] of MALFORMED.filter(([, b]) => b.length < 300)) {
		const text = await new Promise((resolve, reject) => {
			const socket = connect({ host: '127.0.0.1', port: w.target.port, noDelay: true });
			let said = '';
			socket.on('connect', () => {
				for (const byte of Buffer.from(bytes, 'latin1'))
					socket.write(Buffer.from([byte]));
			});
			socket.on('data', (d) => (said += d.toString('latin1')));
			socket.on('close', () => resolve(said));
			socket.on('error', (e) => (said ? resolve(said) : reject(e)));
		});
		assert.equal(answers(text)[0].status, status, what);
	}
});

promise('only the one spelling of a path is a route', async (w) => {
	for (const path of ['/', '/nothing', '//health', '/health/', '/./health', '/x/../health', '/%68ealth', '/HEALTH', '/health%00', '/api/websocket/stats/'])
		assert.equal((await request(w.target, { path })).status, 404, path);
	assert.equal((await request(w.target, { path: '/health?x=1' })).status, 200);
});

promise('requests on one connection are answered in order, and the last one ends it', async (w) => {
	const text = await raw(w.target, get() + get('', '/health?again') + post('Transfer-Encoding: chunked\r\n', '3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n') + get('Connection: close\r\n') + get());
	assert.deepEqual(answers(text).map((a) => a.status), [200, 200, 405, 200]);
	const head = await raw(w.target, 'HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
	assert.equal(answers(head, true)[0].status, 200);
	assert.ok(head.endsWith('\r\n\r\n'), 'HEAD has no body');
});

promise('a target in absolute form is its path, and its host is the one that counts', async (w) => {
	const status = async (target, host, path = '/health') => answers(await raw(w.target, get('Connection: close\r\n', `${target}${path}`, `Host: ${host}\r\n`)))[0].status;
	assert.equal(await status('http://localhost', 'localhost'), 200);
	assert.equal(await status('HTTP://localhost:80', 'localhost'), 200);
	// auth = open serves no other host
	const poll = '/poll?walletAddress=alice&timeout=0';
	assert.equal(await status('http://localhost', 'chat.example.org', poll), 200);
	assert.equal(await status('http://chat.example.org', 'localhost', poll), 403);
});

promise('a refused request does not end the connection if it was read whole', async (w) => {
	const text = await raw(w.target, get('', '/nothing') + get('', '//health') + get('', '/poll') + get('', '/ws?walletAddress=alice') + 'DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n' +
		'POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc' + get('Connection: close\r\n'));
	assert.deepEqual(answers(text).map((a) => a.status), [404, 404, 401, 426, 405, 404, 200]);
	assert.equal(answers(text)[3].headers.connection, 'upgrade');
	for (const refused of [post(''), post('Content-Length: 100000000\r\n'), get(UPGRADE, '/ws?walletAddress=alice'), get(UPGRADE, '/health').replace('GET', 'PUT').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n')])
		assert.equal(answers(await raw(w.target, refused + get())).length, 1, refused);
});

promise('an expectation of 100 is ignored where none can come', async (w) => {
	const [first, second] = answers(await raw(w.target, get('Expect: 100-continue\r\n') + 'GET /health HTTP/1.0\r\nExpect: 100-continue\r\n\r\n'));
	assert.deepEqual([first.status, second.status], [200, 200]);
});

promise('each answer says when it was made, the 101 and refusals too', async (w) => {
	const ws = `${UPGRADE}${KEY}`, close = 'Connection: close\r\n';
	const stream = `GET /events?walletAddress=alice HTTP/1.0\r\nHost: localhost\r\n\r\n`;
	for (const bytes of [get(close), get(close, '/nothing'), 'nonsense\r\n\r\n', get(close, '/poll?walletAddress=alice&timeout=0')]) {
		const [{ status, headers }] = answers(await raw(w.target, bytes));
		assert.match(headers.date, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/, String(status));
		assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 3600_000, headers.date);
	}
	for (const [bytes, status] of [[get(ws, '/ws?walletAddress=alice'), 101], [stream, 200]])
		assert.match(await head(w.target, bytes), new RegExp(`^HTTP/1.1 ${status} [^]*\\r\\nDate: \\w`), String(status));
});

promise('a later HTTP/1.x is served as HTTP/1.1', async (w) => {
	const [first, second] = answers(await raw(w.target, 'GET /health HTTP/1.2\r\nHost: localhost\r\n\r\n' + get('Connection: close\r\n')));
	assert.deepEqual([first.status, second.status], [200, 200]);
});

promise('HTTP/1.0 gets one answer and a close', async (w) => {
	const [answer] = answers(await raw(w.target, 'GET /health HTTP/1.0\r\n\r\n'));
	assert.equal(answer.status, 200);
});

promise('health tells anyone how it is', async (w) => {
	const alice = await w.client('alice');
	await w.escrow('42', { alice: 'client' });
	await alice.subscribe('42');
	const { status, json, headers } = await request(w.target, { path: '/health' });
	assert.equal(status, 200);
	assert.match(headers['content-type'], /^application\/json/);
	assert.equal(json.status, 'healthy');
	assert.equal(typeof json.version, 'string');
	assert.equal(typeof json.uptime, 'number');
	assert.equal(typeof json.services.database.status, 'string');
	assert.equal(json.services.websocket.activeConnections, 1);
	assert.equal(json.services.websocket.activeEscrows, 1);
});

promise('stats are for a key with the scope, or for this machine without a proxy between', async (w) => {
	const ask = (headers) => request(w.target, { path: '/api/websocket/stats', headers });
	assert.equal((await ask({})).status, 200);
	assert.equal((await ask({ 'X-Service-Key': w.weakKey })).status, 200);
	assert.ok([401, 403].includes((await ask({ 'X-Forwarded-For': '127.0.0.1' })).status));
	assert.equal((await ask({ 'X-Forwarded-For': '127.0.0.1', 'X-Service-Key': w.weakKey })).status, 200);
	assert.ok([401, 403].includes((await ask({ 'X-Service-Key': 'a-key-that-nobody-was-given' })).status));
	assert.equal((await ask({ 'X-Service-Key': w.key, Origin: 'http://localhost:5173' })).status, 403);
});

promise('a method that nobody knows is 501, and OPTIONS * names the others', async (w) => {
	for (const [method, path] of [['TRACE', '/health'], ['PROPFIND', '/poll?walletAddress=alice'], ['LINK', '/nothing']]) {
		const answer = await request(w.target, { method, path });
		assert.equal(answer.status, 501, method);
		assert.equal(answer.json.code, 'bad_request', method);
	}
	const [answer] = answers(await raw(w.target, 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'));
	assert.equal(answer.status, 204);
	assert.equal(answer.headers.allow, 'GET, HEAD, POST, OPTIONS');
});

promise('other methods are refused with what is allowed', async (w) => {
	for (const path of ['/health', '/api/websocket/stats', '/ws?walletAddress=alice']) {
		const answer = await request(w.target, { method: 'DELETE', path });
		assert.equal(answer.status, 405, path);
		assert.match(answer.headers.allow, /\bGET\b/, path);
	}
});

async function handshake(w, headers = {}, path = '/ws?walletAddress=alice') {
	try {
		const ws = await WebSocket.connect(w.target, { path, headers });
		await ws.close();
		return { status: 101 };
	} catch (error) {
		if (!(error instanceof Refused))
			throw error;
		return { ...error, json: JSON.parse(error.body) };
	}
}

promise('a handshake that is none is refused as RFC 6455 says', async (w) => {
	const table = [
		['no Upgrade', { Upgrade: undefined }, 426],
		['another protocol', { Upgrade: 'h2c' }, 426],
		['no Connection', { Connection: 'keep-alive' }, 400],
		['version 8', { 'Sec-WebSocket-Version': '8' }, 426],
		['no version', { 'Sec-WebSocket-Version': undefined }, 426],
		['no key', { 'Sec-WebSocket-Key': undefined }, 400],
		['a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400],
		['a key that is no base64', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }, 400],
	];
	for (const [what, headers, status] of table) {
		const { status: found, headers: h } = await handshake(w, headers);
		assert.equal(found, status, what);
		// Bytes behind a request for a WebSocket may be frames; behind any other they are a request.
		assert.equal(/\bclose\b/.test(h.connection ?? ''), !/^(no Upgrade|another protocol)$/.test(what), what);
		if (status === 426) {
			assert.equal(h['sec-websocket-version'], '13', what);
			assert.equal(h.upgrade, 'websocket', what);
		}
	}
	assert.equal((await handshake(w, { Connection: 'keep-alive, Upgrade', Upgrade: 'WebSocket' })).status, 101);
});

promise('auth = open serves its own machine only', async (w) => {
	const table = [
		[{}, 101],
		[{ Host: 'localhost:3001' }, 101],
		[{ Host: '[::1]:3001' }, 101],
		[{ Host: 'chat.example.org' }, 403],
		[{ Host: 'localhost.example.org' }, 403],
		[{ Host: '192.168.1.5' }, 403],
		[{ 'X-Forwarded-For': '127.0.0.1' }, 101],
		[{ 'X-Forwarded-For': '127.0.0.1, ::1' }, 101],
		[{ 'X-Forwarded-For': '203.0.113.9' }, 403],
		[{ 'X-Forwarded-For': '127.0.0.1, 203.0.113.9' }, 403],
		[{ 'X-Forwarded-For': 'unknown' }, 403],
		[{ 'X-Real-IP': '203.0.113.9' }, 403],
		[{ Forwarded: 'for=203.0.113.9' }, 403],
		[{ Forwarded: 'for="[::1]:1234"' }, 101],
	];
	for (const [headers, status] of table) {
		const answer = await handshake(w, headers);
		assert.equal(answer.status, status, JSON.stringify(headers));
		if (status === 403)
			assert.equal(answer.json.code, 'open_is_local', JSON.stringify(headers));
	}
});

promise('pages of other origins are kept out', { config: { frontend_url: ['http://localhost:5173', 'https://app.example.org'] } }, async (w) => {
	const own = `http://127.0.0.1:${w.target.port}`;
	const table = [
		['http://localhost:5173', 101],
		['https://app.example.org', 101],
		[own, 101],
		[own.replace('http', 'ws'), 101],
		[own.replace('http', 'wss'), 403],
		['ws://localhost:5173', 403],
		['ws://127.0.0.1', 403],
		['http://evil.example.org', 403],
		['https://localhost:5173', 403],
		['http://localhost:5174', 403],
		['http://localhost:5173.evil.example.org', 403],
		['null', 403],
		['', 101],
	];
	for (const [origin, status] of table) {
		const answer = await handshake(w, { Origin: origin || undefined });
		assert.equal(answer.status, status, origin);
		if (status === 403)
			assert.equal(answer.json.code, 'forbidden', origin);
	}
});

promise('a WebSocket that offers sub-protocols of others is accepted, and none of them is named', async (w) => {
	const table = [
		[[], ''],
		[['x-foreign'], ''],
		[['x-foreign', 'y-foreign'], ''],
		[['bearer.T0KEN'], ''],
		[['bearer.T0KEN', 'x-foreign'], ''],
		[['ESCROWCHAT.V2'], ''],
		[['x-foreign', 'escrowchat.v1'], 'escrowchat.v1'],
		[['escrowchat.v1', 'bearer.T0KEN'], 'escrowchat.v1'],
	];
	for (const [protocols, named] of table) {
		for (const [path, wanted] of [['/ws?walletAddress=alice', named], ['/socket.io/?EIO=4&transport=websocket', '']]) {
			const ws = await WebSocket.connect(w.target, { path, protocols });
			const what = `${path} ${protocols}`;
			assert.equal(ws.headers['sec-websocket-protocol'], wanted || undefined, what);
			await until(`the first message at ${what}`, () => ws.messages.length > 0);
			ws.destroy();
		}
	}
});

const PAGE = 'http://localhost:5173';

/** Asserts that the answer names the page, or none. */
function names(answer, page, what) {
	assert.equal(answer.headers['access-control-allow-origin'], page, what);
	assert.equal(answer.headers['access-control-allow-credentials'], page && 'true', what);
	assert.match(answer.headers.vary, /^Origin\b/, what);
}

const ANSWERS = [
	['GET', '/health', 200],
	['HEAD', '/health', 200],
	['OPTIONS', '/health', 204],
	['DELETE', '/health', 405],
	['GET', '/api/websocket/stats', 200],
	['GET', '/api/websocket/stats', 401, { 'X-Forwarded-For': '127.0.0.1' }],
	['GET', '/api/websocket/stats', 403, { 'X-Service-Key': 'any' }],
	['OPTIONS', '/api/websocket/stats', 204],
	['GET', '/metrics', 200],
	['GET', '/nowhere', 404],
	['POST', '/nowhere', 404, { 'Content-Length': '0' }],
	['GET', '//health', 404],
	['GET', '/ws?walletAddress=alice', 426],
	['GET', '/ws', 401],
	['GET', '/ws?cursor=x&walletAddress=alice', 400],
	['PUT', '/emit?walletAddress=alice', 405, { 'Content-Length': '0' }],
	['GET', '/poll', 401],
	['POST', '/emit?walletAddress=alice', 413, { 'Content-Length': '100000000' }],
	['POST', '/emit?walletAddress=alice', 411],
	['POST', '/emit?walletAddress=alice', 417, { 'Content-Length': '1', Expect: 'a miracle' }],
	['GET', '/socket.io/?EIO=3&transport=polling', 400],
	['GET', '/health', 431, { 'X-A': 'x'.repeat(5000) }],
];

promise('a page of an allowed origin can read every answer, and no other page can', { config: { max_header: '4k' } }, async (w) => {
	for (const [method, path, status, more = {}] of ANSWERS) {
		for (const origin of [PAGE, 'https://evil.example.org', 'null']) {
			const lines = Object.entries({ Host: 'localhost', Connection: 'close', Origin: origin, ...more }).map(([k, v]) => `${k}: ${v}\r\n`).join('');
			const [answer] = answers(await raw(w.target, `${method} ${path} HTTP/1.1\r\n${lines}\r\n`), method === 'HEAD');
			const what = `${method} ${path} from ${origin}`;
			names(answer, origin === PAGE ? PAGE : undefined, what);
			if (origin === PAGE)
				assert.equal(answer.status, status, what);
		}
	}
	const preflight = await request(w.target, { method: 'OPTIONS', path: '/health', headers: { Origin: PAGE, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'traceparent' } });
	assert.deepEqual([preflight.status, preflight.headers['access-control-allow-headers']], [204, 'traceparent']);
	const far = await request(w.target, { path: '/events?walletAddress=alice', headers: { Origin: PAGE, 'X-Forwarded-For': '203.0.113.9' } });
	assert.deepEqual([far.status, far.json.code], [403, 'open_is_local']);
	names(far, PAGE, 'auth = open refuses');
	const [unread] = answers(await raw(w.target, `GET /health HTTP/2.0\r\nHost: localhost\r\nOrigin: ${PAGE}\r\n\r\n`));
	assert.deepEqual([unread.status, unread.headers['access-control-allow-origin']], [505, undefined]);
});

promise('a WebSocket needs a wallet, by header or query, and one alone', async (w) => {
	const table = [
		['/ws', {}, 401],
		['/ws?walletAddress=', {}, 401],
		['/ws?walletAddress=a%20b', {}, 401],
		['/ws?walletAddress=' + 'x'.repeat(129), {}, 401],
		['/ws', { 'X-Wallet-Address': 'alice' }, 101],
		['/ws?walletAddress=alice', { 'X-Wallet-Address': 'alice' }, 101],
		['/ws?walletAddress=bob', { 'X-Wallet-Address': 'alice' }, 401],
	];
	for (const [path, headers, status] of table)
		assert.equal((await handshake(w, headers, path)).status, status, `${path} ${JSON.stringify(headers)}`);
});

promise('connections beyond max_connections get 503, and others go on', { config: { max_connections: 3 } }, async (w) => {
	const clients = [await w.client('a'), await w.client('b'), await w.client('c')];
	const [answer] = answers(await raw(w.target, get()));
	assert.equal(answer.status, 503);
	assert.ok(Number(answer.headers['retry-after']) > 0);
	await clients[0].close();
	await clients[1].refused('not_participant', 'presence', { escrowId: 'x' });
	await w.connections(2);
});
