/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An owner of /dev/loopback-N and the device that it serves, in one thread:
 * small models of real devices, honest unless a test tells them otherwise.
 */
#ifndef _MODEL_H
#define _MODEL_H

#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../virtio_loopback.h"

#define FEATURE(bit)	(1ULL << (bit))
#define VERSION_1	FEATURE(32)
#define INDIRECT	FEATURE(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT_IDX	FEATURE(VIRTIO_RING_F_EVENT_IDX)

#define STATUS_DRIVER_OK	4
#define STATUS_FEATURES_OK	8
#define STATUS_FAILED		128

#define MAX_PIECES	256
#define HOLD		(~0u)	/* a handler's answer: the buffer stays with the device */

struct piece {
	uint8_t *data;
	uint32_t len;
	bool write;
};

struct model_queue {
	uint32_t size;
	volatile struct vring_desc *desc;
	volatile struct vring_avail *avail;
	volatile struct vring_used *used;
	uint16_t next;		/* of the avail ring */
	int kick;
	int call;
};

struct model {
	/* What a kind of device sets. */
	struct vlb_attach attach;
	/* Serves a buffer, returns the bytes written, or HOLD. */
	uint32_t (*serve)(struct model *m, int q, struct piece *p, unsigned int n);
	uint32_t ahead;		/* a bit for each queue whose buffers wait for model_put() */
	/* The driver wrote configuration space. */
	void (*config_written)(struct model *m, uint32_t offset, uint32_t length,
			       const uint8_t *data);

	/* What a test may set. */
	const char *node;
	volatile bool hold;		/* serve nothing */
	volatile bool mute;		/* answer no message */
	volatile int refuse;		/* this status */
	volatile int stop_at;		/* at this message: tell the test, answer no more */
	volatile uint32_t forged_len;	/* instead of what was written */

	/* What it is. */
	int fd;
	int memory_fd;
	uint8_t *memory;
	uint64_t memory_size;
	int quit;
	bool threaded;
	pthread_t thread;
	struct model_queue queue[VLB_MAX_QUEUES];
	uint8_t config[VLB_MAX_CONFIG];	/* as the device has it */
	uint64_t features;
	int told;			/* a pipe: a byte for each status told */

	volatile bool running;
	volatile int starts;
	volatile int resets;
	volatile int failures;
	volatile int config_reads;
	volatile uint64_t served;

	/* Of the kinds. */
	uint8_t *disk;
	uint64_t disk_size;
	char text[65536];		/* that the console got */
	volatile size_t text_length;
};

/* Kinds of device. */
struct model *model_rng(void);
struct model *model_block(uint64_t bytes, int queues, uint64_t features);
struct model *model_console(void);
/* A console with a port number 1 beside it, by queues 4 and 5. */
struct model *model_ports(void);
struct model *model_input(void);
struct model *model_i2c(void);

/* Opens and attaches, without serving. Ends the test if it does not work. */
void model_attach(struct model *m);
/* Serves in this thread until told to quit, or the device is broken. */
void model_loop(struct model *m);
/* Attaches and serves in a thread of its own. */
void model_start(struct model *m);
/* The same without attaching. */
void model_serve(struct model *m);
/* Ends the thread; the device stays attached. */
void model_stop(struct model *m);
/* Stops, closes and frees. */
void model_end(struct model *m);

/* Takes the next chain off the ring; the number of pieces, 0 if there is none. */
unsigned int model_next(struct model *m, int q, uint16_t *head, struct piece *p);
void model_used(struct model *m, int q, uint16_t head, uint32_t len);
void model_call(struct model *m, int q);

/* Puts bytes into a buffer of the queue that waits for some; false: there is none. */
bool model_put(struct model *m, int q, const void *data, uint32_t len);

int reply(int fd, uint32_t id, int32_t result, const void *data, uint32_t length);
int new_eventfd(void);
void signal_eventfd(int fd);

/* Ends the test. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define check(condition) \
	do { \
		if (!(condition)) \
			fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* Since some moment. */
double seconds(void);

/* Waits up to a minute: debug kernels are slow, and so are busy machines. */
#define check_soon(condition) \
	do { \
		double _end = seconds() + 60; \
		while (!(condition)) { \
			if (seconds() > _end) \
				fail("%s:%d: never: %s", __FILE__, __LINE__, #condition); \
			usleep(1000); \
		} \
	} while (0)

#endif /* _MODEL_H */
