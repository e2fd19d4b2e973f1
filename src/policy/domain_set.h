/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/domain_set: many names, asked whether one of them covers a name.
 *
 * `example.com` covers that name, `*.example.com` the names under it, and
 * `.example.com` both.  Names are kept in lower case without a final dot.  A
 * look-up hashes the name and each parent once: its cost grows with the labels
 * of the name asked for, not with the set.  A set that no one adds to any more
 * is read by any thread.
 */
#ifndef GATEHOUSE_POLICY_DOMAIN_SET_H
#define GATEHOUSE_POLICY_DOMAIN_SET_H

#include "base/text.h"

enum domain_cover {
	DOMAIN_ITSELF = 1, /* example.com */
	DOMAIN_UNDER = 2,  /* *.example.com */
	DOMAIN_BOTH = 3,   /* .example.com */
};

struct domain_entry {
	uint32_t at; /* offset of the name in `names`, plus one; 0: free */
	uint8_t len;
	uint8_t cover;
};

struct domain_set {
	struct text names;
	struct domain_entry *entries;
	size_t count, room; /* room is a power of two or 0 */
};

#define DOMAIN_NAME_MAX 253

void domain_set_fini(struct domain_set *set);

/*
 * The name must have passed domain_name_parse.  0, -ENOMEM, or -E2BIG when the
 * set's names would pass 4 GiB.
 */
int domain_set_add(
    struct domain_set *set, struct str name, enum domain_cover cover);
int domain_set_add_all(struct domain_set *set, const struct domain_set *from);

/* `name` in lower case, without a final dot. */
bool domain_set_covers(const struct domain_set *set, struct str name);

/* The i-th of `room` slots; false when it is free. */
bool domain_set_entry(const struct domain_set *set, size_t slot,
    struct str *ret_name, enum domain_cover *ret_cover);

/*
 * Reads a name as a policy or a list writes it (with or without a leading `.`
 * or `*.`), checks it (letters, digits, hyphen, underscore; labels of 1 to 63,
 * at most 253 in all; not an address) and writes it in lower case into `ret`.
 * 0, or -EINVAL with *reterr_why.
 */
int domain_name_parse(struct str text, char ret[static DOMAIN_NAME_MAX + 1],
    struct str *ret_name, enum domain_cover *ret_cover,
    const char **reterr_why);

#endif
