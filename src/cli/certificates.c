/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/certificates.h"

#include "base/clock.h"
#include "net/authority.h"
#include "net/tls.h"
#include "net/tls_identity.h"
#include "policy/manual.h"
#include "policy/policy.h"

/* In which somebody still can have another one made. */
#define SOON ((int64_t)14 * 86400 * CLOCK_SECOND)

static void
check_time(const struct policy_certificate *one,
    const struct tls_identity *identity, struct report *report)
{
	int64_t now = clock_wall(), begins = tls_identity_begins(identity),
		ends = tls_identity_ends(identity);
	char text[CLOCK_TEXT_BYTES];
	const char *words = NULL;

	if (begins > now)
		words = "is not valid before";
	else if (ends <= now)
		words = "has expired on";
	else if (ends - now < SOON)
		words = "expires on";
	if (words == NULL)
		return;
	clock_format(begins > now ? begins : ends, text);
	report_warning(report, "certificate", one->place,
	    "the certificate in %.*s %s %.10s", STR_ARG(one->file), words,
	    text);
}

static void
check_one(const struct policy_certificate *one, struct report *report)
{
	const char *why;
	struct tls_identity *identity =
	    tls_identity_create(one->pem, one->key, &why);

	if (identity == NULL)
		report_error(report, one->place, "%.*s cannot be used: %s",
		    STR_ARG(one->file), why);
	else
		check_time(one, identity, report);
	tls_identity_unref(identity);
}

static void
check_clients(const struct policy_clients *clients, struct report *report)
{
	const char *why;
	struct tls_settings *settings;

	if (clients->file.at == NULL)
		return;
	settings = tls_settings_create(clients->pem, &why);
	if (settings == NULL)
		report_error(report, clients->place, "%.*s cannot be used: %s",
		    STR_ARG(clients->file), why);
	tls_settings_unref(settings);
}

static void
check_trust(const struct policy_trust *trust, struct report *report)
{
	const char *before = report_topic(report, MANUAL_INSPECTION), *why;
	struct tls_settings *settings;

	if (trust->pem.at != NULL) {
		settings = tls_settings_create(trust->pem, &why);
		if (settings == NULL)
			report_error(report, trust->place,
			    "%.*s cannot be trusted: %s", STR_ARG(trust->file),
			    why);
		tls_settings_unref(settings);
	}
	(void)report_topic(report, before);
}

/* ---- the CA ---- */

/* In which somebody still can renew it, and have clients take it. */
#define CA_SOON ((int64_t)30 * 86400 * CLOCK_SECOND)

/*
 * A gateway whose CA has expired starts all the same: what is not opened goes
 * on as before.
 */
static void
check_ca_time(const struct policy_ca *ca, const struct authority *authority,
    struct report *report)
{
	int64_t now = clock_wall(), ends = authority_ends(authority);
	const char *objection = authority_objection(authority, now);
	char text[CLOCK_TEXT_BYTES];

	if (objection == NULL && ends - now >= CA_SOON)
		return;
	clock_format(ends, text);
	if (objection != NULL)
		report_warning(report, "ca", ca->place,
		    "no client will trust what %.*s signs: %s",
		    STR_ARG(ca->file), objection);
	else
		report_warning(report, "ca", ca->place,
		    "the CA of %.*s expires on %.10s", STR_ARG(ca->file), text);
	report_hint(report, "'gatehouse ca renew' gives it another time");
}

/* An error if it cannot sign, a warning if it soon cannot. */
static void
check_ca(const struct policy *policy, struct report *report)
{
	const struct policy_ca *ca = &policy->ca;
	const char *why;

	if (ca->pem.at == NULL)
		return;
	const char *before = report_topic(report, MANUAL_INSPECTION);
	struct authority *authority = authority_read(ca->pem, &why);
	if (authority == NULL)
		report_error(report, ca->place, "%.*s cannot be the CA: %s",
		    STR_ARG(ca->file), why);
	else
		check_ca_time(ca, authority, report);
	authority_unref(authority);
	(void)report_topic(report, before);
}

void
certificates_check(const struct policy *policy, struct report *report)
{
	const char *before = report_topic(report, MANUAL_SECURE);

	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *listen = &policy->listens[i];
		for (size_t j = 0; j < listen->certificate_count; j++)
			check_one(&listen->certificates[j], report);
		check_clients(&listen->clients, report);
	}
	(void)report_topic(report, before);
	check_ca(policy, report);
	check_trust(&policy->trust, report);
}
