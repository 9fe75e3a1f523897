// SPDX-License-Identifier: ISC
// socketio-frontend.test.mjs - a front end's own class around socket.io-client, through everything
// that it does and that happens to it, in four transport modes.

import assert from 'node:assert/strict';

import { ChatService, windowWith } from './lib/frontend.mjs';
import { Road } from './lib/road.mjs';
import { until } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';

const MODES = {
	'polling only': { options: { transports: ['polling'] }, hasWebSocket: true, transport: 'polling' },
	'WebSocket only': { options: { transports: ['websocket'] }, hasWebSocket: true, transport: 'websocket' },
	'polling, then the upgrade': { options: {}, hasWebSocket: true, transport: 'websocket' },
	'a window without WebSocket': { options: {}, hasWebSocket: false, transport: 'polling' },
};
const QUICK = { reconnectionDelay: 20, reconnectionDelayMax: 60, randomizationFactor: 0, forceNew: true };

/** One mode's window, the road to the daemon, and what each person's page has heard. */
class Stage {
	static async open(w, { options, hasWebSocket, transport }) {
		const stage = new Stage();
		stage.road = await Road.open(() => w.target);
		w.clients.push({ ws: { destroy: () => stage.close() } });
		Object.assign(stage, { w, options, transport, io: windowWith({ port: stage.road.port, hasWebSocket }).io, pages: [], rooms: 0 });
		return stage;
	}

	/** Makes a page that has not connected. */
	page(more = {}) {
		const chat = new ChatService(this.io, `http://127.0.0.1:${this.road.port}`, { ...QUICK, ...this.options, ...more });
		const page = { chat, heard: {} };
		for (const what of Object.keys(chat.listeners))
			chat.on(what, (...args) => (page.heard[what] ??= []).push(args[0]) && assert.equal(args.length, 1));
		page.has = (what, matches = () => true, n = 1) => until(`${chat.walletAddress}: ${what}, after ${JSON.stringify(page.heard[what]?.slice(-5))}`, () => (page.heard[what] ?? []).filter(matches).length >= n);
		page.contents = (escrowId) => (page.heard.message ?? []).filter((m) => m.escrowId === escrowId).map((m) => m.content);
		page.settled = () => until('the transport', () => chat.isConnected && chat.socket.io.engine.transport.name === this.transport);
		this.pages.push(page);
		return page;
	}

	/** Makes a page, and waits until it is connected, on the transport of the mode. */
	async enter(wallet, ...escrowIds) {
		const page = this.page();
		page.chat.connect(wallet);
		escrowIds.forEach((id) => page.chat.joinEscrow(id));
		await page.settled();
		for (const id of escrowIds)
			await this.isIn(page, id);
		return page;
	}

	/** The server says that this page is in the room. */
	async isIn(page, escrowId) {
		await until(`${page.chat.walletAddress} to be in ${escrowId}`, async () => {
			const answer = await page.chat.socket.timeout(5000).emitWithAck('presence', { escrowId: String(escrowId) }).catch(() => null);
			return answer?.present?.includes(page.chat.walletAddress);
		});
	}

	/** Makes a room that nobody has been in. */
	room() {
		return `room-${++this.rooms}`;
	}

	async restart(f = () => {}) {
		await this.w.daemon.kill();
		await f();
		await this.w.startDaemon();
	}

	close() {
		this.pages.forEach((p) => p.chat.disconnect());
		this.road.close();
	}
}

