/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/import.h"

#include "import/ipset.h"
#include "import/iptables.h"
#include "import/nft.h"
#include "import/squid.h"
#include "import/translation.h"
#include "import/ufw.h"
#include "import/zones.h"

#include <errno.h>

/* A hundred thousand rules of a container host need a few hundred. */
#define ARENA_BYTES_MAX ((size_t)1 << 30)

static const struct {
	const char *word;
	enum import_kind kind;
} kinds[] = {
	{ "iptables", IMPORT_KIND_IPTABLES },
	{ "nft", IMPORT_KIND_NFT },
	{ "ufw", IMPORT_KIND_UFW },
	{ "squid", IMPORT_KIND_SQUID },
};

enum import_kind
import_kind_find(struct str word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_is(word, kinds[i].word))
			return kinds[i].kind;
	return IMPORT_KIND_UNKNOWN;
}

/* "2: eth0: <...", "default via", "192.0.2.0/24 dev eth0" */
static bool
is_of_addresses(struct str line)
{
	size_t digits = 0;

	while (digits < line.len && ascii_is_digit(line.at[digits]))
		digits++;
	if (digits > 0 && str_starts(str_skip(line, digits), STR(": ")))
		return true;
	return str_starts(line, STR("default via ")) ||
	       str_starts(line, STR("default dev ")) ||
	       (digits > 0 && memmem(line.at, line.len, " dev ", 5) != NULL);
}

/* Of ufw, whose files begin like those of iptables. */
static bool
is_of_ufw(struct str text)
{
	static const char *const marks[] = { "### tuple ###",
		"DEFAULT_INPUT_POLICY=", ":ufw-user-input", ":ufw6-user-input",
		":ufw-before-", ":ufw6-before-", ":ufw-after-",
		":ufw6-after-" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (text.len > 0 && memmem(text.at, text.len, marks[i],
					strlen(marks[i])) != NULL)
			return memmem(text.at, text.len, ":INPUT ", 7) == NULL;
	return false;
}

/* "add rule inet filter input ...": ipset has "add" and "create" as well. */
static bool
is_of_nft(struct str line)
{
	static const char *const verbs[] = { "add", "create", "insert",
		"delete", "destroy", "flush" };
	static const char *const objects[] = { "table", "chain", "rule", "set",
		"map", "element", "ruleset", "flowtable" };
	struct str object = line, verb = str_cut(&object, ' ');
	bool known = false;

	if (str_starts(line, STR("table ")) ||
	    str_starts(line, STR("define ")) ||
	    str_starts(line, STR("include \"")) ||
	    (str_starts(line, STR("#!")) && str_ends(line, STR("nft -f"))))
		return true;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		known |= str_is(verb, verbs[i]);
	object = str_trim(object);
	object.len = str_find(object, ' ');
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (known && str_is(object, objects[i]))
			return true;
	return false;
}

static enum import_kind
guess_line(struct str line)
{
	if (str_starts(line, STR("*filter")) || str_starts(line, STR("*nat")) ||
	    str_starts(line, STR("*mangle")) || str_starts(line, STR("*raw")) ||
	    str_starts(line, STR("-A ")) || str_starts(line, STR("-P ")) ||
	    str_starts(line, STR("[")))
		return IMPORT_KIND_IPTABLES;
	if (is_of_nft(line))
		return IMPORT_KIND_NFT;
	if (str_starts(line, STR("create ")) || str_starts(line, STR("add ")))
		return IMPORT_KIND_IPSET;
	if (str_starts(line, STR("http_access ")) ||
	    str_starts(line, STR("http_port ")) ||
	    str_starts(line, STR("acl ")))
		return IMPORT_KIND_SQUID;
	if (is_of_addresses(line))
		return IMPORT_KIND_ADDRESSES;
	return IMPORT_KIND_UNKNOWN;
}

enum import_kind
import_kind_guess(struct str text)
{
	if (is_of_ufw(text))
		return IMPORT_KIND_UFW;
	while (text.len > 0) {
		enum import_kind kind =
		    guess_line(str_trim(str_cut(&text, '\n')));
		if (kind != IMPORT_KIND_UNKNOWN)
			return kind;
	}
	return IMPORT_KIND_UNKNOWN;
}

/* What names are looked up in comes before what looks them up. */
static void
read_beside(
    struct import_ruleset *rules, const struct import_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (files[i].kind == IMPORT_KIND_IPSET)
			import_ipset_read(rules, files[i].text);
		else if (files[i].kind == IMPORT_KIND_ADDRESSES)
			import_addresses_read(rules, files[i].text);
	}
}

/* Two files of which nobody knows are not of the same family. */
static enum address_family
family_of(struct import_ruleset *rules, const struct import_file *file)
{
	enum address_family family =
	    import_iptables_family(rules->arena, file->name, file->text);

	if (family != ADDRESS_NONE)
		return family;
	return rules->family4 && !rules->family6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
}

static void
read_rules(struct import_ruleset *rules, const struct import_file *file)
{
	if (file->kind == IMPORT_KIND_NFT)
		import_nft_read(rules, file->name, file->text);
	else if (file->kind == IMPORT_KIND_UFW)
		import_ufw_read(rules, file->name, file->text);
	else if (file->kind == IMPORT_KIND_IPTABLES)
		import_iptables_read(
		    rules, file->name, file->text, family_of(rules, file));
}

static void
count_lines(const struct import_ruleset *rules, struct import_tally *tally)
{
	tally->lines = rules->lines.count;
	tally->translated = 0;
	for (size_t i = 0; i < rules->lines.count; i++)
		tally->translated += rules->lines.items[i]->why == NULL;
}

int
import_files(const struct import_file *files, size_t count, struct text *ret,
    struct import_tally *ret_tally)
{
	struct import_ruleset rules;
	struct arena arena;
	const struct import_file *squid = NULL;
	int rc = -EINVAL;

	arena_init(&arena, ARENA_BYTES_MAX);
	import_ruleset_init(&rules, &arena);
	read_beside(&rules, files, count);
	for (size_t i = 0; i < count; i++) {
		squid = files[i].kind == IMPORT_KIND_SQUID ? &files[i] : squid;
		read_rules(&rules, &files[i]);
	}
	import_ufw_finish(&rules);
	/* A proxy's rules are a policy of their own. */
	if (squid != NULL && rules.lines.count == 0)
		rc = import_squid(&rules, squid->name, squid->text, ret);
	else if (squid == NULL && rules.lines.count > 0)
		rc = import_translate(&rules, ret);
	count_lines(&rules, ret_tally);
	import_ruleset_fini(&rules);
	arena_fini(&arena);
	return rc;
}
