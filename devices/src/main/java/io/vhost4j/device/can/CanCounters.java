package io.vhost4j.device.can;

/** What a device has counted. Plain fields: the event loop writes, meters read now and then. */
final class CanCounters {
  /** Frames that the guest has sent, and those that were refused. */
  long sent;

  long refused;

  /** Frames that the guest has received, and why it has not received others. */
  long received;

  long overruns;
  long missed;
  long notNegotiated;
  long tooLarge;

  /** How often the controller has left the bus. */
  long busOffs;
}
