//! Records of XML.

use super::*;
use crate::{plan::Xml, schema::Step};

fn xml() -> Decoder {
    Decoder {
        format: BodyFormat::Xml(Xml {
            records: list![Static("feed"), Static("entry")],
        }),
        ..Decoder::DEFAULT
    }
}

fn rows(body: &str) -> Vec<String> {
    let text = text(&xml(), body.as_bytes());
    text.lines().map(str::to_owned).collect()
}

fn failure(body: &str) -> (String, bool) {
    error(&xml(), body.as_bytes())
}

#[test]
fn each_element_at_the_path_is_a_record_of_its_attributes_and_elements() {
    let body = "<?xml version='1.0'?>\n<!DOCTYPE feed [<!ENTITY x 'y'>]>\n<a:feed xmlns:a='urn:a'><!-- <entry/> -->
        <title>none</title>
        <a:entry id='1' a:kind=\"x &amp; y\"><name> caf&#xe9; &lt;1&gt; </name><tag>a</tag><tag>b</tag></a:entry>
        <entry><id>2</id><name><![CDATA[<b> & ]]></name><price unit='EUR'>9.50</price></entry>
        <other><entry id='3'/></other>
        <entry/>
        <entry xmlns:xsi='urn:xsi'><name xsi:nil='true'/><id/></entry>
        <entry>text</entry>
        </a:feed>\n";
    let expected = [
        r#"{"id":1,"kind":"x & y","name":"café <1>","tag":["a","b"]}"#,
        r#"{"id":2,"name":"<b> &","price":{"unit":"EUR","_text":"9.50"}}"#,
        "{}",
        r#"{"name":null,"id":null}"#,
        r#""text""#,
    ];
    assert_eq!(rows(body), expected);
}

#[test]
fn one_element_is_a_list_where_a_column_has_one() {
    static TEXT: Column = Column::new("", Type::Text);
    static WITH_LISTS: Table = Table::new(
        "things",
        list![
            Column::new("id", Type::Bigint),
            Column::new("tags", Type::Array(Static(&TEXT)))
                .from(list![Step::Key(Static("tags")), Step::Key(Static("tag"))])
                .nullable(),
            Column::new("first", Type::Double)
                .from(list![Step::Key(Static("price")), Step::Index(0)])
                .nullable(),
        ],
    );
    let resource = ResourcePlan {
        table: (&WITH_LISTS).into(),
        ..resource(xml())
    };
    let body = "<feed><entry id='1'><tags><tag>a</tag></tags><price>1.5</price></entry><entry id='2'/></feed>";
    let rows = Rows::from_page(body, &resource).unwrap();
    let shown: Vec<String> = rows
        .iter()
        .map(|row| format!("{:?}", row.values().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        shown,
        [
            r#"[Bigint(1), Json("[\"a\"]"), Double(1.5)]"#,
            "[Bigint(2), Null, Null]"
        ]
    );
}

#[test]
fn a_feed_without_entries_has_no_records() {
    assert!(rows("<feed/>").is_empty());
    assert!(rows("<feed>\n</feed>").is_empty());
}

#[test]
fn the_charset_of_the_spec_counts_and_not_that_of_the_document() {
    let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><feed/>");
    assert!(rows(&declared("utf-8")).is_empty());
    assert!(rows(&declared("US-ASCII")).is_empty());
    let latin = Decoder {
        charset: Some(Static("iso-8859-1")),
        ..xml()
    };
    assert_eq!(text(&latin, declared("ISO-8859-1").as_bytes()), "");
    assert_eq!(text(&latin, declared("utf-8").as_bytes()), "");
}

#[test]
fn what_is_not_such_xml_is_named() {
    for (body, message, is_incomplete) in [
        ("", "the response is empty, and no XML", false),
        (
            "<error><code>1</code></error>",
            "the first element of the response is `error`, and `records` begins with `feed`",
            false,
        ),
        (
            "<feed><entry id='1'>",
            "the response ends within the element `entry`",
            true,
        ),
        (
            "<feed><entry/>",
            "the response ends within the element `feed`",
            true,
        ),
        (
            "<feed><entry><id>1</entry></feed>",
            "the response is not valid XML at row 1, byte 18: `</entry>` where `</id>` has to be",
            false,
        ),
        (
            "<feed><entry>&x;</entry></feed>",
            "the response is not valid XML at row 1, byte 13: the entity `&x;` is not one of XML's own, and no other \
             is read",
            false,
        ),
        (
            "<feed></feed></feed>",
            "the response is not valid XML at byte 13: `</feed>` closes no element",
            false,
        ),
        (
            "<feed><entry/></feed><feed><entry/></feed>",
            "the response is not valid XML at byte 21: `<feed>` after the end of the first element, and a document \
             has only one",
            false,
        ),
        (
            "<?xml version='1.0' encoding='ISO-8859-1'?><feed/>",
            "the response says that its charset is `ISO-8859-1`",
            false,
        ),
        (
            "text",
            "the response is not valid XML at byte 0: text outside of any element",
            false,
        ),
    ] {
        assert_eq!(
            failure(body),
            (message.to_owned(), is_incomplete),
            "{body:?}"
        );
    }
    let (message, is_incomplete) = failure("<feed><entry id='1");
    assert!(message.contains("attribute value not closed"), "{message}");
    assert!(is_incomplete);
}

#[test]
fn depth_and_size_of_a_record_are_bounded() {
    let body = format!("<feed><entry>{}", "<a>".repeat(200));
    let (message, _) = failure(&body);
    assert!(
        message.ends_with("elements are nested more than 100 deep"),
        "{message}"
    );
    for long in [
        "<a>x</a>".repeat(1000),
        "x".repeat(5000),
        format!("<a b='{}'", "x".repeat(5000)),
    ] {
        let body = format!("<feed><entry/><entry>{long}");
        let error = batches(&xml(), body.as_bytes(), 100, 1000).unwrap_err();
        let message = error.error.message();
        assert!(
            message.contains("is longer than 1000 bytes (`max_response_bytes`)"),
            "{message}"
        );
    }
}

#[test]
fn a_missing_element_above_the_records_is_an_error() {
    let deep = Decoder {
        format: BodyFormat::Xml(Xml {
            records: list![Static("a"), Static("b"), Static("c")],
        }),
        ..Decoder::DEFAULT
    };
    let (message, _) = error(&deep, b"<a><x/></a>");
    assert_eq!(message, "the response has no element `/a/b`");
    assert_eq!(text(&deep, b"<a><b/></a>"), "");
}
