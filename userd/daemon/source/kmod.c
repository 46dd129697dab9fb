// SPDX-License-Identifier: MIT
/*
 * The module source: rules and routes over netlink, rings over /dev/sluice. Rules and rings outlive
 * this process: they are found again by their GUIDs. For the control thread; per datagram nothing
 * happens here at all. Touches: the module.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <sluice/device.h>
#include "../../lib/log.h"
#include "../../config/sentence.h"
#include "kmod.h"
#include "kmod_xdp.h"

#define DEVICE "/dev/sluice"
/* A predecessor that was killed gives its rings back when the kernel has taken it apart. */
#define ATTACH_PATIENCE_NS (2 * SLUICE_NS_PER_S)
#define ATTACH_PAUSE_US 10000U

struct sluice_intake {
	const struct sluice_source_context *context;
	struct sluice_kernel *kernel;
	struct sluice_kmod_ledger ledger;      /* of the change under way */
	const struct sluice_source_plan *plan; /* likewise; NULL: none */
	struct sluice_kernel_rule *measured;
	size_t measured_count, measured_next; /* where the next one that is asked for may be */
	struct sluice_kmod_xdp *xdp;	      /* NULL: no input ever wanted it */
};

/* struct sluice_source_class.free: rules and rings stay in the module. */
static void intake_free(struct sluice_intake *intake)
{
	if (!intake)
		return;
	sluice_kmod_ledger_free(&intake->ledger);
	sluice_kernel_close(intake->kernel);
	free(intake->measured);
	sluice_kmod_xdp_free(intake->xdp);
	free(intake);
}

/* struct sluice_source_class.open: the netlink connection. */
static int intake_open(const struct sluice_source_context *context, struct sluice_intake **result,
		       char **error)
{
	struct sluice_intake *intake = calloc(1, sizeof(*intake));
	int failure = -ENOMEM;

	if (intake) {
		intake->context = context;
		failure = sluice_kernel_open(&intake->kernel);
	}
	if (failure) {
		sluice_say(error, "no connection to the module: %s", strerror(-failure));
		free(intake);
		return failure;
	}
	*result = intake;
	return 0;
}

/* Attaches to a ring, waiting a little for a predecessor to be gone. The descriptor, or a negative
 * errno with a sentence. */
static int attach(struct sluice_ring *ring, const char *name,
		  const struct sluice_kernel_stream *found, char **error)
{
	uint64_t until = sluice_now() + ATTACH_PATIENCE_NS;
	int fd, result;

	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		result = -errno;
		sluice_say(error,
			   DEVICE " cannot be opened: %s; run sluiced as root or with "
				  "CAP_NET_ADMIN, and see that udev "
				  "or devtmpfs made the device",
			   strerror(errno));
		return result;
	}
	while ((result = sluice_ring_attach(ring, fd, found->route, found->cpu, 0)) == -EBUSY &&
	       sluice_now() < until)
		usleep(ATTACH_PAUSE_US);
	if (!result)
		return fd;
	close(fd);
	if (result == -EBUSY)
		sluice_say(error,
			   "route `%s`: process %u consumes its rings already; stop that sluiced "
			   "first (`sluicectl show streams` "
			   "names the owners)",
			   name, found->owner);
	else if (result == -EPROTO)
		sluice_say(error,
			   "route `%s`: the module's ring has a layout that this sluiced does not "
			   "know; use module and "
			   "daemon of one version",
			   name);
	else
		sluice_say(error, "route `%s`: no access to its ring of CPU %u: %s", name,
			   found->cpu, strerror(-result));
	return result;
}

