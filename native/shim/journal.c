#include "journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { QUEUE_STEP = 65536 };
// How long a journal may take nothing before the end of a container does not wait for it any longer.
#define LAST_WAIT_NS 2000000000ull

struct queued {
  uint32_t size;
  uint16_t stream;
  uint16_t whole;
};

static void (*on_resumed)(void);

static int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

// Undoes percent-encoding in place; the length.
static size_t decode(char *text) {
  char *out = text;
  for (const char *at = text; *at != '\0'; at++) {
    bool escaped = at[0] == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0;
    *out++ = escaped ? (char)(hex(at[1]) << 4 | hex(at[2])) : *at;
    if (escaped) at += 2;
  }
  return (size_t)(out - text);
}

static int reconnect(struct journal *journal) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(journal->path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, journal->path);
  return connect(journal->source.fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

// 0, -EAGAIN when the journal takes no more now, another -errno when it cannot have this message at all.
static int send_message(struct journal *journal, enum stream_number stream, bool whole, const char *bytes,
                        size_t size) {
  char *priority = stream == STREAM_ERR ? "PRIORITY=3\n" : "PRIORITY=6\n";
  char *part = whole ? "" : "CONTAINER_PARTIAL_MESSAGE=true\n";
  char head[16] = "MESSAGE\n";
  for (int i = 0; i < 8; i++) head[8 + i] = (char)((uint64_t)size >> (8 * i));
  struct iovec pieces[] = {{priority, strlen(priority)}, {journal->fields, journal->fields_size},
                           {part, strlen(part)},         {head, sizeof head},
                           {(void *)bytes, size},        {"\n", 1}};
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = sizeof pieces / sizeof *pieces};
  for (int attempt = 0; attempt < 3; attempt++) {
    if (sendmsg(journal->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno == EAGAIN || errno == ENOBUFS) return -EAGAIN;
    if (errno == EINTR) continue;
    // It was restarted: its socket is another one now.
    if (errno != ECONNREFUSED && errno != ENOTCONN && errno != ECONNRESET && errno != EPIPE) return -errno;
    if (reconnect(journal) < 0) return -ENOTCONN;
  }
  return -ENOTCONN;
}

static bool enqueue(struct journal *journal, struct queued message, const char *bytes) {
  size_t needed = journal->end - journal->start + sizeof message + message.size;
  if (journal->limit > 0 && needed > journal->limit) return false;
  if (journal->start > 0) {
    memmove(journal->queue, journal->queue + journal->start, journal->end - journal->start);
    journal->end -= journal->start;
    journal->start = 0;
  }
  if (needed > journal->capacity) {
    char *grown = realloc(journal->queue, needed + QUEUE_STEP);
    if (grown == NULL) return false;
    journal->queue = grown;
    journal->capacity = needed + QUEUE_STEP;
  }
  memcpy(journal->queue + journal->end, &message, sizeof message);
  memcpy(journal->queue + journal->end + sizeof message, bytes, message.size);
  journal->end += sizeof message + message.size;
  return true;
}

static void tell_dropped(struct journal *journal) {
  char text[128];
  if (journal->dropped == 0) return;
  snprintf(text, sizeof text, "%llu messages of this container were dropped: the journal did not take them in time",
           (unsigned long long)journal->dropped);
  if (send_message(journal, STREAM_ERR, true, text, strlen(text)) == 0) journal->dropped = 0;
}

// True when nothing waits any more.
static bool flush(struct journal *journal) {
  while (journal->start < journal->end) {
    struct queued message;
    memcpy(&message, journal->queue + journal->start, sizeof message);
    const char *bytes = journal->queue + journal->start + sizeof message;
    if (send_message(journal, message.stream, message.whole, bytes, message.size) == -EAGAIN) return false;
    journal->start += sizeof message + message.size;
  }
  free(journal->queue);
  journal->queue = NULL;
  journal->start = journal->end = journal->capacity = 0;
  tell_dropped(journal);
  return true;
}

static void take_line(void *context, enum stream_number stream, const char *bytes, size_t size, bool whole) {
  struct journal *journal = context;
  if (journal->queue == NULL && send_message(journal, stream, whole, bytes, size) != -EAGAIN) return;
  struct queued message = {.size = (uint32_t)size, .stream = (uint16_t)stream, .whole = whole};
  if (!enqueue(journal, message, bytes)) journal->dropped += 1;
  if (!journal->waits) journal->waits = loop_watch(&journal->source, EPOLLOUT) == 0;
}

static void journal_ready(struct source *source, uint32_t events) {
  struct journal *journal = (struct journal *)source;
  if (!flush(journal)) return;
  loop_ignore(source);
  journal->waits = false;
  on_resumed();
}

int journal_open(struct journal *journal, const struct log_config *config, void (*resumed)(void)) {
  *journal = (struct journal){.path = config->journal, .limit = config->journal_buffer};
  on_resumed = resumed;
  journal->fields = config->journal_fields == NULL ? "" : config->journal_fields;
  journal->fields_size = config->journal_fields == NULL ? 0 : decode(config->journal_fields);
  journal->source.ready = journal_ready;
  journal->source.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return journal->source.fd < 0 ? -errno : reconnect(journal);
}

void journal_append(struct journal *journal, enum stream_number stream, const char *chunk, size_t size) {
  lines_feed(&journal->lines, stream, chunk, size, take_line, journal);
}

bool journal_has_room(const struct journal *journal) {
  return journal->limit > 0 || journal->queue == NULL;
}

void journal_finish(struct journal *journal) {
  lines_flush(&journal->lines, take_line, journal);
  uint64_t patience = journal->limit > 0 ? 0 : LAST_WAIT_NS, deadline = now_ns() + patience;
  for (size_t start = journal->start; !flush(journal) && now_ns() < deadline; start = journal->start) {
    if (journal->start != start) deadline = now_ns() + patience;
    struct pollfd socket = {.fd = journal->source.fd, .events = POLLOUT};
    poll(&socket, 1, 50);
  }
  loop_close(&journal->source);
}
