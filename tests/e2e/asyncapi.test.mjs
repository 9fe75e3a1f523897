// SPDX-License-Identifier: ISC
// asyncapi.test.mjs - GET /api/asyncapi.json says what the daemon does: the official parser accepts
// it, and each event and acknowledgement, on every wire, is one that it describes. The clients in
// lib/ judge every other test by the same document.

import assert from 'node:assert/strict';

import { Contract, contract } from './lib/asyncapi.mjs';
import { Client, SUBPROTOCOL } from './lib/client.mjs';
import { ask } from './lib/fastcgi.mjs';
import { load } from './lib/modules.mjs';
import { Schemas } from './lib/schema.mjs';
import { SocketClient } from './lib/socketio.mjs';
import { emit, EventStream, poll } from './lib/stream.mjs';
import { until } from './lib/wait.mjs';
import { bearer, newWallet, signIn } from './lib/wallets.mjs';
import { promise } from './lib/world.mjs';

const { Parser } = load('@asyncapi/parser');
const OTHER_LOG = '0123456789abcdef-7'; // a cursor that leads to gap
const ERROR = 0, WARNING = 1;
const isExpiring = (what) => what.endsWith(' token_expiring');

async function served(w, path = '/api/asyncapi.json') {
	const socket = w.path('fcgi.sock');
	if (!w.fcgi)
		await w.startFcgi(socket);
	const { status, json } = await ask(socket, { path });
	assert.equal(status, 200);
	return json;
}

/** What the parser complains of. */
async function complaints(document) {
	const { diagnostics } = await new Parser().parse(JSON.stringify(document));
	return diagnostics.filter((d) => d.severity === ERROR || d.severity === WARNING).map((d) => `${d.code} ${d.path.join('.')}: ${d.message}`);
}

promise('the official parser accepts the document', { daemon: false }, async (w) => {
	const document = await served(w);
	assert.equal(document.asyncapi, '3.0.0');
	assert.deepEqual(await complaints(document), []);
	const broken = structuredClone(document);
	delete broken.channels.native.messages.server_hello;
	assert.notDeepEqual(await complaints(broken), [], 'it would say so');
});

promise('each example is as its message is described', { daemon: false }, async (w) => {
	const document = await served(w), schemas = new Schemas(document);
	for (const [wire, { messages }] of Object.entries(document.channels)) {
		for (const [key, { payload, examples }] of Object.entries(messages)) {
			assert.ok(examples.length > 0);
			for (const example of examples)
				assert.equal(schemas.fault(payload, example.payload), undefined, `${wire} ${key}`);
		}
	}
});

/** The schema without the members that explain it. */
function bare(schema) {
	if (Array.isArray(schema))
		return schema.map(bare);
	if (schema === null || typeof schema !== 'object')
		return schema;
	const notes = ['description', 'example', 'examples', 'title'];
	return Object.fromEntries(Object.entries(schema).filter(([k, v]) => !notes.includes(k) || typeof v === 'object' && !Array.isArray(v))
		.map(([k, v]) => [k, bare(v)]));
}

promise('a type that REST has too is the same there', { daemon: false }, async (w) => {
	const events = (await served(w)).components.schemas, rest = (await served(w, '/api/openapi.json')).components.schemas;
	const both = Object.keys(events).filter((name) => name in rest);
	assert.ok(both.includes('Message') && both.includes('Wallet'), both.join());
	for (const name of both)
		assert.deepEqual(bare(events[name]), bare(rest[name]), name);
});

/** Somebody on each wire: {wallet, say(event, data), until(event)}. Their first events are those of
 * a lost cursor. */
