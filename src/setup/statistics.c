/* SPDX-License-Identifier: ISC
 *
 * statistics.c - the statement statistics-channels.
 */
#include "builder.h"

#define HTTP_PORT 80 /* BIND's default, too */

static struct s53_snapshot_channel *
find_channel(const struct s53_snapshot *snapshot, const struct s53_addr *addr)
{
	for (struct s53_snapshot_channel *it = snapshot->channels; it != NULL; it = it->next)
		if (s53_addr_equal(&it->addr, addr))
			return it;
	return NULL;
}

static void
add_channel(struct setup_builder *builder, const struct s53_conf_statement *inet,
    struct s53_snapshot_channel ***last)
{
	const struct s53_conf_statement *allow = s53_conf_find(inet->body, "allow");
	struct s53_addr addr = inet->value.addr;
	struct s53_snapshot_channel *channel;
	char text[S53_ADDR_TEXT];

	if (s53_addr_port(&addr) == 0)
		s53_addr_set_port(&addr, HTTP_PORT);
	if (find_channel(builder->snapshot, &addr) != NULL) {
		builder_warn(builder, inet->place,
		    "a statistics channel on %s is already configured: this one is ignored",
		    s53_addr_print(&addr, text));
		return;
	}
	if ((channel = builder_alloc(builder, sizeof(*channel))) == NULL)
		return;
	channel->addr = addr;
	channel->place = inet->place;
	if (allow != NULL)
		channel->allow = setup_acl(builder, allow->value.match);
	**last = channel;
	*last = &channel->next;
}

/* The file name in a place must live as long as the snapshot, which may outlive the source. */
void
setup_statistics(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	struct s53_snapshot_channel **last = &builder->snapshot->channels;
	const struct s53_conf_statement *it =
	    source->file != NULL ? s53_conf_top(source->file) : NULL;

	for (it = s53_conf_find(it, "statistics-channels"); it != NULL;
	     it = s53_conf_find(it->next, "statistics-channels"))
		for (const struct s53_conf_statement *inet = s53_conf_find(it->body, "inet");
		     inet != NULL; inet = s53_conf_find(inet->next, "inet"))
			if (inet->value.type == S53_CONF_ADDRESS)
				add_channel(builder, inet, &last);
	for (struct s53_snapshot_channel *channel = builder->snapshot->channels; channel != NULL;
	     channel = channel->next)
		if (channel->place.file != NULL)
			channel->place.file = builder_text(builder, "%s", channel->place.file);
}
