/* SPDX-License-Identifier: ISC
 *
 * transfer.c - transfers, notifies and updates; split53 does none of them.
 */
#include "grammar.h"

#define NO_COPIES \
	SILENT("zones are not transferred: queries for their names are sent to their primaries")
#define WEEKS_4 40320 /* minutes */
#define NO_NOTIFY  \
	DIFFERENT( \
	    "NOTIFY is not sent, and zones are not transferred: secondaries need another primary")
#define NOTIFY_PART SILENT("it belongs to NOTIFY; notify and also-notify have the warning")
#define UPDATE_PART \
	SILENT("it belongs to dynamic updates; allow-update and update-policy have the warning")
#define OTHER_SOURCE(option)                                                                   \
	DIFFERENT(                                                                             \
	    "the zone is not transferred; queries are sent to its primaries from the address " \
	    "of " option),                                                                     \
	    .silent = "*"

static const struct conf_rule rules[] = {
	{ "also-notify", OVZ, ZONE_SERVED, .flags = HOSTS | REMOTES, .form = FORM_PEERS,
	    .inside = IN_LIST, NO_NOTIFY, .silent = "none" },
	{ "notify", OVZ, ZONE_SERVED, .form = FORM_BOOL_OR_WORD,
	    .words = "explicit master-only primary-only", NO_NOTIFY, .silent = "no explicit" },
	{ "notify-delay", OVZ, ZONE_SERVED, .form = FORM_NUMBER, NOTIFY_PART },
	{ "notify-rate", OPTIONS_, .form = FORM_NUMBER, NOTIFY_PART },
	{ "notify-source", OVZ, ZONE_SERVED, .flags = FAMILY4, .form = FORM_ADDRESS, NOTIFY_PART },
	{ "notify-source-v6", OVZ, ZONE_SERVED, .flags = FAMILY6, .form = FORM_ADDRESS,
	    NOTIFY_PART },
	{ "notify-to-soa", OVZ, ZONE_SIGNED, .form = FORM_BOOL, NOTIFY_PART },
	{ "startup-notify-rate", OPTIONS_, .form = FORM_NUMBER, NOTIFY_PART },
	{ "dialup", OVZ, ZONE_SIGNED | ZONE_STUB, .form = FORM_BOOL_OR_WORD,
	    .words = "notify notify-passive passive refresh", NOTIFY_PART },
	{ "heartbeat-interval", OPTIONS_, .form = FORM_NUMBER, .min = 0, .max = WEEKS_4,
	    NOTIFY_PART },
	{ "alt-transfer-source", OVZ, ZONE_SERVED, .flags = FAMILY4, .form = FORM_ADDRESS,
	    NO_COPIES },
	{ "alt-transfer-source-v6", OVZ, ZONE_SERVED, .flags = FAMILY6, .form = FORM_ADDRESS,
	    NO_COPIES },
	{ "use-alt-transfer-source", OVZ, ZONE_FETCHED, .form = FORM_BOOL, NO_COPIES },
	{ "transfer-source", OVZ, ZONE_FETCHED, .flags = FAMILY4, .form = FORM_ADDRESS,
	    OTHER_SOURCE("query-source") },
	{ "transfer-source-v6", OVZ, ZONE_FETCHED, .flags = FAMILY6, .form = FORM_ADDRESS,
	    OTHER_SOURCE("query-source-v6") },
	{ "transfer-format", OV, .form = FORM_WORD, .words = "many-answers one-answer", NO_COPIES },
	{ "transfer-message-size", OPTIONS_, .form = FORM_NUMBER, NO_COPIES },
	{ "transfers-in", OPTIONS_, .form = FORM_NUMBER, NO_COPIES },
	{ "transfers-out", OPTIONS_, .form = FORM_NUMBER, NO_COPIES },
	{ "transfers-per-ns", OPTIONS_, .form = FORM_NUMBER, NO_COPIES },
	{ "tcp-primaries-timeout", OPTIONS_, .form = FORM_NUMBER, NO_COPIES },
	{ "try-tcp-refresh", OVZ, ZONE_COPIES, .form = FORM_BOOL, NO_COPIES },
	{ "provide-ixfr", OV, .form = FORM_BOOL, NO_COPIES },
	{ "request-expire", OVZ, ZONE_COPIES, .form = FORM_BOOL, NO_COPIES },
	{ "request-ixfr", OVZ, ZONE_COPIES, .form = FORM_BOOL, NO_COPIES },
	{ "request-ixfr-max-diffs", OVZ, ZONE_COPIES, .form = FORM_NUMBER, NO_COPIES },
	{ "ixfr-from-differences", OV, .form = FORM_BOOL_OR_WORD,
	    .words = "primary master secondary slave", NO_COPIES },
	{ "ixfr-from-differences", ZONE_, ZONE_SERVED, .form = FORM_BOOL, NO_COPIES },
	{ "max-ixfr-ratio", OVZ, ZONE_SERVED, .flags = UNLIMITED | PERCENT, .form = FORM_SIZE,
	    NO_COPIES },
	{ "max-journal-size", OVZ, ZONE_SERVED, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE,
	    NO_COPIES },
	{ "max-refresh-time", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .min = 1, .max = UINT32_MAX,
	    NO_COPIES },
	{ "max-retry-time", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .min = 1, .max = UINT32_MAX,
	    NO_COPIES },
	{ "min-refresh-time", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .min = 1, .max = UINT32_MAX,
	    NO_COPIES },
	{ "min-retry-time", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .min = 1, .max = UINT32_MAX,
	    NO_COPIES },
	{ "min-transfer-rate-in", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .second = FORM_NUMBER,
	    NO_COPIES },
	{ "max-transfer-idle-in", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .min = 0, .max = WEEKS_4,
	    NO_COPIES },
	{ "max-transfer-idle-out", OVZ, ZONE_SERVED, .form = FORM_NUMBER, .min = 0, .max = WEEKS_4,
	    NO_COPIES },
	{ "max-transfer-time-in", OVZ, ZONE_FETCHED, .form = FORM_NUMBER, .min = 0, .max = WEEKS_4,
	    NO_COPIES },
	{ "max-transfer-time-out", OVZ, ZONE_SERVED, .form = FORM_NUMBER, .min = 0, .max = WEEKS_4,
	    NO_COPIES },
	{ "multi-master", OVZ, ZONE_FETCHED, .form = FORM_BOOL, NO_COPIES },
	{ "serial-query-rate", OPTIONS_, .form = FORM_NUMBER, NO_COPIES },
	{ "serial-update-method", OVZ, ZONE_PRIMARY, .form = FORM_WORD,
	    .words = "date increment unixtime", NO_COPIES },
	{ "suppress-initial-notify", OV, .form = FORM_BOOL, NOTIFY_PART },
	{ "update-quota", OPTIONS_, .form = FORM_NUMBER, UPDATE_PART },
	{ "session-keyalg", OPTIONS_, .form = FORM_NAME, UPDATE_PART },
	{ "session-keyfile", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none", UPDATE_PART },
	{ "session-keyname", OPTIONS_, .form = FORM_NAME, UPDATE_PART },
	{ "tkey-dhkey", OPTIONS_, .form = FORM_STRING, .second = FORM_NUMBER, UPDATE_PART },
	{ "tkey-domain", OPTIONS_, .form = FORM_STRING, UPDATE_PART },
	{ "tkey-gssapi-credential", OPTIONS_, .form = FORM_STRING, UPDATE_PART },
	{ "tkey-gssapi-keytab", OPTIONS_, .form = FORM_STRING,
	    DIFFERENT("TKEY and GSS-TSIG are not supported: signed dynamic updates get NOTIMP") },
};

const struct conf_table conf_table_transfer = { "Transfers", rules,
	sizeof(rules) / sizeof(rules[0]) };