const WIRES = {
	async native(w, wallet) {
		const client = await w.client(wallet, { query: { cursor: OTHER_LOG } });
		await client.subscribe('42', OTHER_LOG);
		await client.subscribe('43');
		return { wallet, say: (event, data) => client.ok(event, data), wrong: () => client.say('no_such', {}), until: (event) => client.event(event) };
	},
	async socketio(w, wallet) {
		const client = await SocketClient.open(w, wallet, { transports: ['websocket'] });
		await client.ok('subscribe_escrow', { escrowId: '42', cursor: OTHER_LOG });
		await client.subscribe('43');
		return { wallet, say: (event, data) => client.ok(event, data), wrong: () => client.say('no_such', {}), until: (event) => client.event(event) };
	},
	async events(w, wallet) {
		const stream = await EventStream.hello(w.target, wallet, { rooms: ['42', '43'], cursor: OTHER_LOG, client: 's' });
		return {
			wallet, say: (event, data) => said(w, wallet, 's', event, data), until: (event) => stream.event(event),
			beat: () => until('a heartbeat', () => stream.heartbeats > 0),
		};
	},
	async poll(w, wallet) {
		const query = { rooms: ['42', '43'], client: 'p' };
		let events = [], cursor = OTHER_LOG;
		return {
			wallet, say: (event, data) => said(w, wallet, 'p', event, data),
			until: async (event) => {
				if (event === 'chat_error')
					return removedWhilePolling(w, wallet);
				while (!events.some((e) => e.event === event)) {
					const { json, body } = await poll(w.target, wallet, { ...query, cursor, timeout: 60 });
					assert.ok(json.events, body);
					events.push(...json.events);
					cursor = json.cursor;
				}
				events = events.filter((e) => e.event !== event);
			},
		};
	},
};

/** A removal is an event of a poll that is held; one that comes later names the room as refused, and
 * the scene is played again. */
async function removedWhilePolling(w, wallet) {
	for (let isTold = false; !isTold;) {
		await w.escrow('44', { bob: 'arbiter', [wallet]: 'client' });
		const { json: { cursor } } = await poll(w.target, wallet, { rooms: ['42', '44'], client: 'p' });
		const held = poll(w.target, wallet, { rooms: ['42', '44'], client: 'p', cursor, timeout: 1 });
		await w.escrow('44', { bob: 'arbiter' });
		isTold = (await held).json.events.some((e) => e.event === 'chat_error');
	}
}

async function said(w, wallet, client, event, data) {
	const { json, body } = await emit(w.target, wallet, event, data, { client });
	assert.equal(json.ok, true, body);
	return json;
}

/** Each of them gets every event that others cause. */
async function causeAll(w, everybody, bob) {
	const all = (event) => Promise.all(everybody.map((one) => one.until(event)));
	const tell = (event, data) => bob.ok(event, { escrowId: '42', ...data });
	await all('gap');
	await bob.subscribe('42');
	await all('user_joined');
	await tell('typing_start');
	await all('user_typing');
	const { message } = await bob.send('42', 'for all', { clientMsgId: 'm1' });
	await Promise.all([all('chat_message'), all('notification')]);
	for (const one of everybody)
		await one.say('message_read', { escrowId: '42', messageId: message.id });
	await all('message_read');
	await w.sqlite("INSERT INTO broadcast_queue(topic, event, data) VALUES('escrow_42', 'escrow:update', '{\"status\":\"FUNDED\"}');");
	await all('escrow:update');
	await bob.ok('unsubscribe_escrow', '42');
	await all('user_left');
	for (const one of everybody)
		one.wrong?.();
	await w.escrow('43', { bob: 'arbiter' });
	await all('chat_error');
	await Promise.all(everybody.map((one) => one.beat?.()));
}

/** Each event that a client can send, as the document's example has it. */
async function sayAll(w, everybody) {
	const { schemas } = contract(), { components, channels } = contract().document;
	const message = (await everybody[0].say('chat_message', { escrowId: '42', content: 'to be read' })).message;
	for (const one of everybody) {
		const wire = ['native', 'socketio'].includes(one.wire) ? one.wire : 'emit';
		const names = Object.keys(channels[wire].messages).filter((k) => k.startsWith('client_')).map((k) => k.slice(7));
		const isLast = (name) => name === 'goodbye' ? 2 : name === 'unsubscribe_escrow' ? 1 : 0;
		for (const name of names.sort((a, b) => isLast(a) - isLast(b))) {
			const [example] = channels[wire].messages[`client_${name}`].examples;
			const data = structuredClone(example.payload.data ?? example.payload);
			if ('upTo' in data)
				data.upTo = message.id;
			assert.equal(schemas.fault(components.schemas[`client_${name}`], data), undefined, name);
			await one.say(name, data);
		}
	}
}

