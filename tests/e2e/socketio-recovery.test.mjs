// SPDX-License-Identifier: ISC
// socketio-recovery.test.mjs - connection state recovery: a client comes back with the same id and
// has missed nothing, or it gets a new id and is told that it was not recovered.

import assert from 'node:assert/strict';

import { road, SocketClient, TRANSPORTS } from './lib/socketio.mjs';
import { until } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

/** Connects a client that asks for recovery, unless options.auth says something else. */
const open = (w, wallet, options = {}) => SocketClient.open(w, wallet, { ...options, auth: { recovery: true, ...options.auth } });
const FOREVER = { config: { presence_grace: '1h' } };
const PAIR = { alice: 'client', bob: 'freelancer' };

/** Alice on a way of her own, in the room; bob, who writes, at the daemon itself. */
async function pair(w, { transports = ['polling', 'websocket'], auth } = {}) {
	await w.escrow('42', PAIR);
	const way = await road(w);
	const bob = await open(w, 'bob', { transports: ['websocket'] });
	await bob.subscribe('42');
	const alice = await open(w, 'alice', { target: way, transports, auth });
	await settled(alice, transports);
	await alice.subscribe('42');
	await bob.send('42', 'before');
	await alice.message('before');
	return { way, alice, bob, id: alice.socket.id };
}

/** A cut may otherwise break nothing but the probe of an upgrade, of which the client says
 * nothing. */
async function settled(client, transports) {
	if (transports.length === 2)
		await client.upgraded();
}

async function send(client, prefix, n) {
	const contents = Array.from({ length: n }, (_, i) => `${prefix} ${i}`);
	await Promise.all(contents.map((c) => client.send('42', c)));
	return contents;
}

/** Alice is back as who she was, and has these messages after 'before', in that order, and then
 * hears what is said live. */
async function hasRecovered(alice, bob, id, missed) {
	assert.deepEqual(await alice.connected(), { id, recovered: true });
	await bob.send('42', 'live');
	await alice.message('live');
	assert.deepEqual(alice.contents(), ['before', ...missed, 'live']);
}

async function isNew(alice, bob, id) {
	const now = await alice.connected();
	assert.ok(!now.recovered);
	assert.notEqual(now.id, id);
	assert.deepEqual(alice.contents(), ['before']);
	await bob.send('42', 'not subscribed');
	await alice.subscribe('42');
	await bob.send('42', 'live');
	await alice.message('live');
	assert.deepEqual(alice.contents(), ['before', 'live']);
	assert.equal(alice.all('gap').length, 0);
}

