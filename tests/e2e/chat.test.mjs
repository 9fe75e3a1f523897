// SPDX-License-Identifier: ISC
// chat.test.mjs - two people in a room: every way in, every way out, and what each of them is told.

import assert from 'node:assert/strict';

import { promise } from './lib/world.mjs';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ROOM = { alice: 'client', bob: 'freelancer' };

/** The index of an entry in a client's log. */
const at = (client, matches) => client.log.findIndex(matches);

async function pair(world, id = '42', room = ROOM) {
	await world.escrow(id, room);
	const alice = await world.client('alice'), bob = await world.client('bob');
	await alice.subscribe(id);
	await bob.subscribe(id);
	return [alice, bob];
}

promise('hello comes first and says who is connected', async (w) => {
	const alice = await w.client('alice');
	assert.equal(alice.log[0].event, 'hello');
	assert.equal(alice.hello.walletAddress, 'alice');
	assert.equal(typeof alice.hello.version, 'string');
	assert.equal(typeof alice.hello.cursor, 'string');
	assert.deepEqual(alice.hello.refused, []);
	assert.equal(alice.ws.protocol, 'escrowchat.v1');
});

promise('a message goes by WebSocket to everyone in the room, the sender too', async (w) => {
	const [alice, bob] = await pair(w);
	const { message } = await alice.send('42', '  hello Bob \n');
	const [a, b] = [await alice.message('hello Bob'), await bob.message('hello Bob')];

	assert.deepEqual(a.data, message);
	assert.deepEqual(b.data, message);
	assert.equal(b.escrowId, '42');
	assert.equal(typeof b.cursor, 'string');
	assert.match(message.timestamp, ISO);
	assert.match(message.id, /^[^:]+$/);
	assert.deepEqual({ ...message, id: 0, timestamp: 0 },
		{ id: 0, escrowId: '42', senderId: 'alice', senderRole: 'client', content: 'hello Bob', timestamp: 0, read: false });
});

promise('an acknowledgement comes after the own broadcast', async (w) => {
	const [alice] = await pair(w);
	for (let i = 0; i < 20; i++) {
		await alice.send('42', `number ${i}`);
		const broadcast = at(alice, (m) => m.event === 'chat_message' && m.data.content === `number ${i}`);
		assert.ok(broadcast >= 0 && broadcast < at(alice, (m) => m.data?.message?.content === `number ${i}`));
	}
});

promise('many messages in flight arrive in the order in which they were sent, for both alike', async (w) => {
	const [alice, bob] = await pair(w);
	const wanted = Array.from({ length: 200 }, (_, i) => `m${i}`);
	await Promise.all(wanted.map((content) => alice.send('42', content)));
	await bob.message('m199');
	const seen = (c) => c.all('chat_message').map((m) => m.data);
	assert.deepEqual(seen(bob).map((m) => m.content), wanted);
	assert.deepEqual(seen(alice), seen(bob));
	for (let i = 1; i < 200; i++)
		assert.ok(seen(bob)[i].timestamp > seen(bob)[i - 1].timestamp, 'each is at least 1 ms after its predecessor');
});

promise('a message by REST arrives at WebSockets', { web: true }, async (w) => {
	const [alice, bob] = await pair(w);
	const answer = await w.rest('bob', 'POST', '/api/chat/42/send', { content: 'by REST' });
	assert.equal(answer.status, 201, answer.body);
	assert.deepEqual((await alice.message('by REST')).data, answer.json.message);
	assert.deepEqual((await bob.message('by REST')).data, answer.json.message);
});

promise('a message by WebSocket is in the history by REST, and its cursor goes on from there', { web: true }, async (w) => {
	const [alice] = await pair(w);
	const { message } = await alice.send('42', 'to be read later');
	const page = (await w.rest('bob', 'GET', '/api/chat/42/history')).json;
	assert.deepEqual(page.messages, [message]);
	assert.equal(page.count, 1);
	assert.equal(page.hasMore, false);

	await alice.send('42', 'after the page');
	const late = await w.client('bob');
	await late.subscribe('42', page.cursor);
	assert.deepEqual(late.all('chat_message').map((m) => m.data.content), ['after the page']);
});

