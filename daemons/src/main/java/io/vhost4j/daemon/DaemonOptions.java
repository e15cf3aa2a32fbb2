package io.vhost4j.daemon;

import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the command line says.
 *
 * @param cards the sound cards, one for each socket
 * @param logLevel how much to log
 * @param metrics where to serve meters over HTTP, or null for nowhere
 */
record DaemonOptions(
    List<CardOptions> cards, LogLevel logLevel, @Nullable InetSocketAddress metrics) {}
