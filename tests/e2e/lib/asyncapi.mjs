// SPDX-License-Identifier: ISC
// asyncapi.mjs - GET /api/asyncapi.json as a judge: the clients of the tests hand it each event and
// each acknowledgement that they see, and what the document does not describe is a fault.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { Schemas } from './schema.mjs';
import { FCGI } from './world.mjs';

const FAULTS_MAX = 5; // of one scene: more say nothing new

/** The document that escrowchat.fcgi gives. */
function read() {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'escrowchat-asyncapi-'));
	const config = path.join(dir, 'escrowchat.conf'), where = '/api/asyncapi.json';
	fs.writeFileSync(config, `auth = open\ndatabase = ${path.join(dir, 'chat.db')}\n`);
	const { stdout, stderr } = spawnSync(FCGI, [], {
		env: {
			...process.env, GATEWAY_INTERFACE: 'CGI/1.1', SERVER_PROTOCOL: 'HTTP/1.1', REQUEST_METHOD: 'GET', REQUEST_URI: where,
			SCRIPT_NAME: '', PATH_INFO: where, QUERY_STRING: '', REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost', ESCROWCHAT_CONFIG: config,
		},
		encoding: 'utf8',
	});
	fs.rmSync(dir, { recursive: true, force: true });
	const at = stdout?.indexOf('\r\n\r\n') ?? -1;
	if (at < 0)
		throw new Error(`escrowchat.fcgi gives no ${where}: ${stderr}`);
	return JSON.parse(stdout.slice(at));
}

export class Contract {
	/** "native chat_message": the events that a wire brought; "native answer chat_message". */
	seen = new Set();
	faults = [];

	constructor(document) {
		this.document = document;
		this.schemas = new Schemas(document);
	}

	/** The key of an event of the server on that wire; names that are not the server's are the
	 * platform's. */
	#key(wire, event) {
		const key = `server_${event}`;
		return key in this.document.channels[wire].messages || key in this.document.components.schemas ? key : 'platform_event';
	}

	#judge(what, wire, key, payload) {
		const message = this.document.channels[wire].messages[key];
		const fault = message ? this.schemas.fault(message.payload, payload) : 'this wire has no such message';
		this.seen.add(what);
		if (fault)
			this.#complain(`${what}: ${fault}`, payload);
	}

	#complain(why, payload) {
		if (this.faults.length < FAULTS_MAX)
			this.faults.push(`asyncapi.json: ${why.slice(0, 500)}: ${JSON.stringify(payload).slice(0, 500)}`);
	}

	/** payload: the frame on /ws, else the data. */
	event(wire, event, payload) {
		this.#judge(`${wire} ${event}`, wire, this.#key(wire, event), payload);
	}

	/** An answer whose event is not known, or is none of the contract, is one of those that the
	 * wire has. */
	answer(wire, event, payload) {
		const { messages } = this.document.channels[wire], key = `answer_${event}`;
		if (key in messages)
			this.#judge(`${wire} answer ${event}`, wire, key, payload);
		else if (!Object.keys(messages).some((k) => k.startsWith('answer_') && !this.schemas.fault(messages[k].payload, payload)))
			this.#complain(`${wire}: no answer of the contract`, payload);
	}

	polled(json) {
		this.#judge('poll', 'poll', 'answer', json);
		for (const { event } of json.events)
			this.seen.add(`poll ${event}`);
	}

	/** The events and answers that the document has. */
	described() {
		const { channels } = this.document;
		const of = (wire, keys) => keys.filter((k) => k !== 'platform_event' && !k.startsWith('client_'))
			.map((k) => `${wire} ${k.startsWith('answer_') ? `answer ${k.slice(7)}` : k.slice(7)}`);
		const polled = channels.poll.messages.answer.payload.properties.events.items.anyOf
			.map(({ $ref }) => $ref.split('frame_')[1]);
		return [...['native', 'socketio', 'events', 'emit'].flatMap((wire) => of(wire, Object.keys(channels[wire].messages))), ...of('poll', polled)];
	}
}

let judge;

/** The contract of this run: read once. */
export function contract() {
	judge ??= new Contract(read());
	return judge;
}