promise('a row inserted by the sqlite3 shell arrives at WebSockets', async (w) => {
	const [alice, bob] = await pair(w);
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42','escrow:update','{"status":"FUNDED"}'), ('user:bob','badge','{"n":1}');`);
	const update = await alice.event('escrow:update');
	assert.deepEqual(update.data, { status: 'FUNDED' });
	assert.equal(update.escrowId, '42');
	await bob.event('escrow:update');
	const own = await bob.event('badge');
	assert.equal(own.escrowId, undefined);
	assert.deepEqual(alice.all('badge'), []);
});

promise('the public table takes no event that is malformed or the server\'s own, and no change', async (w) => {
	const [alice] = await pair(w);
	const refused = [
		`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42','chat_message','{}')`,
		`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42','x','[]')`,
		`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42','x','{')`,
		`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42','1x','{}')`,
		`INSERT INTO broadcast_queue(topic, event, data) VALUES('room_42','x','{}')`,
		`UPDATE broadcast_queue SET data = '{}'`,
		`DELETE FROM broadcast_queue`,
	];
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42','fine','{}');`);
	for (const sql of refused)
		await assert.rejects(w.sqlite(`${sql};`), sql);
	await alice.event('fine');
});

promise('events reach every tab of a user, and only their connections', async (w) => {
	const [alice, bob] = await pair(w);
	const second = await w.client('bob');
	await second.subscribe('42');
	const carol = await w.client('carol');
	const { message } = await alice.send('42', 'two tabs');
	await bob.message('two tabs');
	await second.message('two tabs');
	assert.deepEqual((await bob.ok('message_read', { escrowId: '42', messageId: message.id })).unread, 0);
	for (const tab of [bob, second])
		assert.equal((await tab.event('message_read', (d, m) => m.escrowId === undefined)).data.readerId, 'bob');
	assert.equal((await carol.ask('presence', { escrowId: '42' })).code, 'not_participant');
	assert.deepEqual(carol.log.filter((m) => m.event !== 'hello' && !('ack' in m)), []);
});

