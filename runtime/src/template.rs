//! Rendering templates: placeholders in, texts and JSON out.

mod function;
mod host;

use std::borrow::Cow;

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde_json::Value;

pub(crate) use self::function::elements;
use crate::{
    Error, ErrorKind, Result, Scalar, Secret,
    plan::{ConfigPlan, Function, JsonPlan, Param, Part, ResourcePlan, SourcePlan, Template},
    query::RESERVED,
    schema::TimeFormat,
    shared::Text,
    tree::Tree,
    value::Timestamp,
};

/// Where an incremental fetch starts and ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// `{incremental.start_value}`, and the value of `start_param`, as it is sent.
    pub start: Option<Scalar>,
    /// `{incremental.end_value}`, and the value of `end_param`, as it is sent.
    pub end: Option<Scalar>,
    /// The start before it was written in the format in which it is sent.
    pub start_value: Option<Scalar>,
    /// The end before it was written in that format.
    pub end_value: Option<Scalar>,
    /// The format in which both are sent.
    pub format: Option<TimeFormat>,
}

/// The values of a page that a request has a place for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageValues {
    /// `{paginator.offset}`, `{paginator.page}` or `{paginator.cursor}`.
    pub position: Option<Scalar>,
    /// `{paginator.limit}` or `{paginator.page_size}`.
    pub size: Option<Scalar>,
}

impl Bounds {
    /// No range.
    const NONE: Self = Self {
        start: None,
        end: None,
        start_value: None,
        end_value: None,
        format: None,
    };
}

impl PageValues {
    /// No values.
    const NONE: Self = Self {
        position: None,
        size: None,
    };
}

/// The values that placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// In the order of the plan.
    pub secrets: &'a [Secret],
    /// In the order of the plan.
    pub config: &'a [Scalar],
    /// The settings that `config` has the values of, to name them.
    pub settings: &'a [ConfigPlan],
    /// The range of an incremental fetch.
    pub bounds: &'a Bounds,
    /// The values of a parent, in the order of the child's plan.
    pub parent: &'a [Scalar],
    /// The values of a partition, in the order of the resource's lists.
    pub partition: &'a [Scalar],
    /// The values of a job, in the order of its fields; null where no response had them.
    pub job: &'a [Scalar],
    /// When the fetch began.
    pub now: Timestamp,
    /// The text in place of a time, or of what functions make of a value that is not known yet.
    pub unknown: Option<&'a str>,
    /// The values of a page.
    pub page: &'a PageValues,
}

