// SPDX-License-Identifier: ISC
// model-check.mjs - the sequential model of one session, and the comparison with the answers and
// events that it received. Bob is in each room all the time: the events that bob received are the
// truth about it.

import assert from 'node:assert/strict';

import { refusalOf, ROOMS } from './model-steps.mjs';

const keyOf = (m) => m.data.id ?? `published ${m.data.n}`;
const isDurable = (m) => m.event === 'chat_message' || m.event === 'escrow:update';

/** The durable events of a room in a log. Each entry knows its place there. */
export function roomEvents(log, id) {
	return log.map((m, place) => ({ ...m, place })).filter((m) => isDurable(m) && (m.data.escrowId ?? m.data.room) === id);
}

/** Sets e.code, with which each event is to be refused; null: it is not. */
export function expectCodes(run) {
	const names = new Map(); // room and clientMsgId: the content
	for (const e of run.events) {
		e.code = refusalOf(e.step);
		if (e.code !== null || !e.data?.clientMsgId)
			continue;
		const name = `${e.step.room} ${e.data.clientMsgId}`;
		if (names.has(name) && names.get(name) !== e.data.content)
			e.code = 'idempotency_mismatch';
		else
			names.set(name, e.data.content);
	}
}

/** The answers and refusals of alice's log, matched with her events in order; sets e.place and
 *  e.answer. */
export function matchAnswers(run) {
	const outcomes = run.alice.log.map((m, place) => ({ ...m, place })).filter((m) => 'ack' in m || m.event === 'chat_error');
	let at = 0;
	for (const e of run.events) {
		const { code } = e, next = outcomes[at];
		if (e.ack !== undefined) {
			assert.equal(next?.ack, e.ack, `the answer to event ${e.ack} comes in its turn, not ${JSON.stringify(next).slice(0, 300)}`);
			assert.equal(next.data.code ?? next.data.ok, code ?? true, `${shown(e)}: ${JSON.stringify(next.data).slice(0, 300)}`);
			Object.assign(e, { place: next.place, answer: next.data });
			at++;
		} else if (code !== null && next?.data.event === e.event && next.data.code === code) {
			at++;
		} else if (code !== null) { // an event whose only effect is an answer may do nothing
			assert.ok(['history', 'presence'].includes(e.event), `${shown(e)} is refused in its turn, not ${JSON.stringify(next).slice(0, 300)}`);
		}
	}
	assert.deepEqual(outcomes.slice(at), [], 'nothing else is answered');
}

export const shown = (e) => JSON.stringify({ event: e.event, data: e.data, ack: e.ack }).slice(0, 300);

/** One room: the model of it, walked event by event. */
class RoomModel {
	constructor(run, name) {
		const id = run.id(name);
		Object.assign(this, { run, name, id, isIn: false, marked: new Set(), keys: new Map(), moves: [], spans: [], seen: 0 });
		this.truth = roomEvents(run.bob.log, id);
		this.messages = this.truth.filter((m) => m.event === 'chat_message');
		this.events = run.events.filter((e) => e.step.room === name && e.code === null);
		this.findOwn();
	}

	/** Which of the events store a message: e.index among the messages, and e.at in the
	 *  truth. */
	findOwn() {
		let last = -1;
		for (const e of this.events.filter((one) => one.event === 'chat_message')) {
			const name = e.data.clientMsgId;
			e.first = this.keys.get(name);
			if (e.first)
				continue;
			if (name)
				this.keys.set(name, e);
			const found = this.messages.filter((m) => m.data.senderId === 'alice' && m.data.content === e.data.content);
			assert.equal(found.length, 1, `${shown(e)} is stored once`);
			e.index = this.messages.indexOf(found[0]);
			e.at = this.truth.indexOf(found[0]);
			e.message = found[0].data;
			assert.ok(e.index > last, `${shown(e)} is stored in its turn`);
			last = e.index;
		}
	}

