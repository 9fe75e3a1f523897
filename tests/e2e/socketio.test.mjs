// SPDX-License-Identifier: ISC
// socketio.test.mjs - the chat as an unchanged front end sees it: the real socket.io-client, over
// each transport.

import assert from 'node:assert/strict';

import { road, SocketClient, TRANSPORTS } from './lib/socketio.mjs';
import { until, within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const OPEN = { config: { rooms: 'open' } };
const FOREVER = { config: { rooms: 'open', presence_grace: '1h' } };
const open = SocketClient.open;

const CONTENTS = {
	'quotes and backslashes': `"it's" \\ \\" \\\\u0041 </script> \${x} \`y\``,
	'control characters': Array.from({ length: 31 }, (_, i) => `${String.fromCharCode(i + 1)}.`).join('') + '\x7f.\x80.\x9f.',
	'U+0000': 'a\u0000b',
	'U+001E, which separates packets': '42["chat_message"]\u001e41',
	'U+2028 and U+2029': 'a\u2028b\u2029c',
	'emoji': '👩‍👩‍👧‍👦🏳️‍🌈 👍🏽 𝒳',
	'right to left and combining': 'שלום ‏مرحبا é',
	'JSON': '{"event":"chat_message","data":{"content":"x"}}',
	'a packet': '42["chat_message",{}]',
	'5000 characters': 'x'.repeat(5000),
	'5000 characters outside the BMP': '😀'.repeat(5000),
};

for (const [name, transports] of Object.entries(TRANSPORTS)) {
	promise(`${name}: two wallets chat, and the sender's acknowledgement comes after their own broadcast`, async (w) => {
		await w.escrow('42', { alice: 'client', bob: 'freelancer' });
		const options = { transports, auth: { recovery: true } };
		const alice = await open(w, 'alice', options), bob = await open(w, 'bob', options);
		if (name === 'upgrade')
			await Promise.all([alice.upgraded(), bob.upgraded()]);
		assert.equal(alice.transport, name === 'polling' ? 'polling' : 'websocket');
		assert.equal(alice.socket.recovered, false);
		await alice.subscribe('42');
		const answer = await bob.subscribe(42);
		assert.deepEqual([answer.escrowId, answer.present.sort(), answer.presentCount, answer.unread], ['42', ['alice', 'bob'], 2, 0]);
		assert.equal(typeof answer.cursor, 'string');
		let seenFirst;
		const ack = await new Promise((resolve) => alice.socket.emit('chat_message', { escrowId: '42', content: '  hello  ', clientMsgId: 'c1' }, (a) => {
			seenFirst = alice.contents().length === 1;
			resolve(a);
		}));
		assert.equal(seenFirst, true);
		const { data, more } = await bob.event('chat_message');
		assert.deepEqual(Object.keys(data).sort(), ['clientMsgId', 'content', 'escrowId', 'id', 'read', 'senderId', 'senderRole', 'timestamp']);
		assert.deepEqual({ ...data, id: 0, timestamp: 0 },
			{ id: 0, escrowId: '42', senderId: 'alice', senderRole: 'client', content: 'hello', timestamp: 0, read: false, clientMsgId: 'c1' });
		assert.deepEqual(ack, { ok: true, message: data });
		assert.deepEqual(alice.all('chat_message').map((m) => m.data), [data]);
		assert.equal(more.length, 1, 'the offset is the last argument');
		assert.equal(typeof more[0], 'string');
		const stats = await w.stats();
		assert.deepEqual([stats.totalConnections, stats.activeEscrows], [2, 1]);
		assert.deepEqual(stats.connections.map((c) => c.transport), Array(2).fill(alice.transport));
	});

	promise(`${name}: any content arrives as it was sent`, OPEN, async (w) => {
		const alice = await open(w, 'alice', { transports }), bob = await open(w, 'bob', { transports });
		await alice.subscribe('room');
		await bob.subscribe('room');
		for (const [what, content] of Object.entries(CONTENTS)) {
			const { message } = await alice.send('room', content);
			assert.equal(message.content, content, what);
			assert.equal((await bob.event('chat_message')).data.content, content, what);
		}
		const { messages } = await bob.ok('history', { escrowId: 'room' });
		assert.deepEqual(messages.map((m) => m.content), Object.values(CONTENTS));
		await alice.refused('too_long', 'chat_message', { escrowId: 'room', content: '😀'.repeat(5001) });
		await alice.refused('empty', 'chat_message', { escrowId: 'room', content: ' \n\u2003 ' });
	});

	promise(`${name}: every event of the contract has its acknowledgement`, async (w) => {
		await w.escrow('room', { alice: 'client', bob: 'freelancer' });
		const alice = await open(w, 'alice', { transports }), bob = await open(w, 'bob', { transports });
		assert.deepEqual(Object.keys(await alice.subscribe('room')).sort(), ['cursor', 'escrowId', 'ok', 'present', 'presentCount', 'unread']);
		const { message: first } = await alice.send('room', 'first');
		const { message: second } = await alice.send('room', 'second');
		const { cursor } = await bob.ok('subscribe_escrow', { escrowId: 'room' });
		assert.equal(typeof cursor, 'string');
		const history = await bob.ok('history', { escrowId: 'room', limit: 1 });
		assert.deepEqual(Object.keys(history).sort(), ['cursor', 'hasMore', 'messages', 'ok']);
		assert.deepEqual([history.messages, history.hasMore], [[second], true]);
		assert.deepEqual((await bob.ok('history', { escrowId: 'room', before: second.id })).messages, [first]);
		assert.deepEqual((await bob.ok('history', { escrowId: 'room', after: first.id })).messages, [second]);
		assert.deepEqual(await bob.ok('typing_start', { escrowId: 'room' }), { ok: true });
		assert.deepEqual((await alice.event('user_typing')).data, { escrowId: 'room', walletAddress: 'bob', isTyping: true });
		assert.deepEqual(await bob.ok('typing_stop', { escrowId: 'room' }), { ok: true });
		assert.equal((await alice.event('user_typing')).data.isTyping, false);
		assert.deepEqual(await bob.ok('message_read', { escrowId: 'room', messageId: first.id }), { ok: true, unread: 1 });
		const { data: read } = await alice.event('message_read');
		assert.deepEqual([read.escrowId, read.messageId, read.readerId], ['room', first.id, 'bob']);
		assert.deepEqual(await bob.ok('message_read', { escrowId: 'room', upTo: second.id }), { ok: true, unread: 0 });
		assert.equal((await alice.event('message_read')).data.messageId, second.id);
		const presence = await bob.ok('presence', { escrowId: 'room' });
		assert.deepEqual({ ...presence, present: presence.present.sort() }, { ok: true, present: ['alice', 'bob'], presentCount: 2 });
		assert.deepEqual(await bob.ok('unsubscribe_escrow', { escrowId: 'room' }), { ok: true });
		assert.equal((await alice.event('user_left')).data.walletAddress, 'bob');
		assert.deepEqual(await alice.ok('unsubscribe_escrow', 'room'), { ok: true });
		await alice.refused('bad_request', 'no_such_event', {});
	});

	promise(`${name}: 200 messages each way while the transport settles are neither lost, doubled nor out of order`, OPEN, async (w) => {
		const watcher = await open(w, 'watcher', { transports: ['websocket'] });
		await watcher.subscribe('room');
		const down = [], up = [];
		for (let i = 0; i < 200; i++)
			down.push(`down ${i}`), up.push(`up ${i}`);
		const bob = new SocketClient(w, 'bob', { transports });
		const acks = [];
		bob.socket.once('connect', () => {
			bob.socket.emit('subscribe_escrow', 'room', () => watcher.say('chat_message', { escrowId: 'room', content: 'begin' }));
			up.forEach((content) => bob.socket.emit('chat_message', { escrowId: 'room', content }, (a) => acks.push(a.message.content)));
		});
		await watcher.message('begin');
		const sent = Promise.all(down.map((content) => watcher.send('room', content)));
		await bob.message('down 199');
		await bob.message('up 199');
		await Promise.all([sent, watcher.message('up 199'), watcher.message('down 199')]);
		await until('all acknowledgements', () => acks.length === 200);
		assert.deepEqual(acks, up);
		for (const client of [watcher, bob]) {
			assert.deepEqual(client.contents().filter((c) => c.startsWith('down')), down);
			assert.deepEqual(client.contents().filter((c) => c.startsWith('up')), up);
		}
		const common = (c) => c.contents().slice(c.contents().indexOf('begin'));
		assert.deepEqual(common(bob), common(watcher));
		assert.equal(bob.log.filter((m) => m.event === ' disconnect').length, 0);
		if (name === 'upgrade')
			await bob.upgraded();
	});

	promise(`${name}: an event with binary data is refused, and the session goes on`, OPEN, async (w) => {
		const alice = await open(w, 'alice', { transports });
		if (name === 'upgrade')
			await alice.upgraded();
		const attached = { escrowId: 'room', content: Buffer.alloc(1000), more: [Buffer.from('x'), new Uint8Array(3)] };
		await alice.refused('bad_request', 'chat_message', attached);
		alice.say('chat_message', attached);
		assert.deepEqual((await alice.event('chat_error')).data.event, 'chat_message');
		await alice.subscribe('room');
		await alice.send('room', 'still here');
		assert.deepEqual(alice.contents(), ['still here']);
	});
}

promise('messages stream through the very moment of the upgrade', OPEN, async (w) => {
	const way = await road(w);
	const writer = await open(w, 'writer', { transports: ['websocket'] });
	way.holdWebSockets();
	const bob = new SocketClient(w, 'bob', { target: way });
	let isUpgraded = false;
	bob.socket.io.once('open', () => bob.socket.io.engine.once('upgrade', () => (isUpgraded = true)));
	await bob.connected();
	await bob.subscribe('room');
	await writer.subscribe('room');
	const sent = [], said = [];
	for (let after = 0; after < 100; after += isUpgraded ? 1 : 0) {
		sent.push(`down ${sent.length}`);
		said.push(`up ${said.length}`);
		bob.say('chat_message', { escrowId: 'room', content: said.at(-1) });
		await writer.send('room', sent.at(-1));
		if (sent.length === 100) {
			assert.equal(bob.transport, 'polling');
			way.letWebSockets();
		}
	}
	await bob.message(sent.at(-1));
	await bob.message(said.at(-1));
	await writer.message(said.at(-1));
	assert.ok(sent.length >= 200);
	assert.deepEqual(bob.contents().filter((c) => c.startsWith('down')), sent);
	assert.deepEqual(writer.contents().filter((c) => c.startsWith('up')), said);
	assert.deepEqual(bob.contents(), writer.contents());
	assert.equal(bob.transport, 'websocket');
});

promise('without an acknowledgement a refusal comes as chat_error', async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const alice = await open(w, 'alice'), mallory = await open(w, 'mallory');
	mallory.say('subscribe_escrow', '42');
	const { data, more } = await mallory.event('chat_error');
	assert.deepEqual(Object.keys(data).sort(), ['code', 'error', 'escrowId', 'event']);
	assert.deepEqual([data.event, data.code, data.escrowId], ['subscribe_escrow', 'not_participant', '42']);
	assert.deepEqual(more, [], 'it is not durable');
	mallory.say('chat_message', { escrowId: '42', content: 'let me in' });
	assert.equal((await mallory.event('chat_error')).data.code, 'not_participant');
	alice.say('chat_message', { content: 'where' });
	assert.deepEqual((await alice.event('chat_error')).data.code, 'bad_request');
	alice.say('no_such_event');
	assert.equal((await alice.event('chat_error')).data.event, 'no_such_event');
	await alice.subscribe('42');
	assert.equal(alice.all('chat_error').length, 2);
});

