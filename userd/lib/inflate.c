// SPDX-License-Identifier: MIT
/*
 * Inflating what came compressed: see inflate.h. Touches: its memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include "buffer.h"
#include "frame.h"
#include "inflate.h"

/* As inflate.h says. */
void sluice_inflater_free(struct sluice_inflater *inflater)
{
	if (!inflater)
		return;
	ZSTD_freeDCtx(inflater->context);
	free(inflater->bytes);
	*inflater = (struct sluice_inflater){.context = NULL};
}

/* As inflate.h says. */
int sluice_inflate(struct sluice_inflater *inflater, const void *bytes, size_t length, size_t whole)
{
	size_t got;

	if (!inflater || !bytes)
		return -EINVAL;
	if (!whole || whole > SLUICE_FRAME_PAYLOAD_MAX)
		return -EILSEQ;
	if (!inflater->context)
		inflater->context = ZSTD_createDCtx();
	if (!inflater->context || !sluice_buffer_grow(&inflater->bytes, &inflater->room, whole))
		return -ENOMEM;
	/* With all of it at once libzstd needs no window: it writes to `bytes` and no further. */
	got = ZSTD_decompressDCtx(inflater->context, inflater->bytes, whole, bytes, length);
	return ZSTD_isError(got) || got != whole ? -EILSEQ : 0;
}
