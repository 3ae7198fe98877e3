//! Records as JSON Lines in a file: by a loop written by hand, through a compiled connector, and by the command.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
    time::Instant,
};

use rest_source::{Connector as _, JsonEncoder, rest_source};

use crate::{Cost, arguments, loads_by_hand::Pages, say, target};

/// The connector, with a record that serde serializes.
#[rest_source("specs/events.yaml")]
mod events {
    /// As that of the loop by hand.
    #[derive(serde::Serialize)]
    pub(super) struct Events {
        pub id: Option<String>,
        pub name: String,
        pub message: String,
        pub created_at: rest_source::Timestamp,
        pub updated_at: rest_source::Timestamp,
        pub value: i64,
        pub score: f64,
        pub active: bool,
        pub note: Option<String>,
        pub parent_id: Option<String>,
        pub amount: Option<f64>,
        pub owner: EventsOwner,
    }

    /// As that of the loop by hand.
    #[derive(serde::Serialize)]
    pub(super) struct EventsOwner {
        pub id: String,
        pub handle: String,
        pub followers: i64,
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Writes the lines by hand, and says what that cost.
///
/// # Errors
///
/// When an argument is missing, the fetch fails, or the file cannot be written.
pub async fn by_hand() -> Result<()> {
    let start = Instant::now();
    let mut file = BufWriter::new(File::create(target()?)?);
    let mut pages = Pages::new()?;
    let mut written = 0;
    while let Some(events) = pages.next().await? {
        for event in &events {
            serde_json::to_writer(&mut file, event)?;
            file.write_all(b"\n")?;
            written += 1;
        }
    }
    file.flush()?;
    say(&Cost::of_this_process(written, start)?.line());
    Ok(())
}

fn source() -> Result<events::Source> {
    let (base_url, _, concurrency) = arguments()?;
    let source = events::Source::builder().config(events::Config {
        base_url,
        size: 100,
    });
    Ok(source.concurrency(concurrency).build()?)
}

/// Writes typed records, and says what that cost.
///
/// # Errors
///
/// As those of [`by_hand`].
pub async fn typed() -> Result<()> {
    let start = Instant::now();
    let source = source()?;
    let mut file = BufWriter::new(File::create(target()?)?);
    let mut stream = source.events().stream();
    let mut written = 0;
    while let Some(event) = stream.next().await {
        serde_json::to_writer(&mut file, &event?)?;
        file.write_all(b"\n")?;
        written += 1;
    }
    file.flush()?;
    say(&Cost::of_this_process(written, start)?.line());
    Ok(())
}

/// Writes rows, and says what that cost.
///
/// # Errors
///
/// As those of [`by_hand`].
pub async fn rows() -> Result<()> {
    let start = Instant::now();
    let source = source()?;
    let mut file = File::create(target()?)?;
    let client = source.client();
    let resource = client
        .plan()
        .resources
        .iter()
        .find(|one| one.name == "events");
    let mut pages = client.rows(resource.ok_or("no resource")?).pages();
    let mut lines = Vec::new();
    let mut written = 0;
    while let Some(page) = pages.next().await {
        let page = page?;
        let encoder = JsonEncoder::new(page.rows().table());
        lines.clear();
        for row in page.rows() {
            encoder.encode(row, &mut lines);
            lines.push(b'\n');
            written += 1;
        }
        file.write_all(&lines)?;
    }
    say(&Cost::of_this_process(written, start)?.line());
    Ok(())
}

/// Runs the command, which has to be built beside this program, and says what that cost.
///
/// # Errors
///
/// When an argument is missing, or the command fails.
pub fn command() -> Result<()> {
    let start = Instant::now();
    let (base_url, _, _) = arguments()?;
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/events.yaml");
    let target = target()?;
    let program = std::env::current_exe()?.with_file_name("rest-source");
    let output = Command::new(program)
        .arg("fetch")
        .arg(spec)
        .args(["events", "--format", "jsonl"])
        .env("EVENTS_BASE_URL", base_url)
        .stdout(File::create(&target)?)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let lines = std::fs::read_to_string(&target)?.lines().count();
    say(&Cost::of_children(u64::try_from(lines)?, start)?.line());
    Ok(())
}
