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
		const fault = this.#faultOfValue(media.schema, answer.json);
		return fault && `${id}: ${answer.status}: ${fault}`;
	}

	#faultOfValue(schema, value) {
		const validate = this.ajv.compile(this.#closed(schema));
		return validate(value) ? undefined : `${this.ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`;
	}

	/** Everything that has an example, as {where, schema, examples}; a place that lacks one has
	 * an empty list. Of several media types the first has the example. */
	*exampled() {
		const ofMedia = (where, content) => {
			const [type, media] = Object.entries(content)[0];
			return { where: `${where} ${type}`, schema: media.schema, examples: 'example' in media ? [media.example] : [] };
		};
		const ofNamed = (where, one) => ({ where, schema: one.schema, examples: 'example' in one ? [one.example] : [] });
		for (const o of this.operations) {
			const where = o.operationId;
			for (const p of o.parameters)
				yield ofNamed(`${where} ${p.name}`, p);
			if (o.requestBody)
				yield ofMedia(`${where} body`, o.requestBody.content);
			for (const [status, reference] of Object.entries(o.responses)) {
				const response = this.#resolve(reference);
				if (response.content)
					yield ofMedia(`${where} ${status}`, response.content);
				for (const [name, header] of Object.entries(response.headers ?? {}))
					yield ofNamed(`${where} ${status} ${name}`, header);
			}
		}
		for (const [name, schema] of Object.entries(this.document.components.schemas))
			yield { where: name, schema, examples: schema.examples ?? [] };
	}

	/** Those of them without an example, or with one that the schema does not allow. */
	faultsOfExamples() {
		return [...this.exampled()].flatMap(({ where, schema, examples }) => {
			const faults = examples.map((one) => this.#faultOfValue(schema, one)).filter((f) => f);
			return examples.length ? faults.map((f) => `${where}: ${f}`) : [`${where}: no example`];
		});
	}
}