for (const [name, transports] of Object.entries(TRANSPORTS)) {
	promise(`${name}: after a cut the state is recovered, and nobody saw alice go`, FOREVER, async (w) => {
		const { way, alice, bob, id } = await pair(w, { transports });
		for (let round = 0; round < 3; round++) {
			await way.cut();
			await alice.disconnected();
			assert.deepEqual(await alice.connected(), { id, recovered: true });
			await settled(alice, transports);
		}
		await way.cut();
		await alice.disconnected();
		await hasRecovered(alice, bob, id, []);
		assert.deepEqual(bob.log.filter((m) => /^user_/.test(m.event)).map((m) => m.event), ['user_joined']);
		assert.equal(alice.all('user_joined').length, 0);
		assert.deepEqual((await bob.ok('presence', { escrowId: '42' })).presentCount, 2);
	});

	promise(`${name}: what was missed in a refused period comes in order, notifications too`, FOREVER, async (w) => {
		const { way, alice, bob, id } = await pair(w, { transports });
		way.refuse();
		await alice.disconnected();
		const missed = await send(bob, 'missed', 100);
		await until('some refusals', () => way.refused >= 3);
		way.open();
		await hasRecovered(alice, bob, id, missed);
		await until('the last notification', () => alice.all('notification').length === 102);
		assert.ok(alice.all('chat_message').every((m) => m.more.length === 1 && typeof m.more[0] === 'string'));
		const order = alice.log.filter((m) => m.event === ' connect' || m.event === 'chat_message').map((m) => m.data.content ?? 'connect');
		assert.deepEqual(order.slice(2, 4), ['connect', 'missed 0'], 'CONNECT goes first');
	});

	promise(`${name}: after the daemon was killed and started again the state is recovered`, FOREVER, async (w) => {
		const { way, alice, bob, id } = await pair(w, { transports });
		bob.leave();
		way.refuse();
		await alice.disconnected();
		await w.daemon.kill();
		const missed = [];
		for (let i = 0; i < 5; i++) {
			const answer = await w.cgi('POST', '/api/chat/42/send', { body: { content: `offline ${i}` }, headers: { 'X-Wallet-Address': 'bob' } });
			assert.equal(answer.status, 201);
			missed.push(`offline ${i}`);
		}
		await w.startDaemon();
		const again = await open(w, 'bob');
		await again.subscribe('42');
		missed.push(...await send(again, 'started', 5));
		way.open();
		await hasRecovered(alice, again, id, missed);
	});

	promise(`${name}: a daemon killed under its clients gives them back all of it`, FOREVER, async (w) => {
		const { way, alice, id } = await pair(w, { transports });
		for (let round = 0; round < 2; round++) {
			await w.daemon.kill();
			await alice.disconnected();
			await w.startDaemon();
			assert.deepEqual(await alice.connected(), { id, recovered: true });
		}
		assert.ok(way.isOpen);
		const bob = await open(w, 'bob');
		await bob.send('42', 'live');
		await alice.message('live');
		assert.deepEqual(alice.contents(), ['before', 'live']);
	});

	promise(`${name}: a daemon that was told to stop does so too`, FOREVER, async (w) => {
		const { alice, id } = await pair(w, { transports });
		await w.daemon.stop();
		await alice.disconnected();
		await w.startDaemon();
		assert.deepEqual(await alice.connected(), { id, recovered: true });
		await alice.ok('chat_message', { escrowId: '42', content: 'still in' });
		assert.deepEqual(alice.contents(), ['before', 'still in']);
	});

	promise(`${name}: a user who returns while their old connection looks alive takes it over`, FOREVER, async (w) => {
		const { way, alice, bob, id } = await pair(w, { transports });
		for (let round = 0; round < 3; round++) {
			await way.split();
			await alice.disconnected();
			assert.deepEqual(await alice.connected(), { id, recovered: true });
			await settled(alice, transports);
		}
		await w.connections(2);
		const missed = await send(bob, 'after', 3);
		await alice.message(missed.at(-1));
		assert.deepEqual(alice.contents(), ['before', ...missed]);
		if (name !== 'polling') // there the library says goodbye to the old session over a new connection
			assert.deepEqual(bob.log.filter((m) => /^user_/.test(m.event)).map((m) => m.event), ['user_joined']);
	});

	promise(`${name}: a stream that is cut again and again has no hole and no double`, FOREVER, async (w) => {
		const { way, alice, bob, id } = await pair(w, { transports });
		const sent = [];
		/* If the WebSocket breaks while the client is about to upgrade to it, the client
		 * does nothing until its ping is overdue, in 85 s. */
		const isNoticed = () => transports.length === 1 || alice.transport === 'websocket';
		for (let round = 0; round < 12; round++) {
			/* The stream of messages goes on until the cut has hit a connection with
			 * data on it. */
			let isCut = false;
			const cut = way[round % 2 ? 'cut' : 'split'](isNoticed).finally(() => { isCut = true; });
			for (let part = 0; part === 0 || !isCut; part++)
				sent.push(...await send(bob, `r${round}.${part}`, 40));
			await cut;
		}
		await bob.send('42', 'the end');
		await alice.message('the end');
		assert.deepEqual(alice.contents(), ['before', ...sent, 'the end']);
		const returns = alice.all(' connect').slice(1);
		assert.ok(returns.length >= 1);
		assert.ok(returns.every((m) => m.data.recovered && m.data.id === id));
	});
}

promise('each subscription is replayed from its own beginning, and without an offset too', FOREVER, async (w) => {
	for (const id of ['early', 'late', 'left'])
		await w.escrow(id, PAIR);
	const way = await road(w), bob = await open(w, 'bob'), alice = await open(w, 'alice', { target: way });
	await bob.send('early', 'not heard');
	await alice.subscribe('early');
	await alice.subscribe('left');
	way.refuse();
	await alice.disconnected();
	await bob.send('early', 'one');
	way.open();
	assert.equal((await alice.connected()).recovered, true);
	await alice.message('one');
	await bob.send('late', 'before they came');
	await alice.subscribe('late');
	await alice.ok('unsubscribe_escrow', 'left');
	way.refuse();
	await alice.disconnected();
	await bob.send('late', 'two');
	await bob.send('left', 'left long ago');
	await bob.send('early', 'three');
	way.open();
	assert.equal((await alice.connected()).recovered, true);
	await alice.message('three');
	assert.deepEqual(alice.contents(), ['one', 'two', 'three']);
});

