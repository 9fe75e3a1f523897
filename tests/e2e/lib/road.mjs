// SPDX-License-Identifier: ISC
// road.mjs - the way to the daemon, which keeps its port while the daemon comes and goes, and can be cut.

import net from 'node:net';

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

	#travel(down) {
		down.on('error', () => {});
		if (!this.isOpen) {
			this.refused++;
			down.destroy();
			return;
		}
		const to = this.where();
		const up = net.connect(to.socketPath ? { path: to.socketPath } : { host: '127.0.0.1', port: to.port });
		const pair = { down, up, isSplit: false };
		this.#pairs.add(pair);
		for (const socket of [down, up]) {
			const other = socket === down ? up : down;
			socket.setNoDelay(true);
			socket.on('error', () => {});
			socket.on('data', (data) => pair.isSplit || other.write(data));
			socket.on('close', () => {
				if (!pair.isSplit)
					other.destroy();
				if (up.destroyed)
					this.#pairs.delete(pair);
			});
		}
	}

	/** Both ends see their connections break. */
	cut() {
		for (const { down, up } of this.#pairs) {
			down.destroy();
			up.destroy();
		}
	}

	/** The client sees its connections break; for the daemon they stay as they are, silent. */
	split() {
		for (const pair of this.#pairs) {
			pair.isSplit = true;
			pair.down.destroy();
		}
	}

	/** No way through until open(). */
	refuse() {
		this.isOpen = false;
		this.cut();
	}

	open() {
		this.isOpen = true;
	}

	close() {
		this.refuse();
		this.server.close();
	}
}
