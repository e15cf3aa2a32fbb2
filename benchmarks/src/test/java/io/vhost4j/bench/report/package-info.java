@NullMarked
package io.vhost4j.bench.report;

import org.jspecify.annotations.NullMarked;
