// SPDX-License-Identifier: ISC
// browsers.mjs - Chromium by playwright-core and Firefox by puppeteer-core, in the same words:
// Playwright's, as far as the tests use them. A page is a window of its own: none is hidden behind
// another.

import { load, program } from './modules.mjs';
import { WAIT_MS } from './wait.mjs';

const CHROMIUM_ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
/* The browser does nothing on its own: it looks for no updates, portals or experiments. */
const FIREFOX_PREFS = {
	'app.update.enabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
	'browser.safebrowsing.malware.enabled': false, 'browser.safebrowsing.phishing.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false,
	'toolkit.telemetry.reportingpolicy.firstRun': false, 'app.normandy.enabled': false, 'services.settings.server': 'data:,',
};

const OF_NETWORK = /^(Cross-Origin Request Blocked: |Firefox can.t establish a connection |The connection to \S+ was interrupted )/;

function chromium() {
	const executablePath = program('chromium', 'chromium-browser', 'google-chrome');
	return load('playwright-core').chromium.launch({ executablePath, args: CHROMIUM_ARGS, headless: true, timeout: WAIT_MS });
}

async function firefox() {
	const executablePath = program('firefox-esr', 'firefox');
	const browser = await load('puppeteer-core').launch({
		browser: 'firefox', executablePath, headless: true, extraPrefsFirefox: FIREFOX_PREFS, timeout: WAIT_MS, protocolTimeout: WAIT_MS,
	});
	return {
		newContext: async ({ viewport } = {}) => new FirefoxContext(await browser.createBrowserContext(), viewport),
		close: () => browser.close(),
	};
}

const START = { chromium, firefox };

/** The names of the browsers. */
export const BROWSERS = Object.keys(START);

/** Starts a browser without a window. If it is not installed, the tests of the file are skipped. */
export function launch(name) {
	return START[name]();
}

class FirefoxContext {
	constructor(context, viewport) {
		Object.assign(this, { context, viewport });
	}

	async newPage() {
		const page = await this.context.newPage({ type: 'window' });
		if (this.viewport)
			await page.setViewport(this.viewport);
		return new FirefoxPage(page);
	}

	close() {
		return this.context.close();
	}
}

class FirefoxPage {
	constructor(page) {
		this.page = page;
		this.keyboard = page.keyboard;
		for (const same of ['setDefaultTimeout', 'goto', 'type', 'click', '$eval', '$$eval', 'title', 'close'])
			this[same] = page[same].bind(page);
	}

	/** 'pageerror', 'console', 'request'. Firefox's report of a failed connection is no error
	 * of the page. */
	on(event, f) {
		this.page.on(event, (x) => (event === 'pageerror' && OF_NETWORK.test(x.message)) || f(x));
	}

	addInitScript(f, argument) {
		return this.page.evaluateOnNewDocument(f, argument);
	}

	evaluate(f, argument) {
		return this.page.evaluate(f, argument);
	}

	waitForFunction(condition, argument, options) {
		return this.page.waitForFunction(condition, options, argument);
	}

	fill(selector, text) {
		return this.page.$eval(selector, (field, value) => {
			field.focus();
			field.value = value;
			field.dispatchEvent(new Event('input', { bubbles: true }));
		}, text);
	}

	/** keys: 'Enter', 'Shift+Enter'. */
	async press(selector, keys) {
		const held = keys.split('+'), last = held.pop();
		await this.page.focus(selector);
		for (const key of held)
			await this.page.keyboard.down(key);
		await this.page.keyboard.press(last);
		for (const key of held)
			await this.page.keyboard.up(key);
	}

	selectOption(selector, value) {
		return this.page.select(selector, value);
	}

	textContent(selector) {
		return this.page.$eval(selector, (e) => e.textContent);
	}

	screenshot({ path }) {
		return this.page.screenshot({ path });
	}
}
