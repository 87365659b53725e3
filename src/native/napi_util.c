/*
 * What every part needs of Node-API: throw an error with a code, define a function, read a string argument.
 */
#include "napi_util.h"

#include <stdlib.h>
#include <string.h>

napi_value throw_coded(napi_env env, const char *code, const char *message)
{
	napi_throw_error(env, code, message);
	return NULL;
}

char *string_argument(napi_env env, napi_value value)
{
	size_t bytes = 0;
	if (napi_get_value_string_utf8(env, value, NULL, 0, &bytes) != napi_ok) {
		throw_coded(env, "wrong_argument", "expected a string");
		return NULL;
	}
	char *text = malloc(bytes + 1);
	if (!text || napi_get_value_string_utf8(env, value, text, bytes + 1, &bytes) != napi_ok || strlen(text) != bytes) {
		free(text);
		throw_coded(env, "wrong_argument", "expected a string without NUL");
		return NULL;
	}
	return text;
}

char *path_argument(napi_env env, napi_value value)
{
	napi_typedarray_type type;
	size_t bytes;
	void *data;
	bool is_array = false;
	if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array)
		return string_argument(env, value);
	char *path = NULL;
	if (napi_get_typedarray_info(env, value, &type, &bytes, &data, NULL, NULL) == napi_ok && type == napi_uint8_array)
		path = strndup(data, bytes);
	if (!path || strlen(path) != bytes) {
		free(path);
		throw_coded(env, "wrong_argument", "expected a name without NUL");
		return NULL;
	}
	return path;
}

bool define_function(napi_env env, napi_value target, const char *name, napi_callback function)
{
	napi_value value;
	return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok &&
	       napi_set_named_property(env, target, name, value) == napi_ok;
}
