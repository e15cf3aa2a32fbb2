/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio-loopback: what its three parts know of each other.
 *
 *   node.c    /dev/loopback-N: the owner's system calls
 *   device.c  a virtio device: its life, its status, questions to its owner
 *   queue.c   the driver's rings, their shadows in shared memory
 */
#ifndef _LOOPBACK_H
#define _LOOPBACK_H

#include <linux/completion.h>
#include <linux/eventfd.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "virtio_loopback.h"

#if !defined(CONFIG_64BIT) || defined(CONFIG_CPU_BIG_ENDIAN) || defined(__BIG_ENDIAN)
#error "virtio-loopback is for 64-bit little-endian machines"
#endif

/* What Kbuild found in the headers of this kernel. */
#ifdef VLB_EVENTFD_SIGNAL_COUNTS
#define vlb_signal(ctx)	eventfd_signal(ctx, 1)
#else
#define vlb_signal(ctx)	eventfd_signal(ctx)
#endif

#ifdef VLB_VMA_FLAGS
#define VLB_SHMEM_FLAGS	EMPTY_VMA_FLAGS
#else
#define VLB_SHMEM_FLAGS	0
#endif

#ifdef VLB_CLASS_HAS_OWNER
#define vlb_class_create(name)	class_create(THIS_MODULE, name)
#else
#define vlb_class_create(name)	class_create(name)
#endif

/* It did not wait to be woken then. */
#ifdef VLB_NO_RUN_WORKER
#define vlb_run_worker	kthread_create_worker
#else
#define vlb_run_worker	kthread_run_worker
#endif

#define VLB_MAX_NODES	64

/* One of /dev/loopback-N; there from load to unload. */
struct vlb_node {
	unsigned int index;
	struct device *dev;
	atomic_t owned;
	wait_queue_head_t wait;		/* the owner in read() and poll() */
	atomic_t leaving;		/* former devices still on the bus */
	wait_queue_head_t left;
};

/* The memory that user space sees. */
struct vlb_memory {
	struct file *file;
	struct page **pages;
	unsigned long count;		/* of pages */
	void *base;			/* all of them, as the kernel sees them */
};

/* A chain that the device has, under its head descriptor in the shadow ring. */
struct vlb_flight {
	struct list_head list;
	u32 start;			/* of its memory */
	u32 bytes;			/* of it; 0: not in flight */
};

struct vlb_device;

/* An eventfd that is watched. */
struct vlb_call {
	struct vlb_queue_ctx *queue;
	struct eventfd_ctx *ctx;
	wait_queue_entry_t entry;
	poll_table table;
};

/* A queue. Its limits hold from attach to the end, the rest while a driver has it. */
struct vlb_queue_ctx {
	struct vlb_device *dev;
	u32 index;
	u32 flags;
	u32 max;			/* descriptors */
	u32 ring_at;			/* offsets and sizes in the memory */
	u32 ring_bytes;
	u32 pool_at;
	u32 pool_bytes;

	/* The driver's callback runs under it, set-up and removal exclude it. */
	struct mutex serve;
	struct kthread_work work;
	struct kthread_delayed_work again;
	struct kthread_delayed_work drain;
	struct vlb_call *call;		/* under dev->fds */

	spinlock_t lock;		/* of all below; drivers kick in any context */
	struct virtqueue *vq;		/* NULL while no driver has it */
	struct eventfd_ctx *kick;

	const struct vring *ring;	/* the driver's */
	u32 num;
	u16 avail_seen;			/* of the driver's, taken over */
	u16 used;			/* of the driver's, written */
	u16 interrupted;		/* the same, at the last interrupt */

	struct vring shadow;		/* the device's */
	u16 shadow_avail;		/* written */
	u16 shadow_kicked;		/* the same, at the last kick */
	u16 shadow_used;		/* taken over */

	struct vlb_flight *flights;
	struct list_head order;		/* of those in flight */
	u32 in_flight;
	u16 *free_ids;			/* of a posted queue */
	u32 free_count;
	unsigned long *pool;		/* a bit for each granule in use */
	u32 hint;

	u64 completed;
	u64 dropped;
};

struct vlb_device {
	struct kref ref;
	struct vlb_node *node;
	struct virtio_device vdev;
	struct completion released;	/* by the driver core */
	struct work_struct add;
	struct work_struct unplug;
	struct work_struct remove;
	bool registered;		/* of the works, each of which waits for those before it */
	bool unplugging;		/* under the session's lock */
	struct kthread_worker *worker;

	u64 features;
	u32 attach_flags;
	unsigned long timeout;		/* jiffies */
	struct vlb_memory memory;

	/* How it broke: broken is set once, then the worker sees to the rest. */
	u32 broken;
	u32 broken_queue;
	struct kthread_work break_work;
	bool said;			/* in the log */

	char name[32];			/* on the bus, once it has had a status */
	u8 status;
	bool told;			/* the owner has heard of a driver */

	spinlock_t config_lock;		/* of the next three */
	u32 config_size;
	u32 generation;
	u8 config[VLB_MAX_CONFIG];

	spinlock_t ask_lock;		/* of all questions asked */
	struct list_head asked;
	u32 last_id;
	wait_queue_head_t answered;

	struct mutex fds;		/* of kicks and calls as they are replaced */
	u32 queue_count;
	struct vlb_queue_ctx queue[];
};

#define to_vlb(v)	container_of(v, struct vlb_device, vdev)

extern struct workqueue_struct *vlb_wq;

/* device.c */
struct vlb_device *vlb_attach_device(struct vlb_node *node, const struct vlb_attach *attach,
				     u64 max_memory);
int vlb_unplug_device(struct vlb_device *dev);
void vlb_detach_device(struct vlb_device *dev);
void vlb_put_device(struct vlb_device *dev);
void vlb_break(struct vlb_device *dev, enum vlb_broken reason, u32 queue);
bool vlb_is_broken(struct vlb_device *dev);
bool vlb_is_bound(const struct vlb_device *dev);
bool vlb_features_known(u64 features);
u64 vlb_features_offered(void);

bool vlb_next_message(struct vlb_device *dev, struct vlb_message *message, bool take);
void vlb_untake_message(struct vlb_device *dev, u32 id);
int vlb_answer(struct vlb_device *dev, const struct vlb_reply *reply);
int vlb_change_config(struct vlb_device *dev, const struct vlb_config *change);
void vlb_get_state(struct vlb_device *dev, struct vlb_state *state);

/* queue.c */
int vlb_init_queue(struct vlb_device *dev, u32 index, const struct vlb_queue_spec *spec);
void vlb_free_queue(struct vlb_queue_ctx *q);
struct virtqueue *vlb_setup_queue(struct vlb_queue_ctx *q, const char *name,
				  void (*callback)(struct virtqueue *), bool ctx);
void vlb_remove_queue(struct vlb_queue_ctx *q);
void vlb_synchronize_queue(struct vlb_queue_ctx *q);
void vlb_start_queue(struct vlb_queue_ctx *q);
void vlb_drain_queue(struct vlb_queue_ctx *q);
void vlb_get_queue(struct vlb_queue_ctx *q, struct vlb_queue *info);
int vlb_set_queue_fds(struct vlb_queue_ctx *q, int kick, int call);
void vlb_unwatch_queue(struct vlb_queue_ctx *q);

#endif /* _LOOPBACK_H */