const SCENARIOS = {
	'connects, and says so once': async (s) => {
		const { chat, heard, settled } = s.page();
		assert.equal(chat.isConnected, false);
		chat.connect('alice');
		await settled();
		chat.connect('alice');
		assert.deepEqual([chat.isConnected, heard.status, heard.error], [true, ['connected'], undefined]);
	},
	'two people talk, and each handler gets one argument': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		const message = await alice.chat.sendMessage(room, 'hello');
		await bob.has('message');
		assert.deepEqual(bob.heard.message, [message]);
		assert.deepEqual([message.escrowId, message.senderId, message.content, message.read], [room, 'alice', 'hello', false]);
		assert.deepEqual(alice.heard.message, [message], 'the sender has it too, before the answer');
	},
	'a room by its number': async (s) => {
		const alice = await s.enter('alice', 42), bob = await s.enter('bob', '42');
		await alice.chat.sendMessage(42, 'by number');
		await bob.has('message', (m) => m.escrowId === '42' && m.content === 'by number');
	},
	'messages without an answer, a hundred in order': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		const all = Array.from({ length: 100 }, (_, i) => `m${i}`);
		all.forEach((content) => alice.chat.post(room, content));
		await Promise.all([alice, bob].map((p) => p.has('message', () => true, 100)));
		assert.deepEqual([bob.contents(room), alice.contents(room)], [all, all]);
	},
	'both write at once, and see one order': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		await Promise.all(Array.from({ length: 40 }, (_, i) => [alice, bob][i % 2].chat.sendMessage(room, `m${i}`)));
		await Promise.all([alice, bob].map((p) => p.has('message', () => true, 40)));
		assert.deepEqual(alice.contents(room), bob.contents(room));
	},
	'what is written before the connection is there is sent when it is': async (s) => {
		const room = s.room(), bob = await s.enter('bob', room), { chat } = s.page();
		chat.connect('alice');
		chat.joinEscrow(room);
		await chat.sendMessage(room, 'early');
		await bob.has('message', (m) => m.content === 'early');
	},
	'rooms are apart': async (s) => {
		const one = s.room(), two = s.room(), alice = await s.enter('alice', one, two), bob = await s.enter('bob', one), carol = await s.enter('carol', two);
		await alice.chat.sendMessage(one, 'in one');
		await alice.chat.sendMessage(two, 'in two');
		await Promise.all([bob, carol].map((p) => p.has('message')));
		assert.deepEqual([bob.contents(one), bob.contents(two), carol.contents(one), carol.contents(two)], [['in one'], [], [], ['in two']]);
	},
	'who has left a room hears no more of it': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		bob.chat.leaveEscrow(room);
		await alice.has('presence', (d) => d.walletAddress === 'bob' && !d.isHere);
		await alice.chat.sendMessage(room, 'unheard');
		const other = s.room();
		bob.chat.joinEscrow(other);
		await bob.chat.sendMessage(other, 'heard');
		assert.deepEqual(bob.heard.message.map((m) => m.content), ['heard']);
	},
	'typing is shown to the other, and ends': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		alice.chat.startTyping(room);
		await bob.has('typing', (d) => d.walletAddress === 'alice' && d.isTyping);
		alice.chat.stopTyping(room);
		await bob.has('typing', (d) => d.walletAddress === 'alice' && !d.isTyping);
		alice.chat.startTyping(room);
		await bob.has('typing', (d) => d.isTyping, 2);
		await alice.chat.sendMessage(room, 'said');
		await bob.has('typing', (d) => !d.isTyping, 2);
		assert.deepEqual(bob.heard.typing.map((d) => d.isTyping), [true, false, true, false]);
		assert.equal(alice.heard.typing, undefined);
	},
	'reading is told to the sender': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		const message = await alice.chat.sendMessage(room, 'read me');
		bob.chat.markRead(room, message.id);
		await alice.has('read', (d) => d.messageId === message.id && d.readerId === 'bob');
	},
	'who comes and goes is seen': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		await alice.has('presence', (d) => d.walletAddress === 'bob' && d.isHere);
		bob.chat.disconnect();
		await alice.has('presence', (d) => d.walletAddress === 'bob' && !d.isHere);
		assert.equal(bob.chat.isConnected, false);
	},
	'two tabs of one person': async (s) => {
		const room = s.room(), bob = await s.enter('bob', room), tabs = [await s.enter('alice', room), await s.enter('alice', room)];
		await tabs[0].chat.sendMessage(room, 'from one tab');
		await Promise.all([bob, ...tabs].map((p) => p.has('message')));
		tabs[0].chat.disconnect();
		await tabs[1].chat.sendMessage(room, 'from the other');
		await bob.has('message', (m) => m.content === 'from the other');
		assert.deepEqual(bob.heard.presence.filter((d) => d.walletAddress === 'alice').map((d) => d.isHere), [true]);
	},
	'a notification finds its participant anywhere': async (s) => {
		const id = s.room();
		await s.w.escrow(id, { alice: 'client', bob: 'freelancer' }, 'Logo');
		const alice = await s.enter('alice'), bob = await s.enter('bob', id);
		await bob.chat.sendMessage(id, 'where are you?');
		await alice.has('notification', (n) => n.escrowId === id && n.type === 'message_received');
		assert.equal(alice.heard.message, undefined);
		assert.equal(bob.heard.notification, undefined, 'not the sender');
	},
	'what the platform publishes reaches the room': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room);
		await s.w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_${room}', 'escrow:update', '{"status":"FUNDED"}');`);
		await alice.has('update', (d) => d.status === 'FUNDED');
	},
	'listeners that were taken off hear nothing, others all': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), calls = [];
		const off = alice.chat.on('message', (m) => calls.push(['first', m.content]));
		alice.chat.on('message', (m) => calls.push(['second', m.content]));
		await alice.chat.sendMessage(room, 'one');
		off();
		await alice.chat.sendMessage(room, 'two');
		assert.deepEqual(calls, [['first', 'one'], ['second', 'one'], ['second', 'two']]);
	},
	'a refusal has its code, with an answer and without': async (s) => {
		const room = s.room(), { chat, has, heard } = await s.enter('alice', room);
		await assert.rejects(chat.sendMessage(room, '   '), { code: 'empty' });
		await assert.rejects(chat.sendMessage(room, 'x'.repeat(5001)), { code: 'too_long' });
		assert.equal(heard.error, undefined);
		chat.post(room, '');
		await has('error', (e) => e.event === 'chat_message' && e.code === 'empty');
	},
	'nonsense is answered, and disconnects nobody': async (s) => {
		const room = s.room(), { chat, has, heard } = await s.enter('alice', room);
		const nonsense = [undefined, null, '', {}, [], true, -1, 1.5, 'a/b', { escrowId: {} }];
		nonsense.forEach((x) => chat.socket.emit('subscribe_escrow', x));
		nonsense.slice(0, 8).forEach((x) => chat.socket.emit('chat_message', x));
		chat.socket.emit('typing_start');
		chat.markRead(room, undefined);
		chat.markRead(undefined, 'x');
		chat.socket.emit('no such event', 1, 2, 3);
		await has('error', () => true, nonsense.length + 8 + 4);
		assert.ok(heard.error.every((e) => typeof e.code === 'string' && e.error.length > 0));
		await chat.sendMessage(room, 'still here');
		assert.deepEqual(heard.status, ['connected']);
	},
	'without a wallet it is told why, and does not try again': async (s) => {
		const { chat, has, heard } = s.page();
		chat.connect(undefined);
		await has('error');
		assert.deepEqual(heard.error, [{ event: 'connect', message: 'Authentication required: wallet address missing' }]);
		assert.deepEqual([chat.isConnected, chat.socket.active], [false, false]);
	},
	'a cut line comes back by itself, with what was missed, once': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		await bob.chat.sendMessage(room, 'before');
		await alice.has('message');
		const watcher = await s.w.client('carol');
		await s.road.cut();
		await Promise.all([alice, bob].map((p) => p.has('status', (t) => t.startsWith('disconnected'))));
		await watcher.send(room, 'meanwhile');
		await Promise.all([alice, bob].map((p) => p.has('status', (t) => t === 'connected', 2)));
		await bob.chat.sendMessage(room, 'after');
		await alice.has('message', (m) => m.content === 'after');
		assert.deepEqual(alice.contents(room), ['before', 'meanwhile', 'after']);
		assert.deepEqual(bob.contents(room), ['before', 'meanwhile', 'after']);
	},
	'the daemon is killed, and what was written meanwhile is sent once': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room), bob = await s.enter('bob', room);
		await alice.chat.sendMessage(room, 'before');
		await s.restart(async () => {
			await alice.has('status', (t) => t.startsWith('disconnected'));
			alice.chat.post(room, 'while away');
		});
		await bob.has('message', (m) => m.content === 'while away');
		await alice.chat.sendMessage(room, 'after');
		await bob.has('message', (m) => m.content === 'after');
		for (const p of [alice, bob])
			assert.deepEqual(p.contents(room), ['before', 'while away', 'after']);
	},
	'the daemon is not there at first': async (s) => {
		s.road.refuse();
		const { chat, has, settled, heard } = s.page();
		chat.connect('alice');
		await has('error', (e) => e.event === 'connect', 2);
		s.road.open();
		await settled();
		assert.deepEqual(heard.status, ['connected']);
	},
	'the daemon stops in good order, and the next one is found': async (s) => {
		const room = s.room(), alice = await s.enter('alice', room);
		await s.w.daemon.stop();
		await alice.has('status', (t) => t.startsWith('disconnected'));
		await s.w.startDaemon();
		await alice.has('status', (t) => t === 'connected', 2);
		await alice.chat.sendMessage(room, 'here again');
		assert.deepEqual(alice.contents(room), ['here again']);
	},
	'who disconnects can connect again, as another': async (s) => {
		const room = s.room(), bob = await s.enter('bob', room), alice = await s.enter('alice', room);
		alice.chat.disconnect();
		await bob.has('presence', (d) => d.walletAddress === 'alice' && !d.isHere);
		alice.chat.connect('carol');
		alice.chat.joinEscrow(room);
		await alice.settled();
		await alice.chat.sendMessage(room, 'as carol');
		await bob.has('message', (m) => m.senderId === 'carol');
	},
	'a session without recovery has no further argument, and begins anew after a cut': async (s) => {
		const room = s.room(), page = s.page({ auth: { walletAddress: 'alice', recovery: false } }), { chat } = page, args = [];
		chat.connect('alice');
		chat.joinEscrow(room);
		await page.settled();
		chat.socket.on('chat_message', (...all) => args.push(all.length));
		await chat.sendMessage(room, 'one argument');
		assert.deepEqual(args, [1]);
		const { id } = chat.socket;
		await s.road.cut();
		await page.has('status', (t) => t === 'connected', 2);
		assert.ok(!chat.socket.recovered);
		assert.notEqual(chat.socket.id, id);
		await chat.sendMessage(room, 'again');
		assert.deepEqual(page.contents(room), ['one argument', 'again'], 'its rooms are the page\'s to join');
	},
};

for (const [name, mode] of Object.entries(MODES)) {
	promise(`${name}: ${Object.keys(SCENARIOS).length} scenarios of a front end`, { config: { rooms: 'open', presence_grace: '1h' } }, async (w) => {
		for (const [what, play] of Object.entries(SCENARIOS)) {
			const stage = await Stage.open(w, mode);
			stage.rooms = 100 * Object.keys(SCENARIOS).indexOf(what);
			try {
				await play(stage);
			} catch (error) {
				error.message = `${what}: ${error.message}`;
				throw error;
			}
			stage.close();
		}
	});
}
