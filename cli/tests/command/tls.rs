//! Over TLS and HTTP/2: what an API in plain text cannot show.

use std::{
    convert::Infallible,
    io,
    net::TcpListener,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, Version,
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::shell::{Ran, Shell};

const SPEC: &str = "\
name: notes
config: { base_url: text }
client:
  base_url: \"{config.base_url}\"
  auth: { type: bearer, token: \"{secrets.token}\" }
  retry: { backoff_factor: 0.01 }
resources:
  - name: notes
    endpoint: { path: /notes, data_selector: data, paginator: single_page }
    columns: { id: bigint!, text: text }
";

const NOTES: &str = r#"{"data":[{"id":1,"text":"first"},{"id":2,"text":null}]}"#;
const TOKEN: &str = "notes-token-3141592";

type Body = BoxBody<Bytes, io::Error>;

/// The version and the credentials of every request.
type Heard = Mutex<Vec<(Version, Option<String>)>>;

/// An API behind a certificate of its own, until it is dropped.
struct Api {
    _runtime: Runtime,
    url: String,
    certificate: String,
    requests: Arc<Heard>,
}

impl Api {
    /// One that answers the first request with the first of these, and the last of them to all others.
    fn new(answers: impl Fn(usize) -> Response<Body> + Clone + Send + 'static) -> Self {
        Self::of_clients(None, answers)
    }

    /// One that lets in clients with this certificate alone.
    fn of_clients(
        client: Option<&CertificateDer<'static>>,
        answers: impl Fn(usize) -> Response<Body> + Clone + Send + 'static,
    ) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.clone()).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = config
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let anywhere = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(anywhere).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, heard, answers) =
                    (acceptor.clone(), Arc::clone(&heard), answers.clone());
                tokio::spawn(async move {
                    // Whoever does not trust the certificate goes away.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = service_fn(move |request: Request<Incoming>| {
                        let answer = answers(hear(&heard, &request));
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            _runtime: runtime,
            url: format!("https://localhost:{port}"),
            certificate: made.cert.pem(),
            requests,
        }
    }

    /// What `fetch` of its notes prints to one who trusts these certificates, if any.
    fn fetched(&self, trusted: Option<&str>) -> Ran {
        let mut shell = Shell::new()
            .with("NOTES_TOKEN", TOKEN)
            .with("NOTES_BASE_URL", &self.url);
        shell.write("notes.yaml", SPEC);
        if let Some(certificate) = trusted {
            shell.write("trusted.pem", certificate);
            shell = shell.with("SSL_CERT_FILE", "trusted.pem");
        }
        shell.run(&["fetch", "notes.yaml", "notes", "--format", "jsonl"])
    }

    /// What `fetch` of its notes prints to one who has this certificate, and trusts that of the API.
    fn fetched_by(&self, client: &str) -> Ran {
        let shell = Shell::new()
            .with("NOTES_TOKEN", TOKEN)
            .with("NOTES_BASE_URL", &self.url);
        shell.write("notes.yaml", SPEC);
        shell.write("ca.pem", &self.certificate);
        shell.write("client.pem", client);
        shell.run(&[
            "fetch",
            "notes.yaml",
            "notes",
            "--format",
            "jsonl",
            "--ca-file",
            "ca.pem",
            "--client-certificate",
            "client.pem",
        ])
    }

    fn requests(&self) -> Vec<(Version, Option<String>)> {
        self.requests.lock().unwrap().clone()
    }
}

/// Remembers a request, and gives its number, from 0.
fn hear(heard: &Heard, request: &Request<Incoming>) -> usize {
    let header = request.headers().get("authorization");
    let credentials = header.map(|value| value.to_str().unwrap().to_owned());
    let mut heard = heard.lock().unwrap();
    heard.push((request.version(), credentials));
    heard.len() - 1
}

fn whole(text: &'static str) -> Body {
    let body = Full::new(Bytes::from(text));
    body.map_err(|never| match never {}).boxed()
}

fn notes() -> Response<Body> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(whole(NOTES)).unwrap()
}

/// A body that ends in the middle: over HTTP/2, its stream is reset.
fn broken_off() -> Response<Body> {
    let half = Frame::data(Bytes::from(&NOTES[..20]));
    let frames = [Ok(half), Err(io::Error::other("enough"))];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    Response::new(BodyExt::boxed(body))
}

/// What is printed of the notes.
const LINES: &str = "{\"id\":1,\"text\":\"first\"}\n{\"id\":2,\"text\":null}\n";

#[test]
fn an_api_is_fetched_over_http2_by_one_who_trusts_it() {
    let api = Api::new(|_| notes());
    let ran = api.fetched(Some(&api.certificate));
    assert_eq!(ran.stdout, LINES, "{ran}");
    let credentials = Some(format!("Bearer {TOKEN}"));
    assert_eq!(api.requests(), [(Version::HTTP_2, credentials)]);
}

#[test]
fn nothing_is_sent_to_one_whom_no_one_vouches_for() {
    let api = Api::new(|_| notes());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ran = api.fetched(Some(&other.cert.pem()));
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran}");
    assert!(ran.stderr.contains("certificate"), "{ran}");
    assert!(ran.stderr.contains("`SSL_CERT_FILE`"), "{ran}");
    assert!(!ran.stderr.contains(TOKEN), "{ran}");
    assert_eq!(api.requests(), []);
}

#[test]
fn an_api_that_asks_for_a_client_certificate_gets_the_one_of_the_file() {
    let made = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let api = Api::of_clients(Some(made.cert.der()), |_| notes());
    let pem = format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem());
    let ran = api.fetched_by(&pem);
    assert_eq!(ran.stdout, LINES, "{ran}");
    assert_eq!(api.requests().len(), 1);

    let ran = api.fetched_by(&made.cert.pem());
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran}");
    assert!(ran.stderr.contains("cannot use `client.pem`: "), "{ran}");
    assert!(ran.stderr.contains("no `BEGIN PRIVATE KEY`"), "{ran}");
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn a_stream_that_is_reset_is_asked_for_again() {
    let api = Api::new(|number| if number == 0 { broken_off() } else { notes() });
    let ran = api.fetched(Some(&api.certificate));
    assert_eq!(ran.stdout, LINES, "{ran}");
    assert_eq!(api.requests().len(), 2);
    assert!(ran.stderr.contains("1 repeated"), "{ran}");
}

#[test]
fn credentials_do_not_go_from_https_to_http() {
    // A connection would wait here to be accepted.
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let origin = format!("http://{}", stranger.local_addr().unwrap());
    let target = format!("{origin}/notes");
    let api = Api::new(move |_| {
        let found = Response::builder().status(302).header("location", &target);
        found.body(whole("")).unwrap()
    });
    let ran = api.fetched(Some(&api.certificate));
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran}");
    assert!(ran.stderr.contains(&origin), "{ran}");
    assert!(!ran.stderr.contains(TOKEN), "{ran}");
    let reached = stranger.accept().map_err(|error| error.kind());
    assert_eq!(reached.unwrap_err(), io::ErrorKind::WouldBlock);
}
