@NullMarked
package io.vhost4j.bench.measure;

import org.jspecify.annotations.NullMarked;
