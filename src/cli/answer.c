/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/answer.h"

#include "cli/command.h"
#include "cli/member.h"

json_t *
answer_read(const struct text *answer)
{
	json_error_t error = { .text = "" };
	json_t *value = json_loadb(answer->at, answer->len, 0, &error);

	if (value == NULL) {
		complain("the gateway's answer makes no sense: %s", error.text);
		return NULL;
	}
	if (member_show_all(value) == 0)
		return value;
	json_decref(value);
	complain("there is no memory for the gateway's answer");
	return NULL;
}
