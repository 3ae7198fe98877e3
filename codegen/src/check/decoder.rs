//! `decoder`: its keys, how they are read, and the rules about them.

pub(crate) mod csv;
mod selecting;
mod xml;

use crate::connector::{BodyFormat, Compression, Decoder, Text};
use crate::diagnostic::Diagnostic;
use crate::grammar::{
    AnyKey, DefaultKey, Family, Key, Shape, Word, Words, endpoint, member, text, word, word_of,
};
use crate::spec::View;

use super::Check;
use super::client::Client;
use super::resource::{columns_of, paginator_of};

pub(crate) static DECODER: Family = Family {
    name: "decoder",
    tag: "type",
    common: &[&COMPRESSION, &MEMBERS],
    may_be_bare: true,
    members: &[
        member(word("json", "one JSON value"), TEXT_KEYS),
        member(
            word("jsonl", "a JSON value in each line, each of them a record"),
            TEXT_KEYS,
        ),
        member(
            word("csv", "rows of values, each of them a record"),
            csv::KEYS,
        ),
        member(word("xml", "elements, each of them a record"), xml::KEYS),
        member(word("custom", "records by a type of your own"), &[&RUST]),
    ],
};

/// The keys of a format that is text.
static TEXT_KEYS: &[&dyn AnyKey] = &[&CHARSET, &STRIP_PREFIX];

static COMPRESSION: DefaultKey<Compression> = word_of(
    "compression",
    "what the file is compressed in, besides a `Content-Encoding` of the response",
)
.or(Decoder::DEFAULT.compression);
static MEMBERS: Key<Text> = text(
    "members",
    "the members of a zip archive that are read, with `*` for any characters and `?` for one",
)
.remark("all");
static RUST: Key<Text> = Key::new(
    "rust",
    Shape::Rust,
    "the path of the type, which implements `rest_source::hooks::DecodeBody`",
)
.required();
static CHARSET: Key<Text> = text("charset", "the charset of the text")
    .example("windows-1252")
    .remark("`utf-8`");
static STRIP_PREFIX: Key<Text> = text(
    "strip_prefix",
    "a text before the body that is not part of it",
)
.example("\")]}'\"");

impl Words for Compression {
    const WORDS: &'static [(Word, Self)] = &[
        (word("none", "nothing"), Self::None),
        (word("gzip", "a gzip file"), Self::Gzip),
        (
            word("zip", "a zip archive, each member of which is a body"),
            Self::Zip { members: None },
        ),
    ];
}

/// The charsets that texts may have, each by its name in the WHATWG's standard and by others that are in use.
static CHARSETS: &[&[&str]] = &[
    &["utf-8", "utf8"],
    &["utf-16le", "utf-16", "utf16"],
    &["utf-16be"],
    &["windows-1250"],
    &["windows-1251", "cp1251"],
    &["windows-1252", "cp1252", "iso-8859-1", "latin1", "us-ascii"],
    &["windows-1253"],
    &["windows-1254", "iso-8859-9", "latin5"],
    &["windows-1255"],
    &["windows-1256"],
    &["windows-1257"],
    &["windows-1258"],
    &["windows-874", "tis-620"],
    &["iso-8859-2", "latin2"],
    &["iso-8859-5"],
    &["iso-8859-7"],
    &["iso-8859-15", "latin9"],
    &["ibm866"],
    &["koi8-r"],
    &["koi8-u"],
    &["macintosh"],
    &["shift_jis", "sjis"],
    &["euc-jp"],
    &["iso-2022-jp"],
    &["euc-kr"],
    &["gbk", "gb2312"],
    &["gb18030"],
    &["big5"],
];

impl Check<'_> {
    /// The decoder of the endpoint of a resource.
    pub(super) fn decoder(
        &mut self,
        endpoint: &View<'_>,
        resource: &View<'_>,
        client: &Client<'_>,
    ) -> Decoder {
        let node = endpoint.node(&endpoint::DECODER);
        let Some((member, view)) = node.and_then(|node| View::tagged(node, &DECODER)) else {
            return Decoder::DEFAULT;
        };
        let is_text = member.word.name != "custom";
        let decoder = Decoder {
            format: match member.word.name {
                "jsonl" => BodyFormat::Lines,
                "csv" => BodyFormat::Csv(self.csv(&view)),
                "xml" => BodyFormat::Xml(self.xml(&view)),
                "custom" => BodyFormat::Custom(view.get(&RUST).unwrap_or_default()),
                _ => BodyFormat::Json,
            },
            compression: self.compression(&view),
            // A type of the user's gets bytes, which have neither.
            charset: if is_text { self.charset(&view) } else { None },
            strip_prefix: is_text
                .then(|| view.get(&STRIP_PREFIX))
                .flatten()
                .filter(|prefix| !prefix.is_empty()),
        };
        self.extract_needs_no_decoder(endpoint, &decoder, &view.node.span);
        if let BodyFormat::Csv(_) = decoder.format {
            self.columns_are_values(columns_of(resource));
            self.values_have_no_elements(endpoint, view.node);
        }
        let paginator = paginator_of(endpoint, client);
        if decoder.has_rows() {
            self.rows_have_no_selectors(endpoint, view.node);
            self.rows_have_no_page(view.node, columns_of(resource));
            self.parts_have_no_places(endpoint, view.node, selecting::ROWS, paginator);
        } else if decoder.has_parts() {
            let body = "a zip archive may have several members";
            self.parts_have_no_places(endpoint, view.node, body, paginator);
        }
        decoder
    }

    fn compression(&mut self, view: &View<'_>) -> Compression {
        match view.get(&COMPRESSION) {
            Compression::Zip { .. } => Compression::Zip {
                members: view.get(&MEMBERS).filter(|members| !members.is_empty()),
            },
            other => {
                if let Some(entry) = view.entry(&MEMBERS) {
                    let message = "`members` has no effect here";
                    self.error(
                        Diagnostic::error("RS0602", &entry.key.span, message)
                            .help("it chooses the members of an archive: add `compression: zip`, or remove it"),
                    );
                }
                other
            }
        }
    }

    /// A charset that texts may have; nothing for UTF-8.
    fn charset(&mut self, view: &View<'_>) -> Option<Text> {
        let named = view.text(&CHARSET)?;
        let name = named.text.to_ascii_lowercase();
        let known = CHARSETS.iter().find(|known| known.contains(&&*name));
        let Some([charset, ..]) = known else {
            let all: Vec<&str> = CHARSETS
                .iter()
                .filter_map(|names| names.first().copied())
                .collect();
            let message = format!("`{}` is not a known charset", named.text);
            self.error(
                Diagnostic::error("RS0821", named.span, message)
                    .help("write the name that the `Content-Type` or the documentation of the API says")
                    .note(format!("known are: {}", all.join(", "))),
            );
            return None;
        };
        (*charset != "utf-8").then(|| Text::of(charset))
    }
}
