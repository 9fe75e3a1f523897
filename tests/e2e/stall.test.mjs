// SPDX-License-Identifier: ISC
// stall.test.mjs - while one client attacks, the round trip of another stays within twenty times
// its own median before the attack. A machine that is slow or busy is so in both measurements.

import assert from 'node:assert/strict';

import { Attacker, BARRIER } from './lib/attacker.mjs';
import { enter, history, LIMIT_MS, leave, message, NO_LIMITS, presence, read, stopTyping, TEST_MS, typing } from './lib/model-session.mjs';
import { within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';
import { frame } from './lib/ws.mjs';

const QUIET = 100, ROUNDS = 300; // round trips
const FACTOR = 20;
const FLOOR_MS = Number(process.env.E2E_STALL_FLOOR_MS ?? 10); // a quiet median below it is the luck of a fast machine
const ATTEMPTS = 3; // a stall of the daemon comes each time, one of the machine does not
const CONFIG = { rooms: 'open', durability: 'normal', max_per_wallet: 1000, ...NO_LIMITS };
const MANY = 900; // events in one write

/* ---- the victim ---- */

let trips = 0;

async function trip(victim) {
	const begun = performance.now();
	const answer = await within(new Promise((resolve) => {
		victim.onack = (m) => m.ack === `trip ${trips}` && resolve(m.data);
		victim.ws.send(JSON.stringify({ ack: `trip ${++trips}`, event: 'chat_message', data: { escrowId: 'quiet', content: 'x' } }));
	}), 'a round trip', LIMIT_MS);
	assert.equal(answer.ok, true, JSON.stringify(answer));
	return performance.now() - begun;
}

async function tripsUntil(victim, isEnough) {
	const times = [];
	while (!isEnough(times))
		times.push(await trip(victim));
	times.sort((a, b) => a - b);
	const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
	return { at, median: at(0.5), n: times.length };
}

/** One attempt: null, or what was too slow. plan.share: of the round trips, if not all, that
 *  must be within the limit. */
async function attempt(w, victim, plan) {
	const quiet = await tripsUntil(victim, (times) => times.length >= QUIET);
	const attacker = await Attacker.begin({ port: w.target.port, wallet: 'eve', ...plan });
	const limit = FACTOR * Math.max(quiet.median, FLOOR_MS), tooLong = (ms) => ms > 10 * limit;
	try {
		const enough = (times) => tooLong(times.at(-1)) || (times.length >= ROUNDS && attacker.rounds >= (plan.rounds ?? 1));
		const loud = await tripsUntil(victim, enough);
		if (attacker.error)
			throw attacker.error;
		if (loud.at(plan.share ?? 1) <= limit)
			return null;
		const shares = [0.5, 0.9, 0.99, 1].map((share) => `${100 * share} % within ${loud.at(share).toFixed(1)} ms`);
		return { isClear: tooLong(loud.at(1)), text: `${loud.n} round trips: ${shares.join(', ')}; allowed ${limit.toFixed(1)} ms, quiet median ${quiet.median.toFixed(1)} ms` };
	} finally {
		await attacker.end();
	}
}

/** A promise that the victim is not held up. plan: the attacker's, or a function that prepares
 *  it. */
function unharmed(name, plan, config = {}) {
	promise(`nobody else waits for: ${name}`, { timeout: TEST_MS, config: { ...CONFIG, ...config } }, async (w) => {
		const victim = await w.client('victim');
		victim.log.push = () => 0;
		const wanted = typeof plan === 'function' ? await plan(w) : plan;
		const faults = [];
		while (faults.length < ATTEMPTS && !faults.at(-1)?.isClear) {
			const fault = await attempt(w, victim, wanted);
			if (!fault)
				return;
			faults.push(fault);
		}
		assert.fail(faults.map((f) => f.text).join('\n'));
	});
}

/* ---- how events become bytes ---- */

const inFrames = (texts) => Buffer.concat(texts.map((payload) => frame({ payload })));
const asNative = (e, ack) => JSON.stringify({ event: e.event, data: e.data, ack });
const asPacket = (e, ack) => `42${ack ?? ''}${JSON.stringify([e.event, e.data])}`;

/** The same events on a wire; how: 'with' or 'without' acknowledgement. A round ends with an
 *  answered event. */
function asPlan(kind, events, how = 'without', more = {}) {
	const text = kind === 'native' ? asNative : asPacket;
	const texts = events.map((e, i) => text(e, how === 'with' ? i + 1 : undefined));
	texts.push(text(stopTyping('heavy'), BARRIER));
	const again = kind === 'polling' ? Buffer.from(texts.join('\x1e')) : inFrames(texts);
	return { kind, again, isAnswered: true, ...more };
}

const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));

