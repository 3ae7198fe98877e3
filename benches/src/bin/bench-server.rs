//! The benchmark's API: `GET /events?offset=…&limit=…`, from memory, after a delay if one is given.
//! The same records in batches: `GET /batches?size=…&offset=…&limit=…` and `GET /batches/N/events?size=…`.
//!
//! `bench-server RECORDS DELAY_MS` prints its port and serves until its standard input ends. It
//! writes plain HTTP/1.1 itself, so that its own cost is small beside the clients'.

use std::{io::Read as _, sync::Arc, time::Duration};

use rest_source_benches::{record, say};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The records' texts, one after the other with commas between, and where each begins. A million takes
/// 420 MB; were they fewer and came again, clients would take that for a loop.
struct Records {
    text: String,
    starts: Vec<usize>,
}

impl Records {
    fn new(total: u64) -> Self {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for n in 0..total {
            starts.push(text.len());
            text.push_str(&record(n));
            text.push(',');
        }
        starts.push(text.len());
        Self { text, starts }
    }

    fn page(&self, offset: u64, limit: u64) -> String {
        let (records, total) = (self.slice(offset, limit), self.starts.len() - 1);
        format!(r#"{{"data":[{records}],"total":{total}}}"#)
    }

    fn batch(&self, number: u64, size: u64) -> String {
        format!(r#"{{"data":[{}]}}"#, self.slice(number * size, size))
    }

    fn batches(&self, size: u64, offset: u64, limit: u64) -> String {
        let total = (self.starts.len() as u64 - 1).div_ceil(size.max(1));
        let ids = offset..(offset + limit).min(total);
        let ids: Vec<String> = ids.map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        format!(r#"{{"data":[{}],"total":{total}}}"#, ids.join(","))
    }

    fn slice(&self, offset: u64, limit: u64) -> &str {
        let total = self.starts.len() - 1;
        let first = as_index(offset).min(total);
        let last = (first + as_index(limit)).min(total);
        self.text[self.starts[first]..self.starts[last]].trim_end_matches(',')
    }
}

fn as_index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

async fn serve(
    mut stream: TcpStream,
    records: Arc<Records>,
    delay: Duration,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            let n = stream.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            read.extend_from_slice(&buffer[..n]);
        }
        let head = String::from_utf8_lossy(&read).into_owned();
        read.clear(); // clients here send no body and do not pipeline
        let (offset, limit) = (number(&head, "offset="), number(&head, "limit="));
        let size = number(&head, "size=");
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let body = if head.starts_with("GET /batches/") {
            records.batch(number(&head, "/batches/"), size)
        } else if head.starts_with("GET /batches") {
            records.batches(size, offset, limit)
        } else {
            records.page(offset, limit)
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
    }
}

/// The number after `name` in the request line; 0 where there is none.
fn number(head: &str, name: &str) -> u64 {
    let line = head.lines().next().unwrap_or_default();
    let Some((_, rest)) = line.split_once(name) else {
        return 0;
    };
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .map_or(rest, |end| &rest[..end]);
    digits.parse().unwrap_or(0)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let usage = "usage: bench-server RECORDS DELAY_MS";
    let total = words.next().ok_or(usage)?.parse()?;
    let delay = Duration::from_millis(words.next().ok_or(usage)?.parse()?);
    let records = Arc::new(Records::new(total));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("{}", listener.local_addr()?.port()));
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, Arc::clone(&records), delay));
    }
}
