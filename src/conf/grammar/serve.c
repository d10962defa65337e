/* SPDX-License-Identifier: ISC
 *
 * serve.c - addresses, ports and protocols that split53 listens on.
 */
#include "grammar.h"

#define NO_TLS SILENT("a listen-on that uses TLS or HTTPS is ignored, with a warning there")
#define BUFFERS HARMLESS("split53 chooses the sizes of socket buffers"), .silent = "0"

static const struct conf_rule rules[] = {
	{ "listen-on", OPTIONS_, .flags = MULTI, .form = FORM_MATCH, .inside = IN_LISTEN,
	    .fallback = "{ any; }" },
	{ "listen-on-v6", OPTIONS_, .flags = MULTI, .form = FORM_MATCH, .inside = IN_LISTEN,
	    .fallback = "{ any; }" },
	{ "port", OPTIONS_, .form = FORM_NUMBER, .min = 1, .max = 65535, .fallback = "53" },
	{ "max-udp-size", OV, .flags = CLAMPED, .form = FORM_NUMBER, .min = 512, .max = 4096,
	    .fallback = "1232" },
	{ "tcp-clients", OPTIONS_, .form = FORM_NUMBER, .fallback = "150" },
	{ "tcp-listen-queue", OPTIONS_, .form = FORM_NUMBER, .fallback = "10" },
	{ "tcp-initial-timeout", OPTIONS_, .flags = CLAMPED, .form = FORM_NUMBER, .min = 25,
	    .max = 1200, .fallback = "300 (units of 100 ms)" },
	{ "tcp-idle-timeout", OPTIONS_, .flags = CLAMPED, .form = FORM_NUMBER, .min = 1,
	    .max = 1200, .fallback = "300 (units of 100 ms)" },
	{ "tcp-keepalive-timeout", OPTIONS_, .flags = CLAMPED, .form = FORM_NUMBER, .min = 1,
	    .max = 65535, .fallback = "300 (units of 100 ms)" },
	{ "tcp-advertised-timeout", OPTIONS_, .flags = CLAMPED, .form = FORM_NUMBER, .max = 65535,
	    DIFFERENT("clients are sent the value of tcp-keepalive-timeout") },
	{ "recursive-clients", OPTIONS_, .form = FORM_NUMBER, .fallback = "1000" },
	{ "automatic-interface-scan", OPTIONS_, .form = FORM_BOOL,
	    HARMLESS("new and removed addresses are always noticed"), .silent = "yes" },
	{ "interface-interval", OPTIONS_, .form = FORM_DURATION, .min = 0, .max = 40320,
	    SILENT("new and removed addresses are noticed at once") },
	{ "reuseport", OPTIONS_, .form = FORM_BOOL,
	    HARMLESS("each worker always has its own sockets"), .silent = "yes" },
	{ "http-listener-clients", OPTIONS_, .form = FORM_NUMBER, NO_TLS },
	{ "http-port", OPTIONS_, .form = FORM_NUMBER, .min = 1, .max = 65535, NO_TLS },
	{ "http-streams-per-connection", OPTIONS_, .form = FORM_NUMBER, NO_TLS },
	{ "https-port", OPTIONS_, .form = FORM_NUMBER, .min = 1, .max = 65535, NO_TLS },
	{ "tls-port", OPTIONS_, .form = FORM_NUMBER, .min = 1, .max = 65535, NO_TLS },
	{ "tcp-receive-buffer", OPTIONS_, .form = FORM_NUMBER, BUFFERS },
	{ "tcp-send-buffer", OPTIONS_, .form = FORM_NUMBER, BUFFERS },
	{ "udp-receive-buffer", OPTIONS_, .form = FORM_NUMBER, BUFFERS },
	{ "udp-send-buffer", OPTIONS_, .form = FORM_NUMBER, BUFFERS },
	{ "dscp", OPTIONS_, .form = FORM_NUMBER,
	    DIFFERENT("packets are not marked; use a packet filter") },
	/* parts of listen-on, of lists of servers */
	{ "dscp", AT(IN_LISTEN) | AT(IN_LIST), .form = FORM_NUMBER,
	    DIFFERENT("packets are not marked; use a packet filter") },
	{ "http", AT(IN_LISTEN), .form = FORM_NAME,
	    DIFFERENT("DNS over HTTPS is not supported: this listener is ignored") },
	{ "proxy", AT(IN_LISTEN), .form = FORM_WORD, .words = "plain encrypted",
	    DIFFERENT("the PROXY protocol is not supported: this listener is ignored") },
	{ "source", AT(IN_LIST), .flags = FAMILY4, .form = FORM_ADDRESS,
	    DIFFERENT(
		"queries are sent from the address of query-source; set it in options or a view"),
	    .silent = "*" },
	{ "source-v6", AT(IN_LIST), .flags = FAMILY6, .form = FORM_ADDRESS,
	    DIFFERENT("queries are sent from the address of query-source-v6; set it in options or "
		      "a view"),
	    .silent = "*" },
	{ "transport", AT(IN_LIST), .form = FORM_WORD, .words = "tcp tls",
	    SILENT("zones are not transferred; the zone's type has the warning") },
};

const struct conf_table conf_table_serve = { "Listening", rules, sizeof(rules) / sizeof(rules[0]) };