impl Scope<'_> {
    /// No values.
    pub const EMPTY: Self = Self {
        secrets: &[],
        config: &[],
        settings: &[],
        bounds: &Bounds::NONE,
        parent: &[],
        partition: &[],
        job: &[],
        now: Timestamp::EPOCH,
        unknown: None,
        page: &PageValues::NONE,
    };

    /// The text of a template; none where a placeholder has no value.
    pub fn text(&self, template: &Template) -> Option<String> {
        let mut text = String::new();
        for part in &template.0 {
            text.push_str(&self.part(part)?);
        }
        Some(text)
    }

    /// The text of a template whose every placeholder must have a value; `what` names it.
    ///
    /// # Errors
    ///
    /// When one has none.
    pub fn required(&self, template: &Template, what: &str) -> Result<String> {
        self.text(template)
            .ok_or_else(|| no_value(&template.0, what))
    }

    /// The path of a template, its values percent-encoded.
    ///
    /// # Errors
    ///
    /// When a placeholder has no value, or when its value would name another path: a segment that
    /// is empty, `.` or `..`.
    pub(crate) fn path(&self, template: &Template) -> Result<String> {
        match template.0.first() {
            Some(Part::Text(text)) if text.contains("://") => self.url(template, "the path"),
            _ => self.encoded(template, "the path", |_| Some(0)),
        }
    }

    /// The URL of a template, which `what` names. Values are percent-encoded, as in a path, but for those
    /// before its path: one that it begins with may be all of it up to there, and one within its host has
    /// to stay there.
    ///
    /// # Errors
    ///
    /// As of a path, and when a value would change which host it is a part of.
    pub fn url(&self, template: &Template, what: &str) -> Result<String> {
        self.encoded(template, what, past_authority)
    }

    /// Checks a value before the path of a URL, where `before` is the text before it and `after` what follows.
    fn check_host(&self, part: &Part, before: &str, value: &str, after: &[Part]) -> Result<()> {
        let (literal, rest) = match after {
            [Part::Text(literal), rest @ ..] => (literal.as_str(), rest),
            rest => ("", rest),
        };
        let value = host::InUrl {
            before,
            value,
            after: literal,
            is_followed: !rest.is_empty(),
        };
        value.check().map_err(|why| {
            let message = format!("{} {why}", self.name_of(part));
            let detail = "a wrong value there sends credentials to another host";
            Error::new(kind_of(part), message).with_detail(detail)
        })
    }

    /// What a placeholder stands for, in a message.
    fn name_of(&self, part: &Part) -> String {
        match part.source() {
            Part::Config(at) => match self.settings.get(usize::from(*at)) {
                Some(setting) => format!("the setting `{}`", setting.name),
                None => "a setting".to_owned(),
            },
            Part::Secret(_) => "a secret".to_owned(),
            Part::Parent(_) => "a field of the parent".to_owned(),
            Part::Partition(_) => "a value of `partitions`".to_owned(),
            Part::IncrementalStart => "`{incremental.start_value}`".to_owned(),
            Part::IncrementalEnd => "`{incremental.end_value}`".to_owned(),
            Part::Position | Part::PageSize => "a value of the page".to_owned(),
            Part::Job(_) => "a field of the job".to_owned(),
            Part::Now | Part::Today => "the time of the fetch".to_owned(),
            Part::Text(_) | Part::Call { .. } => "a text".to_owned(),
        }
    }

    /// The text of a template, its values percent-encoded from where `path_of` says that the text until
    /// then has its path.
    fn encoded(
        &self,
        template: &Template,
        what: &str,
        path_of: impl Fn(&str) -> Option<usize>,
    ) -> Result<String> {
        let mut text = String::new();
        let mut values = Vec::new();
        for (at, part) in template.0.iter().enumerate() {
            if let Part::Text(literal) = part {
                text.push_str(literal);
                continue;
            }
            let alone = std::slice::from_ref(part);
            let value = self.part(part).ok_or_else(|| no_value(alone, what))?;
            if path_of(&text).is_none() {
                self.check_host(part, &text, &value, &template.0[at + 1..])?;
                text.push_str(&value);
                continue;
            }
            text.extend(utf8_percent_encode(&value, RESERVED));
            values.push((part, value, text.len()));
        }
        let start = path_of(&text).unwrap_or_default();
        for (part, value, end) in values {
            let setting = matches!(part.source(), Part::Config(_)).then_some(&*value);
            let path = &text[start..];
            check_segment(path, end - start, setting).map_err(|why| {
                let message = format!("{} {why}, in the path `{path}`", self.name_of(part));
                Error::new(kind_of(part), message)
                    .with_help("give it a value that names something, not a place in the path")
            })?;
        }
        Ok(text)
    }

    /// The parameters that have a value, in order. One whose value is a list is repeated.
    pub fn params<'p>(&self, params: &'p [Param]) -> impl Iterator<Item = (&'p str, String)> {
        params.iter().flat_map(move |param| {
            let texts = self.texts(&param.value).into_iter();
            texts.map(|text| (&*param.name, text))
        })
    }

    /// The texts of a template: those of a list that it is exactly, otherwise one, or none where a
    /// placeholder has no value.
    fn texts(&self, template: &Template) -> Vec<String> {
        if let [part] = &*template.0
            && let Part::Config(_) = part.source()
            && let Some(Scalar::Json(list)) = self.value(part)
        {
            return elements(&list).iter().map(ToString::to_string).collect();
        }
        self.text(template).into_iter().collect()
    }

    /// A JSON value, its numbers as they are written. A text that is exactly a placeholder takes its
    /// value's type, and one without a value is null.
    pub(crate) fn json(&self, json: &JsonPlan) -> Tree {
        match json {
            JsonPlan::Null => Tree::default(),
            JsonPlan::Bool(value) => Value::Bool(*value).into(),
            JsonPlan::Number(digits) => Tree::read(digits),
            JsonPlan::Text(template) => match &*template.0 {
                [part] => self.typed(part),
                _ => Value::from(self.text(template)).into(),
            },
            JsonPlan::Array(elements) => {
                Tree::List(elements.iter().map(|element| self.json(element)).collect())
            }
            JsonPlan::Object(members) => {
                let rendered =
                    |(key, value): &(Text, JsonPlan)| (key.to_string(), self.json(value));
                Tree::Members(members.iter().map(rendered).collect())
            }
        }
    }

    fn typed(&self, part: &Part) -> Tree {
        match self.value(part) {
            Some(Scalar::Decimal(number)) => Tree::read(number.as_str()),
            Some(Scalar::Json(text)) => Tree::read(&text),
            Some(value) => value.to_json().into(),
            None => Tree::default(),
        }
    }

    /// The value of a placeholder; `None` where it has none.
    pub(crate) fn value(&self, part: &Part) -> Option<Scalar> {
        if let (Some(unknown), Part::Now | Part::Today) = (self.unknown, part) {
            return Some(unknown.into());
        }
        let value = match part {
            Part::Text(text) => Some(Scalar::Text(text.to_string())),
            Part::Secret(at) => self
                .secrets
                .get(usize::from(*at))
                // An empty one is of a choice that was not made.
                .filter(|secret| !secret.expose().is_empty())
                .map(|secret| secret.expose().into()),
            Part::Config(at) => self.config.get(usize::from(*at)).cloned(),
            Part::IncrementalStart => self.bounds.start.clone(),
            Part::IncrementalEnd => self.bounds.end.clone(),
            Part::Parent(at) => self.parent.get(usize::from(*at)).cloned(),
            Part::Position => self.page.position.clone(),
            Part::PageSize => self.page.size.clone(),
            Part::Partition(at) => self.partition.get(usize::from(*at)).cloned(),
            Part::Job(at) => self.job.get(usize::from(*at)).cloned(),
            Part::Now => Some(Scalar::Timestamp(self.now.whole_second())),
            Part::Today => self.now.day().map(Scalar::Date),
            Part::Call { of, functions } => self.call(of, functions),
        };
        value.filter(|value| *value != Scalar::Null)
    }

    /// The value of a placeholder with functions.
    fn call(&self, of: &Part, functions: &[Function]) -> Option<Scalar> {
        let is_known = match of {
            Part::Config(_) => true,
            // One value stands for all that a batch joins.
            Part::Parent(_) => matches!(functions, [Function::Join(_)]),
            _ => false,
        };
        if let (Some(unknown), false) = (self.unknown, is_known) {
            return Some(unknown.into());
        }
        let is_of_time = matches!(
            functions.first(),
            Some(Function::Add(_) | Function::Subtract(_) | Function::Format(_))
        );
        let (value, is_end) = match of {
            Part::IncrementalStart if is_of_time => (self.bounds.start_value.clone(), false),
            Part::IncrementalEnd if is_of_time => (self.bounds.end_value.clone(), true),
            of => (self.value(of), false),
        };
        let mut calls = functions.iter();
        let apply = |value, function| function::apply(function, value, is_end);
        let value = calls.try_fold(value, apply).ok()?;
        // A bound that was only moved is sent as bounds are.
        match (&value, of, &self.bounds.format) {
            (
                Some(Scalar::Timestamp(_) | Scalar::Date(_)),
                Part::IncrementalStart | Part::IncrementalEnd,
                Some(format),
            ) => value?.sent(format, false, is_end).ok()?,
            _ => value,
        }
    }

    fn part<'p>(&self, part: &'p Part) -> Option<Cow<'p, str>> {
        match part {
            Part::Text(text) => Some(Cow::Borrowed(text)),
            placeholder => Some(Cow::Owned(self.value(placeholder)?.to_string())),
        }
    }

    /// Checks that functions have a value wherever their placeholder has one: a parameter must not be left
    /// out because of a text in another form.
    ///
    /// # Errors
    ///
    /// Names the placeholder.
    pub(crate) fn check_functions(
        &self,
        source: &SourcePlan,
        resource: &ResourcePlan,
    ) -> Result<()> {
        let mut wrong = None;
        let mut check = |part: &Part| {
            let has_value = |part: &Part| self.value(part).is_some();
            if !part.functions().is_empty() && has_value(part.source()) && !has_value(part) {
                let placeholder = source.placeholder(Some(resource), part);
                let message = format!(
                    "the functions of `{placeholder}` make no value of {}",
                    self.name_of(part)
                );
                wrong.get_or_insert(
                    Error::new(kind_of(part), message)
                        .with_help("`default` gives a placeholder a value where it has none"),
                );
            }
        };
        resource.each_template(&mut |_, template| template.0.iter().for_each(&mut check));
        let headers = source.headers.iter().flat_map(|header| &header.value.0);
        headers.for_each(check);
        wrong.map_or(Ok(()), Err)
    }
}

