// SPDX-License-Identifier: MIT
/*
 * `sluicectl tap`: what passes through the rings, whoever fills them, as text, as JSON or as a
 * pcapng capture. It owns nothing, moves no cursor and asks the daemon for names only: who looks
 * never holds up who consumes, and nobody pays for it while nobody looks. Touches: rings, to read;
 * the capture file, stdout, stderr.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "clock.h"
#include "command.h"
#include "pcapng.h"
#include "tap_choice.h"
#include "tap_find.h"
#include "tap_print.h"

/* A daemon's own rings wake nobody: they are looked at again after so long, while something comes
 * and while nothing does. */
#define PAUSE_BUSY_MS 5
#define PAUSE_IDLE_MS 50
/* And whether there are others: so often. */
#define AGAIN_NS ((uint64_t)SLUICE_NS_PER_S)

/* What the command line says, all views, and what was shown. */
struct tap {
	struct sluice_tap_choice choice;
	struct sluice_tap_rings rings;
	struct sluice_tap_form form;
	const json_t *input;	       /* the one that is asked for; NULL: all, or of a route */
	struct sluice_pcapng *capture; /* NULL: text or JSON */
	FILE *to;
	uint64_t shown;	  /* datagrams */
	uint64_t limited; /* kept back by --rate */
	uint64_t unknown; /* neither port nor sender is recorded */
	uint64_t missed;  /* records */
	uint64_t second;  /* that --rate counts in */
	uint64_t in_second;
	uint8_t record[SLUICE_RECORD_SPAN_MAX];
};

static volatile sig_atomic_t is_asked_to_end;

/* SIGINT, SIGTERM */
static void on_signal(int number)
{
	(void)number;
	is_asked_to_end = 1;
}

/* True once so many were shown as were asked for. */
static bool has_enough(const struct tap *tap)
{
	return tap->choice.wanted && tap->shown >= tap->choice.wanted;
}

/* May this ring hold something that is asked for? */
static bool is_wanted(const struct tap *tap, const struct sluice_tap_view *view)
{
	const char *source;

	if (!tap->choice.name)
		return true;
	if (tap->input) {
		source = json_string_value(json_object_get(tap->input, "source"));
		return source && !strcmp(source, view->source);
	}
	return !strcmp(tap->choice.name, view->route_name);
}

/* Is the record's input the one that is asked for? */
static bool is_of_input(const struct tap *tap, const char *name)
{
	const char *wanted;

	if (!tap->input)
		return true;
	wanted = json_string_value(json_object_get(tap->input, "name"));
	return name && wanted && !strcmp(name, wanted);
}

/* Does --rate let one more datagram through now? Counts it, or that it did not. */
static bool is_let_through(struct tap *tap)
{
	uint64_t second;

	if (!tap->choice.rate)
		return true;
	second = sluice_now() / SLUICE_NS_PER_S;
	if (second != tap->second) {
		tap->second = second;
		tap->in_second = 0;
	}
	if (tap->in_second++ < tap->choice.rate)
		return true;
	tap->limited++;
	return false;
}

/* Is it to be shown? Counts those that cannot be told, and says so of the first. */
static bool passes(struct tap *tap, const struct sluice_record_view *record)
{
	enum sluice_tap_answer answer;

	if (record->type != SLUICE_RECORD_DATA)
		return true;
	answer = sluice_tap_choice_asks(&tap->choice, record);
	if (answer == SLUICE_TAP_UNKNOWN && tap->unknown++ == 0)
		fputs("sluicectl: tap: datagrams of an input without `addresses: on` have neither "
		      "port nor sender here; --port and --from pass them over\n",
		      stderr);
	return answer == SLUICE_TAP_WANTED && is_let_through(tap);
}

