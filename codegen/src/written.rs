//! A template as the spec writes it, for those who read about a connector.

use crate::connector::{Connector, Part, Record, Resource, Step, Template};

impl Connector {
    /// The resource for whose records this one is fetched.
    pub fn parent(&self, resource: &Resource) -> Option<&Resource> {
        self.resources.get(resource.parent.as_ref()?.resource)
    }

    /// The template with its placeholders: `/posts/{resources.posts.id}`. Those of a parent are known
    /// where it is of a resource.
    pub fn written(&self, resource: Option<&Resource>, template: &Template) -> String {
        let parts = template.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Secret(at) => {
                let secret = self.secrets.get(usize::from(*at));
                format!("{{secrets.{}}}", secret.map_or("?", |secret| &secret.name))
            }
            Part::Config(at) => {
                let setting = self.config.get(usize::from(*at));
                let name = setting.map_or("?", |setting| &setting.name);
                format!("{{config.{name}}}")
            }
            Part::IncrementalStart => "{incremental.start_value}".to_owned(),
            Part::IncrementalEnd => "{incremental.end_value}".to_owned(),
            Part::Parent(at) => {
                let field = resource.and_then(|resource| self.of_parent(resource, *at));
                format!("{{resources.{}}}", field.unwrap_or_default())
            }
        });
        parts.collect()
    }

    /// A field of the parent as the spec names it: `stories.id`.
    fn of_parent(&self, resource: &Resource, at: u16) -> Option<String> {
        let parent = self.parent(resource)?;
        let field = resource.parent.as_ref()?.fields.get(usize::from(at))?;
        let Record::Struct(record) = &parent.record else {
            return None;
        };
        let mut name = format!("{}.{}", parent.name, record.columns.get(field.column)?.name);
        for step in &field.path.0 {
            name.push('.');
            match step {
                Step::Key(key) => name.push_str(key),
                Step::Index(index) => name.push_str(&index.to_string()),
            }
        }
        Some(name)
    }
}
