// SPDX-License-Identifier: GPL-2.0-only
/* See model.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

void fail(const char *format, ...)
{
	va_list args;
	int err = errno;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (errno %d: %s)\n", err, strerror(err));
	fflush(stdout);
	_exit(1);
}

double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int new_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	check(fd >= 0);
	return fd;
}

void signal_eventfd(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		fail("eventfd");
}

int reply(int fd, uint32_t id, int32_t result, const void *data, uint32_t length)
{
	struct vlb_reply r = { .id = id, .result = result, .length = length };

	if (length)
		memcpy(r.data, data, length);
	return write(fd, &r, VLB_REPLY_HEADER + length) < 0 ? -errno : 0;
}

/* ---- Rings ---- */

static void find_rings(struct model *m)
{
	uint32_t i;

	for (i = 0; i < m->attach.queue_count; i++) {
		struct model_queue *q = &m->queue[i];
		struct vlb_queue info = { .index = i };

		check(!ioctl(m->fd, VLB_GET_QUEUE, &info));
		q->size = info.size;
		q->next = 0;
		if (!info.size)
			continue;
		check(info.desc && info.desc % 16 == 0 && info.used + 8 * info.size < m->memory_size);
		q->desc = (void *)(m->memory + info.desc);
		q->avail = (void *)(m->memory + info.avail);
		q->used = (void *)(m->memory + info.used);
	}
}

static void add_pieces(struct model *m, volatile struct vring_desc *table, uint32_t size, uint16_t i,
		       struct piece *p, unsigned int *n)
{
	uint32_t left = size;

	for (;;) {
		uint64_t at = table[i].addr;
		uint32_t len = table[i].len;
		uint16_t flags = table[i].flags;

		check(left-- && at && at <= m->memory_size && len <= m->memory_size - at);
		if (flags & VRING_DESC_F_INDIRECT) {
			check(m->features & INDIRECT);
			add_pieces(m, (void *)(m->memory + at), len / sizeof(*table), 0, p, n);
			return;
		}
		check(*n < MAX_PIECES);
		p[*n].data = m->memory + at;
		p[*n].len = len;
		p[(*n)++].write = flags & VRING_DESC_F_WRITE;
		if (!(flags & VRING_DESC_F_NEXT))
			return;
		i = table[i].next;
		check(i < size);
	}
}

