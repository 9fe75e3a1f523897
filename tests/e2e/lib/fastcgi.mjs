// SPDX-License-Identifier: ISC
// fastcgi.mjs - a web server's side of FastCGI, one request a connection: what a good server says,
// and what none would.

import net from 'node:net';

import { WAIT_MS } from './wait.mjs';

const BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;

function record(type, content = Buffer.alloc(0)) {
	const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
	return Buffer.concat([head, content]);
}

/** Makes as many records as the data needs, and the empty record that ends them. */
function stream(type, bytes, isEnded = true) {
	const records = [];
	for (let at = 0; at < bytes.length; at += 65535)
		records.push(record(type, bytes.subarray(at, at + 65535)));
	return Buffer.concat(isEnded ? [...records, record(type)] : records);
}

function pair(name, value) {
	const size = (s) => (s.length < 128 ? Buffer.from([s.length]) : Buffer.from([0x80 | (s.length >>> 24), (s.length >> 16) & 255, (s.length >> 8) & 255, s.length & 255]));
	const [n, v] = [Buffer.from(name), Buffer.from(String(value))];
	return Buffer.concat([size(n), size(v), n, v]);
}

/** The parameters that a web server passes on; an object as body is sent as JSON. params: more, or
 * others; undefined takes one away. */
export function paramsOf({ method = 'GET', path = '/', headers = {}, body, params = {} }) {
	const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
	const fields = Object.entries(headers).map(([k, v]) => [k.toLowerCase() === 'content-type' ? 'CONTENT_TYPE' : `HTTP_${k.toUpperCase().replaceAll('-', '_')}`, v]);
	const all = {
		REQUEST_METHOD: method, REQUEST_URI: path, SERVER_PROTOCOL: 'HTTP/1.1', REMOTE_ADDR: '127.0.0.1', HTTP_HOST: 'localhost',
		...(bytes && { CONTENT_TYPE: 'application/json', CONTENT_LENGTH: bytes.length }), ...Object.fromEntries(fields), ...params,
	};
	return { bytes: bytes ?? Buffer.alloc(0), params: Object.entries(all).filter(([, v]) => v !== undefined) };
}

/** The answer: {status, headers, body, json, isEnded}. isEnded: the request was ended properly.
 * options.open: the body is never ended. */
export function ask(socketPath, request, { open = false, timeout = WAIT_MS } = {}) {
	const { params, bytes } = paramsOf(request);
	return new Promise((resolve, reject) => {
		const socket = net.connect({ path: socketPath });
		let got = Buffer.alloc(0), out = [], isEnded = false;
		const timer = setTimeout(() => socket.destroy(new Error(`no answer: ${request.method ?? 'GET'} ${request.path}`)), timeout);
		socket.on('data', (d) => {
			got = Buffer.concat([got, d]);
			for (;;) {
				const size = got.length < 8 ? Infinity : 8 + got.readUInt16BE(4) + got[6];
				if (got.length < size)
					break;
				if (got[1] === STDOUT)
					out.push(got.subarray(8, 8 + got.readUInt16BE(4)));
				isEnded ||= got[1] === END_REQUEST;
				got = got.subarray(size);
			}
			if (isEnded)
				socket.destroy();
		});
		socket.on('error', (error) => (clearTimeout(timer), reject(error)));
		socket.on('close', () => (clearTimeout(timer), resolve(answer(Buffer.concat(out), isEnded))));
		socket.write(Buffer.concat([
			record(BEGIN_REQUEST, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
			stream(PARAMS, Buffer.concat(params.map(([k, v]) => pair(k, v)))),
			stream(STDIN, bytes, !open),
		]));
	});
}

function answer(bytes, isEnded) {
	const end = bytes.indexOf('\r\n\r\n');
	const lines = bytes.subarray(0, Math.max(end, 0)).toString().split('\r\n');
	const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
	const body = bytes.subarray(end + 4).toString();
	let json;
	try {
		json = JSON.parse(body);
	} catch {}
	return { status: Number(headers.status?.slice(0, 3)), headers, body, json, isEnded };
}
