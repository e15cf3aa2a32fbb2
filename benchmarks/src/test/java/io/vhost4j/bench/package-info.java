@NullMarked
package io.vhost4j.bench;

import org.jspecify.annotations.NullMarked;
