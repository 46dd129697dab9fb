/* SPDX-License-Identifier: GPL-2.0 */
/* For KUnit suites that contain match_change.c: changing the table of rules in one line. */
#ifndef SLUICE_KMOD_TESTS_TABLE_H
#define SLUICE_KMOD_TESTS_TABLE_H

/* Takes a rule out of the table and puts another one in, each may be NULL. 0 or -ENOMEM. */
static int sluice_match_change(struct sluice_match *match, struct sluice_rule *remove,
			       struct sluice_rule *add)
{
	struct sluice_match_plan *plan =
		sluice_match_plan(match, &remove, remove ? 1 : 0, &add, add ? 1 : 0);

	if (IS_ERR(plan))
		return PTR_ERR(plan);
	sluice_match_plan_make(plan);
	return 0;
}

#endif /* SLUICE_KMOD_TESTS_TABLE_H */
