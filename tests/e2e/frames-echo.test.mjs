// SPDX-License-Identifier: ISC
// frames-echo.test.mjs - RFC 6455 and RFC 7692 at the echo program, by subject: framing, pings,
// reserved bits, opcodes, fragmentation, UTF-8, closing, limits, compression. Each case says what
// goes up and all that comes down, in order.

import assert from 'node:assert/strict';
import path from 'node:path';

import { within } from './lib/wait.mjs';
import { BUILDDIR, promise } from './lib/world.mjs';
import { BINARY, CLOSE, closePayload, deflate, frame, PING, PONG, TEXT, WebSocket } from './lib/ws.mjs';

const MIB = 1024 * 1024, LIMIT = 64 * MIB;
const NOTHING = { daemon: false };

const bytes = (...list) => Buffer.from(list);
const text = (payload, more) => frame({ opcode: TEXT, payload, ...more });
const binary = (payload, more) => frame({ opcode: BINARY, payload, ...more });
const ping = (payload = '', more) => frame({ opcode: PING, payload, ...more });
const pong = (payload = '') => frame({ opcode: PONG, payload });
const close = (code = 1000, reason = '') => frame({ opcode: CLOSE, payload: closePayload(code, reason) });
const more = (payload, isLast = true) => frame({ opcode: 0, payload, fin: isLast });
const part = (payload, opcode = TEXT) => frame({ opcode, payload, fin: false });
const ponged = (payload = '') => ({ pong: payload });

/** A message in frames of this many bytes. */
function pieces(opcode, payload, size) {
	const found = [];
	for (let at = 0; at < payload.length; at += size)
		found.push(frame({ opcode: at ? 0 : opcode, payload: payload.subarray(at, at + size), fin: at + size >= payload.length }));
	return found;
}

/* ---- the program, and one connection to it ---- */

async function startEcho(w, ...args) {
	const echo = w.start('ws-echo', path.join(BUILDDIR, 'tests/echo/ws-echo'), ['--listen', '127.0.0.1:0', ...args]);
	return { port: Number((await echo.line(/listening on 127\.0\.0\.1:(\d+)/))[1]) };
}

