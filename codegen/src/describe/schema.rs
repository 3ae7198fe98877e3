//! The grammar as a JSON Schema (draft 2020-12), for completion and checks while a spec is written.
//!
//! It accepts what the check of a spec's structure accepts, as far as one value alone decides. What a
//! resource inherits it cannot know: where there are `resource_defaults`, a resource need have only
//! its name, and may set to null what it does not want to inherit.

use crate::grammar::{self, AnyKey, Context, Family, Member, Shape, Word};

use super::json::{Json, count, map, text, texts};

/// Where the schema says that it is found.
const ID: &str =
    "https://raw.githubusercontent.com/rest-source/rest-source/main/docs/rest-source.schema.json";

/// A JSON Schema (draft 2020-12) of the connector language, with the meaning and the default of every
/// key. An editor whose YAML support knows JSON Schema completes, explains and checks a spec by it:
/// put `# yaml-language-server: $schema=<path or URL of the schema>` in the first line.
///
/// ```
/// let schema = rest_source_codegen::describe::json_schema();
/// assert!(schema.contains("https://json-schema.org/draft/2020-12/schema"));
/// ```
pub fn schema() -> String {
    let mut schema = Schema::default();
    let whole = schema.context(&grammar::RESOURCE, Mode::Whole);
    let heir = schema.context(&grammar::RESOURCE, Mode::Heir);
    let defaults = schema.defaults();
    let top = schema.top(&defaults);
    let posts = scalar(&Shape::Identifier);
    let resources = |elements: Json| {
        let list = map([
            ("type", text("array")),
            ("minItems", count(1)),
            ("items", elements),
        ]);
        map([("properties", map([("resources", list)]))])
    };
    let root = map([
        (
            "$schema",
            text("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("$id", text(ID)),
        ("title", text("rest-source connector spec")),
    ]);
    let Json::Map(top) = top else {
        return String::new();
    };
    let root = top
        .into_iter()
        .fold(root, |root, (key, value)| root.with(&key, value));
    let root = root
        .with("if", map([("required", texts(["resource_defaults"]))]))
        .with("then", resources(any([posts, heir])))
        .with("else", resources(whole))
        .with("$defs", Json::Map(schema.definitions));
    format!("{root:#}\n")
}

/// How much of a map has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All that is required.
    Whole,
    /// Nothing: the rest is in the resources that inherit it.
    Default,
    /// Nothing, for it may be inherited; null removes what is.
    Heir,
}

#[derive(Default)]
struct Schema {
    definitions: Vec<(String, Json)>,
}

impl Schema {
    /// The top of a spec. What its resources are depends on whether there are defaults.
    fn top(&mut self, defaults: &Json) -> Json {
        let mut properties = Vec::new();
        for key in grammar::SOURCE.keys.iter().copied() {
            let value = if key.name == grammar::source::RESOURCE_DEFAULTS.name {
                annotated(key, defaults.clone())
            } else if key.name == grammar::source::RESOURCES.name {
                annotated(key, map([]))
            } else {
                self.property(key, Mode::Whole)
            };
            properties.push((key.name.to_owned(), value));
        }
        object(
            properties,
            requirements(grammar::SOURCE.keys.iter().copied(), Mode::Whole),
            None,
        )
    }

    /// What every resource inherits: not its name.
    fn defaults(&mut self) -> Json {
        let reference = self.context(&grammar::RESOURCE, Mode::Default);
        let name = format!("{}.{}", slug(grammar::RESOURCE.name), "default");
        for (of, definition) in &mut self.definitions {
            let Json::Map(entries) = definition else {
                continue;
            };
            let properties = entries.iter_mut().find(|(key, _)| key == "properties");
            if let Some((_, Json::Map(properties))) = properties.filter(|_| *of == name) {
                properties.retain(|(key, _)| key != "name");
            }
        }
        reference
    }

    /// A reference to the definition of this name, which is made if it is not there yet.
    fn defined(&mut self, name: &str, mode: Mode, make: impl FnOnce(&mut Self) -> Json) -> Json {
        let name = match mode {
            Mode::Whole => name.to_owned(),
            Mode::Default => format!("{name}.default"),
            Mode::Heir => format!("{name}.heir"),
        };
        if self.definitions.iter().all(|(of, _)| *of != name) {
            // A column may hold columns: the name is taken before what is in it is looked at.
            let at = self.definitions.len();
            self.definitions.push((name.clone(), Json::Null));
            let definition = make(self);
            if let Some(place) = self.definitions.get_mut(at) {
                place.1 = definition;
            }
        }
        map([("$ref", text(format!("#/$defs/{name}")))])
    }

    fn context(&mut self, context: &'static Context, mode: Mode) -> Json {
        self.defined(&slug(context.name), mode, |schema| {
            let properties = schema.properties(context.keys, mode);
            let object = object(
                properties,
                requirements(context.keys.iter().copied(), mode),
                None,
            );
            if std::ptr::eq(context, &raw const grammar::RESOURCE) && mode != Mode::Default {
                return object.with("defaultSnippets", snippets());
            }
            object
        })
    }

    fn properties(
        &mut self,
        keys: &'static [&'static dyn AnyKey],
        mode: Mode,
    ) -> Vec<(String, Json)> {
        let mut properties = Vec::new();
        for key in keys.iter().copied() {
            let value = self.property(key, mode);
            for name in key.aliases {
                let alias = value.clone().with("deprecated", Json::Bool(true));
                properties.push(((*name).to_owned(), alias));
            }
            if mode == Mode::Heir && crate::read::may_be_list(&key.shape) {
                let list = |sign: &str, name: String| {
                    let meaning = format!("What is put {sign} the inherited `{}`.", key.name);
                    let list = map([("type", text("array"))]);
                    (name, list.with("description", Json::Text(meaning)))
                };
                properties.push(list("before", format!("+{}", key.name)));
                properties.push(list("after", format!("{}+", key.name)));
            }
            properties.push((key.name.to_owned(), value));
        }
        properties
    }

    fn property(&mut self, key: &'static dyn AnyKey, mode: Mode) -> Json {
        let value = self.shape(&key.shape, mode);
        let null = map([("type", text("null"))]);
        annotated(
            key,
            if mode == Mode::Heir || crate::read::takes_null(key) {
                any([value, null])
            } else {
                value
            },
        )
    }

    fn shape(&mut self, shape: &'static Shape, mode: Mode) -> Json {
        match shape {
            Shape::Map(context) => self.context(context, mode),
            Shape::Tagged(family) => self.family(family, mode),
            Shape::Dict(values) => {
                let mut value = self.shape(values, mode);
                if mode == Mode::Heir {
                    value = any([value, map([("type", text("null"))])]);
                }
                map([("type", text("object")), ("additionalProperties", value)])
            }
            Shape::List(elements) => {
                // A list replaces what would be inherited.
                let mode = if mode == Mode::Heir {
                    Mode::Whole
                } else {
                    mode
                };
                map([
                    ("type", text("array")),
                    ("items", self.shape(elements, mode)),
                ])
            }
            Shape::Either(first, second) => {
                any([self.shape(first, mode), self.shape(second, mode)])
            }
            scalar_shape => scalar(scalar_shape),
        }
    }

    fn family(&mut self, family: &'static Family, mode: Mode) -> Json {
        let name = family_slug(family);
        self.defined(&name, mode, |schema| {
            let tagged = schema.tagged(family, &name, mode);
            match bare(family, mode) {
                Some(bare) => any([bare, tagged]),
                None => tagged,
            }
        })
    }

    /// A map whose tag decides which keys it may have. The tag has a schema of its own: so an editor
    /// completes every word, also those that need further keys, and names all of them where it is wrong.
    fn tagged(&mut self, family: &'static Family, name: &str, mode: Mode) -> Json {
        let members = family.members.iter();
        let every_word = members
            .clone()
            .flat_map(|member| word_names(&member.word).map(|name| (name, member.word.meaning)));
        let tag = words(every_word);
        let kinds = members.map(|member| {
            let name = format!("{name}.{}", member.word.name);
            let kind = self.defined(&name, mode, |schema| schema.member(family, member, mode));
            let tag = map([("enum", texts(word_names(&member.word)))]);
            let is_kind = map([
                ("required", texts([family.tag])),
                ("properties", map([(family.tag, tag)])),
            ]);
            map([("if", is_kind), ("then", kind)])
        });
        let kinds = Json::List(kinds.collect());
        let object = map([
            ("type", text("object")),
            ("properties", map([(family.tag, tag)])),
        ]);
        let object = if mode == Mode::Whole {
            object.with("required", texts([family.tag]))
        } else {
            // It may say by inheritance what it is.
            object
        };
        object.with("allOf", kinds)
    }

    fn member(&mut self, family: &Family, member: &'static Member, mode: Mode) -> Json {
        let names = word_names(&member.word);
        let tag = map([
            ("enum", texts(names)),
            ("description", text(member.word.meaning)),
        ]);
        let mut properties = vec![(family.tag.to_owned(), tag)];
        properties.extend(self.properties(family.common, mode));
        properties.extend(self.properties(member.keys, mode));
        let required = requirements(family.common.iter().chain(member.keys).copied(), mode);
        object(properties, required, Some(family.tag)).with("title", text(member.word.name))
    }
}

