// SPDX-License-Identifier: MIT
/*
 * What tests/bench/nats compares with: a loop that publishes datagrams of one size into a stream
 * and waits for each acknowledgement (js_Publish). Prints how many a second that are.
 *
 *   nats_plain URL SUBJECT BYTES COUNT
 */
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Seconds, of CLOCK_MONOTONIC. @threadsafe */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* See above. 0, or 1 after a message. */
int main(int count, char **arguments)
{
	natsConnection *connection = NULL;
	jsCtx *stream = NULL;
	long number, messages;
	double began;
	char *bytes;
	int size;

	if (count != 5)
		return 1;
	size = atoi(arguments[3]);
	messages = atol(arguments[4]);
	bytes = calloc(1, size > 0 ? (size_t)size : 1);
	if (!bytes || natsConnection_ConnectTo(&connection, arguments[1]) != NATS_OK ||
	    natsConnection_JetStream(&stream, connection, NULL) != NATS_OK)
		return 1;
	began = seconds();
	for (number = 0; number < messages; number++)
		if (js_Publish(NULL, stream, arguments[2], bytes, size, NULL, NULL) != NATS_OK)
			return 1;
	printf("%.0f\n", (double)messages / (seconds() - began));
	jsCtx_Destroy(stream);
	natsConnection_Destroy(connection);
	free(bytes);
	return 0;
}