class Line {
	static async open(w, target, options) {
		const line = new Line();
		line.ws = await WebSocket.connect(target, { path: '/any/where?at=all', ...options, onmessage: (m) => line.#note(m) });
		line.ws.onpong = (data) => line.#note(ponged(data.toString('latin1')));
		line.ws.closed.promise.then((end) => line.#note(end.error ?? end.code));
		w.clients.push(line);
		return line;
	}

	#came = [];
	#waiter = null;

	#note(what) {
		if (!this.#waiter)
			return this.#came.push(what);
		this.#waiter(what);
		this.#waiter = null;
	}

	/** The next thing that comes: a message (string or Buffer), ponged(…), or the code of the
	 * close. */
	next(what) {
		return this.#came.length ? this.#came.shift() : within(new Promise((resolve) => (this.#waiter = resolve)), what);
	}

	/** Writes these frames; all that comes is that, and then the close. */
	async exchange(what, frames, expected) {
		for (const f of frames)
			this.ws.write(f);
		for (const e of expected)
			assert.deepEqual(await this.next(`${what}: ${String(e.pong ?? e).slice(0, 40)}`), e, what);
		if (typeof expected.at(-1) === 'number')
			return;
		this.ws.close();
		assert.equal(await this.next(`${what}: the close`), 1000, what);
	}
}

const WAYS = {
	whole: (all) => all,
	'in one piece': (all) => [Buffer.concat(all)],
	'byte by byte': (all) => all.flatMap((f) => (f.length > 2000 ? [f.subarray(0, 1000), f.subarray(1000)] : Array.from(f, (_, i) => f.subarray(i, i + 1)))),
};

function subject(name, cases) {
	for (const [way, split] of Object.entries(WAYS)) {
		promise(`${name}, ${way}`, NOTHING, async (w) => {
			const target = await startEcho(w);
			for (const [what, frames, expected] of cases)
				await (await Line.open(w, target)).exchange(what, split(frames), expected);
		});
	}
}

/* ---- the cases ---- */

const SIZES = [0, 1, 125, 126, 127, 128, 65535, 65536];
const REFUSED = [1002];

subject('framing: every form of length', [
	...SIZES.map((n) => [`text of ${n}`, [text('*'.repeat(n))], ['*'.repeat(n)]]),
	...SIZES.map((n) => [`binary of ${n}`, [binary(Buffer.alloc(n, 0xfe))], [Buffer.alloc(n, 0xfe)]]),
	['a mask of zeros', [text('hello', { mask: Buffer.alloc(4) })], ['hello']],
	['no mask', [text('hello', { mask: null })], REFUSED],
	['a length of 16 bits that needs 7', [bytes(0x81, 0xfe, 0, 125, 1, 2, 3, 4)], REFUSED],
	['a length of 64 bits that needs 16', [bytes(0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4)], REFUSED],
	['a length of 64 bits with the highest set', [bytes(0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4)], REFUSED],
]);

subject('pings and pongs', [
	['an empty ping', [ping()], [ponged()]],
	['a ping with text', [ping('Hello, world!')], [ponged('Hello, world!')]],
	['a ping with bytes', [ping(bytes(0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff))], [ponged('\x00\xff\xfe\xfd\xfc\xfb\x00\xff')]],
	['a ping of 125', [ping('p'.repeat(125))], [ponged('p'.repeat(125))]],
	['a ping of 126', [ping('p'.repeat(126))], REFUSED],
	['pongs that nobody asked for', [pong(), pong('x'), ping('y')], [ponged('y')]],
	['ten pings', Array.from({ length: 10 }, (_, i) => ping(`p${i}`)), Array.from({ length: 10 }, (_, i) => ponged(`p${i}`))],
]);

subject('reserved bits', [
	...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) => [
		[`bits ${rsv}`, [text('x', { rsv })], REFUSED],
		[`bits ${rsv} behind a good message`, [text('good'), text('x', { rsv }), ping()], ['good', 1002]],
		[`bits ${rsv} on binary`, [binary('x', { rsv })], REFUSED],
		[`bits ${rsv} on a ping`, [ping('x', { rsv })], REFUSED],
		[`bits ${rsv} on a close`, [frame({ opcode: CLOSE, payload: closePayload(1000), rsv })], REFUSED],
	]),
]);

subject('reserved opcodes', [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
	[`${opcode}`, [frame({ opcode })], REFUSED],
	[`${opcode} with a payload`, [frame({ opcode, payload: 'x' })], REFUSED],
	[`${opcode} behind a good message`, [text('good'), frame({ opcode, payload: 'x' }), ping()], ['good', 1002]],
]));

subject('fragmentation', [
	['a ping in pieces', [ping('x', { fin: false }), more('y')], REFUSED],
	['a pong in pieces', [frame({ opcode: PONG, payload: 'x', fin: false }), more('y')], REFUSED],
	['two pieces', [part('one'), more('two')], ['onetwo']],
	['a ping between two pieces', [part('one'), ping('p'), more('two')], [ponged('p'), 'onetwo']],
	['a piece of nothing, and nothing more', [part(''), more('')], ['']],
	['pieces of nothing among others', [part(''), more('', false), more('one', false), more('')], ['one']],
	['a continuation of nothing', [more('x', false), text('y')], REFUSED],
	['a last continuation of nothing', [more('x'), text('y')], REFUSED],
	['a continuation behind a whole message', [text('good'), more('x')], ['good', 1002]],
	['a continuation behind the last', [part('one'), more('two'), more('three', false)], ['onetwo', 1002]],
	['text within text', [part('one'), text('two')], REFUSED],
	['binary within text', [part('one'), binary('two')], REFUSED],
	['five pieces with pings between', [part('1'), more('2', false), ping('a'), more('3', false), more('4', false), ping('b'), more('5')], [ponged('a'), ponged('b'), '12345']],
	['two messages of two pieces', [part('a'), more('b'), part('c', BINARY), more('d')], ['ab', Buffer.from('cd')]],
	['a close between two pieces', [part('one'), close(), more('two')], [1000]],
]);

