package io.vhost4j.daemon;

/** {@code virtio-loopback-adapter}, for {@code java -jar loopback-adapter.jar}. */
public final class LoopbackAdapterMain {
  private LoopbackAdapterMain() {}

  /** As {@link DeviceDaemon#main}, whatever the launcher was called. */
  public static void main(String[] args) {
    DeviceDaemon.start(AdapterCommandLine.PROGRAM, args);
  }
}
