// SPDX-License-Identifier: ISC
// http.mjs - HTTP in two ways: requests as a good client makes them, and raw bytes as nobody
// should.

import http from 'node:http';
import net from 'node:net';

import { WAIT_MS } from './wait.mjs';

/** {status, headers, body, json}; json is undefined where the body is none. An object as body is
 * sent as JSON. */
export function request(target, { method = 'GET', path = '/', headers = {}, body, agent = false } = {}) {
	const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
	const all = { ...(text !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }), ...headers };
	return new Promise((resolve, reject) => {
		const where = target.socketPath ? { socketPath: target.socketPath } : { host: '127.0.0.1', port: target.port };
		const req = http.request({ ...where, method, path, headers: all, agent, timeout: WAIT_MS }, (res) => {
			const pieces = [];
			res.on('data', (d) => pieces.push(d));
			res.on('error', reject);
			res.on('end', () => resolve(answer(res.statusCode, res.headers, Buffer.concat(pieces).toString())));
		});
		req.on('timeout', () => req.destroy(new Error(`no answer: ${method} ${path}`)));
		req.on('error', reject);
		req.end(text);
	});
}

function answer(status, headers, body) {
	let json;
	try {
		json = JSON.parse(body);
	} catch {}
	return { status, headers, body, json };
}

/** Sends bytes and reads until the server closes. Rejects if it does not. */
export function raw(target, bytes) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(target.socketPath ? { path: target.socketPath } : { host: '127.0.0.1', port: target.port });
		const pieces = [];
		const timer = setTimeout(() => {
			socket.destroy();
			reject(new Error(`not closed by the server; it said: ${Buffer.concat(pieces)}`));
		}, WAIT_MS);
		const done = () => {
			clearTimeout(timer);
			socket.destroy();
			resolve(Buffer.concat(pieces).toString('latin1'));
		};
		socket.on('connect', () => socket.write(bytes));
		socket.on('data', (d) => pieces.push(d));
		socket.on('end', done);
		socket.on('close', done);
		socket.on('error', done);
	});
}

/** All answers in what raw() read. */
export function answers(text, isHead = false) {
	const found = [];
	while (text !== '') {
		const end = text.indexOf('\r\n\r\n');
		const [line, ...fields] = text.slice(0, end).split('\r\n');
		const status = Number(/^HTTP\/1\.1 (\d{3}) .+$/.exec(line)?.[1]);
		if (end < 0 || !status)
			throw new Error(`no HTTP answer: ${JSON.stringify(text)}`);
		const headers = Object.fromEntries(fields.map((f) => [f.slice(0, f.indexOf(':')).toLowerCase(), f.slice(f.indexOf(':') + 1).trim()]));
		const size = isHead || status < 200 || status === 204 ? 0 : Number(headers['content-length'] ?? text.length - end - 4);
		found.push(answer(status, headers, text.slice(end + 4, end + 4 + size)));
		text = text.slice(end + 4 + size);
	}
	return found;
}
