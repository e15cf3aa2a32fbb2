// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-loopback: a virtio device, from attach to the moment when nobody has
 * it any more.
 *
 * It is registered and unregistered by works, as drivers take their time for
 * both. It can break at any moment and in any context; what follows from that
 * is done by its worker. Who leaves breaks it too, and one that is unplugged
 * in order breaks in the end, so there is one way out.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <uapi/linux/fcntl.h>

#include "loopback.h"

/* Of the transport; bits 0 to 23 and from 50 on are the devices' own. */
#define RING_FEATURES	(BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
			 BIT_ULL(VIRTIO_F_VERSION_1))
#define DEVICE_FEATURES	(GENMASK_ULL(23, 0) | GENMASK_ULL(63, 50))

u64 vlb_features_offered(void)
{
	return RING_FEATURES | DEVICE_FEATURES;
}

bool vlb_features_known(u64 features)
{
	return !(features & ~vlb_features_offered()) && features & BIT_ULL(VIRTIO_F_VERSION_1);
}

/* ---- Breaking ---- */

bool vlb_is_broken(struct vlb_device *dev)
{
	return READ_ONCE(dev->broken) != VLB_BROKEN_NO;
}

/* The first reason stays. In any context. */
void vlb_break(struct vlb_device *dev, enum vlb_broken reason, u32 queue)
{
	if (cmpxchg(&dev->broken, VLB_BROKEN_NO, reason) != VLB_BROKEN_NO)
		return;
	WRITE_ONCE(dev->broken_queue, queue);
	kthread_queue_work(dev->worker, &dev->break_work);
}

static const char *const broken_names[] = {
	[VLB_BROKEN_TIMEOUT]	= "its owner did not answer in time",
	[VLB_BROKEN_REFUSED]	= "its owner refused to start it",
	[VLB_BROKEN_USED_INDEX]	= "more buffers used than available",
	[VLB_BROKEN_USED_ID]	= "a buffer used that is not available",
	[VLB_BROKEN_DRIVER]	= "the driver's ring makes no sense",
	[VLB_BROKEN_REGISTER]	= "the kernel did not take the device",
};

static void break_device(struct kthread_work *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, break_work);
	u32 queue = READ_ONCE(dev->broken_queue);
	u32 i;

	if (dev->broken >= VLB_BROKEN_DETACHED || dev->said)
		;
	else if (queue < dev->queue_count)
		dev_warn_ratelimited(dev->node->dev, "device %u is broken: %s (queue %u)\n",
				     dev->vdev.id.device, broken_names[dev->broken], queue);
	else
		dev_warn_ratelimited(dev->node->dev, "device %u is broken: %s\n",
				     dev->vdev.id.device, broken_names[dev->broken]);
	dev->said = true;
	wake_up_all(&dev->answered);
	wake_up_poll(&dev->node->wait, EPOLLIN | EPOLLERR | EPOLLHUP);
	/* virtio_break_device() would leave those waiting whose buffers come too late. */
	for (i = 0; i < dev->queue_count; i++)
		vlb_drain_queue(&dev->queue[i]);
}

/* ---- Questions to the owner ---- */

struct vlb_question {
	struct list_head list;
	struct vlb_message message;
	bool taken;
	bool answered;
	s32 result;
	u8 *data;			/* where the answer goes */
};

/*
 * Asks, and waits. Returns 0 if the owner says yes, -EREMOTEIO for no, and
 * another error if there is no answer, with the device broken.
 */
static int ask(struct vlb_device *dev, struct vlb_question *q)
{
	q->taken = false;
	q->answered = false;

	spin_lock(&dev->ask_lock);
	do {
		q->message.id = ++dev->last_id;
	} while (!q->message.id);
	list_add_tail(&q->list, &dev->asked);
	spin_unlock(&dev->ask_lock);

	wake_up_poll(&dev->node->wait, EPOLLIN);
	wait_event_timeout(dev->answered, READ_ONCE(q->answered) || vlb_is_broken(dev),
			   dev->timeout);

	spin_lock(&dev->ask_lock);
	list_del(&q->list);
	spin_unlock(&dev->ask_lock);
	if (q->answered)
		return q->result ? -EREMOTEIO : 0;
	vlb_break(dev, VLB_BROKEN_TIMEOUT, ~0);
	return -EIO;
}

