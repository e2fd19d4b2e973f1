/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/proxy_status.h"

#define DETAILS_BYTES_MAX 200

/* Failures that no client is told of have none. */
static const char *const errors[PROXY_FAILURE_COUNT] = {
	[PROXY_FAILURE_NO_NAME] = "dns_error",
	[PROXY_FAILURE_NO_ADDRESS] = "dns_error",
	[PROXY_FAILURE_DNS_TIMEOUT] = "dns_timeout",
	[PROXY_FAILURE_DNS_FAILED] = "dns_error",
	[PROXY_FAILURE_REFUSED] = "connection_refused",
	[PROXY_FAILURE_UNREACHABLE] = "destination_ip_unroutable",
	[PROXY_FAILURE_DIAL_TIMEOUT] = "connection_timeout",
	[PROXY_FAILURE_DIAL_FAILED] = "destination_unavailable",
	[PROXY_FAILURE_NO_SOURCE] = "proxy_internal_error",
	[PROXY_FAILURE_PARENT_DOWN] = "destination_unavailable",
	[PROXY_FAILURE_PARENT_GONE] = "connection_terminated",
	[PROXY_FAILURE_PARENT_BAD] = "http_protocol_error",
	[PROXY_FAILURE_PARENT_TIMEOUT] = "http_response_timeout",
	[PROXY_FAILURE_PARENT_REFUSED] = "destination_unavailable",
	[PROXY_FAILURE_PARENT_AUTH] = "proxy_configuration_error",
	[PROXY_FAILURE_PARENT_NO_WAY] = "destination_unavailable",
	[PROXY_FAILURE_TLS_TIMEOUT] = "connection_timeout",
	[PROXY_FAILURE_SERVER_TLS] = "tls_protocol_error",
	[PROXY_FAILURE_CERTIFICATE] = "tls_certificate_error",
	[PROXY_FAILURE_MISDIRECTED] = "http_request_error",
	[PROXY_FAILURE_NO_ANSWER] = "connection_terminated",
	[PROXY_FAILURE_ANSWER_TIMEOUT] = "http_response_timeout",
	[PROXY_FAILURE_ANSWER_BAD] = "http_protocol_error",
	[PROXY_FAILURE_ANSWER_CUT] = "http_response_incomplete",
	[PROXY_FAILURE_CLIENT_GONE_EARLY] = "http_request_error",
	[PROXY_FAILURE_CLIENT_STALLED] = "http_request_error",
	[PROXY_FAILURE_CONTENT_BAD] = "http_request_error",
	[PROXY_FAILURE_LIMITED] = "http_request_denied",
	[PROXY_FAILURE_QUOTA] = "http_request_denied",
	[PROXY_FAILURE_USER_MISSING] = "http_request_denied",
	[PROXY_FAILURE_USER_WRONG] = "http_request_denied",
	[PROXY_FAILURE_USER_THROTTLED] = "http_request_denied",
	[PROXY_FAILURE_USER_BUSY] = "proxy_internal_response",
	[PROXY_FAILURE_USER_UNKNOWN] = "proxy_internal_response",
	[PROXY_FAILURE_SERVER_FULL] = "connection_limit_reached",
	[PROXY_FAILURE_LOOP] = "proxy_loop_detected",
	[PROXY_FAILURE_TRACE] = "http_request_error",
	[PROXY_FAILURE_CONNECT] = "http_request_error",
	[PROXY_FAILURE_SCHEME] = "http_request_error",
	[PROXY_FAILURE_NOT_FOR_PROXY] = "http_request_error",
	[PROXY_FAILURE_PREFACE_BAD] = "http_request_error",
	[PROXY_FAILURE_PREFACE_TIMEOUT] = "http_request_error",
	[PROXY_FAILURE_PREFACE_UNKNOWN] = "http_request_error",
	[PROXY_FAILURE_PREFACE_SOURCE] = "http_request_denied",
	[PROXY_FAILURE_TLS_FAILED] = "http_request_error",
	[PROXY_FAILURE_HELLO_BAD] = "http_request_error",
	[PROXY_FAILURE_OTHER_NAME] = "http_request_error",
	[PROXY_FAILURE_NO_MEMORY] = "proxy_internal_error",
};

const char *
proxy_status_error(enum proxy_failure failure)
{
	return errors[failure] != NULL ? errors[failure]
				       : "proxy_internal_error";
}

/* What no string may hold is not worth a refusal to speak. */
static void
add_string(struct str words, struct text *out)
{
	if (words.len > DETAILS_BYTES_MAX)
		words.len = DETAILS_BYTES_MAX;
	text_addc(out, '"');
	for (size_t i = 0; i < words.len; i++) {
		char c = words.at[i];
		if (c == '"' || c == '\\')
			text_addc(out, '\\');
		text_addc(out, c >= ' ' && c <= '~' ? c : '?');
	}
	text_addc(out, '"');
}

/* Before the workers run there is no name, as in tests. */
static void
add_name(struct str name, struct text *out)
{
	text_add(out, name.len > 0 ? name : STR("gatehouse"));
}

void
proxy_status_add(
    struct str name, const char *error, const char *words, struct text *out)
{
	add_name(name, out);
	text_addf(out, "; error=%s", error);
	if (words == NULL || words[0] == '\0')
		return;
	text_addz(out, "; details=");
	add_string(str_of(words), out);
}

void
proxy_status_add_passed(struct str name, unsigned status, struct text *out)
{
	add_name(name, out);
	text_addf(out, "; received-status=%u", status);
}
