//! The parameters of a URL that libpq has and `tokio-postgres` does not: `sslmode=verify-full` and `sslrootcert`.

use std::fs;

use rest_source::{Error, ErrorKind, Result};

/// The parameters, apart from the URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsParameters {
    /// Whether `sslmode` is `verify-full` or `verify-ca`.
    pub(crate) is_verified: bool,
    /// The path of `sslrootcert`.
    root_certificates: Option<String>,
}

impl TlsParameters {
    /// Splits the parameters from a URL, or from a list such as `host=localhost sslmode=verify-full`.
    ///
    /// # Errors
    ///
    /// When an escape in `sslrootcert` is not valid.
    pub(crate) fn split(url: &str) -> Result<(String, Self)> {
        let mut found = Self::default();
        let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let rest = if is_url {
            let Some((address, query)) = url.split_once('?') else {
                return Ok((url.to_owned(), found));
            };
            let mut others = Vec::new();
            for parameter in query.split('&') {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                if !found.take(name, &decoded(value)?) {
                    others.push(parameter);
                }
            }
            let separator = if others.is_empty() { "" } else { "?" };
            format!("{address}{separator}{}", others.join("&"))
        } else {
            // A quoted value may have spaces: such a list has them in a password, not in these parameters.
            let others: Vec<&str> = url
                .split(' ')
                .filter(|parameter| {
                    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                    !found.take(name, value.trim_matches('\''))
                })
                .collect();
            others.join(" ")
        };
        Ok((rest, found))
    }

    /// Keeps a parameter, if it is one of these.
    fn take(&mut self, name: &str, value: &str) -> bool {
        match (name, value) {
            ("sslmode", "verify-full" | "verify-ca") => self.is_verified = true,
            ("sslrootcert", "system") => {}
            ("sslrootcert", path) => self.root_certificates = Some(path.to_owned()),
            _ => return false,
        }
        true
    }

    /// The certificate authorities of `sslrootcert`.
    pub(crate) fn ca(&self) -> Result<Option<Vec<u8>>> {
        let Some(path) = &self.root_certificates else {
            return Ok(None);
        };
        let read = fs::read(path).map_err(|error| {
            let message = format!(
                "cannot read `{path}`, the `sslrootcert` of the Postgres database: {error}"
            );
            Error::new(ErrorKind::Config, message).with_help("name a file of certificates in PEM")
        });
        read.map(Some)
    }
}

/// The text of a value in a URL.
fn decoded(value: &str) -> Result<String> {
    let invalid = || {
        let message = "the URL of the Postgres database has an invalid `%` escape";
        Error::new(ErrorKind::Config, message).with_help("write a `%` as `%25`")
    };
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(invalid());
        };
        bytes.push(u8::try_from(16 * high + low).map_err(|_| invalid())?);
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::TlsParameters;

    #[test]
    fn parameters_of_libpq_are_split_from_the_url() {
        let verified = TlsParameters {
            is_verified: true,
            root_certificates: Some("/etc/my ca.pem".to_owned()),
        };
        for (url, rest, expected) in [
            (
                "postgres://me@host/db?sslmode=verify-full&connect_timeout=3&sslrootcert=/etc/my%20ca.pem",
                "postgres://me@host/db?connect_timeout=3",
                &verified,
            ),
            (
                "postgresql://me@host/db?sslrootcert=%2Fetc%2Fmy%20ca.pem&sslmode=verify-ca",
                "postgresql://me@host/db",
                &verified,
            ),
            (
                "postgres://me@host/db?sslmode=require&sslrootcert=system",
                "postgres://me@host/db?sslmode=require",
                &TlsParameters::default(),
            ),
            (
                "postgres://me@host/db",
                "postgres://me@host/db",
                &TlsParameters::default(),
            ),
            (
                "host=host password='a b' sslmode=disable",
                "host=host password='a b' sslmode=disable",
                &TlsParameters::default(),
            ),
        ] {
            let (found, parameters) = TlsParameters::split(url).unwrap();
            assert_eq!((found.as_str(), &parameters), (rest, expected), "{url}");
        }
        let (rest, found) = TlsParameters::split("host=host sslmode=verify-full").unwrap();
        assert_eq!((rest.as_str(), found.is_verified), ("host=host", true));
    }

    #[test]
    fn escape_that_is_not_valid_is_an_error() {
        for url in [
            "postgres://host/db?sslrootcert=%2",
            "postgres://host/db?sslrootcert=%zz",
        ] {
            assert!(TlsParameters::split(url).is_err());
        }
    }

    #[test]
    fn missing_file_of_certificates_is_an_error() {
        let (_, found) =
            TlsParameters::split("postgres://host/db?sslrootcert=/no/such.pem").unwrap();
        let error = found.ca().unwrap_err().to_string();
        assert!(error.contains("cannot read `/no/such.pem`"), "{error}");
    }
}
