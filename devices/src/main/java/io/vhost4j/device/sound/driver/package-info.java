/**
 * The driver's side of virtio-sound, without a guest: plays and records through any vhost-user
 * sound device. For demonstrations, tests and benchmarks.
 */
@NullMarked
package io.vhost4j.device.sound.driver;

import org.jspecify.annotations.NullMarked;
