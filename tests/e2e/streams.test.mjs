// SPDX-License-Identifier: ISC
// streams.test.mjs - server-sent events: one stream of the named rooms and the own topic, in log
// order, which loses nothing.

import assert from 'node:assert/strict';
import net from 'node:net';

import { connected, Polling, Sock } from './lib/engineio.mjs';
import { raw, request } from './lib/http.mjs';
import { EventStream, StreamRefused, emit, emitted, poll, url } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const PAIR = { alice: 'client', bob: 'freelancer' };
const OPEN = { config: { rooms: 'open' } };
const FOREVER = { config: { presence_grace: '1h' } };
const FRONT_END = 'http://localhost:5173';

const contents = (stream) => stream.log.filter((m) => m.event === 'chat_message').map((m) => m.data.content);

promise('hello comes first, with a cursor though nothing was ever published, and names the rooms that were refused', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('secret', { judge: 'arbiter' });
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42', 'secret', 'nowhere'] });
	assert.deepEqual(s.log.map((m) => m.event), ['hello']);
	const { version, walletAddress, cursor, refused } = s.hello.data;
	assert.equal(typeof version, 'string');
	assert.equal(walletAddress, 'alice');
	assert.deepEqual(refused, ['secret', 'nowhere']);
	assert.equal(s.hello.id, cursor);
	assert.ok(s.retry > 0);
	assert.equal(s.headers['content-type'], 'text/event-stream');
	assert.equal(s.headers['cache-control'], 'no-store, no-transform');
	assert.equal(s.headers['x-accel-buffering'], 'no');
	assert.equal(s.headers['transfer-encoding'], 'chunked');
	await s.close();
});

promise('a stream without rooms is that of the own topic', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.target, 'alice');
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'hi' });
	const { data, id } = await s.event('notification');
	assert.equal(data.type, 'message_received');
	assert.equal(data.escrowId, '42');
	assert.equal(s.lastId, id);
	assert.equal(data.content, undefined);
	await s.close();
});

promise('an event is an id, a name and one line of data', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	const content = 'two\nlines\r\n\u2028and\u0085 more: id: 7\n\n';
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content });
	const { data, id } = await s.event('chat_message');
	assert.equal(data.content, content.trim());
	assert.ok(s.text.includes(`\n\nid: ${id}\nevent: chat_message\ndata: {`), s.text);
	await s.close();
});

promise('the last id resumes a stream, by header, by Last-Event-ID, lastEventId and cursor in the query, and the header is the newest', async (w) => {
	await w.escrow('42', PAIR);
	const first = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'seen' });
	const { id } = await first.message('seen');
	await first.close();
	for (const content of ['one', 'two'])
		await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content });
	const ways = [[{ lastEventId: id }], [{ cursor: id }], [{ 'Last-Event-ID': id }], [{ 'last-event-id': id }], [{}, { headers: { 'Last-Event-ID': id } }],
		[{ cursor: first.hello.id }, { headers: { 'Last-Event-ID': id } }]];
	for (const [query, options] of ways) {
		const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'], ...query }, options);
		assert.equal(s.hello.id, id, 'hello promises nothing that is yet to come');
		await s.message('two');
		assert.deepEqual(contents(s), ['one', 'two'], JSON.stringify([query, options]));
		await s.close();
	}
});

promise('what is missed and what is live comes in the order of the log, whatever the room', async (w) => {
	const rooms = Array.from({ length: 19 }, (_, i) => `room-${i}`);
	for (const id of rooms)
		await w.escrow(id, PAIR);
	const live = await EventStream.hello(w.target, 'alice', { rooms });
	const bob = await w.client('bob');
	const n = 600;
	const send = (from, to) => Promise.all(Array.from({ length: to - from }, (_, i) => bob.send(rooms[(7 * (from + i)) % 19], `m${from + i}`)));
	await send(0, n / 2);
	const replays = [];
	for (let i = 0; i < 5; i++) {
		const more = send(n / 2 + i * n / 10, n / 2 + (i + 1) * n / 10);
		replays.push(await EventStream.hello(w.target, 'alice', { rooms, cursor: live.hello.id }));
		await more;
	}
	await emitted(w.target, 'bob', 'chat_message', { escrowId: rooms[3], content: 'the end' });
	await live.message('the end');
	const story = (s) => s.log.filter((m) => m.id && m.event !== 'hello').map((m) => [m.id, m.event, m.data.content]);
	const wanted = story(live).slice(0, -1);
	assert.ok(wanted.length >= 2 * n, 'messages and notifications');
	const positions = wanted.map(([id]) => Number(id.split('-')[1]));
	assert.ok(positions.every((p, i) => i === 0 || p > positions[i - 1]), 'the order of the log');
	for (const s of replays) {
		await s.message('the end');
		assert.deepEqual(story(s).slice(0, wanted.length), wanted);
		await s.close();
	}
	await live.close();
});

