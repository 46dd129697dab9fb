// SPDX-License-Identifier: MIT
/*
 * A picture of the engine: counters of workers, rings, connections and, through the sources, of the
 * inputs. In the foreman's thread; reads what workers write, relaxed, and disturbs none of them,
 * and of the disk what a picture has (disk_picture.h). Touches: nothing else.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../spool/disk_side.h"
#include "inner.h"
#include "report_waiting.h"

/* The names of an input's outputs, comma-separated. NULL: no memory. @owner caller: free() */
static char *output_names(const struct sluice_config *config,
			  const struct sluice_config_input *input)
{
	size_t number, length = 1;
	char *text, *end;

	for (number = 0; number < input->output_count; number++)
		length += strlen(config->outputs[input->outputs[number]].name) + 1;
	text = malloc(length);
	if (!text)
		return NULL;
	end = text;
	*end = '\0';
	for (number = 0; number < input->output_count; number++)
		if (!number || !sluice_config_is_twin(config, input->outputs[number]))
			end += sprintf(end, "%s%s", number ? "," : "",
				       config->outputs[input->outputs[number]].name);
	return text;
}

/* Whose given-up datagrams are added up. */
struct dropped {
	const struct sluice_engine *engine;
	struct sluice_engine_report *report;
};

/* Are there inputs of several kinds of source? */
static bool is_mixed(const struct sluice_engine *engine)
{
	size_t number, open = 0;

	for (number = 0; number < SLUICE_INTAKES; number++)
		open += engine->intakes[number] != NULL;
	return open > 1;
}

/* Adds a line of the store's account to the input that it is of, or to the output. */
static void add_dropped(void *context, const struct sluice_spool_drop *drop)
{
	static const sluice_guid anybody;
	const struct dropped *dropped = context;
	const struct sluice_engine *engine = dropped->engine;
	const struct sluice_config *config = engine->config;
	bool has_many = is_mixed(engine);
	size_t number, place = 0;

	if (!memcmp(drop->output, anybody, sizeof(anybody))) {
		/* The numbers of inputs are unique among those of one kind of source, whatever
		 * their route is by now. */
		for (number = 0; number < config->input_count; number++)
			if (dropped->report->inputs[number].has_index &&
			    dropped->report->inputs[number].index == drop->input &&
			    (!has_many ||
			     sluice_guid_equal(
				     engine->derived.routes[engine->derived.route_of[number]].id,
				     drop->route)))
				break;
		if (number < config->input_count)
			dropped->report->inputs[number].dropped += drop->datagrams;
		return;
	}
	for (number = 0; number < config->output_count; number++) {
		place += number && !sluice_config_is_twin(config, number);
		if (sluice_guid_equal(config->outputs[number].id, drop->output))
			dropped->report->outputs[place].dropped += drop->datagrams;
	}
}

/* Adds what was dropped because the operator said so: in all, and at the inputs that are there. */
static void add_dropped_by_change(const struct sluice_engine *engine,
				  struct sluice_engine_report *report)
{
	size_t number, input;

	for (number = 0; number < engine->dropped_count; number++) {
		const struct sluice_dropped *dropped = &engine->dropped[number];

		report->store.dropped_by_change += dropped->datagrams;
		for (input = 0; input < report->input_count; input++) {
			struct sluice_engine_input *picture = &report->inputs[input];

			if (!picture->has_index || picture->index != dropped->input ||
			    (dropped->kind != SLUICE_SOURCE_AUTO &&
			     dropped->kind != engine->derived.kinds[input]))
				continue;
			picture->dropped += dropped->datagrams;
			picture->dropped_by_change += dropped->datagrams;
			break;
		}
	}
}

/* How an input stands: what it waits for, if anything. The module's rules follow their interface by
 * themselves. */
static void report_state(const struct sluice_engine *engine, size_t kind,
			 const struct sluice_config_input *input,
			 struct sluice_engine_input *picture)
{
	const struct sluice_source_class *class = sluice_intake_classes[kind];
	const char *state = class->state ? class->state(engine->intakes[kind], input->id) : NULL;

