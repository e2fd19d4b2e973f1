/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_bare: protocols without a port beside services that have one.
 *
 * `tcp` alone is all of TCP.  Other languages read `tcp,udp 53` as port 53 of
 * both and `tcp ssh` as ssh; read our way they open everything.  So a protocol
 * without ports stands behind those with ports, never right before the name of
 * a service, and never beside a narrower service of its own, which would mean
 * nothing there.  Where it may stand beside others it is said what it means.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

/* The protocol of an item that is written out and may have ports. */
static bool
find_ported(const struct syntax_service *item, enum policy_protocol *ret)
{
	return policy_protocol_find(item->what.text, ret) &&
	       policy_protocol_row(*ret)->has == POLICY_PROTOCOL_HAS_PORTS;
}

static bool
has_ports(const struct syntax_service *item)
{
	return item->detail.text.at != NULL;
}

/* ---- tcp ssh ---- */

static bool
refuse_protocol_of_service(
    struct resolver *resolver, const struct syntax_service *item)
{
	for (; item != NULL && item->next != NULL; item = item->next) {
		const struct syntax_word *name = &item->next->what;
		if (!item->next->behind_protocol)
			continue;
		report_error(resolver->report, name->place,
		    "'%.*s' says its protocol itself", STR_ARG(name->text));
		report_see(resolver->report, MANUAL_NAMES);
		report_hint(resolver->report,
		    "write '%.*s'; '%.*s' alone is all of it",
		    STR_ARG(name->text), STR_ARG(item->what.text));
		return false;
	}
	return true;
}

/* ---- tcp, udp 53 ---- */

/* "53, 123": the ports that are written behind one protocol. */
static void
add_ports(const struct syntax_service *item, struct text *out)
{
	struct str protocol = item->what.text;

	for (const char *before = " "; item != NULL && has_ports(item) &&
				       str_eq(item->what.text, protocol);
	     item = item->next, before = ", ")
		text_addf(out, "%s%.*s", before, STR_ARG(item->detail.text));
}

static void
hint_order(struct resolver *resolver, const struct syntax_service *bare,
    const struct syntax_service *narrow)
{
	struct text ports = TEXT_EMPTY;

	add_ports(narrow, &ports);
	report_hint(resolver->report,
	    "write '%.*s%.*s, %.*s%.*s'; if every port is meant, '%.*s' "
	    "stands last",
	    STR_ARG(bare->what.text), STR_ARG(text_str(&ports)),
	    STR_ARG(narrow->what.text), STR_ARG(text_str(&ports)),
	    STR_ARG(bare->what.text));
	text_fini(&ports);
}

static bool
refuse_order(struct resolver *resolver, const struct syntax_service *item)
{
	const struct syntax_service *bare = NULL;
	enum policy_protocol protocol;

	for (; item != NULL; item = item->next) {
		if (!find_ported(item, &protocol))
			continue;
		if (!has_ports(item)) {
			bare = item;
			continue;
		}
		if (bare == NULL)
			continue;
		report_error(resolver->report, bare->what.place,
		    "'%.*s' without a port is every port",
		    STR_ARG(bare->what.text));
		report_see(resolver->report, MANUAL_NAMES);
		hint_order(resolver, bare, item);
		return false;
	}
	return true;
}

/* ---- udp 53, tcp ---- */

/* It may be meant, and cannot be told from a slip; a range can. */
static void
warn_of_all(struct resolver *resolver, const struct syntax_service *list)
{
	const struct syntax_service *bare = NULL, *ported = NULL;
	enum policy_protocol protocol;

	for (; list != NULL; list = list->next) {
		if (!find_ported(list, &protocol))
			continue;
		if (has_ports(list))
			ported = list;
		else
			bare = list;
	}
	if (bare == NULL || ported == NULL)
		return;
	report_warning(resolver->report, "every-port", bare->what.place,
	    "'%.*s' without a port is every port, not %.*s alone",
	    STR_ARG(bare->what.text), STR_ARG(ported->detail.text));
	report_see(resolver->report, MANUAL_NAMES);
	report_hint(resolver->report,
	    "write '%.*s %.*s', or '%.*s 1-65535' if all of it is meant",
	    STR_ARG(bare->what.text), STR_ARG(ported->detail.text),
	    STR_ARG(bare->what.text));
}

/* ---- tcp 80, tcp ---- */

/* Whether the item is of the protocol alone, and not all of it. */
static bool
is_part_of(const struct resolver *resolver, const struct syntax_service *item,
    enum policy_protocol protocol)
{
	const struct symbol *symbol;
	enum policy_protocol own;

	if (policy_protocol_find(item->what.text, &own))
		return own == protocol && has_ports(item);
	symbol = resolve_find(resolver, item->what.text);
	for (size_t i = 0; symbol != NULL && i < symbol->services.count; i++) {
		const struct policy_service *one = &symbol->services.items[i];
		if (one->protocol != protocol ||
		    (one->first == 0 && one->last == UINT16_MAX))
			return false;
	}
	return symbol != NULL && symbol->services.count > 0;
}

static const struct syntax_service *
find_bare(const struct syntax_service *item, enum policy_protocol protocol)
{
	enum policy_protocol own;

	while (item != NULL &&
	       (has_ports(item) || !find_ported(item, &own) || own != protocol))
		item = item->next;
	return item;
}

static bool
refuse_part(struct resolver *resolver, const struct syntax_service *list,
    enum policy_protocol protocol)
{
	const struct syntax_service *bare = find_bare(list, protocol);

	if (bare == NULL)
		return true;
	for (const struct syntax_service *item = list; item != NULL;
	     item = item->next) {
		if (!is_part_of(resolver, item, protocol))
			continue;
		report_error(resolver->report, bare->what.place,
		    "'%.*s' without a port is every port, and holds "
		    "'%.*s%s%.*s' too",
		    STR_ARG(bare->what.text), STR_ARG(item->what.text),
		    has_ports(item) ? " " : "", STR_ARG(item->detail.text));
		report_see(resolver->report, MANUAL_NAMES);
		report_hint(resolver->report, "leave out the one or the other");
		return false;
	}
	return true;
}

bool
resolve_bare(struct resolver *resolver, const struct syntax_service *list)
{
	if (!refuse_protocol_of_service(resolver, list))
		return false;
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++)
		if (!refuse_part(resolver, list, (enum policy_protocol)i))
			return false;
	if (!refuse_order(resolver, list))
		return false;
	warn_of_all(resolver, list);
	return true;
}