/* Makes the stream of one of the module's rings, with feeders for `outputs`. */
static int make_stream(struct sluice_intake *intake, const struct sluice_config_route *route,
		       const struct sluice_kernel_stream *found, const sluice_guid *outputs,
		       size_t count, struct sluice_ring *ring, int fd,
		       struct sluice_stream_table *fresh, struct sluice_stream **stream,
		       char **error)
{
	struct sluice_worker *worker =
		intake->context->workers[found->cpu %
					 sluice_config_reached(route->reach,
							       intake->context->worker_count)];
	int result;

	result = sluice_stream_create(ring, fd, route, outputs, count, SLUICE_SOURCE_KMOD,
				      found->cpu, stream);
	if (result) {
		sluice_ring_destroy(ring);
		close(fd);
		goto say;
	}
	result = sluice_stream_table_add(fresh, *stream, worker);
	if (!result)
		return 0;
	sluice_stream_destroy(*stream);
say:
	sluice_say(error, "route `%s`: its ring of CPU %u cannot be used: %s", route->name,
		   found->cpu,
		   result == -EPROTO ? "what is in it makes no sense" : strerror(-result));
	return result;
}

/* Attaches to all rings of a route of the plan that we have not got. */
static int take_route(struct sluice_intake *intake, const struct sluice_config_route *route,
		      const struct sluice_kernel_stream *streams, size_t count,
		      struct sluice_stream_table *fresh, char **error)
{
	sluice_guid *outputs = sluice_route_outputs(intake->plan->config, route);
	struct sluice_stream *stream;
	struct sluice_ring ring = {0};
	int result = outputs ? 0 : -ENOMEM, fd;
	size_t number;

	for (number = 0; !result && number < count; number++) {
		if (!sluice_guid_equal(streams[number].route, route->id) ||
		    sluice_stream_table_find(intake->context->streams, route->id,
					     SLUICE_SOURCE_KMOD, streams[number].cpu))
			continue;
		fd = attach(&ring, route->name, &streams[number], error);
		result = fd < 0 ? fd
				: make_stream(intake, route, &streams[number],
					      (const sluice_guid *)outputs, route->output_count,
					      &ring, fd, fresh, &stream, error);
	}
	free(outputs);
	return result;
}

/*
 * A ring of ours whose route the configuration has no more, left behind by an earlier daemon: what
 * its outputs have not got yet is delivered to those that are still there. Failing is no reason not
 * to start.
 */
static void adopt(struct sluice_intake *intake, const struct sluice_kernel_route *known,
		  const struct sluice_kernel_stream *found, struct sluice_stream_table *fresh)
{
	struct sluice_config_route route = {0};
	sluice_guid *outputs;
	struct sluice_stream *stream;
	struct sluice_ring ring = {0};
	char *error = NULL;
	size_t count;
	int fd;

	sluice_guid_copy(route.id, known->guid);
	memcpy(route.name, known->name, sizeof(route.name));
	route.reach = sluice_config_reach(intake->plan->config);
	fd = attach(&ring, known->name, found, &error);
	if (fd < 0)
		goto say;
	outputs = sluice_cursor_outputs(intake->plan, &ring, &count);
	if (!outputs) {
		sluice_ring_destroy(&ring);
		close(fd);
		sluice_say(&error, "out of memory for route `%s`", known->name);
		goto say;
	}
	if (!count && found->head > found->tail) {
		sluice_warning_about(
			SLUICE_ABOUT(.route = known->name, .cpu = SLUICE_NUMBER(found->cpu),
				     .bytes = SLUICE_NUMBER(found->head - found->tail)),
			"route `%s`, CPU %u: %llu bytes wait for outputs that the "
			"configuration does not have; they stay there (`sluicectl show "
			"orphans`)",
			known->name, found->cpu, (unsigned long long)(found->head - found->tail));
		sluice_ring_destroy(&ring);
		close(fd);
		free(outputs);
		return;
	}
	if (!make_stream(intake, &route, found, (const sluice_guid *)outputs, count, &ring, fd,
			 fresh, &stream, &error))
		stream->draining = true;
	free(outputs);
say:
	if (error)
		sluice_warning("%s", error);
	free(error);
}

/* Is the route one of the plan's with inputs of ours? */
static bool plan_has(const struct sluice_source_plan *plan, const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < plan->config->input_count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_KMOD &&
		    sluice_guid_equal(plan->routes[plan->route_of[number]].id, guid))
			return true;
	return false;
}