	if (!state && !class->state && input->interface[0] && !if_nametoindex(input->interface))
		snprintf(picture->state, sizeof(picture->state), "waiting for interface %s",
			 input->interface);
	else
		snprintf(picture->state, sizeof(picture->state), "%s", state ? state : "active");
}

/* Fills in the inputs. 0 or -ENOMEM. */
static int report_inputs(struct sluice_engine *engine, const struct sluice_disk_picture *disk,
			 struct sluice_engine_report *report)
{
	struct dropped dropped = {.engine = engine, .report = report};
	const struct sluice_config *config = engine->config;
	size_t number;

	report->inputs =
		calloc(config->input_count ? config->input_count : 1, sizeof(*report->inputs));
	if (!report->inputs)
		return -ENOMEM;
	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			(void)sluice_intake_classes[number]->measure(engine->intakes[number]);
	for (number = 0; number < config->input_count; number++) {
		const struct sluice_config_input *input = &config->inputs[number];
		struct sluice_engine_input *picture = &report->inputs[number];
		size_t kind = sluice_intake_of(engine->derived.kinds[number]);
		report->input_count++;
		sluice_guid_copy(picture->guid, input->id);
		memcpy(picture->name, input->name, sizeof(picture->name));
		picture->source = sluice_config_source_name(engine->derived.kinds[number]);
		picture->verdict = sluice_config_verdict_name(
			engine->derived.kinds[number] == SLUICE_SOURCE_PCAP ? SLUICE_VERDICT_COPY
									    : input->verdict);
		picture->priority = input->priority;
		if (sluice_intake_classes[kind]->receive)
			picture->receive =
				sluice_config_receive_name(sluice_intake_classes[kind]->receive(
					engine->intakes[kind], input->id, &picture->receive_why));
		report_state(engine, kind, input, picture);
		picture->match = sluice_config_input_match(input);
		picture->outputs = output_names(config, input);
		if (!picture->match || !picture->outputs)
			return -ENOMEM;
		/* A rule that somebody deleted behind our back counts nothing: zeros are the truth.
		 */
		picture->has_index = !sluice_intake_classes[kind]->counters(
			engine->intakes[kind], input->id, &picture->counters, &picture->index);
		sluice_renamed_add(engine, engine->derived.kinds[number], input->id,
				   &picture->counters);
		if (sluice_intake_classes[kind]->unmatched)
			picture->unmatched = sluice_intake_classes[kind]->unmatched(
				engine->intakes[kind], input->id);
		if (sluice_intake_classes[kind]->cost)
			sluice_intake_classes[kind]->cost(engine->intakes[kind], input->id,
							  picture->cost);
	}
	add_dropped_by_change(engine, report);
	sluice_disk_past_drops(&engine->disk_past, add_dropped, &dropped);
	for (number = 0; disk && number < disk->drop_count; number++)
		add_dropped(&dropped, &disk->drops[number]);
	return 0;
}

/* How much a state counts where connections of several workers differ: what somebody has to mend,
 * then the best. */
static unsigned int weight_of(const char *state)
{
	static const char *const order[] = {"waiting",	 "connecting",	    "connected",
					    "slow",	 "ack-not-durable", "queue-full",
					    "rejecting", "protocol-error"};
	unsigned int place;

	for (place = 0; place < sizeof(order) / sizeof(order[0]); place++)
		if (!strcmp(order[place], state))
			break;
	return place;
}

/* Adds the state of one connection, which it has had since `since_ns`. A destination is gone since
 * the last of its connections is, and there since the first of them is. */
static void add_state(struct sluice_engine_destination *sum, const char *state, uint64_t since_ns)
{
	unsigned int there = weight_of("connected"), weight = weight_of(state);
	unsigned int rank = weight < there ? 0 : weight, had;

	had = sum->state && weight_of(sum->state) >= there ? weight_of(sum->state) : 0;
	if (!sum->state || rank > had ||
	    (rank == had && (rank ? since_ns < sum->since_ns : since_ns > sum->since_ns)))
		sum->since_ns = since_ns;
	if (!sum->state || weight > weight_of(sum->state))
		sum->state = state;
}

