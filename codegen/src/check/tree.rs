//! Trees: a resource that is its own parent. Their keys, how they are read, and the rules about them.

use crate::connector::{
    Body, JsonPlan, List, Param, ParentField, ParentSelection, Part, Ref, ResourcePlan, Template,
    Tree,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint;
use crate::grammar::{Context, DefaultKey, Key, Shape, integer, key};
use crate::spec::{Text, View, text};
use crate::yaml::{Node, Value};

use super::Check;
use super::parent::{batch, changed};
use super::partitions::Partitions;
use super::{job, url};

pub(crate) static ROOT: Key = key(
    "root",
    Shape::Map(&TREE_ROOT),
    "the request for the first records of a tree, where it differs from that for those below",
);
pub(crate) static MAXIMUM_DEPTH: DefaultKey<u64> =
    integer("maximum_depth", 1, "how many levels of a tree are fetched")
        .or(Tree::MAXIMUM_DEPTH as u64);

pub(crate) static TREE_ROOT: Context = Context {
    name: "`root`",
    keys: &[
        &endpoint::PATH,
        &endpoint::PARAMS,
        &endpoint::JSON,
        &endpoint::DATA,
    ],
};

impl Check<'_> {
    /// The tree of a resource whose requests take fields of its own records. `fields` are these.
    pub(super) fn tree(
        &mut self,
        (resource, endpoint): (&View<'_>, &View<'_>),
        name: Text<'_>,
        plan: &ResourcePlan,
        fields: &[ParentField],
        partitions: &Partitions,
    ) -> Option<Ref<Tree>> {
        self.tree_suits(resource, endpoint, plan);
        let root = endpoint.view(&ROOT, &TREE_ROOT)?;
        if let Some(field) = field_of_a_record(root.node) {
            let message = "the first request has no record to take a field of";
            self.error(
                Diagnostic::error("RS0625", &field, message)
                    .help("write a fixed value, a setting or a list of `partitions`"),
            );
            return None;
        }
        self.partitions = partitions.clone();
        let mut params = self.params(root.entries(&endpoint::PARAMS), false);
        let path = match root.text(&endpoint::PATH) {
            Some(path) => self.path(endpoint, Some(path), name, &mut params).0,
            None => plan.path.clone(),
        };
        let body = if root
            .entry(&endpoint::JSON)
            .or(root.entry(&endpoint::DATA))
            .is_some()
        {
            self.body(&root, plan.method, false)
        } else {
            plan.body.clone()
        };
        self.partitions = Partitions::default();
        self.root_is_below_the_base(&root, &path);
        let missing = if takes_field(&path) {
            Some("path")
        } else {
            let of_body = if matches!(body, Body::Form(_)) {
                "data"
            } else {
                "json"
            };
            body_takes_field(&body).then_some(of_body)
        };
        if let Some(missing) = missing {
            let message =
                format!("the first request has no record to take the fields in `{missing}` of");
            self.error(
                Diagnostic::error("RS0625", endpoint.place(&ROOT), message).help(format!(
                    "add the `{missing}` of the first records: `root: {{ {missing}: … }}`"
                )),
            );
            return None;
        }
        let own: Vec<Param> = params.into_iter().map(|bound| bound.param).collect();
        let is_inherited = |param: &&Param| {
            !takes_field(&param.value) && own.iter().all(|one| one.name != param.name)
        };
        let inherited = plan.params.iter().filter(is_inherited).cloned();
        let params: List<Param> = inherited.chain(own.iter().cloned()).collect();
        let headers = plan.headers.iter().filter(|one| !takes_field(&one.value));
        let root = ResourcePlan {
            name: name.owned(),
            path,
            params,
            headers: headers.cloned().collect(),
            body,
            ..ResourcePlan::DEFAULT
        };
        self.root_has_the_partitions(endpoint, plan, &root);
        let depth = endpoint.get(&MAXIMUM_DEPTH);
        let tree = Tree {
            root: root.into(),
            fields: fields.to_vec().into(),
            maximum_depth: u32::try_from(depth).unwrap_or(u32::MAX),
        };
        Some(tree.into())
    }

    /// Keys of a tree in a resource that is none. A default is for other resources.
    pub(super) fn is_no_tree(&mut self, endpoint: &View<'_>, name: &str) {
        let root = endpoint.entry(&ROOT).or(endpoint.entry(&MAXIMUM_DEPTH));
        let root = root.filter(|entry| endpoint.node.span.contains(&entry.key.span.start));
        if let Some(entry) = root {
            let message = format!("`{}` has no effect here", entry.key.name);
            self.error(Diagnostic::error("RS0602", &entry.key.span, message).help(format!(
                "remove it; or let a request take a field of the record above, `{{resources.{name}.FIELD}}`"
            )));
        }
    }

    /// What a tree has no place for.
    fn tree_suits(&mut self, resource: &View<'_>, endpoint: &View<'_>, plan: &ResourcePlan) {
        let wrong = [
            (
                plan.incremental.is_some(),
                endpoint.place(&endpoint::ENDPOINT_INCREMENTAL),
                "`incremental`",
                "remove it: what is new may be below records that are not",
            ),
            (
                plan.batch.is_some(),
                endpoint.place(&batch::BATCH),
                "`batch`",
                "remove it: a request is sent for each record",
            ),
            (
                plan.parents == ParentSelection::Changed,
                resource.place(&changed::PARENTS),
                "`parents: changed`",
                "remove it: the records below all others are fetched",
            ),
            (
                plan.job.is_some(),
                endpoint.place(&job::ENDPOINT_JOB),
                "`job`",
                "remove it, or `root`",
            ),
        ];
        for (is_wrong, place, what, help) in wrong {
            if is_wrong {
                let message = format!("{what} has no place in a tree");
                self.error(Diagnostic::error("RS0624", place, message).help(help));
            }
        }
    }

    /// The first request is sent for each partition, as those below are.
    fn root_has_the_partitions(
        &mut self,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
        root: &ResourcePlan,
    ) {
        for (at, list) in plan.partitions.iter().enumerate() {
            let part = Part::Partition(super::parent::position(at));
            if plan.sends(&part) && !root.sends(&part) {
                let name = &list.name;
                let message = format!("the first request does not have `{{partition.{name}}}`");
                self.error(
                    Diagnostic::error("RS0625", endpoint.place(&ROOT), message)
                        .help("write it in `root` too: in its `path`, `params` or body")
                        .note("each of its values would be fetched by the same first request"),
                );
            }
        }
    }

    fn root_is_below_the_base(&mut self, root: &View<'_>, path: &Template) {
        let Some(text) = root.text(&endpoint::PATH) else {
            return;
        };
        if matches!(path.0.first(), Some(Part::Text(text)) if url::is_absolute(text)) {
            let message = "the path of the first records is a URL";
            self.error(
                Diagnostic::error("RS0625", text.span, message)
                    .help("write a path below `base_url`, as for the records below"),
            );
        }
    }
}

/// Where the first placeholder of a record stands.
fn field_of_a_record(node: &Node) -> Option<Span> {
    match &node.value {
        Value::Scalar(_) => {
            let text = text(node)?;
            text.text.contains("{resources.").then(|| text.span.clone())
        }
        Value::List(elements) => elements.iter().find_map(field_of_a_record),
        Value::Map(entries) => entries
            .iter()
            .find_map(|entry| field_of_a_record(&entry.value)),
    }
}

fn takes_field(template: &Template) -> bool {
    let mut parts = template.0.iter();
    parts.any(|part| matches!(part.source(), Part::Parent(_)))
}

fn body_takes_field(body: &Body) -> bool {
    match body {
        Body::None => false,
        Body::Json(json) => json_takes_field(json),
        Body::Form(fields) => fields.iter().any(|field| takes_field(&field.value)),
    }
}

fn json_takes_field(json: &JsonPlan) -> bool {
    match json {
        JsonPlan::Null | JsonPlan::Bool(_) | JsonPlan::Number(_) => false,
        JsonPlan::Text(template) => takes_field(template),
        JsonPlan::Array(elements) => elements.iter().any(json_takes_field),
        JsonPlan::Object(members) => members.iter().any(|(_, value)| json_takes_field(value)),
    }
}
