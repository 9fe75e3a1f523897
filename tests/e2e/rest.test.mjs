// SPDX-License-Identifier: ISC
// rest.test.mjs - the routes of escrowchat.fcgi behind lighttpd: what each answers, and how each
// refuses.

import assert from 'node:assert/strict';

import { answers, raw, request } from './lib/http.mjs';
import { promise } from './lib/world.mjs';

const WEB = { web: true };
const ROOM = { alice: 'client', bob: 'freelancer', olga: 'observer' };

function refused(answer, status, code, what = '') {
	assert.equal(answer.status, status, `${what} ${answer.body}`);
	assert.deepEqual({ ...answer.json, error: '' }, { success: false, error: '', code }, what);
	assert.ok(answer.json.error.length > 0, what);
}

promise('send stores and answers 201, history shows it', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const sent = await w.rest('alice', 'POST', '/api/chat/42/send', { content: ' hello ', clientMsgId: 'a1' });
	assert.equal(sent.status, 201);
	assert.equal(sent.json.success, true);
	assert.equal(sent.json.message.content, 'hello');
	assert.equal(sent.json.message.senderRole, 'client');
	assert.equal(sent.headers['cache-control'], 'private, no-cache');
	assert.deepEqual(sent.headers.vary.split(/, */), ['Authorization', 'Cookie', 'Origin']);
	const page = await w.rest('bob', 'GET', '/api/chat/42/history');
	assert.deepEqual(page.json.messages, [sent.json.message]);
	assert.deepEqual([page.json.count, page.json.hasMore], [1, false]);
});

promise('history has pages, links and tags', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const ids = [];
	for (let i = 0; i < 5; i++)
		ids.push((await w.rest('alice', 'POST', '/api/chat/42/send', { content: `p${i}` })).json.message.id);
	const page = (query, headers) => w.rest('bob', 'GET', `/api/chat/42/history${query}`, undefined, headers);
	const seen = async (query) => (await page(query)).json.messages.map((m) => m.content).join(' ');
	assert.equal(await seen('?limit=2'), 'p3 p4');
	assert.equal(await seen(`?limit=2&before=${ids[3]}`), 'p1 p2');
	assert.equal(await seen(`?limit=2&after=${ids[0]}`), 'p1 p2');
	const { timestamp } = (await page('')).json.messages[2];
	assert.equal(await seen(`?before=${encodeURIComponent(timestamp)}`), 'p0 p1');
	const newest = await page('?limit=2');
	assert.match(newest.headers.link, /rel="prev"/);
	const older = await request(w.web, { path: /<([^>]+)>; rel="prev"/.exec(newest.headers.link)[1], headers: { 'X-Wallet-Address': 'bob' } });
	assert.deepEqual(older.json.messages.map((m) => m.content), ['p1', 'p2']);
	const same = await page('?limit=2', { 'If-None-Match': newest.headers.etag });
	assert.deepEqual([same.status, same.body], [304, '']);
	assert.equal((await w.rest('carol', 'GET', '/api/chat/42/history?limit=2', undefined, { 'If-None-Match': newest.headers.etag })).status, 403, 'rights come first');
	for (const query of ['?limit=0', '?limit=201', '?limit=x', '?limit=1&limit=2', `?before=${ids[0]}&after=${ids[1]}`])
		refused(await page(query), 400, 'bad_request', query);
	refused(await page('?before=no-such-id'), 404, 'not_found');
});