promise('many rooms are recovered, merged in the order of the log', FOREVER, async (w) => {
	const ids = Array.from({ length: 20 }, (_, i) => `room-${i}`);
	for (const id of ids)
		await w.escrow(id, PAIR);
	const way = await road(w), bob = await open(w, 'bob'), alice = await open(w, 'alice', { target: way });
	for (const id of ids)
		await alice.subscribe(id);
	way.refuse();
	await alice.disconnected();
	const missed = [];
	for (let i = 0; i < 60; i++) {
		missed.push(`${i}`);
		await bob.send(ids[(i * 7) % ids.length], `${i}`);
	}
	way.open();
	assert.equal((await alice.connected()).recovered, true);
	await alice.message('59');
	assert.deepEqual(alice.contents(), missed);
});

promise('a DISCONNECT ends the session for good', FOREVER, async (w) => {
	for (const transports of Object.values(TRANSPORTS)) {
		const { alice, bob, id } = await pair(w, { transports });
		const pid = alice.socket._pid;
		alice.leave();
		await bob.event('user_left');
		alice.socket.connect();
		await isNew(alice, bob, id);
		assert.notEqual(alice.socket._pid, pid);
		alice.leave();
		bob.leave();
		await w.connections(0);
	}
});

promise('the pid of another wallet is ignored, and harms its owner in nothing', FOREVER, async (w) => {
	const { way, alice, bob, id } = await pair(w);
	const auth = { pid: alice.socket._pid, offset: alice.socket._lastOffset };
	assert.ok(auth.pid.length >= 20 && auth.offset);
	for (const state of ['connected', 'lost']) {
		if (state === 'lost') {
			way.refuse();
			await alice.disconnected();
			await bob.send('42', 'missed');
		}
		const mallory = await open(w, 'mallory', { auth });
		assert.notEqual(mallory.socket.id, id);
		assert.notEqual(mallory.socket._pid, auth.pid);
		await mallory.refused('not_participant', 'chat_message', { escrowId: '42', content: 'x' });
		await bob.send('42', `said ${state}`);
		assert.deepEqual(mallory.contents(), []);
		mallory.leave();
	}
	way.open();
	assert.deepEqual(await alice.connected(), { id, recovered: true });
	await alice.message('said lost');
	assert.deepEqual(alice.contents(), ['before', 'said connected', 'missed', 'said lost']);
});

promise('a pid or an offset that is nonsense recovers nothing and breaks nothing', FOREVER, async (w) => {
	const { alice, bob } = await pair(w);
	const pid = alice.socket._pid, offset = alice.socket._lastOffset;
	const nonsense = [{ pid: '' }, { pid: 7 }, { pid: {} }, { pid: 'x' }, { pid: 'x'.repeat(10000) }, { pid: `${pid}\u0000` }, { pid: pid.slice(1) },
		{ pid: null, offset }, { pid: 'x', offset: 'y'.repeat(10000) }];
	for (const auth of nonsense) {
		const other = await open(w, 'alice', { auth });
		assert.notEqual(other.socket.id, alice.socket.id);
		other.leave();
	}
	await bob.send('42', 'live');
	await alice.message('live');
	assert.equal(alice.all(' disconnect').length, 0);
	alice.socket.io.engine.close();
	for (const wrong of ['nonsense', `${offset}1`, 'ffffffffffffffff.1', '\u0000']) {
		const other = await open(w, 'alice', { auth: { pid, offset: wrong } });
		assert.notEqual(other.socket.id, alice.socket.id, wrong);
		other.leave();
	}
});

for (const [what, config, auth] of [['a client that declines recovery', { recovery_clients: 'all' }, { recovery: false }],
	['a program that does not ask for recovery', {}, { recovery: undefined }], ['a daemon without recovery', { recovery: '0s' }, { recovery: true }]]) {
	promise(`${what}: no pid, no offset, and a new id after a cut`, { config }, async (w) => {
		const { way, alice, bob, id } = await pair(w, { auth });
		assert.equal(alice.socket._pid, undefined);
		assert.deepEqual(alice.all('chat_message').map((m) => m.more), [[]]);
		way.refuse();
		await alice.disconnected();
		await bob.send('42', 'missed');
		way.open();
		await isNew(alice, bob, id);
		assert.equal(await w.sqlite("SELECT count(*) FROM kept_sessions WHERE wallet='alice'"), '0');
	});
}

