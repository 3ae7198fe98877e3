//! A resource's plan and the method that fetches it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::DeriveInput;

use crate::connector::{
    Body, Column, ColumnsContract, Connector, DataTypeContract, Method, Pages, Paginator, Path,
    Record, Resource, SchemaContract, Selector, WriteDisposition,
};

use super::{
    columns::column,
    docs::{Docs, code},
    names::{ident, plan_ident},
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
    let names = |is_of: fn(&Column) -> bool| {
        let columns = resource.record.columns().iter();
        let names: Vec<_> = columns.filter(|column| is_of(column)).collect();
        let names: Vec<_> = names.iter().map(|column| code(&column.name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let mut words = String::new();
    if let Some(key) = names(|column| column.primary_key) {
        words.push_str(", merged on ");
        words.push_str(&key);
    }
    if let Some(key) = names(|column| column.merge_key) {
        words.push_str(", replaced by groups of ");
        words.push_str(&key);
    }
    words
}

/// The method of `Source` that fetches the resource.
pub(super) fn fetch(
    connector: &Connector,
    resource: &Resource,
    own: &[DeriveInput],
) -> TokenStream {
    let name = ident(&resource.ident);
    let plan = plan_ident(&resource.ident);
    let record = record_type(resource);
    let docs = Docs::default().theirs(resource.description.as_deref());
    let Some(parent) = resource.parent.as_ref() else {
        let docs = docs.ours([format!("Fetches {}.", code(&resource.name))]);
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
        let docs = docs.ours([format!("{first}, or by `of` of one.")]);
        return quote! {
            #docs
            pub fn #name(&self) -> __rs::Fetch<#record, __rs::Of<#parent>> {
                self.client.children(&#plan, #take)
            }
        };
    }
    let docs = docs.ours([format!("{first}.")]);
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
    let mut plans: Vec<Fields> = connector
        .resources
        .iter()
        .map(|resource| plan(connector, resource))
        .collect();
    let name = quote!(__rs::ResourcePlan);
    let mut base = quote!(__rs::ResourcePlan::DEFAULT);
    let mut defaults = None;
    let common = take_common(&mut plans);
    if !common.0.is_empty() {
        let common = common.over(&name, &base);
        defaults = Some(quote!(const DEFAULTS: __rs::ResourcePlan = #common;));
        base = quote!(DEFAULTS);
    }
    let statics = connector
        .resources
        .iter()
        .zip(plans)
        .map(|(resource, plan)| {
            let ident = plan_ident(&resource.ident);
            let plan = plan.over(&name, &base);
            quote!(static #ident: __rs::ResourcePlan = #plan;)
        });
    quote!(#defaults #(#statics)*)
}

/// Takes the fields that every plan has, of the same value, out of the plans.
fn take_common(plans: &mut [Fields]) -> Fields {
    let [first, others @ ..] = &*plans else {
        return Fields::default();
    };
    if others.is_empty() {
        return Fields::default();
    }
    let common: Vec<_> = first
        .0
        .iter()
        .map(|(field, value)| (*field, value.to_string()))
        .filter(|common| others.iter().all(|plan| plan.has(common)))
        .collect();
    let mut taken = Fields::default();
    for (at, plan) in plans.iter_mut().enumerate() {
        let (shared, own) = std::mem::take(&mut plan.0)
            .into_iter()
            .partition(|(field, _)| common.iter().any(|(name, _)| name == field));
        plan.0 = own;
        if at == 0 {
            taken.0 = shared;
        }
    }
    taken
}

impl Fields {
    fn has(&self, (field, value): &(&str, String)) -> bool {
        self.0
            .iter()
            .any(|(name, own)| name == field && own.to_string() == *value)
    }
}

fn plan(connector: &Connector, resource: &Resource) -> Fields {
    let (name, line) = (&resource.name, Literal::u32_unsuffixed(resource.line));
    let mut fields = Fields::default();
    fields.set("name", name);
    fields.set("line", line);
    fields.set(
        "table",
        match &resource.record {
            Record::Untyped(columns) => {
                let columns = columns.iter().map(column);
                quote!(&__rs::Table::new(#name, &[#(#columns,)*]))
            }
            Record::Struct(record) => {
                let record = ident(&record.ident);
                quote!(<#record as __rs::Record>::TABLE)
            }
        },
    );
    fields.unless(
        "write_disposition",
        &resource.write_disposition,
        &WriteDisposition::Append,
        |disposition| write_disposition(*disposition),
    );
    fields.unless(
        "schema_contract",
        &resource.schema_contract,
        &SchemaContract::default(),
        |contract| schema_contract(*contract),
    );
    fields.unless("selected", &resource.selected, &true, |yes| quote!(#yes));
    fields.unless(
        "parallelized",
        &resource.parallelized,
        &true,
        |yes| quote!(#yes),
    );
    fields.unless("method", &resource.method, &Method::Get, |_| {
        quote!(__rs::Method::Post)
    });
    fields.set("path", template(&resource.path));
    fields.unless("params", &resource.params, &Vec::new(), |list| params(list));
    fields.unless("headers", &resource.headers, &Vec::new(), |list| {
        params(list)
    });
    fields.unless("body", &resource.body, &Body::None, body);
    fields.some("auth", resource.auth, |at| {
        let auth = auth_ident(connector, at);
        quote!(&#auth)
    });
    fields.unless("paginator", &resource.paginator, &SINGLE_PAGE, paginator);
    fields.unless(
        "selector",
        &resource.selector,
        &Selector::Path(Path::default()),
        selector,
    );
    fields.unless(
        "selector_required",
        &resource.selector_required,
        &true,
        |yes| quote!(#yes),
    );
    fields.unless(
        "response_actions",
        &resource.response_actions,
        &Vec::new(),
        |rules| response_actions(rules),
    );
    fields.some("incremental", resource.incremental.as_ref(), incremental);
    let steps = steps::plan(resource);
    fields.some("processing_steps", steps, |steps| steps);
    let parent = resource.parent.as_ref();
    let parent = parent.and_then(|parent| parent::plan(connector, parent));
    fields.some("parent", parent, |parent| parent);
    fields
}

const SINGLE_PAGE: Paginator = Paginator {
    kind: Pages::Single,
    maximum_pages: None,
    stop_on_status: Vec::new(),
};

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
