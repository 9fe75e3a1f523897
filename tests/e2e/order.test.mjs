// SPDX-License-Identifier: ISC
// order.test.mjs - the events of one connection take effect, and are answered, in the order in
// which they were sent: on each wire, one at a time, in one write, and in the same bytes cut
// anywhere.

import assert from 'node:assert/strict';

import {
	enter, history, LIMIT_MS, leave, message, NO_LIMITS, openSession, presence, quiet, randomOf, read, SEED, stopTyping,
	TEST_MS, typing, WIRES,
} from './lib/model-session.mjs';
import { until } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';
import { closePayload, frame } from './lib/ws.mjs';

const ROUNDS = Number(process.env.E2E_ORDER_ROUNDS ?? 12);
const ROOM = '42', SIDE = '43', OTHER = '44', LAST = '45', STRANGE = 'strange';
const WAYS = ['one at a time', 'in one write', 'in pieces', 'in one write'];
const PEOPLE = { alice: 'client', bob: 'freelancer', olga: 'observer' };

/** alice's session on one wire, and bob, who sees what others see of it. */
class Scene {
	static async open(w, wire) {
		for (const id of [ROOM, SIDE, OTHER, LAST])
			await w.escrow(id, PEOPLE);
		await w.escrow(STRANGE, { bob: 'client' });
		const scene = new Scene();
		Object.assign(scene, { w, wire, random: randomOf(SEED) });
		scene.alice = await openSession(w, wire, 'alice');
		scene.bob = await w.client('bob');
		for (const id of [ROOM, SIDE, OTHER])
			await scene.bob.subscribe(id);
		return scene;
	}

	#texts = 0;

	/** A content that was never sent before. */
	text(name = 'text') {
		return `${name} ${this.#texts++}`;
	}

	/** Returns the way in which the events of a round are written. */
	split(round) {
		const way = WAYS[round % WAYS.length];
		return { steps: way === 'one at a time', ...(way === 'in pieces' && { cuts: 1 + Math.floor(this.random() * 12), random: this.random }) };
	}

	/** A message sent now comes to alice exactly once, or never. */
	async hasPlace(isIn, room = ROOM) {
		const content = this.text('later'), { alice, bob } = this;
		await bob.send(room, content);
		if (isIn)
			await alice.message(content);
		await alice.ok([presence(SIDE)]);
		assert.equal(alice.contents().filter((c) => c === content).length, isIn ? 1 : 0, `alice is ${isIn ? '' : 'not '}in the room`);
	}

	/** Alice is in no room, whatever a round has left, and bob has seen that. */
	async reset() {
		await this.alice.ok([leave(ROOM), leave(SIDE), leave(OTHER), leave(LAST)], { steps: true });
		await this.bob.ok('presence', { escrowId: ROOM });
	}

	/** Bob always has four messages under way while body() runs. */
	async amidNoise(body) {
		let isOver = false, sent = 0;
		const passes = async (n) => {
			const enough = sent + n;
			await until('others to write', () => sent > enough, LIMIT_MS);
		};
		const write = async () => {
			while (!isOver)
				await this.bob.send(ROOM, `noise ${sent++}`);
		};
		const writers = Promise.all([1, 2, 3, 4].map(write));
		try {
			await passes(8);
			await body(passes);
		} finally {
			isOver = true;
			await writers;
		}
	}
}

/** A promise on each wire, kept in every round: body(scene, split, round), which begins in no
 *  room. */
function ordered(name, body, { config = {}, rounds = ROUNDS, wires = Object.keys(WIRES) } = {}) {
	for (const wire of wires) {
		promise(`${name} (${wire})`, { timeout: TEST_MS, config: { ...NO_LIMITS, ...config } }, async (w) => {
			const scene = await Scene.open(w, wire);
			for (let round = 0; round < rounds; round++) {
				try {
					await scene.reset();
					await body(scene, scene.split(round), round);
				} catch (error) {
					error.message = `round ${round} (${WAYS[round % WAYS.length]}), E2E_SEED=${SEED}: ${error.message}`;
					throw error;
				}
			}
		});
	}
}

