package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOptions;
import java.time.Duration;

/**
 * What the command line says about one device.
 *
 * @param options its name and its own options
 * @param socket where it is served
 * @param polling how long to look at a ring that has run empty, zero for not at all
 */
record DeviceSetup(DeviceOptions options, ListenSocket socket, Duration polling) {}
