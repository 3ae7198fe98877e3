//! A resource.

use super::{
    COLUMN, Context, DefaultKey, ENDPOINT, Key, Shape, Word, Words, flag, key, text, word, word_of,
};
use crate::check::parent::changed;
use crate::check::{hard_delete, partitions};
use crate::connector::{ResourcePlan, Text, WriteDisposition};

pub(crate) static RESOURCE: Context = Context {
    name: "a resource",
    keys: &[
        &NAME,
        &DESCRIPTION,
        &RECORD,
        &RESOURCE_ENDPOINT,
        &COLUMNS,
        &PRIMARY_KEY,
        &MERGE_KEY,
        &TABLE,
        &WRITE_DISPOSITION,
        &hard_delete::HARD_DELETE,
        &RESOURCE_SCHEMA_CONTRACT,
        &INCLUDE_FROM_PARENT,
        &changed::PARENTS,
        &INCLUDE_FROM_CONFIG,
        &partitions::PARTITIONS,
        &partitions::INCLUDE_FROM_PARTITION,
        &SELECTED,
        &PARALLELIZED,
        &PROCESSING_STEPS,
    ],
};

pub(crate) static NAME: Key = key(
    "name",
    Shape::Identifier,
    "its name, of its table and its method",
)
.required();
pub(crate) static TABLE: Key = key(
    "table",
    Shape::Identifier,
    "the name of its table in destinations",
)
.remark("<name>");
pub(crate) static DESCRIPTION: Key<Text> = text("description", "documentation of its struct");
pub(crate) static RECORD: Key =
    key("record", Shape::Identifier, "the name of its struct").remark("`name` in PascalCase");
pub(crate) static RESOURCE_ENDPOINT: Key = key(
    "endpoint",
    Shape::Either(&Shape::Template, &Shape::Map(&ENDPOINT)),
    "what is requested",
)
.remark("{path: <name>}");
pub(crate) static COLUMNS: Key = key(
    "columns",
    Shape::Either(
        &Shape::Word(|| UNTYPED.iter().collect()),
        &Shape::Dict(&Shape::Tagged(&COLUMN)),
    ),
    "what its records look like",
)
.required();
pub(crate) static PRIMARY_KEY: Key = key(
    "primary_key",
    NAMES,
    "the column or columns that identify a record; names in it where `columns: json`",
);
pub(crate) static MERGE_KEY: Key = key(
    "merge_key",
    NAMES,
    "the column or columns whose records `merge` replaces together",
);
pub(crate) static WRITE_DISPOSITION: DefaultKey<WriteDisposition> =
    word_of("write_disposition", "how a destination writes it")
        .or(ResourcePlan::DEFAULT.write_disposition);
pub(crate) static RESOURCE_SCHEMA_CONTRACT: Key = key(
    "schema_contract",
    Shape::Map(&SCHEMA_CONTRACT),
    "what a response outside the schema gets",
);
pub(crate) static INCLUDE_FROM_PARENT: Key = key(
    "include_from_parent",
    Shape::List(&Shape::Text),
    "columns of the parent that its records carry, `PARENT.COLUMN` of several",
);
pub(crate) static INCLUDE_FROM_CONFIG: Key = key(
    "include_from_config",
    Shape::List(&Shape::Text),
    "settings that its records carry, by which a destination tells the rows of several apart",
);
pub(crate) static SELECTED: DefaultKey<bool> =
    flag("selected", "whether loading the whole source loads it")
        .or(ResourcePlan::DEFAULT.selected);
pub(crate) static PARALLELIZED: DefaultKey<bool> = flag(
    "parallelized",
    "whether its requests may be made side by side",
)
.or(ResourcePlan::DEFAULT.parallelized);
pub(crate) static PROCESSING_STEPS: Key = key(
    "processing_steps",
    Shape::List(&Shape::Map(&PROCESSING_STEP)),
    "functions that its records go through, in their order",
);

const NAMES: Shape = Shape::Either(&Shape::Text, &Shape::List(&Shape::Text));

static UNTYPED: &[Word] = &[word("json", "records are taken as they are")];

impl Words for WriteDisposition {
    const WORDS: &'static [(Word, Self)] = &[
        (word("append", "beside what is there"), Self::Append),
        (word("replace", "in place of what is there"), Self::Replace),
        (
            word("merge", "in place of what has the same key"),
            Self::Merge,
        ),
        (word("skip", "not at all"), Self::Skip),
    ];
}

pub(crate) static SCHEMA_CONTRACT: Context = Context {
    name: "`schema_contract`",
    keys: &[&schema_contract::COLUMNS, &schema_contract::DATA_TYPE],
};

/// The keys of `schema_contract`.
pub(crate) mod schema_contract {
    use super::{DefaultKey, Word, Words, word, word_of};
    use crate::connector::{ColumnsContract, DataTypeContract, SchemaContract};

    pub(crate) static COLUMNS: DefaultKey<ColumnsContract> =
        word_of("columns", "what an undeclared key gets").or(SchemaContract::DEFAULT.columns);
    pub(crate) static DATA_TYPE: DefaultKey<DataTypeContract> =
        word_of("data_type", "what a value of the wrong type gets")
            .or(SchemaContract::DEFAULT.data_type);

    impl Words for ColumnsContract {
        const WORDS: &'static [(Word, Self)] = &[
            (
                word("discard_value", "it is left out and counted"),
                Self::DiscardValue,
            ),
            (word("freeze", "an error"), Self::Freeze),
            (word("evolve", "it is kept in a map `extra`"), Self::Evolve),
        ];
    }

    impl Words for DataTypeContract {
        const WORDS: &'static [(Word, Self)] = &[
            (word("freeze", "an error"), Self::Freeze),
            (
                word("discard_row", "its record is set aside and counted"),
                Self::DiscardRow,
            ),
            (
                word("discard_value", "it becomes null and is counted"),
                Self::DiscardValue,
            ),
        ];
    }
}

pub(crate) static PROCESSING_STEP: Context = Context {
    name: "a processing step",
    keys: &[&step::FILTER, &step::MAP, &step::YIELD_MAP],
};

/// The keys of a processing step.
pub(crate) mod step {
    use super::{Key, Shape, Text};

    pub(crate) static FILTER: Key<Text> = Key::new(
        "filter",
        Shape::Rust,
        "leaves records out: `fn(&Record) -> bool`",
    );
    pub(crate) static MAP: Key<Text> = Key::new(
        "map",
        Shape::Rust,
        "makes a record of each: `fn(Record) -> Record`",
    );
    pub(crate) static YIELD_MAP: Key<Text> = Key::new(
        "yield_map",
        Shape::Rust,
        "makes any number: `fn(Record) -> impl IntoIterator<Item = Record>`",
    );
}