const MALFORMED = [
	[], [null], [42], ['text'], [true], [[]], [[{}]], [{}], [{ escrowId: null }], [{ escrowId: {} }], [{ escrowId: [] }], [{ escrowId: '' }],
	[{ escrowId: 'a/b' }], [{ escrowId: '..' }], [{ escrowId: -1 }], [{ escrowId: 1.5 }], [{ escrowId: 2 ** 53 }], [{ escrowId: 'x'.repeat(129) }],
	[{ escrowId: 'a\u0000b' }], [{ escrowId: 'a\u2028' }], [{ escrowId: 'room', content: null }], [{ escrowId: 'room', content: 7 }],
	[{ escrowId: 'room', content: { toString: 'x' } }], [{ escrowId: 'room', content: ['x'] }], [{ escrowId: 'room', content: 'x', clientMsgId: 'no spaces' }],
	[{ escrowId: 'room', content: 'x', clientMsgId: '' }], [{ escrowId: 'room', messageId: 7 }], [{ escrowId: 'room', before: 'x', after: 'y' }],
	[{ escrowId: 'room', limit: 'all' }], [{ __proto__: null, constructor: 1 }], [JSON.parse('{"__proto__":{"escrowId":"room"}}')],
	['x'.repeat(100000)], [{ escrowId: 'room', content: 'x'.repeat(70000) }], [{}, {}, {}], [null, 'room'],
];
const NAMES = ['subscribe_escrow', 'unsubscribe_escrow', 'chat_message', 'typing_start', 'typing_stop', 'message_read', 'history', 'presence', 'hello', 'notification', 'x'.repeat(64), 'not a name', '', '__proto__', 'constructor', 'toString'];

