// SPDX-License-Identifier: ISC
// slow.test.mjs - readers that stall cost the daemon no memory, and have everything in order once
// they read again.

import assert from 'node:assert/strict';

import { promiseOfMemory, resident } from './lib/memory.mjs';
import { until } from './lib/wait.mjs';

const READERS = 12;
const MESSAGES = 2000;
const BODY = '€'.repeat(4900); // about 15 kB each: 30 MB in all
const GROWTH_MAX = 24e6;

promiseOfMemory('a stalled reader gets everything in order afterwards, and the daemon stays small', { config: { rooms: 'open', durability: 'normal' } }, async (w) => {
	const writer = await w.client('writer');
	const readers = [];
	for (let i = 0; i < READERS; i++) {
		const reader = await w.client(`reader-${i}`, { target: { socketPath: w.path('daemon.sock') } });
		await reader.subscribe('room');
		reader.seen = [];
		reader.onevent = (m) => {
			if (m.event === 'chat_message')
				reader.seen.push(m.data.content.slice(0, 8));
			if (m.data?.content?.endsWith('the end'))
				reader.finished();
		};
		reader.done = new Promise((resolve) => (reader.finished = resolve));
		reader.log.push = () => 0;
		reader.ws.pause();
		readers.push(reader);
	}
	const number = (i) => String(i).padStart(8, '0');
	const send = async (from, to) => {
		for (let i = from; i < to; i += 50)
			await Promise.all(Array.from({ length: Math.min(50, to - i) }, (_, k) => writer.send('room', number(i + k) + BODY)));
	};
	await send(0, 400); // buffers of the allocator, the database and the sockets are as large as they get
	const before = resident(w.daemon.pid);
	await send(400, MESSAGES);
	const growth = resident(w.daemon.pid) - before;
	assert.ok(growth < GROWTH_MAX, `the daemon grew by ${growth} bytes`);

	await writer.send('room', number(MESSAGES) + 'the end');
	for (const reader of readers)
		reader.ws.resume();
	const wanted = Array.from({ length: MESSAGES + 1 }, (_, i) => number(i));
	for (const reader of readers) {
		await Promise.race([reader.done, reader.ws.closed.promise.then((end) => { throw new Error(`a reader was closed: ${JSON.stringify(end)}`); })]);
		assert.deepEqual(reader.seen, wanted);
	}
});

promiseOfMemory('a client that sends and never reads its acknowledgements is held up, and harms nobody', { config: { rooms: 'open' } }, async (w) => {
	const greedy = await w.client('greedy'), alice = await w.client('alice');
	await alice.subscribe('room');
	const before = resident(w.daemon.pid);
	greedy.ws.pause();
	const frame = JSON.stringify({ event: 'history', data: { escrowId: 'room', limit: 200 }, ack: 1 });
	await alice.send('room', 'x'.repeat(5000));
	for (let i = 0; i < 20000; i++)
		greedy.ws.send(frame);
	for (let i = 0; i < 50; i++)
		await alice.send('room', `m${i}`);
	assert.equal(alice.all('chat_message').length, 51);
	assert.ok(resident(w.daemon.pid) - before < 64e6);
	await greedy.lose();
	await w.connections(1);
});

promiseOfMemory('a wallet whose connections read nothing loses the largest of them, and harms nobody', { config: { rooms: 'open', max_queued_per_wallet: '2m' } }, async (w) => {
	const alice = await w.client('alice'), greedy = [];
	for (let i = 0; i < 100; i++)
		await alice.send('room', 'x'.repeat(5000));
	const before = resident(w.daemon.pid);
	for (let i = 0; i < 30; i++) {
		const one = await w.client('greedy', { target: { socketPath: w.path('daemon.sock') } }); // whose buffers in the kernel are small
		one.mayFail = true; // it may be cut while it writes
		one.ws.pause();
		greedy.push(one);
		for (let k = 0; k < 10; k++)
			one.ws.send(JSON.stringify({ event: 'history', data: { escrowId: 'room', limit: 100 }, ack: k }));
	}
	const said = () => w.daemon.lines.filter((line) => line.includes('bytes wait to be read'));
	await until('the ceiling', () => said().length > 0);
	await alice.subscribe('room');
	await alice.send('room', 'still served');
	assert.ok(resident(w.daemon.pid) - before < 100e6);
	for (const one of greedy)
		one.ws.resume();
	const ends = await Promise.all(greedy.map(async (one) => {
		let end = null;
		one.ws.closed.promise.then((how) => end = how);
		await until('its answers, or its end', () => end !== null || one.log.filter((m) => m.ack !== undefined).length === 10);
		return end;
	}));
	assert.ok(ends.some((end) => end !== null), JSON.stringify(ends)); // the kernel takes in what it likes of the others
	for (const end of ends)
		assert.ok(end === null || end.code === 1013 || end.code === 1006, JSON.stringify(end));
	assert.equal(said().length, 1, 'one line an episode');
	for (let i = 0; i < 30; i++)
		if (ends[i] === null)
			await greedy[i].lose();
});
