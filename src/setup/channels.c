/* SPDX-License-Identifier: ISC
 *
 * channels.c - the control channels: those of `controls`, and the default ones.
 *
 * Without `controls` BIND listens on port 953 of both loopback addresses, with the key of rndc.key;
 * so does split53 if it has a configuration file and the key is readable, so that rndc works as
 * before. The Unix socket for split53ctl is opened as well, unless `controls` is empty or has a
 * `unix` channel: only users that may send signals to the process can use it.
 */
#include "builder.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DEFAULT_MODE 0600

/* Where BIND keeps rndc.key: Debian and Alpine, RHEL, FreeBSD. */
static const char *const key_files[] = { S53_CHANNEL_KEY_FILE, "/etc/rndc.key",
	"/usr/local/etc/namedb/rndc.key" };

/* The state while the channels are built, in the order of the file. */
struct maker {
	struct setup_builder *builder;
	struct s53_channel *first, *last;
	bool has_unix;
};

static const struct s53_conf_statement *
next_controls(const struct s53_source *source, const struct s53_conf_statement *after)
{
	const struct s53_conf_statement *from = after != NULL ? after->next : s53_setup_top(source);

	return s53_conf_find(from, "controls");
}

/* Does an inet channel use the key of rndc.key? */
static bool
needs_key_file(const struct s53_source *source)
{
	const struct s53_conf_statement *controls = next_controls(source, NULL);

	if (controls == NULL)
		return source->file != NULL;
	for (; controls != NULL; controls = next_controls(source, controls))
		for (const struct s53_conf_statement *it = s53_conf_find(controls->body, "inet");
		     it != NULL; it = s53_conf_find(it->next, "inet"))
			if (s53_conf_find(it->body, "keys") == NULL)
				return true;
	return false;
}

void
setup_channels_load_key(struct s53_source *source, struct s53_diags *diags)
{
	const struct s53_place nowhere = { 0 };
	struct s53_diags problems;
	const char *path = NULL;

	if (!needs_key_file(source))
		return;
	for (size_t i = 0; path == NULL && i < sizeof(key_files) / sizeof(key_files[0]); i++)
		if (access(key_files[i], F_OK) == 0)
			path = key_files[i];
	if (path == NULL)
		return;
	source->rndc_key_denied = access(path, R_OK) != 0;
	s53_diags_init(&problems);
	if (source->rndc_key_denied)
		s53_diag_add(diags, S53_DIAG_NOTICE, nowhere, NULL,
		    "command channel for rndc: split53 is not permitted to read '%s': the channel "
		    "is not opened or, if it was opened at the start, keeps its key",
		    path);
	else if (s53_conf_load(path, &problems, &source->rndc_key) != S53_OK)
		s53_diag_add(diags, S53_DIAG_WARNING, nowhere, NULL,
		    "no command channel for rndc: '%s' cannot be used: %s", path,
		    problems.first != NULL ? problems.first->text : "out of memory");
	s53_diags_fini(&problems);
}

void
s53_source_inherit(struct s53_source *source, struct s53_source *previous)
{
	if (!source->rndc_key_denied || source->rndc_key != NULL)
		return;
	source->rndc_key = previous->rndc_key;
	previous->rndc_key = NULL;
}

