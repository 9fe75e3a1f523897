// SPDX-License-Identifier: ISC
// attacks.test.mjs - the attempts of an attacker: with the ids and tokens of others, with tokens
// that were ended, from other origins, and with bad values.

import assert from 'node:assert/strict';

import { ask, connected, Polling, Sock } from './lib/engineio.mjs';
import { answers, raw, request } from './lib/http.mjs';
import { bearer, claims, makers, token, useKeys } from './lib/jose.mjs';
import { emit, EventStream, poll, StreamRefused } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { challenge, newWallet, post, signIn } from './lib/wallets.mjs';
import { promise } from './lib/world.mjs';
import { Refused, WebSocket } from './lib/ws.mjs';

const CLOSED = { web: true, daemon: false, config: { auth: 'wallet' } };

/** Both programs with one key of the platform, and an escrow of alice and bob that eve has no part
 * in. as(wallet): a token's header. */
async function platform(w, more) {
	const key = makers.ES256('k');
	useKeys(w, [key], more);
	await w.fcgi.stop();
	await w.startFcgi();
	await w.startDaemon();
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	await w.escrow('of-eve', { eve: 'client' });
	const text = (wallet, jti = 0) => token(key, claims(wallet, { jti }));
	return { key, text, as: (wallet, jti) => ({ headers: bearer(text(wallet, jti)) }) };
}

const refusedWith = (status) => (e) => (e instanceof Refused || e instanceof StreamRefused) && e.status === status;

/* ---- what is another's ---- */

promise('another\'s challenge, by its wallet, its page, its time or its server, signs nobody in', CLOSED, async (w) => {
	const alice = newWallet(), eve = newWallet();
	const verify = (who, message, signer = who) => post(w.web, '/api/auth/verify', { walletAddress: who.address, message, signature: signer.sign(message) });
	const mine = await challenge(w.web, eve.address), hers = await challenge(w.web, alice.address);
	const nonce = (text) => /Nonce: (\w+)/.exec(text)[1];
	const made = {
		'her challenge signed by me': [alice, hers, eve],
		'her challenge as mine': [eve, hers, eve],
		'mine with her address in it': [alice, mine.replaceAll(eve.address, alice.address), eve],
		'mine with her nonce': [eve, mine.replace(nonce(mine), nonce(hers)), eve],
		'of another page': [eve, mine.replaceAll('localhost:5173', 'evil.example'), eve],
		'of another chain': [eve, mine.replace(/Chain ID: 1\b/, 'Chain ID: 5'), eve],
		'that lasts longer': [eve, mine.replace(/Expiration Time: 20(\d\d)/, (_, y) => `Expiration Time: 20${Number(y) + 1}`), eve],
		'with a line more': [eve, `${mine}\nResources:\n- https://evil.example`, eve],
	};
	for (const [what, [who, text, signer]] of Object.entries(made))
		assert.equal((await verify(who, text, signer)).status, 401, what);
	assert.equal((await verify(eve, mine)).status, 200, 'and what was refused used nothing up');
	assert.equal((await verify(eve, mine)).status, 401, 'once');
	// A challenge that was made with another server's key is refused too.
	const elsewhere = await challenge(w.web, eve.address);
	await w.fcgi.stop();
	w.configure({ database: w.path('other.db') });
	await w.startFcgi();
	assert.equal((await verify(eve, elsewhere)).status, 401);
});