promise('every event and every acknowledgement, on every wire, is as described', async (w) => {
	const wallets = Object.keys(WIRES), room = Object.fromEntries(['bob', ...wallets].map((name) => [name, 'client']));
	await w.escrow('42', room);
	await w.escrow('43', room);
	const everybody = [];
	for (const [wire, enter] of Object.entries(WIRES))
		everybody.push({ wire, ...await enter(w, wire) });
	const bob = await w.client('bob');
	await causeAll(w, everybody, bob);
	await sayAll(w, everybody);
	const { seen } = contract();
	assert.deepEqual(contract().described().filter((what) => !isExpiring(what) && !seen.has(what)), []);
});

promise('the end of a token is announced as described, on every wire', { web: true, config: { auth: 'wallet' }, brief: 45000 }, async (w) => {
	const wallet = newWallet();
	await w.escrow('42', { [wallet.address]: 'client' });
	const { token } = await signIn(w.web, wallet);
	await w.sqlite(`UPDATE tokens SET expires_at = ${Date.now() + 50000};`);
	const native = await Client.open(w.target, '', { protocols: [SUBPROTOCOL, `bearer.${token}`] });
	w.clients.push(native);
	const socket = await SocketClient.open(w, wallet.address, { auth: { token }, transports: ['websocket'] });
	const stream = await EventStream.hello(w.target, '', {}, { headers: bearer(token) });
	await Promise.all([native, socket, stream].map((client) => client.event('token_expiring')));
	const { json } = await poll(w.target, '', { client: 'p' }, { headers: bearer(token) });
	const told = await poll(w.target, '', { client: 'p', cursor: json.cursor, timeout: 20 }, { headers: bearer(token) });
	assert.deepEqual(told.json.events.map((e) => e.event), ['token_expiring']);
	stream.close();
	assert.deepEqual(contract().described().filter((what) => isExpiring(what) && !contract().seen.has(what)), []);
});

promise('an event that is not as described is a fault', { daemon: false }, async (w) => {
	const judge = new Contract(await served(w));
	const judged = (...args) => judge.event(...args) ?? judge.faults.splice(0).length;
	const data = { escrowId: '42', walletAddress: 'alice', isTyping: true };
	assert.equal(judged('socketio', 'user_typing', data), 0);
	assert.equal(judged('socketio', 'user_typing', { ...data, more: 1 }), 1, 'a member more');
	assert.equal(judged('socketio', 'user_typing', { ...data, isTyping: 'yes' }), 1, 'another type');
	assert.equal(judged('socketio', 'user_typing', { escrowId: '42' }), 1, 'a member less');
	assert.equal(judged('socketio', 'hello', {}), 1, 'an event of other wires');
	assert.equal(judged('native', 'user_typing', { event: 'user_typing', data, escrowId: '42' }), 0);
	assert.equal(judged('native', 'user_typing', { event: 'user_typing', data }), 1, 'a frame without its room');
	assert.equal(judged('events', 'of:the:platform', { any: ['thing'] }), 0);
	const answered = (...args) => judge.answer(...args) ?? judge.faults.splice(0).length;
	assert.equal(answered('emit', 'message_read', { ok: true, unread: 0 }), 0);
	assert.equal(answered('emit', 'message_read', { ok: true }), 1, 'the answer to another event');
	assert.equal(answered('emit', undefined, { ok: true, unread: 0 }), 0);
	assert.equal(answered('emit', undefined, { ok: true, unseen: 0 }), 1, 'the answer to no event');
});
