// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module against the kernel's own drivers. Each test runs in a process of
 * its own; what it leaves behind is the module's to clear away, and after each
 * a device must work on the node.
 *
 *   test [--list] [NAME...]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c.h>
#include <linux/i2c-dev.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

#define NODE		"/dev/loopback-0"
#define OTHER_NODE	"/dev/loopback-1"
#define RNG		"/dev/hwrng"
#define DISK		"/dev/vda"
#define MiB		(1 << 20)

/* Seconds that a test may take, on a busy machine too. */
#define LIMIT		300

/* ---- What the drivers show ---- */

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text[0] = 0;
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n >= 0)
		text[n] = 0;
	return n >= 0;
}

static bool rng_is_there(void)
{
	char text[64];

	return read_text("/sys/class/misc/hw_random/rng_current", text, sizeof(text)) &&
	       !strncmp(text, "virtio_rng", 10);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* Opens a block device once its node is there and its driver is ready. */
static int open_disk(int flags)
{
	int fd = -1;

	check_soon((fd = open(DISK, O_RDWR | O_CLOEXEC | flags)) >= 0);
	return fd;
}

static void *aligned(size_t size)
{
	void *p;

	check(!posix_memalign(&p, 4096, size));
	return p;
}

static void check_rng(void)
{
	uint8_t data[64];
	unsigned int i;
	int fd;

	check_soon(rng_is_there());
	fd = open(RNG, O_RDONLY | O_CLOEXEC);
	check(fd >= 0);
	check(read(fd, data, sizeof(data)) == sizeof(data));
	for (i = 0; i < sizeof(data); i++)
		check(data[i] == 0xa5);
	close(fd);
}

/* The node is as good as new. */
static void check_works(void)
{
	struct model *m = model_rng();

	model_start(m);
	check_rng();
	model_end(m);
	check_soon(!rng_is_there());
}

static uint32_t broken(struct model *m)
{
	struct vlb_state state;

	check(!ioctl(m->fd, VLB_GET_STATE, &state));
	return state.broken;
}

/* ---- Files and ioctls ---- */

static void info_tells_version_and_limits(void)
{
	struct vlb_info info;
	int fd = open(OTHER_NODE, O_RDWR);

	check(fd >= 0 && !ioctl(fd, VLB_GET_INFO, &info));
	check(info.version == 1 && info.index == 1 && info.page_size == 4096);
	check(info.max_memory == 256 * MiB);
	check(info.features & VERSION_1 && info.features & INDIRECT && info.features & EVENT_IDX);
	check(!(info.features & FEATURE(33)) && !(info.features & FEATURE(34)));
}

static void node_has_one_owner(void)
{
	int fd = open(NODE, O_RDWR);

	check(fd >= 0);
	check(open(NODE, O_RDWR) < 0 && errno == EBUSY);
	close(fd);
	fd = open(NODE, O_RDWR);
	check(fd >= 0);
}

static void nothing_works_before_attach(void)
{
	struct vlb_queue queue = {};
	struct vlb_queue_fds fds = { .kick = -1, .call = -1 };
	struct vlb_config config = {};
	struct vlb_state state;
	struct vlb_message message;
	struct pollfd p;
	int fd = open(NODE, O_RDWR);

	check(fd >= 0);
	check(ioctl(fd, VLB_DETACH) < 0 && errno == ENODEV);
	check(ioctl(fd, VLB_GET_MEMORY) < 0 && errno == ENODEV);
	check(ioctl(fd, VLB_GET_STATE, &state) < 0 && errno == ENODEV);
	check(ioctl(fd, VLB_GET_QUEUE, &queue) < 0 && errno == ENODEV);
	check(ioctl(fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == ENODEV);
	check(ioctl(fd, VLB_SET_CONFIG, &config) < 0 && errno == ENODEV);
	check(ioctl(fd, VLB_UNPLUG) < 0 && errno == ENODEV);
	check(read(fd, &message, sizeof(message)) < 0 && errno == ENODEV);
	check(reply(fd, 1, 0, NULL, 0) == -ENODEV);
	check(ioctl(fd, 0xbd42) < 0 && errno == ENOTTY);
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
	check(lseek(fd, 0, SEEK_END) < 0 && errno == ESPIPE);
	p.fd = fd;
	p.events = POLLIN;
	check(poll(&p, 1, 0) == 0);
}

static void check_refused(int line, const struct vlb_attach *attach, int err)
{
	int fd = open(NODE, O_RDWR);

	check(fd >= 0);
	errno = 0;
	if (ioctl(fd, VLB_ATTACH, attach) >= 0 || errno != err)
		fail("attach in line %d should give %s", line, strerror(err));
	close(fd);
}

#define check_attach(change, err) \
	do { \
		struct vlb_attach a = good; \
		change; \
		check_refused(__LINE__, &a, err); \
	} while (0)

static void bad_attach_is_refused(void)
{
	struct model *m = model_block(MiB, 2, 0);
	struct vlb_attach good = m->attach;

	check_attach(a.version = 2, EPROTO);
	check_attach(a.version = 0, EPROTO);
	check_attach(a.flags = 2, EINVAL);
	check_attach(a.device_id = 0, EOPNOTSUPP);
	check_attach(a.device_id = 5, EOPNOTSUPP);	/* balloon */
	check_attach(a.device_id = 27, EOPNOTSUPP);	/* pmem */
	check_attach(a.features &= ~VERSION_1, EINVAL);
	check_attach(a.features |= FEATURE(34), EINVAL);
	check_attach(a.features |= FEATURE(30), EINVAL);
	check_attach(a.queue_count = 0, EINVAL);
	check_attach(a.queue_count = 65, EINVAL);
	check_attach(a.queue_count = ~0, EINVAL);
	check_attach(a.config_size = 1025, EINVAL);
	check_attach(a.timeout = 99, EINVAL);
	check_attach(a.timeout = 60001, EINVAL);
	check_attach(a.reserved[6] = 1, EINVAL);
	check_attach(a.queue[0].size = 0, EINVAL);
	check_attach(a.queue[0].size = 3, EINVAL);
	check_attach(a.queue[1].size = 2048, EINVAL);
	check_attach(a.queue[0].flags = 2, EINVAL);
	check_attach(a.queue[0].reserved = 1, EINVAL);
	check_attach(a.queue[2].size = 1, EINVAL);
	check_attach(a.config[60] = 1, EINVAL);
	check_attach(a.queue[0].memory = ~0, E2BIG);
	check_attach(a.queue[1].memory = 256 * MiB, E2BIG);
	check_refused(__LINE__, (void *)8, EFAULT);
}

/* Its driver would spin for ever, with a lock held, if the owner never gave a buffer back. */
static void console_that_could_spin_is_refused(void)
{
	struct model *m = model_console();
	struct vlb_attach good = m->attach;

	check_attach(a.queue[1].flags = 0, EINVAL);
	good.features |= FEATURE(1);	/* MULTIPORT */
	good.queue_count = 4;
	good.queue[2].size = 64;
	good.queue[3].size = 64;
	good.config[4] = 1;		/* max_nr_ports */
	check_attach(, EINVAL);
}

static void second_attach_is_refused(void)
{
	struct model *m = model_rng();

	model_start(m);
	check(ioctl(m->fd, VLB_ATTACH, &m->attach) < 0 && errno == EEXIST);
	check_rng();
}

static void bad_arguments_are_refused(void)
{
	struct model *m = model_rng();
	struct vlb_queue queue = { .index = 1 };
	struct vlb_queue_fds fds = { .kick = -1, .call = -1 };
	struct vlb_config config = { .length = 1 };
	struct vlb_message message;
	struct { struct vlb_reply r; char more; } large = {};
	struct vlb_reply r = {};
	int file;

	model_attach(m);
	check(ioctl(m->fd, VLB_GET_QUEUE, &queue) < 0 && errno == EINVAL);
	queue.index = ~0;
	check(ioctl(m->fd, VLB_GET_QUEUE, &queue) < 0 && errno == EINVAL);
	check(ioctl(m->fd, VLB_GET_QUEUE, NULL) < 0 && errno == EFAULT);
	check(ioctl(m->fd, VLB_GET_STATE, NULL) < 0 && errno == EFAULT);
	fds.index = 1;
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == EINVAL);
	fds.index = 0;
	fds.reserved = 1;
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == EINVAL);
	fds.reserved = 0;
	file = open("/dev/null", O_RDWR);
	fds.call = file;
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == EINVAL);
	fds.call = -1;
	fds.kick = file;
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == EINVAL);
	fds.kick = 1000;
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == EBADF);
	fds.kick = -2;
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) < 0 && errno == EBADF);
	check(ioctl(m->fd, VLB_SET_CONFIG, &config) < 0 && errno == EINVAL);
	config.offset = ~0;
	check(ioctl(m->fd, VLB_SET_CONFIG, &config) < 0 && errno == EINVAL);
	config.offset = 0;
	config.length = ~0;
	check(ioctl(m->fd, VLB_SET_CONFIG, &config) < 0 && errno == EINVAL);
	config.length = 0;
	config.flags = 2;
	check(ioctl(m->fd, VLB_SET_CONFIG, &config) < 0 && errno == EINVAL);
	check(ioctl(m->fd, _IOW(0xbd, 0x06, struct vlb_config), &config) < 0 && errno == ENOTTY);
	check(read(m->fd, &message, sizeof(message) - 1) < 0 && errno == EINVAL);
	check(write(m->fd, &r, 15) < 0 && errno == EINVAL);
	check(write(m->fd, &r, 17) < 0 && errno == EINVAL);
	check(write(m->fd, &large, sizeof(r) + 1) < 0 && errno == EINVAL);
	r.id = 4711;
	check(write(m->fd, &r, 16) < 0 && errno == ENOENT);
	/* It is as well as before. */
	model_serve(m);
	check_rng();
}