/// The words that say everything alone.
fn bare(family: &'static Family, mode: Mode) -> Option<Json> {
    if !family.may_be_bare {
        return None;
    }
    let members = family.members.iter();
    let members = members.filter(|one| one.is_complete() || mode == Mode::Default);
    let mut all = Vec::new();
    for member in members {
        let meaning = member.word.meaning;
        for name in word_names(&member.word) {
            all.push((name.to_owned(), meaning.to_owned()));
            if family.name == "column" {
                all.push((format!("{name}!"), format!("{meaning}, never null")));
            }
        }
    }
    Some(words(all))
}

/// One of these words, each with its meaning.
fn words<W: Into<String>>(words: impl IntoIterator<Item = (W, W)>) -> Json {
    let (names, meanings): (Vec<_>, Vec<_>) = words
        .into_iter()
        .map(|(name, meaning)| (text(name), text(meaning)))
        .unzip();
    map([
        ("enum", Json::List(names)),
        ("enumDescriptions", Json::List(meanings)),
    ])
}

/// What an editor may insert for a resource. The numbers are the places where the user writes.
fn snippets() -> Json {
    let snippet = |label: &str, description: &str, endpoint: Json| {
        let body = map([
            ("name", text("${1:orders}")),
            ("endpoint", endpoint),
            ("primary_key", text("${3:id}")),
            ("columns", map([("${3:id}", text("${4:text!}"))])),
        ]);
        map([
            ("label", text(label)),
            ("description", text(description)),
            ("body", body),
        ])
    };
    let path = || ("path", text("${2:/orders}"));
    Json::List(vec![
        snippet(
            "resource",
            "A resource whose records come in one response",
            map([path(), ("paginator", text("single_page"))]),
        ),
        snippet(
            "resource in pages",
            "A resource whose records come in pages, each with the cursor of the next",
            map([
                path(),
                ("data_selector", text("${5:data}")),
                (
                    "paginator",
                    map([
                        ("type", text("cursor")),
                        ("cursor_path", text("${6:next_cursor}")),
                        ("cursor_param", text("${7:cursor}")),
                    ]),
                ),
            ]),
        ),
    ])
}