/* Shows one record. 0, or a negative errno: -EIO if it cannot be written. */
static int show_record(struct tap *tap, const struct sluice_tap_view *view,
		       const struct sluice_record_view *record)
{
	struct sluice_tap_place place = {.route = view->route_name, .number = record->input};
	int error;

	place.input = sluice_tap_rings_input(&tap->rings, view, record->input);
	if (!is_of_input(tap, place.input) || !passes(tap, record))
		return 0;
	error = tap->capture ? sluice_pcapng_record(tap->capture, view->number, record)
			     : sluice_tap_print(&tap->form, &place, record);
	if (record->type == SLUICE_RECORD_DATA)
		tap->shown++;
	return error;
}

/* Shows what has come to a ring since the last time; *some: there was something. 0, -EIO, other
 * negative errno. */
static int drain(struct tap *tap, struct sluice_tap_view *view, bool *some)
{
	struct sluice_record_view record;
	uint64_t missed = 0;
	int found, error = 0;

	while (!error && !is_asked_to_end && !has_enough(tap)) {
		found = sluice_tap_view_next(view, tap->record, &record, &missed);
		if (found <= 0)
			return found;
		*some = true;
		if (found == SLUICE_TAP_RECORD) {
			error = show_record(tap, view, &record);
			continue;
		}
		tap->missed += missed;
		error = tap->capture ? sluice_pcapng_missed(tap->capture, view->number, missed,
							    sluice_wall_now())
				     : sluice_tap_print_missed(&tap->form, view->route_name, missed,
							       sluice_wall_now());
	}
	return error;
}

/* Makes a ring that is wanted known to the capture. 0 or a negative errno. */
static int enter(struct tap *tap, struct sluice_tap_view *view)
{
	char description[SLUICE_GUID_TEXT + 40], text[SLUICE_GUID_TEXT];

	if (!tap->capture)
		return 0;
	snprintf(description, sizeof(description), "stream %s epoch %llu",
		 sluice_guid_format(view->ring.producer->stream, text),
		 (unsigned long long)view->ring.producer->epoch);
	return sluice_pcapng_stream(tap->capture, view->name, description, &view->number);
}

/* After the end of one of the module's rings was reported: the route is gone, or has a new ring,
 * which is read from its beginning: nothing is between the two. */
static int follow_module(struct tap *tap, struct sluice_tap_view *view, bool *some)
{
	sluice_tap_view_close(view);
	if (sluice_tap_rings_attach(view, true))
		return 0;
	return enter(tap, view) ? -EIO : drain(tap, view, some);
}

/* One look at a ring. 0 or a negative errno. */
static int look(struct tap *tap, struct sluice_tap_view *view, bool has_ended, bool *some)
{
	int error;

	if (!view->is_open || !is_wanted(tap, view))
		return 0;
	error = drain(tap, view, some);
	if (!error && has_ended && view->offset == sluice_ring_head(&view->ring))
		error = follow_module(tap, view, some);
	if (!error && view->fd < 0 && !view->is_there &&
	    view->offset == sluice_ring_head(&view->ring))
		sluice_tap_view_close(view);
	return error;
}

/* Looks for other rings, once a second. 0 or a negative errno. */
static int look_again(struct tap *tap, uint64_t *last)
{
	size_t before = tap->rings.count, number;
	const json_t *named;
	int error = 0;

	if (sluice_now() - *last < AGAIN_NS)
		return 0;
	*last = sluice_now();
	sluice_tap_rings_again(&tap->rings);
	if (tap->input) {
		named = sluice_tap_rings_named(&tap->rings, tap->choice.name);
		tap->input = named ? named : tap->input;
	}
	for (number = before; number < tap->rings.count && !error; number++) {
		struct sluice_tap_view *view = tap->rings.list[number];

		if (!view->is_open && sluice_tap_rings_attach(view, true))
			continue;
		if (is_wanted(tap, view))
			error = enter(tap, view);
	}
	return error;
}

/* Sleeps until one of the module's rings has something, or it is time to look at the others. 0 or a
 * negative errno; `ended`: by view, that its ring is no more. */
