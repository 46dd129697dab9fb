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
	int size, status = 1;
	char *bytes;

	if (count != 5)
		return 1;
	size = (int)strtol(arguments[3], NULL, 10);
	messages = strtol(arguments[4], NULL, 10);
	bytes = calloc(1, size > 0 ? (size_t)size : 1);
	if (!bytes || natsConnection_ConnectTo(&connection, arguments[1]) != NATS_OK ||
	    natsConnection_JetStream(&stream, connection, NULL) != NATS_OK)
		goto free;
	began = seconds();
	for (number = 0; number < messages; number++)
		if (js_Publish(NULL, stream, arguments[2], bytes, size, NULL, NULL) != NATS_OK)
			goto free;
	printf("%.0f\n", (double)messages / (seconds() - began));
	status = 0;

free:
	jsCtx_Destroy(stream);
	natsConnection_Destroy(connection);
	free(bytes);
	return status;
}
