/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/certificates.h"

#include "base/clock.h"
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
}
