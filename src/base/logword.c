/* SPDX-License-Identifier: ISC
 *
 * logword.c - the words of named.conf's logging statement.
 */
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include <split53/log.h>

#include "decimal.h"

#define DEBUG_MOST 99 /* higher levels are not in use; BIND has no limit */

struct word {
	const char *text;
	int value;
};

static bool
word_find(const struct word *words, size_t count, const char *text, int *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(words[i].text, text) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

#define WORD_FIND(words, text, out) \
	word_find((words), sizeof(words) / sizeof((words)[0]), (text), (out))

bool
s53_log_category_parse(const char *text, enum s53_log_category *out)
{
	static const struct word words[] = {
#define CATEGORY_WORD(id, name) { (name), S53_LOG_##id },
		S53_LOG_CATEGORIES(CATEGORY_WORD)
#undef CATEGORY_WORD
	};
	int value;

	if (!WORD_FIND(words, text, &value))
		return false;
	*out = (enum s53_log_category)value;
	return true;
}

bool
s53_log_severity_parse(const char *text, int *out)
{
	static const struct word words[] = {
		{ "critical", S53_LOG_CRITICAL },
		{ "error", S53_LOG_ERROR },
		{ "warning", S53_LOG_WARNING },
		{ "notice", S53_LOG_NOTICE },
		{ "info", S53_LOG_INFO },
		{ "debug", S53_LOG_DEBUG },
	};
	unsigned long level;

	if (WORD_FIND(words, text, out))
		return true;
	if (strncasecmp(text, "debug ", 6) != 0 || !decimal_parse(text + 6, DEBUG_MOST, &level))
		return false;
	*out = S53_LOG_DEBUG - 1 + (int)level; /* debug 0 is info */
	return true;
}

bool
s53_log_facility_parse(const char *text, int *out)
{
	static const struct word words[] = {
		{ "kern", LOG_KERN },
		{ "user", LOG_USER },
		{ "mail", LOG_MAIL },
		{ "daemon", LOG_DAEMON },
		{ "auth", LOG_AUTH },
		{ "syslog", LOG_SYSLOG },
		{ "lpr", LOG_LPR },
		{ "news", LOG_NEWS },
		{ "uucp", LOG_UUCP },
		{ "cron", LOG_CRON },
		{ "authpriv", LOG_AUTHPRIV },
		{ "ftp", LOG_FTP },
		{ "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 },
		{ "local2", LOG_LOCAL2 },
		{ "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 },
		{ "local5", LOG_LOCAL5 },
		{ "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 },
	};

	return WORD_FIND(words, text, out);
}
