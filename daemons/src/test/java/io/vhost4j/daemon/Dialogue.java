package io.vhost4j.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Somebody at a console of a guest: reads what comes, and types. */
final class Dialogue {
  private final InputStream screen;
  private final OutputStream keys;
  private final StringBuilder seen = new StringBuilder();

  Dialogue(InputStream screen, OutputStream keys) {
    this.screen = screen;
    this.keys = keys;
  }

  /** Waits for a text, and forgets what has come up to its end. */
  Dialogue await(String text) throws IOException {
    byte[] some = new byte[4096];
    int at = seen.indexOf(text);
    while (at < 0) {
      int count = screen.read(some);
      if (count < 0) {
        throw new AssertionError("it ends without '%s': %s".formatted(text, seen));
      }
      seen.append(new String(some, 0, count, StandardCharsets.ISO_8859_1));
      at = seen.indexOf(text);
    }
    seen.delete(0, at + text.length());
    return this;
  }

  void type(String text) throws IOException {
    keys.write(text.getBytes(StandardCharsets.ISO_8859_1));
    keys.flush();
  }
}
