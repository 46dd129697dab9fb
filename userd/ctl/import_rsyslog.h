/* SPDX-License-Identifier: MIT */
/*
 * What the two readers of rsyslog's configuration share, that of RainerScript and that of lines of
 * the old kind. Touches: memory.
 */
#ifndef SLUICE_CTL_IMPORT_RSYSLOG_H
#define SLUICE_CTL_IMPORT_RSYSLOG_H

#include "import.h"
#include "import_lexer.h"

#define SLUICE_RSYSLOG_RULESETS 128U
#define SLUICE_RSYSLOG_TEMPLATES 64U

/* What becomes of the datagrams that are bound to it. Number 0 is rsyslog's default ruleset. */
struct sluice_ruleset {
	char name[SLUICE_IMPORT_WORD];
	int outputs[SLUICE_IMPORT_FAN];
	size_t output_count;
	bool has_ended; /* nothing gets beyond a stop */
};

struct sluice_rsyslog {
	struct sluice_import *import;
	struct sluice_import_lexer lexer;
	struct sluice_ruleset rulesets[SLUICE_RSYSLOG_RULESETS];
	size_t ruleset_count, current;
	struct {
		struct sluice_import_input wish;
		char ruleset[SLUICE_IMPORT_WORD];
	} inputs[SLUICE_IMPORT_PIECES];
	size_t input_count;
	char raw_templates[SLUICE_RSYSLOG_TEMPLATES][SLUICE_IMPORT_WORD]; /* that send what came */
	size_t raw_template_count;
	char address[SLUICE_IMPORT_WORD]; /* $UDPServerAddress */
	char bind[SLUICE_IMPORT_WORD];	  /* $InputUDPServerBindRuleset */
	char forward[SLUICE_IMPORT_WORD]; /* $ActionForwardDefaultTemplate */
	bool has_tls;			  /* $ActionSendStreamDriverMode, $DefaultNetstreamDriver */
	bool is_restricted;		  /* $AllowedSender UDP */
	bool takes_all;			  /* the selector of this line lets everything through */
};

/* Bytes of a text for a remark: not too many. */
static inline int sluice_import_rsyslog_shown(size_t length)
{
	return (int)(length < 80 ? length : 80);
}

/* The number of the ruleset of that name, made if there is room; else SLUICE_RSYSLOG_RULESETS. */
size_t sluice_import_rsyslog_ruleset(struct sluice_rsyslog *reader, const char *name);

/* Has the current ruleset send to an output; `template` makes its messages. */
void sluice_import_rsyslog_send(struct sluice_rsyslog *reader,
				const struct sluice_import_output *output, const char *template);

/* Notes a template if it gives what came as it came. */
void sluice_import_rsyslog_template(struct sluice_rsyslog *reader, const char *name,
				    const struct sluice_import_token *text);

/* Notes an input that is bound to a ruleset. */
void sluice_import_rsyslog_input(struct sluice_rsyslog *reader,
				 const struct sluice_import_input *input, const char *ruleset);

/* Is the key in a list that is parted by blanks? A word that ends in "." stands for all that begin
 * so. */
bool sluice_import_rsyslog_listed(const struct sluice_import_token *key, const char *list);

/* Reads "selector action"; `selected`: the selector is that of the line before ("&"). */
void sluice_import_rsyslog_legacy(struct sluice_rsyslog *reader, bool selected);

/* Reads "$Name value". */
void sluice_import_rsyslog_directive(struct sluice_rsyslog *reader);

#endif /* SLUICE_CTL_IMPORT_RSYSLOG_H */
