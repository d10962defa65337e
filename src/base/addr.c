/* SPDX-License-Identifier: ISC
 *
 * addr.c - socket addresses: parse, print, compare.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <split53/addr.h>

#include "decimal.h"

socklen_t
s53_addr_len(const struct s53_addr *addr)
{
	switch (addr->family) {
	case AF_INET:
		return sizeof(addr->in);
	case AF_INET6:
		return sizeof(addr->in6);
	default:
		return 0;
	}
}

uint16_t
s53_addr_port(const struct s53_addr *addr)
{
	switch (addr->family) {
	case AF_INET:
		return ntohs(addr->in.sin_port);
	case AF_INET6:
		return ntohs(addr->in6.sin6_port);
	default:
		return 0;
	}
}

void
s53_addr_set_port(struct s53_addr *addr, uint16_t port)
{
	if (addr->family == AF_INET)
		addr->in.sin_port = htons(port);
	else if (addr->family == AF_INET6)
		addr->in6.sin6_port = htons(port);
}

const uint8_t *
s53_addr_octets(const struct s53_addr *addr, size_t *len)
{
	switch (addr->family) {
	case AF_INET:
		*len = 4;
		return (const uint8_t *)&addr->in.sin_addr;
	case AF_INET6:
		*len = 16;
		return addr->in6.sin6_addr.s6_addr;
	default:
		*len = 0;
		return NULL;
	}
}

bool
s53_addr_is_loopback(const struct s53_addr *addr)
{
	if (addr->family == AF_INET)
		return ntohl(addr->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	if (addr->family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&addr->in6.sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr) &&
		addr->in6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

bool
s53_addr_is_any(const struct s53_addr *addr)
{
	if (addr->family == AF_INET)
		return addr->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return addr->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&addr->in6.sin6_addr);
}

bool
s53_addr_equal(const struct s53_addr *a, const struct s53_addr *b)
{
	return s53_addr_same_host(a, b) && s53_addr_port(a) == s53_addr_port(b);
}

bool
s53_addr_same_host(const struct s53_addr *a, const struct s53_addr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	if (a->family == AF_INET6)
		return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		    memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
	return true;
}

/* "eth0" or "2" after the "%": the scope of a link-local address (RFC 4007 s11). */
static bool
scope_parse(const char *text, uint32_t *scope_id)
{
	unsigned index = if_nametoindex(text);
	unsigned long number;

	if (index != 0) {
		*scope_id = index;
		return true;
	}
	if (!decimal_parse(text, UINT32_MAX, &number) || number == 0)
		return false;
	*scope_id = (uint32_t)number;
	return true;
}

static bool
addr6_parse(const char *text, uint16_t port, struct s53_addr *out)
{
	const char *percent = strchr(text, '%');
	size_t len = percent != NULL ? (size_t)(percent - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	struct s53_addr addr;

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(&addr, 0, sizeof(addr));
	addr.family = AF_INET6;
	if (inet_pton(AF_INET6, host, &addr.in6.sin6_addr) != 1)
		return false;
	if (percent != NULL && !scope_parse(percent + 1, &addr.in6.sin6_scope_id))
		return false;
	addr.in6.sin6_port = htons(port);
	*out = addr;
	return true;
}

enum s53_status
s53_addr_parse(const char *text, uint16_t port, struct s53_addr *out)
{
	struct in_addr host;

	if (inet_pton(AF_INET, text, &host) == 1) {
		memset(out, 0, sizeof(*out));
		out->family = AF_INET;
		out->in.sin_addr = host;
		out->in.sin_port = htons(port);
		return S53_OK;
	}
	return addr6_parse(text, port, out) ? S53_OK : S53_E_SYNTAX;
}

/* Find the first digit of the port in ADDR:PORT, ADDR#PORT, [V6]:PORT; NULL: there is no port. */
static const char *
port_find(const char *text, const char **host, size_t *host_len)
{
	const char *mark = strchr(text, '#');
	const char *colon = strchr(text, ':');

	*host = text;
	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		*host = text + 1;
		*host_len = end != NULL ? (size_t)(end - *host) : 0; /* 0: not an address */
		if (end == NULL || end[1] == '\0')
			return NULL;
		if (end[1] != ':')
			*host_len = 0;
		return end + 2;
	}
	if (mark == NULL && colon != NULL && strchr(colon + 1, ':') == NULL)
		mark = colon; /* one colon alone: IPv4 with a port */
	if (mark == NULL) {
		*host_len = strlen(text);
		return NULL;
	}
	*host_len = (size_t)(mark - text);
	return mark + 1;
}

enum s53_status
s53_addr_parse_port(const char *text, uint16_t default_port, struct s53_addr *out)
{
	const char *host;
	size_t host_len;
	const char *digits = port_find(text, &host, &host_len);
	unsigned long port = default_port;
	char copy[S53_ADDR_TEXT];
	struct s53_addr addr;

	if (host_len == 0 || host_len >= sizeof(copy))
		return S53_E_SYNTAX;
	memcpy(copy, host, host_len);
	copy[host_len] = '\0';
	if (s53_addr_parse(copy, 0, &addr) != S53_OK)
		return S53_E_SYNTAX;
	if (text[0] == '[' && addr.family != AF_INET6)
		return S53_E_SYNTAX;
	if (digits != NULL) {
		if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
			return S53_E_SYNTAX;
		if (!decimal_parse(digits, UINT16_MAX, &port))
			return S53_E_RANGE;
	}
	s53_addr_set_port(&addr, (uint16_t)port);
	*out = addr;
	return S53_OK;
}

char *
s53_addr_print(const struct s53_addr *addr, char text[static S53_ADDR_TEXT])
{
	size_t len;

	s53_addr_print_host(addr, text);
	if (addr->family == AF_UNSPEC)
		return text;
	len = strlen(text);
	snprintf(text + len, S53_ADDR_TEXT - len, "#%u", (unsigned)s53_addr_port(addr));
	return text;
}

char *
s53_addr_print_host(const struct s53_addr *addr, char text[static S53_ADDR_TEXT])
{
	size_t octets_len;
	const uint8_t *octets = s53_addr_octets(addr, &octets_len);
	char name[IF_NAMESIZE];
	size_t len;

	if (octets == NULL || inet_ntop(addr->family, octets, text, S53_ADDR_TEXT) == NULL) {
		snprintf(text, S53_ADDR_TEXT, "none");
		return text;
	}
	if (addr->family != AF_INET6 || addr->in6.sin6_scope_id == 0)
		return text;
	len = strlen(text);
	if (if_indextoname(addr->in6.sin6_scope_id, name) != NULL)
		snprintf(text + len, S53_ADDR_TEXT - len, "%%%s", name);
	else
		snprintf(text + len, S53_ADDR_TEXT - len, "%%%u", addr->in6.sin6_scope_id);
	return text;
}
