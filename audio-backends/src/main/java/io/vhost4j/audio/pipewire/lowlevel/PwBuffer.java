package io.vhost4j.audio.pipewire.lowlevel;

/**
 * {@code struct pw_buffer} of {@code pipewire/stream.h} down to the one block of memory that a
 * buffer of interleaved audio has ({@code struct spa_buffer}, {@code spa_data} and {@code
 * spa_chunk} of {@code spa/buffer/buffer.h}). A buffer is the address of its {@code pw_buffer}.
 *
 * <pre>
 *  pw_buffer      spa_buffer     spa_data         spa_chunk
 *   0 buffer  →    0 n_metas      0 type           0 offset
 *   8 user_data    4 n_datas      4 flags          4 size
 *  16 size         8 metas        8 fd             8 stride
 *  24 requested   16 datas  →    16 mapoffset     12 flags
 *                                20 maxsize
 *                                24 data  → memory
 *                                32 chunk → spa_chunk
 * </pre>
 */
public final class PwBuffer {
  private static final int SIZE = 16;
  private static final int REQUESTED = 24;
  private static final int SPA_BUFFER_COUNT = 4;
  private static final int SPA_BUFFER_DATAS = 16;
  private static final int SPA_DATA_MAXSIZE = 20;
  private static final int SPA_DATA_DATA = 24;
  private static final int SPA_DATA_CHUNK = 32;
  private static final int SPA_CHUNK_SIZE = 4;
  private static final int SPA_CHUNK_STRIDE = 8;
  private static final int SPA_CHUNK_FLAGS = 12;

  private PwBuffer() {}

  /** Address of the {@code spa_data} of the first block, or 0 if there is none. */
  public static long data(long buffer) {
    long spaBuffer = LibC.getLong(buffer);
    return LibC.getInt(spaBuffer + SPA_BUFFER_COUNT) < 1
        ? 0
        : LibC.getLong(spaBuffer + SPA_BUFFER_DATAS);
  }

  /** Frames that the graph wants; 0 if it does not say. */
  public static long requested(long buffer) {
    return LibC.getLong(buffer + REQUESTED);
  }

  /** Tells how many frames the buffer has, for {@link PwTime}. */
  public static void setSize(long buffer, long frames) {
    LibC.setLong(buffer + SIZE, frames);
  }

  /** Address of the memory of a {@code spa_data}, or 0 if it is not mapped. */
  public static long memory(long data) {
    return LibC.getLong(data + SPA_DATA_DATA);
  }

  /** Size of that memory in bytes. */
  public static int capacity(long data) {
    return LibC.getInt(data + SPA_DATA_MAXSIZE);
  }

  /** Offset of the valid bytes in that memory, below {@link #capacity(long)} for a good peer. */
  public static int chunkOffset(long data) {
    return LibC.getInt(LibC.getLong(data + SPA_DATA_CHUNK));
  }

  /** How many bytes are valid. */
  public static int chunkSize(long data) {
    return LibC.getInt(LibC.getLong(data + SPA_DATA_CHUNK) + SPA_CHUNK_SIZE);
  }

  /** Describes the valid bytes. */
  public static void setChunk(long data, int offset, int size, int stride) {
    long chunk = LibC.getLong(data + SPA_DATA_CHUNK);
    LibC.setInt(chunk, offset);
    LibC.setInt(chunk + SPA_CHUNK_SIZE, size);
    LibC.setInt(chunk + SPA_CHUNK_STRIDE, stride);
    LibC.setInt(chunk + SPA_CHUNK_FLAGS, 0);
  }
}
