//! The proxy that the environment names for a URL.

use std::env;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::Secret;

/// A proxy, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    /// Its origin, without credentials.
    pub(super) url: String,
    /// The variable that names it, unless it was given.
    pub(super) variable: Option<String>,
}

/// The credentials of the proxies that the environment names.
pub(super) fn secrets_of_environment() -> Vec<Secret> {
    let names = [
        ["HTTPS_PROXY", "https_proxy"],
        ["HTTP_PROXY", "http_proxy"],
        ["ALL_PROXY", "all_proxy"],
    ];
    let values = names.into_iter().filter_map(set);
    values.flat_map(|(_, value)| secrets(&value)).collect()
}

/// The password in the URL of a proxy, as it is written and as it is meant, and the header that carries it.
pub(super) fn secrets(url: &str) -> Vec<Secret> {
    let Some(url) = parse(url) else {
        return Vec::new();
    };
    let Some(written) = url.password() else {
        return Vec::new();
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = decode(written);
    let header = STANDARD.encode(format!("{}:{password}", decode(url.username())));
    [written.to_owned(), password, header]
        .into_iter()
        .map(Secret::from)
        .collect()
}

/// The URL of a proxy, which may be written without its scheme. What follows its port is no part of one: it may be the
/// rest of a password with a `/`, `?` or `#` that is not escaped.
fn parse(value: &str) -> Option<Url> {
    let url = if value.contains("://") {
        Url::parse(value).ok()?
    } else {
        Url::parse(&format!("http://{value}")).ok()?
    };
    let is_proxy = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    is_proxy.then_some(url)
}

/// The proxy of a URL that was given, and how messages show it.
pub(super) fn given(url: &str) -> Option<(reqwest::Proxy, Proxy)> {
    let parsed = parse(url).filter(|_| url.contains("://"))?;
    let proxy = reqwest::Proxy::all(url).ok()?;
    let shown = Proxy {
        url: parsed.origin().ascii_serialization(),
        variable: None,
    };
    Some((proxy.no_proxy(reqwest::NoProxy::from_env()), shown))
}

/// Whether `NO_PROXY` names the host of a URL.
pub(super) fn is_exempt(url: &Url) -> bool {
    let no_proxy = set(["NO_PROXY", "no_proxy"]).unwrap_or_default().1;
    url.as_str().parse().is_ok_and(|uri| {
        let exempt = Matcher::builder()
            .all("http://proxy")
            .no(&*no_proxy)
            .build();
        exempt.intercept(&uri).is_none()
    })
}

/// The first of these variables that is set, and its value.
fn set(names: [&str; 2]) -> Option<(String, String)> {
    names.into_iter().find_map(|name| {
        let value = env::var_os(name)?;
        Some((name.to_owned(), value.to_string_lossy().trim().to_owned()))
    })
}

/// The proxy for requests to this URL, which is not loopback.
///
/// # Errors
///
/// When the variable holds no URL of a proxy: reqwest would send the request directly, which the user
/// did not ask for. The message names the variable.
pub(super) fn of(url: &Url) -> Result<Option<Proxy>, String> {
    // A server that runs this as a CGI program sets `HTTP_PROXY` to a header of its client.
    if env::var_os("REQUEST_METHOD").is_some() {
        return Ok(None);
    }
    let own = match url.scheme() {
        "https" => set(["HTTPS_PROXY", "https_proxy"]),
        _ => set(["HTTP_PROXY", "http_proxy"]),
    };
    let named = own
        .filter(|(_, value)| !value.is_empty())
        .or_else(|| set(["ALL_PROXY", "all_proxy"]));
    let no_proxy = set(["NO_PROXY", "no_proxy"]).unwrap_or_default().1;
    match named {
        Some((variable, value)) if !value.is_empty() => find(url, variable, &value, &no_proxy),
        _ => Ok(None),
    }
}

fn find(url: &Url, variable: String, value: &str, no_proxy: &str) -> Result<Option<Proxy>, String> {
    let Ok(uri) = url.as_str().parse() else {
        return Ok(None);
    };
    let value = parse(value).map(|_| value);
    let proxied = value.and_then(|value| Matcher::builder().all(value).build().intercept(&uri));
    let proxy = proxied.filter(|proxy| matches!(proxy.uri().scheme_str(), Some("http" | "https")));
    let exempt = Matcher::builder().all("http://proxy").no(no_proxy).build();
    match proxy {
        _ if exempt.intercept(&uri).is_none() => Ok(None),
        Some(proxy) => {
            let (scheme, authority) = (proxy.uri().scheme_str(), proxy.uri().authority());
            let url = format!(
                "{}://{}",
                scheme.unwrap_or("http"),
                authority.map_or("", |authority| authority.as_str())
            );
            Ok(Some(Proxy {
                url,
                variable: Some(variable),
            }))
        }
        // The value may hold a password.
        None => Err(format!(
            "`{variable}` does not hold the URL of an http or https proxy"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(value: &str, no_proxy: &str) -> Result<Option<String>, String> {
        let url = Url::parse("https://api.example.com/v1?key=k3y").unwrap();
        let found = find(&url, "HTTPS_PROXY".to_owned(), value, no_proxy)?;
        Ok(found.map(|proxy| proxy.url))
    }

    #[test]
    fn secrets_of_a_proxy_are_its_password_and_the_header_with_it() {
        let of = |url: &str| -> Vec<String> {
            let secrets = secrets(url);
            secrets.iter().map(|one| one.expose().to_owned()).collect()
        };
        assert_eq!(
            of("http://me:s3%2Ft@proxy:3128"),
            ["s3%2Ft", "s3/t", "bWU6czMvdA=="]
        );
        assert_eq!(of("me:s3cr3t@proxy"), ["s3cr3t", "s3cr3t", "bWU6czNjcjN0"]);
        assert!(of("http://proxy").is_empty());
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        for (value, named) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("proxy:3128", "http://proxy:3128"),
            ("https://me:s3cr3t@proxy/", "https://proxy"),
            ("me:s3cr3t@proxy", "http://proxy"),
        ] {
            assert_eq!(proxy(value, ""), Ok(Some(named.to_owned())), "{value}");
        }
    }

    #[test]
    fn given_proxy_is_shown_without_its_password() {
        for (url, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("https://me:s3cr3t@proxy/", "https://proxy"),
        ] {
            let (_, proxy) = given(url).unwrap();
            assert_eq!((proxy.url.as_str(), proxy.variable), (shown, None));
        }
        for wrong in [
            "proxy:3128",
            "socks5://proxy",
            "http://",
            "",
            "file:///proxy",
        ] {
            assert!(given(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_broken_proxy_is_an_error_unless_the_host_needs_none() {
        for value in [
            "http://",
            "::",
            "ftp://proxy",
            "socks5://proxy:1080",
            "http//me:s3cr3t@x y",
            "http://me:s3cr3t/rest@proxy:3128",
            "http://me:s3cr3t#rest@proxy:3128",
            "http://me:s3cr3t?rest@proxy:3128",
            "me:s3cr3t/rest@proxy:3128",
        ] {
            let error = proxy(value, "other.example.com").unwrap_err();
            assert!(
                error.contains("`HTTPS_PROXY`") && !error.contains("s3cr3t"),
                "{error}"
            );
            assert_eq!(proxy(value, "example.com"), Ok(None));
        }
    }
}
