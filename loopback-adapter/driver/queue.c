// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-loopback: queues.
 *
 * The driver's ring and buffers are the kernel's alone. A ring of the same
 * size lies in the shared memory, its shadow: there the module is the driver.
 * A chain in the shadow has the driver's head and pieces, but its addresses
 * are those of memory from the queue's pool, which is shared too.
 *
 * Whatever lies in shared memory may change at any moment. Descriptors and the
 * avail ring are only written there, never read. Of the used ring the index,
 * the ids and the lengths are read once each, and checked.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/virtio_ids.h>

#include "loopback.h"

/* Pools are given out in units of a cache line. */
#define GRANULE		64
/* Pieces of a chain begin at a multiple of this, as from an allocator. */
#define PIECE_ALIGN	16
/* Bytes to copy at a time with interrupts off, if a single chain has no more. */
#define BUDGET		(128 * 1024)
/*
 * A broken device fails what its driver still adds, so that nobody waits for
 * ever, and any device what it could never take; but not at once: some drivers
 * add one for each that comes back.
 */
#define SHORT_DELAY	(HZ / 100 ?: 1)

/* ---- The pieces of a driver's chain ---- */

struct vlb_chain {
	const struct vring_desc *table;	/* indirect, or the driver's ring */
	u32 size;			/* of it */
	u32 left;			/* pieces that there may still be */
	u16 next;
	bool more;
	bool indirect;
};

static void chain_begin(const struct vlb_queue_ctx *q, struct vlb_chain *c, u16 head)
{
	const struct vring_desc *first = &q->ring->desc[head];

	c->indirect = first->flags & VRING_DESC_F_INDIRECT;
	if (c->indirect) {
		c->table = phys_to_virt(first->addr);
		c->size = first->len / sizeof(*first);
		c->next = 0;
	} else {
		c->table = q->ring->desc;
		c->size = q->num;
		c->next = head;
	}
	c->left = c->size;
	c->more = c->size > 0;
}

static const struct vring_desc *chain_next(struct vlb_chain *c)
{
	const struct vring_desc *d;

	if (!c->more || !c->left || c->next >= c->size)
		return NULL;
	d = &c->table[c->next];
	c->left--;
	c->more = d->flags & VRING_DESC_F_NEXT;
	c->next = d->next;
	return d;
}

struct vlb_measure {
	u64 bytes;			/* of the pool */
	u32 pieces;
	bool indirect;
	bool writable;			/* one piece at least */
};

static int measure_chain(const struct vlb_queue_ctx *q, u16 head, struct vlb_measure *m)
{
	const struct vring_desc *d;
	struct vlb_chain c;

	*m = (struct vlb_measure){};
	chain_begin(q, &c, head);
	m->indirect = c.indirect;
	while ((d = chain_next(&c))) {
		if (d->flags & VRING_DESC_F_INDIRECT)
			return -EINVAL;
		m->bytes += ALIGN((u64)d->len, PIECE_ALIGN);
		m->writable |= !!(d->flags & VRING_DESC_F_WRITE);
		m->pieces++;
	}
	if (!m->pieces || c.more)
		return -EINVAL;
	if (m->indirect)
		m->bytes += (u64)m->pieces * sizeof(*d);
	return 0;
}

/* ---- The pool ---- */

/* Returns the offset in the shared memory, 0 if there is no room. */
static u32 pool_alloc(struct vlb_queue_ctx *q, u32 bytes)
{
	unsigned long size = q->pool_bytes / GRANULE;
	unsigned long n = DIV_ROUND_UP(bytes, GRANULE);
	unsigned long at;

	at = bitmap_find_next_zero_area(q->pool, size, q->hint, n, 0);
	if (at >= size)
		at = bitmap_find_next_zero_area(q->pool, size, 0, n, 0);
	if (at >= size)
		return 0;
	bitmap_set(q->pool, at, n);
	q->hint = at + n < size ? at + n : 0;
	return q->pool_at + at * GRANULE;
}

static void pool_free(struct vlb_queue_ctx *q, u32 start, u32 bytes)
{
	bitmap_clear(q->pool, (start - q->pool_at) / GRANULE, DIV_ROUND_UP(bytes, GRANULE));
}

/* ---- From the driver to the device ---- */