	/** Returns the least and the greatest number of messages that the room can have had when
	 * an event took effect. */
	bounds(e) {
		const own = this.events.filter((one) => one.index !== undefined), place = this.events.indexOf(e);
		const before = own.filter((one) => this.events.indexOf(one) < place), after = own.find((one) => this.events.indexOf(one) > place);
		const known = this.truth.slice(0, e.low).filter((m) => m.event === 'chat_message').length;
		return [Math.max(known, this.seen, ...before.map((one) => one.index + 1)), after ? after.index : this.messages.length];
	}

	unreadIs(e) {
		const [low, high] = this.bounds(e);
		const count = (n) => this.messages.slice(0, n).filter((m) => m.data.senderId !== 'alice' && !this.marked.has(m.data.id)).length;
		assert.ok(e.answer.unread >= count(low) && e.answer.unread <= count(high), `${shown(e)}: unread ${e.answer.unread}, not ${count(low)} to ${count(high)}`);
	}

	presentIs(e) {
		const present = this.isIn ? ['alice', 'bob'] : ['bob'];
		assert.deepEqual([[...e.answer.present].sort(), e.answer.presentCount], [present, present.length], `who is there: ${shown(e)}`);
	}

	enter(e) {
		if (!this.isIn) {
			this.moves.push('joined');
			this.spans.push({ start: e, own: [] });
		}
		this.isIn = true;
		if (!e.answer)
			return;
		assert.equal(e.answer.escrowId, this.id);
		assert.equal(e.answer.gap, undefined, `${shown(e)}: nothing was trimmed`);
		this.presentIs(e);
		this.unreadIs(e);
	}

	leave(e) {
		if (this.isIn) {
			this.moves.push('left');
			Object.assign(this.spans.at(-1), { end: e, endBarrier: this.barrierOf(e) });
		}
		this.isIn = false;
	}

	/** The event whose answer shows that a change of room has happened. */
	barrierOf(e) {
		return e.answer ? e : this.events[this.events.indexOf(e) + 1];
	}

	chat_message(e) {
		if (!e.first && this.isIn)
			this.spans.at(-1).own.push(e);
		if (e.answer)
			assert.deepEqual(e.answer.message, { ...(e.first ?? e).message, read: e.answer.message.read });
	}

	message_read(e) {
		const { messageId, upTo } = e.data, index = this.messages.findIndex((m) => m.data.id === (messageId ?? upTo));
		for (const m of messageId ? [this.messages[index]] : this.messages.slice(0, index + 1)) {
			if (m.data.senderId !== 'alice')
				this.marked.add(m.data.id);
		}
		if (e.answer)
			this.unreadIs(e);
	}

	presence(e) {
		if (e.answer)
			this.presentIs(e);
	}

	history(e) {
		if (!e.answer)
			return;
		const { messages, hasMore } = e.answer, { limit, before, after } = e.data, [low, high] = this.bounds(e);
		const at = (id) => this.messages.findIndex((m) => m.data.id === id);
		let from, to, more;
		if (before) {
			to = at(before);
			from = Math.max(0, to - limit);
			more = from > 0;
		} else if (after) {
			from = at(after) + 1;
			to = from + messages.length;
			more = hasMore;
			assert.ok(hasMore ? messages.length === limit && to < high : to >= low && to <= high, `${shown(e)}: from ${from} to ${to}, of ${low} to ${high}`);
		} else {
			to = messages.length ? at(messages.at(-1).id) + 1 : 0;
			from = Math.max(0, to - limit);
			more = from > 0;
			assert.ok(to >= low && to <= high, `${shown(e)}: ends at message ${to}, not ${low} to ${high}`);
			this.seen = to;
		}
		const isRead = (m) => this.name !== 'o' && this.marked.has(m.id);
		assert.deepEqual(messages, this.messages.slice(from, to).map((m) => ({ ...m.data, read: isRead(m.data) })), `${shown(e)}: the page`);
		assert.equal(hasMore, more, `${shown(e)}: hasMore`);
	}

	typing_start() {}

	typing_stop() {}

	walk() {
		const verbs = { subscribe_escrow: 'enter', unsubscribe_escrow: 'leave' };
		for (const e of this.events)
			this[verbs[e.event] ?? e.event](e);
	}
}

