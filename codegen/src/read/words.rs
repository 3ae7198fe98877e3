//! What messages call places, shapes and values.

use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::grammar::{
    AUTH, AnyKey, Context, Family, Member, RATE_LIMIT, RETRY, Shape, TIMEOUT, Word,
};
use crate::type_words;
use crate::unseen;
use crate::value;
use crate::yaml::{self, Entry, Kind, Node, Scalar, Value};

/// The names of the current value and its owner in messages.
#[derive(Clone)]
pub(super) struct KeyContext {
    /// Of a value: its key, in backticks.
    pub key: String,
    /// Of a map: "resource `stories`".
    pub owner: String,
}

impl KeyContext {
    /// The value in words: "`limit` in the `offset` paginator", "column `id` of resource `stories`".
    pub(super) fn subject(&self) -> String {
        let is_owner =
            self.key == self.owner || self.owner.starts_with(&format!("column {} of ", self.key));
        if is_owner {
            self.owner.clone()
        } else {
            format!("{} in {}", self.key, self.owner)
        }
    }

    pub(super) fn new(key: &str, owner: &str) -> Self {
        Self {
            key: format!("`{key}`"),
            owner: owner.to_owned(),
        }
    }
}

/// What has keys, for messages.
pub(super) trait Named {
    /// In the table of other words.
    fn name(&self) -> &'static str;
    /// With its article.
    fn title(&self) -> String;
    fn tag(&self) -> Option<&'static str>;
}

impl Named for Context {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> String {
        self.name.to_owned()
    }

    fn tag(&self) -> Option<&'static str> {
        None
    }
}

pub(super) struct Kinded {
    pub family: &'static Family,
    pub member: &'static Member,
}

impl Named for Kinded {
    fn name(&self) -> &'static str {
        self.family.name
    }

    fn title(&self) -> String {
        let Self { family, member } = self;
        format!(
            "{} of {} `{}`",
            with_article(family.name),
            family.tag,
            member.word.name
        )
    }

    fn tag(&self) -> Option<&'static str> {
        Some(self.family.tag)
    }
}

pub(super) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}

/// The word of a scalar in the place of a map: `text!` of a column is `text`.
pub(super) fn bare<'s>(family: &Family, scalar: &'s Scalar) -> &'s str {
    let text = scalar.text.as_str();
    if family.name == "column" {
        text.strip_suffix('!').unwrap_or(text)
    } else {
        text
    }
}

/// Where a map or a list begins: its whole text would be too much to underline.
pub(super) fn heading(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span.clone(), |first| {
            // A flow map begins with its brace, a block map with its first key.
            node.span.start..first.key.span.end.max(node.span.start)
        }),
        _ => node.span.clone(),
    }
}

/// What a map under a key is called: "`retry` of `client`".
pub(super) fn owner_of(place: &KeyContext) -> String {
    if place.owner == "the spec" {
        return place.key.clone();
    }
    match place.key.as_str() {
        "`endpoint`" => format!("the endpoint of {}", place.owner),
        key if place.owner.starts_with("column ") && place.owner.contains(key) => {
            place.owner.clone()
        }
        key => format!("{key} of {}", place.owner),
    }
}

/// What owns the value under a name of a dict.
pub(super) fn dict_owner(values: &Shape, name: &str, place: &KeyContext) -> String {
    match values {
        Shape::Tagged(family) if family.name == "column" => {
            format!("column `{name}` of {}", place.owner)
        }
        _ => format!("{} of {}", place.key, place.owner).replace(" of the spec", ""),
    }
}

/// "the offset paginator of resource `stories`".
pub(super) fn family_owner(family: &Family, member: &Member, owner: &str) -> String {
    match family.name {
        "paginator" => owner.replacen(
            "`paginator`",
            &format!("the `{}` paginator", member.word.name),
            1,
        ),
        "auth" => owner.replacen("`auth`", &format!("the `{}` auth", member.word.name), 1),
        _ => owner.to_owned(),
    }
}

pub(super) fn words<'w>(words: impl Iterator<Item = &'w Word>) -> String {
    words.map(|word| word.name).collect::<Vec<_>>().join(", ")
}

pub(super) fn kinds(family: &Family) -> String {
    format!("the kind of {}", family.name)
}

