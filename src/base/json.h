/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/json: writing JSON, never reading it.
 *
 * A writer over a text.  Commas are its own affair: the caller opens, names,
 * writes and closes.  What is not valid UTF-8 in a string is written as the
 * replacement character, so that one bad byte never spoils a line.
 *
 *	json_object_begin(&j);
 *	json_name(&j, "port");
 *	json_put_integer(&j, 443);
 *	json_object_end(&j);
 */
#ifndef GATEHOUSE_BASE_JSON_H
#define GATEHOUSE_BASE_JSON_H

#include "base/text.h"

struct json {
	struct text *out;
	bool comma; /* a value stands before us in this object or array */
};

#define JSON_ON(text) ((struct json){ .out = (text) })

void json_object_begin(struct json *json);
void json_object_end(struct json *json);
void json_array_begin(struct json *json);
void json_array_end(struct json *json);

/* The name of the member that the next value gives. */
void json_name(struct json *json, const char *name);

void json_put_null(struct json *json);
void json_put_bool(struct json *json, bool value);
void json_put_integer(struct json *json, int64_t value);

/* value / 1000 with three decimals, exactly: 1500 gives 1.500. */
void json_thousandths(struct json *json, int64_t value);

/* A string; at == NULL gives null. */
void json_put_string(struct json *json, struct str value);
void json_put_stringz(struct json *json, const char *value);

/*
 * A string of at most bytes_max bytes between its quotes, escapes and all;
 * a longer one is cut between characters and ends in "...", which counts.
 * bytes_max is 3 or more.
 */
void json_string_cut(struct json *json, struct str value, size_t bytes_max);

#endif
