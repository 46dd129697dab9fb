// SPDX-License-Identifier: MIT
/*
 * Several changes that come into force together, see transaction.h. Touches: a file, stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../config/check.h"
#include "daemon.h"
#include "packet_socket.h"
#include "transaction.h"

/* Bytes of the file at most: the text with every byte escaped, and some words. */
#define FILE_MOST (SLUICE_CONFIG_TEXT_MAX * 6 + (1UL << 20))
#define PATH_ROOM (SLUICE_PACKET_PATH + 64U)

/* The directory that this user may write to: the one of the daemon's socket, or its own for what
 * runs (XDG Base Directory Specification). NULL: neither. */
static const char *folder_of(char *socket)
{
	const char *folder = dirname(socket), *own = getenv("XDG_RUNTIME_DIR");

	if (!access(folder, W_OK | X_OK))
		return folder;
	return own && *own == '/' && !access(own, W_OK | X_OK) ? own : NULL;
}

/* Where the one of this user is. 0; -EACCES: it has no folder for one, so there is none; another
 * negative errno, having said why. */
static int path_of(char path[PATH_ROOM])
{
	char socket[SLUICE_PACKET_PATH], again[SLUICE_PACKET_PATH];
	const char *folder;
	int error = sluice_daemon_path(socket);

	if (error) {
		fprintf(stderr, "sluicectl: where the daemon's socket is cannot be told: %s\n",
			strerror(-error));
		return error;
	}
	memcpy(again, socket, sizeof(again));
	folder = folder_of(again);
	if (!folder)
		return -EACCES;
	if (snprintf(path, PATH_ROOM, "%s/transaction-%s-%u", folder, basename(socket),
		     (unsigned int)getuid()) < (int)PATH_ROOM)
		return 0;
	fprintf(stderr, "sluicectl: the path of %s is too long\n", folder);
	return -ENAMETOOLONG;
}

/* Says that something cannot be done with the file. Returns `error`. */
static int complain(const char *path, const char *what, int error)
{
	fprintf(stderr, "sluicectl: %s cannot be %s: %s\n", path, what, strerror(-error));
	return error;
}

/* Was one moment before another? */
static bool is_before(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec != other->tv_sec ? one->tv_sec < other->tv_sec
					    : one->tv_nsec < other->tv_nsec;
}

/* Takes away one that began with an earlier daemon: the socket of this one is younger. */
static void forget_old(const char *path)
{
	char socket[SLUICE_PACKET_PATH];
	struct stat own, daemon;

	if (!sluice_daemon_path(socket) && !lstat(socket, &daemon) && !lstat(path, &own) &&
	    is_before(&own.st_mtim, &daemon.st_mtim))
		(void)unlink(path);
}

/* Opens it, if it is a file of ours that nobody else can write. A descriptor or a negative errno.
 */
static int open_own(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error;
	struct stat state;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &state))
		error = -errno;
	else if (!S_ISREG(state.st_mode) || state.st_uid != geteuid() || state.st_mode & 022 ||
		 state.st_size > (off_t)FILE_MOST)
		error = -EPERM;
	else
		return fd;
	close(fd);
	return error;
}

/* Takes the members out of what was read. 0, -EINVAL or -ENOMEM. */
static int unpack(const json_t *object, struct sluice_transaction *transaction)
{
	const char *text, *name, *how;
	json_int_t revision, since, begun;
	size_t length;

	if (json_unpack((json_t *)(uintptr_t)object, "{s:I, s:I, s:I, s:s, s:s, s:s%}", "revision",
			&revision, "since", &since, "begun", &begun, "name", &name, "how", &how,
			"text", &text, &length))
		return -EINVAL;
	transaction->revision = (uint64_t)revision;
	transaction->since = (uint64_t)since;
	transaction->begun = (uint64_t)begun;
	transaction->name = strdup(name);
	transaction->how = strdup(how);
	transaction->text.bytes = malloc(length + 1);
	if (!transaction->name || !transaction->how || !transaction->text.bytes)
		return -ENOMEM;
	memcpy(transaction->text.bytes, text, length);
	transaction->text.bytes[length] = '\0';
	transaction->text.length = length;
	return 0;
}

int sluice_transaction_load(struct sluice_transaction *transaction)
{
	char path[PATH_ROOM];
	json_t *object;
	FILE *file;
	int fd, error;

	memset(transaction, 0, sizeof(*transaction));
	error = path_of(path);
	if (error)
		return error == -EACCES ? -ENOENT : error;
	forget_old(path);
	fd = open_own(path);
	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return complain(path, "read", fd);
	/* With a buffer: json_loadfd() has a system call for each byte. */
	file = fdopen(fd, "r");
	if (!file) {
		error = -errno;
		close(fd);
		return complain(path, "read", error);
	}
	object = json_loadf(file, 0, NULL);
	(void)fclose(file);
	error = object ? unpack(object, transaction) : -EINVAL;
	json_decref(object);
	if (error == -EINVAL)
		fprintf(stderr,
			"sluicectl: %s is damaged; `sluicectl abort` takes it away, then begin "
			"anew\n",
			path);
	else if (error)
		(void)complain(path, "read", error);
	return error;
}

bool sluice_transaction_holds(const struct sluice_transaction *transaction,
			      const struct sluice_running *running)
{
	if (transaction->revision == running->revision && transaction->since == running->time_ns)
		return true;
	fprintf(stderr,
		"sluicectl: revision %" PRIu64
		" came into force after `begin`, at revision %" PRIu64
		" (by user %u: %s); nothing is changed: `sluicectl abort`, and begin anew\n",
		running->revision, transaction->revision, running->uid, running->how);
	return false;
}

/* Writes the text of an object into a file that is new. 0 or a negative errno. */
static int write_new(const char *path, const json_t *object)
{
	int error = 0, fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (json_dumpfd(object, fd, JSON_COMPACT))
		error = errno ? -errno : -EIO;
	else if (fsync(fd))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (error)
		(void)unlink(path);
	return error;
}

int sluice_transaction_store(const struct sluice_transaction *transaction)
{
	char path[PATH_ROOM], fresh[PATH_ROOM + 8];
	json_t *object;
	int error = path_of(path);

	if (error == -EACCES)
		fputs("sluicectl: several changes together need a folder in which they can wait: "
		      "that of the daemon's socket is not yours, and XDG_RUNTIME_DIR names none "
		      "that you may write to\n",
		      stderr);
	if (error)
		return error;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	object = json_pack("{s:I, s:I, s:I, s:s, s:s, s:s%}", "revision",
			   (json_int_t)transaction->revision, "since",
			   (json_int_t)transaction->since, "begun", (json_int_t)transaction->begun,
			   "name", transaction->name, "how", transaction->how, "text",
			   transaction->text.bytes, transaction->text.length);
	error = object ? write_new(fresh, object) : -ENOMEM;
	json_decref(object);
	if (!error && rename(fresh, path)) {
		error = -errno;
		(void)unlink(fresh);
	}
	return error ? complain(path, "written", error) : 0;
}

int sluice_transaction_remove(void)
{
	char path[PATH_ROOM];
	int error = path_of(path);

	if (error == -EACCES)
		return -ENOENT;
	if (error || !unlink(path))
		return error;
	error = -errno;
	return error == -ENOENT ? error : complain(path, "taken away", error);
}

void sluice_transaction_free(struct sluice_transaction *transaction)
{
	free(transaction->text.bytes);
	free(transaction->name);
	free(transaction->how);
	memset(transaction, 0, sizeof(*transaction));
}
