//! Rendering templates: placeholders in, texts and JSON out.

use std::borrow::Cow;

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::{
    ConfigValue, Error, ErrorKind, ParentValue, Result, Secret,
    plan::{Json, Param, Part, Template},
    query::RESERVED,
    request::Bounds,
};

/// The values that placeholders stand for.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) secrets: &'a [Secret],
    pub(crate) config: &'a [ConfigValue],
    pub(crate) bounds: &'a Bounds,
    pub(crate) parent: &'a [ParentValue],
}

impl<'a> Scope<'a> {
    /// The text of a template; none where a placeholder has no value.
    pub(crate) fn text(&self, template: Template) -> Option<String> {
        let mut text = String::new();
        for part in template.0 {
            text.push_str(&self.part(*part)?);
        }
        Some(text)
    }

    /// The text of a template whose every placeholder must have a value; `what` names it.
    ///
    /// # Errors
    ///
    /// When one has none.
    pub(crate) fn required(&self, template: Template, what: &str) -> Result<String> {
        self.text(template).ok_or_else(|| {
            let message = format!("a placeholder of {what} has no value");
            Error::new(ErrorKind::Config, message)
        })
    }

    /// The path of a template, its values percent-encoded.
    ///
    /// # Errors
    ///
    /// When a placeholder has no value, or when its value would name another path: a segment that
    /// is empty, `.` or `..`.
    pub(crate) fn path(&self, template: Template) -> Result<String> {
        let mut path = String::new();
        let mut values = Vec::new();
        for part in template.0 {
            if let Part::Text(text) = part {
                path.push_str(text);
                continue;
            }
            let value = self.required(Template(std::slice::from_ref(part)), "the path")?;
            path.extend(utf8_percent_encode(&value, RESERVED));
            values.push(path.len());
        }
        for end in values {
            check_segment(&path, end)?;
        }
        Ok(path)
    }

    /// The parameters that have a value, in order.
    pub(crate) fn params(
        &self,
        params: &'static [Param],
    ) -> impl Iterator<Item = (&'static str, String)> {
        params
            .iter()
            .filter_map(move |param| Some((param.name, self.text(param.value)?)))
    }

    /// A JSON value. A text that is exactly a placeholder takes its value's type, and one without a
    /// value is null.
    pub(crate) fn json(&self, json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(digits) => serde_json::from_str(digits).unwrap_or(Value::Null),
            Json::Text(Template([part])) => self.typed(*part),
            Json::Text(template) => self.text(*template).map_or(Value::Null, Value::String),
            Json::Array(elements) => elements.iter().map(|element| self.json(element)).collect(),
            Json::Object(members) => members
                .iter()
                .map(|(key, value)| ((*key).to_owned(), self.json(value)))
                .collect(),
        }
    }

    fn typed(&self, part: Part) -> Value {
        match part {
            Part::Config(at) => self.config.get(usize::from(at)).map(ConfigValue::to_json),
            Part::IncrementalStart => self.bounds.start.as_ref().map(ConfigValue::to_json),
            Part::IncrementalEnd => self.bounds.end.as_ref().map(ConfigValue::to_json),
            Part::Parent(at) => self.parent.get(usize::from(at)).map(ParentValue::to_json),
            Part::Text(_) | Part::Secret(_) => self.part(part).map(|text| Value::from(&*text)),
        }
        .unwrap_or(Value::Null)
    }

    fn part(&self, part: Part) -> Option<Cow<'a, str>> {
        let text = |value: &ConfigValue| Cow::Owned(value.to_string());
        match part {
            Part::Text(text) => Some(Cow::Borrowed(text)),
            Part::Secret(at) => self
                .secrets
                .get(usize::from(at))
                // An empty one is of a choice that was not made.
                .filter(|secret| !secret.expose().is_empty())
                .map(|secret| Cow::Borrowed(secret.expose())),
            Part::Config(at) => self.config.get(usize::from(at)).map(text),
            Part::IncrementalStart => self.bounds.start.as_ref().map(text),
            Part::IncrementalEnd => self.bounds.end.as_ref().map(text),
            Part::Parent(at) => match self.parent.get(usize::from(at))? {
                ParentValue::Null => None,
                value => Some(Cow::Owned(value.to_string())),
            },
        }
    }
}