fn no_value(parts: &[Part], what: &str) -> Error {
    let message = format!("a placeholder of {what} has no value");
    Error::new(error_kind(parts), message)
}

/// The kind of an error about the values in a template: the API gave a parent's, the user the others.
pub(crate) fn error_kind(parts: &[Part]) -> ErrorKind {
    let of_response = parts
        .iter()
        .find(|part| kind_of(part) == ErrorKind::Response);
    of_response.map_or(ErrorKind::Config, kind_of)
}

fn kind_of(part: &Part) -> ErrorKind {
    match part.source() {
        Part::Parent(_) | Part::Position => ErrorKind::Response,
        _ => ErrorKind::Config,
    }
}

/// The value that functions make of one; `None` where they make none.
pub(crate) fn apply_all(functions: &[Function], value: Option<Scalar>) -> Option<Scalar> {
    let mut functions = functions.iter();
    let apply = |value, function| function::apply(function, value, false);
    functions.try_fold(value, apply).ok().flatten()
}

/// Where the host and port of a URL end, if they have: where its path starts, or its query.
fn past_authority(url: &str) -> Option<usize> {
    let is_slash = |c| matches!(c, '/' | '\\');
    // As URLs are parsed: any slashes after the scheme are before the host.
    let authority = url.split_once(':')?.1.trim_start_matches(is_slash);
    let at = authority.find(|c| is_slash(c) || matches!(c, '?' | '#'))?;
    Some(url.len() - authority.len() + at)
}

