@NullMarked
package io.vhost4j.bench.floor;

import org.jspecify.annotations.NullMarked;