promise('a message notifies participants wherever they are, not its sender, not observers, and never with its content', async (w) => {
	await w.escrow('42', { ...ROOM, olga: 'observer', judge: 'arbiter' }, 'Logo design');
	const [alice, bob, olga, judge] = await Promise.all(['alice', 'bob', 'olga', 'judge'].map((n) => w.client(n)));
	await alice.send('42', 'a secret');
	for (const c of [bob, judge]) {
		const { data, escrowId, cursor } = await c.event('notification');
		assert.deepEqual({ ...data, timestamp: 0 },
			{ type: 'message_received', title: 'New Message', message: 'New message in escrow: Logo design', escrowId: '42', timestamp: 0 });
		assert.match(data.timestamp, ISO);
		assert.equal(escrowId, undefined);
		assert.equal(typeof cursor, 'string');
	}
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('user:alice','end','{}'), ('user:olga','end','{}');`);
	for (const c of [alice, olga]) {
		await c.event('end');
		assert.deepEqual(c.all('notification'), []);
	}
});

promise('a clientMsgId stores once: a repeat gives the first message and tells nobody', { web: true }, async (w) => {
	const [alice, bob] = await pair(w);
	const first = await alice.send('42', 'once', { clientMsgId: 'id-1' });
	assert.equal(first.message.clientMsgId, 'id-1');
	const again = await alice.send('42', ' once ', { clientMsgId: 'id-1' });
	assert.deepEqual(again.message, first.message);
	await alice.refused('idempotency_mismatch', 'chat_message', { escrowId: '42', content: 'other', clientMsgId: 'id-1' });

	const byRest = await w.rest('alice', 'POST', '/api/chat/42/send', { content: 'once' }, { 'Idempotency-Key': 'id-1' });
	assert.equal(byRest.status, 200);
	assert.deepEqual(byRest.json.message, first.message);
	const mismatch = await w.rest('alice', 'POST', '/api/chat/42/send', { content: 'x', clientMsgId: 'id-1' });
	assert.deepEqual([mismatch.status, mismatch.json.code], [422, 'idempotency_mismatch']);

	const others = await bob.send('42', 'once', { clientMsgId: 'id-1' });
	assert.notEqual(others.message.id, first.message.id, 'the id is unique per sender');
	await bob.send('42', 'end');
	await alice.message('end');
	assert.equal(alice.all('chat_message', (d) => d.senderId === 'alice').length, 1);
	assert.equal(bob.all('notification').length, 1);
});

promise('each refusal has its code, and closes nothing', async (w) => {
	const [alice] = await pair(w, '42', { ...ROOM, olga: 'observer' });
	const olga = await w.client('olga'), carol = await w.client('carol');
	const say = (content, more) => ({ escrowId: '42', content, ...more });
	const table = [
		[carol, 'not_participant', 'chat_message', say('x')],
		[carol, 'not_participant', 'subscribe_escrow', '42'],
		[carol, 'not_participant', 'subscribe_escrow', 'no-such-escrow'],
		[carol, 'not_participant', 'history', { escrowId: '42' }],
		[carol, 'not_participant', 'typing_start', { escrowId: '42' }],
		[carol, 'not_participant', 'presence', { escrowId: '42' }],
		[olga, 'forbidden', 'chat_message', say('x')],
		[olga, 'forbidden', 'typing_start', { escrowId: '42' }],
		[alice, 'empty', 'chat_message', say('')],
		[alice, 'empty', 'chat_message', say(' \t\n\u00a0\u3000')],
		[alice, 'too_long', 'chat_message', say('é'.repeat(5001))],
		[alice, 'bad_request', 'chat_message', say(7)],
		[alice, 'bad_request', 'chat_message', { escrowId: '42' }],
		[alice, 'bad_request', 'chat_message', say('x', { clientMsgId: 'a b' })],
		[alice, 'bad_request', 'chat_message', say('x', { clientMsgId: 'a'.repeat(65) })],
		[alice, 'bad_request', 'chat_message', { content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: 'a/b', content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: '..', content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: '', content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: 'x'.repeat(129), content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: 'a\u2028b', content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: 1.5, content: 'x' }],
		[alice, 'bad_request', 'chat_message', { escrowId: -1, content: 'x' }],
		[alice, 'bad_request', 'chat_message', '42'],
		[alice, 'bad_request', 'chat_message', null],
		[alice, 'bad_request', 'no_such_event', {}],
		[alice, 'bad_request', 'hello', {}],
		[alice, 'bad_request', 'subscribe_escrow', { escrowId: '42', cursor: 'nonsense' }],
		[alice, 'bad_request', 'subscribe_escrow', { escrowId: '42', cursor: 5 }],
		[alice, 'bad_request', 'history', { escrowId: '42', limit: 0 }],
		[alice, 'bad_request', 'history', { escrowId: '42', limit: 201 }],
		[alice, 'bad_request', 'message_read', { escrowId: '42' }],
		[alice, 'bad_request', 'message_read', { escrowId: '42', messageId: 'a', upTo: 'b' }],
		[alice, 'not_found', 'message_read', { escrowId: '42', messageId: 'no-such-id' }],
		[alice, 'not_found', 'message_read', { escrowId: '42', upTo: 'x'.repeat(500) }],
	];
	for (const [who, code, event, data] of table)
		await who.refused(code, event, data);
	await alice.send('42', 'still here');
	assert.equal(alice.all('chat_message').length, 1, 'nothing refused was broadcast');
	assert.equal((await alice.ok('history', { escrowId: '42' })).messages.length, 1, 'nothing refused was stored');
	assert.deepEqual([alice.end, olga.end, carol.end], [undefined, undefined, undefined]);
});

promise('what is refused without an acknowledgement is a chat_error', async (w) => {
	const [alice] = await pair(w);
	alice.say('chat_message', { escrowId: '42', content: '' });
	const { data } = await alice.event('chat_error');
	assert.deepEqual({ ...data, error: '' }, { event: 'chat_message', code: 'empty', error: '', escrowId: '42' });
	assert.ok(data.error.length > 0);
});

promise('a text frame that is no event object is bad_frame, and the connection goes on', async (w) => {
	const [alice] = await pair(w);
	const frames = ['', 'x', '[]', '5', 'null', '{}', '{"event":5}', '{"event":"presence"', "{'event':'presence'}", '{"event":"a","data":NaN}',
		'{"event":"x","data":{},"ack":{}}', '['.repeat(20)];
	for (const text of frames) {
		alice.ws.send(text);
		const { data } = await alice.event('chat_error');
		assert.equal(data.code, 'bad_frame', text.slice(0, 60));
	}
	await alice.send('42', 'still here');
});

promise('acknowledgements carry the client\'s own name for them: a number or a string', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	for (const ack of [0, 7, 2 ** 53 - 1, 'a', 'with "quotes" and ünïcode'])
		assert.equal((await alice.askAs(ack, 'presence', { escrowId: '42' })).ok, true);
});

promise('a plain integer is taken as an escrowId, and events show the string', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	assert.equal((await alice.ok('subscribe_escrow', 42)).escrowId, '42');
	const { message } = await alice.send(42, 'by number');
	assert.equal(message.escrowId, '42');
	assert.equal((await alice.message('by number')).escrowId, '42');
	assert.equal((await alice.ok('unsubscribe_escrow', 42)).ok, true);
});

promise('any scalar value may be in a message, and 5000 code points of it', async (w) => {
	const [alice, bob] = await pair(w);
	for (const content of ['a\u0000b', '\u2028\u2029\u0007\u009f"\\</script>', '😀'.repeat(5000), '{"event":"x"}', '\ufeffb\u200b']) {
		const { message } = await alice.send('42', content);
		assert.equal((await bob.event('chat_message')).data.content, message.content);
		assert.equal(message.content, content.trim());
	}
	const { messages } = await bob.ok('history', { escrowId: '42' });
	assert.equal(messages[2].content, '😀'.repeat(5000));
	assert.equal(messages[0].content, 'a\u0000b');
});

promise('EVM addresses are one user in any case, shown as the participants\' list has them', async (w) => {
	const listed = '0xAbCdEf0123456789aBcDeF0123456789AbCdEf01';
	await w.escrow('42', { [listed]: 'client', bob: 'freelancer' });
	const upper = await w.client(listed.toUpperCase().replace('0X', '0x')), bob = await w.client('bob');
	await bob.subscribe('42');
	await upper.subscribe('42');
	assert.equal((await bob.event('user_joined')).data.walletAddress, listed);
	const { message } = await upper.send('42', 'which case?');
	assert.equal(message.senderId, listed);
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('user:${listed}','found','{}');`);
	await upper.event('found');
});

