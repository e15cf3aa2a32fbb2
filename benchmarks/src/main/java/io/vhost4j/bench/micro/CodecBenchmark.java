package io.vhost4j.bench.micro;

import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageRules;
import io.vhost4j.vhostuser.protocol.Negotiation;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.VringState;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Messages of the protocol and structures of a device, from bytes to values and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CodecBenchmark {
  private final ByteBuffer header = Payload.allocate(MessageHeader.SIZE);
  private final ByteBuffer payload = new VringState(2, 64).encode();
  private final ByteBuffer request = Payload.allocate(PcmSetParams.SIZE);
  private final PcmSetParams params = new PcmSetParams();

  public CodecBenchmark() {
    MessageHeader.request(FrontendMessage.SET_VRING_NUM.id(), false, VringState.SIZE).write(header);
  }

  /** A request of the frontend: header, rules and payload. */
  @Benchmark
  public int decodeRequest() {
    MessageHeader read = MessageHeader.read(header);
    FrontendMessage type = FrontendMessage.of(read.request());
    boolean isRefused = MessageRules.check(type, read, payload, 0, Negotiation.NOTHING) != null;
    VringState state = VringState.read(payload);
    return state.index() + state.num() + (isRefused ? 1 : 0);
  }

  /** A reply's header. */
  @Benchmark
  public ByteBuffer encodeHeader() {
    MessageHeader.request(FrontendMessage.GET_VRING_BASE.id(), true, VringState.SIZE).write(header);
    return header;
  }

  /** A request of the sound driver, written and read. */
  @Benchmark
  public int soundRequest() {
    params.wrap(request, 0).streamId(1).bufferBytes(7680).periodBytes(1920).channels(2);
    return params.streamId() + params.bufferBytes() + params.periodBytes() + params.channels();
  }
}
