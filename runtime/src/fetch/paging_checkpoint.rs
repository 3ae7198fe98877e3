//! Where a later fetch goes on after the pages that were delivered.

use serde_json::{Value, json};
use url::Url;

use crate::{
    Error, ErrorKind, Position, Result,
    redact::{Redactor, is_credential_name},
};

/// Where a later fetch of the same resource goes on, once a page and those before it are stored:
/// [`Page::checkpoint`](crate::Page::checkpoint) gives it, [`Fetch::resume_at`](crate::Fetch::resume_at) takes it.
///
/// ```
/// use rest_source::{PagingCheckpoint, Position};
///
/// let text = r#"{"position":{"offset":300},"pages":3,"received":300}"#;
/// let checkpoint = PagingCheckpoint::from_json(text)?;
/// assert_eq!(checkpoint.position, Some(Position::Offset(300)));
/// assert_eq!(PagingCheckpoint::from_json(&checkpoint.to_json())?, checkpoint);
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PagingCheckpoint {
    /// The next page. `None` for a resource that is fetched in partitions, and where the position may hold a secret.
    pub position: Option<Position>,
    /// Whether the position may hold a secret, which a consumer would store.
    pub holds_secret: bool,
    /// The pages before it.
    pub pages: u64,
    /// The raw rows in them.
    pub received: u64,
    /// The keys of the partitions that are complete since the last checkpoint. They are not part of the JSON.
    pub partitions: Vec<String>,
}

impl PagingCheckpoint {
    /// The checkpoint at a position, which it leaves out if that may hold a secret.
    pub(super) fn at(
        position: Position,
        (pages, received): (u64, u64),
        redactor: &Redactor,
    ) -> Self {
        let holds_secret = may_hold_secret(&position, redactor);
        Self {
            position: Some(position).filter(|_| !holds_secret),
            holds_secret,
            pages,
            received,
            partitions: Vec::new(),
        }
    }

    /// The checkpoint after a partition.
    pub(super) fn after(partition: &str) -> Self {
        Self {
            partitions: vec![partition.to_owned()],
            ..Self::default()
        }
    }

    /// As JSON, on one line, without the partitions.
    pub fn to_json(&self) -> String {
        let position = self.position.as_ref().map(Position::to_tree);
        let mut tree =
            json!({ "position": position, "pages": self.pages, "received": self.received });
        if self.holds_secret {
            tree["holds_secret"] = true.into();
        }
        tree.to_string()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] if the text is not a checkpoint.
    pub fn from_json(text: &str) -> Result<Self> {
        let read = || {
            let tree: Value = serde_json::from_str(text).ok()?;
            let position = match tree.get("position")? {
                Value::Null => None,
                position => Some(Position::from_tree(position)?),
            };
            Some(Self {
                position,
                holds_secret: tree.get("holds_secret").is_some_and(|it| *it == true),
                pages: tree.get("pages")?.as_u64()?,
                received: tree.get("received")?.as_u64()?,
                partitions: Vec::new(),
            })
        };
        read().ok_or_else(|| Error::new(ErrorKind::State, "the text is not a paging checkpoint"))
    }
}

/// Whether a position holds a secret of the source, or its URL a parameter that is named like one.
fn may_hold_secret(position: &Position, redactor: &Redactor) -> bool {
    if redactor.is_held_by(&position.as_text()) {
        return true;
    }
    let Position::Url(text) = position else {
        return false;
    };
    Url::parse(text).map_or(true, |url| {
        let mut pairs = url.query_pairs();
        !url.username().is_empty()
            || url.password().is_some()
            || pairs.any(|(name, value)| {
                !value.is_empty() && (is_credential_name(&name) || redactor.is_held_by(&value))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_with_a_credential_is_left_out() {
        let redactor = Redactor::default();
        let at = |url: &str| PagingCheckpoint::at(Position::Url(url.to_owned()), (1, 1), &redactor);
        for url in [
            "https://api.test/x?page=2&access_token=hush",
            "https://api.test/x?X-Amz-Signature=hush",
            "https://api.test/x?api_key=hush",
            "https://api.test/x?token=hush",
            "https://me:hush@api.test/x?page=2",
        ] {
            let checkpoint = at(url);
            assert!(checkpoint.holds_secret, "{url}");
            assert!(!checkpoint.to_json().contains("hush"), "{url}");
        }
        for url in [
            "https://api.test/x?page=2",
            "https://api.test/x?page_token=abc&pageToken=abc",
            "https://api.test/x?api_key=&cursor=abc",
        ] {
            assert_eq!(
                at(url).position,
                Some(Position::Url(url.to_owned())),
                "{url}"
            );
        }
    }
}
