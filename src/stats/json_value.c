/* SPDX-License-Identifier: ISC
 *
 * json_value.c - see json_value.h.
 */
#include "json_value.h"

#include <stdio.h>
#include <time.h>

/* Takes over `value`. Returns it, or NULL if it could not be added to `object`. */
static struct json_object *
put(struct json_page *page, struct json_object *object, const char *name, struct json_object *value)
{
	if (object != NULL && value != NULL && json_object_object_add(object, name, value) == 0)
		return value;
	json_object_put(value);
	page->failed = true;
	return NULL;
}

struct json_object *
json_page_object(struct json_page *page, struct json_object *object, const char *name)
{
	return put(page, object, name, json_object_new_object());
}

struct json_object *
json_page_array(struct json_page *page, struct json_object *object, const char *name)
{
	return put(page, object, name, json_object_new_array());
}

struct json_object *
json_page_element(struct json_page *page, struct json_object *array)
{
	struct json_object *element = json_object_new_object();

	if (array != NULL && element != NULL && json_object_array_add(array, element) == 0)
		return element;
	json_object_put(element);
	page->failed = true;
	return NULL;
}

void
json_page_number(
    struct json_page *page, struct json_object *object, const char *name, uint64_t number)
{
	put(page, object, name, json_object_new_uint64(number));
}

void
json_page_text(
    struct json_page *page, struct json_object *object, const char *name, const char *text)
{
	put(page, object, name, json_object_new_string(text));
}

void
json_page_time(
    struct json_page *page, struct json_object *object, const char *name, uint64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char text[64] = "", whole[80];
	struct tm parts;

	if (gmtime_r(&seconds, &parts) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(whole, sizeof(whole), "%s.%03uZ", text, (unsigned)(wall_ms % 1000));
	json_page_text(page, object, name, whole);
}
