//! TLS by what this build has. Features add up over a build, so there may be several: the first of
//! `tls-native`, `tls-aws-lc-rs` and `tls-ring` is used, for the default must give way to one that
//! was asked for.

pub(super) use self::backend::{is_tls, with_tls};

/// The platform's own: `SChannel`, Secure Transport, elsewhere OpenSSL. OpenSSL, as it is set up below
/// us, takes the end of the connection for the end of a body without a length, where rustls wants
/// word of it: such a body that was cut is noticed by its JSON alone.
#[cfg(feature = "tls-native")]
mod backend {
    use std::{error::Error as StdError, io};

    use reqwest::ClientBuilder;

    use super::super::{TransportError, causes};

    /// Gives the client its TLS: reqwest by itself takes whichever the build has.
    #[allow(clippy::unnecessary_wraps)] // The others can fail.
    pub(in super::super) fn with_tls(
        builder: ClientBuilder,
        _https: bool,
    ) -> Result<ClientBuilder, TransportError> {
        Ok(builder.tls_backend_native())
    }

    /// A connection that fails during the handshake is native-tls's error too, and none of TLS:
    /// below it is the socket's error, or OpenSSL says that the connection has ended.
    pub(in super::super) fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
        let said = cause.to_string();
        if said.to_lowercase().contains("unexpected eof") {
            return false;
        }
        if cause.is::<native_tls::Error>() {
            return !causes(cause).iter().any(|cause| cause.is::<io::Error>());
        }
        // After the handshake, which in TLS 1.3 is when a server refuses the client, OpenSSL's error
        // comes as it is, and native-tls does not show its type. What the other platforms say
        // then has no mark of TLS, and counts as an interruption.
        said.starts_with("error:") && said.contains(":SSL routines:")
    }
}

/// rustls, over one provider or another.
#[cfg(all(
    any(feature = "tls-aws-lc-rs", feature = "tls-ring"),
    not(feature = "tls-native")
))]
mod backend {
    use std::{error::Error as StdError, sync::Arc};

    use reqwest::ClientBuilder;
    #[cfg(feature = "tls-aws-lc-rs")]
    use rustls::crypto::aws_lc_rs as provider;
    #[cfg(not(feature = "tls-aws-lc-rs"))]
    use rustls::crypto::ring as provider;
    use rustls::{ClientConfig, RootCertStore};
    use rustls_platform_verifier::BuilderVerifierExt;

    use super::super::{TransportError, TransportErrorKind};

    /// Gives the client its TLS: without a provider of its own reqwest panics.
    pub(in super::super) fn with_tls(
        builder: ClientBuilder,
        https: bool,
    ) -> Result<ClientBuilder, TransportError> {
        let no_tls =
            |error| TransportError::new(TransportErrorKind::Tls, format!("no TLS: {error}"));
        let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(no_tls)?;
        // A machine without certificate authorities can still ask over plain http.
        let config = if https {
            config.with_platform_verifier().map_err(no_tls)?
        } else {
            config.with_root_certificates(RootCertStore::empty())
        };
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(builder.tls_backend_preconfigured(config))
    }

    pub(in super::super) fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
        cause.is::<rustls::Error>()
    }
}

#[cfg(not(any(
    feature = "tls-native",
    feature = "tls-aws-lc-rs",
    feature = "tls-ring"
)))]
mod backend {
    use std::error::Error as StdError;

    use reqwest::ClientBuilder;

    use super::super::{TransportError, TransportErrorKind};

    pub(in super::super) fn with_tls(
        builder: ClientBuilder,
        https: bool,
    ) -> Result<ClientBuilder, TransportError> {
        if https {
            return Err(TransportError::new(
                TransportErrorKind::Tls,
                "built without TLS: enable the feature `tls-ring`, `tls-aws-lc-rs` or \
                 `tls-native` of `rest-source`",
            ));
        }
        Ok(builder)
    }

    pub(in super::super) fn is_tls(_: &(dyn StdError + 'static)) -> bool {
        false
    }
}
