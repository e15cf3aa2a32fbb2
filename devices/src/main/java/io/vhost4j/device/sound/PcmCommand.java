package io.vhost4j.device.sound;

/** What a driver can tell a PCM stream to do (VIRTIO 5.14.6.6.1). */
enum PcmCommand {
  SET_PARAMS(PcmState.PARAMETERS_SET),
  PREPARE(PcmState.PREPARED),
  START(PcmState.STARTED),
  STOP(PcmState.STOPPED),
  RELEASE(PcmState.RELEASED);

  private final PcmState next;

  PcmCommand(PcmState next) {
    this.next = next;
  }

  /** The state after the command has succeeded, whatever it was before. */
  PcmState next() {
    return next;
  }
}
