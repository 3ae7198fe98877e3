//! The columns of records: types, formats, nullability, each with its evidence.

use std::collections::{BTreeMap, BTreeSet};

use rest_source_codegen::write::{Map, Node, snake_name, type_name};

use super::{
    Json,
    selector::{is_alike, is_data_key},
    times::{self, TimeType},
};

/// How many values a column needs for statements about all of them.
pub(super) const ENOUGH: usize = 20;

/// The most words of an enum.
const WORDS: usize = 12;

/// How many examples of texts are kept for enums and formats.
const DISTINCT: usize = 200;

/// The most columns of an object; one with more keys is a map.
const FIELDS: usize = 1000;

/// A column, or what the elements of a list are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The key in the response.
    pub key: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether no value was null or absent, of enough values to say so.
    pub is_required: bool,
    /// What was seen: `null in 3 of 500`.
    pub evidence: Vec<String>,
    /// What is not certain.
    pub doubts: Vec<String>,
}

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DataType {
    Text,
    Bigint,
    /// Whole numbers that are written as text.
    BigintText,
    Double,
    Bool,
    /// `true` and `false` as text.
    BoolText,
    Decimal,
    Time,
    Date(Option<String>),
    Timestamp {
        format: Option<String>,
        timezone: Option<String>,
    },
    Binary,
    Json,
    Enum(Vec<String>),
    Object(Vec<Column>),
    List(Box<Column>),
    Map(Box<Column>),
    Union(Vec<DataType>),
}

/// What was seen of the values of one column.
#[derive(Default)]
struct Seen<'a> {
    /// How often there could be a value.
    places: usize,
    nulls: usize,
    bools: usize,
    numbers: Vec<&'a str>,
    texts: Vec<&'a str>,
    lists: Vec<&'a [Json]>,
    objects: Vec<&'a Json>,
}

/// The columns of records, in the order in which their keys were seen.
pub(super) fn infer(records: &[&Json]) -> Vec<Column> {
    let mut keys: Vec<&str> = Vec::new();
    let mut seen: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    for record in records {
        for (key, value) in record.members() {
            let column = seen.entry(key).or_insert_with(|| {
                keys.push(key);
                Seen::default()
            });
            column.add(value);
        }
    }
    keys.into_iter()
        .map(|key| {
            let mut column = seen.remove(key).unwrap_or_default();
            column.places = records.len();
            column.column(key)
        })
        .collect()
}

impl<'a> Seen<'a> {
    fn add(&mut self, value: &'a Json) {
        match value {
            Json::Null => self.nulls += 1,
            Json::Bool(_) => self.bools += 1,
            Json::Number(text) => self.numbers.push(text),
            Json::Text(text) => self.texts.push(text),
            Json::List(elements) => self.lists.push(elements),
            Json::Map(_) => self.objects.push(value),
        }
    }

    const fn values(&self) -> usize {
        self.bools + self.numbers.len() + self.texts.len() + self.lists.len() + self.objects.len()
    }

    fn column(&self, key: &str) -> Column {
        let mut column = Column {
            key: key.to_owned(),
            data_type: DataType::Json,
            is_required: false,
            evidence: Vec::new(),
            doubts: Vec::new(),
        };
        let (values, places) = (self.values(), self.places);
        let absent = places - values - self.nulls;
        if self.nulls > 0 {
            column
                .evidence
                .push(format!("null in {} of {places}", self.nulls));
        }
        if absent > 0 {
            column
                .evidence
                .push(format!("absent in {absent} of {places}"));
        }
        if values == 0 {
            column
                .doubts
                .push(format!("always null in {places}: its type is not known"));
            return column;
        }
        column.data_type = self.data_type(key, &mut column.evidence, &mut column.doubts);
        column.is_required = values == places && places >= ENOUGH;
        if values == places && places < ENOUGH {
            column.evidence.push(format!("never null in only {places}"));
        }
        column
    }