/* ---- Memory ---- */

static void memory_is_a_sealed_file(void)
{
	struct model *m = model_rng();
	struct stat st;
	uint64_t word = 1;
	uint8_t *again;

	model_start(m);
	check_rng();
	check(!fstat(m->memory_fd, &st) && (uint64_t)st.st_size == m->memory_size);
	check((uint64_t)lseek(m->memory_fd, 0, SEEK_END) == m->memory_size);
	check(fcntl(m->memory_fd, F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
	check(ftruncate(m->memory_fd, 0) < 0 && errno == EPERM);
	check(ftruncate(m->memory_fd, 2 * m->memory_size) < 0 && errno == EPERM);
	check(pwrite(m->memory_fd, &word, 8, m->memory_size) < 0 && errno == EPERM);
	check(pread(m->memory_fd, &word, 8, m->memory_size) == 0);
	check(pread(m->memory_fd, &word, 8, 0) == 8 && word == 0);
	check(pread(m->memory_fd, &word, 8, -1) < 0 && errno == EINVAL);
	again = mmap(NULL, m->memory_size, PROT_READ, MAP_SHARED, ioctl(m->fd, VLB_GET_MEMORY), 0);
	check(again != MAP_FAILED && !memcmp(again, m->memory, m->memory_size));
	check_rng();
}

static void out_of_range_memory_is_a_fault_of_the_process(void)
{
	struct model *m = model_rng();
	int status;
	pid_t pid;

	model_start(m);
	pid = fork();
	if (!pid) {
		volatile uint8_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
					   m->memory_fd, m->memory_size);

		p[0] = 1;
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	check(WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGSEGV);
	check_rng();
}

/* Holes take the pages from user space; the module keeps its own. */
static void punched_holes_hurt_nobody(void)
{
	struct model *m = model_rng();

	model_start(m);
	check_rng();
	model_stop(m);
	check(!fallocate(m->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 m->memory_size));
	memset(m->memory, 0xff, m->memory_size);
	signal_eventfd(m->queue[0].call);
	usleep(10000);
	check(!broken(m));
}

static void memory_outlives_its_device(void)
{
	struct model *m = model_rng();
	int fd;

	model_start(m);
	check_rng();
	model_stop(m);
	fd = dup(m->memory_fd);
	close(m->fd);
	m->fd = -1;
	check_soon(!rng_is_there());
	memset(m->memory, 0x5a, m->memory_size);
	signal_eventfd(m->queue[0].call);
	check((uint64_t)lseek(fd, 0, SEEK_END) == m->memory_size);
	check_works();
	check(m->memory[m->memory_size - 1] == 0x5a);
}

/* ---- Drivers and data ---- */

static void rng_reads_what_the_device_wrote(void)
{
	struct model *m = model_rng();
	uint8_t *data = malloc(8192);
	size_t have = 0;
	int fd, i;

	model_start(m);
	check_rng();
	fd = open(RNG, O_RDONLY);
	while (have < 8192) {
		ssize_t n = read(fd, data + have, 8192 - have);

		check(n > 0);
		have += n;
	}
	for (i = 0; i < 8192; i++)
		check(data[i] == 0xa5);
}

/* Writes and reads pieces of many sizes, in threads, and compares them with a copy. */
struct load {
	int fd;
	uint64_t start, size;
	unsigned int seed;
	int rounds;
};

static void *block_load(void *arg)
{
	struct load *l = arg;
	uint8_t *copy = aligned(l->size), *data = aligned(l->size);
	int i;

	memset(copy, 0, l->size);
	for (i = 0; i < l->rounds; i++) {
		uint64_t at = rand_r(&l->seed) % (l->size / 512) * 512;
		uint64_t n = (rand_r(&l->seed) % 256 + 1) * 512;
		uint64_t j;

		if (n > l->size - at)
			n = l->size - at;
		if (rand_r(&l->seed) % 2) {
			for (j = 0; j < n; j += 4)
				*(uint32_t *)(data + j) = rand_r(&l->seed);
			memcpy(copy + at, data, n);
			check(pwrite(l->fd, data, n, l->start + at) == (ssize_t)n);
		} else {
			memset(data, 0, n);
			check(pread(l->fd, data, n, l->start + at) == (ssize_t)n);
			check(!memcmp(data, copy + at, n));
		}
	}
	free(copy);
	free(data);
	return NULL;
}

static void run_block_load(struct model *m, int threads, int rounds)
{
	struct load load[8];
	pthread_t thread[8];
	int fd = open_disk(O_DIRECT), i;

	for (i = 0; i < threads; i++) {
		load[i] = (struct load){ fd, i * MiB, MiB, 4711 + i, rounds };
		check(!pthread_create(&thread[i], NULL, block_load, &load[i]));
	}
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	close(fd);
}

static void block_is_exact(uint64_t features, int queues, uint32_t memory)
{
	struct model *m = model_block(4 * MiB, queues, features);
	int i;

	for (i = 0; i < queues; i++)
		m->attach.queue[i].memory = memory;
	model_start(m);
	run_block_load(m, 4, 200);
	check(m->features == (VERSION_1 | features | (m->features & 0xffffff)));
	check(!broken(m));
	model_end(m);
}

static void block_with_plain_rings_is_exact(void) { block_is_exact(0, 1, 0); }
static void block_with_indirect_is_exact(void) { block_is_exact(INDIRECT, 1, 0); }
static void block_with_event_idx_is_exact(void) { block_is_exact(EVENT_IDX, 1, 0); }
static void block_with_all_features_is_exact(void) { block_is_exact(INDIRECT | EVENT_IDX, 4, 0); }
/* One large request needs most of it, so all others wait. */
static void block_with_little_memory_is_exact(void)
{
	block_is_exact(INDIRECT | EVENT_IDX, 2, 140 << 10);
}
static void block_with_little_memory_plain_is_exact(void) { block_is_exact(0, 1, 140 << 10); }

static void too_large_a_buffer_fails_alone(void)
{
	struct model *m = model_block(4 * MiB, 1, INDIRECT | EVENT_IDX);
	void *data = aligned(65536);
	int fd, i;

	m->attach.queue[0].memory = 32768;
	model_start(m);
	fd = open_disk(O_DIRECT);
	for (i = 0; i < 3; i++) {
		check(pread(fd, data, 4096, 0) == 4096);
		check(pread(fd, data, 65536, 0) < 0 && errno == EIO);
	}
	check(pread(fd, data, 4096, 65536) == 4096);
	check(!broken(m));
	close(fd);
}

/* A pipe is spliced into a port of a console. */
static void too_large_a_text_is_lost_alone(uint32_t flags)
{
	static const char line[] = "what comes behind it\n";
	struct model *m = model_ports();
	struct vlb_queue info = { .index = 5 };
	struct vlb_state state;
	int ends[2], fd = -1;
	char path[64];

	m->attach.queue[5].memory = 65536;
	m->attach.queue[5].flags = flags;
	model_start(m);
	check_soon(!ioctl(m->fd, VLB_GET_STATE, &state) && state.bound);
	sprintf(path, "/dev/vport%sp1", state.name + strlen("virtio"));
	check_soon((fd = open(path, O_WRONLY)) >= 0);
	check(!pipe(ends) && fcntl(ends[1], F_SETPIPE_SZ, 131072) >= 0);
	check(write(ends[1], calloc(1, 131072), 131072) == 131072);
	check(splice(ends[0], NULL, fd, NULL, 131072, 0) == 131072);
	check(write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	check_soon(strstr(m->text, line));
	check(m->text_length == strlen(line) && !broken(m));
	check(!ioctl(m->fd, VLB_GET_QUEUE, &info) && info.dropped == !!flags);
	close(fd);
	model_end(m);
}

static void too_large_a_text_fails_alone(void) { too_large_a_text_is_lost_alone(0); }
static void too_large_a_text_is_dropped_alone(void)
{
	too_large_a_text_is_lost_alone(VLB_QUEUE_POSTED);
}

static void configuration_change_reaches_the_driver(void)
{
	struct model *m = model_block(4 * MiB, 1, 0);
	struct vlb_config c = { .length = 8, .flags = VLB_CONFIG_NOTIFY };
	uint64_t sectors = 4096;
	char text[32];

	model_start(m);
	check_soon(read_text("/sys/block/vda/size", text, sizeof(text)) && atoi(text) == 8192);
	memcpy(c.data, &sectors, 8);
	check(!ioctl(m->fd, VLB_SET_CONFIG, &c));
	check_soon(read_text("/sys/block/vda/size", text, sizeof(text)) && atoi(text) == 4096);
}

static void console_gets_text(void)
{
	struct model *m = model_console();
	char line[] = "from the device\n", got[64] = "";
	int fd = -1, i;
	ssize_t n;

	model_start(m);
	check_soon((fd = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_NONBLOCK)) >= 0);
	system("stty -F /dev/hvc0 raw -echo");
	for (i = 0; i < 100; i++) {
		char text[64];

		sprintf(text, "line %d of the driver\n", i);
		check_soon(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	}
	check_soon(strstr(m->text, "line 99 of the driver"));
	check_soon(model_put(m, 0, line, strlen(line)));
	check_soon((n = read(fd, got, sizeof(got))) > 0);
	check(!strcmp(got, line));
	close(fd);
}

/* The driver of consoles spins until it has its buffer back. */
static void console_does_not_wait_for_a_device_that_sleeps(void)
{
	struct model *m = model_console();
	struct vlb_queue info = { .index = 1 };
	int fd = -1, i;

	m->hold = true;
	m->attach.queue[1].size = 64;
	m->attach.queue[1].memory = 8192;
	model_start(m);
	check_soon((fd = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_NONBLOCK)) >= 0);
	for (i = 0; i < 1000; i++) {
		char text[64];

		memset(text, 'a' + i % 26, sizeof(text));
		if (write(fd, text, sizeof(text)) < 0)
			check(errno == EAGAIN);
	}
	check_soon(!ioctl(m->fd, VLB_GET_QUEUE, &info) && info.dropped);
	m->hold = false;
	signal_eventfd(m->queue[1].kick);
	check_soon(m->text_length > 1000);
	close(fd);
}

static int find_input(void)
{
	struct dirent *e;
	DIR *d = opendir("/sys/class/input");
	int found = -1;

	while (d && (e = readdir(d))) {
		char path[300], name[64];

		if (strncmp(e->d_name, "event", 5))
			continue;
		sprintf(path, "/sys/class/input/%s/device/name", e->d_name);
		if (read_text(path, name, sizeof(name)) && !strcmp(name, "loopback keys\n"))
			found = atoi(e->d_name + 5);
	}
	if (d)
		closedir(d);
	return found;
}

static void input_is_exact(uint32_t flags)
{
	struct model *m = model_input();
	struct { uint16_t type, code; uint32_t value; } event = { 1, 30, 1 };
	struct { uint64_t time[2]; uint16_t type, code; uint32_t value; } got;
	char path[64];
	int fd = -1, n = -1;

	m->attach.flags = flags;
	model_start(m);
	check_soon((n = find_input()) >= 0);
	check(flags ? m->config_reads > 0 : !m->config_reads);
	sprintf(path, "/dev/input/event%d", n);
	check_soon((fd = open(path, O_RDONLY | O_NONBLOCK)) >= 0);
	check_soon(model_put(m, 0, &event, 8));
	event.type = event.code = event.value = 0;
	check_soon(model_put(m, 0, &event, 8));
	check_soon(read(fd, &got, sizeof(got)) == sizeof(got));
	check(got.type == 1 && got.code == 30 && got.value == 1);
	close(fd);
	model_end(m);
	check_soon(find_input() < 0);
}

static void input_selects_by_configuration_writes(void) { input_is_exact(0); }
static void input_reads_configuration_by_messages(void) { input_is_exact(VLB_ATTACH_CONFIG_READS); }

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	check(fd >= 0);
	if (write(fd, text, strlen(text)) < 0)
		fail("writing %s to %s", text, path);
	close(fd);
}

static void driver_unbinds_and_binds(void)
{
	struct model *m = model_rng();
	struct vlb_state state;
	int i;

	model_start(m);
	check_rng();
	for (i = 1; i <= 20; i++) {
		check(!ioctl(m->fd, VLB_GET_STATE, &state) && state.status & STATUS_DRIVER_OK);
		write_text("/sys/bus/virtio/drivers/virtio_rng/unbind", state.name);
		check(m->resets == i && !rng_is_there());
		check(!ioctl(m->fd, VLB_GET_STATE, &state) && !(state.status & STATUS_DRIVER_OK));
		write_text("/sys/bus/virtio/drivers/virtio_rng/bind", state.name);
		check(m->starts == i + 1);
		check_rng();
	}
	check(!broken(m));
}

static bool is_bound(struct model *m, struct vlb_state *state)
{
	return !ioctl(m->fd, VLB_GET_STATE, state) && state->bound == 1;
}

static void bound_tells_that_a_driver_is_through(void)
{
	struct model *m = model_rng();
	struct vlb_state state;

	m->stop_at = STATUS_DRIVER_OK;
	model_start(m);
	check_soon(m->mute);
	check(!ioctl(m->fd, VLB_GET_STATE, &state) && !state.bound);
	model_end(m);

	m = model_rng();
	model_start(m);
	check_rng();
	/* It has its hwrng before its probe has ended. */
	check_soon(is_bound(m, &state));
	write_text("/sys/bus/virtio/drivers/virtio_rng/unbind", state.name);
	check(!ioctl(m->fd, VLB_GET_STATE, &state) && !state.bound);
	model_end(m);
}

static void nodes_do_not_mix(void)
{
	struct model *disk = model_block(4 * MiB, 1, INDIRECT), *rng = model_rng();

	rng->node = OTHER_NODE;
	model_start(disk);
	model_start(rng);
	check_rng();
	run_block_load(disk, 2, 50);
	model_end(disk);
	check_soon(!exists(DISK));
	check_rng();
	model_end(rng);
}

static pid_t reader_of_rng(struct model *m)
{
	pid_t pid = fork();

	if (!pid) {
		uint8_t data[64];
		int fd = open(RNG, O_RDONLY);

		close(m->fd);
		_exit(read(fd, data, sizeof(data)) == sizeof(data) && data[0] == 0xa5 ? 0 : 1);
	}
	return pid;
}

/* The module's own kicks look like calls, and nobody else hears them. */
static void one_eventfd_for_both_ways_is_harmless(void)
{
	struct model *m = model_rng();
	struct vlb_queue_fds good, same = { 0, new_eventfd(), 0, 0 };
	pid_t pid;
	int status;

	same.call = same.kick;
	model_start(m);
	check_rng();
	good = (struct vlb_queue_fds){ 0, m->queue[0].kick, m->queue[0].call, 0 };
	check(!ioctl(m->fd, VLB_SET_QUEUE_FDS, &same));
	pid = reader_of_rng(m);
	usleep(50000);
	signal_eventfd(same.kick);
	/* What was not heard is made up for. */
	check(!ioctl(m->fd, VLB_SET_QUEUE_FDS, &good));
	check(waitpid(pid, &status, 0) == pid && !status);
	check(!broken(m));
}

static void kick_of_one_device_can_be_the_call_of_another(void)
{
	struct model *m = model_rng(), *other = model_input();
	struct vlb_queue_fds call = { 0, -1, 0, 0 };

	other->node = OTHER_NODE;
	model_start(m);
	model_start(other);
	check_soon(other->running);
	call.call = m->queue[0].kick;
	check(!ioctl(other->fd, VLB_SET_QUEUE_FDS, &call));
	/* They steal each other's kicks; nothing worse. */
	check(!broken(m) && !broken(other));
	call.call = m->queue[0].call;
	check(!ioctl(other->fd, VLB_SET_QUEUE_FDS, &call));
	call.call = -1;
	check(!ioctl(other->fd, VLB_SET_QUEUE_FDS, &call));
	signal_eventfd(m->queue[0].kick);
	check_rng();
	model_end(other);
	check_rng();
}

static void too_few_queues_end_the_driver(void)
{
	struct model *m = model_input();

	m->attach.queue_count = 1;
	m->attach.queue[1].size = 0;
	model_start(m);
	check_soon(m->failures == 1);
	check(!m->starts && !broken(m));
}

static void posted_queue_takes_no_buffer_to_write(void)
{
	struct model *m = model_rng();

	m->attach.queue[0].flags = VLB_QUEUE_POSTED;
	model_start(m);
	check_soon(broken(m) == VLB_BROKEN_DRIVER);
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int entries = 0;

	if (!dir)
		return true;
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries <= 2;
}

static uint32_t give_back(struct model *m, int q, struct piece *p, unsigned int n)
{
	return 0;
}

/* While its driver still probes, buffers for input come back. */
static void input_comes_before_a_console_is_there(void)
{
	int i;

	for (i = 0; i < 60; i++) {
		struct model *m = model_console();

		m->ahead = 0;
		m->serve = give_back;
		if (i % 8 == 7) {
			m->stop_at = STATUS_DRIVER_OK;
			m->attach.timeout = 500;
		}
		model_start(m);
		check_soon(!is_empty("/sys/class/virtio-ports"));
		model_end(m);
		check_soon(is_empty("/sys/class/virtio-ports"));
	}
}

/* This one puts a buffer back for each that it gets, when it goes too. */
static void posted_input_does_not_keep_a_console(void)
{
	struct model *m = model_console();

	m->attach.queue[0].flags = VLB_QUEUE_POSTED;
	model_start(m);
	check_soon(broken(m) == VLB_BROKEN_DRIVER);
	check(!is_empty("/sys/class/virtio-ports"));
	model_end(m);
	check_soon(is_empty("/sys/class/virtio-ports"));
}

/* ---- An owner that does not do what it should ---- */

static void silence_breaks_the_device(int stop_at)
{
	struct model *m = model_rng();
	struct pollfd p;

	m->attach.timeout = 300;
	m->stop_at = stop_at;
	model_start(m);
	check_soon(broken(m) == VLB_BROKEN_TIMEOUT);
	model_stop(m);
	p.fd = m->fd;
	p.events = POLLIN;
	check(poll(&p, 1, 10000) == 1 && p.revents == (POLLERR | POLLHUP));
	check(ioctl(m->fd, VLB_SET_QUEUE_FDS, &(struct vlb_queue_fds){ 0, -1, -1, 0 }) < 0);
	check(errno == EPIPE);
	check(read(m->fd, m->config, 1024) < 0 && errno == EPIPE);
	check(reply(m->fd, 1, 0, NULL, 0) == -EPIPE);
	check(!ioctl(m->fd, VLB_DETACH));
	check(ioctl(m->fd, VLB_DETACH) < 0 && errno == ENODEV);
	m->mute = false;
	m->stop_at = 0;
	check(!ioctl(m->fd, VLB_ATTACH, &m->attach));
}

static void silence_at_features_ok_breaks_the_device(void) { silence_breaks_the_device(8); }
static void silence_at_driver_ok_breaks_the_device(void) { silence_breaks_the_device(4); }

static void silence_at_reset_ends_with_the_timeout(void)
{
	struct model *m = model_rng();
	struct vlb_state state;

	m->attach.timeout = 300;
	model_start(m);
	check_rng();
	check(!ioctl(m->fd, VLB_GET_STATE, &state));
	m->mute = true;
	write_text("/sys/bus/virtio/drivers/virtio_rng/unbind", state.name);
	check(broken(m) == VLB_BROKEN_TIMEOUT);
}

static void refused_features_end_the_driver(void)
{
	struct model *m = model_rng();

	m->refuse = STATUS_FEATURES_OK;
	model_start(m);
	check_soon(m->failures == 1);
	check(!m->starts && !broken(m) && !rng_is_there());
}

static void refused_driver_ok_breaks_the_device(void)
{
	struct model *m = model_rng();

	m->refuse = STATUS_DRIVER_OK;
	model_start(m);
	check_soon(broken(m) == VLB_BROKEN_REFUSED);
}

static void answers_count_once_and_only_if_asked(void)
{
	struct model *m = model_rng();
	struct vlb_message msg;
	struct pollfd p;
	void *volatile nowhere = (void *)8;

	model_attach(m);
	p.fd = m->fd;
	p.events = POLLIN;
	check(poll(&p, 1, 10000) == 1 && p.revents == POLLIN);
	check(reply(m->fd, 1, 0, NULL, 0) == -ENOENT);	/* not read yet */
	check(read(m->fd, nowhere, sizeof(msg)) < 0 && errno == EFAULT);
	check(read(m->fd, &msg, sizeof(msg)) == sizeof(msg));
	check(msg.type == VLB_STATUS && msg.status & STATUS_FEATURES_OK && msg.features & VERSION_1);
	check(read(m->fd, &msg, sizeof(msg)) < 0 && errno == EAGAIN);
	check(reply(m->fd, msg.id + 1, 0, NULL, 0) == -ENOENT);
	check(reply(m->fd, msg.id, 0, "x", 1) == -EINVAL);
	check(reply(m->fd, msg.id, 0, NULL, 0) == 0);
	check(reply(m->fd, msg.id, 0, NULL, 0) == -ENOENT);
}

/* ---- A device that lies ---- */

/* A disk with a read that waits for its answer, from a process of its own. */
static struct model *waiting_read(pid_t *pid, int *fd)
{
	struct model *m = model_block(4 * MiB, 1, 0);

	model_start(m);
	*fd = open_disk(O_DIRECT);
	m->hold = true;
	usleep(1000);
	*pid = fork();
	if (!*pid) {
		void *data = aligned(4096);

		close(m->fd);
		_exit(pread(*fd, data, 4096, 0) == 4096 ? 0 : errno == EIO ? 1 : 2);
	}
	check_soon(m->queue[0].avail->idx != m->queue[0].next);
	return m;
}

static void check_read_fails(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void forged_id(uint32_t id)
{
	pid_t pid;
	int fd;
	struct model *m = waiting_read(&pid, &fd);
	volatile struct vring_used *used = m->queue[0].used;

	used->ring[used->idx % 64].id = id;
	used->ring[used->idx % 64].len = 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	used->idx++;
	signal_eventfd(m->queue[0].call);
	check_read_fails(pid);
	check(broken(m) == VLB_BROKEN_USED_ID);
	/* What comes later fails as well, and does not wait. */
	check(pread(fd, aligned(4096), 4096, 8192) < 0 && errno == EIO);
	close(fd);
}

static void used_id_beyond_the_ring_breaks_the_device(void) { forged_id(60000); }
static void used_id_of_the_size_breaks_the_device(void) { forged_id(64); }
static void used_id_all_ones_breaks_the_device(void) { forged_id(~0); }
static void used_id_not_available_breaks_the_device(void) { forged_id(63); }

static void jump_of_the_used_index(uint16_t by)
{
	pid_t pid;
	int fd;
	struct model *m = waiting_read(&pid, &fd);

	m->queue[0].used->idx += by;
	signal_eventfd(m->queue[0].call);
	check_read_fails(pid);
	check(broken(m) == VLB_BROKEN_USED_INDEX);
	close(fd);
}

static void used_index_jump_breaks_the_device(void) { jump_of_the_used_index(2); }
static void used_index_jump_by_half_breaks_the_device(void) { jump_of_the_used_index(0x8000); }
static void used_index_back_breaks_the_device(void) { jump_of_the_used_index(0xffff); }

static void buffer_used_twice_breaks_the_device(void)
{
	pid_t pid;
	int fd, status;
	struct model *m = waiting_read(&pid, &fd);
	volatile struct vring_used *used = m->queue[0].used;
	struct piece p[MAX_PIECES];
	uint16_t head;

	check(model_next(m, 0, &head, p) == 3);
	*p[2].data = 0;
	model_used(m, 0, head, 4097);
	signal_eventfd(m->queue[0].call);
	check(waitpid(pid, &status, 0) == pid && !status);
	model_used(m, 0, head, 4097);
	signal_eventfd(m->queue[0].call);
	check_soon(broken(m) == VLB_BROKEN_USED_INDEX || broken(m) == VLB_BROKEN_USED_ID);
	(void)used;
	close(fd);
}

static void forged_length_is_cut(void)
{
	struct model *m = model_rng();

	m->forged_len = 0xfffffff0;
	model_start(m);
	check_rng();
	check(!broken(m));
}

/* What user space writes into descriptors and the avail ring is nothing to the module. */
static void scribbled_rings_reach_no_driver(void)
{
	struct model *m = model_block(4 * MiB, 1, INDIRECT | EVENT_IDX);
	struct vlb_queue info = { .index = 0 };
	pid_t pid = 0;
	int fd, status, i;

	model_start(m);
	fd = open_disk(O_DIRECT);
	for (i = 0; i < 20; i++) {
		m->hold = true;
		usleep(1000);
		pid = fork();
		if (!pid) {
			void *data = aligned(65536);

			close(m->fd);
			_exit(pread(fd, data, 65536, 0) == 65536 ? 0 : 1);
		}
		check_soon(m->queue[0].avail->idx != m->queue[0].next);
		check(!ioctl(m->fd, VLB_GET_QUEUE, &info));
		{
			struct piece p[MAX_PIECES];
			uint16_t head;
			unsigned int n = model_next(m, 0, &head, p);

			m->serve(m, 0, p, n);
			memset(m->memory + info.desc, 0xff, info.used - info.desc);
			/* For this device itself. */
			m->queue[0].avail->idx = m->queue[0].next;
			model_used(m, 0, head, 65537);
			signal_eventfd(m->queue[0].call);
		}
		check(waitpid(pid, &status, 0) == pid && !status);
	}
	check(!broken(m));
	close(fd);
}

/* ---- Death ---- */

/* Runs an owner in a process of its own, and kills it when it has told of a step. */
static void kill_owner_at(struct model *m, int stop_at)
{
	int told[2];
	char c;
	pid_t pid;

	check(!pipe(told));
	pid = fork();
	if (!pid) {
		m->told = told[1];
		m->stop_at = stop_at;
		m->quit = new_eventfd();
		model_attach(m);
		model_loop(m);
		_exit(0);
	}
	close(told[1]);
	do {
		check(read(told[0], &c, 1) == 1);
	} while (c != 's');
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	close(told[0]);
}

static void owner_killed_behind_open(void)
{
	pid_t pid = fork();
	int fd;

	if (!pid) {
		open(NODE, O_RDWR);
		kill(getpid(), SIGKILL);
	}
	check(waitpid(pid, NULL, 0) == pid);
	fd = open(NODE, O_RDWR);
	check(fd >= 0);
	close(fd);
}

static void owner_killed_behind_attach(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct model *m = i % 2 ? model_rng() : model_input();
		pid_t pid = fork();

		if (!pid) {
			m->fd = open(NODE, O_RDWR);
			ioctl(m->fd, VLB_ATTACH, &m->attach);
			usleep(i * 500);
			kill(getpid(), SIGKILL);
		}
		check(waitpid(pid, NULL, 0) == pid);
		free(m);
	}
}

static void owner_killed_at_features_ok(void) { kill_owner_at(model_rng(), STATUS_FEATURES_OK); }
static void owner_killed_at_driver_ok(void) { kill_owner_at(model_rng(), STATUS_DRIVER_OK); }
static void disk_killed_at_driver_ok(void)
{
	kill_owner_at(model_block(MiB, 2, INDIRECT), STATUS_DRIVER_OK);
}
static void input_killed_at_driver_ok(void) { kill_owner_at(model_input(), STATUS_DRIVER_OK); }
static void console_killed_at_driver_ok(void) { kill_owner_at(model_console(), STATUS_DRIVER_OK); }

/* The driver asks for the partition table while it probes: nobody answers that, then nobody is there. */
static void owner_killed_while_the_driver_probes(void)
{
	struct model *m = model_block(MiB, 1, 0);
	pid_t pid = fork();

	if (!pid) {
		m->hold = true;
		m->quit = new_eventfd();
		model_attach(m);
		model_loop(m);
		_exit(0);
	}
	usleep(300000);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	check_soon(!exists(DISK));
}

static void owner_killed_with_buffers_in_flight(void)
{
	struct model *m = model_block(4 * MiB, 2, INDIRECT);
	pid_t owner = fork(), reader[4];
	int i, fd;

	if (!owner) {
		model_start(m);
		check_soon(m->served > 20);
		m->hold = true;
		pause();
	}
	fd = open_disk(O_DIRECT);
	for (i = 0; i < 4; i++) {
		reader[i] = fork();
		if (!reader[i]) {
			void *data = aligned(65536);

			for (;;)
				if (pread(fd, data, 65536, 0) != 65536)
					_exit(errno == EIO || errno == ENXIO ? 1 : 2);
		}
	}
	usleep(500000);
	kill(owner, SIGKILL);
	check(waitpid(owner, NULL, 0) == owner);
	for (i = 0; i < 4; i++)
		check_read_fails(reader[i]);
	close(fd);
	check_soon(!exists(DISK));
}

/* Whoever asks again at once must not be forgotten while the device breaks. */
static void reads_that_go_on_do_not_keep_a_device(void)
{
	int round, i;

	for (round = 0; round < 10; round++) {
		struct model *m = model_block(4 * MiB, 2, round % 2 ? INDIRECT | EVENT_IDX : 0);
		pid_t owner = fork(), reader[4];
		int fd, status;

		if (!owner) {
			model_start(m);
			pause();
		}
		fd = open_disk(O_DIRECT);
		for (i = 0; i < 4; i++) {
			reader[i] = fork();
			if (!reader[i]) {
				void *data = aligned(4096);
				int failures = 0;

				while (failures < 50)
					failures += pread(fd, data, 4096, 4096 * i) != 4096;
				_exit(0);
			}
		}
		usleep(20000 + 7000 * round);
		kill(owner, SIGKILL);
		check(waitpid(owner, NULL, 0) == owner);
		for (i = 0; i < 4; i++)
			check(waitpid(reader[i], &status, 0) == reader[i] && !status);
		close(fd);
		check_soon(!exists(DISK));
		free(m->disk);
		free(m);
	}
}

/* Its driver waits for an answer without a limit. */
static void i2c_transfer_ends_when_its_device_goes(void)
{
	struct model *m = model_i2c();
	struct i2c_msg msg = { .addr = 0x1c, .len = 1, .buf = (uint8_t[]){ 7 } };
	struct i2c_rdwr_ioctl_data transfer = { &msg, 1 };
	int fd = -1, status;
	pid_t pid;

	if (!exists("/sys/bus/virtio/drivers/i2c_virtio") &&
	    !exists("/sys/bus/virtio/drivers/virtio_i2c")) {
		printf("# this kernel has no driver\n");
		return;
	}
	model_start(m);
	check_soon((fd = open("/dev/i2c-0", O_RDWR)) >= 0);
	check(ioctl(fd, I2C_RDWR, &transfer) == 1);
	m->hold = true;
	usleep(1000);
	pid = fork();
	if (!pid) {
		close(m->fd);
		_exit(ioctl(fd, I2C_RDWR, &transfer) == 1 ? 0 : 1);
	}
	check_soon(m->queue[0].avail->idx != m->queue[0].next);
	close(fd);
	model_stop(m);
	close(m->fd);
	m->fd = -1;
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void owner_killed_in_the_middle_of_a_read(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		struct model *m = model_rng();
		pid_t owner = fork(), reader;
		int status;

		if (!owner) {
			m->quit = new_eventfd();
			model_attach(m);
			model_loop(m);
			_exit(0);
		}
		check_soon(rng_is_there());
		reader = fork();
		if (!reader) {
			uint8_t data[4096];
			int fd = open(RNG, O_RDONLY);

			while (read(fd, data, sizeof(data)) > 0)
				;
			_exit(0);
		}
		usleep(10000 * i);
		kill(owner, SIGKILL);
		check(waitpid(owner, NULL, 0) == owner);
		check_soon(!rng_is_there());
		kill(reader, SIGTERM);
		check(waitpid(reader, &status, 0) == reader);
	}
}

/* It waits for a thread of the kernel that waits for nothing else. */
static void owner_killed_while_it_waits_for_messages(void)
{
	pid_t pid = fork();

	if (!pid) {
		struct model *m = model_rng();
		struct vlb_message msg;
		int fd = open(NODE, O_RDWR);

		check(!ioctl(fd, VLB_ATTACH, &m->attach));
		while (read(fd, &msg, sizeof(msg)) > 0)
			reply(fd, msg.id, 0, NULL, 0);
		_exit(0);
	}
	check_soon(rng_is_there());
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	check_soon(!rng_is_there());
}

/* The daemon has memory and eventfds, and goes on as if nothing had happened. */
static void daemon_outlives_the_owner(void)
{
	struct model *m = model_rng();
	int ready[2];
	pid_t owner, parent = getpid();
	char c;

	check(!pipe(ready));
	owner = fork();
	if (!owner) {
		pid_t daemon;

		model_start(m);
		check_soon(m->running);
		daemon = fork();
		if (!daemon) {
			close(m->fd);
			check(write(ready[1], "d", 1) == 1);
			while (getppid() != 1 && getppid() != parent)
				usleep(1000);
			memset(m->memory, 0xff, m->memory_size);
			for (int i = 0; i < 100; i++) {
				signal_eventfd(m->queue[0].call);
				m->queue[0].used->idx++;
				usleep(100);
			}
			check(write(ready[1], "e", 1) == 1);
			_exit(0);
		}
		for (;;)
			pause();
	}
	check(read(ready[0], &c, 1) == 1 && c == 'd');
	check_rng();
	kill(owner, SIGKILL);
	check(waitpid(owner, NULL, 0) == owner);
	check_soon(!rng_is_there());
	check(read(ready[0], &c, 1) == 1 && c == 'e');
}

/* A file that was handed on keeps the device. */
static void owner_can_be_inherited(void)
{
	struct model *m = model_rng();
	int told[2];
	pid_t first = 0;
	char c;

	check(!pipe(told));
	model_attach(m);
	first = fork();
	if (!first) {
		m->quit = new_eventfd();
		m->told = told[1];
		model_loop(m);
		_exit(0);
	}
	close(m->fd);
	m->fd = -1;
	check(read(told[0], &c, 1) == 1);
	check_rng();
	check(open(NODE, O_RDWR) < 0 && errno == EBUSY);
	kill(first, SIGKILL);
	check(waitpid(first, NULL, 0) == first);
	check_soon(!rng_is_there());
}

static void detach_with_reads_in_flight(void)
{
	pid_t pid;
	int fd;
	struct model *m = waiting_read(&pid, &fd);

	check(!ioctl(m->fd, VLB_DETACH));
	check_read_fails(pid);
	close(fd);
	check_soon(!exists(DISK));
	model_stop(m);
	m->hold = false;
	m->running = false;
	/* The same file has another go. */
	check(!ioctl(m->fd, VLB_ATTACH, &m->attach));
}

/* Those that the driver has put on its ring, and has not got back. */
static int reads_in_flight(void)
{
	char text[64];
	int reads = 0;

	if (read_text("/sys/block/vda/inflight", text, sizeof(text)))
		sscanf(text, "%d", &reads);
	return reads;
}

/* Some are with the device, and for the others there is no memory: all of them go back. */
static void detach_with_many_reads(void)
{
	struct model *m = model_block(4 * MiB, 1, INDIRECT | EVENT_IDX);
	pid_t reader[24];
	int fd, i, status;
	uint16_t taken;

	m->attach.queue[0].memory = 32768;
	model_start(m);
	fd = open_disk(O_DIRECT);
	m->hold = true;
	usleep(1000);
	for (i = 0; i < 24; i++) {
		reader[i] = fork();
		if (!reader[i]) {
			close(m->fd);
			_exit(pread(fd, aligned(4096), 4096, 8192 * i) < 0 && errno == EIO ? 0 : 1);
		}
	}
	check_soon(reads_in_flight() == 24);
	taken = m->queue[0].avail->idx - m->queue[0].next;
	check(taken >= 4 && taken <= 12);
	check(!ioctl(m->fd, VLB_DETACH));
	for (i = 0; i < 24; i++) {
		check_soon(waitpid(reader[i], &status, WNOHANG) == reader[i]);
		check(WIFEXITED(status) && !WEXITSTATUS(status));
	}
	close(fd);
	check_soon(!exists(DISK));
}

/* ---- Unplugged in order ---- */

/* Its driver may write a MiB at once. */
static struct model *model_large_block(int queues, uint64_t features)
{
	struct model *m = model_block(4 * MiB, queues, features);
	int i;

	for (i = 0; i < queues; i++)
		m->attach.queue[i].memory = 2 * MiB;
	return m;
}

/* So much of a disk is written, but not on the device yet; the file stays open, or it would be. */
static int dirty_disk(struct model *m, uint8_t *data)
{
	int fd = open_disk(0);
	size_t i;

	for (i = 0; i < MiB; i++)
		data[i] = i * 2654435761u >> 13;
	check(pwrite(fd, data, MiB, MiB) == MiB);
	check(memcmp(m->disk + MiB, data, MiB));
	return fd;
}

static void check_unplugged(struct model *m)
{
	struct vlb_message message;
	struct pollfd p = { .events = POLLIN };

	check_soon(broken(m) == VLB_BROKEN_UNPLUGGED);
	check(m->resets == m->starts && !m->failures);
	model_stop(m);
	p.fd = m->fd;
	check(poll(&p, 1, 10000) == 1 && p.revents == (POLLERR | POLLHUP));
	check(read(m->fd, &message, sizeof(message)) < 0 && errno == EPIPE);
	check(ioctl(m->fd, VLB_UNPLUG) < 0 && errno == EPIPE);
}

static void unplug_has_the_driver_write_back(void)
{
	struct model *m = model_large_block(2, INDIRECT | EVENT_IDX);
	uint8_t *data = aligned(MiB);
	int fd;

	model_start(m);
	fd = dirty_disk(m, data);
	check(!ioctl(m->fd, VLB_UNPLUG));
	check_unplugged(m);
	check(!memcmp(m->disk + MiB, data, MiB));
	check(!exists(DISK));
	check(ioctl(m->fd, VLB_ATTACH, &m->attach) < 0 && errno == EEXIST);
	check(!ioctl(m->fd, VLB_DETACH));
	check(ioctl(m->fd, VLB_UNPLUG) < 0 && errno == ENODEV);
	close(fd);
	m->running = false;
	check(!ioctl(m->fd, VLB_ATTACH, &m->attach));
}

/* The device is as served as before, until its driver is through. */
static void second_unplug_is_refused(void)
{
	struct model *m = model_large_block(1, 0);
	struct vlb_queue_fds fds = { 0 };
	uint8_t *data = aligned(MiB);
	int fd;

	model_start(m);
	fd = dirty_disk(m, data);
	m->hold = true;
	usleep(1000);
	check(!ioctl(m->fd, VLB_UNPLUG));
	check_soon(m->queue[0].avail->idx != m->queue[0].next);
	check(ioctl(m->fd, VLB_UNPLUG) < 0 && errno == EALREADY);
	check(ioctl(m->fd, VLB_ATTACH, &m->attach) < 0 && errno == EEXIST);
	fds.kick = m->queue[0].kick;
	fds.call = m->queue[0].call;
	check(!ioctl(m->fd, VLB_SET_QUEUE_FDS, &fds) && !broken(m));
	m->hold = false;
	check_unplugged(m);
	check(!memcmp(m->disk + MiB, data, MiB));
	close(fd);
}

/* The driver waits for a device that serves nothing: it fails, and nothing waits. */
static void detach_ends_an_unplug(void)
{
	struct model *m = model_large_block(1, INDIRECT);
	int fd;

	model_start(m);
	fd = dirty_disk(m, aligned(MiB));
	m->hold = true;
	usleep(1000);
	check(!ioctl(m->fd, VLB_UNPLUG));
	check_soon(m->queue[0].avail->idx != m->queue[0].next);
	usleep(50000);
	check(!broken(m));
	check(!ioctl(m->fd, VLB_DETACH));
	check_soon(!exists(DISK));
	close(fd);
	model_stop(m);
	check(!ioctl(m->fd, VLB_ATTACH, &m->attach));
}

static void owner_killed_while_it_unplugs(void)
{
	struct model *m = model_large_block(2, INDIRECT);
	int go[2], fd;
	pid_t owner;
	char c;

	check(!pipe(go));
	owner = fork();
	if (!owner) {
		model_start(m);
		check(read(go[0], &c, 1) == 1);
		m->hold = true;
		usleep(1000);
		check(!ioctl(m->fd, VLB_UNPLUG));
		pause();
	}
	fd = open_disk(0);
	check(pwrite(fd, aligned(MiB), MiB, 0) == MiB);
	check(write(go[1], "g", 1) == 1);
	usleep(100000);
	check(exists(DISK));
	kill(owner, SIGKILL);
	check(waitpid(owner, NULL, 0) == owner);
	check_soon(!exists(DISK));
	close(fd);
}

/* The driver comes, and is asked to go when it is through. */
static void unplug_before_driver_ok(void)
{
	struct model *m = model_rng();

	model_attach(m);
	check(!ioctl(m->fd, VLB_UNPLUG));
	usleep(10000);
	check(!broken(m));
	model_serve(m);
	check_unplugged(m);
	check(m->starts == 1 && m->resets == 1 && !rng_is_there());
	model_end(m);

	/* An answer that never comes ends it as ever. */
	m = model_rng();
	m->attach.timeout = 300;
	m->stop_at = STATUS_FEATURES_OK;
	model_start(m);
	check_soon(m->mute);
	check(!ioctl(m->fd, VLB_UNPLUG));
	check_soon(broken(m) == VLB_BROKEN_TIMEOUT);
	check(ioctl(m->fd, VLB_UNPLUG) < 0 && errno == EPIPE);
	model_end(m);
}

static void unplug_under_load_ends(void)
{
	struct model *m = model_block(4 * MiB, 2, INDIRECT | EVENT_IDX);
	pid_t reader[4];
	int fd, i, status;

	model_start(m);
	fd = open_disk(O_DIRECT);
	for (i = 0; i < 4; i++) {
		reader[i] = fork();
		if (!reader[i]) {
			void *data = aligned(4096);

			close(m->fd);
			while (pread(fd, data, 4096, 4096 * i) == 4096)
				;
			_exit(0);
		}
	}
	check_soon(m->served > 200);
	check(!ioctl(m->fd, VLB_UNPLUG));
	check_unplugged(m);
	for (i = 0; i < 4; i++)
		check(waitpid(reader[i], &status, 0) == reader[i] && !status);
	close(fd);
}

/* The driver resets the device in another thread, and comes again perhaps. */
static void unplug_beside_unbind_and_bind(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct model *m = model_rng();
		struct vlb_state state;
		pid_t pid;

		model_start(m);
		check_rng();
		check(!ioctl(m->fd, VLB_GET_STATE, &state));
		pid = fork();
		if (!pid) {
			int bind = open("/sys/bus/virtio/drivers/virtio_rng/bind", O_WRONLY);
			int unbind = open("/sys/bus/virtio/drivers/virtio_rng/unbind", O_WRONLY);

			close(m->fd);
			while (write(unbind, state.name, strlen(state.name)) > 0 &&
			       write(bind, state.name, strlen(state.name)) > 0)
				;
			_exit(0);
		}
		usleep(500 * i);
		check(!ioctl(m->fd, VLB_UNPLUG));
		check_unplugged(m);
		check(waitpid(pid, NULL, 0) == pid);
		model_end(m);
	}
}

