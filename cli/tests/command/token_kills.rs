//! Runs that are ended by a signal at a random moment while a refresh token rotates.
//!
//! `REST_SOURCE_KILLS=300 cargo test -p rest-source-cli --test command token_kills` draws more.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::Duration,
};

use rest_source_testkit::Server;

use crate::{
    shell::{Ran, Shell},
    tokens::{FETCH, KEPT, shop},
};

/// How many runs are killed by each signal.
fn kills() -> u64 {
    let kills = std::env::var("REST_SOURCE_KILLS").ok();
    kills.and_then(|kills| kills.parse().ok()).unwrap_or(6)
}

/// Starts a run with the token file, and sends it a signal after so long. Its exit code; none where the
/// signal ended it.
async fn killed(shell: &Shell, signal: &str, after: Duration) -> (Option<i32>, String) {
    let child = shell
        .command(&[&FETCH[..], &KEPT].concat())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(after).await;
    let kill = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    kill.unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// The token that the server takes now.
fn wanted(server: &Server) -> Option<String> {
    server.tokens().refresh_token()
}

/// Files that runs left beside the token and its lock.
fn left_over(shell: &Shell) -> Vec<String> {
    let files = std::fs::read_dir(shell.path(".")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".new")).collect()
}

async fn no_token_is_lost_by(signal: &str, code: i32) {
    let (server, shell) = shop().await;
    server.tokens().slow(Duration::from_millis(20));
    let mut codes = BTreeMap::<_, u64>::new();
    for kill in 0..kills() {
        let after = Duration::from_millis(fastrand::u64(0..120));
        let (ended, said) = killed(&shell, signal, after).await;
        *codes.entry(ended).or_default() += 1;
        // A signal may come before the run handles it, or after its end.
        let is_documented = ended.is_none_or(|ended| ended == code || ended == 0);
        assert!(is_documented, "{signal} {kill}: {ended:?} {said}");
        let kept = std::fs::read_to_string(shell.path("token")).ok();
        let kept = kept.as_deref().map(str::trim_end);
        assert_eq!(
            kept,
            wanted(&server).as_deref(),
            "{signal} {kill} after {after:?}: {said}"
        );
        assert_eq!(left_over(&shell), [""; 0], "{signal} {kill}");
    }
    assert_eq!(shell.run(&[&FETCH[..], &KEPT].concat()).code, 0);
    let tokens = server.tokens().refresh_token();
    println!("{signal} while tokens rotate: {codes:?} by exit code, none without; now {tokens:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_token_is_lost_by_a_termination() {
    no_token_is_lost_by("-TERM", 143).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_token_is_lost_by_a_closed_terminal() {
    no_token_is_lost_by("-HUP", 129).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_token_is_lost_by_an_interruption() {
    no_token_is_lost_by("-INT", 130).await;
}

/// No process survives SIGKILL: the answer to the request that it waits for is lost. The file is whole
/// nevertheless, and holds the token that the server took last or the one after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_a_whole_token_that_is_one_behind_at_most() {
    let (server, shell) = shop().await;
    server.tokens().slow(Duration::from_millis(20));
    let mut before = wanted(&server);
    for kill in 0..kills() {
        let after = Duration::from_millis(fastrand::u64(0..120));
        killed(&shell, "-KILL", after).await;
        // What the server still had to answer.
        tokio::time::sleep(Duration::from_millis(40)).await;
        let now = wanted(&server);
        let kept = std::fs::read_to_string(shell.path("token")).ok();
        let kept = kept.as_deref().map(str::trim_end);
        let is_one_of = [&before, &now].map(Option::as_deref).contains(&kept);
        assert!(
            is_one_of,
            "{kill}: {kept:?} is neither {before:?} nor {now:?}"
        );
        if let Some(now) = &now {
            shell.write("token", now);
        }
        before = now;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    if let Some(now) = wanted(&server) {
        shell.write("token", &now);
    }
    assert_eq!(shell.run(&[&FETCH[..], &KEPT].concat()).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_wait_for_a_token() {
    let (server, shell) = shop().await;
    server.tokens().slow(Duration::from_secs(60));
    let child = shell
        .command(&[&FETCH[..], &KEPT].concat())
        .spawn()
        .unwrap();
    while server.log().all().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let id = child.id().to_string();
    for _ in 0..2 {
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 143, "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_follows_a_signal() {
    let (server, shell) = shop().await;
    server
        .faults()
        .every(1, rest_source_testkit::Fault::status(503));
    let ran = crate::interrupted(&shell, &[&FETCH[..], &KEPT].concat(), 2, &server).await;
    assert_eq!(ran.code, 130, "{ran}");
    let asked = server.log().all().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.log().all().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_share_a_file_spend_each_token_once() {
    let (server, shell) = shop().await;
    server.tokens().slow(Duration::from_millis(30));
    let args = [&FETCH[..], &KEPT].concat();
    let runs: Vec<_> = (0..4)
        .map(|_| shell.command(&args).spawn().unwrap())
        .collect();
    for run in runs {
        let ran = Ran::of(run.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{ran}");
    }
    assert_eq!(shell.read("token").trim_end(), wanted(&server).unwrap());
}
