#!/usr/bin/env node
// SPDX-License-Identifier: ISC
// recorder.mjs - stands in for both programs and answers with what reached it, as JSON: what a web
// server passes on, and what it does not. Speaks HTTP; started by a web server it is FastCGI on
// descriptor 0, or CGI.

import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;

/** HTTP: {method, url, headers: [[name, value]…]}, on a Unix socket or port. Resolves to the
 * server. */
export function recordHttp(where) {
	return listening(http.createServer((req, res) => {
		const headers = [];
		for (let i = 0; i < req.rawHeaders.length; i += 2)
			headers.push([req.rawHeaders[i], req.rawHeaders[i + 1]]);
		res.setHeader('Content-Type', 'application/json');
		req.resume().on('end', () => res.end(JSON.stringify({ method: req.method, url: req.url, headers })));
	}), where);
}

/** FastCGI: {params: {NAME: value}}, likewise; where may be {fd: 0}. */
export function recordFcgi(where) {
	return listening(net.createServer((socket) => {
		let input = Buffer.alloc(0), params = Buffer.alloc(0);
		socket.on('error', () => {});
		socket.on('data', (piece) => {
			input = Buffer.concat([input, piece]);
			while (input.length >= 8 && input.length >= 8 + input.readUInt16BE(4) + input[6]) {
				const type = input[1], id = input.readUInt16BE(2), size = input.readUInt16BE(4);
				const content = input.subarray(8, 8 + size);
				input = input.subarray(8 + size + input[6]);
				if (type === PARAMS)
					params = Buffer.concat([params, content]);
				else if (type === BEGIN)
					params = Buffer.alloc(0);
				else if (type === STDIN && size === 0)
					answer(socket, id, { params: pairs(params) });
			}
		});
	}), where);
}

function listening(server, where) {
	return new Promise((resolve, reject) => server.on('error', reject).listen(where, () => resolve(server)));
}

function pairs(bytes) {
	const found = {};
	let at = 0;
	const length = () => (bytes[at] & 0x80 ? ((at += 4), bytes.readUInt32BE(at - 4) & 0x7fffffff) : bytes[at++]);
	while (at < bytes.length) {
		const name = length(), value = length();
		found[bytes.toString('utf8', at, at + name)] = bytes.toString('utf8', at + name, at + name + value);
		at += name + value;
	}
	return found;
}

function record(type, id, content) {
	const head = Buffer.alloc(8);
	head[0] = 1;
	head[1] = type;
	head.writeUInt16BE(id, 2);
	head.writeUInt16BE(content.length, 4);
	return Buffer.concat([head, content]);
}

function page(what) {
	return `Status: 200 OK\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(what)}`;
}

function answer(socket, id, what) {
	socket.end(Buffer.concat([record(STDOUT, id, Buffer.from(page(what))), record(STDOUT, id, Buffer.alloc(0)), record(END, id, Buffer.alloc(8))]));
}

if (fs.realpathSync(process.argv[1]) === fs.realpathSync(new URL(import.meta.url).pathname)) {
	if (process.env.GATEWAY_INTERFACE)
		process.stdout.write(page({ params: process.env, args: process.argv.slice(2) }));
	else
		await recordFcgi({ fd: 0 });
}
