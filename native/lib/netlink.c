// Netlink: one request buffer out, everything that answers it in.
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "gantry.h"

// The socket belongs to the namespace in which it was made, whichever thread uses it later.
int gantry_netlink_open(int protocol) {
  cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -errno;
  int on = 1;
  int buffer = 8 << 20;
  struct timeval patience = {.tv_sec = 5};
  struct sockaddr_nl local = {.nl_family = AF_NETLINK};
  // A firewall with thousands of rules is written as one message. Without the right to it the default must do.
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) return -errno;
  if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0) return -errno;
  if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0) return -errno;
  if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) return -errno;
  int kept = fd;
  fd = -1;
  return kept;
}

// How many of the messages end an answer: an acknowledgement, an error, or the last part of a dump.
static int endings(const void *data, size_t length) {
  int count = 0;
  int left = (int)length;
  for (const struct nlmsghdr *m = data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
    if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE) count++;
  return count;
}

static ssize_t receive(int fd, void *buffer, size_t capacity) {
  ssize_t got;
  do got = recv(fd, buffer, capacity, MSG_TRUNC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  return (size_t)got > capacity ? -EMSGSIZE : got;
}

// Sends the request (none when `length` is 0) and collects datagrams until `answers` endings were seen.
// Returns the bytes in `response`; -EMSGSIZE when they do not fit: the socket is then of no further use.
int gantry_netlink_transact(int fd, const void *request, uint32_t length, int answers, void *response,
                                uint32_t capacity) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (length > 0 && sendto(fd, request, length, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -errno;
  size_t filled = 0;
  for (int seen = 0; seen < answers;) {
    ssize_t got = receive(fd, (char *)response + filled, capacity - filled);
    if (got < 0) return (int)got;
    seen += endings((char *)response + filled, (size_t)got);
    filled += NLMSG_ALIGN((size_t)got);
    if (filled > capacity) filled = capacity;
  }
  return (int)filled;
}