promise('malformed events of every kind are each answered, and nobody is disconnected', OPEN, async (w) => {
	const alice = await open(w, 'alice');
	await alice.subscribe('room');
	for (const name of NAMES) {
		const answers = await Promise.all(MALFORMED.map((args) => alice.ask(name, ...args)));
		answers.forEach((answer, i) => {
			const what = `${name} ${JSON.stringify(MALFORMED[i]).slice(0, 100)}: ${JSON.stringify(answer)}`;
			assert.equal(typeof answer?.ok, 'boolean', what);
			if (!answer.ok)
				assert.match(answer.code, /^(bad_request|not_found|too_long|empty)$/, what);
		});
		if (!NAMES.slice(0, 8).includes(name))
			assert.ok(answers.every((a) => !a.ok), name);
	}
	assert.ok((await Promise.all(MALFORMED.map((args) => alice.ask('chat_message', ...args)))).every((a) => !a.ok));
	assert.equal(alice.all(' disconnect').length, 0);
	await alice.send('room', 'well');
});

promise('an extra argument of an event is no harm', OPEN, async (w) => {
	const alice = await open(w, 'alice');
	await alice.ok('subscribe_escrow', 'room', 'more', { and: 'more' });
	await alice.ok('chat_message', { escrowId: 'room', content: 'x', unknown: { deep: [1] } }, null);
});

