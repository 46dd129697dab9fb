// SPDX-License-Identifier: MIT
/*
 * Is a request well-formed, and what does it say? See request.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "../../lib/netlink.h"
#include "request.h"

/* Offset of an attribute in its message, for NLMSGERR_ATTR_OFFS. */
static uint32_t offset_of(const struct sluice_request *request, const struct nlattr *attribute)
{
	return (uint32_t)((const char *)attribute - (const char *)request->header);
}

int sluice_request_check(struct sluice_request *request, const char **text)
{
	bool seen[SLUICE_A_MAX + 1] = {false};
	struct nlattr *attribute;
	int rest;

	nla_for_each_attr(attribute, request->first, request->length, rest)
	{
		int type = nla_type(attribute);

		request->fault = offset_of(request, attribute);
		*text = "malformed message: an attribute that this version does not know";
		if (type <= SLUICE_A_PAD || type > SLUICE_A_MAX)
			return -EINVAL;
		*text = "malformed message: an attribute is there twice";
		if (seen[type] && type != SLUICE_A_CONFIG_TEXT && type != SLUICE_A_CONFIG_ADOPT &&
		    type != SLUICE_A_CONFIG_DROP)
			return -EINVAL;
		seen[type] = true;
		*text = "malformed message: an attribute has the wrong length or form";
		if (nla_validate(attribute,
				 (int)NLA_ALIGN(attribute->nla_len) < rest
					 ? (int)NLA_ALIGN(attribute->nla_len)
					 : rest,
				 SLUICE_A_MAX, sluice_netlink_policy))
			return -EINVAL;
	}
	request->fault = 0;
	*text = "malformed message: bytes behind the last attribute";
	return rest > 0 ? -EINVAL : 0;
}

void sluice_request_read_apply(const struct sluice_request *request, char *text,
			       struct sluice_control_apply *wanted)
{
	struct nlattr *attribute;
	int rest;

	wanted->text = text;
	nla_for_each_attr(attribute, request->first, request->length, rest)
	{
		if (nla_type(attribute) == SLUICE_A_CONFIG_TEXT) {
			memcpy(text + wanted->length, nla_data(attribute),
			       (size_t)nla_len(attribute));
			wanted->length += (size_t)nla_len(attribute);
		} else if (nla_type(attribute) == SLUICE_A_CONFIG_NAME) {
			wanted->name = nla_get_string(attribute);
		} else if (nla_type(attribute) == SLUICE_A_CONFIG_HOW) {
			wanted->how = nla_get_string(attribute);
			wanted->is_runtime = true;
		} else if (nla_type(attribute) == SLUICE_A_CONFIG_WITHIN) {
			wanted->within = nla_get_u32(attribute);
		} else if (nla_type(attribute) == SLUICE_A_CONFIG_NO_WAIT) {
			wanted->no_wait = nla_get_u8(attribute);
		} else if (nla_type(attribute) == SLUICE_A_CONFIG_LIMITED) {
			wanted->is_limited = nla_get_u8(attribute);
		} else if (nla_type(attribute) == SLUICE_A_CONFIG_IF_REVISION) {
			wanted->if_revision = nla_get_u64(attribute);
		}
	}
}
