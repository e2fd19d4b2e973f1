/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/status: the registered status codes and their phrases (RFC 9110, 15).
 */
#ifndef GATEHOUSE_HTTP_STATUS_H
#define GATEHOUSE_HTTP_STATUS_H

#include "http/method.h"

/* RFC 9110; 102, 207, 208, 226, 308, 422 to 431, 451, 506 to 511 elsewhere. */
#define HTTP_STATUSES(ROW)                                                     \
	ROW(100, "Continue")                                                   \
	ROW(101, "Switching Protocols")                                        \
	ROW(102, "Processing")                                                 \
	ROW(103, "Early Hints")                                                \
	ROW(200, "OK")                                                         \
	ROW(201, "Created")                                                    \
	ROW(202, "Accepted")                                                   \
	ROW(203, "Non-Authoritative Information")                              \
	ROW(204, "No Content")                                                 \
	ROW(205, "Reset Content")                                              \
	ROW(206, "Partial Content")                                            \
	ROW(207, "Multi-Status")                                               \
	ROW(208, "Already Reported")                                           \
	ROW(226, "IM Used")                                                    \
	ROW(300, "Multiple Choices")                                           \
	ROW(301, "Moved Permanently")                                          \
	ROW(302, "Found")                                                      \
	ROW(303, "See Other")                                                  \
	ROW(304, "Not Modified")                                               \
	ROW(305, "Use Proxy")                                                  \
	ROW(307, "Temporary Redirect")                                         \
	ROW(308, "Permanent Redirect")                                         \
	ROW(400, "Bad Request")                                                \
	ROW(401, "Unauthorized")                                               \
	ROW(402, "Payment Required")                                           \
	ROW(403, "Forbidden")                                                  \
	ROW(404, "Not Found")                                                  \
	ROW(405, "Method Not Allowed")                                         \
	ROW(406, "Not Acceptable")                                             \
	ROW(407, "Proxy Authentication Required")                              \
	ROW(408, "Request Timeout")                                            \
	ROW(409, "Conflict")                                                   \
	ROW(410, "Gone")                                                       \
	ROW(411, "Length Required")                                            \
	ROW(412, "Precondition Failed")                                        \
	ROW(413, "Content Too Large")                                          \
	ROW(414, "URI Too Long")                                               \
	ROW(415, "Unsupported Media Type")                                     \
	ROW(416, "Range Not Satisfiable")                                      \
	ROW(417, "Expectation Failed")                                         \
	ROW(421, "Misdirected Request")                                        \
	ROW(422, "Unprocessable Content")                                      \
	ROW(423, "Locked")                                                     \
	ROW(424, "Failed Dependency")                                          \
	ROW(425, "Too Early")                                                  \
	ROW(426, "Upgrade Required")                                           \
	ROW(428, "Precondition Required")                                      \
	ROW(429, "Too Many Requests")                                          \
	ROW(431, "Request Header Fields Too Large")                            \
	ROW(451, "Unavailable For Legal Reasons")                              \
	ROW(500, "Internal Server Error")                                      \
	ROW(501, "Not Implemented")                                            \
	ROW(502, "Bad Gateway")                                                \
	ROW(503, "Service Unavailable")                                        \
	ROW(504, "Gateway Timeout")                                            \
	ROW(505, "HTTP Version Not Supported")                                 \
	ROW(506, "Variant Also Negotiates")                                    \
	ROW(507, "Insufficient Storage")                                       \
	ROW(508, "Loop Detected")                                              \
	ROW(510, "Not Extended")                                               \
	ROW(511, "Network Authentication Required")

/* The phrase, or the empty str where none is registered. */
struct str http_status_reason(unsigned status);

/*
 * Whether a final answer of this status to this method has content at all,
 * whatever its fields say (RFC 9112, 6.3 (1) and (2)).
 */
bool http_status_has_content(unsigned status, enum http_method method);

#endif
