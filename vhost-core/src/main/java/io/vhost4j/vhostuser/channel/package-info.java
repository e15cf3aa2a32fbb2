/**
 * The socket of the vhost-user protocol on an event loop: messages with their descriptors, both
 * ways, and the socket that waits for frontends.
 */
@NullMarked
package io.vhost4j.vhostuser.channel;

import org.jspecify.annotations.NullMarked;
