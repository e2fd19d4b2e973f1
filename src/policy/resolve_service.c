/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_service: protocols, ports, kinds of ICMP, and their names.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

static bool
parse_ports(struct str text, uint16_t *ret_first, uint16_t *ret_last,
    const char **reterr_why)
{
	struct str last = text, first = str_cut(&last, '-');
	uint64_t low, high;

	if (last.at == NULL)
		last = first;
	if (str_number(first, UINT16_MAX, &low) < 0 || low == 0 ||
	    str_number(last, UINT16_MAX, &high) < 0 || high == 0) {
		*reterr_why = "a port is 1 to 65535, a range of them 1024-2047";
		return false;
	}
	if (low > high) {
		*reterr_why = "the range of ports ends before it begins";
		return false;
	}
	*ret_first = (uint16_t)low;
	*ret_last = (uint16_t)high;
	return true;
}

static bool
resolve_ports(struct resolver *resolver, const struct syntax_word *detail,
    struct policy_service *service)
{
	const char *why;

	if (parse_ports(detail->text, &service->first, &service->last, &why))
		return true;
	report_error(resolver->report, detail->place, "%s", why);
	report_see(resolver->report, MANUAL_NAMES);
	struct text range = TEXT_EMPTY;
	if (resolve_range_of_ports(detail->text, &range))
		report_hint(resolver->report, "did you mean %.*s?",
		    STR_ARG(text_str(&range)));
	text_fini(&range);
	return false;
}

static bool
resolve_kind(struct resolver *resolver, const struct syntax_word *detail,
    struct policy_service *service)
{
	struct nearest nearest;

	if (policy_icmp_kind_find(detail->text, &service->first)) {
		service->last = service->first;
		return true;
	}
	report_error(resolver->report, detail->place,
	    "'%.*s' is no kind of ICMP message", STR_ARG(detail->text));
	report_see(resolver->report, MANUAL_NAMES);
	nearest_begin(&nearest, detail->text);
	for (size_t i = 0; i < policy_icmp_kind_count; i++)
		nearest_offer(&nearest, str_of(policy_icmp_kinds[i].word));
	report_hint(resolver->report, "%s",
	    "kinds have names, like echo-request or time-exceeded");
	resolve_hint_nearest(resolver, &nearest);
	return false;
}

static bool
resolve_protocol(struct resolver *resolver, const struct syntax_service *syntax,
    enum policy_protocol protocol, struct policy_service *service)
{
	*service = (struct policy_service){ .protocol = protocol,
		.last = UINT16_MAX,
		.place = syntax->what.place };
	if (syntax->detail.text.at == NULL)
		return true;
	switch (policy_protocol_row(protocol)->has) {
	case POLICY_PROTOCOL_HAS_PORTS:
		return resolve_ports(resolver, &syntax->detail, service);
	case POLICY_PROTOCOL_HAS_KINDS:
		return resolve_kind(resolver, &syntax->detail, service);
	case POLICY_PROTOCOL_HAS_NOTHING:
		break;
	}
	report_error(resolver->report, syntax->detail.place,
	    "'%.*s' has no ports", STR_ARG(syntax->what.text));
	report_see(resolver->report, MANUAL_NAMES);
	return false;
}

/* Words that stand where a service does, or that have a number behind them. */
static void
offer_neighbours(
    const struct resolver *resolver, struct nearest *nearest, bool has_number)
{
	static const char *const numbered[] = { "limit", "burst", "connections",
		"bandwidth", "quota" };

	if (resolver->in_rule && !has_number)
		syntax_offer_rule_items(nearest);
	for (size_t i = 0; resolver->in_rule && has_number &&
			   i < sizeof(numbered) / sizeof(numbered[0]);
	     i++)
		nearest_offer(nearest, str_of(numbered[i]));
	if (resolver->in_rule)
		nearest_offer(nearest, STR("except"));
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++)
		nearest_offer(nearest,
		    str_of(policy_protocol_row((enum policy_protocol)i)->word));
	for (size_t i = 0; !has_number && i < resolver->order_count; i++)
		if (resolver->order[i]->kind == SYMBOL_SERVICE)
			nearest_offer(nearest, resolver->order[i]->name);
}

/* What the word was to be, as far as it can be told. */
static const char *
what_is_wanted(
    const struct resolver *resolver, struct str nearest, bool has_number)
{
	enum policy_protocol protocol;

	if (!resolver->in_rule)
		return has_number ? "protocol" : "service";
	if (has_number && nearest.at != NULL &&
	    !policy_protocol_find(nearest, &protocol))
		return "condition or option";
	return has_number ? "protocol" : "service, condition or option";
}

