@NullMarked
package io.vhost4j.bench.target;

import org.jspecify.annotations.NullMarked;
