//! PEM files: a client's certificate with its key, and certificate authorities.

use super::{TransportError, unsendable};

/// A client's certificate, those of the authorities between it and the root, and its private key, as PEM.
pub(super) struct ClientCertificate {
    pub(super) chain: String,
    pub(super) key: String,
}

impl ClientCertificate {
    /// Finds both in a text.
    pub(super) fn new(pem: &[u8]) -> Result<Self, TransportError> {
        let wrong = |what: &str| unsendable(format!("not a valid client certificate: {what}"));
        let text = text(pem).ok_or_else(|| wrong("it is not PEM"))?;
        let chain = blocks(text, |label| label == "CERTIFICATE");
        if chain.is_empty() {
            return Err(wrong("it has no `BEGIN CERTIFICATE`"));
        }
        if text.contains("ENCRYPTED") {
            return Err(wrong(
                "its private key is encrypted: decrypt it, by `openssl pkey` for example",
            ));
        }
        let keys = blocks(text, |label| label.ends_with("PRIVATE KEY"));
        match keys.as_slice() {
            [key] => Ok(Self {
                chain: chain.concat(),
                key: (*key).to_owned(),
            }),
            [] => Err(wrong(
                "it has no `BEGIN PRIVATE KEY`: put the key after the certificate",
            )),
            _ => Err(wrong("it has several private keys")),
        }
    }
}

/// The certificates of authorities in a text, as PEM.
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<&str>, TransportError> {
    let found = text(pem).map(|text| blocks(text, |label| label == "CERTIFICATE"));
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        unsendable("not valid CA certificates: there is no `BEGIN CERTIFICATE`".to_owned())
    })
}

fn text(pem: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(pem).ok()?;
    text.contains("-----BEGIN ").then_some(text)
}

/// The blocks with such a label, with their first and last lines.
fn blocks(text: &str, is_it: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        rest = rest.get(start..).unwrap_or_default();
        let label = rest.trim_start_matches("-----BEGIN ").split("-----").next();
        let label = label.unwrap_or_default();
        let end = format!("-----END {label}-----");
        let Some(at) = rest.find(&end) else { break };
        let len = at + end.len();
        // The line break after it keeps blocks apart.
        let len = rest
            .get(len..)
            .and_then(|after| after.find('\n'))
            .map_or(len, |to| len + to + 1);
        if is_it(label) {
            found.extend(rest.get(..len));
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    found
}
