//! Every kind of credentials and every paginator, by the command: the records are the server's.

use rest_source_testkit::{Access, Api, Dataset, Paging, Server, Style, Total, data};
use serde_json::{Value, json};

use crate::shell::Shell;

/// What the APIs of these tests serve, on more than one page.
fn things() -> Dataset {
    Dataset::new("things", "/v1/things", 57, |n| {
        json!({
            "id": n,
            "name": format!("Ding Nº {n}, \"so to say\""),
            "price": f64::from(u32::try_from(n).unwrap()) / 4.0,
        })
    })
}

/// A spec of them.
fn spec(auth: &str, paginator: &str) -> String {
    format!(
        "\
config: {{ base_url: text }}
client:
  base_url: \"{{config.base_url}}\"
  auth: {auth}
  paginator: {paginator}
resources:
  - name: things
    primary_key: id
    write_disposition: merge
    endpoint: {{ path: /v1/things, data_selector: data }}
    columns: {{ id: bigint, name: text!, price: double! }}
"
    )
}

/// A server of them, and a shell that has a spec, and the variables that are given.
async fn serve(
    access: Access,
    paging: Paging,
    spec: &str,
    variables: &[(&str, &str)],
) -> (Server, Shell) {
    let api = Api::new(access, vec![things()]).paging(paging);
    let server = Server::start(api).await.unwrap();
    let shell = Shell::new().with("WIRE_BASE_URL", server.url());
    let shell = variables
        .iter()
        .fold(shell, |shell, (name, value)| shell.with(name, value));
    shell.write("wire.yaml", spec);
    (server, shell)
}

/// Fetches all things, and loads them from a server of the same kind: they are those of the server.
async fn assert_whole(access: Access, paging: Paging, spec: &str, variables: &[(&str, &str)]) {
    let (server, shell) = serve(access.clone(), paging.clone(), spec, variables).await;
    let fetched = shell.run(&["fetch", "wire.yaml", "things", "--format", "jsonl"]);
    assert_eq!(fetched.code, 0, "{spec}\n{fetched}");
    let lines = fetched.stdout.lines();
    let records: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let rows = server.dataset("things").rows();
    let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
    assert_eq!(records, rows, "{spec}");

    let (_server, shell) = serve(access, paging, spec, variables).await;
    let loaded = shell.run(&["load", "wire.yaml", "--to", "sqlite:out.db"]);
    assert_eq!(loaded.code, 0, "{spec}\n{loaded}");
    let database = rusqlite::Connection::open(shell.path("out.db")).unwrap();
    let mut statement = database
        .prepare("SELECT id, name, price FROM things ORDER BY id")
        .unwrap();
    let records = statement.query_map([], |row| {
        let (id, name, price): (i64, String, f64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(json!({ "id": id, "name": name, "price": price }))
    });
    let records: Vec<Value> = records.unwrap().map(Result::unwrap).collect();
    assert_eq!(records, rows, "{spec}");

    for (_, value) in variables {
        for ran in [&fetched, &loaded] {
            assert!(!ran.to_string().contains(value), "{ran}");
        }
    }
}

const KEY: &str = "k3y-of-the-house";
const OFFSET: &str = "{ type: offset, limit: 10 }";

async fn assert_let_in(auth: &str, access: Access, variables: &[(&str, &str)]) {
    assert_whole(access, Paging::default(), &spec(auth, OFFSET), variables).await;
}

fn header(name: &'static str, value: &str) -> Access {
    let value = value.to_owned();
    Access::Header { name, value }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_into_a_header_the_query_or_a_cookie() {
    let key = [("WIRE_API_KEY", KEY)];
    let auth =
        |more: &str| format!("{{ type: api_key, api_key: \"{{secrets.api_key}}\", {more} }}");
    assert_let_in(&auth("name: X-Key"), header("x-key", KEY), &key).await;
    let query = Access::Key {
        param: "key",
        key: KEY.to_owned(),
    };
    assert_let_in(&auth("name: key, location: query"), query, &key).await;
    let cookie = header("cookie", &format!("session={KEY}"));
    assert_let_in(&auth("name: session, location: cookie"), cookie, &key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_or_a_password_goes_into_the_authorization() {
    let bearer = "{ type: bearer, token: \"{secrets.token}\" }";
    let access = header("authorization", &format!("Bearer {KEY}"));
    assert_let_in(bearer, access, &[("WIRE_TOKEN", KEY)]).await;
    let basic = "{ type: http_basic, username: ada, password: \"{secrets.password}\" }";
    let access = header("authorization", "Basic YWRhOnMzY3JldC9vZiB0aGUgaG91c2U=");
    let password = [("WIRE_PASSWORD", "s3cret/of the house")];
    assert_let_in(basic, access, &password).await;
}

fn oauth2(kind: &str) -> String {
    format!(
        "
    type: {kind}
    access_token_url: \"{{config.base_url}}/oauth/token\"
    client_id: {}
    client_secret: \"{{secrets.client_secret}}\"",
        data::CLIENT_ID
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_gives_a_token_for_credentials_or_a_refresh_token() {
    let secret = ("WIRE_CLIENT_SECRET", data::CLIENT_SECRET);
    let by_credentials = Access::Token {
        client_id: data::CLIENT_ID.to_owned(),
        client_secret: data::CLIENT_SECRET.to_owned(),
    };
    let auth = oauth2("oauth2_client_credentials");
    assert_let_in(&auth, by_credentials, &[secret]).await;
    let by_refresh_token = Access::Rotating {
        client_id: data::CLIENT_ID.to_owned(),
        client_secret: data::CLIENT_SECRET.to_owned(),
        refresh_token: KEY.to_owned(),
    };
    let auth = oauth2("oauth2_refresh_token") + "\n    refresh_token: \"{secrets.refresh_token}\"";
    let secrets = [secret, ("WIRE_REFRESH_TOKEN", KEY)];
    assert_let_in(&auth, by_refresh_token, &secrets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kind_of_credentials_is_the_one_whose_variables_are_set() {
    let auth = "
    type: one_of
    choices:
      key: { type: api_key, name: X-Key, api_key: \"{secrets.api_key}\" }
      token: { type: bearer, token: \"{secrets.token}\" }";
    assert_let_in(auth, header("x-key", KEY), &[("WIRE_API_KEY", KEY)]).await;
    let access = header("authorization", &format!("Bearer {KEY}"));
    assert_let_in(auth, access, &[("WIRE_TOKEN", KEY)]).await;
}

/// Pages of ten, which say nothing of how many there are.
async fn assert_paged(paginator: &str, style: Style) {
    let paging = Paging {
        style,
        cap: 10,
        total: Total::Absent,
        ..Paging::default()
    };
    assert_whole(Access::Open, paging, &spec("null", paginator), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_counted_are_all_fetched() {
    let one_page = spec("null", "single_page");
    assert_whole(Access::Open, Paging::default(), &one_page, &[]).await;
    assert_paged(OFFSET, Style::Offset).await;
    let page_number = "{ type: page_number, base_page: 1, page_size: 10, page_size_param: limit }";
    assert_paged(page_number, Style::Page(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_name_the_next_are_all_fetched() {
    let cursor = "{ type: cursor, cursor_path: cursor }";
    assert_paged(cursor, Style::Cursor).await;
    let header_cursor = "{ type: header_cursor, cursor_key: X-Next-Cursor }";
    assert_paged(header_cursor, Style::HeaderCursor).await;
    assert_paged("header_link", Style::HeaderLink).await;
    assert_paged("json_link", Style::JsonLink).await;
}
