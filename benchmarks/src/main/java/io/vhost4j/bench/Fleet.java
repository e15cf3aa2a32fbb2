package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vhost4j.bench.measure.StreamLoad;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.Target;
import java.util.ArrayList;
import java.util.List;

/** Starts what many streams are played on. */
final class Fleet {
  private Fleet() {}

  /**
   * One process of ours.
   *
   * @param streams in all
   * @param devices most that they are dealt out to
   * @param paced whether it plays as fast as real hardware; else as fast as it can
   */
  static StreamLoad own(Context context, int streams, int devices, boolean paced)
      throws BenchException {
    int used = Math.min(devices, streams);
    int streamsOfDevice = (streams + used - 1) / used;
    StringBuilder options = new StringBuilder("--backend null --pacing ");
    options.append(paced ? "realtime" : "none");
    options.append(" --input-streams 0 --output-streams ").append(streamsOfDevice);
    for (int i = 1; i < used; i++) {
      options.append(" --socket ").append(ProcessTarget.PLACEHOLDER).append('.').append(i);
    }
    ProcessTarget process = Installation.soundDaemon(options.toString());
    List<Target> targets = new ArrayList<>(List.of(process));
    for (int i = 1; i < used; i++) {
      targets.add(process.sibling(i));
    }
    return new StreamLoad(context, List.of(process), targets, streams, paced);
  }

  /** A process of another daemon for each stream. */
  static StreamLoad peers(Context context, int streams, String command) throws BenchException {
    List<ProcessTarget> processes = new ArrayList<>();
    try {
      for (int i = 0; i < streams; i++) {
        processes.add(new ProcessTarget(TargetOptions.programOf(command), command));
      }
    } catch (BenchException e) {
      processes.forEach(ProcessTarget::close);
      throw e;
    }
    return new StreamLoad(context, processes, List.copyOf(processes), streams, false);
  }
}
