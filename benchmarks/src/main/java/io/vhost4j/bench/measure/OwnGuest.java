package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.TemporaryDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Boots a Linux and gives its drivers' devices buffers, which go to daemons outside of it, or by
 * our module to programs in it.
 */
public final class OwnGuest implements AutoCloseable {
  private static final double TICK_MICROS = 10_000;
  private static final int LOADS = 4;
  private static final int MEMORY_MIB = 1536;

  /** The script has its own limits for what may take long; this is for what hangs. */
  private static final int LIMIT_SECONDS = 900;

  /**
   * Lets sound have longer buffers: whoever plays gives up where none comes back in time. So does
   * the driver, within a second of its first question, which a Java that has just begun in an
   * emulated machine does not answer in time.
   */
  private static final List<String> DRIVER_OPTIONS =
      List.of("pcm_buffer_ms=1000", "pcm_periods_max=256", "msg_timeout_ms=60000");

  /** What a Linux runs on. */
  public enum Machine {
    /** Debian's kernel under QEMU, every instruction translated. */
    QEMU("guest"),
    /** User-mode Linux: a process, which runs natively but for system calls. */
    UML("uml");

    private final String directory;

    Machine(String directory) {
      this.directory = directory;
    }
  }

  /** Where a device is. */
  public enum Way {
    /** In daemons outside of the guest. */
    VHOST_USER("vhost-user"),
    /** In daemons in the guest, which the adapter has connected with the module. */
    DAEMON("loopback+daemon"),
    /** In the adapter. */
    HERE("loopback alone");

    private final String label;

    Way(String label) {
      this.label = label;
    }
  }

  /**
   * How many buffers of each kind.
   *
   * @param warm before that is measured
   */
  public record Extent(int warm, int trips, int periods, int chunks, int blocks) {}

  private final Machine machine;
  private final Way way;
  private final Extent extent;

  /** For {@link Way#VHOST_USER}: sound and entropy. */
  private final List<ProcessTarget> daemons;

  private final Map<String, List<Sample>> samples = new LinkedHashMap<>();

  /**
   * @param daemons for {@link Way#VHOST_USER} sound and entropy, which belong to this object; else
   *     none
   */
  public OwnGuest(Machine machine, Way way, Extent extent, List<ProcessTarget> daemons) {
    this.machine = machine;
    this.way = way;
    this.extent = extent;
    this.daemons = daemons;
  }

  /** Of one load, in µs for each buffer. */
  private record Sample(int bytes, double micros, double cpu, double server, double module) {}

  /** What people call it. */
  public String name() {
    return machine + " " + way.label;
  }

  /** Waits until there is something to connect to. */
  public void awaitDaemons() throws BenchException {
    for (ProcessTarget daemon : daemons) {
      daemon.awaitSocket();
    }
  }

