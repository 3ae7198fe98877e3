//! Freshdesk: the key as the user's name, and pages by the `Link` header.

use base64::{Engine, engine::general_purpose::STANDARD};
use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, header, linked, page, with};

#[rest_source("../../../specs/freshdesk.yaml")]
mod freshdesk {}

fn connect(api: &Api) -> freshdesk::Source {
    api.connect(
        freshdesk::Secrets {
            api_key: "hushhush".into(),
        },
        freshdesk::Config {
            domain: "acme.freshdesk.com".to_owned(),
        },
    )
}

fn ticket(id: i64, members: Value) -> Value {
    let ticket = json!({
        "id": id, "subject": "It breaks", "status": 2, "priority": 1, "source": 2, "type": null,
        "requester_id": 129, "responder_id": null, "company_id": null, "group_id": null,
        "cc_emails": null, "fwd_emails": null, "reply_cc_emails": [], "to_emails": null,
        "spam": false, "is_escalated": false, "fr_escalated": false, "due_by": null,
        "tags": [], "custom_fields": {}, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z", "associated_tickets_count": null,
    });
    with(ticket, members)
}

#[tokio::test]
async fn tickets_follow_the_link_with_the_key_as_the_users_name() {
    let next = "https://acme.freshdesk.com/api/v2/tickets?page=2&per_page=100";
    let api = Api::new([
        linked(
            &json!([ticket(
                1,
                json!({
                    "cc_emails": ["a@example.com"], "status": 7,
                    "custom_fields": { "cf_floor": 3, "cf_agreed": true, "cf_note": null },
                })
            )]),
            next,
        ),
        page(&json!([ticket(
            2,
            json!({ "due_by": "2026-01-05T00:00:00+05:30" })
        )])),
    ]);
    let tickets = connect(&api).tickets().all().await.unwrap();
    let [first, second] = tickets.as_slice() else {
        panic!("{tickets:?}");
    };
    assert_eq!(first.cc_emails, Some(vec!["a@example.com".to_owned()]));
    assert_eq!(first.status, 7);
    assert_eq!(first.custom_fields["cf_floor"].as_ref().unwrap(), &json!(3));
    assert_eq!(first.custom_fields["cf_note"], None);
    assert_eq!(
        (&second.cc_emails, &second.reply_cc_emails),
        (&None, &Some(Vec::new()))
    );
    assert_eq!(second.due_by, Some(at("2026-01-04T18:30:00Z")));
    assert_eq!(
        api.urls(),
        [
            "https://acme.freshdesk.com/api/v2/tickets?per_page=100&order_by=updated_at&order_type=asc&include=description&updated_since=2015-01-01T00:00:00Z",
            next,
        ]
    );
    let basic = format!("Basic {}", STANDARD.encode("hushhush:X"));
    for request in api.requests() {
        assert_eq!(header(&request, "Authorization"), basic);
    }
}

#[tokio::test]
async fn contacts_have_another_name_for_the_start() {
    let contact = json!({
        "id": 5, "name": "Rachel", "active": false, "email": null, "custom_fields": {},
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z",
    });
    let api = Api::new([page(&json!([contact])), page(&json!([]))]);
    let source = connect(&api);
    let mut contacts = source.contacts().stream();
    assert_eq!(
        contacts.next().await.unwrap().unwrap().other_companies,
        None
    );
    assert!(contacts.next().await.is_none());
    let state = contacts.state().unwrap();
    assert_eq!(source.contacts().since(state).all().await.unwrap(), []);
    assert_eq!(
        api.urls()[1],
        "https://acme.freshdesk.com/api/v2/contacts?per_page=100&_updated_since=2026-01-02T00:00:00Z"
    );
}