promise('search finds what was said, in the own escrows alone, and at once', WEB, async (w) => {
	await w.escrow('42', ROOM);
	await w.escrow('43', { alice: 'client', carol: 'freelancer' });
	const alice = await w.client('alice');
	await alice.send('42', 'The invoice is p\u00e4id \u{1f600} <b>in full</b>');
	await alice.send('43', 'Another invoice');
	const search = (wallet, query) => w.rest(wallet, 'GET', `/api/chat/search?${query}`);
	const contents = async (wallet, query) => (await search(wallet, query)).json.messages.map((m) => m.content);
	assert.deepEqual(await contents('alice', 'q=INVOICE'), ['Another invoice', 'The invoice is p\u00e4id \u{1f600} <b>in full</b>']);
	assert.deepEqual(await contents('bob', 'q=inv*'), ['The invoice is p\u00e4id \u{1f600} <b>in full</b>']);
	assert.deepEqual(await contents('eve', 'q=invoice'), []);
	assert.deepEqual(await contents('alice', 'q=invoice&escrowId=43'), ['Another invoice']);
	const { json } = await search('bob', 'q=%22paid+b%22+full');
	assert.deepEqual(json.messages[0].snippet.ranges.map(([a, b]) => json.messages[0].snippet.text.slice(a, b)), ['p\u00e4id \u{1f600} <b', 'full']);
	const first = (await search('alice', 'q=invoice&limit=1')).json;
	assert.deepEqual([first.count, first.hasMore], [1, true]);
	const second = (await search('alice', `q=invoice&limit=1&before=${first.next}`)).json;
	assert.deepEqual([second.messages[0].escrowId, second.hasMore, 'next' in second], ['42', false, false]);
	refused(await search('bob', 'q=invoice&escrowId=43'), 403, 'not_participant');
	refused(await search('bob', 'q=invoice&escrowId=no-such'), 403, 'not_participant');
	refused(await search('bob', 'q=invoice&escrowId=a%2Fb'), 400, 'bad_request');
	refused(await search('bob', `q=x&before=${json.messages[0].id.replace(/.$/, '0')}x`), 404, 'not_found');
	for (const query of ['', 'q=', 'q=+', `q=${'x'.repeat(201)}`, 'q=a&q=b', 'q=x&limit=0'])
		refused(await search('bob', query), 400, 'bad_request', query);
	for (const q of ['"', 'a AND', 'NEAR(', '*', 'content:', '(', "'", '-x', '\u{1f600}'])
		assert.equal((await search('bob', `q=${encodeURIComponent(q)}`)).status, 200, q);
	const nul = await w.cgi('GET', '/api/chat/search?q=%00', { headers: { 'X-Wallet-Address': 'bob' } }); // lighttpd lets none through
	assert.equal(nul.status, 200, nul.body);
});

promise('search finds parts of words where it is configured so', { web: true, config: { search: 'trigram' } }, async (w) => {
	await w.escrow('42', ROOM);
	const sent = await w.rest('alice', 'POST', '/api/chat/42/send', { content: '\u6771\u4eac\u90fd\u306e\u5951\u7d04' });
	for (const q of ['\u4eac\u90fd\u306e', '\u5951\u7d04', '\u6771'])
		assert.deepEqual((await w.rest('bob', 'GET', `/api/chat/search?q=${encodeURIComponent(q)}`)).json.messages.map((m) => m.id), [sent.json.message.id], q);
});

promise('reading by REST tells the sender, and unread counts follow', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	const ids = [];
	for (let i = 0; i < 3; i++)
		ids.push((await alice.send('42', `m${i}`)).message.id);
	assert.deepEqual((await w.rest('bob', 'GET', '/api/chat/unread/count')).json, { success: true, count: 3 });
	const one = await w.rest('bob', 'PUT', `/api/chat/${ids[1]}/read`);
	assert.deepEqual(one.json, { success: true, message: { id: ids[1], read: true } });
	assert.equal((await alice.event('message_read')).data.messageId, ids[1]);
	const all = await w.rest('bob', 'PUT', '/api/chat/42/read-up-to', { messageId: ids[2] });
	assert.deepEqual(all.json, { success: true, unread: 0 });
	assert.equal((await alice.event('message_read')).data.upTo, ids[2]);
	refused(await w.rest('alice', 'PUT', `/api/chat/${ids[0]}/read`), 400, 'bad_request', 'the own message');
	refused(await w.rest('carol', 'PUT', `/api/chat/${ids[0]}/read`), 404, 'not_found', 'a message that they may not see');
	refused(await w.rest('bob', 'PUT', '/api/chat/no-such-id/read'), 404, 'not_found');
	assert.equal((await w.rest('bob', 'GET', '/api/chat/unread/count')).json.count, 0);
});

