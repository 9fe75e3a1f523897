// SPDX-License-Identifier: ISC
// typing.test.mjs - typing is shown to the others and ends once, whatever ends it.

import assert from 'node:assert/strict';

import { promise } from './lib/world.mjs';

const BRIEF = { brief: 2900 }; // typing ends by itself 3 s after it was said

async function pair(w) {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const alice = await w.client('alice'), bob = await w.client('bob');
	await alice.subscribe('42');
	await bob.subscribe('42');
	return [alice, bob];
}

/** The events of typing and messages that a client saw, behind a barrier. */
async function story(client, other) {
	await other.send('42', 'the end');
	await client.message('the end');
	return client.log.filter((m) => ['user_typing', 'chat_message', 'user_left'].includes(m.event))
		.map((m) => m.event === 'user_typing' ? m.data.isTyping : m.event === 'user_left' ? 'left' : m.data.content);
}

promise('typing is shown to the others, not to the user\'s own tabs, and typing_stop ends it once', BRIEF, async (w) => {
	const [alice, bob] = await pair(w);
	const tab = await w.client('alice');
	await tab.subscribe('42');
	await alice.ok('typing_start', { escrowId: '42' });
	assert.deepEqual((await bob.event('user_typing')).data, { escrowId: '42', walletAddress: 'alice', isTyping: true });
	await alice.ok('typing_stop', { escrowId: '42' });
	assert.deepEqual((await bob.event('user_typing')).data, { escrowId: '42', walletAddress: 'alice', isTyping: false });
	await alice.ok('typing_stop', { escrowId: '42' });
	assert.deepEqual(await story(bob, alice), [true, false, 'the end']);
	await tab.message('the end');
	assert.deepEqual([alice.all('user_typing'), tab.all('user_typing')], [[], []]);
});

promise('typing_stop without a start says nothing', async (w) => {
	const [alice, bob] = await pair(w);
	await alice.ok('typing_stop', { escrowId: '42' });
	assert.deepEqual(await story(bob, alice), ['the end']);
});

promise('typing stops by itself, once', async (w) => {
	const [alice, bob] = await pair(w);
	const begun = Date.now();
	await alice.ok('typing_start', { escrowId: '42' });
	await bob.event('user_typing', (d) => d.isTyping);
	await bob.event('user_typing', (d) => !d.isTyping);
	assert.ok(Date.now() - begun >= 2900, 'not before 3 s');
	assert.deepEqual(await story(bob, alice), [true, false, 'the end']);
});

promise('a repeated typing_start is not relayed at once', BRIEF, async (w) => {
	const [alice, bob] = await pair(w);
	await Promise.all([1, 2, 3].map(() => alice.ok('typing_start', { escrowId: '42' })));
	assert.deepEqual(await story(bob, bob), [true, 'the end']);
});

promise('a message ends its sender\'s typing, after that message', { ...BRIEF, web: true }, async (w) => {
	const [alice, bob] = await pair(w);
	await alice.ok('typing_start', { escrowId: '42' });
	await alice.send('42', 'by WebSocket');
	await bob.event('user_typing', (d) => !d.isTyping);
	await alice.ok('typing_start', { escrowId: '42' });
	assert.equal((await w.rest('alice', 'POST', '/api/chat/42/send', { content: 'by REST' })).status, 201);
	await bob.event('user_typing', (d) => !d.isTyping);
	assert.deepEqual(await story(bob, bob), [true, 'by WebSocket', false, true, 'by REST', false, 'the end']);
});

promise('another\'s message does not end it', BRIEF, async (w) => {
	const [alice, bob] = await pair(w);
	await alice.ok('typing_start', { escrowId: '42' });
	await bob.send('42', 'go on');
	assert.deepEqual(await story(bob, bob), [true, 'go on', 'the end']);
});

promise('leaving ends it before user_left', BRIEF, async (w) => {
	const [alice, bob] = await pair(w);
	await alice.ok('typing_start', { escrowId: '42' });
	await alice.ok('unsubscribe_escrow', '42');
	await bob.event('user_left');
	assert.deepEqual(await story(bob, bob), [true, false, 'left', 'the end']);
});

promise('the loss of the last connection ends it at once, and only of the last', { ...BRIEF, config: { presence_grace: '1h' } }, async (w) => {
	const [alice, bob] = await pair(w);
	const tab = await w.client('alice');
	await tab.subscribe('42');
	await alice.ok('typing_start', { escrowId: '42' });
	await tab.lose();
	await w.connections(2);
	await bob.send('42', 'one tab is left');
	await alice.lose();
	await bob.event('user_typing', (d) => !d.isTyping);
	assert.deepEqual(await story(bob, bob), [true, 'one tab is left', false, 'the end']);
});
