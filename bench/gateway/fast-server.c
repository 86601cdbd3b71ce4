/*
 * The MCP server behind every proxy of the gateway benchmark: one thread, epoll, and no more work than an
 * answer needs, so that what is measured is the proxy. Keeps the rules of Streamable HTTP that a gateway
 * relies on: an id for a session, 202 for notifications, a stream for GET.
 *
 *   fast-server PORT        listens on 127.0.0.1; says `listening PORT`, 0 lets the system choose
 *
 * A call of the tool `echo` is answered with JSON, one of `echo_sse` with a stream of one event; both with
 * the text that came. The end of standard input is the end, unless it was closed from the start.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, MAX_TEXT = 1024 };

/* What a client has sent and is not answered yet. */
struct connection {
  int fd;
  size_t length;
  char bytes[BUFFER_BYTES];
};

static int epoll;

static void die(const char *what) {
  fprintf(stderr, "fast-server: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void hang_up(struct connection *connection) {
  close(connection->fd);
  free(connection);
}

/* Answers are far smaller than a socket's buffer; a client that does not read them is gone. */
static bool send_all(int fd, const char *bytes, size_t length) {
  return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool send_json(int fd, const char *status, const char *headers, const char *body) {
  char answer[4096];
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s", status,
                        headers, strlen(body), body);
  return send_all(fd, answer, (size_t)length);
}

static bool send_event(int fd, const char *body) {
  char answer[4096];
  /* "event: message", "data: " and the line ends around the message */
  size_t size = strlen(body) + 23;
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "%zx\r\nevent: message\ndata: %s\n\n\r\n0\r\n\r\n",
                        size, body);
  return send_all(fd, answer, (size_t)length);
}

/* Copies the value behind `key` up to one of `ends`; false when there is none. */
static bool value_after(const char *body, const char *key, const char *ends, char *value) {
  const char *found = strstr(body, key);
  if (!found) return false;
  found += strlen(key);
  size_t length = strcspn(found, ends);
  if (length >= MAX_TEXT) return false;
  memcpy(value, found, length);
  value[length] = '\0';
  return true;
}

static bool initialize(int fd, const char *id) {
  static unsigned sessions;
  char body[2 * MAX_TEXT], header[64];
  snprintf(header, sizeof header, "Mcp-Session-Id: s%u-%d\r\n", ++sessions, getpid());
  snprintf(body, sizeof body,
           "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
           "\"serverInfo\":{\"name\":\"fast-server\",\"version\":\"1.0.0\"}}}",
           id);
  return send_json(fd, "200 OK", header, body);
}

static bool answer_post(int fd, const char *message) {
  char id[MAX_TEXT], text[MAX_TEXT] = "", body[3 * MAX_TEXT];
  if (!value_after(message, "\"id\":", ",}", id)) {
    static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    return send_all(fd, accepted, sizeof accepted - 1);
  }
  if (strstr(message, "\"initialize\"")) return initialize(fd, id);
  value_after(message, "\"text\":\"", "\"", text);
  snprintf(body, sizeof body,
           "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":\"complete\",\"tools\":[],"
           "\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}}",
           id, text);
  return strstr(message, "\"echo_sse\"") ? send_event(fd, body) : send_json(fd, "200 OK", "", body);
}

static bool answer_get(int fd, const char *head) {
  if (strncmp(head, "GET /mcp", 8) != 0) return send_json(fd, "200 OK", "", "{\"status\":\"ok\"}");
  static const char stream[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  return send_all(fd, stream, sizeof stream - 1);
}

static size_t content_length(const char *head) {
  const char *found = strcasestr(head, "\r\ncontent-length:");
  return found ? strtoul(found + 17, NULL, 10) : 0;
}

/* Answers what has come completely; false when the connection is to be closed. */
static bool answer_all(struct connection *connection) {
  char *at = connection->bytes, *end = at + connection->length;
  for (;;) {
    char *head_end = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
    if (!head_end) break;
    *head_end = '\0';
    char *body = head_end + 4, *next = body + content_length(at);
    if (next > end) {
      *head_end = '\r';
      break;
    }
    char after = *next;
    *next = '\0';
    bool is_sent;
    if (strncmp(at, "POST", 4) == 0) is_sent = answer_post(connection->fd, body);
    else if (strncmp(at, "GET", 3) == 0) is_sent = answer_get(connection->fd, at);
    else is_sent = send_json(connection->fd, "200 OK", "", "{}");
    if (!is_sent) return false;
    *next = after;
    at = next;
  }
  connection->length = (size_t)(end - at);
  memmove(connection->bytes, at, connection->length);
  /* One byte stays free for the end of a text. */
  return connection->length < BUFFER_BYTES - 1;
}

static void read_from(struct connection *connection) {
  ssize_t fresh = recv(connection->fd, connection->bytes + connection->length,
                       BUFFER_BYTES - 1 - connection->length, 0);
  if (fresh < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (fresh <= 0) {
    hang_up(connection);
    return;
  }
  connection->length += (size_t)fresh;
  if (!answer_all(connection)) hang_up(connection);
}

static void watch(int fd, void *of) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = of};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void take_connection(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct connection *connection = malloc(sizeof *connection);
  if (!connection) die("malloc");
  connection->fd = fd;
  connection->length = 0;
  watch(fd, connection);
}

static int listen_on(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1024) < 0) die("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("listening %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on(argc > 1 ? atoi(argv[1]) : 0);
  watch(listener, &listener);
  struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
  /* Fails for /dev/null, which a supervisor gives its children: then there is no end to wait for. */
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, -1);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int index = 0; index < count; index += 1) {
      void *of = events[index].data.ptr;
      if (of == NULL) return 0;
      if (of == &listener) take_connection(listener);
      else read_from(of);
    }
  }
}
