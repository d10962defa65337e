/* SPDX-License-Identifier: ISC
 *
 * check_logging.c - each channel has one destination, and categories use defined channels.
 */
#include <string.h>
#include <strings.h>

#include <split53/log.h>

#include "check.h"

/* The categories of BIND 9.11 to 9.20, and of older versions; ours are among them. */
static const char categories[] =
    "default general database security config resolver cname xfer-in xfer-out notify client "
    "unmatched network update update-security queries query-errors dispatch dnssec lame-servers "
    "delegation-only edns-disabled rpz rpz-passthru rate-limit spill cookie nsid dnstap zoneload "
    "serve-stale trust-anchor-telemetry responses sslkeylog drop drops dbus eventlib "
    "insist load maintenance ncache os packet panic parser response-checks statistics db";

static const char builtin_channels[] = "default_syslog default_debug default_stderr null";

static void
check_channel(struct conf_checker *checker, const struct s53_conf_statement *channel)
{
	static const char *const kinds[] = { "file", "syslog", "stderr", "null" };
	unsigned count = 0;
	char shown[CONF_SHOWN];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		count += s53_conf_find(channel->body, kinds[i]) != NULL;
	if (count != 1 && !conf_node_of(channel)->broken)
		conf_check_error(checker, channel->place,
		    "channel '%s' %s: exactly one of file, syslog, stderr and null is required",
		    conf_show(channel->label, shown),
		    count == 0 ? "has no destination" : "has several destinations");
}

/* The last definition of the channel: named uses that. */
static const struct conf_node *
last_of_name(const struct conf_index *channels, const char *name)
{
	const struct conf_key *key = conf_index_find(channels, name);
	size_t at;

	if (key == NULL)
		return NULL;
	at = (size_t)(key - channels->keys);
	while (at + 1 < channels->count && channels->keys[at + 1].len == key->len &&
	    memcmp(channels->keys[at + 1].octets, key->octets, key->len) == 0)
		at++;
	return channels->keys[at].node;
}

/* Remove channels that a later one of the same name replaces from the tree. */
static void
drop_replaced(struct conf_checker *checker, struct s53_conf_statement *logging,
    const struct conf_index *channels)
{
	struct s53_conf_statement **link = &logging->body;
	char shown[CONF_SHOWN];

	for (struct s53_conf_statement *it = *link; it != NULL; it = it->next) {
		const struct conf_node *last = NULL;

		if (strcmp(it->name, "channel") == 0 && it->label != NULL)
			last = last_of_name(channels, it->label);
		if (last == NULL || &last->statement == it) {
			link = &it->next;
			continue;
		}
		conf_report(checker->sources, S53_DIAG_WARNING, it->place,
		    "channel '%s' is redefined in line %u, which overrides this",
		    conf_show(it->label, shown), last->statement.place.line);
		*link = it->next;
	}
}

static void
check_category(struct conf_checker *checker, const struct s53_conf_statement *category,
    const struct conf_index *channels)
{
	char shown[CONF_SHOWN];
	enum s53_log_category ours;
	size_t len;

	if (conf_words_find(categories, category->label, &len) == NULL)
		conf_check_error(checker, category->place, "unknown logging category '%s'",
		    conf_show(category->label, shown));
	else if (!s53_log_category_parse(category->label, &ours))
		conf_check_warn(checker, category, S53_CONF_IGNORED_HARMLESS, "category",
		    "split53 logs nothing in this category");
	if (category->value.type != S53_CONF_WORDS || checker->sources->incomplete)
		return;
	for (const struct s53_conf_words *it = category->value.words; it != NULL; it = it->next)
		if (conf_words_find(builtin_channels, it->text, &len) == NULL &&
		    conf_index_find(channels, it->text) == NULL)
			conf_check_error(checker, it->place, "undefined channel '%s'",
			    conf_show(it->text, shown));
}

void
conf_check_logging(struct conf_checker *checker, struct s53_conf_statement *logging)
{
	struct conf_index channels = { .keys = NULL };

	for (const struct s53_conf_statement *it = logging->body; it != NULL; it = it->next) {
		if (strcmp(it->name, "channel") != 0 || it->label == NULL)
			continue;
		check_channel(checker, it);
		conf_index_add(checker, &channels, it->label, conf_node_of(it));
	}
	conf_index_sort(&channels);
	drop_replaced(checker, logging, &channels);
	for (const struct s53_conf_statement *it = logging->body; it != NULL; it = it->next)
		if (strcmp(it->name, "category") == 0 && it->label != NULL)
			check_category(checker, it, &channels);
	conf_index_fini(&channels);
}
