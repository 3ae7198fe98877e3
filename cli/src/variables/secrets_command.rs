//! The command of `--secrets-command`.

use std::{
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout_at},
};

use super::{MAX_BYTES, env_file};
use crate::error::CommandError;

/// How long the command may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How messages call its output.
const OUTPUT: &str = "the output of `--secrets-command`";

/// Runs the command, and returns the names and values that it prints. Its stderr is passed on; its stdout is shown
/// nowhere.
pub(super) async fn run(command: &str) -> Result<Vec<(String, String)>, CommandError> {
    let output = output_of(command, TIMEOUT).await?;
    if output.trim_start().starts_with('{') {
        return from_json(&output);
    }
    env_file::parse(&output, OUTPUT)
}

async fn output_of(command: &str, timeout: Duration) -> Result<String, CommandError> {
    let failed = |what: String| {
        CommandError::usage(format!(
            "`--secrets-command` {what}\n  help: run the command in a shell: it has to print `NAME=VALUE` lines or a \
             JSON object"
        ))
    };
    let mut child = spawn(command).map_err(|error| failed(format!("cannot be run: {error}")))?;
    let deadline = Instant::now() + timeout;
    let too_slow = || failed(format!("has not ended after {} s", timeout.as_secs_f32()));
    let output = timeout_at(deadline, read(&mut child.0))
        .await
        .map_err(|_| too_slow())?
        .map_err(|error| failed(format!("has no readable output: {error}")))?;
    if output.len() as u64 > MAX_BYTES {
        return Err(failed("printed more than 1 MiB".to_owned()));
    }
    let status = loop {
        match child.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(5)).await,
            Ok(None) => return Err(too_slow()),
            Err(error) => return Err(failed(format!("cannot be waited for: {error}"))),
        }
    };
    if !status.success() {
        return Err(failed(format!("failed: {}", ended(status))));
    }
    String::from_utf8(output).map_err(|_| failed("printed text that is not UTF-8".to_owned()))
}

/// A running command, which ends with this value: also when a signal ends the run.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &str) -> io::Result<Running> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let child = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    Ok(Running(child))
}

/// Reads stdout to its end, or one byte more than allowed. The thread outlives a timeout as long as a process holds
/// the pipe open.
async fn read(child: &mut Child) -> io::Result<Vec<u8>> {
    let Some(stdout) = child.stdout.take() else {
        return Ok(Vec::new());
    };
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(MAX_BYTES + 1).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the reader ended")))
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it exited with {code}"),
        None => "a signal ended it".to_owned(),
    }
}

fn from_json(text: &str) -> Result<Vec<(String, String)>, CommandError> {
    // The message of a syntax error has a position, and nothing of the text.
    let object: serde_json::Map<String, Value> = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => serde_json::Map::new(),
        Err(error) => {
            return Err(CommandError::usage(format!(
                "{OUTPUT} is not valid JSON: {error}\n  help: print one object, `{{\"NAME\": \"VALUE\"}}`"
            )));
        }
    };
    let mut pairs = Vec::new();
    for (name, value) in object {
        let value = match value {
            Value::String(text) => text,
            Value::Bool(value) => value.to_string(),
            Value::Number(number) if !number.is_f64() => number.to_string(),
            Value::Null => continue,
            Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(CommandError::usage(format!(
                    "{OUTPUT}: the value of `{}` is not a text\n  help: print one object of names and texts, \
                     `{{\"NAME\": \"VALUE\"}}`; `jq` selects it from a larger document",
                    crate::printable::printable(&name, &[])
                )));
            }
        };
        pairs.push((name, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn slow_or_endless_command_is_an_error() {
        let slow = output_of("sleep 30", Duration::from_millis(100)).await;
        let error = slow.unwrap_err().to_string();
        assert!(error.contains("has not ended after 0.1 s"), "{error}");
        let endless = output_of("yes s3cr3t", TIMEOUT).await;
        let error = endless.unwrap_err().to_string();
        assert!(error.contains("more than 1 MiB"), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }

    #[test]
    fn json_has_texts_and_other_scalars() {
        let pairs = from_json(r#"{"A": "x y", "B": 7, "C": true, "D": null}"#).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("A", "x y"), pair("B", "7"), pair("C", "true")]);
        for wrong in [
            r#"{"A": {"s3cr3t": 1}}"#,
            r#"{"A": ["s3cr3t"]}"#,
            r#"{"A": 1.5}"#,
            r#"{"A": "s3cr3t" "#,
            r#"{"A": "s3cr3t"} "more""#,
        ] {
            let error = from_json(wrong).unwrap_err().to_string();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }
}
