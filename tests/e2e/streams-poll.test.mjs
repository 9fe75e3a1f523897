// SPDX-License-Identifier: ISC
// streams-poll.test.mjs - long-poll: each request stands alone, nothing is lost between two of
// them, and held requests are released.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';

import { answers, raw } from './lib/http.mjs';
import { EventStream, emitted, heldPoll, poll, url } from './lib/stream.mjs';
import { until, within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const PAIR = { alice: 'client', bob: 'freelancer' };
const FOREVER = { config: { presence_grace: '1h' } };

/** Polls from a cursor on until the events have come: {events, cursor}. */
async function gather(w, wallet, query, isEnough) {
	const events = [];
	let { cursor } = query;
	while (!isEnough(events)) {
		const { status, json, body } = await poll(w.target, wallet, { ...query, cursor });
		assert.equal(status, 200, body);
		events.push(...json.events);
		cursor = json.cursor;
	}
	return { events, cursor };
}

async function now(w, wallet, query = {}) {
	const { status, json, body } = await poll(w.target, wallet, query);
	assert.equal(status, 200, body);
	return json.cursor;
}

promise('without a cursor it is answered at once: no events, and where the log stands', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('secret', { judge: 'arbiter' });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'before' });
	const { status, json, headers } = await poll(w.target, 'alice', { rooms: ['42', 'secret'], timeout: 60 });
	assert.equal(status, 200);
	assert.equal(headers['cache-control'], 'no-store');
	assert.deepEqual({ ...json, cursor: '' }, { cursor: '', events: [], refused: ['secret'] });
	const again = await poll(w.target, 'alice', { rooms: ['42'], cursor: json.cursor, timeout: 0 });
	assert.deepEqual(again.json, { cursor: json.cursor, events: [] });
});

promise('what is there after the cursor is answered at once, with all that an event has', async (w) => {
	await w.escrow('42', PAIR);
	const cursor = await now(w, 'alice', { rooms: ['42'] });
	const { message } = await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'hi' });
	const { json } = await poll(w.target, 'alice', { rooms: ['42'], cursor });
	assert.deepEqual(json.events.map((e) => e.event), ['chat_message', 'notification']);
	assert.deepEqual(json.events[0], { event: 'chat_message', data: message, cursor: json.events[0].cursor, escrowId: '42' });
	assert.equal(json.cursor, json.events[1].cursor);
	const between = await poll(w.target, 'alice', { rooms: ['42'], cursor: json.events[0].cursor });
	assert.deepEqual(between.json, { cursor: json.cursor, events: [json.events[1]] });
});

promise('a held poll is released by an event', async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const cursor = await now(w, 'alice');
	const held = heldPoll(w.target, 'alice', { rooms: ['42'], cursor });
	await bob.event('user_joined');
	await bob.send('42', 'hi');
	const { json } = await held.answer;
	assert.equal(json.events[0].data.content, 'hi');
});

promise('a poll that nothing comes to is answered at its time-out, with no events', async (w) => {
	const cursor = await now(w, 'alice');
	for (const [timeout, ms] of [[0, 0], [100, 100], [1, 1000]]) {
		const begun = performance.now();
		const { json } = await poll(w.target, 'alice', { cursor, timeout });
		const took = performance.now() - begun;
		assert.deepEqual(json, { cursor, events: [] });
		assert.ok(took >= ms - 2, `${timeout}: ${took} ms`);
	}
});