promise('an escrow that does not exist and one they are not in are the same to a user', WEB, async (w) => {
	await w.escrow('42', ROOM);
	for (const [method, tail, body] of [['GET', 'history'], ['POST', 'send', { content: 'x' }], ['PUT', 'read-up-to', { messageId: 'x' }]]) {
		const [there, not] = await Promise.all(['42', 'no-such'].map((id) => w.rest('carol', method, `/api/chat/${id}/${tail}`, body)));
		refused(there, 403, 'not_participant', tail);
		assert.deepEqual([not.status, not.body], [there.status, there.body]);
	}
	refused(await w.rest('carol', 'GET', '/api/escrows/42'), 403, 'not_participant');
	refused(await w.rest('olga', 'POST', '/api/chat/42/send', { content: 'x' }), 403, 'forbidden');
});

promise('the platform creates, replaces and shows escrows', WEB, async (w) => {
	const body = { title: 'Logo', status: 'FUNDED', participants: [{ walletAddress: 'alice', role: 'client' }, { walletAddress: 'bob', role: 'freelancer' }] };
	const created = await w.service('PUT', '/api/escrows/a%20b', body);
	assert.ok([200, 201].includes(created.status), created.body);
	const { escrow } = (await w.rest('alice', 'GET', '/api/escrows/a%20b')).json;
	assert.deepEqual([escrow.escrowId, escrow.title, escrow.status], ['a b', 'Logo', 'FUNDED']);
	assert.deepEqual(escrow.participants, body.participants);
	assert.equal((await w.service('PUT', '/api/escrows/a%20b', { ...body, participants: body.participants.slice(0, 1) })).status, 200);
	refused(await w.rest('bob', 'GET', '/api/escrows/a%20b'), 403, 'not_participant');
	assert.equal((await w.service('GET', '/api/escrows/a%20b')).json.escrow.participants.length, 1);
	for (const wrong of [{ ...body, title: '' }, { ...body, participants: 'x' }, { ...body, participants: [{ walletAddress: 'alice', role: 'king' }] },
		{ ...body, participants: [{ walletAddress: 'a b', role: 'client' }] }, { ...body, participants: [body.participants[0], body.participants[0]] }, { title: 7 }])
		refused(await w.service('PUT', '/api/escrows/42', wrong), 400, 'bad_request', JSON.stringify(wrong));
});

promise('service keys are checked, with their scopes, and take no Origin', WEB, async (w) => {
	const put = (headers) => request(w.web, { method: 'PUT', path: '/api/escrows/42', body: { title: 'T', participants: [] }, headers });
	refused(await put({}), 401, 'unauthorized');
	refused(await put({ 'X-Service-Key': 'x'.repeat(40) }), 401, 'unauthorized');
	refused(await put({ 'X-Service-Key': w.weakKey }), 403, 'forbidden');
	refused(await put({ 'X-Service-Key': w.key, Origin: 'http://localhost:5173' }), 403, 'forbidden');
	assert.ok([200, 201].includes((await put({ 'X-Service-Key': w.key })).status));
	refused(await request(w.web, { path: '/api/chat/42/history', headers: { 'X-Service-Key': w.key } }), 401, 'unauthorized', 'it is no user');
});

