//! Where a page is.

use std::{fmt, str::FromStr};

use crate::error::{Error, ErrorKind};

/// Where a page of a resource is, as plain data.
///
/// Its `Display` and `FromStr` are each other's inverse, to keep it: `first`, `offset 300`,
/// `page 3`, `cursor abc`, `url https://…`.
///
/// ```
/// use rest_source::Position;
///
/// let position: Position = "offset 300".parse()?;
/// assert_eq!(position, Position::Offset(300));
/// assert_eq!(position.to_string(), "offset 300");
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// The first page, as the resource's own request asks for it.
    First,
    /// The page that starts at this record.
    Offset(u64),
    /// The page of this number.
    Page(u64),
    /// The page that this cursor leads to.
    Cursor(String),
    /// The page at this absolute URL.
    Url(String),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Offset(offset) => write!(f, "offset {offset}"),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Cursor(cursor) => write!(f, "cursor {cursor}"),
            Self::Url(url) => write!(f, "url {url}"),
        }
    }
}

impl fmt::Debug for Position {
    /// As `Display`, but for the query of a URL: an API may echo a credential in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => match url.split_once('?') {
                Some((url, _)) => write!(f, "url {url}?…"),
                None => write!(f, "url {url}"),
            },
            other => write!(f, "{other}"),
        }
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (kind, value) = text.split_once(' ').unwrap_or((text, ""));
        let position = match kind {
            "first" if value.is_empty() => Some(Self::First),
            "offset" => value.parse().ok().map(Self::Offset),
            "page" => value.parse().ok().map(Self::Page),
            "cursor" if !value.is_empty() => Some(Self::Cursor(value.to_owned())),
            "url" if !value.is_empty() => Some(Self::Url(value.to_owned())),
            _ => None,
        };
        position.ok_or_else(|| {
            Error::new(ErrorKind::State, "the text is no position").with_help(
                "a position is `first`, `offset N`, `page N`, `cursor TEXT` or `url URL`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        for position in [
            Position::First,
            Position::Offset(300),
            Position::Page(0),
            Position::Cursor("a b=".into()),
            Position::Url("https://api.example.com/x?page=2".into()),
        ] {
            assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
        }
        for text in ["", "offset", "offset -1", "cursor", "elsewhere 1"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_the_query_of_a_url() {
        let position = Position::Url("https://api.example.com/x?api_key=hush".into());
        assert_eq!(format!("{position:?}"), "url https://api.example.com/x?…");
    }
}
