// SPDX-License-Identifier: ISC
// openapi.mjs - what an OpenAPI document says of an answer, taken strictly: a member that it does
// not name is a fault.

import { load } from './modules.mjs';

export class Description {
	constructor(document) {
		const Ajv = load('ajv/dist/2020.js').default;
		this.ajv = new Ajv({ strict: true, allErrors: true });
		load('ajv-formats').default(this.ajv);
		this.document = document;
		this.operations = Object.entries(document.paths).flatMap(([pattern, methods]) =>
			Object.entries(methods).map(([method, o]) => ({ ...o, pattern, method: method.toUpperCase() })));
		this.seen = new Set(); // "operationId status"
	}

	#resolve(thing) {
		return thing?.$ref ? thing.$ref.slice(2).split('/').reduce((at, name) => at[name], this.document) : thing;
	}

	/** Returns the schema without references. The parts of allOf are merged, and other
	 * properties are not allowed. */
	#closed(schema) {
		const s = this.#resolve(schema);
		if (s.allOf) {
			const parts = s.allOf.map((p) => this.#closed(p));
			return { type: 'object', required: parts.flatMap((p) => p.required ?? []), properties: Object.assign({}, ...parts.map((p) => p.properties)), additionalProperties: false };
		}
		if (s.type === 'array')
			return { ...s, items: this.#closed(s.items) };
		if (!s.properties)
			return s;
		return { ...s, properties: Object.fromEntries(Object.entries(s.properties).map(([k, v]) => [k, this.#closed(v)])), additionalProperties: false };
	}

	operation(id) {
		return this.operations.find((o) => o.operationId === id);
	}

	/** Returns the fault of an answer of that operation; undefined: it has none. */
	fault(id, answer) {
		const response = this.#resolve(this.operation(id).responses[answer.status]);
		if (!response)
			return `${id}: ${answer.status} is not described: ${answer.body}`;
		this.seen.add(`${id} ${answer.status}`);
		if (!response.content)
			return answer.body === '' ? undefined : `${id}: ${answer.status} has a body: ${answer.body}`;
		const type = answer.headers['content-type']?.split(';')[0];
		const media = response.content[type];
		if (!media)
			return `${id}: ${answer.status} is not described as ${type}`;
		const missing = Object.keys(response.headers ?? {}).filter((h) => h !== 'Link' && !(h.toLowerCase() in answer.headers));
		if (missing.length)
			return `${id}: ${answer.status} has no ${missing}`;
		if (type !== 'application/json')
			return undefined;
		const validate = this.ajv.compile(this.#closed(media.schema));
		return validate(answer.json) ? undefined : `${id}: ${answer.status}: ${this.ajv.errorsText(validate.errors)}: ${answer.body}`;
	}
}
