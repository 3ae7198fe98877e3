//! Stripe: the last record's id asks for the next page.

use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, header, page, with};

#[rest_source("../../../specs/stripe.yaml")]
mod stripe {}

use stripe::{ChargeCustomer, ChargeStatus};

fn charge(id: &str, created: i64, members: Value) -> Value {
    let charge = json!({
        "id": id, "object": "charge", "created": created, "amount": 1999, "amount_captured": 1999,
        "amount_refunded": 0, "currency": "eur", "status": "succeeded", "captured": true,
        "disputed": false, "paid": true, "refunded": false, "livemode": false, "description": null,
        "customer": null, "invoice": null, "payment_intent": "pi_1", "balance_transaction": "txn_1",
        "billing_details": { "address": null, "email": null, "name": null, "phone": null },
        "outcome": null, "metadata": {},
    });
    with(charge, members)
}

fn list(data: &[Value], has_more: bool) -> Value {
    json!({ "object": "list", "url": "/v1/charges", "has_more": has_more, "data": data })
}

#[tokio::test]
async fn charges_are_asked_for_after_the_last_and_again_from_a_while_before() {
    let expanded = json!({ "id": "cus_2", "object": "customer", "email": null });
    let api = Api::new([
        page(&list(
            &[
                charge(
                    "ch_3",
                    1_767_225_600,
                    json!({ "customer": "cus_1", "metadata": { "order-id": "6735" } }),
                ),
                charge(
                    "ch_2",
                    1_767_139_200,
                    json!({ "customer": expanded, "status": "disputed" }),
                ),
            ],
            true,
        )),
        page(&list(
            &[charge("ch_1", 1_767_052_800, json!({ "invoice": "in_1" }))],
            false,
        )),
        page(&list(&[], false)),
    ]);
    let secrets = stripe::Secrets {
        secret_key: "sk_test_hush".into(),
    };
    let source: stripe::Source = api.connect(secrets, ());
    let mut stream = source.charges().stream();
    let mut charges = Vec::new();
    while let Some(charge) = stream.next().await {
        charges.push(charge.unwrap());
    }

    let ids: Vec<&str> = charges.iter().map(|charge| charge.id.as_str()).collect();
    assert_eq!(ids, ["ch_3", "ch_2", "ch_1"]);
    assert_eq!(charges[0].created, at("2026-01-01T00:00:00Z"));
    assert_eq!(charges[0].metadata["order-id"], "6735");
    assert_eq!(
        charges[0].customer,
        Some(ChargeCustomer::Text("cus_1".to_owned()))
    );
    let Some(ChargeCustomer::Object(customer)) = &charges[1].customer else {
        panic!("{:?}", charges[1].customer);
    };
    assert_eq!(customer.id, "cus_2");
    assert_eq!(
        charges[1].status,
        ChargeStatus::Other("disputed".to_owned())
    );
    assert_eq!(charges[2].customer, None);
    assert!(charges[2].metadata.is_empty());

    let state = stream.state().unwrap();
    assert_eq!(source.charges().since(state).all().await.unwrap(), []);
    assert_eq!(
        api.urls(),
        [
            "https://api.stripe.com/v1/charges?limit=100",
            "https://api.stripe.com/v1/charges?limit=100&starting_after=ch_2",
            // Three days before the newest.
            "https://api.stripe.com/v1/charges?limit=100&created%5Bgte%5D=1766966400",
        ]
    );
    let first = &api.requests()[0];
    assert_eq!(header(first, "Authorization"), "Bearer sk_test_hush");
    assert_eq!(header(first, "Stripe-Version"), "2024-06-20");
}

#[tokio::test]
async fn events_of_some_types_are_asked_for() {
    let event = json!({
        "id": "evt_1", "object": "event", "created": 1_767_225_600, "type": "charge.succeeded",
        "api_version": null, "livemode": false, "pending_webhooks": 0, "request": null,
        "data": { "object": charge("ch_1", 1, json!({})) },
    });
    let api = Api::new([page(&list(&[event], false))]);
    let secrets = stripe::Secrets {
        secret_key: "sk_test_hush".into(),
    };
    let source: stripe::Source = api.connect(secrets, ());
    let events = source.events().all().await.unwrap();
    assert_eq!(events[0].r#type, "charge.succeeded");
    assert_eq!(events[0].data.object["id"], "ch_1");
    assert_eq!(events[0].data.previous_attributes, None);
    assert_eq!(
        api.urls(),
        [
            "https://api.stripe.com/v1/events?limit=100&types%5B%5D=charge.%2A&types%5B%5D=customer.%2A&types%5B%5D=invoice.%2A"
        ]
    );
}
