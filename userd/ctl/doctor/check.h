/* SPDX-License-Identifier: MIT */
/*
 * What the checks share: the functions of the rows, interfaces, cards, CPUs and outputs as texts of
 * a sample tell of them. Touches: nothing.
 */
#ifndef SLUICE_DOCTOR_CHECK_H
#define SLUICE_DOCTOR_CHECK_H

#include "finding.h"
#include "text.h"

#define CHECK(id, class, function, ...)                                      \
	void sluice_doctor_##function(const struct sluice_doctor_look *look, \
				      struct sluice_doctor_report *report);
#include "check_rows.h"
#undef CHECK

#define SLUICE_DOCTOR_NAME 32

/* The interface behind `name` ("": the first) that is up in both samples, into `name`. False: there
 * are no more. */
bool sluice_doctor_next_link(const struct sluice_doctor_look *look, char name[SLUICE_DOCTOR_NAME]);

/* By how much a counter of an interface grew. */
uint64_t sluice_doctor_link_rise(const struct sluice_doctor_look *look, const char *link,
				 const char *counter, uint64_t numbers[2]);

/* Packets a second that came by an interface. */
double sluice_doctor_packet_rate(const struct sluice_doctor_look *look, const char *link);

/* What ethtool/NAME says now under `key`. False: nothing. */
bool sluice_doctor_card_number(const struct sluice_doctor_look *look, const char *card,
			       const char *key, uint64_t *number);

/* By how much it grew. */
uint64_t sluice_doctor_card_rise(const struct sluice_doctor_look *look, const char *card,
				 const char *key, uint64_t numbers[2]);

/* The counter of packets that a card lost that grew most; kernel and driver count the same ones
 * under several names, so they are not added up. Returns by how much; `counter` is its name. */
uint64_t sluice_doctor_card_lost(const struct sluice_doctor_look *look, const char *card,
				 char counter[64], uint64_t numbers[2]);

/* What a CPU did between the samples, in parts of its time, 0 to 1. */
struct sluice_doctor_cpu {
	unsigned int number;
	double busy, interrupts, stolen;
};

/* The CPU behind `place` (0: the first; counted on). False: there are no more. */
bool sluice_doctor_next_cpu(const struct sluice_doctor_look *look, size_t *place,
			    struct sluice_doctor_cpu *cpu);

/* The CPU that spends most of its time in interrupts. False: nothing is known of any. */
bool sluice_doctor_fullest_cpu(const struct sluice_doctor_look *look,
			       struct sluice_doctor_cpu *cpu);

/* The text of a member; "": there is none. */
const char *sluice_doctor_json_text(const json_t *object, const char *key);

#endif /* SLUICE_DOCTOR_CHECK_H */
