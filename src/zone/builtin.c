/* SPDX-License-Identifier: ISC
 *
 * builtin.c - the built-in zones.
 *
 * First the special names of RFC 6761 and RFC 7686 for which no server has data: BIND forwards
 * them. Then the 100 automatic empty zones of BIND 9.18 (RFC 6303), in the order in which it lists
 * them when it starts. Those of the loopback addresses have a PTR record here, but not in BIND.
 *
 * "test" and "local" are not among them: Kubernetes (cluster.local) and Active Directory have
 * servers for such names, so they are forwarded, as in BIND.
 */
#include <split53/zone.h>

/* In IANA's registry of extended errors (29); older tools print only the number. */
#define EDE_SYNTHESIZED 29

/* As BIND's: SOA and NS name the zone itself, which has no address. */
#define EMPTY                                            \
	"@ 86400 IN SOA @ . 0 28800 7200 604800 86400\n" \
	"@ 86400 IN NS @\n"

#define LOCALHOST                                                                               \
	EMPTY                                                                                   \
	"@ 86400 IN A 127.0.0.1\n@ 86400 IN AAAA ::1\n* 86400 IN A 127.0.0.1\n* 86400 IN AAAA " \
	"::1\n"

#define LOOPBACK_4 EMPTY "1.0.0 86400 IN PTR localhost.\n"
#define LOOPBACK_6 EMPTY "@ 86400 IN PTR localhost.\n"

const struct s53_builtin_zone s53_builtin_zones[] = {
	{ "localhost", LOCALHOST, S53_EDE_NONE, false }, /* RFC 6761 s6.3 */
	{ "invalid", EMPTY, EDE_SYNTHESIZED, false }, /* RFC 6761 s6.4 */
	{ "onion", EMPTY, EDE_SYNTHESIZED, false }, /* RFC 7686 s2 */
	{ "10.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "16.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "17.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "18.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "19.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "20.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "21.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "22.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "23.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "24.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "25.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "26.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "27.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "28.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "29.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "30.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "31.172.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "168.192.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "64.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "65.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "66.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "67.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "68.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "69.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "70.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "71.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "72.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "73.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "74.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "75.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "76.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "77.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "78.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "79.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "80.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "81.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "82.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "83.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "84.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "85.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "86.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "87.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "88.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "89.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "90.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "91.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "92.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "93.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "94.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "95.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "96.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "97.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "98.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "99.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "100.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "101.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "102.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "103.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "104.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "105.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "106.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "107.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "108.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "109.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "110.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "111.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "112.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "113.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "114.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "115.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "116.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "117.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "118.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "119.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "120.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "121.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "122.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "123.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "124.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "125.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "126.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "127.100.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "0.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "127.in-addr.arpa", LOOPBACK_4, S53_EDE_NONE, true }, /* RFC 6303 s4.2 */
	{ "254.169.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "2.0.192.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "100.51.198.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "113.0.203.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "255.255.255.255.in-addr.arpa", EMPTY, S53_EDE_NONE, true },
	{ "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", EMPTY,
	    S53_EDE_NONE, true },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", LOOPBACK_6,
	    S53_EDE_NONE, true }, /* RFC 6303 s4.3 */
	{ "d.f.ip6.arpa", EMPTY, S53_EDE_NONE, true },
	{ "8.e.f.ip6.arpa", EMPTY, S53_EDE_NONE, true },
	{ "9.e.f.ip6.arpa", EMPTY, S53_EDE_NONE, true },
	{ "a.e.f.ip6.arpa", EMPTY, S53_EDE_NONE, true },
	{ "b.e.f.ip6.arpa", EMPTY, S53_EDE_NONE, true },
	{ "8.b.d.0.1.0.0.2.ip6.arpa", EMPTY, S53_EDE_NONE, true },
	{ "empty.as112.arpa", EMPTY, S53_EDE_NONE, true },
	{ "home.arpa", EMPTY, EDE_SYNTHESIZED, true }, /* RFC 8375 s4 */
	{ "resolver.arpa", EMPTY, S53_EDE_NONE, true },
};

const unsigned s53_builtin_zone_count = sizeof(s53_builtin_zones) / sizeof(*s53_builtin_zones);
