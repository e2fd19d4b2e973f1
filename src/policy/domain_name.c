/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain_name.h"

#include <errno.h>
#include <idn2.h>

#define LABEL_MAX 63

/* Four bytes a character, and then the name is too long in any case. */
#define U_NAME_MAX ((size_t)4 * DOMAIN_NAME_MAX)

static const char too_long[] = "a name has at most 253 characters";
static const char not_labels[] =
    "a name is made of labels of 1 to 63 letters, digits, '-' or '_'";

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
is_ascii(struct str text)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < text.len; i++)
		seen |= (uint8_t)text.at[i];
	return seen < 0x80;
}

static bool
is_name_byte(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

/* Whether its last label is a number: an address, or a trick to look so. */
static bool
ends_in_number(struct str name)
{
	size_t i = name.len;

	while (i > 0 && ascii_is_digit(name.at[i - 1]))
		i--;
	return i == 0 || name.at[i - 1] == '.';
}

static const char *
fault_of(struct str name)
{
	size_t label = 0;

	if (name.len == 0)
		return "the name is empty";
	if (name.len > DOMAIN_NAME_MAX)
		return too_long;
	for (size_t i = 0; i < name.len; i++) {
		bool dot = name.at[i] == '.';
		if (dot ? label == 0 : !is_name_byte(name.at[i]))
			return not_labels;
		label = dot ? 0 : label + 1;
		if (label > LABEL_MAX)
			return not_labels;
	}
	if (label == 0)
		return "a label of the name is empty";
	return ends_in_number(name) ? "a name does not end in a number" : NULL;
}

static struct str
without_final_dot(struct str text)
{
	if (text.len > 1 && text.at[text.len - 1] == '.')
		text.len--;
	return text;
}

static const char *
take_ascii(struct str text, char ret[static DOMAIN_NAME_MAX + 1], size_t *len)
{
	text = without_final_dot(text);
	const char *fault = fault_of(text);
	if (fault != NULL)
		return fault;
	for (size_t i = 0; i < text.len; i++)
		ret[i] = ascii_lower(text.at[i]);
	ret[text.len] = '\0';
	*len = text.len;
	return NULL;
}

static const char *
take_international(
    struct str text, char ret[static DOMAIN_NAME_MAX + 1], size_t *len)
{
	char copy[U_NAME_MAX + 1];
	char *ascii = NULL;

	if (text.len > U_NAME_MAX)
		return too_long;
	if (memchr(text.at, '\0', text.len) != NULL)
		return not_labels;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	int rc = idn2_to_ascii_8z(
	    copy, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc == IDN2_MALLOC)
		return "there is no memory to convert this name";
	if (rc != IDN2_OK)
		return "this is not an international name in UTF-8 (IDNA2008)";
	const char *fault = take_ascii(str_of(ascii), ret, len);
	idn2_free(ascii);
	return fault;
}

int
domain_name_parse(struct str text, char ret[static DOMAIN_NAME_MAX + 1],
    struct str *ret_name, enum domain_cover *ret_cover, const char **reterr_why)
{
	enum domain_cover cover = take_cover(&text);
	size_t len = 0;
	const char *fault = is_ascii(text)
				? take_ascii(text, ret, &len)
				: take_international(text, ret, &len);

	if (fault != NULL) {
		*reterr_why = fault;
		return -EINVAL;
	}
	*ret_name = (struct str){ ret, len };
	*ret_cover = cover;
	return 0;
}
