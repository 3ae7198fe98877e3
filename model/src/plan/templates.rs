//! The templates in the requests of a resource.

use super::{Body, JsonTemplate, Part, ResourcePlan, Template};

impl ResourcePlan {
    /// Calls this with each template of the requests and a name of its place.
    pub fn each_template(&self, call: &mut dyn FnMut(&str, &Template)) {
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
        let mut sends = self
            .incremental
            .as_ref()
            .is_some_and(|incremental| incremental.start_param.is_some());
        self.each_template(&mut |_, template| sends |= template.has(&Part::IncrementalStart));
        sends
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
            fields.extend(template.0.iter().filter_map(|part| match part {
                Part::Parent(at) => Some(usize::from(*at)),
                _ => None,
            }));
        });
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

impl Template {
    fn has(&self, part: &Part) -> bool {
        self.0.contains(part)
    }
}

fn each_text(json: &JsonTemplate, call: &mut dyn FnMut(&str, &Template)) {
    match json {
        JsonTemplate::Null | JsonTemplate::Bool(_) | JsonTemplate::Number(_) => {}
        JsonTemplate::Text(template) => call("the body", template),
        JsonTemplate::Array(elements) => {
            elements.iter().for_each(|element| each_text(element, call));
        }
        JsonTemplate::Object(members) => {
            members.iter().for_each(|(_, value)| each_text(value, call));
        }
    }
}
