/** The virtio RTC device (VIRTIO 5.23): clocks of the host, and alarms. */
@NullMarked
package io.vhost4j.device.rtc;

import org.jspecify.annotations.NullMarked;
