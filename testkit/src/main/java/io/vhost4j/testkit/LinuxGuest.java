package io.vhost4j.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real Linux with its own drivers, booted for a test: in user mode, which takes half a second, or
 * under QEMU with a kernel of Debian, which takes some. It runs one script, or what it is told.
 *
 * <pre>{@code
 * try (LinuxGuest guest = LinuxGuest.inUserMode().device(socket, 4, "vhost-user-rng-pci").boot()) {
 *   assertThat(guest.run("cat /sys/class/misc/hw_random/rng_current")).contains("virtio_rng.0");
 *   guest.end();
 * }
 * }</pre>
 *
 * <p>The programs that boot it are {@code uml/boot.sh} and {@code guest/boot.sh} in the directory
 * {@code scripts} of vhost4j, which the system property {@code vhost4j.scripts} names; {@code
 * install-deps.sh} beside them installs what they need. One thread.
 */
public final class LinuxGuest implements AutoCloseable {
  private static final int SOUND = 25;

  /** Obeys the files that {@link #run} leaves in the shared directory. */
  private static final String OBEY =
      """
      n=1
      until [ -e .end ]; do
        if [ -e .command.$n ]; then
          (. ./.command.$n) 2>&1
          echo "status $? of command $n"
          n=$((n + 1))
        else
          sleep 0.05
        fi
      done
      """;

  private final Process process;
  private final String machine;
  private final BufferedReader out;
  private final Path share;
  private final List<Path> temporary;
  private final List<String> lines = new ArrayList<>();
  private int commands;

