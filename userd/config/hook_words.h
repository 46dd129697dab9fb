/* SPDX-License-Identifier: MIT */
/*
 * The command of a hook (`control.hooks`) as words: there is no shell. Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_HOOK_WORDS_H
#define SLUICE_CONFIG_HOOK_WORDS_H

/*
 * Splits `text` at blanks; what is between ' and ', or " and ", stays together, and nothing in it
 * means anything else. The words, the last one NULL, in one piece of memory. NULL: *why is a
 * constant half-sentence, or NULL: no memory. @owner caller: free() @threadsafe
 */
char **sluice_hook_words(const char *text, const char **why);

#endif /* SLUICE_CONFIG_HOOK_WORDS_H */
