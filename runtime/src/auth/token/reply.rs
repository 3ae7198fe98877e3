//! The body of a response that has a token.

use std::time::Duration;

use serde_json::Value;

use crate::{
    http_context::HttpContext,
    retry_after,
    schema::{Path, Step},
    transport::Response,
    tree::pick,
};

/// The value at a place.
pub(in crate::auth) fn at<'v>(body: &'v Value, path: &Path) -> Option<&'v Value> {
    path.0.iter().try_fold(body, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => pick(value.as_array()?, *index),
    })
}

/// How long a token lives by what a body has at a place: a number of seconds, or the time when it ends,
/// as seconds or milliseconds since the epoch or in ISO 8601. One that is over from the start says
/// nothing.
pub(in crate::auth) fn life(
    body: &Value,
    path: &Path,
    response: &Response,
    context: &HttpContext,
) -> Option<Duration> {
    let text = match at(body, path)? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let life = retry_after::wait_or_epoch(&text, &response.headers, context.clock.now())?;
    (!life.is_zero() && life < retry_after::LONGEST).then_some(life)
}

pub(in crate::auth) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
