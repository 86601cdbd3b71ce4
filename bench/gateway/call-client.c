/*
 * The load client of the gateway benchmark: one thread, epoll. Each session has a connection and one call
 * in flight, again and again (a closed loop). Every answer is taken apart: its id and a text that no other
 * call has must come back, so that an answer that reaches the wrong session is an error.
 *
 *   call-client HOST PORT        HOST is an IPv4 address
 *
 * Commands come as lines on standard input; each is answered by one line of JSON on standard output:
 *   open N legacy|modern         begins N sessions; `modern` ones have no id (MCP 2026-07-28)
 *   streams                      opens the GET stream of each session; answered when all have their heads
 *   calls MS echo|echo_sse       calls that tool for MS
 *   close                        ends the sessions
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../kit/load-client.h"

enum {
  MAX_SESSIONS = 4096,
  BUFFER_BYTES = 16 * 1024,
  MAX_SAMPLES = 4 * 1000 * 1000,
  STUCK_MS = 10000, /* without any answer: somebody lost one */
};

/* One connection; answers come one at a time. */
struct session {
  int fd, stream_fd;
  char id[256], text[64];
  unsigned number;
  uint64_t begun;
  size_t length;
  char bytes[BUFFER_BYTES];
};

static struct sockaddr_in address;
static const char *host, *tool = "echo";
static bool is_modern;
static struct session *sessions[MAX_SESSIONS];
static size_t session_count;
static int epoll;
static uint64_t *samples, sample_count, error_count;
static char first_error[400];
static unsigned last_number;

static uint64_t cpu_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void send_request(struct session *session, int fd, const char *method, const char *headers, const char *body) {
  char request[4096], id[320] = "";
  if (session->id[0]) snprintf(id, sizeof id, "Mcp-Session-Id: %s\r\n", session->id);
  int length = snprintf(request, sizeof request,
                        "%s /mcp HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: call-client\r\n%s%s"
                        "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        method, host, ntohs(address.sin_port), id, headers, strlen(body), body);
  if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) die("send");
}

/* ---- answers ---- */

/* The end of a chunked body, which begins at `at`; NULL while it is not complete. */
static char *chunks_end(char *at, char *end) {
  for (;;) {
    char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
    if (!line) return NULL;
    size_t size = strtoul(at, NULL, 16);
    at = line + 2 + size + 2;
    if (at > end) return NULL;
    if (size == 0) return at;
  }
}

/* The length of the answer that stands in the buffer; 0 while it is not complete. */
static size_t answer_length(struct session *session) {
  char *bytes = session->bytes, *end = bytes + session->length;
  char *head_end = memmem(bytes, session->length, "\r\n\r\n", 4);
  if (!head_end) return 0;
  char *body = head_end + 4, *next = NULL;
  *head_end = '\0';
  char *found = strcasestr(bytes, "\r\ncontent-length:");
  if (found) next = body + strtoul(found + 17, NULL, 10);
  else if (strcasestr(bytes, "\r\ntransfer-encoding: chunked")) next = chunks_end(body, end);
  else next = body;
  *head_end = '\r';
  return next && next <= end ? (size_t)(next - bytes) : 0;
}

/* Reads until an answer is complete and returns its length; 0 when there is more to wait for. */
static size_t receive(struct session *session) {
  ssize_t fresh = recv(session->fd, session->bytes + session->length, BUFFER_BYTES - 1 - session->length, 0);
  if (fresh <= 0) {
    if (fresh < 0 && errno == EINTR) return 0;
    fprintf(stderr, "call-client: the connection was closed\n");
    exit(1);
  }
  session->length += (size_t)fresh;
  session->bytes[session->length] = '\0';
  return answer_length(session);
}

/* Takes the answer out of the buffer. */
static void drop(struct session *session, size_t length) {
  session->length -= length;
  memmove(session->bytes, session->bytes + length, session->length);
}

static size_t wait_for_answer(struct session *session) {
  size_t length = 0;
  session->length = 0;
  while (length == 0) length = receive(session);
  return length;
}

static void fail(const char *why, const char *bytes) {
  if (error_count == 0) snprintf(first_error, sizeof first_error, "%s: %.300s", why, bytes);
  error_count += 1;
}

static void check(struct session *session) {
  char id[32];
  snprintf(id, sizeof id, "\"id\":%u,", session->number);
  if (memcmp(session->bytes, "HTTP/1.1 200", 12) != 0) fail("no 200", session->bytes);
  else if (!strstr(session->bytes, id)) fail("not its id", session->bytes);
  else if (!strstr(session->bytes, session->text)) fail("not its text", session->bytes);
}

/* ---- calls ---- */

static void call(struct session *session) {
  static const char modern_headers[] =
      "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: %s\r\n";
  static const char modern_meta[] =
      ",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
      "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"bench\",\"version\":\"1\"},"
      "\"io.modelcontextprotocol/clientCapabilities\":{}}";
  char body[1024], headers[256] = "MCP-Protocol-Version: 2025-11-25\r\n";
  if (is_modern) snprintf(headers, sizeof headers, modern_headers, tool);
  session->number = ++last_number;
  snprintf(session->text, sizeof session->text, "\"text\":\"%d/%u/%lx\"", session->fd, session->number,
           (unsigned long)clock_ns());
  snprintf(body, sizeof body,
           "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{%s}%s}}",
           session->number, tool, session->text, is_modern ? modern_meta : "");
  session->begun = clock_ns();
  send_request(session, session->fd, "POST", headers, body);
}

