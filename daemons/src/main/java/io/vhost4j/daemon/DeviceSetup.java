package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOptions;
import io.vhost4j.engine.Polling;

/**
 * What the command line says about one device.
 *
 * @param options its name and its own options
 * @param socket where it is served
 * @param polling how long to look at rings that have run empty
 */
record DeviceSetup(DeviceOptions options, ListenSocket socket, Polling polling) {}
