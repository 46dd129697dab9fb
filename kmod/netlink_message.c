// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the generic netlink family: the family itself without its commands, and what every
 * command needs to answer and to notify.
 *
 * netlink.c gives the family its commands and registers it. Touches the message it is given.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/module.h>
#include "netlink.h"

static const struct genl_multicast_group groups[] = {
	{ .name = SLUICE_GENL_EVENTS },
};

struct genl_family sluice_genl_family __ro_after_init = {
	.name = SLUICE_GENL_NAME,
	.version = SLUICE_GENL_VERSION,
	.netnsok = true,
	.module = THIS_MODULE,
	/* From this command on NLM_F_CREATE and NLM_F_EXCL would be refused, which we need. */
	SLUICE_GENL_RESV_START(SLUICE_CMD_MAX + 1)
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * sluice_name_is_fit() - check a name: printable, for the tables that show it
 * @info:      the request
 * @attribute: the name
 *
 * Return: false, and the request is refused, if not.
 * Context: process.
 */
bool sluice_name_is_fit(struct genl_info *info, const struct nlattr *attribute)
{
	const u8 *name = nla_data(attribute);

	for (; *name; name++) {
		if (*name < ' ' || *name == 0x7f) {
			sluice_refuse(info, attribute,
				      "the name contains the control character 0x%02x; use printable ones",
				      *name);
			return false;
		}
	}
	return true;
}

/**
 * sluice_put_counts() - put counters into a message
 * @skb:       the message
 * @attribute: the nest to make
 * @counts:    the counters
 * @gaps:      GAP records, or NULL
 *
 * Return: 0 or -EMSGSIZE.
 * Context: any.
 */
int sluice_put_counts(struct sk_buff *skb, int attribute, const struct sluice_counts *counts,
		      const u64 *gaps)
{
	struct nlattr *nest = nla_nest_start(skb, attribute);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, SLUICE_C_MATCHED, sluice_counts_matched(counts), SLUICE_C_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_C_STORED, counts->stored, SLUICE_C_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_C_STORED_BYTES, counts->stored_bytes, SLUICE_C_PAD) ||
	    (gaps && nla_put_u64_64bit(skb, SLUICE_C_GAPS, *gaps, SLUICE_C_PAD)) ||
	    nla_put_64bit(skb, SLUICE_C_LOST, sizeof(counts->lost), counts->lost, SLUICE_C_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * sluice_event_wanted() - whether anybody would receive a notification of this change
 * @info: the request that makes it
 *
 * Return: true if somebody listens or the requester wants an echo.
 * Context: process.
 */
bool sluice_event_wanted(struct genl_info *info)
{
	return nlmsg_report(info->nlhdr) ||
	       genl_has_listeners(&sluice_genl_family, genl_info_net(info), 0);
}

/**
 * sluice_message() - begin an answer or a notification
 * @info:    the request
 * @command: enum sluice_command
 * @header:  out: its header
 * @event:   a notification
 *
 * Return: the message, for sluice_reply() or sluice_notify(); NULL if out of memory.
 * Context: process.
 */
struct sk_buff *sluice_message(struct genl_info *info, u8 command, void **header, bool event)
{
	struct sk_buff *message = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	u32 port = event && !nlmsg_report(info->nlhdr) ? 0 : info->snd_portid;

	if (!message)
		return NULL;
	*header = genlmsg_put(message, port, event && !port ? 0 : info->snd_seq,
			      &sluice_genl_family, 0, command);
	if (!*header) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/**
 * sluice_reply() - finish and send an answer
 * @message: from sluice_message(), consumed
 * @header:  its header
 * @info:    the request
 * @error:   what filling it in returned
 *
 * Return: 0 or a negative errno.
 * Context: process.
 */
int sluice_reply(struct sk_buff *message, void *header, struct genl_info *info, int error)
{
	if (error) {
		nlmsg_free(message);
		return error;
	}
	genlmsg_end(message, header);
	return genlmsg_reply(message, info);
}

/**
 * sluice_notify() - send a notification
 * @message: from sluice_message(), ended; consumed
 * @info:    the request
 *
 * Context: process.
 */
void sluice_notify(struct sk_buff *message, struct genl_info *info)
{
	genl_notify(&sluice_genl_family, message, info, 0, GFP_KERNEL);
}
