//! The server of a case: it finds the exchange that a request belongs to.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use rest_source::Clock;
use rest_source_testkit::{Asked, ManualClock, Reply};
use serde_json::Value;
use url::form_urlencoded;

use crate::case::{Exchange, fill};

/// The exchanges of a case, and what came of them. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Those of the run come before those of the case.
    run: Vec<Use>,
    case: Vec<Use>,
    clock: ManualClock,
    unmatched: Vec<String>,
}

/// An exchange, and how often and since when it has answered.
struct Use {
    exchange: Exchange,
    answered: usize,
    first: Option<Duration>,
}

impl Answers {
    pub(crate) fn new(exchanges: &[Exchange], clock: &ManualClock) -> Self {
        Self(Arc::new(Mutex::new(State {
            case: uses(exchanges),
            clock: clock.clone(),
            ..State::default()
        })))
    }

    /// These come first from now on.
    pub(crate) fn before(&self, exchanges: &[Exchange]) {
        self.lock().run = uses(exchanges);
    }

    /// The requests that no exchange answered.
    pub(crate) fn take_unmatched(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().unmatched)
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let mut state = self.lock();
        let State {
            run,
            case,
            clock,
            unmatched,
        } = &mut *state;
        let now = clock.elapsed();
        for one in run.iter_mut().chain(case.iter_mut()) {
            if one.is_over(now) {
                continue;
            }
            if let Some(names) = matched(&one.exchange, asked) {
                one.answered += 1;
                one.first.get_or_insert(now);
                return reply(&one.exchange, asked, &names, clock);
            }
        }
        unmatched.push(format!("{} {}", asked.line(), asked.body));
        Reply::status(404).body("the case has no such exchange")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn uses(exchanges: &[Exchange]) -> Vec<Use> {
    let new = |exchange: &Exchange| Use {
        exchange: exchange.clone(),
        answered: 0,
        first: None,
    };
    exchanges.iter().map(new).collect()
}

impl Use {
    fn is_over(&self, now: Duration) -> bool {
        let often = self
            .exchange
            .times
            .is_some_and(|times| self.answered >= times);
        let long = match (self.exchange.seconds, self.first) {
            (Some(seconds), Some(first)) => now >= first + Duration::from_secs_f64(seconds),
            _ => false,
        };
        often || long
    }
}

/// What the names in the exchange's request stand for, if the request matches.
type Names = BTreeMap<String, String>;

fn matched(exchange: &Exchange, asked: &Asked) -> Option<Names> {
    let mut names = Names::new();
    let (method, target) = exchange.request.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_target = method == asked.method
        && is_path(path, asked.path(), &mut names)
        && is_query(query, &asked.target, &mut names);
    let has_headers = exchange
        .request_headers
        .iter()
        .all(|(name, value)| asked.header(&name.to_ascii_lowercase()) == value.as_deref());
    let has_json = exchange.request_json.as_ref().is_none_or(|json| {
        serde_json::from_str::<Value>(&asked.body).is_ok_and(|body| body == *json)
    });
    let has_form = exchange.request_form.as_ref().is_none_or(|form| {
        let pairs: Vec<_> = form_urlencoded::parse(asked.body.as_bytes())
            .into_owned()
            .collect();
        let is_field = |(name, found): &(String, String)| {
            let value = form.get(name);
            value.is_some_and(|value| is_value(value, found, &mut names))
        };
        pairs.len() == form.len() && pairs.iter().all(is_field)
    });
    (is_target && has_headers && has_json && has_form).then_some(names)
}

fn is_path(pattern: &str, path: &str, names: &mut Names) -> bool {
    let (pattern, path) = (pattern.split('/'), path.split('/'));
    pattern.clone().count() == path.clone().count()
        && pattern
            .zip(path)
            .all(|(pattern, found)| is_value(pattern, found, names))
}

fn is_query(pattern: &str, target: &str, names: &mut Names) -> bool {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let (pattern, is_open) = match pattern.strip_suffix("...") {
        Some(rest) => (rest.trim_end_matches('&'), true),
        None => (pattern, false),
    };
    for (name, value) in form_urlencoded::parse(pattern.as_bytes()) {
        let found = pairs
            .iter()
            .position(|(found, held)| *found == name && is_value(&value, held, names));
        match found {
            Some(at) => _ = pairs.remove(at),
            None => return false,
        }
    }
    is_open || pairs.is_empty()
}

/// Whether it is the value, or any that gets the name `<name>`.
fn is_value(pattern: &str, found: &str, names: &mut Names) -> bool {
    match pattern
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        Some(name) => {
            names.insert(name.to_owned(), found.to_owned());
            true
        }
        None => pattern == found,
    }
}

