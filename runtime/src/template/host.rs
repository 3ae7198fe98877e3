//! Checks of the values before the path of a URL: they decide which host receives the credentials.

use url::Url;

/// A value, and the text around it.
pub(super) struct InUrl<'a> {
    /// The URL before it.
    pub(super) before: &'a str,
    pub(super) value: &'a str,
    /// The literal after it: empty at the end of the URL.
    pub(super) after: &'a str,
    /// Whether another placeholder follows the literal, or follows at once.
    pub(super) is_followed: bool,
}

impl InUrl<'_> {
    /// Checks that the value cannot change which host the URL has, beyond the part that it stands for.
    ///
    /// # Errors
    ///
    /// What is wrong with it, to be read after its name. The value is not quoted.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.is_whole_url() {
            return self.check_url();
        }
        if self.after.starts_with("://") && !self.before.contains(':') {
            return check_scheme(&[self.before, self.value].concat());
        }
        let (authority, value) = if let Some((_, authority)) = self.before.split_once(':') {
            (authority.trim_start_matches('/'), self.value)
        } else {
            let (scheme, host) = self.value.split_once("://").ok_or_else(no_url)?;
            check_scheme(&[self.before, scheme].concat())?;
            ("", host)
        };
        if authority.ends_with(':') {
            return check_port(value);
        }
        let (host, port) = match value.split_once(':') {
            Some((host, port)) if authority.is_empty() && self.ends_authority() => {
                (host, Some(port))
            }
            _ => (value, None),
        };
        if authority.is_empty() && self.ends_authority() && value.starts_with('[') {
            return check_address(value);
        }
        self.check_name(authority, host)?;
        port.map_or(Ok(()), check_port)
    }

    /// Whether it is all of the URL, or all of it before a literal path.
    fn is_whole_url(&self) -> bool {
        self.before.is_empty() && self.ends_authority()
    }

    fn ends_authority(&self) -> bool {
        match self.after.chars().next() {
            None => !self.is_followed,
            Some(next) => matches!(next, '/' | '?' | '#'),
        }
    }

    fn check_url(&self) -> Result<(), String> {
        let (scheme, rest) = self.value.split_once("://").ok_or_else(no_url)?;
        check_scheme(scheme)?;
        let may_have_query = self.after.is_empty();
        let is_wrong = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || matches!(c, '\\' | '#')
                || (c == '?' && !may_have_query)
        };
        if let Some(wrong) = rest.chars().find(|c| is_wrong(*c)) {
            return Err(format!("holds an invalid character, {wrong:?}"));
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.is_empty() {
            return Err("has no host".to_owned());
        }
        if authority.contains('@') {
            return Err("holds credentials".to_owned());
        }
        Url::parse(self.value)
            .map_or_else(|error| Err(format!("is not a URL: {error}")), |_| Ok(()))
    }

    /// Checks a value within the name of a host, of which `authority` comes before it.
    fn check_name(&self, authority: &str, value: &str) -> Result<(), String> {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if let Some(wrong) = value.chars().find(|c| !is_valid(*c)) {
            return Err(format!(
                "is part of a host and holds an invalid character, {wrong:?}"
            ));
        }
        if value.is_empty() {
            return Err("is part of a host and is empty".to_owned());
        }
        if !value.contains(|c: char| c.is_ascii_alphanumeric()) {
            return Err("is part of a host and has no letter and no digit".to_owned());
        }
        let rest = self
            .after
            .split(['/', '?', '#', ':'])
            .next()
            .unwrap_or_default();
        let ends_name = self.after.len() > rest.len() || !self.is_followed;
        let unknown = if ends_name { "" } else { "x" };
        let name = [authority, value, rest, unknown].concat();
        let is_label =
            |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        if !name.split('.').all(is_label) {
            return Err(
                "makes an invalid host: a label of it is empty, or has `-` at an end".to_owned(),
            );
        }
        let ends_in_a_label = !authority.is_empty() && !authority.ends_with('.');
        if ends_in_a_label && ends_name && rest.is_empty() && value.contains('.') {
            return Err(
                "is the end of a host and holds `.`, which makes it another host".to_owned(),
            );
        }
        Ok(())
    }
}

