//! Whether a fetch delivered all records of its resource.

use std::{collections::BTreeSet, fmt};

/// How many reasons are kept; the rest are counted.
const MAX_REASONS: usize = 20;

/// How much of a resource a finished fetch delivered.
///
/// * *Complete*: the API gave all records that the fetch asked for, as far as its responses say.
/// * *Bounded*: a [`limit`](crate::Fetch::limit) of the caller or a maximum of the spec ended it. That is a
///   success, and more records may exist.
/// * *Incomplete*: it ended although the API stated that more records exist, or a page is missing. A
///   stream then yields [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) after its last record, unless
///   [`allow_incomplete`](crate::Fetch::allow_incomplete) was called.
///
/// ```
/// # async fn example(orders: rest_source::Fetch<rest_source::Json>) -> rest_source::Result<()> {
/// let mut pages = orders.allow_incomplete().pages();
/// while let Some(page) = pages.next().await {
///     println!("{} orders", page?.len());
/// }
/// if let Some(completeness) = pages.completeness() {
///     for reason in completeness.reasons() {
///         println!("{reason}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    reasons: Vec<Reason>,
    further_reasons: u64,
    caveats: BTreeSet<Caveat>,
}

/// What else a consumer of the records must know. A complete fetch may have caveats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caveat {
    /// See [`Completeness::has_set_aside`].
    SetAside,
    /// See [`Completeness::has_discarded_values`].
    DiscardedValue,
    /// See [`Completeness::has_unfetched_parts`].
    UnfetchedPart,
    /// See [`Completeness::redelivers`].
    Redelivery,
}

/// Why a fetch may not have delivered all records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The caller's limit of so many records.
    Limit(u64),
    /// A maximum of the spec, as `maximum_pages 10`.
    Maximum(String),
    /// The API stated more records or pages than it gave.
    ShortTotal(String),
    /// The last response announced that more follows.
    MoreAnnounced(String),
    /// A page did not arrive: its response was ignored, or had no content.
    MissingPage(String),
}

impl Reason {
    pub(crate) fn is_missing(&self) -> bool {
        !matches!(self, Self::Limit(_) | Self::Maximum(_))
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Limit(_) => "fetch without the limit",
            Self::Maximum(_) => "raise the maximum",
            Self::ShortTotal(_) => {
                "fetch again; if the API's total is known to be wrong, say `accept_short_total: true` beside it"
            }
            Self::MoreAnnounced(_) => {
                "fetch again; if the API's flag is known to be wrong, remove `has_more_path` or `last_page_path`"
            }
            Self::MissingPage(_) => {
                "fetch again; if such a response is the end of the pages, say so by `stop_on_status`"
            }
        }
    }
}

impl Completeness {
    /// A complete fetch.
    pub(crate) const COMPLETE: Self = Self {
        reasons: Vec::new(),
        further_reasons: 0,
        caveats: BTreeSet::new(),
    };