/* Looks for routes of ours that the plan does not have, and takes their rings to empty them. */
static void adopt_orphans(struct sluice_intake *intake, const struct sluice_kernel_stream *streams,
			  size_t count, struct sluice_stream_table *fresh)
{
	const struct sluice_kernel_route *known;
	size_t number;

	for (number = 0; number < count; number++) {
		known = sluice_kmod_ledger_route(&intake->ledger, streams[number].route);
		if (!known || plan_has(intake->plan, known->guid) ||
		    !sluice_kmod_is_ours(&intake->ledger, intake->context, intake->plan,
					 known->guid) ||
		    sluice_stream_table_find(intake->context->streams, known->guid,
					     SLUICE_SOURCE_KMOD, streams[number].cpu))
			continue;
		adopt(intake, known, &streams[number], fresh);
	}
}

/* Is any input of the plan from the module? */
static bool wants_module(const struct sluice_source_plan *plan)
{
	size_t number;

	for (number = 0; number < plan->config->input_count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_KMOD)
			return true;
	return false;
}

/* struct sluice_source_class.prepare: routes are set, rings attached to. */
static int intake_prepare(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	struct sluice_kernel_stream *streams = NULL;
	size_t number, count = 0;
	int result;

	sluice_kmod_ledger_free(&intake->ledger);
	intake->plan = NULL;
	/* Since the last change somebody may have unloaded it, and loaded it again. */
	result = sluice_kernel_renew(intake->kernel);
	if (result == -ENOENT && !wants_module(plan))
		return 0;
	if (result) {
		sluice_say(error, "%s",
			   result == -ENOENT ? "the module is not loaded any more: modprobe sluice"
					     : strerror(-result));
		return result;
	}
	result = sluice_kmod_ledger_read(&intake->ledger, intake->kernel, error);
	if (result)
		return result;
	intake->plan = plan;
	for (number = 0; number < plan->route_count; number++) {
		if (!plan_has(plan, plan->routes[number].id))
			continue;
		result = sluice_kmod_set_route(&intake->ledger, intake->kernel, plan,
					       &plan->routes[number], error);
		if (result)
			return result;
	}
	result = sluice_kernel_streams(intake->kernel, &streams, &count);
	if (result) {
		sluice_say(error, "the module does not tell its rings: %s",
			   sluice_kernel_error(intake->kernel));
		return result;
	}
	for (number = 0; !result && number < plan->route_count; number++)
		if (plan_has(plan, plan->routes[number].id))
			result = take_route(intake, &plan->routes[number], streams, count, fresh,
					    error);
	if (!result)
		adopt_orphans(intake, streams, count, fresh);
	free(streams);
	return result;
}

/* struct sluice_source_class.activate: rules are set. */
static int intake_activate(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			   char **error)
{
	/* There is no module, and nothing is wanted of it. */
	if (!intake->plan)
		return 0;
	return sluice_kmod_set_rules(&intake->ledger, intake->kernel, intake->context, plan, error);
}

/* Has the route a stream that is in force? */
static bool is_served(const struct sluice_intake *intake, const sluice_guid guid)
{
	for_each_placed_stream (placed, intake->context->streams) {
		const struct sluice_stream *stream = placed->stream;

		if (stream->kind == SLUICE_SOURCE_KMOD && sluice_guid_equal(stream->route, guid))
			return true;
	}
	return false;
}

/* Is there anything in the rings of a route, among `streams`? */
static bool holds_something(const struct sluice_kernel_stream *streams, size_t count,
			    const sluice_guid route)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (sluice_guid_equal(streams[number].route, route) &&
		    streams[number].head != streams[number].tail)
			return true;
	return false;
}

