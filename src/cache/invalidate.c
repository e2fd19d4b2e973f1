/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/invalidate.h"

#include "http/reference.h"

/* The target of a field, if it is of the same origin and not there yet. */
static size_t
add_field(const struct http_request *request,
    const struct http_response *response, enum http_name name,
    struct arena *arena, size_t count,
    struct http_uri ret[static CACHE_INVALIDATE_MAX])
{
	const struct http_field *field =
	    http_fields_get(&response->fields, name);
	enum http_fault fault;
	struct http_uri uri;

	if (field == NULL ||
	    http_reference_resolve(
		&request->uri, field->value, arena, &uri, &fault) < 0 ||
	    !http_uri_same_origin(&uri, &request->uri))
		return count;
	for (size_t i = 0; i < count; i++)
		if (str_eq(ret[i].path, uri.path))
			return count;
	ret[count] = uri;
	return count + 1;
}

size_t
cache_invalidate(const struct http_request *request,
    const struct http_response *response, struct arena *arena,
    struct http_uri ret[static CACHE_INVALIDATE_MAX])
{
	size_t count = 0;

	/* "Non-error" is 2xx and 3xx; CONNECT has no URI. */
	if (http_method_is_safe(request->method) ||
	    request->method == HTTP_METHOD_CONNECT || response->status < 200 ||
	    response->status > 399)
		return 0;
	ret[count++] = request->uri;
	count =
	    add_field(request, response, HTTP_NAME_LOCATION, arena, count, ret);
	return add_field(
	    request, response, HTTP_NAME_CONTENT_LOCATION, arena, count, ret);
}