promise('without a wallet CONNECT is refused in the words of the reference, and the client does not retry', OPEN, async (w) => {
	const nobody = new SocketClient(w, null, {});
	assert.equal(await nobody.connectError(), 'Authentication required: wallet address missing');
	assert.equal(nobody.socket.active, false, 'the client has given up');
	for (const walletAddress of ['', null, 7, {}, [], true])
		assert.equal(await new SocketClient(w, null, { auth: { walletAddress } }).connectError(), 'Authentication required: wallet address missing');
	for (const walletAddress of ['two words', 'x'.repeat(129), '<b>', 'a\u0000b', '0x' + 'g'.repeat(40) + '/'])
		assert.match(await new SocketClient(w, null, { auth: { walletAddress } }).connectError(), /^Authentication failed: /);
	assert.equal((await w.stats()).totalConnections, 0);
	nobody.socket.auth = { walletAddress: 'somebody' };
	nobody.socket.connect();
	await nobody.connected();
	await nobody.subscribe('room');
	assert.equal(nobody.all(' connect_error').length, 1);
});

promise('a namespace that is not there is invalid, and the one that is goes on beside it', OPEN, async (w) => {
	const alice = await open(w, 'alice');
	const other = new SocketClient(w, 'alice', { path: '/custom' });
	assert.equal(await other.connectError(), 'Invalid namespace');
	assert.equal(other.socket.active, false);
	const beside = alice.socket.io.socket('/admin', { auth: { walletAddress: 'alice' } });
	const refusal = new Promise((resolve) => beside.once('connect_error', resolve));
	beside.connect();
	assert.equal((await within(refusal, 'the refusal')).message, 'Invalid namespace');
	await alice.subscribe('room');
	assert.equal(alice.all(' disconnect').length, 0);
});