fn no_url() -> String {
    "begins a URL: it has to start with `https://` and a host".to_owned()
}

fn check_scheme(scheme: &str) -> Result<(), String> {
    let is_http = ["http", "https"]
        .iter()
        .any(|http| scheme.eq_ignore_ascii_case(http));
    is_http
        .then_some(())
        .ok_or_else(|| "is the scheme of a URL: `https` is valid, and `http`".to_owned())
}

fn check_port(port: &str) -> Result<(), String> {
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_port
        .then_some(())
        .ok_or_else(|| "is the port of a host, and not a number up to 65535".to_owned())
}

/// Checks an address of IPv6, with or without a port.
fn check_address(value: &str) -> Result<(), String> {
    let wrong = || "is not an address: `[::1]` is one, and `[::1]:8080`".to_owned();
    let (address, port) = value[1..].split_once(']').ok_or_else(wrong)?;
    address.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
    match port.strip_prefix(':') {
        Some(port) => check_port(port),
        None if port.is_empty() => Ok(()),
        None => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use url::Url;

    use super::super::tests::{CONFIG, with};
    use crate::{
        ErrorKind,
        plan::{Part, Template},
        shared::Ref::Static,
    };

    static VALUE: LazyLock<Part> = LazyLock::new(|| CONFIG.0[0].clone());
    static ALL: LazyLock<Template> = LazyLock::new(|| Template(vec![VALUE.clone()].into()));
    static BASE: LazyLock<Template> =
        LazyLock::new(|| Template(vec![VALUE.clone(), Part::Text(Static("/v1"))].into()));
    static TWICE: LazyLock<Template> = LazyLock::new(|| {
        Template(vec![VALUE.clone(), Part::Text(Static("/")), VALUE.clone()].into())
    });
    static HOST: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://")),
                VALUE.clone(),
                Part::Text(Static("/v1")),
            ]
            .into(),
        )
    });
    static ALONE: LazyLock<Template> =
        LazyLock::new(|| Template(vec![Part::Text(Static("https://")), VALUE.clone()].into()));
    static WITHIN: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://")),
                VALUE.clone(),
                Part::Text(Static(".example.com/v1")),
            ]
            .into(),
        )
    });
    static MIDDLE: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://api")),
                VALUE.clone(),
                Part::Text(Static(".example.com/v1")),
            ]
            .into(),
        )
    });
    static AFTER: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://api.")),
                VALUE.clone(),
                Part::Text(Static("/v1")),
            ]
            .into(),
        )
    });
    static END: LazyLock<Template> = LazyLock::new(|| {
        Template(vec![Part::Text(Static("https://api.example.com")), VALUE.clone()].into())
    });
    static BEFORE_PORT: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://api.example.com")),
                VALUE.clone(),
                Part::Text(Static(":80/v1")),
            ]
            .into(),
        )
    });
    static PORT: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://h:")),
                VALUE.clone(),
                Part::Text(Static("/")),
            ]
            .into(),
        )
    });
    static START: LazyLock<Template> = LazyLock::new(|| {
        Template(vec![VALUE.clone(), Part::Text(Static(".example.com/v1"))].into())
    });
    static START_PORT: LazyLock<Template> =
        LazyLock::new(|| Template(vec![VALUE.clone(), Part::Text(Static(":80/v1"))].into()));
    static SCHEME: LazyLock<Template> = LazyLock::new(|| {
        Template(vec![VALUE.clone(), Part::Text(Static("://example.com/v1"))].into())
    });
    static PAIR: LazyLock<Template> = LazyLock::new(|| {
        Template(
            vec![
                Part::Text(Static("https://")),
                VALUE.clone(),
                VALUE.clone(),
                Part::Text(Static(".example.com")),
            ]
            .into(),
        )
    });
    static EVERY: LazyLock<[Template; 14]> = LazyLock::new(|| {
        [
            ALL.clone(),
            BASE.clone(),
            TWICE.clone(),
            HOST.clone(),
            ALONE.clone(),
            WITHIN.clone(),
            MIDDLE.clone(),
            AFTER.clone(),
            END.clone(),
            BEFORE_PORT.clone(),
            PORT.clone(),
            START.clone(),
            SCHEME.clone(),
            PAIR.clone(),
        ]
    });

    #[test]
    fn a_value_that_begins_a_url_is_a_url() {
        for (url, value, wanted) in [
            (
                ALL.clone(),
                "https://h:8/a?tenant=b",
                "https://h:8/a?tenant=b",
            ),
            (BASE.clone(), "https://h:8/a/b", "https://h:8/a/b/v1"),
            (BASE.clone(), "HTTP://[::1]:8", "HTTP://[::1]:8/v1"),
            (TWICE.clone(), "http://h", "http://h/http%3A%2F%2Fh"),
        ] {
            let found = with(value.into(), |scope| scope.url(&url, "`base_url`"));
            assert_eq!(found.unwrap(), wanted);
        }
        refuse(&[
            (BASE.clone(), "https://evil.net?"),
            (BASE.clone(), "https://evil.net?x="),
            (BASE.clone(), "https://evil.net#"),
            (ALL.clone(), "https://evil.net#x"),
            (BASE.clone(), "https://me:pass@evil.net"),
            (BASE.clone(), "https://h\\@evil.net"),
            (BASE.clone(), "https:\\\\evil.net"),
            (BASE.clone(), "https://h\t.evil.net"),
            (BASE.clone(), "https://h\n.evil.net"),
            (BASE.clone(), "https://"),
            (BASE.clone(), "https:///evil.net"),
            (BASE.clone(), "https:"),
            (BASE.clone(), "https:/"),
            (BASE.clone(), "ftp://evil.net"),
            (BASE.clone(), "//evil.net"),
            (BASE.clone(), "evil.net"),
            (BASE.clone(), "evil.net:80"),
            (BASE.clone(), "https://evil.net:x"),
            (BASE.clone(), "https://evil.net:99999"),
        ]);
    }

    #[test]
    fn a_value_within_a_host_stays_there() {
        for (url, value, wanted) in [
            (
                HOST.clone(),
                "acme.example.com:8",
                "https://acme.example.com:8/v1",
            ),
            (HOST.clone(), "[::1]:8", "https://[::1]:8/v1"),
            (HOST.clone(), "[::1]", "https://[::1]/v1"),
            (WITHIN.clone(), "acme", "https://acme.example.com/v1"),
            (
                WITHIN.clone(),
                "eu.acme_1-b",
                "https://eu.acme_1-b.example.com/v1",
            ),
            (MIDDLE.clone(), "-eu", "https://api-eu.example.com/v1"),
            (MIDDLE.clone(), ".eu", "https://api.eu.example.com/v1"),
            (AFTER.clone(), "example.com", "https://api.example.com/v1"),
            (PORT.clone(), "8", "https://h:8/"),
            (START.clone(), "https://acme", "https://acme.example.com/v1"),
            (START_PORT.clone(), "https://acme", "https://acme:80/v1"),
            (SCHEME.clone(), "https", "https://example.com/v1"),
            (PAIR.clone(), "a", "https://aa.example.com"),
        ] {
            let found = with(value.into(), |scope| scope.url(&url, "`base_url`"));
            assert_eq!(found.unwrap(), wanted);
        }
        refuse(&[
            (WITHIN.clone(), "evil.net/"),
            (WITHIN.clone(), "evil.net?"),
            (WITHIN.clone(), "evil.net#"),
            (WITHIN.clone(), "evil.net\\"),
            (WITHIN.clone(), "evil.net:80"),
            (WITHIN.clone(), "me@evil.net"),
            (WITHIN.clone(), "evil.net%2f"),
            (WITHIN.clone(), "evil.net\u{ff0f}"),
            (WITHIN.clone(), "evil.net\t/"),
            (WITHIN.clone(), ".evil"),
            (WITHIN.clone(), "evil."),
            (WITHIN.clone(), "a..evil"),
            (WITHIN.clone(), "-evil"),
            (WITHIN.clone(), "evil-"),
            (AFTER.clone(), "evil.net/"),
            (AFTER.clone(), "x@evil.net"),
            (AFTER.clone(), "x:p@evil.net"),
            (AFTER.clone(), "x:8"),
            (AFTER.clone(), ".evil.net"),
            (ALONE.clone(), "h/v1"),
            (ALONE.clone(), "me:p@h"),
            (ALONE.clone(), "h:"),
            (ALONE.clone(), "h:8:9"),
            (ALONE.clone(), "[evil]"),
            (ALONE.clone(), "[::1].evil"),
            (END.clone(), ".evil.net"),
            (END.clone(), "x.evil.net"),
            (BEFORE_PORT.clone(), ".evil.net"),
            (PORT.clone(), "8@evil.net"),
            (PORT.clone(), "evil"),
            (PORT.clone(), "99999"),
            (START.clone(), "https://evil.net/"),
            (START.clone(), "https://me@evil.net?"),
            (START.clone(), "evil"),
            (START_PORT.clone(), "https"),
            (SCHEME.clone(), "https://evil.net/"),
            (SCHEME.clone(), "https://evil.net"),
            (SCHEME.clone(), "ftp"),
            (PAIR.clone(), "evil."),
        ]);
    }

    #[test]
    fn a_value_that_names_nothing_is_refused_everywhere() {
        for url in EVERY.iter() {
            refuse(
                &[
                    "", ".", "..", "-", "/", "@", "#", "?", "\\", ":", "\n", "\0", " ",
                ]
                .map(|v| (url.clone(), v)),
            );
        }
    }

    /// Checks that these are errors that name the setting and do not quote it.
    fn refuse(cases: &[(Template, &str)]) {
        for (url, value) in cases {
            let found = with((*value).into(), |scope| scope.url(url, "`base_url`"));
            let error = found.expect_err(&format!("{url:?} {value:?}"));
            assert_eq!(error.kind(), &ErrorKind::Config, "{value:?}");
            assert!(error.to_string().contains("the setting `shop`"), "{error}");
            assert!(!error.to_string().contains("evil"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_value_within_a_host_leaves_it(value in "[a-z.:/@#?\\\\%\\[\\]_\\- \\t\\n\u{ff0f}\u{ad}]{0,6}|\\PC{0,6}") {
            if let Ok(url) = with(value.as_str().into(), |scope| scope.url(&WITHIN, "`base_url`")) {
                let url = Url::parse(&url).unwrap();
                prop_assert!(url.host_str().unwrap().ends_with(".example.com"));
                prop_assert_eq!(url.path(), "/v1");
            }
            if let Ok(url) = with(value.as_str().into(), |scope| scope.url(&MIDDLE, "`base_url`")) {
                let url = Url::parse(&url).unwrap();
                prop_assert!(url.host_str().unwrap().starts_with("api"));
                prop_assert!(url.host_str().unwrap().ends_with(".example.com"));
            }
            if let Ok(url) = with(value.as_str().into(), |scope| scope.url(&HOST, "`base_url`")) {
                let url = Url::parse(&url).unwrap();
                prop_assert_eq!(url.path(), "/v1");
                prop_assert_eq!(url.username(), "");
                prop_assert_eq!(url.query(), None);
            }
        }
    }
}