/* Adds what connections have counted to their destination's figures. */
static void add_counts(const struct sluice_tcp_counters *counters,
		       struct sluice_engine_destination *sum)
{
#define COUNT(member) sum->member += sluice_load_relaxed(&counters->member);
	SLUICE_TCP_COUNTS(COUNT)
#undef COUNT
}

/* Adds one connection's state and gauges. */
static void add_connection(const struct sluice_connection *connection,
			   struct sluice_engine_destination *sum, const char **what,
			   uint64_t *error)
{
	static const char *const names[] = {"waiting", "connecting", "connecting", "connected"};
	const struct sluice_tcp_counters *counters = &connection->counters;
	const char *state = names[sluice_load_relaxed(&counters->state)];
	uint32_t mss = (uint32_t)sluice_load_relaxed(&counters->mss);
	uint32_t pmtu = (uint32_t)sluice_load_relaxed(&counters->pmtu);
	const char *lost = sluice_load_relaxed(&counters->what);

	sum->backlog += sluice_load_relaxed(&counters->backlog);
	sum->achieved += sluice_load_relaxed(&counters->achieved);
	if (sluice_load_relaxed(&counters->compress_step) > sum->compress_step)
		sum->compress_step = sluice_load_relaxed(&counters->compress_step);
	if (mss && (!sum->mss || mss < sum->mss))
		sum->mss = mss;
	if (pmtu && (!sum->pmtu || pmtu < sum->pmtu))
		sum->pmtu = pmtu;
	if (sluice_load_relaxed(&counters->full) && !strcmp(state, "connected"))
		state = "queue-full";
	if (sluice_load_relaxed(&counters->unsafe) && !strcmp(state, "connected"))
		state = "ack-not-durable";
	if (sluice_load_relaxed(&counters->slow) && !strcmp(state, "connected"))
		state = "slow";
	if (sluice_load_relaxed(&counters->rejecting))
		state = "rejecting";
	if (sluice_load_relaxed(&counters->faulty))
		state = "protocol-error";
	add_state(sum, state, sluice_load_relaxed(&counters->since));
	/* Of several the one that says what is to be mended. */
	if (lost && (!*what || !strcmp(state, "rejecting"))) {
		*what = lost;
		*error = sluice_load_relaxed(&counters->error);
	}
}

/* Sums up one destination over the workers. 0 or -ENOMEM. */
static int report_destination(const struct sluice_engine *engine,
			      const struct sluice_whole_output *output,
			      const struct sluice_config_output *config, size_t place,
			      struct sluice_engine_destination *sum)
{
	const struct sluice_config_destination *to = &config->to[place];
	const char *what = NULL;
	uint64_t error = 0;
	size_t worker;

	sum->role = !to->enabled ? "disabled" : to->standby ? "standby" : "active";
	sum->rate = to->rate;
	sum->name = strdup(sluice_target_text(output->targets[place]));
	add_counts(&output->past[place], sum);
	for (worker = 0; worker < engine->worker_count; worker++) {
		const struct sluice_output *half = output->halves[worker];

		/* It may have had a connection before. */
		add_counts(&half->group.connections[place]->counters, sum);
		if (!worker || !half->group.is_absent)
			add_connection(half->group.connections[place], sum, &what, &error);
	}
	if (!to->enabled)
		sum->state = "disabled";
	if (!what)
		sum->error = strdup("");
	else if (asprintf(&sum->error, "%s%s%s", what, error ? ": " : "",
			  error ? strerror((int)error) : "") < 0)
		sum->error = NULL;
	return sum->name && sum->error ? 0 : -ENOMEM;
}

/* Adds the destinations of an output of the model to `picture`. 0 or -ENOMEM. */
static int add_destinations(const struct sluice_engine *engine, size_t number,
			    struct sluice_engine_output *picture)
{
	const struct sluice_whole_output *output = &engine->outputs[number];
	struct sluice_engine_destination *larger;
	size_t place;