unsigned int model_next(struct model *m, int index, uint16_t *head, struct piece *p)
{
	struct model_queue *q = &m->queue[index];
	unsigned int n = 0;

	if (!q->size)
		return 0;
	if (m->features & EVENT_IDX) {
		*(volatile uint16_t *)&q->used->ring[q->size] = q->next;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	if (q->next == q->avail->idx)
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*head = q->avail->ring[q->next++ % q->size];
	check(*head < q->size);
	add_pieces(m, q->desc, q->size, *head, p, &n);
	return n;
}

void model_used(struct model *m, int index, uint16_t head, uint32_t len)
{
	struct model_queue *q = &m->queue[index];
	uint16_t i = q->used->idx;

	q->used->ring[i % q->size].id = head;
	q->used->ring[i % q->size].len = len;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	q->used->idx = i + 1;
}

void model_call(struct model *m, int index)
{
	struct model_queue *q = &m->queue[index];

	/* EVENT_IDX may only merge calls: calling always is right too, but proves nothing. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (m->features & EVENT_IDX) {
		uint16_t event = q->avail->ring[q->size];
		uint16_t new = q->used->idx;

		if ((uint16_t)(new - event - 1) >= q->size)
			return;
	}
	signal_eventfd(q->call);
}

bool model_put(struct model *m, int index, const void *data, uint32_t len)
{
	struct piece p[MAX_PIECES];
	uint16_t head;

	if (!model_next(m, index, &head, p))
		return false;
	check(p[0].write && p[0].len >= len);
	memcpy(p[0].data, data, len);
	model_used(m, index, head, len);
	model_call(m, index);
	return true;
}

static void serve_queue(struct model *m, int index)
{
	struct piece p[MAX_PIECES];
	unsigned int n;
	uint16_t head;
	uint64_t count;

	if (read(m->queue[index].kick, &count, sizeof(count)) < 0)
		check(errno == EAGAIN);
	if (!m->running || m->hold || m->ahead & 1 << index)
		return;
	while ((n = model_next(m, index, &head, p))) {
		uint32_t len = m->serve(m, index, p, n);

		if (len == HOLD)
			continue;
		model_used(m, index, head, m->forged_len ? m->forged_len : len);
		model_call(m, index);
		m->served++;
	}
}

/* ---- The owner ---- */

static void set_config(struct model *m, bool notify)
{
	struct vlb_config c = {
		.length = m->attach.config_size,
		.flags = notify ? VLB_CONFIG_NOTIFY : 0,
	};

	memcpy(c.data, m->config, c.length);
	check(!ioctl(m->fd, VLB_SET_CONFIG, &c));
}

/* Whether to go on. */
static bool serve_message(struct model *m)
{
	struct vlb_message msg;
	ssize_t n = read(m->fd, &msg, sizeof(msg));

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n < 0 && errno == EPIPE)
		return false;
	check(n == sizeof(msg));
	if (m->stop_at && msg.type == VLB_STATUS && msg.status & m->stop_at) {
		m->mute = true;
		if (m->told >= 0)
			check(write(m->told, "s", 1) == 1);
	}
	if (m->mute)
		return true;
	switch (msg.type) {
	case VLB_STATUS:
		m->features = msg.features;
		if (m->refuse && msg.status & m->refuse) {
			reply(m->fd, msg.id, 1, NULL, 0);
			return true;
		}
		if (!msg.status) {
			m->running = false;
			m->resets++;
		} else if (msg.status & STATUS_FAILED) {
			m->failures++;
		} else if (msg.status & STATUS_DRIVER_OK) {
			find_rings(m);
			m->running = true;
			m->starts++;
		}
		reply(m->fd, msg.id, 0, NULL, 0);
		break;
	case VLB_CONFIG_READ:
		m->config_reads++;
		check(msg.offset + msg.length <= m->attach.config_size);
		reply(m->fd, msg.id, 0, m->config + msg.offset, msg.length);
		break;
	case VLB_CONFIG_WRITE:
		check(msg.offset + msg.length <= m->attach.config_size);
		if (m->config_written) {
			m->config_written(m, msg.offset, msg.length, msg.data);
			set_config(m, false);
		}
		reply(m->fd, msg.id, 0, NULL, 0);
		break;
	default:
		fail("a message of type %u", msg.type);
	}
	if (msg.type == VLB_STATUS && m->told >= 0)
		check(write(m->told, "t", 1) == 1);
	return true;
}

void model_attach(struct model *m)
{
	uint32_t i;
	struct vlb_state state;

	m->fd = open(m->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	check(m->fd >= 0);
	if (ioctl(m->fd, VLB_ATTACH, &m->attach))
		fail("VLB_ATTACH");
	check(!ioctl(m->fd, VLB_GET_STATE, &state));
	m->memory_size = state.memory_size;
	m->memory_fd = ioctl(m->fd, VLB_GET_MEMORY);
	check(m->memory_fd >= 0);
	m->memory = mmap(NULL, m->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->memory_fd, 0);
	check(m->memory != MAP_FAILED);
	for (i = 0; i < m->attach.queue_count; i++) {
		struct vlb_queue_fds fds = { .index = i };

		m->queue[i].kick = fds.kick = new_eventfd();
		m->queue[i].call = fds.call = new_eventfd();
		/* A device that broke meanwhile is for the test to notice. */
		check(!ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) || errno == EPIPE);
	}
}

void model_loop(struct model *m)
{
	uint32_t n = m->attach.queue_count, i;

	for (;;) {
		struct pollfd p[2 + VLB_MAX_QUEUES] = {
			{ .fd = m->fd, .events = POLLIN },
			{ .fd = m->quit, .events = POLLIN },
		};

		for (i = 0; i < n; i++) {
			p[2 + i].fd = m->hold ? -1 : m->queue[i].kick;
			p[2 + i].events = POLLIN;
		}
		check(poll(p, 2 + n, 100) >= 0 || errno == EINTR);
		if (p[1].revents)
			return;
		if (p[0].revents && !serve_message(m))
			return;
		for (i = 0; i < n; i++)
			serve_queue(m, i);
	}
}

static void *loop(void *arg)
{
	model_loop(arg);
	return NULL;
}

void model_serve(struct model *m)
{
	m->quit = new_eventfd();
	check(!pthread_create(&m->thread, NULL, loop, m));
	m->threaded = true;
}

void model_start(struct model *m)
{
	model_attach(m);
	model_serve(m);
}

void model_stop(struct model *m)
{
	if (!m->threaded)
		return;
	signal_eventfd(m->quit);
	pthread_join(m->thread, NULL);
	close(m->quit);
	m->threaded = false;
}

void model_end(struct model *m)
{
	uint32_t i;

	model_stop(m);
	if (m->memory)
		munmap(m->memory, m->memory_size);
	if (m->memory_fd >= 0)
		close(m->memory_fd);
	if (m->fd >= 0)
		close(m->fd);
	for (i = 0; i < m->attach.queue_count; i++) {
		if (m->queue[i].kick)
			close(m->queue[i].kick);
		if (m->queue[i].call)
			close(m->queue[i].call);
	}
	free(m->disk);
	free(m);
}

/* ---- Kinds ---- */

static struct model *new_model(uint32_t id, int queues, int size, uint64_t features)
{
	struct model *m = calloc(1, sizeof(*m));
	int i;

	check(m);
	m->node = "/dev/loopback-0";
	m->fd = -1;
	m->memory_fd = -1;
	m->told = -1;
	m->attach.version = VLB_VERSION;
	m->attach.device_id = id;
	m->attach.features = VERSION_1 | features;
	m->attach.queue_count = queues;
	for (i = 0; i < queues; i++)
		m->attach.queue[i].size = size;
	return m;
}

static uint32_t serve_rng(struct model *m, int q, struct piece *p, unsigned int n)
{
	uint32_t len = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		check(p[i].write);
		memset(p[i].data, 0xa5, p[i].len);
		len += p[i].len;
	}
	return len;
}

