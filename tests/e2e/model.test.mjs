// SPDX-License-Identifier: ISC
// model.test.mjs - one session sends random sequences of all events; a sequential model says which
// answers and events must come back. A failure says its seed, and the shortest sequence that still
// fails. E2E_SEED and E2E_MODEL_COUNT choose the first sequence and the number of them.

import { outcomeOf } from './lib/model-run.mjs';
import { NO_LIMITS, randomOf, SEED, TEST_MS, WIRES } from './lib/model-session.mjs';
import { randomSteps } from './lib/model-steps.mjs';
import { promise } from './lib/world.mjs';

const COUNT = Number(process.env.E2E_MODEL_COUNT ?? 40); // sequences on each wire
const SHRINK_RUNS = 100;
const SHRINK_MS = 5000; // of one wait while a failure is made smaller: it is a failure already
const TRIES = 2; // a sequence that fails by chance is not dropped at once

/** The shortest sequence found that fails too, and its error. */
async function shrink(failure, play) {
	let { steps, error } = failure, runs = 0;
	for (let size = steps.length >> 1; size >= 1 && runs < SHRINK_RUNS; size = size > 1 || failure.wasSmaller ? Math.max(1, size >> 1) : 0) {
		failure.wasSmaller = false;
		for (let at = 0; at < steps.length && runs < SHRINK_RUNS;) {
			const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
			let found = null;
			for (let i = 0; i < TRIES && !found && fewer.length; i++, runs++)
				found = await play(fewer);
			if (found) {
				[steps, error, failure.wasSmaller] = [fewer, found, true];
			} else {
				at += size;
			}
		}
	}
	return { steps, error };
}

const printed = (steps) => steps.map((s) => `    ${JSON.stringify(s)}`).join('\n');

for (const wire of Object.keys(WIRES)) {
	promise(`random sequences do what a sequential model says (${wire})`, { timeout: TEST_MS, web: true, config: NO_LIMITS }, async (w) => {
		await w.escrow('strange', { bob: 'client' });
		for (let i = 0; i < COUNT; i++) {
			const seed = SEED + i, random = randomOf(seed);
			const sequence = { isNoisy: random() < 0.5, steps: randomSteps(random, 5 + Math.floor(random() * 35)) };
			const error = await outcomeOf(w, wire, sequence, random);
			if (!error)
				continue;
			const play = (steps) => (w.daemon.end ? null : outcomeOf(w, wire, { ...sequence, steps }, random, SHRINK_MS));
			const least = await shrink({ steps: sequence.steps, error }, play);
			const others = sequence.isNoisy ? 'while others wrote' : 'while nobody else wrote';
			error.message = `E2E_SEED=${seed} E2E_MODEL_COUNT=1, ${others}: ${error.message}\n  the shortest sequence that fails, ${least.steps.length} of ` +
				`${sequence.steps.length} steps:\n${printed(least.steps)}\n  with: ${least.error.message}`;
			throw error;
		}
	});
}