    fn data_type(
        &self,
        key: &str,
        evidence: &mut Vec<String>,
        doubts: &mut Vec<String>,
    ) -> DataType {
        let kinds = [
            self.bools > 0,
            !self.numbers.is_empty(),
            !self.texts.is_empty(),
            !self.lists.is_empty(),
            !self.objects.is_empty(),
        ];
        match kinds {
            [true, false, false, false, false] => DataType::Bool,
            [false, true, false, false, false] => self.number(key, evidence, doubts),
            [false, false, true, false, false] => self.text(key, evidence, doubts),
            [false, false, false, true, false] => self.list(doubts),
            [false, false, false, false, true] => self.object(evidence, doubts),
            [false, true, true, false, false] if self.texts.iter().all(|text| is_number(text)) => {
                evidence.push(format!(
                    "{} numbers, {} numbers as text",
                    self.numbers.len(),
                    self.texts.len()
                ));
                DataType::Decimal
            }
            [bools, numbers, texts, false, false] => {
                evidence.push(self.mixture());
                let number = self.number("", &mut Vec::new(), &mut Vec::new());
                // A decimal may be a text, too: a union could not tell them apart.
                if texts && numbers && number == DataType::Decimal {
                    return DataType::Json;
                }
                let members = [
                    texts.then_some(DataType::Text),
                    numbers.then_some(number),
                    bools.then_some(DataType::Bool),
                ];
                DataType::Union(members.into_iter().flatten().collect())
            }
            _ => {
                evidence.push(self.mixture());
                DataType::Json
            }
        }
    }

    fn mixture(&self) -> String {
        let kinds = [
            (self.texts.len(), "text"),
            (self.numbers.len(), "number"),
            (self.bools, "boolean"),
            (self.lists.len(), "list"),
            (self.objects.len(), "object"),
        ];
        let kinds = kinds.iter().filter(|(count, _)| *count > 0);
        let kinds: Vec<String> = kinds
            .map(|(count, name)| super::count(*count, name))
            .collect();
        format!("mixed: {}", kinds.join(", "))
    }

    fn number(&self, key: &str, evidence: &mut Vec<String>, doubts: &mut Vec<String>) -> DataType {
        if self.numbers.iter().all(|number| is_whole(number)) {
            if self
                .numbers
                .iter()
                .all(|number| number.parse::<i64>().is_ok())
            {
                return match times::epoch(&self.numbers, key) {
                    Some(format) => {
                        doubts.push(format!("whole numbers that were taken for `{format}`"));
                        DataType::Timestamp {
                            format: Some(format.to_owned()),
                            timezone: None,
                        }
                    }
                    None => DataType::Bigint,
                };
            }
            evidence.push("whole numbers beyond 64 bits".to_owned());
            return DataType::Decimal;
        }
        if let Some(exact) = self.numbers.iter().find(|number| !is_double(number)) {
            evidence.push(format!("more digits than a double has: {exact}"));
            return DataType::Decimal;
        }
        DataType::Double
    }

    fn text(&self, key: &str, evidence: &mut Vec<String>, doubts: &mut Vec<String>) -> DataType {
        let texts = &self.texts;
        if let Some(found) = times::text(texts) {
            doubts.extend(found.doubt);
            return match found.data_type {
                TimeType::Time => DataType::Time,
                TimeType::Date(format) => DataType::Date(format),
                TimeType::Timestamp { format, timezone } => {
                    DataType::Timestamp { format, timezone }
                }
            };
        }
        if texts.iter().all(|text| is_number(text)) {
            if texts.iter().all(|text| is_whole(text)) {
                return whole_text(texts, key, doubts);
            }
            if texts.iter().all(|text| text.contains('.')) || texts.len() >= ENOUGH {
                doubts.push("numbers as text that were taken for amounts".to_owned());
                return DataType::Decimal;
            }
        }
        let distinct: BTreeSet<&str> = texts.iter().copied().take(100_000).collect();
        if distinct
            .iter()
            .all(|text| matches!(*text, "true" | "false"))
            && texts.len() >= 3
        {
            doubts.push("booleans as text".to_owned());
            return DataType::BoolText;
        }
        if is_base64(&distinct, texts.len()) {
            doubts.push("texts that were taken for bytes in base64".to_owned());
            return DataType::Binary;
        }
        if let Some(words) = words(texts, &distinct) {
            evidence.push(format!("{} words in {} values", words.len(), texts.len()));
            return DataType::Enum(words);
        }
        DataType::Text
    }

