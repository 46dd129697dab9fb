// SPDX-License-Identifier: MIT
/*
 * What lies between a TCP connection and its protocol where the output has TLS: the handshake, in
 * which the receiver shows who it is. Above secure.c and end.c, in the connection's worker.
 * Touches: the connection, the log.
 */
#include <time.h>
#include "../../lib/log.h"
#include "connection.h"

#define DAY_S INT64_C(86400)

/* Tells the log of a receiver's certificate that ends soon, once a day. */
static void look_at_end(struct sluice_connection *connection)
{
	int64_t ends = sluice_secure_peer_ends(connection), now = (int64_t)time(NULL);
	char name[SLUICE_CONNECTION_NAME];

	if (!ends || ends - now > SLUICE_TLS_SOON_DAYS * DAY_S ||
	    (connection->told.expiry_at && now - connection->told.expiry_at < DAY_S))
		return;
	connection->told.expiry_at = now;
	sluice_warning_about(SLUICE_ABOUT_CONNECTION(connection),
			     "%s: its certificate ends in %lld days: have it renewed",
			     sluice_connection_name(connection, name),
			     (long long)((ends - now) / DAY_S));
}

void sluice_handshake_begin(struct sluice_connection *connection, uint64_t now)
{
	if (sluice_secure_open(connection))
		sluice_connection_lose(connection,
				       "its TLS files cannot be used, as the log said, or there is "
				       "no memory for them",
				       0, now);
	else
		(void)sluice_handshake_advance(connection, now);
}

bool sluice_handshake_advance(struct sluice_connection *connection, uint64_t now)
{
	char name[SLUICE_CONNECTION_NAME], text[SLUICE_SECURE_TEXT];
	int error;
	const char *what = sluice_secure_rise(connection, &error);

	if (what) {
		sluice_connection_lose(connection, what, error, now);
		return false;
	}
	if (sluice_secure_is_rising(connection))
		return false;
	connection->signs.heard = now;
	sluice_debug_about(SLUICE_ABOUT_CONNECTION(connection), "%s: %s",
			   sluice_connection_name(connection, name),
			   sluice_secure_describe(connection, text));
	look_at_end(connection);
	connection->protocol->begin(connection, now);
	return connection->fd >= 0;
}