promise('reading marks one message or all up to it, tells the sender and the reader, and never goes back', async (w) => {
	const [alice, bob] = await pair(w);
	const [one, two, three] = [await alice.send('42', '1'), await alice.send('42', '2'), await alice.send('42', '3')].map((a) => a.message.id);
	const own = await bob.send('42', 'mine');

	assert.equal((await bob.ok('message_read', { escrowId: '42', messageId: two })).unread, 2);
	let told = (await alice.event('message_read')).data;
	assert.deepEqual({ ...told }, { escrowId: '42', messageId: two, readerId: 'bob' });
	await bob.event('message_read');

	assert.equal((await bob.ok('message_read', { escrowId: '42', upTo: three })).unread, 0);
	told = (await alice.event('message_read')).data;
	assert.deepEqual({ ...told }, { escrowId: '42', messageId: three, readerId: 'bob', upTo: three });

	assert.equal((await bob.ok('message_read', { escrowId: '42', upTo: one })).unread, 0);
	assert.equal((await bob.ok('message_read', { escrowId: '42', messageId: two })).unread, 0);
	await alice.ok('message_read', { escrowId: '42', messageId: own.message.id });
	await bob.event('message_read', (d) => d.readerId === 'alice');
	assert.equal(alice.all('message_read', (d) => d.readerId === 'bob').length, 2, 'marking again sends nothing');
	const { messages } = await alice.ok('history', { escrowId: '42' });
	assert.deepEqual(messages.map((m) => m.read), [true, true, true, true]);
});

promise('unread counts what others wrote since one was added', async (w) => {
	await w.escrow('42', ROOM);
	const alice = await w.client('alice');
	await alice.send('42', 'before carol');
	await w.escrow('42', { ...ROOM, carol: 'arbiter' });
	await alice.send('42', 'after carol');
	const carol = await w.client('carol'), bob = await w.client('bob');
	assert.equal((await carol.subscribe('42')).unread, 1);
	assert.equal((await bob.subscribe('42')).unread, 2);
	assert.equal((await alice.subscribe('42')).unread, 0);
});

