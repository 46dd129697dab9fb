/* SPDX-License-Identifier: MIT */
/*
 * The commands of sluicebench as main.c's table knows them, and what all of them share. Touches:
 * nothing.
 */
#ifndef SLUICE_BENCH_COMMAND_H
#define SLUICE_BENCH_COMMAND_H

/* Exit statuses, the same for every command. */
enum sluice_bench_exit {
	SLUICE_BENCH_OK = 0,
	SLUICE_BENCH_WRONG = 1,	  /* it ran, and what it measured is not what was wished */
	SLUICE_BENCH_USAGE = 2,	  /* the command line is wrong; nothing was done */
	SLUICE_BENCH_FAILURE = 3, /* it could not run (to the end) */
};

/* Each takes its own arguments, argv[0] being the command's name, and returns the exit status. */
int sluice_bench_gen(int argc, char **argv);
int sluice_bench_sink(int argc, char **argv);
int sluice_bench_search(int argc, char **argv);
int sluice_bench_sweep(int argc, char **argv);
int sluice_bench_compare(int argc, char **argv);
int sluice_bench_profile(int argc, char **argv);
int sluice_bench_capture(int argc, char **argv);

#endif /* SLUICE_BENCH_COMMAND_H */