promise('a poll by HEAD or with a body is as HTTP has it', async (w) => {
	const target = url('/poll', 'alice');
	assert.equal(answers(await raw(w.target, `HEAD ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), true)[0].status, 405);
	const [first, second] = answers(await raw(w.target, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc` +
		`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`));
	assert.deepEqual([first.status, second.status], [200, 200]);
	const [old] = answers(await raw(w.target, `GET ${target} HTTP/1.0\r\nHost: localhost\r\n\r\n`));
	assert.deepEqual(old.json.events, []);
});

promise('at most 500 events come at once, and the next poll goes on behind them', { config: { rooms: 'open', durability: 'normal' } }, async (w) => {
	const cursor = await now(w, 'alice', { rooms: ['a', 'b'] });
	const bob = await w.client('bob');
	const n = 1300;
	for (let i = 0; i < n; i += 100)
		await Promise.all(Array.from({ length: 100 }, (_, k) => bob.send('ab'[k % 2], `m${i + k}`)));
	const sizes = [], seen = [];
	for (let at = cursor; seen.length < n;) {
		const { json } = await poll(w.target, 'alice', { rooms: ['a', 'b'], cursor: at });
		sizes.push(json.events.length);
		seen.push(...json.events);
		at = json.cursor;
	}
	assert.deepEqual(sizes, [500, 500, 300]);
	const positions = seen.map((e) => Number(e.cursor.split('-')[1]));
	assert.ok(positions.every((p, i) => i === 0 || p > positions[i - 1]));
	assert.equal(new Set(seen.map((e) => e.data.content)).size, n);
});

promise('large events come in answers of bounded size', { config: { rooms: 'open' } }, async (w) => {
	const cursor = await now(w, 'alice', { rooms: ['a'] });
	const bob = await w.client('bob');
	for (let i = 0; i < 3; i++)
		await Promise.all(Array.from({ length: 50 }, (_, k) => bob.send('a', `${i}.${k} ${'€'.repeat(4900)}`)));
	let at = cursor, seen = 0;
	while (seen < 150) {
		const { json, body } = await poll(w.target, 'alice', { rooms: ['a'], cursor: at });
		assert.ok(body.length < 1.2e6);
		seen += json.events.length;
		at = json.cursor;
	}
	assert.equal(seen, 150);
});

promise('rows that are passed over do not hold a poll up, nor hide what is behind them', async (w) => {
	await w.escrow('42', PAIR);
	const cursor = await now(w, 'alice', { rooms: ['42'] });
	const bad = Array(400).fill("(0, 'escrow_42', 'hello', '{}', NULL, 1)").join(',');
	await w.sqlite(`INSERT INTO log(at, topic, event, data, actor, durable) VALUES ${bad};`);
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'behind' });
	const { json } = await poll(w.target, 'alice', { rooms: ['42'], cursor });
	assert.deepEqual(json.events.filter((e) => e.event === 'chat_message').map((e) => e.data.content), ['behind']);
});

promise('a chain of polls, of streams and of both misses nothing while others write', { config: { rooms: 'open', durability: 'normal' } }, async (w) => {
	const n = 1500;
	const start = await now(w, 'alice', { rooms: ['a'] });
	const chains = ['c1', 'c2', undefined, undefined].map((client, i) =>
		gather(w, client ? 'alice' : `other-${i}`, { rooms: ['a'], cursor: start, client }, (e) => e.some((m) => m.data.content === 'the end')));
	const writers = await Promise.all([1, 2, 3].map((i) => w.client(`writer-${i}`)));
	await Promise.all(writers.map(async (writer, k) => {
		for (let i = 0; i < n / 3; i++)
			await writer.send('a', `${k}.${i}`);
	}));
	await writers[0].send('a', 'the end');
	const story = (events) => events.filter((e) => e.event === 'chat_message').map((e) => e.data.content);
	const [first, ...rest] = (await Promise.all(chains)).map(({ events }) => story(events));
	assert.equal(first.length, n + 1);
	assert.equal(new Set(first).size, n + 1);
	for (const other of rest)
		assert.deepEqual(other, first);
	const mixed = [];
	for (let cursor = start; !mixed.includes('the end');) {
		const { json } = await poll(w.target, 'alice', { rooms: ['a'], cursor, client: 'mixed' });
		mixed.push(...story(json.events));
		const s = await EventStream.hello(w.target, 'alice', { rooms: ['a'], cursor: json.cursor, client: 'mixed' });
		if (!mixed.includes('the end'))
			await s.event('chat_message');
		await s.close();
		mixed.push(...story(s.log));
		cursor = s.lastId;
	}
	assert.deepEqual(mixed, first);
});

promise('an answer that was lost is given again, and what came is given once', async (w) => {
	await w.escrow('42', PAIR);
	const query = { rooms: ['42'], client: 'tab', timeout: 0 };
	const cursor = await now(w, 'alice', query);
	const say = (content) => emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content });
	await say('one');
	const first = await poll(w.target, 'alice', { ...query, cursor });
	assert.equal(first.json.events[0].data.content, 'one');
	const again = await poll(w.target, 'alice', { ...query, cursor });
	assert.deepEqual(again.json.events, first.json.events);
	await say('two');
	const next = await poll(w.target, 'alice', { ...query, cursor: again.json.cursor });
	assert.deepEqual(next.json.events.filter((e) => e.event === 'chat_message').map((e) => e.data.content), ['two']);
	const last = await poll(w.target, 'alice', { ...query, cursor: next.json.cursor });
	assert.deepEqual(last.json.events, []);
});

