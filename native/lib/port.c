// Host ports: taken by a bound socket that neither listens nor reads.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gantry.h"

static int set(int fd, int option, int value) {
  return setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) < 0 ? -errno : 0;
}

// A port whose last server left connections in TIME_WAIT can be bound with SO_REUSEADDR alone. Listening for a
// moment proves that nobody else listens there and marks the port as taken for others that reuse addresses;
// taking the option back keeps it so.
static int bind_past_time_wait(int fd, const struct sockaddr_in *where) {
  if (set(fd, SO_REUSEADDR, 1) < 0) return -errno;
  if (bind(fd, (const struct sockaddr *)where, sizeof *where) < 0) return -errno;
  if (listen(fd, 0) < 0) return -errno;
  if (shutdown(fd, SHUT_RD) < 0) return -errno;
  return set(fd, SO_REUSEADDR, 0);
}

static int take(int fd, int type, const struct sockaddr_in *where) {
  if (bind(fd, (const struct sockaddr *)where, sizeof *where) == 0) return 0;
  if (errno != EADDRINUSE || type != SOCK_STREAM) return -errno;
  return bind_past_time_wait(fd, where);
}

// Binds TCP or UDP `port` (0: a free one) at `address` (network order). Returns the descriptor, the port in `bound`.
int gantry_port_bind(int protocol, uint32_t address, int port, int *bound) {
  int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
  cleanup_close int fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -errno;
  struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = address};
  int result = take(fd, type, &where);
  if (result < 0) return result;
  // Datagrams that slip past the firewall's rules must not pile up in a socket that nobody reads.
  if (type == SOCK_DGRAM && (result = set(fd, SO_RCVBUF, 0)) < 0) return result;
  socklen_t size = sizeof where;
  if (getsockname(fd, (struct sockaddr *)&where, &size) < 0) return -errno;
  *bound = ntohs(where.sin_port);
  int kept = fd;
  fd = -1;
  return kept;
}
