/** The virtio I2C adapter (VIRTIO 5.16). */
@NullMarked
package io.vhost4j.device.i2c;

import org.jspecify.annotations.NullMarked;