promise('what the platform publishes arrives, durable or not', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	const { cursor } = await alice.subscribe('42');
	const publish = (body) => w.service('POST', '/api/escrows/42/events', body);
	const kept = await publish({ event: 'escrow:update', data: { status: 'FUNDED' } });
	assert.equal(kept.status, 202, kept.body);
	assert.equal(typeof kept.json.cursor, 'string');
	const fleeting = await publish({ event: 'ai:thinking', data: { agent: 'a', status: 's' }, durable: false });
	assert.equal(fleeting.status, 202);
	const durable = await alice.event('escrow:update');
	assert.deepEqual([durable.data, durable.escrowId, typeof durable.cursor], [{ status: 'FUNDED' }, '42', 'string']);
	assert.equal((await alice.event('ai:thinking')).cursor, undefined);

	const late = await w.client('bob');
	await late.subscribe('42', cursor);
	assert.deepEqual(late.log.filter((m) => m.escrowId === '42' && m.cursor).map((m) => m.event), ['escrow:update']);
	assert.deepEqual(late.all('ai:thinking'), []);

	const note = await w.service('POST', '/api/users/bob/notifications', { type: 'dispute', title: 'T', message: 'M', more: { n: 1 } });
	assert.equal(note.status, 202, note.body);
	const { data } = await late.event('notification', (d) => d.type === 'dispute');
	assert.deepEqual({ ...data, timestamp: 0 }, { type: 'dispute', title: 'T', message: 'M', more: { n: 1 }, timestamp: 0 });

	for (const body of [{ event: 'chat_message', data: {} }, { event: 'connect', data: {} }, { event: 'a b', data: {} }, { event: 'x', data: [] }, { event: 'x' }, { data: {} },
		{ event: 'x', data: {}, durable: 1 }])
		refused(await publish(body), 400, 'bad_request', JSON.stringify(body));
	refused(await publish({ event: 'x', data: { a: 'x'.repeat(66000) } }), 413, 'too_long');
	refused(await w.service('POST', '/api/users/bob/notifications', { type: 'x' }), 400, 'bad_request');
});

promise('bodies are JSON objects of a bounded size, and say so', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const send = (body, headers) => w.rest('alice', 'POST', '/api/chat/42/send', body, headers);
	for (const body of ['', '{', '[]', '"x"', "{'content':'x'}", '{"content":NaN}', '{"content":7}', '{}', '{"content":"x"} y', '{"content":"a\nb"}'])
		refused(await send(body), 400, 'bad_request', body);
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1'])
		assert.equal((await send('{"content":"x"}', { 'Content-Type': type })).status, 415, type);
	assert.equal((await send('{"content":"x"}', { 'Content-Type': 'application/json; charset=UTF-8' })).status, 201);
	refused(await send({ content: 'x'.repeat(300000) }), 413, 'too_long');
	refused(await send({ content: 'é'.repeat(5001) }), 413, 'too_long');
	refused(await send({ content: '  ' }), 400, 'empty');
	refused(await send({ content: 'x', clientMsgId: 'a b' }), 400, 'bad_request');
	refused(await send({ content: 'x', clientMsgId: 'a' }, { 'Idempotency-Key': 'b' }), 400, 'bad_request');
	refused(await send({ content: 'x', walletAddress: 'bob' }), 401, 'wallet_mismatch');
});

promise('unknown routes are 404, known ones name their methods', WEB, async (w) => {
	for (const where of ['/api/', '/api/nothing', '/api/chat/42', '/api/chat/42/history/', '/api/chat//history', '/api/chat/a%2Fb/send/x'])
		refused(await w.rest('alice', 'GET', where), 404, 'not_found', where);
	const answer = await w.rest('alice', 'DELETE', '/api/chat/42/history');
	assert.equal(answer.status, 405);
	assert.match(answer.headers.allow, /GET/);
	assert.equal((await w.rest('alice', 'GET', '/api/chat/42/send')).headers.allow, 'POST, OPTIONS');
});