/* Copies the first message that was not taken yet; with take it is from now on. */
bool vlb_next_message(struct vlb_device *dev, struct vlb_message *message, bool take)
{
	struct vlb_question *q;
	bool found = false;

	spin_lock(&dev->ask_lock);
	list_for_each_entry(q, &dev->asked, list) {
		if (!q->taken) {
			found = true;
			q->taken = take;
			if (message)
				*message = q->message;
			break;
		}
	}
	spin_unlock(&dev->ask_lock);
	return found;
}

/* It could not be delivered. */
void vlb_untake_message(struct vlb_device *dev, u32 id)
{
	struct vlb_question *q;

	spin_lock(&dev->ask_lock);
	list_for_each_entry(q, &dev->asked, list)
		if (q->message.id == id)
			q->taken = false;
	spin_unlock(&dev->ask_lock);
}

int vlb_answer(struct vlb_device *dev, const struct vlb_reply *reply)
{
	struct vlb_question *q;
	int err = -ENOENT;

	spin_lock(&dev->ask_lock);
	list_for_each_entry(q, &dev->asked, list) {
		u32 length = 0;

		if (q->message.id != reply->id || !q->taken || q->answered)
			continue;
		if (q->data && !reply->result)
			length = q->message.length;
		err = -EINVAL;
		if (reply->length != length)
			break;
		err = 0;
		if (length)
			memcpy(q->data, reply->data, length);
		q->result = reply->result;
		WRITE_ONCE(q->answered, true);
		wake_up_all(&dev->answered);
		break;
	}
	spin_unlock(&dev->ask_lock);
	return err;
}

/* ---- Configuration space ---- */

/* Reads or writes by messages; up to VLB_MAX_DATA each. */
static int ask_config(struct vlb_device *dev, u16 type, u32 offset, u8 *buf, u32 len)
{
	while (len) {
		struct vlb_question q = {
			.message.type = type,
			.message.offset = offset,
			.message.length = min_t(u32, len, VLB_MAX_DATA),
		};
		int err;

		if (type == VLB_CONFIG_READ)
			q.data = buf;
		else
			memcpy(q.message.data, buf, q.message.length);
		err = ask(dev, &q);
		if (err)
			return err;
		offset += q.message.length;
		buf += q.message.length;
		len -= q.message.length;
	}
	return 0;
}

static bool in_config(const struct vlb_device *dev, u32 offset, u32 len)
{
	return offset <= dev->config_size && len <= dev->config_size - offset;
}

static void vlb_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct vlb_device *dev = to_vlb(vdev);

	memset(buf, 0, len);
	if (!in_config(dev, offset, len))
		return;
	if (dev->attach_flags & VLB_ATTACH_CONFIG_READS) {
		if (!vlb_is_broken(dev) && ask_config(dev, VLB_CONFIG_READ, offset, buf, len))
			memset(buf, 0, len);
		return;
	}
	spin_lock(&dev->config_lock);
	memcpy(buf, dev->config + offset, len);
	spin_unlock(&dev->config_lock);
}

static void vlb_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		    unsigned int len)
{
	struct vlb_device *dev = to_vlb(vdev);

	if (in_config(dev, offset, len) && !vlb_is_broken(dev))
		ask_config(dev, VLB_CONFIG_WRITE, offset, (u8 *)buf, len);
}

static u32 vlb_generation(struct virtio_device *vdev)
{
	return READ_ONCE(to_vlb(vdev)->generation);
}

int vlb_change_config(struct vlb_device *dev, const struct vlb_config *change)
{
	if (!in_config(dev, change->offset, change->length))
		return -EINVAL;
	spin_lock(&dev->config_lock);
	memcpy(dev->config + change->offset, change->data, change->length);
	WRITE_ONCE(dev->generation, dev->generation + 1);
	spin_unlock(&dev->config_lock);
	/* Until its driver is ready the bus keeps it; a driver that is yet to come reads anyway. */
	if (change->flags & VLB_CONFIG_NOTIFY && READ_ONCE(dev->status) & VIRTIO_CONFIG_S_DRIVER)
		virtio_config_changed(&dev->vdev);
	return 0;
}

/* ---- Status ---- */

static u8 vlb_get_status(struct virtio_device *vdev)
{
	return READ_ONCE(to_vlb(vdev)->status);
}

static int ask_status(struct vlb_device *dev, u8 status)
{
	struct vlb_question q = {
		.message.type = VLB_STATUS,
		.message.status = status,
		.message.features = status ? dev->vdev.features : 0,
	};

	return ask(dev, &q);
}

