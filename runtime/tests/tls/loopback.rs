//! Against a server on loopback, by a client that is given one certificate to trust.

use std::{
    env, fs, io,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use rcgen::{CertificateParams, CertifiedKey, DnType, KeyPair};
use rest_source::transport::{Reqwest, TransportErrorKind};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::PrivateKeyDer,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{ask, ask_by};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A certificate that signs itself. Each has a name of its own, as authorities do: of several with one
/// name OpenSSL tries a single one.
fn certificate() -> CertifiedKey<KeyPair> {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let signing_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let name = format!("authority {}", MADE.fetch_add(1, Ordering::Relaxed));
    params.distinguished_name.push(DnType::CommonName, name);
    let cert = params.self_signed(&signing_key).unwrap();
    CertifiedKey { cert, signing_key }
}

/// A port at which every connection is met with this.
fn listen(meet: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| meet(stream.unwrap())));
    address
}

/// A server at localhost that gives every connection one answer. It tells the protocol that was agreed
/// upon when a request has come.
fn serve(
    made: &CertifiedKey<KeyPair>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    protocol: &str,
) -> (String, mpsc::Receiver<String>) {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = builder
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let config = Arc::new(config);
    let (tell, agreed) = mpsc::channel();
    let address = listen(move |socket| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        if stream.read_exact(&mut [0; 4]).is_ok() {
            let protocol = stream.conn.alpn_protocol().unwrap_or_default();
            tell.send(String::from_utf8(protocol.to_vec()).unwrap())
                .unwrap();
            stream.write_all(ANSWER).unwrap();
        }
        // Otherwise what is unread would turn the end into a reset, which outruns an alert.
        let _ = stream.sock.shutdown(Shutdown::Write);
        let _ = io::copy(&mut stream.sock, &mut io::sink());
    });
    (format!("https://localhost:{}", address.port()), agreed)
}

/// What one hears who trusts this certificate, and over rustls no other. It is a process of its own, as what is
/// trusted is read from the environment.
fn heard(test: &str, url: &str, trusted: &CertifiedKey<KeyPair>) -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.pem"));
    fs::write(&file, trusted.cert.pem()).unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "loopback::asker", "--nocapture"])
        .env("ASKED_URL", format!("{url}/?api_key=s3cr3t"))
        .env("SSL_CERT_FILE", file)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("s3cr3t"), "{said}");
    said
}

/// The process that asks, and nothing where the tests are run.
#[test]
fn asker() {
    let Ok(url) = env::var("ASKED_URL") else {
        return;
    };
    match ask(url) {
        Ok(response) => eprint!("{}", response.status),
        Err(error) => eprint!("{:?}: {error}", error.kind),
    }
}

#[test]
fn one_who_is_trusted_is_asked() {
    let made = certificate();
    let (url, agreed) = serve(&made, None, "http/1.1");
    assert_eq!(heard("trusted", &url, &made), "200");
    assert_eq!(agreed.recv().unwrap(), "http/1.1");
}

#[cfg(feature = "http2")]
#[test]
fn http2_is_agreed_upon() {
    let made = certificate();
    let (url, agreed) = serve(&made, None, "h2");
    // The answer is none of HTTP/2.
    heard("http2", &url, &made);
    assert_eq!(agreed.recv().unwrap(), "h2");
}

#[test]
fn nothing_is_sent_to_one_whom_no_one_vouches_for() {
    let made = certificate();
    let (url, agreed) = serve(&made, None, "http/1.1");
    let heard = heard("unknown", &url, &certificate());
    assert!(heard.starts_with("Tls: no TLS: "), "{heard}");
    assert!(heard.contains("certificate"), "{heard}");
    // The platform's is used wherever it was asked for, whatever else is there.
    let rustls = heard.contains("invalid peer certificate");
    assert_eq!(rustls, !cfg!(feature = "tls-native"), "{heard}");
    agreed.try_recv().unwrap_err();
}

#[test]
fn nothing_is_sent_to_one_of_another_name() {
    let made = certificate();
    let (url, agreed) = serve(&made, None, "http/1.1");
    let url = url.replace("localhost", "127.0.0.1");
    let heard = heard("name", &url, &made).to_lowercase();
    assert!(heard.starts_with("tls: no tls: "), "{heard}");
    // rustls has `not valid for name`, OpenSSL `IP address mismatch`.
    assert!(
        heard.contains("name") || heard.contains("mismatch"),
        "{heard}"
    );
    agreed.try_recv().unwrap_err();
}

