/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is true of the model without parsing or writing it.
 */
#include "http/message.h"

#include "http/status.h"

void
http_response_fit(struct http_response *response, unsigned client_minor)
{
	if (response->framing == HTTP_FRAMING_CHUNKED && client_minor == 0)
		response->framing = HTTP_FRAMING_UNTIL_CLOSE;
	else if (response->framing == HTTP_FRAMING_UNTIL_CLOSE &&
		 client_minor > 0)
		response->framing = HTTP_FRAMING_CHUNKED;
}

struct http_response
http_response_own(
    unsigned status, enum http_method method, int64_t content_length)
{
	return (struct http_response){
		.status = status,
		.reason = http_status_reason(status),
		.minor = 1,
		.method = method,
		.framing = http_status_has_content(status, method)
			       ? HTTP_FRAMING_LENGTH
			       : HTTP_FRAMING_NONE,
		.content_length = content_length,
		.keep_alive = true,
	};
}
