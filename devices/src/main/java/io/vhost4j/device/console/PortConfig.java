package io.vhost4j.device.console;

/**
 * What a port is to be.
 *
 * @param name what the guest finds it by; empty for none
 * @param isConsole whether the guest has it for a console, or for a serial port
 * @param where the host's end, as the user says it
 * @param keptBytes how much is kept for who does not take it at once, above 0
 * @param patienceMillis how long a console may keep its driver waiting for who reads it
 */
record PortConfig(
    String name, boolean isConsole, String where, int keptBytes, long patienceMillis) {}
