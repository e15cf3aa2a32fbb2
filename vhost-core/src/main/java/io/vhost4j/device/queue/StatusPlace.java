package io.vhost4j.device.queue;

/** Where a reply has its status (H5). */
public enum StatusPlace {
  /** In front of the reply's data: the driver is told how much of both was written. */
  FIRST,
  /**
   * At the very end of the room for a reply, whatever data there is: what the data leaves free is
   * zeroed, unless that is very much.
   */
  LAST
}
