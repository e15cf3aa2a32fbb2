/**
 * libpipewire-0.3 as its C headers have it: {@link io.vhost4j.audio.pipewire.lowlevel.LibPipewire}
 * has the functions one to one, the other classes the structs as offsets and the constants.
 * Addresses are {@code long}. What is here is the same in the headers of PipeWire 0.3.65 and 1.4.2,
 * on every 64-bit machine; only functions that both libraries export are bound.
 */
@NullMarked
package io.vhost4j.audio.pipewire.lowlevel;

import org.jspecify.annotations.NullMarked;
