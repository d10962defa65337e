/* SPDX-License-Identifier: ISC
 *
 * cause.c - see cause.h.
 */
#include "cause.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <split53/mnemonic.h>

#include "resolver_private.h"

#define MORE_ROOM 16 /* bytes reserved for "; and 31 more" */

/* The text that is being written. */
struct sentence {
	char *text;
	size_t len;
	unsigned left_out; /* servers that did not fit */
};

static struct s53_cause *
find(struct s53_causes *causes, unsigned server)
{
	for (unsigned i = 0; i < causes->count; i++)
		if (causes->each[i].server == server)
			return &causes->each[i];
	return NULL;
}

void
s53_cause_add(const struct s53_attempt *attempt, uint16_t ede, const char *text, uint16_t rcode)
{
	struct s53_fetch *fetch = attempt->fetch;
	struct s53_causes *causes = &fetch->causes;
	struct s53_cause *cause = find(causes, attempt->plan.server);

	fetch->ede = ede;
	if (cause == NULL && causes->count < S53_CAUSES_MAX)
		cause = &causes->each[causes->count++];
	if (cause != NULL)
		*cause = (struct s53_cause){
			.text = text, .rcode = rcode, .server = (uint8_t)attempt->plan.server
		};
}

/* Append one server and its cause, or count it as left out if both do not fit. */
static void add(struct sentence *sentence, const struct s53_fetch *fetch, unsigned server,
    const char *format, ...) S53_PRINTF(4, 5);

static void
add(struct sentence *sentence, const struct s53_fetch *fetch, unsigned server, const char *format,
    ...)
{
	char addr[S53_ADDR_TEXT], words[S53_EDE_TEXT_MAX];
	size_t room = S53_EDE_TEXT_MAX - MORE_ROOM - sentence->len;
	va_list args;
	int len;

	s53_addr_print(s53_upstream_addr(s53_group_server(fetch->route->group, server)), addr);
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	len = snprintf(sentence->text + sentence->len, room, "%s%s %s",
	    sentence->len > 0 ? "; " : "", addr, words);
	if (len >= 0 && (size_t)len < room) {
		sentence->len += (size_t)len;
		return;
	}
	sentence->text[sentence->len] = '\0';
	sentence->left_out++;
}

static void
add_cause(struct sentence *sentence, const struct s53_fetch *fetch, const struct s53_cause *cause)
{
	char rcode[S53_MNEMONIC_TEXT];

	if (cause->text != NULL)
		add(sentence, fetch, cause->server, "%s", cause->text);
	else
		add(sentence, fetch, cause->server, "answered with %s",
		    s53_rcode_print(cause->rcode, rcode));
}

/* Is a response of this server outstanding, and did anything else arrive? NULL: it is not. */
static const char *
silence_of(const struct s53_fetch *fetch, unsigned server)
{
	const char *text = NULL;

	S53_LIST_EACH (&fetch->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->plan.server == server && (text == NULL || attempt->garbled))
			text = s53_attempt_silence(attempt);
	}
	return text;
}

void
s53_causes_write(struct s53_fetch *fetch)
{
	struct s53_group *group = fetch->route->group;
	const char *why_empty = s53_group_rules(group)->why_empty;
	struct sentence sentence = { .text = fetch->ede_text };

	fetch->ede_text[0] = '\0';
	for (unsigned i = 0; i < fetch->causes.count; i++)
		add_cause(&sentence, fetch, &fetch->causes.each[i]);
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		const char *silence;

		if (find(&fetch->causes, i) != NULL)
			continue;
		silence = silence_of(fetch, i);
		if (silence != NULL)
			add(&sentence, fetch, i, "%s", silence);
		else if (s53_upstream_admin(s53_group_server(group, i)) == S53_ADMIN_DOWN)
			add(&sentence, fetch, i, "is set down by the operator");
		else if (s53_health_is_down(s53_upstream_state(s53_group_server(group, i))))
			add(&sentence, fetch, i, "is down");
		else
			sentence.left_out += (fetch->failed >> i & 1) != 0;
	}
	if (sentence.len > 0 && sentence.left_out > 0)
		snprintf(fetch->ede_text + sentence.len, S53_EDE_TEXT_MAX - sentence.len,
		    "; and %u more", sentence.left_out);
	if (s53_group_size(group) == 0)
		snprintf(fetch->ede_text, S53_EDE_TEXT_MAX, "no server can be queried%s%s",
		    why_empty != NULL ? ": " : "", why_empty != NULL ? why_empty : "");
}
