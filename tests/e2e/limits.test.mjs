// SPDX-License-Identifier: ISC
// limits.test.mjs - every limit, its answer, and that it is nobody else's; names of requests, and
// the audit trail.

import assert from 'node:assert/strict';
import net from 'node:net';

import { connected, Polling, Sock } from './lib/engineio.mjs';
import { answers, raw, request } from './lib/http.mjs';
import { bearer, claims, makers, token, useKeys } from './lib/jose.mjs';
import { emit, EventStream, poll } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { challenge, newWallet, post } from './lib/wallets.mjs';
import { promise } from './lib/world.mjs';
import { Refused } from './lib/ws.mjs';

/** Asserts that an answer says that it is too much: 429, when to come again, and the code. */
function limited(answer) {
	assert.equal(answer.status, 429, answer.body);
	assert.ok(Number(answer.headers['retry-after']) >= 1);
	assert.equal(JSON.parse(answer.body).code, 'rate_limited');
}

const isLimited = (open) => assert.rejects(open, (error) => {
	limited(error);
	return true;
});

/* ---- messages ---- */

promise('message_rate is one bucket, whichever program takes the message', { web: true, config: { message_rate: 1 } }, async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const alice = await w.client('alice');
	const body = { content: 'x' }, path = '/api/chat/42/send';
	const roads = {
		daemon: () => alice.ask('chat_message', { escrowId: '42', ...body }),
		fastcgi: async () => (await w.rest('alice', 'POST', path, body)),
		cgi: async () => (await w.cgi('POST', path, { body, headers: { 'X-Wallet-Address': 'alice' } })),
	};
	const arrival = async () => Number(await w.sqlite("SELECT coalesce(max(arrival), 0) FROM rates WHERE wallet = 'alice';"));
	const isGood = (answer) => answer.ok ?? answer.status === 201;
	for (const [name, send] of Object.entries(roads)) {
		await w.sqlite('DELETE FROM rates;');
		assert.ok(isGood(await send()), name);
		assert.ok((await arrival()) > 0, `${name} spends`);
		const refusal = await until(`${name} to be refused`, async () => {
			const full = process.hrtime.bigint() / 1000n + 950000n; // just spent: nobody waits for a slow machine here
			await w.sqlite(`INSERT OR REPLACE INTO rates VALUES('alice', ${full});`);
			const answer = await send();
			return isGood(answer) ? null : answer;
		});
		if (name === 'daemon')
			assert.equal(refusal.code, 'rate_limited');
		else
			limited(refusal);
		assert.equal((await w.rest('bob', 'POST', path, body)).status, 201, 'another wallet has its own');
		await w.sqlite("DELETE FROM rates;");
	}
});

/* ---- events, rooms, replay ---- */

promise('event_rate is a connection\'s, and refuses without closing', { brief: 1000, config: { rooms: 'open', event_rate: 5 } }, async (w) => {
	const alice = await w.client('alice'), other = await w.client('alice');
	const answers = await Promise.all(Array.from({ length: 60 }, () => alice.ask('presence', { escrowId: 'x' })));
	assert.ok(answers.slice(0, 5).every((a) => a.ok));
	const refused = answers.filter((a) => !a.ok);
	assert.ok(refused.length > 0 && refused.every((a) => a.code === 'rate_limited'), JSON.stringify(refused[0]));
	await other.ok('presence', { escrowId: 'x' });
	await until('the bucket to fill', async () => (await alice.ask('presence', { escrowId: 'x' })).ok);
	// Requests that bring one event each share their wallet's.
	const emits = await Promise.all(Array.from({ length: 60 }, () => emit(w.target, 'carol', 'presence', { escrowId: 'x' })));
	assert.ok(emits.every((a) => a.status === 200));
	assert.ok(emits.some((a) => a.json.ok) && emits.some((a) => a.json.code === 'rate_limited'));
	assert.equal((await emit(w.target, 'dave', 'presence', { escrowId: 'x' })).json.ok, true);
});

