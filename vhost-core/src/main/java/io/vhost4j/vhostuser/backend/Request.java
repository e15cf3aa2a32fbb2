package io.vhost4j.vhostuser.backend;

import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import java.nio.ByteBuffer;

/**
 * A message of the frontend that has passed {@link io.vhost4j.vhostuser.protocol.MessageRules}.
 * Payload and descriptors are there during the call only; a descriptor that is to stay is taken.
 */
record Request(MessageHeader header, ByteBuffer payload, ReceivedFds fds) {}
