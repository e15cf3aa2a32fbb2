package io.vhost4j.audio;

/**
 * An option of a backend, which daemons show as {@code --name=LABEL}. Backends that mean the same
 * share the name.
 *
 * @param name lower case with dashes, for example {@code playback-file}
 * @param label what the value is, for example {@code FILE}; empty for a switch, whose value is
 *     {@code true} or {@code false}
 * @param description one line for help texts
 * @param defaultValue the value when the user gives none; empty if that means "not set"
 */
public record AudioOption(String name, String label, String description, String defaultValue) {}
