/*
 * One event stream as its bytes come: its head, its chunks, its frames. What it holds is counted in the stream
 * and in `tally`; whoever reads the sockets gives the bytes and asks for the counts (sse-client.c).
 */
#ifndef SSE_STREAM_H
#define SSE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MAX_LINE = 1024 * 1024, /* of a stream; a longer one is an error */
  MAX_SAMPLES = 8 * 1000 * 1000,
};

enum frame_kind { EVENT, GAP, OTHER };
enum chunk_state { CHUNK_SIZE, CHUNK_DATA, CHUNK_END };

struct stream {
  int fd;
  bool reading, has_head, is_chunked, is_closed;
  enum chunk_state chunk_state;
  uint64_t chunk_left;
  char *carry; /* the beginning of a line whose end has not come yet */
  size_t carry_length;
  /* the frame that is being read */
  enum frame_kind kind;
  bool has_id, has_data;
  uint64_t id, tag, gap_from, gap_to;
  /* the sequence so far; an id is a number, or `time:tag` as nchan has it */
  bool has_last, has_tags;
  uint64_t last_id, last_tag;
  /* since the last command began */
  uint64_t received, told_missing, order_errors;
};

/* Over all streams. */
struct tally {
  size_t heads;
  uint64_t outstanding; /* deliveries and told losses that streams which are read still have to get */
  bool wants_latency;
  uint64_t now_ns, *samples; /* when the bytes came; the latencies, room for MAX_SAMPLES */
  size_t sample_count;
};
extern struct tally tally;

/*
 * Takes `length` bytes at `input`: first what the stream carries, then what is fresh. Changes them, and ends
 * the program when they are no event stream.
 */
void take_bytes(struct stream *stream, char *input, size_t length, size_t fresh);

#endif
