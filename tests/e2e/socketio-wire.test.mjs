// SPDX-License-Identifier: ISC
// socketio-wire.test.mjs - Engine.IO 4 and Socket.IO 5 by hand: every request and packet that is
// wrong has its answer, and ends at most the session it came on.

import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';

import { answerTo, ask, connected, PATH, Polling, Sock, WIRES } from './lib/engineio.mjs';
import { answers, raw, request } from './lib/http.mjs';
import { promiseOfMemory, resident } from './lib/memory.mjs';
import { until, within } from './lib/wait.mjs';
import { BUILDDIR, promise } from './lib/world.mjs';
import { frame, Refused } from './lib/ws.mjs';

const OPEN = { config: { rooms: 'open' } };
const ERRORS = ['Transport unknown', 'Session ID unknown', 'Bad handshake method', 'Bad request', 'Forbidden', 'Unsupported protocol version'];

function isError(answer, code, what) {
	assert.equal(answer.status, 400, `${what}: ${answer.body}`);
	assert.deepEqual(answer.json, { code, message: ERRORS[code] }, what);
	assert.match(answer.headers['content-type'], /^application\/json/, what);
}

/** A session that must not notice what others do. */
async function witness(w) {
	const wire = await connected(w.target, Sock, 'witness');
	let id = 0;
	wire.check = async () => assert.equal((await ask(wire, ++id, 'presence', { escrowId: 'room' })).ok, true, 'another session goes on');
	return wire;
}

promise('the handshake says what the contract says', OPEN, async (w) => {
	const polling = await Polling.open(w.target), sock = await Sock.open(w.target);
	const { sid, ...rest } = polling.open;
	assert.match(sid, /^[\w-]{20,}$/);
	assert.deepEqual(rest, { upgrades: ['websocket'], pingInterval: 25000, pingTimeout: 60000, maxPayload: 1000000 });
	assert.deepEqual({ ...sock.open, sid: 0 }, { ...rest, sid: 0, upgrades: [] });
	assert.notEqual(sock.open.sid, sid);
	const { headers, body } = await request(w.target, { path: `${PATH}?EIO=4&transport=polling&t=abc123` });
	assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
	assert.match(headers['cache-control'], /no-store/);
	assert.equal(headers['set-cookie'], undefined);
	assert.equal(body.includes('\x1e'), false);
});

const WRONG_REQUESTS = [
	['GET', '', 0], ['GET', '?', 0], ['GET', '?EIO=4', 0], ['GET', '?EIO=4&transport=tube', 0], ['GET', '?EIO=4&transport=', 0],
	['GET', '?EIO=4&transport=polling&transport=polling', 0], ['GET', '?EIO=4&transport=POLLING', 0], ['POST', '?EIO=4', 0],
	['GET', '?transport=polling', 5], ['GET', '?EIO=3&transport=polling', 5], ['GET', '?EIO=5&transport=polling', 5], ['GET', '?EIO=&transport=polling', 5],
	['GET', '?EIO=4&EIO=4&transport=polling', 5], ['GET', '?EIO=04&transport=polling', 5],
	['GET', '?EIO=4&transport=polling&sid=unknown', 1], ['POST', '?EIO=4&transport=polling&sid=unknown', 1], ['GET', '?EIO=4&transport=polling&sid=%00', 1],
	['GET', `?EIO=4&transport=polling&sid=${'x'.repeat(4000)}`, 1], ['PUT', '?EIO=4&transport=polling&sid=unknown', 1],
	['POST', '?EIO=4&transport=polling', 2], ['PUT', '?EIO=4&transport=polling', 2], ['DELETE', '?EIO=4&transport=polling', 2], ['PATCH', '?EIO=4&transport=polling', 2],
	['POST', '?EIO=4&transport=websocket', 2], ['GET', '?EIO=4&transport=websocket', 3],
];

