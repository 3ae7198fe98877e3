//! The errors of databases that refuse something.

use rest_source::Client;
use rest_source_load::Loading;
use rest_source_load_postgres::{Options, Postgres};
use rest_source_testkit::{Folder, ScriptedTransport, response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_postgres::NoTls;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::{merge_tables::Schema, url};

/// An API with one page of these records.
fn client(records: Value) -> Client {
    let spec = "
name: shop
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: rows
    primary_key: id
    write_disposition: merge
    columns: { id: bigint!, note: text, lines: { data_type: array, as: table, columns: { sku: text } } }
";
    let transport = ScriptedTransport::new(move |_| Ok(response(200, &[], records.to_string())));
    let builder = rest_source_dynamic::client("specs/shop.yaml", spec).unwrap();
    builder.transport(transport).build().unwrap()
}

/// The error of a load, or of its connection.
async fn error(options: Options, records: Value) -> String {
    let database = match options.connect().await {
        Ok(database) => database,
        Err(error) => return error.to_string(),
    };
    let client = client(records);
    Loading::new(&client, &database)
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn text_with_nul_names_its_column_and_record() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "nul").await;
    for (records, column) in [
        (json!([{ "id": 1 }, { "id": 7, "note": "a\0b" }]), "note"),
        (
            json!([{ "id": 1 }, { "id": 7, "lines": [{ "sku": "\0" }] }]),
            "sku",
        ),
    ] {
        let options = Options::new(&url).unwrap().schema(&schema.name);
        let error = error(options, records).await;
        assert!(
            error.contains(&format!("`{column}`: it has a NUL character")),
            "{error}"
        );
        assert!(
            error.contains("of the record with the key `id` 7"),
            "{error}"
        );
    }
}

/// A database and a role of their own, which are dropped with the next run of the test.
async fn role(url: &str, name: &str, statements: &str) -> String {
    let (admin, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    for sql in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("DROP ROLE IF EXISTS {name}"),
        format!("CREATE ROLE {name} LOGIN PASSWORD 'secret'"),
        format!("CREATE DATABASE {name} OWNER {name}"),
    ]
    .iter()
    .map(String::as_str)
    .chain(
        statements
            .split(';')
            .map(str::trim)
            .filter(|sql| !sql.is_empty()),
    ) {
        admin.batch_execute(sql).await.unwrap();
    }
    let config: tokio_postgres::Config = url.parse().unwrap();
    let Some(tokio_postgres::config::Host::Tcp(host)) = config.get_hosts().first() else {
        panic!("the URL has no host");
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("postgres://{name}:secret@{host}:{port}/{name}")
}

#[tokio::test]
async fn missing_rights_say_which() {
    let Some(url) = url() else { return };
    let no_temp = role(
        &url,
        "rest_source_no_temp",
        "REVOKE TEMPORARY ON DATABASE rest_source_no_temp FROM PUBLIC, rest_source_no_temp",
    )
    .await;
    let checked = Options::new(&no_temp).unwrap().check().await;
    let checked = checked.unwrap_err().to_string();
    assert!(checked.contains("the right `TEMPORARY`"), "{checked}");
    let error_text = error(Options::new(&no_temp).unwrap(), json!([{ "id": 1 }])).await;
    assert!(
        error_text.contains("grant the user of the URL the right `TEMPORARY`"),
        "{error_text}"
    );

    let read_only = role(
        &url,
        "rest_source_read_only",
        "ALTER ROLE rest_source_read_only SET default_transaction_read_only = on",
    )
    .await;
    let error_text = error(Options::new(&read_only).unwrap(), json!([{ "id": 1 }])).await;
    assert!(
        error_text.contains("in a read-only transaction"),
        "{error_text}"
    );
    assert!(
        error_text.contains("the user or the server is read-only"),
        "{error_text}"
    );
}

#[tokio::test]
async fn check_of_a_database_leaves_nothing() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "checked").await;
    let options = Options::new(&url).unwrap().schema(&schema.name);
    options.check().await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'merge_checked'";
    assert_eq!(schema.texts(tables).await, [""; 0]);
    let options = Options::new(&url).unwrap().schema("no_such_schema");
    let error = options.check().await.unwrap_err().to_string();
    assert!(error.contains("has no schema `no_such_schema`"), "{error}");
}

