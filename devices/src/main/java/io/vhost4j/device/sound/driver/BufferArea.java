package io.vhost4j.device.sound.driver;

import io.vhost4j.vhostuser.frontend.FrontendMemory;

/**
 * A piece of guest memory for the buffers of one stream, kept from one transfer to the next.
 *
 * @param memory holds it
 * @param address its guest address
 * @param size in bytes
 */
record BufferArea(FrontendMemory memory, long address, long size) {}