promise('history goes back and forth by pages', async (w) => {
	const [alice] = await pair(w);
	const ids = [];
	for (let i = 0; i < 7; i++)
		ids.push((await alice.send('42', `p${i}`)).message.id);
	const page = async (more) => {
		const { messages, hasMore, cursor } = await alice.ok('history', { escrowId: '42', ...more });
		assert.equal(typeof cursor, 'string');
		return [messages.map((m) => m.content).join(' '), hasMore];
	};
	assert.deepEqual(await page({ limit: 3 }), ['p4 p5 p6', true]);
	assert.deepEqual(await page({ limit: 3, before: ids[4] }), ['p1 p2 p3', true]);
	assert.deepEqual(await page({ limit: 3, before: ids[1] }), ['p0', false]);
	assert.deepEqual(await page({ limit: 3, after: ids[0] }), ['p1 p2 p3', true]);
	assert.deepEqual(await page({ limit: 3, after: ids[5] }), ['p6', false]);
	assert.deepEqual(await page({}), ['p0 p1 p2 p3 p4 p5 p6', false]);
});

promise('after the acknowledgement of unsubscribe_escrow nothing of that room follows', async (w) => {
	const [alice, bob] = await pair(w);
	await alice.send('42', 'heard');
	await bob.message('heard');
	await bob.ok('unsubscribe_escrow', { escrowId: '42' });
	const left = bob.log.length;
	await alice.send('42', 'unheard');
	await bob.event('notification');
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('user:bob','end','{}');`);
	await bob.event('end');
	assert.deepEqual(bob.log.slice(left).filter((m) => m.escrowId === '42'), []);
	await bob.ok('unsubscribe_escrow', { escrowId: '42' });
});

promise('a user who is removed is told so and hears no more; the others see them leave', async (w) => {
	const [alice, bob] = await pair(w);
	await w.escrow('42', { alice: 'client' });
	const { data } = await bob.event('chat_error');
	assert.deepEqual({ ...data, error: '' }, { event: 'subscribe_escrow', code: 'removed', escrowId: '42', error: '' });
	assert.equal((await alice.event('user_left')).data.walletAddress, 'bob');
	const told = bob.log.length;
	await alice.send('42', 'behind their back');
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('user:bob','end','{}');`);
	await bob.event('end');
	assert.deepEqual(bob.log.slice(told).map((m) => m.event), ['end']);
	await bob.refused('not_participant', 'chat_message', { escrowId: '42', content: 'x' });
	await bob.refused('not_participant', 'history', { escrowId: '42' });
});

promise('a connection is in up to 200 rooms', { config: { rooms: 'open' } }, async (w) => {
	const alice = await w.client('alice');
	await Promise.all(Array.from({ length: 200 }, (_, i) => alice.subscribe(`room-${i}`)));
	await alice.refused('rate_limited', 'subscribe_escrow', 'one-more');
	await alice.subscribe('room-7');
	await alice.ok('unsubscribe_escrow', 'room-7');
	await alice.subscribe('one-more');
});

promise('with rooms = open anyone may use a room, and the first message creates it', { config: { rooms: 'open' } }, async (w) => {
	const alice = await w.client('alice'), bob = await w.client('bob');
	assert.equal((await alice.subscribe('fresh')).unread, 0);
	await bob.subscribe('fresh');
	const { message } = await bob.send('fresh', 'first');
	assert.equal('senderRole' in message, false);
	assert.deepEqual((await alice.message('first')).data, message);
	assert.equal(await w.sqlite(`SELECT count(*) FROM escrows WHERE name = 'fresh';`), '1');
});

promise('message_rate refuses what is too fast, by wallet', { brief: 1000, config: { message_rate: 1 } }, async (w) => {
	const [alice, bob] = await pair(w);
	const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => alice.ask('chat_message', { escrowId: '42', content: `r${i}` })));
	const refused = answers.filter((a) => !a.ok);
	assert.ok(refused.length > 0 && refused.length < 20, `${refused.length} of 20 refused`);
	assert.ok(refused.every((a) => a.code === 'rate_limited'));
	await bob.send('42', 'another wallet');
});