  private LinuxGuest(Process process, String machine, Path share, List<Path> temporary) {
    this.process = process;
    this.machine = machine;
    this.share = share;
    this.temporary = temporary;
    this.out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** A guest in user mode, to be described further. */
  public static Builder inUserMode() {
    return new Builder("uml/boot.sh", "/linux", false);
  }

  /** A guest under QEMU, to be described further. */
  public static Builder underQemu() {
    return new Builder("guest/boot.sh", "/qemu-system-x86_64", true);
  }

  /** What a guest is to have. */
  public static final class Builder {
    private final String boot;
    private final String machine;
    private final boolean qemu;
    private final List<String> options = new ArrayList<>();
    private @Nullable Path share;
    private Duration limit = Duration.ofSeconds(400);
    private int devices;

    private Builder(String boot, String machine, boolean qemu) {
      this.boot = boot;
      this.machine = machine;
      this.qemu = qemu;
    }

    /**
     * Plugs in a device.
     *
     * @param socket where its backend listens, now
     * @param deviceType the virtio device type, by which user-mode Linux knows it
     * @param qemuDevice QEMU's name for it
     * @return this
     */
    public Builder device(Path socket, int deviceType, String qemuDevice) {
      if (!qemu) {
        return options("--socket", socket + ":" + deviceType);
      }
      if (deviceType == SOUND) { // for whose driver the guest waits
        return options("--socket", socket.toString());
      }
      String id = "device" + devices++;
      String path = socket.toString().replace(",", ",,");
      options("--qemu", "-chardev", "--qemu", "socket,id=%s,path=%s".formatted(id, path));
      return options("--device", qemuDevice + ",chardev=" + id);
    }

    /** Makes a directory of the host {@code /share} in the guest, where everything runs. */
    public Builder share(Path directory) {
      share = directory;
      return this;
    }

    /** Ends the guest after this time; 400 seconds if nothing else is said. */
    public Builder limit(Duration longest) {
      limit = longest;
      return this;
    }

    /** Gives options to the program that boots, see its {@code --help}. */
    public Builder options(String... more) {
      options.addAll(List.of(more));
      return this;
    }

    /** Boots a guest that runs a shell script (busybox) as root, and ends with it. */
    public LinuxGuest run(String script) throws IOException {
      Path directory = Files.createTempDirectory("vhost4j-guest");
      Path file = Files.writeString(directory.resolve("script.sh"), script);
      Path shared = share;
      if (shared == null) {
        shared = Files.createDirectory(directory.resolve("share"));
      }
      List<String> command = new ArrayList<>(List.of(program().toString()));
      command.addAll(List.of("--run", file.toString(), "--share", shared.toString()));
      command.addAll(List.of("--timeout", Long.toString(limit.toSeconds())));
      command.addAll(options);
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      return new LinuxGuest(process, machine, shared, List.of(directory));
    }

    /** Boots a guest that does what {@link LinuxGuest#run} says until its end. */
    public LinuxGuest boot() throws IOException {
      return run(OBEY);
    }

    private Path program() {
      String scripts = System.getProperty("vhost4j.scripts");
      if (scripts == null) {
        throw new IllegalStateException(
            "set the system property vhost4j.scripts to the directory 'scripts' of vhost4j, whose "
                + boot
                + " boots the guest");
      }
      return Path.of(scripts).resolve(boot);
    }
  }

  /**
   * Runs a command in a guest that was {@linkplain Builder#boot booted} without a script.
   *
   * @param command of busybox's shell, of any number of lines
   * @return what it has printed, a line end behind each line
   * @throws AssertionError if it fails
   */
  public String run(String command) throws IOException {
    int number = ++commands;
    Path draft = Files.writeString(share.resolve(".draft"), command + "\n");
    Files.move(draft, share.resolve(".command." + number), StandardCopyOption.ATOMIC_MOVE);
    StringBuilder output = new StringBuilder();
    String end = " of command " + number;
    for (String line = readLine(); line != null; line = readLine()) {
      if (line.startsWith("status ") && line.endsWith(end)) {
        String status = line.substring("status ".length(), line.length() - end.length());
        if (!status.equals("0")) {
          throw new AssertionError(
              "'%s' ends with status %s, and says: %s".formatted(command, status, output));
        }
        return output.toString();
      }
      output.append(line).append('\n');
    }
    throw new AssertionError("the guest has ended in '%s', and said %s".formatted(command, lines));
  }

  private @Nullable String readLine() throws IOException {
    String line = out.readLine();
    if (line != null) {
      lines.add(line);
    }
    return line;
  }

  /** Ends a guest that was {@linkplain Builder#boot booted} without a script. */
  public void end() throws IOException, InterruptedException {
    Files.createFile(share.resolve(".end"));
    awaitSuccess();
  }

  /**
   * Waits for a line that the script prints.
   *
   * @throws AssertionError if the guest ends without it
   */
  public void awaitLine(String wanted) throws IOException {
    String line = readLine();
    while (line != null && !line.equals(wanted)) {
      line = readLine();
    }
    if (line == null) {
      throw new AssertionError("the guest has ended without '%s': %s".formatted(wanted, lines));
    }
  }

  /**
   * Does nothing while the guest runs.
   *
   * @throws AssertionError if it has ended
   */
  public void requireAlive() throws IOException, InterruptedException {
    if (!process.isAlive()) {
      awaitSuccess();
      throw new AssertionError("the guest has ended, and said " + lines);
    }
  }

  /**
   * Waits for the end.
   *
   * @return all that the script has printed, line by line
   * @throws AssertionError if the script has failed, or the guest, or QEMU has warned of something
   */
  public List<String> awaitSuccess() throws IOException, InterruptedException {
    while (readLine() != null) {
      // kept
    }
    int status = process.waitFor();
    if (status != 0) {
      throw new AssertionError(
          "the guest has ended with status %d, and said %s".formatted(status, lines));
    }
    for (String line : lines) {
      if (line.startsWith("qemu-system-") && line.contains("warning: ")) {
        throw new AssertionError(line);
      }
    }
    return List.copyOf(lines);
  }

  /** Kills the machine itself, as a crash does. */
  public void kill() throws InterruptedException {
    List<ProcessHandle> machines =
        process
            .descendants()
            .filter(child -> child.info().command().orElse("").endsWith(machine))
            .toList();
    if (machines.isEmpty() || !machines.stream().allMatch(ProcessHandle::destroyForcibly)) {
      throw new AssertionError("there is no machine to kill: " + machines);
    }
    int unused = process.waitFor();
  }

  /** Takes the machine away, if it is still there. */
  @Override
  public void close() {
    process.destroy(); // boot.sh takes the machine with it
    process.onExit().join();
    temporary.forEach(LinuxGuest::delete);
  }

  private static void delete(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(Objects.toString(e.getMessage()), e);
    }
  }
}