promise('rooms are apart, and tabs of one wallet are together', OPEN, async (w) => {
	const first = await open(w, 'alice'), second = await open(w, 'alice', { transports: ['polling'] }), bob = await open(w, 'bob');
	assert.notEqual(first.socket.id, second.socket.id);
	for (const room of ['red', 'green', 'blue'])
		await first.subscribe(room);
	await second.subscribe('green');
	for (const room of ['red', 'green', 'blue'])
		await bob.subscribe(room);
	for (const room of ['red', 'green', 'blue', 'red'])
		await bob.send(room, `to ${room}`);
	const { message } = await second.send('green', 'the end', { clientMsgId: 'once' });
	await Promise.all([first, second, bob].map((c) => c.message('the end')));
	assert.deepEqual(first.contents(), ['to red', 'to green', 'to blue', 'to red', 'the end']);
	assert.deepEqual(second.contents(), ['to green', 'the end']);
	assert.deepEqual(bob.contents(), first.contents());
	assert.deepEqual(first.all('user_joined').map((m) => `${m.data.escrowId} ${m.data.walletAddress}`), ['red bob', 'green bob', 'blue bob']);
	assert.deepEqual((await bob.ok('presence', { escrowId: 'green' })).present.sort(), ['alice', 'bob']);
	assert.deepEqual((await second.send('green', 'the end', { clientMsgId: 'once' })).message, message);
	await second.refused('idempotency_mismatch', 'chat_message', { escrowId: 'green', content: 'another', clientMsgId: 'once' });
	await first.ok('unsubscribe_escrow', 'red');
	await bob.send('red', 'unseen');
	await bob.send('green', 'seen');
	await first.message('seen');
	assert.equal(first.contents().includes('unseen'), false);
});

promise('a user who disconnects leaves at once, with the last tab; typing ends with it', FOREVER, async (w) => {
	const alice = await open(w, 'alice'), first = await open(w, 'bob'), second = await open(w, 'bob', { transports: ['polling'] });
	for (const c of [alice, first, second])
		await c.subscribe('room');
	await second.ok('typing_start', { escrowId: 'room' });
	assert.equal((await alice.event('user_typing')).data.isTyping, true);
	first.leave();
	await w.connections(2);
	await alice.send('room', 'between');
	second.leave();
	assert.deepEqual((await alice.event('user_left')).data.walletAddress, 'bob');
	assert.equal((await alice.event('user_typing')).data.isTyping, false);
	const names = alice.log.map((m) => m.event).filter((n) => n !== ' connect');
	assert.equal(names.filter((n) => n === 'user_left').length, 1);
	assert.ok(names.indexOf('chat_message') < names.indexOf('user_left'));
});

promise('typing and presence reach clients of every transport', OPEN, async (w) => {
	const polling = await open(w, 'polling', { transports: ['polling'] }), socket = await open(w, 'socket', { transports: ['websocket'] });
	const native = await w.client('native');
	const all = [polling, socket, native];
	for (const c of all)
		await c.subscribe('room');
	for (const who of all) {
		const others = all.filter((c) => c !== who);
		await who.ok('typing_start', { escrowId: 'room' });
		for (const c of others)
			assert.deepEqual((await c.event('user_typing')).data, { escrowId: 'room', walletAddress: who.wallet, isTyping: true });
		await who.send('room', `from ${who.wallet}`);
		for (const c of others) {
			await c.message(`from ${who.wallet}`);
			assert.deepEqual((await c.event('user_typing')).data, { escrowId: 'room', walletAddress: who.wallet, isTyping: false });
		}
		assert.equal(who.all('user_typing', (d) => d.walletAddress === who.wallet).length, 0);
	}
	await native.ok('unsubscribe_escrow', 'room');
	for (const c of [polling, socket])
		assert.equal((await c.event('user_left')).data.walletAddress, 'native');
	polling.leave();
	assert.equal((await socket.event('user_left')).data.walletAddress, 'polling');
	assert.deepEqual((await socket.ok('presence', { escrowId: 'room' })).present, ['socket']);
	assert.deepEqual(native.all('user_joined').length, 0);
	assert.deepEqual(polling.all('user_joined').map((m) => m.data.walletAddress), ['socket', 'native']);
});

