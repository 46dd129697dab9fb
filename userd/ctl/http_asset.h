/* SPDX-License-Identifier: MIT */
/*
 * Files of the page for browsers, which are part of the program: userd/ctl/web. Touches: nothing.
 */
#ifndef SLUICE_CTL_HTTP_ASSET_H
#define SLUICE_CTL_HTTP_ASSET_H

#include <stddef.h>

/* A file. */
struct sluice_http_asset {
	const char *path; /* at which it is asked for */
	const char *type;
	const char *bytes;
	size_t length;
};

/* The file at a path; NULL: there is none. @threadsafe */
const struct sluice_http_asset *sluice_http_asset_find(const char *path);

#endif /* SLUICE_CTL_HTTP_ASSET_H */
