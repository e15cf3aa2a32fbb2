package io.vhost4j.audio.alsa;

import com.sun.jna.Callback;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.alsa.lowlevel.LibAsound;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sound card in Java, below the real libasound: one of its ioplug devices ({@code
 * alsa/pcm_ioplug.h}), whose clock moves only when {@link #advance(int)} says so, or with the time
 * ({@link #keepTime}). Like hardware it refuses to start with an empty ring, stops with an xrun
 * when its ring runs dry, or over, and can go to sleep or be unplugged.
 */
final class JavaCard implements AutoCloseable {
  static final int FORMATS = 1;
  static final int CHANNELS = 2;
  static final int RATES = 3;
  static final int BUFFER_BYTES = 5;

  private static final int EPIPE = 32;
  private static final int ESTRPIPE = 86;
  private static final int SUSPENDED = 7;
  private static final int DISCONNECTED = 8;
  private static final NativeLibrary ASOUND = NativeLibrary.getInstance(LibAsound.SONAME);

  final ByteArrayOutputStream played = new ByteArrayOutputStream();

  /** Frames behind the ring, on their way to the air. */
  int behind;

  /** For each map its type, number of channels and their positions. */
  int[][] channelMaps = {};

  int starts;
  int closes;

  private final Direction direction;
  private final byte[] source;
  private final Ioplug io = new Ioplug();
  private byte[] ring = new byte[0];
  private int frameBytes = 1;
  private long hardware;
  private long application;
  private int recorded;
  private boolean running;
  private boolean xrun;
  private boolean closed;

  /** Frames per second of a card that keeps time, 0 for others. */
  private int hertz;

  /** For each start its time and how many frames had passed before. */
  private final List<long[]> runs = new ArrayList<>();

  private long advanced;

  JavaCard() {
    this(Direction.OUTPUT, new byte[0]);
  }

  /** A card that captures {@code source}. */
  JavaCard(Direction direction, byte[] source) {
    this.direction = direction;
    this.source = source;
    io.callback = new Callbacks();
    io.callback.start = this::start;
    io.callback.stop = this::stop;
    io.callback.pointer = this::pointer;
    io.callback.transfer = this::transfer;
    io.callback.close = this::closed;
    io.callback.prepare = this::prepare;
    io.callback.delay = this::delay;
    io.callback.query_chmaps = this::queryChannelMaps;
    int stream = direction == Direction.OUTPUT ? 0 : 1;
    call("snd_pcm_ioplug_create", io, "card", stream, LibAsound.SND_PCM_NONBLOCK);
    constrain(0, LibAsound.SND_PCM_ACCESS_RW_INTERLEAVED);
  }

  AlsaPcm pcm() {
    return new AlsaPcm(Pointer.nativeValue(io.pcm), "java-card", direction);
  }

  /** Lets the card do nothing but these values of a hardware parameter. */
  void constrain(int parameter, int... values) {
    call("snd_pcm_ioplug_set_param_list", io.getPointer(), parameter, values.length, values);
  }

  /** Lets the card do only this range of a hardware parameter. */
  void constrainRange(int parameter, int min, int max) {
    call("snd_pcm_ioplug_set_param_minmax", io.getPointer(), parameter, min, max);
  }

  /** Lets so many frames of time pass. */
  void advance(int frames) {
    if (!running || xrun) {
      return;
    }
    long fill = direction == Direction.OUTPUT ? application - hardware : hardware - application;
    long ringFrames = ring.length / frameBytes;
    long moved = Math.min(frames, direction == Direction.OUTPUT ? fill : ringFrames - fill);
    for (int i = 0; i < moved; i++, hardware++) {
      int at = (int) (hardware % ringFrames) * frameBytes;
      if (direction == Direction.OUTPUT) {
        played.write(ring, at, frameBytes);
      } else {
        System.arraycopy(source, recorded, ring, at, frameBytes);
        recorded += frameBytes;
      }
    }
    boolean atTheEnd = direction == Direction.OUTPUT ? moved == fill : fill + moved == ringFrames;
    if (atTheEnd) {
      xrun = true;
      if (direction == Direction.INPUT) {
        recorded += (int) (frames - moved) * frameBytes;
      }
    }
  }

  /** From its first start on, the card's clock goes with the time. */
  void keepTime(int rate) {
    hertz = rate;
  }

  /** When a frame of a card that keeps time has passed its converters. */
  long timeOf(long frame) {
    long time = 0;
    for (int i = 0; i < runs.size(); i++) {
      long[] run = runs.get(i);
      if (i == 0 || run[1] <= frame) {
        time = run[0] + (frame - run[1]) * 1_000_000_000L / hertz;
      }
    }
    return time;
  }

  private long passed() {
    return (direction == Direction.OUTPUT ? played.size() : recorded) / frameBytes;
  }

  private void catchUp() {
    if (hertz > 0 && running) {
      long start = runs.get(runs.size() - 1)[0];
      long frames = (System.nanoTime() - start) * hertz / 1_000_000_000L;
      advance((int) (frames - advanced));
      advanced = frames;
    }
  }

  /** The host goes to sleep and wakes up again. */
  void suspend() {
    running = false;
    call("snd_pcm_ioplug_set_state", io.getPointer(), SUSPENDED);
  }

  void unplug() {
    running = false;
    call("snd_pcm_ioplug_set_state", io.getPointer(), DISCONNECTED);
  }

  long ringFrames() {
    return (Long) io.readField("buffer_size");
  }

  long periodFrames() {
    return (Long) io.readField("period_size");
  }

  private int start(Pointer plug) {
    if (direction == Direction.OUTPUT && application == hardware) {
      return -EPIPE;
    }
    starts++;
    running = true;
    runs.add(new long[] {System.nanoTime(), passed()});
    advanced = 0;
    return 0;
  }

  private int stop(Pointer plug) {
    running = false;
    return 0;
  }

  private int prepare(Pointer plug) {
    int bits =
        ASOUND
            .getFunction("snd_pcm_format_physical_width")
            .invokeInt(new Object[] {io.readField("format")});
    frameBytes = bits / 8 * (Integer) io.readField("channels");
    ring = new byte[Math.toIntExact(ringFrames()) * frameBytes];
    hardware = 0;
    application = 0;
    xrun = false;
    running = false;
    return 0;
  }

  private long pointer(Pointer plug) {
    catchUp();
    return xrun ? -EPIPE : hardware;
  }

  private int delay(Pointer plug, Pointer frames) {
    if ((Integer) io.readField("state") == SUSPENDED) {
      return -ESTRPIPE;
    }
    catchUp();
    frames.setLong(0, Math.abs(application - hardware) + behind);
    return 0;
  }

  /** In memory that libasound frees. */
  private Pointer queryChannelMaps(Pointer plug) {
    Pointer list = new Pointer(Native.malloc((channelMaps.length + 1L) * Native.POINTER_SIZE));
    for (int i = 0; i < channelMaps.length; i++) {
      Pointer map = new Pointer(Native.malloc((long) channelMaps[i].length * Integer.BYTES));
      map.write(0, channelMaps[i], 0, channelMaps[i].length);
      list.setPointer((long) i * Native.POINTER_SIZE, map);
    }
    list.setPointer((long) channelMaps.length * Native.POINTER_SIZE, Pointer.NULL);
    return list;
  }

  private long transfer(Pointer plug, Pointer areas, long offset, long size) {
    Pointer samples = areas.getPointer(0).share(offset * frameBytes);
    for (int i = 0; i < size; i++, application++) {
      int at = (int) (application * frameBytes % ring.length);
      if (direction == Direction.OUTPUT) {
        samples.read((long) i * frameBytes, ring, at, frameBytes);
      } else {
        samples.write((long) i * frameBytes, ring, at, frameBytes);
      }
    }
    return size;
  }

  private int closed(Pointer plug) {
    closes++;
    closed = true;
    return 0;
  }

  private static void call(String function, Object... arguments) {
    int result = ASOUND.getFunction(function).invokeInt(arguments);
    if (result < 0) {
      throw new IllegalStateException(function + ": " + LibAsound.snd_strerror(result));
    }
  }

  @Override
  public void close() {
    if (!closed) {
      LibAsound.snd_pcm_close(Pointer.nativeValue(io.pcm));
    }
  }

  interface Control extends Callback {
    int call(Pointer io);
  }

  interface Position extends Callback {
    long call(Pointer io);
  }

  interface Query extends Callback {
    Pointer call(Pointer io);
  }

  interface Transfer extends Callback {
    long call(Pointer io, Pointer areas, long offset, long size);
  }

  interface Delay extends Callback {
    int call(Pointer io, Pointer frames);
  }

  /** {@code snd_pcm_ioplug_callback_t}. */
  @Structure.FieldOrder({
    "start",
    "stop",
    "pointer",
    "transfer",
    "close",
    "hw_params",
    "hw_free",
    "sw_params",
    "prepare",
    "drain",
    "pause",
    "resume",
    "poll_descriptors_count",
    "poll_descriptors",
    "poll_revents",
    "dump",
    "delay",
    "query_chmaps",
    "get_chmap",
    "set_chmap"
  })
  public static class Callbacks extends Structure implements Structure.ByReference {
    public @Nullable Control start;
    public @Nullable Control stop;
    public @Nullable Position pointer;
    public @Nullable Transfer transfer;
    public @Nullable Control close;
    public @Nullable Pointer hw_params;
    public @Nullable Pointer hw_free;
    public @Nullable Pointer sw_params;
    public @Nullable Control prepare;
    public @Nullable Pointer drain;
    public @Nullable Pointer pause;
    public @Nullable Pointer resume;
    public @Nullable Pointer poll_descriptors_count;
    public @Nullable Pointer poll_descriptors;
    public @Nullable Pointer poll_revents;
    public @Nullable Pointer dump;
    public @Nullable Delay delay;
    public @Nullable Query query_chmaps;
    public @Nullable Pointer get_chmap;
    public @Nullable Pointer set_chmap;
  }

  /** {@code snd_pcm_ioplug_t}, version 1.0.2. */
  @Structure.FieldOrder({
    "version",
    "name",
    "flags",
    "poll_fd",
    "poll_events",
    "mmap_rw",
    "callback",
    "private_data",
    "pcm",
    "stream",
    "state",
    "appl_ptr",
    "hw_ptr",
    "nonblock",
    "access",
    "format",
    "channels",
    "rate",
    "period_size",
    "buffer_size"
  })
  public static class Ioplug extends Structure {
    public int version = 0x010002;
    public String name = "A sound card in Java";

    /** The position goes on over the end of the ring. */
    public int flags = 4;

    public int poll_fd = -1;
    public int poll_events;
    public int mmap_rw;
    public @Nullable Callbacks callback;
    public @Nullable Pointer private_data;
    public Pointer pcm = Pointer.NULL;
    public int stream;
    public int state;
    public long appl_ptr;
    public long hw_ptr;
    public int nonblock;
    public int access;
    public int format;
    public int channels;
    public int rate;
    public long period_size;
    public long buffer_size;

    public Ioplug() {
      super(Structure.ALIGN_DEFAULT);
      setStringEncoding(Native.getDefaultStringEncoding());
    }
  }
}
