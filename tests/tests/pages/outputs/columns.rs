//! Of `columns.md`.

use rest_source_codegen::attribute;

use crate::{
    canned::{answer, source},
    page,
    shown::columns::{lenient, mine, shop},
};

const ORDER: &str = r#"{"data": [{
    "id": "o1", "number": 7.0, "total": "9.50", "placed_at": "2026-11-21T10:30:00+01:00",
    "status": "sent back", "customer": {"name": "Ada", "type": "firm"}, "tags": ["new"],
    "counts": {"books": 2}, "discount": "SPRING", "address": {"city": "Bern"}, "raw": [1]
}]}"#;

/// That records are what the page says they are, and what is printed of those that are not.
pub(super) async fn set_aside() -> String {
    let shop: shop::Source = source((), |_| answer(200, &[], ORDER));
    let order = shop.orders().first().await.unwrap().unwrap();
    assert_eq!(order.number, 7);
    assert_eq!(order.status, Some(shop::OrderStatus::Returned));
    assert_eq!(
        order.discount,
        Some(shop::OrderDiscount::Text("SPRING".to_owned()))
    );
    assert_eq!(order.city.as_deref(), Some("Bern"));
    assert!(order.note.is_absent());
    assert_eq!(order.placed_at.to_string(), "2026-11-21T09:30:00Z");
    let mine: mine::Source = source((), |_| answer(200, &[], ORDER));
    let order = mine.orders().first().await.unwrap().unwrap();
    assert_eq!(order.customer.unwrap().name, "Ada");

    let lenient: lenient::Source = source((), |_| {
        let orders =
            r#"[{"id": "o1", "total": 9.50, "currency": "CHF"}, {"id": "o2", "total": null}]"#;
        answer(200, &[], orders)
    });
    let mut orders = lenient.orders().stream();
    let order = orders.next().await.unwrap().unwrap();
    assert_eq!(order.extra["currency"], "CHF");
    assert!(orders.next().await.is_none());
    orders.report().to_string()
}

/// What rustc is given to say of a field that may not be null, and one that is no column.
pub(super) fn own_struct() -> String {
    let page = page("columns");
    let blocks = page.blocks();
    let spec = blocks
        .iter()
        .find(|block| block.label == "specs/shop.yaml")
        .unwrap();
    let module = "mod mine { pub struct Order { pub total: rest_source::Decimal, pub sum: i64 } }";
    let tokens = attribute::expand(
        "\"specs/shop.yaml\"".parse().unwrap(),
        module.parse().unwrap(),
        &|_| Ok(spec.text.to_owned().into()),
    );
    let messages = tokens.to_string();
    let messages = messages
        .split("compile_error ! {")
        .skip(1)
        .filter_map(|rest| {
            let message = rest.split_once('}')?.0.trim();
            Some(format!(
                "error: {}",
                syn::parse_str::<syn::LitStr>(message).ok()?.value()
            ))
        });
    messages.collect::<Vec<_>>().join("\n\n")
}
