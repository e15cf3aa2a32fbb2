package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The code blocks of the README. */
final class Readme {
  private static final Pattern BLOCK =
      Pattern.compile("^```(\\w*)\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  private Readme() {}

  /** The blocks in a language, "" for none. */
  static List<String> blocks(String language) {
    try {
      Matcher block = BLOCK.matcher(Files.readString(Path.of("../README.md")));
      List<String> found = new ArrayList<>();
      while (block.find()) {
        if (block.group(1).equals(language)) {
          found.add(block.group(2));
        }
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The one block of output that begins so. */
  static String block(String start) {
    List<String> found = blocks("").stream().filter(block -> block.startsWith(start)).toList();
    assertThat(found).as("blocks that start with '%s'", start).hasSize(1);
    return found.get(0);
  }

  /** The same text, whatever was measured and wherever files are. */
  static String withoutNumbers(String text) {
    return text.strip()
        .replaceAll("(?m)(?<= )/\\S*/(?=demo\\S*\\.wav)", "")
        .replaceAll("Linux \\S+", "Linux N")
        .replaceAll("( [0-9a-f]{2}){16}", " NN")
        .replaceAll("[0-9]+(\\.[0-9]+)?", "N");
  }
}
