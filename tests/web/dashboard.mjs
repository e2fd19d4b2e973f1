/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dashboard in a browser: HOME TOKEN SHOTS on the command line, a line of
 * JSON for each story: { "story", "wrong": null or words }.
 *
 * tests/story/test_0175_dashboard.py has made the traffic that is seen here,
 * and looks afterwards at what became of it.  The stories follow each other.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Browser, VIEWS, isTooWide, violations } from "./browser.mjs";

const [, , HOME, TOKEN, SHOTS] = process.argv;
const browser = await new Browser(HOME).open();
const page = await browser.page();

const shot = (name, of = page) => of.screenshot({ path: `${SHOTS}/${name}.png` });
const main = page.locator("#view");
const dialog = page.getByRole("dialog");
const said = page.locator("#said");

/* A packet that the policy drops, and tells of. */
const refuse = (port) =>
	new Promise((resolve) => {
		const socket = createSocket("udp4");
		socket.send("x", port, "203.0.113.9", () => socket.close(resolve));
	});

async function signIn(token) {
	await dialog.getByLabel("Token").fill(token);
	await dialog.getByRole("button", { name: "Sign in" }).click();
}

const stories = {
	async "the policy is shown with its hits"() {
		await browser.show(page, "policy");
		const row = main.getByRole("row", { name: /reject lan -> shop\.example\.com/ });
		await row.waitFor();
		assert.match(await row.textContent(), /<img\/src=x onerror=hacked=1>/);
		const foreign = main.getByRole("row", { name: /line 2 of an included file/ });
		await foreign.getByText("reject").waitFor();
		const dropped = main.getByRole("row", { name: /drop\s+any -> any/ }).first();
		await dropped.getByRole("link", { name: /[1-9]\d* hits?: events of line/ }).waitFor();
		await shot("policy-light");
		await dropped.getByRole("link").click();
		await main
			.getByRole("row", { name: /line \d+/ })
			.nth(1)
			.waitFor();
		assert.match(page.url(), /#\/events\?rule\.line=\d+$/);
	},

	async "what a peer sent is text"() {
		await browser.show(page, "events?name=shop.example.com");
		const hostile = "http://shop.example.com/admin/<script>hacked=1</script>";
		await main.getByText(hostile).first().waitFor();
		await main.getByText(hostile).first().click();
		await dialog.getByText(hostile, { exact: true }).waitFor();
		await dialog
			.locator(".why .answer")
			.getByText("<img/src=x onerror=hacked=1>")
			.waitFor();
		assert.deepEqual(await violations(page), []);
		await shot("event-light");
		assert.equal(await page.evaluate(() => window.hacked), undefined);
		assert.equal(
			await page.evaluate(
				() => document.querySelectorAll("#view img, #view script, dialog img").length,
			),
			0,
		);
		await page.keyboard.press("Escape");
		await dialog.waitFor({ state: "detached" });
	},

	async "events come live, filtered and paused"() {
		await browser.show(page, "events?port=7004");
		await main.getByText("No event is like that; live.").waitFor();
		await refuse(7003);
		await refuse(7004);
		await main.getByText("203.0.113.9:7004").waitFor();
		assert.equal(await main.locator("tbody tr").count(), 1);
		await main.getByRole("button", { name: "Pause" }).click();
		await refuse(7004);
		await main.getByText("paused; 1 came meanwhile").waitFor();
		assert.equal(await main.locator("tbody tr").count(), 1);
		await main.getByRole("button", { name: "Go on" }).click();
		await main.locator("tbody tr").nth(1).waitFor();
		await main.getByLabel("Verdict").selectOption("allow");
		await main.getByText("No event is like that").waitFor();
		assert.match(page.url(), /verdict=allow/);
		await main.getByRole("link", { name: "Clear" }).click();
		await main.getByText("203.0.113.9:7003").first().waitFor();
		await main.getByLabel("Find among these").fill("7003");
		await main.getByText("203.0.113.9:7004").first().waitFor({ state: "hidden" });
		await shot("events-light");
	},

	async "any flow is explained"() {
		await browser.show(page, "explain");
		await main.getByLabel("A flow").fill("lan 10.0.0.4 -> http://shop.example.com/admin/");
		await page.keyboard.press("Enter");
		const why = main.locator(".why");
		await why.getByText("By the proxy, as soon as its request is known").waitFor();
		await why.locator(".step.match").getByText("matches").waitFor();
		await shot("explain-light");
		await main.getByLabel("A flow").fill("nonsense");
		await main.getByRole("button", { name: "Explain" }).click();
		await main.getByText("expected the source's address, found 'nonsense'").waitFor();
		await page.goBack();
		await why.locator(".step.match").waitFor();
	},

	async "a wrong token is refused, and the right one signs in"() {
		await browser.show(page, "bans");
		await page.getByRole("button", { name: "Sign in" }).click();
		await signIn("wrong");
		await dialog.getByText("does not know this token").waitFor();
		assert.deepEqual(await violations(page), []);
		await shot("signin-light");
		await signIn(TOKEN);
		await dialog.waitFor({ state: "detached" });
		await page.getByRole("button", { name: "Sign out" }).waitFor();
		/* The cookie is the browser's: the page knows it again. */
		await page.reload();
		await page.getByRole("button", { name: "Sign out" }).waitFor();
	},

	async "a policy that waits is kept"() {
		const notice = page.locator("#notices");
		await notice.getByText("A policy waits to be confirmed").waitFor();
		await shot("pending-light");
		await notice.getByRole("button", { name: "Keep it" }).click();
		await notice.getByText("A policy waits").waitFor({ state: "detached" });
	},

	async "somebody is banned and the ban is lifted"() {
		await browser.show(page, "bans");
		await main.getByText("Nobody is banned.").waitFor();
		await main.getByRole("button", { name: "Ban an address" }).click();
		await dialog.getByLabel("Address, prefix or range").fill("nobody");
		await dialog.getByRole("button", { name: "Ban", exact: true }).click();
		await dialog.getByRole("alert").getByText("nobody").waitFor();
		await dialog.getByLabel("Address, prefix or range").fill("198.51.100.7");
		await dialog.getByLabel("Because").fill("<img src=x onerror=hacked=1>");
		await dialog.getByRole("button", { name: "Ban", exact: true }).click();
		const row = main.getByRole("row", { name: /198\.51\.100\.7/ });
		await row.getByText("<img src=x onerror=hacked=1>").waitFor();
		await row.getByText("59 min").waitFor();
		await shot("bans-light");
		/* A session that is over meanwhile is begun anew, and the work done. */
		await page.request.delete(`${HOME}/api/v1/session`);
		await row.getByRole("button", { name: "Lift the ban of 198.51.100.7" }).click();
		await dialog.getByText("The session is over.").waitFor();
		await signIn(TOKEN);
		await main.getByText("Nobody is banned.").waitFor();
		assert.equal(await page.evaluate(() => window.hacked), undefined);
	},

	async "a flow is ended"() {
		await browser.show(page, "flows?match=to wan port 7".replaceAll(" ", "+"));
		const row = main.getByRole("row", { name: /203\.0\.113\.80:7/ });
		await row.getByText("lan → wan").waitFor();
		await shot("flows-light");
		await row.getByRole("button", { name: /^End / }).click();
		await dialog.getByRole("button", { name: "End it" }).click();
		await said.getByText(/ended/).waitFor();
		await main.getByText("No such flow lives.").waitFor();
	},

	async "history tells what changed, and brings it back"() {
		await browser.show(page, "history");
		await main.getByText("3 policies kept.").waitFor();
		await main.getByRole("button", { name: "Changes by policy 2" }).click();
		const changes = main.locator(".difference");
		await changes.getByText("lan → wan").first().waitFor();
		await changes.getByText(/^\+allow\s+lan -> wan udp 8/).waitFor();
		assert.equal(await changes.locator(".diff .old").count(), 1);
		await shot("history-light");
		const other = await browser.tab(page.context());
		await browser.show(other, "policy");
		const rule = other.locator("#view tr", { hasText: "allow  lan -> wan udp" });
		await rule.getByText("udp 9").waitFor();
		await page.bringToFront(); /* behind another, a page has one frame a second */
		await main.getByRole("button", { name: "Bring back policy 1" }).click();
		await dialog.getByText("lan → wan").first().waitFor();
		await shot("rollback-light");
		await dialog.getByRole("button", { name: "Bring it back" }).click();
		await main.getByRole("row", { name: /^1 in force/ }).waitFor();
		await said.getByText("Another policy is in force now.").waitFor();
		/* It changes under the other page, too, once that is looked at. */
		await other.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
		await rule.getByText("udp 53").waitFor();
		await other.getByRole("button", { name: "Sign out" }).click();
		await other.getByRole("button", { name: "Sign in" }).waitFor();
		await other.close();
		await page.reload();
		const back = main.getByRole("button", { name: "Bring back policy 2" });
		await back.waitFor();
		assert.equal(await back.getAttribute("title"), "Sign in first");
	},

	async "the keyboard is enough"() {
		await page.goto("about:blank");
		await browser.show(page, "overview");
		const focused = () => page.evaluate(() => document.activeElement.textContent);
		await page.keyboard.press("Tab");
		assert.equal(await focused(), "Skip to the content");
		await page.keyboard.press("Tab");
		await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await main.getByRole("heading", { name: "Policy" }).waitFor();
		assert.equal(await focused(), "Policy");
		await browser.show(page, "events");
		await main.locator("tbody tr").nth(2).waitFor();
		await main.getByRole("button", { name: "Pause" }).press("Enter");
		const times = main.locator("tbody .time");
		await times.first().focus();
		await page.keyboard.press("ArrowDown");
		assert.ok(await times.nth(1).evaluate((one) => one === document.activeElement));
		await page.keyboard.press("Enter");
		await dialog.waitFor();
		await page.keyboard.press("Escape");
		await dialog.waitFor({ state: "detached" });
		assert.ok(await times.nth(1).evaluate((one) => one === document.activeElement));
	},

	async "a gateway that is away is said to be, and found again"() {
		await browser.show(page, "bans");
		await page.context().setOffline(true);
		await page.evaluate(() => dispatchEvent(new Event("hashchange")));
		await page.evaluate(() => (location.hash = "#/flows"));
		const notice = page.locator("#notices");
		await notice.getByText("The gateway does not answer").waitFor();
		await shot("away-light");
		await page.context().setOffline(false);
		await notice.getByRole("button", { name: "Try now" }).click();
		await notice.getByText("does not answer").waitFor({ state: "detached" });
		browser.forget(/ERR_INTERNET_DISCONNECTED/);
	},

	async "a gateway that is slow is said to be"() {
		await browser.show(page, "bans");
		let answer;
		const asked = new Promise((resolve) => {
			page.route("**/api/v1/bans", (route) => {
				answer = () => route.continue();
				resolve();
			});
		});
		await page.clock.install();
		await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
		await asked;
		await page.clock.fastForward(3000);
		const notice = page.locator("#notices").getByText("slow to answer");
		await notice.waitFor();
		await answer();
		await notice.waitFor({ state: "detached" });
		await page.unroute("**/api/v1/bans");
		await page.clock.resume();
		await page.reload();
	},

	async "a page that nobody sees gives the stream back"() {
		await browser.show(page, "events");
		await main.getByText(/, live/).waitFor();
		const gone = page.waitForEvent(
			"requestfailed",
			(request) => request.headers().accept === "text/event-stream",
		);
		const hide = (hidden) =>
			page.evaluate((is) => {
				Object.defineProperty(document, "hidden", { value: is, configurable: true });
				document.dispatchEvent(new Event("visibilitychange"));
			}, hidden);
		await hide(true);
		await gone;
		await refuse(7005);
		await hide(false);
		await main.getByText("203.0.113.9:7005").first().waitFor();
	},

	async "the overview shows what went on"() {
		await browser.show(page, "overview");
		await main.locator(".well").getByText(process.env.HEALTH).waitFor();
		await main.locator(".facts").getByText("6 rules").waitFor();
		const names = main.getByRole("table", { name: "Names" });
		await names.getByRole("row", { name: /www\.example\.com/ }).waitFor();
		const pairs = main.getByRole("table", { name: "Traffic by zones" });
		await pairs.getByRole("row", { name: /lan → wan/ }).waitFor();
		await main.getByText("As a table").first().click();
		const flows = main.getByRole("table", { name: "Flows" });
		await flows
			.getByRole("row", { name: /^\d\d:\d\d [1-9]\d* [1-9]\d*$/ })
			.first()
			.waitFor();
		const moment = main.getByRole("slider", { name: "Flows: a moment" });
		await moment.press("End");
		assert.match(
			await moment.getAttribute("aria-valuetext"),
			/^\d\d:\d\d: Allowed \d+, Refused \d+$/,
		);
		await main.getByLabel("10 min").check();
		await flows
			.getByRole("row", { name: /^\d\d:\d\d:\d\d [1-9]/ })
			.first()
			.waitFor();
		await main.getByText("As a table").first().click();
		await shot("overview-light");
		await names.getByRole("link", { name: "www.example.com" }).click();
		await main
			.getByRole("row", { name: /GET http:\/\/www\.example\.com\/a/ })
			.first()
			.waitFor();
	},

	async "10,000 rules are not 10,000 rows"() {
		const big = await browser.page();
		const lines = Array.from(
			{ length: 10000 },
			(_, i) => `allow lan -> 10.1.${i >> 8}.${i & 255} tcp ${1000 + i}`,
		);
		await big.route("**/api/v1/policy", (route) =>
			route.fulfill({ contentType: "text/plain", body: lines.join("\n") }),
		);
		await big.route("**/api/v1/rules", (route) =>
			route.fulfill({
				json: {
					rules: lines.map((text, i) => ({
						line: i + 1,
						nth: 0,
						text,
						name: null,
						verdict: "allow",
						packets: i,
						bytes: 0,
						flows: i,
						last: null,
					})),
				},
			}),
		);
		await browser.show(big, "policy");
		await big.getByText("10,000 rules").waitFor();
		assert.ok((await big.evaluate(() => document.querySelectorAll("*").length)) < 6000);
		await big.evaluate(() => scrollTo(0, document.body.scrollHeight));
		await big.getByText("10.1.39.15").waitFor();
		await big.getByLabel("Find in the policy").fill("10.1.20.7 tcp");
		await big.getByText("10.1.20.7 tcp").waitFor();
		assert.ok((await big.locator("tbody tr").count()) < 5);
		await big.context().close();
	},

	async "no script but ours runs"() {
		await browser.show(page, "bans");
		await page.evaluate(() => {
			const script = document.createElement("script");
			script.textContent = "window.hacked = 1";
			document.body.append(script);
			document.body.setAttribute("style", "display: none");
		});
		assert.equal(await page.evaluate(() => window.hacked), undefined);
		await page.getByRole("heading", { name: "Bans" }).waitFor();
		browser.forget(/Content Security Policy/, 2);
		await page.reload();
	},

	async "both colours are legible, and a reader finds its way"() {
		const dark = await browser.page({ colours: "dark" });
		const look = async (own, ...rules) => {
			for (const view of VIEWS) {
				await browser.show(own, view);
				if (own === dark) await shot(`${view}-dark`, dark);
				assert.deepEqual(await violations(own, ...rules), [], view);
			}
		};
		/* But for contrast, nothing hangs on colours. */
		await Promise.all([look(page), look(dark, "color-contrast")]);
		await dark.context().close();
	},

	async "the colours are a choice that stays"() {
		const ground = () =>
			page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
		await browser.show(page, "explain");
		const light = await ground();
		await page.getByLabel("Dark").check();
		const dark = await ground();
		assert.notEqual(light, dark);
		await page.reload();
		assert.equal(await ground(), dark);
		await page.getByLabel("Auto").check();
		assert.equal(await ground(), light);
	},

	async "a phone shows all of it"() {
		const phone = await browser.page({ width: 390, height: 844 });
		for (const view of VIEWS) {
			await browser.show(phone, view);
			await shot(`${view}-phone`, phone);
			assert.equal(await isTooWide(phone), false, view);
		}
		assert.deepEqual(await violations(phone), []);
		await phone.context().close();
	},

	async "nobody else is asked, and nothing is complained of"() {
		assert.deepEqual(browser.strangers, []);
		assert.deepEqual(browser.complaints, []);
	},
};

for (const [story, tell] of Object.entries(stories)) {
	let wrong = null;
	const began = performance.now();
	try {
		await tell();
	} catch (error) {
		wrong = String(error.stack ?? error);
		await shot(`wrong-${Object.keys(stories).indexOf(story)}`).catch(() => null);
	}
	const ms = Math.round(performance.now() - began);
	process.stdout.write(`${JSON.stringify({ story, wrong, ms })}\n`);
}
await browser.close();