promise('a user who was removed between two polls is refused, and one who named other rooms gets those', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('43', PAIR);
	const query = { rooms: ['42'], client: 'tab', timeout: 0 };
	let cursor = await now(w, 'alice', query);
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '43', content: 'there' });
	const other = await poll(w.target, 'alice', { ...query, rooms: ['43'], cursor });
	assert.equal(other.json.events[0].data.content, 'there');
	({ json: { cursor } } = await poll(w.target, 'alice', { ...query, cursor: other.json.cursor }));
	await w.escrow('42', { bob: 'freelancer' });
	assert.equal((await poll(w.target, 'alice', { ...query, cursor })).status, 403);
});

promise('a cursor of another log is a gap, and the polls go on', async (w) => {
	await w.escrow('42', PAIR);
	const { json } = await poll(w.target, 'alice', { rooms: ['42'], cursor: '0123456789abcdef-7' });
	assert.deepEqual(json.events.map((e) => [e.event, e.escrowId]), [['gap', '42'], ['gap', undefined]]);
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'live' });
	const next = await poll(w.target, 'alice', { rooms: ['42'], cursor: json.cursor });
	assert.equal(next.json.events[0].data.content, 'live');
});

promise('a poll without time is answered although the page that it needs has nothing for it', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('43', { bob: 'client', carol: 'freelancer' });
	const cursor = await now(w, 'alice', { rooms: ['42'] });
	for (let i = 0; i < 20; i++)
		await emitted(w.target, 'bob', 'chat_message', { escrowId: '43', content: `${i}` });
	await w.daemon.kill(); // the next one has none of it in memory
	await w.startDaemon();
	for (const timeout of [0, 1]) {
		const { status, json } = await poll(w.target, 'alice', { rooms: ['42'], cursor, timeout });
		assert.equal(status, 200);
		assert.deepEqual(json.events, []);
	}
});

promise('a restart of the daemon between two polls is not noticed', async (w) => {
	await w.escrow('42', PAIR);
	const cursor = await now(w, 'alice', { rooms: ['42'], client: 'tab' });
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'one' });
	await w.daemon.kill();
	await w.startDaemon();
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'two' });
	const { json } = await poll(w.target, 'alice', { rooms: ['42'], cursor, client: 'tab' });
	assert.deepEqual(json.events.filter((e) => e.event === 'chat_message').map((e) => e.data.content), ['one', 'two']);
});

promise('an answer is not made of what a removal has taken away', async (w) => {
	await w.escrow('42', PAIR);
	await w.escrow('43', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const cursor = await now(w, 'alice', { rooms: ['42', '43'], client: 'tab' });
	const held = heldPoll(w.target, 'alice', { rooms: ['42', '43'], cursor, client: 'tab' });
	await w.escrow('42', { bob: 'freelancer' });
	const { json } = await held.answer;
	assert.deepEqual(json.events.map((e) => [e.event, e.data.code, e.data.escrowId]), [['chat_error', 'removed', '42']]);
	await bob.send('42', 'not hers');
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '43', content: 'hers' });
	const next = await poll(w.target, 'alice', { rooms: ['42', '43'], cursor, client: 'tab' });
	assert.deepEqual(next.json.refused, ['42']);
	assert.deepEqual(next.json.events.filter((e) => e.event === 'chat_message').map((e) => e.data.content), ['hers']);
	assert.equal((await poll(w.target, 'alice', { rooms: ['42'], cursor, client: 'tab' })).status, 403);
});

promise('between two polls nobody has left, and goodbye is the end', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	let cursor = await now(w, 'alice', { rooms: ['42'], client: 'tab' });
	await bob.event('user_joined');
	for (let i = 0; i < 5; i++) {
		await bob.send('42', `m${i}`);
		cursor = (await poll(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor })).json.cursor;
	}
	assert.deepEqual(bob.all('user_left'), []);
	assert.equal(bob.all('user_joined').length, 1);
	await emitted(w.target, 'alice', 'goodbye', {}, { client: 'other' });
	assert.equal((await bob.ok('presence', { escrowId: '42' })).presentCount, 2, 'the goodbye of another client');
	await emitted(w.target, 'alice', 'goodbye', {}, { client: 'tab' });
	await bob.event('user_left');
	const held = heldPoll(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor });
	await bob.event('user_joined');
	await emitted(w.target, 'alice', 'goodbye', undefined, { client: 'tab' });
	assert.deepEqual((await held.answer).json.events, []);
	await bob.event('user_left');
	await w.connections(1);
});

