// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buses without hardware, for daemons that serve those of their host:
 *
 * - the I2C adapter "hostbus I2C", which tells the log of each transfer that it was given in one go, and the adapter
 *   "hostbus SMBus", which can do SMBus commands alone. Both have the same chip of 256 bytes at 0x1c: the first byte that
 *   is written says where, the others go there and behind, and what is read comes from where the last access has ended.
 * - an SPI controller that echoes, with a spidev.
 *
 * A write to the parameter "attach" gives a spidev to each chip select of all other SPI controllers: nothing tells the
 * kernel what is at those of a virtio device. It also gives the driver of these, spi-virtio, a remove method: Linux up to
 * 7.3 dies where the device goes, as the virtio bus calls that method and the driver has none.
 */
#include <linux/device.h>
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spi/spi.h>
#include <linux/virtio.h>

#define CHIP 0x1c
#define SPIDEV "dh2228fv" /* the driver spidev takes no chip that is called what it is */

static u8 memory[256];
static u8 at;

/* ---- I2C ---- */

static int hostbus_xfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int count)
{
	int i, k;

	pr_info("hostbus: %d messages in one go\n", count);
	for (i = 0; i < count; i++) {
		if (msgs[i].addr != CHIP)
			return i ? i : -ENXIO;
		for (k = 0; k < msgs[i].len; k++) {
			if (msgs[i].flags & I2C_M_RD)
				msgs[i].buf[k] = memory[at++];
			else if (k)
				memory[at++] = msgs[i].buf[k];
			else
				at = msgs[i].buf[k];
		}
	}
	return count;
}

static u32 hostbus_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm hostbus_algorithm = {
	.master_xfer = hostbus_xfer,
	.functionality = hostbus_functionality,
};

static struct i2c_adapter hostbus_i2c = {
	.owner = THIS_MODULE,
	.name = "hostbus I2C",
	.algo = &hostbus_algorithm,
};

static int hostbus_smbus_xfer(struct i2c_adapter *adapter, u16 addr, unsigned short flags, char read_write, u8 command,
			      int size, union i2c_smbus_data *data)
{
	bool read = read_write == I2C_SMBUS_READ;
	int i;

	if (addr != CHIP)
		return -ENXIO;
	if (size == I2C_SMBUS_BYTE && read) {
		data->byte = memory[at++];
		return 0;
	}
	if (size != I2C_SMBUS_QUICK)
		at = command;
	switch (size) {
	case I2C_SMBUS_QUICK:
	case I2C_SMBUS_BYTE:
		return 0;
	case I2C_SMBUS_BYTE_DATA:
		if (read)
			data->byte = memory[at++];
		else
			memory[at++] = data->byte;
		return 0;
	case I2C_SMBUS_WORD_DATA:
		if (read) {
			data->word = memory[at] | memory[(u8)(at + 1)] << 8;
		} else {
			memory[at] = data->word & 0xff;
			memory[(u8)(at + 1)] = data->word >> 8;
		}
		at += 2;
		return 0;
	case I2C_SMBUS_I2C_BLOCK_DATA:
		for (i = 1; i <= data->block[0]; i++) {
			if (read)
				data->block[i] = memory[at++];
			else
				memory[at++] = data->block[i];
		}
		return 0;
	}
	return -EOPNOTSUPP;
}

static u32 hostbus_smbus_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_SMBUS_QUICK | I2C_FUNC_SMBUS_BYTE | I2C_FUNC_SMBUS_BYTE_DATA | I2C_FUNC_SMBUS_WORD_DATA |
	       I2C_FUNC_SMBUS_I2C_BLOCK;
}

static const struct i2c_algorithm hostbus_smbus_algorithm = {
	.smbus_xfer = hostbus_smbus_xfer,
	.functionality = hostbus_smbus_functionality,
};

static struct i2c_adapter hostbus_smbus = {
	.owner = THIS_MODULE,
	.name = "hostbus SMBus",
	.algo = &hostbus_smbus_algorithm,
};

/* ---- SPI ---- */

