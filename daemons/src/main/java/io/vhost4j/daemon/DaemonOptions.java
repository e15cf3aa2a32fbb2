package io.vhost4j.daemon;

import io.vhost4j.device.VirtioDeviceProvider;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the command line says.
 *
 * @param provider the kind of the devices
 * @param devices the devices, one for each socket
 * @param logLevel how much to log
 * @param metrics where to serve meters over HTTP, or null for nowhere
 */
record DaemonOptions(
    VirtioDeviceProvider provider,
    List<DeviceSetup> devices,
    LogLevel logLevel,
    @Nullable InetSocketAddress metrics) {}
