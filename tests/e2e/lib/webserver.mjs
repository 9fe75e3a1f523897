// SPDX-License-Identifier: ISC
// webserver.mjs - the web servers in front of both programs, each with the very files that contrib/
// ships: only ports and paths are the world's. One row a deployment.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { request } from './http.mjs';
import { find } from './modules.mjs';
import { Process } from './process.mjs';
import { until } from './wait.mjs';
import { FCGI, freePort, SRCDIR } from './world.mjs';

const shipped = (name) => path.join(SRCDIR, 'contrib', name);
/** The path of a shipped file; where options.edit changes its text, of a copy: what an operator may
 * do wrong. */
function file(w, { edit = (text) => text }, name) {
	const text = fs.readFileSync(shipped(name), 'utf8'), edited = edit(text);
	return edited === text ? shipped(name) : w.file(`edited-${path.basename(name)}`, edited, 0o644);
}

const IS_ROOT = process.getuid() === 0;
const APACHE_USER = 'www-data'; // Apache does not serve as root; programs that it starts run as this user

// ---- the servers: what starts one, and the part of its configuration that is the operator's own ----

const lighttpd = {
	programs: ['lighttpd'],
	stops: 'SIGINT',
	args: (conf) => ['-D', '-f', conf],
	conf: (w, port, d) => `
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${shipped('client')}"
server.upload-dirs = ("${w.dir}")
server.max-keep-alive-requests = 65535
var.escrowchat_run = "${w.dir}"
var.escrowchat_program = "${d.program ?? FCGI}"
var.escrowchat_config = "${w.configFile}"
var.escrowchat_page = "${shipped('client')}/"
include "${file(w, d, `lighttpd/${d.rest === 'spawned' ? 'spawned' : 'by-socket'}.conf`)}"
include "${file(w, d, 'lighttpd/escrowchat.conf')}"
include "${shipped('lighttpd/page.conf')}"
${d.more ?? ''}
`,
};

const nginx = {
	programs: ['nginx'],
	args: (conf, w) => ['-c', conf, '-p', w.dir, '-e', 'stderr'],
	conf: (w, port, d) => `
daemon off;
master_process off;
error_log stderr warn;
pid ${w.path('nginx.pid')};
events {}
http {
	access_log off;
	${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((t) => `${t}_temp_path ${w.path(`nginx-${t}`)};`).join('\n\t')}
	include ${w.file('upstreams.conf', fs.readFileSync(shipped('nginx/upstreams.conf'), 'utf8').replaceAll('/run/escrowchat/', `${w.dir}/`))};
	server {
		listen 127.0.0.1:${port};
		keepalive_requests 100000;
		include ${file(w, d, 'nginx/escrowchat.conf')};
		${d.more ?? ''}
	}
}
`,
};

const modules = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2'].find((d) => fs.existsSync(d));

