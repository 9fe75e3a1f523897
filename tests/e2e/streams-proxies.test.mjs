// SPDX-License-Identifier: ISC
// streams-proxies.test.mjs - every transport through lighttpd, nginx and Apache, set up as README says: nothing is buffered,
// upgrades pass. A server that is not installed is passed over; the file ends with 77 then.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { ask, connected, Polling, Sock } from './lib/engineio.mjs';
import { request } from './lib/http.mjs';
import { Process } from './lib/process.mjs';
import { emitted, EventStream, heldPoll, poll } from './lib/stream.mjs';
import { until } from './lib/wait.mjs';
import { freePort, promise } from './lib/world.mjs';

const PAIR = { alice: 'client', bob: 'freelancer' };
const ROUNDS = 20;
const DELIVERY_MS = 50; // of the quickest of them: a proxy that buffers never is so quick

const apacheModules = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2'].find((d) => fs.existsSync(d));

const SERVERS = {
	lighttpd: {
		programs: ['lighttpd'],
		args: (conf) => ['-D', '-f', conf],
		conf: (w, port) => `
server.modules = ("mod_proxy")
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${w.dir}"
server.upload-dirs = ("${w.dir}")
server.stream-response-body = 1
proxy.header = ("upgrade" => "enable")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${w.target.port})))
`,
	},
	nginx: {
		programs: ['nginx'],
		args: (conf, w) => ['-c', conf, '-p', w.dir, '-e', w.path('nginx.log')],
		conf: (w, port) => `
daemon off;
master_process off;
pid ${w.path('nginx.pid')};
events {}
http {
	access_log off;
	client_body_temp_path ${w.path('body')};
	proxy_temp_path ${w.path('proxy')};
	fastcgi_temp_path ${w.path('fastcgi')};
	uwsgi_temp_path ${w.path('uwsgi')};
	scgi_temp_path ${w.path('scgi')};
	map $http_upgrade $connection_upgrade {
		default upgrade;
		'' '';
	}
	upstream chat {
		server 127.0.0.1:${w.target.port};
		keepalive 8;
	}
	server {
		listen 127.0.0.1:${port};
		location / {
			proxy_pass http://chat;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
			proxy_read_timeout 120s;
		}
	}
}
`,
	},
	apache: {
		programs: ['apache2', 'httpd'],
		isThere: () => apacheModules !== undefined,
		args: (conf, w) => ['-X', '-d', w.dir, '-f', conf],
		conf: (w, port) => `
ServerName localhost
Listen 127.0.0.1:${port}
DefaultRuntimeDir ${w.dir}
PidFile ${w.path('apache.pid')}
ErrorLog ${w.path('apache.log')}
Mutex posixsem
DocumentRoot ${w.dir}
${['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'proxy_wstunnel'].map((m) => `LoadModule ${m}_module ${apacheModules}/mod_${m}.so`).join('\n')}
${process.getuid() === 0 ? 'User nobody\nGroup nogroup' : ''}
ProxyPreserveHost On
ProxyTimeout 120
ProxyPass / http://127.0.0.1:${w.target.port}/ upgrade=websocket
`,
	},
};

function find(programs) {
	const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
	return programs.flatMap((p) => dirs.map((d) => path.join(d, p))).find((p) => fs.existsSync(p));
}

/** The server, ready, in front of the world's daemon: its target. */
async function start(w, name) {
	const server = SERVERS[name], program = find(server.programs);
	for (let attempt = 0; ; attempt++) {
		const port = await freePort();
		const conf = w.file(`${name}.conf`, server.conf(w, port));
		const web = new Process(name, program, server.args(conf, w));
		const answer = await until(`${name} to answer`, async () => web.end ?? request({ port }, { path: '/health' }).catch(() => null));
		if (answer.status === 200) {
			w.processes.push(web);
			return { port };
		}
		if (attempt === 5)
			throw new Error(`${name} does not start: ${JSON.stringify(answer)}\n${web.tail()}`);
	}
}

/** The least time that one of many deliveries took; each must have come before the next begins. */
async function quickest(deliver) {
	let least = Infinity;
	for (let i = 0; i < ROUNDS; i++) {
		const begun = performance.now();
		await deliver(`m${i}`);
		least = Math.min(least, performance.now() - begun);
	}
	return least;
}

