/* SPDX-License-Identifier: ISC
 *
 * dnssec.c - validation and signing; split53 does neither.
 */
#include "grammar.h"

#define NO_SIGNING                                                                      \
	DIFFERENT("zones are not signed: a zone file is served as it is; sign it with " \
		  "dnssec-signzone, or keep BIND for this zone and forward to it")
#define UNSIGNED SILENT("zones are not signed; dnssec-policy and auto-dnssec have the warning")
#define NOT_VALIDATED SILENT("split53 does not validate; dnssec-validation has the warning")

static const struct conf_rule rules[] = {
	{ "dnssec-validation", OV, .form = FORM_BOOL_OR_WORD, .words = "auto", .fallback = "no" },
	{ "dnssec-enable", OV, .form = FORM_BOOL,
	    HARMLESS("signatures are always passed on to clients that set DO"), .silent = "yes" },
	{ "dnssec-accept-expired", OV, .form = FORM_BOOL, NOT_VALIDATED },
	{ "dnssec-lookaside", OV, .flags = MULTI, .form = FORM_RAW, NOT_VALIDATED },
	{ "dnssec-must-be-secure", OV, .flags = MULTI, .form = FORM_DOMAIN, .second = FORM_BOOL,
	    SECURITY("split53 does not validate: unsigned and forged answers reach the clients"),
	    .silent = "no" },
	{ "disable-algorithms", OV, .flags = MULTI, .form = FORM_DOMAIN, .second = FORM_STRINGS,
	    NOT_VALIDATED },
	{ "disable-ds-digests", OV, .flags = MULTI, .form = FORM_DOMAIN, .second = FORM_STRINGS,
	    NOT_VALIDATED },
	{ "bindkeys-file", OPTIONS_, .form = FORM_STRING, NOT_VALIDATED },
	{ "managed-keys-directory", OPTIONS_, .form = FORM_STRING, NOT_VALIDATED },
	{ "max-rsa-exponent-size", OPTIONS_, .form = FORM_NUMBER, .min = 0, .max = 4096,
	    NOT_VALIDATED },
	{ "max-validation-failures-per-fetch", OV, .form = FORM_NUMBER, NOT_VALIDATED },
	{ "max-validations-per-fetch", OV, .form = FORM_NUMBER, NOT_VALIDATED },
	{ "nta-lifetime", OV, .form = FORM_DURATION, .min = 0, .max = 604800, NOT_VALIDATED },
	{ "nta-recheck", OV, .form = FORM_DURATION, .min = 0, .max = 604800, NOT_VALIDATED },
	{ "secroots-file", OPTIONS_, .form = FORM_STRING,
	    SILENT("there are no trust anchors to dump") },
	{ "trust-anchor-telemetry", OV, .form = FORM_BOOL, NOT_VALIDATED },
	{ "validate-except", OV, .form = FORM_STRINGS, NOT_VALIDATED },
	{ "auto-dnssec", OVZ, ZONE_SIGNED, .form = FORM_WORD, .words = "allow maintain off",
	    NO_SIGNING, .silent = "off" },
	{ "checkds", ZONE_, ZONE_SIGNED, .form = FORM_BOOL_OR_WORD, .words = "explicit", UNSIGNED },
	{ "dnskey-sig-validity", OVZ, ZONE_SIGNED, .form = FORM_NUMBER, .min = 0, .max = 3660,
	    UNSIGNED },
	{ "dnssec-dnskey-kskonly", OVZ, ZONE_SIGNED, .form = FORM_BOOL, UNSIGNED },
	{ "dnssec-loadkeys-interval", OVZ, ZONE_SIGNED, .form = FORM_NUMBER, UNSIGNED },
	{ "dnssec-policy", OVZ, ZONE_SIGNED, .form = FORM_NAME, NO_SIGNING,
	    .silent = "none insecure" },
	{ "dnssec-secure-to-insecure", OVZ, ZONE_PRIMARY, .form = FORM_BOOL, UNSIGNED },
	{ "dnssec-update-mode", OVZ, ZONE_SIGNED, .form = FORM_WORD, .words = "maintain no-resign",
	    UNSIGNED },
	{ "inline-signing", OVZ, ZONE_SIGNED, .form = FORM_BOOL, NO_SIGNING, .silent = "no" },
	{ "key-directory", OVZ, ZONE_SIGNED, .form = FORM_STRING, UNSIGNED },
	{ "nsec3-test-zone", OVZ, ZONE_SIGNED, .form = FORM_BOOL, UNSIGNED },
	{ "parental-agents", ZONE_, ZONE_SIGNED, .flags = HOSTS | REMOTES, .form = FORM_PEERS,
	    .inside = IN_LIST, UNSIGNED },
	{ "parental-source", OVZ, ZONE_SIGNED, .flags = FAMILY4, .form = FORM_ADDRESS, UNSIGNED },
	{ "parental-source-v6", OVZ, ZONE_SIGNED, .flags = FAMILY6, .form = FORM_ADDRESS,
	    UNSIGNED },
	{ "sig-signing-nodes", OVZ, ZONE_SIGNED, .form = FORM_NUMBER, UNSIGNED },
	{ "sig-signing-signatures", OVZ, ZONE_SIGNED, .form = FORM_NUMBER, UNSIGNED },
	{ "sig-signing-type", OVZ, ZONE_SIGNED, .form = FORM_NUMBER, UNSIGNED },
	{ "sig-validity-interval", OVZ, ZONE_SIGNED, .flags = OPTIONAL_SECOND, .form = FORM_NUMBER,
	    .min = 1, .max = 3660, .second = FORM_NUMBER, UNSIGNED },
	{ "update-check-ksk", OVZ, ZONE_SIGNED, .form = FORM_BOOL, UNSIGNED },
	/* the body of dnssec-policy */
	{ "cdnskey", AT(IN_POLICY), .form = FORM_BOOL },
	{ "cds-digest-types", AT(IN_POLICY), .form = FORM_STRINGS },
	{ "dnskey-ttl", AT(IN_POLICY), .form = FORM_DURATION },
	{ "inline-signing", AT(IN_POLICY), .form = FORM_BOOL },
	{ "keys", AT(IN_POLICY), .form = FORM_RAW },
	{ "manual-mode", AT(IN_POLICY), .form = FORM_BOOL },
	{ "max-zone-ttl", AT(IN_POLICY), .flags = UNLIMITED, .form = FORM_DURATION },
	{ "nsec3param", AT(IN_POLICY), .form = FORM_RAW },
	{ "offline-ksk", AT(IN_POLICY), .form = FORM_BOOL },
	{ "parent-ds-ttl", AT(IN_POLICY), .form = FORM_DURATION },
	{ "parent-propagation-delay", AT(IN_POLICY), .form = FORM_DURATION },
	{ "parent-registration-delay", AT(IN_POLICY), .form = FORM_DURATION },
	{ "publish-safety", AT(IN_POLICY), .form = FORM_DURATION },
	{ "purge-keys", AT(IN_POLICY), .form = FORM_DURATION },
	{ "retire-safety", AT(IN_POLICY), .form = FORM_DURATION },
	{ "signatures-jitter", AT(IN_POLICY), .form = FORM_DURATION },
	{ "signatures-refresh", AT(IN_POLICY), .form = FORM_DURATION },
	{ "signatures-validity", AT(IN_POLICY), .form = FORM_DURATION },
	{ "signatures-validity-dnskey", AT(IN_POLICY), .form = FORM_DURATION },
	{ "zone-propagation-delay", AT(IN_POLICY), .form = FORM_DURATION },
	/* the body of key-store */
	{ "directory", AT(IN_KEY_STORE), .form = FORM_STRING },
	{ "pkcs11-uri", AT(IN_KEY_STORE), .form = FORM_STRING },
};

const struct conf_table conf_table_dnssec = { "DNSSEC", rules, sizeof(rules) / sizeof(rules[0]) };