const contentsOf = (answer) => answer.messages.map((m) => m.content);

/* ---- rooms ---- */

ordered('leave and enter again: in the room, and a later event comes once', async (s, split) => {
	await s.alice.ok([enter(ROOM)]);
	await s.alice.ok([leave(ROOM), enter(ROOM)], split);
	await s.hasPlace(true);
});

ordered('enter and leave again: out of the room', async (s, split) => {
	await s.alice.ok([enter(ROOM), leave(ROOM)], split);
	await s.hasPlace(false);
	await s.alice.ok([enter(ROOM), leave(ROOM), enter(ROOM), leave(ROOM)], split);
	await s.hasPlace(false);
});

ordered('enter, leave and enter again: in the room', async (s, split) => {
	await s.alice.ok([enter(ROOM), leave(ROOM), enter(ROOM)], split);
	await s.hasPlace(true);
});

ordered('without acknowledgements too the last word counts', async (s, split, round) => {
	const words = [enter(ROOM), leave(ROOM), enter(ROOM), leave(ROOM), enter(ROOM)].slice(0, 3 + (round >> 1) % 3);
	await s.alice.ok([...words.map(quiet), presence(ROOM)], split);
	await s.hasPlace(words.length % 2 === 1);
});

ordered('the others see each coming and going, in order', async (s, split) => {
	const from = s.bob.log.length;
	const seen = () => s.bob.log.slice(from).filter((m) => /^user_(joined|left)$/.test(m.event) && m.escrowId === ROOM).map((m) => m.event.slice(5));
	await s.alice.ok([enter(ROOM), leave(ROOM), enter(ROOM), leave(ROOM), enter(ROOM)], split);
	await until('five announcements', () => seen().length >= 5, LIMIT_MS);
	assert.deepEqual(seen(), ['joined', 'left', 'joined', 'left', 'joined']);
});

ordered('enter, leave and enter while others write: no event twice, none missing', async (s, split) => {
	const { alice, bob, w } = s, log = alice.log.length;
	let last;
	await s.amidNoise(async (passes) => {
		[, , last] = await alice.ok([enter(ROOM), leave(ROOM), enter(ROOM)], split);
		await passes(8);
	});
	const end = s.text('end');
	await bob.send(ROOM, end);
	await alice.message(end);

	const ids = alice.events('chat_message', log).map((m) => m.data.id);
	assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), [], 'no event comes twice');
	const seam = alice.place((m) => m.data?.cursor === last.cursor && 'ack' in m, log);
	const live = alice.events('chat_message', seam).map((m) => m.data.id);
	const reader = await w.client('olga');
	await reader.subscribe(ROOM, last.cursor);
	assert.deepEqual(live, reader.all('chat_message').map((m) => m.data.id), 'all that came after the seam');
	await reader.close();
});

ordered('in as many rooms as one may be in: leave one and enter another', async (s, split, round) => {
	const name = (i) => `room-${i}`, all = Array.from({ length: 200 }, (_, i) => name(i));
	if (round === 0)
		s.rooms = all;
	await s.alice.ok(s.rooms.map((id) => enter(id)));
	const [one] = s.rooms.splice(Math.floor(s.random() * 200), 1), another = `new-${round}`;
	await s.alice.ok([leave(one), enter(another)], split);
	s.rooms.push(another);
	await s.hasPlace(true, another);
	await s.hasPlace(false, one);
}, { config: { rooms: 'open' }, rounds: 4 });

ordered('a room too many is refused in its turn, and taken once there is a place', async (s, split) => {
	const answers = await s.alice.all([enter(ROOM), enter(SIDE), enter(OTHER), enter(LAST), leave(SIDE), enter(LAST)], split);
	assert.deepEqual(answers.map((a) => a.code ?? a.ok), [true, true, true, 'rate_limited', true, true]);
	await s.hasPlace(true, LAST);
	await s.hasPlace(false, SIDE);
}, { config: { max_rooms: 3 } });

