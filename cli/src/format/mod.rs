//! Output formats of `fetch`.

mod csv;
mod names;
mod table;
#[cfg(feature = "sql")]
mod values;

use rest_source::{JsonEncoder, Row, Rows, Table};
use table::Columns;
#[cfg(feature = "sql")]
pub(crate) use values::ValuePrinter;

use crate::args::{Format, Names};

/// Formats pages, one after the other.
pub(crate) struct Printer {
    format: Format,
    names: Vec<String>,
    json: JsonEncoder,
    /// The widths of a table's columns, set by the first page.
    columns: Option<Columns>,
    has_header: bool,
    out: Vec<u8>,
}

impl Printer {
    /// A printer for rows of this table.
    pub(crate) fn new(format: Format, names: Names, table: &Table) -> Self {
        let names = names::of(table, names);
        Self {
            format,
            json: JsonEncoder::with_names(names.iter().map(String::as_str)),
            names,
            columns: None,
            has_header: false,
            out: Vec::new(),
        }
    }

    /// Formats a page as whole lines of UTF-8.
    pub(crate) fn page(&mut self, rows: &Rows) -> &[u8] {
        self.lines(&rows.iter().collect::<Vec<_>>())
    }

    /// Formats what follows the last page: the header, if there was no page.
    pub(crate) fn end(&mut self) -> &[u8] {
        self.lines(&[])
    }

    fn lines(&mut self, rows: &[Row<'_>]) -> &[u8] {
        let Self { names, out, .. } = self;
        out.clear();
        let header = (!std::mem::replace(&mut self.has_header, true)).then_some(&**names);
        match self.format {
            Format::Jsonl => {
                for row in rows {
                    self.json.encode(*row, out);
                    out.push(b'\n');
                }
            }
            Format::Csv => csv::page(out, header, rows),
            Format::Table => self
                .columns
                .get_or_insert_with(|| Columns::new(names, rows.iter().map(Row::values)))
                .page(out, header, rows.iter().map(Row::values)),
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use rest_source::{
        Column, Rows, Table, Type,
        plan::{Paginator, ResourcePlan},
        shared::{Ref::Static, list},
    };

    use super::*;

    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Text),
            Column::new("views", Type::Bigint).nullable(),
            Column::new(
                "price",
                Type::Decimal {
                    precision: 0,
                    scale: 0,
                },
            )
            .nullable(),
            Column::new("at", Type::TIMESTAMP).nullable(),
            Column::new("digest", Type::Binary).nullable(),
            Column::new("tags", Type::Json).nullable(),
            Column::new("note", Type::Text).nullable().explicit(),
        ],
    );

    fn rows(body: &str) -> Rows {
        let resource = ResourcePlan {
            table: Static(&TABLE),
            paginator: Paginator::DEFAULT,
            ..ResourcePlan::DEFAULT
        };
        Rows::from_page(body, &resource).unwrap()
    }

