//! What a run came to, compared with what it has to come to.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use serde_json::Value;

use crate::case::Run;

pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) requests: Vec<String>,
    pub(crate) unmatched: Vec<String>,
    pub(crate) waited: Duration,
    /// The rows of the run's queries, in order.
    pub(crate) selected: Vec<Result<Vec<Value>, String>>,
}

/// Every difference, in lines.
pub(crate) fn differences(run: &Run, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, expected: &dyn Display, got: &dyn Display| {
        let (expected, got) = (expected.to_string(), got.to_string());
        if expected != got {
            found.push(format!(
                "  {what}: expected {expected}\n  {:>w$}  found {got}",
                "",
                w = what.len()
            ));
        }
    };
    compare("exit code", &run.exit.code(), &outcome.code);
    compare(
        "requests without an exchange",
        &List(&[]),
        &List(&outcome.unmatched),
    );
    if let Some(rows) = &run.rows {
        let lines = outcome.stdout.lines();
        // A line that is not JSON is a difference of its own.
        let got = lines.map(|line| serde_json::from_str(line).unwrap_or(Value::from(line)));
        let (expected, got) = (texts(rows), texts(&got.collect::<Vec<_>>()));
        let (expected, got) = in_order(run.any_order, expected, got);
        compare("rows", &List(&expected), &List(&got));
    }
    if let Some(count) = run.row_count {
        compare("number of rows", &count, &outcome.stdout.lines().count());
    }
    if let Some(requests) = &run.requests {
        let (expected, got) = in_order(run.any_order, requests.clone(), outcome.requests.clone());
        compare("requests", &List(&expected), &List(&got));
    }
    if let Some(count) = run.request_count {
        compare("number of requests", &count, &outcome.requests.len());
    }
    if let Some(most) = run
        .within_seconds
        .filter(|most| outcome.waited.as_secs_f64() > *most)
    {
        compare(
            "seconds waited",
            &format_args!("at most {most}"),
            &outcome.waited.as_secs_f64(),
        );
    }
    for text in &run.stderr {
        if !outcome.stderr.contains(text.as_str()) {
            compare("stderr", &format_args!("with `{text}`"), &"none");
        }
    }
    for text in &run.stderr_without {
        if outcome.stderr.contains(text.as_str()) {
            compare("stderr", &format_args!("without `{text}`"), &"with it");
        }
    }
    for ((query, rows), selected) in run.tables.iter().zip(&outcome.selected) {
        let expected: Vec<Value> = rows.iter().map(|row| Value::from(row.clone())).collect();
        match selected {
            Ok(got) => compare(query, &List(&texts(&expected)), &List(&texts(got))),
            Err(error) => compare(query, &List(&texts(&expected)), error),
        }
    }
    found
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn in_order(
    any: bool,
    mut first: Vec<String>,
    mut second: Vec<String>,
) -> (Vec<String>, Vec<String>) {
    if any {
        first.sort();
        second.sort();
    }
    (first, second)
}

struct List<'a>(&'a [String]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let (shown, rest) = self.0.split_at(self.0.len().min(30));
        f.write_str(&shown.join(", "))?;
        if rest.is_empty() {
            Ok(())
        } else {
            write!(f, ", and {} more", rest.len())
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests: {}", List(&self.requests))?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}")?;
                text.lines()
                    .take(30)
                    .try_for_each(|line| writeln!(f, "{line}"))?;
            }
        }
        Ok(())
    }
}
