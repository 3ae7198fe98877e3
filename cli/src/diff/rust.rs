//! Changes of the generated Rust: of its public items, by their signatures.

use std::collections::BTreeMap;

use quote::ToTokens;
use rest_source_codegen::{
    connector::Connector,
    emit::{self, Options},
};
use syn::{Fields, FnArg, ImplItem, Item, ItemMod, Visibility};

use super::{Area, Change, Effect};
use crate::error::CommandError;

/// The public items of a module: the signature of each by its path.
type Items = BTreeMap<String, Public>;

/// A public item.
struct Public {
    signature: String,
    /// The item that cannot have another such part without breaking code: a struct whose fields are public, or an
    /// enum.
    whole: Option<String>,
}

pub(super) fn changes(old: &Connector, new: &Connector) -> Result<Vec<Change>, CommandError> {
    let (name, items) = public_items(old)?;
    let (new_name, new_items) = public_items(new)?;
    let change = |effect, text| Change::new(Area::Rust, effect, text);
    let mut changes = Vec::new();
    if name != new_name {
        let text = format!("the module `{name}` is now `{new_name}`");
        changes.push(change(Effect::Breaking, text));
    }
    for (path, item) in &items {
        let of_removed = |whole: &String| !new_items.contains_key(whole);
        if item.whole.as_ref().is_some_and(of_removed) {
            continue;
        }
        match new_items.get(path) {
            None => changes.push(change(Effect::Breaking, format!("`{path}` is gone"))),
            Some(new) if new.signature != item.signature => {
                let text = format!(
                    "`{path}` was `{}`, now it is `{}`",
                    item.signature, new.signature
                );
                changes.push(change(Effect::Breaking, text));
            }
            Some(_) => {}
        }
    }
    for (path, item) in &new_items {
        if items.contains_key(path) {
            continue;
        }
        let text = format!("`{path}` is new");
        changes.push(match &item.whole {
            None => change(Effect::Compatible, text),
            Some(whole) if items.contains_key(whole) => {
                let text = format!(
                    "{text}: code breaks that names each part of a `{whole}`, without `..` or `_`"
                );
                change(Effect::Breaking, text)
            }
            // It is new as a whole.
            Some(_) => continue,
        });
    }
    Ok(changes)
}

/// The name of the module that is generated from a spec, and its public items.
fn public_items(connector: &Connector) -> Result<(String, Items), CommandError> {
    let tokens = emit::file(connector, &Options::default());
    let module: ItemMod = syn::parse2(tokens).map_err(|error| {
        let spec = &connector.plan.spec;
        CommandError::failed(format!(
            "the Rust that is generated from `{spec}` does not parse: {error}"
        ))
    })?;
    let mut items = Items::new();
    for item in module.content.iter().flat_map(|(_, items)| items) {
        collect(item, &mut items);
    }
    Ok((module.ident.to_string(), items))
}

fn collect(item: &Item, items: &mut Items) {
    match item {
        Item::Struct(item) if is_public(&item.vis) => {
            let name = item.ident.to_string();
            let fields: Vec<_> = match &item.fields {
                Fields::Named(fields) => fields.named.iter().collect(),
                Fields::Unnamed(fields) => fields.unnamed.iter().collect(),
                Fields::Unit => Vec::new(),
            };
            for (at, field) in fields
                .iter()
                .enumerate()
                .filter(|(_, field)| is_public(&field.vis))
            {
                let field_name = field
                    .ident
                    .as_ref()
                    .map_or(at.to_string(), ToString::to_string);
                let signature = text(&field.ty);
                let whole = Some(name.clone());
                items.insert(format!("{name}.{field_name}"), Public { signature, whole });
            }
            let signature = format!("struct{}", derives(&item.attrs));
            items.insert(
                name,
                Public {
                    signature,
                    whole: None,
                },
            );
        }
        Item::Enum(item) if is_public(&item.vis) => {
            let name = item.ident.to_string();
            for variant in &item.variants {
                let signature = text(variant);
                let whole = Some(name.clone());
                items.insert(
                    format!("{name}::{}", variant.ident),
                    Public { signature, whole },
                );
            }
            let signature = format!("enum{}", derives(&item.attrs));
            items.insert(
                name,
                Public {
                    signature,
                    whole: None,
                },
            );
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let owner = text(&item.self_ty);
            for member in &item.items {
                if let ImplItem::Fn(function) = member
                    && is_public(&function.vis)
                {
                    let signature = signature(&function.sig);
                    items.insert(
                        format!("{owner}::{}", function.sig.ident),
                        Public {
                            signature,
                            whole: None,
                        },
                    );
                }
            }
        }
        Item::Fn(item) if is_public(&item.vis) => {
            let signature = signature(&item.sig);
            items.insert(
                item.sig.ident.to_string(),
                Public {
                    signature,
                    whole: None,
                },
            );
        }
        Item::Type(item) if is_public(&item.vis) => {
            let signature = text(&item.ty);
            items.insert(
                item.ident.to_string(),
                Public {
                    signature,
                    whole: None,
                },
            );
        }
        _ => {}
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The arguments and the result of a function. Names of arguments are no part of what a caller sees.
fn signature(signature: &syn::Signature) -> String {
    let asynchronous = if signature.asyncness.is_some() {
        "async "
    } else {
        ""
    };
    let inputs: Vec<String> = signature
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Receiver(receiver) => text(receiver),
            FnArg::Typed(input) => text(&input.ty),
        })
        .collect();
    let generics = text(&signature.generics);
    format!(
        "{asynchronous}fn{generics}({}){}",
        inputs.join(", "),
        text(&signature.output)
    )
}

/// The derived traits, in order.
fn derives(attributes: &[syn::Attribute]) -> String {
    let derives = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"));
    let mut names: Vec<String> = Vec::new();
    for derive in derives {
        let _ = derive.parse_nested_meta(|meta| {
            names.push(text(&meta.path));
            Ok(())
        });
    }
    names.sort();
    if names.is_empty() {
        String::new()
    } else {
        format!(": {}", names.join(" + "))
    }
}

/// Tokens as a person writes them, without the path of the runtime's items.
fn text(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let mut written = text.replace("__rs :: ", "");
    for (spaced, close) in [
        (" :: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
    ] {
        written = written.replace(spaced, close);
    }
    // `->` is one token after all.
    written.replace("->", " -> ").replace("  ", " ")
}
