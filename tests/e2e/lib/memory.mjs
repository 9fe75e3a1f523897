// SPDX-License-Identifier: ISC
// memory.mjs - for tests that bound the memory of a daemon.

import fs from 'node:fs';

import { promise } from './world.mjs';

const sizeOf = (pid, name) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/** Memory of a process in bytes: what it has now, and the most that it ever had. */
export const resident = (pid) => sizeOf(pid, 'VmRSS');
export const residentPeak = (pid) => sizeOf(pid, 'VmHWM');
/** Bytes of addresses that a process uses. */
export const addressSpace = (pid) => sizeOf(pid, 'VmSize');
/** Is it a build with the address sanitizer? Its shadow memory takes terabytes of addresses. */
export const isSanitized = (pid) => addressSpace(pid) > 1e12;

/**
 * Makes a promise as world.mjs does. The sanitizer of its daemon keeps little of the memory that was
 * freed: by default it keeps 256 MB, so the memory of the process would say nothing.
 */
export function promiseOfMemory(name, options, body) {
	promise(name, { ...options, daemon: false }, async (w) => {
		const asan = [process.env.ASAN_OPTIONS, 'quarantine_size_mb=1', 'malloc_context_size=0'].filter(Boolean).join(':');
		await w.startDaemon(undefined, { env: { ASAN_OPTIONS: asan } });
		await body(w);
	});
}
