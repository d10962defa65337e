/* SPDX-License-Identifier: ISC
 *
 * zone.c - options of zones, and how zone files are read.
 */
#include "grammar.h"

#define CHECKED \
	HARMLESS("zone files are always checked by the same rules"), .silent = "yes no warn ignore"
#define TEXT_FILES SILENT("zone files are never written")

static const struct conf_rule rules[] = {
	{ "type", ZONE_, .form = FORM_WORD,
	    .words = "forward primary master secondary slave stub static-stub hint mirror "
		     "delegation-only redirect" },
	{ "file", ZONE_, ZONE_FILES | ZONE_HINT, .form = FORM_STRING },
	{ "primaries", ZONE_, ZONE_FETCHED | ZONE_REDIRECT, .flags = HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "masters", ZONE_, ZONE_FETCHED | ZONE_REDIRECT, .flags = HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST, .canonical = "primaries" },
	{ "server-addresses", ZONE_, ZONE_STATIC_STUB, .flags = TIERED, .form = FORM_PEERS },
	{ "server-names", ZONE_, ZONE_STATIC_STUB, .form = FORM_STRINGS },
	{ "in-view", ZONE_, ZONE_IN_VIEW, .form = FORM_NAME },
	{ "database", ZONE_, ZONE_FETCHED | ZONE_PRIMARY, .form = FORM_STRING,
	    REFUSED("zones are read from files only, and this one would be missing: use 'file', or "
		    "keep the server that has the database and forward the zone to it") },
	{ "delegation-only", ZONE_, ZONE_FORWARD | ZONE_HINT | ZONE_STUB, .form = FORM_BOOL,
	    DIFFERENT("answers are passed on where BIND would turn everything but delegations into "
		      "NXDOMAIN"),
	    .silent = "no" },
	{ "journal", ZONE_, ZONE_SERVED, .form = FORM_STRING,
	    DIFFERENT("journals are not read: changes that are not in the zone file are not "
		      "served; run 'rndc sync' before switching") },
	{ "log-report-channel", ZONE_, ZONE_SERVED, .form = FORM_BOOL,
	    HARMLESS("reports of errors (RFC 9567) are not logged"), .silent = "no" },
	{ "plugin", ZONE_, .flags = MULTI, .form = FORM_RAW,
	    REFUSED("modules of BIND cannot be loaded, and responses would lack what it does: "
		    "remove it, or keep BIND for this zone and forward to it") },
	{ "update-policy", ZONE_, ZONE_PRIMARY, .form = FORM_RAW,
	    DIFFERENT("dynamic updates are not supported: every update gets NOTIMP; change the "
		      "zone file and reload, or keep BIND for this zone and forward to it") },
	{ "check-dup-records", OVZ, ZONE_PRIMARY, .form = FORM_WORD, .words = "fail warn ignore",
	    CHECKED },
	{ "check-integrity", OVZ, ZONE_PRIMARY, .form = FORM_BOOL, CHECKED },
	{ "check-mx", OVZ, ZONE_PRIMARY, .form = FORM_WORD, .words = "fail warn ignore", CHECKED },
	{ "check-mx-cname", OVZ, ZONE_PRIMARY, .form = FORM_WORD, .words = "fail warn ignore",
	    CHECKED },
	{ "check-names", OV, .flags = MULTI, .form = FORM_WORD, .second = FORM_NAME,
	    .words = "primary master secondary slave response", CHECKED },
	{ "check-names", ZONE_, ZONE_FETCHED | ZONE_PRIMARY | ZONE_HINT, .form = FORM_WORD,
	    .words = "fail warn ignore", CHECKED },
	{ "check-sibling", OVZ, ZONE_PRIMARY, .form = FORM_BOOL, CHECKED },
	{ "check-spf", OVZ, ZONE_PRIMARY, .form = FORM_WORD, .words = "warn ignore", CHECKED },
	{ "check-srv-cname", OVZ, ZONE_PRIMARY, .form = FORM_WORD, .words = "fail warn ignore",
	    CHECKED },
	{ "check-svcb", OVZ, ZONE_PRIMARY, .form = FORM_BOOL, CHECKED },
	{ "check-wildcard", OVZ, ZONE_PRIMARY, .form = FORM_BOOL, CHECKED },
	{ "glue-cache", OV, .form = FORM_BOOL,
	    SILENT("zones are in memory, and need no cache for glue") },
	{ "masterfile-format", OVZ, ZONE_FILES, .form = FORM_WORD, .words = "text raw map" },
	{ "masterfile-style", OVZ, ZONE_FILES, .form = FORM_WORD, .words = "full relative",
	    TEXT_FILES },
	{ "max-zone-ttl", OVZ, ZONE_PRIMARY | ZONE_REDIRECT, .flags = UNLIMITED,
	    .form = FORM_DURATION, HARMLESS("TTLs stay as they are in the zone"),
	    .silent = "unlimited" },
	{ "flush-zones-on-shutdown", OPTIONS_, .form = FORM_BOOL, TEXT_FILES },
	{ "lmdb-mapsize", OV, .form = FORM_SIZE, .min = ((uint64_t)1 << 20),
	    .max = ((uint64_t)1 << 40),
	    SILENT("zones are not added at run time; allow-new-zones has the warning") },
	{ "new-zones-directory", OV, .form = FORM_STRING,
	    SILENT("zones are not added at run time; allow-new-zones has the warning") },
	{ "zone-statistics", OVZ, ZONE_DATA, .form = FORM_BOOL_OR_WORD, .words = "full terse none",
	    SILENT("statistics of each zone are always kept, whatever the value") },
};

const struct conf_table conf_table_zone = { "Zones", rules, sizeof(rules) / sizeof(rules[0]) };
