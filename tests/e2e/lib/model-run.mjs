// SPDX-License-Identifier: ISC
// model-run.mjs - plays one sequence of steps on one wire while others write into the same rooms,
// and checks it.

import assert from 'node:assert/strict';

import { check, expectCodes, matchAnswers, modelsOf, roomEvents, shown } from './model-check.mjs';
import { enter, leave, message, openSession, presence } from './model-session.mjs';
import { eventsOf, ROOMS } from './model-steps.mjs';

const NOISE_MAX = 40; // messages of each of the others in one sequence

let runs = 0;

class Run {
	events = [];

	id(room) {
		return room === 's' ? 'strange' : `${this.name}-${room}`;
	}

	/** Returns the number of durable events of a room that bob has seen. */
	known(room) {
		return roomEvents(this.bob.log, this.id(room)).length;
	}

	/** The id of one of the messages known so far. */
	messageAt({ room, of }) {
		const known = roomEvents(this.bob.log, this.id(room)).filter((m) => m.event === 'chat_message');
		return known.length ? known[Math.floor(of * known.length)].data.id : 'unknown';
	}

	/** The cursor of one of the events known so far. */
	cursorAt({ room, cursor }) {
		const known = roomEvents(this.bob.log, this.id(room));
		return known.length ? known[Math.floor(cursor * known.length)].cursor : undefined;
	}
}

async function begin(w, wire, limitMs) {
	const run = new Run();
	Object.assign(run, { w, wire, name: `run-${runs++}`, rooms: Object.keys(ROOMS).filter((r) => ROOMS[r]) });
	await Promise.all(run.rooms.map((r) => w.escrow(run.id(r), { alice: ROOMS[r], bob: 'freelancer', carol: 'arbiter' })));
	run.bob = await openSession(w, '/ws', 'bob');
	await run.bob.ok(run.rooms.map((r) => enter(run.id(r))));
	await run.bob.ok(run.rooms.flatMap((r) => [1, 2, 3].map((n) => message(run.id(r), `seed ${n}`))));
	run.alice = await openSession(w, wire, 'alice');
	run.begun = run.bob.log.length;
	for (const session of [run.alice, run.bob])
		session.limitMs = limitMs ?? session.limitMs;
	return run;
}

/** Others write into the rooms until the returned function is called and has resolved. */
function noise(run, random) {
	let isOver = false;
	const room = () => run.id(run.rooms[Math.floor(random() * run.rooms.length)]);
	const again = async (send) => {
		for (let n = 0; n < NOISE_MAX && !isOver; n++)
			await send(n);
	};
	const writers = [
		again((n) => run.bob.ok([message(room(), `bob ${n}`)])),
		again(async (n) => {
			const answer = await run.w.rest('carol', 'POST', `/api/chat/${room()}/send`, { content: `carol ${n}` });
			assert.equal(answer.status, 201, answer.body);
		}),
		again((n) => {
			const id = room();
			return run.w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_${id}', 'escrow:update', '{"room":"${id}","n":${n}}');`);
		}),
	];
	const done = Promise.all(writers);
	done.catch(() => {});
	return () => {
		isOver = true;
		return done;
	};
}

async function play(run, steps, random) {
	let batch = [];
	for (const [i, step] of steps.entries()) {
		batch.push(step);
		if (step.gap === 'join' && i + 1 < steps.length)
			continue;
		const events = [];
		for (const one of batch.splice(0)) {
			const made = run.alice.numbered(eventsOf(one, run));
			run.events.push(...made);
			events.push(...made);
		}
		await run.alice.write(events, { cuts: step.cuts, random });
		const last = events.findLast((e) => e.ack !== undefined);
		if (step.gap === 'wait' && last)
			await run.alice.until(`the answer to ${shown(last)}`, () => run.alice.answered.has(last.ack));
	}
	const [last] = run.alice.numbered([{ ...presence(run.id('a')), step: { verb: 'presence', room: 'a', ack: true }, low: run.known('a') }]);
	run.events.push(last);
	await run.alice.write([last]);
	await run.alice.until('the last answer', () => run.alice.answered.has(last.ack));
}

/** A last message in each room, behind everything: alice receives it where she is in the room,
 *  and its notification unless she is an observer. */
async function settle(run) {
	const isIn = (r) => {
		const moves = run.events.filter((e) => e.step.room === r && ['enter', 'leave'].includes(e.step.verb));
		return moves.at(-1)?.step.verb === 'enter';
	};
	for (const r of run.rooms) {
		const [{ message: { id, timestamp } }] = await run.bob.ok([message(run.id(r), 'the end')]);
		if (isIn(r))
			await run.alice.until(`the end of ${run.id(r)}`, () => run.alice.events('chat_message').some((m) => m.data.id === id));
		if (r !== 'o')
			await run.alice.until(`the last notification of ${run.id(r)}`, () => run.alice.events('notification').some((m) => m.data.escrowId === run.id(r) && m.data.timestamp === timestamp));
	}
	await run.bob.ok([presence(run.id('a'))]);
}

/** Returns the place of the first event after a cursor that an answer gave. */
async function probe(run, room, cursor) {
	const from = run.carol.log.length;
	await run.carol.ok([enter(room.id, cursor)]);
	await run.carol.ok([leave(room.id)]);
	const seen = roomEvents(run.carol.log.slice(from), room.id).map((m) => m.data);
	assert.deepEqual(seen, room.truth.slice(room.truth.length - seen.length).map((m) => m.data), 'a replay ends with the end of the log');
	return room.truth.length - seen.length;
}

async function verify(run) {
	expectCodes(run);
	matchAnswers(run);
	const rooms = modelsOf(run);
	run.carol = await openSession(run.w, '/ws', 'carol');
	for (const room of rooms) {
		for (const span of room.spans.filter((s) => s.start.answer && s.start.data.cursor === undefined))
			span.seam = await probe(run, room, span.start.answer.cursor);
		check(room);
	}
	run.carol.destroy();
}

/** Plays the steps in new rooms. Resolves to null, or to the error that tells the fault. */
export async function outcomeOf(w, wire, { steps, isNoisy }, random, limitMs) {
	const run = await begin(w, wire, limitMs);
	const stop = isNoisy ? noise(run, random) : async () => {};
	let error = null;
	try {
		await play(run, steps, random);
		await stop();
		await settle(run);
		await verify(run);
	} catch (e) {
		error = e;
	}
	await stop().catch((e) => (error ??= e));
	run.alice.destroy();
	run.bob.destroy();
	return error;
}
