/** Virtqueues: the device side, the driver side, and readers and writers of descriptor chains. */
@NullMarked
package io.vhost4j.virtqueue;

import org.jspecify.annotations.NullMarked;
