// SPDX-License-Identifier: MIT
/*
 * What all lists share: counters, GUIDs and attributes as members of JSON objects. See list.h.
 * Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "clock.h"
#include "guid.h"
#include "list.h"
#include "lost.h"
#include "netlink.h"
#include "priority.h"

/* What was lost, by cause. Of most nothing ever was: they share one object, which nobody changes.
 * @owner caller: json_decref() */
static json_t *lost_of(const struct sluice_counters *counters)
{
	static json_t *nothing;
	json_t *lost;
	uint64_t sum = 0;
	size_t cause;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		sum |= counters->lost[cause];
	if (!sum && nothing)
		return json_incref(nothing);
	lost = json_object();
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		json_object_set_new(lost, sluice_lost_name(cause),
				    json_integer((json_int_t)counters->lost[cause]));
	if (!sum)
		nothing = json_incref(lost);
	return lost;
}

void sluice_list_counters(json_t *object, const struct sluice_counters *counters)
{
	json_object_set_new(object, "matched", json_integer((json_int_t)counters->matched));
	json_object_set_new(object, "stored", json_integer((json_int_t)counters->stored));
	json_object_set_new(object, "stored_bytes",
			    json_integer((json_int_t)counters->stored_bytes));
	json_object_set_new(object, "lost", lost_of(counters));
}

json_t *sluice_list_guid(const sluice_guid guid)
{
	char text[SLUICE_GUID_TEXT];

	return json_string(sluice_guid_format(guid, text));
}

void sluice_list_put_number(json_t *object, const char *key, uint64_t identity)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, identity);
	json_object_set_new(object, key, json_string(text));
}

void sluice_list_put_string(json_t *object, const char *key, const struct nlattr *attribute)
{
	json_t *text = json_string(sluice_attribute_string(attribute));

	json_object_set_new(object, key, text ? text : json_string("?"));
}

void sluice_list_put_u64(json_t *object, const char *key, const struct nlattr *attribute)
{
	json_object_set_new(object, key, json_integer((json_int_t)sluice_attribute_u64(attribute)));
}

void sluice_list_put_u32(json_t *object, const char *key, const struct nlattr *attribute)
{
	json_object_set_new(object, key, json_integer(sluice_attribute_u32(attribute)));
}

void sluice_list_put_guid(json_t *object, const char *key, const struct nlattr *attribute)
{
	sluice_guid guid;

	sluice_attribute_guid(attribute, guid);
	json_object_set_new(object, key, sluice_list_guid(guid));
}

void sluice_list_put_moment(json_t *object, const char *key, const struct nlattr *attribute)
{
	uint64_t moment = sluice_attribute_u64(attribute);
	time_t second = (time_t)(moment / SLUICE_NS_PER_S);
	struct tm broken;
	char text[40] = "";

	if (moment && gmtime_r(&second, &broken))
		strftime(text, sizeof(text), "%FT%TZ", &broken);
	json_object_set_new(object, key, json_string(text));
}

void sluice_list_put_priority(json_t *object, const sluice_guid route)
{
	json_object_set_new(object, "priority", json_integer(sluice_priority_of(route)));
}

void sluice_list_put_counters(json_t *object, struct nlattr *attribute)
{
	struct sluice_counters counters = {0};

	sluice_netlink_counters(attribute, &counters);
	sluice_list_counters(object, &counters);
}
