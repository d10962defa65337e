/* SPDX-License-Identifier: ISC
 *
 * attemptlog.c - the log of upstream queries: failures in BIND's form (lame-servers,
 * edns-disabled), and with `-d 2` each exchange (dispatch).
 */
#include <stdarg.h>
#include <stdio.h>

#include <split53/log.h>
#include <split53/mnemonic.h>

#include "logword.h"
#include "resolver_private.h"

#define DEBUG_EXCHANGES (S53_LOG_DEBUG + 1) /* debug 2 */

/* The client's "NAME/TYPE/CLASS" in its own spelling, and the server's address. */
struct words {
	char addr[S53_ADDR_TEXT], name[S53_NAME_TEXT], type_word[S53_LOG_WORD];
	const char *type;
};

static void
words_of(const struct s53_attempt *attempt, struct words *words)
{
	s53_addr_print(s53_upstream_addr(s53_attempt_server(attempt)), words->addr);
	s53_name_print(&attempt->fetch->client_name, words->name);
	words->type = s53_log_type(attempt->fetch->question.qtype, words->type_word);
}

void
s53_attempt_log_failure(
    const struct s53_attempt *attempt, const char *bind, const char *text, uint16_t rcode)
{
	struct s53_fetch *fetch = attempt->fetch;
	int severity = s53_log_first(&fetch->resolver->lame_logged_ms, fetch->now_ms, S53_LOG_INFO);
	char rcode_word[S53_MNEMONIC_TEXT];
	struct words words;

	if (!s53_log_on(S53_LOG_LAME_SERVERS, severity))
		return;
	words_of(attempt, &words);
	if (text == NULL)
		s53_log(S53_LOG_LAME_SERVERS, severity,
		    "%s unexpected RCODE resolving '%s/%s/IN': %s",
		    s53_rcode_print(rcode, rcode_word), words.name, words.type, words.addr);
	else if (bind != NULL)
		s53_log(S53_LOG_LAME_SERVERS, severity, "%s resolving '%s/%s/IN': %s", bind,
		    words.name, words.type, words.addr);
	else
		s53_log(S53_LOG_LAME_SERVERS, severity,
		    "DNS format error from %s resolving %s/%s: %s", words.addr, words.name,
		    words.type, text);
}

void
s53_attempt_log_without_edns(const struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;
	int severity = s53_log_first(&fetch->resolver->edns_logged_ms, fetch->now_ms, S53_LOG_INFO);
	char apex[S53_NAME_TEXT];
	struct words words;

	if (!s53_log_on(S53_LOG_EDNS_DISABLED, severity))
		return;
	words_of(attempt, &words);
	s53_log(S53_LOG_EDNS_DISABLED, severity,
	    "success resolving '%s/%s' (in '%s'?) after disabling EDNS: %s", words.name, words.type,
	    s53_name_print(&fetch->route->apex, apex), words.addr);
}

void
s53_attempt_log(const struct s53_attempt *attempt, const char *format, ...)
{
	char what[S53_EDE_TEXT_MAX];
	struct words words;
	va_list args;

	if (!s53_log_on(S53_LOG_DISPATCH, DEBUG_EXCHANGES))
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	words_of(attempt, &words);
	s53_log(S53_LOG_DISPATCH, DEBUG_EXCHANGES, "server %s over %s, '%s/%s/IN': %s", words.addr,
	    attempt->plan.tcp ? "TCP" : "UDP", words.name, words.type, what);
}
