//! The templates in the requests of a resource.

use super::{Body, Incremental, JsonPlan, Pages, Part, ResourcePlan, SourcePlan, Template};

impl ResourcePlan {
    /// Calls this with each template of the requests, those of its job too, and a name of its place.
    pub fn each_template(&self, call: &mut dyn FnMut(&str, &Template)) {
        if let Some(job) = &self.job {
            job.create.each_template(call);
            job.poll.each_template(call);
        }
        for request in self.paginator.requests() {
            request.each_template(call);
        }
        if let Some(tree) = &self.tree {
            tree.root.each_template(call);
        }
        call("the path", &self.path);
        for param in &self.params {
            call(&format!("the parameter `{}`", param.name), &param.value);
        }
        for header in &self.headers {
            call(&format!("the header `{}`", header.name), &header.value);
        }
        match &self.body {
            Body::None => {}
            Body::Json(json) => each_text(json, call),
            Body::Form(fields) => {
                for field in fields {
                    call(&format!("the form field `{}`", field.name), &field.value);
                }
            }
        }
    }

    /// Whether its requests carry the start of an incremental fetch: the API filters by it.
    pub fn sends_start(&self) -> bool {
        let has_param = |incremental: &Incremental| incremental.start_param.is_some();
        self.incremental.as_ref().is_some_and(has_param) || self.sends(&Part::IncrementalStart)
    }

    /// Whether its requests carry this part in one of their templates.
    pub fn sends(&self, part: &Part) -> bool {
        let mut sends = false;
        self.each_template(&mut |_, template| sends |= template.has(part));
        sends
    }

    /// Whether its requests, or those of its parents, carry this part.
    pub fn sends_with_parents(&self, part: &Part) -> bool {
        let mut parents = self.parent.iter().flat_map(|parent| parent.resources());
        self.sends(part) || parents.any(|parent| parent.sends_with_parents(part))
    }

    /// The first place that holds both ends of an incremental fetch.
    pub fn place_of_both_ends(&self) -> Option<String> {
        let mut found = None;
        self.each_template(&mut |place, template| {
            let has_both =
                template.has(&Part::IncrementalStart) && template.has(&Part::IncrementalEnd);
            if has_both && found.is_none() {
                found = Some(place.to_owned());
            }
        });
        found
    }

    /// The fields of the parent that its requests need, as positions of
    /// [`ParentPlan::fields`](super::ParentPlan::fields), in order.
    pub fn parent_fields(&self) -> Vec<usize> {
        let mut fields = Vec::new();
        self.each_template(&mut |_, template| {
            fields.extend(template.0.iter().filter_map(|part| match part.source() {
                Part::Parent(at) if !part.has_default() => Some(usize::from(*at)),
                _ => None,
            }));
        });
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

impl SourcePlan {
    /// The template with its placeholders, as a spec writes it: `/posts/{resources.posts.id}`. Those of a
    /// parent are known where it is of a resource.
    pub fn written(&self, resource: Option<&ResourcePlan>, template: &Template) -> String {
        let parts = template.0.iter().map(|part| match part {
            Part::Text(text) => text.to_string(),
            placeholder => self.placeholder(resource, placeholder),
        });
        parts.collect()
    }

    /// A placeholder as a spec writes it.
    pub fn placeholder(&self, resource: Option<&ResourcePlan>, part: &Part) -> String {
        let mut text = match part.source() {
            Part::Secret(at) => {
                let secret = self.secrets.get(usize::from(*at));
                format!("secrets.{}", secret.map_or("?", |secret| &secret.name))
            }
            Part::Config(at) => {
                let setting = self.config.get(usize::from(*at));
                format!("config.{}", setting.map_or("?", |setting| &setting.name))
            }
            Part::IncrementalStart => "incremental.start_value".to_owned(),
            Part::IncrementalEnd => "incremental.end_value".to_owned(),
            Part::Parent(at) => {
                let field = resource.and_then(|resource| resource.parent_field(*at));
                format!("resources.{}", field.unwrap_or_default())
            }
            Part::Partition(at) => {
                let lists = resource.map(|resource| &resource.partitions);
                let list = lists.and_then(|lists| lists.get(usize::from(*at)));
                format!("partition.{}", list.map_or("?", |list| &list.name))
            }
            Part::Job(at) => {
                let job = resource.and_then(|resource| resource.job.as_ref());
                let field = job.and_then(|job| job.fields.get(usize::from(*at)));
                let field = field.map(ToString::to_string).unwrap_or_default();
                format!("job.{}", field.trim_start_matches("$."))
            }
            Part::Now => "now".to_owned(),
            Part::Today => "today".to_owned(),
            Part::Position | Part::PageSize => part.source().of_page(resource),
            // A call is never of a call.
            Part::Text(_) | Part::Call { .. } => String::new(),
        };
        for function in part.functions() {
            let function = function.to_string();
            if !function.is_empty() {
                text.push_str(" | ");
                text.push_str(&function);
            }
        }
        format!("{{{text}}}")
    }
}

impl ResourcePlan {
    /// A field of a parent as the spec names it: `stories.id`.
    pub fn parent_field(&self, at: u16) -> Option<String> {
        if let Some(tree) = &self.tree {
            let name = tree.fields.get(usize::from(at))?.name(&self.table)?;
            return Some(format!("{}.{name}", self.name));
        }
        let parent = self.parent.as_ref()?;
        let field = parent.fields.get(usize::from(at))?;
        let resource = parent.resource_of(field)?;
        let name = field.name(&resource.table)?;
        Some(format!("{}.{name}", resource.name))
    }
}

impl Part {
    /// A value of the page as the spec names it: `paginator.offset`.
    pub fn of_page(&self, resource: Option<&ResourcePlan>) -> String {
        let kind = resource.map_or(&Pages::Single, |resource| &resource.paginator.kind);
        let (position, size) = kind.placeholders();
        let name = if *self == Self::Position {
            position
        } else {
            size
        };
        format!("paginator.{name}")
    }
}

impl ResourcePlan {
    /// Whether its requests have a place for a value of the page.
    pub fn has_page_placeholders(&self) -> bool {
        let mut has = false;
        self.each_template(&mut |_, template| {
            has |= template.has(&Part::Position) || template.has(&Part::PageSize);
        });
        has
    }
}

impl Template {
    /// Whether this placeholder stands in it, with functions or without.
    pub fn has(&self, part: &Part) -> bool {
        self.0.iter().any(|one| one.source() == part)
    }
}

pub(super) fn each_text(json: &JsonPlan, call: &mut dyn FnMut(&str, &Template)) {
    match json {
        JsonPlan::Null | JsonPlan::Bool(_) | JsonPlan::Number(_) => {}
        JsonPlan::Text(template) => call("the body", template),
        JsonPlan::Array(elements) => {
            elements.iter().for_each(|element| each_text(element, call));
        }
        JsonPlan::Object(members) => {
            members.iter().for_each(|(_, value)| each_text(value, call));
        }
    }
}