for (const name of Object.keys(SERVERS)) {
	if (!find(SERVERS[name].programs) || SERVERS[name].isThere?.() === false) {
		console.log(`skipped: ${name} is not installed`);
		process.on('exit', () => (process.exitCode ||= 77));
		continue;
	}

	promise(`${name}: a stream arrives event by event`, async (w) => {
		await w.escrow('42', PAIR);
		const front = await start(w, name);
		const s = await EventStream.hello(front, 'alice', { rooms: ['42'] });
		assert.match(s.headers['content-type'], /^text\/event-stream/);
		const bob = await w.client('bob');
		const ms = await quickest(async (content) => {
			bob.say('chat_message', { escrowId: '42', content });
			await s.message(content);
		});
		assert.ok(ms < DELIVERY_MS, `${ms} ms`);
		await s.close();
		const again = await EventStream.hello(front, 'alice', { rooms: ['42'], lastEventId: s.lastId });
		await bob.send('42', 'again');
		await again.message('again');
		await again.close();
		await until('its leaving to be noticed, by what is written', async () => {
			await bob.send('42', 'anyone?');
			return (await w.stats()).totalConnections === 1;
		});
	});

	promise(`${name}: a stream ends whole where the daemon stops`, async (w) => {
		const front = await start(w, name);
		const s = await EventStream.hello(front, 'alice');
		assert.equal((await w.daemon.stop()).code, 0);
		assert.deepEqual(await s.over(), { isWhole: true });
	});

	promise(`${name}: a held poll is answered at once, and emit goes up`, async (w) => {
		await w.escrow('42', PAIR);
		const front = await start(w, name);
		const bob = await w.client('bob');
		let { cursor } = (await poll(front, 'alice', { rooms: ['42'] })).json;
		const ms = await quickest(async (content) => {
			const held = heldPoll(front, 'alice', { rooms: ['42'], cursor, client: 'tab' });
			bob.say('chat_message', { escrowId: '42', content });
			const { json } = await held.answer;
			assert.deepEqual(json.events.filter((e) => e.event === 'chat_message').map((e) => e.data.content), [content]);
			cursor = json.events.length === 2 ? json.cursor : (await poll(front, 'alice', { rooms: ['42'], cursor: json.cursor, client: 'tab' })).json.cursor;
		});
		assert.ok(ms < DELIVERY_MS, `${ms} ms`);
		const { message } = await emitted(front, 'alice', 'chat_message', { escrowId: '42', content: '😀'.repeat(2000) });
		assert.equal([...message.content].length, 2000);
		assert.deepEqual((await poll(front, 'alice', { cursor: (await poll(front, 'alice')).json.cursor, timeout: 100 })).json.events, []);
	});

	promise(`${name}: WebSockets pass`, async (w) => {
		await w.escrow('42', PAIR);
		const front = await start(w, name);
		const alice = await w.client('alice', { target: front }), bob = await w.client('bob');
		await alice.subscribe('42');
		const ms = await quickest(async (content) => {
			bob.say('chat_message', { escrowId: '42', content });
			await alice.message(content);
		});
		assert.ok(ms < DELIVERY_MS, `${ms} ms`);
		await alice.send('42', 'x'.repeat(5000));
		await alice.close();
	});

	promise(`${name}: Socket.IO polls, upgrades, and begins with WebSocket`, async (w) => {
		await w.escrow('42', PAIR);
		const front = await start(w, name);
		const bob = await w.client('bob');
		const heard = async (wire) => {
			await ask(wire, 1, 'subscribe_escrow', '42');
			const ms = await quickest(async (content) => {
				bob.say('chat_message', { escrowId: '42', content });
				for (;;) {
					const packet = await wire.next();
					assert.notEqual(packet, null);
					if (packet.includes(`"content":"${content}"`))
						return;
				}
			});
			assert.ok(ms < DELIVERY_MS, `${ms} ms`);
		};
		const polling = await connected(front, Polling, 'alice');
		await heard(polling);
		const sid = polling.open.sid;
		const sock = await Sock.open(front, { path: `/socket.io/?EIO=4&transport=websocket&sid=${sid}` });
		sock.send('2probe');
		assert.equal(await sock.next(), '3probe');
		sock.send('5');
		await heard(sock);
		const second = await connected(front, Sock, 'alice');
		await heard(second);
		for (const { ws } of [sock, second])
			ws.close();
		await Promise.all([sock.gone(), second.gone()]);
	});
}