promise('a Socket.IO client, a native one and a REST client see one order', { web: true }, async (w) => {
	await w.escrow('42', { poll: 'client', sock: 'freelancer', native: 'arbiter', rest: 'client' });
	const poll = await open(w, 'poll', { transports: ['polling'] }), sock = await open(w, 'sock'), native = await w.client('native');
	for (const c of [poll, sock, native])
		await c.subscribe('42');
	const writers = [poll, sock, native].map((c) => (content) => c.send('42', content));
	writers.push(async (content) => assert.equal((await w.rest('rest', 'POST', '/api/chat/42/send', { content })).status, 201));
	await Promise.all(writers.map(async (write, n) => {
		for (let i = 0; i < 40; i++)
			await write(`${n}:${i}`);
	}));
	await w.rest('rest', 'POST', '/api/chat/42/send', { content: 'the end' });
	await Promise.all([poll, sock, native].map((c) => c.message('the end')));
	const history = await w.rest('rest', 'GET', '/api/chat/42/history?limit=200');
	assert.equal(history.json.messages.length, 161);
	const ids = history.json.messages.map((m) => m.id);
	for (const c of [poll, sock, native])
		assert.deepEqual(c.all('chat_message').map((m) => m.data.id), ids);
	assert.deepEqual(sock.all('chat_message').map((m) => m.data), history.json.messages);
	assert.deepEqual((await poll.ok('history', { escrowId: '42', limit: 200 })).messages, history.json.messages);
});

promise('what the platform publishes reaches rooms and single users', async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const auth = { recovery: true };
	const alice = await open(w, 'alice', { transports: ['polling'], auth }), bob = await open(w, 'bob', { auth }), native = await w.client('alice');
	for (const c of [alice, bob, native])
		await c.subscribe('42');
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES
		('escrow_42', 'escrow:update', '{"status":"FUNDED"}'),
		('user:alice', 'verification:progress', '{"step":1}');
		INSERT INTO broadcast_queue(topic, event, data, durable) VALUES ('escrow_42', 'ai:thinking', '{"agent":"x","status":"y"}', 0);`);
	for (const c of [alice, bob]) {
		const { data, more } = await c.event('escrow:update');
		assert.equal(data.status, 'FUNDED');
		assert.equal(more.length, 1);
		const passing = await c.event('ai:thinking');
		assert.equal(passing.data.agent, 'x');
		assert.deepEqual(passing.more, [], 'what is not durable has no offset');
	}
	assert.equal((await alice.event('verification:progress')).data.step, 1);
	await bob.send('42', 'hello');
	const { data: note } = await alice.event('notification');
	assert.deepEqual([note.type, note.title, note.message, note.escrowId], ['message_received', 'New Message', 'New message in escrow: Escrow 42', '42']);
	assert.deepEqual((await native.event('notification')).data, note);
	assert.equal(bob.all('notification').length + bob.all('verification:progress').length, 0);
});

promise('a user who is removed from an escrow hears it, and nothing after it', async (w) => {
	await w.escrow('42', { alice: 'client', bob: 'freelancer' });
	const alice = await open(w, 'alice'), bob = await open(w, 'bob', { transports: ['polling'] });
	await alice.subscribe('42');
	await bob.subscribe('42');
	await w.escrow('42', { alice: 'client' });
	const { data } = await bob.event('chat_error');
	assert.deepEqual([data.event, data.code, data.escrowId], ['subscribe_escrow', 'removed', '42']);
	await alice.send('42', 'without them');
	await bob.refused('not_participant', 'subscribe_escrow', '42');
	assert.deepEqual(bob.contents(), []);
	assert.equal(bob.all(' disconnect').length, 0);
});

promise('a daemon that is told to stop closes its clients, who find the next one', OPEN, async (w) => {
	for (const transports of Object.values(TRANSPORTS)) {
		const alice = await open(w, 'alice', { transports });
		await alice.subscribe('room');
		const { code } = await w.daemon.stop();
		assert.equal(code, 0);
		assert.match(await alice.disconnected(), /^transport (close|error)$/);
		assert.equal(alice.socket.active, true, 'it tries again');
		alice.leave();
		await w.startDaemon();
	}
});
