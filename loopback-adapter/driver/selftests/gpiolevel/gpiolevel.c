// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that waits for a level at a GPIO line, which no program can: insmod gpiolevel.ko chip=LABEL line=N. The
 * interrupt comes as long as the line is high; at each "limit" of them it is disabled until "again" is written. "count"
 * tells how often it has come.
 */
#include <linux/gpio/consumer.h>
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/interrupt.h>
#include <linux/module.h>

static char *chip;
module_param(chip, charp, 0444);
static unsigned int line;
module_param(line, uint, 0444);
static unsigned int limit = 5;
module_param(limit, uint, 0444);
static unsigned int count;
module_param(count, uint, 0444);

static struct gpio_device *device;
static struct gpio_desc *desc;
static int irq = -1;

/* In a thread, as the driver of the chip may sleep when its interrupts are disabled. */
static irqreturn_t gpiolevel_irq(int number, void *unused)
{
	if (++count % limit == 0)
		disable_irq_nosync(number);
	return IRQ_HANDLED;
}

static int again(const char *value, const struct kernel_param *kp)
{
	if (irq < 0)
		return -ENODEV;
	enable_irq(irq);
	return 0;
}

static const struct kernel_param_ops again_ops = { .set = again };
module_param_cb(again, &again_ops, NULL, 0200);

static int __init gpiolevel_init(void)
{
	int err;

	device = chip ? gpio_device_find_by_label(chip) : NULL;
	if (!device)
		return -ENODEV;
	desc = gpiochip_request_own_desc(gpio_device_get_chip(device), line, "gpiolevel", GPIO_LOOKUP_FLAGS_DEFAULT,
					 GPIOD_IN);
	if (IS_ERR(desc)) {
		err = PTR_ERR(desc);
		goto no_line;
	}
	irq = gpiod_to_irq(desc);
	err = irq;
	if (err < 0)
		goto no_irq;
	err = request_threaded_irq(irq, NULL, gpiolevel_irq, IRQF_TRIGGER_HIGH | IRQF_ONESHOT, "gpiolevel", NULL);
	if (err)
		goto no_irq;
	return 0;

no_irq:
	gpiochip_free_own_desc(desc);
no_line:
	gpio_device_put(device);
	return err;
}

static void __exit gpiolevel_exit(void)
{
	free_irq(irq, NULL);
	gpiochip_free_own_desc(desc);
	gpio_device_put(device);
}

module_init(gpiolevel_init);
module_exit(gpiolevel_exit);
MODULE_DESCRIPTION("Waits for a level at a GPIO line");
MODULE_LICENSE("GPL");
