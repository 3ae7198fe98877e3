//! One resource: where its records are, what they are, and how a destination writes them.

use super::{
    Auth, Body, BodyFormat, ChangeToken, Decoder, FutureCursor, Incremental, Job, JsonPlan, Method,
    Paginator, Param, ResponseAction, Selector, Template, Tree,
};
use crate::{
    schema::{Column, Path, Step, Table},
    shared::{List, Ref, Text},
};

declare! {
    /// One resource: how its records are asked for and what they look like.
    pub struct ResourcePlan {
        /// Its name.
        pub name: Text = Text::EMPTY,
        /// Its line in the spec, from 1.
        pub line: u32 = 0,
        /// Its records.
        pub table: Ref<Table> = Ref::Static(&Table::DEFAULT),
        /// The name of their table in destinations, where that is not the resource's.
        pub table_name: Option<Text> = None,
        /// How a destination writes them.
        pub write_disposition: WriteDisposition = WriteDisposition::Append,
        /// What marks records whose rows `merge` deletes.
        pub hard_delete: Option<HardDelete> = None,
        /// What a record outside the schema gets.
        pub schema_contract: SchemaContract = SchemaContract::DEFAULT,
        /// Whether loading a whole source loads it.
        pub selected: bool = true,
        /// Whether its requests may be made side by side. Otherwise one at a time is in flight, of all
        /// fetches of one source.
        pub parallelized: bool = true,
        /// How many requests of a rate limit each of its requests counts as, at least 1.
        pub rate_limit_cost: u32 = 1,
        /// The method of its requests.
        pub method: Method = Method::Get,
        /// The path, relative to the base URL. A value in it is percent-encoded.
        pub path: Template = Template::EMPTY,
        /// Query parameters.
        pub params: List<Param> = List::EMPTY,
        /// Headers.
        pub headers: List<Param> = List::EMPTY,
        /// The body, of a POST.
        pub body: Body = Body::None,
        /// The credentials it sends.
        pub auth: Option<Ref<Auth>> = None,
        /// How its pages follow each other.
        pub paginator: Paginator = Paginator::DEFAULT,
        /// How the body of a response becomes records.
        pub decoder: Decoder = Decoder::DEFAULT,
        /// The path of a function that makes the JSON of a page from a response, in place of a decoder: see
        /// `rest_source::hooks::ExtractHook`.
        pub extract: Option<Text> = None,
        /// Where a page's records are. Where the content type is one of JSON lines (`application/jsonl`,
        /// `application/x-ndjson` and the like), each line is a record, and there is nothing to select.
        pub selector: Selector = Selector::Path(Path::ROOT),
        /// Where the rows are that the API pages, where `selector` does not tell: the elements of a list, or of
        /// every list that a query finds. Offsets, limits and totals count these.
        pub rows_path: Option<Selector> = None,
        /// Whether a page without what the selector names, or looks into, is an error: see [`Selector`].
        pub selector_required: bool = true,
        /// Whether one record may stand in place of a list of one.
        pub single_record: bool = false,
        /// A list in the record: each of its elements is a row, with the record's other columns.
        pub explode: Option<Path> = None,
        /// The path of a function that decides what a response means, before all rules: see
        /// `rest_source::hooks::ResponseHook`.
        pub on_response: Option<Text> = None,
        /// What certain responses mean: the first rule that matches decides, before all others.
        pub response_actions: List<ResponseAction> = List::EMPTY,
        /// How to ask only for what is new.
        pub incremental: Option<Incremental> = None,
        /// Functions that its records go through, those in the range of an incremental fetch, before
        /// anyone has them. How far a fetch came is told by the records that came.
        pub processing_steps: List<ProcessingStep> = List::EMPTY,
        /// The resource for whose records it is fetched, each in turn.
        pub parent: Option<Ref<ParentPlan>> = None,
        /// The tree that its records are, where it is its own parent.
        pub tree: Option<Ref<Tree>> = None,
        /// What a null does in a field of the parent that a request needs.
        pub on_null_parent: OnNullParent = OnNullParent::Error,
        /// How many records of the parent a request is for. Their fields are lists, in the order of the records.
        pub batch: Option<u32> = None,
        /// The records of the parent that it is fetched for.
        pub parents: ParentSelection = ParentSelection::All,
        /// A filter of RFC 9535, without its `?`: it is fetched for the records of the parent for which this holds.
        pub parent_condition: Option<Text> = None,
        /// The lists of values that it is fetched for: each combination of one of each, by requests of its own.
        pub partitions: List<PartitionPlan> = List::EMPTY,
        /// The job that makes its records.
        pub job: Option<Ref<Job>> = None,
    }
}