promise('max_rooms is a connection\'s', { config: { rooms: 'open', max_rooms: 2 } }, async (w) => {
	const alice = await w.client('alice'), other = await w.client('alice');
	await alice.subscribe('1');
	await alice.subscribe('2');
	await alice.refused('rate_limited', 'subscribe_escrow', '3');
	await alice.subscribe('2');
	await other.subscribe('3');
	await alice.ok('unsubscribe_escrow', '1');
	await alice.subscribe('3');
});

promise('what was replayed counts: too much, and cursors wait', { brief: 20000, config: { rooms: 'open', replay_rate: '1k' } }, async (w) => {
	const alice = await w.client('alice'), bob = await w.client('bob');
	const { cursor } = await alice.subscribe('room');
	for (let i = 0; i < 30; i++)
		await bob.send('room', `${i} ${'x'.repeat(2000)}`);
	const late = await w.client('alice');
	await late.subscribe('room', cursor);
	assert.equal(late.all('chat_message').length, 30, 'one that has begun is whole');
	await late.ok('unsubscribe_escrow', 'room');
	await late.refused('rate_limited', 'subscribe_escrow', { escrowId: 'room', cursor });
	await late.subscribe('room');
	await isLimited(w.client('alice', { query: { cursor } }));
	limited(await poll(w.target, 'alice', { rooms: ['room'], cursor }));
	const off = await EventStream.putOff(w.target, 'alice', { rooms: ['room'], cursor });
	assert.deepEqual([off.code, off.id], ['rate_limited', cursor], 'the cursor is kept');
	assert.equal((await poll(w.target, 'alice', { rooms: ['room'] })).status, 200);
	const carol = await w.client('carol');
	await carol.subscribe('room', cursor);
	assert.equal(carol.all('chat_message').length, 30, 'another wallet has its own');
});

