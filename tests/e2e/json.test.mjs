// SPDX-License-Identifier: ISC
// json.test.mjs - JSON that is valid, but not what a program of ours would write: numbers of any
// size, halves of characters, deep nesting. What can be delivered is delivered as it was written;
// what cannot be is answered, and no connection ends.

import assert from 'node:assert/strict';

import { Polling, Sock, answerTo, connected } from './lib/engineio.mjs';
import { request } from './lib/http.mjs';
import { url } from './lib/stream.mjs';
import { within } from './lib/wait.mjs';
import { promise } from './lib/world.mjs';
import { WebSocket } from './lib/ws.mjs';

const OPEN = { web: true, config: { rooms: 'open' } };
const NUMBERS = ['25000000000000000000', '-25000000000000000000', '18446744073709551616', '-0', '1.0', '0.10', '1e21', '-1E+400', '1e-999', '9'.repeat(400)];
const DATA = `{"n":[${NUMBERS.join(',')}]}`;

/** A native client that keeps the texts of its frames: {send(text), until(pattern)}. */
async function texts(target, wallet) {
	const log = [], waiters = [];
	const ws = await within(WebSocket.connect(target, {
		path: `/ws?walletAddress=${wallet}`,
		onmessage: (text) => {
			log.push(text);
			waiters.splice(0).forEach((again) => again());
		},
	}), 'the connection');
	const until = async (pattern) => {
		for (;;) {
			const found = log.find((text) => pattern.test(text));
			if (found)
				return found;
			await within(new Promise((resolve) => waiters.push(resolve)), `${pattern}; so far ${log.join('\n').slice(-500)}`);
		}
	};
	return { send: (text) => ws.send(text), until, ws };
}

/** Reads packets up to one that matches. */
async function packet(wire, pattern) {
	for (;;) {
		const text = await wire.next();
		assert.notEqual(text, null, `the session ended before ${pattern}`);
		if (pattern.test(text))
			return text;
	}
}

promise('a number reaches every wire digit by digit, whatever door it came by', OPEN, async (w) => {
	const { cursor: begin } = (await request(w.target, { path: url('/poll', 'carol', { rooms: ['42'] }) })).json;
	const alice = await texts(w.target, 'alice'), bob = await connected(w.target, Sock, 'bob'), dave = await connected(w.target, Polling, 'dave');
	alice.send('{"event":"subscribe_escrow","data":{"escrowId":"42"},"ack":1}');
	await alice.until(/"ack":1/);
	for (const wire of [bob, dave]) {
		await wire.send('421["subscribe_escrow","42"]');
		await answerTo(wire, 1);
	}
	const publish = async (where, body, headers) => assert.equal((await w.service('POST', where, body, headers)).status, 202);
	await publish('/api/escrows/42/events', `{"event":"a:rest","data": ${DATA.replaceAll(',', ' , ')} }`);
	await publish('/api/publish', `[ {"event":"a:list","escrowId":"42","data":${DATA}} ]`);
	await publish('/api/publish', `{"event":"a:lines","escrowId":"42","data":${DATA}}\n`, { 'Content-Type': 'application/x-ndjson' });
	assert.equal((await w.ctl('publish', '--config', w.configFile, '--room', '42', 'a:ctl', DATA)).code, 0);
	await w.sqlite(`INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42', 'a:table', '${DATA}');`);
	await alice.until(/a:table"/); // then all of it is in the log
	const polled = await request(w.target, { path: url('/poll', 'carol', { rooms: ['42'], cursor: begin, timeout: 0 }) });
	const sse = await within(new Promise((resolve, reject) => {
		let text = '';
		fetch(`http://127.0.0.1:${w.target.port}${url('/events', 'erin', { rooms: ['42'], cursor: begin })}`).then(async (answer) => {
			for await (const piece of answer.body) {
				text += Buffer.from(piece).toString();
				if (text.includes('event: a:table\n') && text.endsWith('\n\n'))
					break;
			}
			resolve(text);
		}, reject);
	}), 'the stream');
	for (const door of ['rest', 'list', 'lines', 'ctl', 'table']) {
		const event = new RegExp(`a:${door}"`);
		for (const text of [await alice.until(event), await packet(bob, event), await packet(dave, event)])
			assert.ok(text.includes(DATA), `${door}: ${text.slice(0, 300)}`);
		assert.ok(new RegExp(`event: a:${door}\\n(id: [^\\n]*\\n)?data: .*`).test(sse), `${door}: ${sse.slice(0, 300)}`);
	}
	assert.equal(polled.body.split(DATA).length, 6, polled.body.slice(0, 500));
	assert.equal(sse.split(DATA).length, 6, sse.slice(0, 500));
});

promise('a notification keeps its digits too', OPEN, async (w) => {
	const alice = await texts(w.target, 'alice');
	const answer = await w.service('POST', '/api/users/alice/notifications', '{"type":"t","title":"t","message":"m","amount":25000000000000000000}');
	assert.equal(answer.status, 202, answer.body);
	assert.match(await alice.until(/"notification"/), /"amount":25000000000000000000[,}]/);
});

