/* napi_util.c: below all other parts. */
#ifndef NAPI_UTIL_H
#define NAPI_UTIL_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Throws an Error with the property `code` and gives NULL, so that a caller can return it. */
napi_value throw_coded(napi_env env, const char *code, const char *message);

/* Defines `name` on `target` as a function. False if JavaScript has an exception pending. */
bool define_function(napi_env env, napi_value target, const char *name, napi_callback function);

/*
 * Gives a string argument in UTF-8 as a C string that the caller frees. Throws wrong_argument and gives NULL if it is no
 * string, has a NUL in it or finds no memory.
 */
char *string_argument(napi_env env, napi_value value);

/* The same of a file's name, which may also be a Uint8Array, of bytes that are no UTF-8. */
char *path_argument(napi_env env, napi_value value);

#endif
