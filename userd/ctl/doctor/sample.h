/* SPDX-License-Identifier: MIT */
/*
 * What was read at one moment: texts by the name of their source. A source is a file of /proc or
 * /sys (a pattern of glob(3)), or `KIND/NAME` for what is no file and somebody answers for (struct
 * sluice_doctor_world). Below a root other than "" all of them are files, so that a recorded tree
 * stands for a machine. Touches: files that are only read.
 */
#ifndef SLUICE_DOCTOR_SAMPLE_H
#define SLUICE_DOCTOR_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who is asked for what is no file. */
struct sluice_doctor_world {
	const char *root; /* "": this machine; else a folder that holds every source as a file */
	/* The text of KIND/NAME in *text. 0 or a negative errno. @owner caller: free(*text) */
	int (*ask)(void *context, const char *kind, const char *name, char **text);
	void *context;
};

struct sluice_doctor_text {
	char *source, *text;
};

struct sluice_doctor_sample {
	struct sluice_doctor_text *texts;
	size_t count, room;
	uint64_t time_ns;
};

/* Two samples of the same sources. */
struct sluice_doctor_look {
	struct sluice_doctor_sample before, after;
	double seconds; /* between them; more than 0 */
};

/* Adds a text, which is copied. 0 or -ENOMEM. */
int sluice_doctor_sample_add(struct sluice_doctor_sample *sample, const char *source,
			     const char *text);

/*
 * Reads the sources named in `sources` (words with blanks between; those that are in the sample
 * already are passed over). `{pid}` stands for the daemon's process, `{cgroup}` for its control
 * group and each above it, `*` behind a kind for each interface. What cannot be read is not added.
 * 0 or -ENOMEM.
 */
int sluice_doctor_sample_read(struct sluice_doctor_sample *sample,
			      const struct sluice_doctor_world *world, const char *sources);

/* Is anything there that one word of `sources` names? */
bool sluice_doctor_sample_has(const struct sluice_doctor_sample *sample, const char *sources);

/* Frees what the sample holds and empties it. */
void sluice_doctor_sample_free(struct sluice_doctor_sample *sample);

#endif /* SLUICE_DOCTOR_SAMPLE_H */