promise('half a character becomes U+FFFD, in any member and in CONNECT, and ends nothing', OPEN, async (w) => {
	const alice = await texts(w.target, 'alice');
	const bob = await connected(w.target, Sock, 'bob', { extra: '\ud83d' });
	await bob.send('421["subscribe_escrow","42"]');
	await answerTo(bob, 1);
	alice.send('{"event":"subscribe_escrow","data":"42","ack":1}');
	alice.send('{"event":"chat_message","data":{"escrowId":"42","content":"cut \\ud83d","\\ude00":"\\ude00"},"ack":2}');
	assert.match(await alice.until(/"ack":2/), /"ok":true/);
	assert.match(await packet(bob, /"chat_message"/), /"content":"cut \ufffd"/);
	await bob.send('423["chat_message",{"escrowId":"42","content":"\\udc00 cut","more":"\\ud800\\ud800"}]');
	assert.equal((await answerTo(bob, 3)).ok, true);
	assert.match(await alice.until(/ cut"/), /"content":"\ufffd cut"/);
	const sent = await w.rest('alice', 'POST', '/api/chat/42/send', '{"content":"rest \\ud83d"}');
	assert.equal(sent.status, 201, sent.body);
	assert.match(await alice.until(/rest/), /"content":"rest \ufffd"/);
});

promise('valid JSON beyond a limit is answered by its acknowledgement, and the session lives', OPEN, async (w) => {
	const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
	const alice = await texts(w.target, 'alice');
	for (const [ack, data] of [[1, `{"escrowId":"42","more":${deep}}`], [2, '{"escrowId":"42","a\\u0000b":1}']]) {
		alice.send(`{"event":"presence","data":${data},"ack":${ack}}`);
		assert.match(await alice.until(new RegExp(`"ack":${ack}`)), /"ok":false,"code":"bad_request"/);
	}
	alice.send(`{"event":"chat_message","data":{"escrowId":"42","content":"${'x'.repeat(70000)}"},"ack":3}`);
	assert.match(await alice.until(/"ack":3/), /"ok":false,"code":"too_long"/);
	alice.send(`{"event":"presence","ack":"four","data":{"escrowId":NaN}}`);
	assert.match(await alice.until(/"ack":"four"/), /"ok":false,"code":"bad_frame"/);
	alice.send('{"event":"presence","data":{"escrowId":"42"},"ack":5}');
	assert.match(await alice.until(/"ack":5/), /"ok":true/);
	for (const Wire of [Sock, Polling]) {
		const bob = await connected(w.target, Wire, 'bob');
		await bob.send(`421["presence",{"escrowId":"42","more":${deep}}]`, '422["presence",{"escrowId":"42","a\\u0000b":1}]', `423["chat_message",{"escrowId":"42","content":"${'x'.repeat(70000)}"}]`);
		for (const [id, code] of [[1, 'bad_request'], [2, 'bad_request'], [3, 'too_long']])
			assert.equal((await answerTo(bob, id)).code, code);
		await bob.send('424["presence",{"escrowId":"42"}]');
		assert.equal((await answerTo(bob, 4)).ok, true);
	}
});