struct model *model_rng(void)
{
	struct model *m = new_model(4, 1, 8, 0);

	m->serve = serve_rng;
	return m;
}

static uint32_t serve_block(struct model *m, int q, struct piece *p, unsigned int n)
{
	uint32_t type, written = 1;
	uint64_t at;
	unsigned int i;
	uint8_t status = 0;

	check(n >= 2 && p[0].len == 16 && !p[0].write && p[n - 1].len == 1 && p[n - 1].write);
	memcpy(&type, p[0].data, 4);
	memcpy(&at, p[0].data + 8, 8);
	at *= 512;
	for (i = 1; i < n - 1; i++) {
		if (type > 1) {
			memset(p[i].data, 'x', p[i].len);
			continue;
		}
		check(p[i].write == (type == 0));
		if (at + p[i].len > m->disk_size) {
			status = 1;
			break;
		}
		if (type == 0)
			memcpy(p[i].data, m->disk + at, p[i].len);
		else
			memcpy(m->disk + at, p[i].data, p[i].len);
		if (type == 0)
			written += p[i].len;
		at += p[i].len;
	}
	*p[n - 1].data = status;
	return written;
}

struct model *model_block(uint64_t bytes, int queues, uint64_t features)
{
	/* SEG_MAX, and MQ */
	struct model *m = new_model(2, queues, 64, features | FEATURE(2) | FEATURE(12));
	uint64_t sectors = bytes / 512;
	uint32_t segments = 32;
	uint16_t count = queues;

