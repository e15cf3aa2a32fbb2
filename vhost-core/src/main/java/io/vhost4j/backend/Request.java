package io.vhost4j.backend;

import io.vhost4j.event.ReceivedFds;
import io.vhost4j.protocol.MessageHeader;
import java.nio.ByteBuffer;

/**
 * A message of the frontend that has passed {@link io.vhost4j.protocol.MessageRules}. Payload and
 * descriptors are there during the call only; a descriptor that is to stay is taken.
 */
record Request(MessageHeader header, ByteBuffer payload, ReceivedFds fds) {}
