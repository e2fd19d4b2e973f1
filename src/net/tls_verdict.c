/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tls_verdict.h"

static const struct {
	const char *name, *text;
} rows[] = {
#define ROW(name, word, text) { #word, text },
	TLS_VERDICTS(ROW)
#undef ROW
};

const char *
tls_verdict_name(enum tls_verdict verdict)
{
	return rows[verdict].name;
}

const char *
tls_verdict_text(enum tls_verdict verdict)
{
	return rows[verdict].text;
}
