// SPDX-License-Identifier: ISC
// ws.mjs - a strict WebSocket client (RFC 6455) on a plain socket: whatever a server may not do
// ends in an error, and whatever a client may not do can be done on purpose.

import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import zlib from 'node:zlib';

export const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TAIL = Buffer.from([0, 0, 0xff, 0xff]); // of a sync flush; it is left out
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The answer to a handshake that was no 101. */
export class Refused extends Error {
	constructor(status, headers, body) {
		super(`handshake refused: ${status} ${body}`);
		Object.assign(this, { status, headers, body });
	}
}

/** One frame as a client sends it; mask: null leaves it unmasked, which no client may. */
export function frame({ opcode = TEXT, payload = '', fin = true, rsv = 0, mask = randomBytes(4), length } = {}) {
	const data = Buffer.from(payload);
	const size = length ?? data.length;
	const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
	const bit = mask ? 0x80 : 0;
	if (size < 126)
		head.push(bit | size);
	else if (size < 65536)
		head.push(bit | 126, size >> 8, size & 255);
	else
		head.push(bit | 127, ...Array.from({ length: 8 }, (_, i) => Number((BigInt(size) >> BigInt(56 - 8 * i)) & 255n)));
	if (!mask)
		return Buffer.concat([Buffer.from(head), data]);
	const masked = Buffer.alloc(data.length);
	for (let i = 0; i < data.length; i++)
		masked[i] = data[i] ^ mask[i & 3];
	return Buffer.concat([Buffer.from(head), mask, masked]);
}