impl ResourcePlan {
    /// What a cursor after the time of the fetch does: by default `Cap` where records are upserted or
    /// replaced, and `Error` where they are appended or only read.
    pub fn future_cursor(&self) -> FutureCursor {
        let declared = self
            .incremental
            .as_ref()
            .and_then(|plan| plan.future_cursor);
        declared.unwrap_or(match self.write_disposition {
            WriteDisposition::Merge | WriteDisposition::Replace => FutureCursor::Cap,
            WriteDisposition::Append | WriteDisposition::Skip => FutureCursor::Error,
        })
    }

    /// The same with the names that its table and those of its nested lists have in a destination: `prefix` comes
    /// before each.
    pub fn with_stored_names(&self, prefix: &str) -> Self {
        let named = |name: &Text| Text::from(format!("{prefix}{name}"));
        let columns = self.table.columns.iter().map(|column| Column {
            table: column.table.as_ref().map(named),
            ..column.clone()
        });
        let table = Table {
            name: named(self.table_name.as_ref().unwrap_or(&self.name)),
            columns: columns.collect(),
        };
        Self {
            table: table.into(),
            ..self.clone()
        }
    }

    /// Where the API says at what the next fetch starts.
    pub fn change_token(&self) -> Option<&ChangeToken> {
        self.incremental.as_ref()?.change_token.as_ref()
    }

    /// Whether a fetch of it has a state, at which the next one resumes.
    pub fn has_state(&self) -> bool {
        self.incremental.is_some() || self.parents == ParentSelection::Changed
    }

    /// Whether a step may change records, which then give their cells back.
    pub fn changes_records(&self) -> bool {
        let mut steps = self.processing_steps.iter();
        steps.any(|step| !matches!(step, ProcessingStep::Filter(_)))
    }

    /// The paths of what makes its pages, its partitions, and the meaning of its responses, and of its
    /// processing steps.
    pub fn hooks(&self) -> impl Iterator<Item = &str> {
        let lists = self
            .partitions
            .iter()
            .filter_map(|list| match &list.values {
                PartitionItems::Rust { rust, .. } => Some(rust.as_str()),
                PartitionItems::Values(_) | PartitionItems::Config(_) => None,
            });
        let decoder = match &self.decoder.format {
            BodyFormat::Custom(rust) => Some(rust),
            _ => None,
        };
        let of_responses = self.extract.iter().chain(decoder).chain(&self.on_response);
        let steps = self.processing_steps.iter().map(ProcessingStep::path);
        lists.chain(of_responses.map(Text::as_str)).chain(steps)
    }

    /// Whether its rows are written in groups: all that have the merge key of one of them give way to
    /// what was fetched.
    pub fn replaces_groups(&self) -> bool {
        let mut columns = self.table.columns.iter();
        self.write_disposition == WriteDisposition::Merge && columns.any(|column| column.merge_key)
    }
}

declare! {
    /// A function that records go through, by its path in the spec: see `rest_source::hooks::Hooks`.
    #[derive(Eq)]
    pub enum ProcessingStep {
        /// Leaves out the records for which it does not hold: `fn(&Story) -> bool`.
        Filter(Text),
        /// Makes a record of each: `fn(Story) -> Story`.
        Map(Text),
        /// Makes any number of records of each: `fn(Story) -> impl IntoIterator<Item = Story>`.
        YieldMap(Text),
    }
}

