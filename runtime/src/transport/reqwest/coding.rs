//! What `Content-Encoding` says of a body that reqwest left as it came.

use http::{HeaderMap, header::CONTENT_ENCODING};

/// How a body that reqwest left as it came is compressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    /// One that is not read.
    Unread(String),
}

/// The codings that reqwest decodes, if it is built for it.
const OTHERS: [&str; 3] = ["br", "deflate", "zstd"];

impl Coding {
    /// gzip has two names, in any case; `identity` beside it changes nothing. Some servers write what is not
    /// a coding at all: that is left for the decoder of the body.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CONTENT_ENCODING).into_iter();
        let codings = values.flat_map(|value| value.to_str().unwrap_or("?").split(','));
        let mut codings = codings
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity");
        match (codings.next(), codings.next()) {
            (Some(coding), None) if coding == "gzip" || coding == "x-gzip" => Self::Gzip,
            (Some(coding), None) if OTHERS.contains(&&*coding) => Self::Unread(coding),
            _ => Self::Identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_has_two_names_in_any_case() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, value.parse().unwrap());
            }
            headers
        };
        for values in [
            &["gzip"][..],
            &["GZIP"],
            &["x-gzip"],
            &["gzip, identity"],
            &["Identity", "X-GZip"],
        ] {
            assert_eq!(Coding::of(&headers(values)), Coding::Gzip, "{values:?}");
        }
        for values in [
            &[][..],
            &["identity"],
            &["br, gzip"],
            &["gzip", "gzip"],
            &["utf-8"],
        ] {
            assert_eq!(Coding::of(&headers(values)), Coding::Identity, "{values:?}");
        }
        assert_eq!(
            Coding::of(&headers(&["BR"])),
            Coding::Unread("br".to_owned())
        );
    }
}