/// Checks the segment that holds the value which ends at `end`, and the value where it is a setting's.
///
/// # Errors
///
/// What is wrong with it, to be read after the value's name.
fn check_segment(path: &str, end: usize, setting: Option<&str>) -> Result<(), String> {
    let delimiter = |c| matches!(c, '/' | '?' | '#');
    let start = path[..end].rfind(delimiter).map_or(0, |at| at + 1);
    if path[..start].contains('?') {
        return Ok(());
    }
    let stop = path[end..]
        .find(delimiter)
        .map_or(path.len(), |at| end + at);
    let segment = percent_decode_str(&path[start..stop]).decode_utf8_lossy();
    if matches!(&*segment, "" | "." | "..") {
        return Err(format!("makes a segment `{segment}`"));
    }
    let Some(setting) = setting else {
        return Ok(());
    };
    if setting.is_empty() {
        return Err("is empty".to_owned());
    }
    // Some servers decode `%2F` and `%5C` before they resolve `..`.
    let mut parts = setting.split(['/', '\\']);
    if let Some(place) = parts.find(|part| matches!(*part, "." | "..")) {
        return Err(format!("holds the path segment `{place}`"));
    }
    match setting.chars().find(|c| c.is_control()) {
        Some(control) => Err(format!("holds a control character, {control:?}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::shared::{Ref::Static, list};

    pub(super) const CONFIG: Template = Template(list![Part::Config(0)]);
    const SHOP: ConfigPlan = ConfigPlan {
        name: Static("shop"),
        env: Static("SHOP"),
        ..ConfigPlan::DEFAULT
    };
    const START: Template = Template(list![Part::IncrementalStart]);

    pub(super) fn with<T>(config: Scalar, use_it: impl FnOnce(Scope<'_>) -> T) -> T {
        use_it(Scope {
            secrets: &["k3y".into()],
            config: &[config],
            settings: &[SHOP],
            ..Scope::EMPTY
        })
    }

    #[test]
    fn a_value_in_a_path_is_one_segment_of_it() {
        const PATH: Template = Template(list![
            Part::Text(Static("/orgs/")),
            Part::Config(0),
            Part::Text(Static("/repos?sort=a")),
        ]);
        with("a/b c?d#é%2f".into(), |scope| {
            assert_eq!(
                scope.path(&PATH).unwrap(),
                "/orgs/a%2Fb%20c%3Fd%23%C3%A9%252f/repos?sort=a"
            );
        });
    }

    #[test]
    fn a_value_that_leads_elsewhere_is_refused() {
        const ALONE: Template = Template(list![
            Part::Text(Static("/a/")),
            Part::Config(0),
            Part::Text(Static("/b"))
        ]);
        const BESIDE: Template = Template(list![Part::Text(Static("/a/.")), Part::Config(0)]);
        const ELSEWHERE: Template = Template(list![
            Part::Text(Static("https://")),
            Part::Config(0),
            Part::Text(Static(".example.com/a")),
        ]);
        for (path, value, refused) in [
            (ALONE, ".", true),
            (ALONE, "..", true),
            (ALONE, "", true),
            (ALONE, "...", false),
            (ALONE, "%2e%2e", false),
            (BESIDE, ".", true),
            (BESIDE, "", true),
            (BESIDE, "x", false),
            (ALONE, "a/..", true),
            (ALONE, "a\\.", true),
            (ALONE, "a..b/c", false),
            (ELSEWHERE, "acme", false),
            (ELSEWHERE, "evil.net/", true),
            (ELSEWHERE, "..", true),
        ] {
            let result = with(value.into(), |scope| scope.path(&path));
            assert_eq!(result.is_err(), refused, "{value:?}: {result:?}");
        }
    }

    #[test]
    fn a_value_in_the_path_of_a_url_is_one_segment_of_it() {
        const ORG: Template = Template(list![
            Part::Text(Static("http://h:80/")),
            Part::Config(0),
            Part::Text(Static("/v1")),
        ]);
        const QUERY: Template =
            Template(list![Part::Text(Static("http://h?org=")), Part::Config(0)]);
        for (url, value, wanted) in [
            (ORG, "a?b", Some("http://h:80/a%3Fb/v1")),
            (ORG, "a/b@c:#\\", Some("http://h:80/a%2Fb%40c%3A%23%5C/v1")),
            (ORG, "a/../b", None),
            (ORG, "..\\b", None),
            (ORG, "a\nb", None),
            (ORG, "a\0", None),
            (ORG, "", None),
            (ORG, ".", None),
            (ORG, "..", None),
            (QUERY, "a&b=c d", Some("http://h?org=a%26b%3Dc%20d")),
            (QUERY, "..", Some("http://h?org=..")),
            (QUERY, "", Some("http://h?org=")),
        ] {
            let found = with(value.into(), |scope| scope.url(&url, "`base_url`"));
            assert_eq!(found.as_deref().ok(), wanted, "{value:?}: {found:?}");
            if let Err(error) = found {
                assert!(error.to_string().contains("the setting `shop`"), "{error}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_segment(value in "\\PC{0,8}") {
            const PATH: Template = Template(list![Part::Text(Static("a/")), Part::Config(0), Part::Text(Static("/b"))]);
            let Ok(path) = with(value.as_str().into(), |scope| scope.path(&PATH)) else {
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
                name: Static("since"),
                value: Template(list![Part::Text(Static("after ")), Part::IncrementalStart]),
            },
            Param {
                name: Static("key"),
                value: Template(list![Part::Text(Static("Token ")), Part::Secret(0)]),
            },
        ];
        with(1.into(), |scope| {
            let params: Vec<_> = scope.params(PARAMS).collect();
            assert_eq!(params, [("key", "Token k3y".to_owned())]);
            let body = JsonPlan::Object(list![
                (Static("since"), JsonPlan::Text(START)),
                (Static("n"), JsonPlan::Number(Static("1.5")))
            ]);
            assert_eq!(scope.json(&body).to_string(), r#"{"n":1.5,"since":null}"#);
            assert_eq!(scope.path(&START).unwrap_err().kind(), &ErrorKind::Config);
        });
    }

    #[test]
    fn a_json_text_that_is_exactly_a_placeholder_keeps_its_type() {
        const LONGER: Template = Template(list![Part::Text(Static("n")), Part::Config(0)]);
        for (value, typed, text) in [
            (Scalar::Bigint(7), json!(7), "n7"),
            (Scalar::Double(0.5), json!(0.5), "n0.5"),
            (Scalar::Bool(true), json!(true), "ntrue"),
            (Scalar::Text("7".into()), json!("7"), "n7"),
        ] {
            with(value, |scope| {
                let json = JsonPlan::Array(list![JsonPlan::Text(CONFIG), JsonPlan::Text(LONGER)]);
                assert_eq!(
                    scope.json(&json).to_string(),
                    json!([typed, text]).to_string()
                );
            });
        }
    }
}
