package io.vhost4j.jcstress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** V12 with flags: the driver is told of a chain that came back, or sees it before it sleeps. */
@JCStressTest
@Outcome(
    id = "false, false",
    expect = Expect.FORBIDDEN,
    desc = "The driver sleeps, and nobody wakes it.")
@Outcome(expect = Expect.ACCEPTABLE, desc = "One has seen the other, or both have.")
@State
public class CompletionFlags {
  private final Ring ring = Ring.busy(false);

  @Actor
  public void device(ZZ_Result result) {
    ring.complete();
    result.r1 = ring.needsNotification();
  }

  @Actor
  public void driver(ZZ_Result result) {
    result.r2 = ring.enableNotifications();
  }
}
