/* SPDX-License-Identifier: ISC
 *
 * field.c - names and times as words of a zone file.
 */
#include "loading.h"

#include <string.h>

bool
field_name(const char *word, const struct s53_name *origin, struct s53_name *out)
{
	size_t len = strlen(word), slashes = 0;
	struct s53_name name;

	if (strcmp(word, "@") == 0) {
		*out = *origin;
		return true;
	}
	if (s53_name_parse(word, &name) != S53_OK)
		return false;
	while (slashes + 1 < len && word[len - 2 - slashes] == '\\')
		slashes++;
	if (word[len - 1] == '.' && slashes % 2 == 0) {
		*out = name;
		return true;
	}
	if (name.len - 1 + origin->len > S53_NAME_MAX)
		return false;
	memcpy(name.octets + name.len - 1, origin->octets, origin->len);
	name.len = (uint8_t)(name.len - 1 + origin->len);
	*out = name;
	return true;
}

bool
field_number(const char *word, bool units_too, uint64_t *out)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	uint64_t sum = 0;

	do {
		uint64_t number = 0, scale = 0;

		if (*word < '0' || *word > '9')
			return false;
		for (; *word >= '0' && *word <= '9'; word++)
			if (number <= UINT32_MAX)
				number = 10 * number + (uint64_t)(*word - '0');
		if (*word == '\0')
			scale = 1;
		for (size_t i = 0; i < sizeof(units) / sizeof(*units) && scale == 0; i++)
			if (units_too && (*word | 0x20) == units[i].unit)
				scale = units[i].seconds;
		if (scale == 0)
			return false;
		if (sum <= UINT32_MAX)
			sum += number * scale;
		word += *word != '\0';
	} while (*word != '\0');
	*out = sum;
	return true;
}

bool
field_ttl(const char *word, uint32_t *out, bool *large)
{
	uint64_t number;

	if (!field_number(word, true, &number))
		return false;
	*large = number > S53_TTL_MAX;
	*out = *large ? 0 : (uint32_t)number;
	return true;
}
