"use strict";
/* Whatever came from a peer is set as text and never as markup. */
const SHOWN = 100;
const cell = (words) => {
	const td = document.createElement("td");
	td.textContent = words;
	return td;
};

async function showStatus() {
	const answer = await fetch("/api/v1/status");
	const status = await answer.json();
	document.getElementById("state").textContent =
		`${status.policy}, in force since ${status.since}`;
	document.getElementById("rules").replaceChildren(
		...status.rules.map((rule) => {
			const row = document.createElement("tr");
			row.append(cell(rule.line || ""), cell(rule.text || ""),
				cell(rule.packets || "never"));
			if (!rule.packets)
				row.className = "never";
			return row;
		}));
}

function line(event) {
	const where = event.name || event.destination || "";
	const what = event.verdict || event.reason || "";
	return `${event.time} ${what} ${event.source || ""} ${where} ` +
		`${event.protocol || ""} ${event.port || ""}`;
}

async function follow() {
	const list = document.getElementById("events");
	const show = (event, first) => {
		const item = document.createElement("li");
		item.textContent = line(event);
		if (first)
			list.prepend(item);
		else
			list.append(item);
		while (list.childElementCount > SHOWN)
			list.lastElementChild.remove();
	};
	const past = await (await fetch(`/api/v1/events?limit=${SHOWN}`)).text();
	past.split("\n").filter(Boolean).forEach((text) =>
		show(JSON.parse(text), false));
	new EventSource("/api/v1/events").onmessage = (message) =>
		show(JSON.parse(message.data), true);
}

showStatus();
setInterval(showStatus, 5000);
follow();
