/** What was measured, as a table, as JSON and as a page with plots. */
@NullMarked
package io.vhost4j.bench.report;

import org.jspecify.annotations.NullMarked;
