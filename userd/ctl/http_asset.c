// SPDX-License-Identifier: MIT
/*
 * Files of the page for browsers; see http_asset.h. The assembler puts them in, as they are; the
 * Makefile knows that this file is made of them. Touches: nothing.
 */
#include <stdint.h>
#include <string.h>
#include "http_asset.h"

#define FILE_BYTES(name, path)                                                     \
	__asm__(".pushsection .rodata\n"                                           \
		"sluice_http_" #name ":\n.incbin \"" path "\"\nsluice_http_" #name \
		"_end:\n.byte 0\n"                                                 \
		".popsection\n");                                                  \
	extern const char sluice_http_##name[], sluice_http_##name##_end[]

FILE_BYTES(css, "userd/ctl/web/page.css");
FILE_BYTES(js, "userd/ctl/web/page.js");

const struct sluice_http_asset *sluice_http_asset_find(const char *path)
{
	static struct sluice_http_asset assets[] = {
		{"/page.css", "text/css; charset=utf-8", sluice_http_css, 0},
		{"/page.js", "text/javascript; charset=utf-8", sluice_http_js, 0},
	};
	size_t number;

	if (!path)
		return NULL;
	assets[0].length = (uintptr_t)sluice_http_css_end - (uintptr_t)sluice_http_css;
	assets[1].length = (uintptr_t)sluice_http_js_end - (uintptr_t)sluice_http_js;
	for (number = 0; number < sizeof(assets) / sizeof(assets[0]); number++)
		if (!strcmp(path, assets[number].path))
			return &assets[number];
	return NULL;
}