#[test]
fn one_who_refuses_the_client_is_no_tls() {
    let made = certificate();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let (url, agreed) = serve(&made, Some(verifier.build().unwrap()), "http/1.1");
    // In TLS 1.3 the client's handshake is over before it is refused.
    let heard = heard("client", &url, &made);
    assert!(heard.starts_with("Tls: no TLS: "), "{heard}");
    agreed.try_recv().unwrap_err();
}

/// A server that lets in those with this certificate.
fn serve_clients(
    made: &CertifiedKey<KeyPair>,
    client: &CertifiedKey<KeyPair>,
) -> (String, mpsc::Receiver<String>) {
    let mut roots = RootCertStore::empty();
    roots.add(client.cert.der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    serve(made, Some(verifier.build().unwrap()), "http/1.1")
}

/// A certificate and its key in one PEM.
fn with_key(made: &CertifiedKey<KeyPair>) -> String {
    format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_client_shows_its_certificate() {
    let (made, client) = (certificate(), certificate());
    let (url, agreed) = serve_clients(&made, &client);
    let trusting = || Reqwest::new().ca_certificates(made.cert.pem()).unwrap();
    let certified = trusting().client_certificate(with_key(&client)).unwrap();
    assert_eq!(ask_by(&certified, url.clone()).unwrap().status, 200);
    assert_eq!(agreed.recv().unwrap(), "http/1.1");

    let error = ask_by(&trusting(), url.clone()).unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");
    let other = trusting().client_certificate(with_key(&certificate()));
    let error = ask_by(&other.unwrap(), url).unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");
    agreed.try_recv().unwrap_err();
}

#[test]
fn the_authorities_that_are_given_are_the_only_ones() {
    let made = certificate();
    let (url, agreed) = serve(&made, None, "http/1.1");
    let both = format!("{}{}", certificate().cert.pem(), made.cert.pem());
    let trusting = Reqwest::new().ca_certificates(both).unwrap();
    assert_eq!(ask_by(&trusting, url.clone()).unwrap().status, 200);
    agreed.recv().unwrap();
    let other = Reqwest::new().ca_certificates(certificate().cert.pem());
    let error = ask_by(&other.unwrap(), url).unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");
    agreed.try_recv().unwrap_err();
}

#[test]
fn a_pem_that_is_none_is_an_error_that_says_what_is_missing() {
    let made = certificate();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let empty = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    for (pem, said) in [
        (String::new(), "it is not PEM"),
        ("s3cr3t".to_owned(), "it is not PEM"),
        (key.clone(), "it has no `BEGIN CERTIFICATE`"),
        (cert.clone(), "it has no `BEGIN PRIVATE KEY`"),
        (format!("{cert}{encrypted}"), "its private key is encrypted"),
        (format!("{cert}{key}{key}"), "it has several private keys"),
        (format!("{cert}{}", empty("PRIVATE KEY")), ""),
        (format!("{}{key}", empty("CERTIFICATE")), ""),
    ] {
        let error = Reqwest::new().client_certificate(&pem).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind, TransportErrorKind::Request, "{text}");
        assert!(
            text.starts_with("not a valid client certificate: ") && text.contains(said),
            "{text}"
        );
        assert!(!text.contains("s3cr3t"), "{text}");
    }
    for pem in [String::new(), key, empty("CERTIFICATE")] {
        let error = Reqwest::new().ca_certificates(pem).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("not valid CA certificates: "), "{text}");
    }
}

/// rustls compares them; OpenSSL when they are used.
#[cfg(not(feature = "tls-native"))]
#[test]
fn the_key_of_another_certificate_is_an_error() {
    let (made, other) = (certificate(), certificate());
    let pem = format!("{}{}", made.cert.pem(), other.signing_key.serialize_pem());
    let error = Reqwest::new().client_certificate(pem).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("not a valid client certificate: "),
        "{error}"
    );
}

#[test]
fn plain_http_behind_https_is_no_tls() {
    let address = listen(|mut socket| {
        socket.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").unwrap();
        let _ = io::copy(&mut socket, &mut io::sink());
    });
    let heard = heard("plain", &format!("https://{address}"), &certificate());
    assert!(heard.starts_with("Tls: no TLS: "), "{heard}");
}

#[test]
fn a_handshake_that_is_left_is_no_connection() {
    let ended = listen(|mut socket| {
        let _ = socket.read_exact(&mut [0; 5]);
        socket.shutdown(Shutdown::Write).unwrap();
        let _ = io::copy(&mut socket, &mut io::sink());
    });
    // What is unread makes its end a reset.
    let reset = listen(|mut socket| {
        let _ = socket.read_exact(&mut [0; 5]);
    });
    for address in [ended, reset] {
        let heard = heard("left", &format!("https://{address}"), &certificate());
        assert!(heard.starts_with("Connect: no connection: "), "{heard}");
    }
}