/** A room with the worst content: 200 messages of 5,000 characters of which each is escaped. */
async function heavyRoom(w) {
	const eve = await w.client('eve');
	const { cursor } = await eve.subscribe('heavy');
	await eve.ok('unsubscribe_escrow', 'heavy');
	for (let i = 0; i < 200; i += 20)
		await Promise.all(times(20, () => eve.send('heavy', '\0'.repeat(5000))));
	await eve.close();
	return cursor;
}

/* ---- reading ---- */

const READERS = {
	'without acknowledgement, /ws': ['native', 'without'],
	'with acknowledgement, /ws': ['native', 'with'],
	'with acknowledgement, never read, /ws': ['native', 'with', { isDeaf: true }],
	'without acknowledgement, Socket.IO over WebSocket': ['socket', 'without'],
	'with acknowledgement, Socket.IO over WebSocket': ['socket', 'with'],
	'without acknowledgement, one POST': ['polling', 'without'],
	'with acknowledgement, one POST': ['polling', 'with'],
};

for (const [name, [kind, how, more]] of Object.entries(READERS)) {
	unharmed(`900 histories of a heavy room in one write (${name})`, async (w) => {
		await heavyRoom(w);
		return { ...asPlan(kind, times(MANY, () => history('heavy')), how, more), rounds: 0 };
	});
}

unharmed('replays of a heavy room', async (w) => {
	const cursor = await heavyRoom(w);
	return { ...asPlan('native', times(50, () => [enter('heavy', cursor), leave('heavy')]).flat(), 'with'), rounds: 0 };
});

/* ---- every other verb ---- */

const FLOODS = {
	presence: () => presence('heavy'),
	typing: (i) => (i % 2 ? typing : stopTyping)('heavy'),
	'typing in many rooms': (i) => typing(`heavy-${i % 200}`),
	'entering and leaving': (i) => (i % 2 ? leave : enter)('heavy'),
	'200 rooms entered and left': (i) => (i % 400 < 200 ? enter : leave)(`room-${i % 200}`),
	'read marks': () => read('heavy', { upTo: 'unknown' }),
	'small messages': () => message('heavy', 'x'),
	'refused messages': () => message('heavy', ' '),
	'unknown events': () => ({ event: 'no_such_event', data: {} }),
};

for (const [name, make] of Object.entries(FLOODS)) {
	for (const how of ['without', 'with'])
		unharmed(`a flood of ${name}, ${how} acknowledgement`, asPlan('native', times(MANY, make), how, { rounds: 5 }));
	unharmed(`a flood of ${name} in POSTs`, asPlan('polling', times(MANY, make), 'with', { rounds: 5 }));
}

/* On many connections, as fast as the daemon takes them, with the durability that is the
 * default: some round trips wait for the slowest moments of the disk, whoever writes. */
for (const how of ['without', 'with']) {
	unharmed(`a flood of messages of 20 kB, ${how} acknowledgement`, asPlan('native', times(50, () => message('heavy', '😀'.repeat(5000))), how,
		{ clients: 20, rounds: 60, isAnswered: false, share: 0.9 }), { durability: 'full' });
}

/* ---- requests and connections ---- */

const MEGABYTE = 1000000;

unharmed('POSTs of 1 MB, full of events', asPlan('polling', times(MEGABYTE / 60, () => presence('heavy-heavy-heavy')), 'without'));

unharmed('POSTs of 1 MB, one event', { kind: 'polling', again: Buffer.from(asPacket(message('heavy', 'x'.repeat(MEGABYTE - 200)), 1)) });

unharmed('requests of 1 MB to /emit', () => {
	const body = JSON.stringify({ event: 'chat_message', data: { escrowId: 'heavy', content: 'x'.repeat(MEGABYTE - 100) } });
	return { kind: 'http', answers: 1, again: Buffer.from(`POST /emit?walletAddress=eve HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`) };
});

for (const path of ['/health', '/poll?walletAddress=eve&escrow=heavy&timeout=0', '/nowhere']) {
	unharmed(`10,000 pipelined requests of ${path.split('?')[0]}`, { kind: 'http', answers: 10000, rounds: 0,
		again: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(10000)) });
}

unharmed('connecting and disconnecting', { kind: 'churn', rounds: 200, again: inFrames(times(50, (i) => asNative(enter(`room-${i}`), i))) });
