/** The virtio SPI controller (VIRTIO 5.21). */
@NullMarked
package io.vhost4j.device.spi;

import org.jspecify.annotations.NullMarked;
