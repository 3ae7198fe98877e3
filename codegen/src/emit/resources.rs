//! A resource's plan and the method that fetches it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::{
    connector::{
        Body, ColumnsContract, Connector, DataTypeContract, Method, OnNullParent, Pages, Paginator,
        Path, Record, Resource, SchemaContract, Selector, WriteDisposition,
    },
    item::Item,
};

use super::{
    columns::lines,
    docs::{Docs, code},
    names::{ident, plan_ident, text},
    parent,
    plan::{Fields, body, incremental, paginator, params, response_actions, selector, template},
    source::auth_ident,
    steps,
};

/// What fetching a resource gives, as in ``One record of `stories`: …``.
pub(super) fn in_words(connector: &Connector, resource: &Resource) -> String {
    let name = code(&resource.name);
    let path = connector.written(Some(resource), &resource.path);
    let request = format!("{} {path}", method(resource.method));
    let request = code(&request);
    let pages = match resource.paginator.kind {
        Pages::Single => "",
        Pages::Offset(_) => ", by offset",
        Pages::Number(_) => ", by page",
        Pages::Cursor(_) | Pages::HeaderCursor { .. } => ", by cursor",
        Pages::HeaderLink { .. } | Pages::JsonLink { .. } => ", by link",
        Pages::Custom { .. } => ", by a paginator of its own",
    };
    let disposition = match resource.write_disposition {
        WriteDisposition::Append => String::new(),
        WriteDisposition::Replace => ", replaced whole".to_owned(),
        WriteDisposition::Merge => merged(resource),
        WriteDisposition::Skip => ", not loaded".to_owned(),
    };
    format!("One record of {name}: {request}{pages}{disposition}.")
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
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
    let name = ident(&resource.ident);
    let plan = plan_ident(&resource.ident);
    let record = record_type(resource);
    let docs = Docs::default().theirs(resource.description.as_deref());
    let Some(parent) = resource.parent.as_ref() else {
        let docs = docs.ours(&[&format!("Fetches {}.", code(&resource.name))]);
        return quote! {
            #docs
            pub fn #name(&self) -> __rs::Fetch<#record> {
                self.client.fetch(&#plan)
            }
        };
    };
    let parent = connector.resources.get(parent.resource);
    let of = parent.map_or(String::new(), |parent| code(&parent.name));
    let first = format!("Fetches {}, of all records of {of}", code(&resource.name));
    if let Some((parent, take)) = parent::takes(connector, resource, own) {
        let docs = docs.ours(&[&format!("{first}, or by `of` of one.")]);
        return quote! {
            #docs
            pub fn #name(&self) -> __rs::Fetch<#record, __rs::Of<#parent>> {
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
        let ident = plan_ident(&resource.ident);
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
    let line = Literal::u32_unsuffixed(resource.line);
    let name = &resource.name;
    let mut fields = Fields::default();
    let table = match &resource.record {
        Record::Untyped(columns) => {
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
    };
    fields.set("name", text(name));
    fields.set("line", quote!(#line));
    fields.set("table", table);
    if resource.write_disposition != WriteDisposition::Append {
        let disposition = write_disposition(resource.write_disposition);
        fields.set("write_disposition", disposition);
    }
    if resource.schema_contract != SchemaContract::default() {
        fields.set("schema_contract", schema_contract(resource.schema_contract));
    }
    if !resource.selected {
        fields.set("selected", quote!(false));
    }
    if !resource.parallelized {
        fields.set("parallelized", quote!(false));
    }
    if resource.method == Method::Post {
        fields.set("method", quote!(__rs::Method::Post));
    }
    fields.set("path", template(&resource.path));
    if !resource.params.is_empty() {
        fields.set("params", params(&resource.params));
    }
    if !resource.headers.is_empty() {
        fields.set("headers", params(&resource.headers));
    }
    if resource.body != Body::None {
        fields.set("body", body(&resource.body));
    }
    let auth = resource.auth.map(|at| {
        let auth = auth_ident(connector, at);
        quote!(__rs::Static(&#auth))
    });
    fields.some("auth", auth);
    if !is_single_page(&resource.paginator) {
        fields.set("paginator", paginator(&resource.paginator));
    }
    if !matches!(&resource.selector, Selector::Path(Path(steps)) if steps.is_empty()) {
        fields.set("selector", selector(&resource.selector));
    }
    fields.some("rows_path", resource.rows_path.as_ref().map(selector));
    if !resource.selector_required {
        fields.set("selector_required", quote!(false));
    }
    if !resource.response_actions.is_empty() {
        let rules = response_actions(&resource.response_actions);
        fields.set("response_actions", rules);
    }
    fields.some(
        "incremental",
        resource.incremental.as_ref().map(incremental),
    );
    if !resource.processing_steps.is_empty() {
        fields.set("processing_steps", steps::plan(resource));
    }
    let parent = resource.parent.as_ref();
    let parent = parent.and_then(|parent| parent::plan(connector, parent));
    fields.some("parent", parent);
    if resource.on_null_parent == OnNullParent::Skip {
        fields.set("on_null_parent", quote!(__rs::OnNullParent::Skip));
    }
    fields
}

/// Whether it is what a plan has by default.
fn is_single_page(paginator: &Paginator) -> bool {
    matches!(paginator.kind, Pages::Single)
        && paginator.maximum_pages.is_none()
        && paginator.stop_on_status.is_empty()
}

fn write_disposition(disposition: WriteDisposition) -> TokenStream {
    let variant = ident(match disposition {
        WriteDisposition::Append => "Append",
        WriteDisposition::Replace => "Replace",
        WriteDisposition::Merge => "Merge",
        WriteDisposition::Skip => "Skip",
    });
    quote!(__rs::WriteDisposition::#variant)
}

fn schema_contract(contract: SchemaContract) -> TokenStream {
    let columns = ident(match contract.columns {
        ColumnsContract::DiscardValue => "DiscardValue",
        ColumnsContract::Freeze => "Freeze",
        ColumnsContract::Evolve => "Evolve",
    });
    let data_type = ident(match contract.data_type {
        DataTypeContract::Freeze => "Freeze",
        DataTypeContract::DiscardRow => "DiscardRow",
        DataTypeContract::DiscardValue => "DiscardValue",
    });
    quote! {
        __rs::SchemaContract {
            columns: __rs::ColumnsContract::#columns,
            data_type: __rs::DataTypeContract::#data_type,
        }
    }
}
