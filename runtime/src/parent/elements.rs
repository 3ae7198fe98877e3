//! The records that a row of a parent makes: one, or one for each element of the list whose elements its child takes.

use super::{ParentRecord, Place, field, place, sent};
use crate::{
    Error, ErrorKind, Result, Row, Scalar,
    plan::{ParentField, ParentPlan},
};

impl ParentRecord {
    /// The records of a row of the parent's own table. A null in place of the list makes one, whose fields of an
    /// element are null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] if something else than a list is in its place.
    pub(crate) fn of_row(plan: &ParentPlan, row: Row<'_>) -> Result<Vec<Self>> {
        let of_row: Vec<Scalar> = plan.fields.iter().map(|one| field(row, one)).collect();
        let Some(list) = plan.fields.iter().find(|field| field.each.is_some()) else {
            return Ok(vec![Self::new(plan, row, of_row, None)]);
        };
        let found = place(row, list, list.split().0);
        let Some(found) = found.filter(|found| found.value() != Scalar::Null) else {
            return Ok(vec![Self::new(plan, row, of_row, None)]);
        };
        let elements = found
            .elements()
            .ok_or_else(|| not_a_list(plan, list, &Self::new(plan, row, of_row.clone(), None)))?;
        let written = sent::elements(plan, list, row);
        let written = written.filter(|written| written.len() == elements.len());
        let record = |(at, element): (usize, &Place<'_>)| {
            let fields = plan.fields.iter().zip(&of_row);
            let values = fields.map(|(field, value)| match field.each {
                Some(_) => element.value_at(field.split().1),
                None => value.clone(),
            });
            let written = written.as_ref().and_then(|written| written.get(at));
            Self::new(plan, row, values.collect(), written.map(|raw| raw.get()))
        };
        Ok(elements.iter().enumerate().map(record).collect())
    }
}

fn not_a_list(plan: &ParentPlan, field: &ParentField, record: &ParentRecord) -> Error {
    let list = ParentField {
        path: crate::schema::Path(field.split().0.to_vec().into()),
        each: None,
        ..field.clone()
    };
    let name = list.name(&plan.resource.table).unwrap_or_default();
    let message = format!("`{name}` is not a list in {}", record.values.name);
    let help =
        format!("`{name}[*]` asks for each element of a list; write `{name}` for a single value");
    Error::new(ErrorKind::Schema, message).with_help(help)
}