/* struct sluice_source_class.commit: routes of ours that nobody needs go. */
static void intake_commit(struct sluice_intake *intake)
{
	struct sluice_kernel_stream *streams = NULL;
	size_t number, count = 0;

	if (!intake->plan)
		return;
	/* Without that nothing is deleted: what waits for an output that is gone is nobody's to
	 * throw away. */
	if (sluice_kernel_streams(intake->kernel, &streams, &count)) {
		sluice_warning("the module does not tell its rings: %s",
			       sluice_kernel_error(intake->kernel));
		sluice_kmod_ledger_free(&intake->ledger);
		intake->plan = NULL;
		return;
	}

	/* Routes of ours that nobody serves and no rule points to: their rings could not be taken.
	 */
	for (number = 0; number < intake->ledger.route_count; number++) {
		const struct sluice_kernel_route *known = &intake->ledger.routes[number];

		if (!plan_has(intake->plan, known->guid) && !is_served(intake, known->guid) &&
		    !holds_something(streams, count, known->guid) &&
		    sluice_kmod_is_ours(&intake->ledger, intake->context, intake->plan,
					known->guid) &&
		    sluice_kernel_route_delete(intake->kernel, known->guid))
			sluice_warning_about(SLUICE_ABOUT(.route = known->name),
					     "route `%s` is still in the module: %s", known->name,
					     sluice_kernel_error(intake->kernel));
	}
	free(streams);
	sluice_kmod_ledger_free(&intake->ledger);
	intake->plan = NULL;
}

/* struct sluice_source_class.cancel: the module is as it was. */
static void intake_cancel(struct sluice_intake *intake)
{
	if (intake->plan)
		sluice_kmod_undo(&intake->ledger, intake->kernel, intake->context, intake->plan);
	sluice_kmod_ledger_free(&intake->ledger);
	intake->plan = NULL;
}

/* struct sluice_source_class.retire: the route goes with its last ring. */
static bool intake_retire(struct sluice_intake *intake, struct sluice_stream *stream)
{
	struct sluice_kernel_stream *streams = NULL;
	size_t others = 0, count = 0;
	bool is_needed = true;

	if (!sluice_kernel_streams(intake->kernel, &streams, &count))
		is_needed = holds_something(streams, count, stream->route);
	free(streams);
	for_each_placed_stream (placed, intake->context->streams) {
		const struct sluice_stream *other = placed->stream;

		if (other != stream && other->kind == SLUICE_SOURCE_KMOD &&
		    sluice_guid_equal(other->route, stream->route))
			others++;
	}
	if (stream->held < sluice_ring_head(&stream->ring))
		sluice_warning_about(
			SLUICE_ABOUT(.route = stream->name, .cpu = SLUICE_NUMBER(stream->cpu)),
			"route `%s`, CPU %u: what waits for outputs that the configuration "
			"does not have stays (`sluicectl show orphans`)",
			stream->name, stream->cpu);
	/* With the last ring goes the route. ENOENT: somebody deleted it before us. */
	if (!others && !is_needed) {
		int result = sluice_kernel_route_delete(intake->kernel, stream->route);

		if (result && result != -ENOENT)
			sluice_warning_about(SLUICE_ABOUT(.route = stream->name),
					     "route `%s` is still in the module: %s", stream->name,
					     sluice_kernel_error(intake->kernel));
	}
	return true;
}

/* struct sluice_source_class.catch_up: what comes is in the rings at once. */
static void intake_catch_up(struct sluice_intake *intake)
{
	(void)intake;
}

/* struct sluice_source_class.follow: rules follow by themselves, programs do not. */
static bool intake_follow(struct sluice_intake *intake, const struct sluice_source_plan *plan)
{
	return sluice_kmod_xdp_follow(&intake->xdp, plan);
}

/* struct sluice_source_class.close_inputs: nothing to do. */
static size_t intake_close(struct sluice_intake *intake)
{
	/* Rules and rings outlive the daemon: while none runs, the module goes on capturing. */
	(void)intake;
	return 0;
}

/* struct sluice_source_class.measure: one dump of all rules. */
static int intake_measure(struct sluice_intake *intake)
{
	struct sluice_kernel_rule *rules = NULL;
	size_t count = 0;
	int result = sluice_kernel_rules(intake->kernel, &rules, &count);

	if (result)
		return result;
	free(intake->measured);
	intake->measured = rules;
	intake->measured_count = count;
	intake->measured_next = 0;
	return 0;
}