/* What exceeds the memory fails while the device goes, too: its driver waits for that. */
static void unplug_while_buffers_fail_alone(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		struct model *m = model_block(4 * MiB, 2, INDIRECT | (i & 1 ? EVENT_IDX : 0));
		struct vlb_state state;
		pid_t reader[2];
		int fd, j;

		m->attach.queue[0].memory = 32768;
		m->attach.queue[1].memory = 32768;
		model_start(m);
		fd = open_disk(O_DIRECT);
		for (j = 0; j < 2; j++) {
			reader[j] = fork();
			if (!reader[j]) {
				void *data = aligned(65536);

				close(m->fd);
				while (pread(fd, data, j ? 4096 : 65536, 0) == 4096 ||
				       errno == EIO)
					;
				_exit(0);
			}
		}
		usleep(7000 * i);
		check(!ioctl(m->fd, VLB_GET_STATE, &state));
		if (i == 2) {
			int unbind = open("/sys/bus/virtio/drivers/virtio_blk/unbind", O_WRONLY);

			check(write(unbind, state.name, strlen(state.name)) > 0);
			close(unbind);
		}
		check(!ioctl(m->fd, VLB_UNPLUG));
		check_unplugged(m);
		for (j = 0; j < 2; j++) {
			kill(reader[j], SIGKILL);
			check(waitpid(reader[j], NULL, 0) == reader[j]);
		}
		close(fd);
		model_end(m);
		check_soon(!exists(DISK));
	}
}