promise('a long replay is slowed down, and stays whole and in order', { config: { rooms: 'open', replay_rate: '64k' } }, async (w) => {
	const alice = await w.client('alice'), bob = await w.client('bob');
	const { cursor } = await alice.subscribe('room');
	await alice.ok('unsubscribe_escrow', 'room');
	const contents = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(2000)}`);
	for (let i = 0; i < contents.length; i += 50)
		await Promise.all(contents.slice(i, i + 50).map((content) => bob.send('room', content)));
	const begun = performance.now(), before = alice.log.length;
	const answer = alice.subscribe('room', cursor);
	await bob.send('room', 'live');
	await answer;
	const events = alice.log.slice(before).filter((m) => m.event === 'chat_message').map((m) => m.data.content);
	assert.deepEqual(events, [...contents, 'live'].slice(0, events.length));
	assert.ok(events.length >= contents.length);
	assert.ok(performance.now() - begun > 1000, 'more than what is given at once');
	await alice.message('live');
});

/* ---- connections ---- */

promise('max_per_wallet counts every transport, and a client that comes back to its session is admitted', { config: { rooms: 'open', max_per_wallet: 2 } }, async (w) => {
	const first = await w.client('alice');
	const stream = await EventStream.hello(w.target, 'alice');
	await isLimited(w.client('alice'));
	assert.equal((await EventStream.putOff(w.target, 'alice', { client: 'other' })).code, 'rate_limited');
	limited(await poll(w.target, 'alice', { client: 'third' }));
	for (const Wire of [Polling, Sock]) {
		const wire = await Wire.open(w.target);
		await wire.send('40{"walletAddress":"alice"}');
		assert.match(await wire.next(), /^44\{"message":"Too much at once/);
	}
	assert.equal((await emit(w.target, 'alice', 'presence', { escrowId: 'x' })).json.ok, true, 'an event is no connection');
	await w.client('bob');
	await stream.close();
	const recoverable = await until('room for one', () => connected(w.target, Sock, 'alice', { recovery: true }).catch(() => null));
	await isLimited(w.client('alice'));
	const again = await Sock.open(w.target);
	again.send(`40${JSON.stringify({ walletAddress: 'alice', recovery: true, pid: recoverable.connect.pid })}`);
	assert.match(await again.next(), new RegExp(`^40\\{"sid":"${recoverable.connect.sid}"`));
	const guess = await Sock.open(w.target);
	guess.send(`40${JSON.stringify({ walletAddress: 'alice', recovery: true, pid: 'x'.repeat(32) })}`);
	assert.match(await guess.next(), /^44\{"message":"Too much at once/);
	await first.ok('presence', { escrowId: 'x' });
});

promise('max_per_address counts whom a trusted proxy names, and nobody whom anybody else names', { daemon: false }, async (w) => {
	const key = makers.HS256();
	useKeys(w, [key], { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'], max_per_address: 2 });
	await w.startDaemon();
	let n = 0;
	const from = (address, more = {}) => {
		const wallet = `user-${n++}`;
		return w.client(wallet, { headers: { ...bearer(token(key, claims(wallet))), ...(address && { 'X-Forwarded-For': address }) }, ...more });
	};
	const [first] = [await from('203.0.113.1'), await from('192.0.2.77, 203.0.113.1, 10.1.2.3')];
	await isLimited(from('203.0.113.1'));
	await isLimited(from('198.51.100.5, 203.0.113.1'));
	const refused = await request(w.target, { path: '/health', headers: { 'X-Forwarded-For': '203.0.113.1', Origin: 'http://localhost:5173' } });
	limited(refused);
	assert.equal(refused.headers['access-control-allow-origin'], 'http://localhost:5173', 'a page can read it');
	await from('198.51.100.5');
	await from('2001:db8:1:2::1');
	await from('2001:db8:1:2:ffff::2');
	await isLimited(from('2001:db8:1:2:3:4:5:6'));
	await from('2001:db8:1:3::1');
	for (let i = 0; i < 4; i++) // the machine itself, and a Unix socket that nobody trusts
		await Promise.all([from(null), from('203.0.113.1', { target: { socketPath: w.path('daemon.sock') } })]);
	await first.close();
	await until('room for one', () => from('203.0.113.1').catch((error) => (error instanceof Refused ? null : Promise.reject(error))));
	assert.equal((await request(w.target, { path: '/health', headers: { 'X-Forwarded-For': '203.0.113.1' } })).status, 429);
});

promise('sessions that are left behind are kept in twice the number of connections, the newest', { config: { rooms: 'open', max_connections: 10 } }, async (w) => {
	const left = [];
	for (let i = 0; i < 40; i++) {
		const wire = await connected(w.target, Sock, `user-${i}`, { recovery: true });
		await wire.ws.destroy();
		await w.connections(0);
		left.push(wire.connect);
	}
	await until('the rest to be forgotten', async () => Number(await w.sqlite('SELECT count(*) FROM kept_sessions;')) <= 20);
	const back = async (i) => {
		const wire = await Sock.open(w.target);
		wire.send(`40${JSON.stringify({ walletAddress: `user-${i}`, recovery: true, pid: left[i].pid })}`);
		return JSON.parse((await wire.next()).slice(2)).sid === left[i].sid;
	};
	assert.equal(await back(39), true);
	assert.equal(await back(25), true);
	assert.equal(await back(0), false);
});

/** Raw connections that say nothing, or something that makes them nobody: they are counted as long
 * as they are open. */
function idle(target, text = '') {
	return within(new Promise((resolve) => {
		const socket = net.connect({ host: '127.0.0.1', port: target.port }, () => {
			socket.write(text);
			resolve(socket);
		});
		socket.isOver = new Promise((over) => socket.on('close', () => over(true)));
		socket.on('error', () => {}).on('data', () => {});
		socket.on('close', () => (socket.hasEnded = true));
	}), 'a connection');
}

promise('connections that are nobody\'s are a tenth at most, and the oldest goes first', { config: { rooms: 'open', max_connections: 40 } }, async (w) => {
	const alice = await w.client('alice'), bob = await w.client('bob');
	const texts = ['', 'GET /ws HTTP/1.1\r\n', 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', 'POST /emit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n'];
	const sockets = [];
	for (let i = 0; i < 60; i++) {
		sockets.push(await idle(w.target, texts[i % texts.length]));
		if (i >= 8)
			await within(sockets[i - 8].isOver, 'the oldest to go');
	}
	await until('a tenth to be left', () => sockets.filter((s) => !s.hasEnded).length <= 4);
	assert.ok(sockets.slice(-2).every((s) => !s.hasEnded), 'the newest stay');
	await alice.ok('presence', { escrowId: 'x' });
	await bob.subscribe('room');
	await w.client('carol');
	sockets.forEach((s) => s.destroy());
});

promise('a flood of /ws and /socket.io/ without an identity keeps nobody out', { daemon: false }, async (w) => {
	const key = makers.HS256();
	useKeys(w, [key], { max_connections: 60 });
	await w.startDaemon();
	const alice = await w.client('alice', { headers: bearer(token(key, claims('alice'))) });
	const wires = [];
	for (let i = 0; i < 100; i++) {
		await assert.rejects(w.client('eve'), (error) => error instanceof Refused && error.status === 401);
		wires.push(await Sock.open(w.target), await Polling.open(w.target));
	}
	await until('most of them to be gone', () => wires.filter((s) => s.ws && !s.end).length <= 6);
	const bob = await w.client('bob', { headers: bearer(token(key, claims('bob'))) });
	await alice.refused('not_participant', 'presence', { escrowId: 'x' });
	await bob.refused('not_participant', 'presence', { escrowId: 'x' });
});

promise('a client that has left its last namespace counts among those without an identity', { config: { rooms: 'open', max_connections: 60 } }, async (w) => {
	const alice = await w.client('alice'), wires = [];
	for (let i = 0; i < 20; i++) {
		const wire = await connected(w.target, i % 2 ? Sock : Polling, 'eve');
		await wire.send('41');
		wires.push(wire);
	}
	const left = async () => {
		let n = 0;
		for (const wire of wires)
			n += wire.ws ? !wire.end : (await wire.post('3')).status === 200;
		return n;
	};
	await until('a tenth to be left', async () => await left() <= 6);
	await wires.at(-1).send('40{"walletAddress":"eve"}');
	assert.match(await wires.at(-1).next(), /^40\{"sid"/);
	await alice.ok('presence', { escrowId: 'x' });
});

promise('a client that polls gets in, however few connections there are', { config: { rooms: 'open', max_connections: 4 } }, async (w) => {
	const wire = await Polling.open(w.target);
	const held = wire.get();
	await wire.send('40{"walletAddress":"alice"}');
	assert.match((await held).body, /^40\{"sid"/);
});

/* ---- sizes ---- */

promise('a client that is not known yet may send little, so that strangers do not fill the memory', { config: { rooms: 'open' } }, async (w) => {
	const head = (method, path, length) => raw(w.target, `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`);
	const status = async (...request) => answers(await head(...request))[0].status;
	const stranger = await Polling.open(w.target), known = await connected(w.target, Polling, 'alice');
	assert.equal(await status('POST', stranger.path, 65537), 413, 'of its head alone');
	assert.equal(await status('POST', '/emit?walletAddress=alice', 70000), 413);
	assert.equal(await status('GET', '/events?walletAddress=alice', 5000), 413);
	assert.equal(await status('POST', '/nowhere', 5000), 404);
	const long = `4${JSON.stringify(['presence', { escrowId: 'x', pad: 'y'.repeat(60000) }]).padEnd(65534)}`;
	assert.equal((await stranger.send('40{"walletAddress":"bob"}')).status, 200);
	assert.match(await stranger.next(), /^40\{"sid"/);
	for (const wire of [stranger, known])
		assert.equal((await wire.send(...Array(10).fill(long.replace(/^4/, '42')))).status, 200, 'ten of them');
	const sock = await Sock.open(w.target), early = await Sock.open(w.target);
	early.send('4' + 'y'.repeat(65536));
	assert.equal((await early.gone()).code, 1009);
	sock.send('40{"walletAddress":"carol"}');
	assert.match(await sock.next(), /^40\{"sid"/);
	sock.send(`42["x",{"pad":"${'y'.repeat(200000)}"}]`);
	assert.match(await sock.next(), /too_long|bad_request/);
});

promise('bodies, heads and messages are as long as they may be', { web: true, config: { rooms: 'open', max_body: '70k', max_header: '4k', max_message: '72k' } }, async (w) => {
	const path = '/emit?walletAddress=alice';
	const body = (n) => JSON.stringify({ event: 'presence', data: { escrowId: 'x', pad: 'y'.repeat(n) } });
	assert.equal((await request(w.target, { method: 'POST', path, body: body(60000) })).status, 200);
	assert.equal((await request(w.target, { method: 'POST', path, body: body(70 * 1024) })).status, 413);
	assert.equal((await request(w.target, { path: '/health', headers: { 'X-Long': 'z'.repeat(3500) } })).status, 200);
	assert.equal((await request(w.target, { path: '/health', headers: { 'X-Long': 'z'.repeat(4096) } })).status, 431);
	const rest = (n) => request(w.web, { path: '/api/health', headers: { 'X-Long': 'z'.repeat(n) } });
	assert.equal((await rest(2500)).status, 200);
	const large = await rest(4096);
	assert.deepEqual([large.status, large.json?.code], [431, 'bad_request']);
	assert.equal((await Polling.open(w.target)).open.maxPayload, 70 * 1024);
	const list = (n) => Array.from({ length: n }, (_, i) => ({ topic: 'escrow_42', event: 'a:b', data: { i, pad: 'y'.repeat(1000) } }));
	assert.equal((await w.service('POST', '/api/publish', list(60))).status, 202);
	assert.equal((await w.service('POST', '/api/publish', list(80))).status, 413);
	const alice = await w.client('alice');
	alice.ws.send(JSON.stringify({ event: 'presence', data: { escrowId: 'x', pad: 'y'.repeat(73 * 1024) }, ack: 1 }));
	assert.equal((await within(alice.ws.closed.promise, 'the connection to end')).code, 1009);
});

/* ---- sign-ins ---- */

promise('sign_in_rate counts by address, and never by wallet', { web: true, daemon: false, brief: 15000, config: { auth: 'wallet', sign_in_rate: 3, trusted_proxies: '127.0.0.1' } }, async (w) => {
	const wallet = newWallet();
	const knock = async (address, who = wallet, isGood = true) => {
		const headers = { 'X-Forwarded-For': address }, message = await challenge(w.web, who.address, headers);
		return post(w.web, '/api/auth/verify', { walletAddress: who.address, message, signature: isGood ? who.sign(message) : newWallet().sign(message) }, headers);
	};
	assert.equal((await knock('203.0.113.1')).status, 200);
	assert.equal((await knock('203.0.113.1', wallet, false)).status, 401);
	assert.equal((await knock('198.51.100.9, 203.0.113.1', newWallet())).status, 200);
	const refusal = await knock('203.0.113.1', newWallet());
	limited(refusal);
	assert.ok(Number(refusal.headers['retry-after']) <= 20);
	assert.equal((await knock('203.0.113.2')).status, 200, 'the same wallet from elsewhere');
	for (let i = 0; i < 6; i++)
		assert.equal((await knock('127.0.0.1')).status, 200, 'loopback is not counted');
});

/* ---- names of requests, and the log ---- */

promise('a request keeps its X-Request-ID or gets one, in answers and in the log', { web: true, config: { rooms: 'open' } }, async (w) => {
	const roads = {
		daemon: (headers) => request(w.target, { path: '/health?secret=1', headers }),
		events: async (headers) => {
			const stream = await EventStream.open(w.target, 'alice', {}, { headers });
			await stream.close();
			return stream;
		},
		ws: async (headers) => {
			const client = await w.client('alice', { headers });
			await client.close();
			return client.ws;
		},
		refusal: (headers) => request(w.target, { path: '/nowhere', headers }),
		fastcgi: (headers) => w.rest('alice', 'GET', '/api/chat/unread?secret=1', undefined, headers),
		cgi: (headers) => w.cgi('GET', '/api/health?secret=1', { headers }),
	};
	for (const [name, ask] of Object.entries(roads)) {
		for (const good of [`${name}-A.b_9`, 'x'.repeat(64)])
			assert.equal((await ask({ 'X-Request-ID': good })).headers['x-request-id'], good, name);
		for (const bad of ['a b', 'a"b', 'x'.repeat(65), '<script>']) {
			const { headers } = await ask({ 'X-Request-ID': bad });
			assert.match(headers['x-request-id'], /^[A-Za-z0-9._-]{1,64}$/, `${name} ${bad}`);
			assert.notEqual(headers['x-request-id'], bad);
		}
		assert.match((await ask({})).headers['x-request-id'], /^[A-Za-z0-9._-]{1,64}$/);
	}
	await w.daemon.line(/request=daemon-A\.b_9 GET \/health$/);
	await w.fcgi.line(/request=fastcgi-A\.b_9 GET \/api\/chat\/unread 200$/);
	for (const p of [w.daemon, w.fcgi])
		assert.ok(!p.lines.some((l) => l.includes('secret')), 'no query is in the log');
});

promise('the audit trail calls a token revoked only if it was good before', { web: true, daemon: false, config: { auth: 'wallet' } }, async (w) => {
	w.configure({ service_keys: w.file('more.keys', `platform ${w.key} sessions\n`) });
	await w.fcgi.stop();
	await w.startFcgi();
	const wallet = newWallet(), message = await challenge(w.web, wallet.address);
	const { json } = await post(w.web, '/api/auth/verify', { walletAddress: wallet.address, message, signature: wallet.sign(message) });
	for (const [id, token, event] of [['first', json.token, 'revoked'], ['again', json.token, 'key'], ['unknown', 'nobody-issued-this-token', 'key']]) {
		assert.equal((await w.service('POST', '/api/auth/revoke', { token }, { 'X-Request-ID': id })).status, 200, id);
		const [, said] = await w.fcgi.line(new RegExp(`audit: (\\w+) key=platform status=200 .*request=${id} `));
		assert.equal(said, event, id);
	}
});

promise('sign-ins, refusals, keys, revocations and changes of membership are a line each', { web: true, daemon: false, config: { auth: 'wallet' } }, async (w) => {
	const keys = w.file('more.keys', `platform ${w.key} escrows,publish,stats,sessions\nwatcher ${w.weakKey} stats\n`);
	w.configure({ service_keys: keys });
	await w.fcgi.stop();
	await w.startFcgi();
	await w.startDaemon();
	const wallet = newWallet(), short = `${wallet.address.slice(0, 8)}...`;
	await w.escrow('a "b"', { [wallet.address]: 'client' });
	await w.fcgi.line(/audit: key key=platform status=201 peer=127\.0\.0\.1 request=\S+ method=PUT path=\/api\/escrows\/a%20%22b%22$/);
	await w.daemon.line(new RegExp(`audit: membership change=added wallet=${short.replaceAll('.', '\\.')} escrow=a\\\\x20\\\\"b\\\\" position=\\d+$`));
	const message = await challenge(w.web, wallet.address);
	const { json } = await post(w.web, '/api/auth/verify', { walletAddress: wallet.address, message, signature: wallet.sign(message) });
	await w.fcgi.line(new RegExp(`audit: sign_in status=200 wallet=${short.replaceAll('.', '\\.')} peer=127\\.0\\.0\\.1 request=\\S+ method=POST path=/api/auth/verify$`));
	await w.rest('eve', 'GET', '/api/chat/unread?q=1', undefined, { Authorization: 'Bearer none', 'X-Request-ID': 'of-eve' });
	await w.fcgi.line(/audit: refused status=401 code=unauthorized peer=127\.0\.0\.1 request=of-eve method=GET path=\/api\/chat\/unread$/);
	await request(w.target, { path: '/ws?walletAddress=eve', headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
	await w.daemon.line(/audit: refused status=401 code=unauthorized conn=\d+ peer=\S+ request=\S+ method=GET path=\/ws$/);
	await w.service('POST', '/api/publish', [], { 'X-Service-Key': w.weakKey });
	await w.fcgi.line(/audit: refused key=watcher status=403 code=forbidden /);
	await w.stats();
	await w.daemon.line(/audit: key key=platform peer=\S* ?request=\S+ method=GET path=\/api\/websocket\/stats$/);
	await w.service('POST', '/api/auth/revoke', { walletAddress: wallet.address });
	await w.fcgi.line(/audit: revoked key=platform status=200 wallet=\S+ /);
	const secrets = [json.token, w.key, w.weakKey];
	for (const p of [w.daemon, w.fcgi])
		assert.ok(!p.lines.some((l) => secrets.some((s) => l.includes(s))), 'no secret is in the log');
});