promise('CORS names the one allowed origin, and others not', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const ask = (origin, method = 'GET', more = {}) => w.rest('alice', method, '/api/chat/42/history', undefined, { Origin: origin, ...more });
	const good = await ask('http://localhost:5173');
	assert.equal(good.headers['access-control-allow-origin'], 'http://localhost:5173');
	assert.match(good.headers.vary, /Origin/);
	const bad = await ask('http://evil.example.org');
	assert.equal(bad.headers['access-control-allow-origin'], undefined);
	const preflight = await ask('http://localhost:5173', 'OPTIONS', { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type, x-anything' });
	assert.equal(preflight.status, 204);
	assert.match(preflight.headers['access-control-allow-methods'], /POST/);
	assert.equal(preflight.headers['access-control-allow-headers'], 'content-type, x-anything');
	assert.match([preflight.headers.vary].flat().join(), /Access-Control-Request-Headers/);
	const unsafe = await ask('http://localhost:5173', 'OPTIONS', { 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'if-none-match, *, x(y), x-tenant' });
	assert.equal(unsafe.headers['access-control-allow-headers'], 'if-none-match, x-tenant');
	const plain = await ask('http://localhost:5173', 'OPTIONS', { 'Access-Control-Request-Method': 'POST' });
	assert.match(plain.headers['access-control-allow-headers'], /Idempotency-Key/);
	const foreign = await ask('http://evil.example.org', 'OPTIONS', { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-anything' });
	assert.equal(foreign.headers['access-control-allow-headers'], undefined);
	refused(await w.rest('alice', 'POST', '/api/chat/42/send', { content: 'x' }, { Origin: 'http://evil.example.org' }), 403, 'forbidden');
	for (const [method, path, status] of [['GET', '/api/health', 200], ['GET', '/api/nowhere', 404], ['DELETE', '/api/chat/42/send', 405], ['POST', '/api/chat/42/send', 415]]) {
		const answer = await w.rest('alice', method, path, undefined, { Origin: 'http://localhost:5173' });
		assert.equal(answer.headers['access-control-allow-origin'], 'http://localhost:5173', `${method} ${path}`);
		assert.equal(answer.status, status, `${method} ${path}`);
	}
});

promise('auth = open holds behind the web server too', WEB, async (w) => {
	await w.escrow('42', ROOM);
	refused(await w.rest('alice', 'GET', '/api/chat/42/history', undefined, { Host: 'chat.example.org' }), 403, 'open_is_local');
	refused(await w.rest('alice', 'GET', '/api/chat/42/history', undefined, { 'X-Forwarded-For': '203.0.113.9' }), 403, 'open_is_local');
	refused(await request(w.web, { path: '/api/chat/42/history' }), 401, 'unauthorized');
	refused(await w.rest('not a name', 'GET', '/api/chat/42/history'), 401, 'unauthorized');
});

promise('health is for anyone, HEAD has no body', WEB, async (w) => {
	const { status, json } = await request(w.web, { path: '/api/health', headers: { Host: 'anything.example.org' } });
	assert.equal(status, 200);
	assert.equal(json.status, 'healthy');
	const text = await raw(w.web, 'HEAD /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
	assert.equal(answers(text, true)[0].status, 200);
	assert.ok(text.endsWith('\r\n\r\n'));
});

promise('the chat itself works through the web server', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice', { target: w.web }), bob = await w.client('bob');
	await alice.subscribe('42');
	await bob.subscribe('42');
	await alice.send('42', 'through lighttpd');
	await bob.message('through lighttpd');
	await bob.send('42', 'x'.repeat(5000));
	await alice.message('x'.repeat(5000));
	await alice.lose();
	await w.connections(1);
	assert.equal((await request(w.web, { path: '/health' })).status, 200);
	const stats = await request(w.web, { path: '/api/websocket/stats' });
	assert.ok([401, 403].includes(stats.status), 'behind a proxy, stats are for a key');
});

promise('messages by REST from many at once are all stored', WEB, async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await alice.subscribe('42');
	const send = async (i) => {
		for (;;) {
			const answer = await w.rest(i % 2 ? 'alice' : 'bob', 'POST', '/api/chat/42/send', { content: `n${i}` });
			if (answer.status !== 503 || !answer.headers['retry-after'])
				return answer;
		}
	};
	const sent = await Promise.all(Array.from({ length: 100 }, (_, i) => send(i)));
	assert.ok(sent.every((a) => a.status === 201), sent.find((a) => a.status !== 201)?.body);
	for (let i = 0; i < 100; i++)
		await alice.message(`n${i}`);
	assert.equal(alice.all('chat_message').length, 100);
});
