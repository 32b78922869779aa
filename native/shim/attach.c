#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "shim.h"

// What one client may take before the others get their turn.
enum { TURN = 1 << 20 };

// `now`, `start` or `<generation>:<offset>`; places that rotation took away become the oldest kept.
int attach_log(struct client *client, const char *from) {
  struct log *log = &shim.log;
  uint64_t oldest = log->generation >= log->max_files ? log->generation - log->max_files + 1 : 1;
  client->generation = log->generation;
  client->offset = log->size;
  if (strcmp(from, "start") == 0) {
    client->generation = oldest;
    client->offset = 0;
  } else if (strcmp(from, "now") != 0) {
    char *end;
    uint64_t generation = strtoull(from, &end, 10);
    if (end == from || *end != ':') return -EINVAL;
    uint64_t offset = strtoull(end + 1, &end, 10);
    if (*end != '\0') return -EINVAL;
    if (generation < oldest) {
      generation = oldest;
      offset = 0;
    }
    if (generation < log->generation || (generation == log->generation && offset < log->size)) {
      client->generation = generation;
      client->offset = offset;
    }
  }
  uint64_t wanted = client->generation;
  client->log_data = log_open_generation(log, &client->generation);
  if (client->log_data < 0) return client->log_data;
  if (client->generation != wanted) client->offset = 0;
  client->reads_log = true;
  return 0;
}

void attach_start(struct client *client, struct process *process) {
  client->process = process;
  if (client->offers_stdin) {
    client->stdin_open = true;
    if (process->stdin_once && !process->stdin_offered) client->closes_stdin = true;
    process->stdin_offered = true;
    // What came in the same breath as the request.
    if (client->line_length > 0) stdin_write(process, client->line, client->line_length);
  }
  client->line_length = 0;
  client_watch(client);
  attach_push(client);
}

static uint64_t end_of_generation(const struct client *client) {
  struct stat status;
  if (client->generation == shim.log.generation) return shim.log.size;
  return fstat(client->log_data, &status) < 0 ? 0 : (uint64_t)status.st_size;
}

// 1: everything there is was sent; 0: the socket is full or the turn is over; -errno: the client is gone.
static int push_log(struct client *client) {
  size_t budget = TURN;
  for (;;) {
    uint64_t end = end_of_generation(client);
    if (client->offset < end) {
      if (budget == 0) return 0;
      size_t size = end - client->offset < budget ? (size_t)(end - client->offset) : budget;
      off_t offset = (off_t)client->offset;
      ssize_t count = sendfile(client->source.fd, client->log_data, &offset, size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN ? 0 : -errno;
      if (count == 0) return -EIO;
      client->offset += (uint64_t)count;
      budget -= (size_t)count;
      continue;
    }
    if (client->generation >= shim.log.generation) return 1;
    close(client->log_data);
    client->generation += 1;
    client->offset = 0;
    client->log_data = log_open_generation(&shim.log, &client->generation);
    if (client->log_data < 0) return -EIO;
  }
}

void attach_push(struct client *client) {
  struct process *process = client->process;
  if (client->source.fd < 0 || client->hung_up) return;
  int result;
  if (client->reads_log) {
    result = push_log(client);
    client->waits_to_write = result == 0;
    if (result < 0) client->hung_up = true;
    // Whom nothing can be sent any more, as the log is gone, must not be kept waiting, nor this program for it.
    if (result < 0 && !client->stdin_open) {
      client_close(client);
      return;
    }
    client_watch(client);
  } else {
    result = client->buffer == NULL || client_flush(client);
    if (result == 1 && !process->complete) output_resume(process);
  }
  if (result == 1 && process->complete) client_close(client);
}

void attach_ready(struct client *client, uint32_t events) {
  struct process *process = client->process;
  bool can_read = client->stdin_open && process->state == PROCESS_RUNNING && process->in.pending == NULL;
  bool leaves = (events & (EPOLLERR | EPOLLHUP)) && !client->hung_up;
  if (leaves) client->hung_up = true;
  if ((events & (EPOLLIN | EPOLLHUP)) && can_read) stdin_read_client(client);
  if (client->hung_up && !client->stdin_open) {
    client_close(client);
    return;
  }
  client_watch(client);
  if (events & EPOLLOUT) attach_push(client);
  // Its stdin is still to be delivered, but output need not wait for it any longer.
  if (leaves && !client->reads_log) output_resume(process);
}

uint64_t attach_oldest_needed(void) {
  uint64_t oldest = shim.log.generation;
  for (const struct client *client = shim.clients; client != NULL; client = client->next) {
    if (client->reads_log && client->generation < oldest) oldest = client->generation;
  }
  return oldest;
}

void attach_log_grew(void) {
  struct client *next;
  for (struct client *client = shim.clients; client != NULL; client = next) {
    next = client->next;
    if (client->reads_log && !client->waits_to_write && client->process != NULL) attach_push(client);
  }
}

bool attach_has_room(const struct process *process) {
  for (const struct client *client = shim.clients; client != NULL; client = client->next) {
    if (client->process == process && !client->reads_log && client->buffer != NULL && !client->hung_up) return false;
  }
  return true;
}

void attach_output(struct process *process, enum stream_number stream, char *chunk, size_t size) {
  if (!process->tty) {
    chunk -= FRAME_HEADER;
    frame_header(chunk, stream, size);
    size += FRAME_HEADER;
  }
  struct client *next;
  for (struct client *client = shim.clients; client != NULL; client = next) {
    next = client->next;
    if (client->process == process) client_write(client, chunk, size);
  }
}

void attach_finish(struct process *process) {
  struct client *next;
  for (struct client *client = shim.clients; client != NULL; client = next) {
    next = client->next;
    if (client->process != process) continue;
    // Nobody reads stdin any more, so a client that only offers some is of no use.
    client->stdin_open = false;
    if (client->hung_up) client_close(client);
    else attach_push(client);
  }
  exec_release(process);
}