  /**
   * Boots a guest and gives it all loads.
   *
   * @param told what it does now, whenever that changes
   */
  public void run(Consumer<String> told) throws BenchException {
    try (TemporaryDirectory directory = new TemporaryDirectory()) {
      Path script = directory.resolve("script");
      Path share = Files.createDirectory(directory.resolve("share"));
      Path errors = directory.resolve("errors");
      Files.writeString(script, script());
      Process boot =
          new ProcessBuilder(command(script, share)).redirectError(errors.toFile()).start();
      List<String> others = new ArrayList<>();
      int seen = 0;
      String stage = "boots";
      told.accept(stage);
      try (BufferedReader lines = boot.inputReader(StandardCharsets.UTF_8)) {
        Moment begin = null;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.startsWith("now ")) {
            stage = line.substring("now ".length());
            told.accept(stage);
          } else if (line.startsWith("begin ")) {
            begin = moment(boot);
          } else if (line.matches("end [a-z]+( -?[0-9]+){6}") && begin != null) {
            add(line.split(" ", -1), begin, moment(boot));
            seen++;
          } else {
            others.add(line);
          }
        }
        if (boot.waitFor() != 0 || seen != LOADS) {
          others.addAll(Files.readAllLines(errors));
          if (Files.exists(share.resolve("errors"))) {
            others.addAll(Files.readAllLines(share.resolve("errors")));
          }
          throw new BenchException(
              "%s could not be measured: when it %s: %s"
                  .formatted(
                      name(),
                      stage,
                      others.isEmpty() ? "no reason given" : String.join(" / ", others)));
        }
      } finally {
        boot.destroy();
      }
    } catch (IOException e) {
      throw new BenchException("the guest cannot be booted: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  private String script() throws IOException, BenchException {
    String text = "";
    if (machine == Machine.QEMU) {
      text =
          "rmmod virtio_snd && insmod /modules/virtio_snd.ko %s || exit 3\n"
              .formatted(String.join(" ", DRIVER_OPTIONS));
    }
    if (way != Way.VHOST_USER) {
      text +=
          resource("loopback.sh")
              .replace("MACHINE", machine == Machine.UML ? "uml" : "qemu")
              .replace("WAY", way == Way.DAEMON ? "daemon" : "here")
              .replace("'JAVA'", "'" + System.getProperty("java.home") + "'")
              .replace("'BIN'", "'" + Installation.file("daemons/target/vhost4j/bin") + "'");
    }
    return text
        + resource("buffers.sh")
            .replace("WARM", Integer.toString(extent.warm()))
            .replace("TRIPS", Integer.toString(extent.trips()))
            .replace("PERIODS", Integer.toString(extent.periods()))
            .replace("CHUNKS", Integer.toString(extent.chunks()))
            .replace("BLOCKS", Integer.toString(extent.blocks()));
  }

  private static String resource(String name) throws IOException {
    try (InputStream text = Objects.requireNonNull(OwnGuest.class.getResourceAsStream(name))) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private List<String> command(Path script, Path share) throws BenchException, IOException {
    Path scripts = Installation.file("scripts").resolve(machine.directory);
    List<String> command = new ArrayList<>(List.of(scripts.resolve("boot.sh").toString()));
    command.addAll(
        List.of("--run", script.toString(), "--timeout", Integer.toString(LIMIT_SECONDS)));
    boolean sockets = machine == Machine.UML && way == Way.VHOST_USER; // see boot.sh --cpus
    command.addAll(
        List.of("--memory", Integer.toString(MEMORY_MIB), "--cpus", sockets ? "1" : "2"));
    if (machine == Machine.UML) {
      DRIVER_OPTIONS.forEach(
          option -> command.addAll(List.of("--kernel-arg", "virtio_snd." + option)));
    }
    if (way != Way.VHOST_USER) {
      String module =
          Installation.outputOf(
              Map.of(),
              Installation.file("scripts").resolve("kernel-module.sh").toString(),
              machine == Machine.UML ? "plain" : "6.12");
      Files.copy(Path.of(module), share.resolve("virtio-loopback.ko"));
      command.addAll(List.of("--share", share.toString()));
      if (machine == Machine.QEMU) {
        command.addAll(List.of("--host", "/"));
      }
      return command;
    }
    command.addAll(List.of("--socket", daemons.get(0).socket().toString()));
    Path entropy = daemons.get(1).socket();
    if (machine == Machine.UML) {
      command.addAll(List.of("--socket", entropy + ":4"));
    } else {
      command.addAll(List.of("--qemu", "-chardev", "--qemu", "socket,id=rng,path=" + entropy));
      command.addAll(List.of("--device", "vhost-user-rng-pci,chardev=rng"));
    }
    return command;
  }

  /** Processor time in ns: of the guest's machine with all that belongs to it, and of daemons. */
  private record Moment(long machine, long daemons) {}

  private Moment moment(Process boot) throws BenchException {
    List<Long> pids = daemons.stream().map(daemon -> daemon.pid().orElseThrow()).toList();
    return new Moment(Usage.cpuOfTree(boot.toHandle()), Usage.of(pids).cpuNanos());
  }

  private void add(String[] words, Moment begin, Moment end) {
    int count = Integer.parseInt(words[3]);
    double daemon = (end.daemons() - begin.daemons()) / 1e3 / count;
    double machineCpu = (end.machine() - begin.machine()) / 1e3 / count;
    samples
        .computeIfAbsent(words[1], load -> new ArrayList<>())
        .add(
            new Sample(
                Integer.parseInt(words[2]),
                TICK_MICROS * Integer.parseInt(words[4]) / count,
                machineCpu + daemon,
                daemons.isEmpty() ? TICK_MICROS * Integer.parseInt(words[6]) / count : daemon,
                TICK_MICROS * Integer.parseInt(words[7]) / count));
  }

  /** What has been measured so far. */
  public Stream<LoopbackResult> results() {
    return samples.entrySet().stream()
        .map(
            load ->
                new LoopbackResult(
                    machine.toString(),
                    way.label,
                    load.getKey(),
                    load.getValue().get(0).bytes(),
                    spread(load.getValue(), Sample::micros),
                    spread(load.getValue(), Sample::cpu),
                    spread(load.getValue(), Sample::server),
                    spread(load.getValue(), Sample::module)));
  }

  private static Spread spread(List<Sample> rounds, ToDoubleFunction<Sample> value) {
    return Spread.of(rounds, value);
  }

  @Override
  public void close() {
    daemons.forEach(ProcessTarget::close);
  }
}
