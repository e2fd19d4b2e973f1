/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/nft: commands for nftables, run by libnftables in a child.
 *
 * libnftables is good at its language and bad at being a guest: it keeps much
 * of the memory that it took (hundreds of megabytes for large rulesets), ends
 * the process when memory runs out, and asserts on its own mistakes.  So it
 * lives in a child that is forked for one text and gone afterwards; what it
 * says comes back over a pipe.  The daemon's memory does not grow, and no
 * failure of the library can be one of the daemon.
 *
 * The child is killed when its parent dies: a commit that is left over from a
 * dead daemon must not arrive after the first commit of its successor.
 *
 * For private use of src/firewall.  The caller is single-threaded and does not
 * ignore SIGCHLD; if it reaps the child itself, the end counts as unknown.
 */
#ifndef GATEHOUSE_FIREWALL_NFT_H
#define GATEHOUSE_FIREWALL_NFT_H

#include "base/text.h"

enum nft_mode {
	NFT_APPLY,
	NFT_DRY_RUN, /* the kernel checks all and takes nothing */
};

enum nft_outcome {
	NFT_DONE,
	NFT_REFUSED, /* by library or kernel, whole; nothing changed */
	NFT_NOT_RUN, /* no child could be made; nothing changed */
	NFT_UNKNOWN, /* the child was killed: ask the kernel what it did */
};

struct nft_job {
	struct str head; /* put before the body in the child's memory only */
	struct str body;
	enum nft_mode mode;
	unsigned seconds_max; /* then the child is killed */
};

/*
 * Runs head and body as one transaction and waits for its end.  On anything
 * but NFT_DONE, words for people are appended to *reterr_why, at most
 * FIREWALL_WORDS_BYTES_MAX and a sentence.
 */
enum nft_outcome nft_run(const struct nft_job *job, struct text *reterr_why);

#endif
