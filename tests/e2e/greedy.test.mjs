// SPDX-License-Identifier: ISC
// greedy.test.mjs - clients that ask for much and read nothing are cut off: the daemon stays
// small, lives within a limit on its memory, and serves the others.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

import { connected, Polling } from './lib/engineio.mjs';
import { addressSpace, isSanitized, promiseOfMemory, resident, residentPeak } from './lib/memory.mjs';
import { history, LIMIT_MS, NO_LIMITS, TEST_MS } from './lib/model-session.mjs';
import { until, within } from './lib/wait.mjs';
import { frame } from './lib/ws.mjs';

const GROWTH_MAX = 150e6; // bytes of memory, twice as many under a sanitizer
const ADDRESS_SPACE = 700e6; // beyond what the daemon has at its start
const CONFIG = { rooms: 'open', durability: 'normal', max_per_wallet: 1000, ...NO_LIMITS };


const small = (name, body) => promiseOfMemory(name, { timeout: TEST_MS, config: CONFIG }, body);

/** Asserts that the daemon's memory has never grown by more than it may. */
function staysSmall(w, before) {
	const growth = residentPeak(w.daemon.pid) - before;
	assert.ok(growth < GROWTH_MAX * (isSanitized(w.daemon.pid) ? 2 : 1), `the daemon grew by ${Math.round(growth / 1e6)} MB`);
}

/** Makes a room; one page of its history is large. */
async function heavyRoom(w, content) {
	const writer = await w.client('writer');
	for (let i = 0; i < 200; i += 20)
		await Promise.all(Array.from({ length: 20 }, () => writer.send('heavy', content)));
	await writer.close();
}

/** Connections of some wallets, by turns, that have asked and read nothing since. By a Unix
 *  socket: little waits in the kernel. */
async function greedy(w, n, wallets, ask) {
	const clients = [];
	for (let i = 0; i < n; i++) {
		const client = await w.client(`eve-${i % wallets}`, { target: { socketPath: w.path('daemon.sock') } }).catch(() => null); // it may be refused: the wallet has enough
		if (!client)
			continue;
		client.mayFail = true;
		client.ws.pause();
		client.ws.write(frame({ payload: JSON.stringify(ask) }));
		clients.push(client);
	}
	return clients;
}

/** Another user is served: each trip is a message with its answer, and a history. */
async function serves(w, trips) {
	const alice = w.alice ??= await w.client('alice');
	for (let i = 0; i < trips; i++) {
		await within(alice.send('quiet', `message ${i}`), 'a message of another user', LIMIT_MS);
		await within(alice.ok('history', { escrowId: 'quiet', limit: 10 }), "another user's history", LIMIT_MS);
	}
}

/** Each client reads on, until it has its answer or sees that it was cut off. */
async function readOn(clients) {
	clients.forEach((c) => c.ws.resume());
	for (const c of clients)
		await until('an answer or the end', () => c.end || c.log.some((m) => 'ack' in m), LIMIT_MS);
}

const HISTORY = { ack: 1, ...history('heavy') };
const CONTENTS = { 'with escapes': '\0'.repeat(5000), 'of four bytes a character': '😀'.repeat(5000) };

for (const [name, content] of Object.entries(CONTENTS)) {
	for (const [n, wallets] of [[100, 1], [300, 3]]) {
		small(`${n} connections of ${wallets === 1 ? 'one wallet' : `${wallets} wallets`} that never read a history ${name} leave the daemon small`, async (w) => {
			await heavyRoom(w, content);
			await serves(w, 10);
			const before = resident(w.daemon.pid);
			const clients = await greedy(w, n, wallets, HISTORY);
			await serves(w, 100);
			staysSmall(w, before);
			clients.forEach((c) => c.lose());
			await w.connections(1);
		});
	}
}

small('100 polling sessions that ask for a history and never fetch it leave the daemon small', async (w) => {
	await heavyRoom(w, CONTENTS['of four bytes a character']);
	await serves(w, 10);
	const before = resident(w.daemon.pid);
	for (let i = 0; i < 100; i++) {
		const wire = await connected(w.target, Polling, 'eve').catch(() => null); // it may be refused: the wallet has enough
		wire?.send(`421${JSON.stringify([HISTORY.event, HISTORY.data])}`).catch(() => {}); // it may wait until the answer is fetched
	}
	await serves(w, 100);
	staysSmall(w, before);
});

small('300 connections that read nothing end neither the daemon nor another user under a limit on memory', async (w) => {
	await heavyRoom(w, CONTENTS['of four bytes a character']);
	await serves(w, 10);
	if (!isSanitized(w.daemon.pid)) { // a sanitizer has terabytes of address space
		const limit = addressSpace(w.daemon.pid) + ADDRESS_SPACE;
		execFileSync('prlimit', ['--pid', String(w.daemon.pid), `--as=${limit}:${limit}`]);
	}
	const clients = await greedy(w, 300, 3, HISTORY);
	await serves(w, 100);
	await readOn(clients);
	await serves(w, 10);
	clients.forEach((c) => c.lose());
	await w.connections(1);
});

small('the greedy are cut off, not those who read', async (w) => {
	await heavyRoom(w, CONTENTS['with escapes']);
	const reader = await w.client('reader');
	await reader.subscribe('heavy');
	const clients = await greedy(w, 200, 2, HISTORY);
	for (let i = 0; i < 20; i++) {
		const page = await within(reader.ok('history', { escrowId: 'heavy', limit: 200 }), 'a history', LIMIT_MS);
		assert.ok(page.messages.length > 0);
	}
	const { message: { id } } = await reader.send('heavy', 'still here');
	await within(reader.event('chat_message', (d) => d.id === id), 'the own message', LIMIT_MS);
	assert.equal(reader.end, undefined);
	clients.forEach((c) => c.lose());
	await w.connections(1);
});

small('readers of a busy room that stall are cut off or caught up with, and cost no memory', async (w) => {
	await serves(w, 10);
	const stalled = await greedy(w, 100, 1, { ack: 1, event: 'subscribe_escrow', data: { escrowId: 'heavy' } });
	await until('all to be in the room', async () => (await w.alice.ok('presence', { escrowId: 'heavy' })).presentCount >= 1, LIMIT_MS);
	const before = resident(w.daemon.pid);
	await heavyRoom(w, CONTENTS['with escapes']);
	await serves(w, 50);
	staysSmall(w, before);
	stalled.forEach((c) => c.lose());
	await w.connections(1);
});
