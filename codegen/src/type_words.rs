//! Types as other languages and tools write them: `string[]`, `Optional[str]`, `decimal(10, 2)`,
//! `VARCHAR(255) NOT NULL`, `ARRAY<STRING>`.

/// A type in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeWord {
    pub kind: Kind,
    /// What the word says about null, if anything.
    pub nullable: Option<bool>,
    /// Whether it surely means this, so that it may be written in its place unseen.
    pub is_sure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `text`, `bigint`, …: a type that needs no more than its name.
    Plain(&'static str),
    /// Precision and scale.
    Decimal(u8, u8),
    Array(Box<TypeWord>),
    Map(Box<TypeWord>),
}

impl TypeWord {
    /// As the type of a column without further keys, `text!`, or as a map.
    pub(crate) fn written(&self) -> String {
        match (&self.kind, self.nullable) {
            (Kind::Plain(word), Some(false)) => format!("{word}!"),
            (Kind::Plain(word), _) => (*word).to_owned(),
            _ => format!("{{data_type: {}}}", self.entries().join(", ")),
        }
    }

    /// The word for `data_type`, then the entries that follow it in the same map.
    pub(crate) fn entries(&self) -> Vec<String> {
        let mut entries = match &self.kind {
            Kind::Plain(word) => vec![(*word).to_owned()],
            Kind::Decimal(precision, scale) => vec![
                "decimal".to_owned(),
                format!("precision: {precision}"),
                format!("scale: {scale}"),
            ],
            Kind::Array(items) => vec!["array".to_owned(), format!("items: {}", items.written())],
            Kind::Map(values) => vec!["map".to_owned(), format!("values: {}", values.written())],
        };
        if self.nullable == Some(false) {
            entries.push("nullable: false".to_owned());
        }
        entries
    }

    fn plain(word: &'static str, is_sure: bool) -> Self {
        Self {
            kind: Kind::Plain(word),
            nullable: None,
            is_sure,
        }
    }

    fn holding(kind: fn(Box<Self>) -> Kind, inner: Self) -> Self {
        let is_sure = inner.is_sure;
        Self {
            kind: kind(Box::new(inner)),
            nullable: None,
            is_sure,
        }
    }
}

/// What a word of other languages, or ours with marks around it, is here.
pub(crate) fn parse(text: &str) -> Option<TypeWord> {
    const LONGEST: usize = 80;
    if text.len() > LONGEST || !text.is_ascii() {
        return None;
    }
    parsed(text.trim(), 0)
}

fn parsed(text: &str, depth: usize) -> Option<TypeWord> {
    const DEEPEST: usize = 4;
    if depth > DEEPEST || text.is_empty() {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let inner = |text: &str| parsed(text.trim(), depth + 1);
    let said = |text: &str, nullable| {
        let mut word = inner(text)?;
        word.is_sure &= word.nullable.is_none_or(|said| said == nullable);
        word.nullable = Some(nullable);
        Some(word)
    };
    for (suffix, nullable) in [
        (" not null", false),
        ("!", false),
        ("?", true),
        (" null", true),
    ] {
        if lower.ends_with(suffix) {
            return said(text.get(..text.len() - suffix.len())?, nullable);
        }
    }
    if let Some(alternatives) = without_null(text) {
        return said(alternatives, true);
    }
    if let Some(element) = lower.strip_suffix("[]") {
        return Some(TypeWord::holding(Kind::Array, inner(element)?));
    }
    if let Some((name, arguments)) = arguments(&lower) {
        let name = name.trim().rsplit(['.', ':']).next().unwrap_or_default();
        return match name {
            "optional" | "option" | "nullable" => said(arguments, true),
            "list" | "array" | "vec" | "sequence" | "set" | "repeated" | "tuple" => {
                Some(TypeWord::holding(Kind::Array, inner(arguments)?))
            }
            "dict" | "map" | "record" | "hashmap" | "btreemap" | "mapping" => {
                let (key, value) = arguments.split_once(',')?;
                let is_text = parsed(key.trim(), depth + 1)?.kind == Kind::Plain("text");
                let map = TypeWord::holding(Kind::Map, inner(value)?);
                is_text.then_some(map)
            }
            "decimal" | "numeric" | "number" | "bignumeric" | "decimal128" => {
                decimal(arguments, name != "number")
            }
            // A length says nothing of the type.
            "varchar" | "char" | "character varying" | "nvarchar" | "string" | "bpchar"
            | "varchar2" | "character" => {
                let is_length = arguments.bytes().all(|c| c.is_ascii_digit());
                is_length.then(|| TypeWord::plain("text", true))
            }
            "timestamp" | "timestamptz" | "datetime" | "datetime64" => {
                Some(TypeWord::plain("timestamp", false))
            }
            _ => None,
        };
    }
    word(&lower)
}

/// `str | None`, `string|null`: the type beside null.
fn without_null(text: &str) -> Option<&str> {
    let (first, second) = text.split_once('|')?;
    let is_null = |text: &str| {
        let text = text.trim();
        ["null", "none", "undefined"]
            .iter()
            .any(|null| null.eq_ignore_ascii_case(text))
    };
    match (is_null(first), is_null(second)) {
        (false, true) => Some(first),
        (true, false) if !second.contains('|') => Some(second),
        _ => None,
    }
}

/// `list[str]`, `Vec<String>`, `decimal(10, 2)`: the name, and what stands within the brackets.
fn arguments(text: &str) -> Option<(&str, &str)> {
    let open = text.find(['<', '[', '('])?;
    let close = match text.as_bytes().get(open)? {
        b'<' => '>',
        b'[' => ']',
        _ => ')',
    };
    let (name, rest) = text.split_at(open);
    let inner = rest.get(1..)?.strip_suffix(close)?;
    Some((name, inner.trim()))
}

/// `10, 2`. A scale that is left out is none, as in SQL.
fn decimal(arguments: &str, is_sure: bool) -> Option<TypeWord> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision: u8 = precision.trim().parse().ok().filter(|digits| *digits > 0)?;
    let scale: u8 = scale.trim().parse().ok()?;
    (scale <= precision).then_some(TypeWord {
        kind: Kind::Decimal(precision, scale),
        nullable: None,
        is_sure,
    })
}