promise('a wrong request has the code and the message of the protocol', OPEN, async (w) => {
	for (const [method, query, code] of WRONG_REQUESTS)
		isError(await request(w.target, { method, path: PATH + query, body: method === 'GET' ? undefined : '' }), code, `${method} ${query}`);
	const { sid } = (await Polling.open(w.target)).open;
	isError(await request(w.target, { path: `${PATH}?EIO=4&transport=polling&sid=${sid}&sid=${sid}` }), 1, 'two sids');
	const socket = await Sock.open(w.target);
	for (const method of ['GET', 'POST'])
		isError(await request(w.target, { method, path: `${PATH}?EIO=4&transport=polling&sid=${socket.open.sid}` }), 3, `${method} on a WebSocket's session`);
	const polling = await Polling.open(w.target);
	isError(await request(w.target, { method: 'PUT', path: polling.path, body: '' }), 3, 'PUT');
	isError(await request(w.target, { path: `${PATH}?EIO=4&transport=websocket&sid=${polling.open.sid}` }), 3, 'a WebSocket without its handshake');
	const head = answers(await raw(w.target, `HEAD ${PATH}?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), true);
	assert.deepEqual([head.length, head[0].status], [1, 400]);
	assert.equal((await request(w.target, { path: '/socket.io' })).status, 404);
	assert.equal((await request(w.target, { path: '/socket.io/socket.io.js' })).status, 404);
});

promise('a WebSocket request that is wrong is refused, not accepted', OPEN, async (w) => {
	const queries = [['', 0], ['?EIO=4&transport=polling', 3], ['?EIO=3&transport=websocket', 5], ['?EIO=4&transport=websocket&sid=unknown', 1], ['?EIO=4&transport=tube', 0]];
	for (const [query, code] of queries) {
		await assert.rejects(within(Sock.open(w.target, { path: PATH + query }), query), (error) => {
			assert.ok(error instanceof Refused, `${query}: ${error}`);
			isError({ ...error, json: JSON.parse(error.body) }, code, query);
			return true;
		});
	}
});

promise('pages of other origins are refused, those of the allowed get their headers', { config: { rooms: 'open', frontend_url: ['https://app.example', 'http://localhost:5173'] } }, async (w) => {
	const path = `${PATH}?EIO=4&transport=polling`;
	const origin = 'https://app.example';
	const good = await request(w.target, { path, headers: { Origin: origin } });
	assert.equal(good.status, 200);
	assert.equal(good.headers['access-control-allow-origin'], origin);
	assert.equal(good.headers['access-control-allow-credentials'], 'true');
	assert.match(good.headers.vary, /\borigin\b/i);
	const sid = JSON.parse(good.body.slice(1)).sid;
	const posted = await request(w.target, { method: 'POST', path: `${path}&sid=${sid}`, body: '40{"walletAddress":"alice"}', headers: { Origin: origin, 'Content-Type': 'text/plain;charset=UTF-8' } });
	assert.deepEqual([posted.status, posted.body, posted.headers['access-control-allow-origin']], [200, 'ok', origin]);
	const polled = await request(w.target, { path: `${path}&sid=${sid}`, headers: { Origin: origin } });
	assert.deepEqual([polled.status, polled.headers['access-control-allow-origin']], [200, origin], 'a held answer has them too');
	const unknown = await request(w.target, { path: `${path}&sid=unknown`, headers: { Origin: origin } });
	assert.deepEqual([unknown.status, unknown.headers['access-control-allow-origin']], [400, origin], 'a page can read the refusal');
	const preflight = await request(w.target, { method: 'OPTIONS', path, headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' } });
	assert.ok([200, 204].includes(preflight.status));
	assert.equal(preflight.headers['access-control-allow-origin'], origin);
	assert.equal(preflight.headers['access-control-allow-credentials'], 'true');
	assert.match(preflight.headers['access-control-allow-methods'], /GET.*POST/);
	assert.match(preflight.headers['access-control-allow-headers'], /content-type/i);
	const wishes = await request(w.target, { method: 'OPTIONS', path, headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'traceparent,x-tenant' } });
	assert.deepEqual([wishes.status, wishes.headers['access-control-allow-headers']], [204, 'traceparent, x-tenant']);

	for (const bad of ['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'https://app.example:444', 'null']) {
		for (const method of ['GET', 'POST', 'OPTIONS']) {
			const answer = await request(w.target, { method, path, headers: { Origin: bad }, body: method === 'POST' ? '' : undefined });
			assert.equal(answer.status, 403, `${method} from ${bad}`);
			assert.equal(answer.headers['access-control-allow-origin'], undefined);
		}
		const open = Sock.open(w.target, { headers: { Origin: bad } });
		await assert.rejects(within(open, bad), (error) => error instanceof Refused && error.status === 403);
	}
	const none = await request(w.target, { path });
	assert.deepEqual([none.status, none.headers['access-control-allow-origin']], [200, undefined]);
	await Sock.open(w.target, { headers: { Origin: origin } });
});

const BAD_ENGINE_PACKETS = ['', 'x', '7', '9', 'abc', '/', '2', '2probe', 'b!!!!', 'b4', '4', '\u0000', '😀', ' 3'];

promise('a packet that breaks Engine.IO closes its session alone', OPEN, async (w) => {
	const other = await witness(w);
	for (const packet of BAD_ENGINE_PACKETS) {
		const polling = await Polling.open(w.target);
		const answer = await polling.post(packet);
		assert.ok(answer.status === 400 || packet[0] === '4' && answer.status === 200, `${JSON.stringify(packet)}: ${answer.status} ${answer.body}`);
		isError(await polling.get(), 1, `after ${JSON.stringify(packet)}`);
		const sock = await Sock.open(w.target);
		sock.send(packet);
		if (!packet.startsWith('b'))
			await sock.gone();
		await other.check();
	}
	for (const payload of ['\x1e', '3\x1e', '\x1e3', '3\x1e\x1e3', '4\xff\xfe']) {
		const polling = await Polling.open(w.target);
		const bytes = Buffer.from(payload, 'latin1');
		const text = answers(await raw(w.target, Buffer.concat([Buffer.from(`POST ${polling.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes])));
		isError(text[0], 3, JSON.stringify(payload));
		isError(await polling.get(), 1, `after ${JSON.stringify(payload)}`);
	}
	await other.check();
});

