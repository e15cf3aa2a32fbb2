/** Small programs that show how vhost4j is used, and the demo. */
@NullMarked
package io.vhost4j.examples;

import org.jspecify.annotations.NullMarked;
