/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/import: what others wrote, as a policy.
 *
 * The text that comes out reads as a policy (policy/format brings it into its
 * form), and never allows what was refused: what cannot be said exactly is
 * marked, `# not translated: LINE (why)`, and refused.
 */
#ifndef GATEHOUSE_IMPORT_IMPORT_H
#define GATEHOUSE_IMPORT_IMPORT_H

#include "base/text.h"

enum import_kind {
	IMPORT_KIND_UNKNOWN,
	IMPORT_KIND_IPTABLES,
	IMPORT_KIND_NFT,
	IMPORT_KIND_UFW,
	IMPORT_KIND_SQUID,
	IMPORT_KIND_IPSET,     /* names of sets, beside iptables */
	IMPORT_KIND_ADDRESSES, /* `ip addr` and `ip route` */
	IMPORT_KIND_COUNT
};

struct import_file {
	const char *name;
	struct str text;
	enum import_kind kind;
};

struct import_tally {
	size_t lines, translated;
};

/* By a word of the command line; UNKNOWN if it is none. */
enum import_kind import_kind_find(struct str word);

/* What the text looks like. */
enum import_kind import_kind_guess(struct str text);

/*
 * Each file has its kind; of iptables, nft and ufw one only, with addresses and
 * sets beside it.  0; -EINVAL: there is nothing in them, or they do not go
 * together; -E2BIG; -ENOMEM.
 */
int import_files(const struct import_file *files, size_t count,
    struct text *ret, struct import_tally *ret_tally);

#endif
