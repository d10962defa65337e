/* SPDX-License-Identifier: ISC
 *
 * uncompressed.c - is the rdata of a record free of compressed names that must be decompressed?
 */
#include <split53/message.h>

#include "form.h"
#include "step.h"

bool
s53_rr_is_uncompressed(const uint8_t *message, const struct s53_rr *rr)
{
	struct s53_reader reader;
	struct s53_form form;
	const char *fields;

	if (rr->type == S53_TYPE_A || rr->type == S53_TYPE_AAAA) /* most are */
		return true;
	form = s53_form_of(rr->type);
	if (form.compress)
		return true;
	fields = form.fields;
	reader = s53_reader_of(message, rr->end_at);
	reader.at = rr->rdata_at;
	while (s53_form_next_name(&fields, &reader))
		if (s53_name_step(&reader) != reader.at) /* a pointer ends it */
			return false;
	return true;
}
