//! The whole response: the records and the probed values, wherever they stand, in one pass.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    PageShape, Probe, Unread,
    fault::{Found, Place},
    fingerprint::{fingerprint, fold},
    matches::{Match, Matches, Search},
    object::pick,
    probe,
    query::Query,
    raw_rows::{self, Holder, RawRows},
    reader::Reader,
    records::{RecordShape, Single},
    selector,
    shape::JsonKind,
    text::Source,
    visit::{Visit, visit},
};
use crate::{
    schema::{Path, Step},
    shared::Text,
};

/// What is read at one place of the response, and below it.
#[derive(Debug, Default)]
pub(super) struct Spot {
    /// Whether the records are here.
    pub(super) records: bool,
    /// The probes of this place.
    pub(super) probes: Vec<usize>,
    /// The columns' fields of this place.
    pub(super) fields: Vec<usize>,
    pub(super) members: Vec<(Text, Spot)>,
    pub(super) elements: Vec<(i32, Spot)>,
}

impl Spot {
    /// The places of the records, if they are at one place, of the probes, and of the columns' fields.
    pub(super) fn new(records: Option<&Path>, probes: &[Path], fields: &[Path]) -> Self {
        let mut root = Self::default();
        if let Some(path) = records {
            root.at(&path.0).records = true;
        }
        for (index, path) in probes.iter().enumerate() {
            root.at(&path.0).probes.push(index);
        }
        for (index, path) in fields.iter().enumerate() {
            root.at(&path.0).fields.push(index);
        }
        root
    }

    fn at(&mut self, path: &[Step]) -> &mut Self {
        match path.split_first() {
            None => self,
            Some((Step::Key(key), rest)) => child(&mut self.members, key).at(rest),
            Some((Step::Index(index), rest)) => child(&mut self.elements, index).at(rest),
        }
    }

    /// Whether only keys of an object are wanted here.
    fn is_within(&self) -> bool {
        !self.records && self.has_no_values() && self.elements.is_empty()
    }

    /// Whether only the records are wanted here, of a value of this kind.
    pub(super) fn is_records(&self, kind: Option<JsonKind>) -> bool {
        let members = !self.members.is_empty() && kind != Some(JsonKind::List);
        self.records && self.has_no_values() && self.elements.is_empty() && !members
    }

    pub(super) fn has_no_values(&self) -> bool {
        self.probes.is_empty() && self.fields.is_empty()
    }
}

fn child<'c, K: Clone + PartialEq>(children: &'c mut Vec<(K, Spot)>, name: &K) -> &'c mut Spot {
    let at = children
        .iter()
        .position(|(other, _)| other == name)
        .unwrap_or_else(|| {
            children.push((name.clone(), Spot::default()));
            children.len() - 1
        });
    &mut children[at].1
}

/// What the selector came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selected {
    /// It found nothing.
    Nothing,
    /// It found records, none included.
    Records,
    /// It found something else.
    Unsuited,
}

/// Where the records stand in the text, as far as that was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) start: Option<usize>,
    /// The first key after them; where there is none, the text's end.
    pub(super) end: Option<usize>,
}

impl Extent {
    /// The part of the text that the records are in, with no value beside them; all of it where none
    /// was seen.
    pub(super) fn within(self, text: &str) -> &str {
        let start = self.start.unwrap_or(0);
        let end = self.end.unwrap_or(text.len());
        text.get(start..end).unwrap_or(text)
    }
}

/// Reads the response.
pub(super) struct Document<'t, 'o, 's> {
    pub(super) reader: Reader<'t, 'o>,
    pub(super) shape: &'s RecordShape,
    /// Whether one record may stand in place of their list.
    pub(super) single: Single,
    /// Where the records are, as JSONPath.
    pub(super) path: &'s str,
    pub(super) probes: Vec<Probe>,
    /// Where the columns' fields stand in the text, and how long they are.
    pub(super) fields: Vec<Option<(usize, usize)>>,
    pub(super) selected: Selected,
    pub(super) records_at: Extent,
    /// The first declared key that stands twice.
    pub(super) twice: Option<Text>,
}