    /// Whether all records arrived.
    pub fn is_complete(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether a limit or a maximum ended the fetch, and nothing that the API stated is missing.
    pub fn is_bounded(&self) -> bool {
        !self.is_complete() && !self.is_incomplete()
    }

    /// Whether records or pages are missing that the API stated or announced.
    pub fn is_incomplete(&self) -> bool {
        // Missing records displace other reasons: see `add`.
        self.reasons.first().is_some_and(Reason::is_missing)
    }

    /// Whether the caller's limit ended the fetch.
    pub fn is_limited_by_caller(&self) -> bool {
        let is_limit = |reason: &Reason| matches!(reason, Reason::Limit(_));
        self.reasons.iter().any(is_limit)
    }

    /// Why it is not complete: missing records first. At most 20 reasons.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// How many reasons there are past those kept.
    pub fn further_reasons(&self) -> u64 {
        self.further_reasons
    }

    /// Whether a response was ignored by `response_actions`, or a record was discarded by the schema
    /// contract: the API holds records that the fetch did not deliver, by the spec's own word.
    pub fn has_set_aside(&self) -> bool {
        self.caveats.contains(&Caveat::SetAside)
    }

    /// Whether the schema contract made a value of a record null.
    pub fn has_discarded_values(&self) -> bool {
        self.caveats.contains(&Caveat::DiscardedValue)
    }

    /// Whether a part of the resource was not fetched, and may have records. A destination must not delete
    /// the rows of such a part. There is one where a page or a record of a parent, or of the parent's
    /// parent, was set aside; where a parent was skipped whose value the schema contract made null; and
    /// where a response was ignored after the last retry.
    pub fn has_unfetched_parts(&self) -> bool {
        self.caveats.contains(&Caveat::UnfetchedPart)
    }

    /// Whether the next fetch, from the [state](crate::Pages::state) of this one, delivers some of
    /// its records again. Append-only consumers without a primary key must discard this fetch.
    ///
    /// Records that every fetch delivers again, by `lag` or `on_cursor_value_missing: include`, do not
    /// count. It is false without `incremental`.
    pub fn redelivers(&self) -> bool {
        self.caveats.contains(&Caveat::Redelivery)
    }

    /// Adds a caveat.
    pub(crate) fn warn(&mut self, caveat: Caveat) {
        self.caveats.insert(caveat);
    }

    /// Adds a reason, once; missing records come first.
    pub(crate) fn add(&mut self, reason: Reason) {
        if self.reasons.contains(&reason) {
            return;
        }
        if self.reasons.len() == MAX_REASONS {
            self.further_reasons += 1;
            if reason.is_missing() && !self.is_incomplete() {
                self.reasons.insert(0, reason);
                self.reasons.truncate(MAX_REASONS);
            }
            return;
        }
        let at = if reason.is_missing() {
            let missing = self.reasons.iter().take_while(|one| one.is_missing());
            missing.count()
        } else {
            self.reasons.len()
        };
        self.reasons.insert(at, reason);
    }

    /// Adds what another fetch did not deliver, which is a part of this one. `part` names it in the
    /// reasons.
    pub(crate) fn merge(&mut self, other: &Self, part: &str) {
        self.merge_reasons(other, part);
        self.caveats.extend(&other.caveats);
    }

    /// Adds what the fetch of the parents did not deliver: those parents' children are missing.
    pub(crate) fn merge_parents(&mut self, parents: &Self, name: &str) {
        self.merge_reasons(parents, name);
        if parents.has_set_aside() {
            self.warn(Caveat::SetAside);
        }
        if parents.has_hidden_records() {
            self.warn(Caveat::UnfetchedPart);
        }
    }

    /// Whether the API may hold records that the fetch did not deliver, even where it is complete.
    pub(crate) fn has_hidden_records(&self) -> bool {
        self.has_set_aside() || self.has_unfetched_parts()
    }

    fn merge_reasons(&mut self, other: &Self, part: &str) {
        for reason in &other.reasons {
            let named = |text: &String| format!("{part}: {text}");
            self.add(match reason {
                Reason::Limit(limit) => Reason::Limit(*limit),
                Reason::Maximum(text) => Reason::Maximum(named(text)),
                Reason::ShortTotal(text) => Reason::ShortTotal(named(text)),
                Reason::MoreAnnounced(text) => Reason::MoreAnnounced(named(text)),
                Reason::MissingPage(text) => Reason::MissingPage(named(text)),
            });
        }
        self.further_reasons += other.further_reasons;
    }
}

impl fmt::Display for Completeness {
    /// `complete`, `bounded: …` or `incomplete: …`, with the first reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reasons.first() {
            None => f.write_str("complete"),
            Some(reason) if reason.is_missing() => write!(f, "incomplete: {reason}"),
            Some(reason) => write!(f, "bounded: {reason}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(1) => f.write_str("the limit of 1 record"),
            Self::Limit(limit) => write!(f, "the limit of {limit} records"),
            Self::Maximum(text)
            | Self::ShortTotal(text)
            | Self::MoreAnnounced(text)
            | Self::MissingPage(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_records_come_first_and_decide() {
        let mut completeness = Completeness::default();
        assert!(completeness.is_complete());
        completeness.add(Reason::Maximum("`maximum_pages` 2".into()));
        assert!(completeness.is_bounded());
        completeness.add(Reason::MissingPage("page 3".into()));
        completeness.add(Reason::MissingPage("page 3".into()));
        assert!(completeness.is_incomplete() && !completeness.is_bounded());
        assert_eq!(completeness.reasons().len(), 2);
        assert_eq!(completeness.to_string(), "incomplete: page 3");
    }

    #[test]
    fn reasons_are_bounded_and_a_missing_page_is_never_dropped() {
        let mut completeness = Completeness::default();
        for n in 0..25 {
            completeness.add(Reason::Maximum(n.to_string()));
        }
        completeness.add(Reason::MissingPage("page 3".into()));
        assert!(completeness.is_incomplete());
        assert_eq!(completeness.reasons().len(), MAX_REASONS);
        assert_eq!(completeness.further_reasons(), 6);
    }

    #[test]
    fn children_of_parents_set_aside_are_an_unfetched_part() {
        let mut parents = Completeness::default();
        parents.warn(Caveat::SetAside);
        parents.warn(Caveat::DiscardedValue);
        parents.warn(Caveat::Redelivery);
        let mut children = Completeness::default();
        children.merge_parents(&parents, "`posts`");
        assert!(children.has_set_aside() && children.has_unfetched_parts());
        assert!(!children.has_discarded_values() && !children.redelivers());
    }

    #[test]
    fn a_part_is_named_in_the_reasons_of_the_whole() {
        let mut part = Completeness::default();
        part.add(Reason::MissingPage("page 3".into()));
        part.warn(Caveat::Redelivery);
        let mut whole = Completeness::default();
        whole.merge(&part, "`posts` 7");
        assert_eq!(whole.to_string(), "incomplete: `posts` 7: page 3");
        assert!(whole.redelivers());
    }
}