static void vlb_set_status(struct virtio_device *vdev, u8 status)
{
	struct vlb_device *dev = to_vlb(vdev);
	u8 fresh;
	u32 i;

	/* Nobody resets a device whose driver has failed before the next one tries. */
	if (dev->status & VIRTIO_CONFIG_S_FAILED)
		status &= ~VIRTIO_CONFIG_S_FAILED;
	fresh = status & ~dev->status;
	/* FAILED may come without: there was no memory for a name. */
	if (!dev->name[0] && dev_name(&vdev->dev))
		strscpy(dev->name, dev_name(&vdev->dev), sizeof(dev->name));
	if (fresh & VIRTIO_CONFIG_S_FEATURES_OK) {
		dev->told = !vlb_is_broken(dev);
		if (!dev->told || ask_status(dev, status))
			status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	/* From here on the device may call. */
	WRITE_ONCE(dev->status, status);
	if (fresh & VIRTIO_CONFIG_S_DRIVER_OK) {
		if (ask_status(dev, status) == -EREMOTEIO)
			vlb_break(dev, VLB_BROKEN_REFUSED, ~0);
		for (i = 0; i < dev->queue_count; i++)
			vlb_start_queue(&dev->queue[i]);
		/* What came before DRIVER_OK could not fail then. */
		if (vlb_is_broken(dev))
			kthread_queue_work(dev->worker, &dev->break_work);
	} else if (fresh & VIRTIO_CONFIG_S_FAILED) {
		if (dev->told && !vlb_is_broken(dev))
			ask_status(dev, status);
		/* The next one is to be asked about these anew. */
		WRITE_ONCE(dev->status, status & ~(VIRTIO_CONFIG_S_FEATURES_OK |
						   VIRTIO_CONFIG_S_DRIVER_OK));
	}
}

static void synchronize(struct virtio_device *vdev)
{
	struct vlb_device *dev = to_vlb(vdev);
	u32 i;

	for (i = 0; i < dev->queue_count; i++)
		vlb_synchronize_queue(&dev->queue[i]);
}

static void vlb_reset(struct virtio_device *vdev)
{
	struct vlb_device *dev = to_vlb(vdev);

	WRITE_ONCE(dev->status, 0);
	synchronize(vdev);
	if (dev->told && !vlb_is_broken(dev))
		ask_status(dev, 0);
	dev->told = false;
}

static u64 vlb_get_features(struct virtio_device *vdev)
{
	return to_vlb(vdev)->features;
}

static int vlb_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	/* Without it there is no FEATURES_OK, and rings have another byte order. */
	return __virtio_test_bit(vdev, VIRTIO_F_VERSION_1) ? 0 : -EINVAL;
}

/* ---- Queues ---- */

static void vlb_del_vqs(struct virtio_device *vdev)
{
	struct vlb_device *dev = to_vlb(vdev);
	u32 i;

	for (i = 0; i < dev->queue_count; i++)
		vlb_remove_queue(&dev->queue[i]);
}

/* Queues without a name are not there, and do not count. */
static int find_queue(struct virtio_device *vdev, u32 *next, struct virtqueue **vq,
		      const char *name, void (*callback)(struct virtqueue *), bool ctx)
{
	struct vlb_device *dev = to_vlb(vdev);
	int err = 0;

	*vq = NULL;
	if (!name)
		return 0;
	if (*next < dev->queue_count)
		*vq = vlb_setup_queue(&dev->queue[(*next)++], name, callback, ctx);
	else
		*vq = ERR_PTR(-ENOENT);
	if (IS_ERR(*vq)) {
		err = PTR_ERR(*vq);
		vlb_del_vqs(vdev);
	}
	return err;
}

#ifdef VLB_VIRTQUEUE_INFO
static int vlb_find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
			struct virtqueue_info info[], struct irq_affinity *desc)
{
	unsigned int i;
	u32 next = 0;

	for (i = 0; i < nvqs; i++) {
		int err = find_queue(vdev, &next, &vqs[i], info[i].name, info[i].callback,
				     info[i].ctx);

		if (err)
			return err;
	}
	return 0;
}
#else
static int vlb_find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
			vq_callback_t *callbacks[], const char *const names[], const bool *ctx,
			struct irq_affinity *desc)
{
	unsigned int i;
	u32 next = 0;

	for (i = 0; i < nvqs; i++) {
		int err = find_queue(vdev, &next, &vqs[i], names[i], callbacks[i],
				     ctx && ctx[i]);

		if (err)
			return err;
	}
	return 0;
}
#endif

/* A driver has finished probing it. (Linux 6.1 keeps device_is_bound() to itself.) */
bool vlb_is_bound(const struct vlb_device *dev)
{
	return READ_ONCE(dev->vdev.dev.links.status) >= DL_DEV_DRIVER_BOUND;
}

