//! The origins that may receive credentials.

use url::{Host, Origin, Url};

use crate::{Error, ErrorKind, Result, shared::Text};

/// The origins that may receive the requests of a source with credentials.
#[derive(Debug)]
pub(crate) struct Origins {
    /// With the credentials.
    allowed: Vec<Origin>,
    /// Without them.
    bare: Vec<Origin>,
}

/// What an origin may receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The whole request.
    Whole,
    /// A request without credentials, headers and body.
    Bare,
}

impl Origins {
    /// The origin of the base URL, and those that the spec lists.
    ///
    /// # Errors
    ///
    /// When one of the list is no origin.
    pub(crate) fn new(base: &Url, allowed: &[Text], without: &[Text]) -> Result<Self> {
        let mut origins = vec![base.origin()];
        origins.extend(read(allowed)?);
        Ok(Self {
            allowed: origins,
            bare: read(without)?,
        })
    }

    /// What may be sent to this URL.
    ///
    /// # Errors
    ///
    /// When its origin is not one of these, or is plain http elsewhere than on this machine.
    pub(crate) fn check(&self, url: &Url) -> Result<Access> {
        check_scheme(url)?;
        let origin = url.origin();
        if self.allowed.contains(&origin) {
            return Ok(Access::Whole);
        }
        if self.bare.contains(&origin) {
            return Ok(Access::Bare);
        }
        let origin = origin.ascii_serialization();
        let message = format!("a request would carry credentials to `{origin}`");
        let help = if is_signed(url) {
            format!(
                "the URL is signed and needs no credentials: `allow_origins: [{{ origin: \"{origin}\", credentials: \
                 false }}]` in `client` follows it without them"
            )
        } else {
            format!(
                "`allow_origins: [\"{origin}\"]` in `client` allows it, if that origin may have them"
            )
        };
        Err(Error::new(ErrorKind::Origin, message).with_help(help))
    }
}

/// Reads listed origins.
fn read(listed: &[Text]) -> Result<Vec<Origin>> {
    let read = |origin: &Text| {
        let url = parse(origin, "`allow_origins`")?;
        if url.path() != "/" || url.query().is_some() {
            let message = format!("`allow_origins` holds `{origin}`, which is no origin");
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("an origin is `https://host` or `https://host:port`"));
        }
        Ok(url.origin())
    };
    listed.iter().map(read).collect()
}

/// Checks that a URL that receives credentials cannot be overheard.
///
/// # Errors
///
/// When it is plain http elsewhere than on this machine.
pub(crate) fn check_scheme(url: &Url) -> Result<()> {
    if url.scheme() == "https" || is_loopback(url) {
        return Ok(());
    }
    let origin = url.origin().ascii_serialization();
    let message = format!("a request would carry credentials over plain http to `{origin}`");
    Err(Error::new(ErrorKind::Origin, message)
        .with_help("use https; plain http takes credentials to loopback alone"))
}

/// A URL that a user gave; `what` names it.
///
/// # Errors
///
/// When it is not an absolute http(s) URL, or holds credentials or a fragment.
pub(crate) fn parse(text: &str, what: &str) -> Result<Url> {
    let wrong = |why: &str| {
        let shown = if text.contains('@') {
            "it".to_owned()
        } else {
            format!("`{text}`")
        };
        let message = format!("{what} is no URL for requests: {shown} {why}");
        Error::new(ErrorKind::Config, message)
            .with_help("give an absolute URL like `https://api.example.com/v1`")
    };
    let url = Url::parse(text)
        .map_err(|error| wrong(&format!("does not parse: {error}")).with_source(&error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds credentials"));
    }
    if url.fragment().is_some() {
        return Err(wrong("holds a fragment"));
    }
    Ok(url)
}

/// Whether the URL itself proves that its bearer may read what is there, as object stores write them.
fn is_signed(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name == "sig" || name.ends_with("signature")
    })
}

/// A URL that a redirect gave, for messages. One of another origin than the request's, or a signed one, may
/// itself be a credential: the values of its query are left out, and a user and password with them.
pub(crate) fn shown(url: &Url, requested: &Url) -> String {
    let is_plain = url.username().is_empty() && url.password().is_none();
    if is_plain && url.origin() == requested.origin() && !is_signed(url) {
        return url.to_string();
    }
    let mut shown = url.clone();
    // These fail only on URLs without a host, which have no user either.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    let names: Vec<_> = url
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}=..."),
            None => "...".to_owned(),
        })
        .collect();
    shown.set_query((!names.is_empty()).then(|| names.join("&")).as_deref());
    shown.to_string()
}

/// Whether it is this machine. The transport resolves names under `localhost` itself: a name server could
/// say otherwise.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Ref::Static;

    fn url(text: &str) -> Url {
        parse(text, "`base_url`").unwrap()
    }

    #[test]
    fn a_redirect_shows_no_signature() {
        let requested = url("https://h/v1?page=2");
        for (to, expected) in [
            ("https://h/v2?page=2", "https://h/v2?page=2"),
            (
                "https://h/x?X-Amz-Signature=abc",
                "https://h/x?X-Amz-Signature=...",
            ),
            (
                "https://s3/x?id=1&key=abc&tail",
                "https://s3/x?id=...&key=...&...",
            ),
            ("https://u:p@h/x#part", "https://h/x"),
            ("https://s3/x", "https://s3/x"),
        ] {
            assert_eq!(shown(&Url::parse(to).unwrap(), &requested), expected);
        }
    }

    #[test]
    fn a_base_url_is_absolute_http_without_credentials() {
        for wrong in [
            "",
            "api.example.com",
            "/v1",
            "ftp://h",
            "file:///etc/passwd",
            "https://",
            "https://user@h",
            "https://:pass@h",
            "https://h#part",
        ] {
            let error = parse(wrong, "`base_url`").unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Config, "{wrong}");
            assert!(error.to_string().contains("`base_url`"), "{error}");
            assert!(!error.to_string().contains("pass@"), "{error}");
        }
        url("https://h");
        url("http://h:8080/v1?tenant=a");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origins =
            Origins::new(&url("https://h/v1"), &[Static("https://files.h:8443")], &[]).unwrap();
        for (to, allowed) in [
            ("https://h", true),
            ("https://H:443/other", true),
            ("https://files.h:8443/x", true),
            ("https://h:444", false),
            ("http://h", false),
            ("https://files.h", false),
            ("https://sub.h", false),
            ("https://h.evil", false),
        ] {
            assert_eq!(origins.check(&url(to)).is_ok(), allowed, "{to}");
        }
    }

    #[test]
    fn what_is_listed_is_an_origin_and_no_more() {
        for wrong in ["h", "https://h/path", "https://h?x=1", "https://a:b@h"] {
            assert!(
                Origins::new(&url("https://h"), &[Text::of(wrong)], &[]).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn plain_http_takes_credentials_to_loopback_alone() {
        for (to, safe) in [
            ("https://h", true),
            ("http://127.0.0.1:80", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://localhost:80", true),
            ("http://api.localhost", true),
            ("http://h", false),
            ("http://10.0.0.1", false),
            ("http://localhost.evil", false),
            ("http://127.0.0.1.evil", false),
        ] {
            assert_eq!(check_scheme(&url(to)).is_ok(), safe, "{to}");
        }
    }
}