/// What a shape wants, in words.
pub(super) fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Template | Shape::Scalar => "text".to_owned(),
        Shape::ScalarOrNull => "a scalar".to_owned(),
        Shape::Identifier => "a name".to_owned(),
        Shape::Bool => "`true` or `false`".to_owned(),
        Shape::Integer(least) | Shape::IntegerOrSetting(least) => expected_integer(*least),
        Shape::Number => "a number".to_owned(),
        Shape::Duration => "a duration".to_owned(),
        Shape::Size => "a size".to_owned(),
        Shape::Status => "a status".to_owned(),
        Shape::Path | Shape::Selector => "a JSONPath".to_owned(),
        Shape::Url => "a URL".to_owned(),
        Shape::Rust => "the path of a Rust item".to_owned(),
        Shape::Word(known) => match known().as_slice() {
            [one] => format!("`{}`", one.name),
            several => format!("one of {}", words(several.iter().copied())),
        },
        Shape::Map(_) | Shape::Dict(_) => "a map".to_owned(),
        Shape::Tagged(family) if family.may_be_bare => {
            let noun = if family.name == "column" {
                "type"
            } else {
                family.name
            };
            format!("{} or a map with `{}`", with_article(noun), family.tag)
        }
        Shape::Tagged(family) => format!("a map with `{}`", family.tag),
        Shape::List(_) => "a list".to_owned(),
        Shape::Either(first, second) => format!("{} or {}", expected(first), expected(second)),
        Shape::Json => "a JSON value".to_owned(),
    }
}

pub(super) fn expected_integer(least: u64) -> String {
    match least {
        0 => "a whole number".to_owned(),
        least => format!("a whole number of at least {least}"),
    }
}

/// What a value is, in words.
pub(super) fn found(node: &Node) -> String {
    let scalar = match &node.value {
        Value::Map(_) => return "a map".to_owned(),
        Value::List(_) => return "a list".to_owned(),
        Value::Scalar(scalar) => scalar,
    };
    match scalar.kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(_) | Kind::Integer | Kind::Float => format!("`{}`", scalar.text),
        Kind::Text | Kind::Unclear => format!("the text \"{}\"", scalar.text),
    }
}

/// What to do about a value of the wrong type.
pub(super) struct Advice {
    pub help: String,
    /// What surely was meant, to be written in place of the whole value.
    pub instead: Option<String>,
}

impl Advice {
    pub(super) fn new(help: impl Into<String>) -> Self {
        Self {
            help: help.into(),
            instead: None,
        }
    }
}

/// What to do about a value of the wrong type, where that can be told.
pub(super) fn advice(shape: &Shape, node: &Node) -> Option<Advice> {
    match (&node.value, shape) {
        (Value::Scalar(scalar), Shape::Integer(_) | Shape::IntegerOrSetting(_) | Shape::Number)
            if scalar.kind == Kind::Text && value::integer(&scalar.text).is_some() =>
        {
            // One with zeros before it is none without quotes.
            let is_number = yaml::plain(&scalar.text) == Kind::Integer;
            Some(Advice {
                help: "remove the quotes".to_owned(),
                instead: is_number.then(|| scalar.text.clone()),
            })
        }
        (Value::Scalar(scalar), Shape::Integer(_) | Shape::IntegerOrSetting(_) | Shape::Number) => {
            let number = number_of(&scalar.text)?;
            Some(Advice::new(format!("write `{number}`")))
        }
        (Value::Scalar(scalar), Shape::Bool) => {
            let meant = bool_of(&scalar.text)?;
            Some(Advice {
                help: format!("write `{meant}`"),
                instead: (scalar.kind == Kind::Text).then(|| meant.to_string()),
            })
        }
        _ => in_words(shape, node).map(Advice::new),
    }
}

