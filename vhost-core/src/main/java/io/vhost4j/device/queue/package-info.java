/**
 * Ready-made {@link io.vhost4j.device.QueueHandler}s for what devices have in common. A device says
 * what is particular to it; bounds, odd buffers, stop, pause and reset are seen to here.
 */
@NullMarked
package io.vhost4j.device.queue;

import org.jspecify.annotations.NullMarked;
