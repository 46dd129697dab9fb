// SPDX-License-Identifier: MIT
/*
 * Datagrams out of a store as pcapng (lib/pcapng.h) or as bare payloads, end to end. Touches: the
 * file it writes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "guid.h"
#include "pcapng.h"
#include "record.h"
#include "spool_command.h"

struct sluice_spool_export {
	FILE *file;
	struct sluice_pcapng *capture; /* NULL: bare payloads */
	uint32_t interface;
	uint64_t datagrams;
};

int sluice_spool_export_open(const char *format, const char *file,
			     struct sluice_spool_export **result)
{
	struct sluice_spool_export *out;
	bool is_pcapng = !strcmp(format, "pcapng");
	int error;

	if (!is_pcapng && strcmp(format, "raw") != 0)
		return -EINVAL;
	out = calloc(1, sizeof(*out));
	if (!out)
		return -ENOMEM;
	out->file = strcmp(file, "-") ? fopen(file, "wb") : stdout;
	if (!out->file) {
		error = -errno;
		free(out);
		return error;
	}
	error = is_pcapng
			? sluice_pcapng_begin(&out->capture, out->file, "sluicectl spool", "spool")
			: 0;
	if (error) {
		if (out->file != stdout)
			fclose(out->file);
		free(out);
		return error;
	}
	*result = out;
	return 0;
}

int sluice_spool_export_stream(struct sluice_spool_export *out, const sluice_guid stream,
			       uint32_t cpu)
{
	char name[SLUICE_GUID_TEXT], description[32];

	if (!out->capture)
		return 0;
	snprintf(description, sizeof(description), "CPU %u", cpu);
	return sluice_pcapng_stream(out->capture, sluice_guid_format(stream, name), description,
				    &out->interface);
}

int sluice_spool_export_span(struct sluice_spool_export *out, const uint8_t *span, size_t length)
{
	struct sluice_record_view view;
	int error = 0;
	size_t at;

	for (at = 0; !error && at < length; at += view.span) {
		if (sluice_record_read(span + at, length - at, &view))
			return -EPROTO;
		if (out->capture)
			error = sluice_pcapng_record(out->capture, out->interface, &view);
		else if (view.type == SLUICE_RECORD_DATA)
			fwrite(view.payload, 1, view.payload_length, out->file);
		out->datagrams += view.type == SLUICE_RECORD_DATA;
	}
	return !error && ferror(out->file) ? -EIO : error;
}

int sluice_spool_export_close(struct sluice_spool_export *out, uint64_t *datagrams)
{
	int error = out->capture ? sluice_pcapng_end(out->capture) : 0;

	*datagrams = out->datagrams;
	if (!error && ferror(out->file))
		error = -EIO;
	if ((out->file == stdout ? fflush(stdout) : fclose(out->file)) && !error)
		error = -EIO;
	free(out);
	return error;
}
