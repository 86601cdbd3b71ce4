/* Takes event streams apart; see sse-stream.h. */
#define _GNU_SOURCE
#include "sse-stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kit/load-client.h"

struct tally tally;

static bool starts_with(const char *line, size_t length, const char *start) {
  size_t start_length = strlen(start);
  return length >= start_length && memcmp(line, start, start_length) == 0;
}

/* The digits from `at` on as a number; `at` then stands behind them. */
static uint64_t read_number(const char **at, const char *end) {
  uint64_t number = 0;
  while (*at < end && **at >= '0' && **at <= '9') number = number * 10 + (uint64_t)(*(*at)++ - '0');
  return number;
}

/* ---- frames ---- */

static uint64_t number_after(const char *line, size_t length, const char *key) {
  const char *found = memmem(line, length, key, strlen(key));
  if (!found) return 0;
  found += strlen(key);
  return read_number(&found, line + length);
}

static void take_data(struct stream *stream, const char *line, size_t length) {
  stream->has_data = true;
  if (stream->kind == GAP) {
    stream->gap_from = number_after(line, length, "\"from\":");
    stream->gap_to = number_after(line, length, "\"to\":");
    return;
  }
  if (!tally.wants_latency || !stream->reading || tally.sample_count == MAX_SAMPLES) return;
  const char *mark = memchr(line, '@', length);
  if (!mark) return;
  mark += 1;
  uint64_t stamp = read_number(&mark, line + length);
  if (stamp > 0 && stamp <= tally.now_ns) tally.samples[tally.sample_count++] = tally.now_ns - stamp;
}

static void take_id(struct stream *stream, const char *value, const char *end) {
  stream->has_id = true;
  stream->id = read_number(&value, end);
  stream->has_tags = value < end && *value == ':';
  if (stream->has_tags) value += 1;
  stream->tag = read_number(&value, end);
}

static bool follows(const struct stream *stream) {
  if (!stream->has_tags) return stream->id == stream->last_id + 1;
  if (stream->id == stream->last_id) return stream->tag == stream->last_tag + 1;
  return stream->id > stream->last_id;
}

static void account(struct stream *stream, uint64_t events) {
  if (stream->reading) tally.outstanding -= events < tally.outstanding ? events : tally.outstanding;
}

static void end_frame(struct stream *stream) {
  if (stream->has_data && stream->kind == EVENT) {
    if (!stream->has_id || (stream->has_last && !follows(stream))) stream->order_errors += 1;
    stream->received += 1;
    account(stream, 1);
  } else if (stream->has_data && stream->kind == GAP) {
    uint64_t missing = stream->gap_to - stream->gap_from + 1;
    if (stream->has_last && stream->gap_from != stream->last_id + 1) stream->order_errors += 1;
    stream->told_missing += missing;
    account(stream, missing);
  }
  if (stream->has_id) {
    stream->has_last = true;
    stream->last_id = stream->id;
    stream->last_tag = stream->tag;
  }
  stream->kind = EVENT;
  stream->has_id = stream->has_data = false;
}

static void take_line(struct stream *stream, const char *line, size_t length) {
  if (length > 0 && line[length - 1] == '\r') length -= 1;
  if (length == 0) {
    end_frame(stream);
    return;
  }
  const char *colon = memchr(line, ':', length < 8 ? length : 8);
  if (!colon || colon == line) return;
  const char *value = colon + 1, *end = line + length;
  if (value < end && *value == ' ') value += 1;
  size_t value_length = (size_t)(end - value);
  if (starts_with(line, length, "data:")) take_data(stream, value, value_length);
  else if (starts_with(line, length, "id:")) take_id(stream, value, end);
  else if (starts_with(line, length, "event:")) {
    if (value_length == 3 && memcmp(value, "gap", 3) == 0) stream->kind = GAP;
    else if (!(value_length == 7 && memcmp(value, "message", 7) == 0)) stream->kind = OTHER;
  }
}

/* ---- bytes ---- */

/* Takes the marks of chunked transfer coding out of the bytes, in place; returns what is left. */
static size_t unchunk(struct stream *stream, char *bytes, size_t length) {
  char *from = bytes, *to = bytes, *end = bytes + length;
  while (from < end) {
    if (stream->chunk_state == CHUNK_DATA) {
      size_t take = (size_t)(end - from) < stream->chunk_left ? (size_t)(end - from) : stream->chunk_left;
      memmove(to, from, take);
      to += take;
      from += take;
      stream->chunk_left -= take;
      if (stream->chunk_left == 0) stream->chunk_state = CHUNK_END;
      continue;
    }
    char byte = *from++;
    if (stream->chunk_state == CHUNK_END) {
      if (byte == '\n') stream->chunk_state = CHUNK_SIZE;
      continue;
    }
    if (byte >= '0' && byte <= '9') stream->chunk_left = stream->chunk_left * 16 + (uint64_t)(byte - '0');
    else if (byte >= 'a' && byte <= 'f') stream->chunk_left = stream->chunk_left * 16 + (uint64_t)(byte - 'a' + 10);
    else if (byte >= 'A' && byte <= 'F') stream->chunk_left = stream->chunk_left * 16 + (uint64_t)(byte - 'A' + 10);
    else if (byte == '\n' && stream->chunk_left > 0) stream->chunk_state = CHUNK_DATA;
  }
  return (size_t)(to - bytes);
}

/* Reads the head; returns its length, or 0 while it is not complete. */
static size_t take_head(struct stream *stream, char *bytes, size_t length) {
  char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) return 0;
  *end = '\0';
  if (length < 12 || memcmp(bytes, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "sse-client: the server answered: %.200s\n", bytes);
    exit(1);
  }
  stream->is_chunked = strcasestr(bytes, "\r\ntransfer-encoding: chunked") != NULL;
  stream->has_head = true;
  tally.heads += 1;
  return (size_t)(end - bytes) + 4;
}

void take_bytes(struct stream *stream, char *input, size_t length, size_t fresh) {
  char *line = input, *end = input + length;
  if (!stream->has_head) {
    size_t head = take_head(stream, input, length);
    if (head == 0) goto keep;
    line += head;
    fresh = length - head;
  }
  if (stream->is_chunked) {
    char *start = input + length - fresh;
    end = start + unchunk(stream, start, fresh);
  }
  for (char *stop; line < end && (stop = memchr(line, '\n', (size_t)(end - line))); line = stop + 1) {
    take_line(stream, line, (size_t)(stop - line));
  }
keep:
  stream->carry_length = (size_t)(end - line);
  if (stream->carry_length > MAX_LINE) die("a line is too long");
  if (stream->carry_length == 0) return;
  stream->carry = realloc(stream->carry, stream->carry_length);
  memcpy(stream->carry, line, stream->carry_length);
}
