//! The structs: a resource's records, and the objects within them.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::{
    columns::{field_type, lines},
    docs::{Docs, code},
    names::{commas, each, ident},
    resources::in_words,
    words,
};
use crate::{
    connector::{Column, Connector, Decode, Record, Resource, RustType, Struct},
    item::Item,
    user_struct,
};

/// The struct of each resource, and of every type within it, in the order of the spec.
pub(super) fn records(connector: &Connector, own: &[Item], serialize: bool) -> TokenStream {
    let records = Records {
        connector,
        own,
        serialize,
    };
    each(&connector.resources, |resource| records.resource(resource))
}

struct Records<'a> {
    connector: &'a Connector,
    /// The structs that the user wrote, in place of those that would be made.
    own: &'a [Item],
    /// Whether those that are made implement `Serialize`.
    serialize: bool,
}

impl Records<'_> {
    fn resource(&self, resource: &Resource) -> TokenStream {
        let Record::Struct(record) = &resource.record else {
            return TokenStream::new();
        };
        let description = resource.description.as_deref();
        let docs = Docs::default()
            .theirs(record.description.as_deref().or(description))
            .ours(&[
                &in_words(self.connector, resource),
                &self.declared(resource.plan.line),
            ]);
        self.record(record, &docs)
    }

    /// `Declared in ….`
    fn declared(&self, line: u32) -> String {
        format!(
            "Declared in {}.",
            code(&format!("{}:{line}", self.connector.plan.spec))
        )
    }

    /// The struct, unless the user has one, its `Record`, and the types that its columns need.
    fn record(&self, record: &Struct, docs: &Docs) -> TokenStream {
        let name = ident(&record.ident);
        let table = &record.name;
        let columns = lines(&record.columns);
        // A static, and of a length that is written down: rustc takes three times as long to find out
        // that a list behind a reference may be promoted to one.
        let width = Literal::usize_unsuffixed(record.columns.len());
        let own = user_struct::find(self.own, &record.ident);
        let (definition, from_cells) = match own {
            Some(own) => (None, from_some_cells(own, record)),
            None => (Some(definition(record, docs)), from_cells(record)),
        };
        let serialize = (self.serialize && own.is_none()).then(|| {
            let fields = idents(record);
            quote!(__rs::serialize!(#name => #fields);)
        });
        // An enum of the parent's is declared there.
        let nested = each(&record.columns, |column| match column.parent {
            None => self.within(&record.name, &column.name, column),
            Some(_) => TokenStream::new(),
        });
        quote! {
            #definition
            impl __rs::Record for #name {
                const TABLE: &'static __rs::Table = {
                    use __rs::columns::*;
                    static COLUMNS: [__rs::Column; #width] = [#columns];
                    &__rs::Table::new(#table, __rs::Static(&COLUMNS))
                };
                #from_cells
            }
            #serialize
            #nested
        }
    }

    /// The types that a column needs: its object, enum or union, or its elements'.
    fn within(&self, owner: &str, path: &str, column: &Column) -> TokenStream {
        match &column.rust {
            RustType::Struct(object) => {
                let description = object.description.as_deref();
                let docs = Docs::default()
                    .theirs(description.or(column.description.as_deref()))
                    .ours(&[
                        &format!("An object within {}: {}.", code(owner), code(path)),
                        &self.declared(object.line),
                    ]);
                self.record(object, &docs)
            }
            RustType::Element(element) => self.within(owner, path, element),
            RustType::Enum(words) => {
                let serialize = self.serialize.then(|| {
                    let name = ident(&words.ident);
                    quote!(__rs::serialize_words!(#name);)
                });
                let words =
                    words::record_enum(words, &column.data_type, &format!("{owner}.{path}"));
                quote!(#words #serialize)
            }
            RustType::Union(union) => {
                let members = each(&union.members, |member| self.within(owner, path, member));
                let serialize = self.serialize.then(|| {
                    let name = ident(&union.ident);
                    let variants = commas(&union.members, |member| {
                        words::variant(member).into_token_stream()
                    });
                    quote!(__rs::serialize_union!(#name => #variants);)
                });
                let union = words::union(union, &format!("{owner}.{path}"));
                quote!(#union #serialize #members)
            }
            RustType::BuiltIn => TokenStream::new(),
        }
    }
}

/// The fields' names, with commas between.
pub(super) fn idents(record: &Struct) -> TokenStream {
    commas(&record.columns, |column| {
        ident(&column.ident()).into_token_stream()
    })
}

fn definition(record: &Struct, docs: &Docs) -> TokenStream {
    let name = ident(&record.ident);
    let fields = each(&record.columns, |column| {
        let (docs, ident, of) = (
            field_docs(column),
            ident(&column.ident()),
            field_type(column),
        );
        quote!(#docs pub #ident: #of,)
    });
    // Rust takes such a name for one that nobody reads, the response or the language for its own.
    let is_private = |column: &Column| column.name.starts_with('_');
    let allow = record.columns.iter().any(is_private);
    let allow = allow.then(|| quote!(#[allow(clippy::pub_underscore_fields)]));
    quote! {
        #docs
        #allow
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name {
            #fields
        }
    }
}

fn from_cells(record: &Struct) -> TokenStream {
    let idents = idents(record);
    quote! {
        fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
            __rs::take!(cells => #idents)
        }
    }
}

/// Into a user's struct, which may have fewer fields, in another order.
fn from_some_cells(own: &Item, record: &Struct) -> TokenStream {
    let cells = format_ident!("__cells");
    let mut fields = Vec::new();
    let takes = each(&record.columns, |column| {
        if user_struct::takes(own, column) {
            let field = ident(&column.ident());
            let take = quote!(let #field = #cells.take(););
            fields.push(field);
            take
        } else {
            quote!(let __rs::Skip = #cells.take();)
        }
    });
    quote! {
        fn from_cells(#cells: &mut __rs::Cells<'_>) -> Self {
            #takes
            Self { #(#fields),* }
        }
    }
}

fn field_docs(column: &Column) -> Docs {
    let remark = if column.decode == Decode::Rest {
        "What the response has besides, by key."
    } else if column.explicit {
        "Absent, null or a value."
    } else if column.nullable {
        "Nullable."
    } else if column.primary_key {
        "Key; never null."
    } else if column.merge_key {
        "Merge key; never null."
    } else {
        "Never null."
    };
    let docs = Docs::with_remark(column.description.as_deref(), remark);
    if column.key == column.name {
        docs
    } else {
        docs.ours(&[&format!("In the response: {}.", code(&column.key))])
    }
}
