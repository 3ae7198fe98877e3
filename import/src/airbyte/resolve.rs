//! `$ref` and `$parameters` of a manifest.

use crate::ImportError;
use crate::tree::{Kind, Place, Value};

/// The deepest nesting after references are followed.
const DEPTH: usize = 200;
/// The most values of one component after references are followed.
const VALUES: usize = 2_000_000;

/// Keys whose values are data, not components.
const DATA: &[&str] = &[
    "$parameters",
    "schema",
    "schemas",
    "request_body",
    "request_body_data",
    "request_body_json",
    "request_headers",
    "request_parameters",
    "refresh_request_body",
    "refresh_request_headers",
    "connection_specification",
    "fields",
    "field_pointers",
    "value",
];

/// Follows the references of a manifest.
pub(super) struct Resolver<'a> {
    pub file: &'a str,
    pub root: &'a Value,
}

struct Walk<'a> {
    resolver: &'a Resolver<'a>,
    open: Vec<String>,
    left: usize,
}

impl Resolver<'_> {
    /// The value without references, and with the parameters of its components passed on.
    pub(super) fn resolve(&self, value: &Value) -> Result<Value, ImportError> {
        let mut walk = Walk {
            resolver: self,
            open: Vec::new(),
            left: VALUES,
        };
        let mut resolved = walk.value(value, 0)?;
        let mut left = VALUES;
        pass_on(&mut resolved, &[], &mut left);
        if left == 0 {
            return Err(self.error(value.place, "the parameters of this component multiply"));
        }
        Ok(resolved)
    }

    fn error(&self, place: Place, message: &str) -> ImportError {
        ImportError {
            place: format!("{}:{}:{}", self.file, place.line, place.column),
            message: message.to_owned(),
            help: "fix it there, and import again".to_owned(),
        }
    }
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<Value, ImportError> {
        if depth > DEPTH {
            let message = format!("the component is nested more than {DEPTH} levels deep");
            return Err(self.resolver.error(value.place, &message));
        }
        if self.left == 0 {
            let message =
                format!("the component has more than {VALUES} values, references followed");
            return Err(self.resolver.error(value.place, &message));
        }
        self.left -= 1;
        let kind = match &value.kind {
            Kind::Text(text) if is_reference(text) => {
                let text = text.clone();
                return Ok(self.follow(&text, value, depth)?.unwrap_or(value.clone()));
            }
            Kind::Map(entries) => return self.map(value, entries, depth),
            Kind::List(elements) => Kind::List(
                elements
                    .iter()
                    .map(|element| self.value(element, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            other => other.clone(),
        };
        Ok(Value {
            kind,
            place: value.place,
        })
    }

    fn map(
        &mut self,
        value: &Value,
        entries: &[(String, Value)],
        depth: usize,
    ) -> Result<Value, ImportError> {
        let mut made: Vec<(String, Value)> = Vec::new();
        let mut place = value.place;
        if let Some(reference) = value.text_of("$ref")
            && is_reference(reference)
            && let Some(target) = self.follow(reference, value, depth)?
        {
            match target.kind {
                Kind::Map(entries) => made = entries,
                _ => return Ok(target),
            }
            if entries.len() == 1 {
                place = target.place;
            }
        }
        for (key, entry) in entries {
            if key == "$ref" && entry.text().is_some_and(is_reference) {
                continue;
            }
            let entry = self.value(entry, depth + 1)?;
            match made.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => *known = entry,
                None => made.push((key.clone(), entry)),
            }
        }
        Ok(Value {
            kind: Kind::Map(made),
            place,
        })
    }

    /// What a reference leads to; nothing if it leads nowhere.
    fn follow(
        &mut self,
        reference: &str,
        from: &Value,
        depth: usize,
    ) -> Result<Option<Value>, ImportError> {
        if self.open.iter().any(|open| open == reference) {
            let message = format!("`$ref: {reference}` leads back to itself");
            return Err(self.resolver.error(from.place, &message));
        }
        let resolver = self.resolver;
        let Some(target) = resolver.root.pointer(reference) else {
            return Ok(None);
        };
        self.open.push(reference.to_owned());
        let made = self.value(target, depth + 1);
        self.open.pop();
        made.map(Some)
    }
}

fn is_reference(text: &str) -> bool {
    text.starts_with("#/")
}

/// Gives each component the parameters around it, which are the values of keys that it lacks. One that names a class
/// and no type is in Python.
fn pass_on(value: &mut Value, around: &[(String, Value)], left: &mut usize) {
    match &mut value.kind {
        Kind::List(elements) => {
            for element in elements {
                pass_on(element, around, left);
            }
        }
        Kind::Map(entries) => {
            let has = |name: &str| entries.iter().any(|(key, _)| key == name);
            if has("class_name") && !has("type") {
                let custom = Value::new(Kind::Text("Custom".to_owned()));
                entries.push(("type".to_owned(), custom));
            }
            let mut parameters: Vec<(String, Value)> = Vec::new();
            let own = entries.iter().position(|(key, _)| key == "$parameters");
            if let Some(at) = own {
                parameters.extend_from_slice(entries.remove(at).1.entries());
            }
            for (name, value) in around {
                if !parameters.iter().any(|(known, _)| known == name) {
                    parameters.push((name.clone(), value.clone()));
                }
            }
            let is_component = own.is_some()
                || entries.iter().any(|(key, value)| {
                    key == "type"
                        && value
                            .text()
                            .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
                });
            if is_component {
                for (name, value) in &parameters {
                    *left = left.saturating_sub(1);
                    if *left > 0 && !entries.iter().any(|(key, _)| key == name) {
                        entries.push((name.clone(), value.clone()));
                    }
                }
            }
            for (key, value) in entries.iter_mut() {
                if !DATA.contains(&key.as_str()) {
                    let inner: Vec<_> = parameters
                        .iter()
                        .filter(|(name, _)| name != key)
                        .cloned()
                        .collect();
                    pass_on(value, &inner, left);
                }
            }
            if !parameters.is_empty() && is_component && *left > 0 {
                *left = left.saturating_sub(parameters.len());
                let parameters = Value::new(Kind::Map(parameters));
                entries.push(("$parameters".to_owned(), parameters));
            }
        }
        _ => {}
    }
}
