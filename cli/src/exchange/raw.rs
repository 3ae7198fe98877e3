//! The text of exchanges for `fetch --raw`.

use std::fmt::Write as _;

use rest_source::{
    Report,
    plan::{ResourcePlan, Selector},
    transport::Headers,
};

use super::{Exchange, Outcome, Redaction};

/// How much of a body is shown, in characters.
const SHOWN: usize = 4000;

/// The text of these exchanges, without secrets, then what the selector found and what the paginator decided.
pub(crate) fn print_raw(
    exchanges: &[Exchange],
    redaction: &Redaction<'_>,
    resource: &ResourcePlan,
    report: &Report,
) -> String {
    let mut text = String::new();
    let (held, sent): (Vec<_>, Vec<_>) =
        (exchanges.iter()).partition(|exchange| matches!(exchange.outcome, Outcome::Held));
    for (at, exchange) in sent.iter().enumerate() {
        let _ = writeln!(text, "{}", exchange_text(at + 1, exchange, redaction));
    }
    let selector = match &resource.selector {
        Selector::Path(path) => path.to_string(),
        Selector::Query(query) => query.to_string(),
    };
    let _ = writeln!(
        text,
        "selector: `{}` found {} records in {} rows of {} pages",
        printable(&selector),
        report.selected,
        report.received,
        report.pages
    );
    match held.first() {
        Some(next) => {
            let method = next.request.method.as_str();
            let url = redaction.text(&next.request.url);
            let _ = writeln!(
                text,
                "paginator: the next request is {method} {}",
                printable(&url)
            );
            let body = redaction.text(&String::from_utf8_lossy(&next.request.body));
            if !body.is_empty() {
                let _ = writeln!(text, "  with the body {}", printable(&body));
            }
        }
        None if report.completeness.is_some() => {
            text.push_str("paginator: there is no next page\n");
        }
        None => text.push_str("paginator: it was not asked for a next page\n"),
    }
    text
}

fn exchange_text(number: usize, exchange: &Exchange, redaction: &Redaction<'_>) -> String {
    let mut text = String::new();
    let request = &exchange.request;
    let purpose = if exchange.is_for_credentials {
        ", for credentials"
    } else {
        ""
    };
    let url = redaction.text(&request.url);
    let _ = writeln!(
        text,
        "request {number}{purpose}: {} {}",
        request.method.as_str(),
        printable(&url)
    );
    headers(&request.headers, redaction, &mut text);
    body(
        &request.body,
        exchange.is_for_credentials,
        redaction,
        &mut text,
    );
    let milliseconds = exchange.took.as_millis();
    match &exchange.outcome {
        Outcome::Held => {}
        Outcome::Sent => text.push_str("no response yet\n"),
        Outcome::Failed(error) => {
            let error = redaction.text(error);
            let _ = writeln!(
                text,
                "no whole response after {milliseconds} ms: {}",
                printable(&error)
            );
        }
        Outcome::Response {
            status,
            headers: fields,
            body: received,
        } => {
            let bytes = received.bytes.len() + received.omitted;
            let _ = writeln!(
                text,
                "response {number}: status {status}, {bytes} bytes in {milliseconds} ms"
            );
            headers(fields, redaction, &mut text);
            body(
                &received.bytes,
                exchange.is_for_credentials,
                redaction,
                &mut text,
            );
        }
    }
    text
}

fn headers(headers: &Headers, redaction: &Redaction<'_>, text: &mut String) {
    for (name, value) in headers.iter() {
        let value = redaction.header(name, value);
        let _ = writeln!(text, "  {name}: {}", printable(&value));
    }
}

fn body(bytes: &[u8], is_secret: bool, redaction: &Redaction<'_>, text: &mut String) {
    if bytes.is_empty() {
        return;
    }
    text.push('\n');
    if is_secret {
        let _ = writeln!(text, "{} bytes that hold credentials", bytes.len());
        return;
    }
    let Ok(all) = std::str::from_utf8(bytes) else {
        let _ = writeln!(text, "{} bytes that are not UTF-8", bytes.len());
        return;
    };
    let all = redaction.text(all);
    let (shown, rest) = match all.char_indices().nth(SHOWN) {
        Some((end, _)) => all.split_at(end),
        None => (all.as_str(), ""),
    };
    let _ = writeln!(text, "{}", printable(shown.trim_end()));
    if !rest.is_empty() {
        let _ = writeln!(text, "… {} more bytes; `--save DIR` keeps all", rest.len());
    }
}

/// A text of one or several lines without characters that control a terminal.
fn printable(text: &str) -> String {
    crate::printable::printable(text, &['\n', '\t'])
}