/// The bool that a word is to other languages.
fn bool_of(word: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|one| one.eq_ignore_ascii_case(word));
    if is(["true", "yes", "on", "1"]) {
        Some(true)
    } else if is(["false", "no", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// The number that a word is.
fn number_of(word: &str) -> Option<usize> {
    const WORDS: [&str; 11] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    WORDS.iter().position(|one| one.eq_ignore_ascii_case(word))
}

fn in_words(shape: &Shape, node: &Node) -> Option<String> {
    match (&node.value, shape) {
        (Value::Map(entries), _) if is_placeholder(entries) => {
            let name = &entries.first()?.key.name;
            Some(format!(
                "quote the placeholder, \"{{{name}}}\": an unquoted `{{` begins a map"
            ))
        }
        (Value::Scalar(scalar), Shape::List(_)) if scalar.kind != Kind::Null => {
            Some(format!("write `[{}]`", scalar.text))
        }
        (Value::Scalar(scalar), Shape::Map(context)) if context.name == TIMEOUT.name => {
            let unit = if scalar.kind == Kind::Integer {
                "s"
            } else {
                ""
            };
            let time = format!("{}{unit}", scalar.text);
            let time = value::duration(&time).map_or("30s", |_| &time);
            Some(format!("write `{{request: {time}}}`"))
        }
        (Value::Scalar(scalar), Shape::Map(context)) if context.name == RETRY.name => {
            let is_count = scalar.kind == Kind::Integer;
            let times = if is_count { &scalar.text } else { "3" };
            Some(format!("write `{{max_retries: {times}}}`"))
        }
        (Value::Scalar(scalar), Shape::Map(context) | Shape::Either(Shape::Map(context), _))
            if context.name == RATE_LIMIT.name =>
        {
            let (requests, per) = rate(&scalar.text).unwrap_or(("10", "1s".to_owned()));
            Some(format!("write `{{requests: {requests}, per: {per}}}`"))
        }
        (Value::List(elements), Shape::Tagged(family)) if family.name == "column" => {
            column_of_list(elements)
        }
        (Value::Scalar(scalar), Shape::Tagged(family)) if family.name == AUTH.name => {
            let member = family.member(&scalar.text)?;
            let needed = member
                .keys
                .iter()
                .filter(|key| key.required)
                .map(|key| needed_key(*key));
            let needed: Vec<String> = needed.collect();
            let needed = needed.join(", ");
            Some(format!(
                "write `{{{}: {}, {needed}}}`",
                family.tag, member.word.name
            ))
        }
        (Value::Scalar(_), Shape::Map(context)) => {
            let required = context.keys.iter().find(|key| key.required);
            let required = required.or(context.keys.first())?;
            Some(format!("write `{{{}: …}}`", required.name))
        }
        (Value::List(_), Shape::Dict(_) | Shape::Map(_)) => {
            Some("write `name: value` in lines without `- `".to_owned())
        }
        _ => None,
    }
}

/// `100/min`, `10 per second`, `5`: the requests, and the time as a duration.
fn rate(text: &str) -> Option<(&str, String)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (requests, rest) = text.split_at(digits);
    let unit = rest
        .trim_start_matches([' ', '/'])
        .trim_start_matches("requests")
        .trim_start()
        .trim_start_matches("per")
        .trim_matches([' ', '/']);
    let unit = unit.to_ascii_lowercase();
    let per = match unit.as_str() {
        "" | "s" | "sec" | "second" | "rps" => "1s",
        "m" | "min" | "minute" | "rpm" => "1m",
        "h" | "hour" => "1h",
        "d" | "day" => "1d",
        unit if value::duration(unit).is_ok() => unit,
        _ => return None,
    };
    (digits > 0).then(|| (requests, per.to_owned()))
}

/// `[string, "null"]` of a JSON Schema or of Avro.
fn column_of_list(elements: &[Node]) -> Option<String> {
    let scalars = || elements.iter().filter_map(Node::scalar);
    let is_null = |scalar: &&Scalar| scalar.text.eq_ignore_ascii_case("null");
    let types: Vec<String> = scalars()
        .filter(|scalar| !is_null(scalar))
        .map(|scalar| {
            let ours = type_words::parse(&scalar.text);
            ours.map_or(scalar.text.clone(), |ours| ours.written())
        })
        .collect();
    match types.as_slice() {
        [] => None,
        [one] => Some(format!(
            "write `{one}`: a column is nullable unless it says otherwise"
        )),
        several => Some(format!(
            "write `{{data_type: union, of: [{}]}}`, or `json`",
            several.join(", ")
        )),
    }
}

/// Whether a map is what YAML makes of a placeholder without quotes: `{secrets.api_key}`.
pub(super) fn is_placeholder(entries: &[Entry]) -> bool {
    match entries {
        [only] => {
            only.value.is_null()
                && ["secrets.", "config.", "resources.", "incremental."]
                    .iter()
                    .any(|namespace| only.key.name.starts_with(namespace))
        }
        _ => false,
    }
}

/// Says that a word is one of ours but for a character that is not seen.
pub(super) fn unseen_word(diagnostic: Diagnostic, word: &str, ours: &str) -> Diagnostic {
    let name = unseen::named(word).unwrap_or_else(|| "an odd character".to_owned());
    diagnostic
        .help(format!("there is {name} in it: write `{ours}`"))
        .suggest(word, ours, Applicability::MachineApplicable)
}

/// What a required key is written as, in a help.
pub(super) fn needed_key(key: &dyn AnyKey) -> String {
    match key.name {
        name if super::credentials::is_credential(name) => {
            format!("{name}: \"{{secrets.{name}}}\"")
        }
        name => format!("{name}: …"),
    }
}

/// "`a`, `b` and `c`".
pub(super) fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}