/* Writes the descriptors of a chain, and the contents that the device is to read, to its memory. */
static void describe_chain(struct vlb_queue_ctx *q, u16 head, const struct vlb_measure *m, u32 at)
{
	void *base = q->dev->memory.base;
	const struct vring_desc *d;
	struct vring_desc *table = q->shadow.desc;
	struct vlb_chain c;
	u16 i;

	chain_begin(q, &c, head);
	i = c.next;
	if (c.indirect) {
		table = base + at;
		q->shadow.desc[head].addr = at;
		q->shadow.desc[head].len = m->pieces * sizeof(*d);
		q->shadow.desc[head].flags = VRING_DESC_F_INDIRECT;
		q->shadow.desc[head].next = 0;
		at += m->pieces * sizeof(*d);
		/* Whatever the order of the driver's table, a piece gets the next entry. */
		i = 0;
	}
	while ((d = chain_next(&c))) {
		u16 next = c.indirect ? i + 1 : d->next;

		table[i].addr = at;
		table[i].len = d->len;
		table[i].flags = d->flags & (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
		table[i].next = c.more ? next : 0;
		if (!(d->flags & VRING_DESC_F_WRITE))
			memcpy(base + at, phys_to_virt(d->addr), d->len);
		at += ALIGN(d->len, PIECE_ALIGN);
		i = next;
	}
}

static void publish(struct vlb_queue_ctx *q, u16 head)
{
	WRITE_ONCE(q->shadow.avail->ring[q->shadow_avail & (q->num - 1)], head);
	/* The chain before the index that makes it available. */
	smp_wmb();
	q->shadow_avail++;
	WRITE_ONCE(q->shadow.avail->idx, q->shadow_avail);
}

static void take_off(struct vlb_queue_ctx *q, struct vlb_flight *f, u32 start, u32 bytes)
{
	f->start = start;
	f->bytes = bytes;
	list_add_tail(&f->list, &q->order);
	q->in_flight++;
}

static void land(struct vlb_queue_ctx *q, struct vlb_flight *f)
{
	pool_free(q, f->start, f->bytes);
	f->bytes = 0;
	if (q->flags & VLB_QUEUE_POSTED)
		q->free_ids[q->free_count++] = f - q->flights;
}

static void put_used(struct vlb_queue_ctx *q, u16 head, u32 len)
{
	struct vring_used_elem *elem = &q->ring->used->ring[q->used & (q->num - 1)];

	elem->id = head;
	elem->len = len;
	/* The element before the index. */
	smp_wmb();
	q->used++;
	WRITE_ONCE(q->ring->used->idx, q->used);
	q->completed++;
}

/* Copies what a chain holds, piece behind piece, if there is room, and gives it back at once. */
static void post_chain(struct vlb_queue_ctx *q, u16 head, const struct vlb_measure *m)
{
	const struct vring_desc *d;
	struct vlb_chain c;
	u32 bytes = max_t(u32, m->bytes, 1);
	u32 at = 0;

	if (q->free_count && m->bytes <= q->pool_bytes)
		at = pool_alloc(q, bytes);
	if (at) {
		u16 id = q->free_ids[--q->free_count];
		u32 end = at;

		take_off(q, &q->flights[id], at, bytes);
		chain_begin(q, &c, head);
		while ((d = chain_next(&c))) {
			memcpy(q->dev->memory.base + end, phys_to_virt(d->addr), d->len);
			end += d->len;
		}
		q->shadow.desc[id].addr = at;
		q->shadow.desc[id].len = end - at;
		q->shadow.desc[id].flags = 0;
		q->shadow.desc[id].next = 0;
		publish(q, id);
	} else {
		q->dropped++;
	}
	put_used(q, head, 0);
}

/* Takes over one chain of the driver. -ENOSPC: not now; -EFBIG: never. */
static int take_chain(struct vlb_queue_ctx *q, u16 head, u32 *copied)
{
	struct vlb_measure m;
	struct vlb_flight *f;
	u32 at;

	if (head >= q->num || measure_chain(q, head, &m)) {
		vlb_break(q->dev, VLB_BROKEN_DRIVER, q->index);
		return -EINVAL;
	}
	*copied = m.bytes;
	if (q->flags & VLB_QUEUE_POSTED) {
		if (m.writable) {
			vlb_break(q->dev, VLB_BROKEN_DRIVER, q->index);
			return -EINVAL;
		}
		post_chain(q, head, &m);
		return 0;
	}
	if (m.bytes > q->pool_bytes)
		return -EFBIG;
	f = &q->flights[head];
	if (f->bytes) {
		vlb_break(q->dev, VLB_BROKEN_DRIVER, q->index);
		return -EINVAL;
	}
	at = pool_alloc(q, max_t(u32, m.bytes, 1));
	if (!at)
		return -ENOSPC;
	take_off(q, f, at, max_t(u32, m.bytes, 1));
	describe_chain(q, head, &m, at);
	publish(q, head);
	return 0;
}

static bool event_idx(const struct vlb_queue_ctx *q)
{
	return __virtio_test_bit(&q->dev->vdev, VIRTIO_RING_F_EVENT_IDX);
}

/* Wakes the device, if it wants to know of what was published since the last time. */
static void kick(struct vlb_queue_ctx *q)
{
	bool wanted;

	if (q->shadow_kicked == q->shadow_avail)
		return;
	/* The index before the device's wish: either we see it or the device sees the index. */
	smp_mb();
	if (event_idx(q))
		wanted = vring_need_event(READ_ONCE(vring_avail_event(&q->shadow)),
					  q->shadow_avail, q->shadow_kicked);
	else
		wanted = !(READ_ONCE(q->shadow.used->flags) & VRING_USED_F_NO_NOTIFY);
	q->shadow_kicked = q->shadow_avail;
	if (wanted && q->kick)
		vlb_signal(q->kick);
}

/*
 * Takes over what the driver has made available. 1: there is more than the
 * budget; -EFBIG: next is a chain that never fits, which the worker fails.
 */
static int pull(struct vlb_queue_ctx *q)
{
	s64 budget = BUDGET;
	u32 copied;

	for (;;) {
		while (q->avail_seen != READ_ONCE(q->ring->avail->idx)) {
			u16 head;
			int err;

			if (budget <= 0)
				return 1;
			/* The index before the ring. */
			smp_rmb();
			head = q->ring->avail->ring[q->avail_seen & (q->num - 1)];
			err = take_chain(q, head, &copied);
			/* No room: the worker tries again when something has come back. */
			if (err)
				return err == -EFBIG ? err : 0;
			q->avail_seen++;
			budget -= copied;
		}
		if (!event_idx(q))
			return 0;
		WRITE_ONCE(vring_avail_event(q->ring), q->avail_seen);
		/* Either the driver sees the event or we see its index. */
		smp_mb();
		if (q->avail_seen == READ_ONCE(q->ring->avail->idx))
			return 0;
	}
}

/* ---- From the device to the driver ---- */

/* Copies what the device wrote, or marks it as failed. Returns how much there is. */
static u32 finish_chain(const struct vlb_queue_ctx *q, u16 head, u32 start, bool failed)
{
	const void *base = q->dev->memory.base;
	const struct vring_desc *d;
	struct vlb_chain c;
	u32 at = start;
	u32 writable = 0;

	chain_begin(q, &c, head);
	if (c.indirect) {
		struct vlb_measure m;

		measure_chain(q, head, &m);
		at += m.pieces * sizeof(*d);
	}
	while ((d = chain_next(&c))) {
		if (d->flags & VRING_DESC_F_WRITE) {
			if (failed)
				memset(phys_to_virt(d->addr), 0xff, d->len);
			else
				memcpy(phys_to_virt(d->addr), base + at, d->len);
			writable += d->len;
		}
		at += ALIGN(d->len, PIECE_ALIGN);
	}
	return writable;
}

/* Takes the next chain out of flight that the device has used; NULL if there is none. */
static struct vlb_flight *next_used(struct vlb_queue_ctx *q, u32 *len)
{
	const struct vring_used_elem *elem;
	struct vlb_flight *f;
	u16 pending;
	u32 id;

	pending = READ_ONCE(q->shadow.used->idx) - q->shadow_used;
	if (!pending)
		return NULL;
	if (pending > q->in_flight) {
		vlb_break(q->dev, VLB_BROKEN_USED_INDEX, q->index);
		return NULL;
	}
	/* The index before the element. */
	smp_rmb();
	elem = &q->shadow.used->ring[q->shadow_used & (q->num - 1)];
	id = READ_ONCE(elem->id);
	*len = READ_ONCE(elem->len);
	if (id >= q->num) {
		vlb_break(q->dev, VLB_BROKEN_USED_ID, q->index);
		return NULL;
	}
	f = &q->flights[array_index_nospec(id, q->num)];
	if (!f->bytes) {
		vlb_break(q->dev, VLB_BROKEN_USED_ID, q->index);
		return NULL;
	}
	list_del(&f->list);
	q->in_flight--;
	q->shadow_used++;
	return f;
}

/* Gives back what the device has used. */
static void take_used(struct vlb_queue_ctx *q)
{
	struct vlb_flight *f;
	u32 len;

	for (;;) {
		spin_lock_irq(&q->lock);
		f = next_used(q, &len);
		if (!f && event_idx(q)) {
			WRITE_ONCE(vring_used_event(&q->shadow), q->shadow_used);
			/* Either the device sees the event or we see its index. */
			smp_mb();
			f = next_used(q, &len);
		}
		if (!f) {
			spin_unlock_irq(&q->lock);
			return;
		}
		if (!(q->flags & VLB_QUEUE_POSTED)) {
			u16 head = f - q->flights;
			u32 writable;

			/* Nobody else touches it: the driver has not got it back yet. */
			spin_unlock_irq(&q->lock);
			writable = finish_chain(q, head, f->start, false);
			spin_lock_irq(&q->lock);
			put_used(q, head, min(len, writable));
		}
		land(q, f);
		spin_unlock_irq(&q->lock);
		cond_resched();
	}
}

/* Calls the driver back, if it wants to know of what came back since the last time. */
static void interrupt(struct vlb_queue_ctx *q)
{
	unsigned long flags = 0;
	bool wanted = false;

	spin_lock_irq(&q->lock);
	if (q->used != q->interrupted) {
		/* The index before the driver's wish. */
		smp_mb();
		if (event_idx(q))
			wanted = vring_need_event(READ_ONCE(vring_used_event(q->ring)),
						  q->used, q->interrupted);
		else
			wanted = !(READ_ONCE(q->ring->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
		q->interrupted = q->used;
	}
	spin_unlock_irq(&q->lock);
	if (!wanted)
		return;
	/* As from an interrupt; with PREEMPT_RT those are threads. */
	local_bh_disable();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_save(flags);
	vring_interrupt(0, q->vq);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_restore(flags);
	local_bh_enable();
}

/* Whether the queue is the device's to work on. Under serve. */
static bool is_running(struct vlb_queue_ctx *q)
{
	return q->vq && READ_ONCE(q->dev->status) & VIRTIO_CONFIG_S_DRIVER_OK &&
	       !vlb_is_broken(q->dev);
}

/*
 * Whether the driver may get buffers back. That of consoles touches its rings
 * without a lock when input comes while it still probes, and ruins them.
 */
static bool is_settled(const struct vlb_queue_ctx *q)
{
	return q->dev->vdev.id.device != VIRTIO_ID_CONSOLE || vlb_is_bound(q->dev);
}

/* Fails the driver's next chain, which exceeds the pool. Under serve. */
static void fail_next(struct vlb_queue_ctx *q)
{
	u16 head;

	spin_lock_irq(&q->lock);
	head = q->ring->avail->ring[q->avail_seen & (q->num - 1)];
	q->avail_seen++;
	spin_unlock_irq(&q->lock);
	dev_warn_ratelimited(q->dev->node->dev,
			     "device %u: a buffer exceeds the memory of queue %u, and fails\n",
			     q->dev->vdev.id.device, q->index);
	finish_chain(q, head, 0, true);
	spin_lock_irq(&q->lock);
	put_used(q, head, 0);
	spin_unlock_irq(&q->lock);
}

/* The worker: whatever there is to do in both directions. */
static void serve(struct kthread_work *work)
{
	struct vlb_queue_ctx *q = container_of(work, struct vlb_queue_ctx, work);
	int more = 1;

	mutex_lock(&q->serve);
	if (is_running(q)) {
		if (is_settled(q)) {
			take_used(q);
			interrupt(q);
		} else {
			kthread_queue_delayed_work(q->dev->worker, &q->again, SHORT_DELAY);
		}
		while (more > 0 && !vlb_is_broken(q->dev)) {
			spin_lock_irq(&q->lock);
			more = pull(q);
			kick(q);
			spin_unlock_irq(&q->lock);
			cond_resched();
		}
		if (more == -EFBIG && is_settled(q)) {
			fail_next(q);
			kthread_queue_delayed_work(q->dev->worker, &q->again, SHORT_DELAY);
		}
		interrupt(q);
	}
	mutex_unlock(&q->serve);
}

static void serve_again(struct kthread_work *work)
{
	serve(&container_of(work, struct vlb_queue_ctx, again.work)->work);
}

/* ---- Kicks, and broken devices ---- */

/*
 * The next chain of a broken device that is to go back as failed. Unless
 * writable is set, not one that the device was to fill: the driver may add
 * another one for it, for ever. Under the lock.
 */
static bool next_to_fail(struct vlb_queue_ctx *q, bool writable, u16 *head)
{
	struct vlb_measure m;

	while (!list_empty(&q->order)) {
		struct vlb_flight *f = list_first_entry(&q->order, struct vlb_flight, list);

		list_del(&f->list);
		q->in_flight--;
		land(q, f);
		*head = f - q->flights;
		/* What was posted is back already. */
		if (!(q->flags & VLB_QUEUE_POSTED))
			return true;
	}
	if (q->avail_seen == READ_ONCE(q->ring->avail->idx)) {
		if (!event_idx(q))
			return false;
		WRITE_ONCE(vring_avail_event(q->ring), q->avail_seen);
		/* Either the driver sees the event or we see its index. */
		smp_mb();
		if (q->avail_seen == READ_ONCE(q->ring->avail->idx))
			return false;
	}
	/* The index before the ring. */
	smp_rmb();
	*head = q->ring->avail->ring[q->avail_seen & (q->num - 1)];
	if (*head >= q->num || measure_chain(q, *head, &m))
		return false;
	if (m.writable && !writable)
		return false;
	q->avail_seen++;
	return true;
}

/* Gives everything back as failed. Under serve. */
static void fail_all(struct vlb_queue_ctx *q)
{
	/* A driver may spin for what is posted, on the processor that this thread needs. */
	bool spins = q->flags & VLB_QUEUE_POSTED;
	u32 left = q->num;		/* a driver that does not wait may add for ever */
	u16 head;

	spin_lock_irq(&q->lock);
	while (left && next_to_fail(q, true, &head)) {
		left--;
		/* Otherwise nobody else touches it: the driver has not got it back yet. */
		if (!spins)
			spin_unlock_irq(&q->lock);
		finish_chain(q, head, 0, true);
		if (!spins) {
			cond_resched();
			spin_lock_irq(&q->lock);
		}
		put_used(q, head, 0);
	}
	spin_unlock_irq(&q->lock);
	if (!left)
		kthread_queue_delayed_work(q->dev->worker, &q->drain, SHORT_DELAY);
}

/* The driver kicks, in any context. */
static bool notify(struct virtqueue *vq)
{
	struct vlb_queue_ctx *q = vq->priv;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (vlb_is_broken(q->dev)) {
		u16 head;

		/* A driver that spins for its buffer may keep the worker from running. */
		if (q->flags & VLB_QUEUE_POSTED)
			while (next_to_fail(q, false, &head))
				put_used(q, head, 0);
		kthread_queue_delayed_work(q->dev->worker, &q->drain, SHORT_DELAY);
	} else {
		/* What was posted is back already, and the driver may want to hear of it. */
		int pulled = pull(q);
		bool more = pulled > 0 || q->flags & VLB_QUEUE_POSTED;

		/* Not within a call of another device whose eventfd is our kick. */
		if (eventfd_signal_allowed())
			kick(q);
		else
			more = true;
		if (more)
			kthread_queue_work(q->dev->worker, &q->work);
		if (pulled == -EFBIG)
			kthread_queue_delayed_work(q->dev->worker, &q->again, SHORT_DELAY);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return true;
}

/*
 * The device is broken: what there is goes back as failed. Not before DRIVER_OK
 * or behind a reset, when the driver expects no callback.
 */
void vlb_drain_queue(struct vlb_queue_ctx *q)
{
	mutex_lock(&q->serve);
	if (q->vq && READ_ONCE(q->dev->status) & VIRTIO_CONFIG_S_DRIVER_OK) {
		if (is_settled(q)) {
			fail_all(q);
			interrupt(q);
		} else {
			kthread_queue_delayed_work(q->dev->worker, &q->drain, SHORT_DELAY);
		}
	}
	mutex_unlock(&q->serve);
}

static void drain(struct kthread_work *work)
{
	vlb_drain_queue(container_of(work, struct vlb_queue_ctx, drain.work));
}

/* ---- Set up and taken down by the driver ---- */

struct virtqueue *vlb_setup_queue(struct vlb_queue_ctx *q, const char *name,
				  void (*callback)(struct virtqueue *), bool ctx)
{
	void *base = q->dev->memory.base;
	struct virtqueue *vq;
	u32 i;

	vq = vring_create_virtqueue(q->index, q->max, PAGE_SIZE, &q->dev->vdev, true, true, ctx,
				    notify, callback, name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->num_max = q->max;
	vq->priv = q;

	mutex_lock(&q->serve);
	spin_lock_irq(&q->lock);
	q->ring = virtqueue_get_vring(vq);
	q->num = virtqueue_get_vring_size(vq);
	q->avail_seen = 0;
	q->used = 0;
	q->interrupted = 0;
	q->shadow_avail = 0;
	q->shadow_kicked = 0;
	q->shadow_used = 0;
	memset(base + q->ring_at, 0, q->ring_bytes);
	vring_init(&q->shadow, q->num, base + q->ring_at, GRANULE);
	INIT_LIST_HEAD(&q->order);
	q->in_flight = 0;
	for (i = 0; i < q->num; i++)
		q->flights[i].bytes = 0;
	if (q->free_ids) {
		for (i = 0; i < q->num; i++)
			q->free_ids[i] = q->num - 1 - i;
		q->free_count = q->num;
	}
	bitmap_zero(q->pool, q->pool_bytes / GRANULE);
	q->hint = 0;
	q->vq = vq;
	spin_unlock_irq(&q->lock);
	mutex_unlock(&q->serve);
	return vq;
}

void vlb_remove_queue(struct vlb_queue_ctx *q)
{
	struct virtqueue *vq;

	mutex_lock(&q->serve);
	spin_lock_irq(&q->lock);
	vq = q->vq;
	q->vq = NULL;
	spin_unlock_irq(&q->lock);
	mutex_unlock(&q->serve);
	if (vq)
		vring_del_virtqueue(vq);
}

/* Returns when no callback of the driver runs that began before. */
void vlb_synchronize_queue(struct vlb_queue_ctx *q)
{
	mutex_lock(&q->serve);
	mutex_unlock(&q->serve);
}

/* The device may be served from now on: what came before goes its way. */
void vlb_start_queue(struct vlb_queue_ctx *q)
{
	spin_lock_irq(&q->lock);
	if (q->vq && q->shadow_avail && q->kick)
		vlb_signal(q->kick);
	spin_unlock_irq(&q->lock);
	kthread_queue_work(q->dev->worker, &q->work);
}

/* ---- For the owner ---- */

void vlb_get_queue(struct vlb_queue_ctx *q, struct vlb_queue *info)
{
	void *base = q->dev->memory.base;

	info->buffers = q->pool_at;
	info->buffers_size = q->pool_bytes;
	spin_lock_irq(&q->lock);
	info->completed = q->completed;
	info->dropped = q->dropped;
	if (q->vq) {
		info->size = q->num;
		info->desc = (void *)q->shadow.desc - base;
		info->avail = (void *)q->shadow.avail - base;
		info->used = (void *)q->shadow.used - base;
	} else {
		info->size = 0;
		info->desc = 0;
		info->avail = 0;
		info->used = 0;
	}
	spin_unlock_irq(&q->lock);
}

/* Called with the eventfd's lock held and interrupts off. */
static int call_arrives(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct vlb_call *call = container_of(entry, struct vlb_call, entry);
	u64 count;

	if (key_to_poll(key) & EPOLLIN) {
		eventfd_ctx_do_read(call->ctx, &count);
		kthread_queue_work(call->queue->dev->worker, &call->queue->work);
	}
	return 0;
}

static void call_watched(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	add_wait_queue(head, &container_of(table, struct vlb_call, table)->entry);
}

static struct vlb_call *watch_call(struct vlb_queue_ctx *q, int fd)
{
	struct vlb_call *call;
	struct file *file;

	call = kzalloc(sizeof(*call), GFP_KERNEL);
	if (!call)
		return ERR_PTR(-ENOMEM);
	file = eventfd_fget(fd);
	if (IS_ERR(file)) {
		kfree(call);
		return ERR_CAST(file);
	}
	call->queue = q;
	call->ctx = eventfd_ctx_fileget(file);
	init_waitqueue_func_entry(&call->entry, call_arrives);
	init_poll_funcptr(&call->table, call_watched);
	/* A call before now is not lost. */
	if (vfs_poll(file, &call->table) & EPOLLIN)
		kthread_queue_work(q->dev->worker, &q->work);
	fput(file);
	return call;
}

static void unwatch_call(struct vlb_call *call)
{
	u64 count;

	if (!call)
		return;
	eventfd_ctx_remove_wait_queue(call->ctx, &call->entry, &count);
	eventfd_ctx_put(call->ctx);
	kfree(call);
}

/* Replaces both, or neither. */
int vlb_set_queue_fds(struct vlb_queue_ctx *q, int kick_fd, int call_fd)
{
	struct eventfd_ctx *new_kick = NULL;
	struct vlb_call *new_call = NULL;
	int err = 0;

	mutex_lock(&q->dev->fds);
	/* Broken, a device is about to lose its worker, which calls wake. */
	if ((kick_fd != -1 || call_fd != -1) && vlb_is_broken(q->dev)) {
		err = -EPIPE;
		goto unlock;
	}
	if (kick_fd != -1) {
		new_kick = eventfd_ctx_fdget(kick_fd);
		if (IS_ERR(new_kick)) {
			err = PTR_ERR(new_kick);
			new_kick = NULL;
			goto unlock;
		}
	}
	if (call_fd != -1) {
		new_call = watch_call(q, call_fd);
		if (IS_ERR(new_call)) {
			err = PTR_ERR(new_call);
			new_call = NULL;
			goto unlock;
		}
	}
	swap(q->call, new_call);
	spin_lock_irq(&q->lock);
	swap(q->kick, new_kick);
	/* For a kick that found none, if there was one. */
	if (q->kick && q->vq)
		vlb_signal(q->kick);
	spin_unlock_irq(&q->lock);
unlock:
	unwatch_call(new_call);
	mutex_unlock(&q->dev->fds);
	if (new_kick)
		eventfd_ctx_put(new_kick);
	return err;
}

/* No call and no kick any more, and nothing for the worker to do. */
void vlb_unwatch_queue(struct vlb_queue_ctx *q)
{
	kthread_cancel_delayed_work_sync(&q->again);
	kthread_cancel_delayed_work_sync(&q->drain);
	vlb_set_queue_fds(q, -1, -1);
}

/* ---- From attach to the end ---- */

int vlb_init_queue(struct vlb_device *dev, u32 index, const struct vlb_queue_spec *spec)
{
	struct vlb_queue_ctx *q = &dev->queue[index];

	q->dev = dev;
	q->index = index;
	q->flags = spec->flags;
	q->max = spec->size;
	mutex_init(&q->serve);
	spin_lock_init(&q->lock);
	kthread_init_work(&q->work, serve);
	kthread_init_delayed_work(&q->again, serve_again);
	kthread_init_delayed_work(&q->drain, drain);
	INIT_LIST_HEAD(&q->order);
	q->flights = kvcalloc(q->max, sizeof(*q->flights), GFP_KERNEL);
	q->pool = kvcalloc(BITS_TO_LONGS(q->pool_bytes / GRANULE), sizeof(long), GFP_KERNEL);
	if (!q->flights || !q->pool)
		return -ENOMEM;
	if (q->flags & VLB_QUEUE_POSTED) {
		q->free_ids = kvcalloc(q->max, sizeof(*q->free_ids), GFP_KERNEL);
		if (!q->free_ids)
			return -ENOMEM;
	}
	return 0;
}

void vlb_free_queue(struct vlb_queue_ctx *q)
{
	kvfree(q->flights);
	kvfree(q->pool);
	kvfree(q->free_ids);
}
