/*
 * Finds the Cap that a method was called on, and checks whether it is open.
 */
#include "cap.h"

struct cap *receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[])
{
	napi_value self;
	struct cap *cap = NULL;
	if (napi_get_cb_info(env, info, &count, arguments, &self, NULL) != napi_ok ||
	    napi_unwrap(env, self, (void **)&cap) != napi_ok)
		throw_coded(env, "wrong_argument", "not a Cap");
	return cap;
}

struct cap *open_receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[])
{
	struct cap *cap = receiver(env, info, count, arguments);
	if (cap && !cap->handle) {
		throw_coded(env, "not_open", "the capture is not open");
		return NULL;
	}
	return cap;
}

struct cap *closed_receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[])
{
	struct cap *cap = receiver(env, info, count, arguments);
	if (cap && cap->handle) {
		throw_coded(env, "already_open", "the capture is open already");
		return NULL;
	}
	return cap;
}

napi_value link_type_of(napi_env env, const struct cap *cap)
{
	napi_value number;
	/* In a file the number is the file's LINKTYPE_; libpcap returns its DLT_, which differs for RAW (12 here, 101 there). */
	int link_type = pcap_datalink(cap->handle);
	if (link_type == DLT_RAW)
		link_type = 101;
	return napi_create_int32(env, link_type, &number) == napi_ok ? number : NULL;
}
