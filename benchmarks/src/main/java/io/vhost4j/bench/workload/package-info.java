/** What buffers a device is given. */
@NullMarked
package io.vhost4j.bench.workload;

import org.jspecify.annotations.NullMarked;