static void all_kinds_are_unplugged(void)
{
	struct model *kinds[] = { model_rng(), model_input(), model_console(), model_i2c() };
	struct vlb_state state;
	int i;

	for (i = 0; i < 4; i++) {
		struct model *m = kinds[i];

		if (i == 3 && !exists("/sys/bus/virtio/drivers/i2c_virtio") &&
		    !exists("/sys/bus/virtio/drivers/virtio_i2c"))
			break;
		model_start(m);
		check_soon(!ioctl(m->fd, VLB_GET_STATE, &state) && state.bound);
		check(!ioctl(m->fd, VLB_UNPLUG));
		check_unplugged(m);
		check(m->resets == 1);
		model_end(m);
	}
}

/* ---- Again and again ---- */

static void a_hundred_attaches(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		struct model *m = model_rng();

		model_start(m);
		check_soon(m->running);
		if (i % 10 == 0)
			check_rng();
		model_end(m);
	}
}

static void a_hundred_detaches_of_one_file(void)
{
	struct model *m = model_rng();
	int i;

	model_attach(m);
	model_serve(m);
	check_soon(m->running);
	for (i = 0; i < 100; i++) {
		check(!ioctl(m->fd, VLB_DETACH));
		model_stop(m);
		m->running = false;
		check(!ioctl(m->fd, VLB_ATTACH, &m->attach));
		munmap(m->memory, m->memory_size);
		close(m->memory_fd);
		m->memory_fd = ioctl(m->fd, VLB_GET_MEMORY);
		m->memory = mmap(NULL, m->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				 m->memory_fd, 0);
		check(!ioctl(m->fd, VLB_SET_QUEUE_FDS,
			     &(struct vlb_queue_fds){ 0, m->queue[0].kick, m->queue[0].call, 0 }));
		model_serve(m);
		check_soon(m->running);
	}
	check_rng();
	model_end(m);
}

