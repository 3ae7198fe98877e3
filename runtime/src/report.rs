//! The report of a fetch.

use std::{fmt, time::Duration};

use crate::{
    Completeness,
    completeness::Caveat,
    presence::Presence,
    printable::{Seconds, printable},
};

/// How many notes a report keeps; further ones are counted.
const MOST_NOTES: usize = 20;

/// The report of a fetch: what was requested, received, and not delivered.
///
/// Its `Display` is a summary line, and further lines where something is worth noting.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Requests for pages, with retries and redirects.
    pub requests: u64,
    /// Retries.
    pub retries: u64,
    /// Time that requests waited before they were sent, in total: between attempts, for the rate limiter,
    /// for a token.
    pub waited: Duration,
    /// Bytes of the bodies, after decompression.
    pub bytes: u64,
    /// Pages received.
    pub pages: u64,
    /// Rows received, before any filter. The API's offsets, limits and totals count these.
    pub received: u64,
    /// Records that `data_selector` found in them.
    pub selected: u64,
    /// Records delivered.
    pub delivered: u64,
    /// Records set aside by `schema_contract: {data_type: discard_row}`.
    pub discarded_rows: u64,
    /// Values made null by `schema_contract: {data_type: discard_value}`.
    pub discarded_values: u64,
    /// Values of undeclared keys.
    pub undeclared_values: u64,
    /// Responses that `response_actions` ignored.
    pub ignored: u64,
    /// Records outside the range of an incremental fetch, or delivered by an earlier one.
    pub outside_range: u64,
    /// Records that `processing_steps` left out.
    pub filtered: u64,
    /// Combinations of the lists of `partitions` that were fetched; of each record of the parent, if there is one.
    pub partitions: u64,
    /// Records of the parent whose children were fetched, in a fetch for all of them.
    pub parents: u64,
    /// Records of the parent without a request, because a field that it needs is null.
    pub skipped_parents: u64,
    /// Records of the parent without a request, because its `where` does not hold.
    pub filtered_parents: u64,
    /// Records of the parent that arrived again; their children are fetched once.
    pub repeated_parents: u64,
    /// The report of the parent's fetch, which the other numbers do not include.
    pub of_parents: Option<Box<Report>>,
    /// Whether all records arrived; `None` before the end and after an error that ended the fetch early.
    pub completeness: Option<Completeness>,
    /// Notes: why the fetch ended, a limit that the API ignored, examples of what was left out.
    pub notes: Vec<String>,
    /// The number of further notes.
    pub further_notes: u64,
    /// The columns that the records have.
    pub(crate) presence: Presence,
}