const GOOD = ['κόσμε', 'Hello-µ@ßöäüàá-UTF-8!!', '\u0000', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffd', '\uffff', '\ufffe', '\u{10000}', '\u{10ffff}', '\u{1f600}\u{1f468}\u200d\u{1f469}', '\ufdd0\u{1ffff}'];
const BAD = {
	'a lonely continuation': [0x80],
	'the last continuation': [0xbf],
	'every continuation': Array.from({ length: 64 }, (_, i) => 0x80 + i),
	'a beginning and a space': [0xc3, 0x20],
	'a beginning of three and one more': [0xe2, 0x82, 0x20],
	'a beginning of four and two more': [0xf0, 0x9f, 0x98, 0x20],
	'five bytes': [0xf8, 0x88, 0x80, 0x80, 0x80],
	'six bytes': [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
	'fe': [0xfe],
	'ff': [0xff],
	'an overlong slash of two': [0xc0, 0xaf],
	'an overlong slash of three': [0xe0, 0x80, 0xaf],
	'an overlong slash of four': [0xf0, 0x80, 0x80, 0xaf],
	'the largest overlong of two': [0xc1, 0xbf],
	'the largest overlong of three': [0xe0, 0x9f, 0xbf],
	'the largest overlong of four': [0xf0, 0x8f, 0xbf, 0xbf],
	'the first surrogate': [0xed, 0xa0, 0x80],
	'the last surrogate': [0xed, 0xbf, 0xbf],
	'a pair of surrogates': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
	'beyond the last plane': [0xf4, 0x90, 0x80, 0x80],
	'far beyond': [0xf7, 0xbf, 0xbf, 0xbf],
};
const KOSME = Buffer.from('κόσμε');

subject('UTF-8', [
	...GOOD.map((s) => [JSON.stringify(s), [text(s)], [s]]),
	...GOOD.map((s) => [`${JSON.stringify(s)}, each byte a piece`, pieces(TEXT, Buffer.from(s), 1), [s]]),
	...Object.entries(BAD).map(([what, list]) => [what, [text(bytes(...list))], [1007]]),
	...Object.entries(BAD).map(([what, list]) => [`${what} behind good text`, [text(Buffer.concat([KOSME, bytes(...list), KOSME]))], [1007]]),
	...Object.entries(BAD).map(([what, list]) => [`${what} as binary`, [binary(bytes(...list))], [bytes(...list)]]),
	['a character that the message ends in', [text(KOSME.subarray(0, 3))], [1007]],
	['a character that the last piece ends in', [part(KOSME.subarray(0, 2)), more(KOSME.subarray(2, 3))], [1007]],
	['bytes that are wrong, in a piece that is not the last', [part(KOSME), more(bytes(0xf4, 0x90), false)], [1007]],
	['bytes that are wrong, in a frame that is not whole', [frame({ payload: Buffer.concat([KOSME, bytes(0xf4, 0x90)]), length: 1000 })], [1007]],
	['a lonely continuation, in a frame that is not whole', [frame({ payload: bytes(0x80), length: 65536 })], [1007]],
]);

const TAKEN = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const NO_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

subject('closing', [
	['behind a message', [text('x'), close()], ['x', 1000]],
	['twice', [close(), close()], [1000]],
	['and a ping after it', [close(), ping()], [1000]],
	['and a message after it', [close(), text('x')], [1000]],
	['and pieces after it', [part('x'), close(), more('y')], [1000]],
	['behind a long message, and a ping', [text('x'.repeat(262144)), close(), ping()], ['x'.repeat(262144), 1000]],
	['without a code', [frame({ opcode: CLOSE })], [1005]],
	['of one byte', [frame({ opcode: CLOSE, payload: 'a' })], REFUSED],
	['with a reason', [close(1000, 'Hello, world!')], [1000]],
	['with the longest reason', [close(1000, 'r'.repeat(123))], [1000]],
	['with a reason that is too long', [close(1000, 'r'.repeat(124))], REFUSED],
	['with a reason that is no UTF-8', [frame({ opcode: CLOSE, payload: Buffer.concat([closePayload(1000), bytes(0xce, 0xba, 0xed, 0xa0, 0x80)]) })], [1007]],
	['in pieces', [frame({ opcode: CLOSE, payload: closePayload(1000), fin: false })], REFUSED],
	...TAKEN.map((code) => [`with code ${code}`, [close(code)], [code]]),
	...NO_CODES.map((code) => [`with code ${code}`, [close(code)], REFUSED]),
	...NO_CODES.map((code) => [`with code ${code} and a reason`, [close(code, 'because')], REFUSED]),
]);

/* ---- limits ---- */

promise('messages of up to 64 MiB come back, whole or in pieces, and no larger ones', NOTHING, async (w) => {
	const target = await startEcho(w);
	for (const size of [MIB / 4, MIB, 4 * MIB, 16 * MIB, LIMIT]) {
		const payload = Buffer.alloc(size, 'escrow chat ');
		await (await Line.open(w, target)).exchange(`binary of ${size}`, [binary(payload)], [payload]);
		if (size <= 16 * MIB)
			await (await Line.open(w, target)).exchange(`text of ${size}`, [text(payload)], [payload.toString()]);
	}
	for (const size of [64, 256, 4096, 65536, MIB]) {
		const payload = Buffer.alloc(MIB, 'pieces ');
		await (await Line.open(w, target)).exchange(`pieces of ${size}`, pieces(TEXT, payload, size), [payload.toString()]);
		await (await Line.open(w, target)).exchange(`binary pieces of ${size}`, pieces(BINARY, payload, size), [payload]);
	}
	await (await Line.open(w, target)).exchange('one byte too many', [binary('', { length: LIMIT + 1 })], [1009]);
	const half = Buffer.alloc(LIMIT / 2);
	await (await Line.open(w, target)).exchange('one byte too many in pieces', [part(half, BINARY), more(half, false), frame({ opcode: 0, payload: '', length: 1 })], [1009]);
});

promise('a thousand messages on one connection come back in order, of any size', NOTHING, async (w) => {
	const target = await startEcho(w);
	for (const size of [0, 16, 64, 256, 1024, 4096]) {
		const all = Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(size, '*'));
		await (await Line.open(w, target)).exchange(`messages of ${size}`, all.map((m) => text(m)), all);
	}
});

/* ---- compression ---- */

const OFFERS = [
	'permessage-deflate',
	'permessage-deflate; client_no_context_takeover',
	'permessage-deflate; server_no_context_takeover',
	'permessage-deflate; client_max_window_bits',
	'permessage-deflate; client_max_window_bits=9; server_max_window_bits=9',
	'permessage-deflate; server_max_window_bits=15; client_max_window_bits=15; client_no_context_takeover; server_no_context_takeover',
	'permessage-foo, permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10',
];
const NO_OFFERS = [
	'permessage-deflate; server_max_window_bits=16',
	'permessage-deflate; server_max_window_bits=7',
	'permessage-deflate; server_max_window_bits',
	'permessage-deflate; client_max_window_bits=0',
	'permessage-deflate; client_no_context_takeover=1',
	'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
	'permessage-deflate; what=ever',
	'x-webkit-deflate-frame',
];
const squeezed = (payload, opcode = TEXT) => frame({ opcode, payload: deflate(payload, 9), rsv: 4 });
const SAMPLE = JSON.stringify(Array.from({ length: 300 }, (_, i) => ({ id: i, content: `message ${i} of many that are much alike` })));

promise('compression is negotiated where the offer is good, and only where it was asked for', NOTHING, async (w) => {
	const target = await startEcho(w, '--deflate'), plain = await startEcho(w);
	for (const extensions of OFFERS) {
		const line = await Line.open(w, target, { extensions });
		assert.match(line.ws.extensions, /^permessage-deflate; server_no_context_takeover; client_no_context_takeover/, extensions);
		await line.exchange(extensions, [squeezed(SAMPLE), text(SAMPLE), squeezed('')], [SAMPLE, SAMPLE, '']);
	}
	for (const extensions of [...NO_OFFERS, undefined]) {
		const line = await Line.open(w, target, { extensions });
		assert.equal(line.ws.extensions, '', extensions);
		await line.exchange(extensions, [text(SAMPLE)], [SAMPLE]);
		await (await Line.open(w, target, { extensions })).exchange(`${extensions}: a compressed frame`, [squeezed(SAMPLE)], REFUSED);
	}
	assert.equal((await Line.open(w, plain, { extensions: OFFERS[0] })).ws.extensions, '');
});

promise('compressed messages come back, of every size, whole and in pieces', NOTHING, async (w) => {
	const target = await startEcho(w, '--deflate'), [extensions] = OFFERS;
	const open = () => Line.open(w, target, { extensions });
	for (const size of [16, 64, 256, 1024, 4096, 65536, MIB, 16 * MIB]) {
		const payload = Buffer.alloc(size, SAMPLE);
		await (await open()).exchange(`text of ${size}`, [squeezed(payload)], [payload.toString()]);
		await (await open()).exchange(`binary of ${size}`, [squeezed(payload, BINARY)], [payload]);
	}
	const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 31 + i * 7) & 255));
	await (await open()).exchange('what does not compress', [squeezed(noise, BINARY)], [noise]);
	for (const size of [1, 7, 100]) {
		const all = pieces(TEXT, deflate(SAMPLE), size);
		all[0][0] |= 0x40;
		await (await open()).exchange(`pieces of ${size}`, [all[0], ping('between'), ...all.slice(1)], [ponged('between'), SAMPLE]);
	}
	const many = Array.from({ length: 1000 }, (_, i) => `message ${i} `.repeat(20));
	await (await open()).exchange('a thousand', many.map((m) => squeezed(m)), many);
});

