//! A resource's plan and the method that fetches it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    connector::{Connector, Pages, Record, Resource, WriteDisposition},
    item::Item,
};

use super::{
    columns::lines,
    docs::{Docs, code},
    literal::Fields,
    names::{ident, plan_ident},
    parent,
    source::auth_ident,
};

/// What fetching a resource gives, as in ``One record of `stories`: …``.
pub(super) fn in_words(connector: &Connector, resource: &Resource) -> String {
    let plan = &resource.plan;
    let name = code(&plan.name);
    let path = connector.plan.written(Some(plan), &plan.path);
    let request = code(&format!("{} {path}", plan.method.as_str()));
    let pages = match plan.paginator.kind {
        Pages::Single => "",
        Pages::Offset(_) => ", by offset",
        Pages::Number(_) => ", by page",
        Pages::Cursor(_) | Pages::HeaderCursor { .. } => ", by cursor",
        Pages::Scroll(_) => ", by scroll",
        Pages::HeaderLink { .. } | Pages::JsonLink { .. } => ", by link",
        Pages::Custom { .. } => ", by a paginator of its own",
    };
    let disposition = match plan.write_disposition {
        WriteDisposition::Append => String::new(),
        WriteDisposition::Replace => ", replaced whole".to_owned(),
        WriteDisposition::Merge => merged(resource),
        WriteDisposition::Skip => ", not loaded".to_owned(),
    };
    format!("One record of {name}: {request}{pages}{disposition}.")
}

/// How its rows are merged: on the key, in groups of one merge key, or both.
fn merged(resource: &Resource) -> String {
    let (mut primary, mut groups) = (Vec::new(), Vec::new());
    for column in resource.record.columns() {
        if column.primary_key {
            primary.push(code(&column.name));
        }
        if column.merge_key {
            groups.push(code(&column.name));
        }
    }
    let mut words = String::new();
    if !primary.is_empty() {
        words.push_str(", merged on ");
        words.push_str(&primary.join(", "));
    }
    if !groups.is_empty() {
        words.push_str(", replaced by groups of ");
        words.push_str(&groups.join(", "));
    }
    words
}

/// The method of `Source` that fetches the resource.
pub(super) fn fetch(connector: &Connector, resource: &Resource, own: &[Item]) -> TokenStream {
    let name = ident(&resource.ident());
    let plan = plan_ident(&resource.plan.name);
    let record = record_type(resource);
    let docs = Docs::default().theirs(resource.description.as_deref());
    let Some(parent) = resource.plan.parent.as_ref() else {
        let docs = docs.ours(&[&format!("Fetches {}.", code(&resource.plan.name))]);
        return quote! {
            #docs
            pub fn #name(&self) -> __rs::Fetch<#record> {
                self.client.fetch(&#plan)
            }
        };
    };
    let names: Vec<String> = parent.resources().map(|one| code(&one.name)).collect();
    let of = names.join(" and ");
    let first = format!(
        "Fetches {}, of all records of {of}",
        code(&resource.plan.name)
    );
    if let Some((parent, take)) = parent::takes(connector, resource, own) {
        let docs = docs.ours(&[&format!("{first}, or by `of` of one.")]);
        return quote! {
            #docs
            pub fn #name(&self) -> __rs::Fetch<#record, __rs::ForParents<#parent>> {
                self.client.children(&#plan, #take)
            }
        };
    }
    let docs = docs.ours(&[&format!("{first}.")]);
    quote! {
        #docs
        pub fn #name(&self) -> __rs::Fetch<#record> {
            self.client.fetch(&#plan)
        }
    }
}

/// What the resource's records are in Rust.
pub(super) fn record_type(resource: &Resource) -> TokenStream {
    match &resource.record {
        Record::Untyped(_) => quote!(__rs::Json),
        Record::Struct(record) => {
            let record = ident(&record.ident);
            quote!(#record)
        }
    }
}

/// The plans of all resources. What is the same in each of them is written once.
pub(super) fn plans(connector: &Connector) -> TokenStream {
    let resources = &connector.resources;
    let mut plans = Vec::with_capacity(resources.len());
    for resource in resources {
        plans.push(plan(connector, resource));
    }
    let name = quote!(__rs::ResourcePlan);
    let mut base = quote!(__rs::ResourcePlan::DEFAULT);
    let mut defaults = None;
    let common = take_common(&mut plans);
    if !common.0.is_empty() {
        let common = common.over(&name, &base);
        defaults = Some(quote!(const DEFAULTS: __rs::ResourcePlan = #common;));
        base = quote!(DEFAULTS);
    }
    let mut statics = TokenStream::new();
    for (resource, plan) in resources.iter().zip(&plans) {
        let ident = plan_ident(&resource.plan.name);
        let plan = plan.over(&name, &base);
        statics.extend(quote!(static #ident: __rs::ResourcePlan = #plan;));
    }
    quote!(#defaults #statics)
}

/// Takes the fields that every plan has, of the same value, out of the plans.
fn take_common(plans: &mut [Fields]) -> Fields {
    let [first, others @ ..] = &*plans else {
        return Fields::default();
    };
    if others.is_empty() {
        return Fields::default();
    }
    let mut common = first.clone();
    common.0.retain(|(field, value)| {
        let value = value.to_string();
        others.iter().all(|plan| plan.has(field, &value))
    });
    for plan in plans {
        plan.0.retain(|(field, _)| common.get(field).is_none());
    }
    common
}

impl Fields {
    fn get(&self, field: &str) -> Option<&TokenStream> {
        let mut fields = self.0.iter();
        fields.find(|own| own.0 == field).map(|own| &own.1)
    }

    fn has(&self, field: &str, value: &str) -> bool {
        self.get(field).is_some_and(|own| own.to_string() == value)
    }
}

fn plan(connector: &Connector, resource: &Resource) -> Fields {
    let plan = &resource.plan;
    Fields::of(&**plan, &mut |field| match field {
        "table" => Some(table(resource)),
        "auth" => plan.auth.as_ref().map(|auth| {
            let auth = auth_ident(&connector.plan, auth);
            quote!(Some(__rs::Static(&#auth)))
        }),
        "parent" => plan.parent.as_deref().map(parent::plan),
        _ => None,
    })
}

fn table(resource: &Resource) -> TokenStream {
    match &resource.record {
        Record::Untyped(columns) => {
            let name = resource.plan.table.name.as_str();
            let columns = if columns.is_empty() {
                quote!(__rs::List::EMPTY)
            } else {
                let columns = lines(columns);
                quote!({ use __rs::columns::*; __rs::Static(&[#columns]) })
            };
            quote!(__rs::Static(&__rs::Table {
                name: __rs::Static(#name),
                columns: #columns,
            }))
        }
        Record::Struct(record) => {
            let record = ident(&record.ident);
            quote!(__rs::Static(<#record as __rs::Record>::TABLE))
        }
    }
}
