/* SPDX-License-Identifier: ISC
 *
 * mnemonic.c - types and rcodes by their registered names.
 *
 * Sources  IANA, "Domain Name System (DNS) Parameters"; TYPE65: RFC 3597 s5. rcode 16 has two
 *          names; it is read and written as BADVERS, as in responses (RFC 6891 s9)
 */
#include <split53/mnemonic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the order of their numbers, from 1; "-": no name, or not a type of data. */
static const char type_names[] =
    "A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT RP AFSDB X25 ISDN RT NSAP "
    "NSAP-PTR SIG KEY PX GPOS AAAA LOC NXT EID NIMLOC SRV ATMA NAPTR KX CERT A6 DNAME SINK - APL "
    "DS SSHFP IPSECKEY RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA SMIMEA - HIP NINFO RKEY "
    "TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS";

static const struct {
	const char *name;
	uint16_t number;
} more_types[] = {
	{ "SPF", 99 },
	{ "NID", 104 },
	{ "L32", 105 },
	{ "L64", 106 },
	{ "LP", 107 },
	{ "EUI48", 108 },
	{ "EUI64", 109 },
	{ "URI", 256 },
	{ "CAA", 257 },
	{ "AVC", 258 },
	{ "DOA", 259 },
	{ "AMTRELAY", 260 },
	{ "TA", 32768 },
	{ "DLV", 32769 },
};

/* In the order of their numbers, from 0. */
static const char rcode_names[] =
    "NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE "
    "DSOTYPENI - - - - BADVERS BADKEY BADTIME BADMODE BADNAME BADALG BADTRUNC BADCOOKIE";

/* The name at index `number` of a list of names; NULL: there is none. */
static const char *
name_at(const char *names, unsigned number, size_t *len)
{
	for (unsigned i = 0; *names != '\0'; i++) {
		*len = strcspn(names, " ");
		if (i == number)
			return *names != '-' ? names : NULL;
		names += *len + strspn(names + *len, " ");
	}
	return NULL;
}

/* The index of `word`, ignoring letter case; -1: it is none of the names. */
static int
place_of(const char *names, const char *word)
{
	for (int i = 0; *names != '\0'; i++) {
		size_t len = strcspn(names, " ");

		if (strlen(word) == len && strncasecmp(word, names, len) == 0 && *names != '-')
			return i;
		names += len + strspn(names + len, " ");
	}
	return -1;
}

uint16_t
s53_type_parse(const char *word)
{
	int place = place_of(type_names, word);
	char *end;
	unsigned long number;

	if (place >= 0)
		return (uint16_t)(place + 1);
	for (size_t i = 0; i < sizeof(more_types) / sizeof(more_types[0]); i++)
		if (strcasecmp(word, more_types[i].name) == 0)
			return more_types[i].number;
	if (strncasecmp(word, "TYPE", 4) != 0 || word[4] < '0' || word[4] > '9')
		return 0;
	number = strtoul(word + 4, &end, 10);
	return *end == '\0' && number <= UINT16_MAX ? (uint16_t)number : 0;
}

const char *
s53_type_print(uint16_t type, char text[static S53_MNEMONIC_TEXT])
{
	size_t len;
	const char *name = type > 0 ? name_at(type_names, type - 1u, &len) : NULL;

	snprintf(text, S53_MNEMONIC_TEXT, "TYPE%u", type);
	if (name != NULL)
		snprintf(text, S53_MNEMONIC_TEXT, "%.*s", (int)len, name);
	for (size_t i = 0; i < sizeof(more_types) / sizeof(more_types[0]); i++)
		if (more_types[i].number == type)
			snprintf(text, S53_MNEMONIC_TEXT, "%s", more_types[i].name);
	return text;
}

int
s53_rcode_parse(const char *word)
{
	return place_of(rcode_names, word);
}

const char *
s53_rcode_print(unsigned rcode, char text[static S53_MNEMONIC_TEXT])
{
	size_t len;
	const char *name = name_at(rcode_names, rcode, &len);

	if (name != NULL)
		snprintf(text, S53_MNEMONIC_TEXT, "%.*s", (int)len, name);
	else
		snprintf(text, S53_MNEMONIC_TEXT, "%u", rcode);
	return text;
}