promise('polls without a name share one, as long as they come one after the other', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	let cursor = await now(w, 'alice', { rooms: ['42'] });
	for (let i = 0; i < 5; i++)
		cursor = (await poll(w.target, 'alice', { rooms: ['42'], cursor, timeout: 0 })).json.cursor;
	assert.equal((await w.stats()).totalConnections, 2, 'one of them is remembered');
	assert.equal(bob.all('user_joined').length, 1);
	const both = [heldPoll(w.target, 'alice', { rooms: ['42'], cursor }), heldPoll(w.target, 'alice', { rooms: ['42'], cursor })];
	await w.connections(3);
	await bob.send('42', 'for both');
	for (const held of both)
		assert.equal((await held.answer).json.events[0].data.content, 'for both');
	assert.deepEqual(bob.all('user_left'), []);
});

promise('what was missed of typing and presence between two polls is replaced by the latest state', FOREVER, async (w) => {
	await w.escrow('42', { ...PAIR, judge: 'arbiter', olga: 'observer' });
	const bob = await w.client('bob'), judge = await w.client('judge');
	await bob.subscribe('42');
	await judge.subscribe('42');
	let cursor = await now(w, 'alice', { rooms: ['42'], client: 'tab' });
	const next = async (more = {}) => {
		const { json } = await poll(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor, ...more });
		cursor = json.cursor;
		return json.events.map(({ event, data }) => [event, data.walletAddress, ...('isTyping' in data ? [data.isTyping] : [])]).sort();
	};
	await bob.ok('typing_start', { escrowId: '42' });
	await judge.ok('typing_start', { escrowId: '42' });
	await judge.ok('typing_stop', { escrowId: '42' });
	const olga = await w.client('olga');
	await olga.subscribe('42');
	assert.deepEqual(await next(), [['user_joined', 'olga'], ['user_typing', 'bob', true], ['user_typing', 'judge', false]]);
	assert.deepEqual(await next({ timeout: 0 }), [], 'said once');
	await bob.ok('typing_stop', { escrowId: '42' });
	await olga.ok('unsubscribe_escrow', '42');
	await olga.subscribe('42');
	await olga.ok('unsubscribe_escrow', '42');
	await judge.ok('unsubscribe_escrow', '42');
	await judge.subscribe('42');
	assert.deepEqual(await next(), [['user_joined', 'judge'], ['user_left', 'olga'], ['user_typing', 'bob', false]]);
	await bob.ok('typing_start', { escrowId: '42' });
	assert.deepEqual((await poll(w.target, 'alice', { rooms: ['42'], client: 'tab' })).json.events, [], 'without a cursor: no events');
	assert.deepEqual(await next(), [['user_typing', 'bob', true]], 'which the next one has');
	const held = heldPoll(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor });
	await bob.ok('typing_stop', { escrowId: '42' });
	assert.deepEqual((await held.answer).json.events.map((e) => e.data), [{ escrowId: '42', walletAddress: 'bob', isTyping: false }]);
});

promise('a stream that takes over from polls is told what they missed', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const cursor = await now(w, 'alice', { rooms: ['42'], client: 'tab' });
	await bob.ok('typing_start', { escrowId: '42' });
	const s = await EventStream.hello(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor });
	assert.equal((await s.event('user_typing')).data.isTyping, true);
	assert.equal((await w.stats()).totalConnections, 2);
	await s.close();
});

promise('a poll of the same client answers the one that is held', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const cursor = await now(w, 'alice', { rooms: ['42'], client: 'tab' });
	const first = heldPoll(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor });
	let isHeld = true;
	first.answer.then(() => (isHeld = false));
	let second;
	while (isHeld) { // the first may be late: then it has answered the second
		second = heldPoll(w.target, 'alice', { rooms: ['42'], client: 'tab', cursor });
		await Promise.race([first.answer, second.answer]);
	}
	assert.deepEqual((await first.answer).json, { cursor, events: [] });
	assert.equal((await w.stats()).totalConnections, 2);
	await bob.send('42', 'for the newest');
	assert.equal((await second.answer).json.events[0].data.content, 'for the newest');
	assert.equal(bob.all('user_joined').length, 1);
	assert.deepEqual(bob.all('user_left'), []);
});