impl Document<'_, '_, '_> {
    /// Reads what is wanted at a spot. `at` is where its value stands in the text, where that is
    /// known.
    pub(super) fn spot<'de, D: Deserializer<'de>>(
        &mut self,
        spot: &Spot,
        at: Option<usize>,
        deserializer: D,
    ) -> Result<(), D::Error> {
        let kind = at.and_then(|at| self.reader.source.kind(at));
        if spot.is_within() {
            let within = Within {
                document: self,
                spot,
            };
            return visit(deserializer, within);
        }
        if spot.records {
            self.records_at.start = at;
        }
        if spot.is_records(kind) {
            return self.records(deserializer);
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        self.several(spot, raw).map_err(serde::de::Error::custom)
    }

    fn records<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        let suited = self
            .reader
            .records(self.shape, self.single, self.path, deserializer)?;
        self.selected = if suited {
            Selected::Records
        } else {
            Selected::Unsuited
        };
        Ok(())
    }

    /// Reads what a query found: the elements of each list, and each object. The fingerprint of them all.
    pub(super) fn read_matches(&mut self, query: &Query, found: Vec<Match<'_>>) -> u64 {
        self.selected = Selected::Records;
        let mut print = 0;
        for Match { path, key, raw } in found {
            self.reader.out.key = key.and_then(|key| self.reader.out.keep_text(&key));
            if query.chooses_elements() && self.shape.is_list() && raw.starts_with('[') {
                self.reader
                    .record_of(self.shape, raw, &Place::Records(&path));
            } else {
                self.reader.record_match(self.shape, raw, &path);
            }
            print = fold(print, fingerprint(raw));
        }
        print
    }

    /// Reads the records that a query finds, and gives the raw rows among which it chose them.
    ///
    /// # Errors
    ///
    /// Where it finds nothing to choose among, or does not tell the rows that have to be counted.
    pub(super) fn query(
        &mut self,
        query: &Query,
        json: &str,
        shape: &PageShape,
    ) -> Result<RawRows, Unread> {
        let Search {
            matches,
            rows,
            misfit,
            twice,
        } = query.find(json, shape.around.needs_keys())?;
        if let Some(key) = twice {
            return Err(Unread::NoRecords(selector::twice(&key)));
        }
        let finds_some = matches!(&matches, Matches::Found(found) if !found.is_empty());
        let fingerprint = match matches {
            Matches::Found(found) => self.read_matches(query, found),
            Matches::Lacking { place, raw } if shape.required => {
                let error = selector::nothing_for(&query.text, &place, raw);
                return Err(Unread::NoRecords(error));
            }
            Matches::Lacking { .. } => 0,
        };
        if let Some((place, raw)) = misfit.filter(|_| shape.required || finds_some) {
            return Err(Unread::NoRecords(selector::no_list_for(
                &query.text,
                &place,
                raw,
            )));
        }
        match rows {
            Some(rows) => Ok(rows),
            None if shape.counts_rows && shape.rows_path.is_none() => {
                Err(Unread::NoRecords(raw_rows::ambiguous(&query.text)))
            }
            None => Ok(RawRows {
                count: self.reader.out.selected,
                fingerprint,
                holder: Holder::Value,
            }),
        }
    }

    /// The raw rows of a page whose records were found by a path: the records themselves.
    pub(super) fn selected_rows(&self, json: &str, shape: &PageShape) -> RawRows {
        let count = self.reader.out.selected;
        RawRows {
            count,
            holder: match self.selected {
                Selected::Nothing => Holder::Nothing,
                _ if count > 0 => Holder::Value,
                _ => selector::at(json, &shape.path).map_or(Holder::Nothing, Holder::of),
            },
            fingerprint: match self.records_at.within(json) {
                _ if !shape.paged => 0,
                text => fingerprint(text),
            },
        }
    }

    /// Reads several things out of one value's text.
    fn several(&mut self, spot: &Spot, raw: &str) -> serde_json::Result<()> {
        for probe in &spot.probes {
            if let Some(found) = self.probes.get_mut(*probe) {
                *found = probe::read(raw)?;
            }
        }
        for field in &spot.fields {
            if let Some(found) = self.fields.get_mut(*field) {
                let start = self.reader.source.offset_of(raw);
                *found = start.map(|start| (start, raw.len()));
            }
        }
        if spot.records {
            self.records(&mut serde_json::Deserializer::from_str(raw))?;
            // What is read besides may stand in them.
            self.records_at.end = self.records_at.start.map(|start| start + raw.len());
        }
        if !spot.members.is_empty() {
            let mut deserializer = serde_json::Deserializer::from_str(raw);
            let within = Within {
                document: self,
                spot,
            };
            visit(&mut deserializer, within)?;
        }
        if !spot.elements.is_empty() && raw.starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(raw)?;
            for (index, spot) in &spot.elements {
                if let Some((_, element)) = pick(&list, *index) {
                    let element = element.get();
                    let at = self.reader.source.offset_of(element);
                    self.spot(spot, at, &mut serde_json::Deserializer::from_str(element))?;
                }
            }
        }
        Ok(())
    }
}

/// Reads spots from the keys of an object; from anything else, none.
struct Within<'r, 't, 'o, 's> {
    document: &'r mut Document<'t, 'o, 's>,
    spot: &'r Spot,
}

impl<'de> Visit<'de> for Within<'_, '_, '_, '_> {
    type Value = ();

    fn other(self, _: Found<'_>) {}

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { document, spot } = self;
        let mut seen = 0_u64;
        while let Some(key) = map.next_key_seed(KeySeed {
            source: document.reader.source,
            spot,
        })? {
            if document.selected != Selected::Nothing {
                document.records_at.end = document.records_at.end.or(key.start);
            }
            let member = key
                .member
                .and_then(|index| spot.members.get(index).map(|member| (index, member)));
            let Some((index, (name, spot))) = member else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // A paginator asks for a handful of places.
            let bit = 1_u64
                .checked_shl(u32::try_from(index).unwrap_or(u32::MAX))
                .unwrap_or(0);
            if seen & bit != 0 {
                document.twice.get_or_insert_with(|| name.clone());
            }
            seen |= bit;
            map.next_value_seed(SpotSeed {
                document: &mut *document,
                spot,
                at: key.value,
            })?;
        }
        Ok(())
    }
}

/// A key that was met.
struct Key {
    /// Where it starts, where that is known.
    start: Option<usize>,
    /// Which of the spot's it is.
    member: Option<usize>,
    /// Where its value starts, likewise.
    value: Option<usize>,
}

/// Finds a key among a spot's.
struct KeySeed<'t, 's> {
    source: Source<'t>,
    spot: &'s Spot,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let start = self.source.offset_of(key);
        let member = self.spot.members.iter().position(|(name, _)| *name == key);
        Ok(Key {
            start,
            member,
            value: start.map(|start| self.source.after_quote(start + key.len())),
        })
    }
}

struct SpotSeed<'r, 't, 'o, 's> {
    document: &'r mut Document<'t, 'o, 's>,
    spot: &'r Spot,
    at: Option<usize>,
}

impl<'de> DeserializeSeed<'de> for SpotSeed<'_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.document.spot(self.spot, self.at, deserializer)
    }
}
