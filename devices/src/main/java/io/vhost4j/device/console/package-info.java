/**
 * The virtio console device (VIRTIO 5.3): consoles and serial ports, each wired to an end of its
 * own on the host.
 *
 * <p>{@code ConsolePort} moves the bytes of one port between its two queues and its {@code
 * HostEnd}, {@code ControlMessages} tells the driver of the ports, and {@code ConsoleDevice} puts
 * them together.
 */
@NullMarked
package io.vhost4j.device.console;

import org.jspecify.annotations.NullMarked;