ordered('a session that left and entered is in the room when it comes back', async (s, split) => {
	const { alice } = s;
	await alice.ok([enter(ROOM)]);
	await alice.ok([leave(ROOM), enter(ROOM), enter(SIDE), leave(SIDE)], split);
	alice.isOver = true;
	if (alice.wire.ws)
		await alice.wire.ws.destroy();
	const missed = s.text('missed');
	await s.bob.send(ROOM, missed);
	const back = await openSession(s.w, s.wire, 'alice', { pid: alice.connect.pid, ...(alice.cursor && { offset: alice.cursor }) });
	assert.equal(back.connect.sid, alice.connect.sid, 'the session is recovered');
	s.alice = back;
	await back.message(missed);
	await s.hasPlace(true, ROOM);
	await s.hasPlace(false, SIDE);
}, { wires: ['Socket.IO, WebSocket, recovery'] });

/* ---- presence ---- */

ordered('presence lists oneself after entering, and no more after leaving', async (s, split) => {
	const answers = await s.alice.ok([presence(ROOM), enter(ROOM), presence(ROOM), leave(ROOM), presence(ROOM), enter(ROOM), presence(ROOM)], split);
	assert.deepEqual(answers.map((a) => a.present?.slice().sort()), [
		['bob'], ['alice', 'bob'], ['alice', 'bob'], undefined, ['bob'], ['alice', 'bob'], ['alice', 'bob'],
	]);
	assert.deepEqual(answers.map((a) => a.presentCount), [1, 2, 2, undefined, 1, 2, 2]);
});

/* ---- messages and what is read ---- */

ordered('a history contains the messages sent before it, and none sent after it', async (s, split) => {
	const texts = [1, 2, 3, 4].map(() => s.text()), [a, b, c, d] = texts;
	const answers = await s.alice.ok([history(ROOM), message(ROOM, a), history(ROOM), message(ROOM, b), message(ROOM, c), history(ROOM), message(ROOM, d)], split);
	const seen = [0, 2, 5].map((i) => contentsOf(answers[i]).filter((t) => texts.includes(t)));
	assert.deepEqual(seen, [[], [a], [a, b, c]]);
});

ordered('a message without acknowledgement is in the history after it', async (s, split) => {
	const texts = [s.text(), s.text()];
	const [answer] = await s.alice.ok([quiet(message(ROOM, texts[0])), quiet(message(ROOM, texts[1])), history(ROOM)], split);
	assert.deepEqual(contentsOf(answer).slice(-2), texts);
});

ordered('a burst of a hundred messages, then history: all are there, in order', async (s, split) => {
	const texts = Array.from({ length: 100 }, () => s.text());
	const answers = await s.alice.ok([...texts.map((t) => message(ROOM, t)), history(ROOM)], split);
	assert.deepEqual(contentsOf(answers[100]).slice(-100), texts);
	assert.deepEqual(answers.slice(0, 100).map((a) => a.message.content), texts);
}, { rounds: 4 });

ordered('enter and a message: the own message comes once, between the two answers', async (s, split) => {
	const content = s.text(), { alice } = s, from = alice.log.length;
	await alice.ok([enter(ROOM), message(ROOM, content)], split);
	const places = alice.log.slice(from).filter((m) => 'ack' in m || m.data.content === content).map((m) => ('ack' in m ? 'answer' : 'message'));
	assert.deepEqual(places, ['answer', 'message', 'answer']);
});

ordered('a message and leave: the own message comes before its answer, a later one does not', async (s, split) => {
	const { alice } = s, texts = [1, 2, 3, 4].map(() => s.text()), [a, b, c, d] = texts;
	const from = alice.log.length;
	await alice.ok([message(ROOM, a), enter(ROOM), message(ROOM, b), leave(ROOM), message(ROOM, c), enter(ROOM), message(ROOM, d)], split);
	const story = alice.log.slice(from).filter((m) => 'ack' in m || texts.includes(m.data.content)).map((m) => ('ack' in m ? 'answer' : m.data.content));
	assert.deepEqual(story, ['answer', 'answer', b, 'answer', 'answer', 'answer', 'answer', d, 'answer']);
});

