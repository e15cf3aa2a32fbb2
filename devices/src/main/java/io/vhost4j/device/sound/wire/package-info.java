/**
 * The structures of virtio-sound as they lie in guest memory (VIRTIO 1.4, section 5.14), for the
 * device and for drivers.
 *
 * <p>A structure is a flyweight: it holds no data of its own, only a buffer and where in it the
 * structure begins. One object serves for any number of structures; {@code wrap} moves it. All
 * integers are little-endian, and unsigned values come as the Java type of the same width.
 */
@NullMarked
package io.vhost4j.device.sound.wire;

import org.jspecify.annotations.NullMarked;