/// A server of the protocol that asks for a password, over TLS if it has a certificate. Returns its port.
async fn asking_for_a_password(tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let Some(tls) = tls else {
                    return ask(stream).await;
                };
                read_message(&mut stream).await;
                stream.write_all(b"S").await.unwrap();
                if let Ok(stream) = tls.accept(stream).await {
                    ask(stream).await;
                }
            });
        }
    });
    port
}

/// Reads a message without a type: the request of TLS or of a session.
async fn read_message(stream: &mut (impl AsyncReadExt + Unpin)) {
    let length = stream.read_u32().await.unwrap();
    let mut message = vec![0; usize::try_from(length).unwrap() - 4];
    stream.read_exact(&mut message).await.unwrap();
}

async fn ask(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) {
    read_message(&mut stream).await;
    // AuthenticationCleartextPassword.
    stream.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
    let _ = stream.flush().await;
    let _ = stream.read_u8().await;
}

const NO_PASSWORD: &str = "the database asks for a password, and the URL has none";

#[tokio::test]
async fn missing_password_says_where_to_write_it() {
    let port = asking_for_a_password(None).await;
    let url = format!("postgres://me@127.0.0.1:{port}/shop?sslmode=disable");
    let error = Postgres::connect(&url).await.unwrap_err().to_string();
    assert!(
        error.contains(NO_PASSWORD) && error.contains("`PGPASSWORD`"),
        "{error}"
    );
}

#[tokio::test]
async fn password_that_the_server_repeats_is_redacted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_message(&mut stream).await;
        stream.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
        stream.read_u8().await.unwrap();
        read_message(&mut stream).await;
        let fields = b"SFATAL\0C28P01\0Mthe password \"hunter2\" is wrong\0Dtried hunter2\0\0";
        stream.write_u8(b'E').await.unwrap();
        let length = u32::try_from(fields.len() + 4).unwrap();
        stream.write_u32(length).await.unwrap();
        stream.write_all(fields).await.unwrap();
    });
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/shop?sslmode=disable");
    let error = Postgres::connect(&url).await.unwrap_err();
    let shown = format!("{error}");
    assert!(
        shown.contains("the database says: the password \"[secret]\" is wrong")
            && shown.contains("check user and password of the URL"),
        "{shown}"
    );
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert!(!format!("{error:?} {source:?}").contains("hunter2"));
}

#[tokio::test]
async fn certificates_are_trusted_by_sslrootcert_and_verified_in_full() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = Folder::new("postgres-tls").unwrap();
    let ca = folder.path().join("my ca.pem");
    std::fs::write(&ca, certified.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certified.cert.der().clone()], key.unwrap())
    .unwrap();
    let port = asking_for_a_password(Some(TlsAcceptor::from(std::sync::Arc::new(config)))).await;
    let ca = ca.display().to_string().replace(' ', "%20");
    for (host, parameters, expected) in [
        (
            "localhost",
            "sslmode=verify-full".to_owned(),
            "the certificate of the database is not trusted",
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={ca}"),
            NO_PASSWORD,
        ),
        (
            "localhost",
            format!("sslrootcert={ca}&sslmode=verify-ca"),
            NO_PASSWORD,
        ),
        // The certificate has another name.
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={ca}"),
            "the certificate of the database is not trusted",
        ),
    ] {
        let url = format!("postgres://me@{host}:{port}/shop?{parameters}");
        let error = Postgres::connect(&url).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{host} {parameters}: {error}");
    }
}

#[tokio::test]
async fn verified_tls_is_not_left_out_where_the_server_has_none() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            refuse_tls(&mut stream).await;
        }
    });
    let url = format!("postgres://me:p@127.0.0.1:{port}/shop?sslmode=verify-full");
    let error = Postgres::connect(&url).await.unwrap_err().to_string();
    assert!(error.contains("server does not support TLS"), "{error}");
}

async fn refuse_tls(stream: &mut TcpStream) {
    read_message(stream).await;
    let _ = stream.write_all(b"N").await;
}
