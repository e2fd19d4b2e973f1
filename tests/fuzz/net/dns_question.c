/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question of the DNS made of any bytes.  Besides not crashing: what is read
 * is answered with a message that begins with it and fits, whatever the answer
 * is; and the same bytes with more behind them are the same question.
 */
#include "net/dns_question.h"

#include "base/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_answer(
    const struct dns_question *question, const struct dns_response *response)
{
	uint8_t bytes[DNS_MESSAGE_BYTES_MAX];
	size_t len = dns_response_write(question, response, bytes);

	must(len >= question->len && len <= sizeof(bytes));
	must(memcmp(bytes, question->bytes, 2) == 0);
	must((bytes[2] & 0x80) != 0);
	must(memcmp(bytes + 12, question->bytes + 12, question->len - 12) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = { (const char *)data, size };
	struct dns_response response = { .detail = DNS_DETAIL_BLOCKED,
		.words = STR("no rule allows it") };
	struct dns_question question;
	struct address address;
	int rc = dns_question_read(message, &question);

	must(rc == 0 || rc == -EBADMSG || rc == -EINVAL || rc == -EOPNOTSUPP);
	if (rc == -EBADMSG)
		return 0;
	check_answer(&question, &response);
	if (rc < 0)
		return 0;
	must(question.name.len < DNS_NAME_BYTES_MAX);
	response.name = question.name.len > 0 ? question.name : STR("a");
	check_answer(&question, &response);
	(void)dns_reverse_parse(question.name, &address);
	return 0;
}