/* ---- Allocations, and copies from and to user space, that fail ---- */

/* Only a kernel with fault injection can have them. */
static bool can_inject(void)
{
	return exists("/proc/self/fail-nth");
}

/* The nth of this thread from now on fails. Returns what end_fault() wants. */
static int begin_fault(int n)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	char text[16];

	check(fd >= 0);
	sprintf(text, "%d", n);
	check(write(fd, text, strlen(text)) > 0);
	return fd;
}

/* Whether one has failed. */
static bool end_fault(int fd)
{
	char text[16] = "";
	bool came;
	int err = errno;

	/* That copy may be the one that fails, and so may the next. */
	came = read(fd, text, sizeof(text) - 1) > 0 && atoi(text) == 0;
	check(write(fd, "0", 1) > 0 || (errno == EFAULT && write(fd, "0", 1) > 0));
	close(fd);
	errno = err;
	return came;
}

/* What a call may give for want of memory; that of a thread is told by several. */
static bool is_want(int err)
{
	return err == ENOMEM || err == EFAULT || err == ENFILE || err == EINTR || err == EAGAIN;
}

/* An owner, call by call. */
struct owner {
	int fd;
	struct vlb_attach *attach;
	struct vlb_queue_fds *fds;
	int memory;
};

static int call_open(struct owner *o)
{
	o->fd = open(NODE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return o->fd < 0 ? -errno : 0;
}

static int call_attach(struct owner *o)
{
	return ioctl(o->fd, VLB_ATTACH, o->attach) ? -errno : 0;
}

static int call_detach(struct owner *o)
{
	return ioctl(o->fd, VLB_DETACH) ? -errno : 0;
}

static int call_unplug(struct owner *o)
{
	return ioctl(o->fd, VLB_UNPLUG) ? -errno : 0;
}

static int call_info(struct owner *o)
{
	struct vlb_info info;

	return ioctl(o->fd, VLB_GET_INFO, &info) ? -errno : 0;
}

static int call_state(struct owner *o)
{
	struct vlb_state state;

	return ioctl(o->fd, VLB_GET_STATE, &state) ? -errno : 0;
}

static int call_memory(struct owner *o)
{
	int fd = ioctl(o->fd, VLB_GET_MEMORY), err = errno;

	close(fd);
	return fd < 0 ? -err : 0;
}

static int call_mmap(struct owner *o)
{
	volatile uint8_t *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, o->memory, 0);
	int i;

	if (p == MAP_FAILED)
		return -errno;
	for (i = 0; i < 65536; i += 4096)
		p[i]++;
	munmap((void *)p, 65536);
	return 0;
}