/** The payload of a close frame. */
export function closePayload(code, reason = '') {
	return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

/** The payload of a compressed message (RFC 7692, section 7.2.1). */
export function deflate(payload, windowBits = 15) {
	const whole = zlib.deflateRawSync(Buffer.from(payload), { windowBits, finishFlush: zlib.constants.Z_SYNC_FLUSH });
	return whole.subarray(0, whole.length - TAIL.length);
}

function inflate(pieces) {
	return zlib.inflateRawSync(Buffer.concat([...pieces, TAIL]), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

export class WebSocket {
	/** target: {port} or {socketPath}; resolves after the 101, rejects with Refused.
	 * extensions: a header, of which
	 *  permessage-deflate without context takeover is understood. onmessage is called with each
	 *  message, string or Buffer;
	 *  the first may come together with the 101. */
	static connect(target, { path = '/', headers = {}, protocols = [], extensions, host, onmessage } = {}) {
		const ws = new WebSocket();
		ws.onmessage = onmessage ?? ((message) => ws.messages.push(message));
		const key = randomBytes(16).toString('base64');
		const lines = {
			Host: host ?? (target.port ? `127.0.0.1:${target.port}` : 'localhost'),
			Upgrade: 'websocket', Connection: 'Upgrade',
			'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': '13',
			...(protocols.length ? { 'Sec-WebSocket-Protocol': protocols.join(', ') } : {}),
			...(extensions ? { 'Sec-WebSocket-Extensions': extensions } : {}),
			...headers,
		};
		ws.protocols = protocols;
		ws.offered = extensions ?? '';
		ws.accept = createHash('sha1').update(key + GUID).digest('base64');
		ws.socket = net.connect(target.socketPath ? { path: target.socketPath } : { host: '127.0.0.1', port: target.port });
		ws.socket.setNoDelay(true);
		ws.socket.on('connect', () => ws.socket.write(`GET ${path} HTTP/1.1\r\n` +
			Object.entries(lines).filter(([, v]) => v !== undefined).map(([k, v]) => `${k}: ${v}\r\n`).join('') + '\r\n'));
		ws.socket.on('data', (data) => ws.#onData(data));
		ws.socket.on('error', (error) => ws.#over(error));
		ws.socket.on('end', () => ws.#over());
		ws.socket.on('close', () => ws.#over());
		return ws.opened.promise;
	}

	/** Resolves to {code, reason, error?} when the connection is gone; code 1006: no close
	 * frame came. */
	closed = deferred();
	opened = deferred();
	/** The messages that came, if there is no onmessage. */
	messages = [];
	/** Called with each pong's data. */
	onpong = () => {};
	answersPings = true;
	pings = 0;

	#input = Buffer.alloc(0);
	#arrived = [];
	#wanted = 0;
	#isOpen = false;
	#isOver = false;
	#closeSent = false;
	#closeSeen = null;
	#parts = null;

	send(payload) {
		this.write(frame({ opcode: typeof payload === 'string' ? TEXT : BINARY, payload }));
	}

	ping(payload = '') {
		this.write(frame({ opcode: PING, payload }));
	}

	/** Begins the close handshake; resolves as closed does. */
	close(code = 1000, reason = '') {
		this.#closeSent = true;
		this.write(frame({ opcode: CLOSE, payload: code === null ? '' : closePayload(code, reason) }));
		return this.closed.promise;
	}

	/** Cuts the connection without a close frame. */
	destroy() {
		this.socket.destroy();
		return this.closed.promise;
	}

	/** Raw bytes, e.g. of frame(). */
	write(bytes) {
		if (!this.socket.destroyed)
			this.socket.write(bytes);
	}

	pause() {
		this.socket.pause();
	}

	resume() {
		this.socket.resume();
	}

	#onData(data) {
		this.#arrived.push(data);
		this.#wanted -= data.length;
		if (this.#wanted > 0) // of a long frame: joined once
			return;
		this.#input = Buffer.concat([this.#input, ...this.#arrived.splice(0)]);
		try {
			if (!this.#isOpen && !this.#handshake())
				return;
			while (this.#frame());
		} catch (error) {
			this.#over(error);
		}
	}

	#handshake() {
		const end = this.#input.indexOf('\r\n\r\n');
		if (end < 0)
			return false;
		const [statusLine, ...fields] = this.#input.subarray(0, end).toString('latin1').split('\r\n');
		const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
		const headers = Object.fromEntries(fields.map((f) => [f.slice(0, f.indexOf(':')).toLowerCase(), f.slice(f.indexOf(':') + 1).trim()]));
		if (status !== 101) {
			const size = Number(headers['content-length'] ?? 0);
			if (this.#input.length < end + 4 + size)
				return false;
			throw new Refused(status, headers, this.#input.subarray(end + 4, end + 4 + size).toString());
		}
		if (headers['sec-websocket-accept'] !== this.accept)
			throw new Error('wrong Sec-WebSocket-Accept');
		if (headers.upgrade?.toLowerCase() !== 'websocket' || !/(^|[ ,])upgrade($|[ ,])/i.test(headers.connection ?? ''))
			throw new Error('a 101 without Upgrade and Connection');
		this.extensions = headers['sec-websocket-extensions'] ?? '';
		check(this.extensions === '' || (/^permessage-deflate(;|$)/.test(this.extensions) && this.offered.includes('permessage-deflate')), 'an extension that was not offered');
		if (headers['sec-websocket-protocol'] && !this.protocols.includes(headers['sec-websocket-protocol']))
			throw new Error('a sub-protocol that was not offered');
		this.protocol = headers['sec-websocket-protocol'] ?? '';
		this.headers = headers;
		this.#input = this.#input.subarray(end + 4);
		this.#isOpen = true;
		this.opened.resolve(this);
		return true;
	}

	#frame() {
		const b = this.#input;
		if (b.length < 2)
			return false;
		let size = b[1] & 0x7f, at = 2;
		if (size === 126) {
			if (b.length < 4)
				return false;
			size = b.readUInt16BE(2);
			at = 4;
			check(size >= 126, 'a length that is not the shortest');
		} else if (size === 127) {
			if (b.length < 10)
				return false;
			size = Number(b.readBigUInt64BE(2));
			at = 10;
			check(size >= 65536, 'a length that is not the shortest');
		}
		check((b[1] & 0x80) === 0, 'a masked frame');
		const isCompressed = (b[0] & 0x40) !== 0;
		check((b[0] & 0x30) === 0, 'a reserved bit');
		check(!isCompressed || (this.extensions !== '' && (b[0] & 15) <= 2 && (b[0] & 15) > 0), 'a compressed frame out of place');
		if (b.length < at + size) {
			this.#wanted = at + size - b.length;
			return false;
		}
		this.#input = b.subarray(at + size);
		this.#take(b[0] & 15, (b[0] & 0x80) !== 0, b.subarray(at, at + size), isCompressed);
		return true;
	}

	#take(opcode, isFinal, payload, isCompressed) {
		check(this.#closeSeen === null, 'a frame after the close frame');
		if (opcode >= 8) {
			check(isFinal && payload.length <= 125, 'a control frame that is long or in pieces');
			return this.#control(opcode, payload);
		}
		check(opcode <= 2, 'an unknown opcode');
		check((opcode === 0) === (this.#parts !== null), 'a continuation out of place');
		this.#parts ??= { opcode, pieces: [], isCompressed };
		this.#parts.pieces.push(payload);
		if (!isFinal)
			return;
		const isText = this.#parts.opcode === TEXT;
		const whole = this.#parts.isCompressed ? inflate(this.#parts.pieces) : Buffer.concat(this.#parts.pieces);
		this.#parts = null;
		this.onmessage(isText ? utf8.decode(whole) : whole);
	}

	#control(opcode, payload) {
		if (opcode === PING) {
			this.pings++;
			if (this.answersPings)
				this.write(frame({ opcode: PONG, payload }));
		} else if (opcode === PONG) {
			this.onpong(Buffer.from(payload));
		} else {
			check(opcode === CLOSE, 'an unknown opcode');
			check(payload.length !== 1, 'a close frame of one byte');
			this.#closeSeen = payload.length ? { code: payload.readUInt16BE(0), reason: utf8.decode(payload.subarray(2)) } : { code: 1005, reason: '' };
			if (!this.#closeSent)
				this.write(frame({ opcode: CLOSE, payload: payload.subarray(0, 2) }));
			this.#closeSent = true;
		}
	}

	#over(error) {
		if (this.#isOver)
			return;
		this.#isOver = true;
		this.socket.destroy();
		const end = { ...(this.#closeSeen ?? { code: 1006, reason: '' }), ...(error ? { error } : {}) };
		this.opened.promise.catch(() => {});
		this.opened.reject(error ?? new Error('the connection ended in the handshake'));
		this.closed.resolve(end);
	}
}

export function deferred() {
	const d = {};
	d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
	return d;
}

function check(isGood, why) {
	if (!isGood)
		throw new Error(`the server broke RFC 6455: ${why}`);
}