fn word_names(word: &Word) -> impl Iterator<Item = &'static str> {
    std::iter::once(word.name).chain(word.aliases.iter().copied())
}

/// A map of these keys and no other.
fn object(properties: Vec<(String, Json)>, required: Vec<Json>, tag: Option<&str>) -> Json {
    let mut object = map([
        ("type", text("object")),
        ("properties", Json::Map(properties)),
    ]);
    if let Some(tag) = tag {
        object = object.with("required", texts([tag]));
    }
    object = object.with("additionalProperties", Json::Bool(false));
    if required.is_empty() {
        return object;
    }
    object.with("allOf", Json::List(required))
}

/// What must be there, and of several names of a key only one.
fn requirements<'k>(keys: impl IntoIterator<Item = &'k dyn AnyKey>, mode: Mode) -> Vec<Json> {
    let mut all = Vec::new();
    let mut plain = Vec::new();
    for key in keys {
        let is_required = key.required && key.unless.is_empty() && mode == Mode::Whole;
        let names = || std::iter::once(key.name).chain(key.aliases.iter().copied());
        let each = names().map(|name| map([("required", texts([name]))]));
        if key.aliases.is_empty() {
            plain.extend(is_required.then_some(key.name));
        } else if is_required {
            all.push(map([("oneOf", Json::List(each.collect()))]));
        } else {
            all.push(map([("not", map([("required", texts(names()))]))]));
        }
        if key.required && !key.unless.is_empty() && mode == Mode::Whole {
            let any = names().chain(key.unless.iter().copied());
            let any = any.map(|name| map([("required", texts([name]))]));
            all.push(map([("anyOf", Json::List(any.collect()))]));
        }
    }
    if !plain.is_empty() {
        all.insert(0, map([("required", texts(plain))]));
    }
    all
}

