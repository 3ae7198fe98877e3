//! Functions in placeholders: `{config.ids | join(",")}`, `{now - 30d}`.

use std::time::Duration;

use crate::connector::{ConfigType, Function, List, Part, Text, TimeFormat, Type};
use crate::diagnostic::{Diagnostic, Span};
use crate::{suggest, value};

use super::{Check, times};

/// The functions, as a message shows them.
pub(crate) const FUNCTIONS: [(&str, &str); 12] = [
    ("lower", "lower"),
    ("upper", "upper"),
    ("trim", "trim"),
    ("default", "default(\"none\")"),
    ("split", "split(\"/\", 0)"),
    ("join", "join(\",\")"),
    ("replace", "replace(\"-\", \"\")"),
    ("format", "format(\"%Y-%m-%d\")"),
    ("add", "add(-1d)"),
    ("base64", "base64"),
    ("json", "json"),
    ("quote", "quote"),
];

/// What the value of a placeholder is, as far as functions care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Secret,
    Bigint,
    Double,
    Bool,
    Date,
    Timestamp,
    List(Box<Kind>),
    /// Known when it is there: a value of JSON, or one with a mistake of its own.
    Any,
}

impl Kind {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Secret => "a secret",
            Self::Bigint => "a bigint",
            Self::Double => "a number",
            Self::Bool => "a bool",
            Self::Date => "a date",
            Self::Timestamp => "a timestamp",
            Self::List(_) => "a list",
            Self::Any => "a JSON value",
        }
    }

    pub(super) fn of_setting(data_type: &ConfigType) -> Self {
        match data_type {
            ConfigType::Text | ConfigType::Enum(_) => Self::Text,
            ConfigType::Bigint => Self::Bigint,
            ConfigType::Double => Self::Double,
            ConfigType::Bool => Self::Bool,
            ConfigType::Date => Self::Date,
            ConfigType::Timestamp => Self::Timestamp,
            ConfigType::List(item) => Self::List(Box::new(Self::of_setting(item))),
        }
    }

    pub(super) fn of_column(data_type: &Type) -> Self {
        match data_type {
            Type::Text | Type::Enum { .. } | Type::Time | Type::Binary => Self::Text,
            Type::Bigint => Self::Bigint,
            Type::Double | Type::Decimal { .. } => Self::Double,
            Type::Bool => Self::Bool,
            Type::Date(_) => Self::Date,
            Type::Timestamp(_) => Self::Timestamp,
            Type::Array(item) => Self::List(Box::new(Self::of_column(&item.data_type))),
            Type::Json | Type::Object(_) | Type::Map(_) | Type::Union(_) | Type::Scalar => {
                Self::Any
            }
        }
    }
}

/// A placeholder as it is written: what it stands for, and the calls.
pub(super) struct Written<'t> {
    pub(super) source: &'t str,
    calls: Vec<&'t str>,
}

/// The parts of what stands between the braces.
pub(super) fn written(inner: &str) -> Written<'_> {
    let mut parts = split(inner, '|').into_iter();
    let source = parts.next().unwrap_or_default();
    let calls: Vec<&str> = parts.map(str::trim).collect();
    let source = if calls.is_empty() {
        source
    } else {
        source.trim_end()
    };
    Written { source, calls }
}

/// What a placeholder stands for, without the calls.
#[cfg(any(test, feature = "describe"))]
pub(crate) fn placeholder_source(inner: &str) -> &str {
    written(inner).source
}

impl Written<'_> {
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Whether one of the functions takes a list or an object.
    pub(super) fn takes_lists(&self) -> bool {
        let is = |call: &&str, name| *call == name || call.starts_with(&format!("{name}("));
        self.calls
            .iter()
            .any(|call| is(call, "join") || is(call, "json"))
    }

    pub(super) fn has_default(&self) -> bool {
        self.calls.iter().any(|call| call.starts_with("default("))
    }
}

