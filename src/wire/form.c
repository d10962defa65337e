/* SPDX-License-Identifier: ISC
 *
 * form.c - the fields of the rdata of each type that has names in it, and of a few more types.
 *
 * Other types are opaque (RFC 3597 s3). The table ignores the class: A of class CH (RFC 1035 s3.4.1
 * is for class IN only) is not supported.
 */
#include "form.h"

#include <split53/header.h>

/* Types that are used only here. */
enum {
	TYPE_HINFO = 13,
	TYPE_TALINK = 58,
	TYPE_SVCB = 64,
	TYPE_SPF = 99,
	TYPE_LP = 107,
};

struct s53_form
s53_form_of(uint16_t type)
{
	switch (type) {
	case S53_TYPE_A:
		return (struct s53_form){ "4", false };
	case S53_TYPE_AAAA:
		return (struct s53_form){ "88", false };
	case S53_TYPE_NS:
	case S53_TYPE_MD:
	case S53_TYPE_MF:
	case S53_TYPE_CNAME:
	case S53_TYPE_MB:
	case S53_TYPE_MG:
	case S53_TYPE_MR:
	case S53_TYPE_PTR:
		return (struct s53_form){ "n", true };
	case S53_TYPE_SOA:
		return (struct s53_form){ "nn488", true };
	case S53_TYPE_MINFO:
		return (struct s53_form){ "nn", true };
	case S53_TYPE_MX:
		return (struct s53_form){ "2n", true };
	case S53_TYPE_TXT:
	case TYPE_SPF:
		return (struct s53_form){ "t", false };
	case TYPE_HINFO:
		return (struct s53_form){ "ss", false };
	case S53_TYPE_DNAME:
		return (struct s53_form){ "n", false };
	case S53_TYPE_RP:
	case TYPE_TALINK:
		return (struct s53_form){ "nn", false };
	case S53_TYPE_AFSDB:
	case S53_TYPE_RT:
	case S53_TYPE_KX:
	case TYPE_LP:
		return (struct s53_form){ "2n", false };
	case S53_TYPE_PX:
		return (struct s53_form){ "2nn", false };
	case S53_TYPE_SRV:
		return (struct s53_form){ "6n", false };
	case S53_TYPE_NAPTR:
		return (struct s53_form){ "4sssn", false };
	case S53_TYPE_SIG:
	case S53_TYPE_RRSIG:
		return (struct s53_form){ "99n*", false };
	case S53_TYPE_NXT:
	case S53_TYPE_NSEC:
	case S53_TYPE_TSIG:
	case S53_TYPE_TKEY:
		return (struct s53_form){ "n*", false };
	case TYPE_SVCB:
	case S53_TYPE_HTTPS:
		return (struct s53_form){ "2n*", false };
	default:
		return (struct s53_form){ "*", false };
	}
}

bool
s53_form_next_name(const char **fields, struct s53_reader *rdata)
{
	for (;;) {
		char field = *(*fields)++;

		if (rdata->bad)
			return false;
		switch (field) {
		case 'n':
			return true;
		case 's':
			s53_read(rdata, s53_read_u8(rdata));
			break;
		case 't':
			while (!rdata->bad && rdata->at < rdata->len)
				s53_read(rdata, s53_read_u8(rdata));
			break;
		case '*':
			s53_read(rdata, rdata->len - rdata->at);
			break;
		case '\0':
			(*fields)--; /* another call returns the same */
			return false;
		default:
			s53_read(rdata, (size_t)(field - '0'));
		}
	}
}
