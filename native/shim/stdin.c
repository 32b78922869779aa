// Clients' bytes into a process's standard input, never more at hand than one chunk.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "shim.h"

enum { STDIN_CHUNK = 16384 };

static void input_ready(struct source *source, uint32_t events);

void stdin_prepare(struct process *process) {
  process->in = (struct input){.source = {.fd = -1, .ready = input_ready}, .process = process};
}

// The other end is gone: nobody will ever read.
static void discard(struct process *process) {
  loop_close(&process->in.source);
  free(process->in.pending);
  process->in.pending = NULL;
}

void stdin_close(struct process *process) {
  if (process->in.pending != NULL || process->state < PROCESS_RUNNING) {
    process->in.close_when_written = true;
    return;
  }
  // A terminal has one descriptor for both ways; it stays.
  if (!process->tty) discard(process);
}

static ssize_t put(struct process *process, const char *data, size_t size) {
  ssize_t count = write(process->in.source.fd, data, size);
  if (count >= 0) return count;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

void stdin_write(struct process *process, const char *data, size_t size) {
  struct input *in = &process->in;
  bool waits = process->state < PROCESS_RUNNING;
  if (in->source.fd < 0 && !waits) return;
  if (in->pending == NULL && !waits) {
    ssize_t count = put(process, data, size);
    if (count < 0) {
      discard(process);
      return;
    }
    data += count;
    size -= (size_t)count;
  }
  if (size == 0) return;
  char *grown = realloc(in->pending, in->pending_end + size);
  if (grown == NULL) return;
  if (in->pending == NULL) in->pending_start = in->pending_end = 0;
  in->pending = grown;
  memcpy(in->pending + in->pending_end, data, size);
  in->pending_end += size;
  if (!waits) loop_watch(&in->source, EPOLLOUT);
}

static void flush(struct process *process) {
  struct input *in = &process->in;
  ssize_t count = put(process, in->pending + in->pending_start, in->pending_end - in->pending_start);
  if (count < 0) {
    discard(process);
    return;
  }
  in->pending_start += (size_t)count;
  if (in->pending_start < in->pending_end) return;
  free(in->pending);
  in->pending = NULL;
  in->pending_start = in->pending_end = 0;
  loop_ignore(&in->source);
  if (in->close_when_written) stdin_close(process);
}

static void input_ready(struct source *source, uint32_t events) {
  struct process *process = ((struct input *)source)->process;
  if (process->in.pending == NULL) {
    loop_ignore(source);
    return;
  }
  flush(process);
  if (process->in.pending == NULL) stdin_resume(process);
}

void stdin_resume(struct process *process) {
  if (process->in.pending != NULL && process->in.source.fd >= 0) {
    loop_watch(&process->in.source, EPOLLOUT);
    return;
  }
  if (process->in.close_when_written) stdin_close(process);
  for (struct client *client = shim.clients; client != NULL; client = client->next) {
    if (client->process == process && client->stdin_open) client_watch(client);
  }
}

void stdin_client_ended(struct client *client) {
  if (!client->stdin_open) return;
  client->stdin_open = false;
  if (client->closes_stdin) stdin_close(client->process);
}

void stdin_read_client(struct client *client) {
  char data[STDIN_CHUNK];
  ssize_t size = recv(client->source.fd, data, sizeof data, MSG_DONTWAIT);
  if (size > 0) {
    stdin_write(client->process, data, (size_t)size);
    return;
  }
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  stdin_client_ended(client);
}
