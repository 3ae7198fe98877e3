//! Columns and their types.

use super::{
    Context, DefaultKey, Family, Key, Member, Shape, Word, Words, flag, integer, key, member, path,
    text, word, word_of,
};
use crate::check::child_tables;
use crate::connector::{Decode, Path, Text, schema};

/// A column of a resource or of an object.
pub(crate) static COLUMN: Family = Family {
    name: "column",
    tag: "data_type",
    common: &[
        &NULLABLE,
        &DESCRIPTION,
        &RENAME,
        &RENAMED_FROM,
        &FROM,
        &VALUE,
        &PRESENCE,
    ],
    members: &COLUMN_TYPES,
    may_be_bare: true,
};

/// What a list or a map holds: a column that has no name of its own.
static ELEMENT: Family = Family {
    name: "column",
    tag: "data_type",
    common: &[&NULLABLE],
    members: &COLUMN_TYPES,
    may_be_bare: true,
};

static COLUMN_TYPES: [Member; 15] = [
    member(word("text", "text"), &[]),
    member(word("bigint", "a whole number of 64 bits"), &[&DECODE]),
    member(
        word("double", "a floating-point number of 64 bits"),
        &[&DECODE],
    ),
    member(word("bool", "`true` or `false`"), &[&DECODE_BOOL]),
    member(word("timestamp", "an instant"), &[&FORMAT, &TIMEZONE]),
    member(word("date", "a date"), &[&DATE_FORMAT]),
    member(word("time", "a time of day"), &[]),
    member(
        word("decimal", "a decimal number, exact"),
        &[&PRECISION, &SCALE],
    ),
    member(word("binary", "bytes, as base64"), &[]),
    member(word("json", "any JSON value"), &[&DECODE]),
    member(
        word("object", "an object with columns of its own"),
        &[&FIELDS, &DECODE],
    ),
    member(
        word("array", "a list"),
        &[
            &ITEMS,
            &child_tables::AS,
            &child_tables::COLUMNS,
            &child_tables::TABLE,
            &DECODE,
        ],
    ),
    member(
        word("map", "an object whose keys are data"),
        &[&MAP_VALUES, &DECODE],
    ),
    member(
        word("enum", "one of several words"),
        &[&ENUM_VALUES, &CLOSED],
    ),
    member(
        word(
            "union",
            "one of several types, told apart by the kind of JSON value",
        ),
        &[&OF],
    ),
];

pub(crate) static NULLABLE: DefaultKey<bool> =
    flag("nullable", "whether null, and absence, are values of it").or(true);
pub(crate) static DESCRIPTION: Key<Text> = text("description", "documentation of the field");
pub(crate) static RENAME: Key = key("rename", Shape::Identifier, "its name in Rust and in SQL");
pub(crate) static RENAMED_FROM: Key = key(
    "renamed_from",
    Shape::Identifier,
    "the name that it had in SQL before: a load renames the stored column",
);
pub(crate) static FROM: Key<Path> = path("from", "where in the record it is read from");
pub(crate) static VALUE: Key = key(
    "value",
    Shape::Scalar,
    "its value in every record: a constant, a setting, the time, or `{response.base}`, `{key}`, `{index}`",
);
pub(crate) static PRESENCE: DefaultKey<Presence> =
    word_of("presence", "whether absence and null are told apart")
        .or(Presence(schema::Column::DEFAULT.explicit));

/// `text`, of a value that may be written as one.
pub(crate) static DECODE: Key<AsText> = word_of("decode", "`text`: the value is written as text");
pub(crate) static DECODE_BOOL: Key<Decode> =
    word_of("decode", "the value is written as text, or as 0 and 1");

const FORMATS: Shape = Shape::Either(&Shape::Text, &Shape::List(&Shape::Text));

pub(crate) static FORMAT: Key = key(
    "format",
    FORMATS,
    "`rfc3339`, `date`, `epoch_millis`, `/Date(…)/`, a strftime pattern, or several of them",
)
.remark("rfc3339");
pub(crate) static TIMEZONE: Key = key("timezone", Shape::Text, "the zone of times that name none");
pub(crate) static DATE_FORMAT: Key = key(
    "format",
    FORMATS,
    "`date` or a strftime pattern, or several",
)
.remark("date");

pub(crate) static PRECISION: Key<u64> = integer("precision", 1, "the most digits in all");
pub(crate) static SCALE: Key<u64> = integer("scale", 0, "the most digits after the point");

pub(crate) static FIELDS: Key = key(
    "fields",
    Shape::Dict(&Shape::Tagged(&COLUMN)),
    "its columns",
)
.required();
pub(crate) static ITEMS: Key =
    key("items", Shape::Tagged(&ELEMENT), "what its elements are").required_unless(&["columns"]);
pub(crate) static MAP_VALUES: Key =
    key("values", Shape::Tagged(&ELEMENT), "what its values are").required();
pub(crate) static ENUM_VALUES: Key = key(
    "values",
    Shape::List(&Shape::Either(&Shape::Scalar, &Shape::Map(&ENUM_VALUE))),
    "the words",
)
.required();
pub(crate) static CLOSED: DefaultKey<bool> =
    flag("closed", "whether any other word is an error").or(false);
pub(crate) static OF: Key =
    key("of", Shape::List(&Shape::Tagged(&ELEMENT)), "its members").required();

/// Whether absence and null are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence(pub bool);

impl Words for Presence {
    const WORDS: &'static [(Word, Self)] = &[
        (word("implicit", "absence is null"), Self(false)),
        (word("explicit", "absence is not null"), Self(true)),
    ];
}

/// That a value is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AsText;

impl Words for AsText {
    const WORDS: &'static [(Word, Self)] = &[(word("text", "as text"), Self)];
}

impl Words for Decode {
    const WORDS: &'static [(Word, Self)] = &[
        (word("text", "as text"), Self::Text),
        (word("integer", "as 0 and 1"), Self::Integer),
    ];
}

pub(crate) static ENUM_VALUE: Context = Context {
    name: "a value of an enum",
    keys: &[&enum_value::VALUE, &enum_value::RENAME],
};

/// The keys of a value of an enum.
pub(crate) mod enum_value {
    use super::{Key, Shape, key};

    pub(crate) static VALUE: Key =
        key("value", Shape::Scalar, "the word in the response").required();
    pub(crate) static RENAME: Key = key("rename", Shape::Identifier, "the variant in Rust");
}