promise('what is wrong about compressed frames closes the connection', NOTHING, async (w) => {
	const target = await startEcho(w, '--deflate'), [extensions] = OFFERS;
	const first = frame({ payload: deflate(SAMPLE).subarray(0, 50), rsv: 4, fin: false });
	const bomb = deflate(Buffer.alloc(LIMIT + 1));
	for (const [what, frames, code] of [
		['a compressed ping', [ping('x', { rsv: 4 })], 1002],
		['a compressed close', [frame({ opcode: CLOSE, payload: closePayload(1000), rsv: 4 })], 1002],
		['a continuation that says it is compressed', [first, frame({ opcode: 0, payload: deflate(SAMPLE).subarray(50), rsv: 4 })], 1002],
		['another reserved bit', [text('x', { rsv: 2 })], 1002],
		['bytes that are not compressed', [frame({ payload: bytes(0xff, 0xff, 0xff, 0xff, 0xff), rsv: 4 })], 1007],
		['text that is no UTF-8 inside', [frame({ payload: deflate(bytes(0xce, 0xba, 0xff)), rsv: 4 })], 1007],
		['more than the limit inside', [frame({ opcode: BINARY, payload: bomb, rsv: 4 })], 1009],
	])
		await (await Line.open(w, target, { extensions })).exchange(what, frames, [code]);
});