promise('a quiet stream has a heartbeat, and its id keeps up with the log', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('43', { bob: 'client' });
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '43', content: 'of no concern to alice' });
	await until('a heartbeat', () => s.heartbeats > 0);
	assert.notEqual(s.lastId, s.hello.id);
	assert.match(s.text, /\n\nid: \S+\nevent: heartbeat\ndata: \{\}\n\n$/);
	assert.equal(s.retry, 2000);
	assert.deepEqual(s.log.map((m) => m.event), ['hello'], 'nothing that a page would see');
	await s.close();
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'next' });
	const again = await EventStream.hello(w.target, 'alice', { rooms: ['42'], lastEventId: s.lastId });
	await again.message('next');
	assert.deepEqual(contents(again), ['next']);
	await again.close();
});

promise('a cursor of another log is a gap in each topic, and then the stream goes on', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('43', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42', '43'], cursor: '0123456789abcdef-1' });
	await s.event('gap', (d) => d.escrowId === '42');
	await s.event('gap', (d) => d.escrowId === '43');
	const { data, id } = await s.event('gap', (d) => !('escrowId' in d));
	assert.equal(id, data.cursor);
	assert.equal(typeof data.oldest, 'string');
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'live' });
	await s.message('live');
	await s.close();
	const again = await EventStream.hello(w.target, 'alice', { rooms: ['42', '43'], cursor: id });
	await again.message('live');
	assert.equal(again.log.filter((m) => m.event === 'gap').length, 0);
	await again.close();
});

const many = (n) => Array.from({ length: n }, (_, i) => `r${i}`);
const BAD = [
	[{ rooms: many(21) }, 400, 'bad_request'],
	[{ rooms: ['a/b'] }, 400, 'bad_request'],
	[{ rooms: [''] }, 400, 'bad_request'],
	[{ rooms: ['..'] }, 400, 'bad_request'],
	[{ rooms: ['x'.repeat(129)] }, 400, 'bad_request'],
	[{ rooms: ['a\u0000b'] }, 400, 'bad_request'],
	[{ client: '' }, 400, 'bad_request'],
	[{ client: 'a b' }, 400, 'bad_request'],
	[{ client: 'x'.repeat(65) }, 400, 'bad_request'],
	[{ rooms: ['secret'] }, 403, 'not_participant'],
	[{ rooms: ['nowhere', 'secret'] }, 403, 'not_participant'],
];

promise('a string that is no cursor is a gap for a stream, and refused for a poll', async (w) => {
	await w.escrow('42', PAIR);
	const bad = 'no\ncursor '.repeat(10);
	for (const [query, options] of [[{ cursor: '1' }], [{ lastEventId: bad }], [{}, { headers: { 'Last-Event-ID': 'x'.repeat(5000) } }]]) {
		const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'], ...query }, options);
		await s.event('gap', (d) => d.escrowId === '42');
		const { data } = await s.event('gap', (d) => !('escrowId' in d));
		assert.equal(s.lastId, data.cursor);
		await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'live' });
		await s.message('live');
		await s.close();
		const answer = await poll(w.target, 'alice', { rooms: ['42'], ...query }, options);
		assert.deepEqual([answer.status, answer.json.code], [400, 'bad_request']);
	}
});

