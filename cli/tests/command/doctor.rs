//! The checks of `rest-source doctor`.

use rest_source_testkit::{Fault, Reply, Scripted, data};

use crate::{
    MEDIA, media,
    shell::{Ran, Shell},
};

const DOCTOR: [&str; 2] = ["doctor", MEDIA];

/// The statuses of the checks, by name.
fn checks(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran.stdout.lines();
    let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines
        .map(|line| (text(&line, "check"), text(&line, "status")))
        .collect()
}

fn doctor(shell: &Shell, more: &[&str]) -> Ran {
    let args = [&DOCTOR[..], &["--format", "json"], more].concat();
    let ran = shell.run(&args);
    assert!(!ran.to_string().contains(data::API_KEY), "{ran}");
    ran
}

fn status<'a>(checks: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut checks = checks.iter();
    checks.find_map(|(check, status)| (check == name).then_some(status.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_source_and_destination_pass_and_nothing_is_loaded() {
    let (server, shell) = media().await;
    let text = shell.run(&[&DOCTOR[..], &["--to", "sqlite:new.db"]].concat());
    assert_eq!(text.code, 0, "{text}");
    assert!(
        text.stdout
            .contains("ok       page: 100 records of `media_insights`"),
        "{text}"
    );
    let new = "destination: `new.db` does not exist and can be created";
    assert!(text.stdout.contains(new), "{text}");
    assert!(!shell.path("new.db").exists());
    // One request, of one page.
    assert_eq!(server.log().all().len(), 1);
    let folder = doctor(&shell, &["--to", "jsonl:a/b"]);
    assert_eq!(folder.code, 0, "{folder}");
    assert!(!shell.path("a").exists());

    assert_eq!(shell.run(&["load", MEDIA, "--to", "sqlite:out.db"]).code, 0);
    let rows = shell.all_rows("out.db");
    let again = doctor(&shell, &["--to", "sqlite:out.db", "--resource", "stories"]);
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(shell.all_rows("out.db"), rows);
    let database = rusqlite::Connection::open(shell.path("out.db")).unwrap();
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%probe%'";
    let probes: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(probes, 0);
    std::fs::create_dir(shell.path("files")).unwrap();
    assert_eq!(doctor(&shell, &["--to", "jsonl:files"]).code, 0);
    assert_eq!(std::fs::read_dir(shell.path("files")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_found_with_advice() {
    let (server, shell) = media().await;
    let missing = Shell::new();
    let ran = doctor(&missing, &[]);
    assert_eq!(ran.code, 2, "{ran}");

    for (url, check) in [
        ("https://no-such-host.invalid", "name"),
        ("http://127.0.0.1:9", "connection"),
    ] {
        let ran = doctor(&shell, &["--base-url", url, "--to", "sqlite:new.db"]);
        assert_eq!(ran.code, 3, "{ran}");
        let found = checks(&ran);
        assert_eq!(status(&found, check), Some("failed"), "{ran}");
        assert_eq!(status(&found, "page"), None, "{ran}");
        // The destination is checked all the same.
        assert_eq!(status(&found, "destination"), Some("ok"), "{ran}");
    }
    server.faults().every(1, Fault::status(401));
    let ran = doctor(&shell, &[]);
    assert_eq!(ran.code, 3, "{ran}");
    assert_eq!(status(&checks(&ran), "page"), Some("failed"), "{ran}");
    let advice = "\"advice\":\"check the credentials: `MEDIA_INSIGHTS_API_KEY`\"";
    assert!(ran.stdout.contains(advice), "{ran}");
    server.faults().clear();

    shell.write(
        "no.db",
        "this is not a database, but a text that is long enough to be one",
    );
    for to in [
        "sqlite:no.db",
        "sqlite:nowhere/out.db",
        "jsonl:no.db/files",
        "env:NONE",
    ] {
        let ran = doctor(&shell, &["--to", to]);
        assert_eq!(ran.code, 3, "{to}: {ran}");
        assert_eq!(
            status(&checks(&ran), "destination"),
            Some("failed"),
            "{to}: {ran}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_and_rate_limit_of_the_api_are_told() {
    let server = Scripted::start(|_| {
        let reply = Reply::json(&serde_json::json!([{ "id": "1" }]));
        reply
            .header("Date", "Sat, 01 Jan 2000 00:00:00 GMT")
            .header("X-RateLimit-Limit", "60")
            .header("X-RateLimit-Remaining", "0")
    });
    let server = server.await.unwrap();
    let shell = Shell::new();
    let spec = format!(
        "name: shop\nclient: {{ base_url: \"{}\", paginator: single_page }}\nresources: [{{ name: stories, columns: {{ id: text! }} }}]\n",
        server.url()
    );
    shell.write("shop.yaml", &spec);
    let ran = shell.run(&["doctor", "shop.yaml"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stdout.contains("warning  clock: this machine is "),
        "{ran}"
    );
    let limit = "warning  rate limit: x-ratelimit-limit: 60, x-ratelimit-remaining: 0";
    assert!(ran.stdout.to_lowercase().contains(limit), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_request_is_checked() {
    let (_server, shell) = crate::tokens::shop().await;
    let ran = shell.run(&["doctor", "shop.yaml", "--token-file", "token"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stdout
            .contains("ok       token: the token endpoint answered 200"),
        "{ran}"
    );
    assert!(ran.stdout.contains("ok       page: "), "{ran}");
    let shell = shell.with("SHOP_CLIENT_SECRET", "wrong");
    std::fs::remove_file(shell.path("token")).unwrap();
    let ran = shell.run(&["doctor", "shop.yaml", "--token-file", "token"]);
    assert_eq!(ran.code, 3, "{ran}");
    assert!(ran.stdout.contains("failed   page: "), "{ran}");
    assert!(!ran.stdout.contains("token endpoint answered"), "{ran}");
}
