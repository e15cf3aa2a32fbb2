package io.vhost4j.daemon;

import java.util.List;

/**
 * What the command line of the loopback adapter says.
 *
 * @param cards in the order in which they are given
 * @param waits whether nodes and daemons that are not there yet are waited for
 * @param logLevel how much to log
 */
record AdapterOptions(List<CardSetup> cards, boolean waits, LogLevel logLevel) {}
