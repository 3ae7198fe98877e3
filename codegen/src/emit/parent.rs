//! Children: how one is fetched for a record of its parent.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    columns::field_type,
    literal::{Fields, literal},
    names::{ident, integer, plan_ident, slice},
};
use crate::{
    connector::{
        Column, Connector, ParentField, ParentPlan, Path, Record, Ref, Resource, ResourcePlan,
        RustType, Step, Struct, Type,
    },
    item::Item,
    user_struct,
};

/// The parents in a child's plan.
pub(super) fn plan(parent: &ParentPlan) -> TokenStream {
    let reference = |resource: &Ref<ResourcePlan>| {
        let resource = plan_ident(&resource.name);
        quote!(__rs::Static(&#resource))
    };
    let fields = Fields::of(parent, &mut |field| match field {
        "resource" => Some(reference(&parent.resource)),
        "others" if parent.others.is_empty() => Some(quote!(__rs::List::EMPTY)),
        "others" => {
            let others = slice(&parent.others, reference);
            Some(quote!(__rs::Static(#others)))
        }
        _ => None,
    });
    let plan = fields.literal(&quote!(__rs::ParentPlan));
    quote!(Some(__rs::Static(&#plan)))
}

/// The parent's record, or the tuple of those of several parents, and the values that a child takes of it, in order.
/// Nothing for a child that cannot be fetched for one record: where the user's own struct has no such field, an object
/// or a list is taken whole, or each element of a list is.
pub(super) fn takes(
    connector: &Connector,
    child: &Resource,
    own: &[Item],
) -> Option<(TokenStream, TokenStream)> {
    let parent = child.plan.parent.as_ref()?;
    let mut records = Vec::new();
    for parent in connector.parents(child) {
        let Record::Struct(record) = &parent.record else {
            return None;
        };
        records.push(record);
    }
    let mut values = Vec::new();
    for field in &parent.fields {
        let value = value(records.get(usize::from(field.of))?, field, own)?;
        let at = integer(u32::from(field.of));
        values.push(if parent.others.is_empty() {
            value
        } else {
            quote!({ let it = &it.#at; #value })
        });
    }
    let take = quote!(|it| ::std::vec![#(#values),*]);
    let names: Vec<_> = records.iter().map(|record| ident(&record.ident)).collect();
    match &*names {
        [record] => Some((quote!(#record), take)),
        records => Some((quote!((#(#records),*)), take)),
    }
}

/// The value of a field of the parent's record, `it`.
fn value(record: &Struct, field: &ParentField, own: &[Item]) -> Option<TokenStream> {
    if field.each.is_some() {
        return None;
    }
    let column = record.columns.get(usize::from(field.column))?;
    let Path(steps) = &field.path;
    member(record, column, steps, own)
}

/// The value within a column of the struct `it`.
fn member(record: &Struct, column: &Column, steps: &[Step], own: &[Item]) -> Option<TokenStream> {
    let is_there = user_struct::find(own, &record.ident).is_none_or(|own| {
        let expected = field_type(column);
        user_struct::has_field(own, column, &expected)
    });
    let name = ident(&column.ident());
    let inner = within(column, steps, own)?;
    is_there.then(|| {
        if column.explicit {
            quote!(__rs::value_of(it.#name.as_ref().value(), |it| #inner))
        } else if column.nullable {
            quote!(__rs::value_of(it.#name.as_ref(), |it| #inner))
        } else {
            quote!({ let it = &it.#name; #inner })
        }
    })
}

/// The value that the steps lead to from `it`, a column's value that is not null.
fn within(column: &Column, steps: &[Step], own: &[Item]) -> Option<TokenStream> {
    let Some((step, rest)) = steps.split_first() else {
        return match &column.data_type {
            Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => None,
            Type::Enum { .. } => Some(quote!(__rs::ToScalar::to_scalar(it.as_str()))),
            _ => Some(quote!(__rs::ToScalar::to_scalar(it))),
        };
    };
    match (&column.data_type, &column.rust, step) {
        (_, RustType::Struct(object), Step::Key(key)) => {
            let column = object.columns.iter().find(|column| column.name == *key)?;
            member(object, column, rest, own)
        }
        (_, RustType::Element(element), Step::Index(index)) => {
            let index = integer(*index);
            let inner = element_of(element, rest, own)?;
            Some(quote!(__rs::value_of(__rs::element(it, #index), |it| #inner)))
        }
        (_, RustType::Element(element), Step::Key(key)) => {
            let key = key.as_str();
            let inner = element_of(element, rest, own)?;
            Some(quote!(__rs::value_of(it.get(#key), |it| #inner)))
        }
        (Type::Json, _, _) => {
            let steps = slice(steps, |step| literal(step));
            Some(quote!(__rs::within_json(it, #steps)))
        }
        _ => None,
    }
}

/// The value within an element, `it`, which may be null.
fn element_of(element: &Column, steps: &[Step], own: &[Item]) -> Option<TokenStream> {
    let inner = within(element, steps, own)?;
    Some(if element.nullable {
        quote!(__rs::value_of(it.as_ref(), |it| #inner))
    } else {
        inner
    })
}
