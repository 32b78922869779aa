// Request lines: `<tag> <command> key=value …`. Every request gets one reply with its tag.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "shim.h"

enum { MAX_WORDS = 8 };

struct request {
  struct client *client;
  uint64_t tag;
  char *words[MAX_WORDS];
  size_t count;
};

static const char *argument(const struct request *request, const char *key) {
  size_t length = strlen(key);
  for (size_t i = 2; i < request->count; i++) {
    const char *word = request->words[i];
    if (strncmp(word, key, length) == 0 && word[length] == '=') return word + length + 1;
  }
  return "";
}

static bool is_on(const struct request *request, const char *key) {
  return strcmp(argument(request, key), "1") == 0;
}

void reply_failure(struct client *client, uint64_t tag, const char *text) {
  char line[3 * 8192];
  static const char digits[] = "0123456789ABCDEF";
  size_t length = (size_t)snprintf(line, sizeof line, "%llu error ", (unsigned long long)tag);
  for (const unsigned char *at = (const unsigned char *)text; *at != '\0' && length < sizeof line - 5; at++) {
    if (*at > ' ' && *at < 127 && *at != '%') {
      line[length++] = (char)*at;
      continue;
    }
    line[length++] = '%';
    line[length++] = digits[*at >> 4];
    line[length++] = digits[*at & 15];
  }
  line[length++] = '\n';
  client_write(client, line, length);
}

static void reply_ok(const struct request *request, const char *text) {
  char line[256];
  snprintf(line, sizeof line, "%llu ok%s%s\n", (unsigned long long)request->tag, *text == '\0' ? "" : " ", text);
  client_send(request->client, line);
}

static void refuse(const struct request *request, const char *text) {
  reply_failure(request->client, request->tag, text);
}

static void do_state(const struct request *request) {
  static const char *const names[] = {"created", "starting", "running", "exited"};
  char text[160];
  snprintf(text, sizeof text, "state=%s pid=%d generation=%llu offset=%llu", names[shim.init.state], shim.init.pid,
           (unsigned long long)shim.log.generation, (unsigned long long)shim.log.size);
  reply_ok(request, text);
}

static void do_subscribe(const struct request *request) {
  request->client->subscribed = true;
  do_state(request);
}

static void do_start(const struct request *request) {
  struct failure failure;
  if (shim.init.state != PROCESS_CREATED) {
    refuse(request, "already started");
    return;
  }
  if (launch_start(&shim.init, request->client, request->tag, shim.config.open_stdin, &failure) < 0) {
    shim.init.state = PROCESS_EXITED;
    refuse(request, failure.text);
    init_failed();
  }
}

static struct process *find_running(const struct request *request) {
  struct process *process = process_find(argument(request, "id"));
  if (process != NULL && process->state == PROCESS_RUNNING) return process;
  refuse(request, "not running");
  return NULL;
}

static void do_signal(const struct request *request) {
  struct process *process = find_running(request);
  if (process == NULL) return;
  if (kill(process->pid, atoi(argument(request, "number"))) < 0) refuse(request, strerrordesc_np(errno));
  else reply_ok(request, "");
}

// Before the start too: the size is applied when the terminal comes.
static void do_resize(const struct request *request) {
  struct process *process = process_find(argument(request, "id"));
  if (process == NULL || process->state == PROCESS_EXITED) {
    refuse(request, "not running");
    return;
  }
  process_resize(process, (unsigned)atoi(argument(request, "height")), (unsigned)atoi(argument(request, "width")));
  reply_ok(request, "");
}

static void do_attach(const struct request *request) {
  struct client *client = request->client;
  if (shim.init.complete) {
    refuse(request, "not running");
    return;
  }
  if (shim.config.log.driver == LOG_LOCAL && attach_log(client, argument(request, "from")) < 0) {
    refuse(request, "bad position");
    return;
  }
  char text[80];
  snprintf(text, sizeof text, "generation=%llu offset=%llu", (unsigned long long)client->generation,
           (unsigned long long)client->offset);
  reply_ok(request, text);
  client->offers_stdin = is_on(request, "stdin");
  attach_start(client, &shim.init);
}

static void do_exec(const struct request *request) {
  const char *id = argument(request, "id");
  struct failure failure;
  if (shim.init.state != PROCESS_RUNNING || shim.destroying) {
    refuse(request, "not running");
    return;
  }
  if (id[0] == '\0' || strlen(id) >= ID_SIZE || strchr(id, '/') != NULL || process_find(id) != NULL) {
    refuse(request, "bad exec id");
    return;
  }
  struct process *process = calloc(1, sizeof *process);
  if (process == NULL) {
    refuse(request, "out of memory");
    return;
  }
  process_prepare(process, id, is_on(request, "tty"));
  process->stdin_once = true;
  process->next = shim.execs;
  shim.execs = process;
  // The connection becomes the exec's stream, so that it cannot miss anything.
  request->client->process = process;
  request->client->offers_stdin = is_on(request, "stdin");
  if (launch_start(process, request->client, request->tag, is_on(request, "stdin"), &failure) < 0) {
    process->state = PROCESS_EXITED;
    refuse(request, failure.text);
    exec_failed(process);
  }
}

static void do_shutdown(const struct request *request) {
  reply_ok(request, "");
  shim_destroy();
}

static const struct {
  const char *name;
  void (*run)(const struct request *request);
} commands[] = {
    {"state", do_state},   {"subscribe", do_subscribe}, {"start", do_start}, {"signal", do_signal},
    {"resize", do_resize}, {"attach", do_attach},       {"exec", do_exec},   {"shutdown", do_shutdown},
};

static void run_line(struct client *client, char *line) {
  struct request request = {.client = client};
  char *rest = NULL;
  for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    if (request.count < MAX_WORDS) request.words[request.count++] = word;
  }
  if (request.count < 2) return;
  request.tag = strtoull(request.words[0], NULL, 10);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(commands[i].name, request.words[1]) != 0) continue;
    commands[i].run(&request);
    return;
  }
  refuse(&request, "unknown command");
}

void control_ready(struct client *client) {
  ssize_t size = recv(client->source.fd, client->line + client->line_length, LINE_SIZE - client->line_length, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    client_close(client);
    return;
  }
  client->line_length += (size_t)size;
  for (;;) {
    char *end = memchr(client->line, '\n', client->line_length);
    if (end == NULL) break;
    char line[LINE_SIZE];
    size_t length = (size_t)(end - client->line);
    memcpy(line, client->line, length);
    line[length] = '\0';
    client->line_length -= length + 1;
    memmove(client->line, end + 1, client->line_length);
    run_line(client, line);
    // It may be gone now, or have become a stream, whose bytes are not ours.
    if (client->source.fd < 0 || client->process != NULL) return;
  }
  if (client->line_length == LINE_SIZE) client_close(client);
}