static struct platform_device *platform;
static struct spi_controller *echo;

static int hostbus_transfer_one(struct spi_controller *ctlr, struct spi_device *spi, struct spi_transfer *transfer)
{
	pr_info("hostbus: %u bytes, mode %x, %u bits, %u Hz\n", transfer->len,
		(u32)(spi->mode & (SPI_MODE_3 | SPI_CS_HIGH | SPI_LSB_FIRST | SPI_LOOP)), transfer->bits_per_word,
		transfer->speed_hz);
	if (transfer->rx_buf && transfer->tx_buf)
		memcpy(transfer->rx_buf, transfer->tx_buf, transfer->len);
	else if (transfer->rx_buf)
		memset(transfer->rx_buf, 0, transfer->len);
	return 0;
}

static void add_spidev(struct spi_controller *ctlr, int chip_select)
{
	struct spi_board_info info = {
		.modalias = SPIDEV,
		.max_speed_hz = 1000000,
		.chip_select = chip_select,
	};

	if (!spi_new_device(ctlr, &info))
		pr_info("hostbus: %s has something at chip select %d\n", dev_name(&ctlr->dev), chip_select);
}

static int is_other(struct device *dev, const void *unused)
{
	return dev != &echo->dev;
}

static struct virtio_driver *mended;

static void reset(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
}

static void mend(struct device_driver *driver)
{
	struct virtio_driver *virtio = container_of(driver, struct virtio_driver, driver);

	if (!strcmp(driver->name, "spi_virtio") && !virtio->remove) {
		mended = virtio;
		virtio->remove = reset;
	}
}

static int attach(const char *value, const struct kernel_param *kp)
{
	struct device *dev = class_find_device(echo->dev.class, NULL, NULL, is_other);
	int i;

	if (!dev)
		return -ENODEV;
	if (dev->parent && dev->parent->driver)
		mend(dev->parent->driver);
	for (i = 0; i < container_of(dev, struct spi_controller, dev)->num_chipselect; i++)
		add_spidev(container_of(dev, struct spi_controller, dev), i);
	put_device(dev);
	return 0;
}

static const struct kernel_param_ops attach_ops = { .set = attach };
module_param_cb(attach, &attach_ops, NULL, 0200);

static int __init hostbus_init(void)
{
	int err;

	platform = platform_device_register_simple("hostbus", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(platform))
		return PTR_ERR(platform);
	err = -ENOMEM;
	echo = spi_alloc_host(&platform->dev, 0);
	if (!echo)
		goto no_controller;
	echo->num_chipselect = 1;
	echo->mode_bits = SPI_MODE_X_MASK | SPI_LSB_FIRST | SPI_CS_HIGH;
	echo->bits_per_word_mask = SPI_BPW_MASK(8) | SPI_BPW_MASK(16);
	echo->transfer_one = hostbus_transfer_one;
	err = spi_register_controller(echo);
	if (err) {
		spi_controller_put(echo);
		goto no_controller;
	}
	add_spidev(echo, 0);
	hostbus_i2c.dev.parent = &platform->dev;
	hostbus_smbus.dev.parent = &platform->dev;
	err = i2c_add_adapter(&hostbus_i2c);
	if (err)
		goto no_i2c;
	err = i2c_add_adapter(&hostbus_smbus);
	if (err)
		goto no_smbus;
	return 0;

no_smbus:
	i2c_del_adapter(&hostbus_i2c);
no_i2c:
	spi_unregister_controller(echo);
no_controller:
	platform_device_unregister(platform);
	return err;
}

static void __exit hostbus_exit(void)
{
	if (mended)
		mended->remove = NULL;
	i2c_del_adapter(&hostbus_smbus);
	i2c_del_adapter(&hostbus_i2c);
	spi_unregister_controller(echo);
	platform_device_unregister(platform);
}

module_init(hostbus_init);
module_exit(hostbus_exit);
MODULE_DESCRIPTION("I2C and SPI buses without hardware");
MODULE_LICENSE("GPL");
