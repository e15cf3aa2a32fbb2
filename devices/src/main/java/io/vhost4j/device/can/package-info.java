/** The virtio CAN controller (VIRTIO 5.20). */
@NullMarked
package io.vhost4j.device.can;

import org.jspecify.annotations.NullMarked;
