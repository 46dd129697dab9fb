/* SPDX-License-Identifier: MIT */
/*
 * The telnet protocol as a server of lines speaks it: RFC 854 and 855, options by the method of RFC
 * 1143. Of all options it has one, ECHO of its own side, which it says to have while a password is
 * typed, so that the client does not show it. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TELNET_H
#define SLUICE_CTL_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of an answer to the client's negotiation. */
#define SLUICE_TELNET_REPLY 3U

/* One connection. Zeroed: a new one. */
struct sluice_telnet {
	enum {
		SLUICE_TELNET_IN_DATA,
		SLUICE_TELNET_IN_COMMAND,   /* behind IAC */
		SLUICE_TELNET_IN_OPTION,    /* behind IAC WILL, WONT, DO or DONT */
		SLUICE_TELNET_IN_PARAMETER, /* behind IAC SB, up to IAC SE */
		SLUICE_TELNET_IN_PARAMETER_IAC,
	} place;
	uint8_t verb; /* IN_OPTION: which */
	enum {
		SLUICE_TELNET_OPTION_NO,
		SLUICE_TELNET_OPTION_YES,
		SLUICE_TELNET_OPTION_WANT_NO,
		SLUICE_TELNET_OPTION_WANT_YES,
	} echo;
	bool is_opposite; /* WANT_...: meanwhile the opposite is wished */
};

enum sluice_telnet_event {
	SLUICE_TELNET_NOTHING,
	SLUICE_TELNET_DATA,	  /* *data is a byte of the text */
	SLUICE_TELNET_REPLY_DUE,  /* `reply` is to be sent */
	SLUICE_TELNET_INTERRUPT,  /* Ctrl-C */
	SLUICE_TELNET_ERASE_LINE, /* what was typed of the line is to be forgotten */
	SLUICE_TELNET_ARE_YOU_THERE,
};

/* Takes a byte from the client. @threadsafe for different connections */
enum sluice_telnet_event sluice_telnet_take(struct sluice_telnet *telnet, uint8_t byte, char *data,
					    uint8_t reply[SLUICE_TELNET_REPLY]);

/* Wishes that the client shows (false) or hides (true) what is typed. Is `reply` to be sent?
 * @threadsafe likewise */
bool sluice_telnet_hide(struct sluice_telnet *telnet, bool hide,
			uint8_t reply[SLUICE_TELNET_REPLY]);

/*
 * Makes of text what goes to the client: LF becomes CR LF, a CR that stands alone CR NUL, 0xff is
 * doubled. Writes at most `room` bytes, never half of a pair; *taken is how many of `length` bytes
 * were used. Returns how many were written. @threadsafe
 */
size_t sluice_telnet_encode(const char *text, size_t length, size_t *taken, char *to, size_t room);

#endif /* SLUICE_CTL_TELNET_H */