    fn list(&self, doubts: &mut Vec<String>) -> DataType {
        let mut elements = Seen::default();
        for element in self.lists.iter().copied().flatten() {
            elements.add(element);
            elements.places += 1;
        }
        if elements.places == 0 {
            doubts.push("every list is empty: the type of its elements is not known".to_owned());
        }
        let mut items = elements.column("");
        if elements.places == 0 {
            items.doubts.clear();
        }
        doubts.append(&mut items.doubts);
        DataType::List(Box::new(items))
    }

    fn object(&self, evidence: &mut Vec<String>, doubts: &mut Vec<String>) -> DataType {
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        let mut members = Seen::default();
        for (key, value) in self.objects.iter().flat_map(|object| object.members()) {
            keys.insert(key);
            members.add(value);
            members.places += 1;
        }
        if keys.is_empty() {
            doubts.push("every object is empty".to_owned());
            return DataType::Json;
        }
        if self.is_map(&keys, &members) {
            let (keys, objects) = (
                super::count(keys.len(), "key"),
                super::count(self.objects.len(), "object"),
            );
            evidence.push(format!("{keys} in {objects}"));
            let mut values = members.column("");
            doubts.append(&mut values.doubts);
            return DataType::Map(Box::new(values));
        }
        if keys.len() > FIELDS {
            doubts.push(format!("{} keys of different types", keys.len()));
            return DataType::Json;
        }
        DataType::Object(infer(&self.objects))
    }

    /// Whether the keys are data: many of them or odd ones, with values of one kind.
    fn is_map(&self, keys: &BTreeSet<&str>, members: &Seen<'_>) -> bool {
        let kinds = [
            members.bools > 0,
            !members.numbers.is_empty(),
            !members.texts.is_empty(),
            !members.lists.is_empty(),
            !members.objects.is_empty(),
        ];
        if kinds.iter().filter(|kind| **kind).count() != 1 {
            return false;
        }
        if !members.objects.is_empty() && !is_alike(members.objects.iter().copied()) {
            return false;
        }
        let odd = keys.iter().filter(|key| is_data_key(key)).count();
        let per_object = members.places.div_ceil(self.objects.len().max(1));
        let is_sparse = keys.len() > 30 && per_object * 4 < keys.len();
        odd > 0 && odd * 3 >= keys.len() || is_sparse
    }
}

/// Whole numbers as text: identifiers stay text.
fn whole_text(texts: &[&str], key: &str, doubts: &mut Vec<String>) -> DataType {
    let name = snake_name(key);
    let is_name_of_text = [
        "id",
        "code",
        "zip",
        "phone",
        "postal_code",
        "version",
        "number",
        "sku",
        "isbn",
    ]
    .iter()
    .any(|word| name == *word || name.ends_with(&format!("_{word}")));
    let fits = texts.iter().all(|text| text.parse::<i64>().is_ok());
    if is_name_of_text || !fits || texts.len() < 3 {
        doubts.push(
            "whole numbers as text: `{ data_type: bigint, decode: text }` reads them".to_owned(),
        );
        return DataType::Text;
    }
    doubts.push("whole numbers as text".to_owned());
    DataType::BigintText
}

/// The words of an enum, if the texts are few words that are repeated.
fn words(texts: &[&str], distinct: &BTreeSet<&str>) -> Option<Vec<String>> {
    let is_word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.len() <= 40
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    let is_enum = distinct.len() <= WORDS
        && texts.len() >= ENOUGH
        && texts.len() >= 5 * distinct.len()
        && distinct.len() >= 2
        && distinct.iter().all(|text| is_word(text));
    let names: BTreeSet<String> = distinct.iter().map(|text| type_name(text)).collect();
    if !is_enum || names.len() != distinct.len() || names.contains("Other") {
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        if words.len() < distinct.len() && !words.iter().any(|word| word == text) {
            words.push((*text).to_owned());
        }
    }
    Some(words)
}

/// Whether texts are base64 and no words: some have padding or a character that words do not have.
fn is_base64(distinct: &BTreeSet<&str>, texts: usize) -> bool {
    let is_base64 = |text: &str| {
        let (body, padding) = match text.find('=') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        padding.len() <= 2
            && padding.bytes().all(|byte| byte == b'=')
            && body.len() % 4 != 1
            && (padding.is_empty() || text.len().is_multiple_of(4))
            && body
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    };
    let odd = distinct.iter().filter(|text| text.contains(['=', '+']));
    texts >= ENOUGH
        && distinct.len() >= 3
        && odd.count() * 4 >= distinct.len()
        && distinct.iter().take(DISTINCT).all(|text| is_base64(text))
}

