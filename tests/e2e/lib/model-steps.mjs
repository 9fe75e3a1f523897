// SPDX-License-Identifier: ISC
// model-steps.mjs - random sequences of everything that a session can send, as plain data: they
// can be printed, cut down and played again. The thing to which a step refers (a message, a cursor)
// is chosen when it is played.

import { enter, history, leave, message, presence, read, stopTyping, typing } from './model-session.mjs';

/** The rooms of a sequence, with the role of alice in each; null: alice takes no part in it. */
export const ROOMS = { a: 'client', b: 'freelancer', o: 'observer', s: null };

const pick = (random, list) => list[Math.floor(random() * list.length)];

/* Each verb has its share of all steps, and makes its step. */
const VERBS = [
	[6, () => ({ verb: 'enter' })],
	[4, (random) => ({ verb: 'enter', cursor: random() })],
	[7, () => ({ verb: 'leave' })],
	[8, () => ({ verb: 'message' })],
	[3, (random) => ({ verb: 'message', key: pick(random, ['k0', 'k1']), variant: pick(random, ['same', 'same', 'other']) })],
	[5, (random) => ({ verb: 'read', by: pick(random, ['upTo', 'messageId']), of: random() })],
	[3, () => ({ verb: 'typing' })],
	[2, () => ({ verb: 'stopTyping' })],
	[5, (random) => ({ verb: 'history', limit: pick(random, [1, 2, 5, 50, 200]) })],
	[2, (random) => ({ verb: 'history', limit: pick(random, [1, 2, 50]), from: pick(random, ['before', 'after']), of: random() })],
	[5, () => ({ verb: 'presence' })],
	[4, (random) => ({ verb: 'bad', bad: pick(random, Object.keys(BAD)) })],
];

/* Events that are refused with this code wherever alice takes part and may write. */
const BAD = {
	unknown: ['bad_request', (room) => ({ event: 'no_such_event', data: { escrowId: room } })],
	list: ['bad_request', () => ({ event: 'history', data: [] })],
	nowhere: ['bad_request', () => ({ event: 'presence', data: {} })],
	slash: ['bad_request', () => enter('a/b')],
	empty: ['empty', (room) => message(room, ' \n ')],
	long: ['too_long', (room) => message(room, 'x'.repeat(5001))],
	number: ['bad_request', (room) => message(room, 5)],
	name: ['bad_request', (room) => message(room, 'x', { clientMsgId: 'a b' })],
	limit: ['bad_request', (room) => history(room, { limit: 201 })],
	place: ['not_found', (room) => history(room, { before: 'unknown' })],
	nothing: ['bad_request', (room) => read(room, {})],
	stranger: ['not_found', (room) => read(room, { messageId: 'unknown' })],
	cursor: ['bad_request', (room) => enter(room, 'no cursor')],
};

function roomFor(step, random) {
	if (step.verb === 'bad')
		return pick(random, ['a', 'b']);
	return pick(random, ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'o', 'o', 's']);
}

/** Steps: {verb, room, ack, gap, cuts, …}. gap says what is between this one and the next:
 *  'join' nothing, 'write' the end of a write, 'wait' all answers too. A change of room without
 *  an answer has one that is answered behind it. */
export function randomSteps(random, length) {
	const bag = VERBS.flatMap(([weight, make]) => Array(weight).fill(make)), steps = [];
	const joins = random(), acks = 0.3 + 0.7 * random(); // so likely in this sequence
	while (steps.length < length) {
		const step = pick(random, bag)(random);
		step.room = roomFor(step, random);
		step.ack = random() < acks;
		step.gap = random() < joins ? 'join' : pick(random, ['write', 'wait']);
		step.cuts = random() < 0.3 ? Math.floor(random() * 20) : 0;
		steps.push(step);
	}
	return steps;
}

const asEvent = {
	enter: (id, step, run) => enter(id, step.cursor !== undefined ? run.cursorAt(step) : undefined),
	leave: (id) => leave(id),
	typing: (id) => typing(id),
	stopTyping: (id) => stopTyping(id),
	presence: (id) => presence(id),
	message: (id, step, run) => (step.key
		? message(id, `${step.key} ${step.variant}`, { clientMsgId: step.key })
		: message(id, `text ${run.events.length}`)),
	read: (id, step, run) => read(id, { [step.by]: run.messageAt(step) }),
	history: (id, step, run) => history(id, { limit: step.limit, ...(step.from && { [step.from]: run.messageAt(step) }) }),
	bad: (id, step) => BAD[step.bad][1](id),
};

/** The events of a step, with what was known when it was played. */
export function eventsOf(step, run) {
	const id = run.id(step.room);
	const e = { ...asEvent[step.verb](id, step, run), step, ack: step.ack, low: run.known(step.room) };
	if (step.ack || !['enter', 'leave'].includes(step.verb))
		return [e];
	return [e, { ...presence(id), step: { verb: 'presence', room: step.room, ack: true }, low: e.low }];
}

/** The code with which an event is refused; null: it is not. */
export function refusalOf({ verb, room, bad }) {
	if (verb === 'bad')
		return BAD[bad][0];
	if (room === 's' && verb !== 'leave')
		return 'not_participant';
	return room === 'o' && (verb === 'message' || verb === 'typing') ? 'forbidden' : null;
}
