#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "shim.h"

enum { CHUNKS_A_TURN = 4 };

// One buffer for all: a chunk is written to its place before the next is read. Headroom for the frame header.
static char chunk_buffer[FRAME_HEADER + CHUNK_SIZE];

static void output_ready(struct source *source, uint32_t events);

void process_prepare(struct process *process, const char *id, bool tty) {
  strncpy(process->id, id, sizeof process->id - 1);
  process->tty = tty;
  process->out = (struct output){.source = {.fd = -1, .ready = output_ready}, .process = process};
  process->err = process->out;
  process->out.stream = STREAM_OUT;
  process->err.stream = STREAM_ERR;
  stdin_prepare(process);
}

struct process *process_find(const char *id) {
  if (id[0] == '\0') return &shim.init;
  for (struct process *process = shim.execs; process != NULL; process = process->next) {
    if (strcmp(process->id, id) == 0) return process;
  }
  return NULL;
}

// One chunk: > 0 delivered, 0 nothing there now, < 0 the other side is gone for good.
static int pump(struct output *output) {
  ssize_t size = read(output->source.fd, chunk_buffer + FRAME_HEADER, CHUNK_SIZE);
  if (size > 0) {
    output_deliver(output, chunk_buffer + FRAME_HEADER, (size_t)size);
    return 1;
  }
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return -1;
}

static void output_ready(struct source *source, uint32_t events) {
  struct output *output = (struct output *)source;
  struct process *process = output->process;
  for (int i = 0; i < CHUNKS_A_TURN; i++) {
    if (!output_has_room(process)) {
      loop_ignore(source);
      return;
    }
    int result = pump(output);
    if (result > 0) continue;
    if (result < 0) {
      loop_close(source);
      exec_release(process);
    }
    return;
  }
}

void output_resume(struct process *process) {
  if (process->state == PROCESS_EXITED && !process->complete) {
    process_settle(process);
  } else if (process->state >= PROCESS_RUNNING) {
    loop_watch(&process->out.source, EPOLLIN);
    loop_watch(&process->err.source, EPOLLIN);
  }
}

void process_running(struct process *process, pid_t pid) {
  process->pid = pid;
  process->state = PROCESS_RUNNING;
  if (process->size_known) process_resize(process, process->size.ws_row, process->size.ws_col);
  output_resume(process);
  stdin_resume(process);
}

// False when a client must take something first.
static bool drain(struct output *output) {
  while (output->source.fd >= 0) {
    if (!output_has_room(output->process)) return false;
    if (output->process->tty) {
      // Polling makes the kernel hand over what still sits in the terminal's flip buffer.
      struct pollfd terminal = {.fd = output->source.fd, .events = POLLIN};
      poll(&terminal, 1, 0);
    }
    int result = pump(output);
    if (result > 0) continue;
    if (result < 0) loop_close(&output->source);
    return true;
  }
  return true;
}

void process_settle(struct process *process) {
  if (!drain(&process->out) || !drain(&process->err)) return;
  output_finish(process);
  process->complete = true;
  // Children that an exec left behind may go on writing: what they write is thrown away, so that they live on.
  if (process == &shim.init) process_close(process);
  else output_resume(process);
  attach_finish(process);
}

void process_close(struct process *process) {
  loop_close(&process->out.source);
  loop_close(&process->err.source);
  loop_close(&process->in.source);
  free(process->in.pending);
  process->in.pending = NULL;
}

void process_resize(struct process *process, unsigned height, unsigned width) {
  process->size.ws_row = (unsigned short)height;
  process->size.ws_col = (unsigned short)width;
  process->size_known = true;
  if (process->tty && process->out.source.fd >= 0) ioctl(process->out.source.fd, TIOCSWINSZ, &process->size);
}
