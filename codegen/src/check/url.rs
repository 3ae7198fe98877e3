//! Absolute URLs, as far as a spec must know them.

/// The parts of an absolute URL that decide where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub scheme: String,
    pub host: String,
    pub port: u16,
}

impl Origin {
    /// Whether what is sent there can be read on the way.
    pub(super) fn is_in_the_clear(&self) -> bool {
        self.scheme == "http" && !self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host == "[::1]"
            || self
                .host
                .parse::<std::net::Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

/// Whether a text begins like an absolute URL: with a scheme, as RFC 3986 has them, or `//`.
pub(super) fn is_absolute(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(is_scheme) || text.starts_with("//")
}

/// The origin of an absolute http or https URL, and what follows it; the reason where it is none.
pub(super) fn origin(text: &str) -> Result<(Origin, &str), String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("it begins with neither `https://` nor `http://`".to_owned());
    };
    let scheme = scheme.to_ascii_lowercase();
    let standard = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return Err(format!("`{scheme}` is neither `https` nor `http`")),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    if authority.contains('@') {
        return Err("credentials do not belong into a URL".to_owned());
    }
    if after.contains('#') {
        return Err("a fragment, `#…`, is never sent".to_owned());
    }
    if let Some(c) = text
        .chars()
        .find(|c| c.is_whitespace() || c.is_control() || *c == '\\')
    {
        return Err(format!("`{}` cannot stand in it", c.escape_default()));
    }
    let (host, port) = match authority.rfind(':') {
        Some(at) if !authority.ends_with(']') => {
            let port = authority.get(at + 1..).unwrap_or_default();
            let port: u16 = port.parse().map_err(|_| format!("`{port}` is no port"))?;
            (authority.get(..at).unwrap_or_default(), port)
        }
        _ => (authority, standard),
    };
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    if !is_host(host) {
        return Err(format!("`{host}` is no host"));
    }
    let origin = Origin {
        scheme,
        host: host.to_ascii_lowercase(),
        port,
    };
    Ok((origin, after))
}

/// Whether it is an address, or a name of letters, of whatever script, digits, `-`, `_` and dots. What ends
/// in a number is an address of version 4, as the URL Standard has it.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let last = host.trim_end_matches('.').rsplit('.').next();
    if last.is_some_and(|last| !last.is_empty() && last.bytes().all(|c| c.is_ascii_digit())) {
        return host.parse::<std::net::Ipv4Addr>().is_ok();
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || !c.is_ascii();
    host.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let (origin, after) = origin("HTTPS://API.example.com/v1?a=b").unwrap();
        assert_eq!(
            (origin.scheme.as_str(), origin.host.as_str(), origin.port),
            ("https", "api.example.com", 443)
        );
        assert_eq!(after, "/v1?a=b");
        assert!(super::origin("http://[::1]:8080").unwrap().0.is_loopback());
        assert!(
            super::origin("http://127.0.0.1:8080")
                .unwrap()
                .0
                .is_loopback()
        );
        assert!(
            super::origin("http://127.example.com")
                .unwrap()
                .0
                .is_in_the_clear()
        );
    }

    #[test]
    fn an_absolute_url_begins_with_its_scheme() {
        for absolute in ["https://a.example/x", "ftp://a", "//a.example"] {
            assert!(is_absolute(absolute), "{absolute}");
        }
        for relative in [
            "/search?site=https://a.example",
            "sites/https://a",
            "://a",
            "x",
        ] {
            assert!(!is_absolute(relative), "{relative}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for host in [
            "api.example.com",
            "a_b-c",
            "münchen.example",
            "127.0.0.1",
            "[::1]",
            "a.example.",
        ] {
            assert!(origin(&format!("https://{host}/x")).is_ok(), "{host}");
        }
    }

    #[test]
    fn what_is_no_url_says_why() {
        for wrong in [
            "api.example.com",
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a/#b",
            "https://a b",
            "https://a:x",
            "https://a^b",
            "https://a%20b",
            "https://999.1.1.1",
            "https://[::zz]",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
