// SPDX-License-Identifier: ISC
// socketio-python.test.mjs - the client of another language: python-socketio, as Debian has it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { skip } from './lib/modules.mjs';
import { run } from './lib/process.mjs';
import { promise, SRCDIR } from './lib/world.mjs';

const PYTHON = '/usr/bin/python3'; // where Debian's packages are found
if (spawnSync(PYTHON, ['-c', 'import socketio, aiohttp']).status !== 0)
	skip(`${PYTHON} has no socketio and aiohttp (packages python3-socketio and python3-aiohttp)`);

for (const transports of ['polling', 'websocket', 'polling,websocket']) {
	promise(`python-socketio over ${transports}`, { config: { rooms: 'open' } }, async (w) => {
		const { code, out, output } = await run(PYTHON, [path.join(SRCDIR, 'tests/e2e/py_socketio.py'), `http://127.0.0.1:${w.target.port}`, transports], { env: { PYTHONDONTWRITEBYTECODE: '1' } });
		assert.equal(code, 0, out);
		const [{ transport }, { content }, refusal] = output.map((line) => JSON.parse(line));
		assert.equal(transport, transports === 'polling' ? 'polling' : 'websocket');
		const stored = await w.sqlite("SELECT count(*) FROM messages");
		assert.equal(stored, '51');
		assert.equal(typeof content, 'string');
		assert.deepEqual(refusal, { message: 'Authentication required: wallet address missing' });
	});
}
