// SPDX-License-Identifier: ISC
// wait.mjs - waiting for a condition, with a limit that says what did not happen. Nothing here
// sleeps for a fixed time. The limit is for what never happens: no test promises anything by it, so
// it is long enough for the slowest machine.

export const WAIT_MS = Number(process.env.E2E_WAIT_MS ?? 300000);

/** The promise, or an error that names what was waited for. */
export function within(promise, what, ms = WAIT_MS) {
	let timer;
	const limit = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${typeof what === 'function' ? what() : what}`)), ms);
	});
	return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** Asks again and again until the answer is true; for what nobody announces. */
export async function until(what, ask, ms = WAIT_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const answer = await ask();
		if (answer)
			return answer;
		if (Date.now() > end)
			throw new Error(`waited ${ms} ms for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