static int rest(struct tap *tap, struct pollfd *polled, bool some)
{
	bool has_own = tap->rings.daemon || tap->rings.is_lonely;
	size_t number, count = tap->rings.count;

	/* Nothing may be left in the buffer while we sleep: who looks on wants to see it now. */
	if (fflush(tap->to))
		return -EIO;
	for (number = 0; number < count; number++) {
		polled[number].fd = tap->rings.list[number]->fd;
		polled[number].events = POLLIN;
		polled[number].revents = 0;
	}
	if (poll(polled, count,
		 !has_own ? -1
		 : some	  ? PAUSE_BUSY_MS
			  : PAUSE_IDLE_MS) < 0 &&
	    errno != EINTR)
		return -errno;
	return 0;
}

/* Is there a ring, or somebody who may make one? */
static bool is_anything_left(const struct tap *tap)
{
	size_t number;

	for (number = 0; number < tap->rings.count; number++)
		if (tap->rings.list[number]->is_open)
			return true;
	return tap->rings.daemon || tap->rings.is_lonely;
}

/* Shows what comes until all rings are gone, enough was shown or a signal came. 0 or a negative
 * errno. */
static int follow(struct tap *tap)
{
	struct pollfd *polled = NULL, *larger;
	uint64_t last = sluice_now();
	size_t number, room = 0;
	bool some;
	int error = 0;

	while (!error && !is_asked_to_end && is_anything_left(tap)) {
		some = false;
		if (room < tap->rings.count) {
			larger = reallocarray(polled, tap->rings.count, sizeof(*polled));
			error = larger ? 0 : -ENOMEM;
			polled = larger ? larger : polled;
			for (number = room; number < tap->rings.count && !error; number++)
				polled[number].revents = 0;
			room = tap->rings.count;
		}
		/* First what is there, then sleep: the first round is what --backlog means. */
		for (number = 0; number < tap->rings.count && !error; number++)
			error = look(tap, tap->rings.list[number], polled[number].revents & POLLHUP,
				     &some);
		if (error || has_enough(tap))
			break;
		error = rest(tap, polled, some);
		if (!error && (tap->rings.daemon || tap->rings.is_lonely))
			error = look_again(tap, &last);
	}
	free(polled);
	return error;
}

/* Names the inputs and routes that there are, where one is asked for that there is not. */
static void refuse_name(const struct tap *tap)
{
	const json_t *input;
	const char *before = "";
	size_t number;

	fprintf(stderr, "sluicectl: tap: there is no input and no route `%s`; there are: ",
		tap->choice.name);
	json_array_foreach(tap->rings.inputs, number, input)
	{
		fprintf(stderr, "%s%s", before, json_string_value(json_object_get(input, "name")));
		before = ", ";
	}
	for (number = 0; number < tap->rings.count; number++) {
		const struct sluice_tap_view *view = tap->rings.list[number];

		if (!number ||
		    strcmp(view->route_name, tap->rings.list[number - 1]->route_name) != 0) {
			fprintf(stderr, "%sroute %s", before, view->route_name);
			before = ", ";
		}
	}
	putc('\n', stderr);
}

/* Finds what is asked for. 0 or a negative errno, said. */
static int choose(struct tap *tap)
{
	char text[SLUICE_GUID_TEXT];
	size_t number, wanted = 0;

	if (!tap->choice.name)
		return 0;
	tap->input = sluice_tap_rings_named(&tap->rings, tap->choice.name);
	for (number = 0; number < tap->rings.count; number++) {
		const struct sluice_tap_view *view = tap->rings.list[number];

		/* By the route's id: from here on by its name. */
		if (!tap->input && !view->is_open &&
		    !strcasecmp(sluice_guid_format(view->route, text), tap->choice.name))
			tap->choice.name = view->route_name;
		wanted += is_wanted(tap, view);
	}
	if (wanted || tap->input)
		return 0;
	refuse_name(tap);
	return -ENOENT;
}

/* Attaches to the module's rings, and makes all that are wanted known to the capture. 0 or a
 * negative errno. */
