// SPDX-License-Identifier: ISC
// schema.mjs - a small validator of JSON Schema, strict: a member that the schema does not name is
// a fault, unless it says additionalProperties true. A keyword that it does not know is an error.

const NOTES = new Set(['$id', 'title', 'description', 'default', 'examples']);
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const isOf = {
	string: (v) => typeof v === 'string',
	integer: (v) => Number.isInteger(v),
	boolean: (v) => typeof v === 'boolean',
	object: (v) => v !== null && typeof v === 'object' && !Array.isArray(v),
	array: Array.isArray,
};

/** Each says whether a value is as the keyword asks. Those of strings, numbers and so on hold for
 * others. */
const KEYWORDS = {
	type: (v, types) => [types].flat().some((t) => isOf[t](v)),
	const: (v, wanted) => v === wanted,
	enum: (v, list) => list.includes(v),
	minLength: (v, n) => typeof v !== 'string' || [...v].length >= n,
	maxLength: (v, n) => typeof v !== 'string' || [...v].length <= n,
	minimum: (v, n) => typeof v !== 'number' || v >= n,
	maximum: (v, n) => typeof v !== 'number' || v <= n,
	pattern: (v, text) => typeof v !== 'string' || new RegExp(text, 'u').test(v),
	format: (v, name) => name === 'date-time' && (typeof v !== 'string' || ISO.test(v)),
	required: (v, names) => names.every((name) => name in v),
};

export class Schemas {
	/** document: the one in which each $ref is. */
	constructor(document) {
		this.document = document;
	}

	resolve(schema) {
		return schema.$ref ? this.resolve(schema.$ref.slice(2).split('/').reduce((at, name) => at[name], this.document)) : schema;
	}

	/** The first fault of a value, with its place; undefined: there is none. */
	fault(given, value, at = '') {
		const schema = this.resolve(given);
		for (const [keyword, wanted] of Object.entries(schema)) {
			if (keyword in KEYWORDS) {
				if (!KEYWORDS[keyword](value, wanted))
					return `${at || 'the value'}: ${keyword} ${JSON.stringify(wanted)}: ${JSON.stringify(value)}`.slice(0, 500);
			} else {
				const fault = this.#deeper(keyword, wanted, value, at, schema);
				if (fault)
					return fault;
			}
		}
		return undefined;
	}

	#deeper(keyword, wanted, value, at, schema) {
		switch (keyword) {
		case 'properties':
			return Object.keys(value).map((name) => {
				if (name in wanted)
					return this.fault(wanted[name], value[name], `${at}.${name}`);
				return schema.additionalProperties === true ? undefined : `${at}.${name}: no such member is described`;
			}).find(Boolean);
		case 'items':
			return value.map((one, i) => this.fault(wanted, one, `${at}[${i}]`)).find(Boolean);
		case 'oneOf':
		case 'anyOf': {
			const faults = wanted.map((one) => this.fault(one, value, at));
			return faults.includes(undefined) ? undefined : `${at || 'the value'}: is none of ${wanted.length}: ${faults.join('; ')}`;
		}
		case 'additionalProperties':
			return undefined;
		default:
			if (NOTES.has(keyword))
				return undefined;
			throw new Error(`the keyword ${keyword} is unknown`);
		}
	}
}
