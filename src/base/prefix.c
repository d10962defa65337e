/* SPDX-License-Identifier: ISC
 *
 * prefix.c - address prefixes as in the match lists of named.conf.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <split53/addr.h>

#include "decimal.h"

static void
prefix_from_addr(const struct s53_addr *addr, struct s53_prefix *out)
{
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);

	memset(out, 0, sizeof(*out));
	out->family = addr->family;
	out->bits = (uint8_t)(len * 8);
	memcpy(out->octets, octets, len);
}

/* "10" and "10.1" before a slash: omitted bytes are 0, as in BIND. */
static bool
short_ipv4_parse(const char *text, struct s53_addr *out)
{
	static const char *const endings[] = { ".0", ".0.0", ".0.0.0" };
	char whole[S53_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(whole, sizeof(whole), "%s%s", text, endings[i]);
		if (s53_addr_parse(whole, 0, out) == S53_OK && out->family == AF_INET)
			return true;
	}
	return false;
}

/* Are all bits beyond the first `bits` 0? */
static bool
rest_is_zero(const struct s53_prefix *prefix, size_t bits)
{
	size_t whole = bits / 8;

	if (whole < sizeof(prefix->octets) && (prefix->octets[whole] & (0xff >> (bits % 8))) != 0)
		return false;
	for (size_t i = whole + 1; i < sizeof(prefix->octets); i++)
		if (prefix->octets[i] != 0)
			return false;
	return true;
}

enum s53_status
s53_prefix_parse(const char *text, struct s53_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char host[S53_ADDR_TEXT - 8]; /* leaves space for the omitted bytes */
	struct s53_addr addr;
	struct s53_prefix prefix;
	unsigned long bits;

	if (len == 0 || len >= sizeof(host))
		return S53_E_SYNTAX;
	memcpy(host, text, len);
	host[len] = '\0';
	if (s53_addr_parse(host, 0, &addr) != S53_OK &&
	    (slash == NULL || !short_ipv4_parse(host, &addr)))
		return S53_E_SYNTAX;
	prefix_from_addr(&addr, &prefix);
	if (slash != NULL) {
		if (slash[1] == '\0' || slash[1 + strspn(slash + 1, "0123456789")] != '\0')
			return S53_E_SYNTAX;
		if (!decimal_parse(slash + 1, prefix.bits, &bits) || !rest_is_zero(&prefix, bits))
			return S53_E_RANGE;
		prefix.bits = (uint8_t)bits;
	}
	*out = prefix;
	return S53_OK;
}

char *
s53_prefix_print(const struct s53_prefix *prefix, char text[static S53_ADDR_TEXT])
{
	size_t len;

	if (inet_ntop(prefix->family, prefix->octets, text, S53_ADDR_TEXT) == NULL) {
		snprintf(text, S53_ADDR_TEXT, "none");
		return text;
	}
	len = strlen(text);
	snprintf(text + len, S53_ADDR_TEXT - len, "/%u", (unsigned)prefix->bits);
	return text;
}

bool
s53_prefix_has(const struct s53_prefix *prefix, const struct s53_addr *addr)
{
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);
	size_t whole = prefix->bits / 8;
	unsigned part = prefix->bits % 8;

	if (octets == NULL)
		return false;
	if (prefix->family == AF_INET && addr->family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr)) {
		octets += 12; /* RFC 4291 s2.5.5.2: the last four are the IPv4 address */
	} else if (prefix->family != addr->family) {
		return false;
	}
	if (memcmp(prefix->octets, octets, whole) != 0)
		return false;
	return part == 0 || (prefix->octets[whole] ^ octets[whole]) >> (8 - part) == 0;
}
