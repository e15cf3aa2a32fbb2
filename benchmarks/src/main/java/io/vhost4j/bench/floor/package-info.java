/** The best that this machine can do: the measures to compare with. */
@NullMarked
package io.vhost4j.bench.floor;

import org.jspecify.annotations.NullMarked;
