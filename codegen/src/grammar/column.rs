//! Columns and their types.

use super::{Context, Family, Key, Member, Shape, Word, key, member, word};

/// A column of a resource or of an object.
pub(crate) static COLUMN: Family = Family {
    name: "column",
    tag: "data_type",
    common: &[
        NULLABLE,
        key("description", Shape::Text, "documentation of the field"),
        key("rename", Shape::Identifier, "its name in Rust and in SQL"),
        key("from", Shape::Path, "where in the record it is read from"),
        key(
            "presence",
            Shape::Word(PRESENCES),
            "whether absence and null are told apart",
        )
        .or("implicit"),
    ],
    members: &COLUMN_TYPES,
    may_be_bare: true,
};

/// What a list or a map holds: a column that has no name of its own.
static ELEMENT: Family = Family {
    name: "column",
    tag: "data_type",
    common: &[NULLABLE],
    members: &COLUMN_TYPES,
    may_be_bare: true,
};

static COLUMN_TYPES: [Member; 15] = [
    member(word("text", "text"), &[]),
    member(word("bigint", "a whole number of 64 bits"), &[DECODE_TEXT]),
    member(
        word("double", "a floating-point number of 64 bits"),
        &[DECODE_TEXT],
    ),
    member(word("bool", "`true` or `false`"), &[DECODE_BOOL]),
    member(
        word("timestamp", "an instant"),
        &[
            key(
                "format",
                Shape::Text,
                "`rfc3339`, `date`, `epoch_seconds`, `epoch_millis` or a strftime pattern",
            )
            .or("rfc3339"),
            key("timezone", Shape::Text, "the zone of times that name none"),
        ],
    ),
    member(
        word("date", "a date"),
        &[key("format", Shape::Text, "`date` or a strftime pattern").or("date")],
    ),
    member(word("time", "a time of day"), &[]),
    member(
        word("decimal", "a decimal number, exact"),
        &[
            key("precision", Shape::Integer(1), "the most digits in all"),
            key(
                "scale",
                Shape::Integer(0),
                "the most digits after the point",
            ),
        ],
    ),
    member(word("binary", "bytes, as base64"), &[]),
    member(word("json", "any JSON value"), &[DECODE_TEXT]),
    member(
        word("object", "an object with columns of its own"),
        &[
            key(
                "fields",
                Shape::Dict(&Shape::Tagged(&COLUMN)),
                "its columns",
            )
            .required(),
            DECODE_TEXT,
        ],
    ),
    member(
        word("array", "a list"),
        &[
            key("items", Shape::Tagged(&ELEMENT), "what its elements are").required(),
            DECODE_TEXT,
        ],
    ),
    member(
        word("map", "an object whose keys are data"),
        &[
            key("values", Shape::Tagged(&ELEMENT), "what its values are").required(),
            DECODE_TEXT,
        ],
    ),
    member(
        word("enum", "one of several words"),
        &[
            key(
                "values",
                Shape::List(&Shape::Either(&Shape::Scalar, &Shape::Map(&ENUM_VALUE))),
                "the words",
            )
            .required(),
            key("closed", Shape::Bool, "whether any other word is an error").or("false"),
        ],
    ),
    member(
        word(
            "union",
            "one of several types, told apart by the kind of JSON value",
        ),
        &[key("of", Shape::List(&Shape::Tagged(&ELEMENT)), "its members").required()],
    ),
];

const NULLABLE: Key = key(
    "nullable",
    Shape::Bool,
    "whether null, and absence, are values of it",
)
.or("true");

const DECODE_TEXT: Key = key(
    "decode",
    Shape::Word(DECODES_TEXT),
    "`text`: the value is written as text",
);
const DECODE_BOOL: Key = key(
    "decode",
    Shape::Word(DECODES_BOOL),
    "the value is written as text, or as 0 and 1",
);

const DECODES_TEXT: &[Word] = &[word("text", "as text")];
const DECODES_BOOL: &[Word] = &[word("text", "as text"), word("integer", "as 0 and 1")];
const PRESENCES: &[Word] = &[
    word("implicit", "absence is null"),
    word("explicit", "absence is not null"),
];

pub(crate) static ENUM_VALUE: Context = Context {
    name: "a value of an enum",
    keys: &[
        key("value", Shape::Scalar, "the word in the response").required(),
        key("rename", Shape::Identifier, "the variant in Rust"),
    ],
};
