package io.vhost4j.bench.workload;

import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Connection;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.device.VirtioDevice;
import java.util.List;
import java.util.Map;

/**
 * A kind of device, and what it is given to do: which queue is measured, and buffers for it that
 * need no preparation. Latency, throughput and garbage collections know nothing else of devices.
 */
public interface Workload {
  /** Largest payload in bytes. */
  int MAX_PAYLOAD = 64 << 10;

  /**
   * A way to start our daemon that takes buffers as fast as they come.
   *
   * @param label what it adds to the daemon's name in tables; empty for the usual one
   * @param arguments for a shell, but for the socket
   */
  record Setup(String label, String arguments) {}

  /** The program of our distribution that has such a device. */
  String daemon();

  /** Ways to start it: first the one that adds least to a buffer's way, then what users run. */
  List<Setup> setups();

  /** Such a device in this JVM, which takes buffers as fast as they come. */
  VirtioDevice open() throws BenchException;

  /** The features of such devices that a driver has to accept, or else they do not work. */
  long features();

  /** Bytes in a buffer that drivers send: a result of {@link #payload}. */
  int usualPayload();

  /** Number of queues that the device needs to run. */
  int queues();

  /** Index of the queue that is measured. */
  int queue();

  /** The payload nearest to {@code bytes} that the device can be given, at least. */
  int payload(int bytes);

  /** Makes the device ready to take buffers. */
  void start(Connection connection) throws BenchException;

  /** Bytes of memory that the chains take. */
  long size(int payload, int count);

  /**
   * Lays out buffers. Where a device has several streams, these take them in turn.
   *
   * @param address where in guest memory they may lie, aligned to a page
   * @param payload bytes in each, a result of {@link #payload}
   * @param count how many
   */
  Chains chains(Connection connection, long address, int payload, int count);

  /**
   * Starts our packaged daemon.
   *
   * @param name for tables
   * @param arguments for a shell, but for the socket
   * @param environment what is added to that of this process
   */
  default ProcessTarget startDaemon(String name, String arguments, Map<String, String> environment)
      throws BenchException {
    return new ProcessTarget(
        name, Installation.daemonCommand(daemon()) + " " + arguments, environment);
  }

  /** Starts our packaged daemon in the way that adds least. */
  default ProcessTarget startDaemon() throws BenchException {
    return startDaemon("vhost4j", setups().get(0).arguments(), Map.of());
  }
}