	m->serve = serve_block;
	m->disk = calloc(1, bytes);
	m->disk_size = bytes;
	check(m->disk);
	m->attach.config_size = 60;
	memcpy(m->attach.config, &sectors, 8);
	memcpy(m->attach.config + 12, &segments, 4);
	memcpy(m->attach.config + 34, &count, 2);
	memcpy(m->config, m->attach.config, 60);
	return m;
}

static uint32_t serve_console(struct model *m, int q, struct piece *p, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		check(!p[i].write);
		if (m->text_length + p[i].len <= sizeof(m->text)) {
			memcpy(m->text + m->text_length, p[i].data, p[i].len);
			m->text_length += p[i].len;
		}
	}
	return 0;
}

struct model *model_console(void)
{
	struct model *m = new_model(3, 2, 64, 0);

	m->serve = serve_console;
	m->ahead = 1;
	m->attach.config_size = 12;
	m->attach.queue[1].flags = VLB_QUEUE_POSTED;
	m->attach.queue[1].size = 1024;
	return m;
}

/* struct virtio_console_control */
struct control {
	uint32_t id;
	uint16_t event, value;
};

static uint32_t serve_ports(struct model *m, int q, struct piece *p, unsigned int n)
{
	struct control c;

	if (q != 3)
		return serve_console(m, q, p, n);
	check(p[0].len >= sizeof(c));
	memcpy(&c, p[0].data, sizeof(c));
	if (c.event == 0) {		/* DEVICE_READY: PORT_ADD */
		c = (struct control){ 1, 1, 0 };
		check(model_put(m, 2, &c, sizeof(c)));
	} else if (c.event == 3) {	/* PORT_READY: PORT_OPEN */
		c = (struct control){ 1, 6, 1 };
		check(model_put(m, 2, &c, sizeof(c)));
	}
	return 0;
}

struct model *model_ports(void)
{
	struct model *m = new_model(3, 6, 64, INDIRECT | FEATURE(1));

	m->serve = serve_ports;
	m->ahead = 1 << 0 | 1 << 2 | 1 << 4;
	m->attach.config_size = 12;
	m->attach.config[4] = 2;	/* max_nr_ports */
	m->attach.queue[1].flags = VLB_QUEUE_POSTED;
	m->attach.queue[3].flags = VLB_QUEUE_POSTED;
	return m;
}

static uint32_t serve_input(struct model *m, int q, struct piece *p, unsigned int n)
{
	return 0;
}

/* struct virtio_input_config: select, subsel, size, and what was selected from byte 8 on. */
static void select_input(struct model *m, uint32_t offset, uint32_t length, const uint8_t *data)
{
	static const char name[] = "loopback keys";

	if (offset + length > 2)
		return;
	memcpy(m->config + offset, data, length);
	memset(m->config + 2, 0, m->attach.config_size - 2);
	if (m->config[0] == 1) {
		m->config[2] = strlen(name);
		memcpy(m->config + 8, name, strlen(name));
	} else if (m->config[0] == 0x11 && m->config[1] == 1) {	/* EV_BITS of EV_KEY */
		m->config[2] = 8;
		memset(m->config + 8, 0xff, 8);
	}
}

struct model *model_input(void)
{
	struct model *m = new_model(18, 2, 64, 0);

	m->serve = serve_input;
	m->ahead = 1;
	m->config_written = select_input;
	m->attach.config_size = 136;
	return m;
}

static uint32_t serve_i2c(struct model *m, int q, struct piece *p, unsigned int n)
{
	*p[n - 1].data = 0;
	return 1;
}

struct model *model_i2c(void)
{
	struct model *m = new_model(34, 1, 64, FEATURE(0));

	m->serve = serve_i2c;
	return m;
}
