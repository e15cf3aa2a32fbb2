/**
 * The structures of virtio-sound as they lie in guest memory (VIRTIO 1.4, section 5.14), for the
 * device and for drivers.
 *
 * <p>Unsigned values come as the Java type of the same width; see {@link io.vhost4j.device.Struct}.
 */
@NullMarked
package io.vhost4j.device.sound.wire;

import org.jspecify.annotations.NullMarked;
