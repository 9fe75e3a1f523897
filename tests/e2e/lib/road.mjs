// SPDX-License-Identifier: ISC
// road.mjs - the way to the daemon, which keeps its port while the daemon comes and goes, and can
// be cut.

import net from 'node:net';

import { until } from './wait.mjs';

export class Road {
	/** where: called for each connection, gives {port} or {socketPath}. */
	static async open(where) {
		const road = new Road();
		road.where = where;
		road.server = net.createServer((down) => road.#travel(down));
		await new Promise((resolve) => road.server.listen(0, '127.0.0.1', resolve));
		road.port = road.server.address().port;
		return road;
	}

	isOpen = true;
	refused = 0;
	#pairs = new Set();
	#held = null; // connections that begin a WebSocket, and wait

	#travel(down) {
		down.on('error', () => {});
		if (!this.isOpen) {
			this.refused++;
			down.destroy();
			return;
		}
		const to = this.where();
		const up = net.connect(to.socketPath ? { path: to.socketPath } : { host: '127.0.0.1', port: to.port });
		const pair = { down, up, isSplit: false, isStream: false, isBusy: false };
		this.#pairs.add(pair);
		for (const socket of [down, up]) {
			const other = socket === down ? up : down;
			socket.setNoDelay(true);
			socket.on('error', () => {});
			socket.on('data', (data) => this.#pass(pair, socket, other, data));
			socket.on('close', () => {
				if (!pair.isSplit)
					other.destroy();
				if (up.destroyed)
					this.#pairs.delete(pair);
			});
		}
	}

	#pass(pair, from, to, data) {
		if (pair.isSplit)
			return;
		pair.isStream ||= from === pair.up && /^HTTP\/1.1 101 |\nContent-Type: text\/event-stream/.test(data.toString('latin1', 0, 1024));
		pair.isBusy = pair.isStream || from === pair.down;
		if (this.#held && from === pair.down && /^GET \S*(transport=websocket|\/ws\?)/.test(data.toString('latin1'))) {
			from.pause();
			this.#held.push(() => {
				to.write(data);
				from.resume();
			});
			return;
		}
		to.write(data);
	}

	/** Requests for a WebSocket wait until letWebSockets(). */
	holdWebSockets() {
		this.#held = [];
	}

	letWebSockets() {
		const held = this.#held;
		this.#held = null;
		held.forEach((go) => go());
	}

	/** Until there is a connection that somebody would miss: a WebSocket, a stream, or a
	 * request without its answer. */
	#busy(isTime) {
		return until('a connection in use', () => isTime() && [...this.#pairs].some((p) => p.isBusy && !p.isSplit));
	}

	/** Both ends see their connections break, at a moment that isTime agrees to. */
	async cut(isTime = () => true) {
		await this.#busy(isTime);
		this.#break();
	}

	/** One of the connections breaks, whichever it is and whatever is on it; false: there is
	 * none. */
	cutOne() {
		const pairs = [...this.#pairs], { down, up } = pairs[Math.floor(Math.random() * pairs.length)] ?? {};
		down?.destroy();
		up?.destroy();
		return pairs.length > 0;
	}

	#break() {
		for (const { down, up } of this.#pairs) {
			down.destroy();
			up.destroy();
		}
	}

	/** The client sees its connections break; for the daemon they stay as they are, silent. */
	async split(isTime = () => true) {
		await this.#busy(isTime);
		for (const pair of this.#pairs) {
			pair.isSplit = true;
			pair.down.destroy();
		}
	}

	/** Blocks all connections until open(). */
	refuse() {
		this.isOpen = false;
		this.#break();
	}

	open() {
		this.isOpen = true;
	}

	close() {
		this.refuse();
		this.server.close();
	}
}
