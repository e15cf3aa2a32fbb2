// The floor: answers each signal of one eventfd with a signal on another, and does nothing else.
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int peer;

// The benchmark is gone when its end of the socket is.
static void *end_with_peer(void *unused) {
  char byte;
  while (read(peer, &byte, 1) > 0) {
  }
  _exit(0);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, argv[1]);
  peer = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(peer, (struct sockaddr *)&address, sizeof address) != 0) return 1;

  char byte, control[CMSG_SPACE(2 * sizeof(int))];
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(peer, &message, 0) != 1 || CMSG_FIRSTHDR(&message) == NULL) return 1;
  int fd[2];
  memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  fcntl(fd[0], F_SETFL, fcntl(fd[0], F_GETFL) & ~O_NONBLOCK);

  pthread_t watcher;
  if (pthread_create(&watcher, NULL, end_with_peer, NULL) != 0) return 1;
  uint64_t count;
  const uint64_t one = 1;
  while (read(fd[0], &count, sizeof count) == sizeof count) {
    if (write(fd[1], &one, sizeof one) != sizeof one) return 1;
  }
  return 1;
}