impl ProcessingStep {
    /// The path of the function.
    pub fn path(&self) -> &str {
        match self {
            Self::Filter(path) | Self::Map(path) | Self::YieldMap(path) => path,
        }
    }
}

declare! {
    /// The resource for whose records a child is fetched, and what its requests and records take of them.
    pub struct ParentPlan {
        /// The parent. There is no way from it back to the child.
        pub resource: Ref<ResourcePlan>,
        /// Further parents. The child is fetched for each combination of a record of each. No two of its parents
        /// have an ancestor in common, and none is an ancestor of another.
        pub others: List<Ref<ResourcePlan>>,
        /// The values taken of each of their records, in the order in which [`Part::Parent`](super::Part::Parent) and
        /// [`Column::parent`](crate::schema::Column::parent) count them.
        pub fields: List<ParentField>,
    }
}

impl ParentPlan {
    /// The parents: the first, and the others.
    pub fn resources(&self) -> impl Iterator<Item = &Ref<ResourcePlan>> {
        std::iter::once(&self.resource).chain(self.others.iter())
    }

    /// The parent that a field is of.
    pub fn resource_of(&self, field: &ParentField) -> Option<&Ref<ResourcePlan>> {
        self.resources().nth(usize::from(field.of))
    }

    /// The name of a field in the spec, without the resource: `author.name`.
    pub fn field_name(&self, field: &ParentField) -> Option<String> {
        field.name(&self.resource_of(field)?.table)
    }

    /// The names of the parents in messages: `` `posts` ``, or `` `users` and `metrics` ``.
    pub fn names(&self) -> String {
        let names = self.resources().map(|one| format!("`{}`", one.name));
        names.collect::<Vec<_>>().join(" and ")
    }

    /// The plan of each parent alone, and where its fields are among all.
    pub fn each(&self) -> Vec<(Self, Vec<usize>)> {
        let of = |(at, resource): (usize, &Ref<ResourcePlan>)| {
            let fields = self.fields.iter().enumerate();
            let own = fields.filter(|(_, field)| usize::from(field.of) == at);
            let (at, fields): (Vec<usize>, Vec<ParentField>) = own
                .map(|(at, field)| (at, field.clone().of_first()))
                .unzip();
            let plan = Self {
                resource: resource.clone(),
                others: List::EMPTY,
                fields: fields.into(),
            };
            (plan, at)
        };
        self.resources().enumerate().map(of).collect()
    }
}

declare! {
    /// A value of a parent's record.
    #[derive(Eq)]
    pub struct ParentField {
        /// The parent that it is of: 0 for the first, 1 for the first of the others.
        pub of: u16 = 0,
        /// Position of the column in the parent's table.
        pub column: u16 = 0,
        /// The place within the column's value: the names of columns, keys and indexes.
        pub path: Path = Path::ROOT,
        /// After so many steps of `path` there is a list, and the rest of them is taken of each of its elements:
        /// `lines[*].sku`. All such fields of a parent are of one list.
        pub each: Option<u16> = None,
    }
}

impl ParentField {
    /// The same field, of the only parent.
    fn of_first(self) -> Self {
        Self { of: 0, ..self }
    }

    /// Its name in the spec, without the resource: `author.name`, `tags[0]`, `lines[*].sku`.
    pub fn name(&self, table: &Table) -> Option<String> {
        let column = table.columns.get(usize::from(self.column))?;
        let (before, after) = self.split();
        let mut name = format!("{}{}", column.name, within(before));
        if self.each.is_some() {
            name.push_str("[*]");
        }
        name.push_str(&within(after));
        Some(name)
    }

    /// The steps to its list, and those within an element. Without a list, all steps and none.
    pub fn split(&self) -> (&[Step], &[Step]) {
        let steps = &self.path.0;
        let at = self.each.map_or(steps.len(), usize::from);
        steps.split_at(at.min(steps.len()))
    }