const BAD_PACKETS = [
	'', '7', '8', 'x', '0[', '2', '2{}', '2[]', '2[1]', '2[null]', '2[["x"]]', '2[{}]', '2"x"', '2["x"', '2["x"]]', '2["x",]', '2[\'x\']', '2["x",NaN]',
	'2["\u0001"]', '2["\\ud800"', '2["connect"]', '2["connect_error"]', '2["disconnect"]', '2["disconnecting"]', '2["newListener"]', '2["removeListener"]',
	'299999999999999999999["x"]', '2-1["x"]', '21.5["x"]', '2/custom,["x"]', '2/,["x"]x', '3[]', '3', '31', '31{}', '31"x"', '3a[]', '4', '4{"message":"x"}', '1{}', '1["x"]', '15',
	'0{"walletAddress":"second"}', '0', '0[]', '0"x"', '05', '5["x"]', '5-["x"]', '51["x"]', '511-["x",{"_placeholder":true,"num":0}]', '5999999999999-["x"]', '5-1-["x"]',
	'51-{"_placeholder":true,"num":0}', '51-[{"_placeholder":true,"num":0}]', '6', '61-[]', '61-["x"]', '/custom', `2${'['.repeat(2000)}`, `2["x",${'['.repeat(500)}`,
	'/' + 'x'.repeat(5000) + ',["x"]', '2/' + 'x'.repeat(5000) + ',["x"]',
];