/** True if a client that says so in its handshake and in its CONNECT can be recovered. */
async function isRecoverable(w, transport, extraHeaders, recovery) {
	const client = await SocketClient.open(w, 'alice', { transports: [transport], extraHeaders, auth: { recovery } });
	const pid = client.socket._pid;
	client.leave();
	return pid !== undefined;
}

/** Expects of each client, in the order of CLIENTS, that it has recovery without asking for it, and that
 * its own word is what counts. */
const CLIENTS = [{}, { Origin: 'http://localhost:5173' }, { 'Sec-Fetch-Mode': 'cors' }];
for (const [value, expected] of [[undefined, [false, true, true]], ['browsers', [false, true, true]], ['all', [true, true, true]], ['asked', [false, false, false]]]) {
	promise(`recovery_clients = ${value ?? 'the default'}: who has recovery without asking, and their own word counts`, { config: { ...(value && { recovery_clients: value }) } }, async (w) => {
		for (const transport of ['polling', 'websocket']) {
			for (const [i, headers] of CLIENTS.entries()) {
				const what = `${transport}, ${JSON.stringify(headers)}`;
				assert.equal(await isRecoverable(w, transport, headers), expected[i], what);
				assert.equal(await isRecoverable(w, transport, headers, true), true, what);
				assert.equal(await isRecoverable(w, transport, headers, false), false, what);
				for (const nonsense of ['false', 'true', 1, 0, null])
					assert.equal(await isRecoverable(w, transport, headers, nonsense), expected[i], `${what}, ${nonsense}`);
			}
		}
	});
}

const gone = (w) => until('the kept session to be forgotten', async () => (await w.sqlite("SELECT count(*) FROM kept_sessions WHERE wallet='alice'")) === '0');

promise('a user who returns after the window is new', { config: { recovery: '200ms' } }, async (w) => {
	const { way, alice, bob, id } = await pair(w);
	way.refuse();
	await alice.disconnected();
	await bob.send('42', 'missed');
	await gone(w);
	way.open();
	await isNew(alice, bob, id);
});

promise('after a crash the window counts from the start of the next daemon', { config: { recovery: '300ms' } }, async (w) => {
	const { way, alice, bob, id } = await pair(w);
	bob.leave();
	await w.daemon.kill(); // while she is connected: the window of a lost connection runs at once
	way.refuse();
	assert.equal(await w.sqlite("SELECT count(*) FROM kept_sessions WHERE wallet='alice'"), '1');
	await w.startDaemon();
	await gone(w);
	const again = await open(w, 'bob');
	way.open();
	await isNew(alice, again, id);
});

promise('a user who was removed while away comes back to the rooms that are left', FOREVER, async (w) => {
	const { way, alice, bob, id } = await pair(w);
	await w.escrow('7', PAIR);
	await alice.subscribe('7');
	way.refuse();
	await alice.disconnected();
	await bob.send('42', 'seen by participants only');
	await w.escrow('42', { bob: 'freelancer' });
	await bob.send('7', 'for both');
	way.open();
	assert.deepEqual(await alice.connected(), { id, recovered: true });
	await alice.message('for both');
	assert.deepEqual((await alice.event('chat_error')).data.code, 'removed');
	await bob.send('42', 'without them');
	await bob.send('7', 'the end');
	await alice.message('the end');
	assert.deepEqual(alice.contents(), ['before', 'for both', 'the end']);
});

promise('a hundred sessions come back at once', FOREVER, async (w) => {
	await w.escrow('42', PAIR);
	const way = await road(w), bob = await open(w, 'bob');
	const tabs = await Promise.all(Array.from({ length: 100 }, () => open(w, 'alice', { target: way, transports: ['websocket'] })));
	await Promise.all(tabs.map((t) => t.subscribe('42')));
	const ids = tabs.map((t) => t.socket.id);
	assert.equal(new Set(ids).size, 100);
	way.refuse();
	await Promise.all(tabs.map((t) => t.disconnected()));
	const missed = await send(bob, 'missed', 20);
	way.open();
	const back = await Promise.all(tabs.map((t) => t.connected()));
	assert.deepEqual(back, ids.map((id) => ({ id, recovered: true })));
	await Promise.all(tabs.map((t) => t.message('missed 19')));
	for (const t of tabs)
		assert.deepEqual(t.contents(), missed);
});
