package io.vhost4j.daemon;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the launcher make its class archive, where it has said that there is none for this Java. That
 * takes a few seconds of processor time and is done by a process of the lowest priority, so neither
 * this start nor a guest waits for it.
 */
final class ArchiveMaker {
  private static final Logger log = LoggerFactory.getLogger(ArchiveMaker.class);

  private ArchiveMaker() {}

  static void startIfAsked() {
    String launcher = System.getProperty("vhost4j.makeArchive", "");
    if (launcher.isEmpty()) {
      return;
    }
    try {
      new ProcessBuilder("nice", "-n", "19", launcher, "--make-archive")
          .redirectInput(Redirect.from(new java.io.File("/dev/null")))
          .redirectOutput(Redirect.DISCARD)
          .redirectError(Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      log.debug("no class archive is made: {}", e.getMessage());
    }
  }
}