for (const [name, Wire] of Object.entries(WIRES)) {
	promise(`${name}: a packet that breaks Socket.IO closes its session alone`, { config: { rooms: 'open' } }, async (w) => {
		const other = await witness(w);
		for (const packet of BAD_PACKETS) {
			const wire = await connected(w.target, Wire, 'breaker');
			await wire.send(`4${packet}`);
			await wire.gone();
			await other.check();
		}
		await w.connections(1);
	});

	promise(`${name}: before CONNECT nothing is taken`, OPEN, async (w) => {
		const other = await witness(w);
		for (const packet of ['42["chat_message",{"escrowId":"room","content":"x"}]', '421["presence",{"escrowId":"room"}]', '41', '431[]', '451-["x",{"_placeholder":true,"num":0}]', '44{"message":"x"}', '40{', '40[]', '40"x"', '4']) {
			const wire = await Wire.open(w.target);
			await wire.send(packet);
			await wire.gone();
		}
		const wire = await Wire.open(w.target);
		await wire.send('40{}');
		assert.equal(await wire.next(), '44{"message":"Authentication required: wallet address missing"}');
		await wire.send('42["presence",{"escrowId":"room"}]');
		await wire.gone();
		await other.check();
	});

	promise(`${name}: a namespace can be refused, and the session goes on`, OPEN, async (w) => {
		const wire = await connected(w.target, Wire, 'alice');
		await wire.send('40/custom,{"walletAddress":"alice"}');
		assert.equal(await wire.next(), '44/custom,{"message":"Invalid namespace"}');
		await wire.send('40/a"b\\c,');
		assert.equal(await wire.next(), '44/a"b\\c,{"message":"Invalid namespace"}');
		assert.equal((await ask(wire, 1, 'presence', { escrowId: 'room' })).ok, true);
	});

	promise(`${name}: a binary event is refused from its header, and its attachments are passed over`, OPEN, async (w) => {
		const wire = await connected(w.target, Wire, 'alice');
		const attachment = name === 'polling' ? 'bAQID' : Buffer.from([1, 2, 3]);
		await wire.send('452-7["chat_message",{"escrowId":"room","content":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]');
		const refusal = await answerTo(wire, 7);
		assert.deepEqual([refusal.ok, refusal.code], [false, 'bad_request']);
		await wire.send(attachment, attachment, '428["presence",{"escrowId":"room"}]');
		assert.equal((await answerTo(wire, 8)).ok, true);
		await wire.send('451-["presence",{"_placeholder":true,"num":0}]');
		assert.match(await wire.next(), /^42\["chat_error",\{.*"bad_request"/);
		await wire.send('429["presence",{"escrowId":"room"}]');
		await wire.gone();
		const second = await connected(w.target, Wire, 'alice');
		await second.send(attachment);
		await second.gone();
	});

	promise(`${name}: DISCONNECT leaves the namespace, and the session stays for another CONNECT`, OPEN, async (w) => {
		const wire = await connected(w.target, Wire, 'alice');
		await w.connections(1);
		await wire.send('41');
		await w.connections(0);
		await wire.send('40{"walletAddress":"bob","recovery":true}');
		assert.match(await wire.next(), /^40\{"sid":"[\w-]+","pid":"[\w-]+"\}$/);
		assert.equal((await ask(wire, 1, 'presence', { escrowId: 'room' })).ok, true);
		assert.equal((await w.stats()).connections[0].walletAddress.startsWith('bob'), true);
	});

	promise(`${name}: the close packet ends the session`, OPEN, async (w) => {
		const wire = await connected(w.target, Wire, 'alice');
		await wire.send('1');
		await wire.gone();
		await w.connections(0);
	});

	promise(`${name}: the greatest acknowledgement id and odd but valid packets are fine`, OPEN, async (w) => {
		const wire = await connected(w.target, Wire, 'alice');
		assert.equal((await ask(wire, Number.MAX_SAFE_INTEGER, 'presence', { escrowId: 'room' })).ok, true);
		assert.equal((await ask(wire, 0, 'presence', { escrowId: 'room' })).ok, true);
		await wire.send('42/,5["presence",{"escrowId":"room"}]', '426[ "presence" , { "escrowId" : "room" } ]');
		assert.equal((await answerTo(wire, 5)).ok, true);
		assert.equal((await answerTo(wire, 6)).ok, true);
		await wire.send('435[]', '4399["nobody asked"]', '3', '6', '42["\\u0063hat_message"]');
		assert.match(await wire.next(), /chat_error/);
	});

	promise(`${name}: what is larger than maxPayload is refused, what is as large is not`, OPEN, async (w) => {
		const other = await witness(w);
		const wire = await connected(w.target, Wire, 'alice');
		const large = `421["chat_message",{"escrowId":"room","content":"`;
		await wire.send(large + 'x'.repeat(1000000 - large.length - 3) + '"}]');
		const refusal = await answerTo(wire, 1);
		assert.deepEqual([refusal.ok, /^(bad_request|too_long)$/.test(refusal.code)], [false, true]);
		const answer = await wire.send(large + 'x'.repeat(1000000 - large.length - 2) + '"}]');
		if (name === 'polling')
			assert.equal(answer.status, 413);
		else
			assert.equal((await wire.gone()).code, 1009);
		await other.check();
	});
}

promise('hundreds of packets in one payload are all taken, in order', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice'), bob = await connected(w.target, Sock, 'bob');
	assert.equal((await ask(bob, 1, 'subscribe_escrow', 'room')).ok, true);
	const packets = Array.from({ length: 800 }, (_, i) => `42${i}${JSON.stringify(['chat_message', { escrowId: 'room', content: `m${i}` }])}`);
	const answer = alice.send(...packets);
	const acks = [], seen = [];
	while (acks.length < 800) {
		const packet = await alice.next();
		assert.ok(packet, 'the session goes on');
		acks.push(Number(/^43(\d+)\[\{"ok":true/.exec(packet)?.[1]));
	}
	assert.deepEqual([(await answer).status, (await answer).body], [200, 'ok']);
	assert.deepEqual(acks, Array.from({ length: 800 }, (_, i) => i));
	while (seen.length < 800) {
		const packet = await bob.next();
		if (packet.startsWith('42["chat_message"'))
			seen.push(JSON.parse(packet.slice(2))[1].content);
	}
	assert.deepEqual(seen, Array.from({ length: 800 }, (_, i) => `m${i}`));
});

promise('several packets for a poller come in one answer', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice'), bob = await connected(w.target, Sock, 'bob');
	assert.equal((await ask(bob, 1, 'subscribe_escrow', 'c')).ok, true);
	await alice.send('421["presence",{"escrowId":"a"}]', '422["presence",{"escrowId":"b"}]',
		'423["chat_message",{"escrowId":"c","content":"now"}]');
	// The message reaches bob in the turn in which the last of the three answers is ready.
	while (!(await bob.next()).startsWith('42["chat_message"'))
		;
	const answer = await alice.get();
	assert.deepEqual(answer.body.split('\x1e').map((p) => p.slice(0, 3)), ['431', '432', '433']);
});

promise('two polls at once end the session', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice');
	const first = alice.get();
	await w.connections(1);
	const second = alice.get();
	const both = await Promise.all([first, second]);
	const bodies = both.map((a) => `${a.status} ${a.body}`).sort();
	assert.equal(bodies[0], '200 1');
	assert.match(bodies[1], /^400 /);
	await alice.gone();
	await w.connections(0);
});

promise('a poll that is given up is a loss', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice');
	const socket = net.connect(w.target.port, '127.0.0.1');
	socket.write(`GET ${alice.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
	await ask(await connected(w.target, Sock, 'bob'), 1, 'presence', { escrowId: 'x' });
	socket.destroy();
	await w.connections(1);
	isError(await alice.get(), 1, 'afterwards');
});

promise('a poll that the close packet has overtaken on its way is released as if it had been held', OPEN, async (w) => {
	for (let round = 0; round < 5; round++) {
		const alice = await connected(w.target, Polling, 'alice');
		const socket = () => within(new Promise((resolve) => net.connect(w.target.port, '127.0.0.1', function () { resolve(this); })), 'a connection');
		const [posting, polling] = [await socket(), await socket()];
		const pieces = [];
		polling.on('data', (data) => pieces.push(data));
		posting.write(`POST ${alice.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1`);
		polling.write(`GET ${alice.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
		const posted = [];
		posting.on('data', (data) => posted.push(data));
		await within(Promise.all([posting, polling].map((s) => new Promise((resolve) => s.on('close', resolve)))), 'both answers');
		const [answer] = answers(Buffer.concat(pieces).toString());
		assert.deepEqual([answer.status, answer.body], [200, '6']);
		assert.deepEqual(answers(Buffer.concat(posted).toString()).map((a) => [a.status, a.body]), [[200, 'ok']]);
		isError(await alice.get(), 1, 'the next poll');
	}
});

promise('after the answer to a close packet the session is unknown', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice');
	assert.equal((await alice.post('1')).body, 'ok');
	isError(await alice.get(), 1, 'a poll');
	const bob = await connected(w.target, Polling, 'bob');
	const posted = bob.post('1');
	await w.connections(0);
	isError(await bob.post('3'), 1, 'a post');
	assert.equal((await posted).body, 'ok');
});

promise('the upgrade: probe, noop for the held poll, and what waited comes first', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice');
	const held = alice.get();
	const probe = await Sock.open(w.target, { path: `${PATH}?EIO=4&transport=websocket&sid=${alice.open.sid}` });
	probe.send('2probe');
	assert.equal(await probe.next(), '3probe');
	assert.equal((await held).body, '6');
	await alice.send('421["presence",{"escrowId":"room"}]');
	probe.send('5', '422["presence",{"escrowId":"room"}]');
	assert.match(await probe.next(), /^431\[/);
	assert.match(await probe.next(), /^432\[/);
	isError(await alice.get(), 3, 'a poll after it');
	const second = await Sock.open(w.target, { path: `${PATH}?EIO=4&transport=websocket&sid=${alice.open.sid}` });
	await second.gone();
	assert.equal((await ask(probe, 3, 'presence', { escrowId: 'room' })).ok, true, 'the first goes on');
	assert.deepEqual((await w.stats()).connections.map((c) => c.transport), ['websocket']);
});

promise('a probe that goes wrong leaves the polling session as it was', OPEN, async (w) => {
	const alice = await connected(w.target, Polling, 'alice');
	for (const packet of ['x', '2', '2prob', '3probe', '42["x"]', '1', '']) {
		const probe = await Sock.open(w.target, { path: `${PATH}?EIO=4&transport=websocket&sid=${alice.open.sid}` });
		probe.send(packet);
		await probe.gone();
		assert.equal((await ask(alice, 1, 'presence', { escrowId: 'room' })).ok, true, packet);
	}
	const probe = await Sock.open(w.target, { path: `${PATH}?EIO=4&transport=websocket&sid=${alice.open.sid}` });
	const twice = await Sock.open(w.target, { path: `${PATH}?EIO=4&transport=websocket&sid=${alice.open.sid}` });
	await twice.gone();
	await probe.ws.destroy();
	assert.equal((await ask(alice, 1, 'presence', { escrowId: 'room' })).ok, true);
});

promise('WebSocket frames that break their protocol close that session alone', OPEN, async (w) => {
	const other = await witness(w);
	for (const bad of [{ payload: '2', mask: null }, { payload: '2', rsv: 4 }, { opcode: 3, payload: '2' }, { payload: Buffer.from([0x34, 0xff]) }, { opcode: 0, payload: '2' }]) {
		const wire = await connected(w.target, Sock, 'alice');
		wire.ws.write(frame(bad));
		await wire.gone();
		await other.check();
	}
});

promise('the deadline of a heartbeat is exact, though the ping itself was late', { daemon: false }, async (w) => {
	const echo = w.start('eio-echo', path.join(BUILDDIR, 'tests/echo/eio-echo'), ['--listen', '127.0.0.1:0']);
	const target = { port: Number((await echo.line(/listening on 127\.0\.0\.1:(\d+)/))[1]) };
	const from = (t) => new Promise((resolve) => setTimeout(resolve, t - performance.now()));
	const { body } = await request(target, { path: '/engine.io/?EIO=4&transport=polling' });
	const begun = performance.now();
	const { sid, pingInterval, pingTimeout } = JSON.parse(body.slice(1));
	echo.signal('SIGSTOP');
	await from(begun + pingInterval + pingTimeout / 4);
	echo.signal('SIGCONT');
	await from(begun + pingInterval + pingTimeout + 1);
	isError(await request(target, { path: `/engine.io/?EIO=4&transport=polling&sid=${sid}` }), 1, 'after pingInterval + pingTimeout');
});

promise('a client that does not CONNECT in time is closed, whatever else it sends', { daemon: false }, async (w) => {
	const echo = w.start('sio-echo', path.join(BUILDDIR, 'tests/echo/sio-echo'), ['--listen', '127.0.0.1:0']);
	const target = { port: Number((await echo.line(/listening on 127\.0\.0\.1:(\d+)/))[1]) };
	/** Answers that many pings; false: it was closed before. A late answer closes it too. */
	const answersPings = async (wire, n) => {
		for (let i = 0, packet; i < n; i += packet === '2') {
			packet = await wire.next();
			if (packet === null || (packet === '2' && (await wire.send('3'))?.status === 400))
				return false;
		}
		return true;
	};
	const LONGER = 6; // pings, than the time to CONNECT
	for (const Wire of Object.values(WIRES)) {
		assert.equal(await answersPings(await Wire.open(target), 100), false, 'it stays');
		const known = await until('one who has connected to stay', async () => {
			const wire = await Wire.open(target);
			await wire.send('40');
			assert.match(await wire.next(), /^40\{"sid":/);
			return await answersPings(wire, LONGER) && wire;
		});
		await known.send('41'); // it is in no namespace any more
		assert.equal(await answersPings(known, 100), false, 'it stays');
	}
});

promise('pings come at their times, however long their answers take', { daemon: false }, async (w) => {
	const echo = w.start('eio-echo', path.join(BUILDDIR, 'tests/echo/eio-echo'), ['--listen', '127.0.0.1:0']);
	const target = { port: Number((await echo.line(/listening on 127\.0\.0\.1:(\d+)/))[1]) };
	// A machine that is busy delays this client too: once in many times is enough, and never
	// where answers delay the pings.
	await until('the last of some pings to come at its time', async () => {
		const wire = await Sock.open(target, { path: '/engine.io/?EIO=4&transport=websocket' });
		const { pingInterval, pingTimeout } = wire.open, begun = performance.now(), pings = 8;
		for (let i = 1; i <= pings; i++) {
			if (await wire.next() !== '2')
				return false;
			if (i < pings)
				setTimeout(() => wire.send('3'), pingTimeout / 2);
		}
		const late = performance.now() - begun - pings * pingInterval;
		await wire.ws.destroy();
		return late < (pings - 1) * pingTimeout / 2 * 0.8;
	});
});

promise('handshakes that never come back do not fill the table', { config: { rooms: 'open', max_connections: 50 } }, async (w) => {
	const other = await witness(w);
	const storm = [];
	for (let i = 0; i < 300; i++)
		storm.push(await Polling.open(w.target));
	const alive = [];
	for (const [i, wire] of storm.entries()) {
		if ((await wire.post('3')).status === 200)
			alive.push(i);
	}
	assert.ok(alive.length > 0 && alive.length <= 6, `${alive.length} are left`);
	assert.deepEqual(alive, alive.map((_, i) => 300 - alive.length + i), 'the newest are');
	await other.check();
	await connected(w.target, Polling, 'alice');
});

promise('WebSockets that never CONNECT go, the oldest first, and who is known stays', { config: { rooms: 'open', max_connections: 50 } }, async (w) => {
	const other = await witness(w);
	const storm = [];
	for (let i = 0; i < 30; i++)
		storm.push(await Sock.open(w.target));
	await until('most of them to be closed', () => storm.filter((s) => !s.end).length <= 6);
	assert.ok(storm.slice(-5).every((s) => !s.end));
	await other.check();
	const late = storm.at(-1);
	late.send('40{"walletAddress":"late"}');
	assert.match(await late.next(), /^40\{"sid"/);
	for (let i = 0; i < 10; i++)
		await Sock.open(w.target);
	assert.equal((await ask(late, 1, 'presence', { escrowId: 'room' })).ok, true);
});

promiseOfMemory('refused CONNECTs and sessions left behind cost no memory that stays', { config: { rooms: 'open', max_connections: 1000 } }, async (w) => {
	const asked = async () => {
		const wire = await Polling.open(w.target);
		await wire.send('40{}');
		await wire.send('40/x,');
	};
	for (let i = 0; i < 300; i++)
		await asked();
	const before = resident(w.daemon.pid);
	for (let i = 0; i < 1000; i++)
		await asked();
	const growth = resident(w.daemon.pid) - before;
	assert.ok(growth < 16e6, `it grew by ${growth} bytes`);
});

promiseOfMemory('a poller that never polls is held up, and the daemon stays small', { config: { rooms: 'open' } }, async (w) => {
	const greedy = await connected(w.target, Polling, 'greedy'), alice = await connected(w.target, Sock, 'alice');
	await ask(alice, 1, 'chat_message', { escrowId: 'room', content: 'x'.repeat(5000) });
	await ask(alice, 2, 'subscribe_escrow', 'room');
	const before = resident(w.daemon.pid);
	const packets = Array.from({ length: 5000 }, (_, i) => `42${i}["history",{"escrowId":"room"}]`);
	const answer = greedy.send(...packets).then((a) => a.status, () => 'broken');
	for (let i = 3; i < 50; i++)
		assert.equal((await ask(alice, i, 'chat_message', { escrowId: 'room', content: `m${i}` })).ok, true);
	assert.ok(resident(w.daemon.pid) - before < 20e6);
	for (let i = 0; i < 5000;) {
		const packet = await greedy.next();
		assert.ok(packet, 'the session goes on');
		assert.ok(packet.startsWith(`43${i++}[`), packet.slice(0, 20));
	}
	assert.equal(await answer, 200);
});