/* Takes what has come; begins the next call of the session while `goes_on`. Returns the answers. */
static size_t take(struct session *session, bool goes_on) {
  size_t length = receive(session);
  if (length == 0) return 0;
  check(session);
  drop(session, length);
  if (sample_count < MAX_SAMPLES) samples[sample_count++] = clock_ns() - session->begun;
  if (goes_on) call(session);
  return 1;
}

static void print_json_text(const char *text) {
  putchar('"');
  for (; *text; text += 1) {
    unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\') putchar('\\');
    if (byte >= ' ' && byte < 127) putchar(byte);
    else putchar(' ');
  }
  putchar('"');
}

static unsigned long latency(double share) {
  return (unsigned long)percentile(samples, sample_count, share);
}

static void answer(uint64_t elapsed_ns, uint64_t used_ns) {
  qsort(samples, sample_count, sizeof *samples, ascending);
  printf("{\"calls\":%lu,\"errors\":%lu,\"nanoseconds\":%lu,\"cpuNanoseconds\":%lu,\"p50\":%lu,\"p99\":%lu,\"firstError\":",
         (unsigned long)sample_count, (unsigned long)error_count, (unsigned long)elapsed_ns, (unsigned long)used_ns,
         latency(0.5), latency(0.99));
  print_json_text(first_error);
  printf("}\n");
  fflush(stdout);
}

static void make_calls(uint64_t duration_ns) {
  uint64_t begin = clock_ns(), used = cpu_ns(), now = begin, progress = begin;
  size_t outstanding = session_count;
  for (size_t index = 0; index < session_count; index += 1) call(sessions[index]);
  while (outstanding > 0) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, 100);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    bool goes_on = now - begin < duration_ns;
    for (int index = 0; index < count; index += 1) {
      size_t taken = take(events[index].data.ptr, goes_on);
      if (taken == 0) continue;
      progress = now;
      if (!goes_on) outstanding -= 1;
    }
    now = clock_ns();
    if (now - progress > (uint64_t)STUCK_MS * 1000000u) {
      fail("no answer came", "");
      break;
    }
  }
  answer(clock_ns() - begin, cpu_ns() - used);
}

/* ---- sessions ---- */

static void open_session(struct session *session) {
  session->fd = open_socket();
  session->stream_fd = -1;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
  if (!is_modern) {
    send_request(session, session->fd, "POST", "",
                 "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
                 "\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}");
    wait_for_answer(session);
    char *found = strcasestr(session->bytes, "\r\nmcp-session-id: ");
    if (!found || sscanf(found + 18, "%255[!-~]", session->id) != 1) {
      fprintf(stderr, "call-client: no session: %.300s\n", session->bytes);
      exit(1);
    }
    send_request(session, session->fd, "POST", "",
                 "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
    wait_for_answer(session);
    session->length = 0;
  }
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, session->fd, &event) < 0) die("epoll_ctl");
}

/* Nothing comes on these streams; what is measured is that they are there. */
static void open_stream(struct session *session) {
  char head[2048];
  size_t length = 0;
  session->stream_fd = open_socket();
  send_request(session, session->stream_fd, "GET", "", "");
  do {
    ssize_t fresh = recv(session->stream_fd, head + length, sizeof head - 1 - length, 0);
    if (fresh <= 0) die("a stream did not begin");
    length += (size_t)fresh;
    head[length] = '\0';
  } while (!strstr(head, "\r\n\r\n"));
  if (memcmp(head, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "call-client: no stream: %.300s\n", head);
    exit(1);
  }
}

static void close_session(struct session *session) {
  if (session->stream_fd >= 0) close(session->stream_fd);
  if (session->id[0]) {
    send_request(session, session->fd, "DELETE", "", "");
    wait_for_answer(session);
  }
  close(session->fd);
  free(session);
}

static bool obey(const char *line) {
  unsigned long ms = 0;
  unsigned count = 0;
  char word[16];
  static char tool_name[16];
  sample_count = error_count = 0;
  first_error[0] = '\0';
  if (sscanf(line, "open %u %15s", &count, word) == 2 && session_count + count <= MAX_SESSIONS) {
    is_modern = strcmp(word, "modern") == 0;
    for (unsigned index = 0; index < count; index += 1) {
      sessions[session_count] = calloc(1, sizeof **sessions);
      if (!sessions[session_count]) die("calloc");
      open_session(sessions[session_count++]);
    }
    answer(0, 0);
  } else if (sscanf(line, "calls %lu %15s", &ms, tool_name) == 2) {
    tool = tool_name;
    make_calls(ms * 1000000);
  } else if (strcmp(line, "streams\n") == 0) {
    for (size_t index = 0; index < session_count; index += 1) open_stream(sessions[index]);
    answer(0, 0);
  } else if (strcmp(line, "close\n") == 0) {
    for (size_t index = 0; index < session_count; index += 1) close_session(sessions[index]);
    session_count = 0;
    answer(0, 0);
  } else return false;
  return true;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: call-client HOST PORT\n");
    return 2;
  }
  host = argv[1];
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die(host);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  samples = malloc(MAX_SAMPLES * sizeof *samples);
  if (epoll < 0 || !samples) die("start");
  char line[256];
  /* The end of standard input is the end of whoever started this. */
  while (fgets(line, sizeof line, stdin)) {
    if (obey(line)) continue;
    fprintf(stderr, "call-client: no such command: %s", line);
    return 2;
  }
  return 0;
}