static struct s53_channel *
add_channel(struct maker *maker, const struct s53_channel *channel)
{
	struct s53_channel *copy = builder_alloc(maker->builder, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *channel;
	if (maker->last == NULL)
		maker->first = copy;
	else
		maker->last->next = copy;
	maker->last = copy;
	return copy;
}

/* Convert a `key` statement. false: rndc cannot use the key; there is a warning. */
static bool
read_key(struct setup_builder *builder, const struct s53_conf_statement *statement,
    struct s53_rndc_key *key)
{
	const struct s53_conf_statement *algorithm = s53_conf_find(statement->body, "algorithm");
	const struct s53_conf_statement *secret = s53_conf_find(statement->body, "secret");

	if (algorithm == NULL || secret == NULL)
		return false;
	key->name = builder_text(builder, "%s", statement->label);
	switch (s53_rndc_key_set(key, algorithm->value.text, secret->value.text)) {
	case S53_OK:
		return key->name != NULL;
	case S53_E_ABSENT:
		builder_warn(builder, statement->place,
		    "unsupported algorithm '%s' in key '%s' for use with command channel",
		    algorithm->value.text, statement->label);
		return false;
	default:
		builder_warn(builder, statement->place,
		    "the secret of key '%s' cannot be used with a command channel: it is empty, "
		    "not base64, or longer than %d bytes",
		    statement->label, S53_RNDC_SECRET_MAX);
		return false;
	}
}

static bool
is_same_key(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	a_len -= a_len > 1 && a[a_len - 1] == '.';
	b_len -= b_len > 1 && b[b_len - 1] == '.';
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static const struct s53_conf_statement *
find_key(const struct s53_conf_statement *first, const char *name)
{
	for (first = s53_conf_find(first, "key"); first != NULL;
	     first = s53_conf_find(first->next, "key"))
		if (name == NULL || is_same_key(first->label, name))
			return first;
	return NULL;
}

/* Read the keys of a `keys` list; keys that cannot be used are left out. */
static void
read_keys(struct setup_builder *builder, const struct s53_conf_statement *keys,
    struct s53_channel *channel)
{
	struct s53_rndc_key *list;
	unsigned count = 0;

	for (const struct s53_conf_words *it = keys->value.words; it != NULL; it = it->next)
		count++;
	list = count > 0 ? builder_alloc(builder, count * sizeof(*list)) : NULL;
	channel->keys = list;
	if (list == NULL)
		return;
	for (const struct s53_conf_words *it = keys->value.words; it != NULL; it = it->next) {
		const struct s53_conf_statement *key =
		    find_key(s53_setup_top(builder->input->source), it->text);

		if (key != NULL && read_key(builder, key, &list[channel->key_count]))
			channel->key_count++;
	}
}

static void
read_key_file(struct setup_builder *builder, struct s53_channel *channel)
{
	const struct s53_setup_input *input = builder->input;
	const struct s53_conf *file = input->source->rndc_key;
	const struct s53_conf_statement *statement;
	struct s53_rndc_key *key;

	if (file == NULL && input->source->rndc_key_denied && input->previous != NULL)
		file = input->previous->rndc_key;
	statement = file != NULL ? find_key(s53_conf_top(file), NULL) : NULL;
	if (statement == NULL || (key = builder_alloc(builder, sizeof(*key))) == NULL)
		return;
	channel->keys = key;
	channel->key_count = read_key(builder, statement, key);
}

static void
add_inet(struct maker *maker, const struct s53_conf_statement *statement)
{
	struct setup_builder *builder = maker->builder;
	const struct s53_conf_statement *keys = s53_conf_find(statement->body, "keys");
	const struct s53_conf_statement *allow = s53_conf_find(statement->body, "allow");
	const struct s53_conf_statement *read_only = s53_conf_find(statement->body, "read-only");
	struct s53_channel channel = { .addr = statement->value.addr };

	if (s53_addr_port(&channel.addr) == 0)
		s53_addr_set_port(&channel.addr, S53_RNDC_PORT);
	if (allow != NULL)
		channel.allow = setup_acl(builder, allow->value.match);
	channel.read_only = read_only != NULL && read_only->value.boolean;
	if (keys != NULL)
		read_keys(builder, keys, &channel);
	else
		read_key_file(builder, &channel);
	if (channel.key_count == 0) {
		builder_warn(builder, statement->place,
		    "this command channel has no key and is not opened: %s",
		    keys != NULL ? "`keys` has no key that can be used"
				 : "set `keys`, or create rndc.key with rndc-confgen -a");
		return;
	}
	add_channel(maker, &channel);
}

static unsigned
number_of(const struct s53_conf_statement *body, const char *name, unsigned otherwise)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, name);

	return statement != NULL && statement->value.number <= UINT_MAX
	    ? (unsigned)statement->value.number
	    : otherwise;
}

