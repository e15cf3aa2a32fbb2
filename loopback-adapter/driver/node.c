// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-loopback: devices of this machine's virtio drivers that are served by
 * user space. README.md says how it is used; this file has the nodes
 * /dev/loopback-N and what their owners may ask for.
 */
#include <linux/cdev.h>
#include <linux/compat.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <xen/xen.h>

#include "loopback.h"

/* Former devices that may still be on their way out when a new one comes. */
#define MAX_LEAVING	4
#define LEAVE_TIMEOUT	(5 * HZ)
/* Linux 6.1 has no name for it. */
#define ID_SPI		45

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "nodes /dev/loopback-N to make, 1 to 64 (default 1)");

static unsigned int max_memory = 256;
module_param(max_memory, uint, 0644);
MODULE_PARM_DESC(max_memory, "MiB of memory that a device may have, 1 to 2048 (default 256)");

struct workqueue_struct *vlb_wq;
static struct vlb_node *nodes;
static struct class *node_class;
static struct cdev node_cdev;
static dev_t node_base;

/* An open file. */
struct vlb_session {
	struct vlb_node *node;
	struct mutex lock;		/* of dev */
	struct vlb_device *dev;		/* NULL: none attached */
};

/* The device, with a reference, or NULL. */
static struct vlb_device *session_device(struct vlb_session *s)
{
	struct vlb_device *dev;

	mutex_lock(&s->lock);
	dev = s->dev;
	if (dev)
		kref_get(&dev->ref);
	mutex_unlock(&s->lock);
	return dev;
}

static u64 memory_limit(void)
{
	return (u64)clamp(READ_ONCE(max_memory), 1U, 2048U) << 20;
}

/* ---- ioctls ---- */