/// Whether a text is a number as JSON writes it, without an exponent.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction) && (whole == "0" || !whole.starts_with('0'))
}

fn is_whole(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    is_number(number) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a double has all digits of a number.
fn is_double(number: &str) -> bool {
    let Ok(value) = number.parse::<f64>() else {
        return false;
    };
    value.is_finite() && normal(number) == normal(&format!("{value:e}"))
}

/// The digits of a number without zeros around them, and the power of ten of the last one.
fn normal(number: &str) -> (String, i64) {
    let number = number.to_ascii_lowercase();
    let (digits, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(0);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = format!("{whole}{fraction}");
    let all = all.trim_start_matches('-').trim_start_matches('0');
    let kept = all.trim_end_matches('0');
    let power = exponent - i64::try_from(fraction.len()).unwrap_or(0)
        + i64::try_from(all.len() - kept.len()).unwrap_or(0);
    if kept.is_empty() {
        return (String::new(), 0);
    }
    (kept.to_owned(), power)
}

impl Column {
    /// The column as a spec has it, after its key.
    pub fn node(&self) -> Node {
        let mut map = self.data_type.map();
        if self.is_required {
            map.set("nullable", false);
        }
        Node::from(map)
    }

    /// The comments of the column in a spec: what was seen, then each doubt.
    pub fn comments(&self) -> Vec<String> {
        super::comments(&self.evidence, &self.doubts)
    }
}

impl DataType {
    /// The word of the type.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint | Self::BigintText => "bigint",
            Self::Double => "double",
            Self::Bool | Self::BoolText => "bool",
            Self::Decimal => "decimal",
            Self::Time => "time",
            Self::Date(_) => "date",
            Self::Timestamp { .. } => "timestamp",
            Self::Binary => "binary",
            Self::Json => "json",
            Self::Enum(_) => "enum",
            Self::Object(_) => "object",
            Self::List(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
        }
    }

    pub(super) fn map(&self) -> Map {
        let mut map = Map::new();
        map.set("data_type", self.word());
        match self {
            Self::BigintText | Self::BoolText => {
                map.set("decode", "text");
            }
            Self::Date(Some(format)) => {
                map.set("format", format.as_str());
            }
            Self::Timestamp { format, timezone } => {
                if let Some(format) = format {
                    map.set("format", format.as_str());
                }
                if let Some(timezone) = timezone {
                    map.set("timezone", timezone.as_str());
                }
            }
            Self::Enum(words) => {
                let words = words.iter().map(|word| Node::Text(word.clone()));
                map.set("values", words.collect::<Vec<_>>());
            }
            Self::Object(fields) => {
                map.set("fields", columns_map(fields, &[]));
            }
            Self::List(items) => {
                map.set("items", items.node());
            }
            Self::Map(values) => {
                map.set("values", values.node());
            }
            Self::Union(members) => {
                let members = members.iter().map(|member| Node::from(member.word()));
                map.set("of", members.collect::<Vec<_>>());
            }
            _ => {}
        }
        map
    }
}

/// Columns as the map of a spec, with their comments. Columns whose names would be equal are renamed. Those of the key
/// are never null.
pub(super) fn columns_map(columns: &[Column], key: &[String]) -> Map {
    let mut map = Map::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for column in columns {
        let mut node = column_node(column, &mut taken);
        if key.contains(&column.key) {
            node.remove("nullable");
        }
        map.set(&column.key, node);
        for comment in column.comments() {
            map.comment(&column.key, &comment);
        }
    }
    map
}

/// A column as the map of a spec, renamed if its name is taken.
pub(super) fn column_node(column: &Column, taken: &mut BTreeSet<String>) -> Map {
    let own = snake_name(&column.key);
    let name = if own.is_empty() {
        "value".to_owned()
    } else {
        own.clone()
    };
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let free = names
        .find(|name| taken.insert(name.to_lowercase()))
        .unwrap_or_default();
    let mut node = column.data_type.map();
    if free != own {
        node.set("rename", free);
    }
    if column.is_required {
        node.set("nullable", false);
    }
    node
}
