//! A resource and its endpoint.

use std::rc::Rc;

use crate::connector::{
    self, Auth, Body, ColumnsContract, Cursor, Incremental, List, Pages, Paginator, Param,
    ParentField, Path, Record, Ref, ResourcePlan, SchemaContract, Step, Type, WriteDisposition,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint::{self, incremental};
use crate::grammar::resource::{self, schema_contract};
use crate::grammar::{self, AnyKey, paginator as key};
use crate::names;
use crate::spec::{Text, View};
use crate::yaml::{Node, Value};

use super::Check;
use super::client::Client;
use super::endpoint::Credentials;
use super::link::Unlinked;
use super::paginator::{Paging, Placeholders};
use super::parent::{Kin, Known, Parent, changed};
use super::{hooks, records, windows};

impl Check<'_> {
    /// A resource, if it has a name; what else is wrong with it is reported.
    #[expect(clippy::too_many_lines, reason = "a line for each part of a resource")]
    pub(super) fn resource(
        &mut self,
        node: &Node,
        kin: Kin,
        client: &Client<'_>,
        auths: &mut Vec<Ref<Auth>>,
    ) -> Option<Unlinked> {
        let view = View::new(node, &grammar::RESOURCE);
        let name = view.identifier(&resource::NAME)?;
        let record = kin.record;
        let empty = empty_map(name.span);
        let endpoint = view.node(&resource::RESOURCE_ENDPOINT);
        let endpoint = View::new(endpoint.unwrap_or(&empty), &grammar::ENDPOINT);
        // Columns that are missing are missed elsewhere.
        let incremental = columns_of(&view).and_then(|_| self.incremental(&endpoint, &record));
        self.cursor = incremental.as_ref().and_then(|one| cursor(one, &record));
        let has_incremental = endpoint.entry(&endpoint::ENDPOINT_INCREMENTAL).is_some();
        let of = kin.parent.known().map(Rc::clone);
        let is_root = matches!(kin.parent, Parent::Nowhere);
        (self.parent, self.taken, self.partitions) = (kin.parent, kin.fields, kin.partitions);
        let on_null_parent = self.on_null_parent(&endpoint);
        let batch = self.batch(&endpoint);
        (self.has_end, self.batch_size) = (has_end(&endpoint), batch);
        let parent_condition = self.parent_condition(&endpoint);
        self.begin_pages(&endpoint, name, client);
        let job = self.job_requests(&endpoint, name);
        let mut params = self.params(endpoint.entries(&endpoint::PARAMS), has_incremental);
        let written = super::job::path_of(&endpoint);
        let (path, path_params) = self.path(&endpoint, written, name, &mut params);
        let headers = self.headers(endpoint.entries(&endpoint::HEADERS), has_incremental);
        let method = endpoint.get(&endpoint::METHOD);
        let body = self.body(&endpoint, method, has_incremental);
        self.null_parents_are_possible(&endpoint);
        let parent = self.parent();
        let paging =
            self.effective_paginator(&endpoint, name, client, node, !matches!(body, Body::None));
        self.page_is_known_in_path(&endpoint, &path);
        (self.pages, self.batch_size) = (None, None);
        let partitions = std::mem::take(&mut self.partitions);
        let auth_node = effective_auth(&endpoint, client);
        let auth = auth_node.and_then(|node| Some(shared(auths, self.auth(node)?)));
        let sent: [&[Param]; 2] = [&headers, &client.plan.headers];
        let credentials = Credentials::of(auth_node.is_some(), &params, sent, &body);
        self.path_stays_at_home(&endpoint, &path, credentials, client);
        self.auth_owns_what_it_sends(auth.as_deref(), &endpoint, client, &body);
        self.auth_has_params_of_its_own(
            (auth.as_deref(), auth_node),
            paging.as_ref(),
            incremental.as_ref(),
        );
        let response_actions = self.response_actions(&endpoint, auth.as_deref(), parent.is_some());
        let job = self.job(&endpoint, name, job, auth.as_ref());
        self.incremental_owns_its_params(&endpoint, incremental.as_ref(), paging.as_ref());
        self.queries_do_not_repeat(&endpoint, incremental.as_ref(), client);
        let paginator = paging.as_ref().map(|paging| &paging.paginator);
        let decoder = self.decoder(&endpoint, &view, client);
        self.records_are_found(&view, &endpoint, &record, paginator);
        self.endpoint_is_meant(&endpoint);
        let write_disposition = self.write_disposition(&view, name, &record);
        let mut plan = ResourcePlan {
            name: name.owned(),
            line: self.line(name.span),
            table: connector::table(name.text, record.columns()),
            table_name: view.identifier(&resource::TABLE).map(Text::owned),
            write_disposition,
            hard_delete: self.hard_delete(&view, &record, write_disposition),
            schema_contract: schema_contract(&view),
            selected: view.get(&resource::SELECTED),
            parallelized: view.get(&resource::PARALLELIZED),
            rate_limit_cost: self.rate_limit_cost(&endpoint, client),
            method,
            path,
            params: params.into_iter().map(|bound| bound.param).collect(),
            headers,
            body,
            on_response: endpoint.get(&hooks::ON_RESPONSE),
            response_actions,
            auth,
            job,
            paginator: paging.map_or(Paginator::DEFAULT, |paging| paging.paginator),
            decoder,
            extract: endpoint.get(&hooks::EXTRACT),
            selector: endpoint.get(&endpoint::DATA_SELECTOR),
            rows_path: endpoint.get(&endpoint::ROWS_PATH),
            selector_required: endpoint.get(&endpoint::DATA_SELECTOR_REQUIRED),
            single_record: endpoint.get(&records::SINGLE_RECORD),
            explode: endpoint.get(&records::EXPLODE),
            incremental,
            processing_steps: self.processing_steps(&view),
            parent: None,
            tree: None,
            on_null_parent,
            batch,
            parents: view.get(&changed::PARENTS),
            parent_condition,
            partitions: partitions.plans().iter().cloned().collect(),
        };
        let fields = parent.as_ref().map(|(_, fields)| &**fields);
        self.parts_are_sent(&view, &endpoint, &plan, fields.unwrap_or_default());
        self.restart_is_possible(paginator_of(&endpoint, client), &plan);
        self.writes_suit(&view, &endpoint, &plan, &record, of.as_deref().zip(fields));
        let (of, views) = (of.as_deref().unwrap_or_default(), (&view, &endpoint));
        let is_tree = of.iter().any(Known::is_tree);
        if is_tree {
            plan.tree = self.tree(views, name, &plan, fields.unwrap_or_default(), &partitions);
        }
        let changed_parents = self.takes_of_parents(views, &plan, of, is_root);
        Some(Unlinked {
            plan,
            parent: parent.filter(|_| !is_tree),
            changed_parents,
            record,
            description: view.get(&resource::DESCRIPTION),
            path_params,
        })
    }

    /// Whether the rest of a resource suits its parents. Where it is fetched for changed ones, the place that says so.
    fn takes_of_parents(
        &mut self,
        (view, endpoint): (&View<'_>, &View<'_>),
        plan: &ResourcePlan,
        of: &[Known],
        is_root: bool,
    ) -> Option<Span> {
        if of.iter().any(Known::is_tree) {
            return None;
        }
        if is_root || !of.is_empty() {
            self.is_no_tree(endpoint, &plan.name);
        }
        self.batch_suits(view, endpoint, plan);
        if of.len() > 1 {
            self.several_parents_suit(view, endpoint, plan, of);
            return None;
        }
        self.parents_suit(view, endpoint, plan, is_root)
    }

    /// What the requests may have a place for, and the further ones of a scroll.
    fn begin_pages(&mut self, endpoint: &View<'_>, name: Text<'_>, client: &Client<'_>) {
        self.has_end = has_end(endpoint);
        let paginator = paginator_of(endpoint, client);
        self.scroll = self.scroll_requests(paginator, endpoint, name);
        self.pages = paginator.and_then(Placeholders::of);
    }

    /// Whether the requests say which part of the range, and which values, they are for.
    fn parts_are_sent(
        &mut self,
        view: &View<'_>,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
        of_parent: &[ParentField],
    ) {
        self.incremental_is_sent(endpoint, plan);
        self.partitions_are_sent(view, plan);
        self.elements_are_sent(view, plan, of_parent);
    }

    /// Whether each load leaves what the loads before it wrote, and writes nothing twice.
    fn writes_suit(
        &mut self,
        view: &View<'_>,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
        record: &Record,
        parents: Option<(&[Known], &[ParentField])>,
    ) {
        self.key_has_the_settings(view, record, plan.write_disposition);
        self.key_has_a_partition(view, plan);
        self.append_writes_once(view, endpoint, plan, record);
        self.groups_come_whole(view, endpoint, record, plan, parents);
        self.child_tables_are_linked(view, plan);
    }

    /// Rejects resources that would be one method, or one that every source has. Returns whether this is none.
    pub(super) fn method_is_free(&mut self, name: Text<'_>) -> bool {
        let method = names::snake(name.text);
        let what = format!("resource `{}`", name.text);
        if let Err(owner) = self.methods.take(&method, &what, name.span) {
            let mut diagnostic = Diagnostic::error(
                "RS0405",
                name.span,
                format!("resource `{}` collides with {}", name.text, owner.what),
            )
            .help("give it another name");
            if let Some(first) = &owner.span {
                diagnostic = diagnostic.also(first, "first defined here");
            }
            self.error(diagnostic);
            return false;
        }
        self.outline.methods.push(names::ident(&method));
        true
    }

    /// Resources whose records would be in one table, or in one of the database's own.
    pub(super) fn table_is_free(&mut self, view: &View<'_>, name: Text<'_>) {
        let table = view.identifier(&resource::TABLE).unwrap_or(name);
        let lower = table.text.to_lowercase();
        if ["sqlite_", "_rest_source_"]
            .iter()
            .any(|own| lower.starts_with(own))
        {
            let message = format!(
                "a table may not be called `{}`: the database's own are",
                table.text
            );
            self.error(
                Diagnostic::error("RS0405", table.span, message).help("give it another name"),
            );
            return;
        }
        let what = format!("the table of resource `{}`", name.text);
        if let Err(owner) = self.tables.take(&lower, &what, table.span) {
            let message = format!(
                "{what} would be called `{}`, like {}",
                table.text, owner.what
            );
            let mut diagnostic = Diagnostic::error("RS0405", table.span, message)
                .help("give it another name: `table: …`");
            if let Some(first) = &owner.span {
                diagnostic = diagnostic.also(first, "the other is here");
            }
            self.error(diagnostic);
        }
    }

    /// The parents, after the last place where something of them may stand.
    fn parent(&mut self) -> Option<(Vec<usize>, List<ParentField>)> {
        let taken = std::mem::take(&mut self.taken);
        let fields = taken.into_iter().map(|taken| taken.field);
        match std::mem::take(&mut self.parent) {
            Parent::Known(parents) => {
                let at = parents.iter().map(|parent| parent.at).collect();
                Some((at, fields.collect()))
            }
            Parent::Nowhere | Parent::Unclear => None,
        }
    }

    /// Its own columns: those of its parent, and the key, come when the parent is known.
    pub(super) fn record(&mut self, view: &View<'_>, name: Text<'_>) -> Record {
        let columns = columns_of(view);
        if columns.is_some_and(|columns| columns.scalar().is_some()) {
            self.untyped_record_has_no_struct(view);
            return Record::Untyped(self.untyped_keys(view));
        }
        let (ident, span) = match view.identifier(&resource::RECORD) {
            Some(record) => (names::ident(record.text), record.span),
            None => (names::pascal(name.text), name.span),
        };
        let Some(columns) = columns else {
            self.type_is_free(&ident, name.text, span);
            return Record::Untyped(Vec::new());
        };
        self.evolves = schema_contract(view).columns == ColumnsContract::Evolve;
        let mut record = self.structure(columns, &ident, name.text, span);
        if let Some(table) = view.identifier(&resource::TABLE) {
            for column in &mut record.columns {
                let by_default = format!("{}_{}", name.text, column.name);
                if column
                    .table
                    .as_ref()
                    .is_some_and(|name| *name == *by_default)
                {
                    column.table = Some(format!("{}_{}", table.text, column.name).into());
                }
            }
        }
        record.line = self.line(name.span);
        record.description = view.get(&resource::DESCRIPTION);
        Record::Struct(record)
    }

    /// What is said of a struct, and of values that do not fit one, where there is none. A default is for
    /// the resources that have one.
    fn untyped_record_has_no_struct(&mut self, view: &View<'_>) {
        let contract = view.view(
            &resource::RESOURCE_SCHEMA_CONTRACT,
            &grammar::SCHEMA_CONTRACT,
        );
        let in_contract = |key: &dyn AnyKey| contract.and_then(|contract| contract.entry(key));
        let has_key = view
            .entry(&resource::PRIMARY_KEY)
            .or(view.entry(&resource::MERGE_KEY))
            .is_some();
        let idle = [
            view.entry(&resource::RECORD),
            in_contract(&schema_contract::COLUMNS),
            in_contract(&schema_contract::DATA_TYPE).filter(|_| !has_key),
        ];
        for entry in idle.into_iter().flatten() {
            if view.node.span.contains(&entry.key.span.start) {
                let message = format!("`{}` has no effect here", entry.key.name);
                self.error(Diagnostic::error("RS0602", &entry.key.span, message).help(
                    "remove it: with `columns: json` a record is kept as it is, every key of it",
                ));
            }
        }
    }

    /// A cost of the requests, in a limit that is there.
    fn rate_limit_cost(&mut self, endpoint: &View<'_>, client: &Client<'_>) -> u32 {
        let cost = endpoint.get(&endpoint::RATE_LIMIT_COST);
        let least = client
            .plan
            .rate_limits
            .iter()
            .map(|limit| limit.requests)
            .min();
        let is_too_much = least.is_some_and(|least| cost > u64::from(least));
        if cost > 1 && (least.is_none() || is_too_much) && !client.is_broken {
            let place = endpoint.place(&endpoint::RATE_LIMIT_COST);
            let diagnostic = match least {
                None => Diagnostic::error(
                    "RS0602",
                    place,
                    "`rate_limit_cost` has no effect without a `rate_limit` of `client`",
                ),
                Some(least) => Diagnostic::error(
                    "RS0109",
                    place,
                    format!(
                        "`rate_limit_cost` must be at most the {least} requests of `rate_limit`"
                    ),
                ),
            };
            self.error(diagnostic);
        }
        u32::try_from(cost).unwrap_or(u32::MAX)
    }

    fn effective_paginator(
        &mut self,
        endpoint: &View<'_>,
        name: Text<'_>,
        client: &Client<'_>,
        resource: &Node,
        has_body: bool,
    ) -> Option<Paging> {
        let Some(node) = paginator_of(endpoint, client) else {
            let is_unclear = endpoint
                .node
                .get(endpoint::ENDPOINT_PAGINATOR.name)
                .is_some()
                || resource.get(endpoint::ENDPOINT_PAGINATOR.name).is_some()
                || client.is_broken
                || self.sink.has_unknown_key_in(&resource.span)
                || self.sink.has_unknown_key_in(&endpoint.node.span);
            if !is_unclear {
                self.error(
                    Diagnostic::error(
                        "RS0406",
                        name.span,
                        format!("resource `{}` does not say how it pages", name.text),
                    )
                    .help(
                        "add a `paginator` to its endpoint, to `resource_defaults` or to `client`",
                    )
                    .note("`paginator: single_page` says that there is one page"),
                );
            }
            return None;
        };
        let paging = self.paginator(node, has_body)?;
        self.paginator_owns_its_params(endpoint, &paging);
        Some(paging)
    }

    /// A parameter in the query of `path` or `base_url` and in `params` or `incremental` too, which
    /// would take its place.
    fn queries_do_not_repeat(
        &mut self,
        endpoint: &View<'_>,
        incremental: Option<&Incremental>,
        client: &Client<'_>,
    ) {
        let params = endpoint
            .entries(&endpoint::PARAMS)
            .iter()
            .map(|param| param.key.name.as_str());
        let ends = incremental.map(|one| [&one.start_param, &one.end_param]);
        let ends = ends
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_deref());
        let names: Vec<&str> = params.chain(ends).collect();
        let urls = [
            (super::job::path_of(endpoint), endpoint::PATH.name),
            (client.base_text, grammar::source::client::BASE_URL.name),
        ];
        for (text, key) in urls {
            let Some(text) = text else { continue };
            let query = text.text.split_once('?').map_or("", |(_, query)| query);
            for name in query.split('&').filter_map(|pair| pair.split('=').next()) {
                if !name.is_empty() && names.contains(&name) {
                    let place = self.part_of(text.span, &format!("{name}="));
                    let message = format!(
                        "the parameter `{name}` is here, and is written again by the endpoint"
                    );
                    self.error(
                        Diagnostic::error("RS0511", &place, message)
                            .help(format!(
                                "remove it from `{key}`, or from the endpoint's parameters"
                            ))
                            .note("one of the two values would not be sent"),
                    );
                }
            }
        }
    }

    /// `limit` in the request beside a paginator that writes it. A cursor is that of the first page, unless the
    /// paginator has that, too.
    fn paginator_owns_its_params(&mut self, endpoint: &View<'_>, paging: &Paging) {
        let cursors = [
            key::CURSOR_PARAM.name,
            key::CURSOR_BODY_PATH.name,
            key::SCROLL_PARAM.name,
            key::SCROLL_BODY_PATH.name,
        ];
        let cursors = match &paging.paginator.kind {
            Pages::Cursor(Cursor { cursor, .. }) | Pages::HeaderCursor { cursor, .. }
                if cursor.initial.is_some() =>
            {
                &[][..]
            }
            _ => &cursors,
        };
        if let Some((_, key)) = paging.fields.first() {
            self.body_has_fields(endpoint, key);
        }
        let params = paging.params.iter();
        for (name, key) in params.filter(|(_, key)| !cursors.contains(key)) {
            let mut params = endpoint.entries(&endpoint::PARAMS).iter();
            let in_params = params.find(|param| param.key.name == *name);
            let in_params = in_params.map(|param| param.key.span.clone());
            let in_path = super::job::path_of(endpoint).and_then(|path| {
                let (_, query) = path.text.split_once('?')?;
                let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
                let is_there = names.any(|param| param == name);
                is_there.then(|| self.part_of(path.span, &format!("{name}=")))
            });
            for place in in_params.into_iter().chain(in_path) {
                self.is_the_paginators(&place, &format!("the parameter `{name}`"), key);
            }
        }
        let fields = paging.fields.iter();
        for (Path(steps), key) in fields.filter(|(_, key)| !cursors.contains(key)) {
            for body in [&endpoint::JSON, &endpoint::DATA] {
                let mut field = endpoint.node(body);
                for step in steps {
                    field = match step {
                        Step::Key(key) => field.and_then(|field| field.get(key)),
                        Step::Index(_) => None,
                    };
                }
                if let Some(field) = field {
                    self.is_the_paginators(
                        &field.span,
                        &format!("this field of `{}`", body.name),
                        key,
                    );
                }
            }
        }
    }

    /// A list has no place that this key of a paginator could lead to.
    fn body_has_fields(&mut self, endpoint: &View<'_>, key: &str) {
        let json = endpoint.node(&endpoint::JSON);
        if let Some(list) = json.filter(|json| matches!(json.value, Value::List(_))) {
            let message = format!("`{key}` needs a body with fields, and this one is a list");
            self.error(
                Diagnostic::error("RS0503", &list.span, message)
                    .help("write a map, of which the list is a field"),
            );
        }
    }

    fn is_the_paginators(&mut self, place: &Span, what: &str, key: &str) {
        self.error(
            Diagnostic::error("RS0501", place, format!("{what} is the paginator's"))
                .help("remove it: the paginator writes it on every request")
                .note(format!("its name is the paginator's `{key}`")),
        );
    }

    fn write_disposition(
        &mut self,
        view: &View<'_>,
        name: Text<'_>,
        record: &Record,
    ) -> WriteDisposition {
        let disposition = view.get(&resource::WRITE_DISPOSITION);
        let word = view.text(&resource::WRITE_DISPOSITION);
        self.merge_key_is_for_merge(view, name, word);
        if let (Some(word), WriteDisposition::Merge) = (word, disposition) {
            self.merge_needs_a_key(view, name, word, record);
        }
        disposition
    }

    /// Groups of rows are replaced only where rows are merged.
    fn merge_key_is_for_merge(&mut self, view: &View<'_>, name: Text<'_>, word: Option<Text<'_>>) {
        if word.is_none() && self.is_unclear(view.node, resource::WRITE_DISPOSITION.name) {
            return;
        }
        let is_merged = view.get(&resource::WRITE_DISPOSITION) == WriteDisposition::Merge;
        let Some(key) = view.entry(&resource::MERGE_KEY).filter(|_| !is_merged) else {
            return;
        };
        let mut diagnostic =
            Diagnostic::error("RS0602", &key.key.span, "`merge_key` has no effect here")
                .help("say `write_disposition: merge`, or remove it; `~` removes a default");
        // A default is written elsewhere than the resource that it does not fit.
        diagnostic = match word {
            Some(word) => diagnostic.also(word.span, "the resource is not merged"),
            None => diagnostic.also(name.span, "this resource is appended"),
        };
        self.error(diagnostic);
    }

    /// Nothing can be merged without a key.
    fn merge_needs_a_key(
        &mut self,
        view: &View<'_>,
        name: Text<'_>,
        word: Text<'_>,
        record: &Record,
    ) {
        let has_key = [&resource::PRIMARY_KEY, &resource::MERGE_KEY]
            .iter()
            .any(|key| view.node.get(key.name).is_some());
        let is_unclear = self.is_unclear(view.node, resource::PRIMARY_KEY.name)
            || self.is_unclear(view.node, resource::MERGE_KEY.name);
        if !has_key && !is_unclear && !self.key_is_misspelt(view) {
            self.error(
                Diagnostic::error(
                    "RS0404",
                    word.span,
                    format!("resource `{}` is merged, but has no key", name.text),
                )
                .help("add `primary_key: …` or `merge_key: …`, or use `append` or `replace`")
                .note(match record {
                    Record::Struct(record) => {
                        format!("its columns are: {}", record.column_names().join(", "))
                    }
                    Record::Untyped(_) => "its records are untyped".to_owned(),
                }),
            );
        }
    }
}