static int call_queue(struct owner *o)
{
	struct vlb_queue queue = { .index = 1 };

	return ioctl(o->fd, VLB_GET_QUEUE, &queue) ? -errno : 0;
}

static int call_fds(struct owner *o)
{
	return ioctl(o->fd, VLB_SET_QUEUE_FDS, o->fds) ? -errno : 0;
}

static int call_config(struct owner *o)
{
	struct vlb_config config = { .length = 8, .flags = VLB_CONFIG_NOTIFY };

	memcpy(config.data, o->attach->config, 8);
	return ioctl(o->fd, VLB_SET_CONFIG, &config) ? -errno : 0;
}

static int call_read(struct owner *o)
{
	struct vlb_message message;

	return read(o->fd, &message, sizeof(message)) < 0 && errno != EAGAIN ? -errno : 0;
}

static int call_write(struct owner *o)
{
	int err = reply(o->fd, 4711, 0, NULL, 0);

	return err == -ENOENT ? 0 : err;
}

static int call_poll(struct owner *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : 0;
}

/* Closing never fails, whatever becomes of memory. */
static int call_close(struct owner *o)
{
	int fd = o->fd;

	o->fd = -1;
	return close(fd) ? -errno : 0;
}

static const struct {
	const char *name;
	int (*run)(struct owner *o);
	int needs;		/* 1: an open node, 2: a device as well */
} calls[] = {
	{ "open", call_open, 0 },
	{ "attach", call_attach, 1 },
	{ "info", call_info, 1 },
	{ "detach", call_detach, 2 },
	{ "unplug", call_unplug, 2 },
	{ "state", call_state, 2 },
	{ "memory", call_memory, 2 },
	{ "mmap", call_mmap, 2 },
	{ "queue", call_queue, 2 },
	{ "fds", call_fds, 2 },
	{ "config", call_config, 2 },
	{ "read", call_read, 2 },
	{ "write", call_write, 2 },
	{ "poll", call_poll, 2 },
	{ "close", call_close, 2 },
};

