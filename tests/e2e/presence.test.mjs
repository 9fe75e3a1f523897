// SPDX-License-Identifier: ISC
// presence.test.mjs - who is in a room, per user: the first connection joins, the last one leaves,
// a loss has a grace.

import assert from 'node:assert/strict';

import { request } from './lib/http.mjs';
import { promise } from './lib/world.mjs';

const FOREVER = { config: { presence_grace: '1h' } };

async function room(w, ...names) {
	await w.escrow('42', { alice: 'client', bob: 'freelancer', judge: 'arbiter' });
	const clients = [];
	for (const name of names) {
		const client = await w.client(name);
		await client.subscribe('42');
		clients.push(client);
	}
	return clients;
}

/** Joins and leaves a client saw, behind a barrier. */
async function story(client, other) {
	await other.send('42', 'the end');
	await client.message('the end');
	return client.log.filter((m) => ['user_joined', 'user_left'].includes(m.event)).map((m) => `${m.event} ${m.data.walletAddress}`);
}

promise('a user who comes is announced to the others, and finds those who are there', FOREVER, async (w) => {
	const [alice] = await room(w, 'alice');
	const bob = await w.client('bob');
	const answer = await bob.subscribe('42');
	assert.deepEqual(answer.present.sort(), ['alice', 'bob']);
	assert.equal(answer.presentCount, 2);
	const { data, cursor } = await alice.event('user_joined');
	assert.deepEqual({ ...data, timestamp: 0 }, { escrowId: '42', walletAddress: 'bob', timestamp: 0 });
	assert.match(data.timestamp, /^\d{4}-\d\d-\d\dT.*Z$/);
	assert.equal(cursor, undefined, 'presence is not durable');
	assert.deepEqual(await story(bob, alice), []);
});

promise('an explicit leave shows at once', FOREVER, async (w) => {
	const [alice, bob] = await room(w, 'alice', 'bob');
	await bob.ok('unsubscribe_escrow', '42');
	await alice.event('user_left');
	assert.deepEqual(await story(alice, alice), ['user_joined bob', 'user_left bob']);
	assert.deepEqual((await bob.ok('presence', { escrowId: '42' })).present, ['alice']);
});

promise('a user with two tabs joins with the first and leaves with the last', FOREVER, async (w) => {
	const [alice, first, second] = await room(w, 'alice', 'bob', 'bob');
	await first.ok('unsubscribe_escrow', '42');
	assert.deepEqual(await story(alice, alice), ['user_joined bob']);
	await second.ok('unsubscribe_escrow', '42');
	await alice.event('user_left');
	assert.equal((await alice.ok('presence', { escrowId: '42' })).presentCount, 1);
});

promise('a lost connection leaves after the grace', { config: { presence_grace: '50ms' } }, async (w) => {
	const [alice, bob] = await room(w, 'alice', 'bob');
	await bob.lose();
	assert.equal((await alice.event('user_left')).data.walletAddress, 'bob');
	assert.deepEqual((await alice.ok('presence', { escrowId: '42' })).present, ['alice']);
});

promise('a user who comes back within the grace was never away', FOREVER, async (w) => {
	const [alice, bob] = await room(w, 'alice', 'bob');
	await bob.lose();
	await w.connections(1);
	assert.deepEqual((await alice.ok('presence', { escrowId: '42' })).present.sort(), ['alice', 'bob']);
	const back = await w.client('bob');
	await back.subscribe('42');
	assert.deepEqual(await story(alice, back), ['user_joined bob']);
});

promise('a close frame is a loss, with its grace', FOREVER, async (w) => {
	const [alice, bob] = await room(w, 'alice', 'bob');
	assert.equal((await bob.close(1000)).code, 1000);
	await w.connections(1);
	assert.deepEqual(await story(alice, alice), ['user_joined bob']);
});

promise('subscribing again announces nobody', FOREVER, async (w) => {
	const [alice, bob] = await room(w, 'alice', 'bob');
	await bob.subscribe('42');
	assert.deepEqual(await story(alice, bob), ['user_joined bob']);
});

promise('a client that never says goodbye is found lost though it sends no FIN', { config: { presence_grace: '0s' } }, async (w) => {
	const [alice, bob] = await room(w, 'alice', 'bob');
	bob.ws.socket.resetAndDestroy?.() ?? bob.ws.socket.destroy();
	assert.equal((await alice.event('user_left')).data.walletAddress, 'bob');
});

promise('stats count connections and rooms, with wallets shortened', async (w) => {
	const wallet = '0x' + 'ab'.repeat(20);
	await w.escrow('42', { [wallet]: 'client' });
	const client = await w.client(wallet);
	await client.subscribe('42');
	const answer = await request(w.target, { path: '/api/websocket/stats', headers: { 'X-Service-Key': w.weakKey } });
	assert.equal(answer.status, 200);
	assert.equal(answer.json.success, true);
	const { totalConnections, activeEscrows, connections } = answer.json.stats;
	assert.deepEqual([totalConnections, activeEscrows, connections.length], [1, 1, 1]);
	assert.equal(connections[0].walletAddress, '0xababab...');
	assert.equal(connections[0].escrowRooms, 1);
	assert.equal(connections[0].transport, 'websocket');
	assert.match(connections[0].connectedAt, /^\d{4}-.*Z$/);
	assert.equal(answer.body.includes(wallet), false);
});
