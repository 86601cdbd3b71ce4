//! A contestant: `tokio::sync::broadcast` behind hyper, as the replaced supervisor had it, with its own faults left out:
//! each event is serialised once and shared, and Nagle is off. It obeys the lines of contestant-process.ts.
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use hyper::body::Bytes;
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Response, Server};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// Events that a slow reader may be behind: more than any burst of the benchmark, so that nobody loses one.
const CAPACITY: usize = 65_536;

/// What the event's JSON has besides the message's padding, as in payload.ts.
const FIXED_BYTES: usize = 182;

struct Channel {
    sender: broadcast::Sender<Bytes>,
    last_id: AtomicU64,
}

impl Channel {
    fn publish(&self, message: &str) {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let frame = format!(
            "id: {id}\ndata: {{\"id\":{id},\"data\":{{\"event_type\":\"test\",\"message\":\"{message}\",\
             \"timestamp\":\"{}\",\"source\":\"bench\",\"source_id\":\"pms_benchbenchbe_{id}\"}}}}\n\n",
            timestamp()
        );
        // Without a subscriber there is nobody to tell.
        let _ = self.sender.send(Bytes::from(frame));
    }
}

/// Now, in 24 characters like ISO 8601; the calendar does not matter here.
fn timestamp() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:010}T{:09}.000", since.as_secs(), since.subsec_nanos())
}

fn stream(channel: &Channel) -> Response<Body> {
    // Whoever lags only skips: losses are counted by the load client.
    let frames = BroadcastStream::new(channel.sender.subscribe())
        .filter_map(|frame| async move { frame.ok().map(Ok::<Bytes, Infallible>) });
    let mut response = Response::new(Body::wrap_stream(frames));
    let headers = response.headers_mut();
    headers.insert("content-type", "text/event-stream".parse().expect("a valid header"));
    headers.insert("cache-control", "no-cache".parse().expect("a valid header"));
    response
}

async fn obey(channel: &Channel) -> std::io::Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["publish", count, stamp, bytes] => {
                let bytes: usize = bytes.parse().unwrap_or(0);
                let message = format!("@{stamp} {}", "x".repeat(bytes.saturating_sub(FIXED_BYTES)));
                for _ in 0..count.parse().unwrap_or(0) {
                    channel.publish(&message);
                }
            }
            ["report"] => println!("{{}}"),
            _ => {}
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let channel = Arc::new(Channel { sender: broadcast::channel(CAPACITY).0, last_id: AtomicU64::new(0) });
    let shared = channel.clone();
    let service = make_service_fn(move |_| {
        let channel = shared.clone();
        async move {
            Ok::<_, Infallible>(service_fn(move |_: Request<Body>| {
                let response = stream(&channel);
                async move { Ok::<_, Infallible>(response) }
            }))
        }
    });
    let server = Server::try_bind(&([127, 0, 0, 1], 0).into())?.tcp_nodelay(true).serve(service);
    println!("listening {}", server.local_addr().port());
    tokio::spawn(server);
    // The end of standard input is the end of the process.
    obey(&channel).await?;
    Ok(())
}