/// A value of one of two kinds.
fn any(kinds: [Json; 2]) -> Json {
    map([("anyOf", Json::List(kinds.into()))])
}

/// A scalar. Those that are taken as they are written may be numbers and bools.
fn scalar(shape: &Shape) -> Json {
    let of = |types: &[&str]| map([("type", texts(types.iter().copied()))]);
    let pattern = |pattern: &str| map([("type", text("string")), ("pattern", text(pattern))]);
    match shape {
        Shape::Text => of(&["string", "number", "boolean"]).with("minLength", count(1)),
        Shape::Bool => map([("type", text("boolean"))]),
        Shape::Integer(least) => map([
            ("type", text("integer")),
            ("minimum", Json::Integer(*least)),
            ("maximum", Json::Integer(i64::MAX.unsigned_abs())),
        ]),
        Shape::IntegerOrSetting(least) => any([scalar(&Shape::Integer(*least)), pattern("\\{")]),
        Shape::Number => map([("type", text("number")), ("minimum", count(0))]),
        Shape::Identifier => of(&["string", "boolean"]).with("pattern", text(format!("^{NAME}$"))),
        Shape::Rust => {
            of(&["string", "boolean"]).with("pattern", text(format!("^(::)?{NAME}(::{NAME})*$")))
        }
        Shape::Duration => pattern("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")
            .with("minLength", count(1)),
        Shape::Size => any([
            map([("type", text("integer")), ("minimum", count(1))]),
            pattern("^0*[1-9][0-9]*\\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)?$"),
        ]),
        Shape::Status => any([
            map([
                ("type", text("integer")),
                ("minimum", count(100)),
                ("maximum", count(599)),
            ]),
            pattern("^[1-5]([0-9][0-9]|xx|XX)$"),
        ]),
        Shape::Word(known) => {
            let each = known().into_iter();
            words(each.flat_map(|word| word_names(word).map(|name| (name, word.meaning))))
        }
        Shape::ScalarOrNull => of(&["string", "number", "boolean", "null"]),
        Shape::Json => of(&["string", "number", "boolean", "array", "object"]),
        _ => of(&["string", "number", "boolean"]),
    }
}

/// Letters, digits and `_`, not only `_` and no digit first.
const NAME: &str = r"(_*\p{L}|_+\p{N})[\p{L}\p{M}\p{N}_]*";

/// With what the key means and what it is where it is left out.
fn annotated(key: &dyn AnyKey, schema: Json) -> Json {
    let value = default(key);
    let mut meaning = key.meaning.to_owned();
    let written = key.default();
    if value.is_none() && !written.is_empty() {
        meaning = format!("{meaning} (default: {written})");
    }
    // An editor shows the description of a key that is hovered over, and not always its title.
    let meaning = format!("`{}`: {meaning}", key.name);
    let schema = schema
        .with("title", text(key.name))
        .with("description", text(meaning));
    match value {
        Some(value) => schema.with("default", value),
        None => schema,
    }
}

/// The default as a value, where it is one and no remark.
fn default(key: &dyn AnyKey) -> Option<Json> {
    let written = key.default();
    let written = written.as_str();
    match key.shape {
        Shape::Bool => written.parse().ok().map(Json::Bool),
        Shape::Integer(_) => written.parse().ok().map(Json::Integer),
        Shape::Number => written.parse().ok().map(Json::Number),
        Shape::Size => crate::value::size(written).map(|_| text(written)),
        Shape::Map(_) | Shape::Dict(_) | Shape::List(_) | Shape::Either(..) | Shape::Json => None,
        _ => (!written.is_empty() && !written.contains(' ')).then(|| text(written)),
    }
}

/// `resource` of "a resource", `schema_contract` of "`schema_contract`".
fn slug(name: &str) -> String {
    let name = name.trim_start_matches("a ").trim_start_matches("an ");
    name.replace(' ', "_").replace('`', "")
}

/// What a list holds is a column too, but one without a name.
fn family_slug(family: &'static Family) -> String {
    let is_element =
        family.name == grammar::COLUMN.name && !std::ptr::eq(family, &raw const grammar::COLUMN);
    if is_element {
        "element".to_owned()
    } else {
        slug(family.name)
    }
}

#[cfg(test)]
mod tests;
