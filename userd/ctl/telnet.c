// SPDX-License-Identifier: MIT
/*
 * The telnet protocol; see telnet.h. Touches: nothing but memory.
 */
#include <arpa/telnet.h>
#include "telnet.h"

#define ERASE_CHARACTER 0x7f /* DEL, as the terminal sends it */

/* Writes a reply about ECHO, or another option. */
static enum sluice_telnet_event reply_with(uint8_t reply[SLUICE_TELNET_REPLY], uint8_t verb,
					   uint8_t option)
{
	reply[0] = IAC;
	reply[1] = verb;
	reply[2] = option;
	return SLUICE_TELNET_REPLY_DUE;
}

/* The client says DO ECHO (is_do) or DONT ECHO: RFC 1143, section 7. */
static enum sluice_telnet_event take_echo(struct sluice_telnet *telnet, bool is_do,
					  uint8_t reply[SLUICE_TELNET_REPLY])
{
	bool was_opposite = telnet->is_opposite;

	telnet->is_opposite = false;
	switch (telnet->echo) {
	case SLUICE_TELNET_OPTION_NO:
		return is_do ? reply_with(reply, WONT, TELOPT_ECHO) : SLUICE_TELNET_NOTHING;
	case SLUICE_TELNET_OPTION_YES:
		if (is_do)
			return SLUICE_TELNET_NOTHING;
		telnet->echo = SLUICE_TELNET_OPTION_NO;
		return reply_with(reply, WONT, TELOPT_ECHO);
	case SLUICE_TELNET_OPTION_WANT_NO:
		if (was_opposite && !is_do) {
			telnet->echo = SLUICE_TELNET_OPTION_WANT_YES;
			return reply_with(reply, WILL, TELOPT_ECHO);
		}
		/* DO is no answer to WONT. */
		telnet->echo = was_opposite ? SLUICE_TELNET_OPTION_YES : SLUICE_TELNET_OPTION_NO;
		return SLUICE_TELNET_NOTHING;
	case SLUICE_TELNET_OPTION_WANT_YES:
		if (was_opposite && is_do) {
			telnet->echo = SLUICE_TELNET_OPTION_WANT_NO;
			return reply_with(reply, WONT, TELOPT_ECHO);
		}
		telnet->echo = is_do ? SLUICE_TELNET_OPTION_YES : SLUICE_TELNET_OPTION_NO;
		return SLUICE_TELNET_NOTHING;
	}
	return SLUICE_TELNET_NOTHING;
}

bool sluice_telnet_hide(struct sluice_telnet *telnet, bool hide, uint8_t reply[SLUICE_TELNET_REPLY])
{
	if (!telnet || !reply)
		return false;
	switch (telnet->echo) {
	case SLUICE_TELNET_OPTION_NO:
		if (!hide)
			return false;
		telnet->echo = SLUICE_TELNET_OPTION_WANT_YES;
		reply_with(reply, WILL, TELOPT_ECHO);
		return true;
	case SLUICE_TELNET_OPTION_YES:
		if (hide)
			return false;
		telnet->echo = SLUICE_TELNET_OPTION_WANT_NO;
		reply_with(reply, WONT, TELOPT_ECHO);
		return true;
	case SLUICE_TELNET_OPTION_WANT_NO:
		telnet->is_opposite = hide;
		return false;
	case SLUICE_TELNET_OPTION_WANT_YES:
		telnet->is_opposite = !hide;
		return false;
	}
	return false;
}

/* Takes the byte behind IAC. */
static enum sluice_telnet_event take_command(struct sluice_telnet *telnet, uint8_t byte, char *data)
{
	telnet->place = SLUICE_TELNET_IN_DATA;
	switch (byte) {
	case IAC:
		*data = (char)byte;
		return SLUICE_TELNET_DATA;
	case WILL:
	case WONT:
	case DO:
	case DONT:
		telnet->place = SLUICE_TELNET_IN_OPTION;
		telnet->verb = byte;
		return SLUICE_TELNET_NOTHING;
	case SB:
		telnet->place = SLUICE_TELNET_IN_PARAMETER;
		return SLUICE_TELNET_NOTHING;
	case IP:
	case BREAK:
	case ABORT:
		return SLUICE_TELNET_INTERRUPT;
	case EC:
		*data = ERASE_CHARACTER;
		return SLUICE_TELNET_DATA;
	case EL:
		return SLUICE_TELNET_ERASE_LINE;
	case AYT:
		return SLUICE_TELNET_ARE_YOU_THERE;
	default:
		/* NOP, DM, AO, GA, and what there may be beside. */
		return SLUICE_TELNET_NOTHING;
	}
}

/* Takes the option behind its verb: none is had but ECHO, and no client's. */
static enum sluice_telnet_event take_option(struct sluice_telnet *telnet, uint8_t option,
					    uint8_t reply[SLUICE_TELNET_REPLY])
{
	telnet->place = SLUICE_TELNET_IN_DATA;
	switch (telnet->verb) {
	case DO:
	case DONT:
		if (option == TELOPT_ECHO)
			return take_echo(telnet, telnet->verb == DO, reply);
		return telnet->verb == DO ? reply_with(reply, WONT, option) : SLUICE_TELNET_NOTHING;
	case WILL:
		return reply_with(reply, DONT, option);
	default:
		/* WONT: so it is. An answer would be answered. */
		return SLUICE_TELNET_NOTHING;
	}
}

enum sluice_telnet_event sluice_telnet_take(struct sluice_telnet *telnet, uint8_t byte, char *data,
					    uint8_t reply[SLUICE_TELNET_REPLY])
{
	if (!telnet || !data || !reply)
		return SLUICE_TELNET_NOTHING;
	switch (telnet->place) {
	case SLUICE_TELNET_IN_DATA:
		if (byte != IAC) {
			*data = (char)byte;
			return SLUICE_TELNET_DATA;
		}
		telnet->place = SLUICE_TELNET_IN_COMMAND;
		return SLUICE_TELNET_NOTHING;
	case SLUICE_TELNET_IN_COMMAND:
		return take_command(telnet, byte, data);
	case SLUICE_TELNET_IN_OPTION:
		return take_option(telnet, byte, reply);
	case SLUICE_TELNET_IN_PARAMETER:
		if (byte == IAC)
			telnet->place = SLUICE_TELNET_IN_PARAMETER_IAC;
		return SLUICE_TELNET_NOTHING;
	case SLUICE_TELNET_IN_PARAMETER_IAC:
		if (byte == IAC) {
			telnet->place = SLUICE_TELNET_IN_PARAMETER;
			return SLUICE_TELNET_NOTHING;
		}
		if (byte == SE) {
			telnet->place = SLUICE_TELNET_IN_DATA;
			return SLUICE_TELNET_NOTHING;
		}
		/* The end of the parameter is missing: this is the next command. */
		return take_command(telnet, byte, data);
	}
	return SLUICE_TELNET_NOTHING;
}

size_t sluice_telnet_encode(const char *text, size_t length, size_t *taken, char *to, size_t room)
{
	size_t written = 0, number;

	if (!text || !taken || !to)
		return 0;
	for (number = 0; number < length; number++) {
		uint8_t byte = (uint8_t)text[number];
		bool is_pair = byte == '\n' || byte == '\r' || byte == IAC;

		if (written + (is_pair ? 2 : 1) > room)
			break;
		if (byte == '\n')
			to[written++] = '\r';
		to[written++] = (char)byte;
		if (byte == '\r')
			to[written++] = '\0';
		else if (byte == IAC)
			to[written++] = (char)byte;
	}
	*taken = number;
	return written;
}