/* struct sluice_source_class.counters, out of the last dump. */
static int intake_counters(struct sluice_intake *intake, const sluice_guid guid,
			   struct sluice_counters *counters, uint16_t *index)
{
	const struct sluice_kernel_rule *rule;
	size_t tried;

	memset(counters, 0, sizeof(*counters));
	/* All are asked for one after the other, in about the order of the dump. */
	for (tried = 0; tried < intake->measured_count; tried++) {
		rule = &intake->measured[intake->measured_next++];
		if (intake->measured_next == intake->measured_count)
			intake->measured_next = 0;
		if (!sluice_guid_equal(rule->guid, guid))
			continue;
		*counters = rule->counters;
		*index = rule->input;
		return 0;
	}
	return -ENOENT;
}

/* Maps a ring to look only. 0 or a negative errno. @owner caller: sluice_ring_destroy() */
static int look_at(struct sluice_ring *ring, const sluice_guid route, uint32_t cpu)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = sluice_ring_attach(ring, fd, route, cpu, SLUICE_ATTACH_LOOK);
	/* The mapping holds the ring. */
	close(fd);
	return result;
}

int sluice_source_kmod_look(const struct sluice_config *config,
			    const struct sluice_identity *identity,
			    int (*each)(void *context, const struct sluice_ring *ring,
					const char *where),
			    void *context)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kmod_ledger ledger = {0};
	const struct sluice_kernel_route *known;
	struct sluice_kernel *kernel = NULL;
	size_t number, count = 0;
	struct sluice_ring ring;
	int result = 0;

	if (sluice_kernel_open(&kernel))
		return 0;
	if (sluice_kmod_ledger_read(&ledger, kernel, NULL) ||
	    sluice_kernel_streams(kernel, &streams, &count))
		result = -EIO;
	for (number = 0; number < count && !result; number++) {
		known = sluice_kmod_ledger_route(&ledger, streams[number].route);
		if (!known || !sluice_kmod_is_marked(config, identity, known->name) ||
		    look_at(&ring, streams[number].route, streams[number].cpu))
			continue;
		result = each(context, &ring, known->name);
		sluice_ring_destroy(&ring);
	}
	free(streams);
	sluice_kmod_ledger_free(&ledger);
	sluice_kernel_close(kernel);
	return result;
}

/* struct sluice_source_class.is_held: looks at the cursors of the route's rings. */
static bool intake_is_held(struct sluice_intake *intake, const struct sluice_config *config,
			   size_t workers, const sluice_guid route, const sluice_guid *outputs,
			   size_t count)
{
	struct sluice_ring ring;
	size_t cpu, cpus = sluice_config_cpus();
	bool is_held = false;

	(void)intake;
	(void)config;
	(void)workers;
	for (cpu = 0; cpu < cpus && !is_held; cpu++) {
		if (look_at(&ring, route, (uint32_t)cpu))
			continue;
		is_held = sluice_ring_held(&ring, outputs, count) != UINT64_MAX;
		sluice_ring_destroy(&ring);
	}
	return is_held;
}

const struct sluice_source_class sluice_source_kmod = {
	.kind = SLUICE_SOURCE_KMOD,
	.outlives_daemon = true,
	.probe = sluice_kmod_probe,
	.absence = sluice_kmod_absence,
	.refuse = sluice_kmod_refuse,
	.has_left = sluice_kmod_has_left,
	.open = intake_open,
	.prepare = intake_prepare,
	.activate = intake_activate,
	.commit = intake_commit,
	.cancel = intake_cancel,
	.is_held = intake_is_held,
	.retire = intake_retire,
	.catch_up = intake_catch_up,
	.close_inputs = intake_close,
	.follow = intake_follow,
	.measure = intake_measure,
	.counters = intake_counters,
	.free = intake_free,
};
