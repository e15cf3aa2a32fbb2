package io.vhost4j.device.sound.wire;

import org.jspecify.annotations.Nullable;

/**
 * What a request on the control queue asks for (VIRTIO 5.14.6). Requests on control elements
 * (CTL_*) are missing: without VIRTIO_SND_F_CTLS they do not exist (A60).
 */
public enum RequestCode {
  JACK_INFO(1, QueryInfo.SIZE),
  JACK_REMAP(2, JackRemap.SIZE),
  PCM_INFO(0x100, QueryInfo.SIZE),
  PCM_SET_PARAMS(0x101, PcmSetParams.SIZE),
  PCM_PREPARE(0x102, ItemHeader.SIZE),
  PCM_RELEASE(0x103, ItemHeader.SIZE),
  PCM_START(0x104, ItemHeader.SIZE),
  PCM_STOP(0x105, ItemHeader.SIZE),
  CHMAP_INFO(0x200, QueryInfo.SIZE);

  /** Length of a code in bytes. */
  public static final int SIZE = 4;

  /** Length of the longest request in bytes. */
  public static final int LONGEST_REQUEST = PcmSetParams.SIZE;

  private final int code;
  private final int requestBytes;

  RequestCode(int code, int requestBytes) {
    this.code = code;
    this.requestBytes = requestBytes;
  }

  /** The value on the wire. */
  public int code() {
    return code;
  }

  /** Length of the request's structure in bytes; a shorter readable part is a bad message (A13). */
  public int requestBytes() {
    return requestBytes;
  }

  /** The request of a wire value, or null if there is none. */
  public static @Nullable RequestCode of(int code) {
    return switch (code) {
      case 1 -> JACK_INFO;
      case 2 -> JACK_REMAP;
      case 0x100 -> PCM_INFO;
      case 0x101 -> PCM_SET_PARAMS;
      case 0x102 -> PCM_PREPARE;
      case 0x103 -> PCM_RELEASE;
      case 0x104 -> PCM_START;
      case 0x105 -> PCM_STOP;
      case 0x200 -> CHMAP_INFO;
      default -> null;
    };
  }
}
