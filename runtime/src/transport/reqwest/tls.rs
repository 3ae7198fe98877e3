//! TLS by what this build has. Features add up over a build, so there may be several: the first of
//! `tls-native`, `tls-aws-lc-rs` and `tls-ring` is used, for the default must give way to one that
//! was asked for.

pub(super) use self::backend::{Tls, is_tls, with_tls};

/// The platform's own: `SChannel`, Secure Transport, elsewhere OpenSSL. OpenSSL, as it is set up below
/// us, takes the end of the connection for the end of a body without a length, where rustls wants
/// word of it: such a body that was cut is noticed by its JSON alone.
#[cfg(feature = "tls-native")]
mod backend {
    use std::{error::Error as StdError, io};

    use reqwest::{Certificate, ClientBuilder, Identity};

    use super::super::{
        TransportError, causes,
        pem::{self, ClientCertificate},
        unsendable,
    };

    /// Certificates of a client and its authorities.
    #[derive(Default)]
    pub(in super::super) struct Tls {
        authorities: Option<Vec<Certificate>>,
        identity: Option<Identity>,
    }

    impl Tls {
        pub(in super::super) fn set_client_certificate(
            &mut self,
            pem: &[u8],
        ) -> Result<(), TransportError> {
            let ClientCertificate { chain, key } = ClientCertificate::new(pem)?;
            let identity = Identity::from_pkcs8_pem(chain.as_bytes(), key.as_bytes());
            let identity = identity.map_err(|error| {
                let error = error.without_url();
                let message = format!(
                    "not a valid client certificate: {}; `tls-native` reads keys in PKCS #8, which `openssl pkey` writes",
                    causes(&error).last().map_or_else(String::new, ToString::to_string)
                );
                unsendable(message)
            })?;
            self.identity = Some(identity);
            Ok(())
        }

        pub(in super::super) fn set_authorities(
            &mut self,
            pem: &[u8],
        ) -> Result<(), TransportError> {
            let read = |one: &&str| {
                Certificate::from_pem(one.as_bytes()).map_err(|error| {
                    let causes = causes(&error);
                    let cause = causes.last().map_or_else(String::new, ToString::to_string);
                    unsendable(format!("not valid CA certificates: {cause}"))
                })
            };
            let found = pem::authorities(pem)?;
            self.authorities = Some(found.iter().map(read).collect::<Result<_, _>>()?);
            Ok(())
        }
    }

    /// Gives the client its TLS: reqwest by itself takes whichever the build has.
    #[allow(clippy::unnecessary_wraps)] // The others can fail.
    pub(in super::super) fn with_tls(
        builder: ClientBuilder,
        _https: bool,
        tls: &Tls,
    ) -> Result<ClientBuilder, TransportError> {
        let mut builder = builder.tls_backend_native();
        if let Some(authorities) = &tls.authorities {
            builder = builder.tls_certs_only(authorities.iter().cloned());
        }
        if let Some(identity) = &tls.identity {
            builder = builder.identity(identity.clone());
        }
        Ok(builder)
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
    use rustls::{
        ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    };
    use rustls_platform_verifier::BuilderVerifierExt;

    use super::super::{
        TransportError, TransportErrorKind,
        pem::{self, ClientCertificate},
        unsendable,
    };

    /// Certificates of a client and its authorities.
    #[derive(Default)]
    pub(in super::super) struct Tls {
        authorities: Option<RootCertStore>,
        identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    }

    impl Tls {
        pub(in super::super) fn set_client_certificate(
            &mut self,
            pem: &[u8],
        ) -> Result<(), TransportError> {
            let ClientCertificate { chain, key } = ClientCertificate::new(pem)?;
            let wrong = |what: &dyn ToString| {
                let what = what.to_string();
                unsendable(format!("not a valid client certificate: {what}"))
            };
            let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
            let chain = chain
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| wrong(&error))?;
            let key =
                PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| wrong(&error))?;
            // The provider checks whether it can sign with the key, and whether the key is that of the certificate.
            config()?
                .with_root_certificates(RootCertStore::empty())
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| wrong(&error))?;
            self.identity = Some((chain, key));
            Ok(())
        }

        pub(in super::super) fn set_authorities(
            &mut self,
            pem: &[u8],
        ) -> Result<(), TransportError> {
            let wrong = |what: &dyn ToString| {
                let what = what.to_string();
                unsendable(format!("not valid CA certificates: {what}"))
            };
            let mut roots = RootCertStore::empty();
            for one in pem::authorities(pem)? {
                let one = CertificateDer::from_pem_slice(one.as_bytes());
                let one = one.map_err(|error| wrong(&error))?;
                roots.add(one).map_err(|error| wrong(&error))?;
            }
            self.authorities = Some(roots);
            Ok(())
        }
    }

    #[allow(clippy::needless_pass_by_value)] // As `map_err` passes it.
    fn no_tls(error: rustls::Error) -> TransportError {
        TransportError::new(TransportErrorKind::Tls, format!("no TLS: {error}"))
    }

    fn config() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TransportError> {
        ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(no_tls)
    }

    /// Gives the client its TLS: without a provider of its own reqwest panics.
    pub(in super::super) fn with_tls(
        builder: ClientBuilder,
        https: bool,
        tls: &Tls,
    ) -> Result<ClientBuilder, TransportError> {
        // A machine without certificate authorities can still ask over plain http.
        let config = match &tls.authorities {
            Some(authorities) => config()?.with_root_certificates(authorities.clone()),
            None if https => config()?.with_platform_verifier().map_err(no_tls)?,
            None => config()?.with_root_certificates(RootCertStore::empty()),
        };
        let mut config = match &tls.identity {
            Some((chain, key)) => config
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(no_tls)?,
            None => config.with_no_client_auth(),
        };
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

    /// There are no certificates without TLS.
    #[derive(Default)]
    pub(in super::super) struct Tls;

    impl Tls {
        #[allow(clippy::unused_self)] // The others keep it.
        pub(in super::super) fn set_client_certificate(
            &mut self,
            _: &[u8],
        ) -> Result<(), TransportError> {
            Err(missing())
        }

        #[allow(clippy::unused_self)] // The others keep them.
        pub(in super::super) fn set_authorities(&mut self, _: &[u8]) -> Result<(), TransportError> {
            Err(missing())
        }
    }

    fn missing() -> TransportError {
        TransportError::new(
            TransportErrorKind::Tls,
            "built without TLS: enable the feature `tls-ring`, `tls-aws-lc-rs` or `tls-native` of \
             `rest-source`",
        )
    }

    pub(in super::super) fn with_tls(
        builder: ClientBuilder,
        https: bool,
        _: &Tls,
    ) -> Result<ClientBuilder, TransportError> {
        if https {
            return Err(missing());
        }
        Ok(builder)
    }

    pub(in super::super) fn is_tls(_: &(dyn StdError + 'static)) -> bool {
        false
    }
}
