package io.vhost4j.bench.workload;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Connection;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.sound.SoundDevice;
import io.vhost4j.device.sound.SoundDeviceConfig;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.PcmXfer;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.virtqueue.DriverQueue;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A sound device that plays 16-bit stereo at 48 kHz: its first streams, started, and buffers of
 * audio on the tx queue. The device must not pace itself if its speed is to be measured.
 */
public final class SoundOutput implements StreamWorkload {
  private static final int CONTROL = 0;
  private static final int TX = 2;
  private static final int QUEUES = 4;
  private static final int FRAME_BYTES = 4;

  /** Ten milliseconds of audio. */
  private static final int PERIOD_BYTES = 1920;

  private static final long PERIOD_NANOS = 10_000_000;

  /** The null backend needs no thread; all that users run have a worker, as the file backend. */
  private static final List<Setup> SETUPS =
      List.of(
          new Setup("", "--backend null --pacing none"),
          new Setup(
              "--backend file",
              "--backend file --pacing none --playback-file "
                  + ProcessTarget.DIRECTORY
                  + "/played.wav"));

  private static final int PERIODS = 16;
  private static final int PAGE = 4096;

  private final int streams;

  /** Plays on stream 0. */
  public SoundOutput() {
    this(1);
  }

  private SoundOutput(int streams) {
    this.streams = streams;
  }

  @Override
  public StreamWorkload withStreams(int count) {
    return new SoundOutput(count);
  }

  @Override
  public String daemon() {
    return "vhost-device-sound";
  }

  @Override
  public List<Setup> setups() {
    return SETUPS;
  }

  @Override
  public String streamArguments(int count, boolean paced) {
    return "--backend null --pacing %s --input-streams 0 --output-streams %d"
        .formatted(paced ? "realtime" : "none", count);
  }

  @Override
  public VirtioDevice open() throws BenchException {
    try {
      return new SoundDevice(SoundDeviceConfig.standard(), new NullBackend(Pacing.NONE));
    } catch (AudioException e) {
      throw new BenchException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int usualPayload() {
    return PERIOD_BYTES;
  }

  @Override
  public long periodNanos() {
    return PERIOD_NANOS;
  }

  @Override
  public int queues() {
    return QUEUES;
  }

  @Override
  public int queue() {
    return TX;
  }

  @Override
  public int payload(int bytes) {
    return Math.max(1, bytes / FRAME_BYTES) * FRAME_BYTES;
  }

  @Override
  public void start(Connection connection) throws BenchException {
    long page = connection.memory().allocate(PAGE, PAGE);
    for (int stream = 0; stream < streams; stream++) {
      int id = stream;
      command(connection, page, PcmSetParams.SIZE, request -> putParameters(request, id));
      for (RequestCode code : new RequestCode[] {RequestCode.PCM_PREPARE, RequestCode.PCM_START}) {
        command(
            connection,
            page,
            ItemHeader.SIZE,
            request -> new ItemHeader().wrap(request, 0).code(code).id(id));
      }
    }
  }

  private static void putParameters(ByteBuffer request, int stream) {
    new PcmSetParams()
        .wrap(request, 0)
        .streamId(stream)
        .bufferBytes(PERIODS * PERIOD_BYTES)
        .periodBytes(PERIOD_BYTES)
        .features(0)
        .channels(FRAME_BYTES / SampleFormat.S16.bytes())
        .format(SampleFormat.S16.value())
        .rate(SampleRate.HZ_48000.value())
        .padding(0);
  }

  private static void command(
      Connection connection, long page, int size, Consumer<ByteBuffer> writer)
      throws BenchException {
    ByteBuffer memory = Objects.requireNonNull(connection.memory().memory().slice(page, PAGE));
    writer.accept(memory);
    memory.putInt(size, 0);
    FrontendQueue control = connection.queue(CONTROL);
    var unused =
        connection.add(
            control.driver(), new long[] {page, page + size}, new int[] {size, Status.SIZE}, 1, 1);
    connection.exchange(control);
    Status status = Status.of(memory.getInt(size));
    if (status != Status.OK) {
      throw new BenchException(
          "the sound device answered %s to %s: is it one that can play 48000 Hz S16 stereo?"
              .formatted(
                  status == null ? Integer.toHexString(memory.getInt(size)) : status,
                  RequestCode.of(memory.getInt(0))));
    }
  }

  @Override
  public long size(int payload, int count) {
    return (long) count * stride(payload);
  }

  private static int stride(int payload) {
    int bytes = PcmXfer.HEADER_SIZE + payload + PcmXfer.STATUS_SIZE;
    return (bytes + 63) / 64 * 64;
  }

  @Override
  public Chains chains(Connection connection, long address, int payload, int count) {
    return new TxChains(connection, address, payload, count, streams);
  }

  /** As Linux sends them: header and audio in one descriptor each, the status in a third. */
  private static final class TxChains implements Chains {
    private final Connection connection;
    private final long[][] addresses;
    private final int[] lengths;
    private final ByteBuffer[] statuses;

    TxChains(Connection connection, long start, int payload, int count, int streams) {
      this.connection = connection;
      lengths = new int[] {PcmXfer.HEADER_SIZE, payload, PcmXfer.STATUS_SIZE};
      addresses = new long[count][];
      statuses = new ByteBuffer[count];
      for (int slot = 0; slot < count; slot++) {
        long address = start + (long) slot * stride(payload);
        long audio = address + PcmXfer.HEADER_SIZE;
        addresses[slot] = new long[] {address, audio, audio + payload};
        slice(connection, address, PcmXfer.HEADER_SIZE).putInt(0, slot % streams);
        statuses[slot] = slice(connection, audio + payload, PcmXfer.STATUS_SIZE);
      }
    }

    private static ByteBuffer slice(Connection connection, long address, int bytes) {
      return Objects.requireNonNull(connection.memory().memory().slice(address, bytes));
    }

    @Override
    public int add(DriverQueue queue, int slot) {
      statuses[slot].putInt(0, 0);
      return connection.add(queue, addresses[slot], lengths, 2, 1);
    }

    @Override
    public void check(int slot) throws BenchException {
      if (statuses[slot].getInt(0) != Status.OK.code()) {
        throw new BenchException(
            "the sound device answered a buffer with status 0x"
                + Integer.toHexString(statuses[slot].getInt(0)));
      }
    }
  }
}