    const BODY: &str = r#"[
        {"id": "a \"b\", c", "views": 3, "price": 1.10, "at": "2026-11-21T10:00:00+01:00",
         "digest": "aGk=", "tags": { "x y": [ 1, "a  \" b" ] }, "note": null},
        {"id": "line\nbreak", "views": null, "note": ""},
        {"id": "名前", "views": -12345}
    ]"#;

    fn printed(format: Format, body: &str) -> String {
        let rows = rows(body);
        let mut printer = Printer::new(format, Names::Columns, rows.table());
        let page = text(printer.page(&rows));
        page + &text(printer.end())
    }

    fn text(lines: &[u8]) -> String {
        String::from_utf8(lines.to_vec()).unwrap()
    }

    #[test]
    fn json_lines_distinguish_null_from_absent() {
        insta::assert_snapshot!(printed(Format::Jsonl, BODY), @r#"
        {"id":"a \"b\", c","views":3,"price":"1.1","at":"2026-11-21T09:00:00Z","digest":"aGk=","tags":{"x y":[1,"a  \" b"]},"note":null}
        {"id":"line\nbreak","views":null,"price":null,"at":null,"digest":null,"tags":null,"note":""}
        {"id":"名前","views":-12345,"price":null,"at":null,"digest":null,"tags":null}
        "#);
    }

    #[test]
    fn csv_quotes_fields_and_prints_one_header() {
        insta::assert_snapshot!(printed(Format::Csv, BODY), @r#"
        id,views,price,at,digest,tags,note
        "a ""b"", c",3,1.1,2026-11-21T09:00:00.000000+00:00,aGk=,"{""x y"":[1,""a  \"" b""]}",
        "line
        break",,,,,,""
        名前,-12345,,,,,
        "#);
        let mut printer = Printer::new(Format::Csv, Names::Columns, &TABLE);
        let (first, second) = (rows(BODY), rows(r#"[{"id": "x"}]"#));
        printer.page(&first);
        assert_eq!(text(printer.page(&second)), "x,,,,,,\n");
    }

    #[test]
    fn table_aligns_by_terminal_width() {
        insta::assert_snapshot!(printed(Format::Table, BODY), @r#"
        id           views   price  at                                digest  tags                   note
        -----------  ------  -----  --------------------------------  ------  ---------------------  ----
        a "b", c          3    1.1  2026-11-21T09:00:00.000000+00:00  aGk=    {"x y":[1,"a  \" b"]}
        line\nbreak
        名前         -12345
        "#);
    }

    #[test]
    fn longer_value_of_a_later_page_is_truncated() {
        let mut printer = Printer::new(Format::Table, Names::Columns, &TABLE);
        printer.page(&rows(BODY));
        let later = rows(r#"[{"id": "xxxxxxxxxxxxxxxxxx"}]"#);
        assert_eq!(text(printer.page(&later)), "xxxxxxxxxx…\n");
    }

    #[test]
    fn header_is_printed_without_records() {
        let header = "id,views,price,at,digest,tags,note\n";
        assert_eq!(
            text(Printer::new(Format::Csv, Names::Columns, &TABLE).end()),
            header
        );
        assert_eq!(printed(Format::Csv, "[]"), header);
        assert_eq!(printed(Format::Table, "[]").lines().count(), 2);
        assert_eq!(printed(Format::Jsonl, "[]"), "");
    }

    #[test]
    fn untyped_record_has_columns_for_its_key() {
        static KEYED: Table = Table::new(
            "events",
            list![Column::new("id", Type::Scalar), Column::record()],
        );
        let resource = ResourcePlan {
            table: Static(&KEYED),
            ..ResourcePlan::DEFAULT
        };
        let rows = Rows::from_page("[{\"id\": 7, \"a\": [ ]}]", &resource).unwrap();
        let page = |format| text(Printer::new(format, Names::Columns, rows.table()).page(&rows));
        assert_eq!(page(Format::Jsonl), "{\"id\":7,\"a\":[]}\n");
        assert_eq!(
            page(Format::Csv),
            "id,record\n7,\"{\"\"id\"\":7,\"\"a\"\":[]}\"\n"
        );
    }

    #[test]
    fn timestamps_in_tables_and_csv_have_one_width() {
        let body = r#"[{"id": "a", "at": "2026-11-21T10:00:00.5Z"}, {"id": "b", "at": "2026-11-21T10:00:00Z"}]"#;
        insta::assert_snapshot!(printed(Format::Csv, body), @r"
        id,views,price,at,digest,tags,note
        a,,,2026-11-21T10:00:00.500000+00:00,,,
        b,,,2026-11-21T10:00:00.000000+00:00,,,
        ");
        assert!(printed(Format::Jsonl, body).contains(r#""at":"2026-11-21T10:00:00.5Z""#));
    }

    #[test]
    fn untyped_record_is_printed_as_compact_json() {
        let body = "[{\"a\": 1.50,\n \"b\": [ ]}, 7]";
        let rows = Rows::from_page(body, &ResourcePlan::DEFAULT).unwrap();
        let page = |format| text(Printer::new(format, Names::Columns, rows.table()).page(&rows));
        assert_eq!(page(Format::Jsonl), "{\"a\":1.50,\"b\":[]}\n7\n");
        assert_eq!(
            page(Format::Csv),
            "record\n\"{\"\"a\"\":1.50,\"\"b\"\":[]}\"\n7\n"
        );
    }
}
