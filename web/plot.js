/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plot of two counts over time, one above the line and one below it, on one
 * scale.  The legend is also the place where a moment is read: with the mouse,
 * with a finger, or with the arrow keys.  A table has the same for a reader.
 */
import { h, put, s, say, table } from "./dom.js";
import { clock, day } from "./words.js";

const HEIGHT = 208,
	LEFT = 52,
	RIGHT = 4,
	TOP = 10,
	BOTTOM = 22;

/* 1, 2 or 5 times a power of ten: at most so many steps up to the most. */
function stepOf(most, steps) {
	const raw = Math.max(most, 1) / steps;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = [1, 2, 5, 10].find((by) => by * power >= raw) * power;
	return Math.max(step, 1);
}

/* Above in whole steps, so that the top is a number; below what it needs. */
function scaleOf(points, up, down) {
	const most = (name) => Math.max(0, ...points.map((point) => point[name]));
	const above = most(up),
		below = most(down);
	const step = stepOf(above + below, 4);
	const top = Math.max(1, Math.ceil(above / step)) * step;
	return { step, above: top, below: below > 0 ? Math.max(below, top / 20) : 0 };
}

/* The hour; of many days, the day. */
function tickWords(time, step, length) {
	const at = new Date(time);
	return step * length <= 86400 * 2
		? clock(time, { seconds: false })
		: `${at.toLocaleDateString("en", { weekday: "short" })} ${at.getDate()}`;
}

/* In seconds: what a clock is divided by. */
const DIVISIONS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
const TICK_WIDTH = 64;

/* Points that begin at a round time of the reader's own clock. */
function ticksOf(points, step, width) {
	const most = Math.max(2, Math.floor(width / TICK_WIDTH));
	const every = DIVISIONS.find((one) => (step * points.length) / one <= most) ?? 604800;
	const isRound = ({ time }) => {
		const at = new Date(time);
		const seconds = Math.floor(at / 1000) - at.getTimezoneOffset() * 60;
		return seconds % every < step;
	};
	return points.flatMap((point, i) => (isRound(point) ? [i] : []));
}

export class Plot {
	/* sides: { up: { name, label }, down: { name, label }, format } */
	constructor(label, sides) {
		Object.assign(this, { label, sides, points: [], step: 60, at: null });
		this.svg = s("svg", {
			class: "plot",
			height: HEIGHT,
			tabindex: "0",
			role: "slider",
			"aria-label": `${label}: a moment`,
			"aria-orientation": "horizontal",
		});
		this.values = { up: h("b"), down: h("b") };
		this.moment = h("span", { class: "moment" });
		this.body = h("tbody");
		this.element = h(
			"figure",
			{ class: "figure" },
			this.legend(),
			this.svg,
			this.details(),
		);
		this.listen();
		this.watcher = new ResizeObserver(() => this.draw());
		this.watcher.observe(this.svg);
	}

	legend() {
		const one = (side) =>
			h(
				"span",
				{ class: `key ${side}` },
				`${this.sides[side].label} `,
				this.values[side],
			);
		return h("figcaption", { class: "legend" }, one("up"), one("down"), this.moment);
	}

	details() {
		const { up, down } = this.sides;
		return h(
			"details",
			null,
			h("summary", null, "As a table"),
			h(
				"div",
				{
					class: "scroll",
					tabindex: "0",
					role: "region",
					"aria-label": `${this.label}, table`,
				},
				table(
					this.label,
					[
						{ name: "From" },
						{ name: up.label, number: true },
						{ name: down.label, number: true },
					],
					this.body,
				),
			),
		);
	}

	listen() {
		const { svg } = this;
		const toPointer = (event) => {
			const x = event.clientX - svg.getBoundingClientRect().left - LEFT;
			this.look(Math.floor(x / this.pitch()));
		};
		svg.addEventListener("pointermove", toPointer);
		svg.addEventListener("pointerdown", toPointer);
		svg.addEventListener("pointerleave", () => this.look(null));
		svg.addEventListener("blur", () => this.look(null));
		svg.addEventListener("keydown", (event) => this.key(event));
	}

	key(event) {
		const last = this.points.length - 1;
		const now = this.at ?? last + 1;
		const to = {
			ArrowLeft: now - 1,
			ArrowRight: now + 1,
			Home: 0,
			End: last,
			Escape: null,
		}[event.key];
		if (to === undefined) return;
		event.preventDefault();
		this.look(to === null ? null : Math.min(last, Math.max(0, to)));
	}

