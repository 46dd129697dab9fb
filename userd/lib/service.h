/* SPDX-License-Identifier: MIT */
/*
 * What a service tells its manager (sd_notify(3)), without ever waiting for it: libsystemd's own
 * call waits as long as the manager does not read, and with it whoever calls. What finds no room is
 * kept and sent in its order with the next one, or by sluice_service_flush().
 */
#ifndef SLUICE_SERVICE_H
#define SLUICE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Says something: lines as in sd_notify(3). A status that is kept gives way to a newer one; a sign
 * of life is not kept. 1: it is sent; 0: nobody is to be told; -EAGAIN: it is kept; another
 * negative errno: it cannot be sent. @threadsafe
 */
int sluice_service_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sends what is kept, as far as there is room. @threadsafe */
void sluice_service_flush(void);
/* Hands over descriptor `fd` with what `text` says, within `limit_us`. As sluice_service_say();
 * -ETIMEDOUT: there was no room. @context process, which waits */
int sluice_service_store(const char *text, int fd, uint64_t limit_us);
/* Waits until the manager has read all that was said, `limit_us` at most. 1: it has; 0: nobody is
 * to be told; -ETIMEDOUT: it has not; other negative errno. @context process, which waits */
int sluice_service_wait(uint64_t limit_us);

#endif /* SLUICE_SERVICE_H */