/// Checks the segment that holds the value which ends at `end`.
fn check_segment(path: &str, end: usize) -> Result<()> {
    let delimiter = |c| matches!(c, '/' | '?' | '#');
    let start = path[..end].rfind(delimiter).map_or(0, |at| at + 1);
    let in_query = path[..start].contains('?');
    let stop = path[end..]
        .find(delimiter)
        .map_or(path.len(), |at| end + at);
    let segment = percent_decode_str(&path[start..stop]).decode_utf8_lossy();
    if in_query || !matches!(&*segment, "" | "." | "..") {
        return Ok(());
    }
    let message = format!("a placeholder makes `{segment}` a segment of the path `{path}`");
    Err(Error::new(ErrorKind::Config, message)
        .with_help("give it a value that names something, not a place in the path"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const CONFIG: Template = Template(&[Part::Config(0)]);
    const START: Template = Template(&[Part::IncrementalStart]);

    fn with<T>(config: ConfigValue, use_it: impl FnOnce(Scope<'_>) -> T) -> T {
        use_it(Scope {
            secrets: &["k3y".into()],
            config: &[config],
            bounds: &Bounds::default(),
            parent: &[],
        })
    }

    #[test]
    fn a_value_in_a_path_is_one_segment_of_it() {
        const PATH: Template = Template(&[
            Part::Text("/orgs/"),
            Part::Config(0),
            Part::Text("/repos?sort=a"),
        ]);
        with("a/b c?d#é%2f".into(), |scope| {
            assert_eq!(
                scope.path(PATH).unwrap(),
                "/orgs/a%2Fb%20c%3Fd%23%C3%A9%252f/repos?sort=a"
            );
        });
    }

    #[test]
    fn a_value_that_leads_elsewhere_is_refused() {
        const ALONE: Template = Template(&[Part::Text("/a/"), Part::Config(0), Part::Text("/b")]);
        const BESIDE: Template = Template(&[Part::Text("/a/."), Part::Config(0)]);
        for (path, value, refused) in [
            (ALONE, ".", true),
            (ALONE, "..", true),
            (ALONE, "", true),
            (ALONE, "...", false),
            (ALONE, "%2e%2e", false),
            (BESIDE, ".", true),
            (BESIDE, "", true),
            (BESIDE, "x", false),
        ] {
            let result = with(value.into(), |scope| scope.path(path));
            assert_eq!(result.is_err(), refused, "{value:?}: {result:?}");
        }
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_segment(value in "\\PC{0,8}") {
            const PATH: Template = Template(&[Part::Text("a/"), Part::Config(0), Part::Text("/b")]);
            let Ok(path) = with(value.as_str().into(), |scope| scope.path(PATH)) else {
                return Ok(());
            };
            let url = url::Url::parse(&format!("https://h/{path}")).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            let read = percent_decode_str(segments[1]).decode_utf8().unwrap();
            prop_assert_eq!(read, value);
            prop_assert_eq!(url.query(), None);
        }
    }

    #[test]
    fn a_placeholder_without_a_value_drops_its_parameter_and_is_null_in_json() {
        const PARAMS: &[Param] = &[
            Param {
                name: "since",
                value: Template(&[Part::Text("after "), Part::IncrementalStart]),
            },
            Param {
                name: "key",
                value: Template(&[Part::Text("Token "), Part::Secret(0)]),
            },
        ];
        with(1.into(), |scope| {
            let params: Vec<_> = scope.params(PARAMS).collect();
            assert_eq!(params, [("key", "Token k3y".to_owned())]);
            let body = Json::Object(&[("since", Json::Text(START)), ("n", Json::Number("1.5"))]);
            assert_eq!(scope.json(&body), json!({ "since": null, "n": 1.5 }));
            assert_eq!(scope.path(START).unwrap_err().kind(), &ErrorKind::Config);
        });
    }

    #[test]
    fn a_json_text_that_is_exactly_a_placeholder_keeps_its_type() {
        const LONGER: Template = Template(&[Part::Text("n"), Part::Config(0)]);
        for (value, typed, text) in [
            (ConfigValue::Bigint(7), json!(7), "n7"),
            (ConfigValue::Double(0.5), json!(0.5), "n0.5"),
            (ConfigValue::Bool(true), json!(true), "ntrue"),
            (ConfigValue::Text("7".into()), json!("7"), "n7"),
        ] {
            with(value, |scope| {
                let json = Json::Array(&[Json::Text(CONFIG), Json::Text(LONGER)]);
                assert_eq!(scope.json(&json), json!([typed, text]));
            });
        }
    }
}
