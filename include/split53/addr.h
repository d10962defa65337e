/* SPDX-License-Identifier: ISC
 *
 * addr.h - IPv4 and IPv6 socket addresses and prefixes.
 *
 * Layer    base
 * Threads  any
 * Memory   plain values
 * Units    ports in host order; prefix lengths in bits
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <split53/status.h>

/* As the socket calls take and return it. Family AF_UNSPEC (0): no address. */
struct s53_addr {
	union {
		sa_family_t family;
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

struct s53_prefix {
	sa_family_t family;
	uint8_t bits;
	uint8_t octets[16]; /* IPv4 uses the first four; bits beyond `bits` are 0 */
};

/* The most addresses of one host name, and the most nameservers, that are used. */
#define S53_HOST_ADDRS_MAX 16

#define S53_ADDR_TEXT 80 /* size of a buffer for address#port with a scope, and the final NUL */

socklen_t s53_addr_len(const struct s53_addr *addr); /* for bind(), connect() */
uint16_t s53_addr_port(const struct s53_addr *addr);
void s53_addr_set_port(struct s53_addr *addr, uint16_t port);
const uint8_t *s53_addr_octets(const struct s53_addr *addr, size_t *len); /* 4 or 16 */
bool s53_addr_is_loopback(const struct s53_addr *addr); /* 127/8, ::1, mapped 127/8 */
bool s53_addr_is_any(const struct s53_addr *addr);

/* Same family, address, scope and port; _same_host ignores the port. */
bool s53_addr_equal(const struct s53_addr *a, const struct s53_addr *b);
bool s53_addr_same_host(const struct s53_addr *a, const struct s53_addr *b);

/*
 * ADDR alone: "192.0.2.1", "2001:db8::1", "fe80::1%eth0". The port becomes `port`.
 * S53_E_SYNTAX: something else, a host name for instance; *out is untouched.
 */
S53_MUST_USE enum s53_status s53_addr_parse(const char *text, uint16_t port, struct s53_addr *out);

/*
 * ADDR, ADDR:PORT, ADDR#PORT, [V6]:PORT or [V6]; a bare IPv6 address takes no port. Port 0 is
 * accepted. S53_E_SYNTAX, S53_E_RANGE (port): *out is untouched.
 */
S53_MUST_USE enum s53_status s53_addr_parse_port(
    const char *text, uint16_t default_port, struct s53_addr *out);

/* "192.0.2.1#53" as BIND writes it; _host omits "#port". Both return `text`. */
char *s53_addr_print(const struct s53_addr *addr, char text[static S53_ADDR_TEXT]);
char *s53_addr_print_host(const struct s53_addr *addr, char text[static S53_ADDR_TEXT]);

/*
 * "10/8" (as in BIND, trailing zero bytes may be omitted), "10.0.0.0/8", "2001:db8::/32", or a
 * single address.
 *   S53_E_SYNTAX  something else
 *   S53_E_RANGE   too many bits, or bits set beyond the prefix length ("10.1.2.3/8")
 */
S53_MUST_USE enum s53_status s53_prefix_parse(const char *text, struct s53_prefix *out);
char *s53_prefix_print(const struct s53_prefix *prefix, char text[static S53_ADDR_TEXT]);

/* An IPv4-mapped IPv6 address matches IPv4 prefixes too. */
bool s53_prefix_has(const struct s53_prefix *prefix, const struct s53_addr *addr);
