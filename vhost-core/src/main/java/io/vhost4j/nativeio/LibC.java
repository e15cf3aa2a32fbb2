package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The libc calls on sockets, descriptors, clocks and timers, one to one. Addresses are passed as
 * numbers: JNA then allocates nothing per call.
 */
final class LibC {
  static {
    Native.register(LibC.class, NativeLibrary.getInstance(null));
  }

  private LibC() {}

  static native int close(int fd) throws LastErrorException;

  static native int fcntl(int fd, int command, int argument) throws LastErrorException;

  static native int open(String path, int flags) throws LastErrorException;

  static native int ioctl(int fd, long request, long argument) throws LastErrorException;

  static native long read(int fd, long data, long length) throws LastErrorException;

  static native long write(int fd, long data, long length) throws LastErrorException;

  static native int poll(long pollfds, long count, int timeoutMillis) throws LastErrorException;

  static native int socket(int domain, int type, int protocol) throws LastErrorException;

  static native int socketpair(int domain, int type, int protocol, long pair)
      throws LastErrorException;

  static native int bind(int fd, long address, int length) throws LastErrorException;

  static native int listen(int fd, int backlog) throws LastErrorException;

  static native int fchmodat(int directory, long path, int mode, int flags)
      throws LastErrorException;

  static native int connect(int fd, long address, int length) throws LastErrorException;

  static native int accept4(int fd, long address, long length, int flags) throws LastErrorException;

  static native int getsockname(int fd, long address, long length) throws LastErrorException;

  static native int setsockopt(int fd, int level, int option, long value, int length)
      throws LastErrorException;

  static native int getpgrp();

  static native int kill(int pid, int signal) throws LastErrorException;

  static native int inotify_init1(int flags) throws LastErrorException;

  static native int inotify_add_watch(int fd, String path, int mask) throws LastErrorException;

  static native int getsockopt(int fd, int level, int option, long value, long length)
      throws LastErrorException;

  static native long sendmsg(int fd, long message, int flags) throws LastErrorException;

  static native long recvmsg(int fd, long message, int flags) throws LastErrorException;

  /** Without an exception: -1 if it fails, as it does whenever there is nothing now. */
  static native int recvmmsg(int fd, long messages, int count, int flags, long timeout);

  /** Without an exception: -1 if it fails. */
  static native int shutdown(int fd, int how);

  /** Without an exception: see {@link UnixSocket#signal}. */
  static native long send(int fd, long data, long length, int flags);

  /** Without an exception: -1 if it fails. */
  static native int eventfd(int initial, int flags);

  /** Without an exception: -1 if it fails. */
  static native long syscall(long number, long a, long b, long c);

  /** Without an exception: -1 if it fails. */
  static native long syscall(long number, long a, long b, long c, long d, long e);

  static native int sched_getaffinity(int thread, long maskBytes, long mask)
      throws LastErrorException;

  static native int sched_setaffinity(int thread, long maskBytes, long mask)
      throws LastErrorException;

  /** Without an exception: -1 if it fails. */
  static native int clock_gettime(int clock, long timespec);

  /** Without an exception: -1 if it fails. */
  static native int adjtimex(long timex);

  static native int timerfd_create(int clock, int flags) throws LastErrorException;

  static native int timerfd_settime(int fd, int flags, long newValue, long oldValue)
      throws LastErrorException;
}