ordered('a read mark counts for the history and the room that follow it', async (s, split) => {
	const { alice, bob } = s, texts = [s.text(), s.text()];
	const ids = [];
	for (const t of texts)
		ids.push((await bob.send(ROOM, t)).message.id);
	const mine = (a) => a.messages.filter((m) => texts.includes(m.content)).map((m) => m.read);
	const answers = await alice.ok([
		history(ROOM), enter(ROOM), read(ROOM, { upTo: ids[0] }), history(ROOM), enter(ROOM), read(ROOM, { messageId: ids[1] }), leave(ROOM), enter(ROOM), history(ROOM),
	], split);
	assert.deepEqual([0, 3, 8].map((i) => mine(answers[i])), [[false, false], [true, false], [true, true]]);
	assert.deepEqual([1, 2, 4, 5, 7].map((i) => answers[i].unread), [2, 1, 1, 0, 0]);
});

ordered('a message, a read mark and a history', async (s, split) => {
	const { alice, bob } = s, theirs = s.text('theirs'), mine = s.text('mine');
	const { message: { id } } = await bob.send(ROOM, theirs);
	const [sent, marked, page] = await alice.ok([message(ROOM, mine), read(ROOM, { upTo: id }), history(ROOM)], split);
	assert.equal(marked.unread, 0);
	assert.deepEqual(page.messages.slice(-2).map((m) => [m.content, m.read]), [[theirs, true], [mine, false]]);
	assert.deepEqual(page.messages.at(-1), sent.message);
});

ordered('a repeat in the same write gives the first message, another content under its name is refused', async (s, split) => {
	const clientMsgId = `id-${s.text('').trim()}`, content = s.text();
	const answers = await s.alice.all([message(ROOM, content, { clientMsgId }), message(ROOM, content, { clientMsgId }), message(ROOM, `${content}!`, { clientMsgId }), history(ROOM)], split);
	assert.deepEqual(answers.map((a) => a.code ?? a.ok), [true, true, 'idempotency_mismatch', true]);
	assert.deepEqual(answers[1].message, answers[0].message);
	assert.equal(contentsOf(answers[3]).filter((c) => c.startsWith(content)).length, 1);
});

/* ---- typing ---- */

/** The events of alice's typing and of some messages that bob saw, behind a barrier. */
async function storyOf(s, texts, from) {
	const end = s.text('end');
	await s.bob.send(ROOM, end);
	await s.bob.message(end);
	return s.bob.log.slice(from).filter((m) => (m.event === 'user_typing' && m.data.walletAddress === 'alice') || texts.includes(m.data?.content) && m.event)
		.map((m) => (m.event === 'user_typing' ? m.data.isTyping : m.data.content));
}

/** Typing also ends by itself after 3 s; on a slow machine before anything else ends it. */
const withoutTheLastEnd = (story) => (story.at(-1) === false ? story.slice(0, -1) : story);

ordered('typing that began after a message is not ended by it', async (s, split) => {
	const content = s.text(), from = s.bob.log.length;
	await s.alice.ok([message(ROOM, content), typing(ROOM)], split);
	assert.deepEqual(withoutTheLastEnd(await storyOf(s, [content], from)), [content, true]);
	await s.alice.ok([stopTyping(ROOM)]);
});

ordered('typing, a message, typing: ended by the message, and begun again after it', async (s, split) => {
	const content = s.text(), from = s.bob.log.length;
	await s.alice.ok([enter(ROOM), typing(ROOM), message(ROOM, content), typing(ROOM)], split);
	const story = withoutTheLastEnd(await storyOf(s, [content], from));
	assert.deepEqual(story.filter((x) => x !== content), [true, false, true]);
	assert.equal(story.indexOf(content) >= 1 && story.lastIndexOf(true) > story.indexOf(content), true, JSON.stringify(story));
	await s.alice.ok([stopTyping(ROOM)]);
});