impl Report {
    /// Adds the report of a part of the fetch.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.waited += other.waited;
        self.bytes += other.bytes;
        self.pages += other.pages;
        self.received += other.received;
        self.selected += other.selected;
        self.delivered += other.delivered;
        self.discarded_rows += other.discarded_rows;
        self.discarded_values += other.discarded_values;
        self.undeclared_values += other.undeclared_values;
        self.ignored += other.ignored;
        self.outside_range += other.outside_range;
        self.filtered += other.filtered;
        for note in &other.notes {
            self.note(note.as_str());
        }
        self.further_notes += other.further_notes;
        self.presence.add(&other.presence);
    }

    /// Adds a note on columns that no record has.
    pub(crate) fn with_absent_columns(mut self) -> Self {
        if let Some(note) = self.presence.note() {
            self.note(note);
        }
        self
    }

    /// Adds the caveats of records, values and responses that were left out.
    pub(crate) fn warn(&self, completeness: &mut Completeness) {
        if self.ignored > 0 || self.discarded_rows > 0 {
            completeness.warn(Caveat::SetAside);
        }
        if self.discarded_values > 0 {
            completeness.warn(Caveat::DiscardedValue);
        }
    }

    /// Adds a note, once. Text of a server is escaped.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = printable(&note.into()).into_owned();
        if self.notes.contains(&note) {
            return;
        }
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        } else {
            self.further_notes += 1;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}, {}, {}",
            count(self.delivered, "record"),
            count(self.pages, "page"),
            count(self.requests, "request"),
            Bytes(self.bytes)
        )?;
        if self.retries > 0 {
            write!(
                f,
                "\n  {} after {} of waiting",
                count(self.retries, "repeated request"),
                Seconds(self.waited)
            )?;
        }
        if self.selected != self.received {
            write!(
                f,
                "\n  {} selected from {}",
                count(self.selected, "record"),
                count(self.received, "row")
            )?;
        }
        for (number, what) in [
            (self.discarded_rows, "record set aside, outside the schema"),
            (self.discarded_values, "value made null, outside the schema"),
            (self.undeclared_values, "value of undeclared keys left out"),
            (self.ignored, "response ignored by `response_actions`"),
            (
                self.outside_range,
                "record outside the range or seen before",
            ),
            (self.filtered, "record left out by `processing_steps`"),
        ] {
            if number > 0 {
                let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
                write!(f, "\n  {} {rest}", count(number, noun))?;
            }
        }
        if let Some(parents) = &self.of_parents {
            let parents = parents.to_string().replace('\n', "\n  ");
            write!(f, "\n  for {}: {parents}", count(self.parents, "parent"))?;
        }
        if self.partitions > 0 {
            write!(f, "\n  for {}", count(self.partitions, "partition"))?;
        }
        if self.skipped_parents > 0 {
            let parents = count(self.skipped_parents, "parent");
            write!(
                f,
                "\n  {parents} skipped: a field that the request needs is null"
            )?;
        }
        if self.filtered_parents > 0 {
            let parents = count(self.filtered_parents, "parent");
            write!(f, "\n  {parents} left out by `where`")?;
        }
        if self.repeated_parents > 0 {
            let parents = count(self.repeated_parents, "parent");
            write!(f, "\n  {parents} that came again, fetched for once")?;
        }
        if let Some(completeness) = &self.completeness
            && completeness.is_incomplete()
        {
            for reason in completeness.reasons() {
                write!(f, "\n  incomplete: {reason}")?;
            }
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        if self.further_notes > 0 {
            write!(f, "\n  note: {} more", self.further_notes)?;
        }
        Ok(())
    }
}

/// `1 page`, `2 pages`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

/// Shows a number of bytes: `41 kB`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1_000 => write!(f, "{bytes} B"),
            bytes @ 1_000..1_000_000 => write!(f, "{} kB", bytes.div_ceil(1_000)),
            bytes => write!(f, "{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_fetch_is_one_line() {
        let report = Report {
            requests: 4,
            bytes: 41_200,
            pages: 3,
            received: 250,
            selected: 250,
            delivered: 250,
            ..Report::default()
        };
        assert_eq!(
            report.to_string(),
            "250 records, 3 pages, 4 requests, 42 kB"
        );
    }

    #[test]
    fn what_was_left_out_is_counted_in_lines_of_its_own() {
        let mut report = Report {
            requests: 2,
            retries: 1,
            waited: Duration::from_millis(2_500),
            bytes: 999,
            pages: 1,
            delivered: 1,
            discarded_rows: 1,
            undeclared_values: 12,
            ..Report::default()
        };
        report.note("ended: no more");
        report.note("ended: no more");
        assert_eq!(
            report.to_string(),
            "1 record, 1 page, 2 requests, 999 B\n  \
             1 repeated request after 2.5 s of waiting\n  \
             1 record set aside, outside the schema\n  \
             12 values of undeclared keys left out\n  \
             note: ended: no more"
        );
    }

    #[test]
    fn notes_are_bounded_and_the_rest_counted() {
        let mut report = Report::default();
        for n in 0..25 {
            report.note(format!("{n}"));
        }
        assert_eq!((report.notes.len(), report.further_notes), (20, 5));
    }
}
