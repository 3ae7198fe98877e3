//! Query parameters for one fetch.

use rest_source_testkit::{Server, data};

use crate::shell::{Shell, snapshot};

const SPEC: &str = "\
name: media
config: { base_url: text }
client:
  base_url: \"{config.base_url}\"
  auth: { type: api_key, name: api_key, api_key: \"{secrets.api_key}\", location: query }
resources:
  - name: stories
    endpoint:
      path: /v1/stories
      params: { kind: reel, order: asc, token: \"t-{secrets.token}\", until: \"{incremental.end_value}\" }
      data_selector: data
      paginator: { type: offset, limit: 100 }
      incremental: { cursor_path: updated_at, start_param: updated_since }
    columns: { id: text!, updated_at: timestamp! }
  - name: insights
    endpoint:
      path: /v1/{kind}/insights
      params: { kind: reel, since: \"{incremental.start_value}\" }
      paginator: single_page
      incremental: { cursor_path: updated_at }
    columns: { updated_at: timestamp! }
";

async fn media() -> (Server, Shell) {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new()
        .with("MEDIA_API_KEY", data::API_KEY)
        .with("MEDIA_TOKEN", "unseen")
        .with("MEDIA_BASE_URL", server.url());
    shell.write("media.yaml", SPEC);
    (server, shell)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_is_set_in_place_of_the_specs() {
    let (server, shell) = media().await;
    let args = [
        "fetch",
        "media.yaml",
        "stories",
        "--param",
        "kind=feed",
        "--param",
        "kind=a&b=c",
        "--param",
        "lang=de",
        "--param",
        "note=",
    ];
    let ran = shell.run(&args);
    assert_eq!(ran.code, 0, "{ran}");
    let requests = server.log().of("/v1/stories");
    assert!(requests.len() > 1);
    for request in requests {
        assert_eq!(request.params("kind"), ["feed", "a&b=c"]);
        assert_eq!(request.params("order"), ["asc"]);
        assert_eq!(request.params("lang"), ["de"]);
        assert_eq!(request.params("note"), [""]);
        assert_eq!(request.params("api_key"), [data::API_KEY]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_something_else_writes_is_refused() {
    let (server, shell) = media().await;
    for (owner, name) in [
        ("paginator", "limit"),
        ("auth", "api_key"),
        ("incremental", "updated_since"),
        ("secret", "token"),
    ] {
        let param = format!("{name}=1");
        let args = ["fetch", "media.yaml", "stories", "--param", &param];
        snapshot(&format!("param-of-{owner}"), &shell.run(&args));
    }
    let args = ["fetch", "media.yaml", "insights", "--param", "kind=feed"];
    snapshot("param-of-path", &shell.run(&args));
    let args = ["fetch", "media.yaml", "insights", "--param", "since=1"];
    assert_eq!(shell.run(&args).code, 2);
    for name in ["offset", "until"] {
        let param = format!("{name}=1");
        let args = ["fetch", "media.yaml", "stories", "--param", &param];
        assert_eq!(shell.run(&args).code, 2, "{name}");
    }
    assert!(server.log().all().is_empty());
}
