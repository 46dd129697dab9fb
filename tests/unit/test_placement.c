// SPDX-License-Identifier: MIT
/*
 * What `sluicectl show placement` makes of a machine, from trees of files like /proc and /sys: two
 * nodes of two CPUs, a daemon with two workers, a ring of each kind, a card with two queues.
 * Touches: files below a directory of its own in /tmp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sluice/ring.h>
#include "ctl/placement.h"
#include "lib/guid.h"

#define PID 77
#define MODULE_RING 0x10000
#define SOCKET_RING 0x20000
#define NO_RING 0x30000

static char root[] = "/tmp/sluice-placement.XXXXXX";

/* Writes a file of the tree, and the folders that it lies in. */
static void put(const char *name, const char *text)
{
	char path[512], *at;
	FILE *file;

	assert_true(snprintf(path, sizeof(path), "%s%s", root, name) < (int)sizeof(path));
	for (at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		assert_true(!mkdir(path, 0755) || errno == EEXIST);
		*at = '/';
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A thread of the daemon. */
static void put_thread(int id, const char *name, const char *cpus, int cpu)
{
	char path[128], text[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", PID, id);
	snprintf(text, sizeof(text), "%s\n", name);
	put(path, text);
	/* As of Linux 6.1; a name may have blanks and brackets. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", PID, id);
	snprintf(text, sizeof(text),
		 "%d (%s x)) S 1 1 1 0 -1 4194304 1 0 0 0 5 6 0 0 20 -3 4 0 100 1 2 "
		 "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 %d 40 1 0 0 0\n",
		 id, name, cpu);
	put(path, text);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", PID, id);
	snprintf(text, sizeof(text), "Name:\t%s\nCpus_allowed:\tf\nCpus_allowed_list:\t%s\n", name,
		 cpus);
	put(path, text);
}

/* The ring's first page in the process's memory. */
static void put_ring(uint64_t at, uint8_t id, uint32_t cpu)
{
	struct sluice_ring_producer head = {.magic = SLUICE_RING_MAGIC,
					    .version = SLUICE_RING_VERSION,
					    .size = 0x4000,
					    .data_offset = 0x3000,
					    .cpu = cpu};
	char path[256];
	int fd;

	memset(head.stream, id, sizeof(head.stream));
	snprintf(path, sizeof(path), "%s/proc/%d/mem", root, PID);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &head, sizeof(head), (off_t)at), sizeof(head));
	close(fd);
}

/* The machine when all is well. */
static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	put("/sys/devices/system/cpu/online", "0-3\n");
	put("/sys/devices/system/cpu/isolated", "\n");
	put("/sys/devices/system/node/node0/cpulist", "0-1\n");
	put("/sys/devices/system/node/node1/cpulist", "2-3\n");
	put("/proc/77/cgroup", "0::/system.slice/sluiced.service\n");
	put("/sys/fs/cgroup/system.slice/sluiced.service/cpuset.cpus.effective", "0-3\n");
	put_thread(77, "sluiced", "0-3", 3);
	put_thread(78, "sluice-w0", "0", 0);
	put_thread(79, "sluice-w1", "2", 2);
	/* No worker, whatever it is called. */
	put_thread(80, "sluice-watch", "0-3", 1);
	put("/proc/77/maps", "00001000-00002000 r-xp 00000000 fe:00 1   /usr/sbin/sluiced\n"
			     "00010000-00011000 r--s 00000000 00:05 2   /dev/sluice\n"
			     "00011000-00012000 rw-s 00001000 00:05 2   /dev/sluice\n"
			     "00012000-00017000 r--s 00002000 00:05 2   /dev/sluice\n"
			     "00017000-0001b000 r--s 00003000 00:05 2   /dev/sluice\n"
			     "00020000-00027000 rw-s 00000000 00:16 3   /dev/shm/sluice/a ring\n"
			     "00027000-0002b000 rw-s 00003000 00:16 3   /dev/shm/sluice/a ring\n"
			     "00030000-00031000 rw-s 00000000 00:16 4   /dev/shm/else\n"
			     "no mapping at all\n");
	put("/proc/77/numa_maps", "00010000 default file=/dev/sluice mapped=1 N1=1 "
				  "kernelpagesize_kB=4\n"
				  "00011000 default file=/dev/sluice mapped=1 N1=1\n"
				  "00012000 default file=/dev/sluice mapped=5 N1=5\n"
				  "00017000 default file=/dev/sluice mapped=4 N1=4\n"
				  "00020000 default file=/dev/shm/sluice/a\\040ring N0=7\n"
				  "00027000 default file=/dev/shm/sluice/a\\040ring N0=4\n");
	put("/proc/77/smaps", "00020000-00027000 rw-s 00000000 00:16 3  /dev/shm/sluice/a ring\n"
			      "Size:   28 kB\nShmemPmdMapped:       8 kB\n"
			      "00027000-0002b000 rw-s 00003000 00:16 3  /dev/shm/sluice/a ring\n"
			      "ShmemPmdMapped:       16 kB\n");
	put("/proc/77/mem", "");
	put_ring(MODULE_RING, 0x11, 2);
	put_ring(SOCKET_RING, 0x22, 0);
	put("/sys/class/net/lo/device/numa_node", "0\n");
	put("/sys/class/net/eth0/device/numa_node", "1\n");
	put("/sys/class/net/eth0/device/msi_irqs/34", "msix\n");
	put("/sys/class/net/eth0/device/msi_irqs/35", "msix\n");
	put("/sys/class/net/eth0/device/msi_irqs/36", "msix\n");
	put("/sys/class/net/eth0/queues/rx-0/rps_cpus", "00000000,00000000\n");
	put("/sys/class/net/eth0/queues/tx-0/xps_cpus", "00000000,0000000c\n");
	put("/proc/interrupts", "           CPU0       CPU1\n"
				"  34:        1          2   PCI-MSI 1-edge      eth0-rx-0\n"
				"  35:        1          2   PCI-MSI 2-edge      eth0-rx-1\n"
				" LOC:        1          2   Local timer interrupts\n");
	put("/proc/irq/34/smp_affinity_list", "0-3\n");
	put("/proc/irq/34/effective_affinity_list", "0\n");
	put("/proc/irq/35/smp_affinity_list", "2\n");
	put("/proc/irq/36/smp_affinity_list", "2\n");
	return 0;
}

/* nftw(3): goes. */
static int discard(const char *path, const struct stat *state, int kind, struct FTW *place)
{
	(void)state;
	(void)kind;
	(void)place;
	return remove(path);
}

/* Takes the tree away. */
static int tear_down(void **state)
{
	(void)state;
	(void)nftw(root, discard, 16, FTW_DEPTH | FTW_PHYS);
	snprintf(root + strlen(root) - 6, 7, "XXXXXX");
	return 0;
}

/* What the daemon tells of its streams: the module's ring is read by worker 1, that of sockets by
 * worker 0. */
static json_t *streams(void)
{
	sluice_guid module = {0}, socket = {0};
	char one[SLUICE_GUID_TEXT], other[SLUICE_GUID_TEXT];

	memset(module, 0x11, sizeof(module));
	memset(socket, 0x22, sizeof(socket));
	return json_pack("[{s:s, s:s, s:i, s:i}, {s:s, s:s, s:i, s:i}]", "id",
			 sluice_guid_format(module, one), "route_name", "out", "cpu", 2, "worker",
			 1, "id", sluice_guid_format(socket, other), "route_name", "out", "cpu", 0,
			 "worker", 0);
}

/* The placement of the tree. @owner caller */
static json_t *look(void)
{
	struct sluice_placement_host host;
	json_t *list = json_array(), *told = streams();

	sluice_placement_host_read(root, PID, &host);
	assert_int_equal(sluice_placement_threads(root, PID, &host, list), 0);
	assert_int_equal(sluice_placement_rings(root, PID, told, list), 0);
	assert_int_equal(sluice_placement_cards(root, &host, list), 0);
	assert_int_equal(sluice_placement_judge(&host, list), 0);
	json_decref(told);
	return list;
}

/* The object called `name`. */
static json_t *named(const json_t *list, const char *name)
{
	json_t *object;
	size_t number;

	json_array_foreach(list, number,
			   object) if (!strcmp(json_string_value(json_object_get(object, "name")),
					       name)) return object;
	fail_msg("there is no %s", name);
	return NULL;
}

/* All warnings, one a line. @owner caller */
static char *warnings(const json_t *list)
{
	json_t *object, *sentence;
	size_t number, place, size;
	char *text = NULL;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	json_array_foreach(list, number, object)
		json_array_foreach(json_object_get(object, "warnings"), place, sentence)
			fprintf(stream, "%s\n", json_string_value(sentence));
	fclose(stream);
	return text;
}

#define HAS(object, key, wanted) \
	assert_string_equal(json_string_value(json_object_get(named(list, object), key)), wanted)
#define IS(object, key, wanted) \
	assert_int_equal(json_integer_value(json_object_get(named(list, object), key)), wanted)

/* All is told, and nothing contradicts. */
static void all_is_well(void **state)
{
	json_t *list = look();
	char *text = warnings(list);

	(void)state;
	assert_string_equal(text, "");
	assert_int_equal(json_array_size(list), 9);
	HAS("sluiced", "cpus", "0-3");
	IS("sluiced", "cpu", 3);
	IS("sluiced", "node", 1);
	HAS("sluice-w1", "policy", "fifo");
	IS("sluice-w1", "priority", 40);
	IS("sluice-w1", "nice", -3);
	IS("out/cpu2", "cpu", 2);
	HAS("out/cpu2", "memory", "1");
	/* Once, though it is mapped twice in a row. */
	IS("out/cpu2", "bytes", 7 * 4096);
	HAS("out/cpu2", "worker", "sluice-w1");
	IS("out/w0", "cpu", -1);
	HAS("out/w0", "memory", "0");
	IS("out/w0", "bytes", 7 * 4096);
	IS("out/w0", "huge", 8192);
	/* What is in force, not what is wished. */
	HAS("eth0 irq 34 eth0-rx-0", "cpus", "0");
	IS("eth0 irq 35 eth0-rx-1", "node", 1);
	HAS("eth0 tx-0", "cpus", "2-3");
	free(text);
	json_decref(list);
}

/* A tree, changed, and what is told then. */
static void expect(const char *sentence)
{
	json_t *list = look();
	char *text = warnings(list);

	if (!strstr(text, sentence))
		fail_msg("\"%s\" is not in: %s", sentence, text);
	/* Nothing else is wrong with it. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
	json_decref(list);
}

/* Each contradiction by itself, with what mends it. */
static void what_contradicts(void **state)
{
	(void)state;
	put_thread(79, "sluice-w1", "2-3", 2);
	expect("sluice-w1 is on CPUs 2-3 instead of one: the cpuset of the process (0-3) lacks its "
	       "CPU");
	put_thread(79, "sluice-w1", "2", 2);

	put("/sys/devices/system/cpu/isolated", "2\n");
	expect("sluice-w1 is on CPU 2, which isolcpus keeps free");
	put("/sys/devices/system/cpu/isolated", "\n");

	put("/sys/devices/system/cpu/nohz_full", "1-2\n");
	expect("sluice-w1 is on CPU 2, which nohz_full keeps without a clock tick");
	put("/sys/devices/system/cpu/nohz_full", "(null)\n");

	put("/sys/fs/cgroup/system.slice/sluiced.service/cpuset.cpus.effective", "0-1\n");
	expect("sluice-w1 is on CPU 2, which is outside of the cpuset of the process (0-1)");
	/* The same with control groups of version 1. */
	put("/proc/77/cgroup", "4:cpu:/x\n3:cpuset:/here\n0::/none\n");
	put("/sys/fs/cgroup/cpuset/here/cpuset.effective_cpus", "0,3\n");
	expect("outside of the cpuset of the process (0,3)");
	put("/proc/77/cgroup", "");

	put("/proc/77/numa_maps", "00020000 default file=/x N0=3 N1=4\n");
	expect("ring out/w0 has memory of other nodes (0:12288,1:16384) than its worker sluice-w0 "
	       "on CPU 0 (node 0)");
	put("/proc/77/numa_maps", "");

	put("/sys/devices/system/cpu/isolated", "1\n");
	put("/proc/irq/34/effective_affinity_list", "1\n");
	expect("eth0 irq 34 eth0-rx-0 is served by CPU 1, which isolcpus keeps free for others: "
	       "move it to a CPU of the workers (0,2)");
	put("/sys/devices/system/cpu/isolated", "\n");
}

/* Workers on one node: what of the card is for the other one is told, and a ring that is filled
 * there; two workers on one CPU as well. */
static void the_other_node(void **state)
{
	static const char *const sentences[] = {
		"sluice-w1 is on CPU 0, as sluice-w0 is: fewer workers",
		"ring out/cpu2 is filled by CPU 2 of node 1 and read by sluice-w1 on CPU 0 of node "
		"0",
		"eth0 irq 35 eth0-rx-1 is for CPU 2 of node 1, and all workers are on node 0",
		"eth0 tx-0 is for CPU 2-3 of node 1, and all workers are on node 0",
	};
	size_t number;
	json_t *list;
	char *text;

	(void)state;
	put_thread(79, "sluice-w1", "0", 0);
	list = look();
	text = warnings(list);
	for (number = 0; number < sizeof(sentences) / sizeof(sentences[0]); number++)
		if (!strstr(text, sentences[number]))
			fail_msg("\"%s\" is not in: %s", sentences[number], text);
	free(text);
	json_decref(list);
}

/* A machine that tells nothing, a process that is gone. */
static void what_is_not_there(void **state)
{
	struct sluice_placement_host host;
	json_t *list = json_array();

	(void)state;
	sluice_placement_host_read("/nonexistent", PID, &host);
	assert_int_equal(host.node_count, 1);
	assert_int_equal(sluice_placement_node_of(&host, 5), 0);
	assert_int_equal(sluice_placement_threads("/nonexistent", PID, &host, list), -ENOENT);
	assert_int_equal(sluice_placement_rings("/nonexistent", PID, NULL, list), 0);
	assert_int_equal(sluice_placement_cards("/nonexistent", &host, list), 0);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_contradicts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_other_node, set_up, tear_down),
		cmocka_unit_test(what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
