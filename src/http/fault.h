/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/fault: in which way a message was not HTTP.
 *
 * One row a fault: name, word for the log and the metric, status to answer a
 * client with, and what it means to the reader of a log.  A response that is
 * faulty is the server's doing and is answered with 502, whatever the row.
 *
 * After any fault the connection is closed: where the next message begins is
 * no longer known.
 */
#ifndef GATEHOUSE_HTTP_FAULT_H
#define GATEHOUSE_HTTP_FAULT_H

#include <errno.h>

#define HTTP_FAULTS(ROW)                                                       \
	ROW(BLANK_LINES, blank_lines, 400,                                     \
	    "too many empty lines before the request")                         \
	ROW(START, start, 400, "the first bytes begin no HTTP/1 message")      \
	ROW(METHOD_LONG, method_long, 501, "the method is too long")           \
	ROW(START_LINE_LONG, start_line_long, 414,                             \
	    "the request line or status line is too long")                     \
	ROW(REQUEST_LINE, request_line, 400,                                   \
	    "the first line is not 'METHOD TARGET VERSION'")                   \
	ROW(NOT_HTTP, not_http, 400, "the first line does not speak of HTTP")  \
	ROW(STATUS_LINE, status_line, 502,                                     \
	    "the first line is not 'VERSION STATUS REASON'")                   \
	ROW(VERSION, version, 505, "the version is not HTTP/1.x")              \
	ROW(BARE_LF, bare_lf, 400, "a line ends in LF without CR")             \
	ROW(BARE_CR, bare_cr, 400, "a CR stands without LF")                   \
	ROW(HEAD_LARGE, head_large, 431, "the head is too large")              \
	ROW(FIELDS_MANY, fields_many, 431, "the head has too many fields")     \
	ROW(FIELD_FOLD, field_fold, 400,                                       \
	    "a field line begins with a blank (obsolete folding)")             \
	ROW(FIELD_NAME, field_name, 400, "a field name is no token")           \
	ROW(FIELD_BLANK, field_blank, 400,                                     \
	    "a blank stands between a field name and its colon")               \
	ROW(FIELD_COLON, field_colon, 400, "a field line has no colon")        \
	ROW(FIELD_VALUE, field_value, 400,                                     \
	    "a field value holds a control character")                         \
	ROW(TARGET, target, 400,                                               \
	    "the request target does not fit the method, or is no URI")        \
	ROW(SCHEME, scheme, 400, "the scheme is neither http nor https")       \
	ROW(USERINFO, userinfo, 400, "the authority names a user")             \
	ROW(HOST, host, 400, "the host is no name and no address")             \
	ROW(HOST_NUMBER, host_number, 400,                                     \
	    "the host is an odd spelling of an IPv4 address")                  \
	ROW(PORT, port, 400, "the port is not 1 to 65535, or is missing")      \
	ROW(PATH, path, 400,                                                   \
	    "the path holds a blank, a control, '#' or a byte over 127")       \
	ROW(HOST_MISSING, host_missing, 400, "the request names no host")      \
	ROW(HOST_MANY, host_many, 400, "there are several Host fields")        \
	ROW(LENGTH, length, 400, "Content-Length is not one number")           \
	ROW(LENGTH_WRONG, length_wrong, 400,                                   \
	    "Content-Length is not the length of the content")                 \
	ROW(LENGTH_MANY, length_many, 400,                                     \
	    "there are several Content-Length fields")                         \
	ROW(HOP_FIELD, hop_field, 400,                                         \
	    "a field stands in HTTP/2 that is for connections of HTTP/1")      \
	ROW(PSEUDO_FIELD, pseudo_field, 400,                                   \
	    "a pseudo-field is missing, twice there, unknown or misplaced")    \
	ROW(HOST_OTHER, host_other, 400, "Host is not :authority")             \
	ROW(PROTOCOL, protocol, 501,                                           \
	    "CONNECT asks for another protocol than websocket")                \
	ROW(CODING, coding, 400,                                               \
	    "Transfer-Encoding is malformed, or chunked is not last in it")    \
	ROW(CODING_MANY, coding_many, 400,                                     \
	    "there are several Transfer-Encoding fields")                      \
	ROW(CODING_UNKNOWN, coding_unknown, 501,                               \
	    "Transfer-Encoding has another coding than chunked")               \
	ROW(CODING_VERSION, coding_version, 400,                               \
	    "Transfer-Encoding stands in an HTTP/1.0 message")                 \
	ROW(CODING_LENGTH, coding_length, 400,                                 \
	    "Transfer-Encoding and Content-Length stand together")             \
	ROW(CONNECT_CONTENT, connect_content, 400, "CONNECT brings content")   \
	ROW(CONNECTION_MANY, connection_many, 400,                             \
	    "Connection names too many fields")                                \
	ROW(EXPECTATION, expectation, 417,                                     \
	    "Expect asks for something else than 100-continue")                \
	ROW(MAX_FORWARDS, max_forwards, 400, "Max-Forwards is not a number")   \
	ROW(CHUNK_SIZE, chunk_size, 400, "a chunk size is no hex number")      \
	ROW(CHUNK_SIZE_LARGE, chunk_size_large, 413,                           \
	    "a chunk size is too large")                                       \
	ROW(CHUNK_EXTENSION, chunk_extension, 400,                             \
	    "a chunk extension is malformed")                                  \
	ROW(CHUNK_EXTENSION_LONG, chunk_extension_long, 400,                   \
	    "the chunk extensions of a body are too long")                     \
	ROW(CHUNK_END, chunk_end, 400,                                         \
	    "the data of a chunk does not end in CRLF")                        \
	ROW(TRAILER, trailer, 400, "a trailer field is malformed")             \
	ROW(TRAILER_LARGE, trailer_large, 431, "the trailer is too large")     \
	ROW(TRUNCATED, truncated, 400, "the connection ended in the content")

enum http_fault {
#define ROW(id, word, status, meaning) HTTP_FAULT_##id,
	HTTP_FAULTS(ROW)
#undef ROW
	HTTP_FAULT_COUNT
};

const char *http_fault_word(enum http_fault fault);
unsigned http_fault_status(enum http_fault fault);
const char *http_fault_meaning(enum http_fault fault);

/* `return http_refuse(reterr_fault, HTTP_FAULT_HOST);` reads as it acts. */
static inline int
http_refuse(enum http_fault *reterr_fault, enum http_fault fault)
{
	*reterr_fault = fault;
	return -EBADMSG;
}

#endif