/* Of each call the first fails, then the second, until all go well; the other card never notices. */
static void failing_allocations_give_an_error(void)
{
	struct model *m = model_block(MiB, 2, 0), *other = model_rng();
	struct vlb_queue_fds fds = { 0, new_eventfd(), new_eventfd(), 0 };
	unsigned int i;
	int n, failures = 0;

	if (!can_inject())
		return;
	m->attach.queue[0].memory = m->attach.queue[1].memory = 65536;
	m->attach.queue[1].flags = VLB_QUEUE_POSTED;
	other->node = OTHER_NODE;
	model_start(other);
	check_rng();
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		bool came = true;

		for (n = 1; came; n++) {
			struct owner o = {
				.fd = -1, .attach = &m->attach, .fds = &fds, .memory = -1,
			};
			int fault, err;

			check(n < 2000);
			if (calls[i].needs > 0)
				check(!call_open(&o));
			if (calls[i].needs > 1) {
				check(!call_attach(&o));
				o.memory = ioctl(o.fd, VLB_GET_MEMORY);
				check(o.memory >= 0);
			}
			fault = begin_fault(n);
			err = calls[i].run(&o);
			came = end_fault(fault);
			if (err) {
				failures++;
				if (!is_want(-err) || !came)
					fail("%s: allocation %d gave %s", calls[i].name, n,
					     strerror(-err));
				/* There is nothing half done that would be in the way. */
				err = calls[i].run(&o);
				if (err)
					fail("%s: behind allocation %d %s", calls[i].name, n,
					     strerror(-err));
			}
			if (o.memory >= 0)
				close(o.memory);
			if (o.fd >= 0)
				close(o.fd);
			check_rng();
		}
		printf("# %s: %d allocations or copies\n", calls[i].name, n - 2);
	}
	printf("# %d failed\n", failures);
	check(failures > 20);
	check(!broken(other));
	model_end(other);
}

static struct vlb_state state_of(struct model *m)
{
	struct vlb_state state;

	check(!ioctl(m->fd, VLB_GET_STATE, &state));
	return state;
}

/* The same for what a driver does when it probes the device: for each of the first ones, then every so many. */
static void bind_with_faults(struct model *m, const char *driver, int first, int step)
{
	char bind[128], unbind[128], name[32];
	bool came = true;
	int n, failures = 0;

	if (!can_inject())
		return;
	sprintf(bind, "/sys/bus/virtio/drivers/%s/bind", driver);
	sprintf(unbind, "/sys/bus/virtio/drivers/%s/unbind", driver);
	model_start(m);
	check_soon(state_of(m).bound);
	strcpy(name, state_of(m).name);
	for (n = 1; came; n += n < first ? 1 : step) {
		int fd, fault;
		bool bound;

		check(n < 2000);
		write_text(unbind, name);
		check(!state_of(m).bound);
		fd = open(bind, O_WRONLY | O_CLOEXEC);
		check(fd >= 0);
		fault = begin_fault(n);
		bound = write(fd, name, strlen(name)) > 0;
		came = end_fault(fault);
		close(fd);
		check(bound || came);
		check(!broken(m));
		if (!bound) {
			failures++;
			check(!state_of(m).bound);
			write_text(bind, name);
		}
		if (!state_of(m).bound || !m->running)
			fail("allocation %d (bound: %d): %s", n, bound,
			     m->running ? "nobody has it" : "it does not run");
	}
	printf("# %d probes failed, the last allocation was some before %d\n", failures, n);
	check(failures > 5);
}

static void rng_is_bound_with_failing_allocations(void)
{
	struct model *m = model_rng();

	bind_with_faults(m, "virtio_rng", 100, 1);
	if (can_inject())
		check_rng();
}

