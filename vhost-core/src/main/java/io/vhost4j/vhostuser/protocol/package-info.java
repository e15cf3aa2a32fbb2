/**
 * The vhost-user protocol as data: a table of all messages, the rules that a message must meet, and
 * codecs of the payloads. Nothing in here does I/O.
 *
 * <p>A message is a {@link io.vhost4j.vhostuser.protocol.MessageHeader} of 12 bytes, a payload, and
 * any number of file descriptors that travel with the first byte. {@link
 * io.vhost4j.vhostuser.protocol.FrontendMessage} lists what a frontend may send, {@link
 * io.vhost4j.vhostuser.protocol.BackendMessage} what a backend may send on its own socket, and
 * {@link io.vhost4j.vhostuser.protocol.MessageRules} judges a message that came in by its row of
 * the table. All numbers are in the byte order of the machine.
 */
@NullMarked
package io.vhost4j.vhostuser.protocol;

import org.jspecify.annotations.NullMarked;