/// The pieces of a text between a character, where it stands in no quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut pieces, mut start, mut quote) = (Vec::new(), 0, None);
    for (position, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == at => {
                pieces.push(&text[start..position]);
                start = position + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// `now - 30d`: the source, and how far the time is moved.
pub(super) fn shifted(source: &str) -> Option<(&str, bool, &str)> {
    let rest = ["now", "today"]
        .iter()
        .find_map(|word| source.strip_prefix(word))?;
    let word = &source[..source.len() - rest.len()];
    let rest = rest.trim_start();
    let (is_back, by) = match rest.strip_prefix('-') {
        Some(by) => (true, by),
        None => (false, rest.strip_prefix('+')?),
    };
    Some((word, is_back, by.trim()))
}

impl Check<'_> {
    /// The part with its functions, and what its value is after them.
    pub(super) fn calls(
        &mut self,
        part: Part,
        written: &Written<'_>,
        shift: Option<Function>,
        span: &Span,
    ) -> Option<(Part, Kind)> {
        let mut kind = self.kind(&part);
        let mut functions: Vec<Function> = shift.into_iter().collect();
        for call in &written.calls {
            let place = self.part_of(span, call);
            let function = self.function(call, &kind, &place)?;
            // A parent's time is sent as the API wrote it, and has to be read first.
            if let (Some(format), true) = (self.written_time(&part), functions.is_empty())
                && matches!(
                    function,
                    Function::Format(_) | Function::Add(_) | Function::Subtract(_)
                )
            {
                functions.push(Function::Read(format));
            }
            kind = self.takes(&function, kind, call, &place)?;
            functions.push(function);
        }
        if functions.is_empty() {
            return Some((part, kind));
        }
        let call = Part::Call {
            of: part.into(),
            functions: functions.into(),
        };
        Some((call, kind))
    }

    /// What the value of a placeholder is.
    pub(super) fn kind(&self, part: &Part) -> Kind {
        match part {
            Part::Text(_) => Kind::Text,
            Part::Secret(_) => Kind::Secret,
            Part::Config(at) => match self.settings.config(*at) {
                Some(setting) => Kind::of_setting(&setting.data_type),
                None => Kind::Any,
            },
            Part::IncrementalStart | Part::IncrementalEnd => {
                self.cursor.as_ref().map_or(Kind::Any, Kind::of_column)
            }
            Part::Parent(at) => {
                let kind = self.taken_type(*at).map_or(Kind::Any, Kind::of_column);
                if self.batch_size.is_some() {
                    Kind::List(Box::new(kind))
                } else {
                    kind
                }
            }
            Part::Job(_) | Part::Position | Part::PageSize => Kind::Any,
            Part::Partition(at) => {
                let data_type = self.partitions.data_type(*at);
                data_type.map_or(Kind::Any, Kind::of_column)
            }
            Part::Now => Kind::Timestamp,
            Part::Today => Kind::Date,
            Part::Call { of, functions } => {
                let kind = self.kind(of);
                functions
                    .iter()
                    .fold(kind, |kind, function| result(function, kind))
            }
        }
    }

    /// The format in which the API writes the time of a parent.
    fn written_time(&self, part: &Part) -> Option<TimeFormat> {
        let Part::Parent(at) = part else { return None };
        match self.taken_type(*at)? {
            Type::Timestamp(format) | Type::Date(format) => Some(format.clone()),
            _ => None,
        }
    }

    /// A function by its name and arguments.
    fn function(&mut self, call: &str, kind: &Kind, span: &Span) -> Option<Function> {
        let (name, arguments) = match call.split_once('(') {
            None => (call, Vec::new()),
            Some((name, rest)) => {
                let Some(inside) = rest.strip_suffix(')') else {
                    let message = format!("`{call}` is not a call of a function");
                    self.error(
                        Diagnostic::error("RS0213", span, message)
                            .help("close its arguments with `)`"),
                    );
                    return None;
                };
                let arguments = if inside.trim().is_empty() {
                    Vec::new()
                } else {
                    split(inside, ',')
                };
                (name.trim(), arguments.into_iter().map(str::trim).collect())
            }
        };
        let text = |at: usize| arguments.get(at).and_then(|text| unquoted(text));
        let count = arguments.len();
        let function =
            match name {
                "lower" if count == 0 => Some(Function::Lower),
                "upper" if count == 0 => Some(Function::Upper),
                "trim" if count == 0 => Some(Function::Trim),
                "base64" if count == 0 => Some(Function::Base64),
                "json" if count == 0 => Some(Function::Json),
                "quote" if count == 0 => Some(Function::Quote),
                "default" if count == 1 => literal(arguments[0], kind).map(Function::Default),
                "split" if count == 2 => text(0)
                    .filter(|separator| !separator.is_empty())
                    .zip(arguments[1].parse().ok())
                    .map(|(separator, index)| Function::Split {
                        separator: separator.into(),
                        index,
                    }),
                "join" if count == 1 => text(0).map(|separator| Function::Join(separator.into())),
                "replace" if count == 2 => text(0)
                    .filter(|from| !from.is_empty())
                    .zip(text(1))
                    .map(|(from, to)| Function::Replace {
                        from: from.into(),
                        to: to.into(),
                    }),
                "format" if count == 1 || count == 2 => {
                    return self.format(&text(0)?, text(1).as_deref(), span);
                }
                "add" if count == 1 => {
                    let by = unquoted(arguments[0]).unwrap_or_else(|| arguments[0].to_owned());
                    let (is_back, by) = match by.strip_prefix('-') {
                        Some(by) => (true, by),
                        None => (false, by.strip_prefix('+').unwrap_or(&by)),
                    };
                    let by = self.distance(by.trim(), kind, span)?;
                    Some(if is_back {
                        Function::Subtract(by)
                    } else {
                        Function::Add(by)
                    })
                }
                _ => None,
            };
        if function.is_none() {
            self.no_function(name, call, span);
        }
        function
    }

    /// Neither a function, nor one with such arguments.
    fn no_function(&mut self, name: &str, call: &str, span: &Span) {
        if let Some((_, example)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            let message = format!("`{call}` has arguments that `{name}` does not take");
            self.error(
                Diagnostic::error("RS0214", span, message)
                    .help(format!("write it like `{example}`, a text in quotes")),
            );
            return;
        }
        let known = FUNCTIONS.map(|(known, _)| known);
        let error = Diagnostic::error("RS0213", span, format!("there is no function `{name}`"));
        self.error(match suggest::closest(name, &known) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error.help(format!("the functions are: {}", known.join(", "))),
        });
    }

    /// How far a time is moved; a date by whole days.
    pub(super) fn distance(&mut self, by: &str, kind: &Kind, span: &Span) -> Option<Duration> {
        let distance = match value::duration(by) {
            Ok(distance) if distance.as_secs() <= 1000 * 365 * 86_400 => Ok(distance),
            Ok(_) => Err("the duration is too long"),
            Err(reason) => Err(reason),
        };
        let is_whole =
            |by: &Duration| by.as_secs().is_multiple_of(86_400) && by.subsec_nanos() == 0;
        let distance = match distance {
            Ok(by) if *kind == Kind::Date && !is_whole(&by) => {
                Err("a date is moved by whole days, `30d`")
            }
            other => other,
        };
        match distance {
            Ok(by) => Some(by),
            Err(reason) => {
                let message = format!("`{by}` is not a valid distance: {reason}");
                self.error(
                    Diagnostic::error("RS0214", span, message).help("write `30d`, `12h`, `1h30m`"),
                );
                None
            }
        }
    }

    fn format(&mut self, format: &str, zone: Option<&str>, span: &Span) -> Option<Function> {
        if let Some(zone) = zone.filter(|zone| !times::is_zone(zone)) {
            let error = Diagnostic::error("RS0606", span, format!("`{zone}` is no time zone"));
            self.error(match times::closest_zone(zone) {
                Some(close) => error.help(format!("did you mean `{close}`?")),
                None => error.help("write a name like `Europe/Berlin`, or an offset like `+02:00`"),
            });
            return None;
        }
        match times::written_format(format, zone) {
            Ok(format) => Some(Function::Format(format)),
            Err(reason) => {
                let help = "it is one of rfc3339, date, epoch_seconds, epoch_millis, epoch_micros, epoch_nanos, or a strftime pattern such as `%Y-%m`";
                self.error(Diagnostic::error("RS0606", span, reason).help(help));
                None
            }
        }
    }

    /// What a function makes of a value of this kind, if it takes it.
    fn takes(&mut self, function: &Function, kind: Kind, call: &str, span: &Span) -> Option<Kind> {
        let wanted = match (function, &kind) {
            (_, Kind::Any)
            | (Function::Json | Function::Read(_) | Function::Lookup(_), _)
            | (
                Function::Default(_),
                Kind::Text
                | Kind::Bigint
                | Kind::Double
                | Kind::Bool
                | Kind::Date
                | Kind::Timestamp,
            )
            | (Function::Base64, Kind::Text | Kind::Secret)
            | (Function::Join(_), Kind::List(_))
            | (
                Function::Format(_) | Function::Add(_) | Function::Subtract(_),
                Kind::Date | Kind::Timestamp,
            ) => None,
            (
                Function::Lower
                | Function::Upper
                | Function::Trim
                | Function::Split { .. }
                | Function::Replace { .. }
                | Function::Quote
                | Function::Base64,
                kind,
            ) => match kind {
                Kind::Text => None,
                Kind::List(item) if matches!(**item, Kind::Text | Kind::Any) => None,
                _ => Some("a text"),
            },
            (Function::Join(_), _) => Some("a list"),
            (Function::Format(_) | Function::Add(_) | Function::Subtract(_), _) => {
                Some("a date or a timestamp")
            }
            (Function::Default(_), _) => Some("one value that may be missing"),
        };
        let Some(wanted) = wanted else {
            return Some(result(function, kind));
        };
        let message = format!("`{call}` takes {wanted}, and this is {}", kind.word());
        let error = Diagnostic::error("RS0215", span, message);
        self.error(match kind {
            Kind::Secret => error.help("a secret goes through `base64` and `json` only"),
            Kind::List(_) => error.help("`join(\",\")` makes a text of a list"),
            Kind::Date | Kind::Timestamp => {
                error.help("`format(\"%Y-%m-%d\")` makes a text of a time")
            }
            _ => error.help("remove it, or use a placeholder of that type"),
        });
        None
    }

    /// A time that stands for the moment at which the fetch begins.
    pub(super) fn time_placeholder(
        &mut self,
        source: &str,
        span: &Span,
    ) -> Option<(Part, Option<Function>)> {
        let (word, shift) = match shifted(source) {
            Some((word, is_back, by)) => (word, Some((is_back, by))),
            None => (source, None),
        };
        let part = if word == "today" {
            Part::Today
        } else {
            Part::Now
        };
        let Some((is_back, by)) = shift else {
            return Some((part, None));
        };
        let by = self.distance(by, &self.kind(&part), span)?;
        let shift = if is_back {
            Function::Subtract(by)
        } else {
            Function::Add(by)
        };
        Some((part, Some(shift)))
    }
}

