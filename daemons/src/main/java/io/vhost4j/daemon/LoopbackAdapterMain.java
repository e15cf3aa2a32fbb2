package io.vhost4j.daemon;

/** {@code virtio-loopback-adapter}, for {@code java -jar loopback-adapter.jar}. */
public final class LoopbackAdapterMain {
  private LoopbackAdapterMain() {}

  /** As {@link DeviceDaemon#main}, whatever the launcher was called. */
  public static void main(String[] args) {
    // As the launcher tells Java: there is no jar with Netty's resolver.
    System.setProperty("vertx.disableDnsResolver", "true");
    DeviceDaemon.start(AdapterCommandLine.PROGRAM, args);
  }
}