ordered('typing, typing_stop, and leave: each end is told once', async (s, split) => {
	const from = s.bob.log.length;
	await s.alice.ok([enter(ROOM), typing(ROOM), stopTyping(ROOM), typing(ROOM), leave(ROOM), stopTyping(ROOM)], split);
	assert.deepEqual(await storyOf(s, [], from), [true, false, true, false]);
});

/* ---- cursors ---- */

/** A cursor after which the room has so many messages. */
async function missedIn(s, room, n) {
	const reader = await s.w.client('olga');
	const { cursor } = await reader.subscribe(room);
	await reader.close();
	const texts = Array.from({ length: n }, () => s.text('missed'));
	for (const t of texts)
		await s.bob.send(room, t);
	return { cursor, texts };
}

const AFTER_A_CURSOR = {
	leave: { next: (s) => [leave(ROOM)], isIn: false },
	'enter again': { next: (s, cursor) => [enter(ROOM), enter(ROOM, cursor)], isIn: true },
	'enter another room': { next: (s, cursor) => [enter(SIDE, cursor)], isIn: true },
	history: { next: () => [history(ROOM)], isIn: true },
	presence: { next: () => [presence(ROOM)], isIn: true },
	'leave and enter with it again': { next: (s, cursor) => [leave(ROOM), enter(ROOM, cursor)], isIn: true, times: 2 },
};

for (const [name, { next, isIn, times = 1 }] of Object.entries(AFTER_A_CURSOR)) {
	ordered(`enter with a cursor, then ${name}: what was missed comes before its answer`, async (s, split) => {
		const { alice } = s, { cursor, texts } = await missedIn(s, ROOM, 5), from = alice.log.length;
		await alice.ok([enter(ROOM, cursor), ...next(s, cursor)], split);
		const story = alice.log.slice(from).filter((m) => 'ack' in m || texts.includes(m.data.content)).map((m) => ('ack' in m ? 'answer' : m.data.content));
		assert.deepEqual(story.slice(0, 6), [...texts, 'answer']);
		assert.equal(story.filter((x) => x !== 'answer').length, 5 * times);
		await s.hasPlace(isIn);
	});
}

ordered('enter with a cursor, then a message: what was missed, the answer, the own message, its answer', async (s, split) => {
	const { alice } = s, { cursor, texts } = await missedIn(s, ROOM, 5), own = s.text('own'), from = alice.log.length;
	await alice.ok([enter(ROOM, cursor), message(ROOM, own), history(ROOM)], split);
	const story = alice.log.slice(from).filter((m) => 'ack' in m || [...texts, own].includes(m.data.content)).map((m) => ('ack' in m ? 'answer' : m.data.content));
	assert.deepEqual(story, [...texts, 'answer', own, 'answer', 'answer']);
});

ordered('a message, then enter with a cursor from before it: it comes once', async (s, split) => {
	const { alice } = s, { cursor, texts } = await missedIn(s, ROOM, 2), own = s.text('own'), from = alice.log.length;
	await alice.ok([message(ROOM, own), enter(ROOM, cursor), presence(ROOM)], split);
	assert.deepEqual(alice.contents(from).filter((c) => [...texts, own].includes(c)), [...texts, own]);
	const place = alice.place((m) => m.event === 'chat_message' && m.data.content === own, from);
	const answers = alice.log.slice(from, place).filter((m) => 'ack' in m).length;
	assert.equal(answers, 1, 'it comes as missed: between the answer to the message and that to the entry');
});

/* ---- several rooms, and refusals ---- */