static void disk_is_bound_with_failing_allocations(void)
{
	struct model *m = model_block(4 * MiB, 2, INDIRECT | EVENT_IDX);

	bind_with_faults(m, "virtio_blk", 20, 47);
	if (can_inject())
		run_block_load(m, 4, 50);
}

static void input_is_bound_with_failing_allocations(void)
{
	bind_with_faults(model_input(), "virtio_input", 30, 7);
}

/* Threads of the kernel, any of which may be the one that puts a device on its bus. */
struct workers {
	int count;
	int fd[64];		/* of their fail-nth */
};

/* Takes a third of a second in a debug kernel. */
static void find_workers(struct workers *w)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	check(dir);
	while (w->count)
		close(w->fd[--w->count]);
	while ((entry = readdir(dir))) {
		char path[300], text[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (!read_text(path, text, sizeof(text)) || strncmp(text, "kworker/u", 9))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fail-nth", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;	/* it has just ended */
		check(w->count < 64);
		w->fd[w->count++] = fd;
	}
	closedir(dir);
}

/* The nth allocation of each from now on fails; 0: none. */
static void fault_workers(struct workers *w, int n)
{
	char text[16];
	int i;

	sprintf(text, "%d", n);
	for (i = 0; i < w->count; i++)
		check(pwrite(w->fd[i], text, strlen(text), 0) > 0 || errno == ESRCH);
}

/* Whether one has failed. */
static bool worker_failed(const struct workers *w)
{
	int i;

	for (i = 0; i < w->count; i++) {
		char text[16] = "";

		if (pread(w->fd[i], text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0)
			return true;
	}
	return false;
}

/*
 * What the kernel needs to have a device on its bus, and its driver: each of
 * these fails once. With entropy, whose driver needs the fewest, they are some
 * fifty; the others' own needs are seen to by the tests above. The count shifts
 * by one or two with what the kernel has in stock, so one may be passed over.
 */
static void bus_takes_a_device_with_failing_allocations(void)
{
	struct model *other = model_rng();
	struct workers workers = {};
	int n, refused = 0, without = 0, missed = 0;

	if (!can_inject())
		return;
	other->node = OTHER_NODE;
	model_start(other);
	check_rng();
	find_workers(&workers);
	for (n = 1; missed < 2; n++) {
		struct model *m = model_rng();

		check(n < 200);
		m->attach.queue[0].memory = 4096;
		fault_workers(&workers, n);
		model_attach(m);
		model_serve(m);
		/* Goes when its driver is through, or at once if it never came (EPIPE). */
		check(!ioctl(m->fd, VLB_UNPLUG) || errno == EPIPE);
		check_soon(broken(m));
		if (worker_failed(&workers)) {
			missed = 0;
		} else {
			/* That was all, or another thread did it: once more. */
			missed++;
			n--;
			find_workers(&workers);
		}
		fault_workers(&workers, 0);
		if (broken(m) == VLB_BROKEN_REGISTER)
			refused++;
		else if (!m->starts)
			without++;
		check(broken(m) == VLB_BROKEN_REGISTER || broken(m) == VLB_BROKEN_UNPLUGGED);
		model_end(m);
		check_rng();
	}
	printf("# %d allocations: %d times not registered, %d times without driver\n", n - 1,
	       refused, without);
	check(n > 30 && refused > 3);
	check(!broken(other));
	model_end(other);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#define TEST(f) { #f, f }
	TEST(info_tells_version_and_limits),
	TEST(node_has_one_owner),
	TEST(nothing_works_before_attach),
	TEST(bad_attach_is_refused),
	TEST(console_that_could_spin_is_refused),
	TEST(second_attach_is_refused),
	TEST(bad_arguments_are_refused),
	TEST(memory_is_a_sealed_file),
	TEST(out_of_range_memory_is_a_fault_of_the_process),
	TEST(punched_holes_hurt_nobody),
	TEST(memory_outlives_its_device),
	TEST(rng_reads_what_the_device_wrote),
	TEST(block_with_plain_rings_is_exact),
	TEST(block_with_indirect_is_exact),
	TEST(block_with_event_idx_is_exact),
	TEST(block_with_all_features_is_exact),
	TEST(block_with_little_memory_is_exact),
	TEST(block_with_little_memory_plain_is_exact),
	TEST(too_large_a_buffer_fails_alone),
	TEST(too_large_a_text_fails_alone),
	TEST(too_large_a_text_is_dropped_alone),
	TEST(configuration_change_reaches_the_driver),
	TEST(console_gets_text),
	TEST(console_does_not_wait_for_a_device_that_sleeps),
	TEST(input_selects_by_configuration_writes),
	TEST(input_reads_configuration_by_messages),
	TEST(driver_unbinds_and_binds),
	TEST(bound_tells_that_a_driver_is_through),
	TEST(nodes_do_not_mix),
	TEST(one_eventfd_for_both_ways_is_harmless),
	TEST(kick_of_one_device_can_be_the_call_of_another),
	TEST(too_few_queues_end_the_driver),
	TEST(posted_queue_takes_no_buffer_to_write),
	TEST(input_comes_before_a_console_is_there),
	TEST(posted_input_does_not_keep_a_console),
	TEST(silence_at_features_ok_breaks_the_device),
	TEST(silence_at_driver_ok_breaks_the_device),
	TEST(silence_at_reset_ends_with_the_timeout),
	TEST(refused_features_end_the_driver),
	TEST(refused_driver_ok_breaks_the_device),
	TEST(answers_count_once_and_only_if_asked),
	TEST(used_id_beyond_the_ring_breaks_the_device),
	TEST(used_id_of_the_size_breaks_the_device),
	TEST(used_id_all_ones_breaks_the_device),
	TEST(used_id_not_available_breaks_the_device),
	TEST(used_index_jump_breaks_the_device),
	TEST(used_index_jump_by_half_breaks_the_device),
	TEST(used_index_back_breaks_the_device),
	TEST(buffer_used_twice_breaks_the_device),
	TEST(forged_length_is_cut),
	TEST(scribbled_rings_reach_no_driver),
	TEST(owner_killed_behind_open),
	TEST(owner_killed_behind_attach),
	TEST(owner_killed_at_features_ok),
	TEST(owner_killed_at_driver_ok),
	TEST(disk_killed_at_driver_ok),
	TEST(input_killed_at_driver_ok),
	TEST(console_killed_at_driver_ok),
	TEST(owner_killed_while_the_driver_probes),
	TEST(owner_killed_with_buffers_in_flight),
	TEST(reads_that_go_on_do_not_keep_a_device),
	TEST(i2c_transfer_ends_when_its_device_goes),
	TEST(owner_killed_in_the_middle_of_a_read),
	TEST(owner_killed_while_it_waits_for_messages),
	TEST(daemon_outlives_the_owner),
	TEST(owner_can_be_inherited),
	TEST(detach_with_reads_in_flight),
	TEST(detach_with_many_reads),
	TEST(unplug_has_the_driver_write_back),
	TEST(second_unplug_is_refused),
	TEST(detach_ends_an_unplug),
	TEST(owner_killed_while_it_unplugs),
	TEST(unplug_before_driver_ok),
	TEST(unplug_under_load_ends),
	TEST(unplug_beside_unbind_and_bind),
	TEST(unplug_while_buffers_fail_alone),
	TEST(all_kinds_are_unplugged),
	TEST(a_hundred_attaches),
	TEST(a_hundred_detaches_of_one_file),
	TEST(failing_allocations_give_an_error),
	TEST(rng_is_bound_with_failing_allocations),
	TEST(disk_is_bound_with_failing_allocations),
	TEST(input_is_bound_with_failing_allocations),
	TEST(bus_takes_a_device_with_failing_allocations),
};

/* The kernel's messages are to show what they belong to; dprintf cannot write there. */
static void tell_kernel(const char *name)
{
	char line[128];
	int kernel = open("/dev/kmsg", O_WRONLY);

	snprintf(line, sizeof(line), "test %s\n", name);
	if (write(kernel, line, strlen(line)) < 0)
		fail("/dev/kmsg");
	close(kernel);
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1;
}

/* In a process group of its own, with a time limit. */
static bool passes(void (*run)(void))
{
	double start = seconds();
	bool killed = false;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		run();
		fflush(stdout);
		_exit(0);
	}
	setpgid(pid, pid);
	while (!waitpid(pid, &status, WNOHANG)) {
		if (seconds() - start > LIMIT && !killed) {
			printf("takes more than %d s\n", LIMIT);
			kill(-pid, SIGKILL);
			killed = true;
		} else if (seconds() - start > LIMIT + 30) {
			printf("FAILED: the kernel does not let it end\n");
			exit(1);
		}
		usleep(1000);
	}
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	unsigned int i, failed = 0, done = 0;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		double start = seconds();
		bool ok;

		if (argc == 2 && !strcmp(argv[1], "--list")) {
			puts(tests[i].name);
			continue;
		}
		if (!wanted(tests[i].name, argc, argv))
			continue;
		tell_kernel(tests[i].name);
		ok = passes(tests[i].run) && passes(check_works);
		done++;
		failed += !ok;
		printf("%s %s (%.1f s)\n", ok ? "ok" : "FAILED", tests[i].name, seconds() - start);
	}
	if (done)
		printf("%u tests, %u failed\n", done, failed);
	return failed != 0;
}