static void
report_no_service(struct resolver *resolver,
    const struct syntax_service *before, const struct syntax_service *item)
{
	const struct syntax_word *word = &item->what;
	bool has_number = item->detail.text.at != NULL;
	struct nearest nearest;

	nearest_begin(&nearest, word->text);
	if (resolver->report->errors < REPORT_FINDINGS_MAX)
		offer_neighbours(resolver, &nearest, has_number);
	report_error(resolver->report, word->place, "no %s is called '%.*s'",
	    what_is_wanted(resolver, nearest.best, has_number),
	    STR_ARG(word->text));
	if (!resolve_hint_service(resolver, before, item))
		resolve_hint_nearest(resolver, &nearest);
}

/* An address in place of a service; false: it is none. */
static bool
refuse_address(struct resolver *resolver, const struct syntax_word *word)
{
	struct address_range range;
	const char *why;

	if (address_range_parse(word->text, &range, &why) < 0)
		return false;
	resolve_unknown(resolver, word, "a service", 1u << SYMBOL_SERVICE);
	report_hint(resolver->report,
	    "addresses stand before the service; all but some is 'any except "
	    "...'");
	return true;
}

/* Where the word may stand that stands where a service should. */
static void
hint_other_place(struct resolver *resolver, const struct symbol *symbol)
{
	if (symbol->kind == SYMBOL_HOURS)
		report_hint(resolver->report,
		    "a rule holds in hours by 'during %.*s'",
		    STR_ARG(symbol->name));
	else if (symbol->kind == SYMBOL_PARENT)
		report_hint(resolver->report,
		    "a rule goes by a parent with 'via %.*s'",
		    STR_ARG(symbol->name));
	else
		report_hint(resolver->report,
		    "endpoints are parted by commas, the service stands "
		    "behind them");
}

/* NULL, and a word on it, for one whose ports are said a second time. */
static const struct symbol *
use_service(struct resolver *resolver, const struct symbol *symbol,
    const struct syntax_service *syntax)
{
	if (syntax->detail.text.at != NULL) {
		report_error(resolver->report, syntax->detail.place,
		    "the service '%.*s' already says its ports",
		    STR_ARG(syntax->what.text));
		return NULL;
	}
	if (symbol->service_name != NULL)
		symbol->service_name->used = true;
	return symbol;
}

static const struct symbol *
find_service(struct resolver *resolver, const struct syntax_service *before,
    const struct syntax_service *syntax)
{
	const struct syntax_word *word = &syntax->what;
	const struct symbol *symbol = resolve_find(resolver, word->text);

	if (symbol != NULL && symbol->kind == SYMBOL_SERVICE)
		return use_service(resolver, symbol, syntax);
	if (symbol == NULL && hours_looks_like(word->text)) {
		report_error(resolver->report, word->place,
		    "days and times stand in hours that have a name");
		report_see(resolver->report, MANUAL_HOURS);
		return NULL;
	}
	if (symbol == NULL && refuse_address(resolver, word))
		return NULL;
	if (symbol == NULL && ascii_is_digit(word->text.at[0])) {
		report_error(
		    resolver->report, word->place, "a port needs its protocol");
		resolve_hint_port(resolver, before, word);
		return NULL;
	}
	if (symbol == NULL && !policy_word_is_reserved(word->text)) {
		report_no_service(resolver, before, syntax);
		return NULL;
	}
	resolve_unknown(resolver, word, "a service", 1u << SYMBOL_SERVICE);
	if (symbol != NULL)
		hint_other_place(resolver, symbol);
	return NULL;
}

/* How many items the services make, those of named services counted in. */
static size_t
count_items(
    const struct resolver *resolver, const struct syntax_service *syntax)
{
	size_t count = 0;

	for (; syntax != NULL; syntax = syntax->next) {
		const struct symbol *symbol =
		    resolve_find(resolver, syntax->what.text);
		count += symbol != NULL ? symbol->services.count : 1;
	}
	return count;
}

bool
resolve_services(struct resolver *resolver, const struct syntax_service *syntax,
    struct policy_services *ret)
{
	const struct syntax_service *all = syntax, *before = NULL;
	struct policy_services services = { 0 };
	enum policy_protocol protocol;
	bool good = true;

	size_t count = count_items(resolver, syntax);
	if (count > POLICY_SERVICE_ITEMS_MAX) {
		report_error(resolver->report, syntax->what.place,
		    "these are more than %d protocols and ports",
		    POLICY_SERVICE_ITEMS_MAX);
		return false;
	}
	services.items =
	    arena_array(resolver->arena, count, sizeof(*services.items));
	if (services.items == NULL)
		return false;
	/* Behind a word that means nothing the next ones mean nothing too. */
	for (; good && syntax != NULL; before = syntax, syntax = syntax->next) {
		if (policy_protocol_find(syntax->what.text, &protocol)) {
			good &= resolve_protocol(resolver, syntax, protocol,
			    &services.items[services.count++]);
			continue;
		}
		const struct symbol *symbol =
		    find_service(resolver, before, syntax);
		good &= symbol != NULL;
		for (size_t i = 0; symbol != NULL && i < symbol->services.count;
		     i++)
			services.items[services.count++] =
			    symbol->services.items[i];
	}
	*ret = services;
	return good && resolve_bare(resolver, all);
}
