/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_inspect: `ca` and `trust` of the proxy, `inspect` of rules.
 *
 * That the certificate is an authority's, that it has not expired and that the
 * key is its own is found out where there is OpenSSL (net/authority): by the
 * command line, and by the proxy before it takes the policy.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

#include <errno.h>

/* Who reads the key can be any server for all who trust the authority. */
static bool
check_key(struct resolver *resolver, const struct syntax_word *file,
    const struct policy_ca *ca)
{
	const struct policy_loader *loader = resolver->loader;
	const char *why = NULL;

	if (!str_holds(ca->pem, "-----BEGIN CERTIFICATE-----"))
		why = "there is no certificate in it";
	else if (!str_holds(ca->pem, "PRIVATE KEY-----"))
		why = "there is no key in it";
	else if (loader->is_open != NULL &&
		 loader->is_open(loader->context, ca->file.at))
		why = "others than its owner can read the key";
	if (why == NULL)
		return true;
	report_error(resolver->report, file->place, "%.*s cannot be the CA: %s",
	    STR_ARG(ca->file), why);
	report_hint(
	    resolver->report, str_holds(ca->pem, "PRIVATE KEY-----")
				  ? "chmod 600 takes it away from them"
				  : "'gatehouse ca create' makes such a file");
	return false;
}

void
resolve_ca(struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct policy_ca *ca = &resolver->policy->ca;
	const struct syntax_word *file = &syntax->parts->folder;
	struct text text = TEXT_EMPTY;

	(void)report_topic(resolver->report, MANUAL_INSPECTION);
	ca->place = syntax->head.place;
	int rc = resolve_file(resolver, file, "the file of 'ca'",
	    POLICY_CA_BYTES_MAX, &ca->file, &text);
	if (rc == 0) {
		/* It is the key's as well. */
		resolver->arena->secret = true;
		ca->pem = arena_str(resolver->arena, text_str(&text));
		explicit_bzero(text.at, text.len);
	}
	if (rc == -ENOENT)
		report_hint(resolver->report,
		    "'gatehouse ca create %.*s' makes one",
		    STR_ARG(file->text));
	if (rc == 0 && !resolver->arena->full)
		(void)check_key(resolver, file, ca);
	text_fini(&text);
}

void
resolve_trust(struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct policy_trust *trust = &resolver->policy->trust;
	const struct syntax_word *file = &syntax->parts->folder;

	(void)report_topic(resolver->report, MANUAL_INSPECTION);
	trust->place = syntax->head.place;
	(void)resolve_authorities(
	    resolver, file, "the file of 'trust'", &trust->file, &trust->pem);
}

static const char *
find_objection(const struct syntax_rule *syntax, const struct policy_rule *rule)
{
	if (syntax->report.text.at != NULL)
		return "a report decides nothing, so it opens nothing";
	if (str_is(syntax->verdict.text, "publish"))
		return "what is published goes past the proxy, and only the "
		       "proxy opens TLS";
	if (!str_is(syntax->verdict.text, "allow"))
		return "'inspect' goes with 'allow': what is refused is not "
		       "opened";
	if (syntax->direct.text.at != NULL)
		return "'direct' leads past the proxy, and only the proxy "
		       "opens TLS";
	if (rule->schemes == 1u << POLICY_SCHEME_HTTP)
		return "what is opened is https, and this rule asks for http";
	return NULL;
}

/* Nothing else than requests can be looked at, so nothing else is let pass. */
bool
resolve_inspect(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	const struct syntax_word *inspect = &syntax->inspect;

	if (inspect->text.at == NULL)
		return true;
	const char *before = report_topic(resolver->report, MANUAL_INSPECTION);
	const char *objection = find_objection(syntax, rule);
	bool has_ca = resolver->policy->ca.place.source != NULL;
	if (objection != NULL) {
		report_error(resolver->report, inspect->place, "%s", objection);
	} else if (!has_ca) {
		report_error(resolver->report, inspect->place,
		    "'inspect' needs a CA, which signs what clients are shown");
		report_hint(resolver->report,
		    "name its file in 'proxy': ca \"FILE\"; 'gatehouse ca "
		    "create FILE' makes one");
	}
	rule->inspect = true;
	rule->spares_pinned = syntax->pinned.text.at != NULL;
	if (rule->schemes == 0)
		rule->schemes = (1u << POLICY_SCHEME_COUNT) - 1;
	(void)report_topic(resolver->report, before);
	return objection == NULL && has_ca;
}