promise('another\'s sid, pid and cursor open nothing', CLOSED, async (w) => {
	const { text, as } = await platform(w);
	const alice = await w.client('alice', as('alice')), { cursor } = await alice.subscribe('42');
	await alice.send('42', 'for bob alone');
	await w.service('POST', '/api/users/alice/notifications', { type: 'secret', title: 't', message: 'for alice' });
	await alice.event('notification');
	const own = alice.hello.cursor;
	const eve = await w.client('eve', { ...as('eve'), query: { cursor: own } });
	await eve.refused('not_participant', 'subscribe_escrow', { escrowId: '42', cursor });
	await eve.refused('not_participant', 'history', { escrowId: '42' });
	await eve.refused('not_participant', 'message_read', { escrowId: '42', upTo: (await alice.ok('history', { escrowId: '42' })).messages[0].id });
	for (const rooms of [['42'], ['42', 'of-eve']]) {
		const answer = await poll(w.target, 'eve', { rooms, cursor: own, timeout: 0 }, as('eve'));
		assert.ok(answer.status === 403 || (answer.json.events.length === 0 && answer.json.refused.includes('42')), answer.body);
	}
	await assert.rejects(EventStream.open(w.target, 'eve', { rooms: ['42'], cursor: own }, as('eve')), refusedWith(403));
	// A session of Socket.IO that can be recovered, and one that polls.
	const lost = await connected(w.target, Sock, 'alice', { token: text('alice'), recovery: true });
	await ask(lost, 1, 'subscribe_escrow', '42');
	await lost.ws.destroy();
	const thief = await Sock.open(w.target);
	thief.send(`40${JSON.stringify({ walletAddress: 'eve', token: text('eve'), recovery: true, pid: lost.connect.pid })}`);
	const answer = JSON.parse((await thief.next()).slice(2));
	assert.notEqual(answer.sid, lost.connect.sid);
	assert.notEqual(answer.pid, lost.connect.pid);
	assert.equal((await ask(thief, 2, 'history', { escrowId: '42' })).code, 'not_participant');
	const forger = await Sock.open(w.target);
	forger.send(`40${JSON.stringify({ walletAddress: 'alice', token: text('eve'), recovery: true, pid: lost.connect.pid })}`);
	assert.match(await forger.next(), /^44\{"message":"Authentication/);
	for (const sid of ['', 'x', lost.connect.sid, lost.connect.pid, '../../etc', 'A'.repeat(5000)])
		assert.ok([200, 400, 414, 431].includes((await request(w.target, { path: `/socket.io/?EIO=4&transport=polling&sid=${encodeURIComponent(sid)}` })).status));
	assert.ok(!eve.log.some((m) => JSON.stringify(m).includes('alone') || JSON.stringify(m).includes('for alice')));
	assert.ok(![w.daemon, w.fcgi].some((p) => p.lines.some((l) => l.includes(lost.connect.pid) || l.includes(lost.open.sid))), 'neither is in the log');
});

/* ---- what was ended ---- */

promise('a JWT that was logged out is over on every transport, and so is its other spelling', CLOSED, async (w) => {
	const { text, as } = await platform(w);
	const spent = text('alice', 1), kept = text('alice', 2), headers = bearer(spent);
	const [ws, other] = [await w.client('alice', { headers }), await w.client('alice', as('alice', 2))];
	const stream = await EventStream.hello(w.target, 'alice', { rooms: ['42'] }, { headers });
	const { json: { cursor } } = await poll(w.target, 'alice', { client: 'p' }, { headers });
	const sio = await connected(w.target, Sock, 'alice', { token: spent });
	const polling = await connected(w.target, Polling, 'alice', { token: spent });
	assert.equal((await post(w.web, '/api/auth/logout', {}, headers)).status, 200);
	assert.equal((await within(ws.ws.closed.promise, 'the WebSocket to end')).code, 4401);
	await stream.over();
	assert.equal(await sio.next(), '41');
	assert.equal(await polling.next(), '41');
	// (r, n - s) is a signature of the same text.
	const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
	const [head, body, signature] = spent.split('.'), bytes = Buffer.from(signature, 'base64url');
	const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
	const respelt = `${head}.${body}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]).toString('base64url')}`;
	for (const again of [spent, respelt]) {
		const dead = { headers: bearer(again) };
		assert.equal((await request(w.web, { path: '/api/chat/unread', ...dead })).status, 401);
		await assert.rejects(w.client('alice', dead), refusedWith(401));
		await assert.rejects(EventStream.open(w.target, 'alice', {}, dead), refusedWith(401));
		assert.equal((await poll(w.target, 'alice', { client: 'p', cursor }, dead)).status, 401);
		assert.equal((await emit(w.target, 'alice', 'presence', { escrowId: '42' }, dead)).status, 401);
		for (const Wire of [Polling, Sock]) {
			const wire = await Wire.open(w.target);
			await wire.send(`40${JSON.stringify({ walletAddress: 'alice', token: again })}`);
			assert.match(await wire.next(), /^44/);
		}
	}
	assert.equal((await request(w.web, { path: '/api/chat/unread', headers: bearer(kept) })).status, 200);
	await other.subscribe('42');
});

promise('of a removed participant nothing that comes after is seen, on any transport', CLOSED, async (w) => {
	const { text, as } = await platform(w);
	const bob = await w.client('bob', as('bob')), alice = await w.client('alice', as('alice'));
	await bob.subscribe('42');
	await alice.subscribe('42');
	const stream = await EventStream.hello(w.target, 'alice', { rooms: ['42'] }, as('alice'));
	const sio = await connected(w.target, Sock, 'alice', { token: text('alice') });
	assert.equal((await ask(sio, 1, 'subscribe_escrow', '42')).ok, true);
	const { json: { cursor } } = await poll(w.target, 'alice', { rooms: ['42'], client: 'p' }, as('alice'));
	let sent = 0, isOver = false;
	const flood = (async () => {
		while (!isOver)
			await bob.send('42', `message ${sent++}`);
	})();
	await until('some to be in flight', () => sent > 20);
	await w.service('PUT', '/api/escrows/42', { title: 't', participants: [{ walletAddress: 'bob', role: 'freelancer' }] });
	await alice.event('chat_error', (d) => d.code === 'removed');
	await stream.event('chat_error', (d) => d.code === 'removed');
	const after = sent;
	await until('many more', () => sent > after + 30);
	isOver = true;
	await flood;
	const position = Number(await w.sqlite("SELECT max(id) FROM log WHERE topic = 'membership:42' AND event = 'removed';"));
	const late = (await w.sqlite(`SELECT content FROM messages WHERE id > ${position};`)).split('\n');
	assert.ok(late.length > 20);
	const packets = [];
	await sio.send('423["presence",{"escrowId":"42"}]');
	for (let packet; !(packet = await sio.next()).startsWith('433');)
		packets.push(packet);
	const seen = JSON.stringify([alice.log, stream.log, packets]);
	for (const content of late)
		assert.ok(!seen.includes(`"${content}"`) && !seen.includes(`\\"${content}\\"`), content);
	await alice.refused('not_participant', 'chat_message', { escrowId: '42', content: 'still here?' });
	await alice.refused('not_participant', 'subscribe_escrow', { escrowId: '42', cursor });
	const answer = await poll(w.target, 'alice', { rooms: ['42'], client: 'p', cursor, timeout: 0 }, as('alice'));
	assert.ok(answer.status === 403 || answer.json.refused.includes('42'));
	assert.equal((await request(w.web, { path: '/api/chat/42/history', ...as('alice') })).status, 403);
});

/* ---- what comes from elsewhere ---- */

promise('a query is no option, and a header of another mode no identity', CLOSED, async (w) => {
	for (const args of [['--auth', 'open'], ['--auth=open'], ['--config', '/dev/null'], ['--listen', '127.0.0.1:0'], ['-T']]) {
		const answer = await w.cgi('GET', `/api/chat/unread?${args.join('+')}`, { args, headers: { 'X-Wallet-Address': 'alice' } });
		assert.equal(answer.status, 401, args.join(' '));
	}
	await w.startDaemon();
	for (const headers of [{ 'X-Wallet-Address': 'alice' }, { 'X-Remote-User': 'alice' }, { X_Remote_User: 'alice' }, { 'Remote-User': 'alice' }, { REMOTE_USER: 'alice' }, { 'X-Forwarded-User': 'alice' }, { Authorization: 'Basic YWxpY2U6YWxpY2U=' }]) {
		assert.equal((await request(w.web, { path: '/api/chat/unread', headers })).status, 401, JSON.stringify(headers));
		assert.equal((await poll(w.target, undefined, {}, { headers })).status, 401, JSON.stringify(headers));
		await assert.rejects(w.client('alice', { headers }), refusedWith(401));
	}
	const wire = await Sock.open(w.target, { headers: { 'X-Remote-User': 'alice', 'X-Wallet-Address': 'alice' } });
	wire.send('40{"walletAddress":"alice"}');
	assert.equal(await wire.next(), '44{"message":"Authentication required: token missing"}');
});

promise('in open mode, whoever is named that is not this machine is refused everywhere', { web: true, config: { rooms: 'open' } }, async (w) => {
	const foreign = [{ 'X-Forwarded-For': '203.0.113.7' }, { 'X-Forwarded-For': '127.0.0.1, 203.0.113.7' }, { 'X-Forwarded-For': '203.0.113.7, 127.0.0.1' }, { Forwarded: 'for=203.0.113.7' }, { 'X-Real-IP': '203.0.113.7' }, { Host: 'chat.example' }];
	for (const headers of foreign) {
		const open = async (ask) => {
			const answer = await ask().catch((e) => e);
			assert.deepEqual([answer.status, JSON.parse(answer.body).code], [403, 'open_is_local'], JSON.stringify(headers));
		};
		await open(() => poll(w.target, 'alice', {}, { headers }));
		await open(() => emit(w.target, 'alice', 'presence', { escrowId: 'x' }, { headers }));
		await open(() => EventStream.open(w.target, 'alice', {}, { headers }));
		await open(() => w.client('alice', { headers }));
		await open(() => request(w.target, { path: '/socket.io/?EIO=4&transport=polling', headers }));
		await open(() => request(w.target, { path: '/metrics', headers: { ...headers, 'X-Service-Key': w.key } }));
		await open(() => w.rest('alice', 'GET', '/api/chat/unread', undefined, headers));
	}
});

promise('a page of another origin gets nothing by the cookie, and two cookies are nobody\'s', { ...CLOSED, config: { auth: 'wallet', frontend_url: 'https://app.example' } }, async (w) => {
	await w.startDaemon();
	const wallet = newWallet(), page = { Origin: 'https://app.example' };
	await w.escrow('42', { [wallet.address]: 'client' });
	const { token: text } = await signIn(w.web, wallet, page);
	const set = await post(w.web, '/api/auth/cookie', {}, { ...page, ...bearer(text) });
	const cookie = [set.headers['set-cookie']].flat()[0].split(';')[0];
	assert.match([set.headers['set-cookie']].flat()[0], /^__Host-escrowchat=.*; Path=\/.*Secure.*HttpOnly.*SameSite=Strict|^__Host-escrowchat=.*(?=.*Secure)(?=.*HttpOnly)(?=.*SameSite=Strict)(?=.*Path=\/)/);
	const evil = { Cookie: cookie, Origin: 'https://evil.example' }, nowhere = { Cookie: cookie }, isNull = { Cookie: cookie, Origin: 'null' };
	for (const headers of [evil, isNull]) {
		await assert.rejects(w.client(wallet.address, { headers }), refusedWith(403));
		assert.equal((await request(w.target, { path: '/socket.io/?EIO=4&transport=polling', headers })).status, 403);
		assert.equal((await emit(w.target, wallet.address, 'presence', { escrowId: '42' }, { headers })).status, 403);
		assert.equal((await post(w.web, '/api/chat/42/send', { content: 'x' }, headers)).status, 403);
	}
	await assert.rejects(w.client(wallet.address, { headers: nowhere }), refusedWith(403));
	assert.equal((await post(w.web, '/api/chat/42/send', { content: 'x' }, nowhere)).status, 403);
	await assert.rejects(EventStream.open(w.target, wallet.address, {}, { headers: { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' } }), refusedWith(403));
	const good = await w.client(wallet.address, { headers: { Cookie: cookie, ...page } });
	await good.subscribe('42');
	const tossed = `${cookie}; ${cookie.split('=')[0]}=attacker`;
	for (const Cookie of [tossed, `${cookie.split('=')[0]}=attacker; ${cookie}`, `${cookie}; ${cookie}`]) {
		await assert.rejects(w.client(wallet.address, { headers: { Cookie, ...page } }), refusedWith(401), Cookie);
		assert.equal((await request(w.web, { path: '/api/chat/unread', headers: { Cookie } })).status, 401, Cookie);
	}
	assert.equal((await request(w.web, { path: '/api/chat/unread', headers: { Cookie: cookie, ...bearer('bad') } })).status, 401, 'a bad token never falls back to the cookie');
	const answer = await request(w.web, { path: '/api/chat/unread', headers: evil });
	assert.equal(answer.headers['access-control-allow-origin'], undefined);
});

/* ---- what is no value ---- */

promise('a room has one name, and what is none is refused by every road', { web: true, config: { rooms: 'open' } }, async (w) => {
	const alice = await w.client('alice');
	/** Refused by its acknowledgement, also where the frame is no JSON. */
	const isRefusedByWs = async (json, n) => {
		alice.ws.send(`{"event":"presence","data":{"escrowId":${json}},"ack":"q${n}"}`);
		await alice.ok('presence', { escrowId: 'barrier' });
		const answer = alice.log.find((m) => m.ack === `q${n}`);
		return ['bad_request', 'bad_frame'].includes(answer?.data.code);
	};
	const isRefusedByEmit = async (json) => {
		const answer = await request(w.target, { method: 'POST', path: '/emit?walletAddress=alice', body: `{"event":"presence","data":{"escrowId":${json}}}` });
		return answer.status === 400 || answer.json.ok === false;
	};
	for (const [n, json] of ['1e3', '-1', '1.0', '1.5', '9007199254740992', '18446744073709551616', '"a\\u0000b"', '"\\u0000"', '""', '"."', '".."', '"a/b"', '"\\u202e"', '"\\u2028"', '"\\u0085"', `"${'x'.repeat(129)}"`, 'true', 'null', '[]', '{}', 'NaN', 'Infinity', '01', '+1', "'x'"].entries()) {
		assert.ok(await isRefusedByWs(json, n), `ws ${json}`);
		assert.ok(await isRefusedByEmit(json), `emit ${json}`);
	}
	await alice.subscribe(9007199254740991);
	await alice.subscribe('42');
	const answer = await alice.ok('subscribe_escrow', 42);
	assert.equal(answer.escrowId, '42');
	for (const uri of ['%00', 'a%00b', '.', '..', '%2e%2e', 'a%2fb', '%E2%80%AE', '%ff', 'x'.repeat(129)])
		assert.ok([400, 404].includes((await w.rest('alice', 'GET', `/api/chat/${uri}/history`)).status), uri);
});

promise('a wallet of mixed case is one user, and only of an EVM address', { web: true }, async (w) => {
	const lower = '0xabcdef0123456789abcdef0123456789abcdef01', mixed = '0xABCDEF0123456789abcdef0123456789ABCDEF01';
	await w.escrow('42', { [mixed]: 'client', Bob: 'freelancer' });
	const [one, two] = [await w.client(lower), await w.client(mixed)];
	await one.subscribe('42');
	const { message } = await two.send('42', 'the same');
	assert.equal(message.senderId, mixed);
	assert.equal((await one.message('the same')).data.senderId, mixed);
	const bob = await w.client('bob');
	await bob.refused('not_participant', 'subscribe_escrow', '42');
	for (const name of ['a b', 'a/b', 'a\0b', 'é', '<b>', 'x'.repeat(129), '', 'a,b', '%61'])
		await assert.rejects(w.client(name), refusedWith(401), name);
	const twice = await w.service('PUT', '/api/escrows/43', { title: 't', participants: [{ walletAddress: lower, role: 'client' }, { walletAddress: mixed, role: 'freelancer' }] });
	assert.equal(twice.status, 400, 'the same wallet twice');
});

promise('what is no JSON is not published, by whatever door, and stops nothing', { web: true, config: { rooms: 'open' } }, async (w) => {
	const alice = await w.client('alice');
	await alice.subscribe('42');
	const publish = (body) => w.service('POST', '/api/escrows/42/events', body);
	for (const data of ['NaN', '{"a":NaN}', '{"a":Infinity}', '{"a\\u0000b":1}', "{'a':1}", '{"a":1,}', '{"a":+0}', '{"a":01}', '{"a":"\n"}', '[1]', '1', '"x"', 'null', '{"a":1}{', `{"a":"${'x'.repeat(65536)}"}`])
		assert.ok([400, 413].includes((await publish(`{"event":"a:b","data":${data}}`)).status), data.slice(0, 40));
	for (const event of ['chat_message', 'hello', 'notification', 'connect', 'disconnect', 'error', 'message', 'a b', '', '1a', `a${'x'.repeat(64)}`, 'a\u0000'])
		assert.equal((await publish({ event, data: {} })).status, 400, event);
	// The table's own face, and what its trigger cannot know.
	for (const data of ['{"a":NaN}', "{''a'':1}", '[1]', '', 'null'])
		assert.match(await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42', 'a:b', '${data}');`).catch((e) => e.message), /accepted|JSON/);
	await w.sqlite(`INSERT INTO log(at, topic, event, data, durable) VALUES(1, 'escrow_42', 'a:b', '{"a":NaN}', 1), (1, 'escrow_42', 'a:b', '{"a\\u0000b":1}', 1), (1, 'escrow_42', 'chat b', '{}', 1), (1, 'escrow_42', 'a:b', CAST(x'7b2261223a22ff227d' AS TEXT), 1), (1, 'nonsense', 'a:b', '{}', 1), (1, 'session:x', 'ended', '{}', 1), (1, 'membership:42', 'added', 'x', 1);`);
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42', 'a:good', '{"n":1}');`);
	assert.deepEqual((await alice.event('a:good')).data, { n: 1 });
	assert.equal(alice.all('a:b').length, 0);
	await alice.send('42', 'and the chat goes on');
});

promise('heads and frames that two parsers could read in two ways are refused', async (w) => {
	const status = async (text) => answers(await raw(w.target, text))[0].status;
	const host = 'Host: localhost\r\n';
	for (const head of [`${host}${host}`, `${host}Content-Length: 1\r\nContent-Length: 2\r\n`, `${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`, `${host}X : y\r\n`, `${host} folded\r\n`, `${host}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n`, `${host}Cookie: a=1\r\nCookie: b=2\r\n`, `${host}Origin: http://localhost\r\nOrigin: http://evil.example\r\n`, `${host}X-Service-Key: a\r\nX-Service-Key: b\r\n`, `${host}X-Wallet-Address: a\r\nX-Wallet-Address: b\r\n`])
		assert.equal(await status(`GET /health HTTP/1.1\r\n${head}\r\n`), 400, JSON.stringify(head));
	const ws = await WebSocket.connect(w.target, { path: '/ws?walletAddress=alice' });
	ws.write(Buffer.from([0x81, 0x05, 1, 2, 3, 4, 5])); // not masked
	assert.equal((await within(ws.closed.promise, 'the end')).code, 1002);
});
