package io.vhost4j.daemon;

import io.vhost4j.loopback.KernelSide;
import java.util.List;

/**
 * What the command line of the loopback adapter says.
 *
 * @param cards in the order in which they are given
 * @param side what of the kernel makes the cards
 * @param waits whether nodes and daemons that are not there yet are waited for
 * @param logLevel how much to log
 */
record AdapterOptions(List<CardSetup> cards, KernelSide side, boolean waits, LogLevel logLevel) {}
