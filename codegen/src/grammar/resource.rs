//! A resource.

use super::{COLUMN, Context, ENDPOINT, Shape, Word, key, word};

pub(crate) static RESOURCE: Context = Context {
    name: "a resource",
    keys: &[
        key(
            "name",
            Shape::Identifier,
            "its name, of its table and its method",
        )
        .required(),
        key("description", Shape::Text, "documentation of its struct"),
        key("record", Shape::Identifier, "the name of its struct").or("`name` in PascalCase"),
        key(
            "endpoint",
            Shape::Either(&Shape::Template, &Shape::Map(&ENDPOINT)),
            "what is requested",
        )
        .or("{path: <name>}"),
        key(
            "columns",
            Shape::Either(&Shape::Word(UNTYPED), &Shape::Dict(&Shape::Tagged(&COLUMN))),
            "what its records look like",
        )
        .required(),
        key(
            "primary_key",
            NAMES,
            "the column or columns that identify a record; names in it where `columns: json`",
        ),
        key(
            "merge_key",
            NAMES,
            "the column or columns whose records `merge` replaces together",
        ),
        key(
            "write_disposition",
            Shape::Word(WRITE_DISPOSITIONS),
            "how a destination writes it",
        )
        .or("append"),
        key(
            "schema_contract",
            Shape::Map(&SCHEMA_CONTRACT),
            "what a response outside the schema gets",
        ),
        key(
            "include_from_parent",
            Shape::List(&Shape::Text),
            "columns of the parent that its records carry",
        ),
        key(
            "include_from_config",
            Shape::List(&Shape::Text),
            "settings that its records carry, by which a destination tells the rows of several apart",
        ),
        key(
            "selected",
            Shape::Bool,
            "whether loading the whole source loads it",
        )
        .or("true"),
        key(
            "parallelized",
            Shape::Bool,
            "whether its requests may be made side by side",
        )
        .or("true"),
        key(
            "processing_steps",
            Shape::List(&Shape::Map(&PROCESSING_STEP)),
            "functions that its records go through, in their order",
        ),
    ],
};

const NAMES: Shape = Shape::Either(&Shape::Text, &Shape::List(&Shape::Text));

const UNTYPED: &[Word] = &[word("json", "records are taken as they are")];

const WRITE_DISPOSITIONS: &[Word] = &[
    word("append", "beside what is there"),
    word("replace", "in place of what is there"),
    word("merge", "in place of what has the same key"),
    word("skip", "not at all"),
];

pub(crate) static SCHEMA_CONTRACT: Context = Context {
    name: "`schema_contract`",
    keys: &[
        key(
            "columns",
            Shape::Word(COLUMNS_CONTRACTS),
            "what an undeclared key gets",
        )
        .or("discard_value"),
        key(
            "data_type",
            Shape::Word(DATA_TYPE_CONTRACTS),
            "what a value of the wrong type gets",
        )
        .or("freeze"),
    ],
};

pub(crate) static PROCESSING_STEP: Context = Context {
    name: "a processing step",
    keys: &[
        key(
            "filter",
            Shape::Rust,
            "leaves records out: `fn(&Record) -> bool`",
        ),
        key(
            "map",
            Shape::Rust,
            "makes a record of each: `fn(Record) -> Record`",
        ),
        key(
            "yield_map",
            Shape::Rust,
            "makes any number: `fn(Record) -> impl IntoIterator<Item = Record>`",
        ),
    ],
};

const COLUMNS_CONTRACTS: &[Word] = &[
    word("discard_value", "it is left out and counted"),
    word("freeze", "an error"),
    word("evolve", "it is kept in a map `extra`"),
];

const DATA_TYPE_CONTRACTS: &[Word] = &[
    word("freeze", "an error"),
    word("discard_row", "its record is set aside and counted"),
    word("discard_value", "it becomes null and is counted"),
];
