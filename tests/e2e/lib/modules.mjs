// SPDX-License-Identifier: ISC
// modules.mjs - finds what npm brings, or installs it from the lock file beside the tests; where
// neither works, the file that asked ends with 77 and a printed reason.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { BUILDDIR, SRCDIR } from './world.mjs';

const INSTALL_MS = 600000;

export function skip(reason) {
	console.log(`skipped: ${reason}`);
	process.exit(77);
}

/** The directory with node_modules, that module among them: $E2E_MODULES, else one of the build's
 * own. */
function directory(name) {
	const given = process.env.E2E_MODULES, own = path.join(BUILDDIR, 'tests/e2e/modules'); // never the source tree
	const has = (dir) => fs.existsSync(path.join(dir, 'node_modules', name, 'package.json'));
	if (given)
		return has(given) ? given : skip(`E2E_MODULES: ${given} has no node_modules/${name}`);
	return has(own) || (install(own) && has(own)) ? own : skip(`${name} is not there and "npm ci" cannot get it; set E2E_MODULES to a directory where it was run`);
}

function install(own) {
	fs.mkdirSync(own, { recursive: true });
	for (const name of ['package.json', 'package-lock.json'])
		fs.copyFileSync(path.join(SRCDIR, 'tests/e2e', name), path.join(own, name));
	const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-timeout=300000'],
		{ cwd: own, stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_MS });
	return npm.status === 0;
}

/** A module of the lock file, or a file of one: "ajv", "ajv/dist/2020.js". */
export function load(what) {
	return requireFor(what)(what);
}

function requireFor(what) {
	const name = what.split('/').slice(0, what.startsWith('@') ? 2 : 1).join('/');
	return createRequire(path.join(directory(name), 'package.json'));
}

/** Loads a module of the lock file that can only be imported. */
export function loadModule(what) {
	return import(pathToFileURL(requireFor(what).resolve(what)));
}

/** Returns the path of a file of a module of the lock file. */
export function locate(name, file) {
	return path.join(path.dirname(requireFor(name).resolve(`${name}/package.json`)), file);
}

/** The first of these programs on the PATH, or undefined. */
export function find(...names) {
	const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
	return names.flatMap((n) => dirs.map((d) => path.join(d, n))).find((p) => fs.existsSync(p));
}

/** Returns the first of these programs on the PATH. If there is none, the tests are skipped. */
export function program(...names) {
	return find(...names) ?? skip(`${names[0]} is not installed`);
}
