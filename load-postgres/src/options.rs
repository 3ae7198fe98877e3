//! Where the database is, and how its connections are made.

use std::{fmt, sync::Arc, time::Duration};

use rest_source::{Error, ErrorKind, Result};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls_parameters::TlsParameters;

/// How long connecting may take, where the URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long what was sent may stay without a sign of the other side, where the URL does not say.
const UNANSWERED: Duration = Duration::from_secs(60);

/// The database of a load, and how it is reached.
///
/// ```no_run
/// # async fn example() -> rest_source::Result<()> {
/// use rest_source_load_postgres::Options;
///
/// let url = std::env::var("DATABASE_URL").unwrap_or_default();
/// let database = Options::new(&url)?.schema("raw").connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) config: Config,
    pub(crate) schema: Option<String>,
    ca: Option<Vec<u8>>,
}

impl Options {
    /// The database of a URL, or of a list such as `host=localhost user=me dbname=shop`. `sslmode` may be `disable`,
    /// `prefer` (the default), `require`, `verify-ca` or `verify-full`. The certificate and its host name are verified
    /// in every mode with TLS, so the last three are one. `sslrootcert` names a file of certificate authorities (PEM), to
    /// be trusted in place of the platform's; `system` are the platform's.
    ///
    /// # Errors
    ///
    /// When the URL is not valid, or the file of `sslrootcert` cannot be read. The error does not show the URL.
    pub fn new(url: &str) -> Result<Self> {
        let (url, tls) = TlsParameters::split(url)?;
        let ca = tls.ca()?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            use std::error::Error as _;
            let why = error
                .source()
                .map_or_else(String::new, |why| format!(": {why}"));
            let message = format!("the URL of the Postgres database is not valid{why}");
            Error::new(ErrorKind::Config, message)
                .with_help("write it as `postgres://user:password@host:5432/database`")
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNANSWERED);
        }
        if config.get_application_name().is_none() {
            config.application_name("rest-source");
        }
        if tls.is_verified {
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self {
            config,
            schema: None,
            ca,
        })
    }

    /// The password, where the URL has none.
    pub fn default_password(mut self, password: impl AsRef<[u8]>) -> Self {
        if self.config.get_password().is_none() {
            self.config.password(password);
        }
        self
    }

    /// Creates the tables in this schema, which has to exist.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Trusts these certificate authorities (PEM) in place of the platform's.
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// How long a connection may take, until its first statements were answered.
    pub(crate) fn connect_timeout(&self) -> Duration {
        let timeout = self.config.get_connect_timeout();
        timeout.copied().unwrap_or(CONNECT_TIMEOUT)
    }

    /// The TLS of the connections.
    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?;
        let config = match &self.ca {
            None => builder
                .with_platform_verifier()
                .map_err(|error| failed(&error))?
                .with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate.map_err(|error| failed(&error))?;
                    roots.add(certificate).map_err(|error| failed(&error))?;
                }
                if roots.is_empty() {
                    return Err(failed(&"there is no certificate in the PEM text"));
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL has a password.
        f.debug_struct("Options")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

fn failed(why: &dyn fmt::Display) -> Error {
    let message = format!("the TLS of the Postgres database cannot be set up: {why}");
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn invalid_url_is_an_error_without_the_url() {
        for url in [
            "postgres://me:hunter2@[::1",
            "postgres://me:hunter2@host/db?nonsense=1",
            "hunter2",
        ] {
            let error = Options::new(url).unwrap_err().to_string();
            assert!(
                error.contains("the URL of the Postgres database is not valid"),
                "{error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let options = Options::new("postgres://me:hunter2@host/db").unwrap();
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
