/**
 * JMH microbenchmarks of what happens per buffer and per message; {@code jmh -prof gc} shows what
 * they allocate.
 */
@NullMarked
package io.vhost4j.bench.micro;

import org.jspecify.annotations.NullMarked;
