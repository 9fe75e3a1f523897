// SPDX-License-Identifier: ISC
// resume.test.mjs - a client comes back with a cursor: it gets exactly the events that it missed,
// or a gap; never a part of them that looks whole.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import { promise, World } from './lib/world.mjs';

const ROOM = { alice: 'client', bob: 'freelancer' };

const contents = (client) => client.all('chat_message').map((m) => m.data.content);

async function sendAll(client, ...list) {
	for (const content of list)
		await client.send('42', content);
}

promise('missed events, then the acknowledgement, then live ones', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice'), bob = await w.client('bob');
	const { cursor } = await bob.subscribe('42');
	await bob.lose();
	await sendAll(alice, 'a', 'b', 'c');

	const back = await w.client('bob');
	const answer = await back.subscribe('42', cursor);
	assert.equal('gap' in answer, false);
	assert.deepEqual(contents(back), ['a', 'b', 'c']);
	const ack = back.log.findIndex((m) => 'ack' in m);
	assert.deepEqual(back.log.slice(ack).filter((m) => m.event === 'chat_message'), []);
	await sendAll(alice, 'd');
	await back.message('d');
	assert.deepEqual(contents(back), ['a', 'b', 'c', 'd']);
});

promise('each event\'s cursor goes on behind that event', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await alice.subscribe('42');
	await sendAll(alice, '0', '1', '2', '3', '4');
	for (const [i, { cursor }] of alice.all('chat_message').entries()) {
		const bob = await w.client('bob');
		await bob.subscribe('42', cursor);
		assert.deepEqual(contents(bob), ['0', '1', '2', '3', '4'].slice(i + 1));
	}
});

promise('without a cursor nothing from before is delivered; subscribing again replays nothing', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice'), bob = await w.client('bob');
	const { cursor } = await alice.subscribe('42');
	await sendAll(alice, 'a', 'b');
	await bob.subscribe('42');
	assert.deepEqual(contents(bob), []);
	await bob.subscribe('42', cursor);
	assert.deepEqual(contents(bob), []);
	await sendAll(alice, 'c');
	await bob.message('c');
	assert.deepEqual(contents(bob), ['c']);
});

promise('the own topic resumes with the query\'s cursor', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice'), bob = await w.client('bob');
	await sendAll(alice, 'one');
	const { cursor } = await bob.event('notification');
	await bob.lose();
	await sendAll(alice, 'two', 'three');
	const back = await w.client('bob', { query: { cursor } });
	await back.event('notification');
	await back.event('notification');
	await sendAll(alice, 'four');
	await back.event('notification');
	assert.equal(back.all('notification').length, 3);
	assert.deepEqual(back.all('gap'), []);
});

promise('kill -9 and restart lose nothing, and nothing comes twice', { config: { presence_grace: '0s' } }, async (w) => {
	await w.escrow('42', ROOM);
	let alice = await w.client('alice'), bob = await w.client('bob');
	const subscribed = await bob.subscribe('42');
	await sendAll(alice, 'before 1', 'before 2');
	await bob.message('before 1');
	const position = (await bob.message('before 2')).cursor;

	await w.daemon.kill();
	await Promise.all([alice.ws.closed.promise, bob.ws.closed.promise]);
	const stored = await w.cgi('POST', '/api/chat/42/send', { body: { content: 'while it was down' }, headers: { 'X-Wallet-Address': 'alice' } });
	assert.equal(stored.status, 201, stored.body);
	await w.startDaemon();

	alice = await w.client('alice');
	await sendAll(alice, 'after');
	bob = await w.client('bob', { query: { cursor: bob.hello.cursor } });
	const answer = await bob.subscribe('42', position);
	assert.equal('gap' in answer, false);
	assert.deepEqual(contents(bob), ['while it was down', 'after']);
	const again = await w.client('bob');
	await again.subscribe('42', subscribed.cursor);
	assert.deepEqual(contents(again), ['before 1', 'before 2', 'while it was down', 'after']);
	while (bob.all('notification').length < 4)
		await bob.event('notification');
	assert.equal(bob.all('gap').length, 0);
});

promise('a thousand missed events come whole and in order, over several rooms', { config: { rooms: 'open' } }, async (w) => {
	const alice = await w.client('alice'), bob = await w.client('bob');
	const rooms = ['r1', 'r2', 'r3'];
	const cursors = await Promise.all(rooms.map(async (r) => (await bob.subscribe(r)).cursor));
	await bob.lose();
	const wanted = { r1: [], r2: [], r3: [] };
	const sends = [];
	for (let i = 0; i < 1000; i++) {
		const r = rooms[i % 3];
		wanted[r].push(`m${i}`);
		sends.push(alice.send(r, `m${i}`));
	}
	await Promise.all(sends);
	const back = await w.client('bob');
	await Promise.all(rooms.map((r, i) => back.subscribe(r, cursors[i])));
	for (const r of rooms)
		assert.deepEqual(back.all('chat_message', (d, m) => m.escrowId === r).map((m) => m.data.content), wanted[r]);
});

promise('a cursor of another database is lost: gap, and its cursor goes on', async (w) => {
	const other = new World();
	let foreign;
	try {
		await other.startDaemon();
		await other.escrow('42', ROOM);
		foreign = (await (await other.client('bob')).subscribe('42')).cursor;
	} finally {
		assert.deepEqual(await other.close(), []);
	}
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await sendAll(alice, 'unseen');

	const bob = await w.client('bob', { query: { cursor: foreign } });
	const own = await bob.event('gap');
	assert.equal(own.data.escrowId, undefined);
	const answer = await bob.subscribe('42', foreign);
	assert.equal(answer.gap, true);
	const { data, escrowId } = await bob.event('gap');
	assert.equal(data.escrowId, '42');
	assert.equal(escrowId, '42');
	assert.equal(typeof data.oldest, 'string');
	assert.deepEqual(contents(bob), [], 'never a partial replay');
	await bob.ok('unsubscribe_escrow', '42');
	await sendAll(alice, 'next');
	assert.equal('gap' in (await bob.subscribe('42', data.cursor)), false);
	assert.deepEqual(contents(bob), ['next']);
});

promise('a cursor of what a restored backup has forgotten is lost', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await alice.subscribe('42');
	await w.sqlite(`.backup ${w.path('backup.db')}`);
	await sendAll(alice, 'forgotten 1', 'forgotten 2');
	const { cursor } = await alice.message('forgotten 2');
	await w.daemon.stop();
	for (const name of ['chat.db', 'chat.db-wal', 'chat.db-shm'])
		fs.rmSync(w.path(name), { force: true });
	fs.copyFileSync(w.path('backup.db'), w.database);
	await w.startDaemon();
	const back = await w.client('alice');
	await sendAll(back, 'new 1', 'new 2', 'new 3');
	const answer = await back.subscribe('42', cursor);
	assert.equal(answer.gap, true);
	assert.deepEqual(contents(back), []);
});

promise('a cursor is no permission', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice'), bob = await w.client('bob');
	const { cursor } = await bob.subscribe('42');
	await bob.lose();
	await sendAll(alice, 'before their removal');
	await w.escrow('42', { alice: 'client' });
	const back = await w.client('bob');
	await back.refused('not_participant', 'subscribe_escrow', { escrowId: '42', cursor });
	const carol = await w.client('carol');
	await carol.refused('not_participant', 'subscribe_escrow', { escrowId: '42', cursor });
	assert.deepEqual([contents(back), contents(carol)], [[], []]);
});