promise('a request that is wrong is refused, in the same way for streams and polls', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('secret', { judge: 'arbiter' });
	for (const [query, status, code] of BAD) {
		const answer = await poll(w.target, 'alice', query);
		const stream = await EventStream.open(w.target, 'alice', query).catch((error) => error);
		for (const { status: s, json } of [answer, stream]) {
			assert.equal(s, status, JSON.stringify([query, json]));
			assert.equal(json.success, false);
			assert.equal(json.code, code);
		}
	}
	for (const timeout of ['', 'soon', '-1', '1e3', '99999999'])
		assert.equal((await poll(w.target, 'alice', { timeout })).status, 400, timeout);
	for (const path of ['/events', '/poll', '/emit', '/events?walletAddress=a%zz', '/events?walletAddress=alice&escrow=%zz', '/events?walletAddress=a&walletAddress=b']) {
		const { status, json } = await request(w.target, path === '/emit' ? { method: 'POST', path, body: {} } : { path });
		assert.ok([400, 401].includes(status), `${path}: ${status}`);
		assert.equal(json.success, false);
	}
	await w.connections(0);
});

promise('a room named twice is one room', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: Array(30).fill('42') });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'once' });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'the end' });
	await s.message('the end');
	assert.deepEqual(contents(s), ['once', 'the end']);
	await s.close();
});

promise('each route has its method', async (w) => {
	for (const [path, method, allow] of [['/events', 'POST', 'GET'], ['/poll', 'PUT', 'GET'], ['/emit', 'GET', 'POST'], ['/events', 'HEAD', 'GET'], ['/poll', 'DELETE', 'GET']]) {
		const answer = await request(w.target, { method, path: url(path, 'alice'), ...(['POST', 'PUT'].includes(method) && { body: {} }) });
		assert.equal(answer.status, 405, `${method} ${path}`);
		assert.equal(answer.headers.allow, allow);
	}
});

promise('a front end of another origin may use them, with credentials, and no other may', async (w) => {
	for (const path of ['/events', '/poll', '/emit']) {
		const ask = (Origin, more = {}) => request(w.target, { method: 'OPTIONS', path, headers: { Origin, 'Access-Control-Request-Method': 'POST', ...more } });
		const { status, headers } = await ask(FRONT_END);
		assert.equal(status, 204);
		assert.equal(headers['access-control-allow-origin'], FRONT_END);
		assert.equal(headers['access-control-allow-credentials'], 'true');
		assert.match(headers['access-control-allow-methods'], /GET.*POST/);
		assert.match(headers['access-control-allow-headers'], /Content-Type/i);
		assert.equal(headers.vary, 'Origin, Access-Control-Request-Headers');
		for (const [asked, allowed] of [
			['if-none-match,last-event-id,traceparent,x-requested-with,x-tenant,x-wallet-signature', 'if-none-match, last-event-id, traceparent, x-requested-with, x-tenant, x-wallet-signature'],
			['x-a, *, x b, x(c), X-D', 'x-a, X-D'],
			[`x-a,${'n'.repeat(64)},${'n'.repeat(65)}`, `x-a, ${'n'.repeat(64)}`],
			[Array.from({ length: 100 }, (_, i) => `x-${i}`).join(), Array.from({ length: 32 }, (_, i) => `x-${i}`).join(', ')],
			['', headers['access-control-allow-headers']],
		])
			assert.equal((await ask(FRONT_END, { 'Access-Control-Request-Headers': asked })).headers['access-control-allow-headers'], allowed, asked);
		for (const origin of ['https://evil.example', 'null']) {
			const refused = await ask(origin, { 'Access-Control-Request-Headers': 'x-tenant' });
			assert.equal(refused.status, 403, `${path} ${origin}`);
			assert.equal(refused.headers['access-control-allow-origin'], undefined);
			assert.equal(refused.headers['access-control-allow-headers'], undefined);
		}
	}
	const s = await EventStream.hello(w.target, 'alice', {}, { headers: { Origin: FRONT_END } });
	assert.equal(s.headers['access-control-allow-origin'], FRONT_END);
	assert.equal(s.headers.vary, 'Origin');
	await s.close();
	const evil = await EventStream.open(w.target, 'alice', {}, { headers: { Origin: 'https://evil.example' } }).catch((error) => error);
	assert.ok(evil instanceof StreamRefused && evil.status === 403);
	const refused = await poll(w.target, 'alice', { cursor: 'x' }, { headers: { Origin: FRONT_END } });
	assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [400, FRONT_END], 'a page can read why it was refused');
});

