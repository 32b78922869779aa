#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

void failure_set(struct failure *failure, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->text, sizeof failure->text, format, arguments);
  va_end(arguments);
}

int write_all(int fd, const void *data, size_t size) {
  const char *at = data;
  while (size > 0) {
    ssize_t count = write(fd, at, size);
    if (count < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    at += count;
    size -= (size_t)count;
  }
  return 0;
}

ssize_t read_text(int directory, const char *path, char *out, size_t size) {
  autofd fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t have = 0;
  while (have < size - 1) {
    ssize_t count = read(fd, out + have, size - 1 - have);
    if (count < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    if (count == 0) break;
    have += (size_t)count;
  }
  out[have] = '\0';
  return (ssize_t)have;
}

int write_text(int directory, const char *path, const char *text) {
  autofd fd = openat(directory, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  return write_all(fd, text, strlen(text));
}

int replace_text(int directory, const char *path, const char *text) {
  char temporary[256];
  snprintf(temporary, sizeof temporary, ".%s.tmp", path);
  int result = write_text(directory, temporary, text);
  if (result == 0 && renameat(directory, temporary, directory, path) < 0) result = -errno;
  if (result < 0) unlinkat(directory, temporary, 0);
  return result;
}

int remove_tree(int directory, const char *name) {
  if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return -errno;
  int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -errno;
  DIR *stream = fdopendir(fd);
  if (stream == NULL) {
    int problem = -errno;
    close(fd);
    return problem;
  }
  int result = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    int one = remove_tree(fd, entry->d_name);
    if (one < 0) result = one;
  }
  closedir(stream);
  if (unlinkat(directory, name, AT_REMOVEDIR) < 0 && errno != ENOENT) return -errno;
  return result;
}

int set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  return 0;
}

int send_fd(int socket, int fd) {
  char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int receive_fd(int socket) {
  int fd;
  char bytes[256], control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0) return -errno;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return -ENODATA;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

// Civil date from days since the epoch, after Hinnant; gmtime would pull the time-zone code into the image.
void format_time(uint64_t nanoseconds, char *out, size_t size) {
  uint64_t seconds = nanoseconds / 1000000000ull;
  uint64_t days = seconds / 86400 + 719468;
  unsigned rest = (unsigned)(seconds % 86400);
  uint64_t era = days / 146097;
  unsigned day_of_era = (unsigned)(days % 146097);
  unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  unsigned shifted = (5 * day_of_year + 2) / 153;
  unsigned day = day_of_year - (153 * shifted + 2) / 5 + 1;
  unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  unsigned year = (unsigned)(year_of_era + era * 400) + (month <= 2 ? 1 : 0);
  snprintf(out, size, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", year, month, day, rest / 3600, rest / 60 % 60,
           rest % 60, (unsigned)(nanoseconds % 1000000000ull));
}
