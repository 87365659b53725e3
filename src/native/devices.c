/*
 * Which interfaces the host has: deviceList() and findDevice([address]), which are the names that cap's JavaScript half puts on
 * class Cap. They are kept, so findDevice is here although this program does not call it; deviceList returns less than cap's own.
 */
#include "native.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/socket.h>

/* Writes an IPv4 or IPv6 address as text; false for another family (AF_PACKET). */
static bool address_text(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
	if (!address)
		return false;
	const void *bytes;
	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
	else
		return false;
	return inet_ntop(address->sa_family, bytes, text, INET6_ADDRSTRLEN) != NULL;
}

static pcap_if_t *find_all(napi_env env)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_if_t *devices = NULL;
	if (pcap_findalldevs(&devices, error) < 0) {
		throw_coded(env, "interfaces_unknown", error);
		return NULL;
	}
	return devices;
}

/* deviceList(): the names; what is no UTF-8 in one (an interface may have any name) is replaced by JavaScript's rule. */
static napi_value device_list(napi_env env, napi_callback_info info)
{
	(void)info;
	napi_value list;
	pcap_if_t *devices = find_all(env);
	if (napi_create_array(env, &list) != napi_ok) {
		pcap_freealldevs(devices);
		return NULL;
	}
	uint32_t count = 0;
	for (const pcap_if_t *device = devices; device; device = device->next) {
		napi_value name;
		if (napi_create_string_utf8(env, device->name, NAPI_AUTO_LENGTH, &name) == napi_ok)
			napi_set_element(env, list, count++, name);
	}
	pcap_freealldevs(devices);
	return list;
}

/* findDevice([address]): the name of the interface with that address, or of the first that is up and no loopback; or undefined. */
static napi_value find_device(napi_env env, napi_callback_info info)
{
	napi_value argument, name = NULL;
	size_t count = 1;
	char wanted[INET6_ADDRSTRLEN] = "";
	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok)
		return NULL;
	if (count > 0 && napi_get_value_string_utf8(env, argument, wanted, sizeof wanted, NULL) != napi_ok)
		return throw_coded(env, "wrong_argument", "findDevice takes an address as a string");
	pcap_if_t *devices = find_all(env);
	for (const pcap_if_t *device = devices; device && !name; device = device->next) {
		if (!*wanted && (device->flags & PCAP_IF_LOOPBACK))
			continue;
		for (const pcap_addr_t *address = device->addresses; address && !name; address = address->next) {
			char text[INET6_ADDRSTRLEN];
			if (address_text(address->addr, text) && (!*wanted || strcmp(text, wanted) == 0))
				napi_create_string_utf8(env, device->name, NAPI_AUTO_LENGTH, &name);
		}
	}
	pcap_freealldevs(devices);
	return name;
}

bool define_devices(napi_env env, napi_value exports)
{
	return define_function(env, exports, "deviceList", device_list) &&
	       define_function(env, exports, "findDevice", find_device);
}
