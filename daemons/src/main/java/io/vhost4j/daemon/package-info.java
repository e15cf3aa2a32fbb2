/**
 * The daemons as programs: command line, life from start to signal, logging, metrics. Devices and
 * backends come from the modules below; nothing here knows a wire format.
 */
@NullMarked
package io.vhost4j.daemon;

import org.jspecify.annotations.NullMarked;