    /// Whether both are of one element: of the same list.
    pub fn is_of_list_of(&self, other: &Self) -> bool {
        self.of == other.of
            && self.column == other.column
            && self.each == other.each
            && self.split().0 == other.split().0
    }
}

/// The steps as they are written after a column.
fn within(steps: &[Step]) -> String {
    let path = Path(steps.to_vec().into()).to_string();
    path.trim_start_matches('$').to_owned()
}

declare! {
    /// A list of values, for each of which a resource is fetched.
    pub struct PartitionPlan {
        /// Its name in the spec: `region`.
        pub name: Text,
        /// The values.
        pub values: PartitionItems,
    }
}

declare! {
    /// The values of a list of partitions.
    pub enum PartitionItems {
        /// These scalars.
        Values(List<JsonPlan>),
        /// Those of the list setting at this position of [`SourcePlan::config`](super::SourcePlan::config).
        Config(u16),
        /// Those that a function finds when a fetch begins: see `rest_source::hooks::PartitionsHook`.
        Rust {
            /// The path of the function.
            rust: Text,
            /// The type of the values.
            data_type: PartitionType,
        },
    }
}

declare! {
    /// The type of the values that a function finds.
    #[derive(Copy, Default, Eq)]
    pub enum PartitionType {
        /// Texts: `String`.
        #[default]
        Text,
        /// Integers: `i64`.
        Bigint,
    }
}

declare! {
    /// The records of a parent that a child is fetched for.
    #[derive(Copy, Default, Eq)]
    pub enum ParentSelection {
        /// All of them.
        #[default]
        All,
        /// Those that are new or changed since all children were last fetched. The state of the child is the one that
        /// the parent's fetch then had.
        Changed,
    }
}

declare! {
    /// What a null does in a field of the parent that a request of the child needs.
    #[derive(Copy, Default, Eq)]
    pub enum OnNullParent {
        /// The fetch fails. Without the value a request would ask for the records of every parent.
        #[default]
        Error,
        /// No request is sent for that record of the parent, and the report counts it.
        Skip,
    }
}

declare! {
    /// How a destination writes records.
    #[derive(Copy, Default, Eq)]
    pub enum WriteDisposition {
        /// Beside those that are there.
        #[default]
        Append,
        /// In place of those that are there.
        Replace,
        /// In place of those of the same key.
        Merge,
        /// Not at all.
        Skip,
    }
}

declare! {
    /// What marks the records whose rows `merge` deletes.
    #[derive(Eq)]
    pub struct HardDelete {
        /// Position of the column.
        pub column: u16 = 0,
        /// Its values in deleted records, as text. If there are none, a record is deleted if the column is true, or is
        /// of another type than `bool` and not null.
        pub values: List<Text> = List::EMPTY,
    }
}

declare! {
    /// What a response outside the schema gets.
    #[derive(Copy, Eq)]
    pub struct SchemaContract {
        /// What an undeclared key gets.
        pub columns: ColumnsContract = ColumnsContract::DiscardValue,
        /// What a value of the wrong type gets.
        pub data_type: DataTypeContract = DataTypeContract::Freeze,
    }
}

declare! {
    /// What an undeclared key gets.
    #[derive(Copy, Default, Eq)]
    pub enum ColumnsContract {
        /// It is left out.
        #[default]
        DiscardValue,
        /// An error.
        Freeze,
        /// It is kept in its object's [`Column::extra`](crate::schema::Column::extra).
        Evolve,
    }
}

declare! {
    /// What a value of the wrong type, or a null or an absence where none may be, gets.
    #[derive(Copy, Default, Eq)]
    pub enum DataTypeContract {
        /// An error.
        #[default]
        Freeze,
        /// Its record is set aside and counted.
        DiscardRow,
        /// It becomes null and is counted; an error where the column is not nullable.
        DiscardValue,
    }
}
