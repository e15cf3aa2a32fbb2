package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOptions;
import io.vhost4j.engine.Polling;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the command line says about one device.
 *
 * @param options its name and its own options
 * @param socket where it is served
 * @param polling how long to look at rings that have run empty
 * @param control where its simulated hardware can be worked, null for nowhere
 */
record DeviceSetup(
    DeviceOptions options, ListenSocket socket, Polling polling, @Nullable Path control) {}
