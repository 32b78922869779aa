// What a service needs beside its work: a lock that dies with it, and a word to the service manager.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "gantry.h"

// Makes the file where absent and locks it for this process alone. Returns the descriptor that holds the lock.
int gantry_lock_file(const char *path) {
  cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return -errno;
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) return -errno;
  int kept = fd;
  fd = -1;
  return kept;
}

// Sends one datagram to a unix socket; a path that begins with @ lies in the abstract namespace.
int gantry_notify(const char *path, const char *text) {
  struct sockaddr_un where = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof where.sun_path) return -EINVAL;
  memcpy(where.sun_path, path, length);
  if (path[0] == '@') where.sun_path[0] = '\0';
  cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '@' ? 0 : 1));
  ssize_t sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&where, size);
  return sent < 0 ? -errno : 0;
}