const apache = {
	programs: ['apache2', 'httpd'],
	modules: ['mpm_event', 'authz_core', 'headers', 'proxy', 'proxy_http'],
	logFile: (w) => w.path('apache.log'),
	args: (conf, w) => ['-D', 'FOREGROUND', '-d', w.dir, '-f', conf],
	conf: (w, port, d) => `
ServerName localhost
DefaultRuntimeDir ${w.dir}
PidFile ${w.path('apache.pid')}
LogLevel warn
ErrorLog ${w.path('apache.log')}
Mutex posixsem
DocumentRoot ${shipped('client')}
${[...apache.modules, ...d.modules, ...(d.filters ?? [])].map((m) => `LoadModule ${m}_module ${modules}/mod_${m}.so`).join('\n')}
${IS_ROOT ? `User ${APACHE_USER}\nGroup ${APACHE_USER}` : ''}
ServerLimit 1
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 64
MaxKeepAliveRequests 0
Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
	Define ESCROWCHAT_CONFIG ${w.path('program.conf')}
	Define ESCROWCHAT_DAEMON "${d.tcp ? `http://127.0.0.1:${w.target.port}` : `unix:${w.path('daemon.sock')}|http://escrowchat`}"
	${d.rest === 'socket' ? `Define ESCROWCHAT_REST "${d.tcp ? `fcgi://127.0.0.1:${w.fcgiPort}` : `unix:${w.path('fcgi.sock')}|fcgi://escrowchat`}"` : `Define ESCROWCHAT_PROGRAM ${d.program ?? w.path('escrowchat.fcgi')}\n\tDefine ESCROWCHAT_${d.rest.toUpperCase()}`}
	Include ${file(w, d, 'apache/escrowchat.conf')}
	${d.more ?? ''}
</VirtualHost>
${d.global ?? ''}
${d.rest === 'fcgid' ? `FcgidIPCDir ${w.path('fcgid')}\nFcgidProcessTableFile ${w.path('fcgid.shm')}\nInclude ${shipped('apache/fcgid.conf')}` : ''}
${d.rest === 'cgi' ? `ScriptSock ${w.path('cgid.sock')}` : ''}
`,
};

/**
 * says: statuses beside 502 and 503 for requests that a program which was stopped had not read.
 * rest: how escrowchat.fcgi comes in: 'socket', running on its own; 'spawned', 'fcgid', 'cgi':
 * started by the server. How it comes to its socket: listens by itself, or by 'spawn-fcgi', or by
 * 'systemd' (as the daemon does then).
 */
export const DEPLOYMENTS = {
	lighttpd: { server: lighttpd, rest: 'socket' },
	'lighttpd-spawned': { server: lighttpd, rest: 'spawned', says: [500] }, // 500 where its program ended before it read a request
	'lighttpd-systemd': { server: lighttpd, rest: 'socket', by: 'systemd' },
	nginx: { server: nginx, rest: 'socket' },
	'nginx-spawn-fcgi': { server: nginx, rest: 'socket', by: 'spawn-fcgi' },
	'nginx-systemd': { server: nginx, rest: 'socket', by: 'systemd' },
	apache: { server: apache, rest: 'socket', modules: ['proxy_fcgi'] },
	'apache-tcp': { server: apache, rest: 'socket', tcp: true, modules: ['proxy_fcgi'] },
	'apache-fcgid': { server: apache, rest: 'fcgid', says: [500], modules: ['alias', 'fcgid'] },
	'apache-cgi': { server: apache, rest: 'cgi', modules: ['alias', 'env', 'cgid'] },
	'apache-systemd': { server: apache, rest: 'socket', by: 'systemd', modules: ['proxy_fcgi'] },
};

/** A program or module that the deployment needs and that is not installed, or null. */
export function missing(name) {
	const { server, modules: wanted = [], by } = DEPLOYMENTS[name];
	if (!find(...server.programs))
		return server.programs[0];
	if (by === 'spawn-fcgi' && !find('spawn-fcgi'))
		return 'spawn-fcgi';
	if (server === apache)
		return [...apache.modules, ...wanted].find((m) => !fs.existsSync(`${modules}/mod_${m}.so`)) ?? null;
	return null;
}

/** Does for a server under another user as contrib/doc/deployment.md says: one group
 * for the directory and all that is made in it. */
function share(w) {
	const gid = Number(execFileSync('id', ['-g', APACHE_USER], { encoding: 'utf8' }));
	const uid = Number(execFileSync('id', ['-u', APACHE_USER], { encoding: 'utf8' }));
	fs.chownSync(w.dir, -1, gid);
	fs.chmodSync(w.dir, 0o2770);
	w.configure({ database_group: APACHE_USER });
	for (const file of fs.readdirSync(w.dir).filter((name) => name.startsWith('chat.db')))
		fs.chownSync(w.path(file), -1, gid);
	const keys = w.file('apache.keys', fs.readFileSync(w.config.service_keys));
	fs.chownSync(keys, uid, gid);
	return keys;
}

/** ExecStart of a unit and ListenStream of its socket, on this world's paths: what activate.pl
 * takes. */
export function unit(w, name, binary) {
	const value = (file, key) => new RegExp(`^${key}=(.*)$`, 'm').exec(fs.readFileSync(shipped(`systemd/${file}`), 'utf8'))[1]
		.replace('/run/escrowchat/', `${w.dir}/`).replace('/etc/escrowchat.conf', w.configFile);
	const [, ...args] = value(`${name}.service`, 'ExecStart').split(' ');
	return [shipped('../tests/e2e/lib/activate.pl'), value(`${name}.socket`, 'ListenStream'), value(`${name}.socket`, 'SocketMode'), binary, ...args];
}

/** Chooses the user who shares the directory. Call it before anything else is started. */
export function prepare(w, name) {
	const { server, rest } = DEPLOYMENTS[name];
	if (server !== apache)
		return;
	const keys = IS_ROOT ? share(w) : w.config.service_keys;
	w.file('program.conf', fs.readFileSync(w.configFile, 'utf8').replace(/^service_keys = .*/m, `service_keys = ${keys}`), 0o644);
	if (rest !== 'socket') // that user may not be able to come to where it was built
		fs.copyFileSync(FCGI, w.path('escrowchat.fcgi'));
	if (rest === 'fcgid') {
		fs.mkdirSync(w.path('fcgid'));
		fs.chmodSync(w.path('fcgid'), 0o770);
	}
}

/**
 * Starts the web server of a deployment and waits until ready is answered: {process, port}.
 * more: the operator's own lines, in the server's syntax; edit: their change of a shipped file;
 * filters: more modules; global: lines outside the virtual host.
 */
export async function start(w, name, { ready = '/api/health', ...more } = {}) {
	const deployment = { modules: [], ...DEPLOYMENTS[name], ...more };
	const { server } = deployment;
	for (let attempt = 0; ; attempt++) {
		const port = await freePort();
		const conf = w.file(`${name}.conf`, server.conf(w, port, deployment));
		const web = new Process(server.programs[0], find(...server.programs), server.args(conf, w), { logFile: server.logFile?.(w) });
		web.stops = server.stops;
		w.processes.push(web);
		const answer = await until(`${name} to answer`, () => web.end ?? request({ port }, { path: ready }).catch(() => null))
			.catch((error) => {
				throw new Error(`${error.message}\n${web.tail()}`);
			});
		if (!('code' in answer))
			return { process: web, port };
		w.processes.pop();
		if (attempt === 5)
			throw new Error(`${name} does not start\n${web.tail()}`);
	}
}