fn word(word: &str) -> Option<TypeWord> {
    let word = word.rsplit('.').next().unwrap_or(word);
    // The same type by another name.
    let same = match word {
        "text" | "string" | "str" | "varchar" | "char" | "character varying" | "nvarchar"
        | "uuid" | "citext" | "utf8" | "large_utf8" => "text",
        "bigint" | "integer" | "int" | "int64" | "int32" | "int16" | "int8" | "i64" | "i32"
        | "long" | "smallint" | "int2" | "int4" | "serial" | "bigserial" => "bigint",
        "double" | "float" | "float64" | "float32" | "f64" | "f32" | "real"
        | "double precision" | "float4" | "float8" => "double",
        "bool" | "boolean" => "bool",
        "timestamp" | "timestamptz" | "timestamp with time zone" => "timestamp",
        "date" => "date",
        "time" => "time",
        "decimal" | "numeric" | "bignumeric" => "decimal",
        "json" | "jsonb" => "json",
        "binary" => "binary",
        _ => "",
    };
    if !same.is_empty() {
        return Some(TypeWord::plain(same, true));
    }
    // What may differ in its range, in its zone or in how a response has it.
    let near = match word {
        "number" => "double",
        "u64" | "uint64" | "u32" | "uint32" | "uint" | "hugeint" => "bigint",
        "datetime"
        | "date-time"
        | "timestamp without time zone"
        | "instant"
        | "timestamp_ntz"
        | "timestamp_tz" => "timestamp",
        "money" | "bigdecimal" | "decimal128" => "decimal",
        "bytes" | "bytea" | "blob" | "byte" => "binary",
        "any" | "variant" | "object" | "struct" | "record" | "dict" | "geography" => "json",
        _ => return None,
    };
    Some(TypeWord::plain(near, false))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_type_of_another_language_is_written_in_ours() {
        for (other, ours) in [
            ("string[]", "{data_type: array, items: text}"),
            ("int[]", "{data_type: array, items: bigint}"),
            (
                "int[]!",
                "{data_type: array, items: bigint, nullable: false}",
            ),
            ("string![]", "{data_type: array, items: text!}"),
            (
                "string[][]",
                "{data_type: array, items: {data_type: array, items: text}}",
            ),
            ("Optional[str]", "text"),
            ("Option<String>", "text"),
            ("typing.Optional[datetime.date]", "date"),
            ("str | None", "text"),
            ("null | integer", "bigint"),
            ("string?", "text"),
            ("string!", "text!"),
            ("list[str]", "{data_type: array, items: text}"),
            ("Vec<String>", "{data_type: array, items: text}"),
            ("ARRAY<INT64>", "{data_type: array, items: bigint}"),
            ("dict[str, int]", "{data_type: map, values: bigint}"),
            (
                "Map<String, Vec<i64>>",
                "{data_type: map, values: {data_type: array, items: bigint}}",
            ),
            (
                "decimal(10,2)",
                "{data_type: decimal, precision: 10, scale: 2}",
            ),
            (
                "NUMERIC(12)",
                "{data_type: decimal, precision: 12, scale: 0}",
            ),
            ("VARCHAR(255)", "text"),
            ("VARCHAR(255) NOT NULL", "text!"),
            ("double precision", "double"),
            ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ] {
            let parsed = parse(other);
            let written = parsed.as_ref().map(super::TypeWord::written);
            assert_eq!(written.as_deref(), Some(ours), "{other}");
            assert!(parsed.unwrap().is_sure, "{other}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_not_sure() {
        for other in [
            "number",
            "uint64",
            "datetime",
            "bytes",
            "datetime[]",
            "string?!",
            "TIMESTAMP(6)",
            "number(10,2)",
            "list[any]",
            "singer.money",
        ] {
            assert!(parse(other).is_some_and(|word| !word.is_sure), "{other}");
        }
        for other in [
            "",
            "[]",
            "int | str",
            "map<int, text>",
            "varchar(a)",
            "decimal(2, 10)",
            "x",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