	show(points, step) {
		Object.assign(this, { points, step });
		this.draw();
		const { up, down, format } = this.sides;
		put(
			this.body,
			[...points]
				.reverse()
				.map((point) =>
					h(
						"tr",
						null,
						h("td", null, this.name(point)),
						h("td", { class: "num" }, format(point[up.name])),
						h("td", { class: "num" }, format(point[down.name])),
					),
				),
		);
	}

	stop() {
		this.watcher.disconnect();
	}

	name(point) {
		return (
			(this.step >= 3600 ? `${day(point.time)} ` : "") +
			clock(point.time, { seconds: this.step < 60 })
		);
	}

	pitch() {
		return (this.svg.clientWidth - LEFT - RIGHT) / Math.max(1, this.points.length);
	}

	/* A moment, or with null all of them. */
	look(index) {
		this.at = this.points[index] ? index : null;
		const { up, down, format } = this.sides;
		const sum = (name) => this.points.reduce((all, point) => all + point[name], 0);
		const value = (name) => (this.at === null ? sum(name) : this.points[this.at][name]);
		say(this.values.up, format(value(up.name)));
		say(this.values.down, format(value(down.name)));
		say(this.moment, this.at === null ? "in all" : this.name(this.points[this.at]));
		this.svg.setAttribute(
			"aria-valuetext",
			`${this.moment.textContent}: ` +
				`${up.label} ${this.values.up.textContent}, ` +
				`${down.label} ${this.values.down.textContent}`,
		);
		this.svg.setAttribute("aria-valuemin", 0);
		this.svg.setAttribute("aria-valuemax", Math.max(0, this.points.length - 1));
		this.svg.setAttribute("aria-valuenow", this.at ?? Math.max(0, this.points.length - 1));
		this.mark();
	}

	mark() {
		if (this.cursor === undefined) return;
		this.cursor.setAttribute("visibility", this.at === null ? "hidden" : "visible");
		this.cursor.setAttribute("x", LEFT + (this.at ?? 0) * this.pitch());
		this.cursor.setAttribute("width", this.pitch());
	}

	bars(name, zero, unit, sign) {
		const pitch = this.pitch();
		const thin = Math.max(1, pitch - Math.min(2, pitch / 4));
		return this.points
			.map((point, i) => {
				if (!(point[name] > 0)) return "";
				const high = Math.max(1.5, point[name] * unit) * sign;
				const x = LEFT + i * pitch + (pitch - thin) / 2;
				return (
					`M${x.toFixed(1)} ${zero}h${thin.toFixed(1)}v${(-high).toFixed(1)}` +
					`h${(-thin).toFixed(1)}z`
				);
			})
			.join("");
	}

	lines(scale, zero, unit, width) {
		const marks = [];
		const lowest = -Math.floor(scale.below / scale.step) * scale.step;
		for (let value = lowest; value <= scale.above; value += scale.step) {
			const y = zero - value * unit;
			marks.push(
				s("line", {
					class: value === 0 ? "zero" : "grid",
					x1: LEFT,
					x2: width - RIGHT,
					y1: y,
					y2: y,
				}),
				s(
					"text",
					{ x: LEFT - 8, y: y + 4, "text-anchor": "end" },
					this.sides.format(Math.abs(value)).replace(".0 ", " "),
				),
			);
		}
		return marks;
	}

	draw() {
		const width = this.svg.clientWidth;
		if (width === 0) return;
		const { up, down } = this.sides;
		const scale = scaleOf(this.points, up.name, down.name);
		const unit = (HEIGHT - TOP - BOTTOM) / (scale.above + scale.below);
		const zero = TOP + scale.above * unit;
		this.cursor = s("rect", {
			class: "cursor",
			y: TOP,
			height: HEIGHT - TOP - BOTTOM,
			visibility: "hidden",
		});
		this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
		put(
			this.svg,
			this.lines(scale, zero, unit, width),
			this.cursor,
			s("path", { class: "up", d: this.bars(up.name, zero, unit, 1) }),
			s("path", { class: "down", d: this.bars(down.name, zero, unit, -1) }),
			ticksOf(this.points, this.step, width).map((i) =>
				s(
					"text",
					{
						y: HEIGHT - 5,
						x: Math.min(LEFT + (i + 0.5) * this.pitch(), width - 24),
						"text-anchor": "middle",
					},
					tickWords(this.points[i].time, this.step, this.points.length),
				),
			),
		);
		this.look(this.at);
	}
}