fn reply(exchange: &Exchange, asked: &Asked, names: &Names, clock: &ManualClock) -> Reply {
    let host = asked.header("host").unwrap_or_default();
    let mut names = names.clone();
    names.insert("server".to_owned(), format!("http://{host}"));
    let port = host.rsplit(':').next().unwrap_or_default();
    names.insert("port".to_owned(), port.to_owned());
    let mut reply = Reply::status(exchange.status);
    for (name, values) in &exchange.headers {
        for value in values.all() {
            reply = reply.header(name, times(&fill(value, &names), clock));
        }
    }
    let has_type = exchange
        .headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case("content-type"));
    if let Some(value) = &exchange.json {
        if !has_type {
            reply = reply.header("Content-Type", "application/json");
        }
        reply = reply.body(json_of(value, &names).to_string());
    }
    if let Some(text) = &exchange.text {
        if !has_type {
            reply = reply.header("Content-Type", "application/json");
        }
        reply = reply.body(fill(text, &names));
    }
    if let Some(digits) = &exchange.hex {
        let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |all, one| all * 16 + one));
        reply = reply.body(
            bytes
                .filter_map(|byte| u8::try_from(byte).ok())
                .collect::<Vec<u8>>(),
        );
    }
    if let Some(text) = &exchange.gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory does not fail.
        let _ = encoder.write_all(text.as_bytes());
        reply = reply.body(encoder.finish().unwrap_or_default());
    }
    reply
}

/// A value with the names replaced and `$each` expanded. A text that is one name becomes a number
/// where that is one.
fn json_of(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('<').and_then(|t| t.strip_suffix('>')) {
            Some(name) if names.contains_key(name) => {
                let found = &names[name];
                found
                    .parse::<i64>()
                    .map_or_else(|_| Value::from(found.clone()), Value::from)
            }
            _ => Value::from(fill(text, names)),
        },
        Value::Array(values) => values.iter().map(|value| json_of(value, names)).collect(),
        Value::Object(map) => {
            if let Some([Value::Number(first), Value::Number(last)]) = map
                .get("$each")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                let record = map.get("record").unwrap_or(&Value::Null);
                let (first, last) = (first.as_i64().unwrap_or(0), last.as_i64().unwrap_or(0));
                let mut names = names.clone();
                let records = (first..=last).map(|number| {
                    names.insert("n".to_owned(), number.to_string());
                    json_of(record, &names)
                });
                return records.collect();
            }
            let fields = map
                .iter()
                .map(|(key, value)| (fill(key, names), json_of(value, names)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// A header's value with `<epoch_seconds+2>`, `<epoch_millis+2000>` and `<rfc3339+2>` replaced.
fn times(text: &str, clock: &ManualClock) -> String {
    let Some((form, plus)) = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|rest| rest.split_once('+'))
    else {
        return text.to_owned();
    };
    let now = clock.now().duration_since(SystemTime::UNIX_EPOCH);
    let (Ok(plus), Ok(now)) = (plus.parse::<u64>(), now) else {
        return text.to_owned();
    };
    match form {
        "epoch_seconds" => (now.as_secs() + plus).to_string(),
        "epoch_millis" => (now.as_millis() + u128::from(plus)).to_string(),
        "rfc3339" => {
            let seconds = i64::try_from(now.as_secs() + plus).unwrap_or_default();
            jiff::Timestamp::from_second(seconds)
                .map(|time| time.to_string())
                .unwrap_or_default()
        }
        _ => text.to_owned(),
    }
}
