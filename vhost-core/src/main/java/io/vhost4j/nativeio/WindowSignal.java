package io.vhost4j.nativeio;

import java.lang.reflect.Proxy;

/**
 * SIGWINCH: the window of this process's terminal has another size. Java has no public class for
 * signals; the one that all virtual machines have is hidden from a compiler that builds for an
 * older release, so it is found by name.
 */
public final class WindowSignal {
  private WindowSignal() {}

  /**
   * Calls {@code action} at each signal, on a thread of the virtual machine's. Replaces the one
   * before.
   *
   * @return false where signals cannot be had
   */
  public static boolean onSignal(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object calls =
          Proxy.newProxyInstance(
              WindowSignal.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  action.run();
                }
                return null;
              });
      Object unused =
          signal
              .getMethod("handle", signal, handler)
              .invoke(null, signal.getConstructor(String.class).newInstance("WINCH"), calls);
      return true;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return false;
    }
  }
}
