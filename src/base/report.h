/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/report: what is wrong, and where.
 *
 * Reading a policy gathers every finding in one report instead of stopping at
 * the first.  A finding points at a place in a source, says what was expected,
 * and may give a hint of what to write instead and name the section of the
 * manual that teaches it.  Rendering shows the line with the place marked:
 *
 *	office.policy:12:8: error: nothing is called 'gest'
 *	   12 | reject gest -> any
 *	      |        ^^^^
 *	      = did you mean 'guest'?
 *	      = manual: docs/policy.md#rules
 *
 * The report copies its words; sources are lent and must outlive it.
 */
#ifndef GATEHOUSE_BASE_REPORT_H
#define GATEHOUSE_BASE_REPORT_H

#include "base/arena.h"
#include "base/json.h"

/*
 * A text that was read, kept for as long as places point into it; or only an
 * excerpt of a large one, that begins behind `lines_before` lines.
 */
struct source {
	struct str name; /* as the user named it */
	struct str text;
	uint32_t lines_before;
};

struct place {
	const struct source *source; /* NULL: no place */
	uint32_t at;                 /* byte offset in the text */
	uint32_t len;                /* bytes to mark, 0 means one */
};

enum report_weight {
	REPORT_ERROR,
	REPORT_WARNING,
};

struct finding {
	enum report_weight weight;
	const char *kind; /* warnings: a short word that scripts know */
	struct place place;
	struct str message;
	struct str hint; /* at == NULL: none */
	const char *see; /* a section of the manual; NULL: none */
	uint32_t by;     /* the line that causes it; 0: none */
};

struct report {
	struct arena arena;
	struct finding *items;
	size_t count, room;
	size_t errors, warnings;
	const char *topic; /* what the next errors name as `see` */
	bool kept;         /* the newest finding is the last item */
	bool cut;          /* there was more than REPORT_FINDINGS_MAX */
};

/* Of each weight, so that warnings never hide the error that refuses. */
#define REPORT_FINDINGS_MAX 200

void report_init(struct report *report);
void report_fini(struct report *report);

__attribute__((format(printf, 3, 4))) void report_error(
    struct report *report, struct place place, const char *format, ...);

__attribute__((format(printf, 4, 5))) void report_warning(struct report *report,
    const char *kind, struct place place, const char *format, ...);

/* Adds a hint to the newest finding. */
__attribute__((format(printf, 2, 3))) void report_hint(
    struct report *report, const char *format, ...);

/*
 * What is read from now on is taught in this section of the manual, which
 * errors will name; NULL: in none.  Returns the one before, to go back to.
 * The section is lent for as long as the report lives.
 */
const char *report_topic(struct report *report, const char *section);

/* The newest finding is taught in this section instead. */
void report_see(struct report *report, const char *section);

/* Names the line that is the cause of the newest finding. */
void report_by(struct report *report, uint32_t line);

/* By source and place, so that a reader goes down the file once; findings of
 * one place stay in the order in which they were made. */
void report_sort(struct report *report);

/* 1-based; {0, 0} where there is no place. */
struct line_column {
	uint32_t line;
	uint32_t column; /* in bytes */
};
struct line_column place_line(struct place place);

/* The text of the line at the place, without its end. */
struct str place_line_text(struct place place);

void report_render(const struct report *report, bool colour, struct text *out);

/*
 * The findings of one weight as an array of objects: "file", "line", "column",
 * "message", "hint" and "see"; warnings also "kind" and "by", an array of lines.
 */
void report_json(
    const struct report *report, enum report_weight weight, struct json *json);

#endif
