/* SPDX-License-Identifier: ISC
 *
 * value_health.c - the type of the readiness probe, and the rcodes that prove health.
 */
#include <string.h>

#include <split53/header.h>
#include <split53/mnemonic.h>

#include "parser.h"

/* Types that are not types of data (RFC 6895 s3.1: 128 to 255; OPT, RFC 6891). */
static bool
is_meta(uint16_t type)
{
	return type == S53_TYPE_OPT || (type >= 128 && type <= S53_TYPE_ANY);
}

bool
conf_type(struct conf_parser *parser, struct s53_conf_value *out)
{
	uint16_t type =
	    conf_token_is_text(parser) ? s53_type_parse(parser->token.text) : (uint16_t)0;

	if (type == 0 || is_meta(type))
		return false;
	out->type = S53_CONF_NUMBER;
	out->number = type;
	conf_advance(parser);
	return true;
}

static const char *
read_rcode(struct conf_parser *parser)
{
	int rcode = conf_token_is_text(parser) ? s53_conf_rcode(parser->token.text) : -1;
	char shown[CONF_QUOTED], name[S53_MNEMONIC_TEXT];

	if (rcode >= 0)
		return conf_strdup(parser, s53_rcode_print((unsigned)rcode, name));
	if (!parser->out_of_memory)
		conf_error(parser, parser->token.place,
		    "%s is not an rcode: NOERROR, NXDOMAIN ... or a number up to %d",
		    conf_token_text(parser, shown), S53_CONF_RCODE_MAX);
	return NULL;
}

bool
conf_rcode_list(struct conf_parser *parser, struct s53_conf_value *out)
{
	struct s53_conf_words **last = &out->words;
	struct s53_place opened;

	if (!conf_list_open(parser, &opened))
		return false;
	out->type = S53_CONF_WORDS;
	while (conf_list_more(parser, opened)) {
		struct s53_conf_words *word = conf_alloc(parser, sizeof(*word));

		if (word == NULL)
			return false;
		word->place = parser->token.place;
		if ((word->text = read_rcode(parser)) == NULL) {
			if (parser->out_of_memory)
				return false;
			conf_skip(parser);
			continue;
		}
		*last = word;
		last = &word->next;
		conf_advance(parser);
		conf_list_end(parser);
	}
	return true;
}