static void
add_unix(struct maker *maker, const struct s53_conf_statement *statement)
{
	struct setup_builder *builder = maker->builder;
	const struct s53_conf_statement *keys = s53_conf_find(statement->body, "keys");
	const struct s53_conf_statement *read_only = s53_conf_find(statement->body, "read-only");
	unsigned mode = number_of(statement->body, "perm", DEFAULT_MODE);
	struct s53_channel channel = { .is_unix = true };

	if (mode > 0777) {
		builder_warn(builder, statement->place,
		    "perm %u is not a file mode; 0600 is used (octal numbers have a leading 0, as "
		    "in 0600)",
		    mode);
		mode = DEFAULT_MODE;
	}
	channel.mode = (mode_t)mode;
	channel.owner = (uid_t)number_of(statement->body, "owner", (unsigned)-1);
	channel.group = (gid_t)number_of(statement->body, "group", (unsigned)-1);
	channel.path = builder_path(builder, statement->value.text);
	channel.read_only = read_only != NULL && read_only->value.boolean;
	maker->has_unix = true;
	if (keys != NULL)
		read_keys(builder, keys, &channel);
	if (keys != NULL && channel.key_count == 0)
		builder_warn(builder, statement->place,
		    "no key of `keys` can be used: the command channel is not opened");
	else
		add_channel(maker, &channel);
}

/*
 * Add port 953 of the loopback addresses with the key of rndc.key, as BIND does without `controls`.
 */
static void
add_automatic(struct maker *maker)
{
	static const char *const addrs[] = { "127.0.0.1", "::1" };
	struct s53_channel channel = { .is_default = true };

	read_key_file(maker->builder, &channel);
	for (unsigned i = 0; i < 2 && channel.key_count > 0; i++)
		if (s53_addr_parse(addrs[i], S53_RNDC_PORT, &channel.addr) == S53_OK)
			add_channel(maker, &channel);
}

/* The port of the first listen-on: servers on different ports get different sockets. */
static uint16_t
first_port(const struct s53_source *source, const struct s53_options *options)
{
	const struct s53_conf_statement *statement =
	    s53_conf_find(s53_setup_listen_options(source), "listen-on");

	while (statement != NULL && statement->level != S53_CONF_SUPPORTED)
		statement = s53_conf_find(statement->next, "listen-on");
	if (statement != NULL && statement->value.port != 0)
		return statement->value.port;
	if (options->port != 0)
		return options->port;
	return (uint16_t)setup_option_number(source, NULL, "port", S53_DNS_PORT);
}

void
s53_setup_channel_path(const struct s53_source *source, const struct s53_options *options,
    char out[static S53_CHANNEL_PATH_MAX])
{
	const struct s53_conf_statement *directory = s53_setup_option(source, NULL, "directory");
	const struct s53_conf_statement *channel = NULL;

	for (const struct s53_conf_statement *it = next_controls(source, NULL);
	     it != NULL && channel == NULL; it = next_controls(source, it))
		channel = s53_conf_find(it->body, "unix");
	if (channel == NULL)
		s53_channel_path(first_port(source, options), out);
	else if (channel->value.text[0] == '/' || directory == NULL)
		snprintf(out, S53_CHANNEL_PATH_MAX, "%s", channel->value.text);
	else
		snprintf(
		    out, S53_CHANNEL_PATH_MAX, "%s/%s", directory->value.text, channel->value.text);
}

static void
add_default_unix(struct maker *maker)
{
	const struct s53_setup_input *input = maker->builder->input;
	char path[S53_CHANNEL_PATH_MAX];
	struct s53_channel channel = { .is_unix = true,
		.is_default = true,
		.mode = DEFAULT_MODE,
		.owner = (uid_t)-1,
		.group = (gid_t)-1 };

	s53_channel_path(first_port(input->source, input->options), path);
	channel.path = builder_text(maker->builder, "%s", path);
	if (channel.path != NULL)
		add_channel(maker, &channel);
}

void
setup_channels(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *controls = next_controls(source, NULL);
	struct maker maker = { .builder = builder };
	bool is_written = controls != NULL, is_empty = true;

	for (; controls != NULL; controls = next_controls(source, controls))
		for (const struct s53_conf_statement *it = controls->body; it != NULL;
		     it = it->next) {
			is_empty = false;
			if (strcmp(it->name, "inet") == 0)
				add_inet(&maker, it);
			else
				add_unix(&maker, it);
		}
	if (!is_written)
		add_automatic(&maker);
	if (!maker.has_unix && !(is_written && is_empty))
		add_default_unix(&maker);
	builder->snapshot->controls = maker.first;
}
