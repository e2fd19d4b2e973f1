/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One browser, which watches what the page does: what it complains of, and
 * whom it asks.  The modules are in build/web (scripts/setup web).
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const VIEWS = ["overview", "policy", "events", "explain", "flows", "bans", "history"];
const ANSWER_REFUSED = /^Failed to load resource: the server responded with a status of/;

export class Browser {
	constructor(url) {
		this.url = url;
		this.complaints = [];
		this.strangers = [];
	}

	async open() {
		this.chromium = await chromium.launch({
			executablePath: process.env.CHROMIUM,
			/* The lab's programs are root's, and ask no names of their own. */
			args: [
				"--no-sandbox",
				"--host-resolver-rules=MAP * ~NOTFOUND, " +
					`EXCLUDE ${new URL(this.url).hostname}`,
			],
		});
		return this;
	}

	close() {
		return this.chromium.close();
	}

	/* A page of a fresh user, of this width and with these colours. */
	async page({ width = 1360, height = 900, colours = "light" } = {}) {
		const context = await this.chromium.newContext({
			viewport: { width, height },
			colorScheme: colours,
		});
		return this.tab(context);
	}

	/* One more page of the same user. */
	async tab(context) {
		const page = await context.newPage();
		page.setDefaultTimeout(15000);
		page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
		page.on("console", (said) => this.hear(said));
		page.on("request", (request) => this.watch(request.url()));
		return page;
	}

	/* That a change was refused is no complaint of the page's. */
	hear(said) {
		const refused =
			said.location().url.includes("/api/v1/") && ANSWER_REFUSED.test(said.text());
		if (["error", "warning"].includes(said.type()) && !refused)
			this.complaints.push(`${said.text()} (${said.location().url})`);
	}

	/* Complaints that a story brought about; so many at least. */
	forget(words, least = 1) {
		const others = this.complaints.filter((complaint) => !words.test(complaint));
		if (this.complaints.length - others.length < least)
			throw new Error(`nobody complained of ${words}`);
		this.complaints = others;
	}

	watch(url) {
		if (!url.startsWith(`${this.url}/`) && !url.startsWith("data:"))
			this.strangers.push(url);
	}

	/* The view, once the gateway has answered it. */
	async show(page, view) {
		await page.goto(`${this.url}/#/${view}`);
		await page.locator(`#view[data-view="${view.split("?")[0]}"] h1`).waitFor();
		await page.locator("#pulse[data-state=well]").waitFor();
		await page.waitForFunction(
			() => !/Asking/.test(document.querySelector("#view").textContent),
		);
	}
}

/*
 * What axe finds, a line each: by all its rules, or by these.  Rows past the
 * twelfth of a table are like those before, and only take time.
 */
export async function violations(page, ...rules) {
	if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
	const found = await page.evaluate(
		(only) =>
			axe.run(
				{ exclude: ["tbody tr:nth-child(n+13)"] },
				{
					resultTypes: ["violations"],
					iframes: false,
					...(only.length && { runOnly: only }),
				},
			),
		rules,
	);
	return found.violations.flatMap((one) =>
		one.nodes.map(
			(node) => `${one.id}: ${one.help}: ${node.target.join(" ")} ${node.failureSummary}`,
		),
	);
}

export const isTooWide = (page) =>
	page.evaluate(
		() => document.documentElement.scrollWidth > document.documentElement.clientWidth,
	);
