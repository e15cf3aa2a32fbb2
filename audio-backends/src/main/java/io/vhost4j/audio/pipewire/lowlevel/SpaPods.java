package io.vhost4j.audio.pipewire.lowlevel;

import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Builds the parameters of a stream as PODs, each in memory of its own. A POD is a size, a type and
 * a body, padded to 8 bytes; the body of an object is a type, an id and its properties; a property
 * is a key, flags and a POD.
 */
public final class SpaPods {
  // spa/utils/type.h
  private static final int TYPE_ID = 3;
  private static final int TYPE_INT = 4;
  private static final int TYPE_ARRAY = 13;
  private static final int TYPE_OBJECT = 15;
  private static final int TYPE_CHOICE = 19;
  private static final int OBJECT_FORMAT = 0x40003;
  private static final int OBJECT_PARAM_BUFFERS = 0x40004;

  // spa/pod/pod.h
  private static final int CHOICE_RANGE = 1;

  // spa/param/param.h
  private static final int PARAM_ENUM_FORMAT = 3;
  private static final int PARAM_BUFFERS = 5;

  // spa/param/buffers.h
  private static final int BUFFERS_SIZE = 3;

  // spa/param/format.h
  private static final int MEDIA_TYPE = 1;
  private static final int MEDIA_SUBTYPE = 2;
  private static final int AUDIO_FORMAT = 0x10001;
  private static final int AUDIO_RATE = 0x10003;
  private static final int AUDIO_CHANNELS = 0x10004;
  private static final int AUDIO_POSITION = 0x10005;
  private static final int MEDIA_TYPE_AUDIO = 1;
  private static final int MEDIA_SUBTYPE_RAW = 1;

  private static final int HEADER = 8;

  private SpaPods() {}

  /**
   * Offers one format of raw audio, as {@code spa_format_audio_raw_build} of {@code
   * spa/param/audio/raw-utils.h} does.
   *
   * @param format one of {@link SpaAudioFormat}
   * @param rate frames per second
   * @param positions one of {@link SpaAudioChannel} for each channel
   */
  public static Memory enumFormat(int format, int rate, int[] positions) {
    ByteBuffer pod = object(OBJECT_FORMAT, PARAM_ENUM_FORMAT, positions.length);
    property(pod, MEDIA_TYPE, TYPE_ID, MEDIA_TYPE_AUDIO);
    property(pod, MEDIA_SUBTYPE, TYPE_ID, MEDIA_SUBTYPE_RAW);
    property(pod, AUDIO_FORMAT, TYPE_ID, format);
    property(pod, AUDIO_RATE, TYPE_INT, rate);
    property(pod, AUDIO_CHANNELS, TYPE_INT, positions.length);
    pod.putInt(AUDIO_POSITION).putInt(0);
    pod.putInt(HEADER + positions.length * Integer.BYTES).putInt(TYPE_ARRAY);
    pod.putInt(Integer.BYTES).putInt(TYPE_ID);
    for (int position : positions) {
      pod.putInt(position);
    }
    return finished(pod);
  }

  /** Asks for buffers of so many bytes at least. */
  public static Memory buffers(int minBytes) {
    ByteBuffer pod = object(OBJECT_PARAM_BUFFERS, PARAM_BUFFERS, 0);
    pod.putInt(BUFFERS_SIZE).putInt(0);
    pod.putInt(2 * HEADER + 3 * Integer.BYTES).putInt(TYPE_CHOICE);
    pod.putInt(CHOICE_RANGE).putInt(0);
    pod.putInt(Integer.BYTES).putInt(TYPE_INT);
    pod.putInt(minBytes).putInt(minBytes).putInt(Integer.MAX_VALUE);
    return finished(pod);
  }

  private static ByteBuffer object(int type, int id, int arrayLength) {
    return ByteBuffer.allocate(512 + arrayLength * Integer.BYTES)
        .order(ByteOrder.nativeOrder())
        .putInt(0)
        .putInt(TYPE_OBJECT)
        .putInt(type)
        .putInt(id);
  }

  private static void property(ByteBuffer pod, int key, int type, int value) {
    pod.putInt(key).putInt(0).putInt(Integer.BYTES).putInt(type).putInt(value).putInt(0);
  }

  private static Memory finished(ByteBuffer pod) {
    if (pod.position() % HEADER != 0) {
      pod.putInt(0);
    }
    pod.putInt(0, pod.position() - HEADER);
    Memory memory = new Memory(pod.position());
    memory.getByteBuffer(0, pod.position()).put(pod.flip());
    return memory;
  }
}
