/** The virtio entropy device (VIRTIO 5.4). */
@NullMarked
package io.vhost4j.device.rng;

import org.jspecify.annotations.NullMarked;