promise('a client that leaves while its poll is held is noticed', { config: { presence_grace: '1h' } }, async (w) => {
	await w.escrow('42', PAIR);
	const bob = await w.client('bob');
	await bob.subscribe('42');
	const cursor = await now(w, 'alice');
	const named = heldPoll(w.target, 'alice', { rooms: ['42'], cursor, client: 'tab' });
	await bob.event('user_joined');
	const second = heldPoll(w.target, 'alice', { rooms: ['42'], cursor, client: 'tab-2' });
	await w.connections(4); // with the one that is remembered
	named.abort();
	second.abort();
	await until('the daemon to see it', async () => (await openConnections(w)) <= 2);
	await emitted(w.target, 'bob', 'chat_message', { escrowId: '42', content: 'hi' });
	const { json } = await poll(w.target, 'alice', { rooms: ['42'], cursor, client: 'tab' });
	assert.equal(json.events[0].data.content, 'hi', 'nothing was lost to the one that left');
	assert.deepEqual(bob.all('user_left'), []);
});

/** Returns the number of connections that the daemon lists, without those of polls. */
async function openConnections(w) {
	const { connections } = await w.stats();
	return connections.filter((c) => c.transport !== 'poll').length;
}

promise('requests that wait behind a held poll have their turn, and too many of them are not read', async (w) => {
	const cursor = await now(w, 'alice');
	const get = (more, fields = '') => `GET ${url('/poll', 'alice', { cursor, ...more })} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
	const text = await raw(w.target, get({ timeout: 100 }) + get({ timeout: 0 }) + get({ cursor: 'x' }, 'Connection: close\r\n'));
	assert.deepEqual(answers(text).map((a) => a.status), [200, 200, 400]);
	const socket = net.connect(w.target.port, '127.0.0.1');
	socket.on('error', () => {});
	let said = '';
	socket.on('data', (d) => (said += d));
	socket.write(get({ timeout: 300 }));
	const many = get({ timeout: 0 }).repeat(2000);
	socket.write(many);
	await until('all answers', () => said.split('HTTP/1.1 200').length === 2002);
	socket.destroy();
});

promise('a connection is kept from poll to poll', async (w) => {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
	const sockets = new Set();
	const once = (cursor) => within(new Promise((resolve, reject) => {
		http.get({ host: '127.0.0.1', port: w.target.port, agent, path: url('/poll', 'alice', { cursor, timeout: 0 }) }, (res) => {
			sockets.add(res.socket);
			let body = '';
			res.on('data', (d) => (body += d)).on('end', () => resolve(JSON.parse(body).cursor));
		}).on('error', reject);
	}), 'an answer');
	let cursor = await once();
	for (let i = 0; i < 20; i++)
		cursor = await once(cursor);
	assert.equal(sockets.size, 1);
	agent.destroy();
});

promise('many polls that come and go leave nothing behind', { config: { rooms: 'open', presence_grace: '0s' } }, async (w) => {
	const cursor = await now(w, 'x', { client: 'x' });
	await emitted(w.target, 'x', 'goodbye', {}, { client: 'x' });
	for (let round = 0; round < 10; round++) {
		const held = Array.from({ length: 50 }, (_, i) => heldPoll(w.target, `w${i % 5}-${i % 3}`, { rooms: [`r${i % 7}`], cursor, ...(i % 2 && { client: `c${i % 4}` }) }));
		await Promise.all(held.slice(0, 10).map((h) => h.abort()));
		await emitted(w.target, 'x', 'chat_message', { escrowId: `r${round % 7}`, content: 'hi' });
		held.forEach((h) => h.abort());
	}
	for (let i = 0; i < 5; i++)
		for (let k = 0; k < 3; k++)
			for (const client of ['c1', 'c3'])
				await emitted(w.target, `w${i}-${k}`, 'goodbye', {}, { client });
	await until('one to be left of each wallet: that of polls without a name', async () => (await w.stats()).totalConnections <= 15);
});
