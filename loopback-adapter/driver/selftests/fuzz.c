// SPDX-License-Identifier: GPL-2.0-only
/*
 * Garbage for the module: owners that make random calls with random arguments,
 * scribble in the memory and die, while other processes use the drivers and
 * bind and unbind them. The kernel's log says what it thought of it.
 *
 *   fuzz SECONDS [SEED]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

#define NODES	2
#define WORKERS	6

static uint64_t state;

/* Of all processes. */
static struct counts {
	uint64_t attached;
	uint64_t started;
	uint64_t used;
} *counts;

static void count(uint64_t *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

static uint32_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static uint32_t below(uint32_t n)
{
	return any() % n;
}

static bool one_in(uint32_t n)
{
	return !below(n);
}

/* Numbers that programs get wrong. */
static uint64_t odd(void)
{
	static const uint64_t interesting[] = {
		0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097,
		0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	if (one_in(4))
		return any();
	return interesting[below(sizeof(interesting) / sizeof(interesting[0]))];
}

static void garble(void *data, size_t size)
{
	uint8_t *p = data;
	uint32_t n = 1 + below(4);

	while (n--) {
		uint64_t value = odd();
		size_t width = 1 << below(4), at = below(size);

		if (width > size - at)
			width = size - at;
		memcpy(p + at, &value, width);
	}
}

struct owner {
	int fd;
	int memory_fd;
	uint8_t *memory;
	size_t size;
	int events[4];
	struct vlb_queue queue[4];
};

static struct model *kind(void)
{
	switch (below(5)) {
	case 0:
		return model_rng();
	case 1:
		return model_input();
	case 2:
		return model_console();
	default:
		return model_block(65536, 1 + below(3),
				   (one_in(2) ? INDIRECT : 0) | (one_in(2) ? EVENT_IDX : 0));
	}
}

static void let_go(struct owner *o)
{
	if (o->memory)
		munmap(o->memory, o->size);
	if (o->memory_fd >= 0)
		close(o->memory_fd);
	o->memory = NULL;
	o->memory_fd = -1;
}

static void attach(struct owner *o)
{
	struct model *m = kind();
	struct vlb_state s;

	m->attach.timeout = 100 + below(200);
	m->attach.queue[0].memory = one_in(2) ? 4096 << below(6) : 0;
	if (one_in(8))
		m->attach.queue[0].flags = VLB_QUEUE_POSTED;
	if (one_in(8))
		m->attach.flags = VLB_ATTACH_CONFIG_READS;
	if (one_in(3))
		garble(&m->attach, one_in(2) ? 64 : sizeof(m->attach));
	/* All the machine has is not the question here. */
	if (m->attach.device_id > 64)
		m->attach.device_id &= 31;
	if (!ioctl(o->fd, VLB_ATTACH, &m->attach)) {
		count(&counts->attached);
		let_go(o);
		o->memory_fd = ioctl(o->fd, VLB_GET_MEMORY);
		if (!ioctl(o->fd, VLB_GET_STATE, &s) && o->memory_fd >= 0) {
			o->size = s.memory_size;
			o->memory = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_SHARED,
					 o->memory_fd, 0);
			if (o->memory == MAP_FAILED)
				o->memory = NULL;
		}
	}
	free(m->disk);
	free(m);
}

static void garbage_ioctl(struct owner *o)
{
	static uint8_t buffer[16384];
	unsigned long cmd = _IOC(below(4), 0xbd, below(12), one_in(2) ? below(16384) : odd() & 0x3fff);
	void *arg = buffer;

	switch (below(4)) {
	case 0:
		cmd = (uint32_t[]){ VLB_GET_INFO, VLB_GET_MEMORY, VLB_GET_STATE, VLB_GET_QUEUE,
				    VLB_SET_QUEUE_FDS, VLB_SET_CONFIG, VLB_ATTACH }[below(7)];
		break;
	case 1:
		cmd = any();
		break;
	}
	garble(buffer, one_in(2) ? 64 : sizeof(buffer));
	if (one_in(4))
		memset(buffer, 0, 64);
	if (one_in(6))
		arg = (void *)odd();
	/* What it returns is a descriptor at times. */
	if (cmd == VLB_GET_MEMORY) {
		int fd = ioctl(o->fd, cmd, arg);

		if (fd >= 0)
			close(fd);
	} else {
		ioctl(o->fd, cmd, arg);
	}
}

static void set_fds(struct owner *o)
{
	struct vlb_queue_fds fds = {
		.index = below(4),
		.kick = o->events[below(4)],
		.call = o->events[below(4)],
	};

	if (one_in(4))
		fds.kick = one_in(2) ? -1 : (int)below(20);
	if (one_in(4))
		fds.call = one_in(2) ? -1 : (int)below(20);
	ioctl(o->fd, VLB_SET_QUEUE_FDS, &fds);
}

static void find_rings(struct owner *o)
{
	uint32_t i;

	for (i = 0; i < 4; i++) {
		o->queue[i].index = i;
		if (ioctl(o->fd, VLB_GET_QUEUE, &o->queue[i]))
			o->queue[i].size = 0;
	}
}

static void answer(struct owner *o)
{
	struct vlb_message msg;
	struct vlb_reply r = {};

	if (read(o->fd, &msg, sizeof(msg)) != sizeof(msg))
		return;
	if (one_in(20))
		return;
	r.id = msg.id;
	r.result = one_in(20);
	if (msg.type == VLB_CONFIG_READ && !r.result)
		r.length = msg.length;
	if (one_in(20))
		garble(&r, 16);
	if (write(o->fd, &r, 16 + (one_in(20) ? below(300) : r.length & 255)) < 0)
		return;
	if (msg.type == VLB_STATUS && msg.status & STATUS_DRIVER_OK) {
		count(&counts->started);
		find_rings(o);
	}
}

/* Uses buffers as a device does, now and then with wrong numbers. */
static void use(struct owner *o)
{
	struct vlb_queue *q = &o->queue[below(4)];
	struct vring_used *used;
	struct vring_avail *avail;

	if (!q->size || !o->memory || q->used + 8 * q->size + 8 > o->size)
		return;
	used = (void *)(o->memory + q->used);
	avail = (void *)(o->memory + q->avail);
	if (used->idx != avail->idx || one_in(20)) {
		used->ring[used->idx % q->size].id = avail->ring[used->idx % q->size];
		used->ring[used->idx % q->size].len = one_in(4) ? odd() : 1;
		if (one_in(100))
			garble(used, 4 + 8 * q->size);
		used->idx++;
		count(&counts->used);
	}
}

static void scribble(struct owner *o)
{
	struct vlb_queue *q = &o->queue[below(4)];

	if (!o->memory)
		return;
	if (q->size && q->used < o->size && one_in(2))
		garble(o->memory + q->desc, q->used - q->desc);
	else if (one_in(50))
		garble(o->memory, o->size);
	else
		garble(o->memory + o->size / 2, o->size / 2);
}

static void memory_call(struct owner *o)
{
	void *p;
	uint64_t word = odd();

	if (o->memory_fd < 0)
		return;
	switch (below(6)) {
	case 0:
		p = mmap(NULL, 4096 << below(4), below(8), one_in(2) ? MAP_SHARED : MAP_PRIVATE,
			 o->memory_fd, odd() & ~4095ULL);
		if (p != MAP_FAILED)
			munmap(p, 4096);
		break;
	case 1:
		lseek(o->memory_fd, odd(), below(6));
		break;
	case 2:
		if (pwrite(o->memory_fd, &word, 1 + below(8), o->size / 2 + odd() % o->size) < 0)
			break;
		break;
	case 3:
		if (pread(o->memory_fd, &word, 8, odd()) < 0)
			break;
		break;
	case 4:
		if (ftruncate(o->memory_fd, odd()) < 0)
			break;
		break;
	case 5:
		if (one_in(20))
			fallocate(o->memory_fd, below(4), odd() % (2 * o->size), odd() % o->size);
		break;
	}
}

static void own(void)
{
	struct owner o = { .memory_fd = -1 };
	char node[32];
	uint64_t one = 1;
	int i, calls = 20 + below(400);

	sprintf(node, "/dev/loopback-%u", below(NODES));
	o.fd = open(node, O_RDWR | O_NONBLOCK);
	if (o.fd < 0) {
		usleep(1000);
		return;
	}
	for (i = 0; i < 4; i++)
		o.events[i] = eventfd(0, EFD_NONBLOCK | (one_in(8) ? EFD_SEMAPHORE : 0));
	attach(&o);
	while (calls--) {
		struct pollfd p = { .fd = o.fd, .events = POLLIN };

		switch (below(15)) {
		case 0:
			garbage_ioctl(&o);
			break;
		case 1:
			set_fds(&o);
			break;
		case 2:
			scribble(&o);
			break;
		case 3:
			memory_call(&o);
			break;
		case 4:
			if (one_in(20)) {
				ioctl(o.fd, VLB_DETACH);
				attach(&o);
			} else if (one_in(20)) {
				ioctl(o.fd, VLB_UNPLUG);
			}
			break;
		case 5:
			if (write(o.events[below(4)], &one, 8) < 0)
				break;
			break;
		case 6:
			usleep(below(2000));
			break;
		case 7:
			if (one_in(200))
				raise(SIGKILL);
			break;
		case 8:
			poll(&p, 1, below(20));
			break;
		default:
			answer(&o);
			use(&o);
			if (write(o.events[below(4)], &one, 8) < 0)
				break;
		}
	}
	let_go(&o);
	for (i = 0; i < 4; i++)
		close(o.events[i]);
	close(o.fd);
}

static void use_driver(void)
{
	/*
	 * Not a console: Linux's hvc frees one with work of its terminal under way.
	 * To a disk only without the page cache: its owner changes its size, and
	 * Linux warns of dirty pages beyond the end.
	 */
	static const char *const files[] = { "/dev/hwrng", "/dev/vda", "/dev/input/event0" };
	static uint8_t data[65536] __attribute__((aligned(4096)));
	uint32_t which = below(3), n = below(20), unit = which == 1 ? 512 : 1;
	int fd = open(files[which],
		      O_RDWR | O_NONBLOCK | O_NOCTTY | (which == 1 ? O_DIRECT : 0));

	if (fd < 0)
		fd = open("/dev/hwrng", O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		usleep(1000);
		return;
	}
	while (n--) {
		size_t size = (1 + below(65536 / unit)) * unit;
		ssize_t done = one_in(2) ? pread(fd, data, size, below(65536 / unit) * unit)
					 : read(fd, data, (1 + below(4096 / unit)) * unit);

		if (one_in(3))
			done = write(fd, data, below(16384 / unit) * unit);
		if (done < 0)
			usleep(100);
	}
	close(fd);
}

static void rebind(void)
{
	static const char *const drivers[] = { "virtio_rng", "virtio_blk", "virtio_console", "virtio_input" };
	char path[128], name[32];
	int fd;

	sprintf(path, "/sys/bus/virtio/drivers/%s/%s", drivers[below(4)], one_in(2) ? "bind" : "unbind");
	sprintf(name, "virtio%u", below(8));
	fd = open(path, O_WRONLY);
	if (fd >= 0) {
		if (write(fd, name, strlen(name)) < 0)
			usleep(500);
		close(fd);
	}
	usleep(below(5000));
}

static pid_t start(int i, uint64_t seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	state = seed * 0x9e3779b97f4a7c15 + i + 1;
	for (;;) {
		if (i < WORKERS - 2)
			own();
		else if (i == WORKERS - 2)
			use_driver();
		else if (one_in(4))
			rebind();
		else
			use_driver();
	}
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 60, i;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	uint64_t starts = WORKERS;
	time_t end = time(NULL) + seconds;
	pid_t worker[WORKERS];

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	printf("fuzzing for %d s with seed %llu\n", seconds, (unsigned long long)seed);
	fflush(stdout);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < WORKERS; i++)
		worker[i] = start(i, seed);
	while (time(NULL) < end) {
		pid_t died = waitpid(-1, NULL, WNOHANG);

		for (i = 0; died > 0 && i < WORKERS; i++)
			if (worker[i] == died)
				worker[i] = start(i, seed + starts++);
		usleep(10000);
	}
	for (i = 0; i < WORKERS; i++)
		kill(worker[i], SIGKILL);
	for (i = 0; i < WORKERS; i++)
		waitpid(worker[i], NULL, 0);
	printf("ok fuzz: %llu devices, of which %llu were started, %llu buffers, %llu sudden deaths\n",
	       (unsigned long long)counts->attached, (unsigned long long)counts->started,
	       (unsigned long long)counts->used, (unsigned long long)(starts - WORKERS));
	return 0;
}