static long get_info(struct vlb_session *s, void __user *arg)
{
	struct vlb_info info = {
		.version = VLB_VERSION,
		.index = s->node->index,
		.features = vlb_features_offered(),
		.max_memory = memory_limit(),
		.page_size = PAGE_SIZE,
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/*
 * Devices whose drivers look on them as on any peripheral. Others are given
 * the keys of the house: a virtio-pmem or virtio-mem names physical addresses,
 * a balloon takes the kernel's pages.
 */
static int check_device_id(u32 id)
{
	switch (id) {
	case VIRTIO_ID_NET:
		return capable(CAP_NET_ADMIN) ? 0 : -EPERM;
	case VIRTIO_ID_BLOCK:
	case VIRTIO_ID_CONSOLE:
	case VIRTIO_ID_RNG:
	case VIRTIO_ID_CLOCK:
	case VIRTIO_ID_INPUT:
	case VIRTIO_ID_VSOCK:
	case VIRTIO_ID_SOUND:
	case VIRTIO_ID_I2C_ADAPTER:
	case VIRTIO_ID_CAN:
	case VIRTIO_ID_GPIO:
	case ID_SPI:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * The driver of consoles spins, with a lock held, until it has back what it
 * sends while it probes. Nothing else than a posted queue gives back then.
 */
static bool spins_while_probing(const struct vlb_attach *a, u32 queue)
{
	bool multiport = a->features & BIT_ULL(VIRTIO_CONSOLE_F_MULTIPORT);

	return a->device_id == VIRTIO_ID_CONSOLE && queue == (multiport ? 3 : 1);
}

static int check_attach(const struct vlb_attach *a)
{
	u32 i;

	if (a->version != VLB_VERSION)
		return -EPROTO;
	if (a->flags & ~VLB_ATTACH_CONFIG_READS || memchr_inv(a->reserved, 0, sizeof(a->reserved)))
		return -EINVAL;
	if (!vlb_features_known(a->features))
		return -EINVAL;
	if (!a->queue_count || a->queue_count > VLB_MAX_QUEUES || a->config_size > VLB_MAX_CONFIG)
		return -EINVAL;
	if (a->timeout && (a->timeout < VLB_MIN_TIMEOUT || a->timeout > VLB_MAX_TIMEOUT))
		return -EINVAL;
	for (i = 0; i < a->queue_count; i++) {
		const struct vlb_queue_spec *q = &a->queue[i];

		if (!is_power_of_2(q->size) || q->size > VLB_MAX_QUEUE_SIZE)
			return -EINVAL;
		if (q->flags & ~VLB_QUEUE_POSTED || q->reserved)
			return -EINVAL;
		if (spins_while_probing(a, i) && !(q->flags & VLB_QUEUE_POSTED))
			return -EINVAL;
	}
	if (memchr_inv(&a->queue[i], 0, (VLB_MAX_QUEUES - i) * sizeof(a->queue[0])) ||
	    memchr_inv(a->config + a->config_size, 0, VLB_MAX_CONFIG - a->config_size))
		return -EINVAL;
	return check_device_id(a->device_id);
}

/* The former device gets its chance to be gone. */
static int await_left(struct vlb_node *node)
{
	long left = wait_event_interruptible_timeout(node->left, !atomic_read(&node->leaving),
						     LEAVE_TIMEOUT);

	if (left < 0)
		return left;
	return atomic_read(&node->leaving) < MAX_LEAVING ? 0 : -EBUSY;
}

static long attach(struct vlb_session *s, const void __user *arg)
{
	struct vlb_attach *a;
	struct vlb_device *dev;
	int err;

	a = memdup_user(arg, sizeof(*a));
	if (IS_ERR(a))
		return PTR_ERR(a);
	err = check_attach(a);
	if (err)
		goto free;
	err = await_left(s->node);
	if (err)
		goto free;
	mutex_lock(&s->lock);
	err = -EEXIST;
	if (s->dev)
		goto unlock;
	dev = vlb_attach_device(s->node, a, memory_limit());
	err = PTR_ERR_OR_ZERO(dev);
	if (!err)
		s->dev = dev;
unlock:
	mutex_unlock(&s->lock);
free:
	kfree(a);
	return err;
}

static long detach(struct vlb_session *s)
{
	struct vlb_device *dev;

	mutex_lock(&s->lock);
	dev = s->dev;
	s->dev = NULL;
	mutex_unlock(&s->lock);
	if (!dev)
		return -ENODEV;
	vlb_detach_device(dev);
	return 0;
}

static long unplug(struct vlb_session *s)
{
	long err = -ENODEV;

	mutex_lock(&s->lock);
	if (s->dev)
		err = vlb_unplug_device(s->dev);
	mutex_unlock(&s->lock);
	return err;
}

static long get_memory(struct vlb_device *dev)
{
	int fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		fd_install(fd, get_file(dev->memory.file));
	return fd;
}

static long get_state(struct vlb_device *dev, void __user *arg)
{
	struct vlb_state state = {};

	vlb_get_state(dev, &state);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

/* The queue of that index, or NULL. */
static struct vlb_queue_ctx *find(struct vlb_device *dev, u32 index)
{
	if (index >= dev->queue_count)
		return NULL;
	return &dev->queue[array_index_nospec(index, dev->queue_count)];
}

static long get_queue(struct vlb_device *dev, void __user *arg)
{
	struct vlb_queue info;
	struct vlb_queue_ctx *q;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	q = find(dev, info.index);
	if (!q)
		return -EINVAL;
	vlb_get_queue(q, &info);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_queue_fds(struct vlb_device *dev, const void __user *arg)
{
	struct vlb_queue_fds fds;
	struct vlb_queue_ctx *q;

	if (copy_from_user(&fds, arg, sizeof(fds)))
		return -EFAULT;
	q = find(dev, fds.index);
	if (!q || fds.reserved)
		return -EINVAL;
	return vlb_set_queue_fds(q, fds.kick, fds.call);
}

static long set_config(struct vlb_device *dev, const void __user *arg)
{
	struct vlb_config *c = memdup_user(arg, sizeof(*c));
	long err = -EINVAL;

	if (IS_ERR(c))
		return PTR_ERR(c);
	if (!c->reserved && !(c->flags & ~VLB_CONFIG_NOTIFY) && c->length <= VLB_MAX_CONFIG)
		err = vlb_change_config(dev, c);
	kfree(c);
	return err;
}

static long device_ioctl(struct vlb_device *dev, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case VLB_GET_MEMORY:
		return get_memory(dev);
	case VLB_GET_STATE:
		return get_state(dev, arg);
	case VLB_GET_QUEUE:
		return get_queue(dev, arg);
	}
	if (vlb_is_broken(dev))
		return -EPIPE;
	return cmd == VLB_SET_QUEUE_FDS ? set_queue_fds(dev, arg) : set_config(dev, arg);
}

static long node_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vlb_session *s = file->private_data;
	struct vlb_device *dev;
	long result;

	switch (cmd) {
	case VLB_GET_INFO:
		return get_info(s, (void __user *)arg);
	case VLB_ATTACH:
		return attach(s, (void __user *)arg);
	case VLB_DETACH:
		return detach(s);
	case VLB_UNPLUG:
		return unplug(s);
	case VLB_GET_MEMORY:
	case VLB_GET_STATE:
	case VLB_GET_QUEUE:
	case VLB_SET_QUEUE_FDS:
	case VLB_SET_CONFIG:
		break;
	default:
		return -ENOTTY;
	}
	dev = session_device(s);
	if (!dev)
		return -ENODEV;
	result = device_ioctl(dev, cmd, (void __user *)arg);
	vlb_put_device(dev);
	return result;
}

/* ---- Messages ---- */

static ssize_t read_message(struct vlb_device *dev, struct file *file, char __user *buf)
{
	struct vlb_message message;

	while (!vlb_is_broken(dev)) {
		int err;

		if (vlb_next_message(dev, &message, true)) {
			if (!copy_to_user(buf, &message, sizeof(message)))
				return sizeof(message);
			vlb_untake_message(dev, message.id);
			return -EFAULT;
		}
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(dev->node->wait,
					       vlb_is_broken(dev) ||
					       vlb_next_message(dev, NULL, false));
		if (err)
			return err;
	}
	return -EPIPE;
}

static ssize_t node_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct vlb_device *dev;
	ssize_t result;

	if (count < sizeof(struct vlb_message))
		return -EINVAL;
	dev = session_device(file->private_data);
	if (!dev)
		return -ENODEV;
	result = read_message(dev, file, buf);
	vlb_put_device(dev);
	return result;
}

static ssize_t node_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct vlb_reply reply;
	struct vlb_device *dev;
	ssize_t result;

	if (count < VLB_REPLY_HEADER || count > sizeof(reply))
		return -EINVAL;
	if (copy_from_user(&reply, buf, count))
		return -EFAULT;
	if (reply.reserved || reply.length != count - VLB_REPLY_HEADER)
		return -EINVAL;
	dev = session_device(file->private_data);
	if (!dev)
		return -ENODEV;
	result = vlb_is_broken(dev) ? -EPIPE : vlb_answer(dev, &reply);
	vlb_put_device(dev);
	return result ?: count;
}

static __poll_t node_poll(struct file *file, poll_table *table)
{
	struct vlb_session *s = file->private_data;
	struct vlb_device *dev;
	__poll_t events = 0;

	poll_wait(file, &s->node->wait, table);
	dev = session_device(s);
	if (!dev)
		return 0;
	if (vlb_is_broken(dev))
		events = EPOLLERR | EPOLLHUP;
	else if (vlb_next_message(dev, NULL, false))
		events = EPOLLIN | EPOLLRDNORM;
	vlb_put_device(dev);
	return events;
}

/* ---- Files ---- */

static int node_open(struct inode *inode, struct file *file)
{
	struct vlb_node *node = &nodes[iminor(inode) - MINOR(node_base)];
	struct vlb_session *s;

	/* Loading is not through, or has failed. Pairs with make_nodes(). */
	if (!smp_load_acquire(&node->dev))
		return -ENXIO;
	if (atomic_cmpxchg(&node->owned, 0, 1))
		return -EBUSY;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s) {
		atomic_set(&node->owned, 0);
		return -ENOMEM;
	}
	s->node = node;
	mutex_init(&s->lock);
	file->private_data = s;
	return stream_open(inode, file);
}

static int node_release(struct inode *inode, struct file *file)
{
	struct vlb_session *s = file->private_data;
	struct vlb_node *node = s->node;

	if (s->dev)
		vlb_detach_device(s->dev);
	kfree(s);
	atomic_set_release(&node->owned, 0);
	return 0;
}

static const struct file_operations node_fops = {
	.owner		= THIS_MODULE,
	.open		= node_open,
	.release	= node_release,
	.read		= node_read,
	.write		= node_write,
	.poll		= node_poll,
	.unlocked_ioctl	= node_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static void destroy_nodes(unsigned int count)
{
	while (count--)
		device_destroy(node_class, node_base + count);
}

static int make_nodes(void)
{
	unsigned int i;

	for (i = 0; i < devices; i++) {
		struct device *dev;

		dev = device_create(node_class, NULL, node_base + i, NULL, "loopback-%u", i);
		if (IS_ERR(dev)) {
			destroy_nodes(i);
			return PTR_ERR(dev);
		}
		/* For who opens it: it may be a parent now. */
		smp_store_release(&nodes[i].dev, dev);
	}
	return 0;
}

static int __init vlb_init(void)
{
	unsigned int i;
	int err;

	if (!devices || devices > VLB_MAX_NODES) {
		pr_err("virtio-loopback: devices=%u is not within 1 to %u\n", devices,
		       VLB_MAX_NODES);
		return -EINVAL;
	}
	if (xen_domain()) {
		pr_err("virtio-loopback: on Xen virtio's addresses are not the kernel's\n");
		return -ENODEV;
	}
	nodes = kcalloc(devices, sizeof(*nodes), GFP_KERNEL);
	if (!nodes)
		return -ENOMEM;
	for (i = 0; i < devices; i++) {
		nodes[i].index = i;
		init_waitqueue_head(&nodes[i].wait);
		init_waitqueue_head(&nodes[i].left);
	}
	/* A work for each device that comes or goes, and each may wait for long. */
	vlb_wq = alloc_workqueue("virtio-loopback", WQ_UNBOUND, 0);
	err = -ENOMEM;
	if (!vlb_wq)
		goto free_nodes;
	err = alloc_chrdev_region(&node_base, 0, devices, "virtio-loopback");
	if (err)
		goto destroy_wq;
	node_class = vlb_class_create("virtio-loopback");
	err = PTR_ERR_OR_ZERO(node_class);
	if (err)
		goto unregister;
	cdev_init(&node_cdev, &node_fops);
	node_cdev.owner = THIS_MODULE;
	err = cdev_add(&node_cdev, node_base, devices);
	if (err)
		goto destroy_class;
	err = make_nodes();
	if (!err)
		return 0;

	cdev_del(&node_cdev);
destroy_class:
	class_destroy(node_class);
unregister:
	unregister_chrdev_region(node_base, devices);
destroy_wq:
	destroy_workqueue(vlb_wq);
free_nodes:
	kfree(nodes);
	return err;
}

static void __exit vlb_exit(void)
{
	cdev_del(&node_cdev);
	/* What put the last reference to this module may still be returning. */
	destroy_workqueue(vlb_wq);
	destroy_nodes(devices);
	class_destroy(node_class);
	unregister_chrdev_region(node_base, devices);
	kfree(nodes);
}

module_init(vlb_init);
module_exit(vlb_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("virtio devices of this machine that user space serves");
