//! `OpenAPI` 2.0, 3.0 and 3.1: the lists of an API as resources.

mod client;
mod examples;
mod left_out;
mod lists;
mod operations;
mod paging;
mod parents;

use std::cell::RefCell;
use std::collections::HashMap;

use rest_source_codegen::write::{Element, Map, Node};

use crate::json_schema::Schemas;
use crate::settle::{Origins, settle};
use crate::tree::{self, Value};
use crate::{ImportError, Imported, Loss, names};

use operations::Operation;
pub(crate) use paging::path as key_path;

/// Which operations are imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Patterns of paths and operation ids, with `*` for any characters; one without `*` is a part of them. All lists
    /// if there is none. What a pattern names is imported even if it is deprecated or returns one record.
    pub include: Vec<String>,
    /// Tags, one of which an operation must have. All if there is none.
    pub tags: Vec<String>,
}

/// The most operations of one spec.
const OPERATIONS: usize = 10_000;
/// The columns of all resources together, and those of one.
const COLUMNS: (usize, usize) = (40_000, 300);
/// The most columns of a resource at its top.
const TOP_COLUMNS: usize = 2_000;

/// Makes a spec of an `OpenAPI` document. `file` is its name in messages.
///
/// # Errors
///
/// If the text is not JSON or YAML, not an `OpenAPI` document, or has no operation to import.
///
/// ```
/// use rest_source_import::openapi::{Selection, import};
///
/// let document = "
/// openapi: 3.0.0
/// info: { title: Shop }
/// servers: [{ url: https://api.example.com/v1 }]
/// paths:
///   /orders:
///     get:
///       responses:
///         '200':
///           content:
///             application/json:
///               schema:
///                 type: array
///                 items: { type: object, properties: { id: { type: string } } }
/// ";
/// let imported = import("shop.yaml", document, &Selection::default()).unwrap();
/// assert!(imported.text().contains("path: /orders"));
/// ```
pub fn import(file: &str, text: &str, selection: &Selection) -> Result<Imported, ImportError> {
    let mut root = tree::parse(file, text)?;
    examples::complete(&mut root);
    let paths = root.at(&["paths"]);
    if paths.entries().is_empty() {
        return Err(ImportError {
            place: format!("{file}#/paths"),
            message: "the document has no `paths`".to_owned(),
            help: "give an OpenAPI document of version 2.0, 3.0 or 3.1".to_owned(),
        });
    }
    let known: RefCell<HashMap<String, Option<&Value>>> = RefCell::default();
    let schemas = Schemas::new(|reference: &str| {
        if let Some(found) = known.borrow().get(reference) {
            return *found;
        }
        let found = reference
            .starts_with('#')
            .then(|| root.pointer(reference))
            .flatten();
        known.borrow_mut().insert(reference.to_owned(), found);
        found
    });
    let mut losses = Vec::new();
    let mut operations = operations::read(&root, &schemas, selection, &mut losses);
    if operations.is_empty() && selection.include.is_empty() {
        // An API without lists is one of single records.
        let every = Selection {
            include: vec!["*".to_owned()],
            tags: selection.tags.clone(),
        };
        operations = operations::read(&root, &schemas, &every, &mut Vec::new());
        operations
            .retain(|operation| operation.method == "get" && !operation.value.says("deprecated"));
    }
    if operations.is_empty() {
        // One that would be imported says why it is not.
        if let Some(loss) = losses.into_iter().next() {
            return Err(ImportError {
                place: format!("{file}{}", loss.place),
                message: loss.what,
                help: "name other operations to import: `--include PATTERN`".to_owned(),
            });
        }
        return Err(ImportError {
            place: format!("{file}#/paths"),
            message: "no operation of the document returns records".to_owned(),
            help: "name the operations to import: `--include PATTERN`".to_owned(),
        });
    }
    if operations.len() > OPERATIONS {
        return Err(ImportError {
            place: format!("{file}#/paths"),
            message: format!("the document has more than {OPERATIONS} operations to import"),
            help: "import a part of it: `--include PATTERN` or `--tag TAG`".to_owned(),
        });
    }
    let spec = spec(&root, &schemas, &operations, &mut losses);
    let mut origins = Origins::default();
    for operation in &operations {
        let path = operation.path.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{file}#/paths/{path}/{}", operation.method);
        origins.insert(&operation.name, pointer);
    }
    let imported = Imported { spec, losses };
    settle(file, &origins, imported).map_err(|error| ImportError {
        help: "import a part of it: `--include PATTERN` or `--tag TAG`".to_owned(),
        ..error
    })
}

fn spec<'a>(
    root: &'a Value,
    schemas: &Schemas<'a>,
    operations: &[Operation<'a>],
    losses: &mut Vec<Loss>,
) -> Map {
    let mut config = Map::new();
    let (base_url, url_comments) = client::base_url(root, &mut config);
    let values = operations.iter().map(|operation| operation.value);
    let credentials = client::credentials(root, &base_url, values, losses);
    let has_auth = credentials.auth.is_some();
    let most = (COLUMNS.0 / operations.len()).clamp(10, COLUMNS.1);
    let top = (COLUMNS.0 / operations.len()).clamp(10, TOP_COLUMNS);
    let mut resources: Vec<Map> = operations
        .iter()
        .map(|operation| operation.resource(root, schemas, (most, top), has_auth, losses))
        .collect();
    if has_auth {
        for (operation, resource) in operations.iter().zip(&mut resources) {
            let place = operation.place();
            let own = client::own_credentials(root, &base_url, operation.value, &place, losses);
            let Some(own) = own else { continue };
            let endpoint = resource.map("endpoint");
            if let Some(auth) = own.auth {
                endpoint.set("auth", auth);
            }
            for comment in own.comment {
                endpoint.comment("auth", &comment);
            }
            for (name, value) in own.headers {
                endpoint.map("headers").set(&name, value);
            }
        }
    }
    parents::link(root, operations, &mut resources, &mut config, losses);
    let mut types = names::Types::default();
    for resource in &mut resources {
        types.name_record(resource);
    }
    let mut spec = Map::new();
    let title = root.at(&["info"]).text_of("title").unwrap_or_default();
    spec.set("name", names::name(title, "api"));
    let about = root.at(&["info"]).text_of("description").unwrap_or(title);
    let about = names::brief(about);
    if !about.is_empty() {
        spec.set("description", about);
    }
    if !config.is_empty() {
        spec.set("config", config);
    }
    let client = spec.map("client");
    client.set("base_url", base_url);
    for comment in url_comments {
        client.comment("base_url", &comment);
    }
    for (name, value) in credentials.headers {
        client.map("headers").set(&name, value);
    }
    if let Some(auth) = credentials.auth {
        client.set("auth", auth);
        for comment in credentials.comment {
            client.comment("auth", &comment);
        }
    }
    // A fetch gives all records of a list, which take the place of those before.
    spec.map("resource_defaults")
        .set("write_disposition", "replace");
    let elements = resources.into_iter().map(Element::new).collect();
    spec.set("resources", Node::List(elements));
    spec
}
