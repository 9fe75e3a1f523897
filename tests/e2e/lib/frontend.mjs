// SPDX-License-Identifier: ISC
// frontend.mjs - the class in which a front end wraps socket.io-client, written as such classes
// are: no word in it knows of this server. And the browser's build of socket.io-client in a window
// of paper, with a WebSocket or without.

import fs from 'node:fs';
import vm from 'node:vm';

import { load, locate } from './modules.mjs';

/** socket.io-client as a page of this port has it: a browser names the page's origin. */
export function windowWith({ port, hasWebSocket }) {
	const { XMLHttpRequest } = load('xmlhttprequest-ssl'), WebSocket = load('ws'), origin = `http://127.0.0.1:${port}`;
	const window = {
		XMLHttpRequest: class extends XMLHttpRequest {
			withCredentials = false;

			constructor(...args) {
				super(...args);
				const open = this.open;
				this.open = (...request) => {
					open.apply(this, request);
					this.setDisableHeaderCheck(true);
					this.setRequestHeader('Origin', origin);
				};
			}
		},
		location: { protocol: 'http:', hostname: '127.0.0.1', port: String(port) }, navigator: {}, document: {},
		addEventListener: () => {}, removeEventListener: () => {},
		setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask, console, Promise, ArrayBuffer, Uint8Array, TextEncoder, TextDecoder,
		...(hasWebSocket && { WebSocket: class extends WebSocket {
			constructor(url, protocols = []) {
				super(url, protocols, { origin });
			}
		} }),
	};
	window.window = window.self = window;
	vm.runInNewContext(fs.readFileSync(locate('socket.io-client', 'dist/socket.io.js'), 'utf8'), window);
	return window;
}

export class ChatService {
	constructor(io, url, options) {
		Object.assign(this, { io, url, options });
	}

	socket = null;
	walletAddress = null;
	joined = new Set();
	listeners = { message: new Set(), typing: new Set(), read: new Set(), presence: new Set(), notification: new Set(), update: new Set(), error: new Set(), status: new Set() };

	connect(walletAddress) {
		if (this.socket?.connected)
			return;
		this.walletAddress = walletAddress;
		this.socket = this.io(this.url, { auth: { walletAddress }, reconnection: true, reconnectionAttempts: Infinity, ...this.options });
		this.socket.on('connect', () => {
			this.joined.forEach((escrowId) => this.socket.emit('subscribe_escrow', escrowId));
			this.#tell('status', 'connected');
		});
		this.socket.on('disconnect', (reason) => this.#tell('status', `disconnected: ${reason}`));
		this.socket.on('connect_error', (error) => this.#tell('error', { event: 'connect', message: error.message }));
		this.socket.on('chat_message', (message) => this.#tell('message', message));
		this.socket.on('user_typing', (data) => this.#tell('typing', data));
		this.socket.on('message_read', (data) => this.#tell('read', data));
		this.socket.on('user_joined', (data) => this.#tell('presence', { ...data, isHere: true }));
		this.socket.on('user_left', (data) => this.#tell('presence', { ...data, isHere: false }));
		this.socket.on('notification', (data) => this.#tell('notification', data));
		this.socket.on('escrow:update', (data) => this.#tell('update', data));
		this.socket.on('chat_error', (error) => this.#tell('error', error));
	}

	disconnect() {
		this.socket?.disconnect();
		this.socket = null;
		this.joined.clear();
	}

	get isConnected() {
		return this.socket?.connected ?? false;
	}

	joinEscrow(escrowId) {
		this.joined.add(escrowId);
		this.socket.emit('subscribe_escrow', escrowId);
	}

	leaveEscrow(escrowId) {
		this.joined.delete(escrowId);
		this.socket.emit('unsubscribe_escrow', escrowId);
	}

	sendMessage(escrowId, content) {
		return new Promise((resolve, reject) => {
			this.socket.emit('chat_message', { escrowId, content }, (answer) => (answer.ok ? resolve(answer.message) : reject(Object.assign(new Error(answer.error), { code: answer.code }))));
		});
	}

	/** Sends without waiting for an answer. */
	post(escrowId, content) {
		this.socket.emit('chat_message', { escrowId, content });
	}

	startTyping(escrowId) {
		this.socket.emit('typing_start', { escrowId });
	}

	stopTyping(escrowId) {
		this.socket.emit('typing_stop', { escrowId });
	}

	markRead(escrowId, messageId) {
		this.socket.emit('message_read', { escrowId, messageId });
	}

	/** Returns the function that takes the listener off. */
	on(what, listener) {
		this.listeners[what].add(listener);
		return () => this.listeners[what].delete(listener);
	}

	#tell(what, ...args) {
		this.listeners[what].forEach((listener) => listener(...args));
	}
}
