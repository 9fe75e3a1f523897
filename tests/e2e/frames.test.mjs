// SPDX-License-Identifier: ISC
// frames.test.mjs - RFC 6455 at /ws: each broken frame has its close code, each good one its
// effect.

import assert from 'node:assert/strict';

import { promise } from './lib/world.mjs';
import { within } from './lib/wait.mjs';
import { BINARY, CLOSE, closePayload, deferred, frame, PING, PONG, TEXT } from './lib/ws.mjs';

const bytes = (...list) => Buffer.from(list);
const CASES = [
	['an unmasked frame', [frame({ payload: 'x', mask: null })], 1002],
	['a reserved bit', [frame({ payload: 'x', rsv: 4 })], 1002],
	['another reserved bit', [frame({ payload: 'x', rsv: 1 })], 1002],
	['a reserved opcode', [frame({ opcode: 3, payload: 'x' })], 1002],
	['a reserved control opcode', [frame({ opcode: 11, payload: 'x' })], 1002],
	['a ping in pieces', [frame({ opcode: PING, payload: 'x', fin: false })], 1002],
	['a long ping', [frame({ opcode: PING, payload: 'x'.repeat(126) })], 1002],
	['a continuation of nothing', [frame({ opcode: 0, payload: 'x' })], 1002],
	['a message within a message', [frame({ payload: 'x', fin: false }), frame({ payload: 'y' })], 1002],
	['a length of 64 bits with the first one set', [bytes(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4)], 1002],
	['a length that is not the shortest', [bytes(0x81, 0xfe, 0, 5, 1, 2, 3, 4)], 1002],
	['text that is no UTF-8', [frame({ payload: bytes(0xce, 0xba, 0xff) })], 1007],
	['a surrogate in UTF-8', [frame({ payload: bytes(0xed, 0xa0, 0x80) })], 1007],
	['a character that does not end', [frame({ payload: bytes(0xe2, 0x82) })], 1007],
	['text that is wrong before its message ends', [frame({ payload: bytes(0xf4, 0x90), fin: false })], 1007],
	['binary', [frame({ opcode: BINARY, payload: 'x' })], 1003],
	['a message that is too long', [frame({ payload: '', length: 2 ** 24 })], 1009],
	['pieces that are too long together', [frame({ payload: 'x'.repeat(100000), fin: false }), frame({ opcode: 0, payload: 'x'.repeat(100000), fin: false })], 1009],
	['a close frame of one byte', [frame({ opcode: CLOSE, payload: bytes(3) })], 1002],
	['close code 0', [frame({ opcode: CLOSE, payload: closePayload(0) })], 1002],
	['close code 999', [frame({ opcode: CLOSE, payload: closePayload(999) })], 1002],
	['close code 1004', [frame({ opcode: CLOSE, payload: closePayload(1004) })], 1002],
	['close code 1005', [frame({ opcode: CLOSE, payload: closePayload(1005) })], 1002],
	['close code 1006', [frame({ opcode: CLOSE, payload: closePayload(1006) })], 1002],
	['close code 1015', [frame({ opcode: CLOSE, payload: closePayload(1015) })], 1002],
	['close code 2999', [frame({ opcode: CLOSE, payload: closePayload(2999) })], 1002],
	['close code 5000', [frame({ opcode: CLOSE, payload: closePayload(5000) })], 1002],
	['a reason that is no UTF-8', [frame({ opcode: CLOSE, payload: Buffer.concat([closePayload(1000), bytes(0xff)]) })], 1007],
	['a normal close', [frame({ opcode: CLOSE, payload: closePayload(1000, 'bye') })], 1000],
	['a private code', [frame({ opcode: CLOSE, payload: closePayload(4711) })], 4711],
	['a close without a code', [frame({ opcode: CLOSE })], 1005],
];

for (const [way, split] of [['whole', (b) => [b]], ['byte by byte', (b) => Array.from(b.subarray(0, 4000), (_, i) => b.subarray(i, i + 1)).concat([b.subarray(4000)])]]) {
	promise(`each broken frame is answered with its close code, ${way}`, async (w) => {
		for (const [what, frames, code] of CASES) {
			const client = await w.client('alice');
			for (const f of frames) {
				for (const piece of split(f))
					client.ws.write(piece);
			}
			const end = await within(client.ws.closed.promise, `a close for ${what}`);
			assert.equal(end.error, undefined, `${what}: ${end.error}`);
			assert.equal(end.code, code, what);
		}
		await w.connections(0);
	});
}

promise('a ping is answered with its payload, in the midst of a message too', async (w) => {
	const client = await w.client('alice');
	const pongs = [];
	let next = deferred();
	client.ws.onpong = (data) => {
		pongs.push(data.toString());
		next.resolve();
	};
	for (const payload of ['', 'x', 'y'.repeat(125)]) {
		client.ws.ping(payload);
		await within(next.promise, 'a pong');
		next = deferred();
	}
	client.ws.write(frame({ payload: '{"event":"presence","data"', fin: false }));
	client.ws.ping('between');
	await within(next.promise, 'a pong in the midst of a message');
	client.ws.write(frame({ opcode: 0, payload: ':{"escrowId":"x"}}' }));
	assert.equal((await client.event('chat_error')).data.code, 'not_participant');
	assert.deepEqual(pongs, ['', 'x', 'y'.repeat(125), 'between']);
});

promise('a pong that nobody asked for is no fault', async (w) => {
	const client = await w.client('alice');
	client.ws.write(frame({ opcode: PONG, payload: 'hello' }));
	await client.refused('not_participant', 'presence', { escrowId: 'x' });
});

promise('a message may come in pieces of any size', async (w) => {
	await w.escrow('42', { alice: 'client' });
	const client = await w.client('alice');
	const text = Buffer.from(JSON.stringify({ event: 'chat_message', data: { escrowId: '42', content: 'größer als 😀' } }));
	await client.subscribe('42');
	for (const size of [1, 2, 3, 7, text.length]) {
		const pieces = [];
		for (let at = 0; at < text.length; at += size)
			pieces.push(frame({ opcode: at ? 0 : TEXT, payload: text.subarray(at, at + size), fin: at + size >= text.length }));
		client.ws.write(frame({ opcode: PING }));
		client.ws.write(Buffer.concat(pieces));
		await client.message('größer als 😀');
	}
	client.ws.write(Buffer.concat([frame({ fin: false }), frame({ opcode: 0, fin: false }), frame({ opcode: 0, payload: text })]));
	await client.message('größer als 😀');
});

promise('an event as large as the limit is taken, and a larger one refused in its acknowledgement', { config: { rooms: 'open' } }, async (w) => {
	const client = await w.client('alice');
	const sized = (n) => ({ escrowId: 'x', filler: 'f'.repeat(n) });
	assert.equal((await client.ask('presence', sized(65000))).ok, true);
	client.say('presence', sized(100000));
	assert.equal((await client.event('chat_error')).data.code, 'too_long');
	await client.ok('presence', { escrowId: 'x' });
});

promise('masks of zero and many frames at once are read as any other', { config: { rooms: 'open' } }, async (w) => {
	const client = await w.client('alice');
	const one = (content) => frame({ payload: JSON.stringify({ event: 'chat_message', data: { escrowId: 'x', content } }), mask: Buffer.alloc(4) });
	await client.subscribe('x');
	client.ws.write(Buffer.concat(Array.from({ length: 300 }, (_, i) => one(`n${i}`))));
	await client.message('n299');
	assert.deepEqual(client.all('chat_message').map((m) => m.data.content), Array.from({ length: 300 }, (_, i) => `n${i}`));
});
