/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/words.h"

#include "base/address.h"
#include "policy/limits.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const verdicts[] = {
#define ROW(id, word) #word,
	POLICY_VERDICTS(ROW)
#undef ROW
};

static const char *const phases[] = {
#define ROW(id, word) #word,
	POLICY_PHASES(ROW)
#undef ROW
};

static const char *const schemes[] = {
#define ROW(id, word) #word,
	POLICY_SCHEMES(ROW)
#undef ROW
};

static const struct policy_protocol_row protocols[] = {
#define ROW(id, word, number, has) { #word, number, POLICY_PROTOCOL_HAS_##has },
	POLICY_PROTOCOLS(ROW)
#undef ROW
};

static const struct policy_helper_row helpers[] = {
#define ROW(id, word, protocol, port)                                          \
	{ #word, POLICY_PROTOCOL_##protocol, port },
	POLICY_HELPERS(ROW)
#undef ROW
};

static const struct policy_coding_row codings[] = {
#define ROW(id, word, level_max) { #word, level_max },
	POLICY_CODINGS(ROW)
#undef ROW
};

#define ROW(id, word, sentence)                                                \
	_Static_assert(sizeof(word) - 1 <= POLICY_REASON_WORD_MAX, word);
POLICY_REASONS(ROW)
#undef ROW

static const struct {
	const char *word;
	const char *sentence;
} reasons[] = {
#define ROW(id, word, sentence) { word, sentence },
	POLICY_REASONS(ROW)
#undef ROW
};

const struct policy_icmp_kind policy_icmp_kinds[] = {
#define ROW(word, type4, type6) { word, type4, type6 },
	POLICY_ICMP_KINDS(ROW)
#undef ROW
};
const size_t policy_icmp_kind_count = COUNT_OF(policy_icmp_kinds);

/*
 * Words of rules and heads of statements, those of later versions too, so that
 * a policy of today stays readable.
 */
static const char *const reserved[] = { "allow", "any", "as", "at", "ban",
	"bandwidth", "burst", "by", "connections", "console", "direct", "drop",
	"during", "except", "explicit", "firewall", "for", "header", "hours",
	"include", "inspect", "journal", "limit", "list", "log", "map",
	"masquerade", "method", "name", "never", "parent", "path", "per",
	"proxy", "publish", "quota", "reject", "report", "scheme", "self",
	"service", "snat", "test", "type", "undecided", "user", "via", "zone" };

const char *
policy_verdict_word(enum policy_verdict verdict)
{
	return verdicts[verdict];
}

const char *
policy_phase_word(enum policy_phase phase)
{
	return phases[phase];
}

const struct policy_protocol_row *
policy_protocol_row(enum policy_protocol p)
{
	return &protocols[p];
}

const struct policy_helper_row *
policy_helper_row(enum policy_helper helper)
{
	return &helpers[helper];
}

const struct policy_coding_row *
policy_coding_row(enum policy_coding coding)
{
	return &codings[coding];
}

const char *
policy_scheme_word(enum policy_scheme scheme)
{
	return schemes[scheme];
}

const char *
policy_reason_word(enum policy_reason reason)
{
	return reasons[reason].word;
}

const char *
policy_reason_sentence(enum policy_reason reason)
{
	return reasons[reason].sentence;
}

bool
policy_reason_find(struct str word, enum policy_reason *ret)
{
	for (unsigned i = 0; i < COUNT_OF(reasons); i++) {
		if (str_is(word, reasons[i].word)) {
			*ret = (enum policy_reason)i;
			return true;
		}
	}
	return false;
}

bool
policy_verdict_find(struct str word, enum policy_verdict *ret)
{
	for (unsigned i = 0; i < COUNT_OF(verdicts); i++) {
		if (str_is(word, verdicts[i])) {
			*ret = (enum policy_verdict)i;
			return true;
		}
	}
	return false;
}

bool
policy_protocol_find(struct str word, enum policy_protocol *ret)
{
	for (unsigned i = 0; i < COUNT_OF(protocols); i++) {
		if (str_is(word, protocols[i].word)) {
			*ret = (enum policy_protocol)i;
			return true;
		}
	}
	return false;
}

bool
policy_scheme_find(struct str word, enum policy_scheme *ret)
{
	for (unsigned i = 0; i < COUNT_OF(schemes); i++) {
		if (str_is(word, schemes[i])) {
			*ret = (enum policy_scheme)i;
			return true;
		}
	}
	return false;
}

bool
policy_icmp_kind_find(struct str word, uint16_t *ret)
{
	for (size_t i = 0; i < COUNT_OF(policy_icmp_kinds); i++) {
		if (str_is(word, policy_icmp_kinds[i].word)) {
			*ret = (uint16_t)i;
			return true;
		}
	}
	return false;
}

bool
policy_icmp_kind_of(uint8_t family, uint8_t type, uint16_t *ret)
{
	for (size_t i = 0; i < COUNT_OF(policy_icmp_kinds); i++) {
		const struct policy_icmp_kind *kind = &policy_icmp_kinds[i];
		if (type ==
		    (family == ADDRESS_IPV4 ? kind->type4 : kind->type6)) {
			*ret = (uint16_t)i;
			return true;
		}
	}
	return false;
}

bool
policy_word_is_reserved(struct str word)
{
	enum policy_protocol protocol;

	for (size_t i = 0; i < COUNT_OF(reserved); i++)
		if (str_is(word, reserved[i]))
			return true;
	return policy_protocol_find(word, &protocol);
}

bool
policy_word_is_interface(struct str name)
{
	if (name.len > POLICY_INTERFACE_MAX)
		return false;
	if (name.len > 0 && name.at[name.len - 1] == '*')
		name.len--;
	bool other = false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_' &&
		    c != '.' && c != '-')
			return false;
		other |= !ascii_is_digit(c) && c != '.' && c != '-';
	}
	/* What looks like an address is read as one. */
	return other;
}
