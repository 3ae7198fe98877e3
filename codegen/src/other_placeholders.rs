//! Placeholders of other languages, which are plain text in a spec: Jinja's `{{ config['key'] }}`.

/// A Jinja expression in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Jinja<'t> {
    /// With its braces.
    pub whole: &'t str,
    /// The names that it leads through: `config` and `key`.
    names: Vec<&'t str>,
}

/// The Jinja expressions in a text.
pub(crate) fn jinja(text: &str) -> Vec<Jinja<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        rest = after;
        let Some((inner, past)) = after.split_once("}}") else {
            break;
        };
        let names = names(inner.trim());
        if names.is_empty() || inner.contains('{') {
            continue;
        }
        let begin = text.len() - after.len() - 2;
        let end = text.len() - past.len();
        let whole = text.get(begin..end).unwrap_or_default();
        found.push(Jinja { whole, names });
        rest = past;
    }
    found
}

/// `config` and `key` of `config['key'] | lower`; none of what is no path of names.
fn names(expression: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = expression;
    loop {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !crate::value::is_identifier(name) {
            return Vec::new();
        }
        names.push(name);
        rest = after
            .strip_prefix("']")
            .or_else(|| after.strip_prefix("\"]"))
            .unwrap_or(after);
        let next = ["['", "[\"", "."]
            .iter()
            .find_map(|one| rest.strip_prefix(one));
        match next {
            Some(next) => rest = next,
            None if rest.trim().is_empty() || names.len() > 1 => return names,
            None => return Vec::new(),
        }
    }
}

impl Jinja<'_> {
    /// Whether it can be nothing else. A language with braces of its own, as GraphQL, has a word
    /// between two of them, too.
    pub(crate) fn is_certain(&self) -> bool {
        self.names.len() > 1
    }

    /// What it is here, where its names tell: the words of Airbyte among them.
    pub(crate) fn ours(&self, is_credential: bool) -> Option<String> {
        let ours = match self.names.as_slice() {
            ["config" | "parameters", name] if is_credential => format!("secrets.{name}"),
            ["config" | "parameters", name] => format!("config.{name}"),
            ["secrets", name] => format!("secrets.{name}"),
            ["stream_interval" | "stream_slice", "start_time"] => {
                "incremental.start_value".to_owned()
            }
            ["stream_interval" | "stream_slice", "end_time"] => "incremental.end_value".to_owned(),
            ["resources" | "incremental", _, ..] => self.names.join("."),
            _ => return None,
        };
        Some(format!("{{{ours}}}"))
    }
}

/// Whether a text holds a placeholder of ours: a brace that is no half of two.
pub(crate) fn holds_placeholder(text: &str) -> bool {
    text.replace("{{", "").contains('{')
}

#[cfg(test)]
mod tests {
    use super::{holds_placeholder, jinja};

    #[test]
    fn an_expression_is_a_path_of_names() {
        let cases = [
            ("{{ config['api_key'] }}", Some("{config.api_key}")),
            ("{{ config[\"a\"] | lower }}", Some("{config.a}")),
            ("a/{{config.b}}/c", Some("{config.b}")),
            (
                "{{ stream_interval.start_time }}",
                Some("{incremental.start_value}"),
            ),
            ("{{ resources.posts.id }}", Some("{resources.posts.id}")),
            ("{{ stream_partition.id }}", None),
        ];
        for (text, ours) in cases {
            let found = jinja(text);
            let [one] = &found[..] else {
                panic!("{text}: {found:?}");
            };
            assert!(one.is_certain(), "{text}");
            assert_eq!(one.ours(false).as_deref(), ours, "{text}");
        }
    }

    #[test]
    fn what_braces_hold_in_another_language_is_none() {
        for text in [
            "{{ things {{ id name }} }}",
            "{{}}",
            "{{ \"a\": 1 }}",
            "{{ a",
            "{a.b}",
        ] {
            assert!(jinja(text).iter().all(|one| !one.is_certain()), "{text}");
        }
        let word = jinja("{{ things {{ id }} }}");
        assert!(word.iter().all(|one| !one.is_certain()), "{word:?}");
    }

    #[test]
    fn two_braces_are_no_placeholder() {
        assert!(holds_placeholder("a{config.b}"));
        assert!(holds_placeholder("{{{config.b}}}"));
        assert!(!holds_placeholder("{{config.b}}"));
    }
}
