package io.vhost4j.testkit;

/**
 * Something that a hostile guest or frontend does.
 *
 * @param name the behaviour that is tested, as of a test method
 * @param inProcess whether it makes sense without a socket
 * @param overSocket whether it is another thing over a socket
 */
record Attack(String name, boolean inProcess, boolean overSocket, Body body) {
  @FunctionalInterface
  interface Body {
    void run(Battle battle) throws Exception;
  }
}