static const char *vlb_bus_name(struct virtio_device *vdev)
{
	return dev_name(to_vlb(vdev)->node->dev);
}

static const struct virtio_config_ops config_ops = {
	.get			= vlb_get,
	.set			= vlb_set,
	.generation		= vlb_generation,
	.get_status		= vlb_get_status,
	.set_status		= vlb_set_status,
	.reset			= vlb_reset,
	.find_vqs		= vlb_find_vqs,
	.del_vqs		= vlb_del_vqs,
	.synchronize_cbs	= synchronize,
	.get_features		= vlb_get_features,
	.finalize_features	= vlb_finalize_features,
	.bus_name		= vlb_bus_name,
};

/* ---- Memory ---- */

static void free_memory(struct vlb_memory *m)
{
	unsigned long i;

	if (m->base)
		vunmap(m->base);
	for (i = 0; i < m->count; i++)
		put_page(m->pages[i]);
	kvfree(m->pages);
	if (m->file)
		fput(m->file);
}

/*
 * A file as of memfd_create(), as daemons know it. Its pages are held until
 * the end: whatever user space does to the file, the module's mapping stays.
 */
static int make_memory(struct vlb_memory *m, u64 size)
{
	unsigned long count = size >> PAGE_SHIFT;
	struct file *file;

	file = shmem_file_setup("virtio-loopback", size, VLB_SHMEM_FLAGS);
	if (IS_ERR(file))
		return -ENOMEM;
	m->file = file;
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	SHMEM_I(file_inode(file))->seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
	mapping_set_unevictable(file->f_mapping);

	m->pages = kvcalloc(count, sizeof(*m->pages), GFP_KERNEL);
	if (!m->pages)
		return -ENOMEM;
	while (m->count < count) {
		struct page *page;

		page = shmem_read_mapping_page_gfp(file->f_mapping, m->count, GFP_HIGHUSER |
						   __GFP_NORETRY | __GFP_NOWARN);
		if (IS_ERR(page))
			return -ENOMEM;
		m->pages[m->count++] = page;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	m->base = vmap(m->pages, count, VM_MAP, PAGE_KERNEL);
	return m->base ? 0 : -ENOMEM;
}

/* ---- From attach to the end ---- */

static void free_device(struct kref *ref)
{
	struct vlb_device *dev = container_of(ref, struct vlb_device, ref);
	u32 i;

	for (i = 0; i < dev->queue_count; i++)
		vlb_free_queue(&dev->queue[i]);
	free_memory(&dev->memory);
	kvfree(dev);
}

void vlb_put_device(struct vlb_device *dev)
{
	kref_put(&dev->ref, free_device);
}

static void released(struct device *device)
{
	complete(&to_vlb(dev_to_virtio(device))->released);
}

static void add_device(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, add);

	if (vlb_is_broken(dev)) {
		complete(&dev->released);
		return;
	}
	if (register_virtio_device(&dev->vdev)) {
		vlb_break(dev, VLB_BROKEN_REGISTER, ~0);
		put_device(&dev->vdev.dev);
		return;
	}
	dev->registered = true;
}

/*
 * Runs while the device is served, for what its driver still has to say. That
 * may take for ever, unless the device breaks meanwhile.
 */
static void unplug_device(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, unplug);

	flush_work(&dev->add);
	if (dev->registered)
		unregister_virtio_device(&dev->vdev);
	dev->registered = false;
	vlb_break(dev, VLB_BROKEN_UNPLUGGED, ~0);
}

/* Under the session's lock, under which the owner lets go of it: so remove_device comes later. */
int vlb_unplug_device(struct vlb_device *dev)
{
	if (vlb_is_broken(dev))
		return -EPIPE;
	if (dev->unplugging)
		return -EALREADY;
	dev->unplugging = true;
	queue_work(vlb_wq, &dev->unplug);
	return 0;
}

/* Runs when the device is broken. Waits for drivers, and they for programs. */
static void remove_device(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, remove);
	struct vlb_node *node = dev->node;
	u32 i;

	kthread_flush_work(&dev->break_work);
	flush_work(&dev->add);
	flush_work(&dev->unplug);
	if (dev->registered)
		unregister_virtio_device(&dev->vdev);
	wait_for_completion(&dev->released);
	for (i = 0; i < dev->queue_count; i++)
		vlb_unwatch_queue(&dev->queue[i]);
	kthread_destroy_worker(dev->worker);
	vlb_put_device(dev);
	atomic_dec(&node->leaving);
	wake_up_all(&node->left);
	/* Unloading waits for this work. */
	module_put(THIS_MODULE);
}

