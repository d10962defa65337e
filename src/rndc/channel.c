/* SPDX-License-Identifier: ISC
 *
 * channel.c - the path and address of the default channel, for the server and for split53ctl.
 */
#include <split53/channel.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

void
s53_channel_path(uint16_t port, char out[static S53_CHANNEL_PATH_MAX])
{
	if (port == 0 || port == 53)
		snprintf(out, S53_CHANNEL_PATH_MAX, "%s", S53_CHANNEL_PATH);
	else
		snprintf(out, S53_CHANNEL_PATH_MAX, "%s-%u", S53_CHANNEL_PATH, port);
}

socklen_t
s53_channel_address(const char *path, bool is_abstract, struct sockaddr_un *out)
{
	size_t len = strlen(path), head = is_abstract; /* the leading NUL */

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (head + len >= sizeof(out->sun_path))
		return 0;
	memcpy(out->sun_path + head, path, len);
	if (is_abstract)
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + head + len);
	return sizeof(*out);
}
