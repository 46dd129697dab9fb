/* SPDX-License-Identifier: MIT */
/*
 * The command line of sluiced. Touches: stdout, stderr.
 */
#ifndef SLUICE_OPTIONS_H
#define SLUICE_OPTIONS_H

#include <stdbool.h>
#include "../config/starter.h"

/* How sluiced ends; also in sluiced.8. */
enum sluice_exit {
	SLUICE_EXIT_OK = 0,
	SLUICE_EXIT_CONFIG = 1, /* faults in the text of the configuration */
	SLUICE_EXIT_USAGE = 2,	/* the command line is wrong */
	SLUICE_EXIT_START = 3, /* it could not start: module, permission, port, memory, disk, ... */
	SLUICE_EXIT_HANG = 4,  /* a thread hung, and could not be replaced */
};

struct sluice_options {
	const char *config;	     /* -c; NULL: `relay` stands for it */
	struct sluice_starter relay; /* --relay and what belongs to it; its ports NULL: none */
	const char *pid_file;	     /* NULL: none */
	const char *socket;	     /* -S; NULL: the usual one */
	int log_level;		     /* -1: what the configuration says */
	bool check;
	bool daemon;
	bool takeover;		       /* from the one that runs */
	bool standby;		       /* wait until the relay is free */
	unsigned int standby_limit_ms; /* how long who works may be silent meanwhile */
	bool until_drained;	       /* end when all is read and delivered */
	bool sweep;		       /* --sweep: only that, then exit */
	bool print;		       /* --print: the file that --relay stands for, then exit */
};

/* Reads the command line. -1: go on; else the status to exit with at once (help, version, a fault,
 * which was told). */
int sluice_options_read(int argc, char **argv, struct sluice_options *options);

#endif /* SLUICE_OPTIONS_H */