ordered('events for several rooms interleaved', async (s, split) => {
	const { alice } = s, texts = Array.from({ length: 6 }, () => s.text()), from = alice.log.length;
	const answers = await alice.ok([
		enter(ROOM), message(SIDE, texts[0]), enter(SIDE), message(ROOM, texts[1]), message(SIDE, texts[2]), presence(SIDE), leave(ROOM),
		history(SIDE), message(ROOM, texts[3]), message(SIDE, texts[4]), presence(ROOM), leave(SIDE), enter(ROOM), message(ROOM, texts[5]), presence(SIDE), history(ROOM),
	], split);
	const page = (i) => contentsOf(answers[i]).filter((t) => texts.includes(t));
	assert.deepEqual(alice.contents(from).filter((t) => texts.includes(t)), [1, 2, 4, 5].map((i) => texts[i]));
	assert.deepEqual([page(7), page(15)], [[texts[0], texts[2]], [texts[1], texts[3], texts[5]]]);
	assert.deepEqual([5, 10, 14].map((i) => answers[i].present.includes('alice')), [true, false, false]);
	await s.hasPlace(true, ROOM);
	await s.hasPlace(false, SIDE);
});

ordered('refusals are answered in their turn', async (s, split) => {
	const answers = await s.alice.all([
		message(STRANGE, 'x'), message(ROOM, s.text()), message(ROOM, ' '), enter(STRANGE), enter(ROOM), { event: 'no_such_event', data: {} }, leave(ROOM),
		history(ROOM, { limit: 0 }), history(ROOM, { before: 'unknown' }), message(ROOM, s.text()), enter('a/b'), presence(STRANGE), read(ROOM, { messageId: 'unknown' }), typing(STRANGE), presence(ROOM),
	], split);
	assert.deepEqual(answers.map((a) => a.code ?? a.ok), [
		'not_participant', true, 'empty', 'not_participant', true, 'bad_request', true,
		'bad_request', 'not_found', true, 'bad_request', 'not_participant', 'not_found', 'not_participant', true,
	]);
});

ordered('refusals without acknowledgement come in their turn too', async (s, split) => {
	const { alice } = s, from = alice.log.length;
	await alice.ok([
		quiet(message(ROOM, s.text())), quiet(message(STRANGE, 'x')), enter(ROOM), quiet(enter(STRANGE)), message(ROOM, s.text()), quiet(message(ROOM, ' ')), presence(ROOM),
		quiet({ event: 'no_such_event', data: { escrowId: ROOM } }), leave(ROOM), quiet(typing(STRANGE)), history(ROOM),
	], split);
	const story = alice.log.slice(from).filter((m) => 'ack' in m || m.event === 'chat_error').map((m) => ('ack' in m ? 'answer' : `${m.data.event} ${m.data.code}`));
	assert.deepEqual(story, [
		'chat_message not_participant', 'answer', 'subscribe_escrow not_participant', 'answer', 'chat_message empty', 'answer',
		'no_such_event bad_request', 'answer', 'typing_start not_participant', 'answer',
	]);
});

/* ---- the end ---- */

ordered('a message and goodbye in one write: the message is stored, then the others see the leaving', async (s, split) => {
	const content = s.text(), { alice, bob } = s, from = bob.log.length;
	await alice.ok([enter(ROOM)]);
	alice.isOver = true;
	const [e] = alice.numbered([quiet(message(ROOM, content))]);
	if (s.wire === '/ws')
		await alice.write([e], split).then(() => alice.ws.write(frame({ opcode: 8, payload: closePayload(1000) })));
	else
		await alice.write([e, { raw: '41' }], split);
	await until('the message and the leaving', () => bob.log.slice(from).some((m) => m.event === 'user_left') && bob.log.slice(from).some((m) => m.data.content === content), LIMIT_MS);
	const story = bob.log.slice(from).filter((m) => m.event === 'user_left' || (m.event === 'chat_message' && m.data.content === content)).map((m) => m.event);
	assert.deepEqual(story, ['chat_message', 'user_left']);
	s.alice = await openSession(s.w, s.wire, 'alice');
}, { rounds: 4 });
