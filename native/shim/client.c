#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shim.h"

enum { CONTROL_BACKLOG = 65536 };

static void client_ready(struct source *source, uint32_t events) {
  struct client *client = (struct client *)source;
  if (client->process != NULL) {
    attach_ready(client, events);
    return;
  }
  if (events & (EPOLLERR | EPOLLHUP)) {
    client_close(client);
    return;
  }
  if (events & EPOLLOUT) client_flush(client);
  if (events & EPOLLIN) control_ready(client);
}

int client_listen(int bundle) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "shim.sock"};
  // Relative to the bundle, which is the working directory: absolute names may be too long for an address.
  shim.listener.ready = client_accept;
  shim.listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (shim.listener.fd < 0) return -errno;
  unlinkat(bundle, "shim.sock", 0);
  if (bind(shim.listener.fd, (struct sockaddr *)&address, sizeof address) < 0) return -errno;
  return listen(shim.listener.fd, 64) < 0 ? -errno : 0;
}

void client_accept(struct source *source, uint32_t events) {
  for (;;) {
    int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
      close(fd);
      return;
    }
    client->source.fd = fd;
    client->source.ready = client_ready;
    client->log_data = -1;
    client->next = shim.clients;
    shim.clients = client;
    client_watch(client);
  }
}

void client_watch(struct client *client) {
  uint32_t events = 0;
  if (client->source.fd < 0) return;
  if (client->process == NULL) {
    events = EPOLLIN;
  } else if (client->stdin_open && client->process->state == PROCESS_RUNNING &&
             client->process->in.pending == NULL) {
    events = EPOLLIN;
  }
  if (client->hung_up && events == 0) {
    loop_ignore(&client->source);
    return;
  }
  if (client->waits_to_write && !client->hung_up) events |= EPOLLOUT;
  loop_watch(&client->source, events);
}

static bool queue(struct client *client, const char *data, size_t size) {
  char *grown = realloc(client->buffer, client->buffer_end + size);
  if (grown == NULL) return false;
  memcpy(grown + client->buffer_end, data, size);
  client->buffer = grown;
  client->buffer_end += size;
  client->waits_to_write = true;
  client_watch(client);
  return true;
}

void client_write(struct client *client, const void *data, size_t size) {
  const char *at = data;
  if (client->source.fd < 0 || client->hung_up) return;
  while (client->buffer == NULL && size > 0) {
    ssize_t count = send(client->source.fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return;  // the hang-up is reported by the loop
    if (count < 0) break;
    at += count;
    size -= (size_t)count;
  }
  if (size == 0) return;
  bool flooded = client->process == NULL && client->buffer_end - client->buffer_start > CONTROL_BACKLOG;
  if (flooded || !queue(client, at, size)) client_close(client);
}

void client_send(struct client *client, const char *text) {
  client_write(client, text, strlen(text));
}

bool client_flush(struct client *client) {
  while (client->buffer_start < client->buffer_end) {
    ssize_t count = send(client->source.fd, client->buffer + client->buffer_start,
                         client->buffer_end - client->buffer_start, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    client->buffer_start += (size_t)count;
  }
  free(client->buffer);
  client->buffer = NULL;
  client->buffer_start = client->buffer_end = 0;
  client->waits_to_write = false;
  client_watch(client);
  return true;
}

// Closing with unread bytes in the queue would reset the connection and cost the other side what it has not read.
static void close_gently(struct client *client) {
  char rest[4096];
  shutdown(client->source.fd, SHUT_RDWR);
  while (recv(client->source.fd, rest, sizeof rest, MSG_DONTWAIT) > 0) continue;
  loop_close(&client->source);
}

void client_close(struct client *client) {
  struct process *process = client->process;
  if (client->source.fd < 0) return;
  for (struct client **at = &shim.clients; *at != NULL; at = &(*at)->next) {
    if (*at != client) continue;
    *at = client->next;
    break;
  }
  launch_forget_client(client);
  stdin_client_ended(client);
  close_gently(client);
  if (client->log_data >= 0) close(client->log_data);
  client->log_data = -1;
  free(client->buffer);
  client->buffer = NULL;
  loop_free_later(client);
  if (process == NULL) return;
  output_resume(process);
  exec_release(process);
  finish_when_drained();
}

void event_send(const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  struct client *next;
  for (struct client *client = shim.clients; client != NULL; client = next) {
    next = client->next;
    if (client->subscribed) client_send(client, text);
  }
}
