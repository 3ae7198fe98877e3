//! How the body of a response becomes records.

use crate::shared::{List, Text};

declare! {
    /// How the body of a response becomes records.
    #[derive(Eq)]
    pub struct Decoder {
        /// The format of the text.
        pub format: BodyFormat = BodyFormat::Json,
        /// What the text is compressed in, beside a `Content-Encoding`.
        pub compression: Compression = Compression::None,
        /// The charset of the text, by its name in the WHATWG's standard; UTF-8 otherwise.
        pub charset: Option<Text> = None,
        /// A text before the body, which is not a part of it: `)]}'`.
        pub strip_prefix: Option<Text> = None,
    }
}

impl Decoder {
    /// Whether the body is JSON, or JSON lines by its content type, as it arrives.
    pub fn is_plain(&self) -> bool {
        *self == Self::DEFAULT
    }

    /// Whether the records are rows of the body, where nothing is selected.
    pub fn has_rows(&self) -> bool {
        self.format != BodyFormat::Json
    }

    /// Whether a body is read in several parts: of rows, or of the members of an archive.
    pub fn has_parts(&self) -> bool {
        self.has_rows() || matches!(self.compression, Compression::Zip { .. })
    }
}

declare! {
    /// The format of a body.
    #[derive(Eq)]
    pub enum BodyFormat {
        /// One JSON value.
        Json,
        /// One JSON value in each line, each of them a record.
        Lines,
        /// Rows of values that are texts, each of them a record.
        Csv(Csv),
        /// Elements of XML, each of them a record.
        Xml(Xml),
        /// Records by a type of the user's own, by its path in the spec: see `rest_source::hooks::DecodeBody`.
        Custom(Text),
    }
}

declare! {
    /// The dialect of a body in CSV.
    #[derive(Eq)]
    pub struct Csv {
        /// What stands between the values of a row.
        pub delimiter: u8 = b',',
        /// What stands around a value that may hold any text.
        pub quote: Option<u8> = Some(b'"'),
        /// What stands before a quote within such a value; otherwise the quote itself does.
        pub escape: Option<u8> = None,
        /// The names of the values of a row; of a body without a header row.
        pub column_names: List<Text> = List::EMPTY,
        /// The text of a value that is null, where it is not quoted.
        pub null_text: Text = Text::EMPTY,
        /// Whether it is null where it is quoted, too.
        pub null_quoted: bool = false,
        /// Lines before the header, or the first row.
        pub skip_lines: u64 = 0,
    }
}

declare! {
    /// The records of a body in XML.
    #[derive(Eq)]
    pub struct Xml {
        /// The names of the elements that lead to a record, that of the record last; without prefixes.
        pub records: List<Text>,
    }
}

declare! {
    /// What a body is compressed in.
    #[derive(Eq)]
    pub enum Compression {
        /// Nothing.
        None,
        /// A gzip file of any number of members.
        Gzip,
        /// A zip archive, each member of which is a body.
        Zip {
            /// The names of the members that are read, with `*` for any characters and `?` for one; all without.
            members: Option<Text>,
        },
    }
}
