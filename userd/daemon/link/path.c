// SPDX-License-Identifier: MIT
/*
 * Which relays what leaves here has passed; see path.h. Touches: memory, /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "path.h"

/* Of one link. */
struct passed {
	struct passed *next;
	const void *key;
	sluice_guid *outputs;
	size_t output_count;
	struct sluice_frame_relay *relays;
	size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sluice_frame_relay self; /* with the lock, as `links` */
static struct passed *links;
static uint64_t generation = 1;

/* This boot of this machine, whose copies have another one; "" where it cannot be read. */
static void read_boot(char *text, size_t room)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, room - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

void sluice_path_name(const char *name, const char *home)
{
	char boot[64], *text = NULL;
	struct stat network;
	sluice_guid relay = {0};

	if (stat("/proc/self/ns/net", &network))
		network.st_ino = 0;
	read_boot(boot, sizeof(boot));
	/* The same for as long as the machine runs: a connection may outlive this process. */
	if (asprintf(&text, "%s %llu %s", boot, (unsigned long long)network.st_ino,
		     home ? home : "") >= 0) {
		(void)sluice_guid_derive("relay", text, strnlen(text, 4096), relay);
		free(text);
	}
	pthread_mutex_lock(&lock);
	if (!sluice_guid_equal(self.relay, relay) || strcmp(self.name, name) != 0) {
		sluice_guid_copy(self.relay, relay);
		snprintf(self.name, sizeof(self.name), "%s", name);
		sluice_store_relaxed(&generation, generation + 1);
	}
	pthread_mutex_unlock(&lock);
}

/* Frees what a link said. */
static void passed_free(struct passed *passed)
{
	if (!passed)
		return;
	free(passed->outputs);
	free(passed->relays);
	free(passed);
}

/* Takes it out of the list. NULL: it said nothing. @context with the lock */
static struct passed *take_out(const void *key)
{
	struct passed **place = &links, *found;

	while (*place && (*place)->key != key)
		place = &(*place)->next;
	found = *place;
	if (found)
		*place = found->next;
	return found;
}

int sluice_path_set(const void *key, const sluice_guid *outputs, size_t output_count,
		    const struct sluice_frame_relay *relays, size_t count)
{
	struct passed *fresh = calloc(1, sizeof(*fresh)), *old;

	if (!fresh)
		return -ENOMEM;
	fresh->key = key;
	fresh->outputs = calloc(output_count + 1, sizeof(*fresh->outputs));
	fresh->relays = calloc(count + 1, sizeof(*fresh->relays));
	if (!fresh->outputs || !fresh->relays) {
		passed_free(fresh);
		return -ENOMEM;
	}
	memcpy(fresh->outputs, outputs, output_count * sizeof(*outputs));
	memcpy(fresh->relays, relays, count * sizeof(*relays));
	fresh->output_count = output_count;
	fresh->count = count;
	pthread_mutex_lock(&lock);
	old = take_out(key);
	fresh->next = links;
	links = fresh;
	sluice_store_relaxed(&generation, generation + 1);
	pthread_mutex_unlock(&lock);
	passed_free(old);
	return 0;
}

void sluice_path_remove(const void *key)
{
	struct passed *old;

	pthread_mutex_lock(&lock);
	old = take_out(key);
	if (old)
		sluice_store_relaxed(&generation, generation + 1);
	pthread_mutex_unlock(&lock);
	passed_free(old);
}

uint64_t sluice_path_generation(void)
{
	return sluice_load_relaxed(&generation);
}

bool sluice_path_has_self(const struct sluice_frame_relay *relays, size_t count)
{
	bool is_there = false;
	size_t number;

	pthread_mutex_lock(&lock);
	for (number = 0; number < count; number++)
		is_there = is_there || sluice_guid_equal(relays[number].relay, self.relay);
	pthread_mutex_unlock(&lock);
	return is_there;
}

const char *sluice_path_self_name(void)
{
	return self.name;
}

/* Adds a relay, unless it is there or there is no room. Returns how many there are. */
static size_t add(struct sluice_frame_relay *relays, size_t count,
		  const struct sluice_frame_relay *relay)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (sluice_guid_equal(relays[number].relay, relay->relay))
			return count;
	if (count < SLUICE_FRAME_RELAYS)
		relays[count++] = *relay;
	return count;
}

/* Does what the link brings go to the output? */
static bool goes_to(const struct passed *passed, const sluice_guid output)
{
	size_t number;

	for (number = 0; number < passed->output_count; number++)
		if (sluice_guid_equal(passed->outputs[number], output))
			return true;
	return false;
}

size_t sluice_path_write(const sluice_guid output, uint8_t *bytes)
{
	struct sluice_frame_relay relays[SLUICE_FRAME_RELAYS];
	struct sluice_frame frame = {.type = SLUICE_FRAME_PATH};
	const struct passed *passed;
	size_t count, number, length;

	pthread_mutex_lock(&lock);
	relays[0] = self;
	count = 1;
	for (passed = links; passed; passed = passed->next)
		for (number = 0; goes_to(passed, output) && number < passed->count; number++)
			count = add(relays, count, &passed->relays[number]);
	pthread_mutex_unlock(&lock);
	length = count * sizeof(relays[0]);
	frame.count = htole32((uint32_t)count);
	frame.length = htole32((uint32_t)length);
	sluice_guid_copy(frame.stream, output);
	frame.payload_crc = htole32(sluice_crc32c(0, relays, length));
	sluice_frame_seal(&frame);
	memcpy(bytes, &frame, sizeof(frame));
	memcpy(bytes + sizeof(frame), relays, length);
	return sizeof(frame) + length;
}
