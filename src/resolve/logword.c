/* SPDX-License-Identifier: ISC
 *
 * logword.c - see logword.h.
 */
#include "logword.h"

#include <stdio.h>

#include <split53/log.h>
#include <split53/mnemonic.h>

#include "resolver_private.h"

#define LOG_INTERVAL_MS 1000

const char *
s53_log_type(uint16_t type, char word[static S53_LOG_WORD])
{
	switch (type) {
	case S53_TYPE_ANY:
		return "ANY";
	case S53_TYPE_AXFR:
		return "AXFR";
	case S53_TYPE_IXFR:
		return "IXFR";
	default:
		return s53_type_print(type, word);
	}
}

const char *
s53_log_class(uint16_t class, char word[static S53_LOG_WORD])
{
	if (class == S53_CLASS_IN)
		return "IN";
	if (class == S53_CLASS_CH)
		return "CH";
	snprintf(word, S53_LOG_WORD, "CLASS%u", class);
	return word;
}

const char *
s53_log_view(const struct s53_query *query)
{
	if (query->view == NULL || query->policy->view_count == 1)
		return "";
	return query->view->name;
}

int
s53_log_first(uint64_t *logged_ms, uint64_t now_ms, int severity)
{
	if (now_ms < *logged_ms + LOG_INTERVAL_MS)
		return S53_LOG_DEBUG;
	*logged_ms = now_ms;
	return severity;
}