/** The events that alice received while she was in a room: all from the seam or the cursor on,
 *  in order, once. */
function checkSpan(room, span, delivered) {
	const { start, end, own } = span, what = `in ${room.id}, entered by ${shown(start)}`;
	const places = delivered.map((m) => room.truth.findIndex((t) => keyOf(t) === keyOf(m)));
	places.forEach((p, i) => assert.ok(i === 0 || p === places[i - 1] + 1, `${what}: events of the log ${places}`));
	const [first, last] = places.length ? [places[0], places.at(-1)] : [null, null];
	if (start.data.cursor !== undefined) {
		const wanted = room.truth.findIndex((m) => m.cursor === start.data.cursor) + 1;
		assert.ok(first === null || first === wanted, `${what}: begins with event ${first}, not ${wanted}`);
		assert.ok(!start.answer || (last ?? wanted - 1) >= start.low - 1, `${what}: ends with ${last}, before ${start.low}`);
		const late = delivered.find((m, i) => start.answer && places[i] < start.low && m.place > start.place);
		assert.equal(late, undefined, `${what}: what was missed comes before the answer`);
	} else {
		assert.ok(first === null || first >= start.low, `${what}: event ${first} was before it`);
		const live = places.filter((p, i) => start.answer && delivered[i].place > start.place);
		if (span.seam !== undefined && (live.length || !end))
			assert.equal(live[0] ?? room.truth.length, span.seam, `${what}: the first event behind the answer is the first after the seam`);
	}
	for (const e of own) {
		const at = places.indexOf(e.at);
		assert.ok(at >= 0, `${what}: the own ${shown(e)} comes`);
		assert.ok(!e.answer || delivered[at].place < e.place, `${what}: ${shown(e)} comes before its answer`);
		assert.ok(!start.answer || delivered[at].place > start.place, `${what}: ${shown(e)} comes after the answer to the entry before it`);
	}
	if (!end)
		assert.equal(last ?? room.truth.length - 1, room.truth.length - 1, `${what}: all up to the end comes`);
}

function checkDelivery(room) {
	let delivered = roomEvents(room.run.alice.log, room.id);
	for (const span of room.spans) {
		const end = span.end ? span.endBarrier.place : Infinity;
		checkSpan(room, span, delivered.filter((m) => m.place < end));
		delivered = delivered.filter((m) => m.place > end);
	}
	assert.deepEqual(delivered.map((m) => m.data), [], `nothing comes from ${room.id} outside of it`);
}

/** Bob sees each move of alice's once and in order, and an end of typing only after its
 *  beginning. */
function checkSeenByOthers(room) {
	const of = (m) => m.escrowId === room.id && m.data.walletAddress === 'alice';
	const moves = room.run.bob.log.filter((m) => /^user_(joined|left)$/.test(m.event) && of(m)).map((m) => m.event.slice(5));
	assert.deepEqual(moves, room.moves, `moves in ${room.id}`);
	const typed = room.run.bob.log.filter((m) => m.event === 'user_typing' && of(m)).map((m) => m.data.isTyping);
	typed.forEach((is, i) => assert.ok(is || typed[i - 1], `typing in ${room.id}: ${typed}`));
}

/** Each message of others is told to alice once, where she is no observer. */
function checkNotifications(room) {
	const wanted = room.name === 'o' ? [] : room.messages.filter((m) => m.place >= room.run.begun && m.data.senderId !== 'alice').map((m) => m.data.timestamp);
	const told = room.run.alice.events('notification').filter((m) => m.data.escrowId === room.id).map((m) => m.data.timestamp);
	assert.deepEqual(told, wanted, `notifications of ${room.id}`);
}

/** The models of the rooms that alice takes part in, walked. Each span may be given its seam
 *  before check(). */
export function modelsOf(run) {
	const models = Object.keys(ROOMS).filter((name) => ROOMS[name]).map((name) => new RoomModel(run, name));
	models.forEach((room) => room.walk());
	return models;
}

export function check(room) {
	checkDelivery(room);
	checkSeenByOthers(room);
	checkNotifications(room);
}