static int attach(struct tap *tap)
{
	size_t number;
	int error = 0;

	for (number = 0; number < tap->rings.count && !error; number++) {
		struct sluice_tap_view *view = tap->rings.list[number];

		if (!is_wanted(tap, view))
			continue;
		if (!view->is_open)
			error = sluice_tap_rings_attach(view, tap->choice.backlog);
		if (!error)
			error = enter(tap, view);
	}
	return error;
}

/* Says what was not shown. */
static void sum_up(const struct tap *tap)
{
	fprintf(stderr, "%llu datagrams", (unsigned long long)tap->shown);
	if (tap->limited)
		fprintf(stderr, ", %llu more not shown because of --rate",
			(unsigned long long)tap->limited);
	if (tap->unknown)
		fprintf(stderr, ", %llu passed over that have neither port nor sender",
			(unsigned long long)tap->unknown);
	if (tap->missed)
		fprintf(stderr, ", %llu records missed here (the relay has them)",
			(unsigned long long)tap->missed);
	putc('\n', stderr);
}

/* Looks at all views and shows what passes. 0 or a negative errno, said. */
static int run(struct tap *tap)
{
	int error = 0, end;

	tap->form = (struct sluice_tap_form){.to = tap->to,
					     .as_json = tap->choice.as_json,
					     .with_text = tap->choice.with_text,
					     .with_hex = tap->choice.with_hex};
	if (tap->choice.file)
		error = sluice_pcapng_begin(&tap->capture, tap->to, "sluicectl " SLUICE_VERSION,
					    tap->choice.is_parted ? NULL
					    : tap->choice.name	  ? tap->choice.name
								  : "sluice");
	if (!error)
		error = attach(tap);
	if (!error && fflush(tap->to))
		error = -EIO;
	if (!error)
		error = follow(tap);
	end = tap->capture ? sluice_pcapng_end(tap->capture) : fflush(tap->to) ? -EIO : 0;
	tap->capture = NULL;
	error = error ? error : end;
	if (error == -EIO && errno == EPIPE)
		error = 0; /* who read it has seen enough */
	if (error)
		fprintf(stderr, "sluicectl: tap: %s: %s\n",
			tap->choice.file ? tap->choice.file : "stdout", strerror(-error));
	else
		sum_up(tap);
	return error;
}

/* Opens where it goes to. 0 or a negative errno, said. */
static int open_target(struct tap *tap)
{
	const char *file = tap->choice.file;

	tap->to = stdout;
	if (file && strcmp(file, "-") != 0) {
		tap->to = fopen(file, "we");
		if (tap->to)
			return 0;
		fprintf(stderr, "sluicectl: %s: %s\n", file, strerror(errno));
		return -errno;
	}
	if (!file || !isatty(STDOUT_FILENO))
		return 0;
	fputs("sluicectl: tap: a capture is nothing for a terminal: -w FILE, or -w - | tshark -r "
	      "-\n",
	      stderr);
	return -EINVAL;
}

int sluice_ctl_tap(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct tap *tap = calloc(1, sizeof(*tap));
	int status = SLUICE_CTL_REFUSED;

	if (!tap)
		return SLUICE_CTL_REFUSED;
	tap->rings.began_ns = sluice_wall_now();
	if (!sluice_tap_choice_parse(&tap->choice, argc, argv)) {
		status = SLUICE_CTL_USAGE;
		goto free;
	}
	if (sluice_tap_rings_find(&tap->rings, tap->choice.backlog) || choose(tap))
		goto close;
	if (open_target(tap)) {
		status = SLUICE_CTL_USAGE;
		goto close;
	}
	signal(SIGPIPE, SIG_IGN);
	/* Without SA_RESTART: poll() ends. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (run(tap) == 0)
		status = SLUICE_CTL_OK;
	if (tap->to != stdout && fclose(tap->to) && status == SLUICE_CTL_OK) {
		fprintf(stderr, "sluicectl: %s: %s\n", tap->choice.file, strerror(errno));
		status = SLUICE_CTL_REFUSED;
	}
close:
	sluice_tap_rings_close(&tap->rings);
free:
	free(tap);
	return status;
}
