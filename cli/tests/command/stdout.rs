//! Runs of `fetch --state` whose records are not read to their end.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Sender},
    thread,
    time::Duration,
};

use crate::shell::Shell;

const FETCH: [&str; 7] = [
    "fetch", "api.yaml", "rows", "--format", "jsonl", "--state", "state",
];

/// Starts a fetch of one page, more than a pipe holds. The server responds after a message.
fn start() -> (Shell, Child, Sender<()>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let (respond, may_respond) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        may_respond.recv().unwrap();
        let record = |n| format!("{{\"id\":{n},\"at\":\"2026-01-01T00:00:00Z\"}}");
        let records: Vec<String> = (0..20_000).map(record).collect();
        let body = format!("[{}]", records.join(","));
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
    });
    let shell = Shell::new();
    shell.write(
        "api.yaml",
        &format!(
            "client: {{ base_url: \"{url}\", paginator: single_page }}\nresources:\n- name: rows\n  \
             endpoint: {{ path: rows, incremental: {{ cursor_path: at, start_param: since }} }}\n  \
             columns: {{ id: bigint!, at: timestamp! }}\n"
        ),
    );
    let mut command = shell.command(&FETCH);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (shell, child, respond)
}

#[test]
fn a_reader_that_closes_stdout_leaves_the_state() {
    let (shell, mut child, respond) = start();
    drop(child.stdout.take());
    respond.send(()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("the state file is unchanged"), "{stderr}");
    assert!(!shell.path("state").exists());
}

#[cfg(unix)]
#[test]
fn a_signal_while_the_last_records_are_printed_leaves_the_state() {
    let (shell, mut child, respond) = start();
    respond.send(()).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0];
    stdout.read_exact(&mut first).unwrap();
    // The pipe is full.
    let id = child.id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    thread::sleep(Duration::from_millis(300));
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(143), "{stderr}");
    assert!(stderr.contains("the state file is unchanged"), "{stderr}");
    assert!(!shell.path("state").exists(), "{stderr}");
}