	larger = reallocarray(picture->destinations,
			      picture->destination_count + output->target_count + 1,
			      sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	picture->destinations = larger;
	for (place = 0; place < engine->worker_count; place++)
		sluice_cost_add(&output->halves[place]->group.cost, picture->cost);
	for (place = 0; place < output->target_count; place++) {
		struct sluice_engine_destination *sum = &larger[picture->destination_count++];

		memset(sum, 0, sizeof(*sum));
		sum->output = number;
		sum->is_alone = output->target_count == 1;
		if (report_destination(engine, output, &engine->config->outputs[number], place,
				       sum))
			return -ENOMEM;
	}
	return 0;
}

/* Fills in the outputs: those that the model has for the destinations of a duplicating one are one
 * again. 0 or -ENOMEM. */
static int report_outputs(struct sluice_engine *engine, struct sluice_engine_report *report)
{
	size_t number;

	report->outputs =
		calloc(engine->output_count ? engine->output_count : 1, sizeof(*report->outputs));
	if (!report->outputs)
		return -ENOMEM;
	for (number = 0; number < engine->output_count; number++) {
		const struct sluice_config_output *config = &engine->config->outputs[number];
		struct sluice_engine_output *picture;

		if (!sluice_config_is_twin(engine->config, number))
			report->output_count++;
		picture = &report->outputs[report->output_count - 1];
		sluice_guid_copy(picture->guid, config->group);
		memcpy(picture->name, config->name, sizeof(picture->name));
		picture->mode = sluice_config_mode_name(config->mode);
		/* What is not framed is called by its kind. */
		picture->framing = config->kind == SLUICE_KIND_TCP
					   ? sluice_config_framing_name(config->framing)
					   : sluice_config_kind_name(config->kind);
		picture->rate = config->rate;
		if (add_destinations(engine, number, picture))
			return -ENOMEM;
	}
	return 0;
}

/* The name of output `guid`, or "". */
static const char *output_name(const struct sluice_config *config, const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < config->output_count; number++)
		if (sluice_guid_equal(config->outputs[number].id, guid))
			return config->outputs[number].name;
	return "";
}

/* Fills in one stream out of its ring's pages. 0 or -ENOMEM. */
static int report_stream(const struct sluice_engine *engine, const struct sluice_stream *stream,
			 struct sluice_engine_stream *picture)
{
	const struct sluice_ring_producer *producer = stream->ring.producer;
	size_t number;

	sluice_guid_copy(picture->route, stream->route);
	memcpy(picture->name, stream->name, sizeof(picture->name));
	sluice_guid_copy(picture->uuid, producer->stream);
	picture->epoch = producer->epoch;
	picture->cpu = stream->cpu;
	picture->size = producer->size;
	picture->tail = sluice_ring_tail(&stream->ring);
	picture->head = sluice_ring_head(&stream->ring);
	picture->wakes = sluice_load_relaxed(&producer->wakes);
	picture->owner = (uint32_t)getpid();
	picture->is_draining = stream->draining;
	picture->source = sluice_config_source_name(stream->kind);
	picture->counters.stored = sluice_load_relaxed(&producer->stored);
	picture->counters.stored_bytes = sluice_load_relaxed(&producer->stored_bytes);
	picture->counters.gaps = sluice_load_relaxed(&producer->gaps);
	picture->counters.matched = picture->counters.stored;
	for (number = 0; number < SLUICE_LOST_CAUSES; number++) {
		picture->counters.lost[number] = sluice_load_relaxed(&producer->lost[number]);
		picture->counters.matched += picture->counters.lost[number];
	}
	picture->cursors =
		calloc(stream->feeder_count ? stream->feeder_count : 1, sizeof(*picture->cursors));
	if (!picture->cursors)
		return -ENOMEM;
	for (number = 0; number < stream->feeder_count; number++) {
		const struct sluice_ring_cursor *slot = stream->feeders[number]->cursor;
		struct sluice_engine_cursor *cursor;

		if (!slot)
			continue;
		cursor = &picture->cursors[picture->cursor_count++];

		sluice_guid_copy(cursor->output, stream->outputs[number]);
		snprintf(cursor->output_name, sizeof(cursor->output_name), "%s",
			 output_name(engine->config, cursor->output));
		cursor->acked = sluice_load_relaxed(&slot->acked);
		cursor->taken = sluice_load_relaxed(&slot->taken);
	}
	return 0;
}

