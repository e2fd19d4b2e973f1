/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "base/file.h"
#include "cli/draft.h"
#include "import/import.h"
#include "policy/limits.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
read_one(const char *name, struct text *ret)
{
	return strcmp(name, "-") == 0
		   ? draft_read_input(ret)
		   : file_read(name, POLICY_FILE_BYTES_MAX, ret);
}

/* What it is called to be, unless it is plain that it stands beside. */
static enum import_kind
kind_of(const struct text *text, enum import_kind wanted)
{
	enum import_kind guess = import_kind_guess(text_str(text));

	if (guess == IMPORT_KIND_IPSET || guess == IMPORT_KIND_ADDRESSES)
		return guess;
	return wanted != IMPORT_KIND_UNKNOWN ? wanted : guess;
}

static enum status
read_files(char **names, size_t count, enum import_kind wanted,
    struct text *texts, struct import_file *files)
{
	for (size_t i = 0; i < count; i++) {
		int rc = read_one(names[i], &texts[i]);
		if (rc < 0) {
			complain("cannot read %s: %s", names[i],
			    rc == -EFBIG ? "it is too large" : strerror(-rc));
			return STATUS_WORLD;
		}
		files[i].name = names[i];
		files[i].text = text_str(&texts[i]);
		files[i].kind = kind_of(&texts[i], wanted);
		if (files[i].kind == IMPORT_KIND_UNKNOWN) {
			complain("%s: it is not plain what this is; say "
				 "iptables, nft, ufw or squid",
			    names[i]);
			return STATUS_NO;
		}
	}
	return STATUS_GOOD;
}

static enum status
say_refusal(int rc)
{
	complain("%s", rc == -E2BIG    ? "its chains come to too many rules"
		       : rc == -EINVAL ? "there is nothing to translate"
				       : strerror(-rc));
	return rc == -ENOMEM ? STATUS_WORLD : STATUS_NO;
}

static enum status
translate(const struct options *options, const struct import_file *files,
    size_t count)
{
	struct import_tally tally;
	struct text policy = TEXT_EMPTY;
	int rc = import_files(files, count, &policy, &tally);

	if (rc < 0) {
		text_fini(&policy);
		return say_refusal(rc);
	}
	enum status status = draft_deliver(options->output, &policy);
	if (status == STATUS_GOOD)
		(void)fprintf(stderr, "%zu of %zu lines translated%s\n",
		    tally.translated, tally.lines,
		    tally.translated < tally.lines
			? "; look for '# not translated'"
			: "");
	text_fini(&policy);
	return status;
}

static enum status
import(const struct options *options)
{
	enum import_kind kind = import_kind_find(str_of(options->words[0]));
	size_t skipped = kind != IMPORT_KIND_UNKNOWN;
	size_t count = (size_t)options->count - skipped;
	struct text *texts = calloc(count + 1, sizeof(*texts));
	struct import_file *files = calloc(count + 1, sizeof(*files));
	enum status status = STATUS_WORLD;

	if (texts == NULL || files == NULL)
		complain("%s", strerror(ENOMEM));
	else if (count == 0)
		complain("which file? '-' is standard input");
	else
		status = read_files(
		    options->words + skipped, count, kind, texts, files);
	if (count == 0)
		status = STATUS_USAGE;
	if (status == STATUS_GOOD)
		status = translate(options, files, count);
	for (size_t i = 0; texts != NULL && i < count; i++)
		text_fini(&texts[i]);
	free(texts);
	free(files);
	return status;
}

const struct command command_import = {
	.name = "import",
	.usage = "[iptables|nft|ufw|squid] [-o FILE] FILE...",
	.summary = "make a policy of another firewall's or proxy's rules",
	.help =
	    "Reads the rules of another program and writes a policy that says "
	    "the\n"
	    "same: iptables-save and ip6tables-save (both together), `nft "
	    "list\n"
	    "ruleset`, ufw's user.rules and user6.rules, or squid.conf.  "
	    "Which of\n"
	    "them it is, is told by the files unless it is named.  FILE - is\n"
	    "standard input.\n"
	    "\n"
	    "Each rule stands below the line that it comes from.  What cannot "
	    "be\n"
	    "said exactly is marked '# not translated', with the reason, and "
	    "never\n"
	    "allows more than it did: what it refused is refused with all "
	    "that is\n"
	    "like it.  Read the policy before you apply it.\n"
	    "\n"
	    "What lives behind an interface, iptables does not say.  The "
	    "output of\n"
	    "`ip addr` and `ip route`, as further files, tells; so does that "
	    "of\n"
	    "`ipset save` of the sets that rules name.\n"
	    "\n"
	    "  iptables-save >4; ip6tables-save >6; ip addr >a; ip route >>a\n"
	    "  gatehouse import 4 6 a -o office.policy\n"
	    "  nft list ruleset | gatehouse import nft -\n"
	    "  gatehouse import /etc/squid/squid.conf\n"
	    "\n"
	    "Status 0: written, whole or in part. 1: there is nothing to "
	    "translate.\n"
	    "3: a file cannot be read or written.\n",
	.takes = OPTION_OUTPUT,
	.words_min = 1,
	.words_max = INT_MAX,
	.run = import,
};
