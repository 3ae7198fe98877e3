//! The fast pass reads every page in which all of it fits, and reads it as the careful one does.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{
    ID, PAGED,
    property::{any_json, contracts, fitting_record, page_of},
};
use crate::{
    decode::{
        Format, PageShape, Pass, Unread,
        both_passes::{TABLE, by, page_shape},
        read,
    },
    plan::ResourcePlan,
};

/// Whether the fast pass reads a page.
fn is_fast(body: &str, shape: &PageShape) -> bool {
    let read = read(body, shape, &mut shape.output(body), Pass::Fast);
    !matches!(read, Err(Unread::Left))
}

proptest! {
    #[test]
    fn pages_that_fit_are_read_by_the_fast_pass(records in prop::collection::vec(fitting_record(), 0..5)) {
        prop_assert!(is_fast(&page_of(&records.into()), &page_shape(&PAGED, &TABLE)));
    }

    #[test]
    fn both_passes_agree_on_pages_that_fit(records in prop::collection::vec(fitting_record(), 0..5)) {
        let shape = page_shape(&PAGED, &TABLE);
        let body = page_of(&records.into());
        prop_assert_eq!(
            by(Pass::Fast, body.as_bytes(), Format::Json, &shape),
            by(Pass::Careful, body.as_bytes(), Format::Json, &shape)
        );
    }

    #[test]
    fn both_passes_agree_on_any_page(records in any_json(), contract in contracts(), is_spaced in any::<bool>()) {
        let resource = ResourcePlan { schema_contract: contract, ..PAGED.clone() };
        let shape = page_shape(&resource, &TABLE);
        let mut body = page_of(&records);
        if is_spaced {
            let page: Json = serde_json::from_str(&body).unwrap();
            body = format!("{page:#}\n");
        }
        prop_assert_eq!(
            by(Pass::Fast, body.as_bytes(), Format::Json, &shape),
            by(Pass::Careful, body.as_bytes(), Format::Json, &shape)
        );
    }

    #[test]
    fn both_passes_agree_on_a_page_that_was_changed(
        records in prop::collection::vec(fitting_record(), 1..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let shape = page_shape(&PAGED, &TABLE);
        let mut body = page_of(&records.into()).into_bytes();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        prop_assert_eq!(
            by(Pass::Fast, &body, Format::Json, &shape),
            by(Pass::Careful, &body, Format::Json, &shape)
        );
    }

    #[test]
    fn both_passes_agree_on_lines(records in prop::collection::vec(any_json(), 0..5)) {
        let resource = ResourcePlan { selector: ResourcePlan::DEFAULT.selector, ..PAGED.clone() };
        let shape = page_shape(&resource, &TABLE);
        let lines: Vec<String> = records.iter().map(Json::to_string).collect();
        let body = lines.join("\n");
        let format = Format::Lines { line: 1, record: 0 };
        prop_assert_eq!(
            by(Pass::Fast, body.as_bytes(), format, &shape),
            by(Pass::Careful, body.as_bytes(), format, &shape)
        );
    }
}

#[test]
fn a_record_begins_with_a_brace() {
    let shape = page_shape(&PAGED, &ID);
    assert!(is_fast(r#"{"data":[{"id":1}]}"#, &shape));
    for other in ["[", "}", "1", "\"", " "] {
        assert!(
            !is_fast(&format!(r#"{{"data":[{other}"id":1}}]}}"#), &shape),
            "{other}"
        );
    }
}