promise('HTTP/1.0 gets a stream without chunks', async (w) => {
	await w.escrow('42', PAIR);
	const socket = net.connect(w.target.port, '127.0.0.1');
	let text = '';
	socket.on('data', (d) => (text += d));
	socket.write(`GET ${url('/events', 'alice', { rooms: ['42'] })} HTTP/1.0\r\nHost: localhost\r\n\r\n`);
	await until('hello', () => text.includes('event: hello'));
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'plain' });
	await until('the message', () => text.includes('plain'));
	const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
	assert.match(head, /^HTTP\/1\.1 200 /);
	assert.match(head, /\r\nConnection: close/i);
	assert.doesNotMatch(head, /Transfer-Encoding|Content-Length/i);
	assert.doesNotMatch(body, /\r/);
	assert.match(body, /^retry: \d+\nid: \S+\nevent: hello\ndata: /);
	socket.destroy();
});

promise('what follows the request on its connection is passed over', async (w) => {
	const socket = net.connect(w.target.port, '127.0.0.1');
	let text = '';
	socket.on('data', (d) => (text += d)).on('error', () => {});
	const get = `GET ${url('/events', 'alice')} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
	socket.write(get + get + 'nonsense\r\n'.repeat(20000));
	await until('hello', () => text.includes('event: hello'));
	await emitted(w.target, 'alice', 'presence', { escrowId: '1' }).catch(() => {});
	assert.equal(text.match(/HTTP\/1\.1 /g).length, 1);
	assert.equal((await w.stats()).totalConnections, 1);
	socket.destroy();
	await w.connections(0);
});

promise('a reader that stalls gets everything in order when it reads again', OPEN, async (w) => {
	const n = 600, body = '€'.repeat(4900);
	const reader = await EventStream.hello(w.target, 'reader', { rooms: ['a', 'b'] });
	const seen = [];
	let finish;
	const done = new Promise((resolve) => (finish = resolve));
	reader.onevent = ({ event, data, id }) => {
		if (event === 'chat_message')
			seen.push([data.content.slice(0, 6), Number(id.split('-')[1])]);
		if (data.content?.endsWith('the end'))
			finish();
	};
	reader.pause();
	const writer = await w.client('writer');
	for (let i = 0; i < n; i += 50)
		await Promise.all(Array.from({ length: 50 }, (_, k) => writer.send('ab'[k & 1], String(i + k).padStart(6, '0') + body)));
	await writer.send('a', 'the end');
	reader.resume();
	await within(done, 'the last message');
	assert.equal(seen.length, n + 1);
	assert.ok(seen.every(([, at], i) => i === 0 || at > seen[i - 1][1]), 'in the order of the log');
	assert.equal(new Set(seen.map(([c]) => c)).size, n + 1, 'nothing missing, nothing twice');
	await reader.close();
});

promise('a stream ends with its last chunk where the daemon stops, and goes on at the next one', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'before' });
	await s.message('before');
	const exit = w.daemon.stop();
	assert.deepEqual(await s.over(), { isWhole: true });
	assert.deepEqual(await exit, { code: 0, signal: null });
	const sent = await w.cgi('POST', '/api/chat/42/send', { body: { content: 'meanwhile' }, headers: { 'X-Wallet-Address': 'bob' } });
	assert.equal(sent.status, 201, sent.body);
	await w.startDaemon();
	const again = await EventStream.hello(w.target, 'alice', { rooms: ['42'] }, { headers: { 'Last-Event-ID': s.lastId } });
	await again.message('meanwhile');
	assert.deepEqual(contents(again), ['meanwhile']);
	await again.close();
});

promise('a daemon that is killed is not noticed either', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'one' });
	await w.daemon.kill();
	await s.over();
	await w.startDaemon();
	const again = await EventStream.hello(w.target, 'alice', { rooms: ['42'], cursor: s.hello.id });
	await again.message('one');
	assert.equal(again.log.filter((m) => m.event === 'gap').length, 0);
	await again.close();
});

promise('a user who is removed is told so, and the stream goes on without that room', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('43', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42', '43'] });
	await w.escrow('42', { bob: 'freelancer' });
	const { data } = await s.event('chat_error');
	assert.deepEqual([data.event, data.code, data.escrowId], ['subscribe_escrow', 'removed', '42']);
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'not hers' });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '43', content: 'hers' });
	await s.message('hers');
	assert.deepEqual(contents(s), ['hers']);
	await s.close();
	const late = await EventStream.hello(w.target, 'alice', { rooms: ['42', '43'], cursor: s.hello.id });
	assert.deepEqual(late.hello.data.refused, ['42']);
	await late.message('hers');
	assert.deepEqual(contents(late), ['hers']);
	await late.close();
});

promise('presence: a stream joins, and its loss has a grace', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'], client: 'tab' });
	await bob.event('user_joined', (d) => d.walletAddress === 'alice');
	await s.close();
	await w.connections(1);
	assert.equal((await bob.ok('presence', { escrowId: '42' })).presentCount, 2);
	const again = await EventStream.hello(w.target, 'alice', { rooms: ['42'], client: 'tab' });
	await emitted(w.target, 'alice', 'goodbye', {}, { client: 'tab' });
	await bob.event('user_left', (d) => d.walletAddress === 'alice');
	assert.equal(bob.all('user_joined').length, 1);
	assert.deepEqual(await again.over(), { isWhole: true });
});

promise('unsubscribe_escrow is a goodbye for one room', FOREVER, async (w) => {
	for (const id of ['42', '43'])
		await w.escrow(id, PAIR);
	const bob = await w.client('bob');
	for (const id of ['42', '43'])
		await bob.subscribe(id);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42', '43'], client: 'tab' });
	await bob.event('user_joined', (d) => d.escrowId === '43');
	await emitted(w.target, 'alice', 'unsubscribe_escrow', '42', { client: 'tab' });
	await bob.event('user_left', (d) => d.escrowId === '42');
	await bob.send('42', 'not any more');
	await bob.send('43', 'still');
	await s.message('still');
	assert.deepEqual(contents(s), ['still']);
	assert.equal((await bob.ok('presence', { escrowId: '43' })).presentCount, 2);
	await s.close();
});

promise('another stream of the same client takes over, and nobody saw it leave', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const first = await EventStream.hello(w.target, 'alice', { rooms: ['42'], client: 'tab' });
	const second = await EventStream.hello(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor: first.hello.id });
	assert.deepEqual(await first.over(), { isWhole: true });
	await bob.send('42', 'hi');
	await second.message('hi');
	await w.connections(2);
	assert.deepEqual(bob.all('user_left'), []);
	assert.equal(bob.all('user_joined').length, 1);
	await second.close();
});

promise('a wallet has 16 clients at most, and those with a name may come again', async (w) => {
	const streams = [];
	for (let i = 0; i < 16; i++)
		streams.push(await EventStream.hello(w.target, 'alice', { client: `c${i}` }));
	const off = await EventStream.putOff(w.target, 'alice', { client: 'one-more' }, { headers: { Origin: FRONT_END } });
	assert.deepEqual([off.code, off.id, off.retry], ['rate_limited', undefined, 2000]);
	assert.equal(off.headers['content-type'], 'text/event-stream');
	assert.equal(off.headers['access-control-allow-origin'], FRONT_END);
	assert.equal((await EventStream.putOff(w.target, 'alice', { cursor: '0123456789abcdef-1' })).id, '0123456789abcdef-1');
	assert.equal((await poll(w.target, 'alice', {})).status, 429);
	const again = await EventStream.hello(w.target, 'alice', { client: 'c7' });
	await (await EventStream.hello(w.target, 'bob', { client: 'c7' })).close();
	for (const s of [...streams, again])
		await s.close();
	await w.connections(0);
	await (await EventStream.hello(w.target, 'alice', { client: 'one-more' })).close();
});

promise('the 17th stream takes the place of the oldest one without a name, and nobody sees it leave', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const named = await EventStream.hello(w.target, 'alice', { client: 'tab' });
	const first = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	const streams = [];
	for (let i = 0; i < 15; i++)
		streams.push(await EventStream.hello(w.target, 'alice'));
	assert.deepEqual(await first.over(), { isWhole: true });
	assert.equal((await poll(w.target, 'alice', { client: 'polls' })).status, 429, 'a poll waits');
	await bob.send('42', 'to all');
	await Promise.all([named, ...streams].map((s) => s.event('notification')));
	assert.deepEqual(bob.all('user_left'), []);
	for (const s of [named, ...streams])
		await s.close();
});

promise('a message that goes up by emit is on the stream when its answer comes', async (w) => {
	await w.escrow('42', PAIR);
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'] });
	const { message } = await emitted(w.target, 'alice', 'chat_message', { escrowId: '42', content: 'mine' });
	const { data } = await s.message('mine');
	assert.deepEqual(data, message);
	await s.close();
});

promise('typing that goes up by emit is seen by others, and not by the own stream', async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'], client: 'tab' });
	await emitted(w.target, 'alice', 'typing_start', { escrowId: '42' }, { client: 'tab' });
	const { data } = await bob.event('user_typing');
	assert.deepEqual(data, { escrowId: '42', walletAddress: 'alice', isTyping: true });
	await emitted(w.target, 'alice', 'typing_stop', { escrowId: '42' }, { client: 'tab' });
	await bob.event('user_typing', (d) => !d.isTyping);
	await bob.ok('typing_start', { escrowId: '42' });
	await s.event('user_typing', (d) => d.walletAddress === 'bob' && d.isTyping);
	assert.equal(s.log.filter((m) => m.event === 'user_typing').length, 1);
	await s.close();
});

promise('emit takes every event, and its answer is the acknowledgement', async (w) => {
	await w.escrow('42', PAIR);
	const ask = (wallet, event, data) => emitted(w.target, wallet, event, data);
	const { message } = await ask('bob', 'chat_message', { escrowId: '42', content: 'hi', clientMsgId: 'x1' });
	assert.equal((await ask('bob', 'chat_message', { escrowId: '42', content: 'hi', clientMsgId: 'x1' })).message.id, message.id);
	assert.deepEqual((await ask('alice', 'history', { escrowId: '42' })).messages.map((m) => m.id), [message.id]);
	assert.equal((await ask('alice', 'message_read', { escrowId: '42', messageId: message.id })).unread, 0);
	assert.deepEqual((await ask('alice', 'presence', { escrowId: '42' })).present, [], 'emit alone makes no presence');
	for (const event of ['typing_start', 'typing_stop'])
		await ask('alice', event, { escrowId: '42' });
	await ask('alice', 'goodbye');
	await ask('alice', 'unsubscribe_escrow', { escrowId: 42 });
	const refusals = [
		['subscribe_escrow', { escrowId: '42' }, 'bad_request'],
		['unsubscribe_escrow', { escrowId: 'a/b' }, 'bad_request'],
		['unsubscribe_escrow', undefined, 'bad_request'],
		['dance', {}, 'bad_request'],
		['chat_message', { escrowId: '42', content: ' ' }, 'empty'],
		['chat_message', { escrowId: '42', content: 'x'.repeat(5001) }, 'too_long'],
		['chat_message', 'text', 'bad_request'],
		['chat_message', undefined, 'bad_request'],
		['chat_message', { escrowId: 'nowhere', content: 'x' }, 'not_participant'],
		['message_read', { escrowId: '42', messageId: 'none' }, 'not_found'],
	];
	for (const [event, data, code] of refusals) {
		const { status, json } = await emit(w.target, 'alice', event, data);
		assert.equal(status, 200, event);
		assert.deepEqual([json.ok, json.code], [false, code], `${event}: ${JSON.stringify(json)}`);
		assert.ok(json.error.length > 0);
	}
	await w.connections(0);
});

promise('what is no event at all is refused by HTTP', async (w) => {
	const post = (body, headers) => request(w.target, { method: 'POST', path: url('/emit', 'alice'), body, headers });
	for (const body of ['', '{', '[]', 'null', '"x"', '{}', '{"event":1}', '{"event":"presence"} x', '\ufeff{}', '{"event":"a\u0000"}'])
		assert.equal((await post(body)).status, 400, body);
	for (const type of ['text/plain', 'application/json-seq', 'application/x-www-form-urlencoded', ''])
		assert.equal((await post('{}', { 'Content-Type': type })).status, 415, type);
	for (const type of ['application/json;charset=UTF-8', 'Application/JSON ; charset=utf-8'])
		assert.equal((await post(JSON.stringify({ event: 'goodbye' }), { 'Content-Type': type })).status, 200, type);
	assert.equal((await post(JSON.stringify({ event: 'x', data: { x: 'x'.repeat(70000) } }))).status, 413);
	const chunked = await raw(w.target, `POST ${url('/emit', 'alice')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n{"event":"goodbye"}\r\n0\r\n\r\n`);
	assert.match(chunked, /^HTTP\/1\.1 200 [^]*\{"ok":true\}$/);
	await w.connections(0);
});

promise('a client that leaves before its answer has still said what it said', async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const lock = await w.lockDatabase();
	const body = JSON.stringify({ event: 'chat_message', data: { escrowId: '42', content: 'and gone' } });
	const socket = net.connect(w.target.port, '127.0.0.1');
	socket.write(`POST ${url('/emit', 'alice')} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
	await w.connections(2);
	socket.resetAndDestroy();
	await w.connections(1);
	await lock.release();
	await bob.message('and gone');
});

promise('a client that ends its side after its request still gets the answer', async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const lock = await w.lockDatabase();
	const body = JSON.stringify({ event: 'chat_message', data: { escrowId: '42', content: 'and done' } });
	const socket = net.connect(w.target.port, '127.0.0.1');
	let said = '';
	socket.on('data', (d) => (said += d));
	socket.end(`POST ${url('/emit', 'alice')} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
	const ended = new Promise((resolve) => socket.on('close', resolve));
	await w.connections(2);
	await lock.release();
	await within(ended, 'the end');
	assert.match(said, /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*"ok":true/);
	await bob.message('and done');
});

promise('a stop with everything open is a clean one', { config: { rooms: 'open', presence_grace: '1h' } }, async (w) => {
	const streams = [], polls = [];
	for (let i = 0; i < 10; i++)
		streams.push(await EventStream.hello(w.target, `s${i}`, { rooms: ['a', 'b'] }));
	const { json: { cursor } } = await poll(w.target, 'p', { rooms: ['quiet'] });
	for (let i = 0; i < 10; i++)
		polls.push(poll(w.target, `p${i}`, { rooms: [`quiet-${i}`], cursor, client: 'x' }).catch((error) => error));
	streams[0].pause();
	const writer = await w.client('writer');
	const lock = await w.lockDatabase();
	const emits = Array.from({ length: 10 }, (_, i) => emit(w.target, `e${i}`, 'chat_message', { escrowId: 'a', content: `m${i}` }).catch((error) => error));
	const polling = await connected(w.target, Polling, 'io-1'), posting = await connected(w.target, Polling, 'io-2');
	const upgrading = await connected(w.target, Polling, 'io-3');
	const heldGet = polling.get(), heldPost = posting.send(...Array.from({ length: 100 }, (_, i) => `42${i}["chat_message",{"escrowId":"a","content":"p${i}"}]`));
	const probe = await Sock.open(w.target, { path: `/socket.io/?EIO=4&transport=websocket&sid=${upgrading.open.sid}` });
	probe.send('2probe');
	assert.equal(await probe.next(), '3probe');
	const half = net.connect(w.target.port, '127.0.0.1');
	half.on('error', () => {});
	half.write(`POST ${url('/emit', 'alice')} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"event":`);
	await until('the posts to be under way', async () => (await w.stats()).totalConnections === 10 + 1 + 10 + 1 + 3 + 10);
	const exit = w.daemon.stop();
	await w.daemon.line(/daemon: stopping/);
	await lock.release();
	assert.deepEqual(await exit, { code: 0, signal: null });
	for (const answer of await Promise.all(emits))
		assert.equal(answer.json?.ok, true, `what was sent before the stop is answered: ${answer.message ?? answer.body}`);
	for (const answer of await Promise.all(polls))
		assert.deepEqual([answer.status, answer.headers?.['retry-after']], [503, '1'], `a held poll is answered: ${answer.message ?? answer.body}`);
	for (const s of streams.slice(1))
		assert.deepEqual(await s.over(), { isWhole: true });
	await Promise.all([heldGet, heldPost].map((p) => p.catch(() => {})));
	await probe.gone();
	streams[0].close();
	half.destroy();
});
