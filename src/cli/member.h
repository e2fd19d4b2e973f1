/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/member: the members of a JSON object, where they are what they should
 * be.  One of another type is as if it were not there.
 */
#ifndef GATEHOUSE_CLI_MEMBER_H
#define GATEHOUSE_CLI_MEMBER_H

#include "base/str.h"

#include <jansson.h>

/* Lent for as long as the object lives; at == NULL: none. */
struct str member_string(const json_t *object, const char *name);

/* The same as a text; `none` if there is none. */
const char *member_word(
    const json_t *object, const char *name, const char *none);

/* A whole number that is not negative, or -1. */
int64_t member_number(const json_t *object, const char *name);

/* The same in an object in the object. */
struct str member_inner_string(
    const json_t *object, const char *outer, const char *name);
int64_t member_inner_number(
    const json_t *object, const char *outer, const char *name);

/*
 * Makes all strings in it such as people may see (base/utf8), for those who
 * print them: what the gateway has from others may be for a terminal to obey.
 * Names of members stay.  0 or -ENOMEM.
 */
int member_show_all(json_t *value);

#endif