/// The kind of what a function makes.
fn result(function: &Function, kind: Kind) -> Kind {
    match function {
        Function::Join(_) | Function::Format(_) | Function::Json => Kind::Text,
        Function::Default(_) | Function::Add(_) | Function::Subtract(_) | Function::Read(_) => kind,
        _ => match kind {
            Kind::List(_) => Kind::List(Box::new(Kind::Text)),
            Kind::Secret => Kind::Secret,
            _ => Kind::Text,
        },
    }
}

/// The text of an argument in quotes.
fn unquoted(argument: &str) -> Option<String> {
    let quote = argument
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))?;
    let inside = argument.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then(|| inside.to_owned())
}

/// The JSON of an argument that takes the place of a value of this kind.
fn literal(argument: &str, kind: &Kind) -> Option<Text> {
    let text = unquoted(argument);
    let json = match (kind, &text) {
        (Kind::Text | Kind::Any, Some(text)) => super::settings::json_text(text),
        (Kind::Date, Some(text)) if times::is_date(text) => super::settings::json_text(text),
        (Kind::Timestamp, Some(text)) if times::is_timestamp(text) => {
            super::settings::json_text(text)
        }
        (Kind::Bigint | Kind::Any, None) if argument.parse::<i64>().is_ok() => argument.to_owned(),
        (Kind::Double, None) if argument.parse::<f64>().is_ok_and(f64::is_finite) => {
            argument.parse::<f64>().ok()?.to_string()
        }
        (Kind::Bool | Kind::Any, None) if matches!(argument, "true" | "false") => {
            argument.to_owned()
        }
        _ => return None,
    };
    Some(json.into())
}

/// What a setting's word stands for: a call that looks it up.
pub(super) fn lookup(at: u16, texts: List<(Text, Text)>) -> Part {
    Part::Call {
        of: Part::Config(at).into(),
        functions: vec![Function::Lookup(texts)].into(),
    }
}