/* The owner has had it. */
void vlb_detach_device(struct vlb_device *dev)
{
	atomic_inc(&dev->node->leaving);
	vlb_break(dev, VLB_BROKEN_DETACHED, ~0);
	/* Who broke it before may not have come to that yet. Twice does no harm. */
	kthread_queue_work(dev->worker, &dev->break_work);
	queue_work(vlb_wq, &dev->remove);
	vlb_put_device(dev);
}

/* Lays out rings and pools. Returns how much memory that is. */
static u64 lay_out(struct vlb_device *dev, const struct vlb_attach *attach)
{
	u64 at = PAGE_SIZE;	/* no address is 0 */
	u32 i;

	for (i = 0; i < attach->queue_count; i++) {
		struct vlb_queue_ctx *q = &dev->queue[i];

		q->ring_at = at;
		q->ring_bytes = PAGE_ALIGN(vring_size(attach->queue[i].size, PAGE_SIZE));
		at += q->ring_bytes;
	}
	for (i = 0; i < attach->queue_count; i++) {
		struct vlb_queue_ctx *q = &dev->queue[i];

		q->pool_at = at;
		q->pool_bytes = PAGE_ALIGN((u64)(attach->queue[i].memory ?: SZ_1M));
		at += PAGE_ALIGN((u64)(attach->queue[i].memory ?: SZ_1M));
	}
	return at;
}

/* The caller has checked attach but for the sum of its memory. */
struct vlb_device *vlb_attach_device(struct vlb_node *node, const struct vlb_attach *attach,
				     u64 max_memory)
{
	struct vlb_device *dev;
	int err;
	u64 size;
	u32 i;

	dev = kvzalloc(struct_size(dev, queue, attach->queue_count), GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	kref_init(&dev->ref);
	dev->node = node;
	init_completion(&dev->released);
	INIT_WORK(&dev->add, add_device);
	INIT_WORK(&dev->unplug, unplug_device);
	INIT_WORK(&dev->remove, remove_device);
	kthread_init_work(&dev->break_work, break_device);
	spin_lock_init(&dev->config_lock);
	spin_lock_init(&dev->ask_lock);
	INIT_LIST_HEAD(&dev->asked);
	init_waitqueue_head(&dev->answered);
	mutex_init(&dev->fds);
	dev->broken_queue = ~0;
	dev->features = attach->features;
	dev->attach_flags = attach->flags;
	dev->timeout = msecs_to_jiffies(attach->timeout ?: VLB_DEFAULT_TIMEOUT);
	dev->config_size = attach->config_size;
	memcpy(dev->config, attach->config, attach->config_size);
	dev->vdev.id.device = attach->device_id;
	dev->vdev.id.vendor = attach->vendor_id;
	dev->vdev.config = &config_ops;
	dev->vdev.dev.parent = node->dev;
	dev->vdev.dev.release = released;

	size = lay_out(dev, attach);
	err = -E2BIG;
	if (size > max_memory)
		goto put;
	while (dev->queue_count < attach->queue_count) {
		i = dev->queue_count++;
		err = vlb_init_queue(dev, i, &attach->queue[i]);
		if (err)
			goto put;
	}
	err = make_memory(&dev->memory, size);
	if (err)
		goto put;
	dev->worker = vlb_run_worker(0, "loopback-%u", node->index);
	if (IS_ERR(dev->worker)) {
		err = PTR_ERR(dev->worker);
		goto put;
	}
	/* It is what an interrupt would be. */
	set_user_nice(dev->worker->task, MIN_NICE);

	/* Until remove_device is through, with a reference of its own. */
	__module_get(THIS_MODULE);
	kref_get(&dev->ref);
	queue_work(vlb_wq, &dev->add);
	return dev;
put:
	vlb_put_device(dev);
	return ERR_PTR(err);
}

void vlb_get_state(struct vlb_device *dev, struct vlb_state *state)
{
	state->status = READ_ONCE(dev->status);
	state->bound = vlb_is_bound(dev);
	state->broken = READ_ONCE(dev->broken);
	state->broken_queue = state->broken ? READ_ONCE(dev->broken_queue) : ~0;
	state->generation = READ_ONCE(dev->generation);
	if (state->status & VIRTIO_CONFIG_S_FEATURES_OK)
		state->features = READ_ONCE(dev->vdev.features);
	state->memory_size = (u64)dev->memory.count << PAGE_SHIFT;
	memcpy(state->name, dev->name, sizeof(state->name));
}
