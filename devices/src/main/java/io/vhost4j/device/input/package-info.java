/** The virtio input device (VIRTIO 5.8). */
@NullMarked
package io.vhost4j.device.input;

import org.jspecify.annotations.NullMarked;
