/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain_set.h"

#include "base/address.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 16
#define LABEL_MAX  63

void
domain_set_fini(struct domain_set *set)
{
	text_fini(&set->names);
	free(set->entries);
	*set = (struct domain_set){ 0 };
}

static struct str
entry_name(const struct domain_set *set, const struct domain_entry *entry)
{
	return (struct str){ set->names.at + entry->at - 1, entry->len };
}

/* The entry of this name, or the free slot where it would go. */
static struct domain_entry *
probe(const struct domain_set *set, struct str name)
{
	size_t mask = set->room - 1;
	size_t at = (size_t)str_hash(name, 0) & mask;

	while (set->entries[at].at != 0 &&
	       !str_eq(entry_name(set, &set->entries[at]), name))
		at = (at + 1) & mask;
	return &set->entries[at];
}

static int
grow(struct domain_set *set)
{
	struct domain_set old = *set;

	set->room = old.room > 0 ? old.room * 2 : ROOM_FIRST;
	set->entries = calloc(set->room, sizeof(*set->entries));
	if (set->entries == NULL) {
		set->room = old.room;
		set->entries = old.entries;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.room; i++)
		if (old.entries[i].at != 0)
			*probe(set, entry_name(&old, &old.entries[i])) =
			    old.entries[i];
	free(old.entries);
	return 0;
}

int
domain_set_add(struct domain_set *set, struct str name, enum domain_cover cover)
{
	if (set->count >= set->room / 4 * 3 && grow(set) < 0)
		return -ENOMEM;
	struct domain_entry *entry = probe(set, name);
	if (entry->at == 0) {
		if (set->names.len + name.len >= UINT32_MAX)
			return -E2BIG;
		size_t at = set->names.len;
		text_add(&set->names, name);
		if (set->names.full)
			return -ENOMEM;
		entry->at = (uint32_t)at + 1;
		entry->len = (uint8_t)name.len;
		set->count++;
	}
	entry->cover |= (uint8_t)cover;
	return 0;
}

int
domain_set_add_all(struct domain_set *set, const struct domain_set *from)
{
	for (size_t i = 0; i < from->room; i++) {
		struct str name;
		enum domain_cover cover;
		if (!domain_set_entry(from, i, &name, &cover))
			continue;
		int rc = domain_set_add(set, name, cover);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool
holds(const struct domain_set *set, struct str name, enum domain_cover cover)
{
	return (probe(set, name)->cover & cover) != 0;
}

bool
domain_set_covers(const struct domain_set *set, struct str name)
{
	if (set->count == 0 || name.len == 0)
		return false;
	if (holds(set, name, DOMAIN_ITSELF))
		return true;
	for (;;) {
		(void)str_cut(&name, '.');
		if (name.len == 0)
			return false;
		if (holds(set, name, DOMAIN_UNDER))
			return true;
	}
}

bool
domain_set_entry(const struct domain_set *set, size_t slot,
    struct str *ret_name, enum domain_cover *ret_cover)
{
	if (set->entries[slot].at == 0)
		return false;
	*ret_name = entry_name(set, &set->entries[slot]);
	*ret_cover = (enum domain_cover)set->entries[slot].cover;
	return true;
}

static enum domain_cover
take_cover(struct str *text)
{
	if (str_starts(*text, STR("*."))) {
		*text = str_skip(*text, 2);
		return DOMAIN_UNDER;
	}
	if (str_starts(*text, STR("."))) {
		*text = str_skip(*text, 1);
		return DOMAIN_BOTH;
	}
	return DOMAIN_ITSELF;
}

static bool
is_label(struct str label)
{
	if (label.len == 0 || label.len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

static bool
is_number(struct str label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!ascii_is_digit(label.at[i]))
			return false;
	return true;
}

static const char *
fault_of(struct str name)
{
	struct str rest = name, label = name;

	if (name.len == 0)
		return "the name is empty";
	if (name.len > DOMAIN_NAME_MAX)
		return "a name has at most 253 characters";
	for (size_t i = 0; i < name.len; i++)
		if ((uint8_t)name.at[i] >= 0x80)
			return "write such a name as its A-label (xn--...)";
	while (rest.at != NULL) {
		label = str_cut(&rest, '.');
		if (!is_label(label))
			return "a name is made of labels of 1 to 63 letters, "
			       "digits, '-' or '_'";
	}
	if (str_ends(name, STR(".")))
		return "a label of the name is empty";
	/* A last label of digits is an address, or a trick to look like one. */
	if (is_number(label))
		return "a name does not end in a number";
	return NULL;
}

int
domain_name_parse(struct str text, char ret[static DOMAIN_NAME_MAX + 1],
    struct str *ret_name, enum domain_cover *ret_cover, const char **reterr_why)
{
	enum domain_cover cover = take_cover(&text);

	if (text.len > 1 && text.at[text.len - 1] == '.')
		text.len--;
	const char *fault = fault_of(text);
	if (fault != NULL) {
		*reterr_why = fault;
		return -EINVAL;
	}
	for (size_t i = 0; i < text.len; i++)
		ret[i] = ascii_lower(text.at[i]);
	ret[text.len] = '\0';
	*ret_name = (struct str){ ret, text.len };
	*ret_cover = cover;
	return 0;
}
