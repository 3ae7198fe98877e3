//! The records of a resource: checked, and those that a request asks for.

use std::cmp::Ordering;

use rest_source::{
    __private::mock::{RecordReader, compare_cursors, read_cursor},
    Error, ErrorKind, Result, Scalar,
    plan::{Function, Incremental, Part, ResourcePlan, RowOrder},
    schema::Type,
    shared::{Ref, Text},
};
use serde_json::{Map, Value as Json};

use crate::{body::as_received, read::as_text, route::Asks};

/// Records as a test gives them.
pub(crate) struct Given {
    pub(crate) resource: String,
    /// Whose they are: the parent's fields and their values.
    pub(crate) of: Option<Json>,
    /// Or why one cannot be written as JSON.
    pub(crate) records: Result<Vec<Json>, String>,
    /// Whether they are to be as the spec says.
    pub(crate) checked: bool,
}

/// The records of a resource.
pub(crate) struct Data {
    plan: Ref<ResourcePlan>,
    spec: Text,
    records: Vec<Record>,
}

struct Record {
    json: Json,
    cursor: Option<Scalar>,
    /// The values at these positions of the parent's fields, of the record that it belongs to.
    of: Vec<(usize, String)>,
}

impl Data {
    pub(crate) fn new(plan: &Ref<ResourcePlan>, spec: &Text) -> Self {
        Self {
            plan: plan.clone(),
            spec: spec.clone(),
            records: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Adds records.
    ///
    /// # Errors
    ///
    /// Where one is not as the spec says, or the parent has no such fields.
    pub(crate) fn add(&mut self, given: Given) -> Result<()> {
        let of = match given.of {
            Some(of) => belongs(&self.plan, &of)?,
            None => Vec::new(),
        };
        let records = given.records.map_err(|error| {
            let message = format!("a record that the mock was given is no JSON: {error}");
            Error::new(ErrorKind::Config, message).with_resource(&self.plan.name)
        })?;
        let reader = RecordReader::new(&self.plan, &self.spec)?;
        let read = |(at, json): (usize, Json)| {
            let cursor = match reader.cursor(&as_received(&self.plan.decoder, &json)) {
                Ok(cursor) => cursor,
                Err(_) if !given.checked => None,
                Err(error) => {
                    return Err(error
                        .with_resource(&self.plan.name)
                        .with_detail(format!("in record {} that the mock was given", at + 1))
                        .with_help("`unchecked` serves records that are not as the spec says"));
                }
            };
            let of = of.clone();
            Ok(Record { json, cursor, of })
        };
        let records = records.into_iter().enumerate().map(read);
        let records: Vec<Record> = records.collect::<Result<_>>()?;
        self.records.extend(records);
        self.sort();
        Ok(())
    }

    /// Puts the records in the order in which the spec says that they come.
    fn sort(&mut self) {
        let order = self
            .plan
            .incremental
            .as_ref()
            .and_then(|plan| plan.row_order);
        let compare = |a: &Record, b: &Record| match (&a.cursor, &b.cursor) {
            (Some(a), Some(b)) => compare_cursors(a, b).unwrap_or(Ordering::Equal),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        match order {
            Some(RowOrder::Ascending) => self.records.sort_by(compare),
            Some(RowOrder::Descending) => self.records.sort_by(|a, b| compare(b, a)),
            None => {}
        }
    }

    /// The records that a request asks for.
    ///
    /// # Errors
    ///
    /// Where the request's start or end cannot be read.
    pub(crate) fn asked(&self, asks: &Asks) -> Result<Vec<&Json>, Unreadable> {
        let start = self.bound(asks.start())?;
        let end = self.bound(asks.end())?;
        let is_within = |cursor: &Scalar| {
            !is(cursor, Ordering::Less, start.as_ref())
                && !is(cursor, Ordering::Greater, end.as_ref())
        };
        let belongs = |(at, value): &(usize, String)| match asks.parent(*at) {
            None => true,
            Some(asked) if self.plan.batch.is_some() => {
                batch(&self.plan, *at, asked).contains(value)
            }
            Some(asked) => asked == value,
        };
        let is_level =
            |record: &Record| self.plan.tree.is_none() || asks.is_root == record.of.is_empty();
        let records = self.records.iter().filter(|record| is_level(record));
        let asked = records.filter(|record| {
            record.of.iter().all(belongs) && record.cursor.as_ref().is_none_or(is_within)
        });
        Ok(asked.map(|record| &record.json).collect())
    }

    /// A start or an end, as it is sent; nothing where none is.
    fn bound(&self, text: Option<&str>) -> Result<Option<Scalar>, Unreadable> {
        // What a token stands for is the page's.
        let plan = self.plan.incremental.as_ref();
        let plan = plan.filter(|plan| plan.change_token.is_none());
        let (Some(text), Some(plan)) = (text, plan) else {
            return Ok(None);
        };
        let column = plan
            .column
            .and_then(|at| self.plan.table.columns.get(usize::from(at)));
        let data_type = sent_as(&column.ok_or(Unreadable)?.data_type, plan);
        match read_cursor(&data_type, text) {
            Ok(Some(value)) => Ok(Some(value)),
            Ok(None) | Err(_) => Err(Unreadable),
        }
    }
}

/// The values of a batch, as a request has them: a JSON list, or a text with what joins them between.
fn batch(plan: &ResourcePlan, at: usize, asked: &str) -> Vec<String> {
    if let Ok(Json::Array(values)) = serde_json::from_str(asked) {
        return values.iter().filter_map(as_text).collect();
    }
    let mut separator = None;
    plan.each_template(&mut |_, template| {
        for part in &template.0 {
            if let (Part::Parent(of), Some(Function::Join(text))) =
                (part.source(), part.functions().last())
                && usize::from(*of) == at
            {
                separator = Some(text.to_string());
            }
        }
    });
    let separator = separator.filter(|separator| !separator.is_empty());
    let values = separator.map(|separator| asked.split(&separator).map(str::to_owned).collect());
    values.unwrap_or_else(|| vec![asked.to_owned()])
}

/// A start or an end that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// What a value of the cursor column is when it is sent.
fn sent_as(data_type: &Type, plan: &Incremental) -> Type {
    match data_type {
        Type::Timestamp(_) => Type::Timestamp(plan.format.clone()),
        Type::Date(_) => Type::Date(plan.format.clone()),
        other => other.clone(),
    }
}

/// Whether a cursor compares so to a bound, where there is one.
fn is(cursor: &Scalar, ordering: Ordering, bound: Option<&Scalar>) -> bool {
    bound.is_some_and(|bound| compare_cursors(cursor, bound) == Some(ordering))
}

/// The values of a parent's fields, by the fields' positions.
fn belongs(plan: &ResourcePlan, of: &Json) -> Result<Vec<(usize, String)>> {
    let wrong = |message: String| Error::new(ErrorKind::Config, message).with_resource(&plan.name);
    let names = names(plan);
    if names.is_empty() {
        return Err(
            wrong("it has no parent whose records these could be of".to_owned())
                .with_help("give its records by `records`"),
        );
    }
    let known = || format!("it takes of its parent: `{}`", names.join("`, `"));
    let Json::Object(of) = of else {
        return Err(wrong("whose the records are is to be an object".to_owned()).with_help(known()));
    };
    values(of, &names).map_err(|name| {
        wrong(format!("the parent's `{name}` is none of what it takes")).with_help(known())
    })
}

fn values(of: &Map<String, Json>, names: &[String]) -> Result<Vec<(usize, String)>, String> {
    let of = of.iter().map(|(name, value)| {
        let at = names.iter().position(|known| known == name);
        Ok((
            at.ok_or_else(|| name.clone())?,
            as_text(value).unwrap_or_default(),
        ))
    });
    of.collect()
}

/// The names of a parent's fields: `id`, `owner.id`; of several parents with the parent, `users.id`.
fn names(plan: &ResourcePlan) -> Vec<String> {
    let Some(parent) = &plan.parent else {
        let fields = plan.taken_fields().iter();
        return fields.filter_map(|field| field.name(&plan.table)).collect();
    };
    let name = |field| {
        let name = parent.field_name(field)?;
        if parent.others.is_empty() {
            return Some(name);
        }
        Some(format!("{}.{name}", parent.resource_of(field)?.name))
    };
    let names = parent.fields.iter().map(name);
    names.map(Option::unwrap_or_default).collect()
}