/* What of the streams lies on the disk. */
static void report_disk(const struct sluice_engine *engine, const struct sluice_disk_picture *disk,
			struct sluice_engine_report *report)
{
	size_t number;

	for (number = 0; number < engine->streams.count; number++) {
		const struct sluice_stream *stream = engine->streams.list[number].stream;

		report->streams[number].has_disk = stream->side != NULL;
		if (stream->side)
			report->streams[number].disk = sluice_disk_picture_bytes(
				disk, sluice_spool_log_name(sluice_disk_side_log(stream)));
	}
}

/* Sums up the rings, and adds the disk. */
static void report_store(const struct sluice_engine *engine, const struct sluice_disk_picture *disk,
			 struct sluice_engine_report *report)
{
	struct sluice_engine_store *store = &report->store;
	size_t number;

	for (number = 0; number < report->stream_count; number++) {
		const struct sluice_engine_stream *stream = &report->streams[number];
		uint64_t used = stream->head - stream->tail;

		store->memory_size += stream->size;
		/* Read at different moments, the two can be apart by more than there is room for.
		 */
		store->memory_used += used < stream->size ? used : stream->size;
		sluice_alarm_count(&engine->streams.list[number].stream->alarm,
				   &store->memory_alarms, &store->alarms_now);
	}
	sluice_alarm_count(&engine->unnoted,
			   engine->spooler ? &store->disk_alarms : &store->memory_alarms,
			   &store->alarms_now);
	if (!engine->spooler)
		return;
	report_disk(engine, disk, report);
	store->disk_path = engine->config->store.disk_path;
	if (disk)
		store->disk = disk->figures;
	sluice_spooler_alarms(engine->spooler, &store->disk_alarms, &store->alarms_now);
	sluice_disk_past_figures(&engine->disk_past, &store->disk, &store->disk_alarms);
	store->disk_size = store->disk.segments * store->disk.segment_size;
}

int sluice_engine_report(struct sluice_engine *engine, struct sluice_engine_report *report)
{
	struct sluice_disk_picture *disk = NULL;
	int result = -ENOMEM;
	size_t number;

	if (!engine || !report)
		return -EINVAL;
	memset(report, 0, sizeof(*report));
	sluice_engine_reap(engine);
	if (engine->spooler)
		disk = sluice_spooler_picture(engine->spooler);
	report->workers = engine->worker_count;
	report->streams =
		calloc(engine->streams.count ? engine->streams.count : 1, sizeof(*report->streams));
	if (!report->streams)
		goto free;
	/* Outputs before streams before inputs: what was received can then not be more than what
	 * was sent for. */
	result = report_outputs(engine, report);
	for (number = 0; !result && number < engine->streams.count; number++) {
		report->stream_count++;
		result = report_stream(engine, engine->streams.list[number].stream,
				       &report->streams[number]);
		report->streams[number].worker = engine->streams.list[number].worker->number;
	}
	if (!result)
		report_store(engine, disk, report);
	if (!result)
		sluice_report_waiting(engine, disk, report);
	if (!result)
		result = report_inputs(engine, disk, report);
	if (!result)
		sluice_past_add(engine, report);
free:
	sluice_disk_picture_put(disk);
	if (result)
		sluice_engine_report_free(report);
	return result;
}

void sluice_engine_report_free(struct sluice_engine_report *report)
{
	size_t number, place;

	if (!report)
		return;
	for (number = 0; report->inputs && number < report->input_count; number++) {
		free(report->inputs[number].match);
		free(report->inputs[number].outputs);
	}
	for (number = 0; report->outputs && number < report->output_count; number++) {
		struct sluice_engine_destination *list = report->outputs[number].destinations;

		for (place = 0; list && place < report->outputs[number].destination_count;
		     place++) {
			free(list[place].name);
			free(list[place].error);
		}
		free(list);
	}
	for (number = 0; report->streams && number < report->stream_count; number++)
		free(report->streams[number].cursors);
	free(report->inputs);
	free(report->outputs);
	free(report->streams);
	memset(report, 0, sizeof(*report));
}
