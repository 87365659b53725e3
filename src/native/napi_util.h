/* napi_util.c: below all other parts. */
#ifndef NAPI_UTIL_H
#define NAPI_UTIL_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Throws an Error with the property `code` and returns NULL, so that a caller can return it. */
napi_value throw_coded(napi_env env, const char *code, const char *message);

/* Defines `name` on `target` as a function. False if JavaScript has an exception pending. */
bool define_function(napi_env env, napi_value target, const char *name, napi_callback function);

/*
 * Returns a string argument in UTF-8 as a C string that the caller frees. Throws wrong_argument and returns NULL if it is not a
 * string or has a NUL in it, or if there is no memory.
 */
char *string_argument(napi_env env, napi_value value);

/* The same for a file name, which may also be a Uint8Array, for bytes that are not UTF-8. */
char *path_argument(napi_env env, napi_value value);

#endif