/// The columns of a resource, unless they are of a kind that columns cannot be.
pub(super) fn columns_of<'t>(view: &View<'t>) -> Option<&'t Node> {
    let columns = view.node(&resource::COLUMNS)?;
    (!matches!(columns.value, Value::List(_))).then_some(columns)
}

fn schema_contract(view: &View<'_>) -> SchemaContract {
    let Some(contract) = view.view(
        &resource::RESOURCE_SCHEMA_CONTRACT,
        &grammar::SCHEMA_CONTRACT,
    ) else {
        return SchemaContract::DEFAULT;
    };
    SchemaContract {
        columns: contract.get(&schema_contract::COLUMNS),
        data_type: contract.get(&schema_contract::DATA_TYPE),
    }
}

/// The type of the cursor.
fn cursor(incremental: &Incremental, record: &Record) -> Option<Type> {
    match incremental.column {
        Some(at) => Some(record.columns().get(usize::from(at))?.data_type.clone()),
        None => Some(Type::Timestamp(incremental.format.clone())),
    }
}

/// Whether the range of `incremental` has an end whatever the caller does.
fn has_end(endpoint: &View<'_>) -> bool {
    let bounds = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
    bounds.is_some_and(|bounds| {
        bounds.entry(&incremental::END_VALUE).is_some() || bounds.entry(&windows::STEP).is_some()
    })
}

/// The paginator of an endpoint.
pub(super) fn paginator_of<'t>(endpoint: &View<'t>, client: &Client<'t>) -> Option<&'t Node> {
    endpoint
        .node(&endpoint::ENDPOINT_PAGINATOR)
        .or(client.paginator)
}

/// Endpoint before client; null sends none.
fn effective_auth<'t>(endpoint: &View<'t>, client: &Client<'t>) -> Option<&'t Node> {
    let mut entries = endpoint.node.entries().iter();
    match entries.find(|entry| entry.key.name == endpoint::ENDPOINT_AUTH.name) {
        Some(own) if own.value.is_null() => None,
        Some(own) => Some(&own.value),
        None => client.auth,
    }
}

/// The endpoint of a resource that has none.
fn empty_map(span: &Span) -> Node {
    Node {
        span: span.clone(),
        value: Value::Map(Vec::new()),
    }
}

/// Equal credentials that another resource has, or else these.
fn shared(auths: &mut Vec<Ref<Auth>>, auth: Auth) -> Ref<Auth> {
    if let Some(known) = auths.iter().find(|known| ***known == auth) {
        return known.clone();
    }
    let auth = Ref::from(auth);
    auths.push(auth.clone());
    auth
}
