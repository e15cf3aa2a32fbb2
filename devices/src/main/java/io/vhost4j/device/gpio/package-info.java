/** The virtio GPIO device: lines of a chip of the host, or of one that is simulated. */
@NullMarked
package io.vhost4j.device.gpio;

import org.jspecify.annotations.NullMarked;
