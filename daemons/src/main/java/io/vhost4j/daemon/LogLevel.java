package io.vhost4j.daemon;

/** What {@code --log-level} takes, least first. */
enum LogLevel {
  OFF,
  ERROR,
  WARN,
  INFO,
  DEBUG,
  TRACE
}
