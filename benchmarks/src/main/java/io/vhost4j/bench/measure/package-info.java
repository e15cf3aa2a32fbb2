/** The measurements themselves: loops that time, and what comes out of them. */
@NullMarked
package io.vhost4j.bench.measure;

import org.jspecify.annotations.NullMarked;
