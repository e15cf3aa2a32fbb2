/** What is measured: processes, sockets or devices in this JVM, and the connection to them. */
@NullMarked
package io.vhost4j.bench.target;

import org.jspecify.annotations.NullMarked;
