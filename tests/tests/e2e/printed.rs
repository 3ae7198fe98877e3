//! No secret in anything that is printed: not in an error, not in `Debug`, not in a log.

use std::{
    fmt::{Debug, Display, Write as _},
    process::Command,
};

use rest_source_load::Load;
use rest_source_testkit::{Fault, Server, data};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::{
    sources::{analytics_oauth2, media},
    stored::Database,
};

/// The secrets that the tests use, in every form in which they travel.
fn secrets() -> Vec<String> {
    let issued = (1..10).map(|n| format!("issued-token-{n}-7d1f"));
    [data::API_KEY, data::CLIENT_ID, data::CLIENT_SECRET]
        .iter()
        .flat_map(|secret| {
            let percent = encoded(secret, "%20");
            [
                (*secret).to_owned(),
                percent.clone(),
                percent.to_lowercase(),
                encoded(secret, "+"),
            ]
        })
        .chain(issued)
        .collect()
}

fn encoded(text: &str, space: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => space.to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => char::from(byte).into(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Asserts that there is no secret in a text.
#[track_caller]
pub(crate) fn assert_no_secret(text: &str) {
    for secret in secrets() {
        assert!(!text.contains(&secret), "`{secret}` is in:\n{text}");
    }
}

/// What an error shows of itself, in all the ways it can; without a secret. It is printed, too.
#[track_caller]
pub(crate) fn shown<E: Display + Debug>(error: &E) -> String {
    println!("{error}\n{error:?}\n{error:#?}");
    assert_no_secret(&format!("{error}\n{error:?}\n{error:#?}"));
    error.to_string()
}

#[tokio::test]
async fn a_source_and_all_of_its_parts_show_no_secret() {
    let server = Server::start(data::analytics_oauth2()).await.unwrap();
    let source = analytics_oauth2(server.url());
    let (fetch, pages) = (source.resource_name(), source.resource_name().pages());
    assert_no_secret(&format!("{source:?} {fetch:?} {pages:?}"));
    let directory = Database::new();
    let database = directory.open();
    let report = source.load(&database).await.unwrap();
    assert_no_secret(&format!("{source:?} {report} {report:#?} {database:?}"));
    let secrets = media::Secrets {
        api_key: data::API_KEY.into(),
    };
    assert_no_secret(&format!("{secrets:?} {secrets:#?}"));
}

#[tokio::test]
async fn a_secret_that_a_server_echoes_is_blanked() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let key = data::API_KEY;
    for body in [
        format!("you said api_key={key}"),
        format!("{{\"data\": [{{\"id\": \"{key}\", \"value\": \"{key}\"}}]}}"),
        format!("{{\"{key}\": []}}"),
    ] {
        server.faults().at(0, Fault::Body(body));
        let error = media(server.url()).stories().all().await.unwrap_err();
        shown(&error);
    }
}

/// Everything that the other tests print, with the log at its finest.
#[test]
fn the_whole_suite_prints_no_secret() {
    if std::env::var_os(LOGGED).is_some() {
        return;
    }
    let suite = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--skip=printed::the_whole_suite"])
        // They run others, and check those for themselves.
        .args(["--skip=killed::", "--skip=quickstart::"])
        .env(LOGGED, "1")
        .output()
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&suite.stdout),
        String::from_utf8_lossy(&suite.stderr)
    );
    assert!(
        printed.contains("test result:"),
        "the suite did not run:\n{printed}"
    );
    assert!(
        printed.contains("/v1/stories?"),
        "no request was printed:\n{printed}"
    );
    assert_no_secret(&printed);
}

const LOGGED: &str = "REST_SOURCE_E2E_LOGGED";

/// Prints whatever is logged, where the suite is run to see what it prints.
pub(crate) fn log() {
    if std::env::var_os(LOGGED).is_some() {
        // It is set once and stays.
        let _ = tracing::subscriber::set_global_default(Printer);
    }
}

struct Printer;

impl Subscriber for Printer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::TRACE
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::new(span.metadata());
        span.record(&mut line);
        println!("{}", line.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        println!("{}", line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::new(event.metadata());
        event.record(&mut line);
        println!("{}", line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Line {
    fn new(metadata: &Metadata<'_>) -> Self {
        Self(format!("{} {}", metadata.level(), metadata.target()))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}
