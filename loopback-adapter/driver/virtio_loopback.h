/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * virtio-loopback: what user space and the module say to each other, version 1.
 *
 * README.md next to this file draws all of it byte by byte and tells the order
 * in which it is used. All numbers are little-endian, as is the machine.
 * Everything called reserved must be zero, and is zero where the module writes.
 */
#ifndef _VIRTIO_LOOPBACK_H
#define _VIRTIO_LOOPBACK_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define VLB_VERSION		1

#define VLB_MAX_QUEUES		64
#define VLB_MAX_QUEUE_SIZE	1024
#define VLB_MAX_CONFIG		1024
#define VLB_MAX_DATA		256	/* of one message */

/* Milliseconds that a driver is kept waiting for a reply. */
#define VLB_MIN_TIMEOUT		100
#define VLB_DEFAULT_TIMEOUT	5000
#define VLB_MAX_TIMEOUT		60000

/* Answer of VLB_GET_INFO. */
struct vlb_info {
	__u32 version;		/* VLB_VERSION of the module */
	__u32 index;		/* N of /dev/loopback-N */
	__u64 features;		/* what VLB_ATTACH takes; bits of devices too */
	__u64 max_memory;	/* bytes of memory that a device may have */
	__u32 page_size;
	__u32 reserved;
};

/*
 * Buffers with nothing for the device to write go back to the driver as soon
 * as they have been copied, and are dropped where no room is left. For the
 * output of consoles, whose driver spins with a lock held until it has its
 * buffer back.
 */
#define VLB_QUEUE_POSTED	_BITUL(0)

struct vlb_queue_spec {
	__u16 size;		/* largest number of descriptors: a power of 2 */
	__u16 flags;		/* VLB_QUEUE_* */
	__u32 memory;		/* bytes for buffers in flight; 0: 1 MiB */
	__u64 reserved;
};

/* Configuration space is read from the owner, message by message. */
#define VLB_ATTACH_CONFIG_READS	_BITUL(0)

/* Argument of VLB_ATTACH. */
struct vlb_attach {
	__u32 version;		/* VLB_VERSION of the header compiled against */
	__u32 flags;		/* VLB_ATTACH_* */
	__u32 device_id;	/* virtio's: 25 is a sound card */
	__u32 vendor_id;
	__u64 features;		/* offered to the driver */
	__u32 queue_count;
	__u32 config_size;
	__u32 timeout;		/* milliseconds; 0: VLB_DEFAULT_TIMEOUT */
	__u32 reserved[7];
	struct vlb_queue_spec queue[VLB_MAX_QUEUES];
	__u8 config[VLB_MAX_CONFIG];
};

/* Why a device broke. */
enum vlb_broken {
	VLB_BROKEN_NO		= 0,	/* it did not */
	VLB_BROKEN_TIMEOUT	= 1,	/* a message was not answered in time */
	VLB_BROKEN_REFUSED	= 2,	/* DRIVER_OK was refused */
	VLB_BROKEN_USED_INDEX	= 3,	/* more buffers used than available */
	VLB_BROKEN_USED_ID	= 4,	/* a buffer used that is not available */
	VLB_BROKEN_DRIVER	= 5,	/* the driver's ring makes no sense */
	VLB_BROKEN_REGISTER	= 6,	/* the kernel did not take the device */
	VLB_BROKEN_DETACHED	= 7,	/* VLB_DETACH, or its owner has gone */
	VLB_BROKEN_UNPLUGGED	= 8,	/* VLB_UNPLUG is through */
};

/* Answer of VLB_GET_STATE. */
struct vlb_state {
	__u8 status;		/* virtio's, as the driver sees it */
	__u8 bound;		/* 1: a driver has it, and has finished probing */
	__u8 reserved0[2];
	__u32 broken;		/* VLB_BROKEN_* */
	__u32 broken_queue;	/* where; ~0 if no queue is to blame */
	__u32 generation;	/* of the configuration space */
	__u64 features;		/* negotiated */
	__u64 memory_size;	/* of VLB_GET_MEMORY */
	char name[32];		/* virtio12, under /sys/bus/virtio/devices */
};

/* Argument and answer of VLB_GET_QUEUE. */
struct vlb_queue {
	__u32 index;		/* in: which */
	__u32 size;		/* descriptors; 0 while no driver uses it */
	__u64 desc;		/* offsets in VLB_GET_MEMORY */
	__u64 avail;
	__u64 used;
	__u64 buffers;		/* where buffers in flight lie */
	__u64 buffers_size;
	__u64 completed;	/* buffers that went back to drivers so far */
	__u64 dropped;		/* of them, without the device: VLB_QUEUE_POSTED */
};

/* Argument of VLB_SET_QUEUE_FDS: eventfds, or -1 for none. */
struct vlb_queue_fds {
	__u32 index;
	__s32 kick;		/* signalled by the module */
	__s32 call;		/* signalled by the device */
	__u32 reserved;
};

/* The driver is told by a configuration change interrupt. */
#define VLB_CONFIG_NOTIFY	_BITUL(0)

/* Argument of VLB_SET_CONFIG. */
struct vlb_config {
	__u32 offset;
	__u32 length;		/* bytes of data that count */
	__u32 flags;		/* VLB_CONFIG_* */
	__u32 reserved;
	__u8 data[VLB_MAX_CONFIG];
};

#define VLB_GET_INFO		_IOR(0xbd, 0x00, struct vlb_info)
#define VLB_ATTACH		_IOW(0xbd, 0x01, struct vlb_attach)
#define VLB_DETACH		_IO(0xbd, 0x02)
#define VLB_GET_MEMORY		_IO(0xbd, 0x03)	/* a new descriptor */
#define VLB_GET_STATE		_IOR(0xbd, 0x04, struct vlb_state)
#define VLB_GET_QUEUE		_IOWR(0xbd, 0x05, struct vlb_queue)
#define VLB_SET_QUEUE_FDS	_IOW(0xbd, 0x06, struct vlb_queue_fds)
#define VLB_SET_CONFIG		_IOW(0xbd, 0x07, struct vlb_config)
#define VLB_UNPLUG		_IO(0xbd, 0x09)

enum vlb_message_type {
	VLB_STATUS		= 1,	/* the driver sets the device's status */
	VLB_CONFIG_READ		= 2,
	VLB_CONFIG_WRITE	= 3,
};

/* What read() gives: one, and a thread of the kernel waits for its reply. */
struct vlb_message {
	__u32 id;
	__u16 type;		/* VLB_STATUS... */
	__u8 status;		/* VLB_STATUS: the new one */
	__u8 reserved0;
	__u64 features;		/* VLB_STATUS: negotiated so far */
	__u32 offset;		/* VLB_CONFIG_*: in configuration space */
	__u32 length;		/* VLB_CONFIG_*: bytes, up to VLB_MAX_DATA */
	__u64 reserved;
	__u8 data[VLB_MAX_DATA];	/* VLB_CONFIG_WRITE */
};

/* What write() takes: the first 16 bytes, and as much data as length says. */
struct vlb_reply {
	__u32 id;		/* of the message */
	__s32 result;		/* 0, or another number to refuse */
	__u32 length;		/* bytes of data: those asked for, or 0 */
	__u32 reserved;
	__u8 data[VLB_MAX_DATA];	/* VLB_CONFIG_READ */
};

#define VLB_REPLY_HEADER	16

#endif /* _VIRTIO_LOOPBACK_H */
